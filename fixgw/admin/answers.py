"""Answers to operators, as one JSON object a line (docs/operator.md).

Prices, quantities and amounts are text in decimal: a JSON number would be taken for a binary float.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, assert_never

import msgspec

from fixgw.spec.events import (
    AmendmentEvent,
    InstrumentAdded,
    InstrumentChanged,
    LimitsSet,
    OperatorRefused,
    OrderCanceled,
    OrdersExpired,
    OrdersSwept,
    OrderState,
    ProtectionSet,
    TradeBusted,
    TradeCorrected,
)
from fixgw.spec.fixed import format_fixed, format_ratio, format_shortest
from fixgw.spec.inquiries import (
    InstrumentsAnswer,
    InstrumentSummary,
    OperatorAnswer,
    OrderAnswer,
    OrdersAnswer,
    RiskAnswer,
    SessionConnection,
    SessionsAnswer,
    SessionSummary,
    VenueAnswer,
)
from fixgw.spec.instrument import NOTIONAL_SCALE, SCALE_MAX
from fixgw.spec.limits import LIMIT_NAMES, ScopedLimits
from fixgw.spec.maker_protection import CHANGEABLE, Frozen, MakerProtection
from fixgw.spec.restriction import Restriction
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.terms import Terms, terms_of

AVG_PX_EXTRA_DECIMALS = 4

Json = dict[str, Any]
_encode = msgspec.json.Encoder().encode


class Facts(msgspec.Struct, frozen=True):
    """What the gateway knows besides the core, at the moment of the answer."""

    pid: int
    sequence: int
    """Of the last frame in the journal."""
    connections: Mapping[str, SessionConnection]
    """By CompID."""
    date: str
    """Of the trading day by the clock, ISO 8601."""
    journal_problem: str = ""
    """Why the journal cannot be written, and so no order is taken; empty when it can."""


def line(answer: Json) -> bytes:
    return _encode(answer) + b"\n"


def refused(error: str) -> Json:
    return {"ok": False, "error": error}


def of_command(sequenced: Sequenced) -> Json:
    """Return what came of an operator's command."""
    done: Json = {"ok": True, "sequence": sequenced.sequence, "time": utc_text(sequenced.time_ns)}
    for event in sequenced.events:
        match event:
            case OperatorRefused():
                return refused(event.text)
            case OrdersSwept():
                done |= {"canceled": event.canceled, "left": event.left}
            case OrdersExpired():
                done |= {"date": event.date, "expired": event.expired, "left": event.left}
            case LimitsSet():
                done |= {"limits": _limits(event.limits)}
            case ProtectionSet():
                done |= {"protection": _protection(event.protection)}
            case InstrumentAdded() | InstrumentChanged():
                done |= {"terms": _terms(terms_of(event.instrument))}
            case TradeBusted():
                done |= {"trade": {**_trade(event), "state": "busted"}}
            case TradeCorrected():
                done |= {"trade": {**_trade(event), "state": "corrected"}}
            case OrderCanceled() if len(sequenced.events) == 1:
                done |= {"canceled": 1, "left": 0, "order": order_json(event.order)}
            case _:
                pass
    return done


def _trade(event: AmendmentEvent) -> Json:
    """Return the trade as it is now, or was until it was busted, and both orders as they are at the end."""
    order = event.resting.order
    return {
        "trade": event.trade_id,
        "symbol": event.symbol,
        "last_px": format_fixed(event.last_px, order.price_scale),
        "last_qty": format_fixed(event.last_qty, order.qty_scale),
        "exec_ids": [event.resting.exec_id, event.aggressor.exec_id],
    }


def of_inquiry(answer: OperatorAnswer, facts: Facts) -> Json:
    match answer:
        case VenueAnswer():
            told = _venue(answer, facts)
        case SessionsAnswer():
            told = {"sessions": [_session(each, facts.connections.get(each.session)) for each in answer.sessions]}
        case OrdersAnswer():
            told = {"orders": [order_json(order) for order in answer.orders], "next_below": answer.next_below}
        case OrderAnswer():
            told = {"order": None if answer.order is None else order_json(answer.order)}
        case InstrumentsAnswer():
            told = {"instruments": [_instrument(each) for each in answer.instruments], "next_after": answer.next_after}
        case RiskAnswer():
            told = _risk(answer)
        case _:
            assert_never(answer)
    return {"ok": True, **told}


def _venue(answer: VenueAnswer, facts: Facts) -> Json:
    return {
        "pid": facts.pid,
        "sequence": facts.sequence,
        "journal_problem": facts.journal_problem or None,
        "sessions": len(facts.connections),
        "logged_on": sorted(name for name, each in facts.connections.items() if each.is_logged_on),
        "trading_date": answer.day.date or facts.date,
        "day_phase": answer.day.phase,
        "open_orders": answer.open_orders,
        "orders_entered": answer.orders_entered,
        "orders_to_cancel": answer.orders_to_sweep,
        "halted": [_restriction("symbol", each) for each in answer.halted],
        "killed": [_restriction("scope", each) for each in answer.killed],
        "disabled": [_restriction("session", each) for each in answer.disabled],
        "frozen": [_frozen(each) for each in answer.frozen],
    }


