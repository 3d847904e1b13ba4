"""Lists: all or nothing, and what follows for one order from another before anybody else trades."""

import msgspec

from fixgw.spec.commands import CancelList, DelistInstrument, ListEntry, NewOrder, NewOrderList, Quote
from fixgw.spec.events import (
    Event,
    ListStated,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderRejected,
    OrderTriggered,
    QuoteReported,
    Trade,
)
from fixgw.spec.instructions import Instructions
from fixgw.spec.participant import MarketMaker, Participant
from fixgw.spec.quotes import NO_ENTRY, QuoteEntry
from fixgw.spec.values import (
    ContingencyType,
    ListOrderStatus,
    OrdRejReason,
    OrdStatus,
    OrdType,
    Qty,
    QuoteResponseLevel,
    SelfMatchPrevention,
    Side,
)
from tests.orders import (
    AAPL,
    ALICE,
    BOB,
    FOK,
    IOC,
    Venue,
    buy,
    cancel,
    configuration,
    limits,
    replace,
    sell,
    venue_with,
)

OCO = ContingencyType.ONE_CANCELS_THE_OTHER
OTO = ContingencyType.ONE_TRIGGERS_THE_OTHER
OUO = ContingencyType.ONE_UPDATES_THE_OTHER_ABSOLUTE
SHARES = ContingencyType.ONE_UPDATES_THE_OTHER_PROPORTIONAL


def list_of(
    *orders: NewOrder, kind: ContingencyType | None, link: str | None = None, list_id: str = "L1"
) -> NewOrderList:
    first = orders[0]
    return NewOrderList(first.session, first.firm, list_id, kind, tuple(ListEntry(order, link) for order in orders))


def kinds(events: list[Event]) -> list[type]:
    return [type(event) for event in events]


def quantities(venue: Venue, *order_ids: int) -> list[tuple[str, int, int, int]]:
    """Return status, OrderQty, LeavesQty and what of that is held, of each order."""
    found: list[tuple[str, int, int, int]] = []
    for order_id in order_ids:
        order = venue.core.exchange.market.orders.by_order_id(str(order_id))
        assert order is not None
        state = order.state()
        found.append((state.ord_status.name, state.order_qty, state.leaves_qty, state.held_qty))
    return found


def test_two_orders_of_which_one_cancels_the_other_never_both_trade_in_one_step() -> None:
    """An order that sweeps over both prices meets one of them only."""
    venue = venue_with(list_of(sell(10, at="100.00"), sell(10, at="100.01"), kind=OCO))

    events = venue.handle(buy(20, at="100.01", by=BOB))

    assert kinds(events) == [OrderAccepted, Trade, OrderCanceled]
    assert quantities(venue, 1, 2, 3) == [("FILLED", 10, 0, 0), ("CANCELED", 10, 0, 0), ("PARTIALLY_FILLED", 20, 10, 0)]


def test_a_fill_or_kill_does_not_count_on_both() -> None:
    venue = venue_with(list_of(sell(10, at="100.00"), sell(10, at="100.01"), kind=OCO))

    assert kinds(venue.handle(buy(20, at="100.01", by=BOB, time_in_force=FOK))) == [OrderAccepted, OrderCanceled]
    assert kinds(venue.handle(buy(10, at="100.01", by=BOB, time_in_force=FOK))) == [OrderAccepted, Trade, OrderCanceled]


def test_a_fill_or_kill_counts_what_updates_leave() -> None:
    venue = venue_with(list_of(sell(10, at="100.00"), sell(15, at="100.01"), kind=OUO))

    assert kinds(venue.handle(buy(16, at="100.01", by=BOB, time_in_force=FOK))) == [OrderAccepted, OrderCanceled]
    events = venue.handle(buy(15, at="100.01", by=BOB, time_in_force=FOK))
    assert kinds(events) == [OrderAccepted, Trade, OrderAmended, Trade]


def test_orders_of_one_list_that_trade_with_each_other_both_end() -> None:
    """Each has traded, and so each ends the other."""
    venue = venue_with()

    events = venue.handle(list_of(sell(10, at="100.00"), buy(15, at="100.00"), kind=OCO))

    assert kinds(events) == [OrderAccepted, OrderAccepted, Trade, OrderCanceled, ListStated]
    assert quantities(venue, 1, 2) == [("FILLED", 10, 0, 0), ("CANCELED", 15, 0, 0)]


