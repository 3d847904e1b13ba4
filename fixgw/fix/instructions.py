"""The fields of an order beyond side, quantity, price, OrdType and TimeInForce, to the instructions of a command."""

from fixgw.fix.fields import KEY, Fields
from fixgw.fix.trigger_fields import TRIGGER_TAGS, TRIGGERED, read_trigger
from fixgw.spec import tags
from fixgw.spec.instructions import NO_CROSS, POST_ONLY, Instructions
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, OrdType

UNSUPPORTED = {
    KEY[tag]: tags.NAMES[tag]
    for tag in (
        tags.MIN_QTY,
        tags.MAX_FLOOR,
        tags.EXPIRE_TIME,
        tags.EXPIRE_DATE,
        tags.EFFECTIVE_TIME,
        tags.PEG_OFFSET_VALUE,
        tags.DISCRETION_INST,
        tags.DISCRETION_OFFSET_VALUE,
        tags.TARGET_STRATEGY,
        tags.MAX_SHOW,
        tags.CASH_ORDER_QTY,
        tags.ORDER_PERCENT,
        tags.NO_TRADING_SESSIONS,
        tags.PRICE_TYPE,
        tags.QTY_TYPE,
        tags.DISPLAY_METHOD,
        tags.DISPLAY_LOW_QTY,
        tags.DISPLAY_HIGH_QTY,
        tags.REFRESH_QTY,
        tags.DISPLAY_QTY,
        tags.SELF_MATCH_PREVENTION_ID,
        tags.SELF_MATCH_PREVENTION_INSTRUCTION,
        tags.LATEST_SELF_MATCH_PREVENTION_ID,
        tags.LATEST_SELF_MATCH_PREVENTION_INSTRUCTION,
        tags.SELF_MATCH_PREVENTION_DECREMENT,
    )
}
"""What would change how an order works and this version does not do: refused, never ignored."""

EXEC_INSTS = {
    POST_ONLY: "post-only",
    NO_CROSS: "with 6: refused rather than repriced",
}
"""The codes of ExecInst(18) that are acted upon."""

_EXEC_INST = KEY[tags.EXEC_INST]

INSTRUCTION_TAGS = frozenset({*UNSUPPORTED, *TRIGGER_TAGS, _EXEC_INST})
"""The keys of all fields that make an order more than a plain one: without any there is nothing to read here."""


def refused_field(fields: Fields) -> Refusal | None:
    """Return why an order with ``fields`` is refused, whatever else they say, naming the tag."""
    if UNSUPPORTED.keys().isdisjoint(fields):
        return None
    tag = min(UNSUPPORTED.keys() & fields.keys(), key=int)
    return _unsupported(f"{UNSUPPORTED[tag]}({tag}) is not supported; leave it out")


def needs_instructions(ord_type: OrdType) -> bool:
    """Return whether an order of this type says more than a plain one does."""
    return ord_type in TRIGGERED


def read_instructions(fields: Fields, ord_type: OrdType, instrument: Instrument) -> Instructions | Refusal:
    """Return what ``fields`` ask for, or why it is refused, naming tag and value; raises FieldNotFound."""
    exec_inst = _read_exec_inst(fields)
    if isinstance(exec_inst, Refusal):
        return exec_inst
    trigger = read_trigger(fields, ord_type, instrument)
    if isinstance(trigger, Refusal):
        return trigger
    return Instructions(exec_inst=exec_inst, stop_px=trigger.stop_px, trigger_price_type=trigger.price_type)


def _read_exec_inst(fields: Fields) -> str | Refusal:
    exec_inst = "".join(sorted({*fields.get(_EXEC_INST, "").split(" ")}))
    unknown = [code for code in exec_inst if code not in EXEC_INSTS]
    if unknown:
        supported = ", ".join(f"{code} ({meaning})" for code, meaning in EXEC_INSTS.items())
        return _unsupported(f"ExecInst(18) {unknown[0]} is not supported; {supported}")
    if NO_CROSS in exec_inst and POST_ONLY not in exec_inst:
        return _unsupported("ExecInst(18) A is not supported without 6 (post-only)")
    return exec_inst


def _unsupported(text: str) -> Refusal:
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
