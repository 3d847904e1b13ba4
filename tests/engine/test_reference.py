"""What clients are told of instruments and of the trading day: as of now, changing nothing."""

import pytest

from fixgw.engine.reference import FRAGMENT_MAX
from fixgw.spec.commands import EndDay, HaltInstrument, Kill, Release, ResumeInstrument
from fixgw.spec.instrument import Instrument
from fixgw.spec.reference import (
    ReferenceAnswer,
    SecurityDefinitionAnswer,
    SecurityDefinitionInquiry,
    SecurityListAnswer,
    SecurityListInquiry,
    SecurityStatusAnswer,
    SecurityStatusInquiry,
    TradingSessionAnswer,
    TradingSessionInquiry,
)
from fixgw.spec.values import (
    Price,
    Qty,
    SecurityListRequestType,
    SecurityRequestResult,
    SecurityRequestType,
    SecurityResponseType,
    SecurityTradingStatus,
    SubscriptionRequestType,
    TradSesStatus,
)
from tests.orders import AAPL, BOB, BTC_USD, ESZ6, MSFT, SPREAD, Venue, buy, configuration, sell, venue_with

SNAPSHOT = SubscriptionRequestType.SNAPSHOT
BY = ("olivia", "a reason")


def status(venue: Venue, symbol: str = "AAPL") -> tuple[SecurityTradingStatus, Price | None, str | None]:
    (answer,) = venue.core.consult(SecurityStatusInquiry("CLIENT1", "s1", symbol, SNAPSHOT, 2))
    assert isinstance(answer, SecurityStatusAnswer)
    return answer.security_trading_status, answer.last_px, answer.text


def listed(venue: Venue, kind: SecurityListRequestType, symbol: str | None = None) -> list[ReferenceAnswer]:
    return list(venue.core.consult(SecurityListInquiry("CLIENT1", "l1", kind, symbol, SNAPSHOT, 2)))


def definition(venue: Venue, kind: SecurityRequestType, symbol: str | None) -> SecurityDefinitionAnswer:
    (answer,) = venue.core.consult(SecurityDefinitionInquiry("CLIENT1", "d1", kind, symbol, SNAPSHOT, 2))
    assert isinstance(answer, SecurityDefinitionAnswer)
    return answer


def session(venue: Venue, trading_session_id: str | None = None) -> tuple[TradSesStatus, str | None]:
    (answer,) = venue.core.consult(TradingSessionInquiry("CLIENT1", "t1", trading_session_id, SNAPSHOT, 2))
    assert isinstance(answer, TradingSessionAnswer)
    return answer.trad_ses_status, answer.text


def test_all_instruments_come_in_the_order_of_their_symbols() -> None:
    (answer,) = listed(venue_with(), SecurityListRequestType.ALL_SECURITIES)

    assert isinstance(answer, SecurityListAnswer)
    assert answer.instruments == (AAPL, BTC_USD, ESZ6, MSFT, SPREAD)
    assert (answer.tot_no_related_sym, answer.is_last) == (5, True)


def test_a_long_list_comes_in_fragments_of_one_moment() -> None:
    """What is listed or gone between two fragments is in the next list."""
    many = [Instrument(f"N{n:03}", 2, 0, Price(1), Qty(1), 1, Qty(9), Price(9)) for n in range(2 * FRAGMENT_MAX + 1)]
    venue = venue_with(configured=configuration(instruments=many))
    inquiry = SecurityListInquiry("CLIENT1", "l1", SecurityListRequestType.ALL_SECURITIES, None, SNAPSHOT, 2)

    answers = venue.core.consult(inquiry)
    first = next(answers)
    venue.handle(configuration(instruments=[*many[1:], AAPL]))
    fragments = [first, *answers]

    assert [
        (len(each.instruments), each.tot_no_related_sym, each.fragment, each.is_last)
        for each in fragments
        if isinstance(each, SecurityListAnswer)
    ] == [(FRAGMENT_MAX, len(many), 1, False), (FRAGMENT_MAX, len(many), 2, False), (1, len(many), 3, True)]


