"""Guards a QuickFIX port from inside its process: loopback only, and nobody holds up the others.

QuickFIX binds to all interfaces; it reads the first message of a connection while all other sessions stand
still, waiting a second for each further piece, without end; and it keeps without bound what a client does
not read.  So the doorkeeper finds the sockets among the process's own file descriptors: the listening one it
ties to the loopback interface; a connection whose first message does not become whole, or whose client takes
nothing any more, it shuts down (docs/decisions/0004).  Every connection it finds is added to those that the
gateway waits for.
"""

import contextlib
import logging
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from fixgw.fix.readiness import Readiness, Traffic
from fixgw.fix.sockets import TcpInfo, bytes_not_taken, socket_on, sockets, tie_to_loopback, use_up_numbers_below

SCAN_INTERVAL_S = 0.25
FIRST_MESSAGE_MAX_S = 0.25  # for a first message that has begun; on loopback it comes in one piece
FIRST_MESSAGE_MIN_S = 0.05  # what is left of that when many have been cut off lately: QuickFIX takes one by one
LATELY_S = 5.0
READER_CHECK_INTERVAL_S = 1.0
FIRST_MESSAGE_MAX_BYTES = 4096
SILENCE_MAX_S = 30.0  # for a connection that says nothing at all; it costs a file descriptor
NOT_READING_MAX_S = 5.0  # for a client that takes nothing while bytes wait for it
BEHIND_MAX_S = 30.0  # for a client that takes something, but never catches up
BEHIND_BYTES = 32 * 1024  # less may be on its way to a client that reads well; the kernel always has room for it

_LOOPBACK = "127."

log = logging.getLogger("fixgw.fix.doorkeeper")


@dataclass
class _Stranger:
    """A connection to which the venue has not answered a Logon yet."""

    inode: str
    seen_at: float
    began_at: float | None = None
    """When a part of its first message was first seen."""


@dataclass
class _Client:
    """A connection that the venue has answered."""

    inode: str
    bytes_acked: int = -1
    took_at: float = 0.0
    """When it was last seen to have taken something, or to have taken all."""
    behind_since: float | None = None
    is_backlogged: bool = False
    """Whether QuickFIX may keep messages for it that the kernel had no room for."""
    passes_needed: int = 0
    """Until when it may: QuickFIX hands the kernel one message in a pass."""


