"""The phases of an instrument's day: whether orders are taken, and when they trade."""

from enum import StrEnum


class Phase(StrEnum):
    """In a call orders gather, the book may cross and nothing trades until it is uncrossed at one price.

    That an instrument is halted is no phase: it goes on with the one it was in.
    """

    PRE_OPEN = "pre-open"
    OPENING_AUCTION = "opening-auction"
    CONTINUOUS = "continuous"
    VOLATILITY_AUCTION = "volatility-auction"
    CLOSING_AUCTION = "closing-auction"
    POST_CLOSE = "post-close"
    """Orders trade at the closing price only."""
    CLOSED = "closed"


CALLS = frozenset((Phase.PRE_OPEN, Phase.OPENING_AUCTION, Phase.VOLATILITY_AUCTION, Phase.CLOSING_AUCTION))
"""Phases in which orders gather and nothing trades."""


def uncrosses(before: Phase, after: Phase) -> bool:
    """Return whether the book is uncrossed when ``after`` follows ``before``.

    An auction ends with it, wherever it leads but to another call; and where orders trade as they come the book is
    never crossed.  A pre-open that leads to closed trades nothing: the opening was called off.
    """
    if after in CALLS:
        return False
    return after is not Phase.CLOSED or (before in CALLS and before is not Phase.PRE_OPEN)
