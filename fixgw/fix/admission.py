"""Admission: who may log on, and how often a client may ask for old messages again."""

import logging
import time
from collections.abc import Callable

import quickfix as fix

from fixgw.fix.resends import Resends
from fixgw.spec import tags

RESEND_PAUSE_S = 200e-6
"""For each message sent again, no other resend for so long; it takes some 30 us, all others waiting."""
RESEND_ALWAYS_MAX = 100
"""A ResendRequest for no more messages is answered so much earlier."""
RESEND_ALLOWANCE_S = 1.0
_DIGITS_MAX = 20

_CANCEL_ON_DISCONNECT = (
    tags.CANCEL_ON_DISCONNECT_TYPE,
    tags.CANCEL_ORDERS_ON_DISCONNECT,
    tags.CANCEL_ON_DISCONNECT,
)

log = logging.getLogger("fixgw.fix.admission")


class Admission:
    """Judges the administrative messages on which QuickFIX alone would be too generous."""

    def __init__(
        self,
        may_log_on: Callable[[], bool],
        resends: Resends,
        why_not: Callable[[str], str | None] = lambda _session: None,
    ) -> None:
        """``why_not`` tells of a session why an operator keeps it out, or None."""
        self._resends = resends
        self._may_log_on = may_log_on
        self._why_kept_out = why_not
        self._sender_num_to_put_back: dict[str, int] = {}
        self._resend_again_at: dict[str, float] = {}

    def judge(self, message: fix.Message, session_id: fix.SessionID) -> None:
        """Raise RejectLogon, or IncorrectTagValue for a ResendRequest that comes too soon."""
        match message.getHeader().getField(tags.MSG_TYPE):
            case "A":
                self._judge_logon(message, session_id)
            case "2":
                self._judge_resend(message, session_id)

    def _judge_logon(self, message: fix.Message, session_id: fix.SessionID) -> None:
        session = fix.Session.lookupSession(session_id)
        assert session is not None, session_id
        self._put_back_sender_num(session_id.toString(), session)
        self._resends.forget(session_id.getTargetCompID().getValue())
        why = self._why_kept_out(session_id.getTargetCompID().getValue()) or self._why_not(message)
        if why is not None:
            self._sender_num_to_put_back[session_id.toString()] = session.getExpectedSenderNum()
            log.warning("logon of %s refused: %s", session_id.getTargetCompID().getValue(), why)
            raise fix.RejectLogon(why)

    def _why_not(self, logon: fix.Message) -> str | None:
        if not self._may_log_on():
            return "this port serves the venue's own host only"
        for tag in _CANCEL_ON_DISCONNECT:
            if logon.isSetField(tag) and logon.getField(tag) not in ("0", "N"):
                return f"{tags.NAMES[tag]}({tag}) is not supported; leave it out"
        if logon.getField(tags.HEART_BT_INT).startswith("-"):
            return "HeartBtInt(108) is negative; 0 asks for no heartbeats"
        return None

    def _put_back_sender_num(self, key: str, session: fix.Session) -> None:
        """Undo the number that the Logout of a refused logon used up, so that a stranger cannot shift a client."""
        number = self._sender_num_to_put_back.pop(key, None)
        if number is not None and session.getExpectedSenderNum() == number + 1:
            session.setNextSenderMsgSeqNum(number)

    def _judge_resend(self, request: fix.Message, session_id: fix.SessionID) -> None:
        """Refuse a ResendRequest for many messages right after another: everybody waits while they are sent."""
        name, session = session_id.getTargetCompID().getValue(), fix.Session.lookupSession(session_id)
        texts = request.getField(tags.BEGIN_SEQ_NO), request.getField(tags.END_SEQ_NO)
        if session is None or not all(text.isdecimal() and len(text) < _DIGITS_MAX for text in texts):
            return  # QuickFIX finds its own words
        begin, end = map(int, texts)
        last = session.getExpectedSenderNum() - 1
        end = min(end or last, last)
        if not self._resends.is_going_on:
            self._pace(name, max(0, end - begin + 1))
        self._resends.begin(request, session_id, begin, end)

    def _pace(self, name: str, count: int) -> None:
        """Raise IncorrectTagValue when the session has asked for too much before to get ``count`` messages now."""
        now = time.monotonic()
        again_at = max(now, self._resend_again_at.get(name, now))
        if now < again_at - (RESEND_ALLOWANCE_S if count <= RESEND_ALWAYS_MAX else 0.0):
            log.warning("%s asks for %d messages again too soon; refused", name, count)
            raise fix.IncorrectTagValue(tags.BEGIN_SEQ_NO)
        self._resend_again_at[name] = again_at + count * RESEND_PAUSE_S
