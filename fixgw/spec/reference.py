"""Reference data as clients ask for it: what is listed, in which steps it trades, and whether it trades now.

Each answer carries its inquiry.  A client that subscribes has its inquiry asked again after each change of what it is
about (``is_update``), for as long as it is logged on.
"""

import msgspec

from fixgw.spec.instrument import Instrument
from fixgw.spec.values import (
    Price,
    SecurityListRequestType,
    SecurityRequestResult,
    SecurityRequestType,
    SecurityResponseType,
    SecurityTradingStatus,
    SubscriptionRequestType,
    TradSesStatus,
)

TRADING_SESSION_ID = "1"
"""TradingSessionID(336) of the one session there is: the trading day."""


class SecurityListInquiry(msgspec.Struct, frozen=True, gc=False):
    """SecurityListRequest(35=x)."""

    session: str
    security_req_id: str
    security_list_request_type: SecurityListRequestType
    symbol: str | None
    subscription_request_type: SubscriptionRequestType
    msg_seq_num: int
    is_update: bool = False


class SecurityDefinitionInquiry(msgspec.Struct, frozen=True, gc=False):
    """SecurityDefinitionRequest(35=c)."""

    session: str
    security_req_id: str
    security_request_type: SecurityRequestType
    symbol: str | None
    subscription_request_type: SubscriptionRequestType
    msg_seq_num: int
    is_update: bool = False


class SecurityStatusInquiry(msgspec.Struct, frozen=True, gc=False):
    """SecurityStatusRequest(35=e)."""

    session: str
    security_status_req_id: str
    symbol: str
    subscription_request_type: SubscriptionRequestType
    msg_seq_num: int
    is_update: bool = False


class TradingSessionInquiry(msgspec.Struct, frozen=True, gc=False):
    """TradingSessionStatusRequest(35=g)."""

    session: str
    trad_ses_req_id: str
    trading_session_id: str | None
    subscription_request_type: SubscriptionRequestType
    msg_seq_num: int
    is_update: bool = False


class SecurityListAnswer(msgspec.Struct, frozen=True, gc=False):
    """A fragment of SecurityList(35=y); one without instruments when none is found or the request is refused."""

    inquiry: SecurityListInquiry
    security_request_result: SecurityRequestResult
    instruments: tuple[Instrument, ...]
    tot_no_related_sym: int
    fragment: int
    """Counts from 1."""
    is_last: bool


class SecurityDefinitionAnswer(msgspec.Struct, frozen=True, gc=False):
    """SecurityDefinition(35=d); ``text`` says why there is no instrument in it."""

    inquiry: SecurityDefinitionInquiry
    security_response_type: SecurityResponseType
    instrument: Instrument | None
    text: str | None


class SecurityStatusAnswer(msgspec.Struct, frozen=True, gc=False):
    """SecurityStatus(35=f); ``text`` says why it does not trade."""

    inquiry: SecurityStatusInquiry
    security_trading_status: SecurityTradingStatus
    last_px: Price | None
    price_scale: int
    text: str | None


class TradingSessionAnswer(msgspec.Struct, frozen=True, gc=False):
    """TradingSessionStatus(35=h); ``text`` says why it is not open, or what is wrong with the request."""

    inquiry: TradingSessionInquiry
    trad_ses_status: TradSesStatus
    text: str | None


ReferenceInquiry = SecurityListInquiry | SecurityDefinitionInquiry | SecurityStatusInquiry | TradingSessionInquiry
ReferenceAnswer = SecurityListAnswer | SecurityDefinitionAnswer | SecurityStatusAnswer | TradingSessionAnswer