def test_what_an_order_canceled_so_would_have_canceled_stays() -> None:
    venue = venue_with(list_of(sell(10, at="100.00"), sell(10, at="101.00"), sell(10, at="102.00"), kind=OCO))

    venue.handle(buy(4, at="100.00", by=BOB))

    assert quantities(venue, 1, 2, 3) == [
        ("PARTIALLY_FILLED", 10, 6, 0), ("CANCELED", 10, 0, 0), ("CANCELED", 10, 0, 0)
    ]  # fmt: skip


def test_an_order_that_comes_after_the_end_of_another_is_canceled_at_once() -> None:
    events = venue_with().handle(list_of(buy(10, at="99.00", time_in_force=IOC), buy(10, at="98.00"), kind=OCO))

    assert kinds(events) == [OrderAccepted, OrderCanceled, OrderAccepted, OrderCanceled, ListStated]
    stated = events[-1]
    assert isinstance(stated, ListStated)
    assert stated.list_order_status is ListOrderStatus.ALL_DONE


def test_shares_are_rounded_down_to_whole_lots_and_nobody_is_out_early() -> None:
    venue = venue_with(list_of(sell(3, at="100.00"), sell("0.0020", at="50.00", symbol="BTC-USD"), kind=SHARES))

    for expected in (20, 10):
        venue.handle(buy(1, at="100.00", by=BOB))
        assert quantities(venue, 2) == [("NEW", expected, expected, 0)]
    venue.handle(buy(1, at="100.00", by=BOB))
    assert quantities(venue, 1, 2) == [("FILLED", 3, 0, 0), ("CANCELED", 10, 0, 0)]


def bracket(venue: Venue, qty: int = 100) -> tuple[NewOrder, NewOrder, NewOrder]:
    """Enter an entry at 100.00, order 1, with a take-profit at 105.00 and a stop-loss at 95.00."""
    stop = Instructions(stop_px=AAPL.parse_price("95.00"))
    stop_loss = buy(qty, side=Side.SELL, ord_type=OrdType.STOP, instructions=stop)
    orders = buy(qty, at="100.00"), sell(qty, at="105.00"), stop_loss
    venue.handle(list_of(*orders, kind=OTO, link="exit"))
    return orders


def test_exits_are_in_no_book_until_the_entry_trades() -> None:
    venue = venue_with()
    bracket(venue)

    assert venue.depth("AAPL") == ([("100.00", 100)], [])
    assert quantities(venue, 2, 3) == [("NEW", 100, 100, 100)] * 2
    venue.handle(sell(30, at="100.00", by=BOB))
    assert venue.depth("AAPL") == ([("100.00", 70)], [("105.00", 30)])


def test_an_exit_that_is_done_with_its_part_waits_for_the_rest() -> None:
    """It is not filled, and comes back into the book when the entry trades again."""
    venue = venue_with()
    bracket(venue)
    venue.handle(sell(30, at="100.00", by=BOB))

    venue.handle(buy(40, at="105.00", by=BOB, time_in_force=IOC))
    assert quantities(venue, 2, 3) == [("PARTIALLY_FILLED", 100, 70, 70), ("NEW", 70, 70, 70)]
    assert venue.depth("AAPL") == ([("100.00", 70)], [])

    venue.handle(sell(70, at="100.00", by=BOB))
    assert quantities(venue, 2, 3) == [("PARTIALLY_FILLED", 100, 70, 0), ("NEW", 70, 70, 0)]


def test_a_stop_loss_whose_trigger_has_gone_off_takes_each_further_part_to_the_market() -> None:
    venue = venue_with()
    entry, *_ = bracket(venue)
    venue.handle(sell(30, at="100.00", by=BOB))
    venue.handle(replace(entry, at="90.00"))

    for order in (buy(31, at="94.00", by=BOB), sell(1, at="94.00", by=BOB)):
        venue.handle(order)
    assert quantities(venue, 2, 3) == [("NEW", 70, 70, 70), ("PARTIALLY_FILLED", 100, 70, 70)]

    for order in (buy(80, at="89.00", by=BOB), sell(70, at="90.00", by=BOB)):
        venue.handle(order)
    assert quantities(venue, 1, 2, 3) == [("FILLED", 100, 0, 0), ("CANCELED", 70, 0, 0), ("FILLED", 100, 0, 0)]


