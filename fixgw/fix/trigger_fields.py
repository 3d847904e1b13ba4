"""What an order waits for, in the fields of FIX 4.4 and in those of FIX 5.0."""

from typing import NamedTuple

import quickfix as fix

from fixgw.fix.fields import KEY, Fields, shortened
from fixgw.spec import tags
from fixgw.spec.fixed import FixedError
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, OrdType, Price, TriggerPriceType

_STOP_PX = KEY[tags.STOP_PX]
_TRIGGER_TYPE = KEY[tags.TRIGGER_TYPE]
_TRIGGER_PRICE = KEY[tags.TRIGGER_PRICE]
_TRIGGER_PRICE_TYPE = KEY[tags.TRIGGER_PRICE_TYPE]

TRIGGER_TAGS = {
    KEY[tag]: tags.NAMES[tag]
    for tag in (tags.STOP_PX, tags.TRIGGER_TYPE, tags.TRIGGER_PRICE, tags.TRIGGER_PRICE_TYPE)
}
TRIGGERED = (OrdType.STOP, OrdType.STOP_LIMIT, OrdType.MARKET_IF_TOUCHED)
"""What waits for StopPx(99), or for TriggerPrice(1102), which says the same."""

_PRICE_MOVEMENT = "4"
_PRICE_TYPES = {
    str(each): each
    for each in (
        TriggerPriceType.BEST_OFFER,
        TriggerPriceType.LAST_TRADE,
        TriggerPriceType.BEST_BID,
        TriggerPriceType.BEST_MID,
    )
}


class Trigger(NamedTuple):
    """What is None was not given."""

    stop_px: Price | None
    price_type: TriggerPriceType | None


def read_trigger(fields: Fields, ord_type: OrdType, instrument: Instrument) -> Trigger | Refusal:
    """Return what the order waits for, or why that is refused, naming tag and value; raises FieldNotFound."""
    stop_px = _read_stop_px(fields, ord_type, instrument)
    if isinstance(stop_px, Refusal):
        return stop_px
    price_type = _read_price_type(fields, stop_px)
    return price_type if isinstance(price_type, Refusal) else Trigger(stop_px, price_type)


def _read_stop_px(fields: Fields, ord_type: OrdType, instrument: Instrument) -> Price | Refusal | None:
    """Return the trigger; a limit order waits, if touched, where it has TriggerPrice(1102)."""
    tag = _STOP_PX if _STOP_PX in fields else _TRIGGER_PRICE
    name = f"{TRIGGER_TAGS[tag]}({tag})"
    text = fields.get(tag)
    if text is None:
        if ord_type in TRIGGERED:
            raise fix.FieldNotFound(tags.STOP_PX)
        return None
    if ord_type not in TRIGGERED and not (ord_type is OrdType.LIMIT and tag == _TRIGGER_PRICE):
        return _unsupported(f"{name} is not supported with OrdType(40) {ord_type}; leave it out")
    try:
        stop_px = instrument.parse_price(text)
        other = fields.get(_TRIGGER_PRICE, text)
        if instrument.parse_price(other) != stop_px:
            text = f"StopPx(99) {shortened(text)} and TriggerPrice(1102) {shortened(other)} are not the same"
            return Refusal(OrdRejReason.OTHER, text)
    except FixedError as error:
        return Refusal(OrdRejReason.OTHER, f"{name} {shortened(text)} {error}")
    return stop_px


def _read_price_type(fields: Fields, stop_px: Price | None) -> TriggerPriceType | Refusal | None:
    for tag in (_TRIGGER_TYPE, _TRIGGER_PRICE_TYPE):
        if tag in fields and stop_px is None:
            return _unsupported(f"{TRIGGER_TAGS[tag]}({tag}) is not supported without a trigger; leave it out")
    trigger_type = fields.get(_TRIGGER_TYPE, _PRICE_MOVEMENT)
    if trigger_type != _PRICE_MOVEMENT:
        return _unsupported(f"TriggerType(1100) {shortened(trigger_type)} is not supported; 4 (price movement)")
    text = fields.get(_TRIGGER_PRICE_TYPE)
    if text is None:
        return None
    price_type = _PRICE_TYPES.get(text)
    if price_type is None:
        right = "1 (best offer), 2 (last trade), 3 (best bid) or 6 (middle)"
        return _unsupported(f"TriggerPriceType(1107) {shortened(text)} is not supported; {right}")
    return price_type


def _unsupported(text: str) -> Refusal:
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
