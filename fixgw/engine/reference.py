"""Answers about reference data: what is listed, and whether it trades now; they change nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from fixgw.spec.instrument import Instrument
from fixgw.spec.limit_state import LimitState
from fixgw.spec.phase import Phase
from fixgw.spec.reference import (
    TRADING_SESSION_ID,
    SecurityDefinitionAnswer,
    SecurityDefinitionInquiry,
    SecurityListAnswer,
    SecurityListInquiry,
    SecurityStatusAnswer,
    SecurityStatusInquiry,
    TradingSessionAnswer,
    TradingSessionInquiry,
)
from fixgw.spec.restriction import Restriction
from fixgw.spec.scope import VENUE
from fixgw.spec.trading_day import DayPhase, TradingDay
from fixgw.spec.values import (
    Price,
    SecurityListRequestType,
    SecurityRequestResult,
    SecurityRequestType,
    SecurityResponseType,
    SecurityTradingStatus,
    TradSesStatus,
)

FRAGMENT_MAX = 50
"""Instruments of one SecurityList, some 5 kB; between two of them others get their turn."""


_STATUS_IN = {
    Phase.PRE_OPEN: SecurityTradingStatus.PRE_OPEN,
    Phase.OPENING_AUCTION: SecurityTradingStatus.OPENING_ROTATION,
    Phase.CONTINUOUS: SecurityTradingStatus.READY_TO_TRADE,
    # FIX 4.4 has no value for these auctions: here, too, an indication of the price is all there is.
    Phase.VOLATILITY_AUCTION: SecurityTradingStatus.PRICE_INDICATION,
    Phase.CLOSING_AUCTION: SecurityTradingStatus.PRICE_INDICATION,
    Phase.POST_CLOSE: SecurityTradingStatus.READY_TO_TRADE,
    Phase.CLOSED: SecurityTradingStatus.NOT_AVAILABLE_FOR_TRADING,
}


class Situation(NamedTuple):
    """What keeps orders out at this moment: instruments halted or suspended, scopes killed, a day that is ending."""

    halt_of: Callable[[str], Restriction | None]
    suspended: Mapping[str, Restriction]
    killed: Mapping[str, Restriction]
    day: TradingDay
    phases: Mapping[str, Phase] = {}
    """Of the instruments that are not in continuous trading."""
    limit_states: Mapping[str, LimitState] = {}


def security_list(listed: Mapping[str, Instrument], inquiry: SecurityListInquiry) -> Iterator[SecurityListAnswer]:
    """Yield what is listed as of now, a fragment at a time, at least one, in the order of the symbols."""
    match inquiry.security_list_request_type:
        case SecurityListRequestType.ALL_SECURITIES:
            found = [listed[symbol] for symbol in sorted(listed)]
        case SecurityListRequestType.SYMBOL:
            found = [instrument for symbol, instrument in listed.items() if symbol == inquiry.symbol]
        case _:
            yield SecurityListAnswer(inquiry, SecurityRequestResult.INVALID_OR_UNSUPPORTED, (), 0, 1, True)
            return
    if not found:
        yield SecurityListAnswer(inquiry, SecurityRequestResult.NO_INSTRUMENTS_FOUND, (), 0, 1, True)
        return
    for fragment, begin in enumerate(range(0, len(found), FRAGMENT_MAX), start=1):
        end = begin + FRAGMENT_MAX
        part, is_last = tuple(found[begin:end]), end >= len(found)
        yield SecurityListAnswer(inquiry, SecurityRequestResult.VALID, part, len(found), fragment, is_last)


def security_definition(
    listed: Mapping[str, Instrument], inquiry: SecurityDefinitionInquiry
) -> SecurityDefinitionAnswer:
    if inquiry.security_request_type is not SecurityRequestType.IDENTITY_AND_SPECIFICATIONS:
        text = (
            f"SecurityRequestType(321) {inquiry.security_request_type} is not supported; 0 (identity and "
            "specifications of a Symbol(55)), and SecurityListRequest (35=x) for all"
        )
        return SecurityDefinitionAnswer(inquiry, SecurityResponseType.REJECT_SECURITY_PROPOSAL, None, text)
    instrument = listed.get(inquiry.symbol or "")
    if instrument is None:
        text = _not_traded(inquiry.symbol or "")
        return SecurityDefinitionAnswer(inquiry, SecurityResponseType.CANNOT_MATCH_SELECTION_CRITERIA, None, text)
    return SecurityDefinitionAnswer(inquiry, SecurityResponseType.ACCEPT_AS_IS, instrument, None)


def security_status(
    listed: Mapping[str, Instrument],
    ever_listed: Mapping[str, Instrument],
    last_trades: Mapping[str, Price],
    situation: Situation,
    inquiry: SecurityStatusInquiry,
) -> SecurityStatusAnswer:
    symbol = inquiry.symbol
    instrument = ever_listed.get(symbol)
    if instrument is None:
        status, text = SecurityTradingStatus.UNKNOWN_OR_INVALID, _not_traded(symbol)
        return SecurityStatusAnswer(inquiry, status, None, 0, text)
    last_px = last_trades.get(symbol)
    if symbol not in listed:
        status, text = SecurityTradingStatus.NOT_TRADED_ON_THIS_MARKET, _not_traded(symbol)
        return SecurityStatusAnswer(inquiry, status, last_px, instrument.price_scale, text)
    trading_status, why = _trading_status(symbol, situation)
    return SecurityStatusAnswer(inquiry, trading_status, last_px, instrument.price_scale, why)


def trading_session(situation: Situation, inquiry: TradingSessionInquiry) -> TradingSessionAnswer:
    if inquiry.trading_session_id not in (None, TRADING_SESSION_ID):
        text = f"TradingSessionID(336) {inquiry.trading_session_id} is unknown; there is {TRADING_SESSION_ID} (day)"
        return TradingSessionAnswer(inquiry, TradSesStatus.REQUEST_REJECTED, text)
    if situation.day.phase is not DayPhase.OPEN:
        return TradingSessionAnswer(inquiry, TradSesStatus.CLOSED, _day_has_ended(situation.day))
    if (kill := situation.killed.get(VENUE)) is not None:
        return TradingSessionAnswer(inquiry, TradSesStatus.HALTED, _is_killed(kill))
    if (halt := situation.halt_of("")) is not None:  # of no instrument: only the halt of all can be it
        return TradingSessionAnswer(inquiry, TradSesStatus.HALTED, f"{halt.name} is halted: {halt.reason}")
    return TradingSessionAnswer(inquiry, TradSesStatus.OPEN, None)


def _trading_status(symbol: str, situation: Situation) -> tuple[SecurityTradingStatus, str | None]:
    """Return the status of a listed instrument, and why it does not trade; in the order of risk's refusals."""
    for scope in (VENUE, f"instrument:{symbol}"):
        if (kill := situation.killed.get(scope)) is not None:
            return SecurityTradingStatus.NOT_AVAILABLE_FOR_TRADING, _is_killed(kill)
    if situation.day.phase is not DayPhase.OPEN:
        return SecurityTradingStatus.NOT_AVAILABLE_FOR_TRADING, _day_has_ended(situation.day)
    if (suspension := situation.suspended.get(symbol)) is not None:
        return SecurityTradingStatus.NOT_AVAILABLE_FOR_TRADING, f"{symbol} is suspended: {suspension.reason}"
    if (halt := situation.halt_of(symbol)) is not None:
        return SecurityTradingStatus.TRADING_HALT, f"{halt.name} is halted: {halt.reason}"
    phase = situation.phases.get(symbol, Phase.CONTINUOUS)
    if (limit_state := situation.limit_states.get(symbol)) is not None:
        return _STATUS_IN[phase], limit_state.text
    return _STATUS_IN[phase], None if phase is Phase.CONTINUOUS else f"{symbol} is in {phase}"


def _not_traded(symbol: str) -> str:
    return f"Symbol(55) {symbol} is not traded here"


def _is_killed(kill: Restriction) -> str:
    return f"{kill.name} is killed by the operator: {kill.reason}"


def _day_has_ended(day: TradingDay) -> str:
    return f"the trading day {day.date} has ended; the next one begins in a moment"
