"""A restriction: what an operator has forbidden, who did, and why."""

import msgspec


class Restriction(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``name`` is the symbol halted, the scope killed or the session disabled."""

    name: str
    operator: str
    reason: str
    pause_s: int = 0
    """Of a halt: how long it lasts; 0 until it is resumed."""
    until_ns: int = 0
    """When that is over, ns since the epoch, UTC; 0 until it is known."""
    day: str | None = None
    """The trading day that a halt is over with, empty where that has no date yet; None where it is not."""
