"""Depth: what the frames of the journal change in the public books, as messages of the feed.

The messages, and so their numbers in the channel, are a pure function of the journal: read again, it gives the same.
"""

from collections.abc import Callable, Iterable
from typing import assert_never

import msgspec

from fixgw.marketdata.book import Book, BookBroken, BookData, BookOrder, Books, Level, Levels
from fixgw.marketdata.messages import (
    NO_PRICE,
    NOT_DISPLAYED,
    IndicativePrice,
    InstrumentListed,
    OrderAdded,
    OrderDeleted,
    OrderExecuted,
    OrderMoved,
    OrderReduced,
    StateChanged,
    TradeAmended,
    TradingState,
    Update,
)
from fixgw.spec.commands import ConfigureVenue
from fixgw.spec.events import (
    Amendment,
    AmendmentEvent,
    CancelRejected,
    DayBegun,
    DayEnding,
    IndicativeChanged,
    InstrumentAdded,
    InstrumentChanged,
    InstrumentDelisted,
    InstrumentHalted,
    InstrumentResumed,
    InstrumentSuspended,
    LimitsSet,
    LimitStateChanged,
    ListStated,
    MassCanceled,
    MassQuoteAnswered,
    OperatorRefused,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderRestated,
    OrdersExpired,
    OrdersRestated,
    OrdersSwept,
    OrderState,
    OrderStated,
    OrderTriggered,
    PhaseChanged,
    ProtectionReset,
    ProtectionSet,
    ProtectionTripped,
    QuoteReported,
    QuotesPulled,
    ScopeKilled,
    ScopeReleased,
    SessionDisabled,
    SessionEnabled,
    SessionLoggedOut,
    SessionReset,
    Trade,
    TradeBusted,
    TradeCorrected,
    VenueConfigured,
)
from fixgw.spec.instrument import Instrument
from fixgw.spec.listing import Listing
from fixgw.spec.phase import CALLS, Phase
from fixgw.spec.scope import VENUE, halting
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.values import Qty, Side

__all__ = [
    "NOT_DISPLAYED",
    "NO_PRICE",
    "Book",
    "BookBroken",
    "BookOrder",
    "Books",
    "Depth",
    "DepthState",
    "IndicativePrice",
    "Level",
    "Levels",
    "OrderAdded",
    "OrderDeleted",
    "OrderExecuted",
    "OrderMoved",
    "OrderReduced",
    "StateChanged",
    "TradeAmended",
    "TradingState",
    "Update",
]

_BUY, _SELL = Side.BUY, Side.SELL
_BETWEEN_DAYS = "between days"  # no symbol and no scope: these have no spaces


class DepthState(msgspec.Struct, frozen=True, array_like=True):
    """All that a Depth knows, as plain data: after the same frames it has the same bytes."""

    books: list[BookData]
    """In the order of the numbers of their instruments."""
    forbidden: list[str]
    suspended: list[str]
    halted: list[str]
    phases: list[tuple[str, Phase]]
    configured: list[Instrument]
    listed: list[Instrument]


