"""Pulls: a maker's quotes leave the market at once where its protection is reached."""

from fixgw.engine.maker_protection import Watch
from fixgw.engine.market import Market
from fixgw.engine.order import Order
from fixgw.spec.events import Event, OrderCanceled, ProtectionTripped
from fixgw.spec.values import ExecRestatementReason, Qty


def protect(market: Market, resting: Order, at_work: Order, last_qty: Qty, events: list[Event]) -> None:
    """Count a trade for the makers whose quotes have made it, and pull the quotes of whom that is too much.

    ``at_work`` is the order that trades now and does not rest; the resting one comes first.
    """
    for traded in (resting, at_work):
        if traded.quote_entry_id is None:
            continue
        for watch, frozen in market.protections.count(traded, last_qty):
            sides = _watched(market, watch)
            events += (_pull(market, order, frozen.text, rested=order is not at_work) for order in sides)
            events.append(ProtectionTripped(frozen, watch.protection.maker, len(sides)))


def _watched(market: Market, watch: Watch) -> list[Order]:
    """Return the sides of quotes that ``watch`` is about and that may still trade, by session, the oldest first."""
    sides = [order for _, mine in market.orders.sessions() for order in mine.quoted.values()]
    return [order for order in sides if order.leaves_qty and watch.concerns(order)]


def _pull(market: Market, order: Order, text: str, *, rested: bool) -> OrderCanceled:
    # One that does not rest is closed by whoever works it.
    return _canceled(market, order, market.take_out(order) if rested else order.cancel(), text, rested=rested)


def keep_out(market: Market, order: Order, text: str) -> OrderCanceled:
    """Cancel a side of a quote before it comes to the book."""
    return _canceled(market, order, market.end(order), text, rested=False)


def _canceled(market: Market, order: Order, canceled_qty: Qty, text: str, *, rested: bool) -> OrderCanceled:
    reason = ExecRestatementReason.MARKET_OPTION
    return OrderCanceled(market.next_exec_id(), order.state(), canceled_qty, rested, None, text, reason)
