"""The admin server: operators' requests to the sequencer and its answers back, on one thread that mostly waits.

It shares the process with trading, so that it does little: what decides, decides on the sequencer's thread,
between two batches.  A request is one datagram: there are no connections to be kept, slow or half-open, and no
file descriptor ever takes a number that QuickFIX has just closed.
"""

import logging
import pwd
import queue
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from fixgw.admin import answers
from fixgw.admin.address import bind
from fixgw.admin.requests import Malformed, read
from fixgw.spec.commands import OperatorCommand
from fixgw.spec.inquiries import OperatorAnswer, OperatorInquiry
from fixgw.spec.sequenced import Sequenced

REQUEST_BYTES_MAX = 64 * 1024
PIECE_BYTES = 64 * 1024
"""Longer answers go in several datagrams, the last of which ends with a newline."""
ANSWER_MAX_S = 5.0  # for the sequencer to answer; it takes milliseconds
NOT_READING_MAX_S = 1.0  # for a client that does not take its answer, while other operators wait
PAUSE_S = 0.001
"""After each request, so that a client that asks without end cannot take the processor from trading."""

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of <sys/socket.h>
_ANCILLARY_SIZE = socket.CMSG_SPACE(_CREDENTIALS.size)

Reply = Sequenced | tuple[OperatorAnswer, answers.Facts] | str
"""What came of a command, the answer to an inquiry, or why a command was not taken."""

log = logging.getLogger("fixgw.admin")


class Venue(Protocol):
    """What the server asks of the sequencer, from its own thread."""

    def offer(self, request: OperatorCommand) -> bool: ...
    def ask(self, inquiry: OperatorInquiry, reply: Callable[[OperatorAnswer], None]) -> bool: ...


class AdminServer:
    """Bound from the beginning; answers between ``start`` and ``stop``, one request after the other."""

    def __init__(
        self,
        path: Path,
        venue: Venue,
        facts: Callable[[], answers.Facts],
        wake: Callable[[], None],
        answer_max_s: float = ANSWER_MAX_S,
        not_reading_max_s: float = NOT_READING_MAX_S,
    ) -> None:
        """``facts`` is called on the sequencer's thread; ``wake`` makes that thread look.  Raises OSError."""
        self._answer_max_s = answer_max_s
        self._not_reading_max_s = not_reading_max_s
        self._path = path
        self._venue = venue
        self._facts = facts
        self._wake = wake
        self._socket = bind(path)
        self._command: OperatorCommand | None = None
        """What was offered last; known by its identity when it is told."""
        self._answers: queue.SimpleQueue[tuple[object, Reply]]
        self._answers = queue.SimpleQueue()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="admin", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests; the socket is gone after."""
        self._is_stopping = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # ends a wait for the next request
        if self._thread.is_alive():
            self._thread.join(self._not_reading_max_s)
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def tell(self, sequenced: Sequenced) -> None:
        """Hear what came of a command; on the sequencer's thread, after the journal has it."""
        if sequenced.command is self._command:
            self._answers.put((sequenced.command, sequenced))

    def refuse(self, command: OperatorCommand, text: str) -> None:
        """Hear why a command was not taken; on the sequencer's thread."""
        if command is self._command:
            self._answers.put((command, text))

    # The thread.

    def _run(self) -> None:
        while not self._is_stopping:
            try:
                self._serve()
            except Exception:
                # Trading goes on; whoever asked waits in vain, and may ask again.
                log.exception("a request of an operator could not be served")
                time.sleep(self._not_reading_max_s)

    def _serve(self) -> None:
        """Answer one request."""
        request, ancillary, _, client = self._socket.recvmsg(REQUEST_BYTES_MAX, _ANCILLARY_SIZE)
        if request and client:
            self._send(answers.line(self._answer(request, _user(ancillary))), client)
            time.sleep(PAUSE_S)

    def _answer(self, line: bytes, user: str) -> answers.Json:
        try:
            request = read(line, user)
        except Malformed as error:
            return answers.refused(str(error))
        if not self._hand_over(request):
            return answers.refused("too many requests are waiting; this one was not taken, try again")
        self._wake()
        answer = self._wait_for(request)
        if answer is None:
            return answers.refused(f"no answer within {self._answer_max_s:g} s; what was asked for may still be done")
        if isinstance(answer, str):
            return answers.refused(answer)
        if isinstance(answer, Sequenced):
            return answers.of_command(answer)
        return answers.of_inquiry(*answer)

    def _hand_over(self, request: OperatorCommand | OperatorInquiry) -> bool:
        if isinstance(request, OperatorInquiry):
            return self._venue.ask(request, lambda answer: self._answers.put((request, (answer, self._facts()))))
        self._command = request
        return self._venue.offer(request)

    def _wait_for(self, request: object) -> Reply | None:
        """Return the answer to ``request``, passing over one that came too late for its own; None if none comes."""
        until = time.monotonic() + self._answer_max_s
        with suppress(queue.Empty):
            while (left := until - time.monotonic()) > 0:
                asked, answer = self._answers.get(timeout=left)
                if asked is request:
                    return answer
        return None

    def _send(self, line: bytes, client: str) -> None:
        """Send an answer; a client that is gone, or does not take it, does without."""
        self._socket.settimeout(self._not_reading_max_s)
        try:
            for start in range(0, len(line), PIECE_BYTES):
                self._socket.sendto(line[start : start + PIECE_BYTES], client)
        except OSError as error:
            log.warning("an operator's client did not take its answer: %s", error)
        finally:
            self._socket.settimeout(None)


def _user(ancillary: list[tuple[int, int, bytes]]) -> str:
    """Return the name of the user who sent a datagram, as the kernel knows it."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            _, uid, _ = _CREDENTIALS.unpack(data[: _CREDENTIALS.size])
            try:
                return pwd.getpwuid(uid).pw_name
            except KeyError:
                return f"uid {uid}"
    raise AssertionError("SO_PASSCRED is set, and a datagram came without credentials")
