"""Whatever calls fail, and when: what was flushed is there, and nothing that was said not to be."""

from errno import ENOSPC
from pathlib import Path
from random import Random

import pytest

from fixgw.journal import JournalFailed, JournalWriter, read
from fixgw.journal.disk import Disk, Durability
from fixgw.journal.frame import HEADER_SIZE, encode
from fixgw.journal.writer import ROOM_NEEDED
from tests.journal.examples import frame, frames, segments, write
from tests.journal.failing_disk import FailingDisk

SIZE = len(encode(frame(1)))


class SmallDisk(Disk):
    """Takes so many bytes, and no more."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, file: int, data: bytes | memoryview) -> int:
        if not self.room:
            raise OSError(ENOSPC, "No space left on device")
        written = super().write(file, data[: self.room])
        self.room -= written
        return written


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("durability", [Durability.PROCESS, Durability.DISK])
def test_what_was_flushed_is_there_and_a_sequence_is_given_once(
    tmp_path: Path, durability: Durability, seed: int
) -> None:
    """Batches over many segments; after a failure the next batch begins where the journal says that it ends."""
    random = Random(seed)
    disk = FailingDisk(random)
    writer = JournalWriter.open(tmp_path, segment_size_max=HEADER_SIZE + 9 * SIZE, durability=durability, disk=disk)
    failures = 0
    for _ in range(60):
        try:
            for sequenced in frames(writer.next_sequence, writer.next_sequence + random.randrange(4)):
                writer.append(sequenced)
            writer.flush()
        except JournalFailed:
            failures += 1
            assert list(read(tmp_path)) == frames(1, writer.next_sequence - 1)
            writer.try_again()
    disk.is_good = True
    assert writer.try_again()
    writer.append(frame(writer.next_sequence))
    writer.close()

    assert failures
    assert list(read(tmp_path)) == frames(1, writer.next_sequence - 1)


def test_a_disk_without_room_is_noticed_when_the_journal_is_opened(tmp_path: Path) -> None:
    """Before a frame is promised to anybody; what was written can be read, and goes on when there is room."""
    write(tmp_path, *frames(1, 3))
    disk = SmallDisk(ROOM_NEEDED - 1)

    writer = JournalWriter.open(tmp_path, disk=disk)

    assert writer.problem == "No space left on device"
    assert segments(tmp_path)[0].stat().st_size == HEADER_SIZE + 3 * SIZE
    with pytest.raises(JournalFailed, match="No space left on device"):
        writer.append(frame(4))
    assert not writer.try_again()

    disk.room = ROOM_NEEDED + SIZE
    assert writer.try_again()
    assert writer.problem == ""
    writer.append(frame(4))
    writer.close()
    assert list(read(tmp_path)) == frames(1, 4)


def test_a_segment_that_could_not_be_begun_leaves_no_trace(tmp_path: Path) -> None:
    """The one before goes on; a later segment of the same first sequence would contradict it."""
    disk = SmallDisk(2 * ROOM_NEEDED)
    writer = JournalWriter.open(tmp_path, segment_size_max=HEADER_SIZE + SIZE, disk=disk)
    writer.append(frame(1))
    writer.flush()
    disk.room = 0
    writer.append(frame(2))

    with pytest.raises(JournalFailed):
        writer.flush()

    assert writer.next_sequence == 2
    disk.room = 2 * ROOM_NEEDED
    assert writer.try_again()
    writer.append(frame(2))
    writer.close()
    assert [int(path.stem) for path in segments(tmp_path)] == [1, 2]
    assert list(read(tmp_path)) == frames(1, 2)