class Depth:
    """The public books as of the last frame applied."""

    def __init__(self, before: Callable[[Book, Update], None] | None = None, state: DepthState | None = None) -> None:
        """Go on from ``state``, or begin with the first frame.

        ``before`` is told of each change of an instrument that was listed, while its book is as it was.
        """
        self.books = Books()
        self.before = before
        self._listing = Listing()
        self._forbidden: set[str] = set()
        """Scopes killed, and the time between two trading days."""
        self._suspended: set[str] = set()
        self._halted: set[str] = set()
        """Symbols, segments as ``segment:NAME``, and ``venue``."""
        self._phases: dict[str, Phase] = {}
        """Of the instruments that are not in continuous trading, or were not."""
        if state is not None:
            for data in state.books:
                self.books.put(Book.from_data(data))
            self._forbidden.update(state.forbidden)
            self._suspended.update(state.suspended)
            self._halted.update(state.halted)
            self._phases.update(state.phases)
            self._listing.configured = {instrument.symbol: instrument for instrument in state.configured}
            self._listing.put(state.listed)

    def data(self) -> DepthState:
        """Return all that is known, as plain data."""
        return DepthState(
            books=[book.data() for book in self.books],
            forbidden=sorted(self._forbidden),
            suspended=sorted(self._suspended),
            halted=sorted(self._halted),
            phases=sorted(self._phases.items()),
            configured=list(self._listing.configured.values()),
            listed=list(self._listing.listed.values()),
        )

    def book(self, symbol: str) -> Book | None:
        """Return the book of an instrument that is or was listed, else None."""
        return self.books.by_symbol.get(symbol)

    def apply(self, sequenced: Sequenced) -> list[Update]:
        """Follow the next frame and return what it changes, in order; most frames change little or nothing.

        Within a frame the books go through states that were never seen, and end with the one that was.
        """
        frame = _Frame(self, sequenced)
        for event in sequenced.events:
            match event:
                case OrderAccepted() if event.order.is_waiting:
                    pass  # in no book before its trigger goes off
                case OrderAccepted() | OrderTriggered():
                    frame.work(event.order)
                case Trade():
                    frame.trade(event)
                case TradeBusted() | TradeCorrected():
                    frame.amend_trade(event)
                case OrderCanceled() | OrderExpired():
                    frame.end(event.order)
                case OrderReplaced():
                    frame.replace(event)
                case OrderAmended():
                    frame.amend(event)
                case VenueConfigured():
                    assert isinstance(sequenced.command, ConfigureVenue), sequenced.sequence
                    self._listing.configure(sequenced.command.instruments)
                    frame.list(self._listing.listed.values())
                    frame.restate()
                case InstrumentAdded() | InstrumentChanged():
                    if isinstance(event, InstrumentAdded):
                        self._phases.pop(event.instrument.symbol, None)
                    self._listing.list(event.instrument)
                    frame.list(self._listing.listed.values())
                case InstrumentDelisted(symbol=symbol):
                    self._listing.delist(symbol)
                    self._halted.discard(symbol)
                    self._suspended.discard(symbol)
                    frame.list(self._listing.listed.values())
                case InstrumentSuspended(symbol=symbol):
                    self._halted.discard(symbol)
                    self._suspended.add(symbol)
                    frame.restate()
                case ScopeKilled(scope=forbidden):
                    self._forbidden.add(forbidden)
                    frame.restate()
                case InstrumentHalted():
                    self._halted.add(event.symbol)
                    frame.restate()
                case InstrumentResumed():
                    self._halted.discard(event.symbol)
                    self._suspended.discard(event.symbol)
                    frame.restate()
                case DayEnding():
                    self._forbidden.add(_BETWEEN_DAYS)
                    frame.restate()
                case DayBegun():
                    self._forbidden.discard(_BETWEEN_DAYS)
                    frame.restate()
                case ScopeReleased(scope=allowed):
                    self._forbidden.discard(allowed)
                    frame.restate()
                case PhaseChanged():
                    self._phases[event.symbol] = event.phase
                    frame.settle()
                    frame.restate()
                case IndicativeChanged():
                    frame.indicate(event)
                case OrderRejected() | OrderStated() | CancelRejected() | MassCanceled() | ListStated():
                    pass  # nothing that is or was in the book
                case QuoteReported() | MassQuoteAnswered() | QuotesPulled():
                    pass  # the sides of quotes have the events of orders
                case ProtectionTripped() | ProtectionReset() | ProtectionSet() | LimitStateChanged():
                    pass
                case OrdersSwept() | OperatorRefused() | LimitsSet():
                    pass
                case OrdersExpired() | OrderRestated() | OrdersRestated():
                    pass  # no quantity and no place in a queue changes
                case SessionDisabled() | SessionEnabled() | SessionLoggedOut() | SessionReset():
                    pass
                case _:
                    assert_never(event)
        frame.settle()
        return frame.updates

    def state(self, symbol: str) -> TradingState:
        """Return the state of a listed instrument; it is halted, too, when all of it or of the venue is killed."""
        segment = self._listing.listed[symbol].segment
        halted = symbol in self._suspended or not self._halted.isdisjoint(halting(symbol, segment))
        if halted or not self._forbidden.isdisjoint((f"instrument:{symbol}", VENUE, _BETWEEN_DAYS)):
            return TradingState.HALTED
        phase = self._phases.get(symbol)
        if phase in CALLS:
            return TradingState.CALL
        if phase is Phase.POST_CLOSE:
            return TradingState.POST_CLOSE
        return TradingState.CLOSED if phase is Phase.CLOSED else TradingState.TRADING


