"""Backups: what goes in comes out, and what is not what went in is refused, with nothing left behind."""

import os
import shutil
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
import zstandard

from fixgw.backup import MANIFEST, Backup, BackupRefused, Manifest, restore
from fixgw.journal import JournalDamaged, read, snapshot
from fixgw.journal.cold import pack_all
from fixgw.snapshots import Beside
from tests.journal.day import write_day
from tests.journal.examples import frames, segments, write

Members = dict[str, bytes]


def silent(_: int) -> None: ...


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with three segments, a snapshot of sequence 1, and what a backup has no use for."""
    data = tmp_path / "data"
    write(data / "journal", *frames(1, 5), segment_size_max=300)
    take_snapshot(data, 1)
    (data / "admin.sock").touch()
    (data / "fix").mkdir()
    return data


@pytest.fixture
def config(tmp_path: Path) -> Path:
    config = tmp_path / "conf"
    config.mkdir()
    (config / "venue.toml").write_text("# ours\n")
    (config / "notes.txt").write_text("not the venue's")
    return config


def take_snapshot(data: Path, sequence: int) -> Path:
    venue_id = write_day(data, ())
    taken = msgspec.structs.replace(Beside().taken(venue_id), sequence=sequence)
    return snapshot.write(data / "snapshots", taken)


def content(folder: Path) -> Members:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def members(file: Path) -> Members:
    with file.open("rb") as packed:
        unpacked = zstandard.ZstdDecompressor().stream_reader(packed).read()
    with tarfile.open(fileobj=BytesIO(unpacked)) as archive:
        return {name: archive.extractfile(name).read() for name in archive.getnames()}  # type: ignore[union-attr]


def pack(file: Path, members: Members) -> None:
    """Write a backup of ours with these members, right or not."""
    unpacked = BytesIO()
    with tarfile.open(fileobj=unpacked, mode="w") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, BytesIO(data))
    file.write_bytes(zstandard.compress(unpacked.getvalue()))


def test_what_goes_in_comes_out(data: Path, config: Path, tmp_path: Path) -> None:
    file, restored = tmp_path / "a.backup", tmp_path / "restored"

    written = Backup(data, config).write(file, silent)
    manifest = restore(file, restored, silent)

    assert manifest == written
    assert manifest.last_sequence == 5
    assert content(restored) == {
        **{f"journal/{path.name}": path.read_bytes() for path in segments(data / "journal")},
        "snapshots/00000000000000000001.snapshot": (data / "snapshots" / f"{1:020d}.snapshot").read_bytes(),
        "config/venue.toml": b"# ours\n",
    }
    assert len(segments(data / "journal")) == 3
    files = [file, *(path for path in restored.rglob("*") if path.is_file())]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_packed_segments_go_in_as_what_they_hold(data: Path, config: Path, tmp_path: Path) -> None:
    """Also one that is packed while the backup is made; what comes out is not packed."""
    plain = {f"journal/{path.name}": path.read_bytes() for path in segments(data / "journal")}
    backup = Backup(data, config)
    for _ in pack_all(data / "journal"):
        pass
    assert len(list((data / "journal").glob("*.zst"))) == 1

    for number, each in enumerate((backup, Backup(data, config))):
        file, restored = tmp_path / f"{number}.backup", tmp_path / f"restored{number}"
        each.write(file, silent)
        restore(file, restored, silent)
        assert content(restored).items() >= plain.items()
        assert list(read(restored / "journal")) == frames(1, 5)


def test_it_is_of_one_moment(data: Path, config: Path, tmp_path: Path) -> None:
    """What the venue writes once the backup has begun is not in it, nor is a frame that is half there."""
    last = segments(data / "journal")[-1]
    with last.open("ab") as file:
        file.write(b"\0\0\0\x60half")
    backup = Backup(data, config)
    last.write_bytes(last.read_bytes().removesuffix(b"\0\0\0\x60half"))
    write(data / "journal", *frames(6, 9), segment_size_max=300)
    take_snapshot(data, 8)

    backup.write(tmp_path / "a.backup", silent)
    restore(tmp_path / "a.backup", tmp_path / "restored", silent)

    assert list(read(tmp_path / "restored" / "journal")) == frames(1, 5)
    assert [path.stem for path in snapshot.paths(tmp_path / "restored" / "snapshots")] == [f"{1:020d}"]


def test_a_snapshot_that_is_damaged_stays_out(data: Path, config: Path, tmp_path: Path) -> None:
    """The one before is taken."""
    newest = take_snapshot(data, 4)
    newest.write_bytes(newest.read_bytes()[:-1])

    manifest = Backup(data, config).write(tmp_path / "a.backup", silent)

    assert [part.name for part in manifest.parts if "snapshot" in part.name] == [f"snapshots/{1:020d}.snapshot"]


def test_a_damaged_journal_is_not_backed_up(data: Path, config: Path) -> None:
    first = segments(data / "journal")[0]
    first.write_bytes(first.read_bytes()[:-1])

    with pytest.raises(JournalDamaged, match="where sequence 2 should be"):
        Backup(data, config)


def test_a_file_that_is_there_stays(data: Path, config: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.backup"
    file.write_text("last week's")

    with pytest.raises(BackupRefused, match="is there already, and is not written over"):
        Backup(data, config).write(file, silent)
    assert file.read_text() == "last week's"


def test_a_disk_that_takes_no_backup(data: Path, config: Path, tmp_path: Path) -> None:
    """Nothing is left of it: here since a segment has vanished when it is to be read."""
    backup = Backup(data, config)
    segments(data / "journal")[-1].unlink()

    with pytest.raises(FileNotFoundError):
        backup.write(tmp_path / "a.backup", silent)
    assert sorted(os.listdir(tmp_path)) == ["conf", "data"]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_backup_cut_anywhere_is_refused(data: Path, config: Path, tmp_path: Path, is_there: bool) -> None:
    """Or it has lost nothing but what fills a tar file up; nothing is left of what was refused."""
    whole, cut, restored = tmp_path / "whole", tmp_path / "cut", tmp_path / "restored"
    Backup(data, config).write(whole, silent)
    packed = whole.read_bytes()
    restore(whole, restored, silent)
    right = content(restored)
    shutil.rmtree(restored)
    for size in range(0, len(packed), 7):
        if is_there:
            restored.mkdir()
        cut.write_bytes(packed[:size])

        if is_refused(cut, restored):
            assert restored.exists() == is_there
            assert not is_there or os.listdir(restored) == []
        else:
            assert content(restored) == right
            assert size > len(packed) * 0.9
        shutil.rmtree(restored, ignore_errors=True)


def test_a_bit_flipped_anywhere_does_not_come_out(data: Path, config: Path, tmp_path: Path) -> None:
    whole, bad, restored = tmp_path / "whole", tmp_path / "bad", tmp_path / "restored"
    Backup(data, config).write(whole, silent)
    packed = whole.read_bytes()
    restore(whole, restored, silent)
    right = content(restored)
    refused = 0
    for at in range(0, len(packed), 5):
        bad.write_bytes(packed[:at] + bytes([packed[at] ^ 1 << at % 8]) + packed[at + 1 :])
        shutil.rmtree(restored, ignore_errors=True)

        if is_refused(bad, restored):
            refused += 1
            assert not restored.exists()
        else:
            assert content(restored) == right, at

    assert refused > len(packed) / 5 * 0.8


def is_refused(file: Path, data: Path) -> bool:
    try:
        restore(file, data, silent)
    except BackupRefused:
        return True
    return False


def _another_byte(members: Members) -> None:
    members["config/venue.toml"] = b"# hers\n"


def _one_less(members: Members) -> None:
    del members["config/venue.toml"]


def _one_more(members: Members) -> None:
    members["config/sessions.cfg"] = b""


def _a_way_out(members: Members) -> None:
    members["journal/../../out"] = b""


def _of_tomorrow(members: Members) -> None:
    manifest = msgspec.json.decode(members[MANIFEST], type=Manifest)
    members[MANIFEST] = msgspec.json.encode(msgspec.structs.replace(manifest, format=2))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_another_byte, "config/venue.toml is not what was written"),
        (_one_less, "config/venue.toml is not what was written"),
        (_one_more, "config/sessions.cfg is not what was written"),
        (_a_way_out, "'journal/../../out', which no backup does"),
        (_of_tomorrow, "is of format 2, this fixgw reads 1"),
    ],
)
def test_another_content_is_refused(
    data: Path, config: Path, tmp_path: Path, change: Callable[[Members], None], reason: str
) -> None:
    file = tmp_path / "a.backup"
    Backup(data, config).write(file, silent)
    changed = members(file)
    change(changed)
    pack(file, changed)

    with pytest.raises(BackupRefused, match=reason.replace("(", r"\(")):
        restore(file, tmp_path / "restored", silent)
    assert not (tmp_path / "restored").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["full", "file"])
def test_only_into_an_empty_folder(data: Path, config: Path, tmp_path: Path, kind: str) -> None:
    Backup(data, config).write(tmp_path / "a.backup", silent)
    where = data if kind == "full" else tmp_path / "a.backup"
    before = content(data)

    with pytest.raises(BackupRefused, match="is not an empty folder"):
        restore(tmp_path / "a.backup", where, silent)
    assert content(data) == before


def test_a_journal_whose_first_segments_were_removed(data: Path, config: Path, tmp_path: Path) -> None:
    """All snapshots that are right go with it: they are all there is of what is gone."""
    for sequence in (3, 4):
        take_snapshot(data, sequence)
    first = segments(data / "journal")[0]
    first.unlink()

    backup = Backup(data, config)
    manifest = backup.write(tmp_path / "a.backup", silent)
    restore(tmp_path / "a.backup", tmp_path / "restored", silent)

    assert (backup.first_sequence, manifest.last_sequence) == (3, 5)
    assert list(read(tmp_path / "restored" / "journal", 3)) == frames(3, 5)
    kept = [int(path.stem) for path in snapshot.paths(tmp_path / "restored" / "snapshots")]
    assert kept == [4, 3], "from that of 1 no journal goes on"


def test_a_segment_that_is_removed_meanwhile(data: Path, config: Path, tmp_path: Path) -> None:
    take_snapshot(data, 3)
    backup = Backup(data, config)
    segments(data / "journal")[0].unlink()

    with pytest.raises(BackupRefused, match=r"was removed while the backup was made .* take the backup again"):
        backup.write(tmp_path / "a.backup", silent)
    assert list(tmp_path.glob("*.backup*")) == []


def test_a_journal_without_its_beginning_and_without_a_snapshot(data: Path, config: Path) -> None:
    segments(data / "journal")[0].unlink()

    with pytest.raises(JournalDamaged, match="the segment before this one is missing"):
        Backup(data, config)
