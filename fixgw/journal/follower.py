"""Follows the journal: the frames from one sequence on, as the venue writes them, without asking in a loop."""

from bisect import bisect_right
from pathlib import Path
from select import select
from uuid import UUID

from inotify_simple import INotify, flags

from fixgw.journal.frame import WHOLE
from fixgw.journal.reader import JournalDamaged, NotKept, Segment, first_sequence, segment_path, segment_paths
from fixgw.spec.sequenced import Sequenced

_APPEARED = flags.CREATE | flags.MOVED_TO | flags.ONLYDIR
_WRITTEN = _APPEARED | flags.MODIFY


class Follower:
    """Reads beside the writer, in any process, over rotations of segments and restarts of the venue.

    Needs no lock.  A frame that was given is never taken back, but by a power cut; one that is being
    written is given when it is whole.
    """

    def __init__(self, folder: Path, next_sequence: int = 1) -> None:
        """``folder`` (DATA/journal) may not exist yet; ``next_sequence`` is the frame that is wanted first."""
        assert next_sequence > 0, next_sequence
        self._folder = folder
        self._next_sequence = next_sequence
        self._segment: Segment | None = None
        self._has_more = True
        self._inotify = INotify()
        self._watched: tuple[Path, int] | None = None
        self._watch_nearest()

    @property
    def next_sequence(self) -> int:
        """The sequence of the frame that ``read`` will give first."""
        return self._next_sequence

    @property
    def venue_id(self) -> UUID | None:
        """Whose journal this is; None before ``read`` has found it."""
        return None if self._segment is None else self._segment.header.venue_id

    def read(self, max_frames: int = 1000) -> list[Sequenced]:
        """Return the frames that are there by now, ``max_frames`` at most; empty when there is no new one.

        The first call takes 0.5 us for each frame that precedes the wanted one in its segment; a frame given
        takes about 5 us.  Raises JournalDamaged, after the frames that precede the damage.
        """
        self._inotify.read(timeout=0)  # what woke us is forgotten before we look, so that nothing is missed
        self._watch_nearest()
        if self._segment is None:
            self._segment = _segment_with(self._folder, self._next_sequence)
        frames: list[Sequenced] = []
        try:
            while self._segment is not None and len(frames) < max_frames:
                for batch in self._segment.batches(WHOLE, max_frames - len(frames)):
                    frames += batch
                if len(frames) < max_frames and not self._turn_page(self._segment):
                    break
        except JournalDamaged:
            # The next call finds it again.
            if not frames:
                raise
        self._next_sequence += len(frames)
        self._has_more = len(frames) == max_frames
        return frames

    def wait(self, timeout_s: float) -> bool:
        """Sleep until something was written since the last ``read``, or the time is up; return whether it was.

        What was written may be less than a whole frame.
        """
        return self._has_more or bool(select([self._inotify], [], [], timeout_s)[0])

    def fileno(self) -> int:
        """Return what is readable when something was written since the last ``read``; read until it gives nothing."""
        descriptor: int = self._inotify.fileno()
        return descriptor

    def close(self) -> None:
        self._inotify.close()
        if self._segment is not None:
            self._segment.close()

    def _turn_page(self, segment: Segment) -> bool:
        """Go on in the segment after ``segment``, which was read as far as it reached; return whether there is one."""
        # A segment that has no frame yet has the name that the one after it would have.
        is_begun = segment.next_sequence != segment.header.first_sequence
        path = segment_path(self._folder, segment.next_sequence) if is_begun else None
        if path is not None:
            following = Segment(path, is_last=True)
            following.check_follows(segment)
            segment.close()
            self._segment = following
            return True
        if (
            segment.end < segment.size
            and first_sequence(segment_paths(self._folder)[-1]) != segment.header.first_sequence
        ):
            # A frame was cut short when we looked, yet a later segment is there: it is whole by now, or damaged.
            segment.is_last = False
            return True
        return False

    def _watch_nearest(self) -> None:
        """Be woken by what is written into the folder; while there is none, by what appears where it will be."""
        watched, watch = self._watched or (None, -1)
        if watched == self._folder:
            return
        nearest = next(path for path in (self._folder, *self._folder.absolute().parents) if path.is_dir())
        if nearest != watched:
            mask = _WRITTEN if nearest == self._folder else _APPEARED
            self._watched = nearest, self._inotify.add_watch(nearest, mask)
            if watched is not None:
                self._inotify.rm_watch(watch)


def _segment_with(folder: Path, sequence: int) -> Segment | None:
    """Return the segment that holds or will hold ``sequence``, read up to it; None when there is no journal yet.

    Raises JournalDamaged when it cannot be reached.
    """
    paths = segment_paths(folder) if folder.is_dir() else []
    if not paths:
        return None
    starts = [first_sequence(path) for path in paths]
    if sequence < starts[0]:
        raise NotKept(paths[0], sequence)
    segment = Segment(paths[bisect_right(starts, sequence) - 1], is_last=True)
    segment.skip_to(sequence)
    if segment.next_sequence < sequence:
        problem = f"the journal ends here, though it was read up to sequence {sequence - 1} before"
        raise JournalDamaged(segment.path, segment.end, segment.next_sequence, problem)
    return segment
