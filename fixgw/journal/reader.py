"""Reads the journal: all frames in order, and never one that was not written so."""

import io
import os
import re
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar
from zlib import crc32

import msgspec
import zstandard

from fixgw.journal.frame import (
    FRAME_HEADER,
    HEADER_SIZE,
    PLACE,
    WHOLE,
    Decided,
    Place,
    SegmentHeader,
    Undecided,
    find_frame,
    is_torn,
)
from fixgw.journal.packed import Unpacked, is_packed, packed_path
from fixgw.spec.sequenced import Sequenced

Frame = TypeVar("Frame", Sequenced, Place, Undecided, Decided)

EVER = 2**63 - 1
"""Later than any frame, by sequence and by time; more than there ever are."""

READ_SIZE = 1 << 18
LEAP_SIZE_MIN = 1 << 18
"""So many bytes are passed a frame at a time."""
BATCH_FRAMES_MAX = 64
"""Frames of a batch stay in the caches of the processor, those of a longer one do not: a third slower by then."""
_frame_header_at = FRAME_HEADER.unpack_from
_SEGMENT_NAME = re.compile(r"([0-9]{20})\.journal(\.zst)?")


class JournalDamaged(Exception):
    """Something that was written is not there any more, or not as it was; only a person can answer that."""

    def __init__(self, path: Path, offset: int, sequence: int, problem: str) -> None:
        super().__init__(
            f"{path}, byte {offset}, where sequence {sequence} should be: {problem}. Nothing was changed. "
            f"Keep a copy of {path.parent} and see docs/journal.md, Damage: in most cases restore it from a backup; "
            "fixgw journal repair shows what else can be saved."
        )
        self.path = path
        self.offset = offset
        self.sequence = sequence
        self.problem = problem


class NotKept(JournalDamaged):
    """The frames that are wanted precede those that are there: retention removed their segments, or somebody did."""

    def __init__(self, path: Path, sequence: int) -> None:
        """``path`` is the oldest segment that is there, or the one that is gone; ``sequence`` is wanted."""
        super().__init__(path, 0, sequence, "the segment before this one is missing")


def read(folder: Path, from_sequence: int = 1) -> Iterator[Sequenced]:
    """Yield the frames of ``folder`` (DATA/journal) from ``from_sequence`` on, as far as they were written by now.

    Needs no lock and may run beside the writer.  Ends before a last frame that is not whole (yet), and
    yields nothing when ``from_sequence`` has not been written.  Raises JournalDamaged, after the frames
    that precede the damage, NotKept when it begins later, and FileNotFoundError when there is no such folder.
    """
    for segment in segments(folder, from_sequence):
        yield from segment.frames(WHOLE)


def segments(folder: Path, from_sequence: int = 1) -> Iterator["Segment"]:
    """Yield the segments from the one with ``from_sequence`` on, for who reads the frames of each to their end.

    Raises as ``read`` does.
    """
    paths = segment_paths(folder)
    starts = [first_sequence(path) for path in paths]
    if not paths:
        return
    if from_sequence < starts[0]:
        raise NotKept(paths[0], from_sequence)
    paths = paths[bisect_right(starts, from_sequence) - 1 :]
    previous: Segment | None = None
    for path in paths:
        try:
            segment = Segment(path, is_last=path is paths[-1])
        except FileNotFoundError:  # retention has overtaken us
            raise NotKept(path, first_sequence(path)) from None
        segment.check_follows(previous)
        segment.skip_to(from_sequence)
        yield segment
        segment.close()
        previous = segment


def read_header(folder: Path) -> SegmentHeader | None:
    """Return the header of the last segment, None when there is no journal.  Raises JournalDamaged."""
    paths = segment_paths(folder) if folder.is_dir() else []
    return Segment(paths[-1], is_last=True).header if paths else None


