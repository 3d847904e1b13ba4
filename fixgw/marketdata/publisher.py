"""The publisher: follows the journal and keeps Redis as a function of it, through the end of either process.

Each batch is one transaction, and each entry of the stream has an id that the journal gives it.  So the last entry
tells exactly what Redis has, and nothing is missed or doubled; a Redis that lost everything is given it again.
"""

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import redis

from fixgw.journal.follower import Follower
from fixgw.journal.position import Position
from fixgw.marketdata import channel
from fixgw.marketdata.depth import Book, Depth, Update
from fixgw.marketdata.embedded import url
from fixgw.marketdata.messages import encode
from fixgw.marketdata.words import book_in_words, line, message_in_words, price_text
from fixgw.spec.sequenced import Sequenced

NAME = "publisher"
FRAMES_MAX = 500
"""Frames of one transaction; some 20 ms of work."""
GATHER_S = 0.001
"""A rest after a batch, so that under load the next has more than one frame."""
SNAPSHOT_EVERY = 50_000
"""Messages between two snapshots; the stream keeps four times as many."""
BOOK_DEPTH = 10
"""Levels of a side in ``<symbol>.book``."""
WAIT_S = 0.1
RETRY_MIN_S, RETRY_MAX_S = 0.05, 1.0

_NOTHING = "0-0"

log = logging.getLogger("fixgw.marketdata.publisher")


class Entry(NamedTuple):
    """One entry of the stream."""

    entry_id: str
    number: int
    message: bytes
    update: Update


def run(data_dir: Path, redis_url: str | None, should_stop: Callable[[], bool], ready: Callable[[], None]) -> None:
    """Publish until told to stop; a Redis that is not there is waited for.  Raises JournalDamaged, NoRedis."""
    publisher = Publisher(redis.Redis.from_url(url(data_dir, redis_url)), data_dir)
    ready()
    retry_s = RETRY_MIN_S
    while not should_stop():
        try:
            publisher.publish_until(should_stop)
            retry_s = RETRY_MIN_S
        except (redis.ConnectionError, redis.TimeoutError) as error:
            log.warning("Redis cannot be reached, trying again in %.2f s: %s", retry_s, error)
            time.sleep(retry_s)
            retry_s = min(2 * retry_s, RETRY_MAX_S)


