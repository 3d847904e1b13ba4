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
from fixgw.spec.breaker import CircuitBreaker, Level
from fixgw.spec.commands import (
    BeginDay,
    Command,
    ConfigureVenue,
    EndDay,
    ExpireDueOrders,
    HaltInstrument,
    NewOrder,
    ResetSession,
    ResumeInstrument,
    SetPhase,
    TellIndicatives,
    TimeCall,
    TimeHalt,
)
from fixgw.spec.events import (
    DayBegun,
    DayEnding,
    Event,
    IndicativeChanged,
    InstrumentHalted,
    InstrumentResumed,
    OperatorRefused,
    OrderExpired,
    OrderRejected,
    OrderRestated,
    OrdersExpired,
    OrdersRestated,
    PhaseChanged,
    SessionReset,
    Trade,
)
from fixgw.spec.inquiries import Answer
from fixgw.spec.instructions import Instructions
from fixgw.spec.phase import Phase
from fixgw.spec.segment import Entry, Segment
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.trading_day import DayPhase, TradingDay
from fixgw.spec.values import Price, Qty
from fixgw.timetable import Timetable
from tests.orders import AAPL, ALICE, BOB, CAROL, DAY, GTC, GTD, MSFT, PARTICIPANTS, buy, configuration, sell

LONDON = ZoneInfo("Europe/London")
SLICE_MAX = 2
SHARES = Segment(
    "us",
    ZoneInfo("America/New_York"),
    (
        Entry(0, time(8), Phase.PRE_OPEN),
        Entry(0, time(9, 25), Phase.OPENING_AUCTION, 60),
        Entry(0, time(9, 30), Phase.CONTINUOUS),
        Entry(0, time(15, 55), Phase.CLOSING_AUCTION),
        Entry(0, time(16), Phase.CLOSED),
    ),
    None,
    None,
    frozenset(),
    {},
)
SCHEDULED = configuration(instruments=(msgspec.structs.replace(AAPL, segment="us"), MSFT))
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
        timetables = {"us": Timetable(SHARES, None)}
        breaker = CircuitBreaker({"MSFT": 1}, (Level(70_000, 900), Level(130_000, 900), Level(200_000, 0)))
        self.schedule = Schedule(settings, lambda: self.core, lambda: self.now_ns, timetables, breaker)

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
        """Go on until nothing is due, and return what the schedule had done, but for indicative prices."""
        done: list[Command] = []
        self._finish_sweeps()
        while due := self.schedule.due(sessions_are_settled=True):
            done += [each for each in due if not isinstance(each, TellIndicatives)]
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


# Phases.


