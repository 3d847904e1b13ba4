"""The wall: whatever goes wrong behind a callback, the client is answered and nothing leaves it but QuickFIX's own."""

from typing import NoReturn, cast

import pytest
import quickfix as fix

from fixgw.fix.acceptor import OrderEntry
from fixgw.fix.admission import Admission
from fixgw.fix.inbound import Decoder
from fixgw.fix.outbound import Report
from fixgw.fix.postman import Postman
from fixgw.fix.resends import Resends

SESSION_ID = fix.SessionID("FIX.4.4", "FIXGW", "CLIENT1")
ORDER = fix.Message("8=FIX.4.4\x019=0\x0135=D\x0134=7\x0149=CLIENT1\x0156=FIXGW\x0111=a1\x0110=000\x01", False)
BUSINESS_REJECT = fix.Message("8=FIX.4.4\x019=0\x0135=j\x0134=8\x0149=CLIENT1\x0156=FIXGW\x0110=000\x01", False)


class FakePostman:
    def __init__(self, failure: Exception | None = None) -> None:
        self.sent: list[Report] = []
        self._failure = failure

    def send(self, report: Report) -> None:
        if self._failure is not None:
            raise self._failure
        self.sent.append(report)


class FakeDecoder:
    def __init__(self, outcome: object) -> None:
        self._outcome = outcome

    def decode(self, text: str) -> object:  # noqa: ARG002 - a Decoder's signature
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


def door(outcome: object, postman: FakePostman, *, takes: bool = True) -> OrderEntry:
    decoder, admission = cast(Decoder, FakeDecoder(outcome)), Admission(lambda: True, Resends())
    entry = OrderEntry(decoder, cast(Postman, postman), admission, stop_hard)
    entry.offer = lambda _: takes
    return entry


class StoppedHard(BaseException):
    """What ends the process; stands for os._exit."""


def stop_hard(fault: BaseException) -> NoReturn:
    raise StoppedHard from fault


def test_a_request_that_is_taken_is_not_answered_here() -> None:
    postman = FakePostman()
    door("a request", postman).fromApp(ORDER, SESSION_ID)
    assert postman.sent == []


def test_too_many_requests_are_answered_with_380_4() -> None:
    postman = FakePostman()
    door("a request", postman, takes=False).fromApp(ORDER, SESSION_ID)
    (report,) = postman.sent
    assert (report.session, report.msg_type) == ("CLIENT1", "j")
    assert report.body.startswith("45=7\x01372=D\x01380=4\x0158=too many requests are waiting")


def test_a_fault_of_ours_is_answered_with_380_0() -> None:
    postman = FakePostman()
    entry = door(ZeroDivisionError("ours"), postman)
    entry.fromApp(ORDER, SESSION_ID)
    (report,) = postman.sent
    assert report.body == "45=7\x01372=D\x01380=0\x0158=the venue failed to read this message\x01"
    assert entry.fault is None


def test_a_fault_that_cannot_even_be_answered_is_kept_for_the_gateway() -> None:
    """Leaving the callback it would freeze the process."""
    full = OSError("no space")
    entry = door(ZeroDivisionError("ours"), FakePostman(full))
    entry.fromApp(ORDER, SESSION_ID)
    assert entry.fault is full


@pytest.mark.parametrize(
    "reject",
    [fix.FieldNotFound(44), fix.IncorrectDataFormat(38), fix.IncorrectTagValue(54), fix.UnsupportedMessageType()],
)
def test_quickfix_own_rejects_leave_without_what_they_saw(reject: Exception) -> None:
    with pytest.raises(type(reject)) as caught:
        door(reject, FakePostman()).fromApp(ORDER, SESSION_ID)
    assert caught.value.__context__ is None


def test_a_reject_from_a_client_is_not_rejected() -> None:
    postman = FakePostman()
    door(fix.UnsupportedMessageType(), postman).fromApp(BUSINESS_REJECT, SESSION_ID)
    assert postman.sent == []


def test_an_administrative_message_that_cannot_be_judged_ends_the_session() -> None:
    """A Logon for a session that QuickFIX does not know is a fault of ours: nothing else may leave."""
    logon = fix.Message("8=FIX.4.4\x019=0\x0135=A\x0134=1\x0149=CLIENT1\x0156=FIXGW\x0110=000\x01", False)
    with pytest.raises(fix.RejectLogon):
        door("a request", FakePostman()).fromAdmin(logon, SESSION_ID)
