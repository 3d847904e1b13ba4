"""Resends: old messages that a client asks for, a slice at a time, so that nobody waits while thousands are sent again.

QuickFIX answers a ResendRequest(35=2) in one go, 30 us a message, with all other sessions standing still.  So a
request for many is cut down to its first slice before QuickFIX reads it, and given to it again for each further one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import quickfix as fix

from fixgw.fix.outbound import TimeText
from fixgw.fix.readiness import TICK_S
from fixgw.fix.sessions import BEGIN_STRING
from fixgw.spec import tags

SLICE = 200
"""Messages sent again in one go: some 6 ms."""
PAUSE_S = 0.02
"""From one slice to the next, of whatever session: a third of the venue's time at most."""

_NO_MSG_SEQ_NUM = 0
"""Of the requests that are ours: below all that a client may send, so that QuickFIX counts none of them."""


@dataclass
class _Rest:
    """What is still to be sent to a session, both numbers included."""

    session_id: fix.SessionID
    begin: int
    end: int


class Resends:
    """What sessions have asked for and were not sent yet; they have a slice each in turn."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self.fetch: Callable[[str, int, int], None] = lambda _session, _begin, _end: None
        """Sees to it that messages of a session, first to last number, are in its store."""
        self.begins_with: Callable[[str], int] = lambda _session: 1
        """Says with which number the messages of a session begin that can be sent again; what precedes is a gap."""
        self._clock = clock
        self._clock_ns = clock_ns
        self._time = TimeText()
        self._rests: dict[str, _Rest] = {}
        self._next_at = 0.0
        self.is_going_on = False
        """Whether the request that QuickFIX looks at is for a further slice."""

    @property
    def longest_wait_s(self) -> float:
        """How long the next pass may be put off."""
        return PAUSE_S if self._rests else TICK_S

    def begin(self, request: fix.Message, session_id: fix.SessionID, begin: int, end: int) -> None:
        """Cut a ``request`` for the messages from ``begin`` to ``end`` down to its first slice, and remember the rest.

        What the session has asked for before is forgotten.
        """
        name = session_id.getTargetCompID().getValue()
        if not self.is_going_on:
            self._rests.pop(name, None)
            # A gap is filled with one message, however long it is.
            first_end = max(begin + SLICE, self.begins_with(name)) - 1
            if end > first_end:
                copy = fix.SessionID(BEGIN_STRING, session_id.getSenderCompID().getValue(), name)
                self._rests[name] = _Rest(copy, first_end + 1, end)
                end = first_end
                request.setField(tags.END_SEQ_NO, str(end))
        self.fetch(name, begin, end)

    def forget(self, name: str) -> None:
        """The session logs on: it will ask again for what it still misses."""
        self._rests.pop(name, None)

    def go_on(self) -> None:
        """Send the next slice, if one is due; between two passes only."""
        if not self._rests or self._clock() < self._next_at:
            return
        name, rest = next(iter(self._rests.items()))
        del self._rests[name]
        session = fix.Session.lookupSession(rest.session_id)
        if session is None or not session.isLoggedOn():
            return
        end = min(rest.end, rest.begin + SLICE - 1)
        self.is_going_on = True
        try:
            session.next(self._request(rest, end), fix.UtcTimeStamp.now())
        finally:
            self.is_going_on = False
        if end < rest.end:
            self._rests[name] = _Rest(rest.session_id, end + 1, rest.end)
        self._next_at = self._clock() + PAUSE_S

    def _request(self, rest: _Rest, end: int) -> fix.Message:
        sender, target = rest.session_id.getTargetCompID().getValue(), rest.session_id.getSenderCompID().getValue()
        body = (
            f"35=2\x0134={_NO_MSG_SEQ_NUM}\x0149={sender}\x0152={self._time.of(self._clock_ns())}\x0156={target}\x01"
            f"7={rest.begin}\x0116={end}\x01"
        )
        text = f"8={BEGIN_STRING}\x019={len(body)}\x01{body}"
        return fix.Message(f"{text}10={sum(text.encode('ascii')) % 256:03d}\x01", False)
