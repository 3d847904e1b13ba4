"""Quotes: the sides of each live in the book as orders do, and a new quote takes the place of the old one in one step.

Within a session a quote is known by instrument and QuoteEntryID(299); a Quote(35=S) has none, so that there is one
such quote in an instrument.  The registry knows which sides are live: one that is filled, killed or expired is gone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from fixgw.engine.book import OrderBook
from fixgw.engine.maker_protection import MakerProtections, refusal_text
from fixgw.engine.order import Order
from fixgw.engine.registry import OrderRegistry, SessionOrders
from fixgw.spec.commands import CancelQuotes, MassQuote, PullQuotes, Quote
from fixgw.spec.events import (
    Event,
    MassQuoteAnswered,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    QuoteReported,
    QuotesPulled,
)
from fixgw.spec.instrument import UNLISTED, Instrument
from fixgw.spec.quotes import NO_ENTRY, QuoteEntry, QuoteEntryAnswer, QuoteRefusal, QuoteState
from fixgw.spec.values import (
    ExecRestatementReason,
    OrdType,
    Price,
    Qty,
    QuoteCancelType,
    QuoteRejectReason,
    QuoteStatus,
    Side,
    TimeInForce,
)

EVERY_SYMBOL = "[N/A]"
"""Symbol(55), which a QuoteStatusReport must have, where it is about the quotes in all instruments."""

Refusals = Iterable[QuoteRefusal | None]


class Floor(NamedTuple):
    """What the exchange does for quotes as it does for orders."""

    orders: OrderRegistry
    books: Mapping[str, OrderBook]
    instruments: Mapping[str, Instrument]
    next_order_id: Callable[[], str]
    next_exec_id: Callable[[], str]
    work: Callable[[Order, list[Event]], None]
    """Match a live order that is not in the book, then rest it."""
    take_out: Callable[[Order], Qty]
    """Cancel an order that rests and return what was open."""
    protections: MakerProtections
    keep_out: Callable[[Order, str], OrderCanceled]
    """Cancel a side before it comes to the book, since its maker's protection was reached."""


