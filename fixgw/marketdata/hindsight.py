"""Hindsight: the public books at one moment, made at once from what had become of every order by then.

Depth follows each frame through all states of the books and tells of each; who only wants the last one needs of each
order no more than its last event.  Both come to the same books.
"""

from collections.abc import Callable, Iterable
from typing import Any

from fixgw.journal.frame import Decided, decode_command
from fixgw.marketdata.book import Book, BookData, Books
from fixgw.marketdata.depth import Depth, DepthState, displayed_qty
from fixgw.spec.events import (
    Amendment,
    AmendmentEvent,
    CancelRejected,
    Event,
    ListStated,
    MassCanceled,
    MassQuoteAnswered,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderRestated,
    OrderState,
    OrderStated,
    OrderTriggered,
    QuoteReported,
    QuotesPulled,
    Trade,
    TradeBusted,
    TradeCorrected,
)
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.values import Price, Qty, Side

_BUY = Side.BUY  # in Python 3.11 each look into an enumeration costs 0.2 us

_OF_NO_BOOK: tuple[type[Event], ...] = (
    OrderRejected,
    OrderStated,
    OrderRestated,
    CancelRejected,
    MassCanceled,
    ListStated,
    # The sides of quotes have the events of orders.
    QuoteReported,
    MassQuoteAnswered,
    QuotesPulled,
)
"""Nothing that is or was in the book, or changes there."""


def _pass_over(_event: Event, _time_ns: int) -> None:
    pass


class Hindsight:
    """What is needed to tell the public books as of the last frame followed."""

    def __init__(self, state: DepthState | None = None, orders: dict[str, OrderState] | None = None) -> None:
        """Begin with the first frame, or go on from ``state`` and the open ``orders`` by OrderID of the same moment."""
        self._instruments = Depth(state=state)
        """Follows all but orders; the books that it has are those of the beginning."""
        self.events = 0
        """Followed so far."""
        self._last_px: dict[str, Price | None] = {}
        self._open: dict[str, tuple[OrderState, int]] = {}
        """All that may be displayed, with when it took its place: in the order of those, whatever the price."""
        # A table, since a match statement would take as long again as all that is done with an event.
        self._following: dict[type[Event], Callable[[Any, int], None]] = {
            OrderAccepted: self._accept,
            OrderCanceled: self._end,
            OrderExpired: self._end,
            Trade: self._exchange,
            OrderReplaced: self._restate,
            OrderAmended: self._restate,
            OrderTriggered: self._trigger,
            TradeBusted: self._amend_trade,
            TradeCorrected: self._amend_trade,
            **dict.fromkeys(_OF_NO_BOOK, _pass_over),
        }
        if state is not None and orders is not None:
            for book in state.books:
                self._last_px[book.listing.symbol] = book.last_px
                for number, _, _, time_ns in (*book.bids, *book.asks):
                    self._open[str(number)] = orders[str(number)], time_ns
            for order_id, order in orders.items():
                self._open.setdefault(order_id, (order, 0))

    def follow(self, frames: Iterable[Decided]) -> None:
        """Follow the next frames."""
        following = self._following
        for frame in frames:
            events, time_ns = frame.events, frame.time_ns
            self.events += len(events)
            for event in events:
                follow = following.get(type(event))
                if follow is None:
                    self._follow_instruments(frame, event)
                else:
                    follow(event, time_ns)

    def _accept(self, event: OrderAccepted, time_ns: int) -> None:
        order = event.order
        self._open[order.order_id] = order, time_ns

    def _end(self, event: OrderCanceled | OrderExpired, _time_ns: int) -> None:
        self._open.pop(event.order.order_id, None)

    def _exchange(self, event: Trade, time_ns: int) -> None:
        self._last_px[event.symbol] = event.last_px
        self._trade(event.resting.order, time_ns, in_auction=event.in_auction)
        self._trade(event.aggressor.order, time_ns, in_auction=event.in_auction)

    def _restate(self, event: OrderReplaced | OrderAmended, time_ns: int) -> None:
        self._change(event.order, time_ns, keeps_priority=event.keeps_priority)

    def _trigger(self, event: OrderTriggered, time_ns: int) -> None:
        self._change(event.order, time_ns, keeps_priority=False)

    def _amend_trade(self, event: AmendmentEvent, time_ns: int) -> None:
        self._last_px[event.symbol] = event.market_px
        self._amend(event.resting, time_ns)
        self._amend(event.aggressor, time_ns)

    def _trade(self, order: OrderState, time_ns: int, *, in_auction: bool) -> None:
        """Note what a trade has left of an order; an iceberg that shows its next part goes behind all others."""
        order_id = order.order_id
        if not order.leaves_qty:
            self._open.pop(order_id, None)
            return
        before, since_ns = self._open[order_id]
        if before.hidden_qty != order.hidden_qty and not in_auction:
            del self._open[order_id]
            since_ns = time_ns
        self._open[order_id] = order, since_ns

    def _change(self, order: OrderState, time_ns: int, *, keeps_priority: bool) -> None:
        known = self._open.get(order.order_id)
        if known is None or not keeps_priority:
            self._open.pop(order.order_id, None)
            self._open[order.order_id] = order, time_ns
        else:
            self._open[order.order_id] = order, known[1]

    def _amend(self, side: Amendment, time_ns: int) -> None:
        """Note what an order has back of a trade: one that was filled does not come back."""
        if side.previous_leaves_qty:
            self._change(side.order, time_ns, keeps_priority=side.order.leaves_qty <= side.previous_leaves_qty)

    def _follow_instruments(self, frame: Decided, event: Event) -> None:
        """Follow what is of instruments, or of the venue."""
        self._instruments.apply(Sequenced(frame.sequence, frame.time_ns, decode_command(frame.command), (event,)))

    def books(self) -> Books:
        """Return the books as of the last frame; some 5 us for each order in them."""
        bids: dict[str, list[tuple[int, Price, Qty, int]]] = {}
        asks: dict[str, list[tuple[int, Price, Qty, int]]] = {}
        for order, since_ns in self._open.values():
            qty = displayed_qty(order)
            if qty and not order.is_waiting:
                assert order.price is not None, order.order_id
                side = bids if order.side is _BUY else asks
                side.setdefault(order.symbol, []).append((int(order.order_id), order.price, qty, since_ns))
        books = Books()
        for book in self._instruments.books:
            symbol = book.listing.symbol
            orders = bids.get(symbol, []), asks.get(symbol, [])
            last_px = self._last_px.get(symbol)
            books.put(Book.from_data(BookData(book.listing, book.state, last_px, *orders, book.indicative)))
        return books
