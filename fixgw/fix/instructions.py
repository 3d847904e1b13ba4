"""The fields of an order beyond side, quantity, price, OrdType and TimeInForce, to the instructions of a command."""

from fixgw.fix.fields import KEY, Fields, chosen, identifier
from fixgw.spec import tags
from fixgw.spec.instructions import NO_CROSS, POST_ONLY, Instructions
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, SelfMatchPrevention

UNSUPPORTED = {
    KEY[tag]: tags.NAMES[tag]
    for tag in (
        tags.STOP_PX,
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
        tags.TRIGGER_TYPE,
        tags.TRIGGER_PRICE,
        tags.TRIGGER_PRICE_TYPE,
    )
}
"""What would change how an order works and this version does not do: refused, never ignored."""

EXEC_INSTS = {
    POST_ONLY: "post-only",
    NO_CROSS: "with 6: refused rather than repriced",
}
"""The codes of ExecInst(18) that are acted upon."""

_EXEC_INST = KEY[tags.EXEC_INST]

_SELF_MATCH_PREVENTION_IDS = (tags.SELF_MATCH_PREVENTION_ID, tags.LATEST_SELF_MATCH_PREVENTION_ID)
_SELF_MATCH_PREVENTIONS = {
    tags.SELF_MATCH_PREVENTION_INSTRUCTION: {
        "N": SelfMatchPrevention.CANCEL_NEWEST,
        "O": SelfMatchPrevention.CANCEL_OLDEST,
    },
    tags.LATEST_SELF_MATCH_PREVENTION_INSTRUCTION: {
        "1": SelfMatchPrevention.CANCEL_NEWEST,
        "2": SelfMatchPrevention.CANCEL_OLDEST,
        "3": SelfMatchPrevention.CANCEL_BOTH,
    },
    tags.SELF_MATCH_PREVENTION_DECREMENT: {"D": SelfMatchPrevention.DECREMENT},
}
"""The values of each tag that says what happens instead of a trade with oneself."""

INSTRUCTION_TAGS = frozenset(
    {*UNSUPPORTED, _EXEC_INST, *(KEY[tag] for tag in (*_SELF_MATCH_PREVENTION_IDS, *_SELF_MATCH_PREVENTIONS))}
)
"""The keys of all fields that make an order more than a plain one: without any there is nothing to read here."""


def read_instructions(fields: Fields) -> Instructions | Refusal:
    """Return what ``fields`` ask for, or why it is refused, naming tag and value."""
    if not UNSUPPORTED.keys().isdisjoint(fields):
        tag = min(UNSUPPORTED.keys() & fields.keys(), key=int)
        text = f"{UNSUPPORTED[tag]}({tag}) is not supported; leave it out"
        return _unsupported(text)
    exec_inst = _read_exec_inst(fields)
    if isinstance(exec_inst, Refusal):
        return exec_inst
    prevention_ids = {identifier(fields, tag) for tag in _SELF_MATCH_PREVENTION_IDS if KEY[tag] in fields}
    preventions = {chosen(fields, tag, of_tag) for tag, of_tag in _SELF_MATCH_PREVENTIONS.items() if KEY[tag] in fields}
    if len(prevention_ids) > 1:
        return _unsupported("SelfMatchPreventionID(7928) and 2362 are not supported with different values")
    if len(preventions) > 1:
        return _unsupported("SelfMatchPreventionInstruction(8000), 2964 and 20001 are not supported side by side")
    return Instructions(
        exec_inst=exec_inst,
        self_match_prevention_id=next(iter(prevention_ids), ""),
        self_match_prevention=next(iter(preventions), None),
    )


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