@dataclass
class Doorkeeper:
    """Watches one local port; ``fence`` first, then ``start``."""

    port: int
    readiness: Readiness
    traffic: Traffic
    _strangers: dict[int, _Stranger] = field(default_factory=dict)
    _clients: dict[int, _Client] = field(default_factory=dict)
    _unanswered: list[int] = field(default_factory=list)
    """Connections that had no answer when the last Logon was judged, its own among them."""
    _others: dict[int, str] = field(default_factory=dict)
    """Sockets that need no more looking at, by inode: those elsewhere, and the listener."""
    _readers_checked_at: float = 0.0
    _sent_when_clear: int = 0
    """How many messages had been sent when last no client was behind."""
    _cut_lately: deque[float] = field(default_factory=deque)
    """When connections were cut off for a first message that did not become whole."""
    _stopped: threading.Event = field(default_factory=threading.Event)
    _scanning: threading.Lock = field(default_factory=threading.Lock)

    def fence(self) -> int | None:
        """Tie the listening socket to the loopback interface and return it; None if nothing listens."""
        for fd in sockets():
            with socket_on(fd, self.port) as listener:
                if listener is not None and TcpInfo.of(listener).is_listening:
                    tie_to_loopback(listener)
                    use_up_numbers_below(fd)
                    return fd
        return None

    def may_log_on(self) -> bool:
        """Return whether nobody but this host is connected.

        Between QuickFIX's listen and our fence another host may have slipped in; until it is thrown out,
        nobody logs on.
        """
        from_elsewhere = self.scan()
        self._unanswered = list(self._strangers)
        return from_elsewhere == 0

    def just_answered(self) -> int | None:
        """Return the connection of the Logon that was judged last, when it has its answer; None if that is not sure.

        For the thread that runs QuickFIX, which answers nobody else meanwhile.
        """
        answered = [fd for fd in self._unanswered if self._is_answered(fd)]
        return answered[0] if len(answered) == 1 else None

    def _is_answered(self, fd: int) -> bool:
        with socket_on(fd, self.port) as connection:
            return connection is not None and TcpInfo.of(connection).data_segs_out > 0

    def start(self) -> None:
        threading.Thread(target=self._run, name="doorkeeper", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._patience_s() / 4 if self._strangers else SCAN_INTERVAL_S):
            try:
                self.scan()
            except OSError:
                # No file descriptor left, most likely: the next scan is soon.
                log.exception("the connections could not be looked at")

    def _patience_s(self) -> float:
        """Return how long a first message may take to become whole, as things are: less in a storm."""
        while self._cut_lately and time.monotonic() - self._cut_lately[0] > LATELY_S:
            self._cut_lately.popleft()
        return max(FIRST_MESSAGE_MIN_S, FIRST_MESSAGE_MAX_S / (1 + len(self._cut_lately)))

    def scan(self) -> int:
        """Look at each connection once; return how many came from another host."""
        with self._scanning:
            now = time.monotonic()
            fds = sockets()
            self._others = {fd: inode for fd, inode in self._others.items() if fds.get(fd) == inode}
            self._clients = {fd: client for fd, client in self._clients.items() if fds.get(fd) == client.inode}
            self._strangers = {fd: s for fd, s in self._strangers.items() if fds.get(fd) == s.inode}
            if now - self._readers_checked_at >= READER_CHECK_INTERVAL_S:
                self._readers_checked_at = now
                self._check_readers(now)
            known = self._others.keys() | self._clients.keys()
            return sum(self._look_at(fd, inode, now) for fd, inode in fds.items() if fd not in known)

    def _look_at(self, fd: int, inode: str, now: float) -> bool:
        """Judge one connection; return whether it is from another host."""
        with socket_on(fd, self.port) as connection:
            if fd not in self._strangers:
                self.readiness.watch(fd)  # also QuickFIX's own pair of sockets, by which it signals itself
            if connection is None:
                self._others[fd] = inode
                return False
            info = TcpInfo.of(connection)
            if info.is_listening:
                self._others[fd] = inode
                return False
            try:
                peer = connection.getpeername()
            except OSError:
                return False  # gone already
            if not peer[0].startswith(_LOOPBACK):
                _cut(connection, f"{peer[0]} is not this host")
                return True
            if info.data_segs_out:
                self._strangers.pop(fd, None)
                self._clients[fd] = _Client(inode)
                return False
            stranger = self._strangers.setdefault(fd, _Stranger(inode, now))
            if not info.bytes_received:
                if now - stranger.seen_at > SILENCE_MAX_S:
                    _cut(connection, "no Logon(35=A) came")
            elif _has_whole_message(connection):
                stranger.began_at = None  # QuickFIX has not come to it: it is busy, or waits for another
            elif stranger.began_at is None:
                stranger.began_at = now
            elif now - stranger.began_at > self._patience_s():
                self._cut_lately.append(now)
                _cut(connection, "its first message did not become whole")
            return False

    def _check_readers(self, now: float) -> None:
        sent = self.traffic.sent
        for fd, client in self._clients.items():
            self._check_reader(fd, client, now)
        if not any(client.is_backlogged for client in self._clients.values()):
            self._sent_when_clear = sent

    def _check_reader(self, fd: int, client: _Client, now: float) -> None:
        """Cut off a client that takes nothing: what the venue has for it is kept in memory, without bound."""
        with socket_on(fd, self.port) as connection:
            if connection is None:
                return
            bytes_acked = TcpInfo.of(connection).bytes_acked
            waiting = bytes_not_taken(connection)
            is_behind = waiting >= BEHIND_BYTES
            self._follow_backlog(fd, client, is_behind)
            client.behind_since = (client.behind_since or now) if is_behind else None
            if client.behind_since is not None and now - client.behind_since > BEHIND_MAX_S:
                _cut(connection, f"it has not caught up for {BEHIND_MAX_S:g} s")
            if bytes_acked != client.bytes_acked or not waiting:
                client.bytes_acked, client.took_at = bytes_acked, now
            elif now - client.took_at > NOT_READING_MAX_S:
                _cut(connection, f"it has taken nothing for {NOT_READING_MAX_S:g} s")

    def _follow_backlog(self, fd: int, client: _Client, is_behind: bool) -> None:
        """Have the gateway wait for a client to be writable while QuickFIX may have messages queued for it.

        It has none for sure after as many passes, with the client not behind, as there were messages sent
        since the time when no client was.
        """
        if is_behind:
            client.passes_needed = self.traffic.passes + self.traffic.sent - self._sent_when_clear
            if not client.is_backlogged:
                client.is_backlogged = True
                self.readiness.watch(fd, is_backlogged=True)
        elif client.is_backlogged and self.traffic.passes > client.passes_needed:
            client.is_backlogged = False
            self.readiness.watch(fd)


def _has_whole_message(connection: socket.socket) -> bool:
    """Return whether unread bytes begin with a whole message as QuickFIX cuts them (Parser.cpp)."""
    try:
        unread = connection.recv(FIRST_MESSAGE_MAX_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return False
    begin = unread.find(b"8=")
    length_begin = unread.find(b"\x019=", begin)
    length_end = unread.find(b"\x01", length_begin + 3)
    if min(begin, length_begin, length_end) < 0:
        return False
    length = unread[length_begin + 3 : length_end]
    if not length.isdigit():
        return True  # QuickFIX throws it away at once
    checksum = unread.find(b"\x0110=", length_end + min(int(length), FIRST_MESSAGE_MAX_BYTES))
    return checksum >= 0 and unread.find(b"\x01", checksum + 4) >= 0


def _cut(connection: socket.socket, why: str) -> None:
    with contextlib.suppress(OSError):  # gone already
        log.warning("connection from %s cut off: %s", connection.getpeername(), why)
        connection.shutdown(socket.SHUT_RDWR)