def segment_paths(folder: Path) -> list[Path]:
    """The segments of a journal, oldest first; each is named by the sequence of its first frame.

    One that is there plain and packed is given as the plain one, which is about to be removed.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if (name := _SEGMENT_NAME.fullmatch(path.name)) is not None:
            found.setdefault(name[1], path)
    return list(found.values())


def first_kept(folder: Path) -> int:
    """Return the sequence of the oldest frame that is kept, or of the first to come; 1 when there is no journal."""
    paths = segment_paths(folder) if folder.is_dir() else []
    return first_sequence(paths[0]) if paths else 1


def segment_path(folder: Path, sequence: int) -> Path | None:
    """Return the segment that begins with ``sequence``, packed or not; None when there is none."""
    plain = folder / f"{sequence:020d}.journal"
    return next((path for path in (plain, packed_path(plain)) if path.exists()), None)


def first_sequence(path: Path) -> int:
    """Return the sequence of the first frame of a segment, by its name."""
    return int(path.name.partition(".")[0])


class Segment:
    """One file of the journal; ``end`` and ``next_sequence`` tell how far its frames have been read.

    While it is read it may be packed; ``path`` then changes, and where it is read to does not.
    """

    def __init__(self, path: Path, *, is_last: bool) -> None:
        """Raises JournalDamaged when the header is not that of this segment."""
        self._unpacked: io.BufferedReader | None = None
        self.path = path
        self.is_last = is_last
        self.size = 0
        self.end = 0
        self.next_sequence = first_sequence(path)
        with self.reading() as file:
            try:
                self.header = SegmentHeader.from_bytes(file.read(HEADER_SIZE))
            except ValueError as error:
                raise self._damaged(str(error)) from None
        if self.header.first_sequence != self.next_sequence:
            raise self._damaged(f"the header says that the segment begins with {self.header.first_sequence}")
        self.end = HEADER_SIZE

    @property
    def name(self) -> str:
        """The name that the file has, or had before it was packed."""
        return f"{self.header.first_sequence:020d}.journal"

    def check_follows(self, previous: "Segment | None") -> None:
        """Raises JournalDamaged unless ``previous``, read to its end, is the segment right before this one."""
        if previous is None:
            return
        if previous.next_sequence != self.header.first_sequence:
            raise previous._damaged(f"the segment ends here, and the next one is {self.path.name}")
        if previous.header.venue_id != self.header.venue_id:
            raise JournalDamaged(self.path, 0, previous.next_sequence, "the segment is of another venue's journal")

    def skip_to(self, sequence: int) -> None:
        """Pass over the frames before ``sequence``: they were read and verified before.

        Most of a large segment is leaped over, from one frame that is right to another; of the last bytes each frame
        is passed by its length, 0.2 us a frame, and a wrong one is found out by the frame after it.
        """
        with self.reading() as file:
            if not is_packed(self.path):
                self._leap_to(file, sequence)
            file.seek(self.end)
            block = file.read(READ_SIZE)
            while (passed := self._skip_in(block, sequence)) and self.next_sequence < sequence:
                file.read(max(0, passed - len(block)))  # the rest of a frame that is longer than the block
                block = block[passed:] + file.read(READ_SIZE)

    def _leap_to(self, file: BinaryIO, sequence: int) -> None:
        """Come near to the frame of ``sequence`` by halving what is before it."""
        behind = self.size
        while behind - self.end > LEAP_SIZE_MIN:
            middle = (self.end + behind) // 2
            file.seek(middle)
            block = file.read(LEAP_SIZE_MIN // 2)
            found = find_frame(block, self.next_sequence, 0)
            if found is None or (place := _sequence_at(block, found)) > sequence:
                behind = middle
            else:
                self.end, self.next_sequence = middle + found, place

    def _skip_in(self, block: bytes, sequence: int) -> int:
        """Pass over the frames that begin in ``block``, which begins at ``end``; return how many bytes these have."""
        at, frames = 0, 0
        wanted = sequence - self.next_sequence
        last_at, after_max = len(block) - FRAME_HEADER.size, self.size - self.end
        while at <= last_at and frames < wanted:
            length, _ = _frame_header_at(block, at)
            after = at + FRAME_HEADER.size + length
            if not length or after > after_max:
                break
            at = after
            frames += 1
        self.end += at
        self.next_sequence += frames
        return at

    def frames(self, decoder: msgspec.msgpack.Decoder[Frame]) -> Iterator[Frame]:
        """Yield the whole frames, as far as the file reaches now; ``end`` is then where they end.

        Raises JournalDamaged for anything else, but for a torn last frame of the last segment.  For who reads to the
        end: some are read ahead.
        """
        for batch in self.batches(decoder):
            yield from batch

    def batches(self, decoder: msgspec.msgpack.Decoder[Frame], frames_max: int = EVER) -> Iterator[list[Frame]]:
        """Yield the same in lists, ``frames_max`` frames at most; ``end`` is where the last list yielded ends."""
        with self.reading() as file:
            file.seek(self.end)
            decode, head = decoder.decode, FRAME_HEADER.size
            read, data, at = self.end, b"", 0
            while frames_max:
                batch: list[Frame] = []
                batch_max = min(frames_max, BATCH_FRAMES_MAX)
                begin, sequence, last_at = at, self.next_sequence, len(data) - head
                while at <= last_at and len(batch) < batch_max:
                    length, checksum = _frame_header_at(data, at)
                    payload = data[at + head : at + head + length]
                    if len(payload) != length or not length or crc32(payload) != checksum:
                        break
                    try:
                        frame = decode(payload)
                    except (msgspec.DecodeError, ValueError) as error:
                        if batch:
                            break
                        raise self._damaged(f"the frame is whole but not understood: {error}") from None
                    if frame.sequence != sequence:
                        if batch:
                            break
                        raise self._damaged(f"the frame is of sequence {frame.sequence}")
                    batch.append(frame)
                    sequence += 1
                    at += head + length
                if batch:
                    self.end += at - begin
                    self.next_sequence = sequence
                    frames_max -= len(batch)
                    yield batch
                elif read < self.size and self._may_be_longer(data, at):
                    piece = file.read(min(READ_SIZE, self.size - read))
                    if not piece:
                        break  # it was cut meanwhile: a writer that starts cuts off what is torn
                    read += len(piece)
                    data, at = data[at:] + piece, 0
                else:
                    break
            if frames_max and self.end < self.size:
                self._judge(file)

    def _may_be_longer(self, data: bytes, at: int) -> bool:
        """Return whether the frame at ``end``, of which ``data`` has the beginning, may go on in the file.

        A damaged length can be 4 GB: never ask for more than there is.
        """
        if len(data) - at < FRAME_HEADER.size:
            return True
        length, _ = _frame_header_at(data, at)
        after = at + FRAME_HEADER.size + length
        return bool(len(data) < after <= at + self.size - self.end)

    def close(self) -> None:
        """Let go of a packed file; reading on opens it again."""
        if self._unpacked is not None:
            self._unpacked.close()
            self._unpacked = None

    def __del__(self) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[BinaryIO]:
        """Give the content, packed or not; ``size`` is how much there is.

        A packed file stays open, since to find one's place in it again means to unpack all that precedes it.
        """
        file = self._plain()
        try:
            if file is not None:
                self.size = os.fstat(file.fileno()).st_size
                yield file
            else:
                if self._unpacked is None:
                    unpacked = Unpacked(self.path)
                    self.size = unpacked.size
                    self._unpacked = io.BufferedReader(unpacked, READ_SIZE)
                yield self._unpacked
        except zstandard.ZstdError as error:
            raise self._damaged(f"the packed segment cannot be unpacked: {error}") from None
        finally:
            if file is not None:
                file.close()

    def _plain(self) -> BinaryIO | None:
        """Open the file that is not packed; None when it is, or is so by now."""
        if not is_packed(self.path):
            try:
                return self.path.open("rb", buffering=READ_SIZE)
            except FileNotFoundError:
                if not packed_path(self.path).exists():
                    raise
                self.path = packed_path(self.path)
        self.is_last = False  # only what others follow is packed
        return None

    def _judge(self, file: BinaryIO) -> None:
        """Raise JournalDamaged unless all from ``end`` on is a write that did not finish."""
        file.seek(self.end)
        rest = file.read(self.size - self.end)
        if not self.is_last:
            raise self._damaged("the frame is cut short or its CRC-32 is wrong")
        if not is_torn(rest, self.next_sequence):
            raise self._damaged("the frame's CRC-32 or length is wrong, and it is not an unfinished last write")

    def _damaged(self, problem: str) -> JournalDamaged:
        return JournalDamaged(self.path, self.end, self.next_sequence, problem)


def _sequence_at(data: bytes, at: int) -> int:
    """Return the sequence of the frame that begins at ``at``, whole and right."""
    length, _ = _frame_header_at(data, at)
    return PLACE.decode(data[at + FRAME_HEADER.size : at + FRAME_HEADER.size + length]).sequence
