"""What can be seen of a venue from outside: its processes, what they left in files, how far each of them is."""

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fixgw.journal.position import Position
from fixgw.metrics import board

NAME = "metrics"
"""Our own among the processes."""

_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class ProcessStatus(Protocol):
    """A process of the venue as its supervisor sees it."""

    @property
    def name(self) -> str: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def state(self) -> str: ...
    @property
    def restarts(self) -> int: ...


Watch = Callable[[], Sequence[ProcessStatus] | None]
"""Asks the supervisor for its processes; None when nobody supervises."""


@dataclass(frozen=True)
class Usage:
    """What a process uses of the machine."""

    cpu_s: float
    resident_bytes: int


@dataclass(frozen=True)
class Observation:
    """One look at a venue."""

    notice: board.Notice | None
    """What the gateway tells of itself."""
    processes: Sequence[ProcessStatus] | None
    """None when nobody supervises."""
    usage: dict[str, Usage]
    """By name of the process."""
    positions: dict[str, int]
    """The last frame that each follower has done, by its name."""
    journal_bytes: int
    journal_segments: int
    disk_free_bytes: int
    disk_bytes: int


def observe(data_dir: Path, watch: Watch) -> Observation:
    """Look; takes a millisecond."""
    notice, processes = board.read(data_dir), watch()
    if processes is None:
        pids: dict[str, int | None] = {"gateway": None if notice is None else notice.pid, NAME: os.getpid()}
    else:
        pids = {process.name: process.pid for process in processes}
    usage = {name: used for name, pid in pids.items() if pid is not None and (used := _usage(pid)) is not None}
    sizes = list(_sizes((data_dir / "journal").glob("*.journal*")))
    # Before the gateway has made the folder, it is the disk where that will be.
    disk = shutil.disk_usage(next(path for path in (data_dir, *data_dir.absolute().parents) if path.exists()))
    return Observation(
        notice=notice,
        processes=processes,
        usage=usage,
        positions=_positions(data_dir / "positions", None if processes is None else pids.keys()),
        journal_bytes=sum(sizes),
        journal_segments=len(sizes),
        disk_free_bytes=disk.free,
        disk_bytes=disk.total,
    )


def _usage(pid: int) -> Usage | None:
    """Return None for a process that is gone."""
    try:
        # Its name, in brackets, may hold anything.
        times = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return None
    return Usage((int(times[11]) + int(times[12])) / _TICKS_PER_S, int(pages[1]) * _PAGE_SIZE)


def _sizes(paths: Iterable[Path]) -> Iterable[int]:
    for path in paths:
        try:
            yield path.stat().st_size
        except FileNotFoundError:  # moved away by an operator since we listed it
            continue


def _positions(folder: Path, names: Iterable[str] | None) -> dict[str, int]:
    """Return the positions of the processes of these names, or of all that left one.

    A follower that is configured no longer leaves its position behind; names with a dot are for parts of one.
    """
    found = [path.name for path in folder.iterdir() if "." not in path.name] if folder.is_dir() else []
    positions = {}
    for name in sorted(found if names is None else set(found) & set(names)):
        try:
            positions[name] = Position(folder, name).load()
        except (OSError, ValueError):  # the follower itself refuses it, and says so
            continue
    return positions
