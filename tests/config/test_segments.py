"""Segments in venue.toml: what a schedule may say, and the exact words for each kind of mistake."""

# ruff: noqa: E501 - a mistake is one line, and easier to read as one

from datetime import UTC, date, time
from zoneinfo import ZoneInfo

import pytest

from fixgw.spec.breaker import CircuitBreaker, Level
from fixgw.spec.phase import Phase
from fixgw.spec.segment import Entry, Segment
from tests.config.conftest import AAPL, Load, Tell

DAY = '{ at = "09:30", phase = "continuous" }, { at = "16:00", phase = "closed" }'


def segment(phases: str, more: str = "") -> str:
    return f"{AAPL}[segments.us]\nphases = [{phases}]\n{more}"


def test_a_segment_with_everything(load_texts: Load) -> None:
    config = load_texts(
        f'{AAPL}segment = "us"\n'
        '[segments.us]\ntime_zone = "America/New_York"\ncalendar = "XNYS"\nweekdays = ["mon", "fri"]\n'
        'holidays = ["2026-07-06"]\nearly_closes = { "2026-12-31" = "13:00" }\nphases = [\n'
        '  { at = "18:00", day = -1, phase = "pre-open" },\n'
        '  { at = "09:29:30", phase = "opening-auction", random_end_s = 30 },\n'
        '  { at = "09:31", phase = "continuous" },\n'
        '  { at = "16:00", phase = "closed" },\n]\n'
    )

    assert config.instruments[0].segment == "us"
    assert config.segments == (
        Segment(
            "us",
            ZoneInfo("America/New_York"),
            (
                Entry(-1, time(18), Phase.PRE_OPEN),
                Entry(0, time(9, 29, 30), Phase.OPENING_AUCTION, 30),
                Entry(0, time(9, 31), Phase.CONTINUOUS),
                Entry(0, time(16), Phase.CLOSED),
            ),
            frozenset([0, 4]),
            "XNYS",
            frozenset([date(2026, 7, 6)]),
            {date(2026, 12, 31): time(13)},
        ),
    )


def test_what_is_left_out(load_texts: Load) -> None:
    (found,) = load_texts(segment(DAY)).segments

    assert (found.time_zone, found.weekdays, found.calendar, found.holidays) == (UTC, None, None, frozenset())
    assert load_texts(AAPL).instruments[0].segment == ""


@pytest.mark.parametrize(
    ("phases", "told"),
    [
        ('{ at = "25:00", phase = "continuous" }', ["segments.us.phases[1].at: '25:00' is not a time of day; write HH:MM in quotes, for example \"09:30\""]),
        ('{ at = "09:30" }', ['segments.us.phases[1].phase: is missing; write for example phase = "continuous"']),
        (
            '{ at = "09:30", phase = "volatility-auction" }',
            ["segments.us.phases[1].phase: 'volatility-auction' is not a choice here; write \"pre-open\" or \"opening-auction\" or \"continuous\" or \"closing-auction\" or \"post-close\" or \"closed\""],
        ),
        (
            '{ at = "09:30", phase = "continuous" }, { at = "09:30", phase = "closed" }',
            ["segments.us.phases[2]: closed at 09:30 is not after continuous at 09:30, the one above; write the phases in their order"],
        ),
        (
            '{ at = "09:30", phase = "opening-auction" }, { at = "10:00", phase = "closing-auction" }, { at = "16:00", phase = "closed" }',
            ["segments.us.phases[2]: closing-auction cannot follow opening-auction; continuous, closed can"],
        ),
        (
            '{ at = "09:30", phase = "continuous" }, { at = "16:00", phase = "closing-auction" }',
            ["segments.us.phases[2]: continuous cannot follow closing-auction; post-close, closed can (the next session begins with it)"],
        ),
        (
            '{ at = "16:00", day = -1, phase = "continuous" }, { at = "16:00", phase = "closed" }',
            ["segments.us.phases[2]: closed at 16:00 is a day or more after continuous at 16:00: two sessions would overlap"],
        ),
        (
            '{ at = "09:30", phase = "opening-auction", random_end_s = 60 }, { at = "09:31", phase = "continuous" }, { at = "09:32", phase = "closed" }',
            ["segments.us.phases[1].random_end_s: continuous at 09:31 would be over before a random end 60 s later; write a smaller one"],
        ),
        (
            '{ at = "09:30", phase = "continuous", random_end_s = 60 }, { at = "16:00", phase = "closed" }',
            ["segments.us.phases[1].random_end_s: is for a call: closing-auction, opening-auction, pre-open; leave it out"],
        ),
        ("", ['segments.us.phases: an array is not an array of phases; write for example phases = [{ at = "09:30", phase = "continuous" }]']),
    ],
)  # fmt: skip
def test_mistakes_of_phases(mistakes: Tell, phases: str, told: list[str]) -> None:
    assert [each.partition(": ")[2] for each in mistakes(segment(phases))] == told


