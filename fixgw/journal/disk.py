"""The disk under the journal: the calls that it may fail, and when what was written is made to outlive the machine."""

import os
import threading
from enum import StrEnum


class Durability(StrEnum):
    """When a report may leave."""

    PROCESS = "process"
    """When the operating system has its frame: a killed process loses nothing."""
    INTERVAL = "interval"
    """The same, and all is put on the disk every so many milliseconds: a power cut loses no more than these."""
    DISK = "disk"
    """When its frame is on the disk, with one sync for the whole batch: a power cut loses nothing."""


class Disk:
    """The operating system; a test has one that fails."""

    def write(self, file: int, data: bytes | memoryview) -> int:
        return os.write(file, data)

    def sync(self, file: int) -> None:
        """Put the content of ``file`` on the disk, and of its metadata what is needed to read it."""
        os.fdatasync(file)


class BackgroundSync:
    """Syncs one file after the other, on a thread that does nothing else and lets Python go while it waits."""

    def __init__(self, disk: Disk, file: int, interval_s: float) -> None:
        """Begin; ``file`` stays the caller's."""
        self._disk = disk
        self._file = file
        self._interval_s = interval_s
        self._is_written = False
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._syncing = threading.Lock()
        self.error: OSError | None = None
        """Why the last sync failed; nothing is synced after it."""
        self._thread = threading.Thread(target=self._run, name="journal-sync", daemon=True)
        self._thread.start()

    def written(self) -> None:
        """Note that something was written; it is on the disk after the interval, and the time that the disk takes."""
        if not self._is_written:
            self._is_written = True
            self._wake.set()

    def go_on_with(self, file: int) -> None:
        """Sync ``file`` from now on; when this returns, the one before may be closed."""
        with self._syncing:
            self._file = file

    def stop(self) -> None:
        """End without a last sync."""
        self._stopped.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while self.error is None:
            self._wake.wait()
            self._wake.clear()
            if self._stopped.wait(self._interval_s):
                return
            # Cleared before the sync: what is written meanwhile has another.
            self._is_written = False
            with self._syncing:
                try:
                    self._disk.sync(self._file)
                except OSError as error:
                    self.error = error
