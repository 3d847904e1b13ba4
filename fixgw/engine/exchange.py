"""The exchange: applies one command to books and orders, and returns what happened."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import assert_never

import msgspec

from fixgw.engine import auction, display, inquiries, minimum, post_only, self_match, triggers
from fixgw.engine.allocation import match_shared
from fixgw.engine.book import BookSide, Level, OrderBook
from fixgw.engine.corrections import Venue, amend
from fixgw.engine.expiry import Expiries, ends_with_day
from fixgw.engine.indicative import Indicatives
from fixgw.engine.listings import Listings
from fixgw.engine.lists import Floor as ListFloor
from fixgw.engine.lists import ListDesk
from fixgw.engine.maker_protection import MakerProtections
from fixgw.engine.matching import can_fill, crosses, match
from fixgw.engine.order import Order
from fixgw.engine.phases import OF_PHASES, Phases, expires
from fixgw.engine.protection import protection_price
from fixgw.engine.quotes import Floor, Quotes, Refusals
from fixgw.engine.registry import OrderRegistry, quoted_side
from fixgw.engine.sweep import SWEEP_SLICE_MAX, Sweep, SweepKind
from fixgw.engine.trades import Trades
from fixgw.engine.trailing import Move, is_trailing, trail_from
from fixgw.engine.triggers import TRAILING_MAX, Triggers
from fixgw.spec.bands import Band, trading_band
from fixgw.spec.commands import (
    AddInstrument,
    BeginDay,
    BustTrade,
    CancelAllByOperator,
    CancelByOperator,
    CancelList,
    CancelOrder,
    CancelQuotes,
    ChangeInstrument,
    ConfigureVenue,
    ContinueSweep,
    ContinueTriggers,
    CorrectTrade,
    DelistInstrument,
    EndDay,
    ExpireDueOrders,
    HaltInstrument,
    Kill,
    ListingCommand,
    MassCancel,
    MassQuote,
    NewOrder,
    NewOrderList,
    PullQuotes,
    Quote,
    RefuseChange,
    RefuseOrder,
    ReplaceOrder,
    ResetProtection,
    SetPhase,
    SetProtection,
    TradingCommand,
)
from fixgw.spec.events import (
    AffectedOrder,
    CancelRejected,
    DayBegun,
    DayEnding,
    Event,
    Fill,
    InstrumentAdded,
    InstrumentChanged,
    InstrumentDelisted,
    MassCanceled,
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
    Trade,
    VenueConfigured,
)
from fixgw.spec.fixed import format_fixed
from fixgw.spec.inquiries import (
    InstrumentsAnswer,
    InstrumentsInquiry,
    InstrumentSummary,
    ListStatusAnswer,
    ListStatusInquiry,
    MassStatusAnswer,
    MassStatusInquiry,
    OrderAnswer,
    OrderInquiry,
    OrdersAnswer,
    OrdersInquiry,
    OrderStatusAnswer,
    OrderStatusInquiry,
    QuoteStatusAnswer,
    QuoteStatusInquiry,
    SessionsAnswer,
)
from fixgw.spec.instructions import CANCEL_ON_HALT
from fixgw.spec.instrument import UNLISTED, Instrument
from fixgw.spec.listing import Listing
from fixgw.spec.participant import Participant
from fixgw.spec.phase import Phase, uncrosses
from fixgw.spec.quotes import QuoteEntry, QuoteRefusal
from fixgw.spec.refusal import Refusal
from fixgw.spec.restriction import Restriction
from fixgw.spec.scope import Scope, halting, parse
from fixgw.spec.terms import terms_of
from fixgw.spec.values import (
    Allocation,
    CxlRejReason,
    CxlRejResponseTo,
    ExecRestatementReason,
    MassCancelRejectReason,
    MassCancelRequestType,
    OrdRejReason,
    OrdStatus,
    OrdType,
    Price,
    Qty,
    QuoteRejectReason,
    SelfMatchPrevention,
    Side,
    TimeInForce,
    TriggerPriceType,
)

# In Python 3.11 each look into an enumeration takes 0.2 us: what every order needs has a name of its own.
_BUY = Side.BUY
_LIMIT = OrdType.LIMIT
_MARKET = OrdType.MARKET
_FILL_OR_KILL = TimeInForce.FILL_OR_KILL
_GOOD_TILL_DATE = TimeInForce.GOOD_TILL_DATE
_RESTING = (TimeInForce.DAY, TimeInForce.GOOD_TILL_CANCEL, _GOOD_TILL_DATE)
_LEFTOVER_AS_LIMIT = OrdType.MARKET_WITH_LEFTOVER_AS_LIMIT
_UNPRICED = (_MARKET, OrdType.STOP, OrdType.MARKET_IF_TOUCHED, _LEFTOVER_AS_LIMIT)
_PEGGED = OrdType.PEGGED
_FIFO = Allocation.FIFO
_SUPPORTED_ORD_TYPES = (_LIMIT, OrdType.STOP_LIMIT, _PEGGED, *_UNPRICED)
_VENUE = "venue"
"""Who begins a volatility auction, in the journal."""
_NEVER_RESTING = (TimeInForce.IMMEDIATE_OR_CANCEL, _FILL_OR_KILL)


class Exchange:
    """All instruments, books and orders of the venue.  The same commands give the same events."""

    def __init__(
        self, sweep_slice_max: int = SWEEP_SLICE_MAX, may_trade: Callable[[str], bool] = lambda _: True
    ) -> None:
        """``may_trade`` tells of a symbol whether it trades now: what waits there stays where it is if not."""
        self._sweep_slice_max = sweep_slice_max
        self.listing = Listing()
        self.instruments = self.listing.listed
        self._may_trade = may_trade
        self.ever_listed: dict[str, Instrument] = {}
        """Also those that have left, as they were last."""
        self.books: dict[str, OrderBook] = {}
        self.orders = OrderRegistry()
        self.expiries = Expiries(self.orders)
        self.sweeps: deque[Sweep] = deque()
        """What is to be done to many orders and is not done yet, to be continued one slice after the other."""
        self.triggers = Triggers()
        self.lists = ListDesk(
            ListFloor(
                orders=self.orders,
                instruments=self.instruments,
                judge=self._judge,
                make=self._order,
                reject=self._reject,
                place=self._place,
                trail_from_here=self._trail_from_here,
                take_from_book=self._take_from_book,
                lower_in_book=self._lower_in_book,
                next_exec_id=self._next_exec_id,
            )
        )
        self.last_trades: dict[str, Price] = {}
        self.phases = Phases(self._closing_price)
        self.indicatives = Indicatives()
        self.trades = Trades()
        """Those that can still be undone or corrected."""
        self.orders_entered = 0
        """OrderIDs given so far: they count from 1."""
        self.now_ns = 0
        """The time of the command at hand, ns since the epoch, UTC."""
        self.protections = MakerProtections(self.instruments, lambda: self.now_ns)
        self.seed = 0
        """Of what is random: the configuration's."""
        self._sequence = 0
        self._reports = 0
        floor = Floor(
            self.orders,
            self.books,
            self.instruments,
            self._next_order_id,
            self._next_exec_id,
            self._work,
            self._take_out,
            self.protections,
        )
        self._quotes = Quotes(floor)

    def handle(self, command: TradingCommand, sequence: int) -> list[Event]:
        """Apply one command and return what happened, in order; never empty.

        An accepted order yields OrderAccepted first, then one Trade per resting order hit (best price,
        then oldest), then OrderCanceled for a remainder that may not rest.  What follows from that for the orders
        of lists comes after it, then what waits and is set off by all that.  ``sequence`` is the place of the command
        among those that trade; ExecIDs are made from it.
        """
        self._sequence = sequence
        self._reports = 0
        events = self._apply(command)
        if self.lists.open:
            self.lists.follow(events)
        # As a day ends nothing trades any more.
        if (self.triggers.waiting or self.triggers.due) and not isinstance(command, EndDay):
            self._go_off(events)
        self._note_calls(events)
        return events

    def _note_calls(self, events: list[Event]) -> None:
        if self.phases.calls or self.indicatives.changed:
            self.indicatives.note(events, self.phases.calls)

    def tell_indicatives(self) -> list[Event]:
        """Tell of calls that have changed what they would come to if they ended now; changes nothing else."""
        return self.indicatives.tell(self.books, self.instruments, self.last_trades)

    def _with_triggers(self, events: list[Event]) -> list[Event]:
        """Return ``events`` and what they set off."""
        if self.triggers.waiting or self.triggers.due:
            self._go_off(events)
        return events

    def _apply(self, command: TradingCommand) -> list[Event]:
        match command:
            case NewOrder():
                return self._enter(command)
            case CancelOrder():
                return [self._cancel(command)]
            case ReplaceOrder():
                return self._replace(command)
            case MassCancel():
                return self._mass_cancel(command)
            case CancelQuotes():
                return self._quotes.cancel(command)
            case PullQuotes():
                return self._quotes.pull(command)
            case NewOrderList():
                return self.lists.enter(command, {})
            case CancelList():
                return self.lists.cancel(command)
            case RefuseOrder():
                return [self._reject(command, Refusal(command.ord_rej_reason, command.text))]
            case RefuseChange():
                return [self._refuse_change(command, command.cxl_rej_response_to, command.cxl_rej_reason, command.text)]
            case ConfigureVenue():
                return [self._configure(command)]
            case AddInstrument() | ChangeInstrument() | DelistInstrument():
                return self._list(command)
            case Kill():
                text = f"{command.scope} is killed by the operator: {command.reason}"
                return self._begin_sweep(command.scope, command.operator, command.reason, text)
            case CancelAllByOperator():
                text = _canceled_by_operator(command)
                return self._begin_sweep(command.scope, command.operator, command.reason, text)
            case ContinueSweep():
                return self._continue_sweep()
            case ContinueTriggers():
                return []  # those that are due go off after any command
            case EndDay():
                return self._end_day(command)
            case BeginDay():
                return self._begin_day(command)
            case ExpireDueOrders():
                return self._expire_due(command)
            case CancelByOperator():
                return [self._cancel_by_operator(command)]
            case SetPhase():
                return self._change_phase(command)
            case SetProtection() | ResetProtection():
                return [self.protections.answer(command)]
            case BustTrade() | CorrectTrade():
                return amend(self._what_trades(), command)
            case _:
                assert_never(command)

    def refuse(self, command: NewOrder | ReplaceOrder, refusal: Refusal, sequence: int) -> list[Event]:
        """Record that risk refused ``command``: its ClOrdID is used up, no order is live or changed by it."""
        self._sequence = sequence
        self._reports = 0
        if isinstance(command, NewOrder):
            return self._with_triggers([self._reject(command, refusal)])
        response_to, reason = CxlRejResponseTo.ORDER_CANCEL_REPLACE_REQUEST, CxlRejReason.BROKER_OR_EXCHANGE_OPTION
        return self._with_triggers([self._refuse_change(command, response_to, reason, refusal.text)])

    def quote(self, command: Quote | MassQuote, refusals: Refusals, sequence: int) -> list[Event]:
        """Answer for all quotes of ``command``, whose ``refusals`` are those of risk, and trade those that passed."""
        self._sequence = sequence
        self._reports = 0
        judged = zip(command.entries, refusals, strict=True)
        refusals = [
            refusal or self._refuse_when_closed(entry) or self._quotes.refuse_when_frozen(command, entry)
            for entry, refusal in judged
        ]
        events = self._quotes.quote(command, refusals)
        if self.lists.open:
            self.lists.follow(events)
        self._with_triggers(events)
        self._note_calls(events)
        return events

    def _refuse_when_closed(self, entry: QuoteEntry) -> QuoteRefusal | None:
        """An instrument that is closed or trades at one price takes no quote, but one that only takes sides away."""
        phase = self.phases.of(entry.symbol)
        if phase not in (Phase.CLOSED, Phase.POST_CLOSE) or not (entry.bid_size or entry.offer_size):
            return None
        why = "is closed" if phase is Phase.CLOSED else f"is in {phase}, which takes no quotes"
        return QuoteRefusal(QuoteRejectReason.EXCHANGE_CLOSED, f"{entry.symbol} {why}")

    def refuse_list(self, command: NewOrderList, refusals: Mapping[int, Refusal], sequence: int) -> list[Event]:
        """Record that risk refused orders of ``command``, by their place in it: so none is taken."""
        self._sequence = sequence
        self._reports = 0
        return self._with_triggers(self.lists.enter(command, refusals))

    def order_status(self, inquiry: OrderStatusInquiry) -> OrderStatusAnswer:
        """Tell the state of one order; changes nothing."""
        return inquiries.order_status(self.orders, inquiry)

    def list_status(self, inquiry: ListStatusInquiry) -> ListStatusAnswer:
        """Tell the state of a list; changes nothing."""
        return ListStatusAnswer(self.lists.status(inquiry.session, inquiry.firm, inquiry.list_id))

    def mass_status(self, inquiry: MassStatusInquiry) -> Iterator[MassStatusAnswer]:
        """Yield the state of a session's open orders, a slice at a time, at least one; changes nothing."""
        return inquiries.mass_status(self.orders, self.instruments, inquiry)

    def quote_status(self, inquiry: QuoteStatusInquiry) -> QuoteStatusAnswer:
        """Tell the quotes of a session in one instrument; changes nothing."""
        return inquiries.quote_status(self.orders, inquiry)

    # What operators ask.

    def sessions(self, disabled: Mapping[str, Restriction], participants: Iterable[Participant]) -> SessionsAnswer:
        """Tell of each session how many orders it has open."""
        return inquiries.sessions(self.orders, disabled, participants)

    def find_orders(self, inquiry: OrdersInquiry) -> OrdersAnswer:
        """Return a page of orders, the newest first."""
        return inquiries.find_orders(self.orders, inquiry, self.orders_entered)

    def find_order(self, inquiry: OrderInquiry) -> OrderAnswer:
        return inquiries.find_order(self.orders, inquiry)

    def list_instruments(
        self,
        inquiry: InstrumentsInquiry,
        halt_of: Callable[[str], Restriction | None],
        suspended: Mapping[str, Restriction],
    ) -> InstrumentsAnswer:
        """Return a page of instruments with their best bid and offer."""
        page = inquiries.page_of_symbols(self.instruments, inquiry.after)
        summaries = (self._summary(symbol, halt_of(symbol), suspended.get(symbol)) for symbol in page.symbols)
        return InstrumentsAnswer(tuple(summaries), page.next_after)

    def _summary(
        self, symbol: str, halted: Restriction | None, suspended: Restriction | None
    ) -> InstrumentSummary:
        instrument, book = self.instruments[symbol], self.books[symbol]
        bid, offer = book.bids.best_shown(), book.asks.best_shown()
        return InstrumentSummary(
            symbol=symbol,
            halted=halted,
            last_px=self.last_trades.get(symbol),
            bid_px=None if bid is None else bid.price,
            bid_qty=None if bid is None else Qty(bid.shown_qty),
            offer_px=None if offer is None else offer.price,
            offer_qty=None if offer is None else Qty(offer.shown_qty),
            price_scale=instrument.price_scale,
            qty_scale=instrument.qty_scale,
            suspended=suspended,
            terms=terms_of(instrument),
            phase=self.phases.of(symbol),
        )

    # What risk asks of the market.

    def reference_price(self, symbol: str) -> Price | None:
        """Return the last trade's price, else the middle of the book, else None."""
        last = self.last_trades.get(symbol)
        return self.books[symbol].middle() if last is None else last

    def find(self, session: str, firm: str, cl_ord_id: str) -> OrderState | None:
        """Return the state of the order that ``cl_ord_id`` names, live or not."""
        order = self.orders.find(session, firm, cl_ord_id)
        return None if order is None else order.state()

    def find_quoted(self, session: str, symbol: str, quote_entry_id: str, side: Side) -> OrderState | None:
        """Return the state of a live side of a quote."""
        order = self.orders.of_session(session).quoted.get((symbol, quote_entry_id, side))
        return None if order is None else order.state()

    # New orders.

    def _enter(self, command: NewOrder) -> list[Event]:
        mine = self.orders.of_session(command.session)
        trigger: Price | None = None
        if command.instructions is None and command.ord_type is _LIMIT:  # no more than its time is to be judged
            refusal = self.phases.refuse(command)
        else:
            refusal, trigger = self._judge(command)
        if refusal is not None or command.cl_ord_id in mine.by_cl_ord_id:
            return [self._reject(command, refusal)]
        order = self._order(command, trigger)
        self.orders.open(order, mine)
        events: list[Event] = [OrderAccepted(self._next_exec_id(), order.state())]
        if trigger is None:
            self._work(order, events)
        else:
            self.triggers.add(order)
        return events

    def _judge(self, command: NewOrder) -> tuple[Refusal | None, Price | None]:
        """Return why an order is not taken, or None, and the trigger that it waits for first, if it waits."""
        refusal = _unsupported(command, self.instruments[command.symbol]) or self.phases.refuse(command)
        if refusal is not None or command.instructions is None:
            return refusal, None
        if (cannot_rest := self._cannot_rest(command)) is not None:
            return Refusal(OrdRejReason.BROKER_OR_EXCHANGE_OPTION, cannot_rest), None
        if not triggers.waits(command):
            return None, None
        first = self._first_trigger(command)
        return (first, None) if isinstance(first, Refusal) else (None, first)

    def _order(self, command: NewOrder, trigger: Price | None) -> Order:
        """Return a new order that is nowhere yet; with a ``trigger`` it waits for that."""
        instrument, instructions = self.instruments[command.symbol], command.instructions
        order = Order(
            command.session,
            command.firm,
            command.account,
            self._next_order_id(),
            command.cl_ord_id,
            command.cl_ord_id,
            command.symbol,
            command.side,
            command.ord_type,
            command.time_in_force,
            command.order_qty,
            command.price,
            command.order_qty,
            instrument.price_scale,
            instrument.qty_scale,
            instructions=instructions,
        )
        if instructions is not None:
            display.hide(order)
        if order.time_in_force is _GOOD_TILL_DATE:
            self.expiries.add(order)
        if trigger is not None:
            order.wait(trigger, triggers.source(command, instrument))
            order.is_dormant = triggers.begins_dormant(command)
        return order

    def _first_trigger(self, command: NewOrder) -> Price | Refusal:
        if is_trailing(command) and self.triggers.count_trailing(command.symbol) >= TRAILING_MAX:
            text = f"there are {TRAILING_MAX} trailing stops in {command.symbol}; no more are taken"
            return Refusal(OrdRejReason.BROKER_OR_EXCHANGE_OPTION, text)
        instrument, book = self.instruments[command.symbol], self.books[command.symbol]
        prices = triggers.prices(book, self.last_trades.get(command.symbol), ())
        return triggers.first_trigger(command, prices, instrument)

    def _trail_from_here(self, order: Order) -> None:
        """Have a trailing stop that is let to trade, and was not told where to begin, begin where the market is."""
        if not order.is_waiting or not is_trailing(order) or triggers.stop_px(order) is not None:
            return
        instrument, book = self.instruments[order.symbol], self.books[order.symbol]
        prices = triggers.prices(book, self.last_trades.get(order.symbol), ())
        first = triggers.first_trigger(order, prices, instrument)
        if not isinstance(first, Refusal):
            trail_from(order, first, instrument)

    def _place(self, order: Order, events: list[Event]) -> None:
        """Let a live order wait for its trigger, or work."""
        if order.is_waiting:
            self.triggers.add(order)
        else:
            self._work(order, events)

    def _work(self, order: Order, events: list[Event]) -> None:
        """Match a live order that is not in the book, then rest it or cancel what is left."""
        book = self.books[order.symbol]
        own, opposite = (book.bids, book.asks) if order.side is _BUY else (book.asks, book.bids)
        if order.symbol in self.phases.other:
            self._gather(order, own, events)
            return
        band = None
        if (best := opposite.best) is not None:
            if order.price is None:
                order.protection_price = protection_price(self.instruments[order.symbol], order.side, best.price)
            if not crosses(order, best):
                pass
            elif post_only.is_post_only(order.instructions):
                events.append(self._slide(order, best))
            else:
                band = self._band(order.symbol)
                self._trade(order, opposite, band, events)
        if not order.leaves_qty:
            if not order.held_qty:
                self.orders.close(order)
        elif (
            order.price is None
            and order.ord_type is _LEFTOVER_AS_LIMIT
            and order.cum_qty
            and order.time_in_force in _RESTING
        ):
            text = "OrdType(40)=K: what is left rests at the price of its last trade"
            events.append(self._reprice(order, self.last_trades[order.symbol], text, rested=False))
            own.add(order)
        elif band is not None and _is_stopped(order, opposite):
            self._leave_band(band, order, own, events)
        elif order.price is not None and order.time_in_force not in _NEVER_RESTING:
            own.add(order)
        else:
            canceled_qty, why = self._end(order), self._why_it_may_not_rest(order)
            events.append(OrderCanceled(self._next_exec_id(), order.state(), canceled_qty, False, None, why))

    def _gather(self, order: Order, own: BookSide, events: list[Event]) -> None:
        """Rest an order where none trades as it comes; in post-close it may trade at the closing price then."""
        symbol, phase = order.symbol, self.phases.of(order.symbol)
        why = self._why_not_gather(order, phase)
        if why is not None:
            canceled_qty = self._end(order)
            events.append(OrderCanceled(self._next_exec_id(), order.state(), canceled_qty, False, None, why))
            return
        own.add(order)
        if phase is Phase.POST_CLOSE:
            self._trade_at(self._closing_price(symbol)[0], symbol, events)

    def _why_not_gather(self, order: Order, phase: Phase) -> str | None:
        """Return why an order of a list, which was taken in another phase than it comes to the book in, ends there."""
        if order.price is None or order.time_in_force in _NEVER_RESTING or expires(order.time_in_force, phase):
            return f"{order.symbol} is in {phase}: it cannot rest"
        refusal = self.phases.worse_than_close(order) if phase is Phase.POST_CLOSE else None
        return None if refusal is None else refusal.text

    def _cannot_rest(self, command: NewOrder | ReplaceOrder) -> str | None:
        """Return why a post-only order may not come into the book as it is, or None."""
        if not post_only.is_post_only(command.instructions):
            return None
        opposite = self.books[command.symbol].opposite(command.side)
        return post_only.refusal(command, opposite, self.instruments[command.symbol])

    def _slide(self, order: Order, best: Level) -> OrderAmended:
        price = post_only.slid_price(order.side, best, self.instruments[order.symbol])
        text = "ExecInst(18) 6: a tick away from what it would have traded with"
        return self._reprice(order, price, text, rested=False)

    def _reprice(self, order: Order, price: Price, text: str, *, rested: bool) -> OrderAmended:
        """Give ``order``, which is in no book now, a price that nobody asked for."""
        previous_price = order.price
        order.reprice(price)
        return OrderAmended(
            exec_id=self._next_exec_id(),
            order=order.state(),
            exec_restatement_reason=ExecRestatementReason.REPRICING,
            previous_price=previous_price,
            previous_leaves_qty=order.open_qty,
            rested=rested,
            keeps_priority=False,
            text=text,
            previous_held_qty=order.held_qty,
        )

    def _band(self, symbol: str) -> Band | None:
        """Return where the next order may trade, or None for anywhere; it stays as it is while that order trades."""
        instrument = self.instruments[symbol]
        return trading_band(instrument, self.last_trades.get(symbol)) if instrument.has_bands else None

    def _leave_band(self, band: Band, order: Order, own: BookSide, events: list[Event]) -> None:
        """End what could trade outside ``band`` only, or have a volatility auction find the price."""
        instrument, phase = self.instruments[order.symbol], Phase.VOLATILITY_AUCTION
        if not instrument.volatility_auction_s:
            events.append(self._stop_at(band, order))
            return
        if order.price is None or order.time_in_force in _NEVER_RESTING:
            events.append(self._stop_at(band, order))
        else:
            own.add(order)
        reason = f"an order would have traded outside the price band {band.text(instrument)}"
        events += self._move_on(order.symbol, phase, reason)
        self.phases.interrupt(order.symbol)
        events.append(PhaseChanged(order.symbol, phase, Phase.CONTINUOUS, _VENUE, reason))

    def _stop_at(self, band: Band, order: Order) -> OrderCanceled:
        """Cancel what is left of an order that could trade outside ``band`` only: at rest it would cross the book."""
        text = f"nothing left to trade with in the price band {band.text(self.instruments[order.symbol])}"
        canceled_qty = self._end(order)
        return OrderCanceled(self._next_exec_id(), order.state(), canceled_qty, False, None, text)

    def _trade(self, order: Order, opposite: BookSide, band: Band | None, events: list[Event]) -> None:
        instrument = self.instruments[order.symbol]
        guard = self_match.guard(order, instrument)
        if (wanted := minimum.at_once(order)) and not self._can_fill(order, wanted, opposite, band, guard):
            return
        is_fifo = instrument.allocation is _FIFO
        matches = (
            match(order, opposite, band, guard) if is_fifo else match_shared(order, opposite, instrument, band, guard)
        )
        for resting, last_px, last_qty in matches:
            if guard is not None and not last_qty:
                events.extend(self._prevent(order, resting, guard.how))
                if self.lists.open:
                    self.lists.follow_trade(resting, order, events, at_work=order)
                continue
            self.last_trades[order.symbol] = last_px
            if not resting.leaves_qty and not resting.held_qty:
                self.orders.close(resting)
            elif display.has_shown_all(resting):
                opposite.refresh(resting, display.show_next(resting, instrument.lot_size, self.seed))
            passive = Fill(self._next_exec_id(), resting.state())
            active = Fill(self._next_exec_id(), order.state())
            events.append(Trade(order.symbol, last_px, last_qty, active, passive))
            if self.protections.in_force:
                self._protect(resting, order, last_qty, events)
            if self.lists.open:
                self.lists.follow_trade(resting, order, events, at_work=order)

    def _protect(self, resting: Order, order: Order, last_qty: Qty, events: list[Event]) -> None:
        """Protect the makers whose quotes have traded, the resting one first."""
        for each in (resting, order):
            if each.quote_entry_id is not None:
                self._quotes.protect(each, last_qty, events, at_work=order)

    def _can_fill(
        self, order: Order, wanted: Qty, opposite: BookSide, band: Band | None, guard: self_match.Guard | None
    ) -> bool:
        """Return whether ``wanted`` of ``order`` would trade at once."""
        is_enough = self.lists.can_fill if self.lists.open else can_fill
        if self.protections.in_force:
            is_shared = self.instruments[order.symbol].allocation is not _FIFO
            more = self.protections.would_pull(order, opposite, band, guard, is_shared=is_shared)
            wanted = Qty(wanted + more)
        return is_enough(order, wanted, opposite, band, guard)

    def _prevent(self, order: Order, resting: Order, how: SelfMatchPrevention) -> Iterator[Event]:
        """Let one or both of two orders of the same hand give way, the resting one first."""
        decrement = min(order.leaves_qty, resting.leaves_qty) if how is SelfMatchPrevention.DECREMENT else Qty(0)
        if how is not SelfMatchPrevention.CANCEL_NEWEST:
            yield self._give_way(resting, order, decrement, rested=True)
        if how is not SelfMatchPrevention.CANCEL_OLDEST:
            yield self._give_way(order, resting, decrement, rested=False)

    def _give_way(self, order: Order, other: Order, decrement: Qty, *, rested: bool) -> OrderCanceled | OrderAmended:
        """Take ``decrement`` off ``order``; where that is nothing or all, cancel it."""
        text = f"self-match with order {other.order_id} prevented"
        if not 0 < decrement < order.open_qty:
            # One that does not rest is closed by whoever works it.
            canceled_qty, reason = self._take_out(order) if rested else order.cancel(), ExecRestatementReason.OTHER
            return OrderCanceled(self._next_exec_id(), order.state(), canceled_qty, rested, None, text, reason)
        leaves_qty, held_qty = order.open_qty, order.held_qty
        if rested:
            self._lower_in_book(order, decrement)
        else:
            order.take_from_hidden(decrement)
        order.decrement(decrement)
        return OrderAmended(
            exec_id=self._next_exec_id(),
            order=order.state(),
            exec_restatement_reason=ExecRestatementReason.PARTIAL_DECLINE_OF_ORDER_QTY,
            previous_price=order.price,
            previous_leaves_qty=leaves_qty,
            rested=rested,
            keeps_priority=rested,
            text=text,
            previous_held_qty=held_qty,
        )

    def _lower_in_book(self, order: Order, qty: int) -> None:
        """Have ``qty`` less of an order where it rests or waits, which it leaves with the last of it."""
        if qty < order.leaves_qty:
            self._count_less(order, qty)
        else:
            self._take_from_book(order)
            order.hidden_qty = Qty(0)

    def _why_it_may_not_rest(self, order: Order) -> str:
        if order.time_in_force is _FILL_OR_KILL:
            return "TimeInForce(59)=4: not all of it could be filled at once"
        if not order.cum_qty and (min_qty := minimum.at_once(order)):
            return f"MinQty(110) {format_fixed(min_qty, order.qty_scale)}: less than that could be filled at once"
        if order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL:
            return "TimeInForce(59)=3: the rest could not be filled at once"
        what = f"OrdType(40)={order.ord_type}: nothing left to trade with"
        if order.protection_price is not None and self.books[order.symbol].opposite(order.side).best is not None:
            limit = format_fixed(order.protection_price, order.price_scale)
            return f"{what} up to {limit}, the market protection of {order.symbol}"
        return f"{what}, and a market order does not rest"

    # Orders whose trigger has gone off.

    def _go_off(self, events: list[Event]) -> None:
        """Let to the market what ``events`` have set off, and what that sets off in turn, up to a slice of orders."""
        looked_at = 0
        for _ in range(self._sweep_slice_max):
            self._look_at_triggers(events, looked_at)
            looked_at = len(events)
            order = self._next_due()
            if order is None:
                return
            at = len(events)
            self._release(order, events)
            if self.lists.open:
                self.lists.follow(events, at)
        self._look_at_triggers(events, looked_at)

    def _look_at_triggers(self, events: list[Event], begin: int) -> None:
        """Make due what trades and books of ``events`` from ``begin`` on have set off, by symbol in their order."""
        traded: dict[str, list[Price]] = {}
        for event in events[begin:]:
            if isinstance(event, Trade):
                traded.setdefault(event.symbol, []).append(event.last_px)
            elif (order := getattr(event, "order", None)) is not None:
                traded.setdefault(order.symbol, [])
        for symbol, prices in traded.items():
            if symbol in self.triggers.waiting and self._trades_as_it_comes(symbol):
                seen = triggers.prices(self.books[symbol], self.last_trades.get(symbol), prices)
                for move in self.triggers.look(seen, self.instruments[symbol]):
                    events.append(self._moved(move))

    def _moved(self, move: Move) -> OrderAmended:
        """Tell of a trailing stop that has followed the price."""
        return OrderAmended(
            exec_id=self._next_exec_id(),
            order=move.order.state(),
            exec_restatement_reason=ExecRestatementReason.REPRICING,
            previous_price=move.previous_price,
            previous_leaves_qty=move.order.open_qty,
            rested=False,
            keeps_priority=False,
            text="StopPx(99) follows the price",
            previous_trigger_price=move.previous_trigger_price,
            previous_held_qty=move.order.held_qty,
        )

    def _next_due(self) -> Order | None:
        return next((order for order in self.triggers.due.values() if self._trades_as_it_comes(order.symbol)), None)

    def _trades_as_it_comes(self, symbol: str) -> bool:
        return symbol not in self.phases.other and self._may_trade(symbol)

    @property
    def has_due(self) -> bool:
        """Whether orders have gone off that ContinueTriggers is to let to the market."""
        return self._next_due() is not None

    def _release(self, order: Order, events: list[Event]) -> None:
        """Let an order that is due to the market."""
        self.triggers.remove(order)
        order.is_waiting = False
        at = len(events)
        assert order.trigger_price is not None, order.order_id
        text = f"StopPx(99) {format_fixed(order.trigger_price, order.price_scale)} was reached"
        events.append(triggered := OrderTriggered(self._next_exec_id(), order.state(), text))
        self._work(order, events)
        if len(events) > at + 1 and isinstance(events[at + 1], Trade):
            events[at] = msgspec.structs.replace(triggered, exec_id="")

    def _reject(self, command: NewOrder | RefuseOrder, refusal: Refusal | None) -> Event:
        """Refuse a new order: a ClOrdID used before is answered with the order it names (E18, E19)."""
        mine = self.orders.of_session(command.session)
        if command.cl_ord_id in mine.by_cl_ord_id:
            return self._reject_duplicate(command)
        assert refusal is not None, command.cl_ord_id
        order = self._rejected(command)
        self.orders.remember(order, mine)
        return OrderRejected(self._next_exec_id(), order.state(), refusal.ord_rej_reason, refusal.text)

    def _reject_duplicate(self, command: NewOrder | RefuseOrder) -> Event:
        known = self.orders.find(command.session, command.firm, command.cl_ord_id)
        # The ClOrdID of a cancel or replace request, sent again as that of an order, was never an order of its own.
        if command.poss_resend and known is not None and known.entering_cl_ord_id == command.cl_ord_id:
            return OrderStated(self._next_exec_id(), known.state(), "sent again: this order was received before")
        text = f"ClOrdID(11) {command.cl_ord_id} was used before; a new order needs a new one"
        order = known or self._rejected(command)
        # A rejection under the ClOrdID of the order itself would read as if that were rejected.
        state = order.state(command.cl_ord_id)
        return OrderRejected(self._next_exec_id(), state, OrdRejReason.DUPLICATE_ORDER, text)

    def _rejected(self, command: NewOrder | RefuseOrder) -> Order:
        instrument = self.instruments.get(command.symbol, UNLISTED)
        return Order(
            session=command.session,
            firm=command.firm,
            account=command.account,
            order_id=self._next_order_id(),
            entering_cl_ord_id=command.cl_ord_id,
            cl_ord_id=command.cl_ord_id,
            symbol=command.symbol,
            side=command.side,
            ord_type=command.ord_type,
            time_in_force=command.time_in_force,
            order_qty=command.order_qty if isinstance(command, NewOrder) else Qty(0),
            price=command.price if isinstance(command, NewOrder) else None,
            leaves_qty=Qty(0),
            price_scale=instrument.price_scale,
            qty_scale=instrument.qty_scale,
            ord_status=OrdStatus.REJECTED,
            instructions=command.instructions if isinstance(command, NewOrder) else None,
        )

    # Changes.

    def _cancel(self, command: CancelOrder) -> Event:
        response_to = CxlRejResponseTo.ORDER_CANCEL_REQUEST
        found = self._find_for_change(command, response_to)
        if not isinstance(found, Order):
            return found
        rested, canceled_qty = found.rests, self._take_out(found)
        found.cl_ord_id = command.cl_ord_id
        state = found.state()
        return OrderCanceled(self._next_exec_id(), state, canceled_qty, rested, command.orig_cl_ord_id, None)

    def _replace(self, command: ReplaceOrder) -> list[Event]:
        response_to = CxlRejResponseTo.ORDER_CANCEL_REPLACE_REQUEST
        found = self._find_for_change(command, response_to)
        if not isinstance(found, Order):
            return [found]
        changed = _unchangeable(found, command)
        if changed is not None:
            return [self._cancel_rejected(command, response_to, CxlRejReason.OTHER, changed, found)]
        refusal = self.phases.refuse(command)
        if refusal is None and command.instructions is not None:
            refusal = _unsupported_with(command, self.instruments[command.symbol])
        cannot = self._cannot_rest(command) if refusal is None else refusal.text
        if cannot is not None:
            reason = CxlRejReason.BROKER_OR_EXCHANGE_OPTION
            return [self._cancel_rejected(command, response_to, reason, cannot, found)]
        return self._restate(found, command)

    def _restate(self, order: Order, command: ReplaceOrder) -> list[Event]:
        # Replacing down keeps priority, up, in price or in what is displayed loses it (rules of engagement, section 5).
        keeps_priority = (
            command.price == order.price
            and command.order_qty <= order.order_qty
            and display.is_same(order.instructions, command.instructions)
        )
        trigger = None
        if order.is_waiting:
            trigger = self._trigger_of(order, command)
            is_unmoved = trigger == (order.trigger_price, order.trigger_source)
            # What follows a price, and how, is in the instructions.
            keeps_priority = keeps_priority and is_unmoved and not is_trailing(order)
        orig_cl_ord_id, previous_price, previous_leaves_qty = order.cl_ord_id, order.price, order.open_qty
        previous_trigger_price = order.trigger_price if order.is_waiting else None
        leaves_after = order.leaves_qty_after(command)
        if not keeps_priority or not leaves_after:
            self._take_from_book(order)
            order.restate(command)
            display.hide(order)
        else:
            self._count_less(order, order.leaves_qty - leaves_after)
            order.restate(command)
        if order.time_in_force is _GOOD_TILL_DATE:
            self.expiries.add(order)
        if trigger is not None:
            order.wait(*trigger)
            order.is_dormant = order.is_dormant and triggers.begins_dormant(command)
        events: list[Event] = [
            OrderReplaced(
                self._next_exec_id(),
                order.state(),
                orig_cl_ord_id,
                previous_price,
                previous_leaves_qty,
                keeps_priority,
                previous_trigger_price,
            )
        ]
        if not order.open_qty:
            self.orders.close(order)
        elif not keeps_priority and order.leaves_qty:
            self._place(order, events)
        return events

    def _trigger_of(self, order: Order, command: ReplaceOrder) -> tuple[Price, TriggerPriceType]:
        """Return what ``command`` lets ``order`` wait for: a trailing stop stays where it is unless told otherwise."""
        stop_px = triggers.stop_px(command)
        if stop_px is None:
            stop_px = order.trigger_price
        assert stop_px is not None, command.cl_ord_id
        return stop_px, triggers.source(command, self.instruments[command.symbol])

    def _refuse_change(
        self,
        command: ReplaceOrder | RefuseChange,
        response_to: CxlRejResponseTo,
        reason: CxlRejReason,
        text: str,
    ) -> Event:
        found = self._find_for_change(command, response_to)
        if not isinstance(found, Order):
            return found
        return self._cancel_rejected(command, response_to, reason, text, found)

    def _find_for_change(
        self, command: CancelOrder | ReplaceOrder | RefuseChange, response_to: CxlRejResponseTo
    ) -> Order | CancelRejected:
        """Return the live order that ``command`` names rightly, or the rejection that says why there is none.

        The ClOrdID of the request is used up by it, refused or not (E12), unless it was used before (E36).
        """
        order = self.orders.find(command.session, command.firm, command.orig_cl_ord_id)
        used = self.orders.of_session(command.session).by_cl_ord_id
        if command.cl_ord_id in used:
            text = f"ClOrdID(11) {command.cl_ord_id} was used before; a request needs a new one"
            return self._cancel_rejected(command, response_to, CxlRejReason.DUPLICATE_CL_ORD_ID, text, order)
        used[command.cl_ord_id] = order
        wrong = None if order is None else _misnamed(order, command)
        if order is None or wrong is not None:
            text = wrong or f"OrigClOrdID(41) {command.orig_cl_ord_id} names no order of this session"
            return self._cancel_rejected(command, response_to, CxlRejReason.UNKNOWN_ORDER, text, None)
        if not order.is_live:
            text = f"order {order.order_id} is {order.ord_status.name.lower()}: too late"
            return self._cancel_rejected(command, response_to, CxlRejReason.TOO_LATE_TO_CANCEL, text, order)
        if command.orig_cl_ord_id != order.cl_ord_id:
            text = f"OrigClOrdID(41) {command.orig_cl_ord_id} is not the last accepted, which is {order.cl_ord_id}"
            return self._cancel_rejected(command, response_to, CxlRejReason.OTHER, text, order)
        if isinstance(command, CancelOrder) and (changed := _other_order(order, command)) is not None:
            return self._cancel_rejected(command, response_to, CxlRejReason.OTHER, changed, order)
        return order

    def _cancel_rejected(
        self,
        command: CancelOrder | ReplaceOrder | RefuseChange,
        response_to: CxlRejResponseTo,
        reason: CxlRejReason,
        text: str,
        order: Order | None,
    ) -> CancelRejected:
        return CancelRejected(
            session=command.session,
            firm=command.firm,
            account=None if order is None else order.account,
            order_id="NONE" if order is None else order.order_id,
            cl_ord_id=command.cl_ord_id,
            # The ClOrdID last accepted, whatever the request named (E11, App. D D.2.c).
            orig_cl_ord_id=command.orig_cl_ord_id if order is None else order.cl_ord_id,
            ord_status=OrdStatus.REJECTED if order is None else order.ord_status,
            cxl_rej_response_to=response_to,
            cxl_rej_reason=reason,
            text=text,
        )

    def _mass_cancel(self, command: MassCancel) -> list[Event]:
        reject_reason, text = self._refuse_mass_cancel(command)
        events: list[Event] = []
        affected = []
        if reject_reason is None:
            for order in self.orders.open_orders(command.session):
                if command.symbol not in (None, order.symbol) or command.side not in (None, order.side):
                    continue
                affected.append(AffectedOrder(order.cl_ord_id, order.order_id))
                events.append(self._cancel_asked(order, f"OrderMassCancelRequest {command.cl_ord_id}"))
        events.append(
            MassCanceled(
                session=command.session,
                firm=command.firm,
                cl_ord_id=command.cl_ord_id,
                order_id=self._next_exec_id(),
                mass_cancel_request_type=command.mass_cancel_request_type,
                symbol=command.symbol,
                side=command.side,
                affected=tuple(affected),
                mass_cancel_reject_reason=reject_reason,
                text=text,
            )
        )
        return events

    def _cancel_asked(self, order: Order, text: str) -> OrderCanceled:
        """Cancel an open order for a request about many of its session."""
        rested, canceled_qty = order.rests, self._take_out(order)
        return OrderCanceled(self._next_exec_id(), order.state(), canceled_qty, rested, None, text)

    def _refuse_mass_cancel(self, command: MassCancel) -> tuple[MassCancelRejectReason | None, str | None]:
        match command.mass_cancel_request_type:
            case MassCancelRequestType.ALL_ORDERS:
                return None, None
            case MassCancelRequestType.SECURITY:
                if command.symbol in self.instruments:
                    return None, None
                return (
                    MassCancelRejectReason.INVALID_OR_UNKNOWN_SECURITY,
                    f"Symbol(55) {command.symbol} is not traded here",
                )
            case unsupported:
                text = f"MassCancelRequestType(530) {unsupported} is not supported; 1 (security) or 7 (all)"
                return MassCancelRejectReason.MASS_CANCEL_NOT_SUPPORTED, text

    def _take_out(self, order: Order) -> Qty:
        """Cancel an order that rests, waits or is held, and return what was open."""
        self._take_from_book(order)
        return self._end(order)

    def _take_from_book(self, order: Order) -> None:
        """Take out what may trade; one of which all is held is nowhere."""
        if not order.leaves_qty:
            return
        if order.is_waiting:
            self.triggers.remove(order)
        else:
            self.books[order.symbol].side(order.side).remove(order, order.leaves_qty, order.hidden_qty)

    def _count_less(self, order: Order, qty: int) -> None:
        """Have the book count ``qty`` less of an order, of what is not displayed first; where it rests it stays."""
        hidden_qty = order.take_from_hidden(qty)
        if order.rests:
            self.books[order.symbol].side(order.side).reduce(order, qty, hidden_qty)

    def _end(self, order: Order) -> Qty:
        """Cancel a live order that is not in the book and return what was open."""
        self.orders.close(order)
        return order.cancel()

    # What operators cancel.

    def _cancel_by_operator(self, command: CancelByOperator) -> Event:
        order = self.orders.by_order_id(command.order_id)
        if order is None:
            return OperatorRefused(command.operator, f"there is no order {command.order_id}")
        if not order.is_live:
            text = f"order {order.order_id} is {order.ord_status.name.lower()}: too late"
            return OperatorRefused(command.operator, text)
        return self._cancel_unasked(order, _canceled_by_operator(command))

    def _begin_sweep(self, scope: str, operator: str, reason: str, text: str) -> list[Event]:
        sweep = Sweep(scope, operator, reason, text, self.orders.open_of(parse(scope)))
        self.sweeps.append(sweep)
        return self._sweep(sweep)

    def cancel_on_halt(self, halt: HaltInstrument, sequence: int) -> list[Event]:
        """Cancel the orders that ask for it as their instrument is halted (E38), a slice at a time; often nothing."""
        listed = self.instruments.values()
        halted = [each.symbol for each in listed if halt.symbol in halting(each.symbol, each.segment)]
        found = [order for symbol in halted for order in self.orders.open_of(Scope("instrument", symbol))]
        orders = [each for each in found if each.instructions and CANCEL_ON_HALT in each.instructions.exec_inst]
        if not orders:
            return []
        self._sequence, self._reports = sequence, 0
        text = f"{halt.symbol} is halted: {halt.reason}"
        sweep = Sweep(halt.symbol, halt.operator, halt.reason, text, orders, SweepKind.CANCEL_ON_HALT)
        self.sweeps.append(sweep)
        events = self._sweep(sweep)
        if self.lists.open:
            self.lists.follow(events)
        self.indicatives.note(events, self.phases.calls)
        return events

    def _continue_sweep(self) -> list[Event]:
        assert self.sweeps, "no sweep to continue"
        return self._sweep(self.sweeps[0])

    def _sweep(self, sweep: Sweep) -> list[Event]:
        """Go on with the next slice of ``sweep``; it is forgotten after the last."""
        orders = sweep.next_slice(self._sweep_slice_max)
        events: list[Event]
        match sweep.kind:
            case SweepKind.CANCEL:
                events = [self._cancel_unasked(order, sweep.text) for order in orders]
                events.append(OrdersSwept(sweep.scope, len(events), len(sweep), sweep.operator, sweep.reason))
            case SweepKind.CANCEL_ON_HALT:
                reason = ExecRestatementReason.CANCEL_ON_TRADING_HALT
                events = [self._cancel_unasked(order, sweep.text, reason) for order in orders]
                events.append(OrdersSwept(sweep.scope, len(events), len(sweep), sweep.operator, sweep.reason))
            case SweepKind.EXPIRE:
                events = [self._expire(order, sweep.text) for order in orders]
                events.append(OrdersExpired(sweep.date, len(events), len(sweep)))
            case SweepKind.RESTATE:
                events = [self._restate_unasked(order) for order in orders]
                events.append(OrdersRestated(sweep.date, len(events), len(sweep)))
                if not sweep:
                    events.append(DayBegun(sweep.date))
            case _:
                assert_never(sweep.kind)
        if not sweep:
            self.sweeps.remove(sweep)
        return events

    def _cancel_unasked(
        self, order: Order, text: str, reason: ExecRestatementReason = ExecRestatementReason.MARKET_OPTION
    ) -> OrderCanceled:
        """Cancel an open order, though its session did not ask for it (E29)."""
        rested, canceled_qty = order.rests, self._take_out(order)
        exec_id = self._next_exec_id()
        return OrderCanceled(exec_id, order.state(), canceled_qty, rested, None, text, reason)

    # Trading days.

    def _end_day(self, command: EndDay) -> list[Event]:
        """Have all orders expire that are not for another day; from here on risk lets none in."""
        orders = [order for order in self._all_open() if ends_with_day(order, command.date)]
        text = f"the trading day {command.date} has ended: {command.reason}"
        sweep = Sweep("venue", command.operator, command.reason, text, orders, SweepKind.EXPIRE, command.date)
        self.sweeps.append(sweep)
        return [DayEnding(command.date, command.operator, command.reason), *self._sweep(sweep)]

    def _begin_day(self, command: BeginDay) -> list[Event]:
        self.trades.forget()
        if not command.restates_gtc:
            return [DayBegun(command.date)]
        sweep = Sweep("venue", "", "", "", self._all_open(), SweepKind.RESTATE, command.date)
        self.sweeps.append(sweep)
        return self._sweep(sweep)

    def _expire_due(self, command: ExpireDueOrders) -> list[Event]:
        events: list[Event] = []
        while len(events) < self._sweep_slice_max:
            order = self.expiries.next_due(command.now_ns, command.date)
            if order is None:
                break
            events.append(self._expire(order, _why_it_expires(order)))
        assert events, ("no order is due", command)
        return events

    def _all_open(self) -> list[Order]:
        return self.orders.open_of(parse("venue"))

    def _expire(self, order: Order, text: str) -> OrderExpired:
        rested = order.rests
        self._take_from_book(order)
        self.orders.close(order)
        expired_qty = order.expire()
        return OrderExpired(self._next_exec_id(), order.state(), expired_qty, text, rested)

    def _restate_unasked(self, order: Order) -> OrderRestated:
        return OrderRestated(self._next_exec_id(), order.state(), ExecRestatementReason.GT_RENEWAL)

    # Phases and auctions.

    def _change_phase(self, command: SetPhase) -> list[Event]:
        symbol, phase, before = command.symbol, command.phase, self.phases.of(command.symbol)
        events: list[Event] = []
        if phase is not before:
            if uncrosses(before, phase):
                self._uncross(symbol, events)
            events += self._move_on(symbol, phase, command.reason)
        self.phases.set(symbol, phase, command.scheduled_ns)
        events.append(PhaseChanged(symbol, phase, before, command.operator, command.reason, command.scheduled_ns))
        return events

    def _move_on(self, symbol: str, phase: Phase, reason: str) -> list[Event]:
        """Have the orders expire that are not for ``phase``."""
        text = f"{symbol} goes on in {phase}: {reason}"
        return [self._expire(order, text) for order in self._expiring(symbol, phase)]

    def _expiring(self, symbol: str, phase: Phase) -> list[Order]:
        """Return the orders whose time in force ends as ``phase`` begins, by session, the oldest of each first."""
        open_orders = self.orders.open_of(Scope("instrument", symbol))
        return [order for order in open_orders if expires(order.time_in_force, phase)]

    def _uncross(self, symbol: str, events: list[Event]) -> None:
        book, instrument = self.books[symbol], self.instruments[symbol]
        # Again, where orders of lists have ended others that the price was found with.
        while (cleared := auction.clear(book, instrument, self.last_trades.get(symbol))) is not None:
            self._trade_at(cleared.price, symbol, events)

    def _closing_price(self, symbol: str) -> tuple[Price | None, Instrument]:
        """Return what ``symbol`` trades at in post-close: the last trade's price, else that of the configuration."""
        instrument = self.instruments[symbol]
        return self.last_trades.get(symbol, instrument.reference_price), instrument

    def _trade_at(self, price: Price | None, symbol: str, events: list[Event]) -> None:
        """Trade at ``price`` all that can."""
        if price is None:
            return
        for buy, sell, last_qty in auction.uncross(self.books[symbol], price):
            self.last_trades[symbol] = price
            for order in (buy, sell):
                if not order.open_qty:
                    self.orders.close(order)
            bought = Fill(self._next_exec_id(), buy.state())
            sold = Fill(self._next_exec_id(), sell.state())
            events.append(Trade(symbol, price, last_qty, sold, bought, in_auction=True))
            if self.lists.open:
                self.lists.follow_trade(buy, sell, events, at_work=None)

    # The venue itself.

    def _configure(self, command: ConfigureVenue) -> Event:
        self.listing.configure(command.instruments)
        self.seed = command.seed
        self.protections.configure(command.protections)
        self._open_books()
        return VenueConfigured()

    def _list(self, command: ListingCommand) -> list[Event]:
        """Add, change or take away an instrument, if it can be."""
        event = Listings(self.listing, self.ever_listed, self.orders).answer(command)
        match event:
            case InstrumentAdded():
                self.phases.set(event.instrument.symbol, Phase.CONTINUOUS)
                self.listing.list(event.instrument)
                self._open_books()
            case InstrumentChanged():
                self.listing.list(event.instrument)
                self._open_books()
            case InstrumentDelisted():
                self.listing.delist(event.symbol)
                if isinstance(command, DelistInstrument) and command.cancels_orders:
                    scope, text = f"instrument:{event.symbol}", f"{event.symbol} is delisted: {event.reason}"
                    return [event, *self._begin_sweep(scope, command.operator, command.reason, text)]
            case OperatorRefused():
                pass
        return [event]

    def _open_books(self) -> None:
        """See to it that whatever is listed has a book, and is known for ever."""
        self.ever_listed.update(self.instruments)
        for symbol in self.instruments:
            self.books.setdefault(symbol, OrderBook())

    def _what_trades(self) -> Venue:
        """Return what a correction of a trade reads and changes."""
        orders = self.trades, self.orders, self.books
        return Venue(*orders, self.ever_listed, self.last_trades, self._next_exec_id)

    def _next_exec_id(self) -> str:
        exec_id = f"{self._sequence}.{self._reports}"
        self._reports += 1
        return exec_id

    def _next_order_id(self) -> str:
        self.orders_entered += 1
        return str(self.orders_entered)

    def check(self) -> None:
        """Assert the invariants of books and orders; for tests."""
        resting = 0
        for symbol, book in self.books.items():
            book.check(may_cross=symbol in self.phases.other)
            for side in (book.bids, book.asks):
                for level in side:
                    for order in level:
                        resting += 1
                        assert order.symbol == symbol
                        assert self.orders.by_order_id(order.order_id) is order
                        assert self._knows(order), order.order_id
                        assert not order.is_waiting, order.order_id
        self.triggers.check()
        live = list(self.orders)
        held = sum(not order.leaves_qty for order in live)
        assert len(live) == resting + len(self.triggers) + held, (len(live), resting, len(self.triggers), held)
        assert all(order.is_live for order in live)

    def _knows(self, order: Order) -> bool:
        """Return whether who sent ``order`` can name it."""
        if order.quote_entry_id is not None:
            return self.orders.of_session(order.session).quoted[quoted_side(order)] is order
        return self.orders.find(order.session, order.firm, order.cl_ord_id) is order


