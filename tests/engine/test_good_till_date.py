"""Good-till-date orders in the engine: when they expire, in which order, and that each does once."""

import msgspec
import pytest

from fixgw.core import Core, CoreState
from fixgw.spec.commands import BeginDay, EndDay, ExpireDueOrders, NewOrder
from fixgw.spec.events import DayEnding, Event, OrderExpired, OrdersExpired, Trade
from fixgw.spec.instructions import Instructions
from fixgw.spec.values import OrdStatus, Qty
from tests.orders import BOB, GTC, GTD, Venue, buy, cancel, replace, sell, state_of, venue_with

BY = ("olivia", "a drill")
FRIDAY, SATURDAY, SUNDAY = "2026-11-20", "2026-11-21", "2026-11-22"


def until(date: str = "", time_ns: int = 0) -> Instructions:
    return Instructions(expire_date=date, expire_time_ns=time_ns)


def good_till(date: str = "", time_ns: int = 0, *, qty: int = 1) -> NewOrder:
    return buy(qty, at="1.00", time_in_force=GTD, instructions=until(date, time_ns))


def expired(events: list[Event]) -> list[str]:
    return [event.order.order_id for event in events if isinstance(event, OrderExpired)]


def is_due(venue: Venue, now_ns: int, date: str = FRIDAY) -> bool:
    return venue.core.exchange.market.expiries.next_due(now_ns, date) is not None


def test_an_order_expires_at_its_time_with_what_it_has_traded() -> None:
    """E26: LeavesQty(151)=0, CumQty(14) as it was."""
    order = good_till(time_ns=100, qty=10)
    venue = venue_with(order, sell(4, at="1.00", by=BOB))

    assert not is_due(venue, 99)
    events = venue.handle(ExpireDueOrders(100, FRIDAY))

    state = state_of(order, ord_status=OrdStatus.EXPIRED, cum_qty=4, leaves_qty=0, cum_notional=400)
    assert events == [OrderExpired("4.0", state, Qty(6), "TimeInForce(59)=6: its ExpireTime(126) has come")]
    assert venue.depth("AAPL").bids == []
    assert not is_due(venue, 1_000)


def test_an_order_with_a_date_is_good_all_through_that_day() -> None:
    order = good_till(SATURDAY)
    venue = venue_with(order)

    assert not is_due(venue, 0, SATURDAY)
    (event,) = venue.handle(ExpireDueOrders(0, SUNDAY))

    assert isinstance(event, OrderExpired)
    assert event.text == "TimeInForce(59)=6: the trading day 2026-11-21, its ExpireDate(432), is over"


def test_a_day_that_ends_takes_the_orders_of_its_date_and_of_dates_before() -> None:
    venue = venue_with(good_till(SATURDAY), good_till(FRIDAY), good_till(time_ns=5), good_till("2026-11-19"))

    events = venue.handle(EndDay(*BY, FRIDAY))

    assert isinstance(events[0], DayEnding)
    assert expired(events) == ["2", "4"]
    assert events[-1] == OrdersExpired(FRIDAY, 2, 0)
    venue.handle(BeginDay(SATURDAY, restates_gtc=False))
    assert expired(venue.handle(EndDay(*BY, SATURDAY))) == ["1"]


def test_the_first_to_expire_comes_first_and_of_several_the_one_that_was_entered_first() -> None:
    venue = venue_with(*(good_till(time_ns=time_ns) for time_ns in (30, 10, 20, 10, 40)), good_till(FRIDAY))

    assert expired(venue.handle(ExpireDueOrders(30, SATURDAY))) == ["2", "4", "3", "1", "6"]


def test_many_expire_a_slice_at_a_time_and_each_once() -> None:
    venue = venue_with(*(good_till(time_ns=10) for _ in range(201)))

    assert len(expired(venue.handle(ExpireDueOrders(10, FRIDAY)))) == 200
    assert is_due(venue, 10)
    assert expired(venue.handle(ExpireDueOrders(10, FRIDAY))) == ["201"]
    assert not is_due(venue, 10)


def test_what_a_replace_says_last_counts() -> None:
    """Also when it goes back to the time that the order had."""
    kept, later, sooner, back = (good_till(time_ns=20) for _ in range(4))
    for_a_while = replace(back, instructions=until(time_ns=90))
    venue = venue_with(
        *(kept, later, sooner, back),
        replace(kept, time_in_force=GTC),
        replace(later, instructions=until(SUNDAY)),
        replace(sooner, instructions=until(time_ns=10)),
        *(for_a_while, replace(for_a_while, instructions=until(time_ns=20))),
    )

    assert expired(venue.handle(ExpireDueOrders(10, FRIDAY))) == ["3"]
    assert expired(venue.handle(ExpireDueOrders(1_000, FRIDAY))) == ["4"]
    assert expired(venue.handle(ExpireDueOrders(1_000, "2026-11-23"))) == ["2"]


def test_an_order_that_has_ended_is_not_due() -> None:
    canceled, filled = good_till(time_ns=10), good_till(time_ns=10)
    venue = venue_with(canceled, cancel(canceled), filled, sell(1, at="1.00", by=BOB))

    assert not is_due(venue, 10)


def test_an_order_trades_until_it_has_expired() -> None:
    """Time alone changes nothing: the command that lets it expire does, at its place in the journal."""
    venue = venue_with(good_till(time_ns=10))

    assert is_due(venue, 10)
    assert isinstance(venue.handle(sell(1, at="1.00", by=BOB))[-1], Trade)


def test_a_restored_venue_knows_what_is_due() -> None:
    venue = venue_with(good_till(time_ns=10), good_till(FRIDAY))
    core = Core()
    core.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(venue.core.state()), type=CoreState))

    due = ExpireDueOrders(10, SATURDAY)
    assert core.decide(due) == venue.core.decide(due)
    assert core.exchange.market.expiries.next_due(10, SATURDAY) is None


def test_nothing_is_asked_to_expire_that_is_not_due() -> None:
    venue = venue_with(good_till(time_ns=10))
    with pytest.raises(AssertionError, match="no order is due"):
        venue.handle(ExpireDueOrders(9, FRIDAY))
