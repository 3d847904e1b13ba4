"""The numbers of the FIX sessions: the journal knows each MsgSeqNum(34) before the message leaves.

Reports of events are numbered in the order of the journal, without a word.  What else takes a number is noted
in the journal first: Logons, heartbeats and rejects of QuickFIX's own, and answers to inquiries.  So the journal
alone tells, after any crash, what every session was sent under which number, and how far it was heard
(docs/decisions/0008).
"""

from collections.abc import Callable
from typing import Protocol

import quickfix as fix

from fixgw.fix.fields import SOH
from fixgw.spec import tags
from fixgw.spec.commands import CloseSession, OpenSession, SessionCommand, UseNumber

_SEQUENCE_RESET = "4"  # a gap fill: it takes the numbers of what it stands for
_HEADER = frozenset(
    {
        tags.BEGIN_STRING,
        tags.BODY_LENGTH,
        tags.MSG_TYPE,
        tags.SENDER_COMP_ID,
        tags.TARGET_COMP_ID,
        tags.MSG_SEQ_NUM,
        tags.SENDING_TIME,
        tags.CHECK_SUM,
    }
)


class Outgoing(Protocol):
    """Who sees what QuickFIX is about to send, and who comes and goes."""

    def to_admin(self, message: fix.Message, session_id: fix.SessionID) -> None: ...
    def to_app(self, message: fix.Message, session_id: fix.SessionID) -> None:
        """See a message that is no report of an event, or is sent again."""
        ...

    def opened(self, session_id: fix.SessionID) -> None: ...
    def closed(self, session_id: fix.SessionID) -> None: ...


class Record(Protocol):
    """The journal, by way of the sequencer: what is recorded is written when the call returns."""

    def record(self, *commands: SessionCommand) -> None: ...

    @property
    def is_idle(self) -> bool:
        """Whether nothing that a session sent is still to be written."""
        ...


class Numbering:
    """Notes the numbers that no event accounts for."""

    def __init__(self, record: Record, begun_anew: Callable[[str], None] = lambda _session: None) -> None:
        """``begun_anew`` is told of a session whose numbers begin at 1 again."""
        self._record = record
        self._begun_anew = begun_anew
        self._to_settle: list[tuple[type[OpenSession | CloseSession], fix.SessionID]] = []

    def to_admin(self, message: fix.Message, session_id: fix.SessionID) -> None:
        header = message.getHeader()
        msg_type = header.getField(tags.MSG_TYPE)
        if msg_type != _SEQUENCE_RESET:
            self._note(session_id, int(header.getField(tags.MSG_SEQ_NUM)), msg_type, None)

    def to_app(self, message: fix.Message, session_id: fix.SessionID) -> None:
        header = message.getHeader()
        if not header.isSetField(tags.POSS_DUP_FLAG):  # else it has been sent before
            number, msg_type = int(header.getField(tags.MSG_SEQ_NUM)), header.getField(tags.MSG_TYPE)
            self._note(session_id, number, msg_type, _body(message.toString()))

    def opened(self, session_id: fix.SessionID) -> None:
        """Remember to note that a client has logged on."""
        self._to_settle.append((OpenSession, session_id))

    def closed(self, session_id: fix.SessionID) -> None:
        """Remember to note that a client is away: only when QuickFIX returns is its state what it will be."""
        self._to_settle.append((CloseSession, session_id))

    @property
    def is_settled(self) -> bool:
        """Whether all who came and went are noted."""
        return not self._to_settle

    def settle(self) -> None:
        """Note who came and went, with the numbers they have; between two passes."""
        if self._to_settle and self._record.is_idle:
            for kind, session_id in self._to_settle:
                session, name = _session(session_id), session_id.getTargetCompID().getValue()
                if session.getExpectedSenderNum() == 1:
                    self._begun_anew(name)
                self._record.record(kind(name, session.getExpectedSenderNum(), session.getExpectedTargetNum()))
            self._to_settle.clear()

    def _note(self, session_id: fix.SessionID, number: int, msg_type: str, body: str | None) -> None:
        name, expected = session_id.getTargetCompID().getValue(), self._expected(_session(session_id))
        if number == 1:
            self._begun_anew(name)
        self._record.record(UseNumber(name, number, expected, msg_type, body))

    def _expected(self, session: fix.Session) -> int:
        """Return what is expected next from the client, or 0 while the journal does not have all that QuickFIX has."""
        return session.getExpectedTargetNum() if self._record.is_idle else 0


def _session(session_id: fix.SessionID) -> fix.Session:
    session = fix.Session.lookupSession(session_id)
    assert session is not None, session_id.toString()
    return session


def _body(text: str) -> str:
    """Return the fields of a message without those that QuickFIX fills in."""
    fields = text.split(SOH)[:-1]
    return "".join(field + SOH for field in fields if int(field.partition("=")[0]) not in _HEADER)
