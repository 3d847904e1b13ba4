"""The status file: what each process of a venue does, for whoever asks; DATA/run/status.json."""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from fixgw.supervisor.child import Child


class ProcessStatus(msgspec.Struct, frozen=True):
    """``since`` is in seconds since the epoch; ``last_exit`` is that of the process before this one."""

    name: str
    pid: int | None
    state: str
    restarts: int
    since: float
    last_exit: int | None


class Status(msgspec.Struct, frozen=True):
    """``pid`` is the supervisor's."""

    pid: int
    processes: tuple[ProcessStatus, ...]


def path(data_dir: Path) -> Path:
    return data_dir / "run" / "status.json"


def write(data_dir: Path, children: Iterable[Child]) -> None:
    """Replace the file at once: a reader sees the old or the new one."""
    processes = tuple(
        ProcessStatus(child.plan.name, child.pid, child.state, child.restarts, child.since, child.last_exit)
        for child in children
    )
    file = path(data_dir)
    new = file.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(Status(os.getpid(), processes)) + b"\n")
    new.replace(file)


def read(data_dir: Path) -> Status | None:
    """Return what was written last; None when nothing was, or nothing that can be read."""
    try:
        return msgspec.json.decode(path(data_dir).read_bytes(), type=Status)
    except (OSError, msgspec.DecodeError):
        return None


def watched(data_dir: Path) -> tuple[ProcessStatus, ...] | None:
    """Return the processes of a supervisor that is alive; None when nobody supervises."""
    status = read(data_dir)
    if status is None:
        return None
    try:
        os.kill(status.pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return status.processes
