"""Starts the gateway first, the followers after it, starts again what dies, and stops in the same order."""

import contextlib
import fcntl
import logging
import os
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from fixgw.supervisor import status
from fixgw.supervisor.child import Child, Plan, State

FOLLOWERS_WAIT_S = 2.0
"""How long the followers let the gateway start alone, so that it has the processors to itself."""
GATEWAY_STOP_S = 3.5
"""For logging sessions out and closing the journal; a session that does not answer is waited for 3 s."""
FOLLOWERS_STOP_S = 0.8
REDIS_STOP_S = 0.4

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

log = logging.getLogger("fixgw.supervisor")


class AlreadyRunning(Exception):
    """Another supervisor has the data folder."""


class Supervisor:
    """The processes of one venue, from ``run`` until it is told to stop."""

    def __init__(self, data_dir: Path, gateway: Plan, followers: Sequence[Plan], redis: Plan | None) -> None:
        """Raises AlreadyRunning, or OSError when the data folder cannot be used."""
        self._data_dir = data_dir
        self._lock = _take_lock(data_dir)
        self._gateway = Child(gateway)
        self._followers = [Child(plan) for plan in followers]
        self._redis = [] if redis is None else [Child(redis)]
        self._children = [*self._redis, self._gateway, *self._followers]
        self._selector = selectors.DefaultSelector()
        self._is_stopping = False

    def run(self, on_open: Callable[[bytes], None], on_stopping: Callable[[], None]) -> int:
        """Run until a signal asks to stop; return the exit status.

        ``on_open`` gets the line by which the gateway says that it serves.  When it cannot start in the first
        place, the rest is stopped and its exit status returned; ``on_open`` then gets the line it left, if any.
        """
        self._take_signals()
        for child in (*self._redis, self._gateway):
            self._start(child)
        for child in self._followers:
            child.wait(FOLLOWERS_WAIT_S)
        failed = self._wait_for_gateway(on_open)
        if failed is None:
            while not self._is_stopping:
                self._watch()
            on_stopping()
        self._stop()
        return 0 if failed is None else failed

    def _take_signals(self) -> None:
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in _STOP_SIGNALS:
            signal.signal(number, self._ask_to_stop)
        self._selector.register(reader, selectors.EVENT_READ, lambda: os.read(reader, 512))

    def _ask_to_stop(self, *_: object) -> None:
        self._is_stopping = True

    def _wait_for_gateway(self, on_open: Callable[[bytes], None]) -> int | None:
        """Return None when the gateway serves, or its exit status when it could not start."""
        while self._gateway.state is State.STARTING and not self._is_stopping:
            self._watch()
        if self._gateway.state is State.RUNNING:
            for child in self._followers:
                if child.state is State.WAITING:
                    self._start(child)
            on_open(self._gateway.first_line)
            return None
        if self._is_stopping:
            return None
        if self._gateway.first_line:
            on_open(self._gateway.first_line)
        return self._gateway.last_exit or 1

    def _start(self, child: Child) -> None:
        child.start()
        assert child.process is not None
        assert child.process.stdout is not None
        stdout = child.process.stdout
        self._selector.register(stdout, selectors.EVENT_READ, lambda: self._hear(child))
        pidfd = os.pidfd_open(child.process.pid)
        self._selector.register(pidfd, selectors.EVENT_READ, lambda: self._bury(child, pidfd))
        self._tell()

    def _hear(self, child: Child) -> None:
        assert child.process is not None
        assert child.process.stdout is not None
        before = child.state
        if not child.hear():
            self._selector.unregister(child.process.stdout)
        if child.state is not before:
            self._tell()

    def _bury(self, child: Child, pidfd: int) -> None:
        """See to a process that has ended."""
        assert child.process is not None
        assert child.process.stdout is not None
        if child.process.stdout.fileno() in self._selector.get_map():
            child.hear()
            self._selector.unregister(child.process.stdout)
        was_starting = child.state is State.STARTING
        self._selector.unregister(pidfd)
        os.close(pidfd)
        exit_status = child.bury()
        is_first_start = child is self._gateway and was_starting and child.restarts == 0
        if not self._is_stopping and not is_first_start:
            delay_s = child.back_off()
            log.warning("%s ended with status %d; it starts again in %.1f s", child.plan.name, exit_status, delay_s)
        self._tell()

    def _watch(self, timeout_s: float | None = None) -> None:
        """Wait until something happens, and see to it."""
        waiting = [child.start_at for child in self._children if child.is_to_start]
        if waiting and timeout_s is None:
            timeout_s = max(0.0, min(waiting) - time.monotonic())
        for key, _ in self._selector.select(timeout_s):
            # What one event brings about may have closed what another was about.
            if key.fd in self._selector.get_map():
                key.data()
        if self._is_stopping:
            return
        for child in self._children:
            if child.is_to_start and time.monotonic() >= child.start_at:
                self._start(child)

    def _stop(self) -> None:
        """Stop the gateway, then who follows it, then what they write to; each is killed when it takes too long."""
        self._is_stopping = True
        for child in self._children:
            child.give_up()
        for group, seconds in (
            ([self._gateway], GATEWAY_STOP_S),
            (self._followers, FOLLOWERS_STOP_S),
            (self._redis, REDIS_STOP_S),
        ):
            for child in group:
                child.signal(signal.SIGTERM)
            self._wait_until_gone(group, seconds)
            for child in group:
                if child.process is not None:
                    log.warning("%s did not stop within %.1f s and is killed", child.plan.name, seconds)
                    child.signal(signal.SIGKILL)
            self._wait_until_gone(group, 1.0)
        self._tell()

    def _wait_until_gone(self, group: Sequence[Child], seconds: float) -> None:
        until = time.monotonic() + seconds
        while any(child.process is not None for child in group) and (left := until - time.monotonic()) > 0:
            self._watch(left)

    def _tell(self) -> None:
        # A full disk must not end the watch.
        with contextlib.suppress(OSError):
            status.write(self._data_dir, self._children)


def _take_lock(data_dir: Path) -> int:
    folder = data_dir / "run"
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        running = status.read(data_dir)
        who = "another process" if running is None else f"process {running.pid}"
        raise AlreadyRunning(
            f"{data_dir} is in use by {who}: a venue is running on this data folder. Stop that one, or give this one a "
            "data folder of its own (--data)"
        ) from None
    return lock
