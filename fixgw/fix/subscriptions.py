"""Subscriptions: questions about reference data that are asked again after each change, while the client is there.

An update is the answer to an inquiry that the venue puts in line itself.  So it takes its MsgSeqNum(34) as any answer
does (docs/decisions/0015), tells what is so when it leaves, and passes over what lasted for no longer than that.
Nothing of a subscription is journaled: it ends with the connection.
"""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from fixgw.fix.outbound import NOT_AVAILABLE, business_reject
from fixgw.fix.report import Report
from fixgw.spec import tags
from fixgw.spec.events import (
    DayBegun,
    DayEnding,
    Event,
    InstrumentAdded,
    InstrumentChanged,
    InstrumentDelisted,
    InstrumentHalted,
    InstrumentResumed,
    InstrumentSuspended,
    LimitStateChanged,
    PhaseChanged,
    ScopeKilled,
    ScopeReleased,
    VenueConfigured,
)
from fixgw.spec.reference import (
    ReferenceAnswer,
    ReferenceInquiry,
    SecurityDefinitionAnswer,
    SecurityDefinitionInquiry,
    SecurityListAnswer,
    SecurityListInquiry,
    SecurityStatusAnswer,
    SecurityStatusInquiry,
    TradingSessionAnswer,
    TradingSessionInquiry,
)
from fixgw.spec.scope import VENUE
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.values import (
    SecurityRequestResult,
    SecurityResponseType,
    SecurityTradingStatus,
    SubscriptionRequestType,
    TradSesStatus,
)

SUBSCRIPTIONS_MAX = 1_000
"""Of one session: each costs a question, some 3 us, when something changes for all."""

_TOO_MANY = f"a session has {SUBSCRIPTIONS_MAX} subscriptions at most; end one with SubscriptionRequestType(263)=2"
_UNKNOWN_ID = "1"
"""BusinessRejectReason(380)."""

_OF_ALL = (ScopeKilled, ScopeReleased, DayEnding, DayBegun)
_OF_ONE = (InstrumentHalted, InstrumentSuspended, InstrumentResumed, PhaseChanged, LimitStateChanged)
_OF_TERMS = (VenueConfigured, InstrumentAdded, InstrumentChanged, InstrumentDelisted)
_CHANGES = (*_OF_ALL, *_OF_ONE, *_OF_TERMS)


class Name(NamedTuple):
    """By what a client knows a request: its type, and the tag and value of its identifier."""

    session: str
    msg_type: str
    tag: int
    req_id: str


@dataclass
class _Subscription:
    """``told`` is what the client was told last, where that can be compared."""

    inquiry: ReferenceInquiry
    told: object = None
    is_being_answered: bool = True


