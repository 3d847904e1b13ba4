"""Minimum quantity: how much of an order must trade at once, since else nothing of it may."""

from fixgw.engine.all_or_none import is_all_or_none
from fixgw.engine.order import Order
from fixgw.spec.commands import NewOrder, ReplaceOrder
from fixgw.spec.fixed import format_fixed
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, Qty, TimeInForce

_FILL_OR_KILL = TimeInForce.FILL_OR_KILL
_ANY = Qty(0)


def mismatch(command: NewOrder | ReplaceOrder, instrument: Instrument) -> Refusal | None:
    """Return why ``command`` cannot have the minimum that it asks for, or None."""
    min_qty = None if command.instructions is None else command.instructions.min_qty
    if min_qty is None:
        return None
    if command.time_in_force is not TimeInForce.IMMEDIATE_OR_CANCEL:
        text = f"MinQty(110) is not supported with TimeInForce(59) {command.time_in_force}; 3 (immediate or cancel)"
        return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
    text = f"MinQty(110) {format_fixed(min_qty, instrument.qty_scale)}"
    if min_qty % instrument.lot_size:
        lot = format_fixed(instrument.lot_size, instrument.qty_scale)
        text = f"{text} is not a multiple of the lot {lot} of {instrument.symbol}"
    elif min_qty > command.order_qty:
        text = f"{text} is above OrderQty(38) {format_fixed(command.order_qty, instrument.qty_scale)}"
    else:
        return None
    return Refusal(OrdRejReason.INCORRECT_QUANTITY, text)


def at_once(order: Order) -> Qty:
    """Return how much of ``order`` must trade at once; 0 for any quantity."""
    if order.time_in_force is _FILL_OR_KILL:
        return order.leaves_qty
    if order.instructions is None:
        return _ANY
    return order.leaves_qty if is_all_or_none(order) else order.instructions.min_qty or _ANY
