"""A client of the market data: joins both feeds, recovers what both lost, and builds the books.

    with MarketDataClient(groups) as client:
        for numbered in client.poll(1.0):
            print(numbered.number, numbered.message)

No threads: ``fileno`` can be waited for beside other things, ``poll`` does what there is to do.
"""

import contextlib
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from fixgw.marketdata.arbitration import Feed, Numbered
from fixgw.marketdata.multicaster import Groups
from fixgw.marketdata.packets import Flag, Packet
from fixgw.marketdata.retransmission import COUNT_MAX, LENGTH, REQUEST

RECEIVE_BUFFER = 4 * 1024 * 1024
GAP_PATIENCE_S = 0.02
"""For the other feed to bring what one lost, before it is asked for."""
ANSWER_PATIENCE_S = 2.0
UNREACHABLE_PATIENCE_S = 10.0
"""For who answers to come back: a multicaster that died is started again within seconds, and has what was lost."""
READ_MAX = 100
"""Packets of a group that are read before the next one has its turn: a flood shall not hold up what is missing."""
PACKET_MAX = 65_536


class MarketDataClient:
    """One reader of the channel."""

    def __init__(self, groups: Groups, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Join the groups on their interface; raises OSError when that cannot be."""
        self.feed = Feed()
        self._groups = groups
        self._monotonic = monotonic
        self._selector = selectors.DefaultSelector()
        for group in (groups.a, groups.b, groups.snapshots):
            self._selector.register(_join(group, groups.interface), selectors.EVENT_READ)
        self._gap_since: float | None = None
        self._retransmission: socket.socket | None = None
        self._unread = b""
        self._asked_at: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.close()

    def fileno(self) -> int:
        """Return what is readable when ``poll`` has something to do; call it twice a second besides."""
        return self._selector.fileno()

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def poll(self, timeout_s: float) -> Iterator[Numbered]:
        """Yield the messages that come within the time, each once and in order."""
        patience = GAP_PATIENCE_S if self.feed.missing() else timeout_s
        for key, _ in self._selector.select(min(timeout_s, patience)):
            if key.fileobj is self._retransmission:
                yield from self._read_answer()
            else:
                yield from self._read_group(key.fileobj)  # type: ignore[arg-type]
        yield from self._recover()

    def _read_group(self, group: socket.socket) -> Iterator[Numbered]:
        with contextlib.suppress(BlockingIOError):
            for _ in range(READ_MAX):
                yield from self._take(group.recv(PACKET_MAX))

    def _take(self, data: bytes) -> Iterator[Numbered]:
        try:
            packet = Packet.from_bytes(data)
        except ValueError:
            self.feed.statistics.refused += 1
            return
        yield from self.feed.take(packet)

    def _recover(self) -> Iterator[Numbered]:
        """Ask for what is missing once the other feed has had its chance; give it up when nobody has it."""
        gap, now = self.feed.missing(), self._monotonic()
        if gap is None:
            self._gap_since = None
            return
        if self._gap_since is None:
            self._gap_since = now
        if self._asked_at is not None:
            if now - self._asked_at > ANSWER_PATIENCE_S:
                self._hang_up()
                yield from self.feed.give_up()
        elif now - self._gap_since >= GAP_PATIENCE_S:
            try:
                self._ask(*gap)
            except OSError:
                self._hang_up()
                if now - self._gap_since > UNREACHABLE_PATIENCE_S:
                    yield from self.feed.give_up()

    def _ask(self, number: int, count: int) -> None:
        if self._retransmission is None:
            address = ("127.0.0.1", self._groups.retransmission_port)
            self._retransmission = socket.create_connection(address, timeout=ANSWER_PATIENCE_S)
            self._selector.register(self._retransmission, selectors.EVENT_READ)
        self._retransmission.sendall(REQUEST.pack(number, min(count, COUNT_MAX)))
        self._asked_at = self._monotonic()

    def _read_answer(self) -> Iterator[Numbered]:
        assert self._retransmission is not None
        try:
            came = self._retransmission.recv(PACKET_MAX)
        except OSError:
            came = b""
        if not came:
            self._hang_up()
            return
        self._unread += came
        while len(self._unread) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._unread)
            if len(self._unread) < LENGTH.size + length:
                break
            data, self._unread = self._unread[LENGTH.size : LENGTH.size + length], self._unread[LENGTH.size + length :]
            yield from self._take_answer(data)

    def _take_answer(self, data: bytes) -> Iterator[Numbered]:
        try:
            packet = Packet.from_bytes(data)
        except ValueError:
            self._hang_up()
            return
        if packet.flags & Flag.LAST:
            self._asked_at = self._gap_since = None
        if packet.flags & Flag.REFUSED:
            yield from self.feed.give_up()
        elif packet.messages:
            yield from self.feed.take(packet)

    def _hang_up(self) -> None:
        if self._retransmission is not None:
            self._selector.unregister(self._retransmission)
            self._retransmission.close()
            self._retransmission = None
        self._asked_at, self._unread = None, b""


def _join(group: tuple[str, int], interface: str) -> socket.socket:
    """Return a socket that hears the group, and no other, on the interface."""
    address, port = group
    joined = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    joined.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    joined.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    joined.bind((address, port))
    membership = socket.inet_aton(address) + socket.inet_aton(interface)
    joined.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    joined.setblocking(False)
    return joined
