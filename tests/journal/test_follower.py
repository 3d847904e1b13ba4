"""A follower sees what the writer wrote, each frame once, however it was written and whenever it looks."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from fixgw.journal import JournalDamaged, JournalWriter
from fixgw.journal.follower import Follower
from fixgw.journal.frame import HEADER_SIZE, encode
from fixgw.spec.sequenced import Sequenced
from tests.journal.examples import frame, frames, segments, write

PATIENCE_S = 30.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """DATA/journal; neither is there yet."""
    return tmp_path / "var" / "journal"


@pytest.fixture
def follower(folder: Path) -> Iterator[Follower]:
    follower = Follower(folder)
    yield follower
    follower.close()


def follow(follower: Follower, last: int, max_frames: int = 1000) -> list[Sequenced]:
    """Read up to sequence ``last``, as a follower process does."""
    given: list[Sequenced] = []
    end = time.monotonic() + PATIENCE_S
    while follower.next_sequence <= last:
        given += follower.read(max_frames)
        if follower.next_sequence <= last:
            assert follower.wait(end - time.monotonic()), f"only {len(given)} frames came"
    return given


def write_in_another_process(folder: Path, first: int, last: int, segment_size_max: int = 1 << 20) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=write, args=(folder, *frames(first, last)), kwargs={"segment_size_max": segment_size_max}
    )
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == 0


def test_a_journal_that_has_no_frame_yet_is_waited_for(folder: Path, follower: Follower) -> None:
    """The gateway opens its journal before anything happens."""
    write(folder)

    assert follower.read() == []
    write(folder, *frames(1, 2))
    assert follower.read() == frames(1, 2)


def test_gives_what_is_there_and_then_nothing(folder: Path, follower: Follower) -> None:
    write(folder, *frames(1, 5))

    assert follower.read() == frames(1, 5)
    assert follower.read() == []
    assert follower.next_sequence == 6


def test_before_the_venue_first_ran_there_is_nothing(folder: Path, follower: Follower) -> None:
    assert follower.read() == []
    folder.parent.mkdir()
    assert follower.read() == []
    folder.mkdir()
    assert follower.read() == []
    assert follower.venue_id is None

    write(folder, frame(1))

    assert follower.read() == frames(1, 1)
    assert follower.venue_id is not None


@pytest.mark.parametrize("max_frames", [1, 3, 1000])
def test_goes_on_from_segment_to_segment(folder: Path, follower: Follower, max_frames: int) -> None:
    write(folder, *frames(1, 20), segment_size_max=500)
    assert len(segments(folder)) > 5

    assert follow(follower, 20, max_frames) == frames(1, 20)
    write(folder, *frames(21, 30), segment_size_max=500)
    assert follow(follower, 30, max_frames) == frames(21, 30)


@pytest.mark.parametrize("segment_size_max", [500, 1 << 20])
def test_begins_anywhere(folder: Path, segment_size_max: int) -> None:
    write(folder, *frames(1, 20), segment_size_max=segment_size_max)

    for first in range(1, 22):
        follower = Follower(folder, first)
        assert follower.read() == frames(first, 20)
        follower.close()


def test_to_begin_late_it_reads_neither_earlier_segments_nor_the_frames_before(folder: Path) -> None:
    write(folder, *frames(1, 20), segment_size_max=2_000)
    first, *_, last = segments(folder)
    first.write_bytes(b"no journal at all")
    data = bytearray(last.read_bytes())
    data[HEADER_SIZE + 20] ^= 1
    last.write_bytes(data)
    second_of_last = int(last.stem) + 1

    follower = Follower(folder, second_of_last)

    assert follower.read() == frames(second_of_last, 20)
    follower.close()


def test_is_woken_by_another_process(folder: Path, follower: Follower) -> None:
    for first in (1, 11, 21):
        assert follower.read() == []
        woken: list[bool] = []
        waiting = Thread(target=lambda into=woken: into.append(follower.wait(PATIENCE_S)))
        waiting.start()

        write_in_another_process(folder, first, first + 9, segment_size_max=1000)

        waiting.join(PATIENCE_S)
        assert woken == [True]
        assert follow(follower, first + 9) == frames(first, first + 9)
        while follower.read() or follower.wait(0):
            pass


def test_follows_a_writer_that_is_at_it(folder: Path, follower: Follower) -> None:
    last = 500
    writing = Thread(target=write, args=(folder, *frames(1, last)), kwargs={"segment_size_max": 20_000})
    writing.start()

    assert follow(follower, last, max_frames=7) == frames(1, last)
    writing.join(PATIENCE_S)


def test_does_not_wait_while_there_is_more(folder: Path, follower: Follower) -> None:
    write(folder, *frames(1, 3))
    follower.read(2)

    started = time.monotonic()
    assert follower.wait(PATIENCE_S)
    assert time.monotonic() - started < PATIENCE_S / 2


def test_idle_it_sleeps(folder: Path, follower: Follower) -> None:
    """Reading takes away what woke us: the next wait is not cut short by what was read already."""
    write(folder, *frames(1, 3))
    follower.read()
    assert follower.read() == []
    busy = time.process_time()

    assert [follower.wait(0.05) for _ in range(4)] == [False] * 4

    assert time.process_time() - busy < 0.15


def test_a_frame_is_given_when_it_is_whole(folder: Path, follower: Follower) -> None:
    """The writer's one write is seen in part, cut at any byte."""
    write(folder, frame(1))
    assert follower.read() == [frame(1)]
    path = segments(folder)[0]
    whole = path.read_bytes() + encode(frame(2))
    for size in range(path.stat().st_size, len(whole)):
        path.write_bytes(whole[:size])
        assert follower.read() == [], size

    path.write_bytes(whole)

    assert follower.read() == [frame(2)]


