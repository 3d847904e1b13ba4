"""Restrictions: what operators have forbidden, or the end of a trading day.

They follow events, so that a replay ends with the same.
"""

from typing import assert_never

import msgspec

from fixgw.spec.events import (
    DayBegun,
    DayEnding,
    InstrumentHalted,
    InstrumentResumed,
    InstrumentSuspended,
    LimitsSet,
    RestrictionEvent,
    ScopeKilled,
    ScopeReleased,
    SessionDisabled,
    SessionEnabled,
    SessionLoggedOut,
    SessionReset,
)
from fixgw.spec.refusal import Refusal
from fixgw.spec.restriction import Restriction
from fixgw.spec.scope import VENUE, halting, scopes_of
from fixgw.spec.values import OrdRejReason


class Restrictions:
    """What is forbidden, by its name and the oldest first.

    Halts by symbol, ``segment:NAME`` or ``venue``, suspended instruments, kills by scope, disabled sessions by CompID.
    """

    def __init__(self) -> None:
        self.halted: dict[str, Restriction] = {}
        self.suspended: dict[str, Restriction] = {}
        self.killed: dict[str, Restriction] = {}
        self.disabled: dict[str, Restriction] = {}
        self.ended_date: str | None = None
        """The trading day that has ended, while the next one has not begun."""
        self.breaker_level = 0
        """Of the circuit breaker, that was reached on this trading day."""
        self.segments: dict[str, str] = {}
        """By symbol, of the instruments that have one."""

    def refusal(self, session: str, firm: str, account: str, symbol: str) -> Refusal | None:
        """Return why no order of these may be entered or replaced now, or None."""
        for scope in scopes_of(session, firm, account, symbol):
            if (kill := self.killed.get(scope)) is not None:
                text = f"{scope} is killed by the operator: {kill.reason}"
                return Refusal(OrdRejReason.BROKER_OR_EXCHANGE_OPTION, text)
        if self.ended_date is not None:
            text = f"the trading day {self.ended_date} has ended; the next one begins in a moment"
            return Refusal(OrdRejReason.EXCHANGE_CLOSED, text)
        if (suspension := self.suspended.get(symbol)) is not None:
            return Refusal(OrdRejReason.EXCHANGE_CLOSED, f"{symbol} is suspended: {suspension.reason}")
        if (halt := self.halt_of(symbol)) is not None:
            return Refusal(OrdRejReason.EXCHANGE_CLOSED, f"{halt.name} is halted: {halt.reason}")
        return None

    def halt_of(self, symbol: str) -> Restriction | None:
        """Return the halt of an instrument, of its segment or of all, the widest of them, or None."""
        if not self.halted:
            return None
        names = halting(symbol, self.segments.get(symbol, ""))
        return next((self.halted[name] for name in names if name in self.halted), None)

    def time(self, name: str, until_ns: int) -> None:
        """Take the end of a pause that has none yet."""
        halt = self.halted[name]
        assert halt.pause_s, halt
        assert not halt.until_ns, halt
        self.halted[name] = msgspec.structs.replace(halt, until_ns=until_ns)

    def kill_of_instrument(self, symbol: str) -> Restriction | None:
        """Return the kill that keeps everybody from trading in ``symbol``, or None."""
        return self.killed.get(VENUE) or self.killed.get(f"instrument:{symbol}")

    def allow_trading(self, symbol: str) -> bool:
        """Return whether what is in ``symbol`` already may trade: not while it is stopped, and not between two days."""
        return self.ended_date is None and symbol not in self.suspended and self.halt_of(symbol) is None

    def apply(self, event: RestrictionEvent | DayEnding | DayBegun) -> None:
        match event:
            case InstrumentHalted():
                halt = Restriction(event.symbol, event.operator, event.reason, event.pause_s, day=event.day)
                self.halted[event.symbol] = halt
                self.breaker_level = max(self.breaker_level, event.level)
            case InstrumentSuspended():
                self.forget(event.symbol)
                self.suspended[event.symbol] = Restriction(event.symbol, event.operator, event.reason)
            case InstrumentResumed():
                self.forget(event.symbol)
            case ScopeKilled():
                self.killed[event.scope] = Restriction(event.scope, event.operator, event.reason)
            case ScopeReleased():
                del self.killed[event.scope]
            case SessionDisabled():
                self.disabled[event.session] = Restriction(event.session, event.operator, event.reason)
            case SessionEnabled():
                del self.disabled[event.session]
            case DayEnding():
                self.ended_date = event.date
            case DayBegun():
                self.ended_date = None
                self.breaker_level = 0
            case SessionLoggedOut() | SessionReset() | LimitsSet():
                pass
            case _:
                assert_never(event)

    def forget(self, symbol: str) -> None:
        """End the halt or the suspension of an instrument, if there is one."""
        self.halted.pop(symbol, None)
        self.suspended.pop(symbol, None)
