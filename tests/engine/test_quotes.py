"""Quotes: the sides of one are orders in the book, and a new quote takes the place of the old one in one step."""

import msgspec

from fixgw.spec.commands import CancelQuotes, DelistInstrument, MassQuote, PullQuotes, Quote, SetPhase
from fixgw.spec.events import (
    MassQuoteAnswered,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    QuoteReported,
    QuotesPulled,
    Trade,
)
from fixgw.spec.participant import MarketMaker, Participant
from fixgw.spec.phase import Phase
from fixgw.spec.quotes import NO_ENTRY, QuoteEntry
from fixgw.spec.values import (
    ExecRestatementReason,
    Qty,
    QuoteCancelType,
    QuoteRejectReason,
    QuoteResponseLevel,
    QuoteStatus,
    SelfMatchPrevention,
    SelfMatchScope,
    Side,
)
from tests.orders import AAPL, ALICE, BOB, Venue, buy, configuration, limits, sell, venue_with

MIKE = Participant("CLIENT3", "GAMMA", ("G1", "G2"), MarketMaker())
MARKET = configuration(participants=(ALICE, BOB, MIKE))
EACH = QuoteResponseLevel.EACH
Sided = tuple[int, str] | None


def entry(bid: Sided, offer: Sided, *, symbol: str = "AAPL", name: str = NO_ENTRY) -> QuoteEntry:
    """Sides as size and price, ``(50, "99.00")``."""
    bid_px, offer_px = (None if side is None else AAPL.parse_price(side[1]) for side in (bid, offer))
    bid_size, offer_size = (Qty(0 if side is None else side[0]) for side in (bid, offer))
    return QuoteEntry("s1", name, symbol, bid_px, bid_size, offer_px, offer_size)


def quote(bid: Sided = None, offer: Sided = None, *, quote_id: str = "q1", by: Participant = MIKE) -> Quote:
    return Quote(by.session, by.firm, by.accounts[0], quote_id, EACH, entry(bid, offer))


def mass_quote(*entries: QuoteEntry, quote_id: str = "m1") -> MassQuote:
    return MassQuote(MIKE.session, MIKE.firm, MIKE.accounts[0], quote_id, EACH, entries)


def market(*commands: Quote | MassQuote) -> Venue:
    return venue_with(*commands, configured=MARKET)


def test_both_sides_rest_under_the_name_of_the_quote() -> None:
    venue = market()

    answer, bid, offer = venue.handle(quote((50, "99.00"), (40, "101.00")))

    assert isinstance(answer, QuoteReported)
    assert answer.quote_status is QuoteStatus.ACCEPTED
    assert isinstance(bid, OrderAccepted)
    assert isinstance(offer, OrderAccepted)
    assert [(o.order.side, o.order.cl_ord_id) for o in (bid, offer)] == [(Side.BUY, "q1"), (Side.SELL, "q1")]
    assert venue.depth("AAPL") == ([("99.00", 50)], [("101.00", 40)])


def test_a_smaller_size_at_the_same_price_keeps_its_place() -> None:
    venue = market(quote((50, "99.00")))
    venue.handle(buy(10, at="99.00"))

    _, smaller = venue.handle(quote((30, "99.00"), quote_id="q2"))
    _, trade = venue.handle(sell(30, at="99.00", by=BOB))

    assert isinstance(smaller, OrderReplaced)
    assert smaller.keeps_priority
    assert isinstance(trade, Trade)
    assert (trade.resting.order.session, trade.resting.order.cl_ord_id) == ("CLIENT3", "q2")
    assert venue.depth("AAPL").bids == [("99.00", 10)]


def test_a_larger_size_goes_to_the_end_of_the_queue() -> None:
    venue = market(quote((50, "99.00")))
    venue.handle(buy(10, at="99.00"))

    venue.handle(quote((51, "99.00"), quote_id="q2"))
    _, trade = venue.handle(sell(10, at="99.00", by=BOB))

    assert isinstance(trade, Trade)
    assert trade.resting.order.session == ALICE.session


def test_a_size_is_what_is_open_whatever_has_traded() -> None:
    venue = market(quote((50, "99.00")))
    venue.handle(sell(20, at="99.00", by=BOB))

    _, replaced = venue.handle(quote((30, "99.00"), quote_id="q2"))

    assert isinstance(replaced, OrderReplaced)
    assert replaced.keeps_priority
    assert (replaced.order.order_qty, replaced.order.cum_qty, replaced.order.leaves_qty) == (50, 20, 30)