class _Frame:
    """One frame on its way into the books.

    An order that was accepted, or replaced at the cost of its priority, is *at work* until its own trades are over;
    only then is it known whether, and with what, it rests.  A replaced order stays in its old place until then,
    where it harms nobody: it does not cross the book.
    """

    __slots__ = ("_at_work", "_books", "_depth", "_time_ns", "updates")

    def __init__(self, depth: Depth, sequenced: Sequenced) -> None:
        self.updates: list[Update] = []
        self._depth = depth
        self._books = depth.books
        self._time_ns = sequenced.time_ns
        self._at_work: OrderState | None = None

    def work(self, order: OrderState) -> None:
        self.settle()
        self._at_work = order

    def trade(self, trade: Trade) -> None:
        aggressor, resting = trade.aggressor.order, trade.resting.order
        if trade.in_auction:
            self.settle()
            self._execute(trade, resting)
            self._keep_in_place(resting)
            self._keep_in_place(aggressor)
            return
        if self._at_work is None or self._at_work.order_id != aggressor.order_id:
            self.settle()
        self._at_work = aggressor
        self._execute(trade, resting)

    def _execute(self, trade: Trade, resting: OrderState) -> None:
        match_number, _, match_index = trade.resting.exec_id.partition(".")
        displayed, shown_qty = self._displayed(resting), displayed_qty(resting)
        if trade.in_auction and displayed is not None and displayed.qty - trade.last_qty != shown_qty:
            displayed = None  # what is not displayed trades first: the message after this tells what of it still is
        leaves_qty = Qty(0) if displayed is None else Qty(displayed.qty - trade.last_qty)
        executed = OrderExecuted(
            self._number(trade.symbol),
            self._time_ns,
            NOT_DISPLAYED if displayed is None else int(resting.order_id),
            trade.last_px,
            trade.last_qty,
            leaves_qty,
            int(match_number),
            int(match_index),
        )
        self._publish(executed)
        if shown_qty and not leaves_qty and not trade.in_auction:
            self._add(resting)  # the next part of an iceberg

    def end(self, order: OrderState) -> None:
        """Have an order go that is canceled or has expired."""
        if self._at_work is not None and self._at_work.order_id == order.order_id:
            # What was left may not rest: leaves_qty is 0 now.
            self._at_work = order
        else:
            self._delete(order)

    def amend_trade(self, event: AmendmentEvent) -> None:
        """Tell of the trade, then of what its orders have back: one that was filled does not come back."""
        number = self._number(event.symbol)
        match_number, _, match_index = event.trade_id.partition(".")
        last_qty = Qty(0) if isinstance(event, TradeBusted) else event.last_qty
        market_px = NO_PRICE if event.market_px is None else event.market_px
        place = int(match_number), int(match_index)
        self._publish(TradeAmended(number, self._time_ns, *place, event.last_px, last_qty, market_px))
        for side in (event.resting, event.aggressor):
            if side.previous_leaves_qty:
                self._amend_order(number, side)

    def _amend_order(self, number: int, side: Amendment) -> None:
        order, shown_qty = side.order, displayed_qty(side.order)
        if order.leaves_qty <= side.previous_leaves_qty:
            self._keep_in_place(order)
        elif shown_qty:
            assert order.price is not None, order.order_id
            self._publish(OrderMoved(number, self._time_ns, int(order.order_id), order.price, shown_qty))

    def replace(self, replaced: OrderReplaced) -> None:
        self.settle()
        if replaced.order.is_waiting:
            return
        if replaced.keeps_priority:
            self._keep_in_place(replaced.order)
        else:
            self._at_work = replaced.order

    def amend(self, amended: OrderAmended) -> None:
        if amended.order.is_waiting:
            return
        if self._at_work is not None and self._at_work.order_id == amended.order.order_id:
            self._at_work = amended.order
        elif amended.keeps_priority:
            self._keep_in_place(amended.order)
        elif displayed_qty(amended.order) or self._displayed(amended.order) is not None:
            self.work(amended.order)

    def _keep_in_place(self, order: OrderState) -> None:
        displayed, shown_qty = self._displayed(order), displayed_qty(order)
        if not shown_qty:
            self._delete(order)
        elif displayed is not None and displayed.qty != shown_qty:
            self._publish(OrderReduced(self._number(order.symbol), self._time_ns, displayed.order_id, shown_qty))

    def settle(self) -> None:
        """The order at work has traded all it could: let it rest, or go."""
        order, self._at_work = self._at_work, None
        if order is None:
            return
        if not displayed_qty(order):
            self._delete(order)
        elif self._displayed(order) is None:
            self._add(order)
        else:
            assert order.price is not None, order.order_id
            number, order_id = self._number(order.symbol), int(order.order_id)
            self._publish(OrderMoved(number, self._time_ns, order_id, order.price, displayed_qty(order)))

    def _add(self, order: OrderState) -> None:
        assert order.price is not None, order.order_id
        number, side = self._number(order.symbol), _BUY if order.side is _BUY else _SELL
        added = OrderAdded(number, self._time_ns, int(order.order_id), side, order.price, displayed_qty(order))
        self._publish(added)

    def _delete(self, order: OrderState) -> None:
        """Take the order out of the public book, if anything of it is there."""
        if self._displayed(order) is not None:
            self._publish(OrderDeleted(self._number(order.symbol), self._time_ns, int(order.order_id)))

    def _displayed(self, order: OrderState) -> BookOrder | None:
        """Return what everybody sees of the order; None when that is nothing."""
        return self._books.by_symbol[order.symbol].order(int(order.order_id))

    def list(self, instruments: Iterable[Instrument]) -> None:
        """Tell of the instruments that are new or have other terms, and of those that are gone."""
        symbols = set()
        for instrument in instruments:
            symbols.add(instrument.symbol)
            book = self._depth.book(instrument.symbol)
            number = len(self._books) + 1 if book is None else book.listing.instrument
            listing = _listing(number, self._time_ns, instrument)
            if book is None or _terms(book.listing) != _terms(listing):
                self._publish(listing)
                self._publish(StateChanged(number, self._time_ns, self._depth.state(instrument.symbol)))
            elif book.state is TradingState.DELISTED:
                self._publish(StateChanged(number, self._time_ns, self._depth.state(instrument.symbol)))
        for book in self._books:
            if book.listing.symbol not in symbols and book.state is not TradingState.DELISTED:
                self._publish(StateChanged(book.listing.instrument, self._time_ns, TradingState.DELISTED))

    def restate(self) -> None:
        """Tell of the instruments that trade again, or no longer."""
        for book in self._books:
            if book.state is TradingState.DELISTED:
                continue
            state = self._depth.state(book.listing.symbol)
            if book.state is not state:
                self._publish(StateChanged(book.listing.instrument, self._time_ns, state))

    def indicate(self, event: IndicativeChanged) -> None:
        """Tell what a call would come to, where that is news."""
        book = self._books.by_symbol[event.symbol]
        price = NO_PRICE if event.price is None else event.price
        told = book.indicative
        if (told is None and event.price is None) or (
            told is not None and (told.price, told.volume, told.imbalance) == (price, event.volume, event.imbalance)
        ):
            return
        number = book.listing.instrument
        self._publish(IndicativePrice(number, self._time_ns, price, event.volume, event.imbalance))

    def _number(self, symbol: str) -> int:
        return self._books.by_symbol[symbol].listing.instrument

    def _publish(self, update: Update) -> None:
        if self._depth.before is not None and update.instrument in self._books.by_number:
            self._depth.before(self._books.by_number[update.instrument], update)
        self._books.apply(update)
        self.updates.append(update)


def displayed_qty(order: OrderState) -> Qty:
    """Return how much of a resting order everybody sees."""
    return Qty(order.leaves_qty - order.held_qty - order.hidden_qty)


def _listing(number: int, time_ns: int, instrument: Instrument) -> InstrumentListed:
    return InstrumentListed(
        instrument=number,
        transact_time_ns=time_ns,
        price_scale=instrument.price_scale,
        qty_scale=instrument.qty_scale,
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
        multiplier=instrument.multiplier,
        symbol=instrument.symbol,
    )


def _terms(listing: InstrumentListed) -> tuple[object, ...]:
    return listing.price_scale, listing.qty_scale, listing.tick_size, listing.lot_size, listing.multiplier
