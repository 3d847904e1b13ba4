"""Changes: what clients ask for that have orders already."""

from fixgw.engine import display, triggers
from fixgw.engine.intake import Intake, price_not_allowed, unsupported_with
from fixgw.engine.lists import unsupported_in_list
from fixgw.engine.market import Market
from fixgw.engine.order import Order
from fixgw.engine.pegs import is_pegged
from fixgw.engine.reduce_only import asks_to_reduce
from fixgw.engine.trading import Trading
from fixgw.engine.trailing import is_trailing
from fixgw.spec.commands import CancelOrder, MassCancel, RefuseChange, ReplaceOrder
from fixgw.spec.events import AffectedOrder, CancelRejected, Event, MassCanceled, OrderCanceled, OrderReplaced
from fixgw.spec.values import (
    CxlRejReason,
    CxlRejResponseTo,
    MassCancelRejectReason,
    MassCancelRequestType,
    OrdStatus,
    Price,
    TimeInForce,
    TriggerPriceType,
)

# In Python 3.11 each look into an enumeration takes 0.2 us: what every order needs has a name of its own.
_FILLED = OrdStatus.FILLED
_GOOD_TILL_DATE = TimeInForce.GOOD_TILL_DATE
_RESTING = (TimeInForce.DAY, TimeInForce.GOOD_TILL_CANCEL, _GOOD_TILL_DATE)


