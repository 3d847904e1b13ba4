"""Frames of the journal in words: whole for programs, a line for people, a row for each report for spreadsheets."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, assert_never

import msgspec

from fixgw.admin.answers import utc_text
from fixgw.marketdata.words import SIDES
from fixgw.spec.commands import Command
from fixgw.spec.events import (
    Amendment,
    AmendmentEvent,
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
from fixgw.spec.fixed import format_fixed, format_shortest
from fixgw.spec.instrument import SCALE_MAX
from fixgw.spec.sequenced import Sequenced

Json = dict[str, Any]


# Whole, for programs.


def frame_json(frame: Sequenced) -> Json:
    """Return all of ``frame`` as it was written, fields by name: numbers are integers in the scales beside them."""
    return {
        "sequence": frame.sequence,
        "time": utc_text(frame.time_ns),
        "time_ns": frame.time_ns,
        "command": named(frame.command),
        "events": [named(event) for event in frame.events],
    }


def named(value: object) -> Any:
    """Return what a command or event holds, with the names of its fields and the tag of its kind."""
    if isinstance(value, msgspec.Struct):
        fields = {name: named(getattr(value, name)) for name in value.__struct_fields__}
        return {"kind": value.__struct_config__.tag, **fields} if value.__struct_config__.tag else fields
    if isinstance(value, tuple | list):
        return [named(each) for each in value]
    return str(value) if isinstance(value, Decimal | str) else value


# A line, for people.


def frame_line(frame: Sequenced) -> str:
    """Return sequence, time, command, who sent it, and what came of it."""
    command = frame.command
    who = str(getattr(command, "session", None) or getattr(command, "operator", None) or "")
    events = frame.events
    came = "; ".join(event_words(event) for event in events[:_EVENTS_SHOWN_MAX])
    more = f"; and {len(events) - _EVENTS_SHOWN_MAX} more" if len(events) > _EVENTS_SHOWN_MAX else ""
    return f"{frame.sequence:>10}  {utc_text(frame.time_ns)}  {_kind(command):<16} {who:<10} {came}{more}".rstrip()


_EVENTS_SHOWN_MAX = 4


def _kind(value: Command | Event) -> str:
    return str(value.__struct_config__.tag)


def event_words(event: Event) -> str:
    match event:
        case OrderAccepted():
            return f"accepted {_order_words(event.order)}"
        case OrderRejected():
            return f"rejected {_order_words(event.order)}: {event.text}"
        case OrderCanceled():
            return f"canceled order {event.order.order_id}" + (f": {event.text}" if event.text else "")
        case OrderReplaced():
            return f"replaced by {_order_words(event.order)}"
        case OrderStated():
            return f"stated {_order_words(event.order)}"
        case Trade():
            order = event.resting.order
            qty, price = format_fixed(event.last_qty, order.qty_scale), format_fixed(event.last_px, order.price_scale)
            return f"traded {qty} {event.symbol} at {price}, {order.order_id} with {event.aggressor.order.order_id}"
        case TradeBusted():
            return f"busted trade {event.trade_id}: {event.reason}"
        case TradeCorrected():
            order = event.resting.order
            traded = f"{_qty(event.last_qty, order)} at {_price(event.last_px, order)}"
            return f"corrected trade {event.trade_id} to {traded}: {event.reason}"
        case CancelRejected():
            return f"refused {event.cl_ord_id}: {event.text}"
        case MassCanceled():
            return f"mass cancel {event.cl_ord_id}: " + (event.text or f"{len(event.affected)} orders")
        case QuoteReported():
            quote, status = event.quote, event.quote_status.name.lower().replace("_", " ")
            return f"quote {quote.quote_id} in {quote.symbol} {status}" + (f": {event.text}" if event.text else "")
        case MassQuoteAnswered():
            refused = sum(entry.refusal is not None for entry in event.entries)
            return f"mass quote {event.quote_id}: {len(event.entries)} entries, {refused} refused"
        case QuotesPulled():
            return f"pulled {event.canceled} sides of quotes of {event.session}: {event.reason}"
        case LimitStateChanged():
            return f"limit state of {event.symbol}{' is over' if event.side is None else f' at {event.price}'}"
        case ProtectionTripped():
            return f"pulled {event.canceled} sides of quotes of {event.maker}: {event.frozen.text}"
        case ProtectionReset():
            return f"{_kind(event)} {event.name}{event.symbol and ' in '}{event.symbol}: {event.reason}"
        case ProtectionSet():
            return f"{_kind(event)} {event.protection.name}: {event.reason}"
        case ListStated():
            what = event.list_order_status.name.lower().replace("_", " ")
            return f"list {event.list_id}, {len(event.orders)} orders: {event.text or what}"
        case VenueConfigured():
            return "configured"
        case InstrumentHalted() | InstrumentSuspended() | InstrumentResumed() | InstrumentDelisted():
            return f"{_kind(event)} {event.symbol}: {event.reason}"
        case InstrumentAdded() | InstrumentChanged():
            return f"{_kind(event)} {event.instrument.symbol}: {event.reason}"
        case ScopeKilled() | ScopeReleased():
            return f"{_kind(event)} {event.scope}: {event.reason}"
        case OrdersSwept():
            return f"swept {event.scope}: {event.canceled} canceled, {event.left} left"
        case LimitsSet():
            return f"limits set of {event.limits.scope}: {event.reason}"
        case SessionDisabled() | SessionEnabled() | SessionLoggedOut() | SessionReset():
            return f"{_kind(event)} {event.session}: {event.reason}"
        case OrderExpired():
            return f"expired order {event.order.order_id}"
        case OrderTriggered():
            return f"triggered {_order_words(event.order)}"
        case OrderRestated():
            return f"restated {_order_words(event.order)}"
        case PhaseChanged():
            return f"phase of {event.symbol}: {event.previous} to {event.phase}: {event.reason}"
        case IndicativeChanged(price=None):
            return f"indicative of {event.symbol}: nothing would trade"
        case IndicativeChanged():
            return f"indicative of {event.symbol}: {event.volume} at {event.price}, {event.imbalance:+} left over"
        case OrderAmended():
            return f"amended to {_order_words(event.order)}: {event.text}"
        case DayEnding() | DayBegun():
            return f"{_kind(event)} {event.date}"
        case OrdersExpired():
            return f"day {event.date}: {event.expired} expired, {event.left} left"
        case OrdersRestated():
            return f"day {event.date}: {event.restated} restated, {event.left} left"
        case OperatorRefused():
            return f"refused: {event.text}"
        case _:
            assert_never(event)


def _order_words(order: OrderState) -> str:
    price = "market" if order.price is None else f"at {_price(order.price, order)}"
    return f"order {order.order_id}, {SIDES[order.side]} {_qty(order.order_qty, order)} {order.symbol} {price}"


def _price(price: int, order: OrderState) -> str:
    # An order in a symbol that nobody knew has no scale of its own.
    return (format_fixed if order.price_scale <= SCALE_MAX else format_shortest)(price, order.price_scale)


def _qty(qty: int, order: OrderState) -> str:
    return (format_fixed if order.qty_scale <= SCALE_MAX else format_shortest)(qty, order.qty_scale)


# Rows, for spreadsheets.


class Row(NamedTuple):
    """One order in one event, or an event or a command by itself; prices and quantities in decimal."""

    sequence: int
    time: str
    command: str
    event: str = ""
    exec_id: str = ""
    session: str = ""
    firm: str = ""
    account: str = ""
    order_id: str = ""
    cl_ord_id: str = ""
    symbol: str = ""
    side: str = ""
    ord_status: str = ""
    order_qty: str = ""
    price: str = ""
    last_qty: str = ""
    last_px: str = ""
    cum_qty: str = ""
    leaves_qty: str = ""
    text: str = ""


def rows(frame: Sequenced) -> Iterator[Row]:
    """Yield a row for each order in each event, two of a trade; a command without events has one row."""
    time, command = utc_text(frame.time_ns), _kind(frame.command)
    if not frame.events:
        yield Row(frame.sequence, time, command, session=str(getattr(frame.command, "session", "")))
    for event in frame.events:
        for fields in _row_fields(event):
            yield Row(frame.sequence, time, command, _kind(event), **fields)


def _row_fields(event: Event) -> Iterator[Mapping[str, str]]:
    match event:
        case Trade():
            for fill in (event.resting, event.aggressor):
                yield _fill_fields(event, fill)
        case TradeBusted() | TradeCorrected():
            for side in (event.resting, event.aggressor):
                yield _amendment_fields(event, side)
        case OrderAccepted() | OrderReplaced():
            yield {"exec_id": event.exec_id} | _order_fields(event.order)
        case OrderRejected() | OrderCanceled() | OrderStated() | OrderTriggered() | OrderAmended():
            yield {"exec_id": event.exec_id, "text": event.text or ""} | _order_fields(event.order)
        case CancelRejected():
            yield {
                "session": event.session,
                "firm": event.firm,
                "account": event.account or "",
                "order_id": event.order_id,
                "cl_ord_id": event.cl_ord_id,
                "ord_status": event.ord_status,
                "text": event.text,
            }
        case _:
            yield {"session": str(getattr(event, "session", "")), "text": event_words(event)}


def _fill_fields(trade: Trade, fill: Fill) -> dict[str, str]:
    order = fill.order
    traded = {"last_qty": _qty(trade.last_qty, order), "last_px": _price(trade.last_px, order)}
    return {"exec_id": fill.exec_id} | traded | _order_fields(order)


def _amendment_fields(event: AmendmentEvent, side: Amendment) -> dict[str, str]:
    """Return what the trade is for this side now: nothing when it is busted."""
    order = side.order
    traded = {"last_qty": _qty(0, order), "last_px": _price(0, order)}
    if isinstance(event, TradeCorrected):
        traded = {"last_qty": _qty(event.last_qty, order), "last_px": _price(event.last_px, order)}
    return {"exec_id": side.exec_id, "text": event_words(event)} | traded | _order_fields(order)


def _order_fields(order: OrderState) -> dict[str, str]:
    return {
        "session": order.session,
        "firm": order.firm,
        "account": order.account,
        "order_id": order.order_id,
        "cl_ord_id": order.cl_ord_id,
        "symbol": order.symbol,
        "side": SIDES[order.side],
        "ord_status": str(order.ord_status),
        "order_qty": _qty(order.order_qty, order),
        "price": "" if order.price is None else _price(order.price, order),
        "cum_qty": _qty(order.cum_qty, order),
        "leaves_qty": _qty(order.leaves_qty, order),
    }
