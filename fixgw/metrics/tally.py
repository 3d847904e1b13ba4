"""The tally: what happened in the life of the venue, counted from the frames of its journal.

Every label is a word of ours or a name of the configuration, never a client's text: there are only so many series.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple, assert_never, get_args

from fixgw.spec.commands import (
    CancelList,
    CancelOrder,
    Command,
    ConfigureVenue,
    MassCancel,
    NewOrder,
    NewOrderList,
    OpenSession,
    OperatorCommand,
    RefuseOrder,
    ReplaceOrder,
    UseNumber,
)
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
from fixgw.spec.instructions import ALL_OR_NONE
from fixgw.spec.instrument import NOTIONAL_SCALE, SCALE_MAX, Instrument
from fixgw.spec.limits import LIMIT_NAMES
from fixgw.spec.scope import halting
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.values import CxlRejResponseTo, ExecRestatementReason, OrdRejReason

UNLISTED = "unlisted"
"""Stands for every symbol that was never configured."""

_ONE_QTY = 10**SCALE_MAX
_ONE_NOTIONAL = 10**NOTIONAL_SCALE
_OPERATOR_COMMANDS = frozenset(get_args(OperatorCommand))


class Beginning(NamedTuple):
    """What is in force and open after the frame of ``sequence``, where what led there is not kept any more."""

    sequence: int
    time_ns: int
    instruments: Iterable[Instrument]
    """All that were ever listed."""
    open_orders: Mapping[str, int]
    """By symbol."""
    halted: Iterable[str]
    killed: Iterable[str]
    disabled: Iterable[str]


class Tally:
    """Counts from the first frame of a journal on; what is in force or open now is counted, too.

    Or from a later beginning on: then what happened is counted from there, as after a reset, which Prometheus knows of
    counters, and what is in force or open is what it is.
    """

    def __init__(self, begin: Beginning | None = None) -> None:
        self.sequence = 0
        """Of the last frame counted."""
        self.public_sequence = 0
        """Of the last frame that market data surely tells of: who follows market data cannot be farther."""
        self.last_time_ns = 0
        self.orders: Counter[tuple[str, str, str]] = Counter()
        """By OrdType(40), symbol and result."""
        self.order_rejects: Counter[tuple[str]] = Counter()
        """By OrdRejReason(103)."""
        self.change_rejects: Counter[tuple[str, str]] = Counter()
        """By the request and CxlRejReason(102)."""
        self.risk_refusals: Counter[tuple[str]] = Counter()
        """By what refused: the limit's name, ``kill_switch``, ``halt``, ``day_end``, ``price_band`` or ``account``."""
        self.fills: Counter[tuple[str, str]] = Counter()
        """By symbol and the OrdStatus(39) that it left the order in; each trade makes two."""
        self.trades: Counter[tuple[str]] = Counter()
        self.trade_amendments: Counter[tuple[str, str]] = Counter()
        """Trades undone or corrected by operators, by symbol and which; what they count above stays counted."""
        self.cancels: Counter[tuple[str, str]] = Counter()
        """Orders canceled, by symbol and by whom or what."""
        self.expirations: Counter[tuple[str]] = Counter()
        """Orders that expired at the end of their day, by symbol."""
        self.replaces: Counter[tuple[str]] = Counter()
        self.mass_cancels: Counter[tuple[str]] = Counter()
        """By result."""
        self.operator_commands: Counter[tuple[str, str]] = Counter()
        """By command, as the journal calls it, and result."""
        self.logons: Counter[tuple[str]] = Counter()
        """By session."""
        self.session_messages: Counter[tuple[str]] = Counter()
        """By MsgType(35), messages to clients that no event brought about: rejects at the door, heartbeats."""
        self.open_orders: dict[str, int] = {}
        """By symbol, of all that were ever listed."""
        self.halted: set[str] = set()
        self.killed: set[str] = set()
        self.disabled: set[str] = set()
        self._traded_qty: Counter[str] = Counter()
        self._traded_notional: Counter[str] = Counter()
        self._instruments: dict[str, Instrument] = {}
        if begin is not None:
            self._begin(begin)

    def _begin(self, begin: Beginning) -> None:
        self.sequence, self.last_time_ns = begin.sequence, begin.time_ns
        self._instruments.update((instrument.symbol, instrument) for instrument in begin.instruments)
        self.open_orders.update((symbol, begin.open_orders.get(symbol, 0)) for symbol in self._instruments)
        self.halted.update(begin.halted)
        self.killed.update(begin.killed)
        self.disabled.update(begin.disabled)

    def is_halted(self, symbol: str) -> bool:
        """Return whether an operator has halted the instrument, its segment or all."""
        instrument = self._instruments.get(symbol)
        return not self.halted.isdisjoint(halting(symbol, "" if instrument is None else instrument.segment))

    @property
    def traded_qty(self) -> dict[tuple[str], float]:
        """By symbol, in units of the instrument; each trade once."""
        return {(symbol,): qty / _ONE_QTY for symbol, qty in self._traded_qty.items()}

    @property
    def traded_notional(self) -> dict[tuple[str], float]:
        """By symbol, in its currency: price times quantity times multiplier, without the sign of the price."""
        return {(symbol,): notional / _ONE_NOTIONAL for symbol, notional in self._traded_notional.items()}

    def apply(self, frame: Sequenced) -> None:
        assert frame.sequence == self.sequence + 1, (frame.sequence, self.sequence)
        self.sequence = frame.sequence
        self.last_time_ns = frame.time_ns
        self._count_command(frame.command, frame.events)
        for event in frame.events:
            self._count_event(event)
        if _is_public(frame.events):
            self.public_sequence = frame.sequence

    def _count_command(self, command: Command, events: tuple[Event, ...]) -> None:
        match command:
            case NewOrder() | RefuseOrder():
                self.orders[command.ord_type.name.lower(), self._listed(command.symbol), _result(events[0])] += 1
                if isinstance(command, NewOrder):
                    self._count_refusal(events[0])
            case ReplaceOrder():
                self._count_refusal(events[0])
            case MassCancel():
                is_refused = isinstance(events[-1], MassCanceled) and events[-1].mass_cancel_reject_reason is not None
                self.mass_cancels["rejected" if is_refused else "accepted",] += 1
            case NewOrderList():
                self._count_list(command, events)
            case CancelOrder() | CancelList():
                pass
            case ConfigureVenue():
                self._instruments.update((instrument.symbol, instrument) for instrument in command.instruments)
                for symbol in self._instruments:
                    self.open_orders.setdefault(symbol, 0)
            case UseNumber():
                self.session_messages[_MSG_TYPES.get(command.msg_type, "other"),] += 1
            case OpenSession():
                self.logons[command.session,] += 1
            case _ if type(command) in _OPERATOR_COMMANDS:
                result = "refused" if isinstance(events[0], OperatorRefused) else "done"
                self.operator_commands[_tag(command), result] += 1
            case _:
                pass

    def _count_list(self, command: NewOrderList, events: tuple[Event, ...]) -> None:
        """Count each order of a list as if it had come alone."""
        if not isinstance(events[0], OrderAccepted | OrderRejected):
            return  # sent again
        result = _result(events[0])
        for entry in command.entries:
            self.orders[entry.order.ord_type.name.lower(), self._listed(entry.order.symbol), result] += 1
        for event in events:
            self._count_refusal(event)

    def _count_refusal(self, event: Event) -> None:
        if isinstance(event, OrderRejected | CancelRejected):
            check = _check_that_refused(event)
            if check is not None:
                self.risk_refusals[check,] += 1

    def _count_event(self, event: Event) -> None:
        match event:
            case OrderAccepted():
                self.open_orders[event.order.symbol] += 1
            case OrderRejected():
                self.order_rejects[event.ord_rej_reason.name.lower(),] += 1
            case Trade():
                self._count_trade(event)
            case TradeBusted() | TradeCorrected():
                what = "busted" if isinstance(event, TradeBusted) else "corrected"
                self.trade_amendments[event.symbol, what] += 1
                self._count_reopened(event)
            case OrderCanceled():
                self.cancels[event.order.symbol, _by_whom(event)] += 1
                self.open_orders[event.order.symbol] -= 1
            case OrderExpired():
                self.expirations[event.order.symbol,] += 1
                self.open_orders[event.order.symbol] -= 1
            case OrderReplaced():
                self.replaces[event.order.symbol,] += 1
                self._close_if_done(event.order)
            case CancelRejected():
                request = _REQUESTS[event.cxl_rej_response_to]
                self.change_rejects[request, event.cxl_rej_reason.name.lower()] += 1
            case InstrumentHalted() | InstrumentSuspended():
                self.halted.add(event.symbol)
            case InstrumentResumed() | InstrumentDelisted():
                self.halted.discard(event.symbol)
            case InstrumentAdded() | InstrumentChanged():
                self._instruments[event.instrument.symbol] = event.instrument
                self.open_orders.setdefault(event.instrument.symbol, 0)
            case ScopeKilled():
                self.killed.add(event.scope)
            case ScopeReleased():
                self.killed.discard(event.scope)
            case SessionDisabled():
                self.disabled.add(event.session)
            case SessionEnabled():
                self.disabled.discard(event.session)
            case QuoteReported() | MassQuoteAnswered() | QuotesPulled():
                pass
            case ProtectionTripped() | ProtectionReset() | ProtectionSet() | LimitStateChanged():
                pass
            case OrderAmended():
                self._close_if_done(event.order)
            case OrderStated() | MassCanceled() | VenueConfigured() | OrdersSwept() | OperatorRefused():
                pass
            case SessionLoggedOut() | SessionReset() | LimitsSet() | ListStated():
                pass
            case DayEnding() | OrdersExpired() | OrderRestated() | OrdersRestated() | DayBegun():
                pass
            case OrderTriggered() | PhaseChanged() | IndicativeChanged():
                pass
            case _:
                assert_never(event)

    def _count_trade(self, trade: Trade) -> None:
        symbol, instrument = trade.symbol, self._instruments[trade.symbol]
        self.trades[symbol,] += 1
        for fill in (trade.aggressor, trade.resting):
            self.fills[symbol, fill.order.ord_status.name.lower()] += 1
            self._close_if_done(fill.order)
        self._traded_qty[symbol] += trade.last_qty * 10 ** (SCALE_MAX - instrument.qty_scale)
        self._traded_notional[symbol] += abs(instrument.notional(trade.last_px, trade.last_qty))

    def _count_reopened(self, event: AmendmentEvent) -> None:
        for side in (event.aggressor, event.resting):
            self.open_orders[event.symbol] += bool(side.order.leaves_qty) - bool(side.previous_leaves_qty)

    def _close_if_done(self, order: OrderState) -> None:
        if not order.leaves_qty:
            self.open_orders[order.symbol] -= 1

    def _listed(self, symbol: str) -> str:
        return symbol if symbol in self._instruments else UNLISTED