class Changes:
    """Cancels and replaces orders as their sessions ask, or says why not."""

    def __init__(self, market: Market, intake: Intake, trading: Trading) -> None:
        self._market = market
        self._intake = intake
        self._trading = trading

    def cancel(self, command: CancelOrder) -> list[Event]:
        response_to = CxlRejResponseTo.ORDER_CANCEL_REQUEST
        found = self._find_for_change(command, response_to)
        if not isinstance(found, Order):
            return [found]
        market = self._market
        rested, canceled_qty = found.rests, market.take_out(found)
        found.cl_ord_id = command.cl_ord_id
        state = found.state()
        return [OrderCanceled(market.next_exec_id(), state, canceled_qty, rested, command.orig_cl_ord_id, None)]

    def replace(self, command: ReplaceOrder) -> list[Event]:
        response_to = CxlRejResponseTo.ORDER_CANCEL_REPLACE_REQUEST
        found = self._find_for_change(command, response_to)
        if not isinstance(found, Order):
            return [found]
        changed = _unchangeable(found, command)
        if changed is not None:
            return [self._cancel_rejected(command, response_to, CxlRejReason.OTHER, changed, found)]
        refusal = self._market.phases.refuse(command)
        if refusal is None and command.instructions is not None:
            refusal = unsupported_with(command, self._market.instruments[command.symbol])
            if refusal is None and found.list_id is not None:
                refusal = unsupported_in_list(command)
        cannot = None if refusal is None else refusal.text
        if cannot is None and command.instructions is not None:
            instrument = self._market.instruments[command.symbol]
            cannot = self._market.pegs.why_not(command, found) or self._intake.cannot_rest(command)
            cannot = cannot or self._market.reduce_only.why_not(command, instrument, replaced=found)
        if cannot is not None:
            reason = CxlRejReason.BROKER_OR_EXCHANGE_OPTION
            return [self._cancel_rejected(command, response_to, reason, cannot, found)]
        return self._restate(found, command)

    def _restate(self, order: Order, command: ReplaceOrder) -> list[Event]:
        # Replacing down keeps priority, up, in price or in what is displayed loses it (rules of engagement, section 5).
        market, price = self._market, command.price
        if command.instructions is not None and is_pegged(command):
            price = market.pegs.price_after(order, command)
        keeps_priority = (
            price == order.price
            and command.order_qty <= order.order_qty
            and display.is_same(order.instructions, command.instructions)
        )
        trigger = None
        if order.is_waiting:
            trigger = self._trigger_of(order, command)
            is_unmoved = trigger == (order.trigger_price, order.trigger_source)
            # What follows a price, and how, is in the instructions.
            keeps_priority = keeps_priority and is_unmoved and not is_trailing(order)
        orig_cl_ord_id, previous_price, previous_leaves_qty = order.cl_ord_id, order.price, order.open_qty
        previous_trigger_price = order.trigger_price if order.is_waiting else None
        leaves_after = order.leaves_qty_after(command)
        if not keeps_priority or not leaves_after:
            market.take_from_book(order)
            order.restate(command, leaves_after)
            if order.instructions is not None or order.hidden_qty:
                market.hide(order)
        else:
            market.count_less(order, order.leaves_qty - leaves_after)
            order.restate(command, leaves_after)
        if order.instructions is not None:
            order.price = price
        if market.reduce_only.orders or (order.instructions is not None and asks_to_reduce(order.instructions)):
            market.reduce_only.note(order)
        if order.time_in_force is _GOOD_TILL_DATE:
            market.expiries.add(order)
        if trigger is not None:
            order.wait(*trigger)
            order.is_dormant = order.is_dormant and triggers.begins_dormant(command)
        events: list[Event] = [
            OrderReplaced(
                market.next_exec_id(),
                order.state(),
                orig_cl_ord_id,
                previous_price,
                previous_leaves_qty,
                keeps_priority,
                previous_trigger_price,
            )
        ]
        if order.ord_status is _FILLED:
            market.orders.close(order)
        elif not keeps_priority and order.leaves_qty:
            self._trading.place(order, events)
        return events

    def _trigger_of(self, order: Order, command: ReplaceOrder) -> tuple[Price, TriggerPriceType]:
        """Return what ``command`` lets ``order`` wait for: a trailing stop stays where it is unless told otherwise."""
        stop_px = triggers.stop_px(command)
        if stop_px is None:
            stop_px = order.trigger_price
        assert stop_px is not None, command.cl_ord_id
        return stop_px, triggers.source(command, self._market.instruments[command.symbol])

    def refuse_asked(self, command: RefuseChange) -> list[Event]:
        """Refuse what could not even be read as a change."""
        return [self.refuse(command, command.cxl_rej_response_to, command.cxl_rej_reason, command.text)]

    def refuse(
        self,
        command: ReplaceOrder | RefuseChange,
        response_to: CxlRejResponseTo,
        reason: CxlRejReason,
        text: str,
    ) -> Event:
        found = self._find_for_change(command, response_to)
        if not isinstance(found, Order):
            return found
        return self._cancel_rejected(command, response_to, reason, text, found)

    def _find_for_change(
        self, command: CancelOrder | ReplaceOrder | RefuseChange, response_to: CxlRejResponseTo
    ) -> Order | CancelRejected:
        """Return the live order that ``command`` names rightly, or the rejection that says why there is none.

        The ClOrdID of the request is used up by it, refused or not (E12), unless it was used before (E36).
        """
        used = self._market.orders.of_session(command.session).by_cl_ord_id
        order = used.get(command.orig_cl_ord_id)
        if order is not None and order.firm != command.firm:
            order = None  # a session that has changed its firm knows nothing of the old one's orders
        if command.cl_ord_id in used:
            text = f"ClOrdID(11) {command.cl_ord_id} was used before; a request needs a new one"
            return self._cancel_rejected(command, response_to, CxlRejReason.DUPLICATE_CL_ORD_ID, text, order)
        used[command.cl_ord_id] = order
        wrong = None if order is None else _misnamed(order, command)
        if order is None or wrong is not None:
            text = wrong or f"OrigClOrdID(41) {command.orig_cl_ord_id} names no order of this session"
            return self._cancel_rejected(command, response_to, CxlRejReason.UNKNOWN_ORDER, text, None)
        if not order.is_live:
            text = f"order {order.order_id} is {order.ord_status.name.lower()}: too late"
            return self._cancel_rejected(command, response_to, CxlRejReason.TOO_LATE_TO_CANCEL, text, order)
        if command.orig_cl_ord_id != order.cl_ord_id:
            text = f"OrigClOrdID(41) {command.orig_cl_ord_id} is not the last accepted, which is {order.cl_ord_id}"
            return self._cancel_rejected(command, response_to, CxlRejReason.OTHER, text, order)
        if isinstance(command, CancelOrder) and (changed := _other_order(order, command)) is not None:
            return self._cancel_rejected(command, response_to, CxlRejReason.OTHER, changed, order)
        return order

    def _cancel_rejected(
        self,
        command: CancelOrder | ReplaceOrder | RefuseChange,
        response_to: CxlRejResponseTo,
        reason: CxlRejReason,
        text: str,
        order: Order | None,
    ) -> CancelRejected:
        return CancelRejected(
            session=command.session,
            firm=command.firm,
            account=None if order is None else order.account,
            order_id="NONE" if order is None else order.order_id,
            cl_ord_id=command.cl_ord_id,
            # The ClOrdID last accepted, whatever the request named (E11, App. D D.2.c).
            orig_cl_ord_id=command.orig_cl_ord_id if order is None else order.cl_ord_id,
            ord_status=OrdStatus.REJECTED if order is None else order.ord_status,
            cxl_rej_response_to=response_to,
            cxl_rej_reason=reason,
            text=text,
        )

    # Many at once.

    def mass_cancel(self, command: MassCancel) -> list[Event]:
        reject_reason, text = self._refuse_mass_cancel(command)
        events: list[Event] = []
        affected = []
        if reject_reason is None:
            for order in self._market.orders.open_orders(command.session):
                if command.symbol not in (None, order.symbol) or command.side not in (None, order.side):
                    continue
                affected.append(AffectedOrder(order.cl_ord_id, order.order_id))
                events.append(self._cancel_asked(order, f"OrderMassCancelRequest {command.cl_ord_id}"))
        events.append(
            MassCanceled(
                session=command.session,
                firm=command.firm,
                cl_ord_id=command.cl_ord_id,
                order_id=self._market.next_exec_id(),
                mass_cancel_request_type=command.mass_cancel_request_type,
                symbol=command.symbol,
                side=command.side,
                affected=tuple(affected),
                mass_cancel_reject_reason=reject_reason,
                text=text,
            )
        )
        return events

    def _cancel_asked(self, order: Order, text: str) -> OrderCanceled:
        """Cancel an open order for a request about many of its session."""
        rested, canceled_qty = order.rests, self._market.take_out(order)
        return OrderCanceled(self._market.next_exec_id(), order.state(), canceled_qty, rested, None, text)

    def _refuse_mass_cancel(self, command: MassCancel) -> tuple[MassCancelRejectReason | None, str | None]:
        match command.mass_cancel_request_type:
            case MassCancelRequestType.ALL_ORDERS:
                return None, None
            case MassCancelRequestType.SECURITY:
                if command.symbol in self._market.instruments:
                    return None, None
                return (
                    MassCancelRejectReason.INVALID_OR_UNKNOWN_SECURITY,
                    f"Symbol(55) {command.symbol} is not traded here",
                )
            case unsupported:
                text = f"MassCancelRequestType(530) {unsupported} is not supported; 1 (security) or 7 (all)"
                return MassCancelRejectReason.MASS_CANCEL_NOT_SUPPORTED, text


