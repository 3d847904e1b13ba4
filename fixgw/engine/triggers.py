"""Triggers: orders that wait until a price has moved, and the order in which they go to the market when it has.

A trigger goes off when a price of its source reaches it: every trade since the last look counts, and of the book what
a step has left.  What goes off in one look goes in this order: by source (last trade, best bid, best offer, middle),
those that wait for a rise before those that wait for a fall, the trigger that is reached first, the oldest.  What they
set off in turn goes after them.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sortedcontainers import SortedDict

from fixgw.engine.book import OrderBook
from fixgw.engine.order import Order
from fixgw.spec.commands import NewOrder, ReplaceOrder
from fixgw.spec.instrument import Instrument
from fixgw.spec.values import OrdType, Price, Side, TriggerPriceType, TriggerSource

_LAST_TRADE = TriggerPriceType.LAST_TRADE
_BEST_BID = TriggerPriceType.BEST_BID
_BEST_OFFER = TriggerPriceType.BEST_OFFER
_BEST_MID = TriggerPriceType.BEST_MID
_SOURCES = (_LAST_TRADE, _BEST_BID, _BEST_OFFER, _BEST_MID)
_STOPS = (OrdType.STOP, OrdType.STOP_LIMIT)


class Seen(NamedTuple):
    """The lowest and the highest price of a source since the last look."""

    low: Price
    high: Price


Prices = dict[TriggerPriceType, Seen]


class Triggers:
    """The orders of all instruments that are live and not in a book: they wait, or are due."""

    def __init__(self) -> None:
        self.waiting: dict[str, _Watch] = {}
        """By symbol, of the instruments that have any."""
        self.due: OrderedDict[str, Order] = OrderedDict()
        """Those that have gone off and wait for their turn, by OrderID, the next one first."""

    def __len__(self) -> int:
        return len(self.due) + sum(len(watch) for watch in self.waiting.values())

    def add(self, order: Order) -> None:
        """Let ``order`` wait behind all others of its trigger; O(log triggers)."""
        self.waiting.setdefault(order.symbol, _Watch()).add(order)

    def remove(self, order: Order) -> None:
        """Take out ``order``, whether it waits or is due."""
        if self.due.pop(order.order_id, None) is None:
            watch = self.waiting[order.symbol]
            watch.remove(order)
            self._forget_if_empty(order.symbol, watch)

    def look(self, symbol: str, prices: Prices) -> None:
        """Make due what waits in ``symbol`` for any of ``prices``."""
        watch = self.waiting.get(symbol)
        if watch is not None:
            self.due.update((order.order_id, order) for order in watch.take(prices))
            self._forget_if_empty(symbol, watch)

    def _forget_if_empty(self, symbol: str, watch: "_Watch") -> None:
        if not watch:
            del self.waiting[symbol]

    def in_order(self) -> Iterator[Order]:
        """Yield all that wait, so that those added again in this order stand as they do."""
        for symbol in sorted(self.waiting):
            yield from self.waiting[symbol]

    def check(self) -> None:
        """Assert what must hold after every event; for tests."""
        for symbol, watch in self.waiting.items():
            assert watch, symbol
            for order in watch:
                assert order.symbol == symbol, order.order_id
        for order in (*self.in_order(), *self.due.values()):
            assert order.is_live, order.order_id
            assert order.is_waiting, order.order_id
            assert order.trigger_price is not None, order.order_id


class _Watch:
    """What waits in one instrument."""

    __slots__ = ("_queues",)

    def __init__(self) -> None:
        self._queues = {(source, rises): _Queue(rises) for source in _SOURCES for rises in (True, False)}

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def __iter__(self) -> Iterator[Order]:
        for queue in self._queues.values():
            yield from queue

    def add(self, order: Order) -> None:
        self._queue_of(order).add(order)

    def remove(self, order: Order) -> None:
        self._queue_of(order).remove(order)

    def take(self, prices: Prices) -> Iterator[Order]:
        for (source, _), queue in self._queues.items():
            if (seen := prices.get(source)) is not None:
                yield from queue.take(seen)

    def _queue_of(self, order: Order) -> "_Queue":
        assert order.trigger_source is not None, order.order_id
        return self._queues[order.trigger_source, waits_for_rise(order)]


class _Queue:
    """What waits for one source to rise, or to fall, the trigger that is reached first in front."""

    __slots__ = ("_by_key", "_rises")

    def __init__(self, rises: bool) -> None:
        self._rises = rises
        self._by_key: SortedDict[int, OrderedDict[str, Order]] = SortedDict()

    def __len__(self) -> int:
        return sum(map(len, self._by_key.values()))

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def __iter__(self) -> Iterator[Order]:
        for orders in self._by_key.values():
            yield from orders.values()

    def add(self, order: Order) -> None:
        self._by_key.setdefault(self._key(order.trigger_price), OrderedDict())[order.order_id] = order

    def remove(self, order: Order) -> None:
        key = self._key(order.trigger_price)
        orders = self._by_key[key]
        del orders[order.order_id]
        if not orders:
            del self._by_key[key]

    def take(self, seen: Seen) -> Iterator[Order]:
        """Yield what ``seen`` reaches, which is out of the queue then."""
        reached = seen.high if self._rises else -seen.low
        while self._by_key and self._by_key.peekitem(0)[0] <= reached:
            yield from self._by_key.popitem(0)[1].values()

    def _key(self, trigger_price: Price | None) -> int:
        assert trigger_price is not None
        return trigger_price if self._rises else -trigger_price


def waits_for_rise(order: Order) -> bool:
    """Return whether the trigger is reached from below: a stop to buy, or an order to sell if touched."""
    return (order.side is Side.BUY) == (order.ord_type in _STOPS)


def stop_px(command: NewOrder | ReplaceOrder) -> Price | None:
    """Return the trigger that ``command`` asks for; None for an order that does not wait."""
    return None if command.instructions is None else command.instructions.stop_px


def source(command: NewOrder | ReplaceOrder, instrument: Instrument) -> TriggerPriceType:
    """Return what the trigger of ``command`` looks at: what it says, or else its instrument."""
    if command.instructions is not None and command.instructions.trigger_price_type is not None:
        return command.instructions.trigger_price_type
    match instrument.trigger_source:
        case TriggerSource.LAST:
            return _LAST_TRADE
        case TriggerSource.MID:
            return _BEST_MID
        case TriggerSource.BEST:
            return _BEST_OFFER if command.side is Side.BUY else _BEST_BID


def prices(book: OrderBook, last_px: Price | None, traded: Iterable[Price]) -> Prices:
    """Return what is to be seen in one instrument now, ``traded`` being the trades since the last look."""
    found: Prices = {}
    trades = [*traded] if last_px is None else [last_px, *traded]
    if trades:
        found[_LAST_TRADE] = Seen(min(trades), max(trades))
    bid, offer = book.bids.best, book.asks.best
    if bid is not None:
        found[_BEST_BID] = Seen(bid.price, bid.price)
    if offer is not None:
        found[_BEST_OFFER] = Seen(offer.price, offer.price)
    if bid is not None and offer is not None:
        # Half a unit above a trigger has not fallen to it, and half a unit below has not risen to it.
        doubled = bid.price + offer.price
        found[_BEST_MID] = Seen(Price(-(-doubled // 2)), Price(doubled // 2))
    return found
