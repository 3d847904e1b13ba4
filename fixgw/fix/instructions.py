"""The fields of an order beyond side, quantity, price, OrdType and TimeInForce, to the instructions of a command."""

from typing import NamedTuple

from fixgw.fix.fields import KEY, Fields, chosen, identifier
from fixgw.spec import tags
from fixgw.spec.fixed import FixedError
from fixgw.spec.instructions import NO_CROSS, POST_ONLY, Instructions
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, Qty, SelfMatchPrevention

_ECHO_LENGTH_MAX = 40

UNSUPPORTED = {
    KEY[tag]: tags.NAMES[tag]
    for tag in (
        tags.STOP_PX,
        tags.MIN_QTY,
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

_DISPLAY_TAGS = (
    tags.MAX_FLOOR,
    tags.DISPLAY_QTY,
    tags.DISPLAY_METHOD,
    tags.DISPLAY_LOW_QTY,
    tags.DISPLAY_HIGH_QTY,
    tags.REFRESH_QTY,
)
_INITIAL, _NEW, _RANDOM, _UNDISCLOSED = "1234"
"""DisplayMethod(1084)."""
_METHODS = {method: method for method in (_INITIAL, _NEW, _RANDOM, _UNDISCLOSED)}

INSTRUCTION_TAGS = frozenset(
    {
        *UNSUPPORTED,
        _EXEC_INST,
        *(KEY[tag] for tag in (*_SELF_MATCH_PREVENTION_IDS, *_SELF_MATCH_PREVENTIONS, *_DISPLAY_TAGS)),
    }
)
"""The keys of all fields that make an order more than a plain one: without any there is nothing to read here."""


def read_instructions(fields: Fields, instrument: Instrument) -> Instructions | Refusal:
    """Return what ``fields`` ask for in the scales of ``instrument``, or why it is refused, naming tag and value."""
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
    display = _read_display(fields, instrument)
    if isinstance(display, Refusal):
        return display
    return Instructions(
        exec_inst=exec_inst,
        self_match_prevention_id=next(iter(prevention_ids), ""),
        self_match_prevention=next(iter(preventions), None),
        max_floor=display.max_floor,
        refresh_qty=display.refresh_qty,
        display_low_qty=display.low_qty,
        display_high_qty=display.high_qty,
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


class _Display(NamedTuple):
    max_floor: Qty | None = None
    refresh_qty: Qty | None = None
    low_qty: Qty | None = None
    high_qty: Qty | None = None


def _read_display(fields: Fields, instrument: Instrument) -> _Display | Refusal:
    quantities: dict[int, Qty] = {}
    for tag in _DISPLAY_TAGS:
        if KEY[tag] in fields and tag != tags.DISPLAY_METHOD:
            qty = _read_qty(fields, tag, instrument)
            if isinstance(qty, Refusal):
                return qty
            quantities[tag] = qty
    refresh_qty, low_qty, high_qty = (
        quantities.get(tag) for tag in (tags.REFRESH_QTY, tags.DISPLAY_LOW_QTY, tags.DISPLAY_HIGH_QTY)
    )
    method = chosen(fields, tags.DISPLAY_METHOD, _METHODS) if KEY[tags.DISPLAY_METHOD] in fields else None
    method = method or (_NEW if refresh_qty else _RANDOM if low_qty or high_qty else _INITIAL)
    if (refresh_qty is not None) != (method == _NEW):
        return _unsupported("RefreshQty(1088) is not supported but with DisplayMethod(1084) 2, which needs it")
    if (low_qty is not None and high_qty is not None) != (method == _RANDOM) or (low_qty is None) != (high_qty is None):
        text = "DisplayLowQty(1085) and DisplayHighQty(1086) are not supported but with DisplayMethod(1084) 3"
        return _unsupported(f"{text}, which needs both")
    max_floors = {quantities[tag] for tag in (tags.MAX_FLOOR, tags.DISPLAY_QTY) if tag in quantities}
    if len(max_floors) > 1:
        return _unsupported("MaxFloor(111) and DisplayQty(1138) are not supported with different values")
    max_floor = next(iter(max_floors), Qty(0) if method == _UNDISCLOSED else None)
    if method == _UNDISCLOSED and max_floor:
        return _unsupported("MaxFloor(111) above 0 is not supported with DisplayMethod(1084) 4 (undisclosed)")
    if method in (_NEW, _RANDOM) and not max_floor:
        return _unsupported(f"DisplayMethod(1084) {method} is not supported without MaxFloor(111) above 0")
    if low_qty is not None and high_qty is not None and low_qty > high_qty:
        return _unsupported("DisplayLowQty(1085) is not supported above DisplayHighQty(1086)")
    return _Display(max_floor, refresh_qty, low_qty, high_qty)


def _read_qty(fields: Fields, tag: int, instrument: Instrument) -> Qty | Refusal:
    """Return the quantity; 0 where that is a quantity of what is displayed first."""
    text = fields[KEY[tag]]
    may_be_zero = tag in (tags.MAX_FLOOR, tags.DISPLAY_QTY)
    if may_be_zero and text == "0":
        return Qty(0)
    try:
        return instrument.parse_qty(text)
    except FixedError as error:
        return Refusal(OrdRejReason.INCORRECT_QUANTITY, f"{tags.NAMES[tag]}({tag}) {text[:_ECHO_LENGTH_MAX]} {error}")


def _unsupported(text: str) -> Refusal:
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
