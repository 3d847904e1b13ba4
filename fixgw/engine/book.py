"""The book of one instrument: price levels in order, each a queue in time."""

from bisect import bisect_left, insort_right
from collections import OrderedDict
from collections.abc import Iterator
from itertools import chain

from fixgw.engine.all_or_none import is_all_or_none
from fixgw.engine.order import Order
from fixgw.spec.values import OrdStatus, Price, Qty, Side

_NOTHING = Qty(0)
_NONE_HIDDEN: OrderedDict[str, Order] = OrderedDict()
"""Of the many levels where nothing is hidden: each of its own would take longer to make than the rest of a level."""
_BUY = Side.BUY  # in Python 3.11 each look into an enumeration costs 0.2 us


class Level:
    """All orders at one price: the displayed ones, oldest first, and behind them the hidden ones, oldest first.

    An OrderedDict is a linked list that can be entered anywhere: the oldest order and any order by its
    OrderID are found, and taken out, in constant time however many there are.
    """

    __slots__ = ("hidden", "hidden_qty", "leaves_qty", "orders", "price")

    def __init__(self, price: Price) -> None:
        self.price = price
        self.leaves_qty = 0
        self.hidden_qty = 0
        """What of leaves_qty is not displayed, of orders that are partly displayed, too; 0 when nothing is hidden."""
        self.orders: OrderedDict[str, Order] = OrderedDict()
        """Those of which something is displayed."""
        self.hidden = _NONE_HIDDEN

    def __iter__(self) -> Iterator[Order]:
        """In the order in which they trade."""
        return chain(self.orders.values(), self.hidden.values()) if self.hidden else iter(self.orders.values())

    def hide(self, order: Order) -> None:
        """Put ``order``, of which nothing is displayed, behind all others."""
        if self.hidden is _NONE_HIDDEN:
            self.hidden = OrderedDict()
        self.hidden[order.order_id] = order

    def first(self) -> Order:
        return next(iter(self.orders.values() if self.orders else self.hidden.values()))

    @property
    def shown_qty(self) -> int:
        return self.leaves_qty - self.hidden_qty


class BookSide:
    """The levels of one side, best first.  ``best`` is kept, since every order asks for it.

    Their prices are in one sorted list whose end is the best: what comes and goes near the market, as most does,
    moves next to nothing of it (docs/decisions/0023-price-levels.md).
    """

    __slots__ = ("_levels", "_ranks", "_sign", "arrivals", "aside", "best")

    def __init__(self, side: Side) -> None:
        self._sign = 1 if side is Side.BUY else -1
        """What makes of a price its rank: the higher, the better."""
        self._ranks: list[int] = []
        """Of all levels, the worst first."""
        self._levels: dict[Price, Level] = {}
        """By price."""
        self.best: Level | None = None
        self.arrivals = 0
        """Places taken so far."""
        self.aside: list[Order] = []
        """All-or-none orders, the best price first, the oldest of a price first: they are in no level."""

    @property
    def is_buy(self) -> bool:
        return self._sign > 0

    def __iter__(self) -> Iterator[Level]:
        """Best first; nothing may be added or removed meanwhile."""
        levels, sign = self._levels, self._sign
        return (levels[Price(sign * rank)] for rank in reversed(self._ranks))

    def add(self, order: Order) -> None:
        """Put ``order`` behind all others of its price; O(better levels) for a new price, else O(1)."""
        price = order.price
        assert price is not None, order.order_id
        self.arrivals = order.arrival = self.arrivals + 1
        if order.hidden_qty and is_all_or_none(order):
            insort_right(self.aside, order, key=self._place_aside)
            return
        level = self._levels.get(price)
        if level is None:
            level = self._levels[price] = Level(price)
            rank = self._sign * price
            insort_right(self._ranks, rank)
            if self._ranks[-1] == rank:
                self.best = level
        level.leaves_qty += order.leaves_qty
        if order.hidden_qty:
            level.hidden_qty += order.hidden_qty
            if order.hidden_qty == order.leaves_qty:
                level.hide(order)
                return
        level.orders[order.order_id] = order

    def remove(self, order: Order, open_qty: Qty, hidden_qty: Qty = _NOTHING) -> None:
        """Take ``order`` out, of which ``open_qty`` was still counted in its level, ``hidden_qty`` as not displayed.

        O(better levels) for the last one of its price, else O(1).
        """
        if hidden_qty and is_all_or_none(order):
            self.aside.remove(order)
            return
        price = order.price
        assert price is not None, order.order_id
        level = self._levels[price]
        orders = level.orders
        level.leaves_qty -= open_qty
        if level.hidden_qty:
            level.hidden_qty -= hidden_qty
            if order.order_id not in orders:
                orders = level.hidden
        del orders[order.order_id]
        if not orders and not level.leaves_qty:
            ranks = self._ranks
            del self._levels[price]
            if level is self.best:
                ranks.pop()
                self.best = self._levels[Price(self._sign * ranks[-1])] if ranks else None
            else:
                del ranks[bisect_left(ranks, self._sign * price)]

    def reduce(self, order: Order, qty: int, hidden_qty: int = 0) -> None:
        """Count ``qty`` less of ``order``, of which ``hidden_qty`` was not displayed; it keeps its place."""
        if order.hidden_qty and is_all_or_none(order):
            return
        level = self._level_of(order.price)
        level.leaves_qty -= qty
        level.hidden_qty -= hidden_qty

    def refresh(self, order: Order, shown_qty: Qty) -> None:
        """Display ``shown_qty`` more of ``order``, behind all others of its price that are displayed."""
        level = self._level_of(order.price)
        level.hidden_qty -= shown_qty
        level.orders.move_to_end(order.order_id)
        self.arrivals = order.arrival = self.arrivals + 1

    def best_shown(self) -> Level | None:
        """Return the best level at which something is displayed; O(levels at which nothing is)."""
        return next((level for level in self if level.shown_qty), None)

    def _place_aside(self, order: Order) -> int:
        assert order.price is not None, order.order_id
        return -self._sign * order.price

    def _level_of(self, price: Price | None) -> Level:
        assert price is not None
        return self._levels[price]


