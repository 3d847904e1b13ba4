"""Writes the journal: one process, one write for a batch, and nothing after a failure until the disk is tried again."""

import fcntl
import logging
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn
from uuid import UUID, uuid4

from fixgw.journal.disk import BackgroundSync, Disk, Durability
from fixgw.journal.frame import HEADER_SIZE, PLACE, SegmentHeader, encode
from fixgw.journal.packed import is_packed
from fixgw.journal.reader import JournalDamaged, Segment, segment_paths
from fixgw.spec.sequenced import Sequenced

SEGMENT_SIZE_MAX = 256 * 1024 * 1024
SYNC_INTERVAL_S = 0.1
ROOM_NEEDED = 1 << 20
"""Bytes that a disk must take before it is trusted with a frame: what is full again at once helps nobody."""

_log = logging.getLogger("fixgw.journal")


class JournalLocked(Exception):
    """Another process writes this journal."""

    def __init__(self, folder: Path, pid: str) -> None:
        super().__init__(
            f"{folder} is in use by process {pid or 'unknown'}: a venue is running on this data folder. "
            "Stop that one, or give this one a data folder of its own (--data)."
        )
        self.folder = folder
        self.pid = pid


class JournalFailed(Exception):
    """The journal could not be written; ``next_sequence`` is the first that is not in it."""

    def __init__(self, folder: Path, next_sequence: int, problem: str) -> None:
        super().__init__(
            f"cannot write the journal in {folder}: {problem}. Sequence {next_sequence} and later are not in it, "
            "all before are. Put the cause right (space, permissions, disk)."
        )
        self.folder = folder
        self.next_sequence = next_sequence
        self.problem = problem


class SyncFailed(JournalFailed):
    """What was written may not be on the disk, nor get there by another try: the operating system gives up on it."""


class JournalWriter:
    """The one writer of a data folder, from ``open`` to ``close``."""

    def __init__(
        self,
        folder: Path,
        lock: int,
        segment_size_max: int,
        durability: Durability,
        sync_interval_s: float,
        disk: Disk,
        verified: int,
    ) -> None:
        """Use ``open``.  Takes over the file descriptor ``lock``."""
        self._folder = folder
        self._lock = lock
        self._segment_size_max = segment_size_max
        self._durability = durability
        self._disk = disk
        self._pending: list[bytes] = []
        self.problem = ""
        """Why nothing can be written now; empty when it can."""
        for leftover in folder.glob("*.new"):
            leftover.unlink()
        paths = segment_paths(folder)
        if paths:
            segment = Segment(paths[-1], is_last=True)
            if is_packed(paths[-1]):
                problem = "the segments after this one are missing: the last ones are never packed"
                raise JournalDamaged(paths[-1], 0, segment.next_sequence, problem)
            segment.skip_to(verified + 1)
            deque(segment.frames(PLACE), maxlen=0)
            self.venue_id: UUID = segment.header.venue_id
            self.next_sequence = segment.next_sequence
            self._size = segment.end
            self._file = os.open(segment.path, os.O_WRONLY | os.O_APPEND)
            _cut_torn_tail(self._file, segment)
        else:
            self.venue_id = uuid4()
            self.next_sequence = 1
            self._size = HEADER_SIZE
            self._file = _create_segment(folder, SegmentHeader(self.venue_id, 1))
        self._background: BackgroundSync | None = None
        if durability is Durability.INTERVAL:
            self._background = BackgroundSync(disk, self._file, sync_interval_s)
        self.try_again()

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        segment_size_max: int = SEGMENT_SIZE_MAX,
        durability: Durability = Durability.PROCESS,
        sync_interval_s: float = SYNC_INTERVAL_S,
        disk: Disk | None = None,
        verified: int = 0,
    ) -> "JournalWriter":
        """Take over ``folder`` (DATA/journal), created if need be, and stand behind its last whole frame.

        A torn last frame is cut off with a warning.  Verifies the last segment, from the frame after ``verified`` on:
        a snapshot stands for those before it.  ``read`` verifies what it reads.
        Has a ``problem`` when the disk takes nothing now.  Raises JournalLocked, JournalDamaged, or OSError when the
        folder cannot be used.
        """
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)
        lock = _take_lock(folder)
        try:
            return cls(folder, lock, segment_size_max, durability, sync_interval_s, disk or Disk(), verified)
        except BaseException:
            os.close(lock)
            raise

    def append(self, sequenced: Sequenced) -> None:
        """Add a frame to those that the next ``flush`` writes.

        Raises JournalFailed after a failure; OverflowError or UnicodeEncodeError, with nothing added,
        for a value that the format cannot hold.
        """
        if self.problem:
            raise self._failed()
        assert sequenced.sequence == self.next_sequence, (sequenced.sequence, self.next_sequence)
        self._pending.append(encode(sequenced))
        self.next_sequence += 1

    def flush(self) -> None:
        """Hand what was appended to the operating system, and to the disk as far as ``durability`` promises.

        Only then may anybody be told.  Raises JournalFailed when not all could be written: what it says
        is in the journal stays there, the rest is not, and from then on every call raises it again.  Raises
        SyncFailed when all of it is in the journal but not safely on the disk, or what preceded it is not.
        """
        if self.problem:
            raise self._failed()
        if self._background is not None and self._background.error is not None:
            self._fail_to_sync(self._background.error)
        if not self._pending:
            return
        batch = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        try:
            if self._size + len(batch) > self._segment_size_max and self._size > HEADER_SIZE:
                self._rotate()
            write_all(self._file, batch, self._disk.write)
        except OSError as error:
            self._fail(error)
        self._size += len(batch)
        self._pending.clear()
        if self._background is not None:
            self._background.written()
        elif self._durability is Durability.DISK:
            try:
                self._disk.sync(self._file)
            except OSError as error:
                self._fail_to_sync(error)

    def try_again(self) -> bool:
        """Go on behind the last whole frame if the disk takes ROOM_NEEDED bytes there; return whether it does."""
        try:
            os.ftruncate(self._file, self._size)
            try:
                write_all(self._file, bytes(ROOM_NEEDED), self._disk.write)
            finally:
                # A reader takes the zeros for a write that is not finished, and so does the next start.
                os.ftruncate(self._file, self._size)
            if self._durability is not Durability.PROCESS:
                # Also at the start: the process before may have been killed between a write and its sync.
                self._disk.sync(self._file)
        except OSError as error:
            self.problem = _reason(error)
            return False
        self.problem = ""
        return True

    def close(self) -> None:
        """Flush, sync to the disk and let go of the folder; a failure is raised after letting go."""
        if self._lock < 0:
            return
        if self._background is not None:
            self._background.stop()
        try:
            if not self.problem:
                self.flush()
                os.fsync(self._file)
                sync_folder(self._folder)
        except OSError as error:
            self._fail(error)
        finally:
            self.problem = self.problem or "it was closed"
            os.close(self._file)
            os.close(self._lock)
            self._lock = -1

    def _rotate(self) -> None:
        """Go on in a new segment that begins with the first pending frame."""
        self._disk.sync(self._file)
        file = _create_segment(self._folder, SegmentHeader(self.venue_id, self.next_sequence - len(self._pending)))
        if self._background is not None:
            self._background.go_on_with(file)
        os.close(self._file)
        self._file = file
        self._size = HEADER_SIZE

    def _fail(self, error: OSError) -> NoReturn:
        """Take back what was written of a frame that is not whole, and refuse all that follows.

        Whole frames stay, since a follower may have read them already.
        """
        self.next_sequence -= len(self._pending)
        # Where the file cannot even be asked or cut, the next open cuts the torn frame.
        with suppress(OSError):
            written = os.fstat(self._file).st_size
            for frame in self._pending:
                if self._size + len(frame) > written:
                    break
                self._size += len(frame)
                self.next_sequence += 1
            os.ftruncate(self._file, self._size)
        self._pending.clear()
        self.problem = _reason(error)
        raise self._failed() from error

    def _fail_to_sync(self, error: OSError) -> NoReturn:
        """Refuse all that follows: after a failed sync the kernel may forget what it could not write."""
        self.next_sequence -= len(self._pending)
        self._pending.clear()
        self.problem = f"what was written cannot be put on the disk: {_reason(error)}"
        raise SyncFailed(self._folder, self.next_sequence, self.problem) from error

    def _failed(self) -> JournalFailed:
        return JournalFailed(self._folder, self.next_sequence, self.problem)


