"""The order-entry door: QuickFIX's callbacks, and a wall that only QuickFIX's own exceptions may pass.

Any other exception leaving a callback would freeze the process.  Whatever happens, the client is answered.
"""

import logging
from collections.abc import Callable
from typing import NoReturn

import quickfix as fix

from fixgw.fix.admission import Admission
from fixgw.fix.direct_calls import to_string
from fixgw.fix.fields import REJECTS, SOH
from fixgw.fix.inbound import Decoder, Request
from fixgw.fix.numbering import Outgoing
from fixgw.fix.outbound import NOT_AVAILABLE, business_reject
from fixgw.fix.postman import Postman
from fixgw.fix.sessions import BEGIN_STRING
from fixgw.spec import tags

log = logging.getLogger("fixgw.fix.acceptor")

_REJECT_OTHER = "0"


class OrderEntry(fix.Application):
    """Turns what clients send into requests for the sequencer."""

    def __init__(
        self,
        decoder: Decoder,
        postman: Postman,
        admission: Admission,
        stop_hard: Callable[[BaseException], NoReturn],
    ) -> None:
        """``stop_hard`` ends the process: for a message that may not leave, since the journal could not take it."""
        super().__init__()
        self._decode = decoder.decode
        self._postman = postman
        self._admission = admission
        self._stop_hard = stop_hard
        self.outgoing: Outgoing
        """Who sees what QuickFIX is about to send; to be set before it sends anything."""
        self.offer: Callable[[Request], bool]
        """Takes a request, or says that there are too many; to be set before anybody can connect."""
        self.come: Callable[[str], None] = lambda _session: None
        """Is told of each client that has logged on, right behind the answer."""
        self.gone: Callable[[str], None] = lambda _session: None
        """Is told of each client that has logged out or was lost, after all that it sent."""
        self._session_ids: list[fix.SessionID] = []
        self.logged_on: set[str] = set()
        """CompIDs of the clients that are logged on now."""
        self.fault: Exception | None = None
        """What must stop the venue but may not leave a callback; for the gateway to raise."""

    def fromApp(self, message: fix.Message, session_id: fix.SessionID) -> None:
        # message and session_id belong to QuickFIX: read them before we return.
        try:
            if not self.offer(self._decode(to_string(message))):
                text = "too many requests are waiting; this one was not taken, send it again"
                self._answer(message, session_id, NOT_AVAILABLE, text)
        except REJECTS as reject:
            if not self._is_a_reject_itself(message, reject):
                _leave(reject)
        except Exception as error:
            self._fail(message, session_id, error)

    def fromAdmin(self, message: fix.Message, session_id: fix.SessionID) -> None:
        try:
            self._admission.judge(message, session_id)
        except (fix.RejectLogon, fix.IncorrectTagValue) as reject:
            _leave(reject)
        except Exception:
            log.exception("a message of %s could not be judged", session_id.toString())
            _leave(fix.RejectLogon("the venue failed to judge this message"))

    def _fail(self, message: fix.Message, session_id: fix.SessionID, error: Exception) -> None:
        """Our own fault: the client is told, and trading goes on, unless even that fails."""
        log.error("a message of %s could not be read", session_id.toString(), exc_info=error)
        try:
            self._answer(message, session_id, _REJECT_OTHER, "the venue failed to read this message")
        except Exception as fault:
            self.fault = fault

    def _answer(self, message: fix.Message, session_id: fix.SessionID, reason: str, text: str) -> None:
        header = message.getHeader()
        session = session_id.getTargetCompID().getValue()
        seq_num, msg_type = header.getField(tags.MSG_SEQ_NUM), header.getField(tags.MSG_TYPE)
        self._postman.send(business_reject(session, seq_num, msg_type, reason, text))

    def _is_a_reject_itself(self, message: fix.Message, reject: Exception) -> bool:
        """A BusinessMessageReject from a client is noted only: to reject a reject could go on for ever."""
        if not isinstance(reject, fix.UnsupportedMessageType):
            return False
        if message.getHeader().getField(tags.MSG_TYPE) != "j":
            return False
        log.warning("received %s", message.toString().replace(SOH, "|").encode("ascii", "replace").decode())
        return True

    def tick(self) -> None:
        """Let QuickFIX look at the heartbeats of all sessions; between two passes only.

        It does so itself only in a pass in which no connection has anything to read: one busy client would
        leave quiet ones without heartbeats, and silent ones without an end.
        """
        now = fix.UtcTimeStamp.now()
        for session_id in self._session_ids:
            session = fix.Session.lookupSession(session_id)
            if session is not None:
                session.next(now)

    def onCreate(self, session_id: fix.SessionID) -> None:
        self._session_ids.append(_copy(session_id))

    def onLogon(self, session_id: fix.SessionID) -> None:
        session = session_id.getTargetCompID().getValue()
        log.info("%s logged on", session)
        self.logged_on.add(session)
        self.come(session)
        self.outgoing.opened(_copy(session_id))

    def onLogout(self, session_id: fix.SessionID) -> None:
        session = session_id.getTargetCompID().getValue()
        log.info("%s logged out", session)
        self.logged_on.discard(session)
        self.gone(session)
        self.outgoing.closed(_copy(session_id))

    def toAdmin(self, message: fix.Message, session_id: fix.SessionID) -> None:
        try:
            self.outgoing.to_admin(message, session_id)
        except BaseException as fault:
            self._stop_hard(fault)

    def toApp(self, message: fix.Message, session_id: fix.SessionID) -> None:
        if self._postman.is_reporting:
            return  # the journal has the event, and so the number
        try:
            self.outgoing.to_app(message, session_id)
        except BaseException as fault:
            self._stop_hard(fault)


def _copy(session_id: fix.SessionID) -> fix.SessionID:
    """Return a SessionID of our own; the one in a callback is QuickFIX's."""
    sender, target = session_id.getSenderCompID().getValue(), session_id.getTargetCompID().getValue()
    return fix.SessionID(BEGIN_STRING, sender, target)


def _leave(reject: Exception) -> NoReturn:
    """Raise ``reject`` out of a callback.

    QuickFIX's wrapper never lets go of an exception: its traceback would keep the whole message.
    """
    reject.__context__ = None
    raise reject.with_traceback(None) from None
