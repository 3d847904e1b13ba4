"""What price an order follows, and at what distance: ExecInst(18), PegOffsetValue(211) and PegOffsetType(836)."""

from typing import NamedTuple

import msgspec
import quickfix as fix

from fixgw.fix.fields import KEY, Fields, shortened
from fixgw.spec import tags
from fixgw.spec.fixed import FixedError, parse
from fixgw.spec.instructions import FOLLOWING, TRAILING, Instructions, peg_of
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, OrdType, PegOffsetType, Price

_PEG_OFFSET_VALUE = KEY[tags.PEG_OFFSET_VALUE]
_PEG_OFFSET_TYPE = KEY[tags.PEG_OFFSET_TYPE]

PEG_TAGS = {KEY[tag]: tags.NAMES[tag] for tag in (tags.PEG_OFFSET_VALUE, tags.PEG_OFFSET_TYPE)}

_OFFSET_TYPES = {
    str(each): each for each in (PegOffsetType.PRICE, PegOffsetType.BASIS_POINTS, PegOffsetType.TICKS)
}
_BASIS_POINT_DECIMALS = 2
"""A hundredth of a basis point is a millionth."""
_TRAILED = (OrdType.PEGGED, OrdType.STOP, OrdType.STOP_LIMIT)


class Offset(NamedTuple):
    """As Instructions have it."""

    value: int = 0
    kind: PegOffsetType = PegOffsetType.PRICE


def why_not(exec_inst: str, ord_type: OrdType) -> Refusal | None:
    """Return why what ``exec_inst`` says to follow does not go with ``ord_type``, or None."""
    codes = [code for code in exec_inst if code in FOLLOWING]
    one_of = ", ".join(FOLLOWING)
    if len(codes) > 1:
        return _unsupported(f"ExecInst(18) {' '.join(codes)} is not supported; one of {one_of} at most")
    if not codes:
        return _unsupported(f"OrdType(40) P needs ExecInst(18) {one_of}") if ord_type is OrdType.PEGGED else None
    if ord_type is OrdType.PEGGED or (codes == [TRAILING] and ord_type in _TRAILED):
        return None
    return _unsupported(f"ExecInst(18) {codes[0]} is not supported with OrdType(40) {ord_type}; leave it out")


def read_offset(fields: Fields, exec_inst: str, instrument: Instrument) -> Offset | Refusal:
    """Return the offset, or why it is refused, naming tag and value; raises FieldNotFound."""
    if not any(code in FOLLOWING for code in exec_inst):
        tag = next((tag for tag in PEG_TAGS if tag in fields), None)
        return Offset() if tag is None else _unsupported(f"{PEG_TAGS[tag]}({tag}) is not supported without a peg")
    text = fields.get(_PEG_OFFSET_VALUE)
    if text is None:
        if TRAILING in exec_inst:
            raise fix.FieldNotFound(tags.PEG_OFFSET_VALUE)
        return Offset()
    kind = _OFFSET_TYPES.get(fields.get(_PEG_OFFSET_TYPE, PegOffsetType.PRICE))
    if kind is None:
        given = shortened(fields[_PEG_OFFSET_TYPE])
        return _unsupported(f"PegOffsetType(836) {given} is not supported; 0 (price), 1 (basis points) or 2 (ticks)")
    try:
        value = parse(text, _decimals(kind, instrument))
    except FixedError as error:
        return Refusal(OrdRejReason.OTHER, f"PegOffsetValue(211) {shortened(text)} {error}")
    if TRAILING in exec_inst and not value:
        return Refusal(OrdRejReason.OTHER, "PegOffsetValue(211) 0 is no distance to trail at")
    if abs(value) > instrument.price_bound:
        return Refusal(OrdRejReason.OTHER, f"PegOffsetValue(211) {shortened(text)} is too large")
    return Offset(value, kind)


def limited(price: Price | None, instructions: Instructions) -> tuple[Price | None, Instructions]:
    """Return the order's own price and its instructions: Price(44) of a pegged one is how far it may go."""
    if price is None or not peg_of(instructions):
        return price, instructions
    return None, msgspec.structs.replace(instructions, limit_price=price)


def _decimals(kind: PegOffsetType, instrument: Instrument) -> int:
    match kind:
        case PegOffsetType.BASIS_POINTS:
            return _BASIS_POINT_DECIMALS
        case PegOffsetType.TICKS:
            return 0
        case _:
            return instrument.price_scale


def _unsupported(text: str) -> Refusal:
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
