"""What an order costs does not grow with the orders around it.

Counted, not timed: every call that Python or C code makes, and every hash and comparison of orders and
their ids, which here are written in Python so that they count.
"""

import gc
import sys
from collections.abc import Callable
from types import FrameType

import pytest

from fixgw.engine.book import BookSide
from fixgw.engine.order import Order
from fixgw.spec.values import Side
from tests.orders import BOB, Venue, buy, cancel, replace, sell, state_of, venue_with


def calls_of(act: Callable[[], object]) -> int:
    """Return how many calls ``act`` makes."""
    calls = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    gc.disable()  # a collection calls whoever asked to hear of it, and those calls are not ours
    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(before)
        gc.enable()
    return calls


class CountedId(str):
    __slots__ = ()

    def __hash__(self) -> int:
        return hash(str(self))

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)


class CountedOrder(Order, eq=False, gc=False):
    """A list would compare orders to find one: these notice."""

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


def deep_side(depth: int) -> tuple[BookSide, list[CountedOrder]]:
    side = BookSide(Side.BUY)
    state = state_of(buy(10, at="100"))
    orders = [
        CountedOrder(
            state.session, state.firm, state.account, CountedId(number), state.cl_ord_id, state.cl_ord_id, state.symbol,
            state.side, state.ord_type, state.time_in_force, state.order_qty, state.price, state.leaves_qty, 2, 0,
        )
        for number in range(depth)
    ]  # fmt: skip
    for order in orders:
        side.add(order)
    return side, orders


def test_what_is_counted_would_show_a_scan() -> None:
    def calls_of_a_scan(depth: int) -> int:
        _, orders = deep_side(depth)
        return calls_of(lambda: orders.remove(orders[depth // 2]))

    assert calls_of_a_scan(1_000) > calls_of_a_scan(10) + 400


@pytest.mark.parametrize("place", [0.0, 0.5, 0.99])
def test_taking_an_order_out_of_a_level_does_not_scan_it(place: float) -> None:
    def calls_of_remove(depth: int) -> int:
        side, orders = deep_side(depth)
        order = orders[int(place * depth)]
        return calls_of(lambda: side.remove(order, order.leaves_qty))

    assert calls_of_remove(20_000) == calls_of_remove(10)


def deep_venue(depth: int) -> Venue:
    venue = venue_with()
    for number in range(depth):
        venue.decide(buy(10, at="100", cl_ord_id=f"a{number}"))
    return venue


@pytest.fixture(scope="module")
def shallow() -> Venue:
    return deep_venue(10)


@pytest.fixture(scope="module")
def deep() -> Venue:
    return deep_venue(20_000)


def test_a_cancel_in_the_middle_costs_the_same_at_any_depth(shallow: Venue, deep: Venue) -> None:
    shallow_cancel = cancel(buy(10, at="100", cl_ord_id="a5"))
    deep_cancel = cancel(buy(10, at="100", cl_ord_id="a10000"))

    assert calls_of(lambda: shallow.decide(shallow_cancel)) == calls_of(lambda: deep.decide(deep_cancel))


def test_a_replace_in_the_middle_costs_the_same_at_any_depth(shallow: Venue, deep: Venue) -> None:
    def calls_of_replace(venue: Venue, number: int, qty: int) -> int:
        request = replace(buy(10, at="100", cl_ord_id=f"a{number}"), qty)
        return calls_of(lambda: venue.decide(request))

    assert calls_of_replace(shallow, 4, qty=9) == calls_of_replace(deep, 5_004, qty=9)
    assert calls_of_replace(shallow, 6, qty=11) == calls_of_replace(deep, 5_006, qty=11)


def test_a_trade_costs_the_same_at_any_depth(shallow: Venue, deep: Venue) -> None:
    order, same = sell(10, at="100", by=BOB), sell(10, at="100", by=BOB)

    assert calls_of(lambda: shallow.decide(order)) == calls_of(lambda: deep.decide(same))
    shallow.check()
    deep.check()
