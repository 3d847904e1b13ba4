"""Backups: one file with all that a venue needs to go on, taken while it trades, and a data folder made of it again."""

import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from hashlib import blake2b
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import IO, BinaryIO
from uuid import UUID

import msgspec
import zstandard

from fixgw.journal import snapshot
from fixgw.journal.frame import PLACE
from fixgw.journal.packed import packed_path
from fixgw.journal.reader import Segment, segments
from fixgw.journal.retention import readable_from
from fixgw.journal.snapshot import SnapshotDamaged
from fixgw.journal.writer import sync_folder

FORMAT = 1
MANIFEST = "manifest.json"
CONFIG_FILES = ("venue.toml", "sessions.cfg")
CONFIG = "config"
"""The folder of the configuration files, in the backup and below a restored data folder."""

_MEMBER = re.compile(
    r"journal/[0-9]{20}\.journal|snapshots/[0-9]{20}\.snapshot|config/(venue\.toml|sessions\.cfg)|manifest\.json"
)
_MANIFEST_SIZE_MAX = 1 << 24
_COMPRESSION_LEVEL = 3
_HASH_SIZE = 32
_PIECE_SIZE = 1 << 20

Told = Callable[[int], object]
"""Is told how many more bytes are done."""


class BackupRefused(Exception):
    """Why there is no backup, or nothing is restored of it, and what to do; nothing was changed."""


class Part(msgspec.Struct, frozen=True):
    """A file of the backup, by its path in the data folder; ``blake2b`` is BLAKE2b-256 in hexadecimal."""

    name: str
    size: int
    blake2b: str


class Manifest(msgspec.Struct, frozen=True):
    """The last file of a backup: one that was cut short has none."""

    format: int
    venue_id: UUID
    last_sequence: int
    parts: tuple[Part, ...]


# Write.


class Backup:
    """What a data folder holds at one moment: the journal up to its last whole frame, and all that goes with it."""

    def __init__(self, data_dir: Path, config_dir: Path) -> None:
        """Read the journal once, to know that it is whole.

        Raises JournalDamaged, or FileNotFoundError when there is no journal.
        """
        self._segments: list[Segment] = []
        self._snapshots = data_dir / "snapshots"
        self.first_sequence = readable_from(data_dir, self._snapshots)
        """Of the first frame that there is; snapshots stand for those before it."""
        for segment in segments(data_dir / "journal", self.first_sequence):
            for _ in segment.frames(PLACE):
                pass
            self._segments.append(segment)
        if not self._segments:
            raise FileNotFoundError(data_dir / "journal")
        self.venue_id = self._segments[-1].header.venue_id
        self.last_sequence = self._segments[-1].next_sequence - 1
        self.size = sum(segment.end for segment in self._segments)
        """Bytes of the journal; the rest is small."""
        self._config_files = [path for name in CONFIG_FILES if (path := config_dir / name).is_file()]

    def write(self, file: Path, told: Told) -> Manifest:
        """Write ``file``, wholly or not at all, readable by its owner only; ``told`` hears of bytes of the journal.

        Raises BackupRefused when the file is there, or OSError.
        """
        if os.path.lexists(file):
            raise BackupRefused(f"{file} is there already, and is not written over; name another file")
        new = file.with_name(f".{file.name}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                manifest = self._write_all(out, told)
                out.flush()
                os.fsync(out.fileno())
            new.rename(file)
            sync_folder(file.absolute().parent)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        return manifest

    def _write_all(self, out: BinaryIO, told: Told) -> Manifest:
        compressor = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL, write_checksum=True)
        with (
            compressor.stream_writer(out, closefd=False) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
            ExitStack() as stack,
        ):
            opened = self._open_snapshots(stack)
            parts = list(self._write_journal(archive, told))
            for each in opened:
                parts.append(_write_part(archive, f"snapshots/{Path(each.name).name}", each))
            for path in self._config_files:
                with path.open("rb") as file:
                    parts.append(_write_part(archive, f"{CONFIG}/{path.name}", file))
            manifest = Manifest(FORMAT, self.venue_id, self.last_sequence, tuple(parts))
            text = msgspec.json.format(msgspec.json.encode(manifest)) + b"\n"
            archive.addfile(_entry(MANIFEST, len(text)), BytesIO(text))
        return manifest

    def _write_journal(self, archive: tarfile.TarFile, told: Told) -> Iterator[Part]:
        for segment in self._segments:
            is_gone = not segment.path.exists() and not packed_path(segment.path).exists()
            if is_gone and segment is not self._segments[-1]:
                raise BackupRefused(
                    f"{segment.name} was removed while the backup was made (journal.keep_days); take the backup again"
                )
            with segment.reading() as file:
                file.seek(0)
                yield _write_part(archive, f"journal/{segment.name}", file, segment.end, told)
            segment.close()

    def _open_snapshots(self, stack: ExitStack) -> list[BufferedReader]:
        """Open the newest snapshot that is right and no later than the journal as it was read; ``stack`` closes it.

        Where they stand for frames that were removed, all of these.  Raises BackupRefused when there is none then.
        """
        opened: list[BufferedReader] = []
        for path in snapshot.paths(self._snapshots):
            # One that is not there any more has given its place to a newer one.
            with suppress(FileNotFoundError, SnapshotDamaged):
                if (
                    self.first_sequence - 1 <= int(path.stem) <= self.last_sequence
                    and snapshot.read(path).venue_id == self.venue_id
                ):
                    opened.append(stack.enter_context(path.open("rb")))
                    if self.first_sequence == 1:
                        break
        if self.first_sequence > 1 and not opened:
            raise BackupRefused(
                f"the journal begins with sequence {self.first_sequence}, and no snapshot in {self._snapshots} stands "
                "for what precedes it any more; take the backup again"
            )
        return opened


