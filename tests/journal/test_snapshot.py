"""Snapshots on the disk: wholly or not at all, never anything that was not written."""

from pathlib import Path
from random import Random
from uuid import UUID

import pytest
import zstandard

from fixgw.journal import snapshot
from fixgw.journal.snapshot import KEPT, Snapshot, SnapshotDamaged, paths, put_aside_ahead, read, usable, write

VENUE, OTHER = UUID(int=1), UUID(int=2)


def taken(sequence: int, venue: UUID = VENUE, state: bytes = b"state") -> Snapshot:
    return Snapshot(venue, sequence, 1_000 * sequence, state)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    whole = taken(7, state=bytes(range(256)) * 100)

    path = write(tmp_path / "snapshots", whole)

    assert path.name == "00000000000000000007.snapshot"
    assert path.stat().st_mode & 0o777 == 0o600
    assert read(path) == whole


def test_its_bytes_are_those_of_the_document(tmp_path: Path) -> None:
    data = write(tmp_path, taken(7, state=b"state")).read_bytes()

    assert data[:88].hex(" ") == (
        "46 49 58 47 57 53 4e 50 00 02 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 07 "
        "00 00 00 00 00 00 1b 58 00 00 00 00 00 00 00 0e "
        "0c ed 16 2a 56 b0 8d ff b0 0f 66 4b 30 b7 88 b9 5d c9 61 e3 6f 5e dc 6a e6 7b a2 d5 26 12 82 f1 "
        "64 e6 ba 32"
    )
    assert zstandard.ZstdDecompressor().decompress(data[88:]) == b"state"


def test_the_newest_stay(tmp_path: Path) -> None:
    for sequence in range(1, 10):
        write(tmp_path, taken(sequence))

    assert [each.sequence for each in usable(tmp_path, VENUE, 100)] == [9, 8, 7]
    assert len(list(tmp_path.iterdir())) == KEPT


def test_any_byte_that_is_wrong_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path, taken(7, state=b"a state of some length"))
    right = path.read_bytes()
    for at in range(len(right)):
        wrong = bytearray(right)
        wrong[at] ^= 1 << Random(at).randrange(8)
        path.write_bytes(wrong)
        with pytest.raises(SnapshotDamaged):
            read(path)
    for length in range(len(right)):
        path.write_bytes(right[:length])
        with pytest.raises(SnapshotDamaged):
            read(path)


def test_a_damaged_one_falls_back_to_the_one_before(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, taken(7))
    newest = write(tmp_path, taken(8))
    newest.write_bytes(newest.read_bytes()[:-1])

    assert [each.sequence for each in usable(tmp_path, VENUE, 100)] == [7]
    assert "00000000000000000008.snapshot has" in caplog.text


def test_of_another_venue_or_of_a_later_time_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for each in (taken(7), taken(8, OTHER), taken(9)):
        write(tmp_path, each)

    assert [each.sequence for each in usable(tmp_path, VENUE, 8)] == [7]
    assert "is ahead of the journal" in caplog.text
    assert "is of another venue" in caplog.text


def test_another_format_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, taken(7))
    monkeypatch.setattr(snapshot, "SEMANTICS_VERSION", 99)
    with pytest.raises(SnapshotDamaged, match="this fixgw reads format 2 with semantics 99"):
        read(path)


def test_no_folder_no_snapshots(tmp_path: Path) -> None:
    assert list(usable(tmp_path / "none", VENUE, 1)) == []


def test_what_a_crash_left_is_no_snapshot(tmp_path: Path) -> None:
    (tmp_path / "00000000000000000009.new").write_bytes(b"half")
    assert list(usable(tmp_path, VENUE, 100)) == []


def test_what_is_ahead_of_the_journal_is_put_aside(tmp_path: Path) -> None:
    """Else it would be taken once the journal has come as far with other frames."""
    for sequence in (7, 8, 9):
        write(tmp_path, Snapshot(VENUE, sequence, 1, b"state"))

    put_aside_ahead(tmp_path, 7)

    assert [int(path.stem) for path in paths(tmp_path)] == [7]
    assert sorted(path.name.lstrip("0") for path in tmp_path.iterdir()) == ["7.snapshot", "8.ahead", "9.ahead"]
