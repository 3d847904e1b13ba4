"""Subscriptions: asked again after each change that concerns them, and told only what is new."""

from collections.abc import Callable

import pytest

from fixgw.core import Core
from fixgw.fix.report import Report
from fixgw.fix.subscriptions import SUBSCRIPTIONS_MAX, Subscriptions
from fixgw.spec.commands import Command, HaltInstrument, Kill, ResumeInstrument
from fixgw.spec.reference import (
    ReferenceAnswer,
    ReferenceInquiry,
    SecurityListAnswer,
    SecurityListInquiry,
    SecurityStatusAnswer,
    SecurityStatusInquiry,
    TradingSessionInquiry,
)
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.values import SecurityListRequestType, SecurityTradingStatus, SubscriptionRequestType
from tests.orders import INSTRUMENTS, configuration

SUBSCRIBE, END = SubscriptionRequestType.SNAPSHOT_AND_UPDATES, SubscriptionRequestType.DISABLE
BY = ("olivia", "a reason")
HALT, RESUME = HaltInstrument(*BY, "AAPL"), ResumeInstrument(*BY, "AAPL")
ALL = SecurityListRequestType.ALL_SECURITIES


class Desk:
    """A core, its subscriptions, and a line that the test works off."""

    def __init__(self) -> None:
        self.core = Core()
        self.core.decide(configuration())
        self.told: list[ReferenceAnswer] = []
        self.sent: list[Report] = []
        self.line: list[ReferenceInquiry] = []
        self.has_room = True
        self.logged_on = {"CLIENT1"}
        self.subscriptions = Subscriptions(lambda answer, _: self.told.append(answer), self.sent.append, self.logged_on)
        self.subscriptions.offer = self._offer

    def _offer(self, inquiry: ReferenceInquiry) -> bool:
        if self.has_room:
            self.line.append(inquiry)
        return self.has_room

    def ask(self, inquiry: ReferenceInquiry) -> None:
        for answer in self.core.consult(inquiry):
            self.subscriptions.tell_answer(answer, 1)

    def happens(self, command: Command) -> None:
        self.subscriptions.tell(Sequenced(1, 1, command, self.core.decide(command)))

    def settle(self) -> list[ReferenceAnswer]:
        """Answer what is asked again, and return what was told."""
        self.told.clear()
        while self.subscriptions.work():
            asked, self.line = self.line, []
            for inquiry in asked:
                self.ask(inquiry)
        return list(self.told)


def status_of(
    symbol: str, wanted: SubscriptionRequestType = SUBSCRIBE, req_id: str = "s1", session: str = "CLIENT1"
) -> SecurityStatusInquiry:
    return SecurityStatusInquiry(session, req_id, symbol, wanted, 7)


def statuses(answers: list[ReferenceAnswer]) -> list[tuple[str, SecurityTradingStatus]]:
    found = [answer for answer in answers if isinstance(answer, SecurityStatusAnswer)]
    return [(each.inquiry.symbol, each.security_trading_status) for each in found]


def test_a_change_is_told_to_those_it_concerns() -> None:
    desk = Desk()
    desk.ask(status_of("AAPL"))
    desk.ask(status_of("MSFT", req_id="s2"))

    desk.happens(HALT)

    assert statuses(desk.settle()) == [("AAPL", SecurityTradingStatus.TRADING_HALT)]


def test_what_lasted_for_less_than_an_update_takes_is_not_told() -> None:
    desk = Desk()
    desk.ask(status_of("AAPL"))

    desk.happens(HALT)
    desk.happens(RESUME)

    assert desk.settle() == []


def test_a_kill_of_the_venue_is_told_of_instruments_and_session_but_not_of_lists() -> None:
    desk = Desk()
    desk.ask(status_of("AAPL"))
    desk.ask(TradingSessionInquiry("CLIENT1", "t1", None, SUBSCRIBE, 8))
    desk.ask(SecurityListInquiry("CLIENT1", "l1", ALL, None, SUBSCRIBE, 9))

    desk.happens(Kill(*BY, "venue"))

    assert [type(answer.inquiry) for answer in desk.settle()] == [SecurityStatusInquiry, TradingSessionInquiry]


def test_a_list_is_told_again_when_instruments_change() -> None:
    desk = Desk()
    desk.ask(SecurityListInquiry("CLIENT1", "l1", ALL, None, SUBSCRIBE, 9))

    desk.happens(configuration(instruments=INSTRUMENTS[1:]))

    (answer,) = desk.settle()
    assert isinstance(answer, SecurityListAnswer)
    assert {each.symbol for each in answer.instruments} == {each.symbol for each in INSTRUMENTS[1:]}


@pytest.mark.parametrize(
    "leave",
    [
        lambda desk: desk.ask(status_of("AAPL", END)),
        lambda desk: desk.subscriptions.forget("CLIENT1"),
    ],
)
def test_who_has_ended_it_or_is_gone_hears_no_more(leave: Callable[[Desk], None]) -> None:
    """Also of what was asked on its behalf before, and is answered after."""
    desk = Desk()
    desk.ask(status_of("AAPL"))
    desk.happens(HALT)
    assert desk.subscriptions.work()

    leave(desk)

    assert desk.line
    desk.told.clear()
    for inquiry in desk.line:
        desk.ask(inquiry)
    assert desk.told == []


def test_who_left_before_the_answer_is_not_subscribed() -> None:
    desk = Desk()
    desk.logged_on.clear()
    desk.ask(status_of("AAPL"))

    desk.happens(HALT)

    assert desk.settle() == []


def test_a_full_line_is_tried_again() -> None:
    desk = Desk()
    desk.ask(status_of("AAPL"))
    desk.happens(HALT)
    desk.has_room = False
    assert not desk.subscriptions.work()

    desk.has_room = True

    assert statuses(desk.settle()) == [("AAPL", SecurityTradingStatus.TRADING_HALT)]


def test_there_is_an_end_to_subscriptions() -> None:
    desk = Desk()
    for number in range(SUBSCRIPTIONS_MAX + 1):
        desk.ask(status_of("AAPL", req_id=f"s{number}"))

    assert len(desk.told) == SUBSCRIPTIONS_MAX
    text = "a session has 1000 subscriptions at most; end one with SubscriptionRequestType(263)=2"
    assert desk.sent == [Report("CLIENT1", "j", f"45=7\x01372=e\x01380=4\x0158={text}\x01")]


def test_only_what_there_is_can_be_ended() -> None:
    desk = Desk()
    desk.ask(status_of("AAPL", END))

    text = "SecurityStatusReqID(324) s1 is no subscription"
    assert desk.sent == [Report("CLIENT1", "j", f"45=7\x01372=e\x01380=1\x0158={text}\x01")]
    assert desk.told == []