class Subscriptions:
    """Stands between the answers and those who get them."""

    def __init__(
        self,
        tell_answer: Callable[[ReferenceAnswer, int], None],
        send: Callable[[Report], None],
        logged_on: Container[str],
    ) -> None:
        """``logged_on`` has the CompIDs of those who are there now."""
        self.offer: Callable[[ReferenceInquiry], bool]
        """Puts a question in line, or says that there are too many; to be set before anybody can ask."""
        self._tell_answer = tell_answer
        self._send = send
        self._logged_on = logged_on
        self._subscriptions: dict[Name, _Subscription] = {}
        self._due: dict[Name, None] = {}
        """Those to be asked again, the longest waiting first."""

    def tell_answer(self, answer: ReferenceAnswer, time_ns: int) -> None:
        """Tell a client what it asked for, and note that it wants to hear more or no more."""
        inquiry = answer.inquiry
        name = name_of(inquiry)
        if inquiry.is_update:
            if self._is_news(name, answer):
                self._tell_answer(answer, time_ns)
            return
        match inquiry.subscription_request_type:
            case SubscriptionRequestType.DISABLE:
                if self._subscriptions.pop(name, None) is None:
                    text = f"{tags.NAMES[name.tag]}({name.tag}) {name.req_id} is no subscription"
                    self._refuse(inquiry, _UNKNOWN_ID, text)
                    return
            case SubscriptionRequestType.SNAPSHOT_AND_UPDATES if _is_granted(answer):
                if not self._begin(name, answer):
                    self._refuse(inquiry, NOT_AVAILABLE, _TOO_MANY)
                    return
        self._tell_answer(answer, time_ns)

    def tell(self, sequenced: Sequenced) -> None:
        """Note whose answers may be other ones after what happened."""
        for event in sequenced.events:
            if isinstance(event, _CHANGES):
                self._due.update((name, None) for name in self._concerned(event))

    def work(self) -> bool:
        """Ask again what is due, as far as there is room in the line; return whether anything was asked."""
        asked = False
        for name in list(self._due):
            subscription = self._subscriptions.get(name)
            if subscription is not None:
                if subscription.is_being_answered:
                    continue
                if not self.offer(msgspec.structs.replace(subscription.inquiry, is_update=True)):
                    break
                subscription.is_being_answered = asked = True
            del self._due[name]
        return asked

    def forget(self, session: str) -> None:
        """End all of a client that is gone."""
        for name in [each for each in self._subscriptions if each.session == session]:
            del self._subscriptions[name]

    def _begin(self, name: Name, answer: ReferenceAnswer) -> bool:
        """Subscribe, unless the session has too many; a fragment that follows another one is of the same answer."""
        if name.session not in self._logged_on:
            return True
        if name not in self._subscriptions:
            if sum(each.session == name.session for each in self._subscriptions) >= SUBSCRIPTIONS_MAX:
                return False
            self._subscriptions[name] = _Subscription(answer.inquiry)
        subscription = self._subscriptions[name]
        subscription.inquiry, subscription.told = answer.inquiry, _comparable(answer)
        subscription.is_being_answered = not _is_last(answer)
        return True

    def _is_news(self, name: Name, answer: ReferenceAnswer) -> bool:
        """Note that an update is there; return whether it tells another thing than the client knows."""
        subscription = self._subscriptions.get(name)
        if subscription is None:
            return False  # gone, or ended, since it was asked
        subscription.is_being_answered = not _is_last(answer)
        before, subscription.told = subscription.told, _comparable(answer)
        return before is None or before != subscription.told

    def _concerned(self, event: Event) -> Iterator[Name]:
        for name, subscription in self._subscriptions.items():
            match subscription.inquiry:
                case SecurityStatusInquiry(symbol=symbol):
                    if not isinstance(event, _OF_ONE) or event.symbol == symbol or _is_of_many(event.symbol):
                        yield name
                case TradingSessionInquiry():
                    if isinstance(event, _OF_ALL) or (isinstance(event, _OF_ONE) and event.symbol == VENUE):
                        yield name
                case _:
                    if isinstance(event, _OF_TERMS):
                        yield name

    def _refuse(self, inquiry: ReferenceInquiry, reason: str, text: str) -> None:
        name = name_of(inquiry)
        self._send(business_reject(name.session, str(inquiry.msg_seq_num), name.msg_type, reason, text))


def _is_of_many(halted: str) -> bool:
    """Return whether what is halted or resumed is a segment or all, rather than one instrument."""
    return halted == VENUE or halted.startswith("segment:")


def name_of(inquiry: ReferenceInquiry) -> Name:
    match inquiry:
        case SecurityListInquiry():
            return Name(inquiry.session, "x", tags.SECURITY_REQ_ID, inquiry.security_req_id)
        case SecurityDefinitionInquiry():
            return Name(inquiry.session, "c", tags.SECURITY_REQ_ID, inquiry.security_req_id)
        case SecurityStatusInquiry():
            return Name(inquiry.session, "e", tags.SECURITY_STATUS_REQ_ID, inquiry.security_status_req_id)
        case TradingSessionInquiry():
            return Name(inquiry.session, "g", tags.TRAD_SES_REQ_ID, inquiry.trad_ses_req_id)


def _is_granted(answer: ReferenceAnswer) -> bool:
    match answer:
        case SecurityListAnswer():
            return answer.security_request_result is SecurityRequestResult.VALID
        case SecurityDefinitionAnswer():
            return answer.security_response_type is SecurityResponseType.ACCEPT_AS_IS
        case SecurityStatusAnswer():
            return answer.security_trading_status is not SecurityTradingStatus.UNKNOWN_OR_INVALID
        case TradingSessionAnswer():
            return answer.trad_ses_status is not TradSesStatus.REQUEST_REJECTED


def _comparable(answer: ReferenceAnswer) -> object:
    """Return what an update must differ in; None for a list, which is told again whole."""
    match answer:
        case SecurityListAnswer():
            return None
        case SecurityDefinitionAnswer():
            return answer.instrument, answer.text
        case SecurityStatusAnswer():
            return answer.security_trading_status, answer.text
        case TradingSessionAnswer():
            return answer.trad_ses_status, answer.text


def _is_last(answer: ReferenceAnswer) -> bool:
    return answer.is_last if isinstance(answer, SecurityListAnswer) else True
