"""Cold segments are packed beside everybody who reads them, and nobody sees a difference."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from fixgw.journal import JournalDamaged, JournalWriter, read
from fixgw.journal.cold import LOOK_EVERY_S, TRY_AGAIN_S, Packer, pack_all
from fixgw.journal.follower import Follower
from fixgw.journal.frame import HEADER_SIZE, encode
from fixgw.journal.reader import read_header
from tests.journal.examples import frame, frames, write

SIZE = len(encode(frame(1)))
TWO_FRAMES = HEADER_SIZE + 2 * SIZE
LAST = 9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five segments, of which the first three are cold."""
    write(tmp_path / "journal", *frames(1, LAST), segment_size_max=TWO_FRAMES)
    return tmp_path / "journal"


def names(folder: Path) -> list[str]:
    """The files, without the zeros in front."""
    return sorted(
        (path.name.lstrip("0") for path in folder.iterdir() if path.is_file()), key=lambda name: name.zfill(99)
    )


def pack(folder: Path) -> None:
    for _ in pack_all(folder):
        pass


def test_all_but_the_last_two_are_packed(folder: Path) -> None:
    pack(folder)

    assert names(folder) == ["lock", "7.journal", "9.journal", "1.journal.zst", "3.journal.zst", "5.journal.zst"]
    pack(folder)
    assert len(names(folder)) == 6


@pytest.mark.parametrize("first", range(1, LAST + 2))
def test_a_packed_journal_is_read_from_any_sequence(folder: Path, first: int) -> None:
    pack(folder)

    assert list(read(folder, first)) == frames(first, LAST)
    follower = Follower(folder, first)
    assert follower.read() == frames(first, LAST)
    follower.close()
    assert read_header(folder) is not None


def test_a_packed_journal_goes_on(folder: Path) -> None:
    pack(folder)

    write(folder, *frames(LAST + 1, LAST + 4), segment_size_max=TWO_FRAMES)
    pack(folder)

    assert list(read(folder)) == frames(1, LAST + 4)


@pytest.mark.parametrize("given", range(LAST + 1))
def test_a_follower_goes_on_when_what_it_reads_is_packed(folder: Path, given: int) -> None:
    """Wherever it is: at the beginning of a segment, within it, or at its end."""
    follower = Follower(folder)
    assert follower.read(given) == frames(1, given) if given else True
    pack(folder)

    came = [each for _ in range(LAST) for each in follower.read(1)]

    assert came == frames(given + 1, LAST)
    follower.close()


@pytest.mark.parametrize("given", range(1, LAST))
def test_a_reader_goes_on_when_what_it_reads_is_packed(folder: Path, given: int) -> None:
    reader = read(folder)
    before = list(islice(reader, given))
    pack(folder)

    assert before + list(reader) == frames(1, LAST)


def test_packing_that_ends_anywhere_harms_nothing(tmp_path: Path) -> None:
    """Its process may be killed after any piece, and begins anew."""
    write(tmp_path, *frames(1, LAST), segment_size_max=TWO_FRAMES)
    done = 0
    while done < 100:
        begun: Iterator[None] = pack_all(tmp_path)
        if len(list(islice(begun, done))) < done:
            break
        assert list(read(tmp_path)) == frames(1, LAST)
        done += 1

    assert done > 3
    assert list(read(tmp_path)) == frames(1, LAST)


def test_a_segment_that_is_there_twice_is_read_once(folder: Path) -> None:
    """The process was killed between giving the packed one its name and removing the plain one."""
    plain = next(folder.glob("*1.journal"))
    kept = plain.read_bytes()
    pack(folder)
    plain.write_bytes(kept)

    assert list(read(folder)) == frames(1, LAST)
    pack(folder)
    assert not plain.exists()
    assert list(read(folder)) == frames(1, LAST)


def read_or_damage(folder: Path) -> object:
    """Return all frames, or the file that is damaged."""
    try:
        return list(read(folder))
    except JournalDamaged as damage:
        return damage.path


def test_a_byte_changed_anywhere_in_a_packed_segment_is_noticed(folder: Path) -> None:
    pack(folder)
    packed = next(folder.glob("*3.journal.zst"))
    data = packed.read_bytes()
    for at in range(len(data)):
        packed.write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        assert read_or_damage(folder) in (frames(1, LAST), packed), at  # some bits mean nothing


@pytest.mark.parametrize("size", [0, 5, 30, -30, -5])
def test_a_packed_segment_cut_short_is_damage(folder: Path, size: int) -> None:
    pack(folder)
    packed = next(folder.glob("*3.journal.zst"))
    packed.write_bytes(packed.read_bytes()[:size])

    with pytest.raises(JournalDamaged) as damaged:
        list(read(folder))

    assert damaged.value.path == packed


def test_nothing_is_written_behind_a_packed_segment(folder: Path) -> None:
    """Someone has removed the last segments."""
    pack(folder)
    for plain in folder.glob("*.journal"):
        plain.unlink()

    with pytest.raises(JournalDamaged, match="the segments after this one are missing"):
        JournalWriter.open(folder)


def test_a_disk_without_room_leaves_the_plain_segment(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is told, and tried again a minute later; here a file stands where the folder would be."""
    (folder / "packing").touch()
    packer = Packer(folder)

    assert not packer.work(0.0)
    assert "a cold segment was not packed" in caplog.text
    assert not packer.work(TRY_AGAIN_S - 1)
    assert list(read(folder)) == frames(1, LAST)

    (folder / "packing").unlink()
    assert packer.work(TRY_AGAIN_S)
    while packer.work(TRY_AGAIN_S):
        pass
    assert len(list(folder.glob("*.zst"))) == 3


def test_the_packer_looks_now_and_then(tmp_path: Path) -> None:
    """The journal may not be there yet."""
    packer = Packer(tmp_path / "journal")
    assert not packer.work(0.0)
    write(tmp_path / "journal", *frames(1, LAST), segment_size_max=TWO_FRAMES)

    while packer.work(1.0):
        pass
    assert len(list((tmp_path / "journal").glob("*.zst"))) == 3

    write(tmp_path / "journal", frame(LAST + 1), segment_size_max=TWO_FRAMES)
    assert not packer.work(LOOK_EVERY_S - 1)
    while packer.work(LOOK_EVERY_S + 1):
        pass
    assert len(list((tmp_path / "journal").glob("*.zst"))) == 4
