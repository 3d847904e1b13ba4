"""Inquiries: questions answered between two commands, which change nothing and are not journaled.

Clients ask over FIX, operators over the admin socket.  An answer that could be long comes in pages: each is of the
moment it is asked for, and tells where the next one begins.
"""

import msgspec

from fixgw.spec.events import ListStated, OrderState
from fixgw.spec.limits import ScopedLimits
from fixgw.spec.maker_protection import Frozen, MakerProtection
from fixgw.spec.phase import Phase
from fixgw.spec.quotes import QuoteState
from fixgw.spec.reference import ReferenceAnswer, ReferenceInquiry
from fixgw.spec.restriction import Restriction
from fixgw.spec.terms import Terms
from fixgw.spec.trading_day import TradingDay
from fixgw.spec.values import MassStatusReqType, OrdRejReason, OrdStatus, Price, Side


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


class ListStatusInquiry(msgspec.Struct, frozen=True, gc=False):
    """ListStatusRequest(35=M)."""

    session: str
    firm: str
    list_id: str


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


class QuoteStatusInquiry(msgspec.Struct, frozen=True, gc=False):
    """QuoteStatusRequest(35=a): the session's own quotes in an instrument."""

    session: str
    firm: str
    quote_status_req_id: str | None
    quote_id: str | None
    """Only those last accepted by the message of this QuoteID(117), where given."""
    symbol: str


class QuoteStatusAnswer(msgspec.Struct, frozen=True, gc=False):
    """One report a quote; one that says so when there is none."""

    inquiry: QuoteStatusInquiry
    quotes: tuple[QuoteState, ...]


class ListStatusAnswer(msgspec.Struct, frozen=True, gc=False):
    """ListStatus(35=N): the list as it is now."""

    stated: ListStated


Inquiry = OrderStatusInquiry | MassStatusInquiry | QuoteStatusInquiry | ListStatusInquiry | ReferenceInquiry
Answer = OrderStatusAnswer | MassStatusAnswer | QuoteStatusAnswer | ListStatusAnswer | ReferenceAnswer
"""Those of clients."""


class VenueInquiry(msgspec.Struct, frozen=True, gc=False):
    """How the venue is: how many orders, and what operators have forbidden."""


class SessionsInquiry(msgspec.Struct, frozen=True, gc=False):
    """The order-entry sessions."""


class OrdersInquiry(msgspec.Struct, frozen=True, gc=False):
    """Orders, the newest first; what is None does not narrow it."""

    session: str | None = None
    firm: str | None = None
    account: str | None = None
    symbol: str | None = None
    side: Side | None = None
    ord_statuses: tuple[OrdStatus, ...] = ()
    """Any of these; all when empty."""
    below: int | None = None
    """Only orders whose OrderID is below; that of the last page says where to go on."""
    count_max: int = 100


class OrderInquiry(msgspec.Struct, frozen=True, gc=False):
    """One order: by its OrderID, or by any ClOrdID it had in a session."""

    order_id: str | None = None
    session: str | None = None
    cl_ord_id: str | None = None


class InstrumentsInquiry(msgspec.Struct, frozen=True, gc=False):
    """The listed instruments, in the order of their symbols."""

    after: str | None = None
    """Only those whose symbol comes after; that of the last page says where to go on."""


class RiskInquiry(msgspec.Struct, frozen=True, gc=False):
    """Limits in force, what is killed, and how much each account has open."""


class VenueAnswer(msgspec.Struct, frozen=True):
    open_orders: int
    orders_entered: int
    """OrderIDs given so far."""
    orders_to_sweep: int
    """Orders that a kill, a cancel-all or the end of a day has still to end."""
    halted: tuple[Restriction, ...]
    killed: tuple[Restriction, ...]
    disabled: tuple[Restriction, ...]
    day: TradingDay
    frozen: tuple[Frozen, ...] = ()
    """Market makers whose quotes are not taken."""


class SessionSummary(msgspec.Struct, frozen=True):
    session: str
    firm: str
    accounts: tuple[str, ...]
    open_orders: int
    disabled: Restriction | None


class SessionsAnswer(msgspec.Struct, frozen=True):
    sessions: tuple[SessionSummary, ...]


class OrdersAnswer(msgspec.Struct, frozen=True):
    """A page; it may have no orders at all though there are more."""

    orders: tuple[OrderState, ...]
    next_below: int | None
    """For ``below`` of the next page; None when this was the last."""


class OrderAnswer(msgspec.Struct, frozen=True):
    order: OrderState | None


class InstrumentSummary(msgspec.Struct, frozen=True):
    """Quantities are those of the best level, None where there is none."""

    symbol: str
    halted: Restriction | None
    last_px: Price | None
    bid_px: Price | None
    bid_qty: int | None
    offer_px: Price | None
    offer_qty: int | None
    price_scale: int
    qty_scale: int
    suspended: Restriction | None
    terms: Terms
    phase: Phase = Phase.CONTINUOUS


class InstrumentsAnswer(msgspec.Struct, frozen=True):
    instruments: tuple[InstrumentSummary, ...]
    next_after: str | None
    """For ``after`` of the next page; None when this was the last."""


class AccountPosition(msgspec.Struct, frozen=True):
    symbol: str
    net_qty: int
    """Bought minus sold, in ``10**-qty_scale``; never zero."""
    qty_scale: int


class AccountExposure(msgspec.Struct, frozen=True):
    firm: str
    account: str
    open_notional: int
    """In ``10**-NOTIONAL_SCALE`` of the currency."""
    positions: tuple[AccountPosition, ...] = ()
    """By symbol."""


class RiskAnswer(msgspec.Struct, frozen=True):
    limits: tuple[ScopedLimits, ...]
    set_by_operators: tuple[str, ...]
    """Scopes whose limits are not those of the configuration files."""
    killed: tuple[Restriction, ...]
    exposures: tuple[AccountExposure, ...]
    protections: tuple[MakerProtection, ...] = ()
    """Of market makers."""
    protections_set_by_operators: tuple[str, ...] = ()
    """Names of those whose values are not those of the configuration files."""
    frozen: tuple[Frozen, ...] = ()
    """Whose quotes are not taken."""


OperatorInquiry = VenueInquiry | SessionsInquiry | OrdersInquiry | OrderInquiry | InstrumentsInquiry | RiskInquiry
OperatorAnswer = VenueAnswer | SessionsAnswer | OrdersAnswer | OrderAnswer | InstrumentsAnswer | RiskAnswer


class SessionConnection(msgspec.Struct, frozen=True, gc=False):
    """How a FIX session stands with its client."""

    is_logged_on: bool
    next_msg_seq_num: int
    """MsgSeqNum(34) of the next message to the client."""
    expected_msg_seq_num: int
    """What is expected next from the client."""
