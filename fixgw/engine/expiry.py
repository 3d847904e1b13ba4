"""Expiry: good-till-date orders by when they are good no longer."""

from heapq import heappop, heappush

from fixgw.engine.order import Order
from fixgw.engine.registry import OrderRegistry
from fixgw.spec.values import TimeInForce


class Expiries:
    """Which good-till-date order expires next, by its ExpireTime(126) or ExpireDate(432).

    What has ended or was given another expiry stays in line until it comes to the front, and is then passed over.
    """

    def __init__(self, orders: OrderRegistry) -> None:
        self._orders = orders
        self._by_time: list[tuple[int, int]] = []
        """ExpireTime(126) in ns and number of the order; a heap, as the other."""
        self._by_date: list[tuple[str, int]] = []

    def add(self, order: Order) -> None:
        """Note when ``order``, a good-till-date order, expires; again when that has changed.  O(log orders)."""
        instructions = order.instructions
        assert instructions is not None, order.order_id
        if instructions.expire_time_ns:
            heappush(self._by_time, (instructions.expire_time_ns, int(order.order_id)))
        else:
            heappush(self._by_date, (instructions.expire_date, int(order.order_id)))

    def next_due(self, now_ns: int, trading_date: str) -> Order | None:
        """Return the first order that is good no longer at this time, on this day, those with a time first.

        One with an ExpireDate(432) is good all through the trading day of that date.
        """
        by_time, by_date = self._by_time, self._by_date
        while by_time and by_time[0][0] <= now_ns:
            order = self._good_till_date(by_time[0][1])
            if order is not None and _expire_time_ns(order) == by_time[0][0]:
                return order
            heappop(by_time)
        while by_date and by_date[0][0] < trading_date:
            order = self._good_till_date(by_date[0][1])
            if order is not None and _expire_date(order) == by_date[0][0]:
                return order
            heappop(by_date)
        return None

    def _good_till_date(self, number: int) -> Order | None:
        order = self._orders.by_order_id(str(number))
        assert order is not None, number
        return order if order.is_live and order.time_in_force is TimeInForce.GOOD_TILL_DATE else None


def ends_with_day(order: Order, date: str) -> bool:
    """Return whether ``order`` is good no longer when the trading day of ``date`` has ended."""
    if order.time_in_force is TimeInForce.GOOD_TILL_DATE:
        return "" < _expire_date(order) <= date
    return order.time_in_force is not TimeInForce.GOOD_TILL_CANCEL


def _expire_time_ns(order: Order) -> int:
    return 0 if order.instructions is None else order.instructions.expire_time_ns


def _expire_date(order: Order) -> str:
    return "" if order.instructions is None else order.instructions.expire_date