class Publisher:
    """Books beside the journal, and how much of what they tell Redis has."""

    def __init__(self, client: "redis.Redis", data_dir: Path) -> None:
        self._redis = client
        self._journal = data_dir / "journal"
        self._position = Position(data_dir / "positions", NAME)
        self._snapshot_at: int | None = None
        """The number of the last snapshot that Redis has."""
        self._begin()

    def _begin(self) -> None:
        """Stand before the first frame of the journal."""
        self.follower = Follower(self._journal)
        self._depth = Depth()
        self._number = 0
        self._made = _NOTHING
        """The id of the last entry that was made; Redis has it, or it is pending."""
        self._has = _NOTHING
        """The id of the last entry that Redis is known to have."""
        self._pending: list[Entry] = []

    def publish_until(self, should_stop: Callable[[], bool]) -> None:
        """Publish until told to stop; raises redis.ConnectionError, and goes on rightly when called again."""
        while not self._connect():
            self.follower.wait(WAIT_S)
            if should_stop():
                return
        while not should_stop():
            if self.publish():
                time.sleep(GATHER_S)
            else:
                self.follower.wait(WAIT_S)

    def _connect(self) -> bool:
        """Stand right behind what Redis has; return False while there is no journal yet."""
        self._redis.ping()
        self.follower.read(0)
        if self.follower.venue_id is None:
            return False
        last = self._last_entry(self.follower.venue_id.hex)
        if last == self._made:
            self._pending.clear()  # the transaction was done, only its answer was lost
        elif last != self._has or not self._pending:
            self._catch_up(last)
        self._has = last
        return True

    def _last_entry(self, venue_id: str) -> str:
        """Return the id of the last entry of this journal's; what another venue left is removed."""
        if self._redis.get(channel.VENUE) != venue_id.encode():
            self._redis.delete(channel.STREAM, channel.SNAPSHOT)
            self._redis.set(channel.VENUE, venue_id)
        number: Any = self._redis.hget(channel.SNAPSHOT, channel.NUMBER.decode())
        self._snapshot_at = None if number is None else int(number)
        last: Any = self._redis.xrevrange(channel.STREAM, count=1)
        return last[0][0].decode() if last else _NOTHING

    def _catch_up(self, last: str) -> None:
        """Read the journal from its beginning, silently up to what Redis has."""
        log.info("Redis has the messages up to %s; reading the journal up to there", last)
        self._begin()
        while _place(self._made) < _place(last):
            frames = self.follower.read(FRAMES_MAX)
            if not frames:
                raise RuntimeError(f"Redis has entry {last}, and the journal ends before it")
            self._make(frames)
            self._pending = [entry for entry in self._pending if _place(entry.entry_id) > _place(last)]

    def publish(self) -> bool:
        """Publish the next batch; return False when there is none.  Raises redis.ConnectionError, with nothing lost."""
        if not self._pending:
            frames = self.follower.read(FRAMES_MAX)
            if not frames:
                return False
            self._make(frames)
        if self._pending:
            self._write()
        if self._snapshot_at is None or self._number - self._snapshot_at >= SNAPSHOT_EVERY:
            self._write_snapshot()
        self._position.save(self.follower.next_sequence - 1)
        return True

    def _make(self, frames: Iterable[Sequenced]) -> None:
        """Follow the frames, and make an entry of each message that they bring about."""
        for frame in frames:
            for count, update in enumerate(self._depth.apply(frame)):
                self._number += 1
                self._made = f"{frame.sequence}-{count}"
                self._pending.append(Entry(self._made, self._number, encode(update), update))

    def _write(self) -> None:
        books = {entry.update.instrument: self._book(entry) for entry in self._pending}
        watched = self._watched(books.values())
        pipeline = self._redis.pipeline(transaction=True)
        for entry in self._pending:
            fields: dict[Any, Any] = {channel.NUMBER: entry.number, channel.MESSAGE: entry.message}
            pipeline.xadd(channel.STREAM, fields, id=entry.entry_id, maxlen=channel.STREAM_LENGTH, approximate=True)
            book = books[entry.update.instrument]
            if book.listing.symbol in watched:
                words = message_in_words(entry.update, entry.number, book)
                pipeline.publish(channel.live_channel(book.listing.symbol), line(words))
        for book in books.values():
            words = book_in_words(book, self._number, BOOK_DEPTH)
            pipeline.set(channel.book_key(book.listing.symbol), line(words))
            if book.last_px is not None:
                pipeline.set(channel.price_key(book.listing.symbol), price_text(book.last_px, book))
        pipeline.execute()
        self._pending.clear()
        self._has = self._made

    def _book(self, entry: Entry) -> Book:
        return self._depth.books.by_number[entry.update.instrument]

    def _watched(self, books: Iterable[Book]) -> set[str]:
        """Return the symbols that somebody listens to: what nobody hears need not be said."""
        symbols = [book.listing.symbol for book in books]
        counts: Any = self._redis.pubsub_numsub(*(channel.live_channel(symbol) for symbol in symbols))
        return {symbol for symbol, (_, listeners) in zip(symbols, counts, strict=True) if listeners}

    def _write_snapshot(self) -> None:
        """Put all books into Redis, for who comes too late for the beginning of the stream."""
        now = time.time_ns()
        messages = [encode(message) for book in self._depth.books for message in book.snapshot(self._number, now)]
        fields: dict[Any, Any] = {
            channel.NUMBER: self._number,
            channel.ENTRY_ID: self._made,
            channel.MESSAGE: b"".join(len(message).to_bytes(2, "big") + message for message in messages),
        }
        self._redis.hset(channel.SNAPSHOT, mapping=fields)
        self._snapshot_at = self._number


def _place(entry_id: str) -> tuple[int, int]:
    sequence, _, count = entry_id.partition("-")
    return int(sequence), int(count)
