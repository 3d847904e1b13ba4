"""Guards a QuickFIX port from inside its process: loopback only, and nobody holds up the others at the door.

QuickFIX binds to all interfaces, and reads the first message of a connection while all other sessions
stand still; it waits a second for each further piece, without end.  So the doorkeeper finds the sockets
among the process's own file descriptors: the listening one it ties to the loopback interface, and a
connection whose first message does not become whole it shuts down (docs/decisions/0004).
"""

import fcntl
import logging
import os
import socket
import struct
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

SCAN_INTERVAL_S = 0.25
FIRST_MESSAGE_MAX_S = 1.0  # for a first message that has begun; what QuickFIX itself waits for silence
SILENCE_MAX_S = 30.0  # for a connection that says nothing at all; it costs a file descriptor

_TCP_LISTEN = 10
_SO_BINDTODEVICE = 25
_LOOPBACK = "127."

log = logging.getLogger("fixgw.fix.doorkeeper")


@dataclass
class _Stranger:
    """A connection to which the venue has not answered a Logon yet."""

    inode: str
    seen_at: float
    began_at: float | None = None
    """When QuickFIX was first seen waiting for the rest of its first message."""


@dataclass(frozen=True)
class _TcpInfo:
    """The fields of Linux's struct tcp_info that matter here (linux/tcp.h)."""

    is_listening: bool
    last_data_recv_s: float
    bytes_received: int
    data_segs_out: int

    @classmethod
    def of(cls, connection: socket.socket) -> "_TcpInfo":
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        return cls(
            is_listening=info[0] == _TCP_LISTEN,
            last_data_recv_s=struct.unpack_from("=I", info, 52)[0] / 1000,
            bytes_received=struct.unpack_from("=Q", info, 128)[0],
            data_segs_out=struct.unpack_from("=I", info, 156)[0],
        )


@dataclass
class Doorkeeper:
    """Watches one local port; ``fence`` first, then ``start``."""

    port: int
    _strangers: dict[int, _Stranger] = field(default_factory=dict)
    _others: dict[int, str] = field(default_factory=dict)
    """Sockets that need no more looking at, by inode: those elsewhere, the listener, sessions that are logged on."""
    _fenced: threading.Event = field(default_factory=threading.Event)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _scanning: threading.Lock = field(default_factory=threading.Lock)

    def fence(self, timeout_s: float) -> bool:
        """Tie the listening socket to the loopback interface; return False if nothing listens in time."""
        give_up_at = time.monotonic() + timeout_s
        while time.monotonic() < give_up_at:
            for fd in _file_descriptors():
                with _socket_on(fd, self.port) as listener:
                    if listener is not None and _TcpInfo.of(listener).is_listening:
                        listener.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, b"lo\0")
                        self._fenced.set()
                        return True
            time.sleep(0.001)
        return False

    def may_log_on(self) -> bool:
        """Return whether nobody but this host is connected.

        Between QuickFIX's listen and our fence another host may have slipped in; until it is thrown out,
        nobody logs on.  Waits for the fence.
        """
        return self._fenced.wait(timeout=5) and self.scan() == 0

    def start(self) -> None:
        threading.Thread(target=self._run, name="doorkeeper", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(SCAN_INTERVAL_S):
            self.scan()

    def scan(self) -> int:
        """Look at each connection once; return how many came from another host."""
        with self._scanning:
            fds = _file_descriptors()
            self._others = {fd: inode for fd, inode in self._others.items() if fds.get(fd) == inode}
            self._strangers = {fd: s for fd, s in self._strangers.items() if fds.get(fd) == s.inode}
            foreign = 0
            for fd, inode in fds.items():
                if fd not in self._others:
                    foreign += self._look_at(fd, inode)
            return foreign

    def _look_at(self, fd: int, inode: str) -> bool:
        """Judge one connection; return whether it is from another host."""
        with _socket_on(fd, self.port) as connection:
            if connection is None:
                self._others[fd] = inode
                return False
            info = _TcpInfo.of(connection)
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
                self._others[fd] = inode
                return False
            stranger = self._strangers.setdefault(fd, _Stranger(inode, time.monotonic()))
            why = _overstays(stranger, info, _unread_bytes(connection))
            if why is not None:
                _cut(connection, why)
            return False


def _overstays(stranger: _Stranger, info: _TcpInfo, unread: int) -> str | None:
    """Return why ``stranger`` must go, or None."""
    now = time.monotonic()
    if not info.bytes_received:
        return "no Logon(35=A) came" if now - stranger.seen_at > SILENCE_MAX_S else None
    if unread:
        # QuickFIX has not come to it: it waits behind another.
        stranger.began_at = None
        return None
    if stranger.began_at is None:
        stranger.began_at = now
        return None
    if max(now - stranger.began_at, info.last_data_recv_s) > FIRST_MESSAGE_MAX_S:
        return "its first message did not become whole"
    return None


def _cut(connection: socket.socket, why: str) -> None:
    try:
        log.warning("connection from %s cut off: %s", connection.getpeername(), why)
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # gone already


def _unread_bytes(connection: socket.socket) -> int:
    answer = fcntl.ioctl(connection, termios.FIONREAD, struct.pack("i", 0))
    unread: int = struct.unpack("i", answer)[0]
    return unread


def _file_descriptors() -> dict[int, str]:
    """Return the file descriptors of this process that are sockets, each with what identifies the socket."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            inode = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # closed meanwhile
        if inode.startswith("socket:"):
            found[int(name)] = inode
    return found


@contextmanager
def _socket_on(fd: int, port: int) -> Iterator[socket.socket | None]:
    """Give a second handle on ``fd`` if it is a TCP socket on ``port``, else None; QuickFIX keeps its own."""
    try:
        duplicate = os.dup(fd)
    except OSError:
        yield None  # closed meanwhile
        return
    try:
        handle = socket.socket(fileno=duplicate)
    except OSError:
        os.close(duplicate)  # another kind of file has taken its number
        yield None
        return
    with handle:
        try:
            ours = handle.family == socket.AF_INET and handle.getsockname()[1] == port
        except OSError:
            ours = False
        yield handle if ours else None
