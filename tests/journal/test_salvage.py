"""What is saved of a damaged journal: all that is whole, in order, and nothing else."""

from pathlib import Path

import pytest

from fixgw.journal import JournalDamaged, read
from fixgw.journal.cold import pack_all
from fixgw.journal.frame import HEADER_SIZE, encode
from fixgw.journal.salvage import frames_behind, sound_part, write_sound_part
from tests.journal.examples import frame, frames, segments, write

SIZE = len(encode(frame(1)))
"""Of each frame here."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A journal of three segments with two frames each."""
    folder = tmp_path / "journal"
    write(folder, *frames(1, 6), segment_size_max=HEADER_SIZE + 2 * SIZE)
    assert [int(path.stem) for path in segments(folder)] == [1, 3, 5]
    return folder


def saved(folder: Path) -> tuple[int, list[int]]:
    """The last sequence of the sound part, and the sequences behind it."""
    sound = sound_part(folder)
    behind = list(frames_behind(folder, sound))
    assert behind == [frame(each.sequence) for each in behind]
    return sound.last_sequence, [each.sequence for each in behind]


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x41
    path.write_bytes(data)


def test_a_sound_journal(folder: Path) -> None:
    sound = sound_part(folder)

    assert (sound.last_sequence, sound.damage) == (6, None)
    assert saved(folder) == (6, [])


def test_a_bit_flipped_in_any_byte_of_the_middle_costs_one_frame_at_most(folder: Path) -> None:
    second = segments(folder)[1]
    data = second.read_bytes()
    for at in range(len(data)):
        second.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        lost = 3 + (at - HEADER_SIZE) // SIZE  # at - HEADER_SIZE is negative in the header, which holds no frame

        assert saved(folder) == ((2, [3, 4, 5, 6]) if lost < 3 else (lost - 1, [*range(lost + 1, 7)])), at


def test_packed_segments_are_salvaged_too(folder: Path, tmp_path: Path) -> None:
    """What follows a damage within one cannot be found: it is one compressed piece."""
    for _ in pack_all(folder):
        pass
    packed = next(folder.glob("*.zst"))
    assert saved(folder) == (6, [])
    write_sound_part(sound_part(folder), tmp_path / "saved")
    assert list(read(tmp_path / "saved")) == frames(1, 6)

    packed.write_bytes(packed.read_bytes()[:-50])
    assert saved(folder) == (0, [3, 4, 5, 6])


def test_a_segment_that_is_missing(folder: Path) -> None:
    segments(folder)[1].unlink()

    assert saved(folder) == (2, [5, 6])


def test_the_first_segment_is_missing(folder: Path) -> None:
    segments(folder)[0].unlink()

    assert saved(folder) == (0, [3, 4, 5, 6])


def test_a_segment_of_another_venue_is_left_out(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "other", *frames(1, 6), segment_size_max=HEADER_SIZE + 2 * SIZE)
    segments(tmp_path / "other")[1].rename(segments(folder)[1])

    assert saved(folder) == (2, [5, 6])


def test_frames_that_were_written_twice_are_given_once(folder: Path) -> None:
    second = segments(folder)[1]
    second.write_bytes(second.read_bytes() + encode(frame(3)) + encode(frame(4)))

    assert saved(folder) == (4, [5, 6])


def test_garbage_in_between(folder: Path) -> None:
    second = segments(folder)[1]
    data = second.read_bytes()
    second.write_bytes(data[: HEADER_SIZE + SIZE] + bytes(range(256)) * 3 + b"\x94" * 50 + data[HEADER_SIZE + SIZE :])

    assert saved(folder) == (3, [4, 5, 6])


def test_the_sound_part_is_a_journal(folder: Path, tmp_path: Path) -> None:
    """Of the same venue, that can be written on; the damaged one is as it was."""
    flip(segments(folder)[1], HEADER_SIZE + SIZE + 20)
    before = [path.read_bytes() for path in segments(folder)]

    write_sound_part(sound_part(folder), tmp_path / "new")

    assert list(read(tmp_path / "new")) == frames(1, 3)
    write(tmp_path / "new", frame(4))
    assert list(read(tmp_path / "new")) == frames(1, 4)
    assert segments(tmp_path / "new")[0].read_bytes() == before[0]
    assert [path.read_bytes() for path in segments(folder)] == before


def test_an_unfinished_write_is_no_damage(folder: Path, tmp_path: Path) -> None:
    """It is left out of what is written."""
    last = segments(folder)[-1]
    last.write_bytes(last.read_bytes()[:-1])

    sound = sound_part(folder)
    write_sound_part(sound, tmp_path / "new")

    assert (sound.last_sequence, sound.damage) == (5, None)
    assert list(read(tmp_path / "new")) == frames(1, 5)


def test_a_place_that_is_taken_is_not_written_to(folder: Path) -> None:
    with pytest.raises(FileExistsError):
        write_sound_part(sound_part(folder), folder)


def test_damage_says_where_to_go_on(folder: Path) -> None:
    flip(segments(folder)[1], HEADER_SIZE + 20)

    with pytest.raises(JournalDamaged, match="fixgw journal repair shows what else can be saved"):
        list(read(folder))