@pytest.mark.parametrize(
    ("kind", "symbol", "result"),
    [
        (SecurityListRequestType.SYMBOL, "GOOG", SecurityRequestResult.NO_INSTRUMENTS_FOUND),
        (SecurityListRequestType.PRODUCT, None, SecurityRequestResult.INVALID_OR_UNSUPPORTED),
    ],
)
def test_a_list_of_nothing_is_one_answer(
    kind: SecurityListRequestType, symbol: str | None, result: SecurityRequestResult
) -> None:
    (answer,) = listed(venue_with(), kind, symbol)

    assert isinstance(answer, SecurityListAnswer)
    assert (answer.security_request_result, answer.instruments, answer.is_last) == (result, (), True)


def test_the_terms_of_one_instrument() -> None:
    found = definition(venue_with(), SecurityRequestType.IDENTITY_AND_SPECIFICATIONS, "ESZ6")

    assert (found.security_response_type, found.instrument) == (SecurityResponseType.ACCEPT_AS_IS, ESZ6)


def test_a_definition_that_cannot_be_given_says_why() -> None:
    venue = venue_with()
    unknown = definition(venue, SecurityRequestType.IDENTITY_AND_SPECIFICATIONS, "GOOG")
    unsupported = definition(venue, SecurityRequestType.LIST_SECURITIES, None)

    assert unknown.security_response_type is SecurityResponseType.CANNOT_MATCH_SELECTION_CRITERIA
    assert unknown.text == "Symbol(55) GOOG is not traded here"
    assert unsupported.security_response_type is SecurityResponseType.REJECT_SECURITY_PROPOSAL
    assert unsupported.text is not None
    assert unsupported.text.startswith("SecurityRequestType(321) 3 is not supported; 0 ")


def test_the_status_has_the_last_price_and_why_it_does_not_trade() -> None:
    venue = venue_with(sell(10, at="100.25"), buy(10, at="100.25", by=BOB))
    assert status(venue) == (SecurityTradingStatus.READY_TO_TRADE, 10_025, None)

    venue.handle(HaltInstrument(*BY, "AAPL"))
    assert status(venue) == (SecurityTradingStatus.TRADING_HALT, 10_025, "AAPL is halted: a reason")
    assert status(venue, "MSFT") == (SecurityTradingStatus.READY_TO_TRADE, None, None)

    venue.handle(ResumeInstrument(*BY, "AAPL"))
    assert status(venue)[0] is SecurityTradingStatus.READY_TO_TRADE


@pytest.mark.parametrize("scope", ["venue", "instrument:AAPL"])
def test_a_killed_instrument_is_not_available(scope: str) -> None:
    venue = venue_with(Kill(*BY, scope), HaltInstrument(*BY, "AAPL"))
    why = f"{scope} is killed by the operator: a reason"
    assert status(venue) == (SecurityTradingStatus.NOT_AVAILABLE_FOR_TRADING, None, why)

    venue.handle(Release(*BY, scope))
    assert status(venue)[0] is SecurityTradingStatus.TRADING_HALT


def test_a_kill_of_a_firm_is_nobody_elses_business() -> None:
    assert status(venue_with(Kill(*BY, "firm:ALPHA")))[0] is SecurityTradingStatus.READY_TO_TRADE


def test_unknown_and_gone_are_told_apart() -> None:
    venue = venue_with(configuration(instruments=[MSFT]))

    assert status(venue, "AAPL")[0] is SecurityTradingStatus.NOT_TRADED_ON_THIS_MARKET
    assert status(venue, "GOOG")[0] is SecurityTradingStatus.UNKNOWN_OR_INVALID


def test_the_trading_session_is_open_halted_or_closed() -> None:
    venue = venue_with()
    assert session(venue) == session(venue, "1") == (TradSesStatus.OPEN, None)

    venue.handle(Kill(*BY, "venue"))
    assert session(venue) == (TradSesStatus.HALTED, "venue is killed by the operator: a reason")

    venue.handle(EndDay(*BY, "2026-11-20"))
    text = "the trading day 2026-11-20 has ended; the next one begins in a moment"
    assert session(venue) == (TradSesStatus.CLOSED, text)
    assert status(venue)[0] is SecurityTradingStatus.NOT_AVAILABLE_FOR_TRADING


def test_there_is_no_other_trading_session() -> None:
    text = "TradingSessionID(336) NIGHT is unknown; there is 1 (day)"
    assert session(venue_with(), "NIGHT") == (TradSesStatus.REQUEST_REJECTED, text)
