"""Market maker protection as it is written down and journaled: how much of a maker's quotes may trade within a window.

Where that is reached the maker's quotes are pulled and no further ones are taken until it is reset; counting is for the
engine.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from fixgw.spec.limits import LimitChange


class MakerProtection(msgspec.Struct, frozen=True, array_like=True):
    """One of the venue's; what is None does not limit.  Quantities are in units of the instruments."""

    name: str
    maker: str
    """``session:CLIENT1``, or ``firm:ALPHA`` for the quotes of all its sessions, counted together."""
    window_ms: int
    """How far back trades count, milliseconds: one that is as old as this no longer does."""
    symbols: tuple[str, ...] = ()
    """Instruments that are counted together; with none, each instrument is by itself."""
    fills_max: int | None = None
    qty_max: Decimal | None = None
    delta_max: Decimal | None = None
    """Of what was bought less what was sold, times the multiplier, below zero or above."""
    frozen_s: int = 0
    """After how many seconds quotes are taken again; 0 when it is reset only."""

    def changed(self, changes: Iterable[LimitChange]) -> "MakerProtection":
        """Return it with these values; whole numbers where these are."""
        values = {change.name: _value(change) for change in changes}
        return msgspec.structs.replace(self, **values)


class Frozen(msgspec.Struct, frozen=True, array_like=True):
    """That the quotes of a maker were pulled, and none is taken."""

    name: str
    """Of the protection."""
    symbol: str
    """Empty where several instruments are counted together."""
    text: str
    """Which limit was reached, with its values."""
    until_ns: int = 0
    """When that is over, ns since the epoch, UTC; 0 when it is to be reset."""


CHANGEABLE = ("fills_max", "qty_max", "delta_max", "window_ms", "frozen_s")
_REQUIRED = ("window_ms", "frozen_s")
_MOST = {"window_ms": 86_400_000, "frozen_s": 86_400, "fills_max": 1_000_000_000}
"""Of what is counted in whole numbers."""


def wrong_change(change: LimitChange) -> str | None:
    """Return why a protection cannot have this value, or None."""
    name, value = change.name, change.value
    if name not in CHANGEABLE:
        return f"market maker protection has no {name}; it has {', '.join(CHANGEABLE)}"
    if value is None:
        return f"{name} cannot be none; write a number" if name in _REQUIRED else None
    if not value.is_finite() or value < 0 or (value == 0 and name != "frozen_s"):
        return f"{name} must be a number above zero"
    if name in _MOST and (value != value.to_integral_value() or value > _MOST[name]):
        return f"{name} must be a whole number, {_MOST[name]} at most"
    return None


def _value(change: LimitChange) -> Decimal | int | None:
    return int(change.value) if change.value is not None and change.name in _MOST else change.value
