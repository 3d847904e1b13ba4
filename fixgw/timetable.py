"""The timetable of a segment: which phase its schedule and its calendar say begins when, in instants of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from fixgw.spec.phase import Phase
from fixgw.spec.segment import Calendar, Segment

LOOK_BACK_DAYS = 31
"""No calendar rests longer than that: an instrument that is new takes the phase of the session before."""

_NS = 1_000_000_000


@dataclass(frozen=True)
class Step:
    """One entry of the schedule on one day."""

    time_ns: int
    """Its time, ns since the epoch; names it, too."""
    random_ns: int
    """How much later it may come, since it ends a call with a random end."""
    phase: Phase
    reason: str


class Timetable:
    """Looks at a day once; what has begun is the same whoever asks."""

    def __init__(self, segment: Segment, calendar: Calendar | None) -> None:
        self._segment = segment
        self._calendar = calendar
        self._known: tuple[Step, ...] = ()
        self._valid = range(0)

    def begun(self, now_ns: int) -> tuple[Step, ...]:
        """Return the last two steps whose time has come, the later one last; fewer where there are no more."""
        if now_ns not in self._valid:
            self._look(now_ns)
        return self._known

    def _look(self, now_ns: int) -> None:
        today = datetime.fromtimestamp(now_ns // _NS, self._segment.time_zone).date()
        past: list[Step] = []
        coming: list[Step] = []
        # Those of the day after may have begun: a session may open on the evening before.
        for offset in range(1, -LOOK_BACK_DAYS - 1, -1):
            steps = list(self.session(today + timedelta(days=offset)))
            coming += [step for step in steps if step.time_ns > now_ns]
            past = [step for step in steps if step.time_ns <= now_ns] + past
            if len(past) >= 2:
                break
        midnight = datetime.combine(today + timedelta(days=1), datetime.min.time(), self._segment.time_zone)
        until = min((step.time_ns for step in coming), default=int(midnight.timestamp()) * _NS)
        self._known = tuple(past[-2:])
        self._valid = range(past[-1].time_ns if past else now_ns, max(until, now_ns + 1))

    def session(self, day: date) -> Iterator[Step]:
        """Yield the steps of the session of ``day`` in their order; none where there is no session."""
        if not self.has_session(day):
            return
        segment, early = self._segment, self._early_close(day)
        closing, close = segment.closing(), segment.close()
        ends_before: datetime | None = None
        sooner = timedelta()
        if early is not None and closing is not None and close is not None:
            sooner = max(datetime.combine(day + timedelta(days=close.day), close.at) - early, timedelta())
            first = segment.entries[closing.start]
            ends_before = datetime.combine(day + timedelta(days=first.day), first.at) - sooner
        random_ns = 0
        for index, entry in enumerate(segment.entries):
            local = datetime.combine(day + timedelta(days=entry.day), entry.at)
            is_closing = closing is not None and index in closing
            if is_closing:
                local -= sooner
            elif ends_before is not None and local >= ends_before:
                continue
            time_ns = int(local.replace(tzinfo=segment.time_zone).timestamp()) * _NS
            why = ", an early close" if is_closing and sooner else ""
            reason = f"schedule of {segment.name}: {local:%H:%M} {segment.time_zone}{why}"
            yield Step(time_ns, random_ns, entry.phase, reason)
            random_ns = entry.random_end_s * _NS

    def has_session(self, day: date) -> bool:
        """Return whether there is trading on ``day``; what the calendar does not know is taken by the weekday."""
        segment, calendar = self._segment, self._calendar
        if day in segment.holidays or (segment.weekdays is not None and day.weekday() not in segment.weekdays):
            return False
        if calendar is not None and calendar.first <= day <= calendar.last:
            return day in calendar.sessions
        return segment.weekdays is not None or day.weekday() < 5

    def _early_close(self, day: date) -> datetime | None:
        """Return when the close comes on ``day`` if that is not when it always does, local time without a zone."""
        at = self._segment.early_closes.get(day)
        if at is not None:
            return datetime.combine(day, at)
        close_ns = None if self._calendar is None else self._calendar.early_closes.get(day)
        if close_ns is None:
            return None
        utc = datetime.fromtimestamp(close_ns // _NS, UTC)
        return utc.astimezone(self._segment.time_zone).replace(tzinfo=None)
