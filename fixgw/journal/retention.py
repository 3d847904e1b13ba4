"""Retention: packed segments that are older than the venue keeps them, and that nobody needs any more, go.

Four things hold a segment: its age, a follower that has not read it, the oldest snapshot, from which a start goes on
when the newer ones turn out to be damaged, and that it is not packed yet.
"""

import logging
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from fixgw.journal import snapshot
from fixgw.journal.frame import UNDECIDED
from fixgw.journal.packed import is_packed
from fixgw.journal.position import Position
from fixgw.journal.reader import JournalDamaged, Segment, first_kept, first_sequence, read_header, segment_paths
from fixgw.journal.snapshot import Snapshot, SnapshotDamaged
from fixgw.journal.writer import sync_folder

SNAPSHOTS_MIN = 2
"""That are there and right before anything goes: one of them may turn out to be damaged later."""
LOOK_EVERY_S = 10.0

_DAY_NS = 86_400 * 10**9

log = logging.getLogger("fixgw.journal.retention")


class Hold(NamedTuple):
    """What keeps segments: frames after ``sequence`` are needed, and why."""

    sequence: int
    why: str


class Retention:
    """Removes what may go, the oldest first."""

    def __init__(
        self,
        data_dir: Path,
        snapshots: Path,
        keep_days: int,
        followers: Iterable[str],
        is_usable: Callable[[Snapshot], bool],
    ) -> None:
        """``keep_days`` of 0 keeps all.

        ``followers`` are the names of the positions of all who read the journal; ``is_usable`` says whether all who
        begin with a snapshot could do so with this one.
        """
        self._journal = data_dir / "journal"
        self._positions = data_dir / "positions"
        self._snapshots = snapshots
        self._keep_ns = keep_days * _DAY_NS
        self._followers = tuple(followers)
        self._is_usable = is_usable
        self._look_at = 0.0
        self._wrong: set[tuple[str, int, int]] = set()
        """Snapshots that were found not to be right, by name, time and size, so that none is read again and again."""
        self.held_by: Hold | None = None
        """What keeps segments that are old enough to go."""

    def work(self, now_s: float, last_time_ns: int) -> list[Path]:
        """Remove what may go, and return it; looks each LOOK_EVERY_S.

        Ages are told by the journal's own time, that of its last frame.  What fails is logged, and tried again.
        """
        if not self._keep_ns or now_s < self._look_at or not self._journal.is_dir():
            return []
        self._look_at = now_s + LOOK_EVERY_S
        removed: list[Path] = []
        try:
            for path in self.removable(last_time_ns):
                path.unlink()
                # One by one: after a power cut there is no gap, and what is left begins with a whole segment.
                sync_folder(self._journal)
                removed.append(path)
                log.info("%s: removed, all of it is older than journal.keep_days", path.name)
        except (OSError, JournalDamaged) as error:
            log.error("a segment of the journal was not removed: %s", error)
        return removed

    def removable(self, last_time_ns: int) -> list[Path]:
        """Return the segments that may go, the oldest first.  Raises OSError, JournalDamaged."""
        old = self._old(last_time_ns - self._keep_ns)
        held_by = self._hold(old[-1][1]) if old else None
        if held_by is not None and (self.held_by is None or self.held_by.why != held_by.why):
            log.warning("segments that are older than journal.keep_days stay: %s", held_by.why)
        self.held_by = held_by
        return [path for path, last in old if held_by is None or last <= held_by.sequence]

    def _old(self, before_ns: int) -> list[tuple[Path, int]]:
        """Return the packed segments, from the oldest on, wholly before ``before_ns``, each with its last sequence."""
        old: list[tuple[Path, int]] = []
        paths = segment_paths(self._journal)
        for path, following in pairwise(paths):
            # Times never fall: all in a segment is as old as the first frame of the next, or older.
            if not is_packed(path) or _begins_at_ns(following) >= before_ns:
                break
            old.append((path, first_sequence(following) - 1))
        return old

    def _hold(self, last_sequence: int) -> Hold | None:
        """Return what needs frames up to ``last_sequence``, that which needs most; None when nothing does."""
        holds = [hold for name in self._followers if (hold := self._of_follower(name)).sequence < last_sequence]
        if not holds or min(holds).sequence >= first_sequence(segment_paths(self._journal)[0]):
            # Reading snapshots takes longest.
            hold = self._of_snapshots()
            holds += [hold] if hold.sequence < last_sequence else []
        return min(holds, default=None)

    def _of_follower(self, name: str) -> Hold:
        try:
            sequence = Position(self._positions, name).load()
        except ValueError as error:
            return Hold(0, str(error))
        if not sequence:
            return Hold(0, f"{name} follows the journal and has not begun")
        return Hold(sequence, f"{name} has read the journal up to sequence {sequence} only")

    def _of_snapshots(self) -> Hold:
        """All that are there must be right: each may be the one that a start has to fall back to."""
        header, paths = read_header(self._journal), snapshot.paths(self._snapshots)
        if len(paths) < SNAPSHOTS_MIN:
            return Hold(0, f"there is no second snapshot to fall back to in {self._snapshots}")
        for path in paths:
            stat = path.stat()
            seen = path.name, stat.st_mtime_ns, stat.st_size
            if seen not in self._wrong and not self._is_right(path, header and header.venue_id):
                self._wrong.add(seen)
            if seen in self._wrong:
                return Hold(0, f"{path} is not right; it goes when newer ones have taken its place")
        oldest = int(paths[-1].stem)
        return Hold(oldest, f"the oldest snapshot is of sequence {oldest}")

    def _is_right(self, path: Path, venue_id: object) -> bool:
        try:
            found = snapshot.read(path)
        except SnapshotDamaged as error:
            log.warning("%s", error)
            return False
        return found.venue_id == venue_id and self._is_usable(found)


def _begins_at_ns(path: Path) -> int:
    """Return the time of the first frame of a segment; the end of time where it has none yet."""
    segment = Segment(path, is_last=True)
    try:
        for frame in segment.frames(UNDECIDED):
            return frame.time_ns
        return 2**63 - 1
    finally:
        segment.close()


def readable_from(data_dir: Path, snapshots: Path) -> int:
    """Return from which sequence on the journal is to be read that it is all there is: 1 unless segments were removed.

    Then it is the first that is kept, if a snapshot that is right stands for what precedes it; else 1 again, which
    reading refuses with NotKept.  Raises JournalDamaged.
    """
    journal = data_dir / "journal"
    first, header = first_kept(journal), read_header(journal)
    if first == 1 or header is None:
        return 1
    stands = any(taken.sequence >= first - 1 for taken in snapshot.usable(snapshots, header.venue_id, 2**63 - 1))
    return first if stands else 1
