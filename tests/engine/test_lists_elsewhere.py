"""Lists where orders do not simply trade as they come: shared prices, calls, post-close, a closed or halted market."""

import msgspec

from fixgw.spec.commands import HaltInstrument
from fixgw.spec.events import OrderAccepted, OrderAmended, OrderCanceled, OrderExpired, PhaseChanged, Trade
from fixgw.spec.instructions import CANCEL_ON_HALT, Instructions
from fixgw.spec.phase import Phase
from fixgw.spec.values import Price, TimeInForce
from tests.engine.test_allocation import PRO_RATA, fills, led_by, venue_of
from tests.engine.test_auction import CALL, CLOSE, TRADE, to, trades
from tests.engine.test_lists import OCO, OTO, OUO, bracket, kinds, list_of, quantities
from tests.orders import AAPL, BOB, FOK, IOC, Venue, buy, sell, venue_with

POST_CLOSE = to(Phase.POST_CLOSE)
GTX = TimeInForce.GOOD_TILL_CROSSING
CALLING = msgspec.structs.replace(
    AAPL, reference_price=Price(10_000), dynamic_band_ticks=5, volatility_auction_s=60, volatility_random_end_s=0
)


def test_what_is_left_is_shared_out_anew_where_a_trade_ends_another_of_its_price() -> None:
    """Of 50 the list's orders would get 20 each and the third 10; then 30 are left for 20 and 20."""
    venue = venue_of(PRO_RATA)
    venue.handle(list_of(sell(40, at="100"), sell(40, at="100"), kind=OCO))
    venue.handle(sell(20, at="100", by=BOB))

    assert fills(venue.handle(buy(50, at="100", by=BOB))) == [("1", 20), ("1", 15), ("3", 15)]
    assert quantities(venue, 1, 2) == [("PARTIALLY_FILLED", 40, 5, 0), ("CANCELED", 40, 0, 0)]


def test_what_is_left_is_shared_out_anew_where_a_trade_lowers_another_of_its_price() -> None:
    venue = venue_of(PRO_RATA)
    venue.handle(list_of(sell(40, at="100"), sell(40, at="100"), kind=OUO))
    venue.handle(sell(20, at="100", by=BOB))

    told = fills(venue.handle(buy(50, at="100", by=BOB)))

    # 20, 20 and 10 of 50; then of 30, with 20, 20 and 20, 10 each: the first lowers the second again, and so on.
    assert told[:2] == [("1", 20), ("1", 10)]
    assert sum(qty for _, qty in told) == 50
    assert sum(qty for order_id, qty in told if order_id in ("1", "2")) <= 40


def test_a_fill_or_kill_counts_the_least_that_a_list_may_trade_at_a_shared_price() -> None:
    """The lead market maker's 10 may trade before the 90, which they end, and each other."""
    venue = venue_of(led_by("A2", 40))
    venue.handle(sell(50, at="100", by=BOB))
    of_list = (sell(qty, at="100", account=account) for qty, account in ((90, "A1"), (10, "A2"), (10, "A2")))
    venue.handle(list_of(*of_list, kind=OCO))

    assert kinds(venue.handle(buy(70, at="100", by=BOB, time_in_force=FOK))) == [OrderAccepted, OrderCanceled]
    assert fills(venue.handle(buy(60, at="100", by=BOB, time_in_force=FOK))) == [("1", 40), ("3", 10), ("1", 10)]


def test_an_auction_finds_a_price_again_where_a_list_has_ended_what_the_first_was_found_with() -> None:
    """Both orders of the list would trade at 100.24; with one of them gone the third sells, at a price of its own."""
    venue = venue_with(CALL)
    venue.handle(list_of(sell(10, at="100.00"), sell(10, at="100.00"), kind=OCO))
    venue.handle(sell(10, at="100.50", by=BOB))
    venue.handle(buy(20, at="101.00", by=BOB))

    events = venue.handle(TRADE)

    assert [trade[2:] for trade in trades(events)] == [(10, "100.24"), (10, "100.50")]
    assert quantities(venue, 1, 2, 3) == [("FILLED", 10, 0, 0), ("CANCELED", 10, 0, 0), ("FILLED", 10, 0, 0)]


