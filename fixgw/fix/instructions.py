"""The fields of an order beyond side, quantity, price, OrdType and TimeInForce, to the instructions of a command."""

import quickfix as fix

from fixgw.fix.fields import KEY, Fields, shortened
from fixgw.spec import tags
from fixgw.spec.fixed import FixedError
from fixgw.spec.instructions import Instructions
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, OrdType, Price, TriggerPriceType

UNSUPPORTED = {
    KEY[tag]: tags.NAMES[tag]
    for tag in (
        tags.EXEC_INST,
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

SUPPORTED = {
    KEY[tag]: tags.NAMES[tag]
    for tag in (
        tags.STOP_PX,
        tags.TRIGGER_TYPE,
        tags.TRIGGER_PRICE,
        tags.TRIGGER_PRICE_TYPE,
    )
}

INSTRUCTION_TAGS = frozenset((*UNSUPPORTED, *SUPPORTED))
"""The keys of all fields that make an order more than a plain one: without any there is nothing to read here."""

_STOP_PX = KEY[tags.STOP_PX]
_TRIGGER_PRICE = KEY[tags.TRIGGER_PRICE]
_TRIGGER_TYPE = KEY[tags.TRIGGER_TYPE]
_TRIGGER_PRICE_TYPE = KEY[tags.TRIGGER_PRICE_TYPE]

_TRIGGERED = (OrdType.STOP, OrdType.STOP_LIMIT, OrdType.MARKET_IF_TOUCHED)
"""What waits for StopPx(99), or for TriggerPrice(1102), which says the same."""
_PRICE_MOVEMENT = "4"
_TRIGGER_PRICE_TYPES = {
    str(each): each
    for each in (
        TriggerPriceType.BEST_OFFER,
        TriggerPriceType.LAST_TRADE,
        TriggerPriceType.BEST_BID,
        TriggerPriceType.BEST_MID,
    )
}


def refused_field(fields: Fields) -> Refusal | None:
    """Return why an order with ``fields`` is refused, whatever else they say, naming the tag."""
    found = UNSUPPORTED.keys() & fields.keys()
    if not found:
        return None
    tag = min(found, key=int)
    return _unsupported(f"{UNSUPPORTED[tag]}({tag}) is not supported; leave it out")


def needs_instructions(ord_type: OrdType) -> bool:
    """Return whether an order of this type says more than a plain one does."""
    return ord_type in _TRIGGERED


def read_instructions(fields: Fields, ord_type: OrdType, instrument: Instrument) -> Instructions | Refusal:
    """Return what ``fields`` ask for, or why it is refused, naming tag and value; raises FieldNotFound."""
    stop_px = _read_stop_px(fields, ord_type, instrument)
    if isinstance(stop_px, Refusal):
        return stop_px
    trigger_price_type = _read_trigger_price_type(fields, stop_px)
    if isinstance(trigger_price_type, Refusal):
        return trigger_price_type
    return Instructions(stop_px=stop_px, trigger_price_type=trigger_price_type)


def _read_stop_px(fields: Fields, ord_type: OrdType, instrument: Instrument) -> Price | Refusal | None:
    """Return what the order waits for; a limit order waits, if touched, where it has TriggerPrice(1102)."""
    tag = _STOP_PX if _STOP_PX in fields else _TRIGGER_PRICE
    name = f"{SUPPORTED[tag]}({tag})"
    text = fields.get(tag)
    if text is None:
        if ord_type in _TRIGGERED:
            raise fix.FieldNotFound(tags.STOP_PX)
        return None
    if ord_type not in _TRIGGERED and not (ord_type is OrdType.LIMIT and tag == _TRIGGER_PRICE):
        return _unsupported(f"{name} is not supported with OrdType(40) {ord_type}; leave it out")
    try:
        stop_px = instrument.parse_price(text)
        other = fields.get(_TRIGGER_PRICE, text)
        if instrument.parse_price(other) != stop_px:
            return Refusal(OrdRejReason.OTHER, f"StopPx(99) {text} and TriggerPrice(1102) {other} are not the same")
    except FixedError as error:
        return Refusal(OrdRejReason.OTHER, f"{name} {shortened(text)} {error}")
    return stop_px


def _read_trigger_price_type(fields: Fields, stop_px: Price | None) -> TriggerPriceType | Refusal | None:
    for tag in (_TRIGGER_TYPE, _TRIGGER_PRICE_TYPE):
        if tag in fields and stop_px is None:
            return _unsupported(f"{SUPPORTED[tag]}({tag}) is not supported without a trigger; leave it out")
    trigger_type = fields.get(_TRIGGER_TYPE, _PRICE_MOVEMENT)
    if trigger_type != _PRICE_MOVEMENT:
        return _unsupported(f"TriggerType(1100) {shortened(trigger_type)} is not supported; 4 (price movement)")
    text = fields.get(_TRIGGER_PRICE_TYPE)
    if text is None:
        return None
    trigger_price_type = _TRIGGER_PRICE_TYPES.get(text)
    if trigger_price_type is None:
        right = "1 (best offer), 2 (last trade), 3 (best bid) or 6 (middle)"
        return _unsupported(f"TriggerPriceType(1107) {shortened(text)} is not supported; {right}")
    return trigger_price_type


def _unsupported(text: str) -> Refusal:
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
