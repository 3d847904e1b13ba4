"""Corks: what a busy pass tells one client leaves in few packets, not in one for each report.

A packet with the wake-up of who receives it costs a fifth of an order.  While a pass tells, the first reports to a
client leave at once; from then on the kernel keeps them (TCP_CORK) until the pass is over, or until they fill a packet
(docs/decisions/0027-corks.md).
"""

from fixgw.fix.sockets import cork

CORKED_FROM = 8
"""Which message to a client in one pass is the first that is kept: a few are better off on their way."""


class Corks:
    """The connections of the clients by their CompID; for the thread that sends, and no other."""

    def __init__(self) -> None:
        self.is_gathering = False
        self._connections: dict[str, int] = {}
        """QuickFIX's own file descriptors."""
        self._told: dict[str, int] = {}
        """How many messages went to each client in this pass."""
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

    def gather(self) -> None:
        """Begin a pass that tells."""
        self.is_gathering = True

    def note(self, session: str) -> None:
        """Know that the next message is to ``session``; only while it ``is_gathering``."""
        count = self._told[session] = self._told.get(session, 0) + 1
        if count == CORKED_FROM and (fd := self._connections.get(session)) is not None:
            cork(fd, on=True)
            self._corked.add(fd)

    def release(self) -> None:
        """Let go what was kept: the pass is over."""
        self.is_gathering = False
        if self._told:
            self._told.clear()
            for fd in self._corked:
                cork(fd, on=False)
            self._corked.clear()
