"""The trading day: which date orders count for, and how far its end has come."""

from enum import StrEnum

import msgspec

from fixgw.spec.events import DayBegun, DayEnding, Event, OrdersExpired, OrdersRestated, SessionReset


class DayPhase(StrEnum):
    """The phases follow each other in this order; only in the first are orders taken."""

    OPEN = "open"
    EXPIRING = "expiring"
    ENDED = "ended"
    RESTATING = "restating"


class TradingDay(msgspec.Struct, frozen=True, array_like=True):
    """Follows events, so that a replay ends with the same."""

    date: str | None = None
    """ISO 8601; None in a venue that trades round the clock and whose day nobody has ever ended."""
    phase: DayPhase = DayPhase.OPEN
    sessions_reset: tuple[str, ...] = ()
    """Sessions whose numbers were reset since the day has ended."""

    def after(self, event: Event) -> "TradingDay":
        """Return the day as it is after ``event``."""
        match event:
            case DayEnding():
                return TradingDay(event.date, DayPhase.EXPIRING)
            case OrdersExpired(left=0):
                return TradingDay(self.date, DayPhase.ENDED)
            case SessionReset() if self.phase is DayPhase.ENDED and event.session not in self.sessions_reset:
                return TradingDay(self.date, self.phase, (*self.sessions_reset, event.session))
            case OrdersRestated():
                return TradingDay(event.date, DayPhase.RESTATING)
            case DayBegun():
                return TradingDay(event.date)
            case _:
                return self

    def why_not_end(self, date: str) -> str | None:
        """Return why the day of ``date`` cannot be ended now, or None: no day ends twice."""
        if self.date is not None and date < self.date:
            return f"the trading day {date} has ended before; it is {self.date}"
        if self.date is not None and date > self.date:
            return f"the trading day {date} has not begun; it is {self.date}"
        return None if self.phase is DayPhase.OPEN else f"the trading day {date} is {self.phase} already"
