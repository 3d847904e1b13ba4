"""Which limits hold for an order: the tightest of all scopes it falls under, in the instrument's integers."""

from collections.abc import Callable, Iterable
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from fixgw.spec.instrument import NOTIONAL_SCALE, Instrument
from fixgw.spec.limits import ScopedLimits
from fixgw.spec.scope import scopes_of

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
    """All limits of the venue: those of the configuration, and those that operators set since."""

    def __init__(self, limits: Iterable[ScopedLimits] = ()) -> None:
        self._configured: dict[str, ScopedLimits] = {}
        self._by_scope: dict[str, ScopedLimits] = {}
        self.configure(limits)

    def configure(self, limits: Iterable[ScopedLimits]) -> None:
        """Take the limits of a configuration.

        Where it says the same of a scope as the one before, what an operator has set there meanwhile holds on;
        where it says another thing, that holds.
        """
        before, self._configured = self._configured, {scoped.scope: scoped for scoped in limits}
        for scope in before.keys() | self._configured.keys():
            if self._configured.get(scope) != before.get(scope):
                self._by_scope.pop(scope, None)
        for scope, scoped in self._configured.items():
            if scoped != before.get(scope):
                self._by_scope[scope] = scoped

    def set(self, scoped: ScopedLimits) -> None:
        """Take what an operator has set: all limits of one scope."""
        self._by_scope[scoped.scope] = scoped

    def put(self, limits: Iterable[ScopedLimits]) -> None:
        """Take these and no others as those in force, whatever the configuration says; from a snapshot."""
        self._by_scope = {scoped.scope: scoped for scoped in limits}

    def of(self, scope: str) -> ScopedLimits:
        """Return the limits in force of this scope alone."""
        return self._by_scope.get(scope) or ScopedLimits(scope)

    def all(self) -> Iterable[ScopedLimits]:
        """Return the limits of every scope that has or had any."""
        return self._by_scope.values()

    def in_force(self) -> tuple[ScopedLimits, ...]:
        """Return the limits of all scopes that have any, by the name of the scope."""
        scopes = sorted(self._by_scope)
        return tuple(self._by_scope[scope] for scope in scopes if self._by_scope[scope] != ScopedLimits(scope))

    def set_by_operators(self) -> tuple[str, ...]:
        """Return the scopes whose limits are not those of the configuration."""
        scopes = sorted(self._by_scope)
        return tuple(s for s in scopes if self._by_scope[s] != self._configured.get(s, ScopedLimits(s)))

    def applicable(self, session: str, firm: str, account: str, instrument: Instrument) -> Applicable:
        """Return the tightest limit of each kind over all scopes that an order of these falls under."""
        names = scopes_of(session, firm, account, instrument.symbol)
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
