"""Allocation other than price-time: who trades how much at one price, where an instrument shares it out.

The best price trades first, as everywhere.  At each price all that is displayed trades in a round, then what
icebergs display next in another, and what is hidden last, by time.
"""

from collections.abc import Iterator

from fixgw.engine.book import BookSide, Level
from fixgw.engine.matching import NOTHING, crosses, execute
from fixgw.engine.order import Order
from fixgw.engine.self_match import Guard
from fixgw.spec.bands import Band
from fixgw.spec.instrument import Instrument
from fixgw.spec.values import Allocation, Price, Qty


def match_shared(
    aggressor: Order, opposite: BookSide, instrument: Instrument, band: Band | None = None, guard: Guard | None = None
) -> Iterator[tuple[Order, Price, Qty]]:
    """Trade ``aggressor`` as ``matching.match`` does, each price shared out as ``instrument`` says.

    The orders of a round trade in the order of their time.  ``guard`` looks at all of a price before any of it trades.
    Where a trade of an order of a list leaves another of the round with less, the rest is shared out anew.
    """
    while aggressor.leaves_qty and (level := opposite.best) is not None and crosses(aggressor, level):
        if band is not None and not band.has(level.price):
            return
        last_px = level.price
        if guard is not None and (prevented := next(filter(guard.prevents, level), None)) is not None:
            yield prevented, last_px, NOTHING
            continue
        wanted = aggressor.leaves_qty
        shared = [(resting, resting.leaves_qty, last_qty) for resting, last_qty in shares(level, wanted, instrument)]
        for resting, leaves_qty, last_qty in shared:
            if resting.leaves_qty != leaves_qty or aggressor.leaves_qty != wanted:
                break
            execute(aggressor, resting, last_px, last_qty, opposite)
            wanted = Qty(wanted - last_qty)
            yield resting, last_px, last_qty


def shares(level: Level, wanted: Qty, instrument: Instrument) -> list[tuple[Order, Qty]]:
    """Share ``wanted``, or as much as there is, out among the orders of a round, the oldest first; none of nothing."""
    orders = list(level.orders.values())
    if not orders:
        orders, offered = list(level.hidden.values()), [order.leaves_qty for order in level.hidden.values()]
        given = [0] * len(orders)
    else:
        offered = [order.shown_qty for order in orders]
        given = _given_first(orders, offered, wanted, instrument)
    rest = wanted - sum(given)
    shared: list[tuple[Order, Qty]] = []
    for order, most, share in zip(orders, offered, given, strict=True):
        more = min(most - share, rest)
        rest -= more
        if share + more:
            shared.append((order, Qty(share + more)))
    return shared


def _given_first(orders: list[Order], offered: list[Qty], wanted: Qty, instrument: Instrument) -> list[int]:
    """Return what each order gets before the rest goes by time."""
    if sum(offered) <= wanted:
        return [0] * len(orders)  # all of them trade in full, whoever is first
    if instrument.allocation is Allocation.PRO_RATA:
        return _pro_rata(offered, wanted, instrument)
    return _of_lead_market_maker(orders, offered, wanted, instrument)


def _pro_rata(offered: list[Qty], wanted: Qty, instrument: Instrument) -> list[int]:
    """Give each its part of what is displayed, down to a lot; nothing where that is below the minimum."""
    whole = sum(offered)
    parts = [_in_lots(wanted * qty // whole, instrument) for qty in offered]
    return [part if part >= instrument.pro_rata_min else 0 for part in parts]


def _of_lead_market_maker(orders: list[Order], offered: list[Qty], wanted: Qty, instrument: Instrument) -> list[int]:
    """Give the lead market maker its percentage of what trades, the oldest of its orders first."""
    left = _in_lots(wanted * instrument.lead_market_maker_percent // 100, instrument)
    given = []
    for order, qty in zip(orders, offered, strict=True):
        part = min(qty, left) if order.account == instrument.lead_market_maker else 0
        left -= part
        given.append(part)
    return given


def _in_lots(qty: int, instrument: Instrument) -> int:
    return qty // instrument.lot_size * instrument.lot_size
