"""Contingency: what the orders of a list have to do with each other, and so what follows for one from another.

One cancels the other (OCO): a trade or the end of one ends the others.  One updates the other (OUO): what one trades,
the others have less.  One triggers the other (OTO): the first order of the list lets the others, its children, trade as
much as it has traded; what it will never trade, they will not either.  Children with the same ClOrdLinkID(583) update
each other: an entry with its take-profit and its stop-loss is a bracket.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from fixgw.engine.order import Order
from fixgw.spec.commands import NewOrder, NewOrderList, RefuseOrder
from fixgw.spec.values import ContingencyType, Qty, TimeInForce

_OCO = ContingencyType.ONE_CANCELS_THE_OTHER
_OTO = ContingencyType.ONE_TRIGGERS_THE_OTHER
_PROPORTIONAL = ContingencyType.ONE_UPDATES_THE_OTHER_PROPORTIONAL
_OF_ONE_SYMBOL = (_OTO, ContingencyType.ONE_UPDATES_THE_OTHER_ABSOLUTE)
_SUPPORTED = (_OCO, _PROPORTIONAL, *_OF_ONE_SYMBOL)


class Member(msgspec.Struct, eq=False):
    """An order in its list."""

    order: Order
    cl_ord_link_id: str | None
    lot_size: Qty
    followed_qty: Qty = Qty(0)
    """CumQty(14) that the others know of."""
    is_end_followed: bool = False
    """Whether its end has had its consequences, or was one itself: what is canceled so cancels nobody."""


class OrderList(msgspec.Struct, eq=False):
    """Orders that came together, live or not, in the order of ListSeqNo(67)."""

    session: str
    firm: str
    list_id: str
    contingency_type: ContingencyType | None
    members: list[Member] = []

    @property
    def orders(self) -> list[Order]:
        return [member.order for member in self.members]

    @property
    def is_done(self) -> bool:
        return not any(member.order.is_live for member in self.members)

    def member(self, order: Order) -> Member:
        return next(member for member in self.members if member.order is order)

    def parent(self, member: Member) -> Member | None:
        """Return what triggers ``member``, or None where nothing does."""
        first = self.members[0]
        return first if self.contingency_type is _OTO and member is not first else None

    def children(self, member: Member) -> list[Member]:
        """Return what ``member`` triggers and is held still."""
        return [child for child in self.members if self.parent(child) is member and child.order.held_qty]

    def siblings(self, member: Member) -> list[Member]:
        """Return what is canceled or updated by ``member``, live or not."""
        others = [other for other in self.members if other is not member]
        if self.contingency_type is not _OTO:
            return [] if self.contingency_type is None else others
        link = member.cl_ord_link_id
        parent = self.members[0]
        return [other for other in others if link and other.cl_ord_link_id == link and parent not in (member, other)]


class Withdraw(NamedTuple):
    """End ``order``."""

    order: Order
    text: str


class Lower(NamedTuple):
    """Take ``qty`` off what ``order`` has open, first of what may trade."""

    order: Order
    qty: Qty
    text: str


class GiveUp(NamedTuple):
    """Take off all that is held of ``order``."""

    order: Order
    text: str


class Release(NamedTuple):
    """Let ``qty`` of what is held of ``order`` trade."""

    order: Order
    qty: Qty
    text: str


Consequence = Withdraw | Lower | GiveUp | Release


def consequences(order_list: OrderList, member: Member) -> Iterator[Consequence]:
    """Yield what follows from all that an order has traded since it was last asked for, and from its end.

    Each is to be carried out before the next is asked for.
    """
    order = member.order
    traded_qty = Qty(order.cum_qty - member.followed_qty)
    if traded_qty > 0:
        was_open_qty = order.open_qty + traded_qty
        member.followed_qty = order.cum_qty
        yield from _of_trade(order_list, member, traded_qty, was_open_qty)
    if not order.is_live and not member.is_end_followed:
        member.is_end_followed = True
        yield from _of_end(order_list, member)


def _of_trade(order_list: OrderList, member: Member, traded_qty: Qty, was_open_qty: int) -> Iterator[Consequence]:
    text = f"ListID(66) {order_list.list_id}: order {member.order.order_id} has traded"
    for child in order_list.children(member):
        if qty := min(traded_qty, child.order.held_qty):  # what was let to trade before it may have lowered or ended it
            yield Release(child.order, qty, text)
    for sibling in order_list.siblings(member):
        if not sibling.order.is_live:
            continue
        if order_list.contingency_type is _OCO:
            yield Withdraw(sibling.order, text)
        elif qty := _update(order_list, sibling, traded_qty, was_open_qty):
            yield Lower(sibling.order, qty, text)


def _update(order_list: OrderList, sibling: Member, traded_qty: Qty, was_open_qty: int) -> Qty:
    """Return how much ``sibling`` has less now that another has traded ``traded_qty`` of ``was_open_qty``.

    A share is rounded down to whole lots: nobody is out before the other is filled.
    """
    open_qty = sibling.order.open_qty
    if order_list.contingency_type is not _PROPORTIONAL:
        return min(traded_qty, open_qty)
    return Qty(open_qty // sibling.lot_size * traded_qty // was_open_qty * sibling.lot_size)


def _of_end(order_list: OrderList, member: Member) -> Iterator[Consequence]:
    order = member.order
    text = f"ListID(66) {order_list.list_id}: order {order.order_id} is {order.ord_status.name.lower()}"
    for child in order_list.children(member):
        yield GiveUp(child.order, text)
    if order_list.contingency_type is _OCO:
        for sibling in order_list.siblings(member):
            if sibling.order.is_live:
                yield Withdraw(sibling.order, text)


def consequences_of_entry(order_list: OrderList, member: Member) -> Iterator[Consequence]:
    """Yield what follows for an order that comes into its list from what those before it have done already.

    Each is to be carried out before the next is asked for.
    """
    order = member.order
    for sibling in order_list.siblings(member):
        before, text = sibling.order, f"ListID(66) {order_list.list_id}: order {sibling.order.order_id} has traded"
        if not order.is_live:
            return
        if order_list.contingency_type is _OCO:
            if before.cum_qty or not before.is_live:
                yield Withdraw(order, text)
        elif before.cum_qty and (qty := _update(order_list, member, before.cum_qty, before.order_qty)):
            yield Lower(order, qty, text)
    parent = order_list.parent(member)
    if parent is not None and parent.followed_qty and order.held_qty:
        text = f"ListID(66) {order_list.list_id}: order {parent.order.order_id} has traded"
        yield Release(order, min(parent.followed_qty, order.held_qty), text)
    # One that has ended by trading with this order has more to let to trade first, which follows.
    if parent is not None and parent.is_end_followed and order.held_qty:
        how = f"order {parent.order.order_id} is {parent.order.ord_status.name.lower()}"
        yield GiveUp(order, f"ListID(66) {order_list.list_id}: {how}")


def leaves_qty_after(order_list: OrderList, member: Member, taken: Mapping[str, Qty]) -> Qty:
    """Return what may trade of ``member`` after all of its siblings that are ``taken``, by OrderID, has traded."""
    of_siblings = sum(taken.get(sibling.order.order_id, 0) for sibling in order_list.siblings(member))
    if order_list.contingency_type in (_OCO, _PROPORTIONAL) and of_siblings:
        return Qty(0)
    return Qty(max(member.order.leaves_qty - of_siblings, 0))


def mismatch(command: NewOrderList) -> str | None:
    """Return why the orders of ``command`` cannot have to do with each other what they are said to, or None."""
    contingency_type, orders = command.contingency_type, [entry.order for entry in command.entries]
    if contingency_type is None:
        return None
    if contingency_type not in _SUPPORTED:
        return f"ContingencyType(1385) {contingency_type} is not supported; 1 (OCO), 2 (OTO), 3 or 4 (OUO)"
    if len(orders) == 1:
        return f"ContingencyType(1385) {contingency_type} takes two orders at least"
    others = [order.symbol for order in orders if order.symbol != orders[0].symbol]
    if contingency_type in _OF_ONE_SYMBOL and others:
        first = orders[0].symbol
        return f"Symbol(55) {others[0]} is not that of the first order, {first}: ContingencyType(1385) 2 and 3 take one"
    return _mismatch_of_children(orders[0], orders[1:]) if contingency_type is _OTO else None


def _mismatch_of_children(parent: NewOrder | RefuseOrder, children: list[NewOrder | RefuseOrder]) -> str | None:
    for child in children:
        if child.time_in_force is TimeInForce.FILL_OR_KILL:
            return "TimeInForce(59) 4 is not supported of an order that another triggers, which may trade in parts"
        if isinstance(child, NewOrder) and child.instructions is not None and child.instructions.min_qty is not None:
            return "MinQty(110) is not supported of an order that another triggers, which may trade in parts"
        if isinstance(child, NewOrder) and isinstance(parent, NewOrder) and child.order_qty > parent.order_qty:
            return "OrderQty(38) of an order is above that of the order that triggers it"
    return None