def _canceled_by_operator(command: CancelByOperator | CancelAllByOperator) -> str:
    return f"canceled by the operator: {command.reason}"


def _unsupported(command: NewOrder, instrument: Instrument) -> Refusal | None:
    if command.ord_type not in _SUPPORTED_ORD_TYPES or (command.ord_type is _PEGGED and not is_trailing(command)):
        supported = "1 (market), 2 (limit), 3 (stop), 4 (stop limit), J (if touched), K (to limit) or P (trailing)"
        text = f"OrdType(40) {command.ord_type} is not supported; {supported}"
    elif command.time_in_force in OF_PHASES and command.ord_type is not _LIMIT:
        text = f"TimeInForce(59) {command.time_in_force} is not supported with OrdType(40) {command.ord_type}; with 2"
    elif command.ord_type is not _LIMIT and (wrong := _price_not_allowed(command)) is not None:
        text = wrong
    elif triggers.waits(command) and command.time_in_force not in _RESTING:
        text = f"TimeInForce(59) {command.time_in_force} is not supported with a trigger; 0 (day), 1 (GTC) or 6 (GTD)"
    elif command.instructions is not None:
        return _unsupported_with(command, instrument)
    else:
        return None
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)


def _unsupported_with(command: NewOrder | ReplaceOrder, instrument: Instrument) -> Refusal | None:
    """Return which of its instructions do not go with its other terms, or None."""
    return (
        post_only.mismatch(command) or display.mismatch(command, instrument) or minimum.mismatch(command, instrument)
    )