def traded() -> Venue:
    """Return a venue whose last trade, of orders 1 and 2, was at 100.00."""
    return venue_with(sell(1, at="100.00", by=BOB), buy(1, at="100.00", by=BOB))


def test_an_exit_that_is_worse_than_the_close_is_canceled_in_post_close() -> None:
    venue = traded()
    bracket(venue, 10)
    venue.handle(POST_CLOSE)

    events = venue.handle(sell(10, at="100.00", by=BOB))

    assert kinds(events) == [OrderAccepted, Trade, OrderAmended, OrderCanceled, OrderAmended]
    canceled = events[3]
    assert isinstance(canceled, OrderCanceled)
    assert canceled.text == "Price(44) 105.00 is worse than the closing price 100.00, which alone trades in post-close"
    assert quantities(venue, 4, 5) == [("CANCELED", 10, 0, 0), ("NEW", 10, 10, 0)]  # the stop-loss waits


def test_an_exit_that_is_as_good_as_the_close_trades_at_it() -> None:
    venue = traded()
    venue.handle(list_of(buy(10, at="100.00"), sell(10, at="99.00"), kind=OTO))
    venue.handle(POST_CLOSE)
    venue.handle(buy(4, at="100.00", by=BOB))

    events = venue.handle(sell(10, at="100.00", by=BOB))

    # The entry is the oldest; its exit sells to whoever is left.
    assert [trade[2:] for trade in trades(events)] == [(10, "100.00"), (4, "100.00")]
    assert quantities(venue, 3, 4) == [("FILLED", 10, 0, 0), ("PARTIALLY_FILLED", 10, 6, 0)]


def test_one_cancels_the_other_in_post_close() -> None:
    venue = traded()
    venue.handle(POST_CLOSE)
    venue.handle(list_of(sell(10, at="100.00"), sell(10, at="100.00"), kind=OCO))

    assert trades(venue.handle(buy(20, at="100.00", by=BOB))) == [("5", "3", 10, "100.00")]


def test_an_exit_rests_in_a_market_that_has_closed_with_the_entrys_trade() -> None:
    venue = venue_with(CALL)
    bracket(venue, 10)
    venue.handle(sell(10, at="100.00", by=BOB))

    venue.handle(CLOSE)

    assert quantities(venue, 1, 2, 3) == [("FILLED", 10, 0, 0), ("NEW", 10, 10, 0), ("NEW", 10, 10, 0)]
    assert venue.depth("AAPL").asks == [("105.00", 10)]


def test_what_comes_after_an_order_of_its_list_that_began_a_call_rests_or_ends() -> None:
    venue = venue_of(CALLING)
    venue.handle(sell(10, at="100.10", by=BOB))
    after = (buy(1, at="99.00", time_in_force=IOC), buy(2, at="99.00", time_in_force=GTX), buy(3, at="99.00"))

    events = venue.handle(list_of(buy(10, at="100.10"), *after, kind=None))

    of_list = [OrderAccepted, PhaseChanged, *(OrderAccepted, OrderCanceled) * 2, OrderAccepted]
    assert kinds(events)[:-1] == of_list
    assert venue.depth("AAPL").bids == [("100.10", 10), ("99.00", 3)]


def test_one_that_expires_with_the_call_that_it_has_begun_ends_the_others_of_its_list() -> None:
    venue = venue_of(CALLING)
    venue.handle(sell(10, at="100.10", by=BOB))
    venue.handle(list_of(buy(1, at="99.00", time_in_force=GTX), buy(1, at="98.00"), kind=OCO))

    events = venue.handle(buy(10, at="100.10", by=BOB))

    assert kinds(events) == [OrderAccepted, OrderExpired, PhaseChanged, OrderCanceled]


def test_what_is_canceled_as_its_instrument_is_halted_ends_the_others_of_its_list() -> None:
    on_halt = Instructions(exec_inst=CANCEL_ON_HALT)
    venue = venue_with(
        list_of(buy(10, at="99.00", instructions=on_halt), buy(10, at="99.00", symbol="MSFT"), kind=OCO)
    )

    venue.handle(HaltInstrument("olivia", "news", "AAPL"))

    assert quantities(venue, 1, 2) == [("CANCELED", 10, 0, 0), ("CANCELED", 10, 0, 0)]