def test_a_torn_tail_is_cut_by_the_next_start_and_never_seen(folder: Path, follower: Follower) -> None:
    write(folder, frame(1))
    with segments(folder)[0].open("ab") as file:
        file.write(encode(frame(2))[:-3])
    assert follower.read() == [frame(1)]

    write(folder, frame(2), frame(3))

    assert follower.read() == frames(2, 3)


def test_a_frame_in_part_may_become_whole_just_before_the_next_segment(folder: Path, follower: Follower) -> None:
    write(folder, frame(1))
    path = segments(folder)[0]
    whole = path.read_bytes() + encode(frame(2))
    path.write_bytes(whole[:-5])
    assert follower.read() == [frame(1)]
    path.write_bytes(whole)
    write(folder, frame(3), segment_size_max=HEADER_SIZE + 1)

    assert len(segments(folder)) == 2
    assert follower.read() == frames(2, 3)


def test_damage_is_told_after_what_precedes_it(folder: Path, follower: Follower) -> None:
    write(folder, *frames(1, 3))
    path = segments(folder)[0]
    data = bytearray(path.read_bytes())
    data[HEADER_SIZE + len(encode(frame(1))) + 20] ^= 1
    path.write_bytes(data)

    assert follower.read() == [frame(1)]
    for _ in range(2):
        with pytest.raises(JournalDamaged, match="where sequence 2 should be"):
            follower.read()


def test_a_segment_that_ends_too_early_is_damage(folder: Path, follower: Follower) -> None:
    write(folder, *frames(1, 20), segment_size_max=2_000)
    first = segments(folder)[0]
    os.truncate(first, first.stat().st_size - 1)
    end = int(segments(folder)[1].stem) - 1

    assert follower.read() == frames(1, end - 1)
    with pytest.raises(JournalDamaged, match="cut short"):
        follower.read()


def test_a_missing_first_segment_is_damage(folder: Path, follower: Follower) -> None:
    write(folder, *frames(1, 20), segment_size_max=2_000)
    segments(folder)[0].unlink()

    with pytest.raises(JournalDamaged, match="the segment before this one is missing"):
        follower.read()


def test_a_segment_of_another_venue_is_damage(folder: Path, tmp_path: Path, follower: Follower) -> None:
    write(folder, *frames(1, 20), segment_size_max=2_000)
    write(tmp_path / "other", *frames(1, 20), segment_size_max=2_000)
    second = segments(folder)[1]
    second.write_bytes((tmp_path / "other" / second.name).read_bytes())

    assert follower.read() == frames(1, int(second.stem) - 1)
    with pytest.raises(JournalDamaged, match="another venue"):
        follower.read()


@pytest.mark.parametrize("segment_size_max", [500, 1 << 20])
def test_a_journal_that_ends_before_what_was_read_of_it_is_damage(folder: Path, segment_size_max: int) -> None:
    """After a power cut, or from a backup: what comes next would be taken for what was read."""
    write(folder, *frames(1, 20), segment_size_max=segment_size_max)
    follower = Follower(folder, 22)

    with pytest.raises(JournalDamaged, match="the journal ends here, though it was read up to sequence 21 before"):
        follower.read()
    follower.close()


def test_many_followers_read_beside_each_other(folder: Path) -> None:
    followers = [Follower(folder, first) for first in (1, 1, 1)]
    writer = JournalWriter.open(folder)
    for sequence in range(1, 8):
        writer.append(frame(sequence))
        writer.flush()
        for follower in followers[: sequence % 4]:
            follower.read(2)
    writer.close()

    for follower in followers:
        first = follower.next_sequence
        assert follow(follower, 7) == frames(first, 7)
        follower.close()
