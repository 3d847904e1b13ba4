"""Reading in pieces: wherever a piece or a batch ends, the same frames come, and reading goes on where it was."""

from pathlib import Path
from types import SimpleNamespace
from zlib import crc32

import msgspec
import pytest

from fixgw.journal import reader
from fixgw.journal.frame import FRAME_HEADER, HEADER_SIZE, PLACE, WHOLE, encode
from fixgw.journal.reader import JournalDamaged, Segment, read
from tests.journal.examples import frames, segments, write
from tests.orders import configuration

LAST = 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    write(folder, *frames(1, LAST))
    return folder


@pytest.mark.parametrize("size", [2, 7, 8, 9, 40, 155, 156, 157, 1 << 18])
@pytest.mark.parametrize("batch", [1, 2, 64])
def test_the_same_frames_in_pieces_of_any_size(
    folder: Path, monkeypatch: pytest.MonkeyPatch, size: int, batch: int
) -> None:
    """A frame may be longer than a piece, and its head may be in two."""
    monkeypatch.setattr(reader, "READ_SIZE", size)
    monkeypatch.setattr(reader, "BATCH_FRAMES_MAX", batch)

    assert list(read(folder)) == frames(1, LAST)


@pytest.mark.parametrize("frames_max", [1, 5, LAST, LAST + 1])
def test_reading_goes_on_behind_the_last_batch(folder: Path, frames_max: int) -> None:
    (path,) = segments(folder)
    segment, given = Segment(path, is_last=True), []
    while batches := list(segment.batches(WHOLE, frames_max)):
        now = [frame for batch in batches for frame in batch]
        assert 0 < len(now) <= frames_max
        given += now
        assert segment.next_sequence == len(given) + 1
        assert segment.end == HEADER_SIZE + sum(len(encode(frame)) for frame in given)
    assert given == frames(1, LAST)


def test_what_precedes_a_frame_that_is_not_understood_is_given_first(folder: Path) -> None:
    """It is whole, CRC and all, and nothing that this version knows."""
    (path,) = segments(folder)
    payload = msgspec.msgpack.encode("no frame")
    with path.open("ab") as file:
        file.write(FRAME_HEADER.pack(len(payload), crc32(payload)) + payload)
    batches = Segment(path, is_last=True).batches(PLACE)

    assert [frame.sequence for frame in next(batches)] == [*range(1, LAST + 1)]
    with pytest.raises(JournalDamaged, match=f"where sequence {LAST + 1} should be: the frame is whole but not unders"):
        next(batches)


@pytest.mark.parametrize("leap", [1, 100, 300, 1 << 18])
def test_a_frame_is_found_by_leaps(folder: Path, monkeypatch: pytest.MonkeyPatch, leap: int) -> None:
    (path,) = segments(folder)
    monkeypatch.setattr(reader, "LEAP_SIZE_MIN", leap)
    for sequence in range(1, LAST + 2):
        segment = Segment(path, is_last=True)

        segment.skip_to(sequence)

        assert segment.next_sequence == sequence
        assert segment.end == HEADER_SIZE + sum(len(encode(frame)) for frame in frames(1, sequence - 1))
        assert list(segment.frames(WHOLE)) == frames(sequence, LAST)


def test_leaps_end_where_a_frame_is_longer_than_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of it no frame begins."""
    monkeypatch.setattr(reader, "LEAP_SIZE_MIN", 200)
    long = msgspec.structs.replace(frames(2, 2)[0], command=configuration())
    write(tmp_path / "journal", *frames(1, 1), long, *frames(3, LAST))
    (path,) = segments(tmp_path / "journal")
    assert len(encode(long)) > 400

    for sequence in (2, 3, LAST):
        segment = Segment(path, is_last=True)
        segment.skip_to(sequence)
        assert segment.next_sequence == sequence


@pytest.mark.timeout(10)
@pytest.mark.parametrize("torn", [1, 8, 100, 1 << 20])
def test_a_file_that_is_cut_while_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch, torn: int) -> None:
    """A venue that starts cuts off a write that never finished: who has seen its size finds less."""
    size = segments(folder)[0].stat().st_size
    monkeypatch.setattr("fixgw.journal.reader.os.fstat", lambda _file: SimpleNamespace(st_size=size + torn))

    assert list(read(folder)) == frames(1, LAST)
