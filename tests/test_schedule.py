"""The schedule: what is due when, and that a day's end which is broken off anywhere is finished once."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from fixgw.config import DaySettings
from fixgw.core import Core, CoreState
from fixgw.schedule import OPERATOR, Schedule
from fixgw.sequencer import Sequencer
from fixgw.spec.commands import BeginDay, Command, ConfigureVenue, EndDay, ExpireDueOrders, NewOrder, ResetSession
from fixgw.spec.events import (
    DayBegun,
    DayEnding,
    Event,
    OrderExpired,
    OrderRestated,
    OrdersExpired,
    OrdersRestated,
    SessionReset,
)
from fixgw.spec.inquiries import Answer
from fixgw.spec.instructions import Instructions
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.trading_day import DayPhase, TradingDay
from tests.orders import ALICE, BOB, CAROL, GTC, GTD, PARTICIPANTS, buy, configuration

LONDON = ZoneInfo("Europe/London")
SLICE_MAX = 2
ROUND_THE_CLOCK = DaySettings(None, UTC, restate_gtc=False, reset_sequence_numbers=False)


def ending_at(end: time, *, zone: ZoneInfo = LONDON, restate_gtc: bool = False, reset: bool = False) -> DaySettings:
    return DaySettings(end, zone, restate_gtc, reset)


def ns(text: str, zone: ZoneInfo | None = None) -> int:
    """Return the nanoseconds of a local time, UTC unless ``zone`` says otherwise."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zone or UTC).timestamp()) * 1_000_000_000


class House:
    """Core, sequencer and schedule on one journal in memory; sessions are logged out at once."""

    def __init__(
        self, settings: DaySettings, at: str, frames: Iterable[Sequenced] = (), *, from_snapshot: bool = False
    ) -> None:
        """Begin where ``frames`` end, as a restart does."""
        self.frames: list[Sequenced] = list(frames)
        self.now_ns = ns(at)
        self.core = Core(SLICE_MAX)
        self.core.replay(self.frames)
        if from_snapshot:
            state = msgspec.msgpack.decode(msgspec.msgpack.encode(self.core.state()), type=CoreState)
            self.core = Core(SLICE_MAX)
            self.core.restore(state)
        self.next_sequence = len(self.frames) + 1
        self._sequencer = Sequencer(self.core, self, self, lambda: self.now_ns)
        self.schedule = Schedule(settings, lambda: self.core, lambda: self.now_ns)

    def append(self, sequenced: Sequenced) -> None:
        self.frames.append(sequenced)

    def flush(self) -> None: ...

    def try_again(self) -> bool:
        raise AssertionError("this disk never fails")

    def refuse(self, command: Command, text: str) -> None:
        raise AssertionError((command, text))

    def tell(self, sequenced: Sequenced) -> None: ...
    def tell_answer(self, answer: Answer, time_ns: int) -> None: ...

    def do(self, *commands: Command) -> None:
        self._sequencer.process(commands)

    def run(self) -> list[Command]:
        """Go on until nothing is due, and return what the schedule had done."""
        done: list[Command] = []
        self._finish_sweeps()
        while due := self.schedule.due(sessions_are_settled=True):
            done += due
            self._sequencer.process(due)
            self._finish_sweeps()
        return done

    def _finish_sweeps(self) -> None:
        while self._sequencer.work():
            pass

    def pass_time(self, **units: float) -> None:
        self.now_ns += int(timedelta(**units).total_seconds() * 1_000_000_000)

    @property
    def events(self) -> list[Event]:
        return [event for frame in self.frames for event in frame.events]


# Dates.


@pytest.mark.parametrize(
    ("at", "date"),
    [
        ("2026-11-20 16:59:59", "2026-11-20"),
        ("2026-11-20 17:00:00", "2026-11-21"),
        ("2026-11-20 23:59:59", "2026-11-21"),
        ("2026-11-21 00:00:00", "2026-11-21"),
        ("2026-06-30 15:59:59", "2026-06-30"),  # summer time: an hour ahead of UTC
        ("2026-06-30 16:00:00", "2026-07-01"),
        ("2026-12-31 17:00:00", "2027-01-01"),
    ],
)
def test_from_its_end_on_a_date_is_over(at: str, date: str) -> None:
    assert House(ending_at(time(17)), at).schedule.date_now() == date


