"""Trades that the operator undoes or corrects: the orders, the positions and the last price follow (E30)."""

import msgspec
import pytest

from fixgw.engine.trades import RememberedTrade, Trades
from fixgw.spec.commands import BeginDay, BustTrade, ContinueSweep, CorrectTrade, EndDay
from fixgw.spec.events import (
    Event,
    Fill,
    OperatorRefused,
    OrderCanceled,
    OrderState,
    Trade,
    TradeBusted,
    TradeCorrected,
)
from fixgw.spec.values import ExecRestatementReason, OrdStatus, Price, Qty
from tests.orders import BOB, GTC, IOC, Venue, buy, cancel, configuration, replace, sell, state_of

OLIVIA = ("olivia", "a mistake")


def bust(trade_id: str) -> BustTrade:
    return BustTrade(*OLIVIA, trade_id)


def correct(trade_id: str, *, price: str | None = None, qty: str | None = None) -> CorrectTrade:
    return CorrectTrade(*OLIVIA, trade_id, price, qty)


@pytest.fixture
def venue() -> Venue:
    """With the trade 3.1: Alice rests with 100, of which Bob has taken 30."""
    venue = Venue(configuration())
    venue.handle(sell(100, at="100.25", cl_ord_id="a1"))
    venue.handle(buy(30, at="100.25", by=BOB, cl_ord_id="b1"))
    return venue


def states(event: Event) -> tuple[OrderState, OrderState]:
    """The resting order and the other one."""
    assert isinstance(event, TradeBusted | TradeCorrected), event
    return event.resting.order, event.aggressor.order


def amounts(order: OrderState) -> tuple[OrdStatus, int, int, int]:
    return order.ord_status, order.cum_qty, order.leaves_qty, order.cum_notional


def test_an_open_order_has_its_quantity_back_and_a_filled_one_is_canceled(venue: Venue) -> None:
    busted, canceled = venue.handle(bust("3.1"))

    resting, aggressor = states(busted)
    assert amounts(resting) == (OrdStatus.NEW, 0, 100, 0)
    assert amounts(aggressor) == (OrdStatus.NEW, 0, 30, 0)
    assert isinstance(canceled, OrderCanceled)
    assert amounts(canceled.order) == (OrdStatus.CANCELED, 0, 0, 0)
    assert (canceled.canceled_qty, canceled.rested) == (30, False)
    assert canceled.exec_restatement_reason is ExecRestatementReason.MARKET_OPTION
    assert venue.core.gate.positions.all() == {}
    assert venue.core.exchange.market.last_trades == {}


@pytest.mark.parametrize("trade_id", ["3.1", "3.2"])
def test_either_side_s_report_names_the_trade(venue: Venue, trade_id: str) -> None:
    assert isinstance(venue.handle(bust(trade_id))[0], TradeBusted)


@pytest.mark.parametrize("trade_id", ["3.0", "3.3", "2.0", "4.1", "", "x", "3", "3.", ".1", "-3.1", "3.1.1", "99.99"])
def test_what_names_no_trade_is_refused(venue: Venue, trade_id: str) -> None:
    text = f"there is no trade {trade_id} of this trading day; see: fixgw trades list"
    assert venue.handle(bust(trade_id)) == [OperatorRefused("olivia", text)]


def test_a_trade_is_busted_once(venue: Venue) -> None:
    venue.handle(bust("3.1"))

    for command in (bust("3.2"), correct("3.1", price="100.20")):
        assert venue.handle(command) == [OperatorRefused("olivia", "trade 3.1 is busted already")]


def test_each_correction_refers_to_the_report_before_it(venue: Venue) -> None:
    first = venue.handle(correct("3.1", price="100.20"))[0]
    second = venue.handle(correct("3.1", price="100.25"))[0]
    third = venue.handle(bust("3.1"))[0]

    assert isinstance(first, TradeCorrected)
    assert isinstance(second, TradeCorrected)
    assert isinstance(third, TradeBusted)
    assert (first.resting.exec_ref_id, first.aggressor.exec_ref_id) == ("3.1", "3.2")
    assert (second.resting.exec_ref_id, second.aggressor.exec_ref_id) == (
        first.resting.exec_id, first.aggressor.exec_id,
    )  # fmt: skip
    assert (third.resting.exec_ref_id, third.aggressor.exec_ref_id) == (
        second.resting.exec_id, second.aggressor.exec_id,
    )  # fmt: skip


