"""What is flushed is there, whatever becomes of the process; what could not be written is not."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixgw.journal import JournalFailed, JournalLocked, JournalWriter, read
from fixgw.journal.frame import HEADER_SIZE, encode
from fixgw.journal.reader import Segment
from fixgw.journal.writer import write_all
from fixgw.spec.sequenced import Sequenced
from tests.journal.examples import frame, frames, segments, write

SIZE = len(encode(frame(1)))
assert all(len(encode(each)) == SIZE for each in frames(1, 9))

REPOSITORY = Path(__file__).parents[2]

OPEN_WRITE_AND_WAIT = """
import sys
from pathlib import Path
from fixgw.journal import JournalWriter
from tests.journal.examples import frames
writer = JournalWriter.open(Path(sys.argv[1]))
for sequenced in frames(1, 3):
    writer.append(sequenced)
writer.flush()
print("flushed", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_venue(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the journal and has flushed three frames."""
    process = subprocess.Popen(
        [sys.executable, "-c", OPEN_WRITE_AND_WAIT, str(folder)],
        cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "flushed\n"
        yield process
        process.kill()


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """As on a full disk, the kernel writes up to ``size`` and then fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_new_journal_begins_with_sequence_1(tmp_path: Path) -> None:
    writer = JournalWriter.open(tmp_path / "var" / "journal")

    assert writer.next_sequence == 1
    assert [path.name for path in segments(tmp_path / "var" / "journal")] == ["00000000000000000001.journal"]
    assert list(read(tmp_path / "var" / "journal")) == []
    writer.close()


def test_only_what_was_flushed_can_be_read(tmp_path: Path) -> None:
    writer = JournalWriter.open(tmp_path)
    writer.append(frame(1))
    writer.flush()
    writer.append(frame(2))

    assert writer.next_sequence == 3
    assert list(read(tmp_path)) == [frame(1)]

    writer.close()
    assert list(read(tmp_path)) == frames(1, 2)


def test_a_reopened_journal_goes_on(tmp_path: Path) -> None:
    write(tmp_path, *frames(1, 3))

    writer = JournalWriter.open(tmp_path)
    assert writer.next_sequence == 4
    writer.append(frame(4))
    writer.close()

    assert list(read(tmp_path)) == frames(1, 4)


def test_a_sequence_that_does_not_follow_stops_us(tmp_path: Path) -> None:
    writer = JournalWriter.open(tmp_path)

    with pytest.raises(AssertionError):
        writer.append(frame(2))


def test_a_value_that_cannot_be_written_leaves_the_rest_of_the_batch(tmp_path: Path) -> None:
    writer = JournalWriter.open(tmp_path)
    writer.append(frame(1))
    with pytest.raises(OverflowError):
        writer.append(Sequenced(2, 2**63, frame(2).command, ()))
    writer.append(frame(2))
    writer.close()

    assert list(read(tmp_path)) == frames(1, 2)


def test_segments_follow_one_another(tmp_path: Path) -> None:
    write(tmp_path, *frames(1, 5), segment_size_max=HEADER_SIZE + 2 * SIZE)

    assert [int(path.stem) for path in segments(tmp_path)] == [1, 3, 5]
    assert len({Segment(path, is_last=False).header.venue_id for path in segments(tmp_path)}) == 1
    assert list(read(tmp_path)) == frames(1, 5)
    assert [list(read(tmp_path, first)) for first in range(1, 8)] == [frames(first, 5) for first in range(1, 8)]


def test_a_batch_is_never_divided_between_segments(tmp_path: Path) -> None:
    writer = JournalWriter.open(tmp_path, segment_size_max=HEADER_SIZE + 2 * SIZE)
    for batch in (frames(1, 1), frames(2, 5), frames(6, 6)):
        for sequenced in batch:
            writer.append(sequenced)
        writer.flush()
    writer.close()

    assert [int(path.stem) for path in segments(tmp_path)] == [1, 2, 6]
    assert list(read(tmp_path)) == frames(1, 6)


def test_a_second_venue_is_refused(tmp_path: Path) -> None:
    with another_venue(tmp_path) as other:
        with pytest.raises(JournalLocked, match=f"{tmp_path} is in use by process {other.pid}"):
            JournalWriter.open(tmp_path)
        assert list(read(tmp_path)) == frames(1, 3)


def test_a_killed_process_loses_nothing_and_lets_go(tmp_path: Path) -> None:
    with another_venue(tmp_path) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()

        writer = JournalWriter.open(tmp_path)

    assert writer.next_sequence == 4
    writer.close()
    assert list(read(tmp_path)) == frames(1, 3)


def test_closing_lets_go(tmp_path: Path) -> None:
    first = JournalWriter.open(tmp_path)
    with pytest.raises(JournalLocked, match=str(os.getpid())):
        JournalWriter.open(tmp_path)
    first.close()
    first.close()

    JournalWriter.open(tmp_path).close()
    with pytest.raises(JournalFailed, match="it was closed"):
        first.append(frame(1))


@pytest.mark.parametrize("room", [0, 1, 8, SIZE - 1, SIZE, SIZE + 1, 2 * SIZE, 3 * SIZE - 1])
def test_a_full_disk_keeps_whole_frames_and_refuses_the_rest(tmp_path: Path, room: int) -> None:
    """Three frames in one write, and room for less."""
    write(tmp_path, frame(1))
    writer = JournalWriter.open(tmp_path)
    for sequenced in frames(2, 4):
        writer.append(sequenced)

    with file_size_limit(HEADER_SIZE + SIZE + room), pytest.raises(JournalFailed, match="File too large") as failed:
        writer.flush()

    kept = room // SIZE
    assert failed.value.next_sequence == writer.next_sequence == 2 + kept
    assert segments(tmp_path)[0].stat().st_size == HEADER_SIZE + (1 + kept) * SIZE
    with pytest.raises(JournalFailed):
        writer.append(frame(2 + kept))
    with pytest.raises(JournalFailed):
        writer.flush()
    writer.close()
    write(tmp_path, frame(2 + kept))
    assert list(read(tmp_path)) == frames(1, 2 + kept)


def test_a_rotation_that_fails_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    writer = JournalWriter.open(tmp_path, segment_size_max=HEADER_SIZE + SIZE)
    writer.append(frame(1))
    writer.flush()
    writer.append(frame(2))

    with file_size_limit(HEADER_SIZE - 1), pytest.raises(JournalFailed) as failed:
        writer.flush()
    writer.close()

    assert failed.value.next_sequence == 2
    assert list(read(tmp_path)) == [frame(1)]
    write(tmp_path, *frames(2, 3))
    assert list(read(tmp_path)) == frames(1, 3)
    assert list(tmp_path.glob("*.new")) == []


def test_a_write_that_takes_less_is_continued() -> None:
    taken = bytearray()

    def write_three(file: int, data: bytes | memoryview) -> int:
        assert file == 5
        taken.extend(data[:3])
        return len(data[:3])

    write_all(5, b"ten bytes!", write_three)

    assert taken == b"ten bytes!"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        list(read(tmp_path / "nowhere"))
