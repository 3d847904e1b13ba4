"""Timetables: which steps a segment's schedule and calendar make of a day, in instants of time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from fixgw.spec.phase import Phase
from fixgw.spec.segment import Calendar, Entry, Segment
from fixgw.timetable import Timetable

NEW_YORK = ZoneInfo("America/New_York")
CHICAGO = ZoneInfo("America/Chicago")
SHARES = (
    Entry(0, time(8), Phase.PRE_OPEN),
    Entry(0, time(9, 25), Phase.OPENING_AUCTION, 30),
    Entry(0, time(9, 30), Phase.CONTINUOUS),
    Entry(0, time(15, 55), Phase.CLOSING_AUCTION),
    Entry(0, time(16), Phase.CLOSED),
)
FUTURES = (
    Entry(-1, time(16, 45), Phase.PRE_OPEN),
    Entry(-1, time(17), Phase.CONTINUOUS),
    Entry(0, time(16), Phase.CLOSED),
)
THANKSGIVING, DAY_AFTER = date(2026, 11, 26), date(2026, 11, 27)


def segment(
    entries: tuple[Entry, ...] = SHARES,
    *,
    zone: ZoneInfo = NEW_YORK,
    weekdays: frozenset[int] | None = None,
    holidays: frozenset[date] = frozenset(),
    early_closes: dict[date, time] | None = None,
) -> Segment:
    return Segment("us", zone, entries, weekdays, None, holidays, early_closes or {})


def calendar() -> Calendar:
    """November 2026 in New York: no session on Thanksgiving, and a short one on the day after."""
    days = [date(2026, 11, 1) + timedelta(days=offset) for offset in range(30)]
    sessions = frozenset(day for day in days if day.weekday() < 5 and day != THANKSGIVING)
    return Calendar(days[0], days[-1], sessions, {DAY_AFTER: ns("2026-11-27 18:00")})


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


def steps(timetable: Timetable, day: str) -> list[tuple[str, Phase]]:
    return [(when(step.time_ns), step.phase) for step in timetable.session(date.fromisoformat(day))]


def when(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%d %H:%M")


def begun(timetable: Timetable, at: str) -> list[str]:
    return [f"{when(step.time_ns)} {step.phase}" for step in timetable.begun(ns(at))]


def test_a_day_in_winter_and_one_in_summer() -> None:
    """Local times: an hour apart in UTC."""
    timetable = Timetable(segment(), None)

    assert steps(timetable, "2026-11-20")[:2] == [("20 13:00", Phase.PRE_OPEN), ("20 14:25", Phase.OPENING_AUCTION)]
    assert steps(timetable, "2026-07-01")[0] == ("01 12:00", Phase.PRE_OPEN)


@pytest.mark.parametrize(
    ("at", "phases"),
    [
        ("2026-11-20 14:24:59", ["19 21:00 closed", "20 13:00 pre-open"]),
        ("2026-11-20 14:25:00", ["20 13:00 pre-open", "20 14:25 opening-auction"]),
        ("2026-11-21 12:00:00", ["20 20:55 closing-auction", "20 21:00 closed"]),  # a Saturday
        ("2026-11-23 12:59:59", ["20 20:55 closing-auction", "20 21:00 closed"]),
        ("2026-11-23 13:00:00", ["20 21:00 closed", "23 13:00 pre-open"]),
        ("2026-11-26 18:00:00", ["25 20:55 closing-auction", "25 21:00 closed"]),  # Thanksgiving
        ("2026-11-27 17:54:59", ["27 14:25 opening-auction", "27 14:30 continuous"]),
        ("2026-11-27 17:55:00", ["27 14:30 continuous", "27 17:55 closing-auction"]),  # three hours earlier
        ("2026-11-27 18:00:00", ["27 17:55 closing-auction", "27 18:00 closed"]),
    ],
)
def test_what_has_begun(at: str, phases: list[str]) -> None:
    assert begun(Timetable(segment(), calendar()), at) == phases


def test_it_says_the_same_in_any_order_of_questions() -> None:
    """It remembers what it looked up last: that must never show, also when the clock goes back."""
    hours = [f"2026-11-{day:02} {hour:02}" for day in range(19, 29) for hour in range(24)]
    asked = [f"{hour}:{minute}" for hour in hours for minute in ("00", "55")]
    one = Timetable(segment(), calendar())

    for at in (*asked, *reversed(asked), *asked[::7]):
        assert begun(one, at) == begun(Timetable(segment(), calendar()), at), at


def test_a_session_may_begin_on_the_evening_before() -> None:
    """That of Monday on Sunday; there is none of Saturday, and so nothing on Friday evening."""
    timetable = Timetable(segment(FUTURES, zone=CHICAGO), None)

    assert begun(timetable, "2026-11-20 23:30") == ["19 23:00 continuous", "20 22:00 closed"]
    assert begun(timetable, "2026-11-22 22:45") == ["20 22:00 closed", "22 22:45 pre-open"]
    assert begun(timetable, "2026-11-23 12:00") == ["22 22:45 pre-open", "22 23:00 continuous"]


def test_own_overrides_win() -> None:
    """A holiday of the venue's own, and an early close that the calendar has later."""
    own = segment(holidays=frozenset([date(2026, 11, 24)]), early_closes={DAY_AFTER: time(12)})
    timetable = Timetable(own, calendar())

    assert steps(timetable, "2026-11-24") == []
    assert steps(timetable, "2026-11-27")[-1] == ("27 17:00", Phase.CLOSED)
    assert [step.reason for step in timetable.session(DAY_AFTER)][2:] == [
        "schedule of us: 09:30 America/New_York",
        "schedule of us: 11:55 America/New_York, an early close",
        "schedule of us: 12:00 America/New_York, an early close",
    ]


def test_an_early_close_leaves_out_what_would_come_after_it() -> None:
    timetable = Timetable(segment(early_closes={date(2026, 11, 24): time(9, 27)}), None)

    assert steps(timetable, "2026-11-24") == [
        ("24 13:00", Phase.PRE_OPEN),
        ("24 14:22", Phase.CLOSING_AUCTION),
        ("24 14:27", Phase.CLOSED),
    ]


def test_days_beyond_the_calendar_are_taken_by_the_weekday() -> None:
    timetable = Timetable(segment(), calendar())

    assert [timetable.has_session(date(2026, 12, day)) for day in (4, 5)] == [True, False]


def test_weekdays_narrow_a_calendar_and_stand_alone_without_one() -> None:
    on_mondays = segment(weekdays=frozenset([0]))
    at_weekends = segment(weekdays=frozenset([5, 6]))

    assert not Timetable(on_mondays, calendar()).has_session(date(2026, 11, 24))
    assert Timetable(on_mondays, calendar()).has_session(date(2026, 11, 23))
    assert not Timetable(at_weekends, calendar()).has_session(date(2026, 11, 21))
    assert Timetable(at_weekends, None).has_session(date(2026, 11, 21))


def test_the_end_of_a_call_is_what_may_be_late() -> None:
    late = [step.random_ns for step in Timetable(segment(), None).session(date(2026, 11, 20))]

    assert late == [0, 0, 30_000_000_000, 0, 0]


def test_a_year_of_new_york_has_every_phase_once_a_session() -> None:
    """Also on the days when the clocks change; each step after the one before."""
    timetable = Timetable(segment(), None)
    found = [step for offset in range(366) for step in timetable.session(date(2026, 1, 1) + timedelta(days=offset))]

    assert [step.time_ns for step in found] == sorted({step.time_ns for step in found})
    assert len(found) == 5 * 262