def test_another_price_changes_what_was_paid_and_nothing_else(venue: Venue) -> None:
    (corrected,) = venue.handle(correct("3.1", price="99.00"))

    resting, aggressor = states(corrected)
    assert amounts(resting) == (OrdStatus.PARTIALLY_FILLED, 30, 70, 30 * 9_900)
    assert amounts(aggressor) == (OrdStatus.FILLED, 30, 0, 30 * 9_900)
    assert venue.core.exchange.market.last_trades == {"AAPL": 9_900}


def test_less_of_a_trade_is_as_a_bust_of_the_rest(venue: Venue) -> None:
    corrected, canceled = venue.handle(correct("3.1", qty="10"))

    resting, aggressor = states(corrected)
    assert amounts(resting)[:3] == (OrdStatus.PARTIALLY_FILLED, 10, 90)
    assert amounts(aggressor)[:3] == (OrdStatus.PARTIALLY_FILLED, 10, 20)
    assert isinstance(canceled, OrderCanceled)
    assert amounts(canceled.order)[:3] == (OrdStatus.CANCELED, 10, 0)
    assert venue.core.gate.positions.all() == {("A1", "AAPL"): -10, ("B1", "AAPL"): 10}


def test_no_order_trades_more_than_its_quantity(venue: Venue) -> None:
    text = "order 2 would trade 1 more, and 0 of its quantity is not traded"
    assert venue.handle(correct("3.1", qty="31")) == [OperatorRefused("olivia", text)]


def test_more_of_a_trade_may_fill_an_order_that_rests(venue: Venue) -> None:
    """J.1.a, line 12: the quantity is corrected upwards, and less is left; here nothing is."""
    venue.handle(correct("3.1", qty="10"))
    venue.handle(buy(80, at="100.25", by=BOB))

    (corrected,) = venue.handle(correct("3.1", qty="20"))

    resting, aggressor = states(corrected)
    assert amounts(resting)[:3] == (OrdStatus.FILLED, 100, 0)
    assert amounts(aggressor)[:3] == (OrdStatus.CANCELED, 20, 0)
    assert venue.depth("AAPL").asks == []


def test_an_order_that_was_canceled_stays_so(venue: Venue) -> None:
    """App D J.1.b: canceled takes precedence over new."""
    venue.handle(cancel(sell(100, at="100.25", cl_ord_id="a1")))

    busted, canceled = venue.handle(bust("3.1"))

    assert amounts(states(busted)[0]) == (OrdStatus.CANCELED, 0, 0, 0)
    assert isinstance(canceled, OrderCanceled)
    assert canceled.order.session == BOB.session


def test_what_comes_back_goes_behind_the_others_of_its_price(venue: Venue) -> None:
    venue.handle(sell(5, at="100.25"))

    venue.handle(bust("3.1"))

    assert [order.order_id for order in _asks(venue)] == ["3", "1"]


def test_more_of_a_trade_leaves_the_order_its_place(venue: Venue) -> None:
    venue.handle(correct("3.1", qty="10"))
    venue.handle(sell(5, at="100.25"))

    venue.handle(correct("3.1", qty="20"))

    assert [(order.order_id, order.leaves_qty) for order in _asks(venue)] == [("1", 80), ("3", 5)]


def _asks(venue: Venue) -> list[OrderState]:
    return [order.state() for level in venue.core.exchange.market.books["AAPL"].asks for order in level.orders.values()]


def test_an_order_that_was_replaced_is_open_as_it_was_replaced(venue: Venue) -> None:
    order = sell(100, at="100.25", cl_ord_id="a1")
    venue.handle(replace(order, 50, at="100.30"))

    resting, _ = states(venue.handle(bust("3.1"))[0])

    assert (resting.order_qty, resting.price, *amounts(resting)[:3]) == (50, 10_030, OrdStatus.NEW, 0, 50)


def test_the_last_price_is_that_of_the_last_trade_that_stands(venue: Venue) -> None:
    venue.handle(sell(1, at="100.00"))
    venue.handle(buy(1, at="100.00", by=BOB, time_in_force=IOC))

    last, first = venue.handle(bust("5.1"))[0], venue.handle(bust("3.1"))[0]

    assert isinstance(last, TradeBusted)
    assert isinstance(first, TradeBusted)
    assert (last.market_px, first.market_px) == (10_025, None)


