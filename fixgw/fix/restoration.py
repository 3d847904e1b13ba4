"""Restoration: at the start, QuickFIX's stores in memory are brought to where the journal says the sessions were.

A report sent to a session that is logged out is stored and numbered, and answers a ResendRequest later as if it
had been sent then.  So the journal is read once, each report is given to QuickFIX again, and the numbers between
them are those that the journal notes (docs/decisions/0008).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import quickfix as fix

from fixgw.fix.ledger import Ledger
from fixgw.fix.outbound import Encoder, Report, TimeText
from fixgw.fix.postman import Postman
from fixgw.spec import tags
from fixgw.spec.commands import (
    CancelList,
    CancelOrder,
    CancelQuotes,
    CloseSession,
    MassCancel,
    MassQuote,
    NewOrder,
    NewOrderList,
    OpenSession,
    Quote,
    RefuseChange,
    RefuseOrder,
    ReplaceOrder,
    ResetSession,
    UseNumber,
)
from fixgw.spec.events import SessionReset
from fixgw.spec.sequenced import Sequenced


def _placeholder(session: str) -> Report:
    """Return what is stored under a number that a gap fill will close: nothing of it is ever sent again."""
    return Report(session, "0", "")


class Restoration:
    """Takes the frames of the journal in order; is what sees QuickFIX's messages meanwhile."""

    def __init__(
        self,
        encoder: Encoder,
        postman: Postman,
        session_ids: Mapping[str, fix.SessionID],
        ledger: Ledger,
        begun_anew: Callable[[str], None],
    ) -> None:
        """``session_ids`` are those of the sessions that there are now; what others had is passed over.

        ``ledger`` says where the sessions are before the first frame.  ``begun_anew`` is told of a session whose
        numbers begin at 1 in one of the frames.
        """
        self._encoder = encoder
        self._postman = postman
        self._session_ids = session_ids
        self._sessions = {
            name: session
            for name, session_id in session_ids.items()
            if (session := fix.Session.lookupSession(session_id)) is not None
        }
        for name, session in self._sessions.items():
            session.setNextSenderMsgSeqNum(ledger.of(name).next_msg_seq_num)
        self._begun_anew = begun_anew
        self._expected = {name: ledger.of(name).expected_msg_seq_num for name in self._sessions}
        self._to_begin_anew = {name for name in self._sessions if ledger.of(name).is_to_begin_anew}
        """Sessions that an operator has reset, while the journal does not say yet that it was done."""
        self.begun_anew: list[fix.SessionID] = []
        """Sessions that were reset only now, since the process was killed before it could: to be noted."""
        self._time = TimeText()
        self._sending_time = ""

    def beside(self, frames: Iterable[Sequenced]) -> Iterator[Sequenced]:
        """Yield the frames as they are, restoring each when the next is asked for; at the end all is as it was."""
        for frame in frames:
            yield frame
            self._restore(frame)
        for name in sorted(self._to_begin_anew & self._sessions.keys()):
            self.begun_anew.append(self._session_ids[name])
            self._go_on_from(name, 1)
            self._expected[name] = 1
        for name, session in self._sessions.items():
            session.setNextTargetMsgSeqNum(self._expected[name])

    def _restore(self, frame: Sequenced) -> None:
        self._sending_time = self._time.of(frame.time_ns)
        match frame.command:
            case UseNumber():
                self._use_number(frame.command)
            case OpenSession() | CloseSession():
                self._go_on_from(frame.command.session, frame.command.next_msg_seq_num)
                self._expect(frame.command.session, frame.command.expected_msg_seq_num)
            case NewOrder() | CancelOrder() | ReplaceOrder() | MassCancel() | RefuseOrder() | RefuseChange() as command:
                self._expect(command.session, command.msg_seq_num and command.msg_seq_num + 1)
            case Quote() | MassQuote() | CancelQuotes() | NewOrderList() | CancelList() as command:
                self._expect(command.session, command.msg_seq_num and command.msg_seq_num + 1)
            case ResetSession() if any(isinstance(event, SessionReset) for event in frame.events):
                self._to_begin_anew.add(frame.command.session)
            case _:
                pass  # no message of a session asked for it
        for event in frame.events:
            for report in self._encoder.reports(event, frame.time_ns):
                self._store(report)

    def _use_number(self, command: UseNumber) -> None:
        self._go_on_from(command.session, command.msg_seq_num)
        if command.body is None:
            self._go_on_from(command.session, command.msg_seq_num + 1)
        else:
            self._store(Report(command.session, command.msg_type, command.body))
        self._expect(command.session, command.expected_msg_seq_num)

    def _go_on_from(self, name: str, number: int) -> None:
        """Have ``number`` be next; when it is 1 the session began anew, and all before is forgotten."""
        if number == 1:
            self._to_begin_anew.discard(name)
        session = self._sessions.get(name)
        if session is None or number == session.getExpectedSenderNum():
            return
        if number == 1:
            session.reset()
            self._expected[name] = 1
            self._begun_anew(name)
        elif number < session.getExpectedSenderNum():
            session.setNextSenderMsgSeqNum(number)
        # From a store with a hole where a resend should begin, QuickFIX reads nothing at all.
        while session.getExpectedSenderNum() < number:
            self._store(_placeholder(name))

    def _store(self, report: Report) -> None:
        if report.session in self._sessions:
            self._postman.send(report)

    def _expect(self, name: str, number: int) -> None:
        if number and name in self._expected:
            self._expected[name] = number

    def to_admin(self, message: fix.Message, session_id: fix.SessionID) -> None:
        """QuickFIX takes leave of a session as it is reset; nobody is there to read it."""

    def to_app(self, message: fix.Message, session_id: fix.SessionID) -> None:  # noqa: ARG002 - QuickFIX's signature
        """Let the message have the time of its event, so that it is found in OrigSendingTime(122)."""
        message.getHeader().setField(tags.SENDING_TIME, self._sending_time)

    def opened(self, session_id: fix.SessionID) -> None:
        raise AssertionError(f"{session_id.toString()} logged on before the venue was open")

    def closed(self, session_id: fix.SessionID) -> None:
        """A session that is reset is out already."""
