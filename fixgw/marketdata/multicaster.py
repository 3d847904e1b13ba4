"""The multicaster: reads the Stream in Redis and sends it as packets to the A and the B group, and snapshots beside.

The numbers of messages are those of the stream, which the journal gives: whoever starts again goes on with them.
What was sent right before the end may be sent once more, with the same numbers, and is known by them.
"""

import logging
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import redis

from fixgw.journal.position import Position
from fixgw.marketdata import channel
from fixgw.marketdata.book import Book, Books
from fixgw.marketdata.embedded import url
from fixgw.marketdata.messages import Message, SnapshotBegan, SnapshotEnded, decode, encode
from fixgw.marketdata.packets import Flag, Packet, heartbeat, pack
from fixgw.marketdata.retransmission import History, RetransmissionServer

NAME = "multicaster"
HEARTBEAT_S = 1.0
SNAPSHOT_PAUSE_S = 0.25
"""Between the books of two instruments on the snapshot group."""
SNAPSHOT_BURST = 20
"""Packets of a snapshot sent at once, so that a reader's socket can take them."""
BLOCK_MS = 50
ENTRIES_MAX = 1_000
HISTORY_LENGTH = 100_000
"""Messages kept for retransmission, at least."""
RETRY_S = 0.2
_BEGINNING = "0-0"
"""Before the first entry of a stream."""

log = logging.getLogger("fixgw.marketdata.multicaster")

Group = tuple[str, int]


@dataclass(frozen=True)
class Groups:
    """Where to send, and where to answer who lost something."""

    interface: str
    ttl: int
    a: Group
    b: Group
    snapshots: Group
    retransmission_port: int


class _Gap(Exception):
    """The stream no longer has what follows the last message, or is another venue's."""


class _Entry(NamedTuple):
    entry_id: str
    number: int
    message: bytes


def run(
    groups: Groups, data_dir: Path, redis_url: str | None, should_stop: Callable[[], bool], ready: Callable[[], None]
) -> None:
    """Send until told to stop; a Redis that is not there is waited for.  Raises OSError for a port in use."""
    history = History(HISTORY_LENGTH)
    server = RetransmissionServer(groups.retransmission_port, channel.CHANNEL, history)
    server.start()
    client = redis.Redis.from_url(url(data_dir, redis_url))
    sender = Sender(groups)
    multicaster = Multicaster(client, sender, history, data_dir)
    ready()
    while not should_stop():
        try:
            if not multicaster.begin():
                multicaster.beat()
                time.sleep(RETRY_S)
                continue
            while not should_stop():
                multicaster.send_on()
        except (redis.ConnectionError, redis.TimeoutError) as error:
            log.warning("Redis cannot be reached: %s", error)
            multicaster.beat()
            time.sleep(RETRY_S)
        except _Gap as gap:
            log.warning("%s; readers recover from the snapshots", gap)
            time.sleep(RETRY_S)
    server.close()
    sender.close()
    client.close()


