"""The publisher begins with a snapshot, and Redis has what it would have had from the first frame on."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import redis

from fixgw.journal.position import Position
from fixgw.journal.reader import NotKept, read_header
from fixgw.marketdata import channel
from fixgw.marketdata.messages import encode
from fixgw.marketdata.publisher import NAME, Publisher
from fixgw.marketdata.tape import Tape, TapeState
from tests.journal.examples import segments, write
from tests.marketdata.redis_server import redis_server
from tests.marketdata.test_tape import history

FRAMES = history(seed=5, count=1_200)
CUTS = (700, 800, 900)
"""Snapshots are of these frames."""

Entry = tuple[str, int, bytes]
"""Id, number and message."""


def _record() -> tuple[list[Entry], list[TapeState]]:
    """Return all entries that are due, and the tapes of the snapshots, the newest first."""
    tape, entries, states = Tape(), list[Entry](), list[TapeState]()
    for frame in FRAMES:
        for count, update in enumerate(tape.apply(frame)):
            entries.append((f"{frame.sequence}-{count}", len(entries) + 1, encode(update)))
        if frame.sequence in CUTS:
            states.insert(0, tape.data())
    return entries, states


DUE, TAPES = _record()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[redis.Redis]":
    with redis_server(tmp_path_factory.mktemp("redis")) as client:
        yield client


@pytest.fixture
def client(server: "redis.Redis") -> "redis.Redis":
    server.flushall()
    return server


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A journal of the first 1,000 frames, in segments."""
    write(tmp_path / "journal", *FRAMES[:1_000], segment_size_max=20_000)
    return tmp_path


def publish(client: "redis.Redis", data: Path, tapes: list[TapeState], *, owns_redis: bool = True) -> None:
    """Publish until all of the journal is."""
    publisher = Publisher(client, data, lambda: tapes, owns_redis=owns_redis)
    try:
        publish_on(publisher)
    finally:
        publisher.close()


def publish_on(publisher: Publisher) -> None:
    turns = iter(range(30))
    publisher.publish_until(lambda: next(turns, None) is None)


def stream(client: "redis.Redis") -> list[Entry]:
    came: Any = client.xrange(channel.STREAM)
    return [(entry_id.decode(), int(fields[channel.NUMBER]), fields[channel.MESSAGE]) for entry_id, fields in came]


def after(sequence: int, until: int) -> list[Entry]:
    """The entries of the frames after one and up to another."""
    return [entry for entry in DUE if sequence < int(entry[0].partition("-")[0]) <= until]


def shorten(data: Path, sequence: int) -> None:
    """Remove the segments that are wholly before ``sequence``."""
    paths = segments(data / "journal")
    for path, following in pairwise(paths):
        if int(following.stem) <= sequence:
            path.unlink()
    assert len(segments(data / "journal")) < len(paths)


def test_there_is_something_to_publish() -> None:
    assert len(after(700, 800)) > 5
    assert len(after(900, 1_000)) > 5
    assert len(after(1_000, len(FRAMES))) > 5


def test_without_a_snapshot_it_begins_with_the_first_frame(client: "redis.Redis", data: Path) -> None:
    publish(client, data, [])

    assert stream(client) == after(0, 1_000)


def test_an_empty_redis_is_given_what_follows_the_oldest_snapshot(client: "redis.Redis", data: Path) -> None:
    """Numbers and ids are those that they would have been; the books beside them are whole."""
    shorten(data, CUTS[0])

    publish(client, data, TAPES)

    assert stream(client) == after(CUTS[0], 1_000)
    whole: Any = client.hgetall(channel.SNAPSHOT)
    first = stream(client)[0][1]
    assert first - 1 <= int(whole[channel.NUMBER]) <= len(after(0, 1_000))
    assert Position(data / "positions", NAME).load() == 1_000
    write(data / "journal", *FRAMES[1_000:], segment_size_max=20_000)
    publish(client, data, TAPES)
    assert stream(client) == after(CUTS[0], len(FRAMES))


@pytest.mark.parametrize("has", [CUTS[0], CUTS[1] - 1, CUTS[1], CUTS[2] + 50, 1_000])
def test_a_redis_that_has_a_part_is_given_the_rest(
    client: "redis.Redis", tmp_path: Path, has: int, caplog: pytest.LogCaptureFixture
) -> None:
    """From the newest snapshot that it has passed."""
    write(tmp_path / "journal", *FRAMES[:has], segment_size_max=20_000)
    publish(client, tmp_path, [])
    write(tmp_path / "journal", *FRAMES[has:], segment_size_max=20_000)
    shorten(tmp_path, CUTS[0])
    caplog.set_level("INFO")

    publish(client, tmp_path, TAPES, owns_redis=False)

    assert stream(client) == DUE
    begun = max(state.sequence for state in TAPES if state.place <= _place(after(0, has)[-1]))
    assert f"reading the journal from {begun + 1} on" in caplog.text


def _place(entry: Entry) -> tuple[int, int]:
    sequence, _, count = entry[0].partition("-")
    return int(sequence), int(count)


def test_a_redis_that_has_too_little_is_given_all_anew(
    client: "redis.Redis", data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It was away for longer than the journal goes back."""
    early = data / "early"
    write(early / "journal", *FRAMES[:300])
    publish(client, early, [])
    assert stream(client) == after(0, 300)
    client.set(channel.VENUE, _venue(data))
    shorten(data, CUTS[0])

    publish(client, data, TAPES, owns_redis=False)

    assert "the journal no longer what follows; it is given all anew" in caplog.text
    assert stream(client) == after(CUTS[0], 1_000)


def _venue(data: Path) -> str:
    header = read_header(data / "journal")
    assert header is not None
    return header.venue_id.hex


def test_a_redis_that_is_emptied_meanwhile_is_given_all_anew(client: "redis.Redis", data: Path) -> None:
    shorten(data, CUTS[0])
    publisher = Publisher(client, data, lambda: TAPES, owns_redis=True)
    publish_on(publisher)
    client.flushall()

    publish_on(publisher)

    assert stream(client) == after(CUTS[0], 1_000)
    publisher.close()


def test_without_frames_and_without_snapshots_it_says_what_is_missing(client: "redis.Redis", data: Path) -> None:
    shorten(data, CUTS[0])

    with pytest.raises(NotKept):
        publish(client, data, [])
