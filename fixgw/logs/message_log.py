"""The message log: what each FIX session was sent and sent itself, a file a day, with secrets masked (docs/logs.md).

A process of its own.  The gateway and the other acceptors hand it packets over a socket and never wait for it;
what it could not take, or could not write, stands in the files as a number.
"""

import contextlib
import errno
import logging
import os
import selectors
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from fixgw.logs import SOCKET
from fixgw.logs.masking import mask

FLUSH_INTERVAL_S = 0.25
FILES_MAX = 128
"""So many are open at once; the one that has not been written to for longest makes way."""
PACKET_BYTES_MAX = 256 * 1024
BUFFER_BYTES = 64 * 1024
"""Lines of one session that are written at once."""

_BACKLOG = 64
_DAY_NS = 86_400 * 10**9

Line = tuple[str, int, str, Any]
"""The session, when in nanoseconds since the epoch, ``<`` in, ``>`` out or ``#`` for an event; str or bytes."""

log = logging.getLogger("fixgw.logs.message_log")

_decode = msgspec.msgpack.Decoder(tuple[int, list[Line]]).decode


def run(data_dir: Path, sessions: Collection[str], should_stop: Callable[[], bool], ready: Callable[[], None]) -> None:
    """Serve until told to stop, then write what has come.  Raises OSError when the folder cannot be used."""
    folder = data_dir / "log" / "fix"
    for each in (folder.parent, folder):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    receiver = Receiver(data_dir / SOCKET, MessageLog(folder, sessions))
    ready()
    while not should_stop():
        receiver.work()
    receiver.close()


class MessageLog:
    """The files of all sessions."""

    def __init__(self, folder: Path, sessions: Collection[str]) -> None:
        """``sessions`` are the CompIDs of clients that may have a file: letters, digits, dots, dashes, underscores."""
        self._folder = folder
        self._sessions = frozenset(sessions)
        self._files: OrderedDict[str, _File] = OrderedDict()
        self._lost: dict[str, int] = {}
        """Lines that could not be written, of sessions whose file is closed."""

    def take(self, lost: int, lines: Iterable[Line]) -> None:
        """Take the lines of a packet, in order; ``lost`` were lost before it, nobody knows of whom."""
        told = set[str]()
        for session, time_ns, way, text in lines:
            if session not in self._sessions:
                continue
            file = self._file(session, time_ns // _DAY_NS)
            if lost and session not in told:
                told.add(session)
                file.add(f"{utc(time_ns)} # {lost} lines not logged, of this session or others")
            file.add(f"{utc(time_ns)} {way} {plain(text)}")

    def flush(self) -> None:
        """Write what is waiting; what there is no room for is lost, and counted."""
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        while self._files:
            self._close(next(iter(self._files)))

    def _file(self, session: str, day: int) -> "_File":
        file = self._files.get(session)
        if file is not None and file.day == day:
            self._files.move_to_end(session)
            return file
        if file is not None:
            self._close(session)
        elif len(self._files) == FILES_MAX:
            self._close(next(iter(self._files)))
        file = self._files[session] = _File(self._folder / session, day, self._lost.pop(session, 0))
        return file

    def _close(self, session: str) -> None:
        file = self._files.pop(session)
        file.flush()
        file.close()
        if file.lost:
            self._lost[session] = file.lost


class _File:
    """One session's messages of one day."""

    def __init__(self, folder: Path, day: int, lost: int) -> None:
        self.day = day
        self.lost = lost
        """Lines that could not be written; the next that can are preceded by their number."""
        self._path = folder / f"{time.strftime('%Y-%m-%d', time.gmtime(day * 86_400))}.log"
        self._fd = -1
        self._lines: list[str] = []
        self._length = 0

    def add(self, line: str) -> None:
        self._lines.append(line)
        self._length += len(line)
        if self._length >= BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write all lines or none."""
        if not self._lines:
            return
        count = len(self._lines)
        when = self._lines[0].partition(" ")[0]
        notice = [f"{when} # {self.lost} lines not logged, there was no room"] if self.lost else []
        text = "\n".join((*notice, *self._lines, "")).encode("ascii")
        self._lines.clear()
        self._length = 0
        try:
            self._append(text)
        except OSError as error:
            if not self.lost:
                log.warning("%s cannot be written: %s; lines are lost until it can", self._path, error.strerror)
            self.lost += count
        else:
            self.lost = 0

    def _append(self, text: bytes) -> None:
        if self._fd < 0:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        before = os.fstat(self._fd).st_size
        if os.write(self._fd, text) < len(text):
            os.ftruncate(self._fd, before)  # no torn line
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def plain(text: str | bytes) -> str:
    """Return the text of a message or event on one line of ASCII: masked, SOH as ``|``, what is no letter escaped."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    else:
        text = text if text.isascii() else text.encode("utf-8").decode("latin-1")
    text = mask(text)
    if "|" in text or "\\" in text:
        text = text.replace("\\", "\\\\").replace("|", "\\x7c")
    line = text.replace("\x01", "|")
    return line if line.isascii() and line.isprintable() else line.translate(_ESCAPES)


_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0x100))}


def utc(time_ns: int) -> str:
    """Return a time in ISO 8601, to the microsecond."""
    return f"{_second(time_ns // 10**9)}.{time_ns // 1000 % 10**6:06d}Z"


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


class Receiver:
    """The socket that acceptors hand their packets to."""

    def __init__(self, path: Path, message_log: MessageLog) -> None:
        """Raises OSError when the socket cannot be bound."""
        self._log = message_log
        self._selector = selectors.DefaultSelector()
        self._listener = _listen(path)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._flush_at = time.monotonic() + FLUSH_INTERVAL_S

    def work(self) -> None:
        """Take what has come, or wait for it; write what has waited long enough."""
        for key, _ in self._selector.select(max(0.0, self._flush_at - time.monotonic())):
            assert isinstance(key.fileobj, socket.socket)
            if key.fileobj is self._listener:
                self._accept()
            else:
                self._take(key.fileobj)
        if time.monotonic() >= self._flush_at:
            self._flush_at = time.monotonic() + FLUSH_INTERVAL_S
            self._log.flush()

    def close(self) -> None:
        """Take what is still there, and write it."""
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            if key.fileobj is not self._listener:
                while self._take(key.fileobj):
                    pass
        self._log.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # gone already
            acceptor, _ = self._listener.accept()
            acceptor.setblocking(False)
            self._selector.register(acceptor, selectors.EVENT_READ)

    def _take(self, acceptor: socket.socket) -> bool:
        """Take a packet; return False when there is none."""
        try:
            packet = acceptor.recv(PACKET_BYTES_MAX)
        except BlockingIOError:
            return False
        except OSError:
            packet = b""
        if not packet:
            self._selector.unregister(acceptor)
            acceptor.close()
            return False
        self._log.take(*_decode(packet))
        return True


def _listen(path: Path) -> socket.socket:
    """Return a listening socket that only its owner may write to; one left there makes way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # By way of its open folder, since the kernel takes no path of more than 107 bytes.
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        new = path.with_name(f"{path.name}.new")
        new.unlink(missing_ok=True)
        listener.bind(f"/proc/self/fd/{folder}/{new.name}")
        new.chmod(0o600)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        new.rename(path)
    except BaseException:
        listener.close()
        raise
    finally:
        os.close(folder)
    return listener
