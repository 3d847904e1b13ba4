"""The publisher: follows the journal and keeps Redis as a function of it, through the end of either process.

Each batch is one script in Redis, which does all of it or nothing, and only where the last batch left off: the ids of
the entries are given by the journal, and so the last entry tells exactly what Redis has.  Nothing is missed or
doubled, and a Redis that lost everything is given it again.
"""

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from fixgw.journal.follower import Follower
from fixgw.journal.position import Position
from fixgw.journal.reader import first_kept, read_header
from fixgw.marketdata import channel
from fixgw.marketdata.depth import Book, Update
from fixgw.marketdata.embedded import url
from fixgw.marketdata.messages import encode
from fixgw.marketdata.tape import Place, Tape, TapeState
from fixgw.marketdata.words import book_in_words, line, message_in_words, price_text

NAME = "publisher"
FRAMES_MAX = 500
"""Frames of one batch; some 10 ms of work."""
GATHER_S, GATHER_BUSY_S, BUSY_FRAMES = 0.001, 0.005, 4
"""A rest after a batch, the longer one after as many frames: a batch costs as much as ten orders."""
BOOKS_EVERY_S = 0.05
"""While it is busy; the books that are kept in Redis are never older than that, and exact when it rests."""
SNAPSHOT_EVERY = 50_000
"""Messages between two snapshots; the stream keeps four times as many."""
BOOK_DEPTH = 10
"""Levels of a side in ``<symbol>.book``."""
WAIT_S = 0.1
LOOK_EVERY_S = 1.0
"""While it rests: to see that Redis still has everything."""
RETRY_MIN_S, RETRY_MAX_S = 0.05, 1.0
ANSWER_TIMEOUT_S = 10.0

_NOTHING = "0-0"

# One blob of MessagePack instead of ten arguments for each message: a tenth of the time in this process.  What is bytes
# stands beside it, one behind the other: the MessagePack of Redis knows text only.
_SCRIPT = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local id = last and last[1] or '0-0'
if id ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then return id end
local entries, values, lines, snapshot = unpack(cmsgpack.unpack(ARGV[4]))
local at = 1
for i = 1, #entries, 3 do
  local message = string.sub(ARGV[5], at, at + entries[i + 2] - 1)
  at = at + entries[i + 2]
  id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], entries[i], 'n', entries[i + 1], 'm', message)
end
for i = 1, #values, 2 do
  if values[i + 1] == '' then redis.call('DEL', values[i]) else redis.call('SET', values[i], values[i + 1]) end
