"""A segment: instruments that go through their phases together, on a schedule of local times and trading days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, tzinfo

from fixgw.spec.phase import Phase

MAY_FOLLOW = {
    Phase.PRE_OPEN: (Phase.OPENING_AUCTION, Phase.CONTINUOUS, Phase.CLOSED),
    Phase.OPENING_AUCTION: (Phase.CONTINUOUS, Phase.CLOSED),
    Phase.CONTINUOUS: (Phase.CLOSING_AUCTION, Phase.POST_CLOSE, Phase.CLOSED),
    Phase.CLOSING_AUCTION: (Phase.POST_CLOSE, Phase.CLOSED),
    Phase.POST_CLOSE: (Phase.CLOSED,),
    Phase.CLOSED: (Phase.PRE_OPEN, Phase.OPENING_AUCTION, Phase.CONTINUOUS),
}
"""Which phases of a schedule may follow which.  A volatility auction is in none: no clock begins it."""


@dataclass(frozen=True)
class Entry:
    """From ``at`` on, local time, instruments are in ``phase``."""

    day: int
    """0 for the day of the session, -1 for the one before, as of a market that opens in the evening."""
    at: time
    phase: Phase
    random_end_s: int = 0
    """With a call: it ends as much as so many seconds after the next entry's time, drawn for each instrument."""


@dataclass(frozen=True)
class Segment:
    """``entries`` are in the order of their times, at least one, and less than a day from the first to the last."""

    name: str
    time_zone: tzinfo
    entries: tuple[Entry, ...]
    weekdays: frozenset[int] | None
    """0 is Monday; None for Monday to Friday, or with a calendar for its own days."""
    calendar: str | None
    """Its name in exchange_calendars."""
    holidays: frozenset[date]
    """Without a session, whatever the calendar says."""
    early_closes: Mapping[date, time]
    """When the close comes on these, local time, whatever the calendar says."""

    def closing(self) -> range | None:
        """Return the entries that come earlier on a day with an early close, or None where there are none.

        These are all after the last continuous trading.
        """
        phases = [entry.phase for entry in self.entries]
        if Phase.CONTINUOUS not in phases:
            return None
        begin = len(phases) - phases[::-1].index(Phase.CONTINUOUS)
        return range(begin, len(phases)) if begin < len(phases) else None

    def close(self) -> Entry | None:
        """Return the entry that a calendar calls the close: the end of continuous trading or of the auction after."""
        closing = self.closing() or range(0)
        return next((self.entries[at] for at in closing if self.entries[at].phase is not Phase.CLOSING_AUCTION), None)


@dataclass(frozen=True)
class Calendar:
    """The days of an exchange, as far as they are known."""

    first: date
    last: date
    """What is outside of these two dates it does not know."""
    sessions: frozenset[date]
    early_closes: Mapping[date, int]
    """When the close of a session comes that ends early, ns since the epoch, UTC."""
