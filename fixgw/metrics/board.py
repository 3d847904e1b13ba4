"""The board: what only the gateway knows of itself, in a file that it writes over every half second.

A write costs the gateway some microseconds and no rendering; whoever asks, asks the metrics process.
"""

import os
import struct
import zlib
from pathlib import Path

import msgspec

from fixgw.metrics.stages import Histogram

_HEADER = struct.Struct("<II")  # length and CRC-32 of what follows
_READ_ATTEMPTS = 5
_SIZE_MAX = 1 << 20


class Notice(msgspec.Struct, frozen=True):
    """What is on the board.  Counters are of this life of the gateway."""

    pid: int
    written_ns: int
    """By the monotonic clock, which all processes of a machine share until it boots."""
    sequence: int
    """Of the last frame in the journal."""
    sessions: tuple[str, ...]
    """CompIDs of those that are logged on."""
    waiting: int
    """Requests in line."""
    passes: int
    """Times that QuickFIX was asked to read."""
    sent: int
    """Messages handed to QuickFIX."""
    batches: int
    stages: dict[str, Histogram]
    journal_problem: str = ""
    """Why the journal cannot be written, and so no order is taken; empty when it can."""


class Board:
    """``DATA/run/gateway.stats``, for writing."""

    def __init__(self, data_dir: Path) -> None:
        """Raises OSError."""
        file = path(data_dir)
        file.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, notice: Notice) -> None:
        """Replace what is there with one write; raises OSError.

        Not mapped into memory: on a full disk a store into a mapped file ends the process.
        """
        body = msgspec.msgpack.encode(notice)
        os.pwrite(self._fd, _HEADER.pack(len(body), zlib.crc32(body)) + body, 0)

    def close(self) -> None:
        os.close(self._fd)


def path(data_dir: Path) -> Path:
    return data_dir / "run" / "gateway.stats"


def read(data_dir: Path) -> Notice | None:
    """Return what was written last; None when nothing was, or nothing whole."""
    for _ in range(_READ_ATTEMPTS):
        try:
            with path(data_dir).open("rb") as file:
                data = file.read(_SIZE_MAX)
        except OSError:
            return None
        if len(data) < _HEADER.size:
            return None
        length, checksum = _HEADER.unpack_from(data)
        body = data[_HEADER.size : _HEADER.size + length]
        # The write and the read of a file may overlap: then the one is half the other.
        if zlib.crc32(body) == checksum:
            return _decode(body)
    return None


def _decode(body: bytes) -> Notice | None:
    try:
        return msgspec.msgpack.decode(body, type=Notice)
    except msgspec.DecodeError:  # of another version of fixgw
        return None
