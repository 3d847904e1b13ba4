"""Requests for reference data (35=x, c, e and g) as inquiries.

Total: any fields give an inquiry or one of ``REJECTS``, nothing else is raised.
"""

from fixgw.fix.fields import KEY, Fields, chosen, identifier, msg_seq_num, optional_identifier
from fixgw.spec import tags
from fixgw.spec.participant import Participant
from fixgw.spec.reference import (
    SecurityDefinitionInquiry,
    SecurityListInquiry,
    SecurityStatusInquiry,
    TradingSessionInquiry,
)
from fixgw.spec.values import SecurityListRequestType, SecurityRequestType, SubscriptionRequestType

_LIST_REQUEST_TYPES = {str(value): value for value in SecurityListRequestType}
_REQUEST_TYPES = {str(value): value for value in SecurityRequestType}
_SUBSCRIPTION_REQUEST_TYPES = {str(value): value for value in SubscriptionRequestType}


def security_list(fields: Fields, participant: Participant) -> SecurityListInquiry:
    request_type = chosen(fields, tags.SECURITY_LIST_REQUEST_TYPE, _LIST_REQUEST_TYPES)
    by_symbol = request_type is SecurityListRequestType.SYMBOL
    return SecurityListInquiry(
        participant.session,
        identifier(fields, tags.SECURITY_REQ_ID),
        request_type,
        identifier(fields, tags.SYMBOL) if by_symbol else None,
        _optional_subscription(fields),
        msg_seq_num(fields),
    )


def security_definition(fields: Fields, participant: Participant) -> SecurityDefinitionInquiry:
    request_type = chosen(fields, tags.SECURITY_REQUEST_TYPE, _REQUEST_TYPES)
    of_symbol = request_type is SecurityRequestType.IDENTITY_AND_SPECIFICATIONS
    return SecurityDefinitionInquiry(
        participant.session,
        identifier(fields, tags.SECURITY_REQ_ID),
        request_type,
        identifier(fields, tags.SYMBOL) if of_symbol else None,
        _optional_subscription(fields),
        msg_seq_num(fields),
    )


def security_status(fields: Fields, participant: Participant) -> SecurityStatusInquiry:
    return SecurityStatusInquiry(
        participant.session,
        identifier(fields, tags.SECURITY_STATUS_REQ_ID),
        identifier(fields, tags.SYMBOL),
        chosen(fields, tags.SUBSCRIPTION_REQUEST_TYPE, _SUBSCRIPTION_REQUEST_TYPES),
        msg_seq_num(fields),
    )


def trading_session(fields: Fields, participant: Participant) -> TradingSessionInquiry:
    return TradingSessionInquiry(
        participant.session,
        identifier(fields, tags.TRAD_SES_REQ_ID),
        optional_identifier(fields, tags.TRADING_SESSION_ID),
        chosen(fields, tags.SUBSCRIPTION_REQUEST_TYPE, _SUBSCRIPTION_REQUEST_TYPES),
        msg_seq_num(fields),
    )


def _optional_subscription(fields: Fields) -> SubscriptionRequestType:
    if KEY[tags.SUBSCRIPTION_REQUEST_TYPE] not in fields:
        return SubscriptionRequestType.SNAPSHOT
    return chosen(fields, tags.SUBSCRIPTION_REQUEST_TYPE, _SUBSCRIPTION_REQUEST_TYPES)