def _write_part(
    archive: tarfile.TarFile, name: str, file: BinaryIO, size: int | None = None, told: Told = lambda _: None
) -> Part:
    """Write ``file``, or its first ``size`` bytes: it may grow meanwhile."""
    size = os.fstat(file.fileno()).st_size if size is None else size
    hashing = _Hashing(file, told)
    archive.addfile(_entry(name, size), hashing)  # type: ignore[arg-type]  # it wants no more than read
    return Part(name, size, hashing.digest())


class _Hashing:
    """A file that is read, and what was read of it is hashed."""

    def __init__(self, file: IO[bytes], told: Told) -> None:
        self._file = file
        self._told = told
        self._hash = blake2b(digest_size=_HASH_SIZE)

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._hash.update(data)
        self._told(len(data))
        return data

    def digest(self) -> str:
        return self._hash.hexdigest()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


# Restore.


def restore(file: Path, data_dir: Path, told: Told) -> Manifest:
    """Make ``data_dir``, an empty folder or none, what the backup holds, wholly or not at all.

    ``told`` hears of bytes of ``file``.  Raises BackupRefused, with ``data_dir`` as it was, or OSError.
    """
    was_there = data_dir.exists()
    if was_there and (not data_dir.is_dir() or any(data_dir.iterdir())):
        raise BackupRefused(f"{data_dir} is not an empty folder; name another with --data, or move that one away")
    work = data_dir / ".restoring"
    work.mkdir(parents=True)
    try:
        with file.open("rb") as packed:
            manifest = _unpack(_Hashing(packed, told), file, work)
        for folder in sorted(work.iterdir()):
            sync_folder(folder)
            folder.rename(data_dir / folder.name)
        work.rmdir()
        sync_folder(data_dir)
    except BaseException:
        shutil.rmtree(work if was_there else data_dir)
        raise
    return manifest


def _unpack(packed: _Hashing, file: Path, folder: Path) -> Manifest:
    """Unpack all into ``folder`` and return the manifest, which it agrees with; raises BackupRefused."""
    found: list[Part] = []
    manifest: Manifest | None = None
    try:
        with (
            zstandard.ZstdDecompressor().stream_reader(packed) as unpacked,  # type: ignore[arg-type]
            tarfile.open(fileobj=unpacked, mode="r|") as archive,
        ):
            for entry in archive:
                content = archive.extractfile(entry) if entry.isreg() and _MEMBER.fullmatch(entry.name) else None
                if content is None:
                    raise BackupRefused(f"{file} holds {entry.name!r}, which no backup does; use another backup")
                if entry.name == MANIFEST:
                    manifest = msgspec.json.decode(content.read(_MANIFEST_SIZE_MAX), type=Manifest)
                else:
                    found.append(_unpack_part(content, entry.name, folder))
    except (zstandard.ZstdError, tarfile.TarError, EOFError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackupRefused(f"{file} is no backup, or is damaged: {error}; use another backup") from None
    if manifest is None:
        raise BackupRefused(f"{file} ends before its manifest, so it is not whole; use another backup")
    if manifest.format != FORMAT:
        raise BackupRefused(
            f"{file} is of format {manifest.format}, this fixgw reads {FORMAT}; use the one that wrote it"
        )
    wrong = sorted({part.name for part in {*found} ^ {*manifest.parts}})
    if wrong:
        raise BackupRefused(f"{file}: {', '.join(wrong)} is not what was written (BLAKE2b); use another backup")
    return manifest


def _unpack_part(content: IO[bytes], name: str, folder: Path) -> Part:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    hashing = _Hashing(content, lambda _: None)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while piece := hashing.read(_PIECE_SIZE):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
        return Part(name, file.tell(), hashing.digest())
