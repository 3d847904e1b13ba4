"""Verification: the journal's commands are decided again, and what comes of them is compared with what it says."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from fixgw.core import ReplayDiffers
from fixgw.journal import snapshot
from fixgw.journal.frame import UNDECIDED, Undecided
from fixgw.journal.passage import Passage
from fixgw.journal.reader import EVER
from fixgw.journal.snapshot import Snapshot, SnapshotDamaged
from fixgw.marketdata.tape import Tape
from fixgw.snapshots import FOLDER, Start, beginning, has_tape, state_hash, state_hash_of, tape_of
from fixgw.spec.events import Event
from fixgw.spec.sequenced import Sequenced

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
    """Goes through the journal of a data folder once; needs no lock and may run beside the venue.

    Where the first frames were removed (journal.keep_days) it decides again from the oldest snapshot on; the frames
    that are kept before that are read, and are whole.
    """

    def __init__(self, data_dir: Path, sequence_max: int = EVER, time_ns_max: int = EVER) -> None:
        """Raises FileNotFoundError when there is no journal, and as ``beginning`` does."""
        begun = beginning(data_dir, sequence_max, time_ns_max)
        start = Start(begun)
        self.core, self.ledger = start.core, start.ledger
        # Listed before the journal is read, which has all that they hold.
        paths = sorted(snapshot.paths(data_dir / FOLDER), reverse=True)
        self._to_compare = [path for path in paths if start.sequence < int(path.stem) <= sequence_max]
        place = start.sequence, start.time_ns
        self.passage = Passage(data_dir / "journal", UNDECIDED, place, sequence_max, time_ns_max)
        self._tape = None if begun is None else Tape(tape_of(begun))
        """Followed from one snapshot to the next: to follow it all the way would take half as long again."""
        self.events = 0
        self.snapshots: list[SnapshotFinding] = []
        self._is_whole = (sequence_max, time_ns_max) == (EVER, EVER)

    def run(self) -> Iterator[int]:
        """Replay, and yield now and then how many more bytes, of the passage's size, have been read.

        Raises EventsDiffer, or JournalDamaged after the frames that precede the damage.
        """
        yield from self.passage.run(self._replay)
        if self._is_whole:
            problem = f"it is ahead of the journal, which ends with {self.passage.sequence}"
            self.snapshots += [SnapshotFinding(path, int(path.stem), problem) for path in reversed(self._to_compare)]

    def state_hash(self) -> bytes:
        """Return BLAKE2b-256 of all that is known after the last frame; a snapshot of its sequence has the same."""
        return state_hash(self.core, self.ledger)

    def _replay(self, frames: Iterable[Undecided]) -> None:
        for frame in frames:
            self._replay_one(frame)

    def _replay_one(self, frame: Undecided) -> None:
        events = self.core.decide(frame.command, frame.time_ns)
        # Events that are equal have the same bytes, but for those that another version of msgspec wrote.
        if _encode(events) != bytes(frame.events) and _decode_events(frame.events) != events:
            raise EventsDiffer(frame, events)
        sequenced = Sequenced(frame.sequence, frame.time_ns, frame.command, events)
        self.events += len(events)
        self.ledger.apply(sequenced)
        if self._tape is not None:
            self._tape.apply(sequenced)
        if self._to_compare and int(self._to_compare[-1].stem) == frame.sequence:
            self._compare(self._to_compare.pop(), frame.sequence)

    def _compare(self, path: Path, sequence: int) -> None:
        try:
            problem = self._why_not(snapshot.read(path))
        except FileNotFoundError:
            return  # a newer one has taken its place
        except (SnapshotDamaged, msgspec.DecodeError) as error:
            problem = str(error)
        self.snapshots.append(SnapshotFinding(path, sequence, problem))

    def _why_not(self, found: Snapshot) -> str | None:
        """Return why ``found`` is not what the journal amounts to here; raises msgspec.DecodeError."""
        if found.venue_id != self.passage.venue_id:
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

