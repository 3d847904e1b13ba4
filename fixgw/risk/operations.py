"""Operations: what operators ask of risk.  Each is one event, or a refusal that says what would be right."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from fixgw.risk.limits import LimitTable
from fixgw.risk.restrictions import Restrictions
from fixgw.risk.roster import Roster
from fixgw.spec.breaker import Halting
from fixgw.spec.commands import (
    DisableSession,
    EnableSession,
    HaltInstrument,
    Kill,
    LogOutSession,
    Release,
    ResetSession,
    RestrictionCommand,
    ResumeInstrument,
    SetLimits,
    SuspendInstrument,
    TripBreaker,
)
from fixgw.spec.events import (
    InstrumentHalted,
    InstrumentResumed,
    InstrumentSuspended,
    LimitsSet,
    OperatorRefused,
    RestrictionEvent,
    ScopeKilled,
    ScopeReleased,
    SessionDisabled,
    SessionEnabled,
    SessionLoggedOut,
    SessionReset,
)
from fixgw.spec.limits import LIMIT_NAMES, LimitChange
from fixgw.spec.restriction import Restriction
from fixgw.spec.scope import VENUE, parse

_Otherwise = (
    ResumeInstrument
    | SuspendInstrument
    | Kill
    | Release
    | SetLimits
    | DisableSession
    | EnableSession
    | LogOutSession
    | ResetSession
)
"""What is no halt."""

_DIGITS_MAX = 18
"""Of a limit, before the point and after it, as in the configuration files."""


class Operations:
    """Answers from who is there and what is restricted and limited now; changes nothing itself."""

    def __init__(
        self, roster: Roster, restrictions: Restrictions, limits: LimitTable, breaker: Sequence[Halting], day: str
    ) -> None:
        """``breaker`` has what each level of the circuit breaker does; ``day`` is the trading day, if it has a date."""
        self._breaker = breaker
        self._day = day
        self._roster = roster
        self._restrictions = restrictions
        self._limits = limits

    def answer(self, command: RestrictionCommand) -> RestrictionEvent | OperatorRefused:
        """Return the event that ``command`` brings about, or why it brings about none."""
        refused = self._why_not(command)
        return self._event(command) if refused is None else OperatorRefused(command.operator, refused)

    def _why_not_trip(self, level: int) -> str | None:
        if not self._breaker:
            return "there is no circuit breaker; write [circuit_breaker] in venue.toml, or halt venue without a level"
        if not 1 <= level <= len(self._breaker):
            return f"the circuit breaker has no level {level}; it has 1 to {len(self._breaker)}"
        reached = self._restrictions.breaker_level
        return f"level {reached} was reached on this trading day already" if level <= reached else None

    def _why_not(self, command: RestrictionCommand) -> str | None:
        restrictions = self._restrictions
        match command:
            case TripBreaker(level=level):
                return self._why_not_trip(level)
            case HaltInstrument(symbol=symbol):
                unknown = self._roster.unknown_to_halt(symbol)
                suspended = _already("suspended", symbol, restrictions.suspended)
                if command.level > restrictions.breaker_level:
                    return unknown or suspended
                return unknown or suspended or _already("halted", symbol, restrictions.halted)
            case SuspendInstrument(symbol=symbol):
                unknown = self._roster.unknown("instrument", symbol)
                return unknown or _already("suspended", symbol, restrictions.suspended)
            case ResumeInstrument(symbol=symbol) if symbol in restrictions.suspended:
                return None
            case ResumeInstrument(symbol=symbol):
                return _not_so("halted", symbol, restrictions.halted)
            case Kill(scope=scope):
                return self._roster.unknown_scope(scope) or _already("killed", scope, restrictions.killed)
            case Release(scope=scope):
                return _not_so("killed", scope, restrictions.killed)
            case SetLimits(scope=scope):
                return self._roster.unknown_scope(scope) or _wrong_limits(command)
            case DisableSession(session=session):
                unknown = self._roster.unknown("session", session)
                return unknown or _already("disabled", session, restrictions.disabled)
            case EnableSession(session=session):
                return _not_so("disabled", session, restrictions.disabled)
            case LogOutSession(session=session) | ResetSession(session=session):
                return self._roster.unknown("session", session)
            case _:
                assert_never(command)


    def _event(self, command: RestrictionCommand) -> RestrictionEvent:
        operator, reason = command.operator, command.reason
        match command:
            case TripBreaker(level=level):
                halting = self._breaker[level - 1]
                day = self._day if halting.for_day else None
                reason = f"circuit breaker level {level}: {reason}"
                return InstrumentHalted(VENUE, operator, reason, halting.pause_s, level, day)
            case HaltInstrument():
                day = self._day if command.for_day else None
                return InstrumentHalted(command.symbol, operator, reason, command.pause_s, command.level, day)
            case _:
                return _event(command, self._limits)


def _event(command: _Otherwise, limits: LimitTable) -> RestrictionEvent:
    operator, reason = command.operator, command.reason
    match command:
        case SuspendInstrument():
            return InstrumentSuspended(command.symbol, operator, reason)
        case ResumeInstrument():
            return InstrumentResumed(command.symbol, operator, reason)
        case Kill():
            return ScopeKilled(command.scope, operator, reason)
        case Release():
            return ScopeReleased(command.scope, operator, reason)
        case SetLimits():
            return LimitsSet(limits.of(command.scope).changed(command.changes), operator, reason)
        case DisableSession():
            return SessionDisabled(command.session, operator, reason)
        case EnableSession():
            return SessionEnabled(command.session, operator, reason)
        case LogOutSession():
            return SessionLoggedOut(command.session, operator, reason)
        case ResetSession():
            return SessionReset(command.session, operator, reason)
        case _:
            assert_never(command)


def _already(what: str, name: str, those: Mapping[str, Restriction]) -> str | None:
    found = those.get(name)
    return None if found is None else f"{name} is {what} already, by {found.operator}: {found.reason}"


def _not_so(what: str, name: str, those: Mapping[str, Restriction]) -> str | None:
    if name in those:
        return None
    return f"{name} is not {what}; {what} now: {', '.join(those) or 'nothing'}"


def _wrong_limits(command: SetLimits) -> str | None:
    if not command.changes:
        return f"no limit was named; there are {', '.join(LIMIT_NAMES)}"
    return next((wrong for change in command.changes if (wrong := _wrong_limit(command.scope, change))), None)


def _wrong_limit(scope: str, change: LimitChange) -> str | None:
    name, value = change.name, change.value
    if name not in LIMIT_NAMES:
        return f"there is no limit {name}; there are {', '.join(LIMIT_NAMES)}"
    if name == "open_notional_max" and parse(scope).kind == "instrument":
        return f"{name} adds up over all instruments of an account; set it for venue, a firm, an account or a session"
    if value is None:
        return None
    if not value.is_finite() or value <= 0:
        return f"{name} must be a number above zero, or none for no limit"
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), value
    if value.adjusted() >= _DIGITS_MAX or -exponent > _DIGITS_MAX:
        return f"{name} has more than {_DIGITS_MAX} digits before the point or after it"
    return None