def phases(house: House) -> list[tuple[str, Phase]]:
    """Return the changes so far: when each came, UTC, and what began."""
    at = [(frame.time_ns, event) for frame in house.frames for event in frame.events if isinstance(event, PhaseChanged)]
    return [(datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%d %H:%M"), event.phase) for time_ns, event in at]


def at_half_seconds(house: House, until: str) -> None:
    """Let time pass as the gateway does: it looks twice a second."""
    while house.now_ns < ns(until):
        house.run()
        house.pass_time(seconds=0.5)


def scheduled(at: str) -> House:
    house = House(ROUND_THE_CLOCK, at)
    house.do(SCHEDULED)
    return house


def test_a_day_of_phases() -> None:
    """Each comes once, at its time; the end of the opening auction up to a minute later."""
    house = scheduled("2026-11-20 12:59:50")
    for _ in range(9 * 60 * 6):
        house.run()
        house.pass_time(seconds=10)

    assert phases(house) == [
        ("20 12:59", Phase.CLOSED),
        ("20 13:00", Phase.PRE_OPEN),
        ("20 14:25", Phase.OPENING_AUCTION),
        ("20 14:30", Phase.CONTINUOUS),
        ("20 20:55", Phase.CLOSING_AUCTION),
        ("20 21:00", Phase.CLOSED),
    ]
    changed = [event for event in house.events if isinstance(event, PhaseChanged)]
    assert {event.symbol for event in changed} == {"AAPL"}
    assert changed[1].reason == "schedule of us: 08:00 America/New_York"


def test_a_random_end_is_the_seeds() -> None:
    """Other seeds draw other ends, all within the minute; the same seed the same one, over a restart too."""
    ends = set()
    for seed in range(8):
        house = House(ROUND_THE_CLOCK, "2026-11-20 14:29:58")
        house.do(msgspec.structs.replace(SCHEDULED, seed=seed))
        at_half_seconds(house, "2026-11-20 14:31:02")
        (end_ns,) = [frame.time_ns for frame in house.frames if opens(frame)]
        again = House(ROUND_THE_CLOCK, "2026-11-20 14:29:58", house.frames[:2])
        at_half_seconds(again, "2026-11-20 14:31:02")
        assert again.frames == house.frames
        ends.add(end_ns)

    assert len(ends) > 5
    assert all(ns("2026-11-20 14:30") <= end <= ns("2026-11-20 14:31") + 500_000_000 for end in ends)


def opens(frame: Sequenced) -> bool:
    return any(isinstance(event, PhaseChanged) and event.phase is Phase.CONTINUOUS for event in frame.events)


@pytest.mark.parametrize(
    ("at", "phase"),
    [
        ("2026-11-20 13:00", Phase.PRE_OPEN),
        ("2026-11-20 18:00", Phase.CONTINUOUS),
        ("2026-11-21 18:00", Phase.CLOSED),
    ],
)
def test_a_first_start_takes_the_phase_of_the_hour(at: str, phase: Phase) -> None:
    house = scheduled(at)
    house.run()

    assert house.core.exchange.market.phases.of("AAPL") is phase
    assert house.run() == []


def test_what_has_passed_while_the_venue_was_down_is_passed_over() -> None:
    """Down from the opening auction until the evening: it ends with its uncross, and the instrument is closed."""
    house = scheduled("2026-11-20 14:26")
    house.run()
    house.do(buy(5, at="10.00"), sell(5, at="10.00", by=BOB))

    later = House(ROUND_THE_CLOCK, "2026-11-20 22:00", house.frames)

    assert [type(command) for command in later.run()] == [SetPhase]
    assert [type(event) for event in later.frames[-1].events] == [Trade, PhaseChanged]
    assert phases(later)[-1] == ("20 22:00", Phase.CLOSED)


def test_each_step_comes_once_wherever_the_venue_is_killed() -> None:
    house = scheduled("2026-11-20 12:59")
    for _ in range(9 * 60):
        house.run()
        house.pass_time(minutes=1)

    for count in range(1, len(house.frames) + 1):
        for from_snapshot in (False, True):
            again = House(ROUND_THE_CLOCK, "2026-11-20 12:59", house.frames[:count], from_snapshot=from_snapshot)
            again.now_ns = house.frames[count - 1].time_ns
            for _ in range(9 * 60):
                again.run()
                again.pass_time(minutes=1)
            assert [event.phase for event in again.events if isinstance(event, PhaseChanged)] == [
                event.phase for event in house.events if isinstance(event, PhaseChanged)
            ]


def test_an_operators_phase_stays_until_the_next_step() -> None:
    house = scheduled("2026-11-20 18:00")
    house.run()
    house.do(SetPhase("olivia", "news", "AAPL", Phase.VOLATILITY_AUCTION))
    house.pass_time(hours=2)

    assert house.run() == []
    house.pass_time(hours=1)
    house.run()

    assert phases(house)[-2:] == [("20 18:00", Phase.VOLATILITY_AUCTION), ("20 21:00", Phase.CLOSED)]


def test_an_operator_may_be_ahead_of_the_schedule() -> None:
    """The step finds the instrument in its phase: it is noted, and what the operator does after it stays."""
    house = scheduled("2026-11-20 14:26")
    house.run()
    house.do(SetPhase("olivia", "early", "AAPL", Phase.CONTINUOUS))
    house.pass_time(minutes=10)
    house.run()
    house.do(SetPhase("olivia", "news", "AAPL", Phase.VOLATILITY_AUCTION))

    assert house.run() == []
    kept = [event for event in house.events if isinstance(event, PhaseChanged)][-2]
    assert (kept.phase, kept.previous) == (Phase.CONTINUOUS, Phase.CONTINUOUS)


def test_a_halted_instrument_waits_with_its_schedule() -> None:
    """No auction ends while nothing may trade; what is due when it is resumed comes then, and only that."""
    house = scheduled("2026-11-20 14:26")
    house.run()
    house.do(HaltInstrument("olivia", "news", "AAPL"))
    house.pass_time(hours=7)
    assert house.run() == []

    house.do(ResumeInstrument("olivia", "over", "AAPL"))
    house.run()

    assert phases(house)[-2:] == [("20 14:26", Phase.OPENING_AUCTION), ("20 21:26", Phase.CLOSED)]


def test_a_step_is_refused_the_second_time() -> None:
    """The core itself sees to it that each comes once."""
    house = scheduled("2026-11-20 14:26")
    (step,) = house.run()
    house.do(step)

    assert house.events[-1] == OperatorRefused(OPERATOR, "AAPL has had this step of its schedule, or a later one")


def test_no_phase_changes_while_a_day_ends() -> None:
    """The day ends at 16:00 London, and the orders of the day expire first; what is due follows."""
    house = House(ending_at(time(14, 25)), "2026-11-20 14:24:59")
    house.do(SCHEDULED)
    house.run()
    house.do(*(buy(1, at="10.00", time_in_force=DAY) for _ in range(5)))
    house.pass_time(seconds=1)
    house.run()

    kinds = [type(event) for event in house.events]
    assert kinds.index(DayBegun, kinds.index(DayEnding)) < len(kinds) - 1 - kinds[::-1].index(PhaseChanged)
    assert house.core.exchange.market.phases.of("AAPL") is Phase.OPENING_AUCTION


# Indicative prices.


def indicatives(house: House) -> list[IndicativeChanged]:
    return [event for event in house.events if isinstance(event, IndicativeChanged)]


def test_what_a_call_would_come_to_is_told_twice_a_second_at_most() -> None:
    """However many orders come; and not at all when none does."""
    house = scheduled("2026-11-20 14:26")
    house.run()
    house.pass_time(seconds=1)
    house.run()
    assert indicatives(house) == [IndicativeChanged("AAPL", None, Qty(0), 0)]

    for _ in range(100):
        house.do(buy(1, at="10.00"), sell(1, at="9.99", by=BOB))
        house.run()
        house.pass_time(seconds=0.01)

    assert [event.volume for event in indicatives(house)[1:]] == [1, 51]
    house.pass_time(seconds=1)
    house.run()
    assert indicatives(house)[-1] == IndicativeChanged("AAPL", Price(999), Qty(100), 0)
    for _ in range(10):
        house.pass_time(seconds=1)
        house.run()
    assert len(indicatives(house)) == 4


def test_many_calls_are_all_told_each_time() -> None:
    """A hundred instruments open at once: three commands, one after the other, then nothing."""
    symbols = [f"S{number:03}" for number in range(120)]
    listed = tuple(msgspec.structs.replace(AAPL, symbol=symbol, segment="us") for symbol in symbols)
    house = House(ROUND_THE_CLOCK, "2026-11-20 14:26")
    house.do(configuration(instruments=listed))
    for _ in range(3):
        house.run()
        house.pass_time(seconds=1)

    assert [event.symbol for event in indicatives(house)] == symbols
    assert max(sum(isinstance(e, IndicativeChanged) for e in frame.events) for frame in house.frames) == 50


def test_what_is_to_be_told_is_known_after_a_restart() -> None:
    house = scheduled("2026-11-20 14:26")
    house.run()
    house.do(buy(5, at="10.00"), sell(3, at="10.00", by=BOB))

    for from_snapshot in (False, True):
        again = House(ROUND_THE_CLOCK, "2026-11-20 14:26:01", house.frames, from_snapshot=from_snapshot)
        again.run()
        assert indicatives(again)[-1] == IndicativeChanged("AAPL", Price(1000), Qty(3), 2)


def test_a_call_that_is_over_is_not_told_of() -> None:
    house = scheduled("2026-11-20 14:26")
    house.run()
    house.do(buy(5, at="10.00"), SetPhase("olivia", "early", "AAPL", Phase.CONTINUOUS))
    before = len(indicatives(house))
    house.pass_time(seconds=1)
    house.run()

    assert len(indicatives(house)) == before
    assert not house.core.exchange.market.indicatives.changed


def test_reports_have_the_same_identifiers_whether_it_is_told_or_not() -> None:
    """Telling is no trading: it depends on the clock, and ExecIDs must not."""
    house = scheduled("2026-11-20 14:26")
    house.run()
    house.do(buy(5, at="10.00"))
    number = house.core.state().trading_commands
    house.pass_time(seconds=1)
    house.run()

    assert house.core.state().trading_commands == number


# Volatility auctions.


def interrupted(at: str = "2026-11-20 10:00", **terms: int) -> House:
    """MSFT has no schedule; an order has just begun a volatility auction in it."""
    house = House(ROUND_THE_CLOCK, at)
    banded = msgspec.structs.replace(MSFT, dynamic_band_ticks=1, volatility_auction_s=120, **terms)
    house.do(configuration(instruments=(banded,)))
    house.do(sell(1, at="10.00", symbol="MSFT"), buy(1, at="10.00", symbol="MSFT", by=BOB))
    house.do(sell(5, at="11.00", symbol="MSFT"), buy(3, at="11.00", symbol="MSFT", by=BOB))
    return house


def test_a_volatility_auction_ends_by_itself() -> None:
    house = interrupted()
    house.run()
    house.pass_time(seconds=119)
    assert house.run() == []
    house.pass_time(seconds=1)
    house.run()

    assert phases(house) == [("20 10:00", Phase.VOLATILITY_AUCTION), ("20 10:02", Phase.CONTINUOUS)]
    (trade,) = [event for event in house.frames[-1].events if isinstance(event, Trade)]
    assert (trade.last_px, trade.last_qty) == (1100, 3)
    assert house.run() == []


@pytest.mark.parametrize("from_snapshot", [False, True])
@pytest.mark.parametrize("is_timed", [False, True])
def test_it_ends_after_a_restart(from_snapshot: bool, is_timed: bool) -> None:
    """At the time that was noted; where none was, so long after the restart."""
    house = interrupted()
    if is_timed:
        house.run()
    again = House(ROUND_THE_CLOCK, "2026-11-20 10:01", house.frames, from_snapshot=from_snapshot)
    for _ in range(4):
        again.run()
        again.pass_time(minutes=1)

    assert phases(again)[1:] == [("20 10:02" if is_timed else "20 10:03", Phase.CONTINUOUS)]


@pytest.mark.parametrize("from_snapshot", [False, True])
def test_a_halt_for_the_day_is_over_with_it(from_snapshot: bool) -> None:
    house = House(ending_at(time(17)), "2026-11-20 12:00")
    house.do(configuration())
    house.run()
    house.do(HaltInstrument("schedule", "circuit breaker level 3", "venue", 0, 3, for_day=True))
    house = House(ending_at(time(17)), "2026-11-20 16:59", house.frames, from_snapshot=from_snapshot)
    assert house.run() == []
    house.pass_time(minutes=1)
    house.run()

    resumed = [event for frame in house.frames for event in frame.events if isinstance(event, InstrumentResumed)]
    assert [(event.symbol, event.reason) for event in resumed] == [
        ("venue", "the trading day that it was for is over")
    ]
    assert house.core.gate.restrictions.halted == {}


def test_an_index_breaks_the_circuit() -> None:
    house = House(ROUND_THE_CLOCK, "2026-11-20 12:00")
    levels = (Level(70_000, 900), Level(200_000, 0, for_day=True))
    breaker = CircuitBreaker({"AAPL": 1, "MSFT": 3}, levels)
    house.schedule = Schedule(ROUND_THE_CLOCK, lambda: house.core, lambda: house.now_ns, {}, breaker)
    listed = (msgspec.structs.replace(each, reference_price=Price(100_00)) for each in (AAPL, MSFT))
    house.do(configuration(instruments=listed))
    house.do(sell(1, at="80.00"), buy(1, at="80.00", by=BOB))  # a fifth of a quarter: five per cent
    assert house.run() == []
    house.do(sell(1, at="97.00", symbol="MSFT"), buy(1, at="97.00", symbol="MSFT", by=BOB))
    house.run()

    halted = [event for frame in house.frames for event in frame.events if isinstance(event, InstrumentHalted)]
    assert [(event.symbol, event.pause_s, event.level, event.reason) for event in halted] == [
        ("venue", 900, 1, "circuit breaker level 1: the index of 2 instruments has fallen 7.25 per cent")
    ]


def test_one_that_leaves_its_segment_does_not_stay_in_its_last_phase() -> None:
    house = House(ROUND_THE_CLOCK, "2026-11-20 03:00")
    house.do(SCHEDULED)
    house.run()
    assert house.core.exchange.market.phases.of("AAPL") is Phase.CLOSED

    house.do(configuration(instruments=(AAPL, MSFT)))
    house.run()
    assert phases(house)[-1][1] is Phase.CONTINUOUS
    # From here on it is the operator's.
    house.do(SetPhase("olivia", "a drill", "AAPL", Phase.PRE_OPEN))
    assert house.run() == []
    house.do(SCHEDULED)
    house.run()
    assert house.core.exchange.market.phases.of("AAPL") is Phase.CLOSED


def test_one_that_is_listed_again_begins_as_its_schedule_says() -> None:
    house = House(ROUND_THE_CLOCK, "2026-11-20 03:00")
    house.do(SCHEDULED)
    house.run()
    house.do(configuration(instruments=(MSFT,)))
    house.do(configuration(instruments=(AAPL, MSFT)))

    changed = house.frames[-1].events[-1]
    assert isinstance(changed, PhaseChanged)
    assert (changed.symbol, changed.previous, changed.phase) == ("AAPL", Phase.CLOSED, Phase.CONTINUOUS)
    assert house.run() == []
    house.do(configuration(instruments=(MSFT,)))
    house.do(SCHEDULED)
    house.run()
    assert house.core.exchange.market.phases.of("AAPL") is Phase.CLOSED


def limited(at: str = "2026-11-20 10:00") -> House:
    """MSFT has limit states of 15 seconds and pauses of two minutes; a bid is at the upper edge of its band."""
    house = House(ROUND_THE_CLOCK, at)
    terms = {"reference_price": Price(1000), "dynamic_band_ticks": 50, "limit_state_s": 15, "volatility_auction_s": 120}
    house.do(configuration(instruments=(AAPL, msgspec.structs.replace(MSFT, **terms))))
    house.do(buy(5, at="11.00", symbol="MSFT"))
    return house


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_limit_state_that_lasts_pauses_trading(is_restarted: bool) -> None:
    house = limited()
    house.run()
    house.pass_time(seconds=14)
    if is_restarted:
        house = House(ROUND_THE_CLOCK, "2026-11-20 10:00:14", house.frames, from_snapshot=True)
    assert house.run() == []
    house.pass_time(seconds=1)
    house.run()
    house.pass_time(minutes=2)
    house.run()

    assert phases(house) == [("20 10:00", Phase.VOLATILITY_AUCTION), ("20 10:02", Phase.CONTINUOUS)]


def test_one_that_recovers_does_not() -> None:
    house = limited()
    house.pass_time(seconds=14)
    house.do(sell(5, at="10.50", symbol="MSFT", by=BOB))
    house.pass_time(minutes=5)

    assert house.run() == []


def test_none_pauses_while_it_is_halted() -> None:
    house = limited()
    house.do(HaltInstrument("olivia", "news", "MSFT"))
    house.pass_time(seconds=15)
    assert house.run() == []
    house.do(ResumeInstrument("olivia", "the news are out", "MSFT"))
    house.run()

    assert [phase for _, phase in phases(house)] == [Phase.VOLATILITY_AUCTION]


def test_an_operator_may_end_it_or_keep_it() -> None:
    """Whoever has changed the phase since has the say."""
    house = interrupted()
    house.run()
    house.do(SetPhase("olivia", "wait", "MSFT", Phase.CLOSING_AUCTION))
    house.pass_time(hours=1)

    assert house.run() == []


def test_its_random_end_is_within_what_is_announced() -> None:
    lasted = [end.ends_ns - ns(f"2026-11-20 10:{minute}") for minute, end in zip(range(10, 30), _timed(), strict=True)]

    assert all(120_000_000_000 <= each <= 150_000_000_000 for each in lasted)
    assert len(set(lasted)) > 15


def _timed() -> list[TimeCall]:
    houses = [interrupted(f"2026-11-20 10:{minute}", volatility_random_end_s=30) for minute in range(10, 30)]
    return [command for house in houses for command in house.run() if isinstance(command, TimeCall)]


# Pauses, and the circuit breaker.


def halts(house: House) -> list[tuple[str, str, int]]:
    """When each halt began or ended, UTC, what was halted, and the level of the circuit breaker; -1 for an end."""
    found = []
    for frame in house.frames:
        at = datetime.fromtimestamp(frame.time_ns / 1e9, UTC).strftime("%H:%M")
        for event in frame.events:
            if isinstance(event, InstrumentHalted | InstrumentResumed):
                found.append((at, event.symbol, event.level if isinstance(event, InstrumentHalted) else -1))
    return found


def falling(at: str = "2026-11-20 10:00") -> House:
    house = House(ROUND_THE_CLOCK, at)
    house.do(configuration(instruments=(AAPL, msgspec.structs.replace(MSFT, reference_price=Price(10_000)))))
    return house


def trade_msft(house: House, price: str) -> None:
    house.do(sell(1, at=price, symbol="MSFT"), buy(1, at=price, symbol="MSFT", by=BOB))
    house.run()


def test_a_pause_ends_by_itself_also_over_a_restart() -> None:
    house = falling()
    house.do(HaltInstrument("olivia", "news", "AAPL", 300))
    assert [type(command) for command in house.run()] == [TimeHalt]
    house.pass_time(seconds=299)
    assert house.run() == []

    for from_snapshot in (False, True):
        again = House(ROUND_THE_CLOCK, "2026-11-20 10:05", house.frames, from_snapshot=from_snapshot)
        again.run()
        assert halts(again) == [("10:00", "AAPL", 0), ("10:05", "AAPL", -1)]
        assert again.run() == []


def test_an_operator_may_end_a_pause() -> None:
    house = falling()
    house.do(HaltInstrument("olivia", "news", "segment:us", 300), HaltInstrument("olivia", "news", "AAPL", 300))
    house.run()
    house.do(ResumeInstrument("olivia", "over", "AAPL"))
    house.pass_time(hours=1)

    assert house.run() == []


def test_levels_of_the_circuit_breaker() -> None:
    """Each once a day; the last one until the operator resumes; a fall through several is that of the deepest."""
    house = falling()
    trade_msft(house, "93.01")
    assert halts(house) == []
    trade_msft(house, "93.00")
    assert halts(house) == [("10:00", "venue", 1)]
    house.do(buy(1, at="10.00"))
    assert isinstance(house.events[-1], OrderRejected)
    house.pass_time(minutes=15)
    house.run()
    trade_msft(house, "92.00")
    assert halts(house)[1:] == [("10:15", "venue", -1)]

    trade_msft(house, "85.00")
    trade_msft(house, "84.00")
    assert halts(house)[2:] == [("10:15", "venue", 2)]
    house.pass_time(minutes=15)
    house.run()
    trade_msft(house, "79.00")
    house.pass_time(hours=5)
    house.run()

    assert halts(house)[3:] == [("10:30", "venue", -1), ("10:30", "venue", 3)]
    reason = next(e.reason for e in house.events if isinstance(e, InstrumentHalted))
    assert reason == "circuit breaker level 1: MSFT is at 93.00, from 100.00"


def test_a_level_is_reached_once_over_a_restart_and_anew_on_another_day() -> None:
    house = falling()
    trade_msft(house, "93.00")
    house.do(ResumeInstrument("olivia", "over", "venue"))

    for from_snapshot in (False, True):
        again = House(ROUND_THE_CLOCK, "2026-11-20 10:01", house.frames, from_snapshot=from_snapshot)
        assert again.run() == []
        again.do(EndDay("olivia", "early", "2026-11-20"))
        again.run()
        assert halts(again)[-1] == ("10:00", "venue", -1)
        trade_msft(again, "93.00")
        assert halts(again)[-1] == ("10:01", "venue", 1)


def test_a_level_takes_the_place_of_an_operators_halt() -> None:
    """And not the other way round."""
    house = falling()
    house.do(sell(1, at="92.00", symbol="MSFT"), buy(1, at="92.00", symbol="MSFT", by=BOB))
    house.do(HaltInstrument("olivia", "news", "venue"))
    house.run()
    house.do(HaltInstrument("olivia", "more news", "venue"))

    assert halts(house) == [("10:00", "venue", 0), ("10:00", "venue", 1)]
    assert isinstance(house.events[-1], OperatorRefused)