def test_trades_of_the_day_before_stand_and_give_the_last_price(venue: Venue) -> None:
    venue.handle(EndDay(*OLIVIA, "2026-11-20"))
    while venue.core.exchange.sweeps:
        venue.handle(ContinueSweep())
    venue.handle(BeginDay("2026-11-21", restates_gtc=False))
    venue.handle(sell(1, at="100.00", time_in_force=GTC))
    traded = venue.handle(buy(1, at="100.00", by=BOB))[1]
    assert isinstance(traded, Trade)

    assert isinstance(venue.handle(bust("3.1"))[0], OperatorRefused)
    busted = venue.handle(bust(traded.resting.exec_id))[0]

    assert isinstance(busted, TradeBusted)
    assert busted.market_px == 10_025


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (correct("3.1"), "trade 3.1 is 30 at 100.25 already"),
        (correct("3.2", price="100.250", qty="30"), "trade 3.1 is 30 at 100.25 already"),
        (correct("3.1", price="0"), "the price 0 is not above zero"),
        (correct("3.1", price="100.255"), "the price 100.255 has more than 2 decimals"),
        (correct("3.1", price="cheap"), "the price cheap is not a plain decimal number"),
        (correct("3.1", qty="0"), "the quantity 0 is not above zero"),
        (correct("3.1", qty="0.5"), "the quantity 0.5 has more than 0 decimals"),
    ],
)
def test_what_a_trade_cannot_be_is_refused(venue: Venue, command: CorrectTrade, text: str) -> None:
    assert venue.handle(command) == [OperatorRefused("olivia", text)]


def test_tick_and_lot_hold_for_corrections() -> None:
    venue = Venue(configuration())
    venue.handle(sell(1, at="4000.00", symbol="ESZ6"))
    venue.handle(buy(1, at="4000.00", symbol="ESZ6", by=BOB))
    venue.handle(sell("1", at="9.00", symbol="BTC-USD"))
    venue.handle(buy("1", at="9.00", symbol="BTC-USD", by=BOB))

    assert venue.handle(correct("3.1", price="4000.10")) == [
        OperatorRefused("olivia", "the price 4000.10 is not a multiple of the tick 0.25")
    ]
    assert venue.handle(correct("5.1", qty="0.0005")) == [
        OperatorRefused("olivia", "the quantity 0.0005 is not a multiple of the lot 0.0010")
    ]


# What is remembered.


def traded(number: int, price: int = 100) -> Trade:
    state = state_of(sell(1, at="1.00"), ord_status=OrdStatus.FILLED, cum_qty=1)
    sides = Fill(f"{number}.2", state), Fill(f"{number}.1", state)
    return Trade("AAPL", Price(price), Qty(1), *sides)


def test_the_older_half_is_let_go_when_there_are_twice_too_many() -> None:
    trades = Trades(count_max=3)
    for number in range(1, 7):
        trades.remember(traded(number, price=100 + number))

    assert [trade.trade_id for trade in trades] == ["4.1", "5.1", "6.1"]
    assert trades.find("3.1") is None
    for trade in trades:
        trade.last_qty = Qty(0)
    assert trades.market_px("AAPL") == 103


def test_a_day_of_many_trades_finds_each() -> None:
    """By their numbers, not by their text: 10.1 comes after 9.1."""
    trades = Trades()
    for number in range(1, 1_000, 3):
        trades.remember(traded(number))

    assert all(
        (found := trades.find(f"{number}.{index}")) is not None and found.trade_id == f"{number}.1"
        for number in range(1, 1_000, 3)
        for index in (1, 2)
    )


def test_a_state_makes_the_same_trades_again() -> None:
    trades, again = Trades(count_max=2), Trades(count_max=2)
    for number in range(1, 6):
        trades.remember(traded(number))
    found = trades.find("4.2")
    assert isinstance(found, RememberedTrade)
    found.amended = ("7.0", "7.1")

    encoded = msgspec.msgpack.encode(trades.state())
    again.restore(msgspec.msgpack.decode(encoded, type=type(trades.state())))

    assert msgspec.msgpack.encode(again.state()) == encoded
    same = again.find("4.1")
    assert same is not None
    assert same.exec_ids() == ("7.0", "7.1")
