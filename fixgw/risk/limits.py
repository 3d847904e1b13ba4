"""Which limits hold for an order: the tightest of all scopes it falls under, in the instrument's integers."""

from collections.abc import Callable, Iterable
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from fixgw.spec.instrument import NOTIONAL_SCALE, Instrument
from fixgw.spec.limits import ScopedLimits

COLLAR_SCALE = 6


class Limit(NamedTuple):
    """One number that may not be passed, and where it was set."""

    value: int
    """In the unit that the check compares in, so that it compares integers of 64 bits where it can."""
    name: str
    scope: str
    written: Decimal

    def __str__(self) -> str:
        return f"{self.name} {self.written:f} of {self.scope}"


class Applicable(NamedTuple):
    """The limits of one session, account and instrument; None where nothing limits."""

    order_qty_max: Limit | None
    """In the instrument's quantity scale."""
    order_notional_max: Limit | None
    """In price units times quantity units of the instrument."""
    price_collar_percent: Limit | None
    """In ``10**-COLLAR_SCALE`` per cent."""
    open_notional_max: Limit | None
    """In ``10**-NOTIONAL_SCALE`` of the currency, as exposure over all instruments is."""


class LimitTable:
    """All limits of the venue."""

    def __init__(self, limits: Iterable[ScopedLimits] = ()) -> None:
        self._by_scope = {scoped.scope: scoped for scoped in limits}

    def applicable(self, session: str, firm: str, account: str, instrument: Instrument) -> Applicable:
        """Return the tightest limit of each kind over all scopes that an order of these falls under."""
        instrument_scope = f"instrument:{instrument.symbol}"
        names = ("venue", f"firm:{firm}", f"account:{account}", f"session:{session}", instrument_scope)
        scopes = [self._by_scope[name] for name in names if name in self._by_scope]
        # Open notional adds up over all instruments of an account, so an instrument's own does not apply.
        over_instruments = [scoped for scoped in scopes if not scoped.scope.startswith("instrument:")]
        unit = instrument.notional(1, 1)
        return Applicable(
            _tightest(scopes, "order_qty_max", lambda limits: limits.order_qty_max, instrument.qty_scale),
            _tightest(scopes, "order_notional_max", lambda limits: limits.order_notional_max, NOTIONAL_SCALE, unit),
            _tightest(scopes, "price_collar_percent", lambda limits: limits.price_collar_percent, COLLAR_SCALE),
            _tightest(over_instruments, "open_notional_max", lambda limits: limits.open_notional_max, NOTIONAL_SCALE),
        )


def _tightest(
    scopes: Iterable[ScopedLimits],
    name: str,
    written: Callable[[ScopedLimits], Decimal | None],
    scale: int,
    unit: int = 1,
) -> Limit | None:
    found = [
        Limit(_scaled(value, scale) // unit, name, limits.scope, value)
        for limits in scopes
        if (value := written(limits)) is not None
    ]
    return min(found, default=None)


def _scaled(value: Decimal, scale: int) -> int:
    # A limit finer than the instrument's scale is rounded down: the strict reading.
    return int(value.scaleb(scale).to_integral_value(ROUND_FLOOR))
