"""The fields that say what of an order is displayed: MaxFloor(111) of FIX 4.4, and those of FIX 5.0."""

from typing import NamedTuple

from fixgw.fix.fields import KEY, Fields, chosen
from fixgw.fix.quantities import read_qty
from fixgw.spec import tags
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, Qty

_MAX_FLOORS = (tags.MAX_FLOOR, tags.DISPLAY_QTY)
_QUANTITIES = (*_MAX_FLOORS, tags.REFRESH_QTY, tags.DISPLAY_LOW_QTY, tags.DISPLAY_HIGH_QTY)
_INITIAL, _NEW, _RANDOM, _UNDISCLOSED = "1234"
"""DisplayMethod(1084)."""
_METHODS = {method: method for method in (_INITIAL, _NEW, _RANDOM, _UNDISCLOSED)}

DISPLAY_TAGS = frozenset(KEY[tag] for tag in (*_QUANTITIES, tags.DISPLAY_METHOD))


class Display(NamedTuple):
    max_floor: Qty | None = None
    refresh_qty: Qty | None = None
    low_qty: Qty | None = None
    high_qty: Qty | None = None


def read_display(fields: Fields, instrument: Instrument) -> Display | Refusal:
    """Return what of an order with ``fields`` is displayed, or why it cannot be as they say."""
    if DISPLAY_TAGS.isdisjoint(fields):
        return Display()
    quantities: dict[int, Qty] = {}
    for tag in _QUANTITIES:
        if KEY[tag] in fields:
            qty = _read_qty(fields, tag, instrument)
            if isinstance(qty, Refusal):
                return qty
            quantities[tag] = qty
    max_floors = {quantities[tag] for tag in _MAX_FLOORS if tag in quantities}
    if len(max_floors) > 1:
        return _unsupported("MaxFloor(111) and DisplayQty(1138) are not supported with different values")
    display = Display(
        next(iter(max_floors), None),
        quantities.get(tags.REFRESH_QTY),
        quantities.get(tags.DISPLAY_LOW_QTY),
        quantities.get(tags.DISPLAY_HIGH_QTY),
    )
    method = _read_method(fields, display)
    contradiction = _contradiction(method, display)
    if contradiction is not None:
        return _unsupported(contradiction)
    return Display(max_floor=Qty(0)) if method == _UNDISCLOSED else display


def _read_method(fields: Fields, display: Display) -> str:
    if KEY[tags.DISPLAY_METHOD] in fields:
        return chosen(fields, tags.DISPLAY_METHOD, _METHODS)
    if display.refresh_qty is not None:
        return _NEW
    return _INITIAL if display.low_qty is None and display.high_qty is None else _RANDOM


def _contradiction(method: str, display: Display) -> str | None:
    low_qty, high_qty = display.low_qty, display.high_qty
    if (display.refresh_qty is not None) != (method == _NEW):
        return "RefreshQty(1088) is not supported but with DisplayMethod(1084) 2, which needs it"
    if (low_qty is not None) != (method == _RANDOM) or (high_qty is not None) != (method == _RANDOM):
        text = "DisplayLowQty(1085) and DisplayHighQty(1086) are not supported but with DisplayMethod(1084) 3"
        return f"{text}, which needs both"
    if method == _UNDISCLOSED and display.max_floor:
        return "MaxFloor(111) above 0 is not supported with DisplayMethod(1084) 4 (undisclosed)"
    if method in (_NEW, _RANDOM) and not display.max_floor:
        return f"DisplayMethod(1084) {method} is not supported without MaxFloor(111) above 0"
    if low_qty is not None and high_qty is not None and low_qty > high_qty:
        return "DisplayLowQty(1085) is not supported above DisplayHighQty(1086)"
    return None


def _read_qty(fields: Fields, tag: int, instrument: Instrument) -> Qty | Refusal:
    """Return the quantity; what is displayed first may be 0."""
    if fields[KEY[tag]] == "0" and tag in _MAX_FLOORS:
        return Qty(0)
    return read_qty(fields, tag, instrument)


def _unsupported(text: str) -> Refusal:
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
