"""What of an order is displayed: all of it, a part at a time (iceberg), or nothing (hidden)."""

from fixgw.engine.all_or_none import asks_for_all_or_none
from fixgw.engine.order import Order
from fixgw.spec.chance import drawn
from fixgw.spec.commands import NewOrder, ReplaceOrder
from fixgw.spec.fixed import format_fixed
from fixgw.spec.instructions import Instructions
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, OrdType, Qty, TimeInForce

_NEVER_RESTING = (TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL)
_AT_MARKET = (OrdType.MARKET, OrdType.STOP, OrdType.MARKET_IF_TOUCHED)


def mismatch(command: NewOrder | ReplaceOrder, instrument: Instrument) -> Refusal | None:
    """Return why ``command`` cannot be displayed as it asks, or None."""
    instructions = command.instructions
    if instructions is None or instructions.max_floor is None:
        return None
    if command.ord_type in _AT_MARKET or command.time_in_force in _NEVER_RESTING:
        text = "MaxFloor(111) is not supported for what never rests: OrdType(40) 1, 3 or J, TimeInForce(59) 3 or 4"
        return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
    for name, qty in _quantities(instructions):
        if qty is not None and qty % instrument.lot_size:
            qty_text, lot = (format_fixed(each, instrument.qty_scale) for each in (qty, instrument.lot_size))
            text = f"{name} {qty_text} is not a multiple of the lot {lot} of {instrument.symbol}"
            return Refusal(OrdRejReason.INCORRECT_QUANTITY, text)
    return None


def _quantities(instructions: Instructions) -> tuple[tuple[str, Qty | None], ...]:
    return (
        ("MaxFloor(111)", instructions.max_floor),
        ("RefreshQty(1088)", instructions.refresh_qty),
        ("DisplayLowQty(1085)", instructions.display_low_qty),
        ("DisplayHighQty(1086)", instructions.display_high_qty),
    )


def hide(order: Order) -> None:
    """Hide of ``order``, which is not in the book, what it will not display when it comes there."""
    instructions = order.instructions
    if asks_for_all_or_none(instructions):
        order.hidden_qty = order.leaves_qty
        return
    max_floor = None if instructions is None else instructions.max_floor
    order.hidden_qty = Qty(0) if max_floor is None else Qty(max(order.leaves_qty - max_floor, 0))


def is_same(before: Instructions | None, after: Instructions | None) -> bool:
    """Return whether as much is displayed with both."""
    return before is after or _displays(before) == _displays(after)


def _displays(instructions: Instructions | None) -> tuple[Qty | bool | None, ...]:
    quantities = (None,) * 4 if instructions is None else tuple(qty for _, qty in _quantities(instructions))
    return (*quantities, asks_for_all_or_none(instructions))


def has_shown_all(order: Order) -> bool:
    """Return whether all of a resting order that was displayed has traded, and there is more."""
    if not order.hidden_qty or order.hidden_qty < order.leaves_qty:
        return False
    return order.instructions is not None and order.instructions.max_floor != 0


def show_next(order: Order, lot_size: Qty, seed: int) -> Qty:
    """Display the next part of ``order``, all whose parts so far have traded, and return how much that is."""
    instructions = order.instructions
    assert instructions is not None, order.order_id
    low, high = instructions.display_low_qty, instructions.display_high_qty
    shown = instructions.max_floor if instructions.refresh_qty is None else instructions.refresh_qty
    if low is not None and high is not None:
        # CumQty grows from one time to the next, so that each draws another number.
        number = drawn(seed, int(order.order_id), order.cum_qty)
        shown = Qty(low + number % ((high - low) // lot_size + 1) * lot_size)
    assert shown, order.order_id
    return order.take_from_hidden(shown)