class Quotes:
    """Applies the commands of market makers."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def quote(self, command: Quote | MassQuote, refusals: Refusals) -> list[Event]:
        """Answer first, then bring what was not refused to the market: a quote is acknowledged before it trades."""
        judged = list(zip(command.entries, refusals, strict=True))
        if isinstance(command, Quote):
            events: list[Event] = [self._answer_one(command, *judged[0])]
        else:
            events = [_answer_all(command, judged)]
        for entry, refusal in judged:
            if refusal is None:
                self._enter(command, entry, events)
        return events

    def cancel(self, command: CancelQuotes) -> list[Event]:
        quoted = list(self._floor.orders.of_session(command.session).quoted.values())
        match command.quote_cancel_type:
            case QuoteCancelType.ALL_QUOTES:
                answer = self._report_canceled(command, EVERY_SYMBOL, QuoteStatus.CANCELED_ALL, None)
                reset = self._floor.protections.reset_of_session(command.session, command.firm)
                return [*(self._withdraw(order) for order in quoted), answer, *reset]
            case QuoteCancelType.SECURITIES:
                events: list[Event] = []
                for symbol in dict.fromkeys(command.symbols):
                    of_symbol = [order for order in quoted if order.symbol == symbol]
                    events += (self._withdraw(order) for order in of_symbol)
                    if of_symbol:
                        answer = self._report_canceled(command, symbol, QuoteStatus.CANCELED_FOR_SYMBOL, None)
                    else:
                        text = f"there is no quote in Symbol(55) {symbol}"
                        answer = self._report_canceled(command, symbol, QuoteStatus.NOT_FOUND, text)
                    events.append(answer)
                return events
            case unsupported:
                text = f"QuoteCancelType(298) {unsupported} is not supported; 1 (securities) or 4 (all quotes)"
                return [self._report_canceled(command, EVERY_SYMBOL, QuoteStatus.REJECTED, text)]

    def pull(self, command: PullQuotes) -> list[Event]:
        """Cancel all quotes of a session that has gone: nobody watches over them."""
        quoted = list(self._floor.orders.of_session(command.session).quoted.values())
        events: list[Event] = [self._cancel_unasked(order, command.reason) for order in quoted]
        return [*events, QuotesPulled(command.session, len(events), command.reason)]

    def refuse_when_frozen(self, command: Quote | MassQuote, entry: QuoteEntry) -> QuoteRefusal | None:
        """Market maker protection that has been reached takes no quote, but one that only takes sides away."""
        protections = self._floor.protections
        if not (entry.bid_size or entry.offer_size):
            return None
        frozen = protections.frozen(command.session, command.firm, entry.symbol)
        if frozen is None:
            return None
        text = refusal_text(frozen, protections.in_force[frozen.name].frozen_s)
        return QuoteRefusal(QuoteRejectReason.OTHER, text)

    def _enter(self, command: Quote | MassQuote, entry: QuoteEntry, events: list[Event]) -> None:
        """Put both sides in the place of those before; a side that is not quoted goes.

        That side first which makes room for the other: the new bid may be at or above the offer it replaces.
        """
        mine = self._floor.orders.of_session(command.session)
        wanted_bid = entry.side(Side.BUY)
        offer = mine.quoted.get((entry.symbol, entry.quote_entry_id, Side.SELL))
        is_in_the_way = wanted_bid is not None and offer is not None and wanted_bid[0] >= (offer.price or 0)
        for side in (Side.SELL, Side.BUY) if is_in_the_way else (Side.BUY, Side.SELL):
            self._enter_side(command, entry, side, mine, events)

    def _enter_side(
        self, command: Quote | MassQuote, entry: QuoteEntry, side: Side, mine: SessionOrders, events: list[Event]
    ) -> None:
        wanted = entry.side(side)
        order = mine.quoted.get((entry.symbol, entry.quote_entry_id, side))
        if order is not None and (wanted is None or order.account != command.account):
            events.append(self._withdraw(order))
            order = None
        if wanted is None:
            return
        if order is None:
            self._open(command, entry, side, wanted, mine, events)
        else:
            self._requote(order, command.quote_id, *wanted, events)

    def _open(
        self,
        command: Quote | MassQuote,
        entry: QuoteEntry,
        side: Side,
        wanted: tuple[Price, Qty],
        mine: SessionOrders,
        events: list[Event],
    ) -> None:
        price, size = wanted
        instrument = self._floor.instruments[entry.symbol]
        order = Order(
            session=command.session,
            firm=command.firm,
            account=command.account,
            order_id=self._floor.next_order_id(),
            entering_cl_ord_id=command.quote_id,
            cl_ord_id=command.quote_id,
            symbol=entry.symbol,
            side=side,
            ord_type=OrdType.LIMIT,
            time_in_force=TimeInForce.DAY,
            order_qty=size,
            price=price,
            leaves_qty=size,
            price_scale=instrument.price_scale,
            qty_scale=instrument.qty_scale,
            quote_entry_id=entry.quote_entry_id,
        )
        self._floor.orders.open_quoted(order, mine)
        events.append(OrderAccepted(self._floor.next_exec_id(), order.state()))
        frozen = self._floor.protections.frozen(order.session, order.firm, order.symbol)
        if frozen is None:
            self._floor.work(order, events)
        else:  # since a quote of the same message has traded
            events.append(self._floor.keep_out(order, frozen.text))

    def _requote(self, order: Order, quote_id: str, price: Price, size: Qty, events: list[Event]) -> None:
        """Less at the same price keeps its place, as for orders; a size is what is open, whatever has traded."""
        orig_cl_ord_id, previous_price, previous_leaves_qty = order.cl_ord_id, order.price, order.leaves_qty
        keeps_priority = price == previous_price and size <= previous_leaves_qty
        book_side = self._floor.books[order.symbol].side(order.side)
        if keeps_priority:
            book_side.reduce(order, previous_leaves_qty - size)
        else:
            book_side.remove(order, previous_leaves_qty)
        order.requote(quote_id, price, size)
        exec_id = self._floor.next_exec_id()
        before = orig_cl_ord_id, previous_price, previous_leaves_qty
        events.append(OrderReplaced(exec_id, order.state(), *before, keeps_priority))
        if not keeps_priority:
            self._floor.work(order, events)

    def _withdraw(self, order: Order) -> OrderCanceled:
        """Cancel a side because its session says so in a quote message, which has an answer of its own."""
        canceled_qty = self._floor.take_out(order)
        return OrderCanceled(self._floor.next_exec_id(), order.state(), canceled_qty, True, None, None)

    def _cancel_unasked(self, order: Order, text: str) -> OrderCanceled:
        canceled_qty, reason = self._floor.take_out(order), ExecRestatementReason.SYSTEM_FAILURE
        return OrderCanceled(self._floor.next_exec_id(), order.state(), canceled_qty, True, None, text, reason)

    def _answer_one(self, command: Quote, entry: QuoteEntry, refusal: QuoteRefusal | None) -> QuoteReported:
        instrument = self._floor.instruments.get(entry.symbol, UNLISTED)
        quote = QuoteState(
            command.session,
            command.firm,
            command.account,
            command.quote_id,
            entry.quote_entry_id,
            entry.symbol,
            entry.bid_px,
            entry.bid_size,
            entry.offer_px,
            entry.offer_size,
            instrument.price_scale,
            instrument.qty_scale,
        )
        status = QuoteStatus.ACCEPTED if refusal is None else QuoteStatus.REJECTED
        text = None if refusal is None else refusal.text
        return QuoteReported(quote, status, command.quote_response_level, text)

    def _report_canceled(
        self, command: CancelQuotes, symbol: str, status: QuoteStatus, text: str | None
    ) -> QuoteReported:
        quote = _no_quote(command.session, command.firm, command.account, command.quote_id, symbol)
        return QuoteReported(quote, status, command.quote_response_level, text)


def quotes_of(orders: OrderRegistry, session: str, symbol: str) -> Iterator[QuoteState]:
    """Yield the quotes of ``session`` in ``symbol`` as they stand, in the order of their oldest sides."""
    sides: dict[str, list[Order]] = {}
    for order in orders.of_session(session).quoted.values():
        if order.symbol == symbol:
            sides.setdefault(order.quote_entry_id or NO_ENTRY, []).append(order)
    for quote_entry_id, found in sides.items():
        newest = found[-1]
        bid = next((order for order in found if order.side is Side.BUY), None)
        offer = next((order for order in found if order.side is Side.SELL), None)
        yield QuoteState(
            session,
            newest.firm,
            newest.account,
            newest.cl_ord_id,
            quote_entry_id,
            symbol,
            None if bid is None else bid.price,
            Qty(0) if bid is None else bid.leaves_qty,
            None if offer is None else offer.price,
            Qty(0) if offer is None else offer.leaves_qty,
            newest.price_scale,
            newest.qty_scale,
        )


def _no_quote(session: str, firm: str, account: str, quote_id: str, symbol: str) -> QuoteState:
    """Return what a report says that is about no quote in particular."""
    nothing = None, Qty(0), None, Qty(0)
    return QuoteState(session, firm, account, quote_id, NO_ENTRY, symbol, *nothing, 0, 0)


def _answer_all(command: MassQuote, judged: list[tuple[QuoteEntry, QuoteRefusal | None]]) -> MassQuoteAnswered:
    first = next((refusal for _, refusal in judged if refusal is not None), None)
    is_rejected = first is not None and all(refusal is not None for _, refusal in judged)
    return MassQuoteAnswered(
        session=command.session,
        firm=command.firm,
        account=command.account,
        quote_id=command.quote_id,
        quote_status=QuoteStatus.REJECTED if is_rejected else QuoteStatus.ACCEPTED,
        quote_reject_reason=first.reason if first is not None and is_rejected else None,
        quote_response_level=command.quote_response_level,
        entries=tuple(
            QuoteEntryAnswer(entry.quote_set_id, entry.quote_entry_id, entry.symbol, refusal)
            for entry, refusal in judged
        ),
        text=None if first is None else first.text,
    )
