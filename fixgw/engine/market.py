"""The market: what all desks of the exchange share, and the few things that each of them does with it."""

from collections.abc import Callable

from fixgw.engine import display
from fixgw.engine.all_or_none import is_all_or_none
from fixgw.engine.averages import Averages
from fixgw.engine.book import OrderBook
from fixgw.engine.expiry import Expiries
from fixgw.engine.indicative import Indicatives
from fixgw.engine.maker_protection import MakerProtections
from fixgw.engine.order import Order
from fixgw.engine.pegs import Pegs
from fixgw.engine.phases import Phases
from fixgw.engine.reduce_only import ReduceOnly, asks_to_reduce
from fixgw.engine.registry import OrderRegistry
from fixgw.engine.trades import Trades
from fixgw.engine.triggers import Triggers
from fixgw.spec.bands import Band, trading_band
from fixgw.spec.events import Event, OrderAmended, OrderCanceled, OrderExpired
from fixgw.spec.instrument import Instrument
from fixgw.spec.limit_state import LimitState
from fixgw.spec.listing import Listing
from fixgw.spec.scope import parse
from fixgw.spec.values import ExecRestatementReason, Price, Qty, Side

_BUY = Side.BUY  # in Python 3.11 each look into an enumeration costs 0.2 us


class Market:
    """Instruments, books and orders as they stand; who changes them are the desks."""

    def __init__(self, may_trade: Callable[[str], bool], net_qty: Callable[[str, str], int]) -> None:
        """``may_trade`` tells of a symbol whether it trades now: what waits there stays where it is if not.

        ``net_qty`` tells of an account and a symbol what its position was before this command.
        """
        self._may_trade = may_trade
        self.listing = Listing()
        self.instruments = self.listing.listed
        self.ever_listed: dict[str, Instrument] = {}
        """Also those that have left, as they were last."""
        self.books: dict[str, OrderBook] = {}
        self.orders = OrderRegistry()
        self.expiries = Expiries(self.orders)
        self.triggers = Triggers()
        self.last_trades: dict[str, Price] = {}
        self.pegs = Pegs(self.books, self.instruments, self.last_trades)
        self.phases = Phases(self.closing_price)
        self.indicatives = Indicatives()
        self.with_aside: dict[str, None] = {}
        """Symbols in which all-or-none orders may wait aside of the book; maybe none does any more."""
        self.reduce_only = ReduceOnly(net_qty)
        self.trades = Trades()
        """Those that can still be undone or corrected."""
        self.orders_entered = 0
        """OrderIDs given so far: they count from 1."""
        self.seed = 0
        """Of what is random: the configuration's."""
        self.now_ns = 0
        """The time of the command at hand, ns since the epoch, UTC."""
        self.averages = Averages()
        self.limited: frozenset[str] = frozenset()
        """Symbols whose orders rest at the edge of the price band."""
        self.limit_states: dict[str, LimitState] = {}
        self.protections = MakerProtections(self.instruments, lambda: self.now_ns)
        self._sequence = 0
        self._reports = 0

    def begin(self, sequence: int) -> None:
        """Begin the command at ``sequence``, the place among those that trade; ExecIDs are made from it."""
        self._sequence = sequence
        self._reports = 0
        if self.reduce_only.orders:
            self.reduce_only.begin()

    def next_exec_id(self) -> str:
        exec_id = f"{self._sequence}.{self._reports}"
        self._reports += 1
        return exec_id

    def next_order_id(self) -> str:
        self.orders_entered += 1
        return str(self.orders_entered)

    def open_books(self) -> None:
        """See to it that whatever is listed has a book, and is known for ever."""
        self.ever_listed.update(self.instruments)
        for symbol in self.instruments:
            self.books.setdefault(symbol, OrderBook())
        self.note_limited()

    def note_limited(self) -> None:
        """Know which instruments have limit states, so that orders of others need not ask."""
        self.limited = frozenset(symbol for symbol, each in self.instruments.items() if each.limit_state_s)

    def band(self, symbol: str) -> Band | None:
        """Return where the next order may trade, or None for anywhere; it stays as it is while that order trades."""
        instrument = self.instruments[symbol]
        if not instrument.has_bands:
            return None
        reference, window_s = self.last_trades.get(symbol), instrument.dynamic_band_average_s
        if window_s and (average := self.averages.of(symbol, self.now_ns, window_s)) is not None:
            reference = average
        return trading_band(instrument, reference)

    def closing_price(self, symbol: str) -> tuple[Price | None, Instrument]:
        """Return what ``symbol`` trades at in post-close: the last trade's price, else that of the configuration."""
        instrument = self.instruments[symbol]
        return self.last_trades.get(symbol, instrument.reference_price), instrument

    def trades_as_it_comes(self, symbol: str) -> bool:
        return symbol not in self.phases.other and self._may_trade(symbol)

    def all_open(self) -> list[Order]:
        return self.orders.open_of(parse("venue"))

    # What becomes of an order.

    def hide(self, order: Order) -> None:
        """Hide of ``order``, which is not in the book, what it will not display when it comes there."""
        display.hide(order)
        if is_all_or_none(order):
            self.with_aside[order.symbol] = None
        if asks_to_reduce(order.instructions):
            self.reduce_only.note(order)

    def take_out(self, order: Order) -> Qty:
        """Cancel an order that rests, waits or is held, and return what was open."""
        self.take_from_book(order)
        return self.end(order)

    def take_from_book(self, order: Order) -> None:
        """Take out what may trade; one of which all is held is nowhere."""
        if not order.leaves_qty:
            return
        if order.is_waiting:
            self.triggers.remove(order)
        else:
            book = self.books[order.symbol]
            (book.bids if order.side is _BUY else book.asks).remove(order, order.leaves_qty, order.hidden_qty)

    def count_less(self, order: Order, qty: int) -> None:
        """Have the book count ``qty`` less of an order, of what is not displayed first; where it rests it stays."""
        hidden_qty = order.take_from_hidden(qty)
        if order.rests:
            self.books[order.symbol].side(order.side).reduce(order, qty, hidden_qty)

    def lower_in_book(self, order: Order, qty: int) -> None:
        """Have ``qty`` less of an order where it rests or waits, which it leaves with the last of it."""
        if qty < order.leaves_qty:
            self.count_less(order, qty)
        else:
            self.take_from_book(order)
            order.hidden_qty = Qty(0)

    def end(self, order: Order) -> Qty:
        """Cancel a live order that is not in the book and return what was open."""
        self.orders.close(order)
        return order.cancel()

    def cancel_unasked(
        self, order: Order, text: str, reason: ExecRestatementReason = ExecRestatementReason.MARKET_OPTION
    ) -> OrderCanceled:
        """Cancel an open order, though its session did not ask for it (E29)."""
        rested, canceled_qty = order.rests, self.take_out(order)
        exec_id = self.next_exec_id()
        return OrderCanceled(exec_id, order.state(), canceled_qty, rested, None, text, reason)

    def expire(self, order: Order, text: str) -> OrderExpired:
        rested = order.rests
        self.take_from_book(order)
        self.orders.close(order)
        expired_qty = order.expire()
        return OrderExpired(self.next_exec_id(), order.state(), expired_qty, text, rested)

    def reduce(self, one: Order, other: Order, qty: int, events: list[Event]) -> None:
        """Have two orders traded ``qty``, or less where it is below zero, and lower what reduces too much then."""
        self.reduce_only.trade(one, qty)
        self.reduce_only.trade(other, qty)
        for account in dict.fromkeys((one.account, other.account)):
            for order, less in self.reduce_only.too_much(account, one.symbol):
                events.append(self._lower(order, less))

    def _lower(self, order: Order, less: Qty) -> OrderCanceled | OrderAmended:
        text = f"ReduceOnly(20002): the position of {order.account} in {order.symbol} is smaller now"
        if less == order.open_qty:
            return self.cancel_unasked(order, text)
        leaves_qty, rested = order.open_qty, order.rests
        self.lower_in_book(order, less)
        order.decrement(less)
        return OrderAmended(
            exec_id=self.next_exec_id(),
            order=order.state(),
            exec_restatement_reason=ExecRestatementReason.PARTIAL_DECLINE_OF_ORDER_QTY,
            previous_price=order.price,
            previous_leaves_qty=leaves_qty,
            rested=rested,
            keeps_priority=rested,
            text=text,
            previous_trigger_price=order.trigger_price if order.is_waiting else None,
        )

    def reprice(self, order: Order, price: Price, text: str, *, rested: bool) -> OrderAmended:
        """Give ``order``, which is in no book now, a price that nobody asked for."""
        previous_price = order.price
        order.reprice(price)
        return OrderAmended(
            exec_id=self.next_exec_id(),
            order=order.state(),
            exec_restatement_reason=ExecRestatementReason.REPRICING,
            previous_price=previous_price,
            previous_leaves_qty=order.open_qty,
            rested=rested,
            keeps_priority=False,
            text=text,
            previous_held_qty=order.held_qty,
        )