def _take_lock(folder: Path) -> int:
    """Return the file descriptor that holds the lock; the kernel lets go of it when this process ends."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # In this order a full disk, which has room for the one before, has room for ours.
        os.ftruncate(lock, os.pwrite(lock, str(os.getpid()).encode(), 0))
    except BlockingIOError:
        pid = os.pread(lock, 20, 0).decode("ascii", "replace")
        os.close(lock)
        raise JournalLocked(folder, pid) from None
    except BaseException:
        os.close(lock)
        raise
    return lock


def _cut_torn_tail(file: int, segment: Segment) -> None:
    """Cut ``segment``, read to its end, after its last whole frame."""
    if segment.end < segment.size:
        _log.warning(
            "%s: cut off %d bytes at byte %d, a write of sequence %d that never finished",
            segment.path, segment.size - segment.end, segment.end, segment.next_sequence,
        )  # fmt: skip
        os.ftruncate(file, segment.end)
        os.fsync(file)


def _create_segment(folder: Path, header: SegmentHeader) -> int:
    """Create a segment that is there with its header or not at all, whenever the power fails."""
    path = folder / f"{header.first_sequence:020d}.journal"
    new = path.with_suffix(".new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    try:
        write_all(file, header.to_bytes())
        os.fsync(file)
        new.rename(path)
        sync_folder(folder)
    except BaseException:
        os.close(file)
        # The segment before may go on, and this one would say that it does not.
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise
    return file


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def write_all(file: int, data: bytes, write: Callable[[int, bytes | memoryview], int] = os.write) -> None:
    """Write all of ``data``, in one call unless the operating system takes less at once."""
    written = write(file, data)
    if written == len(data):
        return
    with memoryview(data) as view:
        while written < len(data):
            with view[written:] as rest:
                written += write(file, rest)


def sync_folder(folder: Path) -> None:
    """Put the names of the files in ``folder`` on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
