"""Verification: the journal's commands are decided again, and what comes of them is compared with what it says."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec

from fixgw.core import ReplayDiffers
from fixgw.journal import snapshot
from fixgw.journal.frame import UNDECIDED, Undecided
from fixgw.journal.packed import content_size
from fixgw.journal.reader import NotKept, first_kept, segment_paths, segments
from fixgw.journal.snapshot import SnapshotDamaged
from fixgw.snapshots import EVER, FOLDER, Beside, oldest
from fixgw.spec.events import Event
from fixgw.spec.sequenced import Sequenced

_PULSE = 1_000
"""Frames between two signs of life."""

_encode = msgspec.msgpack.Encoder().encode
_decode_events = msgspec.msgpack.Decoder(tuple[Event, ...]).decode


class EventsDiffer(ReplayDiffers):
    """What this version does with a command is not what the journal says was done."""

    def __init__(self, frame: Undecided, decided: tuple[Event, ...]) -> None:
        super().__init__(
            f"sequence {frame.sequence}: the journal says one thing, this version of fixgw does another; "
            "all before it agrees. Verify with the version that wrote it"
        )
        self.sequence = frame.sequence
        self.written = _decode_events(frame.events)
        self.decided = decided


class SnapshotFinding(NamedTuple):
    """What was found of a snapshot; ``problem`` is None when the journal amounts to it at its sequence."""

    path: Path
    sequence: int
    problem: str | None


class TooEarly(Exception):
    """What is wanted is before the oldest snapshot, and the frames that lead there were removed."""


class Replay:
    """Goes through the journal of a data folder once; needs no lock and may run beside the venue.

    Where the first frames were removed (journal.keep_days) it decides again from the oldest snapshot on; the frames
    that are kept before that are read, and are whole.
    """

    def __init__(self, data_dir: Path, sequence_max: int = EVER, time_ns_max: int = EVER) -> None:
        """Raises FileNotFoundError when there is no journal.

        Raises NotKept when its first frames are not there and no snapshot stands for them, TooEarly.
        """
        self._journal = data_dir / "journal"
        self.first_sequence = first_kept(self._journal)
        """Of the first frame that is there."""
        self.venue = Beside() if self.first_sequence == 1 else _begin(data_dir, self.first_sequence)
        self.begun_after = self.venue.sequence
        """The sequence of the snapshot that stands for the frames before; 0 for none."""
        if self.begun_after > sequence_max or self.venue.time_ns > time_ns_max:
            raise TooEarly(
                f"that is before sequence {self.begun_after}, that of the oldest snapshot: the journal begins with "
                f"{self.first_sequence}, what is older was removed (journal.keep_days); ask for a later moment"
            )
        self.frames = 0
        """Read, and whole."""
        self.last: Sequenced | None = None
        """The last frame that was replayed."""
        self.events = 0
        self.venue_id: UUID | None = None
        self.torn_size = 0
        """Bytes at the end that are no whole frame (yet): a write under way, or cut short when the venue ended."""
        self.snapshots: list[SnapshotFinding] = []
        self._sequence_max, self._time_ns_max = sequence_max, time_ns_max
        # Listed before the journal is read, which has all that they hold.
        paths = sorted(snapshot.paths(data_dir / FOLDER), reverse=True)
        self._to_compare = [path for path in paths if int(path.stem) > self.begun_after]
        self.size = sum(map(content_size, segment_paths(self._journal)))

    def run(self) -> Iterator[int]:
        """Replay, and yield now and then how many more bytes, of ``size`` at the beginning, have been read.

        Raises EventsDiffer, or JournalDamaged after the frames that precede the damage.
        """
        was_enabled = gc.isenabled()
        gc.disable()  # a replay makes millions of objects, and no cycles
        try:
            yield from self._run()
        finally:
            if was_enabled:
                gc.enable()

    @property
    def sequence(self) -> int:
        """Of the last frame that was replayed; 0 before the first."""
        return self.venue.sequence

    def state_hash(self) -> bytes:
        """Return BLAKE2b-256 of all that is known after the last frame; a snapshot of its sequence has the same."""
        assert self.venue_id is not None
        return self.venue.taken(self.venue_id).hash

    def _run(self) -> Iterator[int]:
        for segment in segments(self._journal, self.first_sequence):
            self.venue_id = segment.header.venue_id
            told = 0
            for frame in segment.frames(UNDECIDED):
                if frame.sequence > self._sequence_max or frame.time_ns > self._time_ns_max:
                    return
                self.frames += 1
                if frame.sequence > self.begun_after:
                    self._replay(frame)
                if frame.sequence % _PULSE == 0:
                    yield segment.end - told
                    told = segment.end
            yield segment.end - told
            self.torn_size = segment.size - segment.end
        for path in reversed(self._to_compare):
            problem = f"it is ahead of the journal, which ends with {self.sequence}"
            self.snapshots.append(SnapshotFinding(path, int(path.stem), problem))

    def _replay(self, frame: Undecided) -> None:
        events = self.venue.core.decide(frame.command)
        # Events that are equal have the same bytes, but for those that another version of msgspec wrote.
        if _encode(events) != bytes(frame.events) and _decode_events(frame.events) != events:
            raise EventsDiffer(frame, events)
        self.last = sequenced = Sequenced(frame.sequence, frame.time_ns, frame.command, events)
        self.events += len(events)
        self.venue.note(sequenced)
        if self._to_compare and int(self._to_compare[-1].stem) == frame.sequence:
            self._compare(self._to_compare.pop())

    def _compare(self, path: Path) -> None:
        problem = None
        try:
            found = snapshot.read(path)
        except FileNotFoundError:
            return  # a newer one has taken its place
        except SnapshotDamaged as error:
            problem = str(error)
        else:
            if found.venue_id != self.venue_id:
                problem = f"it is of another venue, {found.venue_id}"
            elif not self.venue.agrees_with(found):
                problem = "its state is not what the journal amounts to"
        self.snapshots.append(SnapshotFinding(path, self.sequence, problem))


def _begin(data_dir: Path, first_sequence: int) -> Beside:
    """Return the venue as of the oldest snapshot; raises NotKept when there is none that is right."""
    begun = oldest(data_dir)
    if begun is None:
        raise NotKept(segment_paths(data_dir / "journal")[0], 1)
    assert begun.sequence >= first_sequence - 1, (begun.sequence, first_sequence)
    return begun
