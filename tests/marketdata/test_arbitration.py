"""Whatever the network does to the packets, a reader has each message once, in order, and the publisher's books."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import pairwise
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixgw.core import Core
from fixgw.marketdata.arbitration import AHEAD_MAX, Feed, Numbered
from fixgw.marketdata.book import Book, Books
from fixgw.marketdata.depth import Depth
from fixgw.marketdata.messages import (
    InstrumentListed,
    Message,
    OrderAdded,
    OrderDeleted,
    OrderReduced,
    StateChanged,
    TradingState,
    Update,
    encode,
)
from fixgw.marketdata.packets import Flag, Packet, heartbeat, pack
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.values import Price, Qty, Side
from tests.engine.histories import BYTES_A_COMMAND, commands, with_sweeps

VENUE, OTHER_VENUE = b"venue--1", b"venue--2"
CHANNEL = 1
TIME_NS = 1_000

Picture = tuple[Message, ...]


def picture(book: Book) -> Picture:
    """All of a book, as a value."""
    return tuple(book.snapshot(0, TIME_NS))


def published(script: Iterable[bytes]) -> list[Update]:
    """The messages of a history of commands, of which the first has number 1."""
    core, depth, updates = Core(), Depth(), list[Update]()
    for sequence, command in enumerate(with_sweeps(commands(script), core), start=1):
        updates += depth.apply(Sequenced(sequence, TIME_NS + sequence, command, core.decide(command)))
    return updates


class Publisher:
    """What the publisher has after each message."""

    def __init__(self, updates: list[Update]) -> None:
        self.updates = updates
        self.messages = [encode(update) for update in updates]
        self.last = len(updates)
        books = Books()
        self._pictures: list[dict[int, Picture]] = [{}]
        for update in updates:
            book = books.apply(update)
            self._pictures.append(self._pictures[-1] | {update.instrument: picture(book)})

    def books(self, number: int) -> dict[int, Picture]:
        """Return all books after the message numbered ``number``."""
        return self._pictures[number]

    def snapshot(self, instrument: int, number: int) -> list[bytes]:
        books = Books()
        for update in self.updates[:number]:
            books.apply(update)
        return [encode(message) for message in books.by_number[instrument].snapshot(number, TIME_NS)]


class Network:
    """Two feeds and a group for snapshots, which lose, double and delay packets as the dice say."""

    def __init__(self, publisher: Publisher, dice: Random) -> None:
        self.publisher = publisher
        self.snapshot_numbers: set[int] = set()
        """The messages after which a snapshot was taken."""
        self._dice = dice
        self._loss = dice.choice((0.0, 0.1, 0.5))
        self._doubling = dice.choice((0.0, 0.2))
        self._delay_max = dice.choice((0, 3, 30))
        self._snapshot_rate = dice.choice((0.05, 0.3))
        self._order = 0
        self._snapshot_number = 1

    def packets(self) -> list[Packet]:
        """Return what a reader hears of all that was sent, as it comes."""
        on_the_way: list[tuple[float, int, Packet]] = []
        sent = 0
        for time, number in enumerate(self._batch_ends()):
            messages = self.publisher.messages[sent:number]
            for packet in pack(VENUE, CHANNEL, sent + 1, messages):
                for _feed in "AB":
                    self._send(on_the_way, time, packet)
            sent = number
            if self._dice.random() < 0.2:
                self._send(on_the_way, time, heartbeat(VENUE, CHANNEL, sent + 1))
            if self.publisher.books(sent) and self._dice.random() < self._snapshot_rate:
                for packet in self.snapshot(self._dice.choice(list(self.publisher.books(sent))), sent):
                    self._send(on_the_way, time, packet)
        heard = [heappop(on_the_way)[2] for _ in range(len(on_the_way))]
        return heard[self._dice.choice((0, 0, self._dice.randint(0, len(heard)))) :]

    def _batch_ends(self) -> Iterator[int]:
        number = 0
        while number < self.publisher.last:
            number = min(self.publisher.last, number + self._dice.choice((1, 1, 2, 5, 60)))
            yield number

    def _send(self, on_the_way: list[tuple[float, int, Packet]], time: float, packet: Packet) -> None:
        for _ in range(1 + (self._dice.random() < self._doubling)):
            if self._dice.random() >= self._loss:
                self._order += 1
                late = self._dice.uniform(0, self._delay_max) if self._dice.random() < 0.3 else 0
                heappush(on_the_way, (time + late, self._order, packet))

    def snapshot(self, instrument: int, number: int) -> Iterator[Packet]:
        """Yield the packets of a book, of few messages each so that there are some."""
        self.snapshot_numbers.add(number)
        messages = self.publisher.snapshot(instrument, number)
        size = self._dice.choice((2, 5, 100))
        for at in range(0, len(messages), size):
            part = tuple(messages[at : at + size])
            yield Packet(VENUE, CHANNEL, Flag.SNAPSHOT, self._snapshot_number, part)
            self._snapshot_number += len(part)


class Reader:
    """A feed whose every delivery is compared with what was published."""

    def __init__(self, network: Network) -> None:
        self.feed = Feed()
        self.delivered: list[int] = []
        self._network = network
        self._publisher = network.publisher

    def take(self, packet: Packet) -> None:
        self._look(self.feed.take(packet))

    def recover(self, oldest: int) -> None:
        """Ask for what is missing once, of a history that has no message before ``oldest``."""
        gap = self.feed.missing()
        if gap is None:
            return
        number, count = gap
        if number < oldest:
            self._look(self.feed.give_up())
            return
        for packet in pack(VENUE, CHANNEL, number, self._publisher.messages[number - 1 :][: min(count, 7)]):
            self.take(packet)

    def _look(self, came: Iterable[Numbered]) -> None:
        for numbered in came:
            assert numbered.message == self._publisher.updates[numbered.number - 1]
            assert numbered.book is self.feed.books.by_number.get(numbered.message.instrument)
            assert numbered.number == (self.feed.next_number or 0) - 1
            self.delivered.append(numbered.number)
            if numbered.book is not None:
                self._compare(numbered.book)
        for book in self.feed.books:
            self._compare(book)

    def _compare(self, book: Book) -> None:
        """It is the publisher's after the last message delivered, or after that of a snapshot that was ahead."""
        assert self.feed.next_number is not None
        instrument, last = book.listing.instrument, self.feed.next_number - 1
        numbers = {last} | {number for number in self._network.snapshot_numbers if number > last}
        assert picture(book) in [self._publisher.books(number).get(instrument) for number in numbers]


