"""The exchange: applies one command to books and orders, and returns what happened."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fixgw.engine import inquiries
from fixgw.engine.aside import Aside
from fixgw.engine.calls import Calls
from fixgw.engine.changes import Changes
from fixgw.engine.corrections import Venue, amend
from fixgw.engine.intake import Intake
from fixgw.engine.limit_up_down import end_limit_states
from fixgw.engine.listings import Listings
from fixgw.engine.market import Market
from fixgw.engine.order import Order
from fixgw.engine.pegging import Pegging
from fixgw.engine.pulls import keep_out
from fixgw.engine.quotes import Floor, Quotes, Refusals
from fixgw.engine.registry import quoted_side
from fixgw.engine.releases import Releases
from fixgw.engine.sweep import SWEEP_SLICE_MAX
from fixgw.engine.sweeping import Sweeping
from fixgw.engine.trading import Trading
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
    Kill,
    ListingCommand,
    MassCancel,
    MassQuote,
    NewOrder,
    NewOrderList,
    PauseTrading,
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
    Event,
    InstrumentAdded,
    InstrumentChanged,
    InstrumentDelisted,
    InstrumentHalted,
    InstrumentSuspended,
    OperatorRefused,
    OrderAccepted,
    OrderState,
    TradeBusted,
    TradeCorrected,
    VenueConfigured,
)
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
from fixgw.spec.participant import Participant
from fixgw.spec.phase import Phase
from fixgw.spec.quotes import QuoteEntry, QuoteRefusal
from fixgw.spec.refusal import Refusal
from fixgw.spec.restriction import Restriction
from fixgw.spec.terms import terms_of
from fixgw.spec.values import CxlRejReason, CxlRejResponseTo, OrdType, Price, Qty, QuoteRejectReason, Side

# In Python 3.11 each look into an enumeration takes 0.2 us: what every order needs has a name of its own.
_LIMIT = OrdType.LIMIT


class Exchange:
    """All instruments, books and orders of the venue.  The same commands give the same events."""

    def __init__(
        self,
        sweep_slice_max: int = SWEEP_SLICE_MAX,
        may_trade: Callable[[str], bool] = lambda _: True,
        net_qty: Callable[[str, str], int] = lambda _account, _symbol: 0,
    ) -> None:
        """``may_trade`` tells of a symbol whether it trades now: what waits there stays where it is if not.

        ``net_qty`` tells of an account and a symbol what its position was before the command at hand.
        """
        self.market = market = Market(may_trade, net_qty)
        self._intake = Intake(market)
        self._trading = trading = Trading(market, self._intake)
        self._changes = Changes(market, self._intake, trading)
        self._sweeping = Sweeping(market, sweep_slice_max)
        self._pegging = Pegging(market, trading)
        self._releases = Releases(market, trading, Aside(market, trading), sweep_slice_max)
        self._calls = Calls(market, trading)
        floor = Floor(
            market.orders,
            market.books,
            market.instruments,
            market.next_order_id,
            market.next_exec_id,
            trading.work,
            market.take_out,
            market.protections,
            lambda order, text: keep_out(market, order, text),
        )
        self._quotes = Quotes(floor)
        self.lists = trading.lists
        self.sweeps = self._sweeping.sweeps
        self._desks = self._desks_by_command()
        # While all of these are empty, as in most venues most of the time, nothing follows from any event.
        pegs, triggers, phases = market.pegs, market.triggers, market.phases
        self._follows_for = (
            self.lists.open,
            pegs.by_symbol,
            triggers.waiting,
            triggers.due,
            market.with_aside,
            market.limit_states,
            phases.calls,
            market.indicatives.changed,
        )

    @property
    def has_due(self) -> bool:
        """Whether ContinueTriggers is to let orders to the market that have gone off, or pegs move."""
        if not (self.market.triggers.due or self.market.pegs.stale):
            return False  # as nearly always
        return self._releases.has_due or self._pegging.has_due

    def handle(self, command: TradingCommand, sequence: int) -> list[Event]:
        """Apply one command and return what happened, in order; never empty.

        An accepted order yields OrderAccepted first, then one Trade per resting order hit (best price,
        then oldest), then OrderCanceled for a remainder that may not rest.  What follows from that for the orders
        of lists comes after it, then what waits and is set off by all that.  ``sequence`` is the place of the command
        among those that trade; ExecIDs are made from it.
        """
        self.market.begin(sequence)
        events = self._desks[type(command)](command)
        if any(self._follows_for):
            self._follow(events, may_trade=not isinstance(command, EndDay))
        return events

    def _desks_by_command(self) -> dict[type[TradingCommand], Callable[[Any], list[Event]]]:
        """Return who takes which command.

        A table, since a match statement takes longer for an order than some of the desks do.
        """
        intake, changes, sweeping, quotes = self._intake, self._changes, self._sweeping, self._quotes
        return {
            NewOrder: self._enter,
            CancelOrder: changes.cancel,
            ReplaceOrder: changes.replace,
            MassCancel: changes.mass_cancel,
            RefuseOrder: intake.refuse,
            RefuseChange: changes.refuse_asked,
            CancelQuotes: quotes.cancel,
            PullQuotes: quotes.pull,
            NewOrderList: lambda command: self.lists.enter(command, {}),
            CancelList: self.lists.cancel,
            ConfigureVenue: self._configure,
            AddInstrument: self._list,
            ChangeInstrument: self._list,
            DelistInstrument: self._list,
            Kill: sweeping.kill,
            CancelAllByOperator: sweeping.cancel_all,
            CancelByOperator: sweeping.cancel_by_operator,
            ContinueSweep: sweeping.go_on,
            ContinueTriggers: lambda _: [],  # those that are due go off after any command
            EndDay: sweeping.end_day,
            BeginDay: sweeping.begin_day,
            ExpireDueOrders: sweeping.expire_due,
            PauseTrading: self._trading.pause,
            SetProtection: self._protect,
            ResetProtection: self._protect,
            SetPhase: self._calls.change_phase,
            BustTrade: self._amend,
            CorrectTrade: self._amend,
        }

    def _follow(self, events: list[Event], *, may_trade: bool = True) -> None:
        """Append to ``events`` all that follows from them; unless it ``may_trade``, what waits goes on waiting."""
        market = self.market
        if self.lists.open:
            self.lists.follow(events)
        if may_trade:
            self._let_go(events)
        else:
            market.pegs.mark(events)
        if market.limit_states:
            end_limit_states(market, events)
        if market.phases.calls or market.indicatives.changed:
            market.indicatives.note(events, market.phases.calls)

    def _with_consequences(self, events: list[Event]) -> list[Event]:
        """Return ``events`` and all that follows from them as from those of a command."""
        self._follow(events)
        return events

    def _let_go(self, events: list[Event]) -> None:
        """Append to ``events`` what follows them: the pegs, then what all that sets off, which they follow later."""
        market = self.market
        if market.pegs.by_symbol:
            self._pegging.follow(events)
        if market.triggers.waiting or market.triggers.due or market.with_aside:
            at = len(events)
            self._releases.let_go(events)
            market.pegs.mark(events[at:])

    def tell_indicatives(self) -> list[Event]:
        """Tell of calls that have changed what they would come to if they ended now; changes nothing else."""
        market = self.market
        return market.indicatives.tell(market.books, market.instruments, market.last_trades)

    def refuse(self, command: NewOrder | ReplaceOrder, refusal: Refusal, sequence: int) -> list[Event]:
        """Record that risk refused ``command``: its ClOrdID is used up, no order is live or changed by it."""
        self.market.begin(sequence)
        if isinstance(command, NewOrder):
            return self._with_consequences([self._intake.reject(command, refusal)])
        response_to, reason = CxlRejResponseTo.ORDER_CANCEL_REPLACE_REQUEST, CxlRejReason.BROKER_OR_EXCHANGE_OPTION
        return self._with_consequences([self._changes.refuse(command, response_to, reason, refusal.text)])

    def quote(self, command: Quote | MassQuote, refusals: Refusals, sequence: int) -> list[Event]:
        """Answer for all quotes of ``command``, whose ``refusals`` are those of risk, and trade those that passed."""
        self.market.begin(sequence)
        judged = zip(command.entries, refusals, strict=True)
        refusals = [
            refusal or self._refuse_when_closed(entry) or self._quotes.refuse_when_frozen(command, entry)
            for entry, refusal in judged
        ]
        return self._with_consequences(self._quotes.quote(command, refusals))

    def _refuse_when_closed(self, entry: QuoteEntry) -> QuoteRefusal | None:
        """An instrument that is closed or trades at one price takes no quote, but one that only takes sides away."""
        phase = self.market.phases.of(entry.symbol)
        if phase not in (Phase.CLOSED, Phase.POST_CLOSE) or not (entry.bid_size or entry.offer_size):
            return None
        why = "is closed" if phase is Phase.CLOSED else f"is in {phase}, which takes no quotes"
        return QuoteRefusal(QuoteRejectReason.EXCHANGE_CLOSED, f"{entry.symbol} {why}")

    def refuse_list(self, command: NewOrderList, refusals: Mapping[int, Refusal], sequence: int) -> list[Event]:
        """Record that risk refused orders of ``command``, by their place in it: so none is taken."""
        self.market.begin(sequence)
        return self._with_consequences(self.lists.enter(command, refusals))

    def cancel_on_halt(self, halt: InstrumentHalted | InstrumentSuspended, sequence: int) -> list[Event]:
        """Cancel the orders that ask for it as their instrument stops; often nothing."""
        self.market.begin(sequence)
        events = self._sweeping.cancel_on_halt(halt)
        return self._with_consequences(events) if events else events

    # What sessions and operators ask.

    def order_status(self, inquiry: OrderStatusInquiry) -> OrderStatusAnswer:
        """Tell the state of one order; changes nothing."""
        return inquiries.order_status(self.market.orders, inquiry)

    def list_status(self, inquiry: ListStatusInquiry) -> ListStatusAnswer:
        """Tell the state of a list; changes nothing."""
        return ListStatusAnswer(self.lists.status(inquiry.session, inquiry.firm, inquiry.list_id))

    def mass_status(self, inquiry: MassStatusInquiry) -> Iterator[MassStatusAnswer]:
        """Yield the state of a session's open orders, a slice at a time, at least one; changes nothing."""
        return inquiries.mass_status(self.market.orders, self.market.instruments, inquiry)

    def quote_status(self, inquiry: QuoteStatusInquiry) -> QuoteStatusAnswer:
        """Tell the quotes of a session in one instrument; changes nothing."""
        return inquiries.quote_status(self.market.orders, inquiry)

    def sessions(self, disabled: Mapping[str, Restriction], participants: Iterable[Participant]) -> SessionsAnswer:
        """Tell of each session how many orders it has open."""
        return inquiries.sessions(self.market.orders, disabled, participants)

    def find_orders(self, inquiry: OrdersInquiry) -> OrdersAnswer:
        """Return a page of orders, the newest first."""
        return inquiries.find_orders(self.market.orders, inquiry, self.market.orders_entered)

    def find_order(self, inquiry: OrderInquiry) -> OrderAnswer:
        return inquiries.find_order(self.market.orders, inquiry)

    def list_instruments(
        self,
        inquiry: InstrumentsInquiry,
        halt_of: Callable[[str], Restriction | None],
        suspended: Mapping[str, Restriction],
    ) -> InstrumentsAnswer:
        """Return a page of instruments with their best bid and offer."""
        page = inquiries.page_of_symbols(self.market.instruments, inquiry.after)
        summaries = (self._summary(symbol, halt_of(symbol), suspended.get(symbol)) for symbol in page.symbols)
        return InstrumentsAnswer(tuple(summaries), page.next_after)

    def _summary(self, symbol: str, halted: Restriction | None, suspended: Restriction | None) -> InstrumentSummary:
        instrument, book = self.market.instruments[symbol], self.market.books[symbol]
        bid, offer = book.bids.best_shown(), book.asks.best_shown()
        return InstrumentSummary(
            symbol=symbol,
            halted=halted,
            last_px=self.market.last_trades.get(symbol),
            bid_px=None if bid is None else bid.price,
            bid_qty=None if bid is None else Qty(bid.shown_qty),
            offer_px=None if offer is None else offer.price,
            offer_qty=None if offer is None else Qty(offer.shown_qty),
            price_scale=instrument.price_scale,
            qty_scale=instrument.qty_scale,
            suspended=suspended,
            terms=terms_of(instrument),
            phase=self.market.phases.of(symbol),
        )

    # What risk asks of the market.

    def reference_price(self, symbol: str) -> Price | None:
        """Return the last trade's price, else the middle of the book, else None."""
        last = self.market.last_trades.get(symbol)
        return self.market.books[symbol].middle() if last is None else last

    def pegged_price(self, order: NewOrder | ReplaceOrder) -> Price | None:
        """Return where a pegged order with these terms would be now, or None for nowhere."""
        current: Price | None = None
        if isinstance(order, ReplaceOrder):
            replaced = self.market.orders.find(order.session, order.firm, order.orig_cl_ord_id)
            current = None if replaced is None or replaced.symbol != order.symbol else replaced.price
        return self.market.pegs.price(order, current)

    def find(self, session: str, firm: str, cl_ord_id: str) -> OrderState | None:
        """Return the state of the order that ``cl_ord_id`` names, live or not."""
        order = self.market.orders.find(session, firm, cl_ord_id)
        return None if order is None else order.state()

    def find_quoted(self, session: str, symbol: str, quote_entry_id: str, side: Side) -> OrderState | None:
        """Return the state of a live side of a quote."""
        order = self.market.orders.of_session(session).quoted.get((symbol, quote_entry_id, side))
        return None if order is None else order.state()

    # What is no desk of its own.

    def _enter(self, command: NewOrder) -> list[Event]:
        market, intake = self.market, self._intake
        mine = market.orders.of_session(command.session)
        trigger: Price | None = None
        if command.instructions is None and command.ord_type is _LIMIT:  # no more than its time is to be judged
            refusal = market.phases.refuse(command)
        else:
            refusal, trigger = intake.judge(command)
        if refusal is not None or command.cl_ord_id in mine.by_cl_ord_id:
            return [intake.reject(command, refusal)]
        order = intake.make(command, trigger)
        market.orders.open(order, mine)
        events: list[Event] = [OrderAccepted(market.next_exec_id(), order.state())]
        if trigger is None:
            self._trading.work(order, events)
        else:
            market.triggers.add(order)
        return events

    def _configure(self, command: ConfigureVenue) -> list[Event]:
        before = set(self.market.instruments)
        self.market.listing.configure(command.instruments)
        self.market.seed = command.seed
        self.market.protections.configure(command.protections)
        self.market.open_books()
        relisted = sorted(self.market.instruments.keys() - before)
        return [VenueConfigured(), *(event for symbol in relisted for event in self._calls.begin_anew(symbol))]

    def _list(self, command: ListingCommand) -> list[Event]:
        """Add, change or take away an instrument, if it can be."""
        event = Listings(self.market.listing, self.market.ever_listed, self.market.orders).answer(command)
        match event:
            case InstrumentAdded():
                self.market.phases.set(event.instrument.symbol, Phase.CONTINUOUS)
                self.market.listing.list(event.instrument)
                self.market.open_books()
            case InstrumentChanged():
                self.market.listing.list(event.instrument)
                self.market.open_books()
            case InstrumentDelisted():
                self.market.listing.delist(event.symbol)
                self.market.note_limited()
                if isinstance(command, DelistInstrument) and command.cancels_orders:
                    scope, text = f"instrument:{event.symbol}", f"{event.symbol} is delisted: {event.reason}"
                    return [event, *self._sweeping.begin(scope, command.operator, command.reason, text)]
            case OperatorRefused():
                pass
        return [event]

    def _protect(self, command: SetProtection | ResetProtection) -> list[Event]:
        return [self.market.protections.answer(command)]

    def _amend(self, command: BustTrade | CorrectTrade) -> list[Event]:
        """Undo or correct a trade, and lower what reduces more than the positions are then."""
        events = amend(self._what_trades(), command)
        event, orders = events[0], self.market.orders
        if self.market.reduce_only.orders and isinstance(event, TradeBusted | TradeCorrected):
            more = -event.last_qty if isinstance(event, TradeBusted) else event.last_qty - event.previous_qty
            one, other = (orders.by_order_id(side.order.order_id) for side in (event.aggressor, event.resting))
            assert one is not None
            assert other is not None
            self.market.reduce(one, other, more, events)
        return events

    def _what_trades(self) -> Venue:
        """Return what a correction of a trade reads and changes."""
        orders = self.market.trades, self.market.orders, self.market.books
        return Venue(*orders, self.market.ever_listed, self.market.last_trades, self.market.next_exec_id)

    def check(self) -> None:
        """Assert the invariants of books and orders; for tests."""
        resting = 0
        for symbol, book in self.market.books.items():
            book.check(may_cross=symbol in self.market.phases.other)
            for side in (book.bids, book.asks):
                for level in side:
                    for order in level:
                        resting += 1
                        assert order.symbol == symbol
                        assert self.market.orders.by_order_id(order.order_id) is order
                        assert self._knows(order), order.order_id
                        assert not order.is_waiting, order.order_id
                for order in side.aside:
                    resting += 1
                    assert order.symbol == symbol
                    assert symbol in self.market.with_aside
                    assert self.market.orders.by_order_id(order.order_id) is order
                    assert self._knows(order), order.order_id
        self.market.triggers.check()
        self.market.pegs.check()
        live = list(self.market.orders)
        held = sum(not order.leaves_qty for order in live)
        waiting = len(self.market.triggers)
        assert len(live) == resting + waiting + held, (len(live), resting, waiting, held)
        assert all(order.is_live for order in live)

    def _knows(self, order: Order) -> bool:
        """Return whether who sent ``order`` can name it."""
        if order.quote_entry_id is not None:
            return self.market.orders.of_session(order.session).quoted[quoted_side(order)] is order
        return self.market.orders.find(order.session, order.firm, order.cl_ord_id) is order
