"""Price-time priority: best price first, then oldest first, at the resting order's price."""

from collections.abc import Iterator

from fixgw.engine.book import BookSide, Level
from fixgw.engine.order import Order
from fixgw.spec.values import Price, Qty, Side

_BUY = Side.BUY  # in Python 3.11 each look into an enumeration costs 0.2 us


def match(aggressor: Order, opposite: BookSide) -> Iterator[tuple[Order, Price, Qty]]:
    """Trade ``aggressor`` against ``opposite`` while they cross.

    Yields the resting order, price and quantity of each trade right after both orders have been
    executed and a filled resting order has left the book, so that the caller can take their states.
    """
    while aggressor.leaves_qty and (level := opposite.best) is not None and crosses(aggressor, level):
        resting = level.oldest()
        last_px = level.price
        last_qty = min(aggressor.leaves_qty, resting.leaves_qty)
        resting.execute(last_px, last_qty)
        aggressor.execute(last_px, last_qty)
        if resting.leaves_qty:
            opposite.reduce(resting, last_qty)
        else:
            opposite.remove(resting, last_qty)
        yield resting, last_px, last_qty


def reaches(limit: Price, side: Side, level: Level) -> bool:
    """Return whether an order of ``side`` that is limited to ``limit`` would trade at ``level``."""
    return level.price <= limit if side is _BUY else level.price >= limit


def crosses(order: Order, level: Level) -> bool:
    """Return whether ``order`` would trade at ``level``; one without a price or a protection trades at any."""
    limit = order.price
    if limit is None:
        limit = order.protection_price
        if limit is None:
            return True
    return level.price <= limit if order.side is _BUY else level.price >= limit


def can_fill(order: Order, opposite: BookSide) -> bool:
    """Return whether all of ``order`` would trade at once; O(levels it would take)."""
    wanted = order.leaves_qty
    for level in opposite:
        if not crosses(order, level):
            return False
        wanted = Qty(wanted - level.leaves_qty)
        if wanted <= 0:
            return True
    return False