def test_what_the_entry_will_never_trade_its_exits_will_not_either() -> None:
    venue = venue_with()
    entry, *_ = bracket(venue)
    venue.handle(sell(30, at="100.00", by=BOB))
    venue.handle(buy(30, at="105.00", by=BOB))

    events = venue.handle(cancel(entry))

    assert kinds(events) == [OrderCanceled, OrderAmended, OrderCanceled]
    assert quantities(venue, 2, 3) == [("FILLED", 30, 0, 0), ("CANCELED", 70, 0, 0)]


def test_a_higher_quantity_of_an_exit_is_never_more_than_the_entry_has_traded() -> None:
    venue = venue_with()
    _, take_profit, _ = bracket(venue)

    venue.handle(replace(take_profit, 200))
    venue.handle(sell(100, at="100.00", by=BOB))

    assert quantities(venue, 2, 3) == [("NEW", 100, 100, 0), ("NEW", 100, 100, 0)]


def test_all_orders_of_a_list_are_rejected_for_one() -> None:
    venue = venue_with()

    events = venue.handle(list_of(buy(10, at="99.00"), buy(10, at="98.00", symbol="NONE"), kind=OCO))

    assert kinds(events) == [OrderRejected, OrderRejected, ListStated]
    assert [e.ord_rej_reason for e in events if isinstance(e, OrderRejected)] == [
        OrdRejReason.OTHER, OrdRejReason.UNKNOWN_SYMBOL
    ]  # fmt: skip
    assert venue.live_orders() == []


def test_limits_count_all_orders_of_a_list() -> None:
    """Each alone would be within the limit."""
    venue = venue_with(configured=configuration(limits(open_notional_max="1500")))

    first, second, _ = venue.handle(list_of(buy(10, at="100.00"), buy(10, at="99.00"), kind=OCO))

    assert isinstance(first, OrderRejected)
    assert isinstance(second, OrderRejected)
    assert second.ord_rej_reason is OrdRejReason.ORDER_EXCEEDS_LIMIT
    assert kinds(venue.handle(buy(10, at="100.00"))) == [OrderAccepted]


def test_a_cl_ord_id_that_stands_twice_in_a_list_is_refused() -> None:
    orders = buy(10, at="99.00", cl_ord_id="twice"), buy(10, at="98.00", cl_ord_id="twice")

    events = venue_with().handle(list_of(*orders, kind=None))

    assert kinds(events) == [OrderRejected, OrderRejected, ListStated]
    assert [event.order.ord_status for event in events if isinstance(event, OrderRejected)] == [OrdStatus.REJECTED] * 2


def test_a_list_of_another_session_is_not_canceled() -> None:
    venue = venue_with(list_of(buy(10, at="99.00"), buy(10, at="98.00"), kind=OCO))

    (stated,) = venue.handle(CancelList(BOB.session, BOB.firm, "L1"))

    assert isinstance(stated, ListStated)
    assert stated.list_order_status is ListOrderStatus.REJECT
    assert len(venue.live_orders()) == 2


# What lists meet elsewhere.

TRAILS = Instructions(exec_inst="a", peg_offset_value=50)


def test_a_trailing_stop_of_a_bracket_begins_where_the_market_is_when_its_entry_trades() -> None:
    """Placed as the list comes it would be 0.50 below 100.00, and go off with the entry's own trade at 99.00."""
    exit_ = msgspec.structs.replace(sell(10), ord_type=OrdType.PEGGED, instructions=TRAILS)
    venue = venue_with(sell(1, at="100.00", by=BOB), buy(1, at="100.00"))
    venue.handle(list_of(buy(10, at="99.00"), sell(10, at="101.00"), exit_, kind=OTO, link="exit"))
    assert venue.live_orders()[-1].trigger_price == AAPL.parse_price("99.50")

    events = venue.handle(sell(4, at="99.00", by=BOB))

    assert OrderTriggered not in kinds(events)
    trailing = venue.core.exchange.market.orders.by_order_id("5")
    assert trailing is not None
    assert (trailing.trigger_price, trailing.leaves_qty) == (AAPL.parse_price("98.50"), 4)


