"""The fields of an order beyond side, quantity, price, OrdType and TimeInForce, to the instructions of a command."""

from fixgw.fix.fields import KEY, Fields
from fixgw.spec import tags
from fixgw.spec.instructions import NO_CROSS, POST_ONLY, Instructions
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason

UNSUPPORTED = {
    KEY[tag]: tags.NAMES[tag]
    for tag in (
        tags.STOP_PX,
        tags.MIN_QTY,
        tags.MAX_FLOOR,
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
        tags.TRIGGER_TYPE,
        tags.TRIGGER_PRICE,
        tags.TRIGGER_PRICE_TYPE,
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

INSTRUCTION_TAGS = frozenset({*UNSUPPORTED, _EXEC_INST, KEY[tags.EXPIRE_TIME], KEY[tags.EXPIRE_DATE]})
"""The keys of all fields that make an order more than a plain one: without any there is nothing to read here."""


def read_instructions(fields: Fields) -> Instructions | Refusal:
    """Return what ``fields`` ask for, or why it is refused, naming tag and value."""
    if not UNSUPPORTED.keys().isdisjoint(fields):
        tag = min(UNSUPPORTED.keys() & fields.keys(), key=int)
        text = f"{UNSUPPORTED[tag]}({tag}) is not supported; leave it out"
        return _unsupported(text)
    exec_inst = "".join(sorted({*fields.get(_EXEC_INST, "").split(" ")}))
    unknown = [code for code in exec_inst if code not in EXEC_INSTS]
    if unknown:
        supported = ", ".join(f"{code} ({meaning})" for code, meaning in EXEC_INSTS.items())
        return _unsupported(f"ExecInst(18) {unknown[0]} is not supported; {supported}")
    if NO_CROSS in exec_inst and POST_ONLY not in exec_inst:
        return _unsupported("ExecInst(18) A is not supported without 6 (post-only)")
    return Instructions(exec_inst=exec_inst)


def _unsupported(text: str) -> Refusal:
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