def test_a_quote_does_not_trade_with_the_one_it_replaces() -> None:
    venue = market(quote((10, "99.00"), (10, "100.00")))

    events = venue.handle(quote((10, "100.00"), (10, "101.00"), quote_id="q2"))

    assert [type(event) for event in events] == [QuoteReported, OrderReplaced, OrderReplaced]
    assert venue.depth("AAPL") == ([("100.00", 10)], [("101.00", 10)])


def test_a_quote_that_crosses_is_acknowledged_before_it_trades() -> None:
    """E31, for quotes."""
    venue = market()
    venue.handle(sell(10, at="99.00", by=BOB))

    events = venue.handle(quote((15, "99.00"), (10, "101.00")))

    assert [type(event) for event in events] == [QuoteReported, OrderAccepted, Trade, OrderAccepted]
    assert venue.depth("AAPL") == ([("99.00", 5)], [("101.00", 10)])


def test_a_side_left_out_goes() -> None:
    venue = market(quote((50, "99.00"), (40, "101.00")))

    venue.handle(quote((50, "99.00"), quote_id="q2"))

    assert venue.depth("AAPL") == ([("99.00", 50)], [])


def test_entries_of_one_instrument_stand_side_by_side() -> None:
    venue = market(mass_quote(entry((10, "99.00"), None, name="e1"), entry((20, "98.00"), None, name="e2")))

    venue.handle(mass_quote(entry((5, "97.00"), None, name="e1"), quote_id="m2"))

    assert venue.depth("AAPL").bids == [("98.00", 20), ("97.00", 5)]


def test_another_account_is_another_order() -> None:
    venue = market(quote((50, "99.00")))
    moved = msgspec.structs.replace(quote((50, "99.00"), quote_id="q2"), account="G2")

    events = venue.handle(moved)

    assert [type(event) for event in events] == [QuoteReported, OrderCanceled, OrderAccepted]


def test_what_is_refused_leaves_the_rest_and_what_was_quoted_before() -> None:
    venue = venue_with(configured=configuration(limits(order_qty_max="50"), participants=(ALICE, BOB, MIKE)))
    venue.handle(mass_quote(entry((50, "99.00"), None, name="e1")))

    answer, *_ = venue.handle(
        mass_quote(
            entry((10, "99.50"), (51, "101.00"), name="e1"),
            entry((10, "98.00"), None, name="e2"),
            entry((10, "98.00"), (10, "98.00"), name="e3"),
            entry((10, "98.00"), None, name="e2"),
        )
    )

    assert isinstance(answer, MassQuoteAnswered)
    assert answer.quote_status is QuoteStatus.ACCEPTED
    assert [each.refusal and each.refusal.reason for each in answer.entries] == [
        QuoteRejectReason.EXCEEDS_LIMIT, None, QuoteRejectReason.INVALID_BID, QuoteRejectReason.OTHER,
    ]  # fmt: skip
    assert answer.text == "OfferSize(135) 51 exceeds order_qty_max 50 of venue"
    assert venue.depth("AAPL") == ([("99.00", 50), ("98.00", 10)], [])


def test_all_entries_of_a_message_count_as_open_together() -> None:
    most = limits("account:G1", open_notional_max="1500")
    venue = venue_with(configured=configuration(most, participants=(ALICE, BOB, MIKE)))

    answer, *_ = venue.handle(mass_quote(entry((10, "99.00"), None, name="e1"), entry((10, "98.00"), None, name="e2")))

    assert isinstance(answer, MassQuoteAnswered)
    assert [each.refusal and each.refusal.reason for each in answer.entries] == [None, QuoteRejectReason.EXCEEDS_LIMIT]


def test_what_a_quote_replaces_does_not_count_as_open() -> None:
    most = limits("account:G1", open_notional_max="1500")
    venue = venue_with(configured=configuration(most, participants=(ALICE, BOB, MIKE)))
    venue.handle(quote((15, "99.00")))

    answer, *_ = venue.handle(quote((15, "100.00"), quote_id="q2"))

    assert isinstance(answer, QuoteReported)
    assert answer.quote_status is QuoteStatus.ACCEPTED


def test_only_a_market_maker_may_quote() -> None:
    venue = market()

    (answer,) = venue.handle(quote((50, "99.00"), by=BOB))

    assert isinstance(answer, QuoteReported)
    assert answer.quote_status is QuoteStatus.REJECTED
    assert answer.text == "CLIENT2 is not the session of a market maker, and may not quote"