def test_what_gives_way_to_itself_ends_the_others_before_the_next_trade() -> None:
    """The end of an order ends the others, also where it must not trade with one of its own hand."""
    mine = {"account": "A1", "instructions": Instructions(self_match_prevention=SelfMatchPrevention.CANCEL_OLDEST)}
    venue = venue_with(list_of(sell(10, at="100.00"), sell(10, at="100.01"), kind=OCO), sell(5, at="100.01", by=BOB))

    events = venue.handle(msgspec.structs.replace(buy(15, at="100.01"), **mine))

    assert kinds(events) == [OrderAccepted, OrderCanceled, OrderCanceled, Trade]
    assert quantities(venue, 1, 2, 3)[:2] == [("CANCELED", 10, 0, 0), ("CANCELED", 10, 0, 0)]


def test_a_fill_or_kill_does_not_count_on_what_gives_way_with_others() -> None:
    mine = {"account": "A1", "instructions": Instructions(self_match_prevention=SelfMatchPrevention.CANCEL_OLDEST)}
    venue = venue_with(list_of(sell(10, at="100.00"), sell(10, at="100.01"), kind=OCO), sell(5, at="100.01", by=BOB))

    events = venue.handle(msgspec.structs.replace(buy(6, at="100.01", time_in_force=FOK), **mine))

    assert kinds(events) == [OrderAccepted, OrderCanceled]


def test_a_part_of_an_iceberg_is_shown_each_time_more_of_it_may_trade() -> None:
    iceberg = msgspec.structs.replace(sell(10, at="101.00"), instructions=Instructions(max_floor=Qty(2)))
    venue = venue_with(list_of(buy(10, at="99.00"), iceberg, kind=OTO))

    venue.handle(sell(4, at="99.00", by=BOB))
    assert (venue.live_orders()[-1].working_qty, venue.live_orders()[-1].hidden_qty) == (4, 2)
    venue.handle(buy(3, at="101.00", by=BOB))
    assert (venue.live_orders()[-1].working_qty, venue.live_orders()[-1].hidden_qty) == (1, 0)


def test_a_quote_that_trades_with_an_order_of_a_list_has_its_consequences() -> None:
    maker = Participant("CLIENT3", "GAMMA", ("G1",), MarketMaker())
    venue = venue_with(configured=configuration(participants=(ALICE, BOB, maker)))
    venue.handle(list_of(sell(10, at="100.00"), buy(10, at="98.00"), kind=OCO))
    bid = QuoteEntry("s", NO_ENTRY, "AAPL", AAPL.parse_price("100.00"), Qty(4), None, Qty(0))

    events = venue.handle(Quote("CLIENT3", "GAMMA", "G1", "q1", QuoteResponseLevel.EACH, bid))

    assert kinds(events) == [QuoteReported, OrderAccepted, Trade, OrderCanceled]


def test_all_that_the_parent_has_traded_counts_for_a_child_that_comes_later() -> None:
    """Also what it trades with its own child: that has all of it, before the end of the parent ends what is held."""
    venue = venue_with(buy(3, at="100.00", by=BOB))

    venue.handle(list_of(sell(4, at="100.00"), buy(4, at="100.00"), buy(4, at="100.00"), kind=OTO))

    parent, first, second = quantities(venue, 2, 3, 4)
    assert (parent[0], first[1] + second[1]) == ("FILLED", 8)


def test_an_instrument_is_delisted_with_the_lists_in_it() -> None:
    """What is held is canceled too, and an order in another instrument that depends on one here."""
    venue = venue_with(
        list_of(buy(10, at="99.00"), sell(10, at="101.00"), kind=OTO),
        list_of(buy(1, at="99.00"), buy(1, at="99.00", symbol="MSFT"), kind=OCO, list_id="L2"),
    )

    venue.handle(DelistInstrument("olivia", "a merger", "AAPL", True))

    assert venue.live_orders() == []


def test_a_lists_prices_are_within_the_band_or_none_is_taken() -> None:
    banded = msgspec.structs.replace(AAPL, reference_price=AAPL.parse_price("100.00"), static_band_ticks=100)
    venue = venue_with(configured=configuration(instruments=(banded,)))

    events = venue.handle(list_of(sell(10, at="100.50"), sell(10, at="101.50"), kind=OCO))

    assert kinds(events) == [OrderRejected, OrderRejected, ListStated]
