"""Waits for the sockets that QuickFIX would wait for, so that one thread serves it and the sequencer in turn.

``SocketAcceptor.poll`` does what there is to do and returns; this tells when there is something again.  What
it should miss costs no more than a tick, since nothing waits longer.
"""

import os
import select
from contextlib import suppress
from dataclasses import dataclass

TICK_S = 0.05
"""The longest wait: QuickFIX looks at its timers in each pass that finds nothing to read."""


@dataclass
class Traffic:
    """What the gateway has done so far."""

    passes: int = 0
    """Times that QuickFIX was asked to do what there is to do."""
    sent: int = 0
    """Messages handed to QuickFIX."""


class Readiness:
    """The sockets of one acceptor, and an alarm for other threads."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._alarm = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._alarm, select.EPOLLIN)

    def wait(self, longest_s: float = TICK_S) -> list[int]:
        """Return the file descriptors that can be read or written, after ``longest_s`` at the latest."""
        ready = [fd for fd, _ in self._epoll.poll(longest_s)]
        if self._alarm in ready:
            os.eventfd_read(self._alarm)
        return ready

    def wake(self) -> None:
        """End a wait; from any thread."""
        os.eventfd_write(self._alarm, 1)

    def watch(self, fd: int, *, is_backlogged: bool = False) -> None:
        """Wait for ``fd`` too; until it can be written as well, while QuickFIX has a backlog for it.

        From any thread.  The kernel forgets a socket that is closed by itself.
        """
        events = select.EPOLLIN | select.EPOLLOUT if is_backlogged else select.EPOLLIN
        with suppress(OSError):  # closed meanwhile
            try:
                self._epoll.register(fd, events)
            except FileExistsError:
                self._epoll.modify(fd, events)