@pytest.mark.parametrize(
    ("at", "date"),
    [
        ("2026-03-29 00:59:59", "2026-03-29"),  # the clocks go from 01:00 to 02:00 local time
        ("2026-03-29 01:30:00", "2026-03-30"),
        ("2026-10-25 00:29:59", "2026-10-25"),  # from 02:00 back to 01:00: 01:30 comes twice, the first one counts
        ("2026-10-25 00:30:00", "2026-10-26"),
        ("2026-10-25 01:10:00", "2026-10-26"),
    ],
)
def test_an_end_that_the_clocks_skip_or_repeat_comes_once(at: str, date: str) -> None:
    assert House(ending_at(time(1, 30)), at).schedule.date_now() == date


def test_the_trading_date_never_falls_while_the_clock_does_not() -> None:
    """Over a year, every quarter of an hour: each date once, one after the other."""
    house, dates = House(ending_at(time(1, 30)), "2026-01-01 00:00"), []
    for _ in range(365 * 96):
        dates.append(house.schedule.date_now())
        house.pass_time(minutes=15)

    assert dates == sorted(dates)
    assert len(set(dates)) == 366


# What is due.


def test_round_the_clock_nothing_is_ever_due() -> None:
    house = House(ROUND_THE_CLOCK, "2026-11-20 12:00")
    house.do(configuration(), buy(1, at="1.00"))

    house.pass_time(days=400)

    assert house.run() == []
    assert house.core.day == TradingDay()


def test_a_day_begins_with_the_first_start_and_ends_once() -> None:
    house = House(ending_at(time(17)), "2026-11-20 12:00")
    house.do(configuration())

    assert house.run() == [BeginDay("2026-11-20", False)]
    house.pass_time(hours=4, minutes=59)
    assert house.run() == []
    house.pass_time(minutes=1)
    assert house.run() == [EndDay(OPERATOR, "17:00 Europe/London", "2026-11-20"), BeginDay("2026-11-21", False)]
    house.pass_time(hours=23)
    assert house.run() == []


def test_a_venue_that_was_away_ends_the_day_it_had_and_goes_on_with_today() -> None:
    house = House(ending_at(time(17)), "2026-11-20 12:00")
    house.do(configuration())
    house.run()

    again = House(ending_at(time(17)), "2026-11-24 09:00", house.frames)

    assert [type(command) for command in again.run()] == [EndDay, BeginDay]
    assert again.core.day == TradingDay("2026-11-24")


def test_a_day_that_was_ended_by_hand_is_over_before_its_time() -> None:
    """The next has the following date, and ends at the end of that."""
    house = House(ending_at(time(17)), "2026-11-20 12:00")
    house.do(configuration())
    house.run()
    house.do(EndDay("olivia", "a drill", "2026-11-20"))

    assert house.run() == [BeginDay("2026-11-21", False)]
    house.pass_time(hours=12)
    assert house.run() == []
    house.pass_time(hours=17)
    assert house.run()[0] == EndDay(OPERATOR, "17:00 Europe/London", "2026-11-21")


def test_round_the_clock_too_a_day_can_be_ended_by_hand() -> None:
    house = House(ROUND_THE_CLOCK, "2026-11-20 12:00")
    house.do(configuration(), EndDay("olivia", "a drill", house.schedule.date_now()))

    assert house.run() == [BeginDay("2026-11-21", False)]


def test_the_next_day_waits_until_all_sessions_are_out() -> None:
    """What it brings must have the new numbers."""
    house = House(ending_at(time(17), reset=True), "2026-11-20 12:00")
    house.do(configuration(), EndDay("olivia", "a drill", "2026-11-20"))

    resets = house.schedule.due(sessions_are_settled=True)

    reason = "the trading day 2026-11-20 has ended"
    assert resets == [ResetSession(OPERATOR, reason, each.session) for each in (ALICE, BOB, CAROL)]
    house.do(*resets[:2])
    assert house.schedule.due(sessions_are_settled=False) == resets[2:]
    house.do(*resets[2:])
    assert house.schedule.due(sessions_are_settled=False) == []
    assert house.schedule.due(sessions_are_settled=True) == [BeginDay("2026-11-21", False)]


# Broken off.


def history() -> list[Command]:
    """Seven Day orders and five that are good till canceled, of three sessions, in slices of two."""
    return [
        configuration(),
        *(buy(1, at="1.00", by=(ALICE, BOB, CAROL)[n % 3]) for n in range(7)),
        *(buy(1, at="1.00", by=(ALICE, BOB)[n % 2], time_in_force=GTC) for n in range(5)),
    ]


