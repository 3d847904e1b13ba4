"""Snapshots: what the journal amounts to after one of its frames, so that a start need not read it all."""

import contextlib
import logging
import os
import re
import struct
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from uuid import UUID
from zlib import crc32

import msgspec
import zstandard

from fixgw.journal.frame import FORMAT_VERSION, SEMANTICS_VERSION
from fixgw.journal.writer import sync_folder, write_all

MAGIC = b"FIXGWSNP"
KEPT = 3
"""Snapshots that stay: the newest may turn out to be damaged."""

_HEADER = struct.Struct(">8sHH16sQqQ32s")
_HEADER_SIZE = _HEADER.size + 4
_HASH_SIZE = 32
_NAME = re.compile(r"[0-9]{20}\.snapshot")
_COMPRESSION_LEVEL = 3

log = logging.getLogger("fixgw.journal.snapshot")


class Snapshot(msgspec.Struct, frozen=True):
    """``state`` is what the frames up to ``sequence`` amount to; ``time_ns`` is that of the frame."""

    venue_id: UUID
    sequence: int
    time_ns: int
    state: bytes

    @property
    def hash(self) -> bytes:
        return state_hash(self.state)

    @property
    def file_name(self) -> str:
        return f"{self.sequence:020d}.snapshot"


def state_hash(state: bytes) -> bytes:
    """Return BLAKE2b-256 of an encoded state: equal states have equal ones, on any machine."""
    return blake2b(state, digest_size=_HASH_SIZE).digest()


class SnapshotDamaged(Exception):
    """The file is not what was written."""


def write(folder: Path, snapshot: Snapshot) -> Path:
    """Put ``snapshot`` on the disk, wholly or not at all, check it, and remove all but the newest KEPT.

    Raises OSError, or SnapshotDamaged when it cannot be read back.
    """
    folder.mkdir(parents=True, exist_ok=True)
    packed = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL).compress(snapshot.state)
    head = _HEADER.pack(
        MAGIC,
        FORMAT_VERSION,
        SEMANTICS_VERSION,
        snapshot.venue_id.bytes,
        snapshot.sequence,
        snapshot.time_ns,
        len(packed),
        snapshot.hash,
    )
    path = folder / snapshot.file_name
    new = path.with_suffix(".new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write_all(file, head + crc32(head).to_bytes(4, "big"))
        write_all(file, packed)
        os.fsync(file)
    finally:
        os.close(file)
    read(new)
    new.rename(path)
    sync_folder(folder)
    for old in paths(folder)[KEPT:]:
        old.unlink()
    return path


def read(path: Path) -> Snapshot:
    """Raises SnapshotDamaged for anything but a whole snapshot that this version has written, or OSError."""
    data = path.read_bytes()
    if len(data) < _HEADER_SIZE or not data.startswith(MAGIC):
        raise SnapshotDamaged(f"{path} does not begin with the header of a snapshot")
    if crc32(data[: _HEADER.size]) != int.from_bytes(data[_HEADER.size : _HEADER_SIZE], "big"):
        raise SnapshotDamaged(f"{path}: the CRC-32 of its header is wrong")
    _, format_version, semantics_version, venue_id, sequence, time_ns, length, digest = _HEADER.unpack_from(data)
    if (format_version, semantics_version) != (FORMAT_VERSION, SEMANTICS_VERSION):
        raise SnapshotDamaged(
            f"{path} was written in format {format_version} with semantics {semantics_version}; "
            f"this fixgw reads format {FORMAT_VERSION} with semantics {SEMANTICS_VERSION}"
        )
    if len(data) != _HEADER_SIZE + length:
        raise SnapshotDamaged(f"{path} has {len(data)} bytes, its header says {_HEADER_SIZE + length}")
    try:
        state = zstandard.ZstdDecompressor().decompress(data[_HEADER_SIZE:])
    except zstandard.ZstdError as error:
        raise SnapshotDamaged(f"{path} cannot be unpacked: {error}") from None
    if state_hash(state) != digest:
        raise SnapshotDamaged(f"{path}: its state is not the one that was written (BLAKE2b)")
    return Snapshot(UUID(bytes=venue_id), sequence, time_ns, state)


def usable(folder: Path, venue_id: UUID | None, sequence_max: int) -> Iterator[Snapshot]:
    """Yield the snapshots of this venue up to ``sequence_max``, the newest first; what is not right is logged."""
    for path in paths(folder):
        if int(path.stem) > sequence_max:
            log.warning("%s is ahead of the journal, which ends with %d; it is passed over", path, sequence_max)
            continue
        with contextlib.suppress(FileNotFoundError):  # a newer one has taken its place
            try:
                snapshot = read(path)
            except SnapshotDamaged as error:
                log.warning("%s; the one before is taken", error)
                continue
            if snapshot.venue_id == venue_id:
                yield snapshot
            else:
                log.warning("%s is of another venue, %s; it is passed over", path, snapshot.venue_id)


def put_aside_ahead(folder: Path, sequence: int) -> None:
    """Rename the snapshots of frames behind ``sequence``, the last of the journal, so that nobody takes them.

    They are of frames that are lost, as after a power cut: their sequences will be given to others.  Raises OSError.
    """
    for path in paths(folder):
        if int(path.stem) > sequence:
            path.rename(path.with_suffix(".ahead"))
            log.warning("%s is ahead of the journal, which ends with %d; it is put aside", path, sequence)


def paths(folder: Path) -> list[Path]:
    """Return the files of the snapshots, the newest first."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), reverse=True)
