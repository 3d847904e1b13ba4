"""Reduce-only: orders that may only make the position of their account smaller.

All that are open in one instrument on one side of an account are never more than its position: a new one that would be
too much is refused, and where another trade of the account makes the position smaller, they are lowered, the newest
first, before the next trade.
"""

from collections.abc import Callable, Iterator

from fixgw.engine.all_or_none import asks_for_all_or_none
from fixgw.engine.book import BookSide
from fixgw.engine.order import Order
from fixgw.spec.commands import NewOrder, ReplaceOrder
from fixgw.spec.fixed import format_fixed
from fixgw.spec.instructions import Instructions, peg_of
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, Qty, Side

Place = tuple[str, str]
"""Account and symbol."""


def asks_to_reduce(instructions: Instructions | None) -> bool:
    return instructions is not None and instructions.reduce_only


def mismatch(command: NewOrder | ReplaceOrder) -> Refusal | None:
    """Return why ``command`` cannot be reduce-only though it asks for it, or None."""
    if not asks_to_reduce(command.instructions):
        return None
    if asks_for_all_or_none(command.instructions):
        text = "ReduceOnly(20002) Y is not supported with ExecInst(18) G (all or none), which cannot be lowered"
    elif code := peg_of(command.instructions):
        text = f"ReduceOnly(20002) Y is not supported with ExecInst(18) {code} (a peg); send one without the other"
    else:
        return None
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)


class ReduceOnly:
    """The open reduce-only orders by account and symbol, and what their accounts have traded in this command."""

    def __init__(self, net_qty: Callable[[str, str], int]) -> None:
        """``net_qty`` tells the position of an account in a symbol before this command, below zero if short."""
        self._net_qty = net_qty
        self.orders: dict[Place, dict[str, Order]] = {}
        """By OrderID; empty where there are none."""
        self._traded: dict[Place, int] = {}

    def begin(self) -> None:
        """Begin a command: what the one before has traded is in the positions now."""
        self._traded.clear()

    def note(self, order: Order) -> None:
        """Take in a live order that is reduce-only, or was, as it is from here on."""
        place = (order.account, order.symbol)
        if asks_to_reduce(order.instructions):
            self.orders.setdefault(place, {})[order.order_id] = order
        elif place in self.orders:
            self.orders[place].pop(order.order_id, None)

    def why_not(
        self, command: NewOrder | ReplaceOrder, instrument: Instrument, replaced: Order | None = None
    ) -> str | None:
        """Return why ``command`` is more than would make the position of its account smaller, or None."""
        if not asks_to_reduce(command.instructions):
            return None
        place = (command.account, command.symbol)
        net, more = self._net(place), command.order_qty - (0 if replaced is None else replaced.cum_qty)
        already = sum(order.open_qty for order in self._open(place, command.side) if order is not replaced)
        if already + max(more, 0) <= _room(net, command.side):
            return None
        scale = instrument.qty_scale
        position = f"long {format_fixed(Qty(net), scale)}" if net > 0 else f"short {format_fixed(Qty(-net), scale)}"
        held = f"the position of {command.account} in {command.symbol} is {position if net else '0'}"
        qty, others = format_fixed(command.order_qty, scale), format_fixed(Qty(already), scale)
        text = f"ReduceOnly(20002): OrderQty(38) {qty} is more than would reduce it, {held}"
        return f"{text}, of which {others} are ordered" if already else text

    def trade(self, order: Order, qty: int) -> None:
        """Count ``qty`` more as traded by ``order`` in this command, or less where it is below zero."""
        place = (order.account, order.symbol)
        if place in self.orders:
            self._traded[place] = self._traded.get(place, 0) + (qty if order.side is Side.BUY else -qty)

    def too_much(self, account: str, symbol: str) -> Iterator[tuple[Order, Qty]]:
        """Yield each order that is to have less, and how much less, the newest first."""
        place = (account, symbol)
        if place not in self.orders:
            return
        net = self._net(place)
        for side in (Side.BUY, Side.SELL):
            orders = self._open(place, side)
            excess = sum(order.open_qty for order in orders) - _room(net, side)
            for order in reversed(orders):
                if excess <= 0:
                    break
                less = Qty(min(excess, order.open_qty))
                excess -= less
                yield order, less
        self.orders[place] = {order_id: o for order_id, o in self.orders[place].items() if o.is_live}
        if not self.orders[place]:
            del self.orders[place]
            self._traded.pop(place, None)

    def uncertain_qty(self, opposite: BookSide, symbol: str) -> int:
        """Return how much of ``opposite`` may be lowered by trades there: that of accounts with other orders beside."""
        places = [place for place in self.orders if place[1] == symbol]
        if not places:
            return 0
        resting = [order for level in opposite for order in level]
        others = {order.account for order in (*resting, *opposite.aside) if not asks_to_reduce(order.instructions)}
        return sum(o.leaves_qty for o in resting if asks_to_reduce(o.instructions) and o.account in others)

    def _net(self, place: Place) -> int:
        return self._net_qty(*place) + self._traded.get(place, 0)

    def _open(self, place: Place, side: Side) -> list[Order]:
        """Return the live ones of one side, the oldest first."""
        orders = self.orders.get(place, {}).values()
        return sorted((o for o in orders if o.is_live and o.side is side), key=lambda order: int(order.order_id))


def _room(net: int, side: Side) -> int:
    """Return how much an account may trade on ``side`` before its position is none."""
    return max(net if side is Side.SELL else -net, 0)
