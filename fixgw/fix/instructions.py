"""The fields of an order beyond side, quantity, price, OrdType and TimeInForce, to the instructions of a command."""

from fixgw.fix.display_fields import DISPLAY_TAGS, read_display
from fixgw.fix.fields import KEY, Fields, chosen
from fixgw.fix.good_till_date import EXPIRY_TAGS
from fixgw.fix.peg_fields import PEG_TAGS, read_offset, why_not
from fixgw.fix.quantities import read_qty
from fixgw.fix.self_match_fields import SELF_MATCH_TAGS, read_self_match
from fixgw.fix.trigger_fields import TRIGGER_TAGS, TRIGGERED, read_trigger
from fixgw.spec import tags
from fixgw.spec.instructions import (
    ALL_OR_NONE,
    CANCEL_ON_HALT,
    LAST_PEG,
    MARKET_PEG,
    MID_PEG,
    NO_CROSS,
    POST_ONLY,
    PRIMARY_PEG,
    REINSTATE_ON_HALT,
    TRAILING,
    Instructions,
)
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, OrdType, TimeInForce

UNSUPPORTED = {
    KEY[tag]: tags.NAMES[tag]
    for tag in (
        tags.EFFECTIVE_TIME,
        tags.PEG_MOVE_TYPE,
        tags.PEG_LIMIT_TYPE,
        tags.PEG_ROUND_DIRECTION,
        tags.PEG_SCOPE,
        tags.DISCRETION_INST,
        tags.DISCRETION_OFFSET_VALUE,
        tags.TARGET_STRATEGY,
        tags.MAX_SHOW,
        tags.CASH_ORDER_QTY,
        tags.ORDER_PERCENT,
        tags.NO_TRADING_SESSIONS,
        tags.PRICE_TYPE,
        tags.QTY_TYPE,
    )
}
"""What would change how an order works and this version does not do: refused, never ignored."""

EXEC_INSTS = {
    POST_ONLY: "post-only",
    REINSTATE_ON_HALT: "reinstated after a trading halt",
    CANCEL_ON_HALT: "canceled on a trading halt",
    NO_CROSS: "with 6: refused rather than repriced",
    TRAILING: "trailing stop",
    PRIMARY_PEG: "primary peg",
    MARKET_PEG: "market peg",
    MID_PEG: "mid-price peg",
    LAST_PEG: "last-sale peg",
    ALL_OR_NONE: "all or none",
}
"""The codes of ExecInst(18) that are acted upon."""

_EXEC_INST = KEY[tags.EXEC_INST]
_MIN_QTY = KEY[tags.MIN_QTY]
_REDUCE_ONLY = KEY[tags.REDUCE_ONLY]
_GOOD_TILL_DATE = TimeInForce.GOOD_TILL_DATE

INSTRUCTION_TAGS = frozenset(
    {*UNSUPPORTED, *TRIGGER_TAGS, *PEG_TAGS, *SELF_MATCH_TAGS, *DISPLAY_TAGS, *EXPIRY_TAGS}
    | {_EXEC_INST, _MIN_QTY, _REDUCE_ONLY}
)
"""The keys of all fields that make an order more than a plain one: without any there is nothing to read here."""


def refused_field(fields: Fields) -> Refusal | None:
    """Return why an order with ``fields`` is refused, whatever else they say, naming the tag."""
    if UNSUPPORTED.keys().isdisjoint(fields):
        return None
    tag = min(UNSUPPORTED.keys() & fields.keys(), key=int)
    return _unsupported(f"{UNSUPPORTED[tag]}({tag}) is not supported; leave it out")


def needs_instructions(ord_type: OrdType, time_in_force: TimeInForce) -> bool:
    """Return whether an order of these says more than a plain one does."""
    return ord_type in TRIGGERED or ord_type is OrdType.PEGGED or time_in_force is _GOOD_TILL_DATE


def read_instructions(fields: Fields, ord_type: OrdType, instrument: Instrument) -> Instructions | Refusal:
    """Return what ``fields`` ask for, or why it is refused, naming tag and value; raises FieldNotFound."""
    exec_inst = _read_exec_inst(fields)
    if isinstance(exec_inst, Refusal):
        return exec_inst
    refusal = why_not(exec_inst, ord_type)
    if refusal is not None:
        return refusal
    trigger = read_trigger(fields, ord_type, instrument, is_trailing=TRAILING in exec_inst)
    if isinstance(trigger, Refusal):
        return trigger
    offset = read_offset(fields, exec_inst, instrument)
    if isinstance(offset, Refusal):
        return offset
    prevention = read_self_match(fields)
    if isinstance(prevention, Refusal):
        return prevention
    display = read_display(fields, instrument)
    if isinstance(display, Refusal):
        return display
    min_qty = read_qty(fields, tags.MIN_QTY, instrument) if _MIN_QTY in fields else None
    if isinstance(min_qty, Refusal):
        return min_qty
    return Instructions(
        exec_inst=exec_inst,
        stop_px=trigger.stop_px,
        trigger_price_type=trigger.price_type,
        peg_offset_value=offset.value,
        peg_offset_type=offset.kind,
        activation_price=trigger.activation_price,
        self_match_prevention_id=prevention.id,
        self_match_prevention=prevention.how,
        max_floor=display.max_floor,
        refresh_qty=display.refresh_qty,
        display_low_qty=display.low_qty,
        display_high_qty=display.high_qty,
        min_qty=min_qty,
        reduce_only=_REDUCE_ONLY in fields and chosen(fields, tags.REDUCE_ONLY, {"Y": True, "N": False}),
    )


def _read_exec_inst(fields: Fields) -> str | Refusal:
    exec_inst = "".join(sorted({*fields.get(_EXEC_INST, "").split(" ")}))
    unknown = [code for code in exec_inst if code not in EXEC_INSTS]
    if unknown:
        supported = ", ".join(f"{code} ({meaning})" for code, meaning in EXEC_INSTS.items())
        return _unsupported(f"ExecInst(18) {unknown[0]} is not supported; {supported}")
    if NO_CROSS in exec_inst and POST_ONLY not in exec_inst:
        return _unsupported("ExecInst(18) A is not supported without 6 (post-only)")
    if REINSTATE_ON_HALT in exec_inst and CANCEL_ON_HALT in exec_inst:
        return _unsupported("ExecInst(18) J and K are not supported together; write one of them")
    return exec_inst


def _unsupported(text: str) -> Refusal:
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
