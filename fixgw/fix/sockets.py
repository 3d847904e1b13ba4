"""The sockets of this process, as the kernel tells of them: QuickFIX shows none of its own."""

import ctypes
import errno
import fcntl
import os
import resource
import socket
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_setsockopt = ctypes.CDLL(None).setsockopt
"""Without a socket object of Python, which would close QuickFIX's connection when it goes."""
_TCP_LISTEN = 10
_SO_BINDTODEVICE = 25
_HANDLES_FROM = min(1000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2)
"""Our handles have high numbers: QuickFIX may look once more at the number of a connection that it has just closed."""


def sockets() -> dict[int, str]:
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
def socket_on(fd: int, port: int) -> Iterator[socket.socket | None]:
    """Give a second handle on ``fd`` if it is a TCP socket on ``port``, else None; QuickFIX keeps its own."""
    try:
        duplicate = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _HANDLES_FROM)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise  # no number left, which says nothing about this one
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


@dataclass(frozen=True)
class TcpInfo:
    """The fields of Linux's struct tcp_info that matter here (linux/tcp.h)."""

    is_listening: bool
    bytes_acked: int
    bytes_received: int
    data_segs_out: int

    @classmethod
    def of(cls, connection: socket.socket) -> "TcpInfo":
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        return cls(
            is_listening=info[0] == _TCP_LISTEN,
            bytes_acked=struct.unpack_from("=Q", info, 120)[0],
            bytes_received=struct.unpack_from("=Q", info, 128)[0],
            data_segs_out=struct.unpack_from("=I", info, 156)[0],
        )


def bytes_not_taken(connection: socket.socket) -> int:
    """Return how many bytes were sent that the other side has not taken (TIOCOUTQ)."""
    answer = fcntl.ioctl(connection, termios.TIOCOUTQ, struct.pack("i", 0))
    count: int = struct.unpack("i", answer)[0]
    return count


def cork(fd: int, *, on: bool) -> None:
    """Have the kernel keep what is sent to a connection until it fills a packet, or let go what it keeps (tcp(7)).

    It keeps nothing for longer than 200 ms.  What is no connection is passed over.
    """
    _setsockopt(fd, socket.IPPROTO_TCP, socket.TCP_CORK, struct.pack("i", on), 4)


def tie_to_loopback(listener: socket.socket) -> None:
    """Refuse all connections from other hosts, in the kernel."""
    listener.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, b"lo\0")


def use_up_numbers_below(listener: int) -> None:
    """Make every connection's file descriptor higher than the listener's.

    QuickFIX walks ready sockets by number.  If it closes a connection and then, in the same walk, accepts
    another that gets its number, it closes that one too a moment later, an innocent client's.
    """
    while (plug := os.open(os.devnull, os.O_RDONLY)) < listener:
        pass
    os.close(plug)
