"""Post-only, ExecInst(18)=6: the order only rests."""

import pytest

from fixgw.spec.events import CancelRejected, Event, OrderAccepted, OrderAmended, OrderRejected, OrderReplaced, Trade
from fixgw.spec.instructions import Instructions
from fixgw.spec.values import CxlRejReason, ExecRestatementReason, OrdRejReason
from tests.orders import BOB, FOK, IOC, AnyOrder, buy, replace, sell, state_of, venue_with

SLIDE = Instructions(exec_inst="6")
REJECT = Instructions(exec_inst="6A")


def kinds(events: list[Event]) -> list[type]:
    return [type(event) for event in events]


def test_it_slides_a_tick_away_from_what_it_would_take() -> None:
    venue = venue_with(sell(5, at="100.25"), sell(5, at="100.26"))
    order = buy(10, at="100.40", by=BOB, instructions=SLIDE)

    accepted, amended = venue.handle(order)

    assert accepted == OrderAccepted("4.0", state_of(order, "3"))
    slid = state_of(buy(10, at="100.24", by=BOB, cl_ord_id=order.cl_ord_id, instructions=SLIDE), "3")
    assert amended == OrderAmended(
        "4.1", slid, ExecRestatementReason.REPRICING, order.price, order.order_qty, False, False,
        "ExecInst(18) 6: a tick away from what it would have traded with",
    )  # fmt: skip
    assert venue.depth("AAPL").bids == [("100.24", 10)]


def test_a_tick_is_that_of_the_instrument_and_prices_may_be_below_zero() -> None:
    venue = venue_with(buy(5, at="-0.01", symbol="SPREAD"), buy(1, at="4000.25", symbol="ESZ6"))

    venue.handle(sell(5, at="-1.00", symbol="SPREAD", by=BOB, instructions=SLIDE))
    venue.handle(sell(1, at="4000.00", symbol="ESZ6", by=BOB, instructions=SLIDE))

    assert venue.depth("SPREAD").asks == [("0.00", 5)]
    assert venue.depth("ESZ6").asks == [("4000.50", 1)]


def test_it_rests_where_it_takes_nothing_and_trades_with_who_comes() -> None:
    venue = venue_with(sell(5, at="100.25"))

    assert kinds(venue.handle(buy(5, at="100.24", by=BOB, instructions=REJECT))) == [OrderAccepted]
    assert kinds(venue.handle(sell(5, at="100.24"))) == [OrderAccepted, Trade]


def test_one_that_may_not_slide_is_rejected() -> None:
    venue = venue_with(sell(5, at="100.25"))

    (rejected,) = venue.handle(buy(5, at="100.25", by=BOB, instructions=REJECT))

    assert isinstance(rejected, OrderRejected)
    assert rejected.ord_rej_reason is OrdRejReason.BROKER_OR_EXCHANGE_OPTION
    assert rejected.text == "ExecInst(18) 6 A: Price(44) 100.25 would trade at once"


@pytest.mark.parametrize("at", ["0.01", "5.00"])
def test_one_with_no_price_to_slide_to_is_rejected(at: str) -> None:
    venue = venue_with(sell(5, at="0.01"))

    assert kinds(venue.handle(buy(5, at=at, by=BOB, instructions=SLIDE))) == [OrderRejected]


def test_a_replace_slides_too() -> None:
    order = buy(5, at="100.00", by=BOB, instructions=SLIDE)
    venue = venue_with(sell(5, at="100.25"), order)

    events = venue.handle(replace(order, at="101.00", instructions=SLIDE))

    assert kinds(events) == [OrderReplaced, OrderAmended]
    assert venue.depth("AAPL").bids == [("100.24", 5)]


def test_a_replace_that_may_not_slide_is_refused_and_the_order_stays() -> None:
    order = buy(5, at="100.00", by=BOB, instructions=REJECT)
    venue = venue_with(sell(5, at="100.25"), order)

    (refused,) = venue.handle(replace(order, at="100.25", instructions=REJECT))

    assert isinstance(refused, CancelRejected)
    assert refused.cxl_rej_reason is CxlRejReason.BROKER_OR_EXCHANGE_OPTION
    assert venue.depth("AAPL").bids == [("100.00", 5)]


def test_a_replace_without_it_trades() -> None:
    order = buy(5, at="100.00", by=BOB, instructions=SLIDE)
    venue = venue_with(sell(5, at="100.25"), order)

    assert kinds(venue.handle(replace(order, at="100.25"))) == [OrderReplaced, Trade]


@pytest.mark.parametrize(
    "order",
    [
        buy(5, instructions=SLIDE),
        buy(5, at="1.00", time_in_force=IOC, instructions=SLIDE),
        buy(5, at="1.00", time_in_force=FOK, instructions=REJECT),
    ],
)
def test_what_may_not_rest_cannot_be_post_only(order: AnyOrder) -> None:
    (rejected,) = venue_with().handle(order)

    assert isinstance(rejected, OrderRejected)
    assert rejected.ord_rej_reason is OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC
