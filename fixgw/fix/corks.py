"""Corks: the reports of one batch to one client leave in few packets, not in one each.

A packet with the wake-up of who receives it costs a fifth of an order.  The first reports to a client leave at once;
from then on the kernel keeps them (TCP_CORK) until the batch is told, or until they fill a packet
(docs/decisions/0027-corks.md).
"""

from typing import Self

from fixgw.fix.sockets import cork

CORKED_FROM = 8
"""Which report to a client in one batch is the first that is kept: a few are better off on their way."""


class Corks:
    """The connections of the clients by their CompID; ``with`` it a batch is told, on the thread that sends."""

    def __init__(self) -> None:
        self.is_gathering = False
        self._connections: dict[str, int] = {}
        """QuickFIX's own file descriptors."""
        self._told: dict[str, int] = {}
        """How many reports went to each client in this batch."""
        self._corked: set[int] = set()

    def connected(self, session: str, fd: int) -> None:
        """Know that what is sent to ``session`` from here on goes to the file descriptor ``fd``."""
        self.gone(session)
        self._connections[session] = fd

    def gone(self, session: str) -> None:
        """Forget the connection of ``session``, and let go what was kept for it."""
        fd = self._connections.pop(session, None)
        if fd in self._corked:
            self._corked.remove(fd)
            cork(fd, on=False)

    def __enter__(self) -> Self:
        self.is_gathering = True
        return self

    def __exit__(self, *_: object) -> None:
        self.is_gathering = False
        self._told.clear()
        self.let_go()

    def note(self, session: str) -> None:
        """Know that the next report is to ``session``; only while it ``is_gathering``."""
        count = self._told[session] = self._told.get(session, 0) + 1
        if count == CORKED_FROM and (fd := self._connections.get(session)) is not None:
            cork(fd, on=True)
            self._corked.add(fd)

    def let_go(self) -> None:
        """Let go what was kept, since something that may take long comes next."""
        for fd in self._corked:
            cork(fd, on=False)
        self._corked.clear()
