"""Commands: everything that may change the venue, as the sequencer takes it.

A command carries no time and no identifier of the venue's own; the sequencer gives it both.
"""

import msgspec

from fixgw.spec.instrument import Instrument
from fixgw.spec.limits import ScopedLimits
from fixgw.spec.participant import Participant
from fixgw.spec.values import (
    CxlRejReason,
    CxlRejResponseTo,
    MassCancelRequestType,
    OrdRejReason,
    OrdType,
    Price,
    Qty,
    Side,
    TimeInForce,
)


class NewOrder(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="D"):
    """NewOrderSingle(35=D).  ``price`` is None unless Price(44) was given."""

    session: str
    firm: str
    cl_ord_id: str
    account: str
    symbol: str
    side: Side
    order_qty: Qty
    ord_type: OrdType
    price: Price | None
    time_in_force: TimeInForce
    poss_resend: bool = False
    """PossResend(97)=Y or PossDupFlag(43)=Y: the venue may have had this order before."""


class CancelOrder(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="F"):
    """OrderCancelRequest(35=F): cancels all of what is left."""

    session: str
    firm: str
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: str | None
    symbol: str
    side: Side


class ReplaceOrder(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="G"):
    """OrderCancelReplaceRequest(35=G).  ``order_qty`` is the new total (E13); absent fields are absent after."""

    session: str
    firm: str
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: str | None
    account: str
    symbol: str
    side: Side
    order_qty: Qty
    ord_type: OrdType
    price: Price | None
    time_in_force: TimeInForce


class MassCancel(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="q"):
    """OrderMassCancelRequest(35=q): the session's own open orders, narrowed by symbol and side where given."""

    session: str
    firm: str
    cl_ord_id: str
    mass_cancel_request_type: MassCancelRequestType
    symbol: str | None
    side: Side | None


class RefuseOrder(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="refuse-order"):
    """A NewOrderSingle that the door could read but not put into the instrument's numbers.

    It is sequenced like any other, so that it has an OrderID, an ExecID and uses up its ClOrdID (E32).
    """

    session: str
    firm: str
    cl_ord_id: str
    account: str
    symbol: str
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    ord_rej_reason: OrdRejReason
    text: str
    poss_resend: bool = False


class RefuseChange(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="refuse-change"):
    """A cancel or replace request that the door could read but not put into the instrument's numbers."""

    session: str
    firm: str
    cl_ord_id: str
    orig_cl_ord_id: str
    cxl_rej_response_to: CxlRejResponseTo
    cxl_rej_reason: CxlRejReason
    text: str


class ConfigureVenue(msgspec.Struct, frozen=True, array_like=True, tag="configure"):
    """What the configuration files say of trading; the first command of a journal, and again when they change."""

    instruments: tuple[Instrument, ...]
    limits: tuple[ScopedLimits, ...]
    participants: tuple[Participant, ...]


OrderCommand = NewOrder | CancelOrder | ReplaceOrder | MassCancel | RefuseOrder | RefuseChange
Command = OrderCommand | ConfigureVenue
