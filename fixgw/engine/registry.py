"""Which order a client means: orders by OrderID and, for each session, by ClOrdID."""

from collections.abc import Iterator

from fixgw.engine.order import Order


class OrderRegistry:
    """Every ClOrdID a session has used, accepted or not, names an order here, or None if there was none.

    A ClOrdID is used up by the request that carries it, refused or not (E12, E32).  Closed orders stay,
    since a late cancel is answered with the state of the order it names (E42).
    """

    def __init__(self) -> None:
        self._by_order_id: dict[str, Order] = {}
        self._by_cl_ord_id: dict[str, dict[str, Order | None]] = {}
        self._open: dict[str, dict[str, Order]] = {}

    def add(self, order: Order) -> None:
        self._by_order_id[order.order_id] = order
        self.use_up(order.session, order.cl_ord_id, order)
        if order.is_live:
            self._open.setdefault(order.session, {})[order.order_id] = order

    def use_up(self, session: str, cl_ord_id: str, order: Order | None) -> None:
        self._by_cl_ord_id.setdefault(session, {})[cl_ord_id] = order

    def close(self, order: Order) -> None:
        """Note that ``order`` is no longer live."""
        del self._open[order.session][order.order_id]

    def is_used(self, session: str, cl_ord_id: str) -> bool:
        used = self._by_cl_ord_id.get(session)
        return used is not None and cl_ord_id in used

    def find(self, session: str, cl_ord_id: str) -> Order | None:
        """Return the order that ``cl_ord_id`` named at any time, or that a request with it was about."""
        used = self._by_cl_ord_id.get(session)
        return None if used is None else used.get(cl_ord_id)

    def by_order_id(self, order_id: str) -> Order | None:
        return self._by_order_id.get(order_id)

    def open_orders(self, session: str) -> list[Order]:
        """Return the live orders of ``session``, oldest first."""
        return list(self._open.get(session, {}).values())

    def __iter__(self) -> Iterator[Order]:
        """Every live order."""
        for orders in self._open.values():
            yield from orders.values()
