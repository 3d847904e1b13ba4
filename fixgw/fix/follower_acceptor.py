"""A FIX acceptor beside a follower of the journal: one thread polls both, as the gateway does with its sequencer."""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import quickfix as fix

from fixgw.fix.admission import Admission
from fixgw.fix.corks import Corks
from fixgw.fix.doorkeeper import Doorkeeper
from fixgw.fix.fields import REJECTS
from fixgw.fix.message_tap import MessageTap
from fixgw.fix.outbound import Report, business_reject
from fixgw.fix.postman import Postman
from fixgw.fix.readiness import Readiness, Traffic
from fixgw.fix.resends import Resends
from fixgw.fix.sessions import BEGIN_STRING, log_out_all, session_ids, write_settings
from fixgw.journal.follower import Follower
from fixgw.spec import tags

TICK_INTERVAL_S = 0.5
LOGOUT_TIMEOUT_S = 0.5
GATHER_S = 0.001
"""How long the journal may go on before it is looked at again: a wake for each frame costs more than telling of it."""
FRAMES_MAX = 200
"""Frames told before QuickFIX is looked at again; some milliseconds of work."""

_REJECT_OTHER = "0"

log = logging.getLogger("fixgw.fix.follower")


class Door(fix.Application):
    """QuickFIX's callbacks, and a wall that only QuickFIX's own exceptions may pass (docs/decisions/0004)."""

    def __init__(self, admission: Admission) -> None:
        super().__init__()
        self._admission = admission
        self.receive: Callable[[str, str], None]
        """Takes a business message, with the CompID of its sender; may raise one of REJECTS."""
        self.opened: Callable[[str], None] = lambda _session: None
        self.closed: Callable[[str], None] = lambda _session: None
        self.send: Callable[[Report], None]
        self.fault: Exception | None = None
        """What must end the process but may not leave a callback."""

    def fromApp(self, message: fix.Message, session_id: fix.SessionID) -> None:
        session = session_id.getTargetCompID().getValue()
        try:
            self.receive(message.toString(), session)
        except REJECTS as reject:
            _leave(reject)
        except Exception as error:
            log.exception("a message of %s could not be read", session)
            self._answer(message, session, error)

    def _answer(self, message: fix.Message, session: str, error: Exception) -> None:
        header = message.getHeader()
        seq_num, msg_type = header.getField(tags.MSG_SEQ_NUM), header.getField(tags.MSG_TYPE)
        try:
            self.send(
                business_reject(session, seq_num, msg_type, _REJECT_OTHER, "the venue failed to read this message")
            )
        except Exception:
            self.fault = error

    def fromAdmin(self, message: fix.Message, session_id: fix.SessionID) -> None:
        try:
            self._admission.judge(message, session_id)
        except (fix.RejectLogon, fix.IncorrectTagValue) as reject:
            _leave(reject)
        except Exception:
            log.exception("a message of %s could not be judged", session_id.toString())
            _leave(fix.RejectLogon("the venue failed to judge this message"))

    def onCreate(self, session_id: fix.SessionID) -> None:
        pass

    def onLogon(self, session_id: fix.SessionID) -> None:
        self._note(self.opened, session_id, "logged on")

    def onLogout(self, session_id: fix.SessionID) -> None:
        self._note(self.closed, session_id, "logged out")

    def _note(self, note: Callable[[str], None], session_id: fix.SessionID, what: str) -> None:
        session = session_id.getTargetCompID().getValue()
        log.info("%s %s", session, what)
        try:
            note(session)
        except Exception as error:
            self.fault = error

    def toAdmin(self, message: fix.Message, session_id: fix.SessionID) -> None:
        pass

    def toApp(self, message: fix.Message, session_id: fix.SessionID) -> None:
        pass


def _leave(reject: Exception) -> NoReturn:
    """Raise ``reject`` out of a callback, without what it saw: QuickFIX's wrapper never lets go of it."""
    reject.__context__ = None
    raise reject.with_traceback(None) from None


class FollowerAcceptor:
    """The acceptor of one follower process, from ``open`` to ``close``; on the loopback interface only."""

    def __init__(
        self,
        comp_id: str,
        port: int,
        sessions: Mapping[str, Mapping[str, str]],
        folder: Path,
        make_stores: Callable[[fix.SessionSettings], fix.MessageStoreFactory],
        tap: MessageTap | None = None,
    ) -> None:
        """``sessions`` maps the CompID of each client to QuickFIX's settings for it; ``folder`` is for QuickFIX."""
        self._comp_id = comp_id
        self._port = port
        self._names = list(sessions)
        self._readiness = Readiness()
        self._traffic = Traffic()
        self._doorkeeper = Doorkeeper(port, self._readiness, self._traffic)
        self._resends = Resends()
        self.door = Door(Admission(self._doorkeeper.may_log_on, self._resends))
        self.postman = Postman(comp_id, sessions, self._traffic, Corks())
        self.door.send = self.postman.send
        # QuickFIX keeps no reference to these: they must live as long as the acceptor.
        self._settings = write_settings(folder, comp_id, port, sessions)
        self._stores = make_stores(self._settings)
        self._tap = tap
        self._acceptor = fix.SocketAcceptor(self.door, self._stores, self._settings, tap)
        self._tick_at = 0.0
        self._listener = -1

    def session(self, name: str) -> fix.Session:
        session = fix.Session.lookupSession(fix.SessionID(BEGIN_STRING, self._comp_id, name))
        assert session is not None, name
        return session

    def open(self) -> None:
        """Listen, on the loopback interface only; raises OSError."""
        self._acceptor.poll()
        listener = self._doorkeeper.fence()
        if listener is None:
            raise OSError(f"127.0.0.1:{self._port} does not listen: is another process there?")
        self._listener = listener
        self._doorkeeper.scan()
        self._doorkeeper.start()

    def serve(self, follower: Follower, tell: Callable[[], bool], should_stop: Callable[[], bool]) -> None:
        """Serve until told to stop; ``tell`` reads on in the journal and returns whether there was anything."""
        self._readiness.watch(follower.fileno())
        while not should_stop():
            self._pass()
            if tell():
                time.sleep(GATHER_S)
            else:
                self._wait()
        self._close()

    def _pass(self) -> None:
        self._acceptor.poll()
        self._traffic.passes += 1
        if self.door.fault is not None:
            raise self.door.fault
        self._resends.go_on()
        now = time.monotonic()
        if self._tap is not None:
            self._tap.send_if_due(now)
        if now >= self._tick_at:
            self._tick_at = now + TICK_INTERVAL_S
            utc_now = fix.UtcTimeStamp.now()
            for name in self._names:
                self.session(name).next(utc_now)

    def _wait(self) -> None:
        if self._listener in self._readiness.wait(self._resends.longest_wait_s):
            # Somebody comes in: QuickFIX accepts in this pass, and from then on we wait for that socket too.
            self._acceptor.poll()
            self._doorkeeper.scan()

    def _close(self) -> None:
        all_are_out = log_out_all(self._comp_id, session_ids(self._comp_id, self._names), "the venue stops")
        give_up_at = time.monotonic() + LOGOUT_TIMEOUT_S
        while not all_are_out() and time.monotonic() < give_up_at:
            self._pass()
            self._wait()
        self._doorkeeper.stop()
        if self._tap is not None:
            self._tap.close()
