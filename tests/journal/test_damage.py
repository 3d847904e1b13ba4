"""What is found in the files after a kill, a power cut or a bad disk: cut off, refused, and never misread."""

import logging
import struct
from pathlib import Path
from zlib import crc32

import pytest

from fixgw.journal import JournalDamaged, JournalWriter, read
from fixgw.journal.frame import HEADER_SIZE, encode
from tests.journal.examples import frame, frames, segments, write

LAST = 3
ENDS = [HEADER_SIZE + sum(len(encode(each)) for each in frames(1, n)) for n in range(LAST + 1)]
"""Where the frame of each sequence ends; that of 0 is the header."""


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    """The one segment of a journal with three frames."""
    write(tmp_path, *frames(1, LAST))
    return segments(tmp_path)[0]


def test_a_file_cut_at_any_byte_goes_on_after_its_last_whole_frame(segment: Path) -> None:
    data = segment.read_bytes()
    assert len(data) == ENDS[-1]
    for size in range(ENDS[-3], ENDS[-1] + 1):
        segment.write_bytes(data[:size])
        kept = max(n for n, end in enumerate(ENDS) if end <= size)
        assert list(read(segment.parent)) == frames(1, kept), size

        write(segment.parent, *frames(kept + 1, LAST + 1))

        assert list(read(segment.parent)) == frames(1, LAST + 1), size


def test_a_cut_is_told(segment: Path, caplog: pytest.LogCaptureFixture) -> None:
    segment.write_bytes(segment.read_bytes()[:-1])

    with caplog.at_level(logging.WARNING, "fixgw.journal"):
        write(segment.parent)

    cut = len(encode(frame(LAST))) - 1
    assert caplog.messages == [
        f"{segment}: cut off {cut} bytes at byte {ENDS[-2]}, a write of sequence {LAST} that never finished"
    ]
    assert segment.stat().st_size == ENDS[-2]


@pytest.mark.parametrize("written", [0, 1, 7, 8, 9, 50])
@pytest.mark.parametrize("zeros", [1, 8, 4096])
def test_zeros_after_a_power_cut_are_cut_off(segment: Path, written: int, zeros: int) -> None:
    """The file system had made the file longer, but not yet written all of what belongs there."""
    segment.write_bytes(segment.read_bytes() + encode(frame(LAST + 1))[:written] + bytes(zeros))

    write(segment.parent, frame(LAST + 1))

    assert list(read(segment.parent)) == frames(1, LAST + 1)


def test_a_bit_flipped_in_any_byte_is_refused_or_cut_off_with_the_last_frame(segment: Path) -> None:
    data = segment.read_bytes()
    for at in range(len(data)):
        segment.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        found = []
        refused = False
        try:
            for sequenced in read(segment.parent):
                found.append(sequenced)
        except JournalDamaged:
            refused = True

        assert found == frames(1, max([0] + [n for n, end in enumerate(ENDS) if end <= at])), at
        assert refused or at >= ENDS[-2], at


def test_damage_is_refused_untouched_and_named(segment: Path) -> None:
    data = bytearray(segment.read_bytes())
    data[ENDS[1] + 20] ^= 1
    segment.write_bytes(data)

    with pytest.raises(JournalDamaged) as damaged:
        JournalWriter.open(segment.parent)

    assert (damaged.value.path, damaged.value.offset, damaged.value.sequence) == (segment, ENDS[1], 2)
    assert str(damaged.value).startswith(f"{segment}, byte {ENDS[1]}, where sequence 2 should be: ")
    assert "backup" in str(damaged.value)
    assert segment.read_bytes() == data
    assert list(segment.parent.glob("*.journal")) == [segment]


@pytest.mark.parametrize("length", [0, 1, 1000, 2**32 - 1])
def test_a_damaged_length_is_not_a_torn_tail(segment: Path, length: int) -> None:
    data = bytearray(segment.read_bytes())
    data[ENDS[1] : ENDS[1] + 4] = struct.pack(">I", length)
    segment.write_bytes(data)

    with pytest.raises(JournalDamaged, match="where sequence 2 should be"):
        JournalWriter.open(segment.parent)


def test_bytes_that_no_write_of_ours_leaves_are_refused(segment: Path) -> None:
    segment.write_bytes(segment.read_bytes() + b"\0\0\0\4abcdefgh and something else")

    with pytest.raises(JournalDamaged, match="not an unfinished last write"):
        JournalWriter.open(segment.parent)


def test_a_frame_out_of_order_is_refused(segment: Path) -> None:
    segment.write_bytes(segment.read_bytes() + encode(frame(LAST + 2)))

    with pytest.raises(JournalDamaged, match=f"frame is of sequence {LAST + 2}"):
        JournalWriter.open(segment.parent)


def test_a_whole_frame_of_something_else_is_refused(segment: Path) -> None:
    payload = b"\x94\x05\x01\xc0\x90"  # [5, 1, nil, []]: no such command
    segment.write_bytes(segment.read_bytes() + struct.pack(">II", len(payload), crc32(payload)) + payload)

    with pytest.raises(JournalDamaged, match="not understood"):
        list(read(segment.parent))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A journal of three segments with two frames each."""
    write(tmp_path, *frames(1, 6), segment_size_max=ENDS[2])
    assert [int(path.stem) for path in segments(tmp_path)] == [1, 3, 5]
    return tmp_path


@pytest.mark.parametrize(("missing", "sequence"), [(0, 1), (1, 3)])
def test_a_missing_segment_is_refused(folder: Path, missing: int, sequence: int) -> None:
    segments(folder)[missing].unlink()

    with pytest.raises(JournalDamaged, match=f"where sequence {sequence} should be"):
        list(read(folder))


def test_only_the_last_segment_may_end_in_a_torn_frame(folder: Path) -> None:
    second = segments(folder)[1]
    second.write_bytes(second.read_bytes()[:-1])

    with pytest.raises(JournalDamaged, match="where sequence 4 should be: the frame is cut short"):
        list(read(folder))


def test_a_segment_of_another_venue_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    write(other, *frames(1, 6), segment_size_max=ENDS[2])
    segments(other)[1].rename(segments(folder)[1])

    with pytest.raises(JournalDamaged, match="another venue"):
        list(read(folder))


def test_a_renamed_segment_is_refused(folder: Path) -> None:
    last = segments(folder)[-1]
    last.rename(last.with_name("00000000000000000009.journal"))

    with pytest.raises(JournalDamaged, match="begins with 5"):
        JournalWriter.open(folder)


def test_a_segment_of_another_version_is_refused(segment: Path) -> None:
    head = bytearray(segment.read_bytes()[: HEADER_SIZE - 4])
    head[9] = 1
    segment.write_bytes(head + crc32(head).to_bytes(4, "big"))

    with pytest.raises(JournalDamaged, match="written in format 1 with semantics 1; this fixgw reads format 2"):
        JournalWriter.open(segment.parent)
