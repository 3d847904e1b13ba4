"""Control of the FIX sessions by operators: logged out, kept out, their numbers begun anew.

What is asked for is done between two passes of QuickFIX, never while the sequencer tells what happened: the
messages that QuickFIX sends then are noted in the journal, in their place.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import quickfix as fix

from fixgw.spec.events import SessionDisabled, SessionLoggedOut, SessionReset
from fixgw.spec.inquiries import SessionConnection
from fixgw.spec.restriction import Restriction
from fixgw.spec.sequenced import Sequenced

LOGOUT_MAX_S = 2.0  # for a client to answer its Logout; then it is cut off

log = logging.getLogger("fixgw.fix.control")


@dataclass
class _Leaving:
    """A session that is being logged out, and may not log on meanwhile."""

    session: fix.Session
    give_up_at: float
    begins_anew: bool = False


class SessionControl:
    """Follows what the venue did to sessions; ``work`` carries it out."""

    def __init__(
        self,
        session_ids: Mapping[str, fix.SessionID],
        disabled: Callable[[], Mapping[str, Restriction]],
        note_away: Callable[[fix.SessionID], None],
    ) -> None:
        """``disabled`` is asked anew for each logon; ``note_away`` is told of a session whose numbers changed."""
        self._session_ids = session_ids
        self._note_away = note_away
        self._disabled = disabled
        self._to_leave: list[SessionDisabled | SessionLoggedOut | SessionReset] = []
        self._leaving: dict[str, _Leaving] = {}

    def why_not(self, session: str) -> str | None:
        """Return why the session may not log on, or None."""
        disabled = self._disabled().get(session)
        return None if disabled is None else f"{session} is disabled by the operator: {disabled.reason}"

    def connections(self) -> dict[str, SessionConnection]:
        """Return how each session stands with its client; on QuickFIX's thread."""
        return {
            name: SessionConnection(
                session.isLoggedOn(), session.getExpectedSenderNum(), session.getExpectedTargetNum()
            )
            for name in self._session_ids
            if (session := self._session(name)) is not None
        }

    @property
    def is_settled(self) -> bool:
        """Whether all that was asked for is done."""
        return not self._to_leave and not self._leaving

    def tell(self, sequenced: Sequenced) -> None:
        """Remember what is to be done."""
        for event in sequenced.events:
            if isinstance(event, SessionDisabled | SessionLoggedOut | SessionReset):
                self._to_leave.append(event)

    def work(self) -> None:
        """Do what was asked for, as far as it can be done now; between two passes."""
        if self._to_leave:
            for event in self._to_leave:
                self._begin(event)
            self._to_leave.clear()
        if self._leaving:
            for name in list(self._leaving):
                self._go_on(name)

    def _begin(self, event: SessionDisabled | SessionLoggedOut | SessionReset) -> None:
        session = self._session(event.session)
        if session is None:
            return  # it is in the journal, and no longer in the configuration
        begins_anew = isinstance(event, SessionReset)
        if event.session not in self._leaving:
            self._leaving[event.session] = _Leaving(session, time.monotonic() + LOGOUT_MAX_S)
            session.logout(f"{_DONE[type(event)]} by the operator: {event.reason}")
            session.next(fix.UtcTimeStamp.now())
        self._leaving[event.session].begins_anew |= begins_anew

    def _go_on(self, name: str) -> None:
        leaving = self._leaving[name]
        if leaving.session.isLoggedOn():
            if time.monotonic() < leaving.give_up_at:
                return
            log.warning("%s does not answer its Logout; it is cut off", name)
            leaving.session.disconnect()
        if leaving.begins_anew:
            leaving.session.reset()
            self._note_away(self._session_ids[name])
        leaving.session.logon()  # QuickFIX may let it log on again: whether it may, the admission says
        del self._leaving[name]

    def _session(self, name: str) -> fix.Session | None:
        session_id = self._session_ids.get(name)
        return None if session_id is None else fix.Session.lookupSession(session_id)


_DONE = {SessionDisabled: "disabled", SessionLoggedOut: "logged out", SessionReset: "logged out and reset"}