end
for i = 1, #lines, 2 do redis.call('PUBLISH', lines[i], lines[i + 1]) end
if #snapshot > 0 then redis.call('HSET', KEYS[3], 'n', snapshot[1], 'id', snapshot[2], 'm', ARGV[6]) end
return id
"""

log = logging.getLogger("fixgw.marketdata.publisher")


class OtherVenue(Exception):
    """The Redis that is configured holds the market data of another journal than ours."""


class Entry(NamedTuple):
    """One entry of the stream."""

    entry_id: str
    number: int
    message: bytes
    update: Update


def run(
    data_dir: Path,
    redis_url: str | None,
    tapes: Callable[[], Iterable[TapeState]],
    should_stop: Callable[[], bool],
    ready: Callable[[], None],
) -> None:
    """Publish until told to stop; a Redis that is not there is waited for.

    ``tapes`` gives those from which the journal can be read on, the newest first; there may be none.  Raises
    JournalDamaged, NoRedis, OtherVenue.
    """
    client = redis.Redis.from_url(
        # What failed is not simply done again: first we look how far it came.
        url(data_dir, redis_url), retry=Retry(NoBackoff(), 0), socket_timeout=ANSWER_TIMEOUT_S,
    )  # fmt: skip
    publisher = Publisher(client, data_dir, tapes, owns_redis=redis_url is None)
    ready()
    retry_s = RETRY_MIN_S
    while not should_stop():
        try:
            publisher.publish_until(should_stop)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            retry_s = RETRY_MIN_S if publisher.has_published else min(2 * retry_s, RETRY_MAX_S)
            publisher.has_published = False
            log.warning("Redis cannot be reached, trying again in %.2f s: %s", retry_s, error)
            _sleep(retry_s, should_stop)
    publisher.close()
    client.close()


def _sleep(duration_s: float, should_stop: Callable[[], bool]) -> None:
    end = time.monotonic() + duration_s
    while not should_stop() and (left_s := end - time.monotonic()) > 0:
        time.sleep(min(left_s, WAIT_S))


class Recorder:
    """The journal as the entries of the stream, from a tape on; raises JournalDamaged."""

    def __init__(self, journal: Path, state: TapeState | None = None) -> None:
        """Go on from ``state``, or begin with the first frame."""
        self.tape = Tape(state)
        self.follower = Follower(journal, self.tape.sequence + 1)
        self.frames = 0
        """How many the last ``read`` found."""

    @property
    def entry_id(self) -> str:
        """Of the last message made, here or before we began."""
        return _entry_id(self.tape.place)

    def read(self) -> list[Entry]:
        """Return what the next frames bring about; often nothing."""
        frames = self.follower.read(FRAMES_MAX)
        self.frames = len(frames)
        entries = []
        for frame in frames:
            number = self.tape.number
            for count, update in enumerate(self.tape.apply(frame)):
                entries.append(Entry(_entry_id((frame.sequence, count)), number + count + 1, encode(update), update))
        return entries


class Publisher:
    """Books beside the journal, and how much of what they tell Redis has."""

    def __init__(
        self, client: "redis.Redis", data_dir: Path, tapes: Callable[[], Iterable[TapeState]], *, owns_redis: bool
    ) -> None:
        self._redis = client
        self._tapes = tapes
        self._owns_redis = owns_redis
        self._script = client.register_script(_SCRIPT)
        self._journal = data_dir / "journal"
        self._position = Position(data_dir / "positions", NAME)
        self._recorder: Recorder | None = None
        """None before we know from where on Redis needs the journal."""
        self._venue = ""
        self._has = _NOTHING
        """The id of the last entry that Redis has; of nothing, when its stream is empty."""
        self._pending: list[Entry] = []
        """What follows it and was made already."""
        self._snapshot_at: int | None = None
        """The number of the last snapshot that Redis has."""
        self._changed: set[int] = set()
        """Instruments whose book in Redis is not the last."""
        self._books_at = 0.0
        self._watched: set[str] | None = set()
        """The symbols that somebody listens to; None for all."""
        self.has_published = False

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.follower.close()

    @property
    def _follower(self) -> Follower:
        return self._reading.follower

    @property
    def _reading(self) -> Recorder:
        assert self._recorder is not None, "_find_place comes first"
        return self._recorder

    @property
    def _tape(self) -> Tape:
        return self._reading.tape

    def publish_until(self, should_stop: Callable[[], bool]) -> None:
        """Publish until told to stop; raises redis.ConnectionError, and goes on rightly when called again."""
        while not self._find_place(should_stop):
            if should_stop():
                return
            time.sleep(WAIT_S)
        look_at = time.monotonic() + LOOK_EVERY_S
        while not should_stop():
            is_due = time.monotonic() >= look_at
            if not (self._pending or self._changed or is_due or self._follower.wait(WAIT_S)):
                continue
            if not self.publish(look=is_due):
                self._find_place(should_stop)
            look_at = time.monotonic() + LOOK_EVERY_S
            time.sleep(GATHER_S if self._reading.frames < BUSY_FRAMES else GATHER_BUSY_S)

    def publish(self, *, look: bool = False) -> bool:
        """Publish the next batch, if there is one; return False when Redis has another thing than it was given.

        ``look`` asks Redis even when there is nothing to publish.  Raises redis.ConnectionError, with nothing lost.
        """
        if not self._pending:
            self._pending = self._reading.read()
        if (self._pending or self._changed or look) and not self._write(rests=not self._reading.frames):
            return False
        # Written for who asks how far we are: where we are comes from Redis itself.
        self._position.save(self._follower.next_sequence - 1)
        self.has_published = True
        return True

    # Where we are.

    def _find_place(self, should_stop: Callable[[], bool]) -> bool:
        """Stand right behind what Redis has; return False while there is no journal yet, or when told to stop."""
        self._redis.ping()
        header = read_header(self._journal)
        if header is None:
            return False
        self._venue = header.venue_id.hex
        last = self._last_entry()
        if self._recorder is None or last not in (self._has, self._made):
            if not self._catch_up(last, should_stop):
                return False
        elif last == self._made:
            self._has = last
            self._pending.clear()  # it was done, only the answer was lost
        self._changed.update(self._tape.depth.books.by_number)
        return True

    @property
    def _made(self) -> str:
        """The id of the last entry that Redis has when it has all that was made."""
        return self._pending[-1].entry_id if self._pending else self._has

    def _last_entry(self) -> str:
        """Return the id of the last entry of this journal's; raises OtherVenue."""
        venue: Any = self._redis.get(channel.VENUE)
        if venue != self._venue.encode():
            if venue is not None and not self._owns_redis:
                raise OtherVenue(
                    f"redis.url: it holds the market data of venue {venue.decode()}, this is {self._venue}; "
                    "give each venue a Redis or a database number of its own, "
                    f"or delete {channel.STREAM}* there if that venue is no more"
                )
            self._redis.delete(channel.STREAM, channel.SNAPSHOT)
            self._redis.set(channel.VENUE, self._venue)
        number: Any = self._redis.hget(channel.SNAPSHOT, channel.NUMBER.decode())
        self._snapshot_at = None if number is None else int(number)
        last: Any = self._redis.xrevrange(channel.STREAM, count=1)
        return last[0][0].decode() if last else _NOTHING

    def _catch_up(self, last: str, should_stop: Callable[[], bool]) -> bool:
        """Read the journal silently up to what Redis has; return False when told to stop."""
        self.close()
        self._recorder, self._pending = None, []
        recorder = self._begin(last)
        # We may read again what we had read before: until then nothing of it may be removed.
        self._position.save(recorder.tape.sequence)
        log.info("Redis has the messages up to %s; reading the journal from %d on", last, recorder.tape.sequence + 1)
        while _place(recorder.entry_id) < _place(last):
            if should_stop():
                return False
            entries = recorder.read()
            if not recorder.frames:
                raise OtherVenue(
                    f"Redis has market data up to {last} (sequence of the journal, count), and the journal in "
                    f"{self._journal} ends before it: it was cut or restored.  Delete {channel.STREAM}* in Redis"
                )
            self._pending = [entry for entry in entries if _place(entry.entry_id) > _place(last)]
        self._recorder, self._has = recorder, last
        return True

    def _begin(self, last: str) -> Recorder:
        """Return where to begin for a Redis that has what is up to ``last``.

        From the newest snapshot that is no later.  A Redis without a stream is given what follows the oldest, and so is
        one that has less than the journal goes back to.
        """
        oldest: TapeState | None = None
        for state in self._tapes():
            if last != _NOTHING and state.place <= _place(last):
                return Recorder(self._journal, state)
            oldest = state
        if last == _NOTHING:
            return Recorder(self._journal, oldest)
        if first_kept(self._journal) == 1:
            return Recorder(self._journal)
        log.warning(
            "Redis has the messages up to %s, and the journal no longer what follows; it is given all anew", last
        )
        self._redis.delete(channel.STREAM, channel.SNAPSHOT)
        self._snapshot_at = None
        return Recorder(self._journal, oldest)

    # What is written.

    def _write(self, *, rests: bool) -> bool:
        """Give Redis what is pending and what is due.

        Returns False, with nothing changed, when Redis is not where it was.
        """
        now = time.monotonic()
        values: list[str] = []
        snapshot: list[str] = []
        books = b""
        self._changed.update(entry.update.instrument for entry in self._pending)
        if rests or now - self._books_at >= BOOKS_EVERY_S:
            values = self._values()
            self._ask_who_listens()
        if self._snapshot_at is None or self._tape.number - self._snapshot_at >= SNAPSHOT_EVERY:
            snapshot = [str(self._tape.number), self._reading.entry_id]
            books = self._books()
        entries = [part for entry in self._pending for part in (entry.entry_id, str(entry.number), len(entry.message))]
        blob = msgspec.msgpack.encode((entries, values, self._lines(), snapshot))
        messages = b"".join(entry.message for entry in self._pending)
        keys = channel.STREAM, channel.VENUE, channel.SNAPSHOT
        last: Any = self._script(keys, (self._has, self._venue, channel.STREAM_LENGTH, blob, messages, books))
        if last.decode() != self._made:
            return False
        self._has = self._made
        self._pending.clear()
        if values:
            self._changed.clear()
            self._books_at = now
        if snapshot:
            self._snapshot_at = self._tape.number
        return True

    def _values(self) -> list[str]:
        """Return keys and values of the books that have changed."""
        values: list[str] = []
        for book in map(self._book, self._changed):
            symbol = book.listing.symbol
            values += channel.book_key(symbol), line(book_in_words(book, self._tape.number, BOOK_DEPTH))
            values += channel.price_key(symbol), "" if book.last_px is None else price_text(book.last_px, book)
        return values

    def _lines(self) -> list[str]:
        """Return channels and lines for those who listen."""
        lines: list[str] = []
        if self._watched is None or self._watched:
            for entry in self._pending:
                book = self._book(entry.update.instrument)
                name = channel.live_channel(book.listing.symbol)
                if self._watched is None or name in self._watched:
                    lines += name, line(message_in_words(entry.update, entry.number, book))
        return lines

    def _ask_who_listens(self) -> None:
        """What nobody hears need not be said."""
        patterns: Any = self._redis.pubsub_numpat()
        channels: Any = self._redis.pubsub_channels(channel.live_channel("*"))
        self._watched = None if patterns else {name.decode() for name in channels}

    def _books(self) -> bytes:
        """Return all books as they are now, for who comes too late for the beginning of the stream."""
        return b"".join(map(_with_length, self._messages_of_books(time.time_ns())))

    def _messages_of_books(self, time_ns: int) -> Iterable[bytes]:
        for book in self._tape.depth.books:
            yield from map(encode, book.snapshot(self._tape.number, time_ns))

    def _book(self, instrument: int) -> Book:
        return self._tape.depth.books.by_number[instrument]


def _with_length(message: bytes) -> bytes:
    return len(message).to_bytes(2, "big") + message


def _entry_id(place: Place) -> str:
    return f"{place[0]}-{place[1]}"


def _place(entry_id: str) -> Place:
    sequence, _, count = entry_id.partition("-")
    return int(sequence), int(count)
