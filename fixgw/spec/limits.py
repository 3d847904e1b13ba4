"""Risk limits as they are written down and journaled; which one applies to whom is for ``risk`` to say."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec


class ScopedLimits(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """The limits of one scope; None means that this scope does not limit it.

    Quantities are in units of the instrument (shares, contracts, coins), notionals in its currency,
    the collar in per cent of the reference price.
    """

    scope: str
    """``venue``, ``firm:ALPHA``, ``account:A1``, ``session:CLIENT1`` or ``instrument:AAPL``."""
    order_qty_max: Decimal | None = None
    order_notional_max: Decimal | None = None
    price_collar_percent: Decimal | None = None
    open_notional_max: Decimal | None = None
    """Most notional an account may have in resting orders, both sides added, over all instruments."""

    def changed(self, changes: "Iterable[LimitChange]") -> "ScopedLimits":
        return msgspec.structs.replace(self, **{change.name: change.value for change in changes})


class LimitChange(msgspec.Struct, frozen=True, array_like=True):
    """One limit of a scope, to be set or, with None, to be lifted."""

    name: str
    """That of a field of ScopedLimits."""
    value: Decimal | None


LIMIT_NAMES = tuple(name for name in ScopedLimits.__struct_fields__ if name != "scope")
