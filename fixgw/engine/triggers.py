"""Triggers: orders that wait until a price has moved, and the order in which they go to the market when it has.

A trigger goes off when a price of its source reaches it: every trade since the last look counts, one after the other,
and of the book what a step has left.  What goes off in one look goes in this order: by source (last trade, best bid,
best offer, middle), by trade, those that wait for a rise before those that wait for a fall, the trigger that is reached
first, the oldest.  What they set off in turn goes after them.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sortedcontainers import SortedDict

from fixgw.engine.book import OrderBook
from fixgw.engine.offsets import can_be
from fixgw.engine.order import Order
from fixgw.engine.trailing import Move, follow, is_trailing, trigger_behind
from fixgw.spec.commands import NewOrder, ReplaceOrder
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, OrdType, Price, Side, TriggerPriceType, TriggerSource

_LAST_TRADE = TriggerPriceType.LAST_TRADE
_BEST_BID = TriggerPriceType.BEST_BID
_BEST_OFFER = TriggerPriceType.BEST_OFFER
_BEST_MID = TriggerPriceType.BEST_MID
_SOURCES = (_LAST_TRADE, _BEST_BID, _BEST_OFFER, _BEST_MID)
TRAILING_MAX = 500
"""Trailing stops of an instrument: all may move in one step, at some 30 us each with their reports."""
_STOPS = (OrdType.STOP, OrdType.STOP_LIMIT)


class Seen(NamedTuple):
    """A price: ``high`` is what has risen to a trigger and ``low`` what has fallen to it."""

    low: Price
    high: Price


Prices = dict[TriggerPriceType, list[Seen]]
"""What was seen of each source since the last look, in the order of time."""


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

    def look(self, prices: Prices, instrument: Instrument) -> list[Move]:
        """Make due what waits in ``instrument`` for any of ``prices``; return the trailing stops that have moved."""
        watch = self.waiting.get(instrument.symbol)
        if watch is None:
            return []
        moves: dict[str, Move] = {}
        self.due.update((order.order_id, order) for order in watch.take(prices, instrument, moves))
        self._forget_if_empty(instrument.symbol, watch)
        return list(moves.values())

    def _forget_if_empty(self, symbol: str, watch: "_Watch") -> None:
        if not watch:
            del self.waiting[symbol]

    def count_trailing(self, symbol: str) -> int:
        """Return how many trailing stops there are in ``symbol``, each of which follows every price."""
        watch = self.waiting.get(symbol)
        return 0 if watch is None else sum(1 for _ in watch.trailing())

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

    __slots__ = ("_queues", "_trailing")

    def __init__(self) -> None:
        self._trailing: dict[TriggerPriceType, OrderedDict[str, Order]] = {source: OrderedDict() for source in _SOURCES}
        self._queues = {(source, rises): _Queue(rises) for source in _SOURCES for rises in (True, False)}

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def __bool__(self) -> bool:
        return any(self._queues.values())

    def __iter__(self) -> Iterator[Order]:
        for queue in self._queues.values():
            yield from queue

    def trailing(self) -> Iterator[Order]:
        """Yield the trailing stops, which are among the others, in the order in which they follow a price."""
        for orders in self._trailing.values():
            yield from orders.values()

    def trail_last(self, order: Order) -> None:
        """Have ``order`` follow its price after all others."""
        assert order.trigger_source is not None, order.order_id
        self._trailing[order.trigger_source].move_to_end(order.order_id)

    def add(self, order: Order) -> None:
        self._queue_of(order).add(order)
        if is_trailing(order):
            assert order.trigger_source is not None, order.order_id
            self._trailing[order.trigger_source][order.order_id] = order

    def remove(self, order: Order) -> None:
        self._queue_of(order).remove(order, order.trigger_price)
        self._stop_trailing(order)

    def _stop_trailing(self, order: Order) -> None:
        assert order.trigger_source is not None, order.order_id
        self._trailing[order.trigger_source].pop(order.order_id, None)

    def take(self, prices: Prices, instrument: Instrument, moves: dict[str, Move]) -> Iterator[Order]:
        """Yield what goes off, which is out then, and note in ``moves`` what has moved, by OrderID."""
        for source in _SOURCES:
            for seen in prices.get(source, ()):
                for rises in (True, False):
                    for order in self._queues[source, rises].take(seen):
                        self._stop_trailing(order)
                        yield order
                for order in self._trailing[source].values():
                    self._follow(order, seen, instrument, moves)

    def _follow(self, order: Order, seen: Seen, instrument: Instrument, moves: dict[str, Move]) -> None:
        assert order.trigger_price is not None, order.order_id
        before = Move(order, order.price, order.trigger_price)
        if follow(order, seen.low if order.side is Side.BUY else seen.high, instrument):
            moves.setdefault(order.order_id, before)
        if order.trigger_price != before.previous_trigger_price:
            queue = self._queue_of(order)
            queue.remove(order, before.previous_trigger_price)
            queue.add(order)

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

    def remove(self, order: Order, trigger_price: Price | None) -> None:
        """Take out ``order``, which is at ``trigger_price`` here."""
        key = self._key(trigger_price)
        orders = self._by_key[key]
        del orders[order.order_id]
        if not orders:
            del self._by_key[key]

    def take(self, seen: Seen) -> list[Order]:
        """Return what ``seen`` reaches, which is out of the queue then; what is dormant stays."""
        reached = seen.high if self._rises else -seen.low
        taken: list[Order] = []
        dormant: list[Order] = []
        while self._by_key and self._by_key.peekitem(0)[0] <= reached:
            for order in self._by_key.popitem(0)[1].values():
                (dormant if order.is_dormant else taken).append(order)
        for order in dormant:
            self.add(order)
        return taken

    def _key(self, trigger_price: Price | None) -> int:
        assert trigger_price is not None
        return trigger_price if self._rises else -trigger_price


def waits_for_rise(order: Order) -> bool:
    """Return whether the trigger is reached from below: a stop to buy, or an order to sell if touched."""
    return (order.side is Side.BUY) == (order.ord_type in _STOPS or is_trailing(order))


def waits(command: NewOrder | ReplaceOrder) -> bool:
    """Return whether an order with these terms waits for a trigger."""
    return stop_px(command) is not None or is_trailing(command)


def begins_dormant(command: NewOrder | ReplaceOrder) -> bool:
    """Return whether the trigger of ``command`` counts only when its activation price has been reached."""
    return command.instructions is not None and command.instructions.activation_price is not None


def stop_px(command: Order | NewOrder | ReplaceOrder) -> Price | None:
    """Return the trigger that ``command`` asks for; None where it says none."""
    return None if command.instructions is None else command.instructions.stop_px


def source(command: Order | NewOrder | ReplaceOrder, instrument: Instrument) -> TriggerPriceType:
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


def first_trigger(command: Order | NewOrder, prices: Prices, instrument: Instrument) -> Price | Refusal:
    """Return where the trigger of ``command`` is at first, or why a trailing stop cannot be given one."""
    given = stop_px(command)
    if given is not None:
        return given
    instructions = command.instructions
    assert instructions is not None, command.cl_ord_id
    reference = instructions.activation_price
    if reference is None:
        seen = prices.get(source(command, instrument))
        if not seen:
            return Refusal(OrdRejReason.OTHER, "StopPx(99) is missing: there is no price to trail yet")
        reference = seen[-1].low if command.side is Side.BUY else seen[-1].high
    trigger_price = trigger_behind(command.side, instructions, reference, instrument)
    if not can_be(trigger_price, instrument):
        return Refusal(OrdRejReason.OTHER, "PegOffsetValue(211) leaves no price for StopPx(99)")
    return trigger_price


def prices(book: OrderBook, last_px: Price | None, traded: Iterable[Price]) -> Prices:
    """Return what is displayed in one instrument now, ``traded`` being the trades since the last look."""
    found: Prices = {}
    # The last trade of an earlier look counts for those that wait since then.
    trades = list(traded) or ([] if last_px is None else [last_px])
    found[_LAST_TRADE] = [Seen(price, price) for price in trades]
    bid, offer = book.bids.best_shown(), book.asks.best_shown()
    if bid is not None:
        found[_BEST_BID] = [Seen(bid.price, bid.price)]
    if offer is not None:
        found[_BEST_OFFER] = [Seen(offer.price, offer.price)]
    if bid is not None and offer is not None:
        # Half a unit above a trigger has not fallen to it, and half a unit below has not risen to it.
        doubled = bid.price + offer.price
        found[_BEST_MID] = [Seen(Price(-(-doubled // 2)), Price(doubled // 2))]
    return found
