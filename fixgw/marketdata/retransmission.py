"""Retransmission over TCP: a reader that lost packets asks for messages by number and gets them in packets.

A request is the first number (8 bytes) and a count (2 bytes), big-endian; any number of requests may follow one
another.  The answer to each is packets, each after its length (2 bytes); the last has Flag.LAST.  What is older
than the oldest message kept is refused with Flag.REFUSED; what does not exist yet is not waited for.
"""

import contextlib
import logging
import selectors
import socket
import threading
from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

from fixgw.marketdata.packets import Flag, Packet, pack

REQUEST = Struct(">QH")
LENGTH = Struct(">H")
COUNT_MAX = 2_000
"""Messages of one answer; a larger request is answered so far."""
CONNECTIONS_MAX = 50
SEND_TIMEOUT_S = 2.0
"""For a reader to take an answer; then it is cut off."""
CLOSE_TIMEOUT_S = 0.2

log = logging.getLogger("fixgw.marketdata.retransmission")


class Kept(NamedTuple):
    """What there is of what was asked for; ``oldest`` is the first number that is kept."""

    venue: bytes
    oldest: int
    messages: Sequence[bytes]


class History:
    """The last messages of the channel, by number; one thread adds, others look."""

    def __init__(self, length_max: int) -> None:
        self._length_max = length_max
        self._venue = bytes(8)
        self._messages: list[bytes] = []
        self._first = 1
        self._lock = threading.Lock()

    def begin_anew(self, venue: bytes) -> None:
        """Forget all messages: those that follow are the market data of ``venue``."""
        with self._lock:
            self._venue, self._messages, self._first = venue, [], 1

    def add(self, number: int, message: bytes) -> None:
        """Keep the message; one that does not follow the last begins anew."""
        with self._lock:
            if number != self._first + len(self._messages):
                self._messages, self._first = [], number
            self._messages.append(message)
            if len(self._messages) >= 2 * self._length_max:
                del self._messages[: self._length_max]
                self._first += self._length_max

    def get(self, number: int, count: int) -> Kept:
        """Return up to ``count`` messages from ``number`` on, none when that is older than the oldest."""
        with self._lock:
            begin = number - self._first
            return Kept(self._venue, self._first, self._messages[begin : begin + count] if begin >= 0 else ())


class RetransmissionServer:
    """Answers on a thread of its own until it is closed; on the loopback interface only."""

    def __init__(self, port: int, channel: int, history: History) -> None:
        """Raises OSError when the port is taken."""
        self._channel = channel
        self._history = history
        self._listener = socket.create_server(("127.0.0.1", port), backlog=CONNECTIONS_MAX)
        self._listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._unread: dict[socket.socket, bytes] = {}
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, name="retransmission", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End the connections and the thread; one that is in the middle of an answer is not waited for."""
        self._wake_writer.close()
        self._thread.join(CLOSE_TIMEOUT_S)

    def _serve(self) -> None:
        while self._serves():
            pass
        self._selector.close()
        for each in (self._listener, self._wake_reader, *self._unread):
            each.close()

    def _serves(self) -> bool:
        """Do what there is to do; return False when told to close."""
        for key, _ in self._selector.select():
            if key.fileobj is self._wake_reader:
                return False
            if key.fileobj is self._listener:
                self._accept()
            else:
                self._read(key.fileobj)  # type: ignore[arg-type]
        return True

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            if len(self._unread) >= CONNECTIONS_MAX:
                log.warning("a reader is turned away: %d are connected", CONNECTIONS_MAX)
                connection.close()
                return
            connection.settimeout(SEND_TIMEOUT_S)
            self._unread[connection] = b""
            self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        try:
            came = connection.recv(4096)
            if not came:
                raise ConnectionResetError
            unread = self._unread[connection] + came
            while len(unread) >= REQUEST.size:
                self._answer(connection, *REQUEST.unpack_from(unread))
                unread = unread[REQUEST.size :]
            self._unread[connection] = unread
        except OSError:
            self._selector.unregister(connection)
            del self._unread[connection]
            connection.close()

    def _answer(self, connection: socket.socket, number: int, count: int) -> None:
        venue, oldest, messages = self._history.get(number, min(count, COUNT_MAX))
        if number < oldest:
            packets = [Packet(venue, self._channel, Flag.REFUSED | Flag.LAST, oldest, ())]
        else:
            packets = list(pack(venue, self._channel, number, messages))
            packets.append(Packet(venue, self._channel, Flag.LAST, number + len(messages), ()))
        frames = (packet.to_bytes() for packet in packets)
        connection.sendall(b"".join(LENGTH.pack(len(frame)) + frame for frame in frames))
