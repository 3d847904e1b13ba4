"""Salvage: what of a damaged journal is whole, before the damage and behind it; the journal itself is only read."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from fixgw.journal import snapshot
from fixgw.journal.frame import FRAME_HEADER, HEADER_SIZE, WHOLE, SegmentHeader, find_frame
from fixgw.journal.packed import content
from fixgw.journal.reader import JournalDamaged, Segment, first_sequence, segment_paths, segments
from fixgw.journal.writer import sync_folder, write_all
from fixgw.spec.sequenced import Sequenced


class Sound(NamedTuple):
    """The journal as far as it can be read from its beginning: a venue can go on from there."""

    segments: tuple[Segment, ...]
    """Each read to ``end``, where the sound part of it ends."""
    last_sequence: int
    """0 when nothing is sound."""
    damage: JournalDamaged | None
    """Why it ends; None when it ends where the journal does."""

    @property
    def first_sequence(self) -> int:
        """1 unless what precedes it was removed (journal.keep_days)."""
        return self.segments[0].header.first_sequence if self.segments else 1


def sound_part(folder: Path, from_sequence: int = 1) -> Sound:
    """Read the journal of ``folder`` up to the first damage; raises FileNotFoundError when there is no such folder.

    ``from_sequence`` is the first frame that is kept where snapshots stand for those before it.
    """
    read: list[Segment] = []
    damage = None
    try:
        for segment in segments(folder, from_sequence):
            read.append(segment)
            for _ in segment.frames(WHOLE):
                pass
    except JournalDamaged as error:
        damage = error
    return Sound(tuple(read), read[-1].next_sequence - 1 if read else 0, damage)


def frames_behind(folder: Path, sound: Sound) -> Iterator[Sequenced]:
    """Yield, in order, every frame of the journal of ``folder`` that is whole and later than its sound part.

    Frames are looked for byte by byte, so that damaged lengths and headers hide none.  A segment that says it is of
    another venue than the sound part is left out.
    """
    ends = {segment.header.first_sequence: segment.end for segment in sound.segments}
    venue_id = sound.segments[0].header.venue_id if sound.segments else None
    next_sequence = sound.last_sequence + 1
    for path in segment_paths(folder):
        data = content(path)
        if venue_id is not None and _is_of_another(data, venue_id.bytes):
            continue
        offset: int | None = ends.get(first_sequence(path), HEADER_SIZE)
        while offset is not None and (offset := find_frame(data, next_sequence, offset)) is not None:
            length, _ = FRAME_HEADER.unpack_from(data, offset)
            after = offset + FRAME_HEADER.size + length
            try:
                frame = WHOLE.decode(data[offset + FRAME_HEADER.size : after])
            except (msgspec.DecodeError, ValueError):
                offset += 1  # whole, and of another version
                continue
            yield frame
            next_sequence = frame.sequence + 1
            offset = after


def write_sound_part(sound: Sound, folder: Path) -> None:
    """Write the sound part to ``folder``, a new one, byte by byte as it is, and not packed; raises OSError."""
    folder.mkdir(parents=True)
    for segment in sound.segments:
        file = os.open(folder / segment.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            write_all(file, content(segment.path)[: segment.end])
            os.fsync(file)
        finally:
            os.close(file)
    sync_folder(folder)


def snapshots_of(sound: Sound, folder: Path) -> list[Path]:
    """Return the snapshots in ``folder`` from which the sound part can be gone on from, the newest first."""
    venue_id = sound.segments[0].header.venue_id if sound.segments else None
    return [
        folder / taken.file_name
        for taken in snapshot.usable(folder, venue_id, sound.last_sequence)
        if taken.sequence >= sound.first_sequence - 1
    ]


def _is_of_another(data: bytes, venue_id: bytes) -> bool:
    try:
        return SegmentHeader.from_bytes(data).venue_id.bytes != venue_id
    except ValueError:
        return False  # the header is damaged, the frames may be whole
