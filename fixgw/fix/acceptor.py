"""The order-entry door: QuickFIX's callbacks, and a wall that only its own four exceptions may pass.

Any other exception leaving a callback would freeze the process.  Whatever happens, the client is answered.
"""

import logging
import time
from collections.abc import Callable

import quickfix as fix

from fixgw.fix.inbound import REJECTS, SOH, Decoder, Request
from fixgw.fix.outbound import Encoder, Report, business_reject
from fixgw.fix.sessions import BEGIN_STRING, Postman
from fixgw.spec import tags
from fixgw.spec.inquiries import Answer
from fixgw.spec.sequenced import Sequenced

log = logging.getLogger("fixgw.fix.acceptor")

_REJECT_OTHER = "0"
_REJECT_APPLICATION_NOT_AVAILABLE = "4"
_CANCEL_ON_DISCONNECT = (tags.CANCEL_ON_DISCONNECT_TYPE, 8013, 9001)

RESEND_PAUSE_S = 200e-6
"""For each message sent again, no other resend for so long; it takes some 30 us, all others waiting."""
RESEND_ALWAYS_MAX = 100
"""A ResendRequest for no more messages is answered whenever it comes."""

TICK_INTERVAL_S = 0.5
"""How often QuickFIX looks at heartbeats when no connection is quiet; it does so itself after a quiet second."""


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
        self._session_ids: dict[str, fix.SessionID] = {}
        self._resend_again_at: dict[str, float] = {}
        self._ticked_at = time.monotonic()

    def fromApp(self, message: fix.Message, session_id: fix.SessionID) -> None:
        # message and session_id belong to QuickFIX: read them before we return.
        self._tick(session_id)
        try:
            if not self._offer(self._decode(message.toString())):
                text = "too many requests are waiting; this one was not taken, send it again"
                self._answer(message, session_id, _REJECT_APPLICATION_NOT_AVAILABLE, text)
        except REJECTS as reject:
            if isinstance(reject, fix.UnsupportedMessageType) and _is_business_reject(message):
                # To reject a reject could go on for ever.
                log.warning("%s sent %s", session_id.toString(), message.toString().replace(SOH, "|"))
                return
            # QuickFIX's wrapper never lets go of an exception: its traceback would keep the whole message.
            reject.__context__ = None
            raise reject.with_traceback(None) from None
        except Exception:
            log.exception("a message of %s could not be read", session_id)
            self._answer(message, session_id, _REJECT_OTHER, "the venue failed to read this message")

    def _answer(self, message: fix.Message, session_id: fix.SessionID, reason: str, text: str) -> None:
        header = message.getHeader()
        session = session_id.getTargetCompID().getValue()
        seq_num, msg_type = header.getField(tags.MSG_SEQ_NUM), header.getField(tags.MSG_TYPE)
        self._postman.send(business_reject(session, seq_num, msg_type, reason, text))

    def fromAdmin(self, message: fix.Message, session_id: fix.SessionID) -> None:
        self._tick(session_id)
        msg_type = message.getHeader().getField(tags.MSG_TYPE)
        if msg_type == "2":
            self._judge_resend(message, session_id)
        if msg_type != "A":
            return
        try:
            self._judge_logon(message, session_id)
        except fix.RejectLogon:
            raise
        except Exception:
            log.exception("a logon of %s could not be judged", session_id)
            raise fix.RejectLogon("the venue failed to judge this logon") from None

    def _judge_resend(self, request: fix.Message, session_id: fix.SessionID) -> None:
        """Refuse a ResendRequest for many messages right after another: everybody waits while they are sent."""
        name, session = session_id.toString(), fix.Session.lookupSession(session_id)
        begin, end = request.getField(tags.BEGIN_SEQ_NO), request.getField(tags.END_SEQ_NO)
        if session is None or not (begin.isdecimal() and end.isdecimal()):
            return  # QuickFIX finds its own words
        last = session.getExpectedSenderNum() - 1
        count = max(0, min(int(end) or last, last) - int(begin) + 1)
        now = time.monotonic()
        again_at = max(now, self._resend_again_at.get(name, now))
        if count > RESEND_ALWAYS_MAX and now < again_at:
            log.warning(
                "%s asks for %d messages again too soon; refused", session_id.getTargetCompID().getValue(), count
            )
            raise fix.IncorrectTagValue(tags.BEGIN_SEQ_NO)
        self._resend_again_at[name] = again_at + count * RESEND_PAUSE_S

    def _judge_logon(self, message: fix.Message, session_id: fix.SessionID) -> None:
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
        if logon.getField(tags.HEART_BT_INT).startswith("-"):
            return "HeartBtInt(108) is negative; 0 asks for no heartbeats"
        return None

    def _put_back_sender_num(self, key: str, session: fix.Session) -> None:
        """Undo the number that the Logout of a refused logon used up, so that a stranger cannot shift a client."""
        number = self._sender_num_to_put_back.pop(key, None)
        if number is not None and session.getExpectedSenderNum() == number + 1:
            session.setNextSenderMsgSeqNum(number)

    def _tick(self, busy: fix.SessionID) -> None:
        """Let QuickFIX look at the heartbeats of the other sessions.

        It does so itself only when no connection had anything to read for a second: one busy client would
        leave quiet ones without heartbeats, and silent ones without an end.
        """
        now = time.monotonic()
        if now - self._ticked_at < TICK_INTERVAL_S:
            return
        self._ticked_at = now
        busy_name = busy.toString()
        for name, session_id in self._session_ids.items():
            session = fix.Session.lookupSession(session_id)
            if session is not None and name != busy_name:
                session.next(fix.UtcTimeStamp.now())  # type: ignore[attr-defined]  # not in the stub

    def onCreate(self, session_id: fix.SessionID) -> None:
        sender, target = session_id.getSenderCompID().getValue(), session_id.getTargetCompID().getValue()
        self._session_ids[session_id.toString()] = fix.SessionID(BEGIN_STRING, sender, target)

    def onLogon(self, session_id: fix.SessionID) -> None:
        log.info("%s logged on", session_id.getTargetCompID().getValue())

    def onLogout(self, session_id: fix.SessionID) -> None:
        log.info("%s logged out", session_id.getTargetCompID().getValue())

    def toAdmin(self, message: fix.Message, session_id: fix.SessionID) -> None:  # noqa: ARG002 - QuickFIX's signature
        self._tick(session_id)

    def toApp(self, message: fix.Message, session_id: fix.SessionID) -> None:
        pass


def _is_business_reject(message: fix.Message) -> bool:
    return message.getHeader().getField(tags.MSG_TYPE) == "j"


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
