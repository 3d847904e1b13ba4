"""Answers to inquiries: the state of one order, or of a session's open orders; they change nothing."""

from collections.abc import Container, Iterator

from fixgw.engine.order import Order
from fixgw.engine.registry import OrderRegistry
from fixgw.spec.inquiries import MassStatusAnswer, MassStatusInquiry, OrderStatusAnswer, OrderStatusInquiry
from fixgw.spec.values import MassStatusReqType, OrdRejReason

STATUS_SLICE_MAX = 50  # reports between which others get their turn


def order_status(orders: OrderRegistry, inquiry: OrderStatusInquiry) -> OrderStatusAnswer:
    order = _find(orders, inquiry)
    return OrderStatusAnswer(inquiry, None if order is None else order.state())


def _find(orders: OrderRegistry, inquiry: OrderStatusInquiry) -> Order | None:
    order = orders.find(inquiry.session, inquiry.firm, inquiry.cl_ord_id)
    if order is None and inquiry.order_id is not None:
        order = orders.by_order_id(inquiry.order_id)
    if order is None or inquiry.order_id not in (None, order.order_id):
        return None
    return order if (order.session, order.firm) == (inquiry.session, inquiry.firm) else None


def mass_status(
    orders: OrderRegistry, listed: Container[str | None], inquiry: MassStatusInquiry
) -> Iterator[MassStatusAnswer]:
    """Yield the state of a session's open orders, a slice at a time, at least one.

    Each slice is of the moment it is asked for, so that commands may be handled in between.
    """
    refused = _refuse(listed, inquiry)
    if refused is not None:
        yield MassStatusAnswer(inquiry, (), 0, True, *refused)
        return
    wanted = [
        order
        for order in orders.open_orders(inquiry.session)
        if inquiry.symbol in (None, order.symbol) and inquiry.side in (None, order.side)
    ]
    total = len(wanted)
    for start in range(0, total, STATUS_SLICE_MAX):
        end = start + STATUS_SLICE_MAX
        states = tuple(order.state() for order in wanted[start:end])
        yield MassStatusAnswer(inquiry, states, total, end >= total, None, None)
    if not wanted:
        yield MassStatusAnswer(inquiry, (), 0, True, OrdRejReason.UNKNOWN_ORDER, "no open orders")


def _refuse(listed: Container[str | None], inquiry: MassStatusInquiry) -> tuple[OrdRejReason, str] | None:
    match inquiry.mass_status_req_type:
        case MassStatusReqType.ALL_ORDERS:
            return None
        case MassStatusReqType.SECURITY:
            if inquiry.symbol in listed:
                return None
            return OrdRejReason.UNKNOWN_SYMBOL, f"Symbol(55) {inquiry.symbol} is not traded here"
        case unsupported:
            text = f"MassStatusReqType(585) {unsupported} is not supported; 1 (security) or 7 (all orders)"
            return OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text
