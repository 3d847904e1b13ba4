"""What each durability does before a report may leave, and what a disk that cannot be synced ends."""

import time
from pathlib import Path

import pytest

from fixgw.journal import JournalFailed, JournalWriter, SyncFailed, read
from fixgw.journal.disk import Durability
from fixgw.journal.frame import HEADER_SIZE, encode
from tests.journal.examples import frame, frames, segments, write
from tests.journal.failing_disk import CountingDisk, until

SIZE = len(encode(frame(1)))
SOON_S = 0.01
NEVER_S = 1000.0


def opened(folder: Path, disk: CountingDisk, durability: Durability, interval_s: float = NEVER_S) -> JournalWriter:
    writer = JournalWriter.open(
        folder, segment_size_max=HEADER_SIZE + 4 * SIZE, durability=durability, disk=disk, sync_interval_s=interval_s
    )
    disk.calls.clear()
    return writer


def flush(writer: JournalWriter, first: int, last: int) -> None:
    for sequenced in frames(first, last):
        writer.append(sequenced)
    writer.flush()


def flush_for_a_second(writer: JournalWriter, first: int) -> None:
    for sequence in range(first, first + 100):
        flush(writer, sequence, sequence)
        time.sleep(SOON_S)


def test_with_process_nothing_is_synced_before_a_report_leaves(tmp_path: Path) -> None:
    disk = CountingDisk()
    writer = opened(tmp_path, disk, Durability.PROCESS)

    flush(writer, 1, 3)

    assert disk.calls == ["write"]
    writer.close()


def test_with_disk_a_batch_is_synced_once(tmp_path: Path) -> None:
    disk = CountingDisk()
    writer = opened(tmp_path, disk, Durability.DISK)

    flush(writer, 1, 3)
    flush(writer, 4, 4)
    writer.flush()

    assert disk.calls == ["write", "sync", "write", "sync"]
    writer.close()


def test_with_disk_a_start_syncs_what_the_process_before_left(tmp_path: Path) -> None:
    """It may have been killed between a write and its sync, and those frames will be told now."""
    write(tmp_path, *frames(1, 2))
    disk = CountingDisk()

    JournalWriter.open(tmp_path, durability=Durability.DISK, disk=disk).close()

    assert disk.calls == ["write", "sync"]


def test_with_disk_a_failed_sync_stops_the_journal(tmp_path: Path) -> None:
    """The batch is in the journal, where followers see it; but nobody may be told that it is safe."""
    disk = CountingDisk()
    writer = opened(tmp_path, disk, Durability.DISK)
    disk.fails_to_sync = True

    with pytest.raises(SyncFailed, match=r"cannot be put on the disk: .*Input/output error") as failed:
        flush(writer, 1, 2)

    assert failed.value.next_sequence == writer.next_sequence == 3
    disk.fails_to_sync = False
    with pytest.raises(JournalFailed):
        writer.append(frame(3))
    writer.close()
    assert list(read(tmp_path)) == frames(1, 2)


def test_with_interval_what_is_written_is_synced_a_little_later(tmp_path: Path) -> None:
    disk = CountingDisk()
    writer = opened(tmp_path, disk, Durability.INTERVAL, interval_s=SOON_S)

    flush(writer, 1, 3)
    until(lambda: disk.calls == ["write", "sync"], time.sleep)
    flush(writer, 4, 4)
    until(lambda: disk.calls == ["write", "sync", "write", "sync"], time.sleep)
    writer.close()


def test_with_interval_a_flush_waits_for_no_sync(tmp_path: Path) -> None:
    disk = CountingDisk()
    writer = opened(tmp_path, disk, Durability.INTERVAL, interval_s=NEVER_S)

    flush(writer, 1, 1)
    flush(writer, 2, 2)

    assert disk.calls == ["write", "write"]
    writer.close()
    assert list(read(tmp_path)) == frames(1, 2)


def test_with_interval_a_failed_sync_stops_the_journal_at_the_next_flush(tmp_path: Path) -> None:
    disk = CountingDisk()
    writer = opened(tmp_path, disk, Durability.INTERVAL, interval_s=SOON_S)
    disk.fails_to_sync = True
    flush(writer, 1, 1)
    until(lambda: "sync" in disk.calls, time.sleep)

    with pytest.raises(SyncFailed) as failed:
        flush_for_a_second(writer, 2)

    assert list(read(tmp_path)) == frames(1, failed.value.next_sequence - 1)
    writer.close()


def test_with_interval_the_sync_goes_on_in_the_next_segment(tmp_path: Path) -> None:
    disk = CountingDisk()
    writer = opened(tmp_path, disk, Durability.INTERVAL, interval_s=SOON_S)
    flush(writer, 1, 4)

    flush(writer, 5, 5)
    disk.calls.clear()
    flush(writer, 6, 6)
    until(lambda: "sync" in disk.calls, time.sleep)

    writer.close()
    assert [int(path.stem) for path in segments(tmp_path)] == [1, 5]
    assert list(read(tmp_path)) == frames(1, 6)
