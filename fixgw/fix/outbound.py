"""Events and answers to FIX text: one report for each session an event concerns.

An event has in it all that its reports say, also after the list of instruments has changed.  Pure: no clock, no
QuickFIX.  QuickFIX fills in header, BodyLength(9) and CheckSum(10) as it sends.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import assert_never

from fixgw.fix import reference_reports
from fixgw.fix.quotes import mass_quote_acknowledgement, quote_status_report, quote_status_reports
from fixgw.fix.report import Report as Report
from fixgw.fix.report import optional as _optional
from fixgw.spec.commands import (
    CancelList,
    CancelOrder,
    CancelQuotes,
    ClientCommand,
    MassCancel,
    MassQuote,
    NewOrder,
    NewOrderList,
    Quote,
    RefuseChange,
    RefuseOrder,
    ReplaceOrder,
)
from fixgw.spec.events import (
    Amendment,
    CancelRejected,
    DayBegun,
    DayEnding,
    Event,
    Fill,
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
from fixgw.spec.fixed import format_fixed, format_ratio, format_shortest
from fixgw.spec.inquiries import Answer, ListStatusAnswer, MassStatusAnswer, OrderStatusAnswer, QuoteStatusAnswer
from fixgw.spec.instructions import Instructions, peg_of
from fixgw.spec.instrument import SCALE_MAX
from fixgw.spec.values import (
    CxlRejResponseTo,
    ExecRestatementReason,
    ExecType,
    OrdRejReason,
    OrdStatus,
    PegOffsetType,
    Side,
    TimeInForce,
)

AVG_PX_EXTRA_DECIMALS = 4
"""AvgPx(6) that is not a whole number of price units is rounded to this many decimals more than a price has."""

AFFECTED_ORDERS_MAX = 500
"""More orders than these an OrderMassCancelReport counts and does not name: it would be megabytes long."""

NOT_AVAILABLE = "4"
"""BusinessRejectReason(380): application not available; the same request may be taken later."""

_MSG_TYPES: dict[type[ClientCommand], str] = {
    NewOrder: "D",
    RefuseOrder: "D",
    CancelOrder: "F",
    ReplaceOrder: "G",
    MassCancel: "q",
    Quote: "S",
    MassQuote: "i",
    CancelQuotes: "Z",
    NewOrderList: "E",
    CancelList: "K",
}
"""MsgType(35) of what asked for a command, but for RefuseChange, which either of two asks for."""
_CHANGE_MSG_TYPES = {
    CxlRejResponseTo.ORDER_CANCEL_REQUEST: "F",
    CxlRejResponseTo.ORDER_CANCEL_REPLACE_REQUEST: "G",
}

_OFFSET_SCALES = {PegOffsetType.BASIS_POINTS: 2, PegOffsetType.TICKS: 0}
"""Decimals of PegOffsetValue(211), where they are not those of a price."""

_SECOND_NS = 1_000_000_000
_MILLISECONDS = tuple(f"{ms:03d}" for ms in range(1_000))

_NEW = ExecType.NEW
_CANCELED = ExecType.CANCELED
_REPLACED = ExecType.REPLACED
_REJECTED = ExecType.REJECTED
_EXPIRED = ExecType.EXPIRED
_RESTATED = ExecType.RESTATED
_TRADE = ExecType.TRADE
_TRADE_CORRECT = ExecType.TRADE_CORRECT
_TRADE_CANCEL = ExecType.TRADE_CANCEL
_STATUS = ExecType.ORDER_STATUS
_GOOD_FOR_AUCTION = TimeInForce.GOOD_FOR_AUCTION


class Encoder:
    """Writes reports."""

    def __init__(self) -> None:
        self._time = TimeText()

    def reports(self, event: Event, time_ns: int) -> tuple[Report, ...]:
        """Return the reports of ``event`` in the order they are to be sent; resting side of a trade first."""
        match event:
            case OrderAccepted() | OrderReplaced() if event.order.is_quoted:
                return ()
            case OrderAccepted():
                return (self._execution(event.exec_id, _NEW, event.order, time_ns),)
            case Trade():
                return self._fill(event, event.resting, time_ns), self._fill(event, event.aggressor, time_ns)
            case OrderCanceled() if not event.is_told:
                return ()
            case OrderCanceled():
                extra = _optional("41=", event.orig_cl_ord_id) + _optional("58=", event.text)
                extra += _optional("378=", event.exec_restatement_reason)
                return (self._execution(event.exec_id, _CANCELED, event.order, time_ns, extra),)
            case OrderReplaced():
                extra = f"41={event.orig_cl_ord_id}\x01"
                return (self._execution(event.exec_id, _REPLACED, event.order, time_ns, extra),)
            case OrderRejected():
                extra = f"103={event.ord_rej_reason}\x0158={event.text}\x01"
                return (self._execution(event.exec_id, _REJECTED, event.order, time_ns, extra),)
            case OrderStated():
                return (self._execution(event.exec_id, _STATUS, event.order, time_ns, f"58={event.text}\x01"),)
            case OrderExpired():
                return (self._execution(event.exec_id, _EXPIRED, event.order, time_ns, f"58={event.text}\x01"),)
            case OrderRestated():
                return (self._restatement(event, time_ns),)
            case OrderTriggered():
                extra = f"378={ExecRestatementReason.OTHER}\x0158={event.text}\x01"
                told = (self._execution(event.exec_id, _RESTATED, event.order, time_ns, extra),)
                return told if event.exec_id else ()
            case OrderAmended():
                extra = f"378={event.exec_restatement_reason}\x0158={event.text}\x01"
                if event.order.list_id is not None and not event.order.held_qty and event.order.trigger_price is None:
                    extra += "636=Y\x01"
                return (self._execution(event.exec_id, _RESTATED, event.order, time_ns, extra),)
            case TradeBusted():
                return self._bust(event, event.resting, time_ns), self._bust(event, event.aggressor, time_ns)
            case TradeCorrected():
                return self._correct(event, event.resting, time_ns), self._correct(event, event.aggressor, time_ns)
            case CancelRejected():
                return (self._cancel_reject(event, time_ns),)
            case MassCanceled():
                return (self._mass_cancel_report(event, time_ns),)
            case QuoteReported():
                body = quote_status_report(event.quote, event.quote_status, event.text, self._time.of(time_ns))
                return (Report(event.quote.session, "AI", body),) if event.is_told else ()
            case MassQuoteAnswered():
                return (Report(event.session, "b", mass_quote_acknowledgement(event)),) if event.is_told else ()
            case QuotesPulled() | ProtectionTripped() | ProtectionReset() | ProtectionSet() | LimitStateChanged():
                return ()
            case ListStated():
                return (self.list_status(event, time_ns),)
            case VenueConfigured() | OrdersSwept() | OperatorRefused() | LimitsSet():
                return ()
            case DayEnding() | OrdersExpired() | OrdersRestated() | DayBegun() | PhaseChanged() | IndicativeChanged():
                return ()
            case InstrumentHalted() | InstrumentSuspended() | InstrumentResumed() | ScopeKilled() | ScopeReleased():
                return ()
            case InstrumentAdded() | InstrumentChanged() | InstrumentDelisted():
                return ()
            case SessionDisabled() | SessionEnabled() | SessionLoggedOut() | SessionReset():
                return ()
            case _:
                assert_never(event)

    def answers(self, answer: Answer, time_ns: int) -> Iterator[Report]:
        """Yield the reports that answer an inquiry; those of orders have 150=I with 17=0 (E22, E23)."""
        match answer:
            case OrderStatusAnswer():
                yield self._order_status(answer, time_ns)
            case MassStatusAnswer():
                yield from self._mass_status(answer, time_ns)
            case QuoteStatusAnswer():
                for body in quote_status_reports(answer, self._time.of(time_ns)):
                    yield Report(answer.inquiry.session, "AI", body)
            case ListStatusAnswer():
                yield self.list_status(answer.stated, time_ns)
            case _:
                yield reference_reports.report(answer, self._time.of(time_ns))

    def _execution(self, exec_id: str, exec_type: str, order: OrderState, time_ns: int, extra: str = "") -> Report:
        qty_scale = order.qty_scale
        # Nobody knows how many decimals an unknown symbol has: as few as it takes.
        number = format_fixed if qty_scale <= SCALE_MAX else format_shortest
        order_qty = number(order.order_qty, qty_scale)
        leaves_qty = order_qty if order.leaves_qty == order.order_qty else number(order.leaves_qty, qty_scale)
        shown_qty = f"38={order_qty}\x01" if order.order_qty else ""
        price = "" if order.price is None else f"44={number(order.price, order.price_scale)}\x01"
        # Joined with plus: an f-string asks each enumeration how it wants to be formatted, at four times the cost.
        if order.trigger_price is not None:
            extra += _trigger(order, number)
        codes = "\x01150=" + exec_type + "\x0139=" + order.ord_status + "\x0154=" + order.side
        terms = "40=" + order.ord_type + "\x0159=" + order.time_in_force + "\x01"
        if order.time_in_force is _GOOD_FOR_AUCTION:
            terms = "40=" + order.ord_type + "\x01"  # FIX 4.4 does not have it
        if order.instructions is not None:
            terms += _instructions(order.instructions, order)
            if peg_of(order.instructions):
                price = _pegged(order, order.instructions)
        if order.quote_entry_id is not None:
            terms += f"526={order.quote_entry_id or order.cl_ord_id}\x01"
        if order.list_id is not None:
            terms += _of_list(order)
        body = (
            f"37={order.order_id}\x0117={exec_id}{codes}\x01"
            f"1={order.account}\x0111={order.cl_ord_id}\x0155={order.symbol}\x01"
            f"{shown_qty}{price}{terms}"
            f"151={leaves_qty}\x0114={number(order.cum_qty, qty_scale)}\x01"
            f"6={_avg_px(order) if order.cum_qty else '0'}\x0160={self._time.of(time_ns)}\x01{extra}"
        )
        return Report(order.session, "8", body)

    def _fill(self, trade: Trade, fill: Fill, time_ns: int) -> Report:
        order = fill.order
        last_px = format_fixed(trade.last_px, order.price_scale)
        last_qty = format_fixed(trade.last_qty, order.qty_scale)
        return self._execution(fill.exec_id, _TRADE, order, time_ns, f"31={last_px}\x0132={last_qty}\x01")

    def _bust(self, event: TradeBusted, side: Amendment, time_ns: int) -> Report:
        """Return the report that a fill is undone: nothing of it is left, so LastQty(32) is 0 (App D J.1.a)."""
        extra = f"19={side.exec_ref_id}\x0131=0\x0132=0\x0158=busted by the operator: {event.reason}\x01"
        return self._execution(side.exec_id, _TRADE_CANCEL, side.order, time_ns, extra)

    def _correct(self, event: TradeCorrected, side: Amendment, time_ns: int) -> Report:
        order = side.order
        last_px = format_fixed(event.last_px, order.price_scale)
        last_qty = format_fixed(event.last_qty, order.qty_scale)
        extra = f"19={side.exec_ref_id}\x0131={last_px}\x0132={last_qty}\x01"
        extra += f"58=corrected by the operator: {event.reason}\x01"
        return self._execution(side.exec_id, _TRADE_CORRECT, order, time_ns, extra)

    def _restatement(self, event: OrderRestated, time_ns: int) -> Report:
        """Return the order as its new day begins: what is left is all there is for today (E37)."""
        order = event.order
        day_order_qty = format_fixed(order.leaves_qty, order.qty_scale)
        extra = f"378={event.exec_restatement_reason}\x01424={day_order_qty}\x01425=0\x01426=0\x01"
        return self._execution(event.exec_id, _RESTATED, order, time_ns, extra)

    def _cancel_reject(self, event: CancelRejected, time_ns: int) -> Report:
        body = (
            f"37={event.order_id}\x01{_optional('1=', event.account)}11={event.cl_ord_id}\x01"
            f"41={event.orig_cl_ord_id}\x0139={event.ord_status}\x01434={event.cxl_rej_response_to}\x01"
            f"102={event.cxl_rej_reason}\x0158={event.text}\x0160={self._time.of(time_ns)}\x01"
        )
        return Report(event.session, "9", body)

    def _mass_cancel_report(self, event: MassCanceled, time_ns: int) -> Report:
        reason = event.mass_cancel_reject_reason
        response = event.mass_cancel_request_type if reason is None else "0"
        refused = "" if reason is None else f"532={reason}\x01"
        side = _optional("54=", event.side)
        affected = "".join(
            f"41={order.orig_cl_ord_id}\x01535={order.affected_order_id}\x01" for order in event.affected
        )
        group = f"534={len(event.affected)}\x01{affected}" if 0 < len(event.affected) <= AFFECTED_ORDERS_MAX else ""
        body = (
            f"37={event.order_id}\x0111={event.cl_ord_id}\x01530={event.mass_cancel_request_type}\x01"
            f"531={response}\x01{refused}533={len(event.affected)}\x01{group}{_optional('55=', event.symbol)}{side}"
            f"60={self._time.of(time_ns)}\x01{_optional('58=', event.text)}"
        )
        return Report(event.session, "r", body)

    def list_status(self, stated: ListStated, time_ns: int) -> Report:
        """Return the state of a list and of each of its orders; one report always has them all."""
        orders = "".join(_in_list(order) for order in stated.orders)
        text = _optional("444=", stated.text)
        body = (
            f"66={stated.list_id}\x01429={stated.list_status_type}\x0182=1\x01431={stated.list_order_status}\x01"
            f"83=1\x01{text}60={self._time.of(time_ns)}\x0168={len(stated.orders)}\x0173={len(stated.orders)}\x01{orders}"
        )
        return Report(stated.session, "N", body)

    def _order_status(self, answer: OrderStatusAnswer, time_ns: int) -> Report:
        inquiry = answer.inquiry
        echoed = _optional("790=", inquiry.ord_status_req_id)
        if answer.order is not None:
            return self._execution("0", _STATUS, answer.order, time_ns, echoed)
        body = (
            f"37={inquiry.order_id or 'NONE'}\x0111={inquiry.cl_ord_id}\x0155={inquiry.symbol}\x01"
            f"54={inquiry.side}\x01{echoed}58=no such order of this session\x01"
        )
        return self._no_order(inquiry.session, OrdRejReason.UNKNOWN_ORDER, body, time_ns)

    def _mass_status(self, answer: MassStatusAnswer, time_ns: int) -> Iterator[Report]:
        inquiry = answer.inquiry
        for count, order in enumerate(answer.orders, start=1):
            last = "912=Y\x01" if answer.is_last and count == len(answer.orders) else ""
            extra = f"584={inquiry.mass_status_req_id}\x01911={answer.tot_num_reports}\x01{last}"
            yield self._execution("0", _STATUS, order, time_ns, extra)
        if not answer.orders:
            # Symbol(55) and Side(54) are required in every ExecutionReport, though there is no order.
            side = inquiry.side or Side.UNDISCLOSED
            body = (
                f"37=NONE\x0155={inquiry.symbol or '[N/A]'}\x0154={side}\x01584={inquiry.mass_status_req_id}\x01"
                f"911=0\x01912=Y\x01{_optional('58=', answer.text)}"
            )
            reason = answer.ord_rej_reason or OrdRejReason.UNKNOWN_ORDER
            yield self._no_order(inquiry.session, reason, body, time_ns)

    def _no_order(self, session: str, reason: OrdRejReason, body: str, time_ns: int) -> Report:
        state = f"17=0\x01150={_STATUS}\x0139={OrdStatus.REJECTED}\x01103={reason}\x01"
        return Report(session, "8", f"{state}{body}151=0\x0114=0\x016=0\x0160={self._time.of(time_ns)}\x01")


class TimeText:
    """UTCTimestamp (FIX 4.4 Vol. 1) in milliseconds; all but these is written once a second."""

    def __init__(self) -> None:
        self._second_began_ns = -_SECOND_NS
        self._date = ""

    def of(self, time_ns: int) -> str:
        since_ns = time_ns - self._second_began_ns
        if not 0 <= since_ns < _SECOND_NS:
            second = time_ns // _SECOND_NS
            self._date = datetime.fromtimestamp(second, UTC).strftime("%Y%m%d-%H:%M:%S.")
            self._second_began_ns = second * _SECOND_NS
            since_ns = time_ns - self._second_began_ns
        return self._date + _MILLISECONDS[since_ns // 1_000_000]


def business_reject(session: str, ref_seq_num: str, ref_msg_type: str, reason: str, text: str) -> Report:
    """Return a BusinessMessageReject(35=j) for a message that never reached the sequencer."""
    return Report(session, "j", f"45={ref_seq_num}\x01372={ref_msg_type}\x01380={reason}\x0158={text}\x01")


def refused(command: ClientCommand, text: str) -> Report:
    """Return a BusinessMessageReject(35=j) for a request that the venue cannot take now, and so never took."""
    if isinstance(command, RefuseChange):
        ref_msg_type = _CHANGE_MSG_TYPES[command.cxl_rej_response_to]
    else:
        ref_msg_type = _MSG_TYPES[type(command)]
    return business_reject(command.session, str(command.msg_seq_num), ref_msg_type, NOT_AVAILABLE, text)


def _trigger(order: OrderState, number: Callable[[int, int], str]) -> str:
    assert order.trigger_price is not None, order.order_id
    working = "N" if order.is_waiting or (order.held_qty and not order.working_qty) else "Y"
    return f"99={number(order.trigger_price, order.price_scale)}\x01636={working}\x01"


def _avg_px(order: OrderState) -> str:
    """Return AvgPx(6) of what is filled: exact where it can be, else rounded half away from zero (E2)."""
    whole, rest = divmod(order.cum_notional, order.cum_qty)
    scale = order.price_scale
    if not rest:
        return format_fixed(whole, scale)
    return format_ratio(order.cum_notional, order.cum_qty * 10**scale, scale + AVG_PX_EXTRA_DECIMALS)


def _instructions(instructions: Instructions, order: OrderState) -> str:
    """Return what the client asked for beyond plain terms, as far as FIX 4.4 has fields for it."""
    text = f"18={' '.join(instructions.exec_inst)}\x01" if instructions.exec_inst else ""
    if instructions.peg_offset_value:
        text += _offset(instructions, order.price_scale)
    number = format_fixed if order.qty_scale <= SCALE_MAX else format_shortest
    if instructions.min_qty is not None:
        text += f"110={number(instructions.min_qty, order.qty_scale)}\x01"
    if instructions.max_floor is not None:
        text += f"111={number(instructions.max_floor, order.qty_scale)}\x01"
    return text + _expiry(instructions)


def _pegged(order: OrderState, instructions: Instructions) -> str:
    """Return how far a pegged order may go, and where it is; one that never lived is nowhere."""
    number = format_fixed if order.price_scale <= SCALE_MAX else format_shortest
    limit, price = instructions.limit_price, order.price
    text = "" if limit is None else f"44={number(limit, order.price_scale)}\x01"
    return text if price is None else f"{text}839={number(price, order.price_scale)}\x01"


def _offset(instructions: Instructions, price_scale: int) -> str:
    kind = instructions.peg_offset_type
    scale = _OFFSET_SCALES.get(kind, price_scale)
    number = format_fixed if scale <= SCALE_MAX else format_shortest
    return f"211={number(instructions.peg_offset_value, scale)}\x01836={kind}\x01"


def _expiry(instructions: Instructions) -> str:
    if instructions.expire_date:
        return f"432={instructions.expire_date.replace('-', '')}\x01"
    return f"126={TimeText().of(instructions.expire_time_ns)}\x01" if instructions.expire_time_ns else ""


def _of_list(order: OrderState) -> str:
    """Return what an order's list adds to its reports; WorkingIndicator(636) while a part of it may not trade."""
    # Where it has a trigger, that tells whether it works.
    working = f"636={_working(order)}\x01" if order.held_qty and order.trigger_price is None else ""
    return f"66={order.list_id}\x01{working}"


def _working(order: OrderState) -> str:
    return "Y" if order.working_qty and not order.is_waiting else "N"


def _in_list(order: OrderState) -> str:
    """Return an order as an entry of ListStatus: fields in the order of the dictionary."""
    number = format_fixed if order.qty_scale <= SCALE_MAX else format_shortest
    cum_qty, leaves_qty = number(order.cum_qty, order.qty_scale), number(order.leaves_qty, order.qty_scale)
    # What is canceled, or has expired; what never lived is in neither sum.
    cxl_qty = 0 if order.ord_status is OrdStatus.REJECTED else order.order_qty - order.cum_qty - order.leaves_qty
    working = f"636={_working(order)}\x01" if order.leaves_qty else ""
    return (
        f"11={order.cl_ord_id}\x0114={cum_qty}\x0139={order.ord_status}\x01{working}151={leaves_qty}\x01"
        f"84={number(cxl_qty, order.qty_scale)}\x016={_avg_px(order) if order.cum_qty else '0'}\x01"
    )
