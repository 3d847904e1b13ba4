"""What must be true after every event, whatever happened before (FIX 4.4 Vol. 4 and its Appendix D)."""

from collections import Counter

import msgspec

from fixgw.engine.phases import OF_PHASES
from fixgw.spec.commands import ConfigureVenue, ExpireDueOrders, PauseTrading
from fixgw.spec.events import (
    AmendmentEvent,
    CancelRejected,
    DayBegun,
    DayEnding,
    Event,
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
from fixgw.spec.listing import Listing
from fixgw.spec.phase import CALLS, Phase
from fixgw.spec.values import ListOrderStatus, ListStatusType, OrdRejReason, OrdStatus, Price, Side, TimeInForce
from tests.engine.histories import Decided

LIVE = (OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED)


class Invariants:
    """Watches the events of one venue and asserts; remembers the last state of every order."""

    def __init__(self) -> None:
        self.states: dict[str, OrderState] = {}
        self._chains: dict[str, list[str]] = {}
        self._exec_ids: set[str] = set()
        self._forbidden: set[str] = set()
        self._delisted: set[str] = set()
        """By operators, since the files were read last."""
        self._ending: str | None = None
        """The trading day that is ending; from then on, until the next begins, no order is taken."""
        self._phases: dict[str, Phase] = {}
        self._dates: list[str] = []
        """Of the days that have ended, the oldest first."""
        self._trades: dict[str, tuple[int, int, str, str]] = {}
        """By ExecID of the resting side's report: price and quantity as they stand, and each side's last ExecID."""
        self._listing = Listing()
        self._filled: Counter[tuple[str, Side]] = Counter()

    def observe(self, command: Decided, events: list[Event]) -> None:
        assert events or isinstance(command, PauseTrading), ("a command without an answer", command)
        for at, event in enumerate(events):
            if isinstance(event, OrdersSwept):
                # What the sweep sets off comes after it, and may be canceled as well.
                assert event.canceled == sum(isinstance(before, OrderCanceled) for before in events[:at])
        expired = sum(isinstance(event, OrderExpired) for event in events)
        assert all(event.expired == expired for event in events if isinstance(event, OrdersExpired))
        self._command = command
        if isinstance(command, ConfigureVenue):
            self._listing.configure(command.instruments)
        for event in events:
            self._observe(event)
        for event in events:
            if isinstance(event, Trade):
                for side in (event.resting.order, event.aggressor.order):
                    whole = side.instructions is not None and "G" in side.instructions.exec_inst
                    assert not whole or self.states[side.order_id].ord_status is OrdStatus.FILLED, "all, or none"
        bought_and_sold = {symbol for symbol, _ in self._filled}
        for symbol in bought_and_sold:
            assert self._filled[symbol, Side.BUY] == self._filled[symbol, Side.SELL], symbol

    def _observe(self, event: Event) -> None:
        match event:
            case OrderAccepted():
                self._exec_id(event.exec_id)
                assert event.order.order_id not in self.states
                assert self._is_allowed(event.order)
                self._chains[event.order.order_id] = [event.order.cl_ord_id]
                self._state(event.order)
            case OrderRejected() if event.ord_rej_reason is OrdRejReason.DUPLICATE_ORDER:
                self._exec_id(event.exec_id)
                self._untouched(event.order, "cl_ord_id")
            case OrderRejected():
                self._exec_id(event.exec_id)
                assert event.order.order_id not in self.states
                self._state(event.order)
            case Trade():
                self._trade(event)
            case TradeBusted():
                self._amend(event, event.last_px, event.last_qty, event.last_px, 0)
            case TradeCorrected():
                self._amend(event, event.previous_px, event.previous_qty, event.last_px, event.last_qty)
            case OrderCanceled():
                self._exec_id(event.exec_id)
                before = self._live(event.order)
                assert event.canceled_qty == before.leaves_qty
                assert event.exec_restatement_reason is None or event.orig_cl_ord_id is None
                self._step(event.order, event.orig_cl_ord_id)
                self._state(event.order)
            case OrderExpired():
                self._exec_id(event.exec_id)
                before = self._live(event.order)
                assert event.expired_qty == before.leaves_qty
                assert event.order.ord_status is OrdStatus.EXPIRED
                is_of_phase = event.order.time_in_force in OF_PHASES
                assert is_of_phase or _is_over(event.order, self._command, self._ending), (event.order, self._command)
                self._step(event.order, None)
                self._state(event.order)
            case OrderRestated():
                self._exec_id(event.exec_id)
                assert event.order == self._live(event.order)
                # What may not rest is still there only where it waits for another order of its list.
                is_held = event.order.held_qty == event.order.leaves_qty
                stays = event.order.time_in_force in (TimeInForce.GOOD_TILL_CANCEL, TimeInForce.GOOD_TILL_DATE)
                assert stays or is_held
            case DayEnding():
                assert self._ending is None
                assert all(date < event.date for date in self._dates), (self._dates, event)
                self._ending = event.date
                self._dates.append(event.date)
            case OrdersExpired(left=0):
                open_orders = [state for state in self.states.values() if state.ord_status in LIVE]
                assert not [state for state in open_orders if _is_over(state, self._command, self._ending)]
            case OrdersExpired() | OrdersRestated():
                assert event.left > 0 or isinstance(event, OrdersRestated)
            case DayBegun():
                assert all(date < event.date for date in self._dates), (self._dates, event)
                self._ending = None
            case OrderReplaced():
                self._exec_id(event.exec_id)
                before = self._live(event.order)
                assert (event.previous_price, event.previous_leaves_qty) == (before.price, before.leaves_qty)
                assert self._is_allowed(event.order)
                self._step(event.order, event.orig_cl_ord_id)
                self._state(event.order)
            case OrderTriggered():
                if event.exec_id:
                    self._exec_id(event.exec_id)
                before = self._live(event.order)
                assert before.is_waiting, before
                assert event.order == msgspec.structs.replace(before, is_waiting=False)
                self._state(event.order)
            case OrderAmended():
                self._exec_id(event.exec_id)
                before = self._live(event.order)
                assert (event.previous_price, event.previous_leaves_qty) == (before.price, before.leaves_qty)
                assert event.rested or not event.keeps_priority
                self._step(event.order, None)
                self._state(event.order)
            case OrderStated():
                self._exec_id(event.exec_id)
                assert event.order == self.states[event.order.order_id]
            case MassCanceled():
                self._exec_id(event.order_id)
            case ListStated():
                self._list(event)
            case CancelRejected():
                known = self.states.get(event.order_id)
                assert event.ord_status is (OrdStatus.REJECTED if known is None else known.ord_status)
            case InstrumentHalted(symbol=name, level=level):
                if level:  # the circuit breaker takes the place of whatever halt there is
                    self._forbidden.discard(f"halt of {name}")
                self._forbid(f"halt of {name}")
            case InstrumentSuspended(symbol=name):
                self._forbidden.discard(f"halt of {name}")
                self._forbid(f"halt of {name}")
            case InstrumentResumed(symbol=name):
                self._forbidden.remove(f"halt of {name}")
            case InstrumentDelisted(symbol=name):
                self._forbidden.discard(f"halt of {name}")
                self._delisted.add(name)
                self._listing.delist(name)
            case InstrumentAdded() | InstrumentChanged():
                self._delisted.discard(event.instrument.symbol)
                self._listing.list(event.instrument)
                if isinstance(event, InstrumentAdded):
                    self._phases.pop(event.instrument.symbol, None)
            case ScopeKilled(scope=name):
                self._forbid(name)
            case ScopeReleased(scope=name):
                self._forbidden.remove(name)
            case VenueConfigured():
                self._delisted.clear()
            case PhaseChanged():
                assert self._phases.get(event.symbol, Phase.CONTINUOUS) is event.previous
                self._phases[event.symbol] = event.phase
            case QuoteReported() | MassQuoteAnswered() | QuotesPulled():
                pass
            case ProtectionTripped() | ProtectionReset() | ProtectionSet() | LimitStateChanged():
                pass
            case IndicativeChanged():
                assert (event.price is None) == (not event.volume), event
                assert self._phases.get(event.symbol) in CALLS, event
            case LimitsSet() | OrdersSwept() | OperatorRefused():
                pass
            case SessionDisabled() | SessionEnabled() | SessionLoggedOut() | SessionReset():
                pass

    def _list(self, event: ListStated) -> None:
        """What a list says of its orders is what they are; of those refused as duplicates, under their new name."""
        for order in event.orders:
            self._untouched(order, "cl_ord_id")
        live = [order for order in event.orders if order.leaves_qty]
        assert (event.list_order_status is ListOrderStatus.EXECUTING) == bool(live and event.text is None) or (
            event.list_order_status is ListOrderStatus.REJECT or event.list_status_type is ListStatusType.RESPONSE
        )

    def _forbid(self, name: str) -> None:
        assert name not in self._forbidden, name
        self._forbidden.add(name)

    def _is_allowed(self, order: OrderState) -> bool:
        """Nothing is entered and nothing replaced that an operator has forbidden."""
        assert self._ending is None, order
        scopes = {"venue", f"firm:{order.firm}", f"account:{order.account}", f"session:{order.session}"}
        listed = self._listing.listed.get(order.symbol)
        segment = listed.segment if listed else ""
        halts = {f"halt of {name}" for name in ("venue", f"segment:{segment}", order.symbol)}
        forbidden = self._forbidden | self._delisted
        return not forbidden & (scopes | halts | {f"instrument:{order.symbol}", order.symbol})

    def _trade(self, event: Trade) -> None:
        for fill in (event.resting, event.aggressor):
            self._exec_id(fill.exec_id)
            before = self._live(fill.order)
            assert not before.is_waiting, before
            assert fill.order.cum_qty == before.cum_qty + event.last_qty
            assert fill.order.cum_notional == before.cum_notional + event.last_px * event.last_qty
            self._step(fill.order, None)
            self._state(fill.order)
            self._filled[event.symbol, fill.order.side] += event.last_qty
        assert {event.resting.order.side, event.aggressor.order.side} == {Side.BUY, Side.SELL}
        if event.in_auction:
            assert self._phases.get(event.symbol) is not None
            assert _willing_to_trade(event.resting.order, event.last_px), event
            assert _willing_to_trade(event.aggressor.order, event.last_px), event
        else:
            assert self._phases.get(event.symbol) not in CALLS, event
            assert event.resting.order.price == event.last_px
        exec_ids = (event.resting.exec_id, event.aggressor.exec_id)
        self._trades[exec_ids[0]] = (event.last_px, event.last_qty, *exec_ids)

    def _amend(self, event: AmendmentEvent, was_px: int, was_qty: int, last_px: int, last_qty: int) -> None:
        """Each side's report names the one before it, and says what the order has traded now (E30)."""
        assert was_qty > 0, event
        sides = (event.resting, event.aggressor)
        assert self._trades[event.trade_id] == (was_px, was_qty, sides[0].exec_ref_id, sides[1].exec_ref_id)
        self._trades[event.trade_id] = (last_px, last_qty, sides[0].exec_id, sides[1].exec_id)
        for side in sides:
            self._exec_id(side.exec_id)
            before, order = self.states[side.order.order_id], side.order
            assert side.previous_leaves_qty == before.leaves_qty
            assert order.cum_qty == before.cum_qty + last_qty - was_qty
            assert order.cum_notional == before.cum_notional + last_px * last_qty - was_px * was_qty
            assert before.ord_status in (*LIVE, OrdStatus.FILLED) or order.ord_status is before.ord_status
            self._step(order, None)
            self._state(order, amends=True)
            self._filled[event.symbol, order.side] += last_qty - was_qty

    def _exec_id(self, exec_id: str) -> None:
        assert exec_id not in self._exec_ids, exec_id
        self._exec_ids.add(exec_id)

    def _live(self, order: OrderState) -> OrderState:
        """Nothing but a status follows a terminal report, so the state before must have been a live one."""
        before = self.states[order.order_id]
        assert before.ord_status in LIVE, (before, order)
        return before

    def _state(self, order: OrderState, *, amends: bool = False) -> None:
        if order.ord_status in LIVE:
            assert order.order_qty == order.cum_qty + order.leaves_qty, order
            assert order.leaves_qty > 0, order
            assert 0 <= order.held_qty <= order.leaves_qty, order
        else:
            assert order.leaves_qty == order.held_qty == 0, order
        assert (order.ord_status is OrdStatus.FILLED) == (0 < order.cum_qty == order.order_qty) or (
            order.ord_status in (OrdStatus.CANCELED, OrdStatus.EXPIRED)
        ), order
        assert 0 <= order.hidden_qty <= order.leaves_qty, order
        instructions = order.instructions
        is_aside = instructions is not None and "G" in instructions.exec_inst
        assert not is_aside or order.hidden_qty == order.leaves_qty
        assert not order.hidden_qty or is_aside or (instructions is not None and instructions.max_floor is not None)
        before = self.states.get(order.order_id)
        if before is not None:
            assert amends or before.cum_qty <= order.cum_qty, (before, order)
            assert _identity(before) == _identity(order)
        self.states[order.order_id] = order

    def _step(self, order: OrderState, orig_cl_ord_id: str | None) -> None:
        """The accepted ClOrdIDs of a chain form one path; without a request they stay."""
        chain = self._chains[order.order_id]
        if orig_cl_ord_id is None:
            assert order.cl_ord_id == chain[-1]
        else:
            assert orig_cl_ord_id == chain[-1]
            assert order.cl_ord_id not in chain or order.is_quoted, "a QuoteID may come again"
            chain.append(order.cl_ord_id)

    def _untouched(self, order: OrderState, *except_for: str) -> None:
        known = self.states.get(order.order_id)
        if known is None:
            assert order.ord_status is OrdStatus.REJECTED, order
            return
        for name in order.__struct_fields__:
            assert name in except_for or getattr(order, name) == getattr(known, name), (name, order, known)


def _is_over(order: OrderState, command: Decided, ending: str | None) -> bool:
    """Whether an order is good no longer: its day is ending, or its time or date has come."""
    if order.time_in_force is not TimeInForce.GOOD_TILL_DATE:
        return order.time_in_force is not TimeInForce.GOOD_TILL_CANCEL and ending is not None
    assert order.instructions is not None, order
    date, time_ns = order.instructions.expire_date, order.instructions.expire_time_ns
    if isinstance(command, ExpireDueOrders):
        return date < command.date if date else time_ns <= command.now_ns
    return ending is not None and "" < date <= ending


def _willing_to_trade(order: OrderState, price: Price) -> bool:
    assert order.price is not None, order
    return price <= order.price if order.side is Side.BUY else price >= order.price


def _identity(order: OrderState) -> tuple[object, ...]:
    return (order.session, order.firm, order.account, order.symbol, order.side, order.ord_type)
