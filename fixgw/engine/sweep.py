"""Sweeps: what happens to many orders, a slice at a time, so that nobody waits while thousands of them go."""

from collections import deque
from collections.abc import Iterable, Iterator
from enum import StrEnum

from fixgw.engine.order import Order

SWEEP_SLICE_MAX = 200
"""Orders of one frame, some 30 us each with their reports: others get their turn in between.

Another number would give other events: see SEMANTICS_VERSION of the journal.
"""


class SweepKind(StrEnum):
    """What becomes of the orders."""

    CANCEL = "cancel"
    CANCEL_ON_HALT = "halt"
    EXPIRE = "expire"
    RESTATE = "restate"


class Sweep:
    """The orders of a scope that were open when it was asked for, and who asked."""

    def __init__(
        self,
        scope: str,
        operator: str,
        reason: str,
        text: str,
        orders: Iterable[Order],
        kind: SweepKind = SweepKind.CANCEL,
        date: str = "",
    ) -> None:
        """``text`` is what the clients are told; ``date`` is that of the trading day which ends or begins."""
        self.kind = kind
        self.date = date
        self.scope = scope
        self.operator = operator
        self.reason = reason
        self.text = text
        self.orders = deque(orders)
        """Those still to be looked at, in the order of their turns; some of them may end by themselves."""

    def __len__(self) -> int:
        """Orders still to be looked at."""
        return len(self.orders)

    def next_slice(self, count_max: int) -> Iterator[Order]:
        """Yield what is still open of the next orders."""
        for _ in range(min(len(self.orders), count_max)):
            order = self.orders.popleft()
            if order.is_live:
                yield order
