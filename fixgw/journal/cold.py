"""Cold segments: all but the last two are packed, a piece at a time, by a process that is late for nobody."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import zstandard

from fixgw.journal.packed import Unpacked, is_packed, packed_path
from fixgw.journal.reader import segment_paths
from fixgw.journal.writer import sync_folder, write_all

WARM = 2
"""Segments that stay as they are: the one that is written, and the one before, which followers may be reading."""
PIECE_BYTES = 1 << 20
"""Packed at a time, some 10 ms."""
LOOK_EVERY_S = 10.0
TRY_AGAIN_S = 60.0

_COMPRESSION_LEVEL = 3
_FOLDER = "packing"
"""Beside the segments, so that followers are not woken by what is written there."""

log = logging.getLogger("fixgw.journal.cold")


class NotAsPacked(Exception):
    """What was packed reads back as another thing; the plain segment stays."""


class Packer:
    """Packs what is cold, in pieces between which its process does what matters more."""

    def __init__(self, folder: Path) -> None:
        """``folder`` (DATA/journal) may not exist yet."""
        self._folder = folder
        self._work: Iterator[None] | None = None
        self._look_at = 0.0

    def work(self, now_s: float) -> bool:
        """Do a piece of what there is to do; return whether there may be more at once.

        Looks for segments each LOOK_EVERY_S.  What fails is logged, and tried again TRY_AGAIN_S later.
        """
        if self._work is None:
            if now_s < self._look_at or not self._folder.is_dir():
                return False
            self._look_at = now_s + LOOK_EVERY_S
            self._work = pack_all(self._folder)
        try:
            next(self._work)
        except StopIteration:
            self._work = None
        except (OSError, NotAsPacked) as error:
            log.error("a cold segment was not packed: %s", error)
            self._work = None
            self._look_at = now_s + TRY_AGAIN_S
        return self._work is not None


def pack_all(folder: Path) -> Iterator[None]:
    """Pack each cold segment of ``folder`` (DATA/journal), the oldest first; yields after each piece of the work.

    Raises OSError, or NotAsPacked: the plain segment is there then, and what was not finished is begun anew by
    the next call.
    """
    for path in segment_paths(folder)[:-WARM]:
        if not is_packed(path):
            yield from _pack(path)


def _pack(path: Path) -> Iterator[None]:
    """Write the packed segment wholly, read it back, give it its name, and only then remove the plain one."""
    new = path.parent / _FOLDER / packed_path(path).name
    new.parent.mkdir(exist_ok=True)
    yield from _compress(path, new)
    yield from _compare(path, new)
    plain_size, packed_size = path.stat().st_size, new.stat().st_size
    new.rename(packed_path(path))
    sync_folder(path.parent)
    path.unlink()
    sync_folder(path.parent)
    log.info("%s: packed, %d bytes for %d", packed_path(path).name, packed_size, plain_size)


def _compress(path: Path, new: Path) -> Iterator[None]:
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with path.open("rb") as plain:
            size = os.fstat(plain.fileno()).st_size
            packing = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL, write_checksum=True).compressobj(size=size)
            while piece := plain.read(PIECE_BYTES):
                write_all(file, packing.compress(piece))
                yield
            write_all(file, packing.flush())
        os.fsync(file)
    finally:
        os.close(file)


def _compare(path: Path, new: Path) -> Iterator[None]:
    """Raises NotAsPacked unless ``new`` unpacks to the bytes of ``path``."""
    try:
        with path.open("rb") as plain, Unpacked(new) as unpacked:
            while piece := plain.read(PIECE_BYTES):
                if _read(unpacked, len(piece)) != piece:
                    raise NotAsPacked(f"{new} does not unpack to {path}")
                yield
            if unpacked.read(1):
                raise NotAsPacked(f"{new} unpacks to more than {path}")
    except zstandard.ZstdError as error:
        raise NotAsPacked(f"{new} cannot be unpacked: {error}") from None


def _read(unpacked: Unpacked, size: int) -> bytes:
    """Read ``size`` bytes, or less at the end."""
    pieces: list[bytes] = []
    while size and (piece := unpacked.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
