"""A multicaster that starts again: what was not sent is sent, and what was sent can be asked for."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from fixgw.journal.position import Position
from fixgw.marketdata import channel
from fixgw.marketdata.arbitration import Feed
from fixgw.marketdata.book import Book
from fixgw.marketdata.messages import (
    InstrumentListed,
    OrderAdded,
    OrderDeleted,
    StateChanged,
    TradingState,
    Update,
    encode,
)
from fixgw.marketdata.multicaster import Groups, Multicaster, Sender
from fixgw.marketdata.packets import Packet
from fixgw.marketdata.retransmission import History
from fixgw.spec.values import Price, Qty, Side
from tests.marketdata.redis_server import redis_server

TIME_NS = 1_000
VENUE_ID, OTHER_VENUE_ID = "00112233445566778899aabbccddeeff", "ff112233445566778899aabbccddeeff"
VENUE = bytes.fromhex(VENUE_ID)[:8]
NOWHERE = Groups("127.0.0.1", 0, ("239.193.0.1", 9), ("239.193.0.2", 9), ("239.193.0.3", 9), 0)

LISTED = InstrumentListed(1, TIME_NS, 2, 0, Price(1), Qty(1), 1, "STOCK")
OPEN = StateChanged(1, TIME_NS, TradingState.TRADING)
MESSAGES: tuple[Update, ...] = (
    LISTED,
    OPEN,
    OrderAdded(1, TIME_NS, 5, Side.BUY, Price(10_000), Qty(3)),
    OrderAdded(1, TIME_NS, 6, Side.BUY, Price(10_000), Qty(3)),
    OrderDeleted(1, TIME_NS, 5),
    OrderAdded(1, TIME_NS, 7, Side.BUY, Price(10_000), Qty(3)),
)


class Heard(Sender):
    """Sends, and notes what."""

    def __init__(self) -> None:
        super().__init__(NOWHERE)
        self.numbers: list[int] = []
        self.snapshots: list[Packet] = []

    def send(self, packet: Packet) -> None:
        super().send(packet)
        self.numbers += range(packet.number, packet.number + len(packet.messages))

    def send_snapshot(self, packet: Packet) -> None:
        super().send_snapshot(packet)
        self.snapshots.append(packet)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[redis.Redis]":
    with redis_server(tmp_path_factory.mktemp("redis")) as client:
        yield client


@pytest.fixture
def stream(server: "redis.Redis") -> "redis.Redis":
    """The stream of MESSAGES, as the publisher writes it."""
    server.flushall()
    server.set(channel.VENUE, VENUE_ID)
    for number, message in enumerate(MESSAGES, start=1):
        fields = {channel.NUMBER: number, channel.MESSAGE: encode(message)}
        server.xadd(channel.STREAM, fields, id=f"{number}-0")  # type: ignore[arg-type]
    return server


def take_snapshot(stream: "redis.Redis", number: int) -> None:
    book = Book(LISTED)
    for message in MESSAGES[1:number]:
        book.apply(message)
    parts = [encode(message) for message in book.snapshot(number, TIME_NS)]
    blob = b"".join(len(part).to_bytes(2, "big") + part for part in parts)
    fields = {channel.NUMBER: number, channel.ENTRY_ID: f"{number}-0", channel.MESSAGE: blob}
    stream.hset(channel.SNAPSHOT, mapping=fields)  # type: ignore[arg-type]


Start = Callable[..., tuple[Multicaster, Heard]]


@pytest.fixture
def start(stream: "redis.Redis", tmp_path: Path) -> Iterator[Start]:
    """Make multicasters that stand at the beginning."""
    with ExitStack() as stack:

        def start(history: History | None = None) -> tuple[Multicaster, Heard]:
            heard = Heard()
            stack.callback(heard.close)
            multicaster = Multicaster(stream, heard, history or History(100), tmp_path)
            assert multicaster.begin()
            return multicaster, heard

        yield start


def sent_before(data: Path, number: int) -> None:
    Position(data / "positions", f"multicaster.{VENUE.hex()}").save(number)


@pytest.mark.parametrize("taken_at", [None, 2, 4, 6])
def test_what_was_not_sent_is_sent_whatever_the_snapshot_has(
    stream: "redis.Redis", start: Start, tmp_path: Path, taken_at: int | None
) -> None:
    """A snapshot may be written between the end of the last multicaster and the start of this one."""
    sent_before(tmp_path, 2)
    if taken_at:
        take_snapshot(stream, taken_at)
    history = History(100)
    multicaster, heard = start(history)

    multicaster.send_on()

    assert heard.numbers == [3, 4, 5, 6]
    assert history.get(1, 100).messages == [encode(message) for message in MESSAGES]


def test_nothing_is_sent_twice(start: Start) -> None:
    first, heard_first = start()
    first.send_on()

    again, heard = start()
    again.send_on()

    assert heard_first.numbers == [1, 2, 3, 4, 5, 6]
    assert heard.numbers == []


def test_the_snapshots_are_those_of_the_books(stream: "redis.Redis", start: Start) -> None:
    """Also where the books came from a snapshot."""
    take_snapshot(stream, 4)
    multicaster, heard = start()
    while not heard.snapshots:
        multicaster.send_on()
    reader = Feed()
    for packet in heard.snapshots:
        list(reader.take(packet))

    assert reader.next_number == 7
    (book,) = reader.books
    assert [order.order_id for order in book.orders(Side.BUY)] == [6, 7]


def test_a_stream_that_lost_its_beginning_needs_the_snapshot(stream: "redis.Redis", start: Start) -> None:
    take_snapshot(stream, 4)
    stream.xdel(channel.STREAM, "1-0", "2-0", "3-0")
    history = History(100)
    multicaster, heard = start(history)

    multicaster.send_on()

    assert heard.numbers == [4, 5, 6]
    assert history.get(3, 100) == (VENUE, 4, ())


def test_another_venue_begins_at_1(stream: "redis.Redis", start: Start) -> None:
    """And what was kept of the old one is not given out as the new one's."""
    history = History(100)
    multicaster, heard = start(history)
    multicaster.send_on()
    stream.set(channel.VENUE, OTHER_VENUE_ID)

    assert multicaster.begin()

    assert history.get(1, 100) == (bytes.fromhex(OTHER_VENUE_ID)[:8], 1, [])
    heard.numbers.clear()
    multicaster.send_on()
    assert heard.numbers == [1, 2, 3, 4, 5, 6]


def test_without_a_venue_there_is_nothing_to_send(server: "redis.Redis", tmp_path: Path) -> None:
    server.flushall()

    heard = Heard()
    try:
        assert not Multicaster(server, heard, History(100), tmp_path).begin()
    finally:
        heard.close()
