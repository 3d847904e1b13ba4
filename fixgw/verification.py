"""Verification: the journal's commands are decided again, and what comes of them is compared with what it says."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec

from fixgw.core import Core, ReplayDiffers
from fixgw.fix.ledger import Ledger
from fixgw.journal import snapshot
from fixgw.journal.frame import UNDECIDED, Undecided
from fixgw.journal.packed import content_size
from fixgw.journal.reader import segment_paths, segments
from fixgw.journal.snapshot import Snapshot, SnapshotDamaged
from fixgw.snapshots import FOLDER, take
from fixgw.spec.events import Event
from fixgw.spec.sequenced import Sequenced

EVER = 2**63 - 1
"""Later than any frame, by sequence and by time."""

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


class Replay:
    """Goes through the journal of a data folder once; needs no lock and may run beside the venue."""

    def __init__(
        self,
        data_dir: Path,
        sequence_max: int = EVER,
        time_ns_max: int = EVER,
        tell: Callable[[Sequenced], object] | None = None,
    ) -> None:
        """``tell`` is told of each frame that agrees.  Raises FileNotFoundError when there is no journal."""
        self.core = Core()
        self.ledger = Ledger()
        self.last: Sequenced | None = None
        """The last frame that was replayed."""
        self.events = 0
        self.venue_id: UUID | None = None
        self.torn_size = 0
        """Bytes at the end that are no whole frame (yet): a write under way, or cut short when the venue ended."""
        self.snapshots: list[SnapshotFinding] = []
        self._journal = data_dir / "journal"
        self._sequence_max, self._time_ns_max = sequence_max, time_ns_max
        self._tell = tell
        # Listed before the journal is read, which has all that they hold.
        self._to_compare = sorted(snapshot.paths(data_dir / FOLDER), reverse=True)
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
        return 0 if self.last is None else self.last.sequence

    def state_hash(self) -> bytes:
        """Return BLAKE2b-256 of all that is known after the last frame; a snapshot of its sequence has the same."""
        return self._taken().hash

    def _run(self) -> Iterator[int]:
        for segment in segments(self._journal):
            self.venue_id = segment.header.venue_id
            told = 0
            for frame in segment.frames(UNDECIDED):
                if frame.sequence > self._sequence_max or frame.time_ns > self._time_ns_max:
                    return
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
        events = self.core.decide(frame.command)
        # Events that are equal have the same bytes, but for those that another version of msgspec wrote.
        if _encode(events) != bytes(frame.events) and _decode_events(frame.events) != events:
            raise EventsDiffer(frame, events)
        self.last = sequenced = Sequenced(frame.sequence, frame.time_ns, frame.command, events)
        self.events += len(events)
        self.ledger.apply(sequenced)
        if self._tell is not None:
            self._tell(sequenced)
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
            elif found.hash != self.state_hash():
                problem = "its state is not what the journal amounts to"
        self.snapshots.append(SnapshotFinding(path, self.sequence, problem))

    def _taken(self) -> Snapshot:
        assert self.venue_id is not None
        assert self.last is not None
        return take(self.core, self.ledger, self.venue_id, self.last)
