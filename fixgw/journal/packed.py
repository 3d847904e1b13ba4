"""Packed segments: compressed wholly, and read as if they were not, from the front to the back."""

import io
import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import zstandard

SUFFIX = ".zst"
"""Of a packed segment, after the name that it had before."""

READ_SIZE = 1 << 16

HEADER_SIZE_MAX = 18
"""Bytes of a zstandard frame in which its header ends, which says how long the content is."""


def is_packed(path: Path) -> bool:
    return path.suffix == SUFFIX


def packed_path(path: Path) -> Path:
    """Return where the segment of ``path`` is when it is packed."""
    return path if is_packed(path) else path.with_name(path.name + SUFFIX)


def content_size(path: Path) -> int:
    """Return how many bytes a segment has, packed or not; raises OSError, or zstandard.ZstdError."""
    if not is_packed(path):
        return path.stat().st_size
    with Unpacked(path) as unpacked:
        return unpacked.size


def content(path: Path) -> bytes:
    """Return the bytes of a segment, packed or not; of a damaged packed one, those before the damage."""
    if not is_packed(path):
        return path.read_bytes()
    pieces: list[bytes] = []
    with suppress(zstandard.ZstdError), Unpacked(path) as unpacked:
        while piece := unpacked.read(READ_SIZE):
            pieces.append(piece)
    return b"".join(pieces)


class Unpacked(io.RawIOBase):
    """The content of a packed segment; going back begins anew, so that it is for reading in order."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, or zstandard.ZstdError for a file that does not begin as one that was packed."""
        self._file: BinaryIO = path.open("rb")
        try:
            self.size = zstandard.get_frame_parameters(self._file.read(HEADER_SIZE_MAX)).content_size
        except zstandard.ZstdError:
            self._file.close()
            raise
        self._begin()

    def _begin(self) -> None:
        self._file.seek(0)
        self._reader = zstandard.ZstdDecompressor().stream_reader(self._file, closefd=False)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Raises zstandard.ZstdError where the file is damaged."""
        return self._reader.readinto(buffer)

    def tell(self) -> int:
        return self._reader.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        assert whence == os.SEEK_SET, whence
        if offset < self.tell():
            self._begin()
        self._reader.seek(offset)
        return offset

    def close(self) -> None:
        self._file.close()
        super().close()
