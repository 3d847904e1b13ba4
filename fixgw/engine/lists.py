"""Lists: orders that come together, are taken or refused together, and have to do with each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

import msgspec

from fixgw.engine import contingency, display
from fixgw.engine.all_or_none import asks_for_all_or_none
from fixgw.engine.book import BookSide, Level
from fixgw.engine.contingency import Consequence, GiveUp, Lower, OrderList, Release, Withdraw
from fixgw.engine.matching import crosses
from fixgw.engine.order import Order
from fixgw.engine.pegs import is_pegged
from fixgw.engine.reduce_only import asks_to_reduce
from fixgw.engine.registry import OrderRegistry
from fixgw.engine.self_match import Guard
from fixgw.spec.bands import Band
from fixgw.spec.commands import CancelList, ListEntry, NewOrder, NewOrderList, RefuseOrder, ReplaceOrder
from fixgw.spec.events import (
    Event,
    ListStated,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    Trade,
)
from fixgw.spec.instructions import peg_of
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import (
    Allocation,
    ContingencyType,
    ExecRestatementReason,
    ListOrderStatus,
    ListStatusType,
    OrdRejReason,
    OrdStatus,
    Price,
    Qty,
    SelfMatchPrevention,
)


@dataclass(frozen=True)
class Floor:
    """What lists need of the exchange."""

    orders: OrderRegistry
    instruments: Mapping[str, Instrument]
    judge: Callable[[NewOrder], tuple[Refusal | None, Price | None]]
    """Says why an order is not taken, whatever list it is of, and which trigger it waits for first."""
    make: Callable[[NewOrder, Price | None], Order]
    reject: Callable[[NewOrder | RefuseOrder, Refusal | None], Event]
    place: Callable[[Order, list[Event]], None]
    """Lets a live order that is nowhere wait for its trigger, or work."""
    trail_from_here: Callable[[Order], None]
    """Has a trailing stop begin where the market is now."""
    take_from_book: Callable[[Order], None]
    lower_in_book: Callable[[Order, int], None]
    """Has so much less of an order where it rests or waits."""
    next_exec_id: Callable[[], str]


class ListDesk:
    """All lists of the venue, by session and ListID(66): a list uses up its own, refused or not."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self.known: dict[tuple[str, str], OrderList | None] = {}
        self.open: dict[tuple[str, str], OrderList] = {}
        """Those with an order that is live: while there are none, no order has to do with another."""

    def find(self, session: str, firm: str, list_id: str) -> OrderList | None:
        """Return the list that was taken; a session that has changed its firm knows nothing of the old one's."""
        found = self.known.get((session, list_id))
        return None if found is None or found.firm != firm else found

    def put(self, order_list: OrderList) -> None:
        """Take in a list, a new one or that of a snapshot."""
        key = (order_list.session, order_list.list_id)
        self.known[key] = order_list
        if not order_list.is_done:
            self.open[key] = order_list

    # New lists.

    def enter(self, command: NewOrderList, refused: Mapping[int, Refusal]) -> list[Event]:
        """Take all orders of a list, one after the other, or reject them all; ``refused`` by risk, by their place."""
        known = self.find(command.session, command.firm, command.list_id)
        if known is not None and command.poss_resend:
            return [_stated(known, ListStatusType.RESPONSE, "sent again: this list was received before")]
        first_triggers: dict[int, Price | None] = {}
        refusals = self._refusals(command, refused, first_triggers)
        if refusals:
            return self._reject(command, refusals)
        order_list = OrderList(command.session, command.firm, command.list_id, command.contingency_type)
        events: list[Event] = []
        for place, entry in enumerate(command.entries):
            self._enter(entry, first_triggers[place], order_list, events)
        return [*events, _stated(order_list, ListStatusType.ACK)]

    def _enter(self, entry: ListEntry, first_trigger: Price | None, order_list: OrderList, events: list[Event]) -> None:
        """Take one order of a list, and do all that follows from it before the next one comes."""
        assert isinstance(entry.order, NewOrder), entry
        order, at = self._floor.make(entry.order, first_trigger), len(events)
        order.list_id = order_list.list_id
        member = contingency.Member(order, entry.cl_ord_link_id, self._floor.instruments[order.symbol].lot_size)
        order_list.members.append(member)
        self.put(order_list)  # again, since it may have been done with those before
        self._floor.orders.open(order, self._floor.orders.of_session(order.session))
        is_held = order_list.parent(member) is not None
        if is_held:
            order.hold()
        events.append(OrderAccepted(self._floor.next_exec_id(), order.state()))
        for consequence in contingency.consequences_of_entry(order_list, member):
            self._carry_out(consequence, events, at_work=None if is_held else order)
        if not is_held and order.leaves_qty:
            self._floor.place(order, events)
        elif not is_held:
            self._floor.orders.close(order)
        self.follow(events, at)

    def _refusals(
        self, command: NewOrderList, refused: Mapping[int, Refusal], first_triggers: dict[int, Price | None]
    ) -> dict[int, Refusal]:
        """Return why orders of a list are not taken, by their place; of one that is wrong as a whole, all.

        Note where the triggers of those that may be taken are: as the market is before any of them trades.
        """
        places = range(len(command.entries))
        if (command.session, command.list_id) in self.known:
            text = f"ListID(66) {command.list_id} was used before; a new list needs a new one"
            return dict.fromkeys(places, Refusal(OrdRejReason.OTHER, text))
        if command.unsupported is not None:
            unsupported = Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, command.unsupported)
            return dict.fromkeys(places, unsupported)
        used = {*self._floor.orders.of_session(command.session).by_cl_ord_id}
        refusals = {}
        for place, entry in enumerate(command.entries):
            refusal, first_triggers[place] = self._judge(entry.order, refused.get(place), used)
            if refusal is not None:
                refusals[place] = refusal
            used.add(entry.order.cl_ord_id)
        mismatch = None if refusals else contingency.mismatch(command)
        if mismatch is not None:
            return dict.fromkeys(places, Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, mismatch))
        return refusals

    def _judge(
        self, order: NewOrder | RefuseOrder, by_risk: Refusal | None, used: set[str]
    ) -> tuple[Refusal | None, Price | None]:
        if order.cl_ord_id in used:
            text = f"ClOrdID(11) {order.cl_ord_id} was used before; a new order needs a new one"
            return Refusal(OrdRejReason.DUPLICATE_ORDER, text), None
        if isinstance(order, RefuseOrder):
            return Refusal(order.ord_rej_reason, order.text), None
        refusal = by_risk or unsupported_in_list(order)
        return self._floor.judge(order) if refusal is None else (refusal, None)

    def _reject(self, command: NewOrderList, refusals: dict[int, Refusal]) -> list[Event]:
        """Reject every order of a list, those with nothing wrong because of the first that has."""
        self.known.setdefault((command.session, command.list_id), None)
        first = min(refusals)
        text = f"ListID(66) {command.list_id} is refused as a whole: ListSeqNo(67) {first + 1} is refused"
        others = Refusal(OrdRejReason.OTHER, text)
        rejected = [
            self._floor.reject(entry.order, refusals.get(place, others)) for place, entry in enumerate(command.entries)
        ]
        states = tuple(event.order for event in rejected if isinstance(event, OrderRejected))
        status = ListStatusType.ACK, ListOrderStatus.REJECT
        stated = ListStated(command.session, command.firm, command.list_id, *status, states, refusals[first].text)
        return [*rejected, stated]

    # Requests about a list.

    def cancel(self, command: CancelList) -> list[Event]:
        order_list = self.find(command.session, command.firm, command.list_id)
        if order_list is None:
            return [_unknown(command.session, command.firm, command.list_id)]
        events: list[Event] = []
        for order in order_list.orders:
            if order.is_live:
                rested = order.rests
                self._floor.take_from_book(order)
                self._floor.orders.close(order)
                canceled_qty, text = order.cancel(), f"ListCancelRequest {command.list_id}"
                events.append(
                    OrderCanceled(self._floor.next_exec_id(), order.state(), canceled_qty, rested, None, text)
                )
        return [*events, _stated(order_list, ListStatusType.RESPONSE)]

    def status(self, session: str, firm: str, list_id: str) -> ListStated:
        """Return the list as it is now."""
        order_list = self.find(session, firm, list_id)
        if order_list is None:
            return _unknown(session, firm, list_id)
        return _stated(order_list, ListStatusType.RESPONSE)

    def can_fill(
        self, order: Order, wanted: Qty, opposite: BookSide, band: Band | None = None, guard: Guard | None = None
    ) -> bool:
        """Return whether ``wanted`` of ``order`` would trade at once, where what it takes lowers others of its list."""
        taken = dict[str, Qty]()
        is_shared = self._floor.instruments[order.symbol].allocation is not Allocation.FIFO
        for level in opposite:
            if not crosses(order, level) or (band is not None and not band.has(level.price)):
                return False
            stands = any(self._stands_in_the_way(resting, order, guard) for resting in level.orders.values())
            for resting in self._least_first(level, order, guard) if is_shared else level:
                if self._is_sibling(resting, order):
                    return False  # to trade with it would end or lower the order itself
                leaves_qty = self._leaves_qty_after(resting, taken)
                if stands:  # what is not displayed would trade behind that one
                    leaves_qty = min(leaves_qty, resting.shown_qty)
                if guard is not None and leaves_qty and guard.prevents(resting):
                    if guard.how is not SelfMatchPrevention.CANCEL_OLDEST:
                        return False
                    if self._ends_others(resting):
                        taken[resting.order_id] = leaves_qty
                    continue
                taken[resting.order_id] = leaves_qty
                wanted = Qty(wanted - leaves_qty)
                if wanted <= 0:
                    return True
        return False

    def _stands_in_the_way(self, resting: Order, order: Order, guard: Guard | None) -> bool:
        """Return whether ``order`` is not filled at once where it meets ``resting``."""
        if self._is_sibling(resting, order):
            return True
        return guard is not None and guard.how is not SelfMatchPrevention.CANCEL_OLDEST and guard.prevents(resting)

    def _least_first(self, level: Level, order: Order, guard: Guard | None) -> list[Order]:
        """Return the orders of a price that is shared out in the order that lets the least of them trade.

        Which order of a list trades first, and ends the others, depends on what each gets; what is to give way to
        ``order`` does so before.
        """

        def rank(resting: Order) -> tuple[bool, bool, Qty]:
            gives_way = guard is not None and guard.prevents(resting)
            return not self._is_sibling(resting, order), not gives_way, resting.leaves_qty

        return sorted(level, key=rank)

    def _ends_others(self, resting: Order) -> bool:
        """Return whether the end of ``resting`` would be that of others."""
        order_list = self._open_list(resting)
        return order_list is not None and order_list.contingency_type is ContingencyType.ONE_CANCELS_THE_OTHER

    def _leaves_qty_after(self, resting: Order, taken: dict[str, Qty]) -> Qty:
        order_list = self._open_list(resting)
        if order_list is None:
            return resting.leaves_qty
        return contingency.leaves_qty_after(order_list, order_list.member(resting), taken)

    def _is_sibling(self, resting: Order, order: Order) -> bool:
        order_list = self._open_list(order)
        if order_list is None or resting.session != order.session or resting.list_id != order.list_id:
            return False
        return any(sibling.order is resting for sibling in order_list.siblings(order_list.member(order)))

    # What follows for orders of a list from what happened to others of it.

    def follow_trade(self, one: Order, other: Order, events: list[Event], at_work: Order | None) -> None:
        """Do what follows from a trade of two orders, one of which may be at work, before the next trade.

        That is what is canceled or lowered, and must not trade any more; what is let to trade waits for its turn.
        """
        for each in (one, other):
            order_list = self._open_list(each)
            if order_list is not None and not order_list.children(member := order_list.member(each)):
                for consequence in contingency.consequences(order_list, member):
                    self._carry_out(consequence, events, at_work)

    def follow(self, events: list[Event], at: int = 0) -> None:
        """Do all that follows from ``events``, from ``at`` on, and from what is appended to them by that."""
        followed: dict[str, OrderList] = {}
        while at < len(events):
            for order in self._of_lists(events[at]):
                order_list = self._open_list(order)
                if order_list is not None:
                    for consequence in contingency.consequences(order_list, order_list.member(order)):
                        self._carry_out(consequence, events, at_work=None)
                    followed[order.order_id] = order_list
            at += 1
        # Not before: a list whose orders are all done may have consequences still, for those of it that come next.
        for order_list in followed.values():
            self._forget_if_done(order_list)

    def _of_lists(self, event: Event) -> list[Order]:
        """Return the orders of lists that ``event`` is about."""
        match event:
            case Trade():
                states = [event.resting.order, event.aggressor.order]
            case OrderCanceled() | OrderExpired() | OrderReplaced() | OrderAmended():
                states = [event.order]
            case _:
                return []
        found = (self._floor.orders.by_order_id(state.order_id) for state in states if state.list_id is not None)
        return [order for order in found if order is not None]

    def _open_list(self, order: Order) -> OrderList | None:
        return None if order.list_id is None else self.open.get((order.session, order.list_id))

    def _forget_if_done(self, order_list: OrderList) -> None:
        if order_list.is_done:
            self.open.pop((order_list.session, order_list.list_id), None)

    def _carry_out(self, consequence: Consequence, events: list[Event], at_work: Order | None) -> None:
        """Do what follows for an order; one that is ``at_work`` is not in the book, and closed by whoever works it."""
        match consequence:
            case Withdraw(order, text):
                self._withdraw(order, text, events, at_work)
            case Lower(order, qty, text):
                working = min(order.leaves_qty, qty)
                leaves_qty, held_qty = Qty(order.leaves_qty - working), Qty(order.held_qty - (qty - working))
                if leaves_qty or held_qty:
                    self._lower(order, leaves_qty, held_qty, text, events, at_work)
                else:
                    self._withdraw(order, text, events, at_work)
            case GiveUp(order, text):
                if order.leaves_qty or order.cum_qty:
                    self._lower(order, order.leaves_qty, Qty(0), text, events, at_work)
                else:
                    self._withdraw(order, text, events, at_work)
            case Release(order, qty, text):
                self._release(order, qty, text, events)
            case _:
                assert_never(consequence)

    def _withdraw(self, order: Order, text: str, events: list[Event], at_work: Order | None) -> None:
        rested = order is not at_work and order.rests
        if order is not at_work:
            self._floor.take_from_book(order)
            self._floor.orders.close(order)
        if (order_list := self._open_list(order)) is not None:
            order_list.member(order).is_end_followed = True
        canceled_qty, reason = order.cancel(), ExecRestatementReason.OTHER
        exec_id = self._floor.next_exec_id()
        events.append(OrderCanceled(exec_id, order.state(), canceled_qty, rested, None, text, reason))

    def _lower(
        self, order: Order, leaves_qty: Qty, held_qty: Qty, text: str, events: list[Event], at_work: Order | None
    ) -> None:
        """Leave ``order`` with so much to trade; one that has traded, and is left with nothing, is filled."""
        previous_leaves_qty, previous_held_qty = order.open_qty, order.held_qty
        rested = order is not at_work and order.rests
        less = order.leaves_qty - leaves_qty
        if order is at_work:
            order.take_from_hidden(less)
        else:
            self._floor.lower_in_book(order, less)
        order.lower(leaves_qty, held_qty)
        if order.ord_status is OrdStatus.FILLED:
            self._floor.orders.close(order)
        reason = ExecRestatementReason.PARTIAL_DECLINE_OF_ORDER_QTY
        amended = order, reason, previous_leaves_qty, previous_held_qty, rested, rested, text
        events.append(self._amended(*amended))

    def _release(self, order: Order, qty: Qty, text: str, events: list[Event]) -> None:
        previous_leaves_qty, previous_held_qty = order.open_qty, order.held_qty
        previous_price, previous_trigger_price = order.price, order.trigger_price
        rested = order.rests
        self._floor.take_from_book(order)
        if not order.leaves_qty:
            self._floor.trail_from_here(order)
        order.release(qty)
        display.hide(order)
        reason = ExecRestatementReason.MARKET_OPTION
        amended = self._amended(order, reason, previous_leaves_qty, previous_held_qty, rested, False, text)
        if order.is_waiting:
            prices = {"previous_price": previous_price, "previous_trigger_price": previous_trigger_price}
            amended = msgspec.structs.replace(amended, **prices)
        events.append(amended)
        self._floor.place(order, events)

    def _amended(
        self,
        order: Order,
        reason: ExecRestatementReason,
        previous_leaves_qty: Qty,
        previous_held_qty: Qty,
        rested: bool,
        keeps_priority: bool,
        text: str,
    ) -> OrderAmended:
        return OrderAmended(
            exec_id=self._floor.next_exec_id(),
            order=order.state(),
            exec_restatement_reason=reason,
            previous_price=order.price,
            previous_leaves_qty=previous_leaves_qty,
            rested=rested,
            keeps_priority=keeps_priority,
            text=text,
            previous_trigger_price=order.trigger_price if order.is_waiting else None,
            previous_held_qty=previous_held_qty,
        )


def _unknown(session: str, firm: str, list_id: str) -> ListStated:
    text = f"ListID(66) {list_id} names no list of this session"
    return ListStated(session, firm, list_id, ListStatusType.RESPONSE, ListOrderStatus.REJECT, (), text)


def _stated(order_list: OrderList, status_type: ListStatusType, text: str | None = None) -> ListStated:
    status = ListOrderStatus.ALL_DONE if order_list.is_done else ListOrderStatus.EXECUTING
    states = tuple(order.state() for order in order_list.orders)
    return ListStated(order_list.session, order_list.firm, order_list.list_id, status_type, status, states, text)


def unsupported_in_list(order: NewOrder | ReplaceOrder) -> Refusal | None:
    """Return which of its instructions ``order`` cannot have as one of a list, or None."""
    if is_pegged(order):
        text = f"ExecInst(18) {peg_of(order.instructions)} is not supported in a list; send it by itself"
    elif asks_for_all_or_none(order.instructions):
        text = "ExecInst(18) G (all or none) is not supported in a list; send the order by itself"
    elif asks_to_reduce(order.instructions):
        text = "ReduceOnly(20002) Y is not supported in a list; send the order by itself"
    else:
        return None
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
