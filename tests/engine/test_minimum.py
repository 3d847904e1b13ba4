"""MinQty(110): at least so much at once, or nothing."""

import pytest

from fixgw.spec.events import OrderCanceled, OrderRejected, Trade
from fixgw.spec.instructions import Instructions
from fixgw.spec.values import OrdRejReason, Qty
from tests.orders import BOB, CAROL, DAY, FOK, GTC, IOC, AnyOrder, buy, sell, venue_with


def at_least(qty: int, shown: int | None = None) -> Instructions:
    return Instructions(min_qty=Qty(qty), max_floor=None if shown is None else Qty(shown))


@pytest.mark.parametrize(("least", "filled"), [(1, 30), (30, 30), (31, 0), (50, 0)])
def test_so_much_trades_at_once_or_nothing_does(least: int, filled: int) -> None:
    venue = venue_with(sell(20, at="100.25"), sell(10, at="100.26", by=CAROL), sell(99, at="100.27"))

    events = venue.handle(buy(50, at="100.26", by=BOB, time_in_force=IOC, instructions=at_least(least)))

    assert sum(event.last_qty for event in events if isinstance(event, Trade)) == filled
    canceled = events[-1]
    assert isinstance(canceled, OrderCanceled)
    assert canceled.canceled_qty == 50 - filled
    if not filled:
        assert canceled.text == f"MinQty(110) {least}: less than that could be filled at once"


def test_one_at_market_has_a_minimum_too() -> None:
    venue = venue_with(sell(20, at="100.25"))

    events = venue.handle(buy(50, by=BOB, time_in_force=IOC, instructions=at_least(21)))

    assert not [event for event in events if isinstance(event, Trade)]


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (buy(5, at="1.00", time_in_force=DAY, instructions=at_least(1)), OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC),
        (buy(5, at="1.00", time_in_force=GTC, instructions=at_least(1)), OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC),
        (buy(5, at="1.00", time_in_force=FOK, instructions=at_least(1)), OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC),
        (buy(5, at="1.00", time_in_force=IOC, instructions=at_least(6)), OrdRejReason.INCORRECT_QUANTITY),
        (
            buy(10, at="1.00", symbol="SPREAD", time_in_force=IOC, instructions=at_least(6)),
            OrdRejReason.INCORRECT_QUANTITY,
        ),
    ],
)
def test_what_cannot_have_a_minimum_is_rejected(order: AnyOrder, reason: OrdRejReason) -> None:
    (rejected,) = venue_with().handle(order)

    assert isinstance(rejected, OrderRejected)
    assert rejected.ord_rej_reason is reason
