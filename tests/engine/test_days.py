"""Trading days in the engine: who expires, who goes on, and what is taken between two days."""

from fixgw.spec.commands import BeginDay, CancelAllByOperator, ContinueSweep, EndDay, Kill
from fixgw.spec.events import (
    CancelRejected,
    DayBegun,
    DayEnding,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderRestated,
    OrdersExpired,
    OrdersRestated,
    OrdersSwept,
    Trade,
)
from fixgw.spec.values import CxlRejReason, ExecRestatementReason, OrdRejReason, OrdStatus, Qty
from tests.orders import ALICE, BOB, CAROL, DAY, GTC, IOC, buy, cancel, mass_cancel, replace, sell, state_of, venue_with

BY = ("olivia", "a drill")
FRIDAY, SATURDAY = "2026-11-20", "2026-11-21"
END = EndDay(*BY, FRIDAY)
BEGIN = BeginDay(SATURDAY, restates_gtc=False)
RESTATE = BeginDay(SATURDAY, restates_gtc=True)
ENDED_TEXT = "the trading day 2026-11-20 has ended; the next one begins in a moment"


def expired(events: list[Event]) -> list[str]:
    return [event.order.order_id for event in events if isinstance(event, OrderExpired)]


def test_a_day_order_expires_with_what_it_has_traded() -> None:
    """E26: LeavesQty(151)=0, CumQty(14) as it was."""
    order = buy(10, at="1.00")
    venue = venue_with(order, sell(4, at="1.00", by=BOB))

    events = venue.handle(END)

    state = state_of(order, ord_status=OrdStatus.EXPIRED, cum_qty=4, leaves_qty=0, cum_notional=400)
    assert events == [
        DayEnding(FRIDAY, *BY),
        OrderExpired("4.0", state, Qty(6), "the trading day 2026-11-20 has ended: a drill"),
        OrdersExpired(FRIDAY, 1, 0),
    ]
    assert venue.depth("AAPL").bids == []


def test_only_open_day_orders_expire_by_session_the_oldest_first() -> None:
    filled = buy(1, at="1.00")
    venue = venue_with(
        filled,
        sell(1, at="1.00", by=BOB),
        buy(1, at="0.90", by=CAROL),
        buy(1, at="0.90", time_in_force=GTC),
        buy(1, at="0.80"),
        buy(1, at="5.00", time_in_force=IOC),
        buy(1, at="0.70"),
    )

    assert expired(venue.handle(END)) == ["5", "7", "3"]
    assert venue.depth("AAPL").bids == [("0.90", 1)]


def test_what_counts_is_the_time_in_force_that_the_order_has_as_the_day_ends() -> None:
    kept, gone = buy(1, at="1.00"), buy(1, at="1.00", time_in_force=GTC)
    venue = venue_with(kept, gone, replace(kept, time_in_force=GTC), replace(gone, time_in_force=DAY))

    assert expired(venue.handle(END)) == ["2"]


def test_good_till_cancel_orders_keep_their_place_in_the_queue() -> None:
    first, second = (sell(1, at="1.00", by=by, time_in_force=GTC) for by in (ALICE, CAROL))
    venue = venue_with(first, sell(5, at="1.00"), second, END, RESTATE)

    events = venue.handle(buy(2, at="1.00", by=BOB))

    assert [event.resting.order.order_id for event in events if isinstance(event, Trade)] == ["1", "3"]


def test_between_two_days_nothing_is_entered_or_replaced_and_all_may_be_canceled() -> None:
    first, second, third = (buy(1, at="1.00", time_in_force=GTC) for _ in range(3))
    venue = venue_with(first, second, third, END)

    (rejected,) = venue.handle(buy(1, at="1.00"))
    (refused,) = venue.handle(replace(first, at="1.10"))
    (canceled,) = venue.handle(cancel(second))
    (of_third, *_) = venue.handle(mass_cancel())

    assert isinstance(rejected, OrderRejected)
    assert (rejected.ord_rej_reason, rejected.text) == (OrdRejReason.EXCHANGE_CLOSED, ENDED_TEXT)
    assert isinstance(refused, CancelRejected)
    assert (refused.cxl_rej_reason, refused.text) == (CxlRejReason.BROKER_OR_EXCHANGE_OPTION, ENDED_TEXT)
    assert isinstance(canceled, OrderCanceled)
    assert isinstance(of_third, OrderCanceled)
    assert venue.handle(BEGIN) == [DayBegun(SATURDAY)]
    assert isinstance(venue.handle(buy(1, at="1.00"))[0], OrderAccepted)


def test_a_restatement_tells_the_order_as_it_stands() -> None:
    """E37: ExecRestatementReason(378)=1, quantities over all days."""
    order = buy(10, at="1.00", time_in_force=GTC)
    venue = venue_with(order, sell(4, at="1.00", by=BOB), END)

    events = venue.handle(RESTATE)

    state = state_of(order, ord_status=OrdStatus.PARTIALLY_FILLED, cum_qty=4, cum_notional=400)
    assert events == [
        OrderRestated("5.0", state, ExecRestatementReason.GT_RENEWAL),
        OrdersRestated(SATURDAY, 1, 0),
        DayBegun(SATURDAY),
    ]


def test_no_order_is_taken_until_the_last_one_is_restated() -> None:
    venue = venue_with(*(buy(1, at="1.00", time_in_force=GTC) for _ in range(201)), END)
    *_, first = venue.handle(RESTATE)

    assert first == OrdersRestated(SATURDAY, 200, 1)
    assert isinstance(venue.handle(buy(1, at="1.00"))[0], OrderRejected)
    assert venue.handle(ContinueSweep())[1:] == [OrdersRestated(SATURDAY, 1, 0), DayBegun(SATURDAY)]
    assert isinstance(venue.handle(buy(1, at="1.00"))[0], OrderAccepted)


def test_an_order_that_is_canceled_before_its_slice_does_not_expire() -> None:
    orders = [buy(1, at="1.00") for _ in range(201)]
    venue = venue_with(*orders, END)

    venue.handle(cancel(orders[-1]))

    assert venue.handle(ContinueSweep()) == [OrdersExpired(FRIDAY, 0, 0)]


def test_a_kill_that_is_under_way_comes_first_and_each_order_ends_once() -> None:
    venue = venue_with(*(buy(1, at="1.00") for _ in range(450)), Kill(*BY, "session:CLIENT1"))

    at_once = venue.handle(END)
    later = venue.handle(ContinueSweep()) + venue.handle(ContinueSweep()) + venue.handle(ContinueSweep())

    ended = [event.order.order_id for event in at_once + later if isinstance(event, OrderExpired | OrderCanceled)]
    assert len(ended) == len(set(ended)) == 250
    assert OrdersSwept("session:CLIENT1", 50, 0, *BY) in later
    assert later[-1] == OrdersExpired(FRIDAY, 0, 0)
    assert venue.live_orders() == []


def test_an_operator_may_cancel_all_between_two_days() -> None:
    venue = venue_with(buy(1, at="1.00", time_in_force=GTC), END)

    assert venue.handle(CancelAllByOperator(*BY, "venue"))[-1] == OrdersSwept("venue", 1, 0, *BY)
    assert venue.handle(RESTATE) == [OrdersRestated(SATURDAY, 0, 0), DayBegun(SATURDAY)]