def test_all_mistakes_at_once(mistakes: Tell) -> None:
    told = mistakes(
        f'{AAPL}segment = "uss"\n[segments.us]\nphases = [{DAY}]\ntime_zone = "Mars/Olympus"\nweekdays = ["monday"]\n'
        'holidays = ["2026-13-01"]\nearly_closes = { "2026-12-31" = "17:00" }\ncalender = "XNYS"\n'
        '[segments.nothing]\n[segments."a b"]\n'
    )

    assert [each.partition(": ")[2] for each in told] == [
        "instruments[1].segment: there is no such segment; did you mean us?",
        "segments.us.time_zone: 'Mars/Olympus' is not a time zone that this host knows; write a name of the IANA time zone database, for example Europe/London or UTC",
        'segments.us.weekdays: an array is not an array of mon, tue, wed, thu, fri, sat, sun; write for example ["mon", "tue"]',
        "segments.us.holidays: '2026-13-01' is not a date; write YYYY-MM-DD in quotes, for example \"2026-12-24\"",
        "segments.us.early_closes: 2026-12-31 closes at 17:00, not before closed at 16:00; write an earlier time",
        "segments.us.calender: there is no such key; did you mean calendar?",
        'segments.nothing.phases: is missing; write for example phases = [{ at = "09:30", phase = "continuous" }]',
        """segments."a b": 'a b' is not a segment; write 1 to 64 printable ASCII characters without spaces or commas, for example us-equities""",
    ]


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ("dynamic_band_ticks = 2\nvolatility_auction_s = 60\nvolatility_random_end_s = 5\n", []),
        ("volatility_auction_s = 60\n", ["instruments[1].volatility_auction_s: needs a band to be left; write dynamic_band_ticks or dynamic_band_percent"]),
        ("dynamic_band_ticks = 2\nvolatility_auction_s = 60\nlimit_state_s = 15\ndynamic_band_average_s = 300\n", []),
        ("dynamic_band_ticks = 2\nlimit_state_s = 15\n", ["instruments[1].limit_state_s: ends in a volatility auction; write volatility_auction_s, how long that is, and a dynamic band"]),
        ("dynamic_band_average_s = 15\n", ["instruments[1].dynamic_band_average_s: needs a band to be around the average; write dynamic_band_ticks or dynamic_band_percent"]),
        ("dynamic_band_ticks = 2\nvolatility_random_end_s = 5\n", ["instruments[1].volatility_random_end_s: is the end of an auction; write volatility_auction_s"]),
    ],
)  # fmt: skip
def test_volatility_auctions(mistakes: Tell, terms: str, told: list[str]) -> None:
    assert [each.partition(": ")[2] for each in mistakes(AAPL + terms)] == told


BREAKER = '[circuit_breaker]\ninstrument = "AAPL"\nlevels = [{ fall_percent = 7, pause_s = 900 }, { fall_percent = 20 }]\n'


def test_a_circuit_breaker(load_texts: Load) -> None:
    config = load_texts(f"{AAPL}reference_price = 100\n{BREAKER}")

    assert config.circuit_breaker == CircuitBreaker({"AAPL": 1}, (Level(70_000, 900), Level(200_000, 0)))


@pytest.mark.parametrize(
    ("instruments", "weights"),
    [('["AAPL", "MSFT"]', {"AAPL": 1, "MSFT": 1}), ("{ AAPL = 60, MSFT = 40 }", {"AAPL": 60, "MSFT": 40})],
)
def test_a_circuit_breaker_of_an_index(load_texts: Load, instruments: str, weights: dict[str, int]) -> None:
    levels = "levels = [{ fall_percent = 7, pause_s = 900 }, { fall_percent = 20, for_day = true }]\n"
    config = load_texts(f"{INDEX}[circuit_breaker]\ninstruments = {instruments}\n{levels}")

    assert config.circuit_breaker == CircuitBreaker(weights, (Level(70_000, 900), Level(200_000, 0, for_day=True)))


INDEX = (
    f"{AAPL}reference_price = 100\n"
    '[[instruments]]\nsymbol = "MSFT"\ntick = "0.01"\nlot = "1"\nreference_price = 50\n'
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            f'{INDEX}[circuit_breaker]\ninstruments = ["AAPL", "MSF"]\nlevels = [{{ fall_percent = 7 }}]\n',
            "circuit_breaker.instruments: names no instrument; did you mean MSFT?",
        ),
        (
            f"{INDEX}[circuit_breaker]\ninstruments = {{ AAPL = 60, MSFT = 0 }}\nlevels = [{{ fall_percent = 7 }}]\n",
            "circuit_breaker.instruments.MSFT: 0 is below 1; write a whole number from 1 to 1000000, for example 60",
        ),
        (
            f'{INDEX}[circuit_breaker]\ninstrument = "AAPL"\ninstruments = ["MSFT"]\nlevels = [{{ fall_percent = 7 }}]\n',
            "circuit_breaker.instruments: is there beside instrument; write one of them",
        ),
        (
            f'{INDEX}[circuit_breaker]\ninstruments = ["MSFT"]\nlevels = [{{ fall_percent = 7, pause_s = 5, for_day = true }}]\n',
            "circuit_breaker.levels[1].for_day: is not for a level with pause_s; write one of them",
        ),
        (f"{AAPL}{BREAKER}", "circuit_breaker.instrument: AAPL has no reference_price above 0 to fall from; write one"),
        (
            f'{AAPL}[circuit_breaker]\ninstrument = "APL"\nlevels = [{{ fall_percent = 7 }}]\n',
            "circuit_breaker.instrument: names no instrument; did you mean AAPL?",
        ),
        (
            f'{AAPL}reference_price = 1\n[circuit_breaker]\ninstrument = "AAPL"\n',
            "circuit_breaker.levels: are missing; write for example levels = [{ fall_percent = 7, pause_s = 900 }]",
        ),
        (
            f'{AAPL}reference_price = 1\n[circuit_breaker]\ninstrument = "AAPL"\nlevels = [{{ fall_percent = 7 }}, {{ fall_percent = 5 }}]\n',
            "circuit_breaker.levels[2].fall_percent: is not above that of the level before; write the levels in order",
        ),
    ],
)
def test_mistakes_of_the_circuit_breaker(mistakes: Tell, text: str, told: str) -> None:
    assert [each.partition(": ")[2] for each in mistakes(text)] == [told]