_MSG_TYPES = {
    "0": "heartbeat",
    "1": "test_request",
    "2": "resend_request",
    "3": "reject",
    "4": "sequence_reset",
    "5": "logout",
    "8": "execution_report",
    "A": "logon",
    "j": "business_message_reject",
}
_REQUESTS = {
    CxlRejResponseTo.ORDER_CANCEL_REQUEST: "cancel",
    CxlRejResponseTo.ORDER_CANCEL_REPLACE_REQUEST: "replace",
}
_REDUCED = "ReduceOnly(20002)"
"""How the text of a cancel begins whose position has become smaller."""
_OF_LIST = ("ListID(66) ", "ListCancelRequest ")
"""What begins the text of a cancel that another order of the list, or a request about the list, has brought about."""
_REFUSED_BY = {
    OrdRejReason.EXCHANGE_CLOSED: "halt",
    OrdRejReason.UNKNOWN_ACCOUNT: "account",
}


def _result(event: Event) -> str:
    match event:
        case OrderAccepted():
            return "accepted"
        case OrderRejected():
            return "rejected"
        case OrderStated():
            return "resent"
        case _:
            raise AssertionError(event)


def _check_that_refused(event: OrderRejected | CancelRejected) -> str | None:
    """Return what of risk refused, by its reason or, where a replace has but one reason, by risk's text."""
    if event.text.startswith("the trading day "):
        return "day_end"
    if isinstance(event, OrderRejected) and event.ord_rej_reason in _REFUSED_BY:
        return _REFUSED_BY[event.ord_rej_reason]
    if " is killed by the operator: " in event.text:
        return "kill_switch"
    if " is halted: " in event.text or " is suspended: " in event.text:
        return "halt"
    if " is outside the price band " in event.text:
        return "price_band"
    limit = event.text.rpartition(" exceeds ")[2].partition(" ")[0]
    return limit if limit in LIMIT_NAMES else None


