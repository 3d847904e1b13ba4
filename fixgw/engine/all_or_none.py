"""All or none: an order that trades whole, in one step, or waits aside of the book, where it hinders nobody.

It is not displayed and no part of best bid and offer, so that it never crosses the book, whatever its price.  An order
that comes meets it behind all others of its price, where enough of that order is left, and passes it over else.  By
itself it trades like an order that comes when all of it can: as it comes, and whenever anything has happened in its
instrument.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fixgw.engine.order import Order
from fixgw.engine.self_match import Guard
from fixgw.spec.bands import Band
from fixgw.spec.commands import NewOrder, ReplaceOrder
from fixgw.spec.instructions import ALL_OR_NONE, POST_ONLY, Instructions
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import INT64_MAX, OrdRejReason, OrdType, Price, Qty, TimeInForce

if TYPE_CHECKING:
    from fixgw.engine.book import BookSide, Level, OrderBook

ALL_OR_NONE_MAX = 200
"""Of an instrument: all of them may be looked at in one step, at some microseconds each."""
_RESTING = (TimeInForce.DAY, TimeInForce.GOOD_TILL_CANCEL, TimeInForce.GOOD_TILL_DATE)


def asks_for_all_or_none(instructions: Instructions | None) -> bool:
    return instructions is not None and ALL_OR_NONE in instructions.exec_inst


def is_all_or_none(order: Order) -> bool:
    return order.instructions is not None and ALL_OR_NONE in order.instructions.exec_inst


def mismatch(command: NewOrder | ReplaceOrder) -> Refusal | None:
    """Return why ``command`` cannot be all or none though it asks for it, or None."""
    instructions = command.instructions
    if instructions is None or ALL_OR_NONE not in instructions.exec_inst:
        return None
    if instructions.max_floor is not None:
        text = "ExecInst(18) G (all or none) is not supported with MaxFloor(111): it is not displayed; leave 111 out"
    elif POST_ONLY in instructions.exec_inst:
        text = "ExecInst(18) G (all or none) is not supported with 6 (post-only); with one of them"
    elif (
        command.ord_type is not OrdType.LIMIT
        or command.time_in_force not in _RESTING
        or instructions.stop_px is not None
    ):
        right = "OrdType(40) 2, TimeInForce(59) 0, 1 or 6, no trigger; TimeInForce(59) 4 fills at once or not at all"
        text = f"ExecInst(18) G (all or none) is not supported here; with {right}"
    else:
        return None
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)


def too_many(command: NewOrder | ReplaceOrder, book: "OrderBook") -> str | None:
    """Return why there is no room for another all-or-none order, or None."""
    if not asks_for_all_or_none(command.instructions):
        return None
    if len(book.bids.aside) + len(book.asks.aside) < ALL_OR_NONE_MAX:
        return None
    return f"there are {ALL_OR_NONE_MAX} all-or-none orders in {command.symbol}; no more are taken"


def within(order: Order, opposite: "BookSide", band: Band | None, guard: Guard | None) -> list[Order]:
    """Return the all-or-none orders of ``opposite`` that ``order`` may trade with, in the order in which it meets them.

    Those of its own hand are not among them: neither gives way.
    """
    limit = order.protection_price if order.price is None else order.price
    return [
        resting
        for resting in opposite.aside
        if (limit is None or resting.price == limit or _is_better(resting.price, limit, opposite))
        and (band is None or band.has(_limit(resting)))
        and (guard is None or not guard.prevents(resting))
    ]


def up_to(price: Price, opposite: "BookSide", band: Band | None) -> Band:
    """Return what of ``band`` is at ``price`` or better for who trades with ``opposite``."""
    low, high = (Price(-INT64_MAX), Price(INT64_MAX)) if band is None else band
    return Band(price, high) if opposite.is_buy else Band(low, price)


def is_in_front(level: "Level", resting: Order, opposite: "BookSide") -> bool:
    """Return whether ``level`` trades before ``resting``, which is aside of the same side."""
    return level.price == resting.price or _is_better(level.price, _limit(resting), opposite)


def can_fill(order: Order, wanted: Qty, opposite: "BookSide", band: Band | None, guard: Guard | None) -> bool:
    """Return whether ``wanted`` of ``order`` would trade at once where those aside count as well.

    They do not where it would meet an order of a list or of its own hand: what those leave of the book is not known.
    """
    left: int = order.leaves_qty
    enough = left - wanted
    levels = _levels_within(order, opposite)
    level = next(levels, None)
    for resting in (*within(order, opposite, band, guard), None):
        while left > enough and level is not None and (resting is None or is_in_front(level, resting, opposite)):
            if any(each.list_id is not None or (guard is not None and guard.prevents(each)) for each in level):
                return False
            if band is not None and not band.has(level.price):
                return False
            left -= level.leaves_qty
            level = next(levels, None)
        if resting is not None and resting.leaves_qty <= left:
            left -= resting.leaves_qty
        if left <= enough:
            return True
    return False


def _levels_within(order: Order, opposite: "BookSide") -> "Iterator[Level]":
    limit = order.protection_price if order.price is None else order.price
    for level in opposite:
        if limit is not None and level.price != limit and not _is_better(level.price, limit, opposite):
            return
        yield level


def _is_better(price: Price | None, limit: Price, opposite: "BookSide") -> bool:
    assert price is not None
    return price > limit if opposite.is_buy else price < limit


def _limit(resting: Order) -> Price:
    assert resting.price is not None, resting.order_id
    return resting.price