class OrderBook:
    """Both sides of one instrument."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)

    def side(self, side: Side) -> BookSide:
        return self.bids if side is _BUY else self.asks

    def opposite(self, side: Side) -> BookSide:
        """Return what an order of ``side`` trades with."""
        return self.asks if side is _BUY else self.bids

    def middle(self) -> Price | None:
        """Return the middle of the displayed best bid and offer, rounded down to a whole unit, or None without both."""
        bid, ask = self.bids.best_shown(), self.asks.best_shown()
        if bid is None or ask is None:
            return None
        return Price((bid.price + ask.price) // 2)

    def check(self, may_cross: bool) -> None:
        """Assert what must hold after every event, ``may_cross`` while orders gather; for tests."""
        bid, ask = self.bids.best, self.asks.best
        assert may_cross or bid is None or ask is None or bid.price < ask.price, ("crossed", bid.price, ask.price)
        for book_side, side in ((self.bids, Side.BUY), (self.asks, Side.SELL)):
            levels = list(book_side)
            assert book_side.best is (levels[0] if levels else None)
            prices = [level.price for level in levels]
            assert prices == sorted(set(prices), reverse=side is Side.BUY), prices
            assert book_side.aside == sorted(book_side.aside, key=book_side._place_aside)
            for order in book_side.aside:
                assert is_all_or_none(order), order.order_id
                assert order.side is side, order.order_id
                assert order.is_live, order.order_id
                assert 0 < order.hidden_qty == order.leaves_qty == order.order_qty - order.cum_qty, order.order_id
            for level in levels:
                assert level.orders or level.hidden, level.price
                assert not any(map(is_all_or_none, level)), level.price
                assert level.leaves_qty == sum(order.leaves_qty for order in level)
                assert level.hidden_qty == sum(order.hidden_qty for order in level)
                for queue in (level.orders, level.hidden):
                    arrivals = [order.arrival for order in queue.values()]
                    assert arrivals == sorted(arrivals), level.price
                    assert not arrivals or arrivals[-1] <= book_side.arrivals, level.price
                assert all(0 <= order.hidden_qty < order.leaves_qty for order in level.orders.values())
                assert all(order.hidden_qty == order.leaves_qty for order in level.hidden.values())
                for order in level:
                    assert (order.side, order.price) == (side, level.price), order.order_id
                    assert order.ord_status in (OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED), order.order_id
                    assert 0 < order.leaves_qty == order.order_qty - order.cum_qty - order.held_qty, order.order_id