def _price_not_allowed(command: NewOrder | ReplaceOrder) -> str | None:
    if command.price is None or command.ord_type not in _UNPRICED:
        return None
    name = command.ord_type.name.lower().replace("_", " ")
    return f"Price(44) is not supported with OrdType(40) {command.ord_type} ({name}); leave it out"


def _why_it_expires(order: Order) -> str:
    assert order.instructions is not None, order.order_id
    if order.instructions.expire_time_ns:
        return "TimeInForce(59)=6: its ExpireTime(126) has come"
    return f"TimeInForce(59)=6: the trading day {order.instructions.expire_date}, its ExpireDate(432), is over"


def _is_stopped(order: Order, opposite: BookSide) -> bool:
    """Return whether ``order``, which has traded all that it may, would trade on if there were no band."""
    if minimum.at_once(order) and not order.cum_qty:
        return False
    best = opposite.best
    return best is not None and crosses(order, best)


def _misnamed(order: Order, command: CancelOrder | ReplaceOrder | RefuseChange) -> str | None:
    if isinstance(command, RefuseChange) or command.order_id in (None, order.order_id):
        return None
    return f"OrderID(37) {command.order_id} is not that of OrigClOrdID(41) {command.orig_cl_ord_id}"


def _other_order(order: Order, command: CancelOrder | ReplaceOrder) -> str | None:
    """Return what tells that the client has another order in mind than the one it names."""
    if command.symbol != order.symbol:
        return f"Symbol(55) {command.symbol} is not that of the order, {order.symbol}"
    if command.side is not order.side:
        return f"Side(54) {command.side} is not that of the order, {order.side}"
    return None


def _unchangeable(order: Order, command: ReplaceOrder) -> str | None:
    """Return what a replace may not change but would (E17)."""
    other = _other_order(order, command)
    if other is not None:
        return other
    if command.account != order.account:
        return f"Account(1) {command.account} is not that of the order, {order.account}"
    if command.ord_type is not order.ord_type:
        return f"OrdType(40) {command.ord_type} is not that of the order, {order.ord_type}"
    if order.price is None and (wrong := _price_not_allowed(command)) is not None:
        return wrong
    if order.price is not None and command.price is None:
        return "Price(44) is missing: the order rests at a limit"
    if (order.trigger_price is not None) != triggers.waits(command) or is_trailing(order) != is_trailing(command):
        return "StopPx(99) cannot be added to an order or taken from it; send a new one"
    if command.time_in_force not in (*_RESTING, order.time_in_force):
        return f"TimeInForce(59) {command.time_in_force} is not for an order that rests; 0 (day), 1 (GTC) or 6 (GTD)"
    return None
