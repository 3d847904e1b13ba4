"""The bytes of the journal: a segment is a header and frames, byte by byte as in docs/journal.md."""

import re
import struct
from uuid import UUID
from zlib import crc32

import msgspec

from fixgw.spec.commands import Command
from fixgw.spec.events import Event
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.values import INT64_MAX

FORMAT_VERSION = 2
"""Raised when the bytes change: this module's, or the fields of a command or event (a golden test pins both)."""

SEMANTICS_VERSION = 1
"""Raised when the same commands would bring about other events, so that no replay mixes the two."""

MAGIC = b"FIXGWJNL"
HEADER = struct.Struct(">8sHH16sQ")
HEADER_SIZE = HEADER.size + 4

FRAME_HEADER = struct.Struct(">II")
"""Length of the payload, CRC-32 of the payload."""


class SegmentHeader(msgspec.Struct, frozen=True):
    """``venue_id`` is drawn when the data folder is created and is the same in all its segments."""

    venue_id: UUID
    first_sequence: int

    def to_bytes(self) -> bytes:
        head = HEADER.pack(MAGIC, FORMAT_VERSION, SEMANTICS_VERSION, self.venue_id.bytes, self.first_sequence)
        return head + crc32(head).to_bytes(4, "big")

    @classmethod
    def from_bytes(cls, data: bytes) -> "SegmentHeader":
        """Raises ValueError, saying what is wrong, when ``data`` does not begin with a header this version can read."""
        if len(data) < HEADER_SIZE or not data.startswith(MAGIC):
            raise ValueError("the file does not begin with the header of a journal segment")
        if crc32(data[: HEADER.size]) != int.from_bytes(data[HEADER.size : HEADER_SIZE], "big"):
            raise ValueError("the CRC-32 of the segment's header is wrong")
        _, format_version, semantics_version, venue_id, first_sequence = HEADER.unpack_from(data)
        if (format_version, semantics_version) != (FORMAT_VERSION, SEMANTICS_VERSION):
            raise ValueError(
                f"written in format {format_version} with semantics {semantics_version}; "
                f"this fixgw reads format {FORMAT_VERSION} with semantics {SEMANTICS_VERSION}"
            )
        return cls(UUID(bytes=venue_id), first_sequence)


class Place(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The first field of a Sequenced: decodes in a fifth of the time where the rest does not matter."""

    sequence: int


class Undecided(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A Sequenced whose events are left as the bytes they are, for who decides the command again and compares."""

    sequence: int
    time_ns: int
    command: Command
    events: msgspec.Raw


class Decided(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A Sequenced whose command is left as the bytes it is, for who follows what came of it."""

    sequence: int
    time_ns: int
    command: msgspec.Raw
    events: tuple[Event, ...]


WHOLE = msgspec.msgpack.Decoder(Sequenced)
PLACE = msgspec.msgpack.Decoder(Place)
UNDECIDED = msgspec.msgpack.Decoder(Undecided)
DECIDED = msgspec.msgpack.Decoder(Decided)

decode_command = msgspec.msgpack.Decoder(Command).decode
"""Decodes the command of a Decided."""

_encode = msgspec.msgpack.Encoder().encode
_pack = FRAME_HEADER.pack
_TIME_BEGINS = 1 + 9  # at the latest: behind the head of the array, and ``sequence``
_may_exceed_int64 = re.compile(rb"\xcf[\x80-\xff]").search


def encode(sequenced: Sequenced) -> bytes:
    """Return the frame.

    Raises OverflowError for an integer above 2**63-1 or below -2**63, UnicodeEncodeError for a lone surrogate.
    """
    payload = _encode(sequenced)
    # MessagePack could carry 2**64-1, readers in SQL and other languages could not.  An integer of
    # 2**63 and above is the byte CF and a byte with its high bit set; other data looks so now and then.
    # Most frames have no CF but that of their time, which a look from the end tells at once.
    is_late = sequenced.time_ns > INT64_MAX or sequenced.sequence > INT64_MAX
    is_suspect = is_late or payload.rfind(b"\xcf") > _TIME_BEGINS
    if is_suspect and _may_exceed_int64(payload) and _largest(msgspec.msgpack.decode(payload)) > INT64_MAX:
        raise OverflowError(f"sequence {sequenced.sequence} holds an integer above 2**63-1")
    return _pack(len(payload), crc32(payload)) + payload


def _largest(value: object) -> int:
    if isinstance(value, list):
        return max(map(_largest, value), default=0)
    return value if isinstance(value, int) else 0


def is_torn(rest: bytes, sequence: int) -> bool:
    """Whether ``rest``, from where the frame of ``sequence`` should begin, is a write that never finished.

    It is when the one bad frame in it reaches the end of the file, or zeros do (what a file system may
    leave after a power cut).  It is not when a whole frame follows: then something written was damaged.
    """
    if find_frame(rest, sequence, 0) is not None:
        return False
    if not rest.strip(b"\0") or len(rest) < FRAME_HEADER.size:
        return True
    length, _ = FRAME_HEADER.unpack_from(rest)
    return length > 0 and not rest[FRAME_HEADER.size + length :].strip(b"\0")


def find_frame(data: bytes, sequence: int, offset: int) -> int | None:
    """Return where a frame of ``sequence`` or later, CRC and all, begins at ``offset`` or later; None if none does."""
    start = offset + FRAME_HEADER.size
    first_byte = b"\x94"  # a MessagePack array of the four fields of Sequenced
    while (start := data.find(first_byte, start)) >= 0:
        length, checksum = FRAME_HEADER.unpack_from(data, start - FRAME_HEADER.size)
        payload = memoryview(data)[start : start + length]
        if len(payload) == length > 0 and _could_be(payload, sequence) and crc32(payload) == checksum:
            return start - FRAME_HEADER.size
        start += 1
    return None


def _could_be(payload: memoryview, sequence: int) -> bool:
    try:
        return PLACE.decode(payload).sequence >= sequence
    except (msgspec.DecodeError, ValueError):
        return False
