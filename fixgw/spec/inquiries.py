"""Inquiries: questions answered between two commands, which change nothing and are not journaled."""

import msgspec

from fixgw.spec.events import OrderState
from fixgw.spec.values import MassStatusReqType, OrdRejReason, Side


class OrderStatusInquiry(msgspec.Struct, frozen=True, gc=False):
    """OrderStatusRequest(35=H)."""

    session: str
    firm: str
    cl_ord_id: str
    order_id: str | None
    ord_status_req_id: str | None
    symbol: str
    side: Side


class MassStatusInquiry(msgspec.Struct, frozen=True, gc=False):
    """OrderMassStatusRequest(35=AF): the session's own open orders, of one symbol where given."""

    session: str
    firm: str
    mass_status_req_id: str
    mass_status_req_type: MassStatusReqType
    symbol: str | None
    side: Side | None


class OrderStatusAnswer(msgspec.Struct, frozen=True, gc=False):
    """150=I with 17=0; ``order`` is None when there is none such (E22)."""

    inquiry: OrderStatusInquiry
    order: OrderState | None


class MassStatusAnswer(msgspec.Struct, frozen=True, gc=False):
    """A slice of the answer to an OrderMassStatusRequest: the orders as they are now (E23).

    One report an order, 911 on each and 912=Y on the very last; one report with 39=8 when there is none.
    """

    inquiry: MassStatusInquiry
    orders: tuple[OrderState, ...]
    tot_num_reports: int
    is_last: bool
    ord_rej_reason: OrdRejReason | None
    """Why the request was refused, or None."""
    text: str | None


Inquiry = OrderStatusInquiry | MassStatusInquiry
Answer = OrderStatusAnswer | MassStatusAnswer
