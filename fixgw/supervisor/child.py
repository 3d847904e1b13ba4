"""One process of the venue: started, and started again when it dies, later each time."""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

BACK_OFF_MIN_S = 0.1
BACK_OFF_MAX_S = 10.0
GOOD_LIFE_S = 30.0
"""Whoever lived so long starts again at once."""


ERROR = b'{"error"'


class State(StrEnum):
    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    BACKING_OFF = "backing-off"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Plan:
    """What a process is.

    It says in one line on its standard output that it serves, or, in a line that begins with ERROR, why it
    cannot; unless it ``is_silent``.  One that is nice never takes the processor from one that is not, as it is woken,
    and is as nice as it says from when it serves: a busy machine does not keep it from starting.
    """

    name: str
    command: Sequence[str]
    niceness: int = 0
    is_silent: bool = False


class Child:
    """A process by its plan; at any time at most one."""

    def __init__(self, plan: Plan, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.plan = plan
        self.state = State.STOPPED
        self.restarts = 0
        self.since = time.time()
        """When it came into its state, in seconds since the epoch."""
        self.last_exit: int | None = None
        """Exit status of the process before this one; minus the signal that ended it."""
        self.start_at = 0.0
        """When it is to be started, by the monotonic clock, while it is waiting or backing off."""
        self.process: subprocess.Popen[bytes] | None = None
        self.first_line = b""
        self._monotonic = monotonic
        self._started_at = 0.0
        self._back_off_s = BACK_OFF_MIN_S

    @property
    def pid(self) -> int | None:
        return None if self.process is None else self.process.pid

    @property
    def is_to_start(self) -> bool:
        """Whether it is to be started by itself, at ``start_at``."""
        return self.state in (State.WAITING, State.BACKING_OFF)

    def wait(self, seconds: float) -> None:
        """Plan the first start, in so many seconds."""
        self.start_at = self._monotonic() + seconds
        self._become(State.WAITING)

    def start(self) -> None:
        """Start the process; its standard error is ours."""
        self.first_line = b""
        self._started_at = self._monotonic()
        self.process = subprocess.Popen(self.plan.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if self.plan.niceness:
            os.sched_setscheduler(self.process.pid, os.SCHED_BATCH, os.sched_param(0))
        self._become(State.RUNNING if self.plan.is_silent else State.STARTING)

    def hear(self) -> bool:
        """Read what the process says; return False when it has closed its standard output."""
        assert self.process is not None
        assert self.process.stdout is not None
        said = os.read(self.process.stdout.fileno(), 65_536)
        if self.state is State.STARTING:
            self.first_line += said
            if b"\n" in self.first_line and not self.first_line.startswith(ERROR):
                self._become(State.RUNNING)
        return bool(said)

    def bury(self) -> int:
        """Note that the process has ended; return its exit status."""
        assert self.process is not None
        assert self.process.stdout is not None
        self.last_exit = self.process.wait()
        self.process.stdout.close()
        self.process = None
        self._become(State.STOPPED)
        return self.last_exit

    def back_off(self) -> float:
        """Plan the next start; return in how many seconds."""
        if self._monotonic() - self._started_at > GOOD_LIFE_S:
            self._back_off_s = BACK_OFF_MIN_S
        delay_s, self._back_off_s = self._back_off_s, min(2 * self._back_off_s, BACK_OFF_MAX_S)
        self.start_at = self._monotonic() + delay_s
        self.restarts += 1
        self._become(State.BACKING_OFF)
        return delay_s

    def signal(self, number: int) -> None:
        """Send the process a signal; a process that is not there gets none."""
        if self.process is not None:
            self.process.send_signal(number)

    def give_up(self) -> None:
        """Start it no more."""
        if self.process is None:
            self._become(State.STOPPED)

    def _become(self, state: State) -> None:
        if state is State.RUNNING and self.plan.niceness and self.process is not None:
            os.setpriority(os.PRIO_PROCESS, self.process.pid, self.plan.niceness)
        self.state = state
        self.since = time.time()
