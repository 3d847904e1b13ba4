"""The circuit breaker of an index, and its levels by hand of the operator."""

import pytest

from fixgw.spec.breaker import CircuitBreaker, Halting, Level
from fixgw.spec.commands import BeginDay, EndDay, HaltInstrument, ResumeInstrument, TripBreaker
from fixgw.spec.events import InstrumentHalted, OperatorRefused, OrderAccepted, OrderRejected
from tests.orders import BOB, Venue, buy, configuration, venue_with

BY = ("olivia", "a reason")
LEVELS = (Level(70_000, 900), Level(130_000, 900), Level(200_000, 0, for_day=True))
HALTINGS = tuple(each.halting for each in LEVELS)


@pytest.mark.parametrize(
    ("prices", "level"),
    [
        ({"AAPL": (100, 86), "MSFT": (50, 50)}, 1),  # 14 per cent and nothing: 7
        ({"AAPL": (1000, 861), "MSFT": (50, 50)}, 0),
        ({"AAPL": (100, 86)}, 1),  # what has not traded has not moved
        ({"AAPL": (100, 50), "MSFT": (50, 60)}, 2),  # one has risen by 20 per cent
        ({"AAPL": (100, 70), "MSFT": (50, 45)}, 3),
        ({"AAPL": (3, 2), "MSFT": (3, 3)}, 2),  # a sixth
        ({}, 0),
    ],
)
def test_an_index_of_equal_weights(prices: dict[str, tuple[int, int]], level: int) -> None:
    assert CircuitBreaker({"AAPL": 1, "MSFT": 1}, LEVELS).reached(prices) == level


def test_an_index_of_weights_is_exact() -> None:
    breaker = CircuitBreaker({"AAPL": 7, "MSFT": 93}, LEVELS)

    assert breaker.reached({"AAPL": (3, 0), "MSFT": (7, 7)}) == 1  # seven per cent and nothing less
    assert breaker.reached({"AAPL": (3 * 10**9, 1), "MSFT": (7, 7)}) == 0


def trading() -> Venue:
    return venue_with(configured=configuration(breaker=HALTINGS))


def test_a_level_by_hand_halts_all_as_it_would_by_itself() -> None:
    venue = trading()

    events = venue.handle(TripBreaker(*BY, 1))

    assert events == [InstrumentHalted("venue", "olivia", "circuit breaker level 1: a reason", 900, 1)]
    (rejected,) = venue.handle(buy(1, at="1.00"))
    assert isinstance(rejected, OrderRejected)
    assert rejected.text == "venue is halted: circuit breaker level 1: a reason"


def test_a_deeper_level_takes_the_place_of_one_before_and_none_comes_twice() -> None:
    venue = trading()
    venue.handle(TripBreaker(*BY, 2))

    for level in (1, 2):
        text = "level 2 was reached on this trading day already"
        assert venue.handle(TripBreaker(*BY, level)) == [OperatorRefused("olivia", text)]
    (halted,) = venue.handle(TripBreaker(*BY, 3))
    assert isinstance(halted, InstrumentHalted)
    assert (halted.pause_s, halted.day) == (0, "")
    assert venue.handle(HaltInstrument("schedule", "level 3", "venue", 0, 3))[0] == OperatorRefused(
        "schedule", "venue is halted already, by olivia: circuit breaker level 3: a reason"
    )


def test_levels_begin_anew_with_the_day() -> None:
    venue = trading()
    venue.handle(BeginDay("2026-11-20", False))
    (halted,) = venue.handle(TripBreaker(*BY, 3))
    assert isinstance(halted, InstrumentHalted)
    assert halted.day == "2026-11-20"

    venue.handle(EndDay(*BY, "2026-11-20"))
    venue.handle(BeginDay("2026-11-21", False))
    venue.handle(ResumeInstrument(*BY, "venue"))

    assert isinstance(venue.handle(buy(1, at="1.00", by=BOB))[0], OrderAccepted)
    assert isinstance(venue.handle(TripBreaker(*BY, 1))[0], InstrumentHalted)


@pytest.mark.parametrize(
    ("breaker", "level", "text"),
    [
        ((), 1, "there is no circuit breaker; write [circuit_breaker] in venue.toml, or halt venue without a level"),
        (HALTINGS, 4, "the circuit breaker has no level 4; it has 1 to 3"),
        (HALTINGS, 0, "the circuit breaker has no level 0; it has 1 to 3"),
    ],
)
def test_levels_that_there_are_not(breaker: tuple[Halting, ...], level: int, text: str) -> None:
    venue = venue_with(configured=configuration(breaker=breaker))

    assert venue.handle(TripBreaker(*BY, level)) == [OperatorRefused("olivia", text)]
