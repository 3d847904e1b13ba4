"""Price-time priority, and what each OrdType(40) and TimeInForce(59) does with what is left."""

import pytest

from fixgw.spec.events import Event, Fill, OrderAccepted, OrderCanceled, Trade
from fixgw.spec.values import OrdStatus, Price, Qty, TimeInForce
from tests.orders import ALICE, BOB, BTC_USD, CAROL, DAY, FOK, GTC, IOC, buy, cancel, sell, state_of, venue_with


def trades(events: list[Event]) -> list[tuple[str, int, int]]:
    """Return ClOrdID(11) of the resting order, LastPx(31) and LastQty(32) of each trade."""
    return [(e.resting.order.cl_ord_id, e.last_px, e.last_qty) for e in events if isinstance(e, Trade)]


def test_an_order_that_crosses_nothing_is_accepted_and_rests() -> None:
    venue = venue_with()
    order = buy(100, at="100.25")

    assert venue.handle(order) == [OrderAccepted("2.0", state_of(order))]
    assert venue.depth("AAPL") == ([("100.25", 100)], [])


def test_new_comes_before_the_fill_and_each_side_has_its_own_report() -> None:
    """E31: 150=0 before the first 150=F; one event a match, each side with an ExecID(17) of its own."""
    resting, aggressor = sell(40, at="100.25", by=BOB), buy(100, at="100.30")
    venue = venue_with(resting)

    filled = state_of(resting, "1", ord_status=OrdStatus.FILLED, cum_qty=40, cum_notional=40 * 10_025)
    partly = state_of(aggressor, "2", ord_status=OrdStatus.PARTIALLY_FILLED, cum_qty=40, cum_notional=40 * 10_025)
    assert venue.handle(aggressor) == [
        OrderAccepted("3.0", state_of(aggressor, "2")),
        Trade("AAPL", Price(10_025), Qty(40), aggressor=Fill("3.2", partly), resting=Fill("3.1", filled)),
    ]
    assert venue.depth("AAPL") == ([("100.30", 60)], [])


def test_the_best_price_trades_first_then_the_oldest() -> None:
    venue = venue_with(
        sell(10, at="100.30", by=BOB, cl_ord_id="worst"),
        sell(10, at="100.25", by=BOB, cl_ord_id="best, first"),
        sell(10, at="100.25", by=CAROL, cl_ord_id="best, second"),
        sell(10, at="100.20", by=BOB, cl_ord_id="canceled"),
    )
    venue.handle(cancel(sell(10, at="100.20", by=BOB, cl_ord_id="canceled")))

    events = venue.handle(buy(25, at="100.30"))

    assert trades(events) == [
        ("best, first", 10_025, 10),
        ("best, second", 10_025, 10),
        ("worst", 10_030, 5),
    ]
    assert venue.depth("AAPL").asks == [("100.30", 5)]


def test_a_sell_takes_the_highest_bid_first() -> None:
    venue = venue_with(buy(10, at="99", cl_ord_id="low"), buy(10, at="101", cl_ord_id="high"), buy(10, at="100"))

    events = venue.handle(sell(15, at="99.50", by=BOB))

    assert [px for _, px, _ in trades(events)] == [10_100, 10_000]
    assert venue.depth("AAPL").bids == [("100.00", 5), ("99.00", 10)]


def test_a_partly_filled_order_keeps_its_place() -> None:
    venue = venue_with(sell(10, at="100", by=BOB, cl_ord_id="s1"), sell(10, at="100", by=BOB, cl_ord_id="s2"))

    venue.handle(buy(4, at="100"))
    events = venue.handle(buy(10, at="100"))

    assert trades(events) == [("s1", 10_000, 6), ("s2", 10_000, 4)]


def test_the_aggressor_gets_the_better_price_and_average_is_exact() -> None:
    """E2: cum_notional is the sum of LastPx times LastQty, from which AvgPx(6) is made."""
    venue = venue_with(sell(1, at="100.01", by=BOB), sell(2, at="100.02", by=BOB))

    *_, last = venue.handle(buy(3, at="105"))

    assert isinstance(last, Trade)
    assert last.aggressor.order.cum_notional == 10_001 + 2 * 10_002


def test_a_firm_may_trade_with_itself() -> None:
    """Self-trade prevention is not in this version; FIX 4.4 has none."""
    venue = venue_with(sell(10, at="100", cl_ord_id="s1"))

    assert trades(venue.handle(buy(10, at="100"))) == [("s1", 10_000, 10)]


def test_instruments_know_nothing_of_each_other() -> None:
    venue = venue_with(
        sell(10, at="100", symbol="AAPL", by=BOB),
        sell(10, at="200", symbol="MSFT", by=BOB, cl_ord_id="msft"),
        sell("0.5", at="64000.01", symbol="BTC-USD", by=BOB),
    )

    events = venue.handle(buy(4, at="300", symbol="MSFT"))

    assert trades(events) == [("msft", 20_000, 4)]
    assert venue.depth("AAPL").asks == [("100.00", 10)]
    assert venue.depth("MSFT").asks == [("200.00", 6)]
    assert venue.depth("BTC-USD").asks == [("64000.01", BTC_USD.parse_qty("0.5"))]


@pytest.mark.parametrize("time_in_force", [DAY, GTC])
def test_day_and_good_till_cancel_rest(time_in_force: TimeInForce) -> None:
    venue = venue_with(sell(40, at="100.25", by=BOB))

    events = venue.handle(buy(100, at="100.25", time_in_force=time_in_force))

    assert [type(e) for e in events] == [OrderAccepted, Trade]
    assert venue.depth("AAPL") == ([("100.25", 60)], [])


