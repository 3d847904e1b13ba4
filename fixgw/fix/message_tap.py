"""The tap: every FIX message as it came and as it went, handed to the message log without ever waiting for it.

QuickFIX shows its log the bytes of each message, also of those that it refuses itself.  They are kept in a list
and sent in packets: to a socket in this host, which takes a packet at once or not at all.  What it does not take
is counted, and the count goes with the next packet.  Masking and formatting is the message log's.
"""

import contextlib
import os
import socket
import time
from pathlib import Path
from time import time_ns

import msgspec
import quickfix as fix

LINES_MAX = 200
"""So many lines are a packet, about 50 kB; fewer when they are long, or have waited."""
WAIT_S = 0.02
"""The longest that a line waits while the process is busy."""
PACKET_BYTES_MAX = 128 * 1024
RECONNECT_INTERVAL_S = 0.5

_BUFFER_BYTES = 4 * 1024 * 1024
"""A fifth of a second at full load; the kernel may grant less."""

Line = tuple[str, int, str, str | bytes]
"""The session, when in nanoseconds since the epoch, ``<`` in, ``>`` out or ``#`` for an event, and the text."""

_encode = msgspec.msgpack.Encoder().encode


class MessageTap(fix.LogFactory):
    """The logs of all sessions of one acceptor; must live as long as it does."""

    def __init__(self, path: Path) -> None:
        """``path`` is that of the message log's socket; nobody need listen there."""
        super().__init__()
        self.lost = 0
        """Lines that were not taken, and of which the message log does not know yet."""
        self._path = path
        self._lines: list[Line] = []
        self._logs: list[fix.Log] = []
        self._socket: socket.socket | None = None
        self._send_at = 0.0
        self._connect_at = 0.0

    def create(self, session_id: fix.SessionID | None = None) -> fix.Log:
        """Return the log of a session; what concerns no session is not logged here."""
        log = _Silent() if session_id is None else _SessionLog(session_id.getTargetCompID().getValue(), self._lines)
        # We keep it.  If QuickFIX had to take it over, it would take a lock of its own twice and stand still.
        log.thisown = False
        self._logs.append(log)
        return log

    def destroy(self, log: fix.Log) -> None:
        """It ends with us."""

    def send_if_due(self, now: float) -> None:
        """Send what there is if it is a packet or has waited; ``now`` is by the monotonic clock."""
        if self._lines and (len(self._lines) >= LINES_MAX or now >= self._send_at):
            self._send_at = now + WAIT_S
            self.send(now)

    def send(self, now: float) -> None:
        """Send all there is; what cannot be sent at once is lost, and counted."""
        lines = self._lines[:]
        self._lines.clear()  # the logs of the sessions have this very list
        if self._socket is None and now >= self._connect_at:
            self._connect_at = now + RECONNECT_INTERVAL_S
            self._socket = _connect(self._path)
        for begin in range(0, len(lines), LINES_MAX):
            self._send_packet(lines[begin : begin + LINES_MAX])

    def close(self) -> None:
        """Send what there is, for the last time."""
        self.send(time.monotonic())
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send_packet(self, lines: list[Line]) -> None:
        packet = b"" if self._socket is None else _packet(self.lost, lines)
        if len(packet) > PACKET_BYTES_MAX and len(lines) > 1:
            half = len(lines) // 2
            self._send_packet(lines[:half])
            self._send_packet(lines[half:])
        elif self._socket is None or len(packet) > PACKET_BYTES_MAX:
            self.lost += len(lines)
        else:
            try:
                self._socket.send(packet)
                self.lost = 0
            except BlockingIOError:
                self.lost += len(lines)
            except OSError:  # the message log has ended
                self.lost += len(lines)
                self._socket.close()
                self._socket = None


class _SessionLog(fix.Log):
    """What QuickFIX calls with every message, on its thread; nothing may be raised here."""

    def __init__(self, session: str, lines: list[Line]) -> None:
        super().__init__()
        self._session = session
        self._note = lines.append

    def onIncoming(self, text: str) -> None:
        self._note((self._session, time_ns(), "<", text))

    def onOutgoing(self, text: str) -> None:
        self._note((self._session, time_ns(), ">", text))

    def onEvent(self, text: str) -> None:
        self._note((self._session, time_ns(), "#", text))

    def clear(self) -> None:
        """A session that begins anew keeps its log."""

    def backup(self) -> None:
        """Nor is it set aside."""


class _Silent(fix.Log):
    """The log of the acceptor itself: connections, and what strangers say, in full."""

    def onIncoming(self, text: str) -> None: ...
    def onOutgoing(self, text: str) -> None: ...
    def onEvent(self, text: str) -> None: ...
    def clear(self) -> None: ...
    def backup(self) -> None: ...


def _connect(path: Path) -> socket.socket | None:
    """Return a socket that the message log has at its other end; None when nobody listens."""
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connected.setblocking(False)
    try:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        # By way of its open folder, since the kernel takes no path of more than 107 bytes.
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            connected.connect(f"/proc/self/fd/{folder}/{path.name}")
        finally:
            os.close(folder)
    except OSError:
        connected.close()
        return None
    return connected


def _packet(lost: int, lines: list[Line]) -> bytes:
    with contextlib.suppress(UnicodeEncodeError):
        return _encode((lost, lines))
    # Bytes that are no UTF-8 came from QuickFIX as lone surrogates: rare, and slower.
    as_bytes = [
        (session, time_ns, way, text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
        for session, time_ns, way, text in lines
    ]
    return _encode((lost, as_bytes))
