"""A FIX 4.4 initiator over TCP with blocking calls: the protocol, a socket and one thread that waits on it."""

import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from fixgw.client.message import Field, Message
from fixgw.client.protocol import Direction, Protocol, State
from fixgw.client.store import SequenceFile

LOG_MAX = 10_000  # messages kept in ``Session.log``, the oldest go first
SEND_TIMEOUT_S = 10.0  # a peer that takes nothing for so long is gone
DEFAULT_TIMEOUT_S = 5.0

Listener = Callable[[Direction, Message], None]


class SessionError(Exception):
    """What went wrong between us and the venue; the text says it in one line."""


class ConnectError(SessionError):
    """Nothing listens there."""


class LogonError(SessionError):
    """Connected, but not logged on."""


class DisconnectedError(SessionError):
    """There is no connection (any more)."""


class ExpectationError(SessionError, AssertionError):
    """Something else came, or nothing."""


class Session:
    """One FIX session as initiator.  Use it as a context manager; calls may come from any thread.

    ``logon`` connects when needed.  ``receive`` and ``expect`` give business messages and Reject(3), in order,
    each once; ``receive_admin`` and ``expect_admin`` the other messages that arrived, as they arrived; ``log``
    everything both ways.  After ``close`` the same object may log on again, and its numbers go on unless reset.

    ``on_message`` is called for every message both ways, in order, possibly from the reader thread and with the
    session locked: it may send, it must not wait.  ``on_close`` is called with the reason when the connection ends.
    """

    def __init__(
        self,
        sender: str,
        target: str = "FIXGW",
        host: str = "127.0.0.1",
        port: int = 9876,
        *,
        heartbeat_s: int = 30,
        reset: bool = True,
        password: str | None = None,
        store: Path | None = None,
        on_message: Listener | None = None,
        on_close: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``store`` is a folder for the sequence numbers; with it ``reset`` should be False.

        Raises ValueError when the stored numbers cannot be read.
        """
        self.host, self.port = host, port
        self.reset = reset
        self.password = password
        self.on_message = on_message
        self.on_close = on_close
        self.log: deque[tuple[Direction, Message]] = deque(maxlen=LOG_MAX)
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._protocol = Protocol(sender, target, heartbeat_s)
        self._changed = threading.Condition(threading.RLock())
        self._inbox: deque[Message] = deque()
        self._admin: deque[Message] = deque(maxlen=LOG_MAX)
        self._to_send: deque[bytes] = deque()
        self._sending = threading.Lock()
        self._socket: socket.socket | None = None
        self._reader: threading.Thread | None = None
        self._store = SequenceFile(store, sender, target) if store else None
        if self._store:
            self._protocol.next_out, self._protocol.next_in = self._store.read()

    # The connection.

    def connect(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        """Open the TCP connection and begin to read; no Logon yet.  Raises ConnectError."""
        self.close()
        try:
            connection = socket.create_connection((self.host, self.port), timeout=timeout_s)
        except OSError as error:
            raise ConnectError(f"cannot connect to {self.host}:{self.port}: {error.strerror or error}") from None
        self.attach(connection)

    def attach(self, connection: socket.socket) -> None:
        """Use a socket that is already connected."""
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(SEND_TIMEOUT_S)
        self._inbox.clear()
        self._admin.clear()
        self._to_send.clear()
        self._socket = connection
        self._protocol.open()
        self._reader = threading.Thread(target=self._read, args=(connection,), daemon=True, name="fix-client")
        self._reader.start()

    def logon(
        self, timeout_s: float = DEFAULT_TIMEOUT_S, *, reset: bool | None = None, extra: Sequence[Field] = ()
    ) -> None:
        """Log on, connecting first when there is no connection.  ``extra`` fields are added to Logon(A).

        Raises ConnectError, or LogonError with the venue's reason.
        """
        if self._socket is None or self.closed:
            self.connect(timeout_s)
        password = [(554, self.password)] if self.password else []
        reset = self.reset if reset is None else reset
        self._protocol.heartbeat_s = self._heartbeat_s
        with suppress(DisconnectedError):  # the venue closed at once; told below
            self._do(lambda now_s: self._protocol.logon(now_s, reset=reset, extra=[*password, *extra]))
        with self._changed:
            self._changed.wait_for(lambda: self.state is not State.LOGON_SENT, timeout_s)
            state, because = self.state, self.closed_because
        if state is not State.ACTIVE:
            self.close()
            raise LogonError(because or f"no answer to Logon(A) within {timeout_s:g} s")

    def logout(self, timeout_s: float = DEFAULT_TIMEOUT_S, text: str = "") -> bool:
        """Log out, wait for the answer and close.  Returns whether the venue answered in time."""
        if self.state is State.ACTIVE:
            with suppress(DisconnectedError):  # the venue was quicker
                self._do(lambda now_s: self._protocol.logout(now_s, text))
            self.wait_closed(timeout_s)
        answered = self.closed_because == "logged out"
        self.close()
        return answered

    def close(self) -> None:
        """Drop the connection without a Logout, as a crash would; may be called again."""
        connection, self._socket = self._socket, None
        with self._changed:
            self._protocol.close("closed by us")
            self._changed.notify_all()
        if connection is not None:
            shut(connection)
        if self._reader is not None and self._reader is not threading.current_thread():
            self._reader.join()
            self._reader = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Log out when logged on (two seconds at most), and close."""
        if self.state is State.ACTIVE and kind is None:
            self.logout(timeout_s=2.0)
        self.close()
        if self._store:
            self._store.close()
            self._store = None

    # What is so.

    @property
    def sender(self) -> str:
        return self._protocol.sender

    @property
    def target(self) -> str:
        return self._protocol.target

    @property
    def state(self) -> State:
        return self._protocol.state

    @property
    def logged_on(self) -> bool:
        return self.state is State.ACTIVE

    @property
    def closed(self) -> bool:
        return self.state is State.CLOSED

    @property
    def closed_because(self) -> str:
        """Why the connection ended, in the venue's words where it gave any; empty while there is one."""
        return self._protocol.closed_because

    @property
    def next_out(self) -> int:
        """MsgSeqNum(34) of the next message sent."""
        return self._protocol.next_out

    @next_out.setter
    def next_out(self, seq: int) -> None:
        with self._changed:
            self._protocol.next_out = seq
            self._save()

    @property
    def next_in(self) -> int:
        """MsgSeqNum(34) expected next."""
        return self._protocol.next_in

    @next_in.setter
    def next_in(self, seq: int) -> None:
        with self._changed:
            self._protocol.expect_next(seq)
            self._save()

    # Sending.

    def send(self, fields: Sequence[Field]) -> int:
        """Send one message, e.g. ``[(35, "D"), (11, "a1"), ...]``, and return its MsgSeqNum(34).

        Header fields 8 9 49 56 34 52 and 10 are added where absent, and used as given where not.  Raises
        DisconnectedError, or ValueError for a message without MsgType(35) or a value FIX cannot carry.
        """
        seq = 0

        def send(now_s: float) -> None:
            nonlocal seq
            seq = self._protocol.send(fields, now_s)

        self._do(send)
        return seq

    def send_bytes(self, raw: bytes) -> None:
        """Send bytes as they are; neither numbered nor kept.  Raises DisconnectedError."""
        if self._socket is None or self.closed:
            raise DisconnectedError(self.closed_because or "not connected")
        self._to_send.append(raw)
        self._let_out()

    # Receiving.

    def receive(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> Message | None:
        """Return the next business message or Reject(3); None when none came in time or the connection ended."""
        return self._take(self._inbox, timeout_s)

    def receive_admin(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> Message | None:
        """Return the next other message: Logon, Heartbeat, TestRequest, ResendRequest, SequenceReset, Logout."""
        return self._take(self._admin, timeout_s)

    def expect(
        self, wanted: Mapping[int, str], timeout_s: float = DEFAULT_TIMEOUT_S, *, skip: bool = False
    ) -> Message:
        """Return the next business message, which must have the ``wanted`` values (exact text).

        With ``skip`` messages without them are passed over.  Raises ExpectationError that shows what came.
        """
        return self._expect(self._inbox, wanted, timeout_s, skip)

    def expect_admin(
        self, wanted: Mapping[int, str], timeout_s: float = DEFAULT_TIMEOUT_S, *, skip: bool = True
    ) -> Message:
        """Like ``expect`` for session messages; heartbeats come when they like, so others are passed over."""
        return self._expect(self._admin, wanted, timeout_s, skip)

    def expect_none(self, seconds: float = 0.2) -> None:
        """Raises ExpectationError when a business message is waiting or comes within ``seconds``."""
        message = self.receive(seconds)
        if message is not None:
            raise ExpectationError(f"nothing expected, but came {message!r}")

    def wait_closed(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> str | None:
        """Wait for the connection to end and return why; None when it goes on."""
        with self._changed:
            return self.closed_because if self._changed.wait_for(lambda: self.closed, timeout_s) else None

    def _take(self, box: deque[Message], timeout_s: float) -> Message | None:
        with self._changed:
            self._changed.wait_for(lambda: box or self.closed, timeout_s)
            return box.popleft() if box else None

    def _expect(self, box: deque[Message], wanted: Mapping[int, str], timeout_s: float, skip: bool) -> Message:
        until = time.monotonic() + timeout_s
        passed: list[Message] = []
        while (message := self._take(box, max(0.0, until - time.monotonic()))) is not None:
            if message.has(wanted):
                return message
            passed.append(message)
            if not skip:
                break
        came = "".join(f"\n  {m!r}" for m in passed) or f" nothing within {timeout_s:g} s"
        ended = f"\n  (connection: {self.closed_because})" if self.closed else ""
        raise ExpectationError(f"expected {'|'.join(f'{t}={v}' for t, v in wanted.items())}, came{came}{ended}")

    # The socket.

    def _do(self, step: Callable[[float], None]) -> None:
        """Take one step of the protocol and let out what it wants to say."""
        with self._changed:
            if self._socket is None or self.closed:
                raise DisconnectedError(self.closed_because or "not connected")
            step(self._clock())
            self._flush()
        self._let_out()

    def _flush(self) -> None:
        self._save()
        for direction, message in self._protocol.take_traffic():
            self.log.append((direction, message))
            if direction is Direction.OUT:
                self._to_send.append(message.raw)
            elif message.is_admin and message.msg_type != "3":
                self._admin.append(message)
            if self.on_message:
                self.on_message(direction, message)
        self._inbox.extend(self._protocol.take_delivered())
        self._changed.notify_all()

    def _let_out(self) -> None:
        """Write what waits, in order, whichever thread comes first.

        The lock is not held meanwhile: a venue that stops reading until we have read must not stop us from it.
        """
        while self._to_send and self._sending.acquire(blocking=False):
            try:
                while self._to_send:
                    self._write(self._to_send.popleft())
            finally:
                self._sending.release()

    def _write(self, raw: bytes) -> None:
        """Write all of it, or nothing when the peer is gone: the reader finds that, behind the peer's last words."""
        connection = self._socket
        if connection is None:
            return
        try:
            connection.sendall(raw)
        except TimeoutError:
            with self._changed:
                self._protocol.close(f"{self.target} took nothing for {SEND_TIMEOUT_S:g} s")
            shut(connection)
        except OSError:
            pass

    def _save(self) -> None:
        if self._store:
            self._store.write(self._protocol.next_out, self._protocol.next_in)

    def _read(self, connection: socket.socket) -> None:
        """The reader thread: wait for bytes or the next deadline, whichever comes first."""
        readable = select.poll()
        readable.register(connection, select.POLLIN)
        try:
            while not self.closed:
                deadline_s = self._protocol.deadline_s()
                ready = readable.poll(None if deadline_s is None else max(0.0, deadline_s - self._clock()) * 1000 + 1)
                data = receive_some(connection) if ready else None
                with self._changed:
                    self._step(data)
                self._let_out()
        finally:
            with self._sending:  # another thread may be writing our Logout
                connection.close()
            with self._changed:
                self._protocol.close("the reader failed")
                self._changed.notify_all()
        if self.on_close:
            self.on_close(self.closed_because)

    def _step(self, data: bytes | None) -> None:
        """Give the protocol bytes, the end of the stream (empty), or only the time (None)."""
        now_s = self._clock()
        if data:
            self._protocol.receive(data, now_s)
        elif data is not None:
            self._protocol.close(f"{self.target} closed the connection")
        self._protocol.tick(now_s)
        self._flush()


def receive_some(connection: socket.socket) -> bytes:
    """Return what has arrived, empty when the peer is gone."""
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def shut(connection: socket.socket) -> None:
    """Wake the reader, which closes the descriptor: nobody else may, since the number could be reused."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
