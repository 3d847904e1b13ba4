"""Which order a client means: orders by OrderID and, for each session, by ClOrdID."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from operator import attrgetter

from fixgw.engine.order import Order
from fixgw.spec.scope import Scope
from fixgw.spec.values import Side

_ORDER_ID = attrgetter("order_id")

QuotedSide = tuple[str, str, Side]
"""Symbol(55), QuoteEntryID(299) or nothing, and side."""


class SessionOrders:
    """What one session has sent.

    Every ClOrdID it has used, accepted or not, names an order here, or None if there was none.  A ClOrdID is
    used up by the request that carries it, refused or not (E12, E32).
    """

    __slots__ = ("by_cl_ord_id", "open", "quoted")

    def __init__(self) -> None:
        self.by_cl_ord_id: dict[str, Order | None] = {}
        self.open: dict[str, Order] = {}
        """Live orders by OrderID, oldest first."""
        self.quoted: dict[QuotedSide, Order] = {}
        """The live sides of quotes, oldest first: they are among the open orders, and have no ClOrdID."""


class OrderRegistry:
    """All orders.  Closed ones stay, since a late cancel is answered with the state of the order it names (E42)."""

    def __init__(self) -> None:
        self._by_order_id: dict[str, Order] = {}
        self._of_session: defaultdict[str, SessionOrders] = defaultdict(SessionOrders)
        self.quoting: set[str] = set()
        """Sessions with a live side of a quote."""

    def of_session(self, session: str) -> SessionOrders:
        return self._of_session[session]

    def open(self, order: Order, mine: SessionOrders) -> None:
        """Take in a new live ``order``, ``mine`` being the orders of its session."""
        order_id = order.order_id
        self._by_order_id[order_id] = mine.open[order_id] = mine.by_cl_ord_id[order.cl_ord_id] = order

    def open_quoted(self, order: Order, mine: SessionOrders) -> None:
        """Take in a new live side of a quote, ``mine`` being the orders of its session."""
        self._by_order_id[order.order_id] = mine.open[order.order_id] = mine.quoted[quoted_side(order)] = order
        self.quoting.add(order.session)

    def remember(self, order: Order, mine: SessionOrders) -> None:
        """Take in an ``order`` that never lived."""
        self._by_order_id[order.order_id] = mine.by_cl_ord_id[order.cl_ord_id] = order

    def put(self, orders: Iterable[Order]) -> None:
        """Take in the orders of a snapshot, live or not, in the order in which they were entered; 1 us each."""
        orders = list(orders)
        self._by_order_id.update(zip(map(_ORDER_ID, orders), orders, strict=True))
        session, mine = "", SessionOrders()
        for order in orders:
            if order.session != session:
                session = order.session
                mine = self._of_session[session]
            if order.quote_entry_id is None:
                mine.by_cl_ord_id[order.entering_cl_ord_id] = order
            elif order.leaves_qty:
                mine.quoted[quoted_side(order)] = order
                self.quoting.add(session)
            if order.leaves_qty or order.held_qty:
                mine.open[order.order_id] = order

    def put_requests(self, session: str, named: Iterable[tuple[str, str]]) -> None:
        """Take in the ClOrdIDs of a session's other requests, each with the OrderID that it named, if it named one."""
        known = self._by_order_id.get
        self._of_session[session].by_cl_ord_id.update((cl_ord_id, known(order_id)) for cl_ord_id, order_id in named)

    def close(self, order: Order) -> None:
        """Note that ``order`` is no longer live."""
        mine = self._of_session[order.session]
        del mine.open[order.order_id]
        if order.quote_entry_id is not None:
            del mine.quoted[quoted_side(order)]
            if not mine.quoted:
                self.quoting.discard(order.session)

    def find(self, session: str, firm: str, cl_ord_id: str) -> Order | None:
        """Return the order that ``cl_ord_id`` named at any time, or that a request with it was about.

        A session that has changed its firm knows nothing of the old one's orders.
        """
        order = self._of_session[session].by_cl_ord_id.get(cl_ord_id)
        return None if order is None or order.firm != firm else order

    def of_any_firm(self, session: str, cl_ord_id: str) -> Order | None:
        """Return the order that ``cl_ord_id`` named at any time, whatever firm the session was of."""
        return self._of_session[session].by_cl_ord_id.get(cl_ord_id) if session in self._of_session else None

    def all(self) -> Iterable[Order]:
        """Return every order, live or not, in the order in which they were entered."""
        return self._by_order_id.values()

    def sessions(self) -> Iterator[tuple[str, SessionOrders]]:
        """Yield what each session has sent, by CompID."""
        for session in sorted(self._of_session):
            yield session, self._of_session[session]

    def by_order_id(self, order_id: str) -> Order | None:
        return self._by_order_id.get(order_id)

    def open_orders(self, session: str) -> list[Order]:
        """Return the live orders of ``session``, oldest first."""
        return list(self._of_session[session].open.values())

    def open_of(self, scope: Scope) -> list[Order]:
        """Return the live orders of ``scope``, by session, the oldest of each first; some 10 ms for 100,000 orders."""
        name = scope.name
        match scope.kind:
            case "session":
                return self.open_orders(name)
            case "firm":
                return [order for order in self._all_open() if order.firm == name]
            case "account":
                return [order for order in self._all_open() if order.account == name]
            case "instrument":
                return [order for order in self._all_open() if order.symbol == name]
            case _:
                return list(self._all_open())

    def _all_open(self) -> Iterator[Order]:
        # By the names of sessions: which one came first depends on inquiries, which a replay does not have.
        return chain.from_iterable(self._of_session[session].open.values() for session in sorted(self._of_session))

    def count_open(self, session: str | None = None) -> int:
        """Return how many orders of ``session``, or of all, are live."""
        if session is not None:
            return len(self._of_session[session].open) if session in self._of_session else 0
        return sum(len(mine.open) for mine in self._of_session.values())

    def __iter__(self) -> Iterator[Order]:
        """Every live order."""
        for mine in self._of_session.values():
            yield from mine.open.values()


def quoted_side(order: Order) -> QuotedSide:
    """Return which side of which quote ``order`` is."""
    assert order.quote_entry_id is not None, order.order_id
    return order.symbol, order.quote_entry_id, order.side