def _by_whom(event: OrderCanceled) -> str:
    if event.orig_cl_ord_id is not None:
        return "client"
    if event.text is not None and event.text.startswith(_OF_LIST):
        return "list"
    if event.exec_restatement_reason is ExecRestatementReason.OTHER:
        return "self_match"
    if not event.is_told:
        return "quote"
    if event.exec_restatement_reason is ExecRestatementReason.SYSTEM_FAILURE:
        return "venue"
    if event.text is not None and event.text.startswith(_REDUCED):
        return "venue"
    if event.exec_restatement_reason is not None:
        return "operator"
    return "mass_cancel" if event.rested or event.order.is_waiting else "venue"


def _is_public(events: tuple[Event, ...]) -> bool:
    """Return whether a book has changed for sure."""
    rests = False
    for event in events:
        match event:
            case Trade():
                return True
            case OrderAccepted() | OrderTriggered():
                rests = event.order.working_qty > 0 and not event.order.is_waiting
                rests = rests and not _is_partly_displayed(event.order)
            case OrderReplaced() if event.order.is_waiting or _is_partly_displayed(event.order):
                pass
            case OrderReplaced() if 0 < event.order.held_qty == event.order.leaves_qty:
                pass
            case OrderCanceled() | OrderExpired() | OrderAmended() if _is_partly_displayed(event.order):
                pass
            case OrderReplaced():
                if (event.order.price, event.order.leaves_qty) != (event.previous_price, event.previous_leaves_qty):
                    return True
            case OrderCanceled():
                if event.rested:
                    return True
                rests = False
            case TradeBusted() | TradeCorrected():
                return True
            case OrderExpired():
                if event.rested:
                    return True
            case OrderAmended():
                previous_working_qty = event.previous_leaves_qty - event.previous_held_qty
                if event.rested and (event.order.price, event.order.working_qty) != (
                    event.previous_price,
                    previous_working_qty,
                ):
                    return True
            case _:
                pass
    return rests


def _is_partly_displayed(order: OrderState) -> bool:
    """Return whether the book may be as it was for who sees it, whatever happens to the order but a trade."""
    asked = order.instructions
    return asked is not None and (asked.max_floor is not None or ALL_OR_NONE in asked.exec_inst)


def _tag(command: Command) -> str:
    return str(type(command).__struct_config__.tag).replace("-", "_")