@pytest.mark.parametrize("from_snapshot", [False, True])
def test_an_end_that_is_broken_off_after_any_frame_is_finished_exactly_once(from_snapshot: bool) -> None:
    """A restart there, by replay or from a state, ends with the very same journal as if nothing had happened."""
    settings = ending_at(time(17), restate_gtc=True, reset=True)
    whole = House(settings, "2026-11-20 12:00")
    whole.do(*history())
    whole.run()
    begun_at = len(whole.frames)
    whole.pass_time(hours=5)
    whole.run()
    assert whole.core.day == TradingDay("2026-11-21")

    for place in range(begun_at, len(whole.frames) + 1):
        again = House(settings, "2026-11-20 17:00", whole.frames[:place], from_snapshot=from_snapshot)
        again.run()

        assert [(f.command, f.events) for f in again.frames] == [(f.command, f.events) for f in whole.frames]

    happened = Counter(type(event) for event in whole.events[begun_at:])
    assert happened[OrderExpired] == 7
    assert happened[OrderRestated] == 5
    assert happened[SessionReset] == len(PARTICIPANTS)
    assert (happened[DayEnding], happened[DayBegun]) == (1, 1)
    assert [e.left for e in whole.events if isinstance(e, OrdersExpired)] == [5, 3, 1, 0]
    assert [e.left for e in whole.events if isinstance(e, OrdersRestated)] == [3, 1, 0]


def test_the_same_day_cannot_be_ended_or_begun_twice() -> None:
    core = Core()
    core.decide(ConfigureVenue((), (), ()))
    core.decide(EndDay("olivia", "a drill", "2026-11-20"))
    core.decide(BeginDay("2026-11-21", False))

    (again,) = core.decide(EndDay("olivia", "a drill", "2026-11-20"))
    (too_early,) = core.decide(EndDay("olivia", "a drill", "2026-11-22"))

    assert "the trading day 2026-11-20 has ended before; it is 2026-11-21" in str(again)
    assert "the trading day 2026-11-22 has not begun; it is 2026-11-21" in str(too_early)
    with pytest.raises(AssertionError):
        core.decide(BeginDay("2026-11-22", False))
    assert core.day == TradingDay("2026-11-21", DayPhase.OPEN)


# Good-till-date orders.


def good_till(date: str = "", at: str = "") -> NewOrder:
    instructions = Instructions(expire_date=date, expire_time_ns=ns(at) if at else 0)
    return buy(1, at="1.00", time_in_force=GTD, instructions=instructions)


def test_a_good_till_date_order_is_due_when_its_time_has_come_and_expires_once() -> None:
    house = House(ROUND_THE_CLOCK, "2026-11-20 12:00")
    house.do(configuration(), *(good_till(at="2026-11-20 12:00:01") for _ in range(5)), good_till("2026-11-20"))

    assert house.run() == []
    house.pass_time(seconds=1)
    assert house.run() == [ExpireDueOrders(ns("2026-11-20 12:00:01"), "2026-11-20")] * 3
    house.pass_time(hours=12)
    assert [type(command) for command in house.run()] == [ExpireDueOrders]
    assert house.run() == []
    assert len([event for event in house.events if isinstance(event, OrderExpired)]) == 6


@pytest.mark.parametrize("from_snapshot", [False, True])
def test_what_came_due_while_the_venue_was_away_expires_after_its_start(from_snapshot: bool) -> None:
    """Broken off after any of its slices, and each order once."""
    house = House(ROUND_THE_CLOCK, "2026-11-20 12:00")
    house.do(configuration(), *(good_till(at="2026-11-20 12:00:01") for _ in range(5)))
    house.pass_time(seconds=2)
    house.do(*house.schedule.due(sessions_are_settled=True))

    again = House(ROUND_THE_CLOCK, "2026-11-22 12:00", house.frames, from_snapshot=from_snapshot)
    again.run()

    expired = Counter(event.order.order_id for event in again.events if isinstance(event, OrderExpired))
    assert expired == dict.fromkeys("12345", 1)


def test_where_days_end_a_date_is_over_with_its_day() -> None:
    """Nothing is left for the day after: EndDay has taken it."""
    house = House(ending_at(time(17)), "2026-11-20 12:00")
    house.run()
    house.do(configuration(), good_till("2026-11-20"), good_till("2026-11-21"))

    house.pass_time(hours=6)

    assert [type(command) for command in house.run()] == [EndDay, BeginDay]
    assert [event.order.order_id for event in house.events if isinstance(event, OrderExpired)] == ["1"]
    assert house.schedule.trading_date() == "2026-11-21"


def test_the_date_of_a_day_that_was_ended_by_hand_is_over() -> None:
    house = House(ending_at(time(17)), "2026-11-20 12:00")
    house.run()
    house.do(configuration(), EndDay("olivia", "a drill", "2026-11-20"))
    house.run()

    assert (house.schedule.date_now(), house.schedule.trading_date()) == ("2026-11-20", "2026-11-21")
