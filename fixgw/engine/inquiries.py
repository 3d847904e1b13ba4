"""Answers to inquiries, of clients and of operators; they change nothing."""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from typing import NamedTuple

from fixgw.engine.order import Order
from fixgw.engine.quotes import quotes_of
from fixgw.engine.registry import OrderRegistry
from fixgw.spec.inquiries import (
    MassStatusAnswer,
    MassStatusInquiry,
    OrderAnswer,
    OrderInquiry,
    OrdersAnswer,
    OrdersInquiry,
    OrderStatusAnswer,
    OrderStatusInquiry,
    QuoteStatusAnswer,
    QuoteStatusInquiry,
    SessionsAnswer,
    SessionSummary,
)
from fixgw.spec.participant import Participant
from fixgw.spec.restriction import Restriction
from fixgw.spec.values import MassStatusReqType, OrdRejReason

STATUS_SLICE_MAX = 50  # reports between which others get their turn
PAGE_MAX = 100  # orders or instruments in one page
LOOKED_AT_MAX = 2_000  # orders looked at for one page, some 0.3 us each: then others get their turn


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


def quote_status(orders: OrderRegistry, inquiry: QuoteStatusInquiry) -> QuoteStatusAnswer:
    quotes = quotes_of(orders, inquiry.session, inquiry.symbol)
    found = (quote for quote in quotes if quote.firm == inquiry.firm and inquiry.quote_id in (None, quote.quote_id))
    return QuoteStatusAnswer(inquiry, tuple(found))


def sessions(
    orders: OrderRegistry, disabled: Mapping[str, Restriction], participants: Iterable[Participant]
) -> SessionsAnswer:
    return SessionsAnswer(
        tuple(
            SessionSummary(
                session=each.session,
                firm=each.firm,
                accounts=each.accounts,
                open_orders=orders.count_open(each.session),
                disabled=disabled.get(each.session),
            )
            for each in participants
        )
    )


def find_orders(orders: OrderRegistry, inquiry: OrdersInquiry, last: int) -> OrdersAnswer:
    """Return a page of orders, the newest first, ``last`` being the OrderID given last."""
    begin = last if inquiry.below is None else min(last, inquiry.below - 1)
    end = max(0, begin - LOOKED_AT_MAX)
    count_max = max(1, min(inquiry.count_max, PAGE_MAX))
    found = []
    for number in range(begin, end, -1):
        order = orders.by_order_id(str(number))
        if order is not None and _is_wanted(order, inquiry):
            found.append(order.state())
            if len(found) == count_max:
                end = number - 1
                break
    return OrdersAnswer(tuple(found), end + 1 if end > 0 else None)


def _is_wanted(order: Order, inquiry: OrdersInquiry) -> bool:
    return (
        (not inquiry.ord_statuses or order.ord_status in inquiry.ord_statuses)
        and inquiry.session in (None, order.session)
        and inquiry.firm in (None, order.firm)
        and inquiry.account in (None, order.account)
        and inquiry.symbol in (None, order.symbol)
        and inquiry.side in (None, order.side)
    )


def find_order(orders: OrderRegistry, inquiry: OrderInquiry) -> OrderAnswer:
    if inquiry.order_id is not None:
        order = orders.by_order_id(inquiry.order_id)
    elif inquiry.session is not None and inquiry.cl_ord_id is not None:
        order = orders.of_any_firm(inquiry.session, inquiry.cl_ord_id)
    else:
        order = None
    return OrderAnswer(None if order is None else order.state())


class SymbolPage(NamedTuple):
    symbols: list[str]
    next_after: str | None


def page_of_symbols(listed: Collection[str], after: str | None) -> SymbolPage:
    symbols = sorted(symbol for symbol in listed if after is None or symbol > after)
    page = symbols[:PAGE_MAX]
    return SymbolPage(page, page[-1] if len(page) < len(symbols) else None)


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
