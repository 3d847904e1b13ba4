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
from fixgw.journal.snapshot import Snapshot, SnapshotDamaged
from fixgw.marketdata.depth import Depth
from fixgw.marketdata.tape import Tape
from fixgw.snapshots import EVER, FOLDER, Start, has_tape, oldest, state_hash, state_hash_of, tape_of
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
        begun = None if self.first_sequence == 1 else _begin(data_dir)
        start = Start(begun)
        self.core, self.ledger = start.core, start.ledger
        self.sequence, self.time_ns = start.sequence, start.time_ns
        """Of the last frame that was replayed, or of the snapshot that we begin with; 0 before the first frame."""
        self.begun_after = start.sequence
        """The sequence of the snapshot that stands for the frames before; 0 for none."""
        self._tape_begun = None if begun is None else tape_of(begun)
        self._tape = None if self._tape_begun is None else Tape(self._tape_begun)
        """Followed from one snapshot to the next: to follow it all the way would take half as long again."""
        if self.begun_after > sequence_max or self.time_ns > time_ns_max:
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
        self._public: Depth | None = None
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

    def follow_books(self) -> Depth:
        """Have the public books follow, and return them; before ``run`` only."""
        self._public = Depth(state=None if self._tape_begun is None else self._tape_begun.depth)
        return self._public

    def state_hash(self) -> bytes:
        """Return BLAKE2b-256 of all that is known after the last frame; a snapshot of its sequence has the same."""
        return state_hash(self.core, self.ledger)

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
        events = self.core.decide(frame.command, frame.time_ns)
        # Events that are equal have the same bytes, but for those that another version of msgspec wrote.
        if _encode(events) != bytes(frame.events) and _decode_events(frame.events) != events:
            raise EventsDiffer(frame, events)
        self.last = sequenced = Sequenced(frame.sequence, frame.time_ns, frame.command, events)
        self.events += len(events)
        self.sequence, self.time_ns = frame.sequence, frame.time_ns
        self.ledger.apply(sequenced)
        if self._tape is not None:
            self._tape.apply(sequenced)
        if self._public is not None:
            self._public.apply(sequenced)
        if self._to_compare and int(self._to_compare[-1].stem) == frame.sequence:
            self._compare(self._to_compare.pop())

    def _compare(self, path: Path) -> None:
        try:
            problem = self._why_not(snapshot.read(path))
        except FileNotFoundError:
            return  # a newer one has taken its place
        except (SnapshotDamaged, msgspec.DecodeError) as error:
            problem = str(error)
        self.snapshots.append(SnapshotFinding(path, self.sequence, problem))

    def _why_not(self, found: Snapshot) -> str | None:
        """Return why ``found`` is not what the journal amounts to here; raises msgspec.DecodeError."""
        if found.venue_id != self.venue_id:
            return f"it is of another venue, {found.venue_id}"
        if state_hash_of(found) != self.state_hash():
            return "its state is not what the journal amounts to"
        before, self._tape = self._tape, None
        if has_tape(found):
            tape = tape_of(found)
            if before is not None and _encode(before.data()) != _encode(tape):
                return "its market data is not what follows from that of the snapshot before"
            self._tape = Tape(tape) if self._to_compare else None
        return None


def _begin(data_dir: Path) -> Snapshot:
    """Return the oldest snapshot; raises NotKept when there is none that is right."""
    begun = oldest(data_dir)
    if begun is None:
        raise NotKept(segment_paths(data_dir / "journal")[0], 1)
    return begun
