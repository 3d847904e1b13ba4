"""Arbitration: packets of two feeds, of snapshots and of retransmission become messages, each once and in order.

Pure: packets go in, messages come out, and it says what it misses.  Whoever has sockets and time puts them around it
(``client``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fixgw.marketdata.book import Book, BookBroken, Books
from fixgw.marketdata.messages import InstrumentListed, Message, SnapshotBegan, SnapshotEnded, Update, decode
from fixgw.marketdata.packets import Flag, Packet

AHEAD_MAX = 100_000
"""Messages kept while earlier ones are missing; with more those are given up, and snapshots waited for."""


@dataclass
class Statistics:
    """What came, and what became of it."""

    packets: int = 0
    duplicates: int = 0
    """Packets of which all messages had come before, as those of the second feed should."""
    gaps: int = 0
    """Times that something was missing, and be it only until the other feed brought it."""
    given_up: int = 0
    """Times that what was missing could not be had any more."""
    refused: int = 0
    """Messages and snapshots that make no sense."""


@dataclass(frozen=True)
class Numbered:
    """A message of the channel with its number; ``book`` is that of its instrument, after it."""

    number: int
    message: Update
    book: Book | None
    """None while no snapshot of it has come."""


@dataclass
class Feed:
    """One channel, from whenever it was joined."""

    statistics: Statistics = field(default_factory=Statistics)
    books: Books = field(default_factory=Books)
    """Those that are known, each as of the last message delivered or of a later one."""
    venue: bytes | None = None
    next_number: int | None = None
    """Of the message that is delivered next; None before the first packet."""
    _joined_at: int = 0
    """The first number of which nothing after is unheard."""
    _ahead: dict[int, bytes] = field(default_factory=dict)
    """Messages behind a gap; empty for one that is only known to be the next there will be."""
    _known_at: dict[int, int] = field(default_factory=dict)
    """By instrument: the messages up to this number are in its book since it came."""
    _waiting: dict[int, list[tuple[int, Update]]] = field(default_factory=dict)
    """By instrument: messages delivered while its book is not known."""
    _broken_at: dict[int, int] = field(default_factory=dict)
    """By instrument: the number of the message that its book could not follow; a snapshot has to have it."""
    _snapshot: list[Message] = field(default_factory=list)
    _snapshot_next: int = 0

    def take(self, packet: Packet) -> Iterator[Numbered]:
        """Yield what the packet makes deliverable, in order; to be used up before the next packet."""
        self.statistics.packets += 1
        if packet.venue != self.venue:
            self._begin_anew(packet.venue)
        if packet.flags & Flag.SNAPSHOT:
            self._take_snapshot(packet)
        elif not packet.flags & Flag.REFUSED:
            yield from self._take_updates(packet)

    def missing(self) -> tuple[int, int] | None:
        """Return the first number that is missing and how many are, or None."""
        if self.next_number is None or not self._ahead:
            return None
        return self.next_number, min(self._ahead) - self.next_number

    def give_up(self) -> Iterator[Numbered]:
        """Go on behind what is missing: nobody has it any more.  No book is known then until its snapshot comes."""
        gap = self.missing()
        if gap is not None:
            self.statistics.given_up += 1
            self._forget_books()
            self.next_number = self._joined_at = gap[0] + gap[1]
            yield from self._deliver()

    def _begin_anew(self, venue: bytes) -> None:
        self.venue, self.next_number = venue, None
        self._ahead.clear()
        self._snapshot.clear()
        self._forget_books()

    def _forget_books(self) -> None:
        self.books = Books()
        self._known_at.clear()
        self._waiting.clear()
        self._broken_at.clear()

    def _join(self, number: int) -> None:
        if self.next_number is None:
            self.next_number = self._joined_at = number

    def _take_updates(self, packet: Packet) -> Iterator[Numbered]:
        self._join(packet.number)
        assert self.next_number is not None
        had_gap, end = bool(self._ahead), packet.number + len(packet.messages)
        if packet.messages and end <= self.next_number:
            self.statistics.duplicates += 1
            return
        for number, message in enumerate(packet.messages, start=packet.number):
            if number >= self.next_number:
                self._ahead[number] = message
        if not packet.messages and packet.number > self.next_number:
            self._ahead.setdefault(packet.number, b"")  # a heartbeat: all before its number exists
        yield from self._deliver()
        self.statistics.gaps += bool(self._ahead) and not had_gap
        if len(self._ahead) > AHEAD_MAX:
            yield from self.give_up()

    def _deliver(self) -> Iterator[Numbered]:
        assert self.next_number is not None
        while data := self._ahead.pop(self.next_number, b""):
            number, self.next_number = self.next_number, self.next_number + 1
            try:
                message = decode(data)
            except ValueError:
                # It may have been about any of the books.
                self.statistics.refused += 1
                self._forget_books()
                self._joined_at = self.next_number
                continue
            if not isinstance(message, SnapshotBegan | SnapshotEnded):
                yield Numbered(number, message, self._apply(number, message))

    def _apply(self, number: int, update: Update) -> Book | None:
        """Return the book after the update, None while it is not known."""
        book = self.books.by_number.get(update.instrument)
        if book is not None and number <= self._known_at.get(update.instrument, 0):
            return book
        # Whoever heard all from the first message on knows of an unknown instrument that it is new.
        if book is not None or (isinstance(update, InstrumentListed) and self._joined_at == 1):
            try:
                return self.books.apply(update)
            except BookBroken:
                self.statistics.refused += 1
                self._forget(update.instrument)
                self._broken_at[update.instrument] = number
                return None
        self._waiting.setdefault(update.instrument, []).append((number, update))
        return None

    def _forget(self, instrument: int) -> None:
        book = self.books.by_number.pop(instrument, None)
        if book is not None:
            del self.books.by_symbol[book.listing.symbol]

    def _take_snapshot(self, packet: Packet) -> None:
        """Put snapshots together; a lost packet loses the one it was a part of."""
        if packet.number != self._snapshot_next:
            self._snapshot.clear()
        self._snapshot_next = packet.number + len(packet.messages)
        for data in packet.messages:
            try:
                message = decode(data)
            except ValueError:
                self.statistics.refused += 1
                self._snapshot.clear()
                continue
            if isinstance(message, SnapshotBegan):
                self._snapshot.clear()
            elif not self._snapshot:
                continue  # its beginning was lost
            self._snapshot.append(message)
            if isinstance(message, SnapshotEnded):
                self._learn(message.instrument, message.md_sequence)

    def _learn(self, instrument: int, number: int) -> None:
        """Take a whole snapshot, as of ``number``, for a book that is not known, and apply what came after it."""
        messages, self._snapshot = self._snapshot, []
        self._join(number + 1)
        enough = max(self._joined_at - 1, self._broken_at.get(instrument, 0))
        if instrument in self.books.by_number or number < enough:
            return
        try:
            book = Book.from_snapshot(messages)
            for later, update in self._waiting.get(instrument, ()):
                if later > number:
                    book.apply(update)
            self.books.put(book)
        except BookBroken:
            self.statistics.refused += 1
            return
        self._known_at[instrument] = number
        self._waiting.pop(instrument, None)