SCRIPTS = st.lists(st.binary(min_size=BYTES_A_COMMAND, max_size=BYTES_A_COMMAND), min_size=1, max_size=60)


@settings(
    deadline=None,
    max_examples=200,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(SCRIPTS, st.integers(0, 2**32), st.booleans())
def test_a_reader_ends_with_the_books_of_the_publisher(script: list[bytes], seed: int, may_refuse: bool) -> None:
    _play(published(script), Random(seed), may_refuse=may_refuse)


@pytest.mark.parametrize("seed", range(6))
def test_long_histories_are_read_to_the_end(seed: int) -> None:
    dice = Random(seed)

    _play(published(dice.randbytes(BYTES_A_COMMAND) for _ in range(500)), dice, may_refuse=seed % 2 == 1)


def _play(updates: list[Update], dice: Random, *, may_refuse: bool) -> None:
    publisher = Publisher(updates)
    network = Network(publisher, dice)
    reader = Reader(network)
    eagerness = dice.choice((0.1, 0.9))

    for packet in network.packets():
        reader.take(packet)
        if dice.random() < eagerness:
            reader.recover(dice.randint(1, publisher.last) if may_refuse else 1)

    # Then the network is whole again.
    reader.take(heartbeat(VENUE, CHANNEL, publisher.last + 1))
    while reader.feed.missing():
        reader.recover(1)
    for instrument in publisher.books(publisher.last):
        for packet in network.snapshot(instrument, publisher.last):
            reader.take(packet)

    delivered, statistics = reader.delivered, reader.feed.statistics
    assert reader.feed.next_number == publisher.last + 1
    assert {book.listing.instrument: picture(book) for book in reader.feed.books} == publisher.books(publisher.last)
    assert all(one < next_one for one, next_one in pairwise(delivered))
    if not may_refuse:
        assert statistics.given_up == 0
    if not statistics.given_up and delivered:
        assert delivered == list(range(delivered[0], publisher.last + 1))
    assert statistics.refused == 0


# One rule each.

LISTED = InstrumentListed(1, TIME_NS, 2, 0, Price(1), Qty(1), 1, "STOCK")
OPEN = StateChanged(1, TIME_NS, TradingState.TRADING)


def added(order_id: int, qty: int = 3) -> OrderAdded:
    return OrderAdded(1, TIME_NS, order_id, Side.BUY, Price(10_000), Qty(qty))


def deleted(order_id: int) -> OrderDeleted:
    return OrderDeleted(1, TIME_NS, order_id)


def packet(number: int, *updates: Update, venue: bytes = VENUE) -> Packet:
    return Packet(venue, CHANNEL, 0, number, tuple(encode(update) for update in updates))


def snapshot(md_sequence: int, *updates: Update, number: int = 1) -> Packet:
    """The book after ``updates``, in one packet, as of ``md_sequence``."""
    book = Book(LISTED)
    for update in updates:
        book.apply(update)
    messages = tuple(encode(message) for message in book.snapshot(md_sequence, TIME_NS))
    return Packet(VENUE, CHANNEL, Flag.SNAPSHOT, number, messages)


def numbers(came: Iterable[Numbered]) -> list[int]:
    return [numbered.number for numbered in came]


def resting(feed: Feed) -> dict[int, int]:
    """Quantities by OrderID."""
    return {order.order_id: order.qty for order in feed.books.by_symbol["STOCK"].orders(Side.BUY)}


@pytest.fixture
def feed() -> Feed:
    """Of a reader that was there from the first message on: 1 lists, 2 opens, 3 adds order 5."""
    feed = Feed()
    assert numbers(feed.take(packet(1, LISTED, OPEN, added(5)))) == [1, 2, 3]
    return feed


def test_the_second_feed_brings_duplicates(feed: Feed) -> None:
    assert numbers(feed.take(packet(1, LISTED, OPEN, added(5)))) == []
    assert (feed.statistics.packets, feed.statistics.duplicates) == (2, 1)


def test_a_packet_that_overlaps_brings_what_is_new(feed: Feed) -> None:
    assert numbers(feed.take(packet(3, added(5), deleted(5)))) == [4]
    assert resting(feed) == {}
    assert feed.missing() is None


def test_a_gap_is_filled_by_the_other_feed(feed: Feed) -> None:
    assert numbers(feed.take(packet(5, deleted(5)))) == []
    assert feed.missing() == (4, 1)
    assert numbers(feed.take(packet(4, added(6)))) == [4, 5]
    assert feed.missing() is None
    assert feed.statistics.gaps == 1
    assert resting(feed) == {6: 3}


def test_a_heartbeat_makes_a_gap_known(feed: Feed) -> None:
    """Nothing came behind it, and still something is missing: the heartbeat numbers what is next."""
    assert numbers(feed.take(heartbeat(VENUE, CHANNEL, 4))) == []
    assert feed.missing() is None

    assert numbers(feed.take(heartbeat(VENUE, CHANNEL, 6))) == []
    assert feed.missing() == (4, 2)

    assert numbers(feed.take(packet(4, deleted(5), added(6)))) == [4, 5]
    assert feed.missing() is None
    assert numbers(feed.take(packet(6, added(7)))) == [6]


def test_what_nobody_has_is_given_up_and_the_books_with_it(feed: Feed) -> None:
    feed_of_two = [packet(6, added(8)), packet(7, deleted(8))]
    for each in feed_of_two:
        assert numbers(feed.take(each)) == []

    assert [(each.number, each.book) for each in feed.give_up()] == [(6, None), (7, None)]
    assert len(feed.books) == 0

    # Older than what was given up: it would not tell what 4 and 5 did.
    assert numbers(feed.take(snapshot(4, OPEN, added(5)))) == []
    assert len(feed.books) == 0
    assert numbers(feed.take(snapshot(6, OPEN, added(5), added(8)))) == []
    assert resting(feed) == {5: 3}
    assert feed.statistics.given_up == 1


def test_nothing_missing_is_nothing_to_give_up(feed: Feed) -> None:
    assert numbers(feed.give_up()) == []
    assert resting(feed) == {5: 3}
    assert feed.statistics.given_up == 0


def test_who_comes_late_waits_for_the_snapshot() -> None:
    feed = Feed()

    assert [(each.number, each.book) for each in feed.take(packet(4, added(6)))] == [(4, None)]
    assert numbers(feed.take(snapshot(3, OPEN, added(5)))) == []
    assert resting(feed) == {5: 3, 6: 3}


def test_a_snapshot_heard_first_is_where_one_joins() -> None:
    feed = Feed()
    assert numbers(feed.take(snapshot(3, OPEN, added(5)))) == []

    assert numbers(feed.take(packet(2, OPEN, added(5), added(6)))) == [4]
    assert resting(feed) == {5: 3, 6: 3}


def test_other_terms_are_no_new_instrument_to_who_came_late() -> None:
    """It is listed again, and has orders that nobody told of yet."""
    feed = Feed()

    assert [(each.number, each.book) for each in feed.take(packet(4, LISTED, OPEN))] == [(4, None), (5, None)]
    assert len(feed.books) == 0


def test_a_snapshot_that_is_ahead_is_waited_for_by_the_messages() -> None:
    feed = Feed()
    assert numbers(feed.take(packet(3, added(5)))) == [3]

    assert numbers(feed.take(snapshot(5, OPEN, added(6)))) == []

    assert resting(feed) == {6: 3}
    assert numbers(feed.take(packet(4, added(6), deleted(5)))) == [4, 5]
    assert resting(feed) == {6: 3}
    assert numbers(feed.take(packet(6, deleted(6)))) == [6]
    assert resting(feed) == {}


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_snapshot_that_lost_a_packet_is_none(lost: int) -> None:
    feed = Feed()
    messages = snapshot(3, OPEN, added(5)).messages
    parts = [Packet(VENUE, CHANNEL, Flag.SNAPSHOT, 1 + at, messages[at : at + 2]) for at in (0, 2, 4)]
    assert len(messages) == 5

    for part in parts[:lost] + parts[lost + 1 :]:
        assert numbers(feed.take(part)) == []

    assert (len(feed.books), feed.next_number, feed.statistics.refused) == (0, None, 0)


def test_another_venue_begins_anew(feed: Feed) -> None:
    """Its numbers and books are its own; that it is heard from its beginning on makes the books known."""
    feed.take(packet(9, deleted(5)))

    assert numbers(feed.take(packet(1, LISTED, OPEN, venue=OTHER_VENUE))) == [1, 2]

    assert feed.venue == OTHER_VENUE
    assert feed.missing() is None
    assert resting(feed) == {}


def test_what_is_ahead_is_bounded(feed: Feed) -> None:
    """With more than that the missing message is given up, as if nobody had it."""
    ahead = Packet(VENUE, CHANNEL, 0, 5, (encode(OPEN),) * AHEAD_MAX)
    assert numbers(feed.take(ahead)) == []

    assert numbers(feed.take(packet(5 + AHEAD_MAX, OPEN))) == list(range(5, 6 + AHEAD_MAX))

    assert feed.statistics.given_up == 1
    assert len(feed.books) == 0


def test_a_refused_retransmission_is_no_message(feed: Feed) -> None:
    assert numbers(feed.take(Packet(VENUE, CHANNEL, Flag.REFUSED | Flag.LAST, 100, ()))) == []
    assert (feed.next_number, feed.missing()) == (4, None)


def test_a_message_that_cannot_be_read_makes_no_book_trusted(feed: Feed) -> None:
    """It may have been about any of them; what comes after it is delivered, and snapshots bring the books back."""
    broken = Packet(VENUE, CHANNEL, 0, 4, (b"?", encode(added(6))))

    assert [(each.number, each.book) for each in feed.take(broken)] == [(5, None)]
    assert feed.statistics.refused == 1

    assert numbers(feed.take(snapshot(3, OPEN, added(5)))) == []
    assert len(feed.books) == 0
    assert numbers(feed.take(snapshot(4, OPEN))) == []
    assert resting(feed) == {6: 3}


def test_a_message_that_cannot_follow_makes_its_book_unknown(feed: Feed) -> None:
    """Until a snapshot that has it: an older one does not tell what was wrong."""
    before, broken = feed.take(packet(4, added(6), added(6, qty=4)))
    assert (before.number, before.book is None) == (4, False)
    assert (broken.number, broken.book) == (5, None)
    assert feed.statistics.refused == 1
    assert len(feed.books) == 0

    assert numbers(feed.take(snapshot(3, OPEN, added(5)))) == []
    assert len(feed.books) == 0
    assert numbers(feed.take(packet(6, OrderReduced(1, TIME_NS, 6, Qty(1))))) == [6]
    assert numbers(feed.take(snapshot(5, OPEN, added(6, qty=4)))) == []
    assert resting(feed) == {6: 1}


def test_a_snapshot_that_makes_no_sense_is_refused() -> None:
    feed = Feed()
    whole = snapshot(3, OPEN, added(5))
    without_an_order = Packet(VENUE, CHANNEL, Flag.SNAPSHOT, 1, whole.messages[:-2] + whole.messages[-1:])

    assert numbers(feed.take(without_an_order)) == []
    assert (feed.statistics.refused, len(feed.books)) == (1, 0)
    assert numbers(feed.take(Packet(VENUE, CHANNEL, Flag.SNAPSHOT, 5, whole.messages))) == []
    assert resting(feed) == {5: 3}