def _misnamed(order: Order, command: CancelOrder | ReplaceOrder | RefuseChange) -> str | None:
    if isinstance(command, RefuseChange) or command.order_id is None or command.order_id == order.order_id:
        return None
    return f"OrderID(37) {command.order_id} is not that of OrigClOrdID(41) {command.orig_cl_ord_id}"


def _other_order(order: Order, command: CancelOrder | ReplaceOrder) -> str | None:
    """Return what tells that the client has another order in mind than the one it names."""
    if command.symbol != order.symbol:
        return f"Symbol(55) {command.symbol} is not that of the order, {order.symbol}"
    if command.side is not order.side:
        return f"Side(54) {command.side} is not that of the order, {order.side}"
    return None


def _begins_or_ends_to_wait(order: Order, command: ReplaceOrder) -> bool:
    return (order.trigger_price is not None) != triggers.waits(command) or is_trailing(order) != is_trailing(command)


def _unchangeable(order: Order, command: ReplaceOrder) -> str | None:
    """Return what a replace may not change but would (E17)."""
    other = _other_order(order, command)
    if other is not None:
        return other
    if command.account != order.account:
        return f"Account(1) {command.account} is not that of the order, {order.account}"
    if command.ord_type is not order.ord_type:
        return f"OrdType(40) {command.ord_type} is not that of the order, {order.ord_type}"
    if order.price is None and (wrong := price_not_allowed(command)) is not None:
        return wrong
    if (order.instructions or command.instructions) and is_pegged(order) != is_pegged(command):
        return "ExecInst(18) L, M, P and R cannot be added to an order or taken from it; send a new one"
    if order.price is not None and command.price is None and not is_pegged(order):
        return "Price(44) is missing: the order rests at a limit"
    if (order.instructions or command.instructions) and _begins_or_ends_to_wait(order, command):
        return "StopPx(99) cannot be added to an order or taken from it; send a new one"
    if command.time_in_force not in _RESTING and command.time_in_force is not order.time_in_force:
        return f"TimeInForce(59) {command.time_in_force} is not for an order that rests; 0 (day), 1 (GTC) or 6 (GTD)"
    return None
