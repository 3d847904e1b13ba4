"""Price-time priority: best price first, then oldest first, at the resting order's price."""

from collections.abc import Iterator

from fixgw.engine.book import BookSide, Level
from fixgw.engine.order import Order
from fixgw.engine.self_match import Guard
from fixgw.spec.bands import Band
from fixgw.spec.values import Price, Qty, SelfMatchPrevention, Side

_BUY = Side.BUY  # in Python 3.11 each look into an enumeration costs 0.2 us
NOTHING = Qty(0)


def match(
    aggressor: Order, opposite: BookSide, band: Band | None = None, guard: Guard | None = None
) -> Iterator[tuple[Order, Price, Qty]]:
    """Trade ``aggressor`` against ``opposite`` while they cross, within ``band`` where there is one.

    Yields the resting order, price and quantity of each trade right after both orders have been
    executed and a filled resting order has left the book, so that the caller can take their states.
    A quantity of nothing is a trade that ``guard`` prevents: the caller ends or lowers one of the two.
    """
    while aggressor.leaves_qty and (level := opposite.best) is not None and crosses(aggressor, level):
        if band is not None and not band.has(level.price):
            return
        resting = level.first()
        last_px = level.price
        if guard is not None and guard.prevents(resting):
            yield resting, last_px, NOTHING
            continue
        last_qty = min(aggressor.leaves_qty, _offered(resting) if resting.hidden_qty else resting.leaves_qty)
        execute(aggressor, resting, last_px, last_qty, opposite)
        yield resting, last_px, last_qty


def execute(aggressor: Order, resting: Order, last_px: Price, last_qty: Qty, opposite: BookSide) -> None:
    """Let two orders trade with each other, and a resting one that is filled leave the book."""
    resting.execute(last_px, last_qty)
    aggressor.execute(last_px, last_qty)
    if aggressor.hidden_qty:
        aggressor.take_from_hidden(last_qty)
    hidden_qty = _no_longer_hidden(resting) if resting.hidden_qty else NOTHING
    if resting.leaves_qty:
        opposite.reduce(resting, last_qty, hidden_qty)
    else:
        opposite.remove(resting, last_qty, hidden_qty)


def _offered(resting: Order) -> Qty:
    """Return how much trades at a time: as much as is displayed; of an order that is hidden, all."""
    return resting.shown_qty or resting.leaves_qty


def _no_longer_hidden(resting: Order) -> Qty:
    """Return what of the last trade was not displayed: all of it, or nothing."""
    return resting.take_from_hidden(max(resting.hidden_qty - resting.leaves_qty, 0))


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


def can_fill(
    order: Order, wanted: Qty, opposite: BookSide, band: Band | None = None, guard: Guard | None = None
) -> bool:
    """Return whether ``wanted`` of ``order`` would trade at once; O(levels it would take), with a guard O(orders)."""
    for level in opposite:
        if not crosses(order, level) or (band is not None and not band.has(level.price)):
            return False
        for qty in (level.leaves_qty,) if guard is None else _quantities(level, guard):
            if qty is None:
                return False
            wanted = Qty(wanted - qty)
            if wanted <= 0:
                return True
    return False


def _quantities(level: Level, guard: Guard) -> Iterator[Qty | None]:
    """Yield what each order of ``level`` offers, None for one of its own that does not simply give way.

    Before it meets one that is displayed, it takes what is displayed of the others and no more.
    """
    stands = guard.how is not SelfMatchPrevention.CANCEL_OLDEST and any(map(guard.prevents, level.orders.values()))
    for resting in sorted(level, key=guard.prevents, reverse=True) if guard.looks_ahead else level:
        if not guard.prevents(resting):
            yield resting.shown_qty if stands else resting.leaves_qty
        elif guard.how is not SelfMatchPrevention.CANCEL_OLDEST:
            yield None