def test_ioc_trades_what_it_can_and_never_rests() -> None:
    """E25: the remainder is Canceled, not Expired, with what was filled."""
    venue = venue_with(sell(40, at="100.25", by=BOB))
    order = buy(100, at="100.25", time_in_force=IOC)

    events = venue.handle(order)

    assert [type(e) for e in events] == [OrderAccepted, Trade, OrderCanceled]
    assert events[-1] == OrderCanceled(
        "3.3",
        state_of(order, "2", ord_status=OrdStatus.CANCELED, cum_qty=40, leaves_qty=0, cum_notional=40 * 10_025),
        canceled_qty=Qty(60),
        rested=False,
        orig_cl_ord_id=None,
        text="TimeInForce(59)=3: the rest could not be filled at once",
    )
    assert venue.depth("AAPL") == ([], [])


def test_ioc_that_crosses_nothing_is_canceled_whole() -> None:
    venue = venue_with(sell(40, at="100.26", by=BOB))

    events = venue.handle(buy(100, at="100.25", time_in_force=IOC))

    assert [type(e) for e in events] == [OrderAccepted, OrderCanceled]
    assert venue.depth("AAPL") == ([], [("100.26", 40)])


def test_ioc_that_fills_is_not_canceled() -> None:
    venue = venue_with(sell(40, at="100.25", by=BOB))

    assert [type(e) for e in venue.handle(buy(40, at="100.25", time_in_force=IOC))] == [OrderAccepted, Trade]


def test_fok_that_cannot_fill_trades_nothing() -> None:
    """FillOrKill(59=4) is all or nothing: the book is left as it was."""
    venue = venue_with(sell(40, at="100.25"), sell(40, at="100.30"))
    order = buy(100, at="100.30", time_in_force=FOK)

    events = venue.handle(order)

    assert events == [
        OrderAccepted("4.0", state_of(order, "3")),
        OrderCanceled(
            "4.1",
            state_of(order, "3", ord_status=OrdStatus.CANCELED, leaves_qty=0),
            canceled_qty=Qty(100),
            rested=False,
            orig_cl_ord_id=None,
            text="TimeInForce(59)=4: not all of it could be filled at once",
        ),
    ]
    assert venue.depth("AAPL").asks == [("100.25", 40), ("100.30", 40)]


def test_fok_fills_over_several_levels_to_the_last_share() -> None:
    venue = venue_with(sell(40, at="100.25", by=BOB), sell(60, at="100.30", by=BOB), sell(1, at="100.31", by=BOB))

    events = venue.handle(buy(100, at="100.30", time_in_force=FOK))

    assert [type(e) for e in events] == [OrderAccepted, Trade, Trade]
    assert venue.depth("AAPL") == ([], [("100.31", 1)])


def test_fok_does_not_count_what_is_beyond_its_price() -> None:
    venue = venue_with(sell(40, at="100.25", by=BOB), sell(60, at="100.31", by=BOB))

    assert [type(e) for e in venue.handle(buy(100, at="100.30", time_in_force=FOK))] == [OrderAccepted, OrderCanceled]


def test_a_market_order_takes_any_price_and_does_not_rest() -> None:
    venue = venue_with(sell(40, at="100.25", by=BOB), sell(40, at="500", by=BOB))
    order = buy(100)

    events = venue.handle(order)

    assert [px for _, px, _ in trades(events)] == [10_025, 50_000]
    last = events[-1]
    assert isinstance(last, OrderCanceled)
    assert (last.canceled_qty, last.rested) == (20, False)
    assert last.text == "OrdType(40)=1: nothing left to trade with, and a market order does not rest"
    assert venue.depth("AAPL") == ([], [])


@pytest.mark.parametrize("time_in_force", [DAY, GTC, IOC, FOK])
def test_a_market_order_in_an_empty_book_is_canceled(time_in_force: TimeInForce) -> None:
    venue = venue_with()

    assert [type(e) for e in venue.handle(sell(5, time_in_force=time_in_force))] == [OrderAccepted, OrderCanceled]


def test_a_market_fok_needs_all_of_it() -> None:
    venue = venue_with(buy(40, at="100", by=BOB))

    assert [type(e) for e in venue.handle(sell(41, time_in_force=FOK))] == [OrderAccepted, OrderCanceled]
    assert [type(e) for e in venue.handle(sell(40, time_in_force=FOK))] == [OrderAccepted, Trade]


def test_a_spread_trades_at_a_negative_price() -> None:
    venue = venue_with(
        sell(5, at="-0.10", symbol="SPREAD", by=BOB, cl_ord_id="s1"),
        sell(5, at="0", symbol="SPREAD", by=BOB, cl_ord_id="s2"),
    )

    *_, last = events = venue.handle(buy(10, at="0.05", symbol="SPREAD"))

    assert trades(events) == [("s1", -10, 5), ("s2", 0, 5)]
    assert isinstance(last, Trade)
    assert last.aggressor.order.cum_notional == -50


def test_a_lone_level_disappears_with_its_last_order() -> None:
    order = buy(10, at="100")
    venue = venue_with(order, buy(10, at="99", by=ALICE))

    venue.handle(cancel(order))

    assert venue.depth("AAPL").bids == [("99.00", 10)]
