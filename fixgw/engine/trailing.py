"""Trailing stops: a trigger that follows the price at a distance as long as that goes its way, and never goes back.

One with an activation price is dormant until the price has reached that: its trigger stays where it is, and does not
go off.
"""

from typing import NamedTuple

from fixgw.engine.offsets import can_be, offset, passive
from fixgw.engine.order import Order
from fixgw.spec.commands import NewOrder, ReplaceOrder
from fixgw.spec.instructions import TRAILING, Instructions
from fixgw.spec.instrument import Instrument
from fixgw.spec.values import Price, Side


class Move(NamedTuple):
    """A trailing stop that has moved, and from where."""

    order: Order
    previous_price: Price | None
    previous_trigger_price: Price


def is_trailing(command: Order | NewOrder | ReplaceOrder) -> bool:
    return command.instructions is not None and TRAILING in command.instructions.exec_inst


def trigger_behind(side: Side, instructions: Instructions, reference: Price, instrument: Instrument) -> Price:
    """Return the trigger of a trailing stop as ``reference`` is seen: below it to sell, above it to buy."""
    distance = abs(offset(instructions, reference, instrument))
    if side is Side.BUY:
        return instrument.up_to_tick(reference + distance)
    return instrument.down_to_tick(reference - distance)


def follow(order: Order, reference: Price, instrument: Instrument) -> bool:
    """Move the trigger of ``order``, and its limit by as much, where ``reference`` is better than what it has seen.

    Returns whether it has moved, or has been woken up.
    """
    assert order.instructions is not None, order.order_id
    assert order.trigger_price is not None, order.order_id
    if order.is_dormant and not _reaches_activation(order, reference):
        return False
    was_dormant, order.is_dormant = order.is_dormant, False
    trigger_price = trigger_behind(order.side, order.instructions, reference, instrument)
    step = trigger_price - order.trigger_price
    goes_its_way = step < 0 if order.side is Side.BUY else step > 0
    if not goes_its_way or not can_be(trigger_price, instrument):
        return was_dormant
    if order.price is not None:
        # As far away as it was at first: rounded to a tick each time, it would drift.
        distance = order.price - order.trigger_price if order.limit_distance is None else order.limit_distance
        price = passive(trigger_price + distance, order.side, instrument)
        if not can_be(price, instrument):
            return was_dormant
        order.price = price
    order.trigger_price = trigger_price
    return True


def trail_from(order: Order, trigger_price: Price, instrument: Instrument) -> None:
    """Move the trigger of ``order``, which waits nowhere, and its limit by as much."""
    assert order.trigger_source is not None, order.order_id
    if order.price is not None:
        assert order.limit_distance is not None, order.order_id
        price = passive(trigger_price + order.limit_distance, order.side, instrument)
        if not can_be(price, instrument):
            return
        order.price = price
    distance = order.limit_distance
    order.wait(trigger_price, order.trigger_source)
    order.limit_distance = distance


def _reaches_activation(order: Order, reference: Price) -> bool:
    assert order.instructions is not None, order.order_id
    activation_price = order.instructions.activation_price
    assert activation_price is not None, order.order_id
    return reference <= activation_price if order.side is Side.BUY else reference >= activation_price
