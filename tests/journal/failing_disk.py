"""A disk that fails: calls that take less than they are given, and errors at the places a test or chance says."""

import os
from collections.abc import Callable
from errno import EIO, ENOSPC
from random import Random

from fixgw.journal.disk import Disk


class CountingDisk(Disk):
    """Remembers, in order, what was asked of it; fails a sync while ``fails_to_sync``."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.fails_to_sync = False

    def write(self, file: int, data: bytes | memoryview) -> int:
        self.calls.append("write")
        return super().write(file, data)

    def sync(self, file: int) -> None:
        self.calls.append("sync")
        if self.fails_to_sync:
            raise OSError(EIO, os.strerror(EIO))
        super().sync(file)


class FailingDisk(Disk):
    """Writes a part only, or fails with ENOSPC or EIO, in one of ``one_in`` calls each, as ``random`` has it."""

    def __init__(self, random: Random, one_in: int = 4) -> None:
        self.is_good = False
        self._random = random
        self._one_in = one_in

    def write(self, file: int, data: bytes | memoryview) -> int:
        if self._happens():
            raise self._error()
        if self._happens():
            return super().write(file, data[: self._random.randrange(len(data) + 1)])
        return super().write(file, data)

    def sync(self, file: int) -> None:
        if self._happens():
            raise self._error()
        super().sync(file)

    def _happens(self) -> bool:
        return not self.is_good and self._random.randrange(self._one_in) == 0

    def _error(self) -> OSError:
        number = self._random.choice((ENOSPC, EIO))
        return OSError(number, os.strerror(number))


def until(condition: Callable[[], bool], pause: Callable[[float], None], tries: int = 500) -> None:
    """Wait for ``condition``, ``tries`` pauses of 10 ms at most."""
    for _ in range(tries):
        if condition():
            return
        pause(0.01)
    raise AssertionError("not in time")