class Sender:
    """One socket, three groups."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        interface = socket.inet_aton(groups.interface)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, groups.ttl)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)

    def send(self, packet: Packet) -> None:
        data = packet.to_bytes()
        self._socket.sendto(data, self._groups.a)
        self._socket.sendto(data, self._groups.b)

    def send_snapshot(self, packet: Packet) -> None:
        self._socket.sendto(packet.to_bytes(), self._groups.snapshots)

    def close(self) -> None:
        self._socket.close()


class Multicaster:
    """The channel as far as it was sent: its next number, and the books for the snapshots."""

    def __init__(
        self,
        client: "redis.Redis",
        sender: Sender,
        history: History,
        data_dir: Path,
    ) -> None:
        self._redis = client
        self._sender = sender
        self._history = history
        self._positions = data_dir / "positions"
        self._lag = Position(self._positions, NAME)
        self._venue = b""
        self._sent_number = 0
        """Of the last message sent, in this life of the process or the one before."""
        self._books = Books()
        self._books_number = 0
        """Of the last message that the books have; while the stream is read again, ahead of what was read."""
        self._entry_id = _BEGINNING
        self._number = 0
        """Of the last message read from the stream."""
        self._beat_at = 0.0
        self._snapshot_at = 0.0
        self._snapshot_number = 1
        self._snapshots: Iterator[Packet] = iter(())
        self._to_show: Iterator[Book] = iter(())

    def begin(self) -> bool:
        """Stand where the stream can be read on; return False while there is none.  Raises redis.ConnectionError."""
        venue: Any = self._redis.get(channel.VENUE)
        if venue is None:
            return False
        venue_id = bytes.fromhex(venue.decode())[:8]
        if venue_id != self._venue:
            self._venue = venue_id
            self._history.begin_anew(venue_id)
            self._sent = Position(self._positions, f"{NAME}.{venue_id.hex()}")
            self._sent_number = self._sent.load()
            self._begin_with_snapshot()
        return True

    def _begin_with_snapshot(self) -> None:
        """Take the books from the snapshot in Redis, and read the whole stream.

        Messages before the snapshot may not have been sent yet, or be asked for again.
        """
        fields: Any = self._redis.hgetall(channel.SNAPSHOT)
        self._books, self._books_number, self._number, self._entry_id = Books(), 0, 0, _BEGINNING
        if fields:
            for book in _books(fields[channel.MESSAGE]):
                self._books.put(book)
            self._books_number = int(fields[channel.NUMBER])

    def send_on(self) -> None:
        """Send what is new in the stream, and what is due besides.  Raises redis.ConnectionError, or _Gap."""
        entries = self._read()
        if entries:
            self._send(entries)
        else:
            self._look_for_another_venue()
        self.beat()
        self._send_snapshots()

    def _read(self) -> list[_Entry]:
        came: Any = self._redis.xread({channel.STREAM: self._entry_id}, count=ENTRIES_MAX, block=BLOCK_MS)
        return [
            _Entry(entry_id.decode(), int(fields[channel.NUMBER]), fields[channel.MESSAGE])
            for _, entries in came
            for entry_id, fields in entries
        ]

    def _send(self, entries: list[_Entry]) -> None:
        expected = self._number + 1
        # What is before the books may be gone from the stream: then it is too old to be asked for.
        reaches_the_books = self._entry_id == _BEGINNING and entries[0].number <= self._books_number + 1
        if entries[0].number != expected and not reaches_the_books:
            self._venue = b""
            raise _Gap(f"the stream goes on with message {entries[0].number}, expected was {expected}")
        for entry in entries:
            if entry.number > self._books_number:
                message = decode(entry.message)
                assert not isinstance(message, SnapshotBegan | SnapshotEnded), entry.entry_id
                self._books.apply(message)
            self._history.add(entry.number, entry.message)
        self._entry_id, self._number = entries[-1].entry_id, entries[-1].number
        self._books_number = max(self._books_number, self._number)
        new = [entry for entry in entries if entry.number > self._sent_number]
        if new:
            for packet in pack(self._venue, channel.CHANNEL, new[0].number, (entry.message for entry in new)):
                self._sender.send(packet)
            self._beat_at = time.monotonic() + HEARTBEAT_S
            self._sent_number = self._number
            self._sent.save(self._number)
        self._lag.save(int(self._entry_id.partition("-")[0]))

    def _look_for_another_venue(self) -> None:
        """A stream that is written anew, from the beginning of the same journal, passes the place where we are."""
        if time.monotonic() >= self._beat_at:
            venue: Any = self._redis.get(channel.VENUE)
            if venue is not None and bytes.fromhex(venue.decode())[:8] != self._venue:
                raise _Gap("the stream is of another journal now")

    def beat(self) -> None:
        """Send a heartbeat when nothing was sent for a while."""
        if self._venue and time.monotonic() >= self._beat_at:
            self._sender.send(heartbeat(self._venue, channel.CHANNEL, self._sent_number + 1))
            self._beat_at = time.monotonic() + HEARTBEAT_S

    def _send_snapshots(self) -> None:
        """Send a part of the snapshot that is under way, or begin with the next book when it is time."""
        for _ in range(SNAPSHOT_BURST):
            packet = next(self._snapshots, None)
            if packet is None:
                break
            self._sender.send_snapshot(packet)
        else:
            return
        if time.monotonic() < self._snapshot_at:
            return
        self._snapshot_at = time.monotonic() + SNAPSHOT_PAUSE_S
        book = next(self._to_show, None)
        if book is None:
            self._to_show = iter(list(self._books))
            return
        messages = [encode(message) for message in book.snapshot(self._books_number, time.time_ns())]
        self._snapshots = pack(self._venue, channel.CHANNEL, self._snapshot_number, messages, Flag.SNAPSHOT)
        self._snapshot_number += len(messages)


def _books(data: bytes) -> Iterator[Book]:
    """Yield the books of a snapshot in Redis: messages, each after its length."""
    messages: list[Message] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        messages.append(decode(data[at + 2 : end]))
        at = end
        if isinstance(messages[-1], SnapshotEnded):
            yield Book.from_snapshot(messages)
            messages.clear()
