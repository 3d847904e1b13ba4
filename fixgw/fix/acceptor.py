"""The order-entry door: QuickFIX's callbacks, and a wall that only its own four exceptions may pass.

Any other exception leaving a callback would freeze the process.  Whatever happens, the client is answered.
"""

import logging
from collections.abc import Callable

import quickfix as fix

from fixgw.fix.inbound import REJECTS, Decoder, Request
from fixgw.fix.outbound import Encoder, Report, business_reject
from fixgw.fix.sessions import Postman
from fixgw.spec import tags
from fixgw.spec.inquiries import Answer
from fixgw.spec.sequenced import Sequenced

log = logging.getLogger("fixgw.fix.acceptor")

_REJECT_OTHER = "0"
_REJECT_APPLICATION_NOT_AVAILABLE = "4"
_CANCEL_ON_DISCONNECT = (tags.CANCEL_ON_DISCONNECT_TYPE, 8013, 9001)


class OrderEntry(fix.Application):
    """Turns what clients send into requests for the sequencer.  QuickFIX calls it on one thread for all sessions."""

    def __init__(
        self,
        decoder: Decoder,
        offer: Callable[[Request], bool],
        postman: Postman,
        may_log_on: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._decode = decoder.decode
        self._offer = offer
        self._postman = postman
        self._may_log_on = may_log_on
        self._sender_num_to_put_back: dict[str, int] = {}

    def fromApp(self, message: fix.Message, session_id: fix.SessionID) -> None:
        # message and session_id belong to QuickFIX: read them before we return.
        try:
            if not self._offer(self._decode(message.toString())):
                text = "too many requests are waiting; this one was not taken, send it again"
                self._answer(message, session_id, _REJECT_APPLICATION_NOT_AVAILABLE, text)
        except REJECTS:
            raise
        except Exception:
            log.exception("a message of %s could not be read", session_id)
            self._answer(message, session_id, _REJECT_OTHER, "the venue failed to read this message")

    def _answer(self, message: fix.Message, session_id: fix.SessionID, reason: str, text: str) -> None:
        header = message.getHeader()
        session = session_id.getTargetCompID().getValue()
        seq_num, msg_type = header.getField(tags.MSG_SEQ_NUM), header.getField(tags.MSG_TYPE)
        self._postman.send(business_reject(session, seq_num, msg_type, reason, text))

    def fromAdmin(self, message: fix.Message, session_id: fix.SessionID) -> None:
        if message.getHeader().getField(tags.MSG_TYPE) != "A":
            return
        session = fix.Session.lookupSession(session_id)
        assert session is not None, session_id
        self._put_back_sender_num(session_id.toString(), session)
        why = self._why_not(message)
        if why is not None:
            self._sender_num_to_put_back[session_id.toString()] = session.getExpectedSenderNum()
            log.warning("logon of %s refused: %s", session_id.getTargetCompID().getValue(), why)
            raise fix.RejectLogon(why)

    def _why_not(self, logon: fix.Message) -> str | None:
        if not self._may_log_on():
            return "this port serves the venue's own host only"
        for tag in _CANCEL_ON_DISCONNECT:
            if logon.isSetField(tag) and logon.getField(tag) not in ("0", "N"):
                return f"{tags.NAMES.get(tag, 'CancelOnDisconnect')}({tag}) is not supported; leave it out"
        return None

    def _put_back_sender_num(self, key: str, session: fix.Session) -> None:
        """Undo the number that the Logout of a refused logon used up, so that a stranger cannot shift a client."""
        number = self._sender_num_to_put_back.pop(key, None)
        if number is not None and session.getExpectedSenderNum() == number + 1:
            session.setNextSenderMsgSeqNum(number)

    def onCreate(self, session_id: fix.SessionID) -> None:
        pass

    def onLogon(self, session_id: fix.SessionID) -> None:
        log.info("%s logged on", session_id.getTargetCompID().getValue())

    def onLogout(self, session_id: fix.SessionID) -> None:
        log.info("%s logged out", session_id.getTargetCompID().getValue())

    def toAdmin(self, message: fix.Message, session_id: fix.SessionID) -> None:
        pass

    def toApp(self, message: fix.Message, session_id: fix.SessionID) -> None:
        pass


class ReportSender:
    """Tells clients what happened, on the sequencer's thread, after the journal has it."""

    def __init__(self, encoder: Encoder, send: Callable[[Report], None]) -> None:
        self._encoder = encoder
        self._send = send

    def tell(self, sequenced: Sequenced) -> None:
        for event in sequenced.events:
            for report in self._encoder.reports(event, sequenced.time_ns):
                self._send(report)

    def tell_answer(self, answer: Answer, time_ns: int) -> None:
        for report in self._encoder.answers(answer, time_ns):
            self._send(report)