def _restriction(kind: str, restriction: Restriction) -> Json:
    return {kind: restriction.name, "operator": restriction.operator, "reason": restriction.reason}


def _session(summary: SessionSummary, connection: SessionConnection | None) -> Json:
    return {
        "session": summary.session,
        "firm": summary.firm,
        "accounts": summary.accounts,
        "logged_on": connection is not None and connection.is_logged_on,
        "next_msg_seq_num": None if connection is None else connection.next_msg_seq_num,
        "expected_msg_seq_num": None if connection is None else connection.expected_msg_seq_num,
        "open_orders": summary.open_orders,
        "disabled": None if summary.disabled is None else _restriction("session", summary.disabled),
    }


def order_json(order: OrderState) -> Json:
    """Return an order with the names of FIX; ``avg_px`` as AvgPx(6) of its reports."""
    number = format_fixed if order.qty_scale <= SCALE_MAX else format_shortest
    scale = order.price_scale
    return {
        "order_id": order.order_id,
        "session": order.session,
        "firm": order.firm,
        "account": order.account,
        "cl_ord_id": order.cl_ord_id,
        "symbol": order.symbol,
        "side": order.side.name.lower(),
        "ord_type": order.ord_type.name.lower(),
        "time_in_force": order.time_in_force.name.lower(),
        "order_qty": number(order.order_qty, order.qty_scale),
        "price": None if order.price is None else number(order.price, scale),
        "stop_px": None if order.trigger_price is None else number(order.trigger_price, scale),
        "waiting": order.is_waiting,
        "ord_status": order.ord_status.name.lower(),
        "cum_qty": number(order.cum_qty, order.qty_scale),
        "leaves_qty": number(order.leaves_qty, order.qty_scale),
        "avg_px": _avg_px(order) if order.cum_qty else None,
    }


def _avg_px(order: OrderState) -> str:
    whole, rest = divmod(order.cum_notional, order.cum_qty)
    scale = order.price_scale
    if not rest:
        return format_fixed(whole, scale)
    return format_ratio(order.cum_notional, order.cum_qty * 10**scale, scale + AVG_PX_EXTRA_DECIMALS)


def _instrument(summary: InstrumentSummary) -> Json:
    def price(value: int | None) -> str | None:
        return None if value is None else format_fixed(value, summary.price_scale)

    def qty(value: int | None) -> str | None:
        return None if value is None else format_fixed(value, summary.qty_scale)

    return {
        "symbol": summary.symbol,
        "state": _state(summary),
        "phase": summary.phase,
        "halted": None if summary.halted is None else _restriction("symbol", summary.halted),
        "suspended": None if summary.suspended is None else _restriction("symbol", summary.suspended),
        "last_px": price(summary.last_px),
        "bid_px": price(summary.bid_px),
        "bid_qty": qty(summary.bid_qty),
        "offer_px": price(summary.offer_px),
        "offer_qty": qty(summary.offer_qty),
        "terms": _terms(summary.terms),
    }


def _state(summary: InstrumentSummary) -> str:
    if summary.suspended is not None:
        return "suspended"
    return "trading" if summary.halted is None else "halted"


def _terms(terms: Terms) -> Json:
    """Return the terms as venue.toml has them, numbers with a point as text."""
    values = ((name, getattr(terms, name)) for name in terms.__struct_fields__ if name != "symbol")
    told = {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in values}
    return told | {"ticks": [str(each) for each in terms.ticks]}


def _risk(answer: RiskAnswer) -> Json:
    return {
        "limits": [_limits(each) | {"by_operator": each.scope in answer.set_by_operators} for each in answer.limits],
        "lifted": [s for s in answer.set_by_operators if s not in {each.scope for each in answer.limits}],
        "killed": [_restriction("scope", each) for each in answer.killed],
        "exposure": [
            {
                "firm": each.firm,
                "account": each.account,
                "open_notional": format_shortest(each.open_notional, NOTIONAL_SCALE),
                "positions": {of.symbol: format_fixed(of.net_qty, of.qty_scale) for of in each.positions},
            }
            for each in answer.exposures
        ],
        "protections": [
            _protection(each) | {"by_operator": each.name in answer.protections_set_by_operators}
            for each in answer.protections
        ],
        "frozen": [_frozen(each) for each in answer.frozen],
    }


def _protection(protection: MakerProtection) -> Json:
    numbers = ((name, getattr(protection, name)) for name in CHANGEABLE)
    values = {name: None if value is None else f"{Decimal(value):f}" for name, value in numbers}
    kind, _, name = protection.maker.partition(":")
    return {"protection": protection.name, kind: name, "instruments": list(protection.symbols), **values}


def _frozen(frozen: Frozen) -> Json:
    until = utc_text(frozen.until_ns) if frozen.until_ns else None
    return {"protection": frozen.name, "symbol": frozen.symbol or None, "text": frozen.text, "until": until}


def _limits(limits: ScopedLimits) -> Json:
    values = ((name, getattr(limits, name)) for name in LIMIT_NAMES)
    return {"scope": limits.scope, **{name: None if value is None else f"{value:f}" for name, value in values}}


def utc_text(time_ns: int) -> str:
    """Return ISO 8601 in microseconds."""
    whole, rest = divmod(time_ns // 1_000, 1_000_000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"