def test_quote_cancel_leaves_orders_and_other_instruments() -> None:
    venue = market(
        mass_quote(entry((10, "99.00"), None, name="e1"), entry((10, "99.00"), None, symbol="MSFT", name="e1"))
    )
    venue.handle(buy(5, at="98.00", by=MIKE))
    cancel = CancelQuotes(
        MIKE.session, MIKE.firm, "G1", "z1", QuoteCancelType.SECURITIES, EACH, ("AAPL", "AAPL", "ESZ6")
    )

    canceled, found, not_found = venue.handle(cancel)

    assert isinstance(canceled, OrderCanceled)
    assert not canceled.is_told
    assert isinstance(found, QuoteReported)
    assert isinstance(not_found, QuoteReported)
    statuses = [(each.quote.symbol, each.quote_status) for each in (found, not_found)]
    assert statuses == [("AAPL", QuoteStatus.CANCELED_FOR_SYMBOL), ("ESZ6", QuoteStatus.NOT_FOUND)]
    assert (venue.depth("AAPL").bids, venue.depth("MSFT").bids) == ([("98.00", 5)], [("99.00", 10)])


def test_quotes_of_a_session_that_is_gone_are_pulled() -> None:
    venue = market(quote((50, "99.00"), (40, "101.00")))
    venue.handle(buy(5, at="98.00", by=MIKE))

    bid, offer, pulled = venue.handle(PullQuotes(MIKE.session, "gone"))

    for canceled in (bid, offer):
        assert isinstance(canceled, OrderCanceled)
        assert canceled.is_told
        assert canceled.exec_restatement_reason is ExecRestatementReason.SYSTEM_FAILURE
    assert pulled == QuotesPulled(MIKE.session, 2, "gone")
    assert venue.depth("AAPL") == ([("98.00", 5)], [])
    assert venue.core.exchange.market.orders.quoting == set()


def test_a_quote_is_canceled_with_its_instrument_and_says_so() -> None:
    """And a quote in an instrument that is listed no more is refused, even one that takes sides away."""
    venue = market(quote((50, "99.00"), (40, "101.00")))

    _, bid, offer, _ = venue.handle(DelistInstrument("olivia", "a merger", "AAPL", True))
    (answer,) = venue.handle(quote())

    for side in (bid, offer):
        assert isinstance(side, OrderCanceled)
        assert (side.is_told, side.text) == (True, "AAPL is delisted: a merger")
    assert isinstance(answer, QuoteReported)
    assert (answer.quote_status, answer.text) == (QuoteStatus.REJECTED, "Symbol(55) AAPL is not traded here")


def test_quotes_gather_in_a_call_and_trade_at_its_end() -> None:
    """They may cross meanwhile, and a new quote takes the place of the old one as ever."""
    venue = market()
    by = ("olivia", "a call", "AAPL")
    venue.handle(SetPhase(*by, Phase.OPENING_AUCTION))
    for command in (buy(30, at="101.00"), quote((50, "99.00"), (40, "100.00")), quote((5, "99.00"), (20, "100.50"))):
        assert not [event for event in venue.handle(command) if isinstance(event, Trade)]

    trades = [event for event in venue.handle(SetPhase(*by, Phase.CONTINUOUS)) if isinstance(event, Trade)]

    (trade,) = trades
    assert (trade.last_qty, trade.aggressor.order.is_quoted) == (20, True)
    assert venue.depth("AAPL") == ([("101.00", 10), ("99.00", 5)], [])


def test_a_quote_does_not_match_with_its_own_hand() -> None:
    """As the instrument says: the newest gives way, here a side of a quote, and its client is told."""
    guarded = msgspec.structs.replace(
        AAPL, self_match_prevention=SelfMatchPrevention.CANCEL_NEWEST, self_match_scope=SelfMatchScope.ACCOUNT
    )
    venue = venue_with(configured=configuration(instruments=(guarded,), participants=(ALICE, BOB, MIKE)))
    venue.handle(sell(10, at="100.00", by=MIKE))

    answer, accepted, canceled, offer = venue.handle(quote((50, "100.00"), (40, "101.00")))

    assert isinstance(answer, QuoteReported)
    assert isinstance(accepted, OrderAccepted)
    assert isinstance(canceled, OrderCanceled)
    assert (canceled.is_told, canceled.exec_restatement_reason) == (True, ExecRestatementReason.OTHER)
    assert isinstance(offer, OrderAccepted)
    assert venue.depth("AAPL") == ([], [("100.00", 10), ("101.00", 40)])


def test_a_side_that_was_filled_is_quoted_anew_under_an_order_id_of_its_own() -> None:
    venue = market(quote((10, "99.00")))
    venue.handle(sell(10, at="99.00", by=BOB))

    _, accepted = venue.handle(quote((10, "99.00"), quote_id="q2"))

    assert isinstance(accepted, OrderAccepted)
    assert (accepted.order.order_id, accepted.order.cum_qty) == ("3", 0)
