"""A core made from the state of another goes on as that one would have, byte for byte, wherever it was taken."""

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.core import Core, CoreState
from fixgw.spec.commands import ConfigureVenue, ContinueSweep, EndDay, Kill
from fixgw.spec.trading_day import DayPhase, TradingDay
from tests.engine.histories import CONFIGURATIONS, Decided, commands, with_sweeps
from tests.engine.test_properties import COMMAND_NS, PROPERTY, SCRIPTS, SWEEP_SLICE_MAX
from tests.orders import ALICE, buy

DECODER = msgspec.msgpack.Decoder(CoreState)


def encoded(core: Core) -> bytes:
    return msgspec.msgpack.encode(core.state())


def restored(state: bytes) -> Core:
    core = Core(SWEEP_SLICE_MAX)
    core.restore(DECODER.decode(state))
    return core


@PROPERTY
@given(SCRIPTS, st.lists(st.integers(0, 80), max_size=4))
def test_a_restored_core_goes_on_the_same(script: list[bytes], places: Iterable[int]) -> None:
    """Against a core that was never interrupted: the same events for each command, and the same state in the end."""
    whole, broken = Core(SWEEP_SLICE_MAX), Core(SWEEP_SLICE_MAX)
    for number, command in enumerate(with_sweeps(commands(script), whole)):
        if number in places:
            state = encoded(broken)
            broken = restored(state)
            assert encoded(broken) == state
            broken.exchange.check()
        time_ns = number * COMMAND_NS
        assert broken.decide(command, time_ns) == whole.decide(command, time_ns)
    assert encoded(broken) == encoded(whole)


def test_a_kill_that_is_under_way_goes_on() -> None:
    core = Core(SWEEP_SLICE_MAX)
    history: list[Decided] = [CONFIGURATIONS[0], *(buy(1, at="99.98", by=ALICE, symbol="STOCK") for _ in range(5))]
    for command in (*history, Kill("olivia", "a reason", "venue")):
        core.decide(command)

    again = restored(encoded(core))

    assert [len(sweep) for sweep in again.exchange.sweeps] == [3]


def test_a_day_that_is_ending_goes_on() -> None:
    core = Core(SWEEP_SLICE_MAX)
    history: list[Decided] = [CONFIGURATIONS[0], *(buy(1, at="99.98", by=ALICE, symbol="STOCK") for _ in range(5))]
    for command in history:
        core.decide(command)
    core.decide(EndDay("olivia", "a reason", "2026-11-20"))

    again = restored(encoded(core))

    assert again.day == TradingDay("2026-11-20", DayPhase.EXPIRING)
    assert again.decide(ContinueSweep()) == core.decide(ContinueSweep())
    assert again.gate.restrictions.ended_date == "2026-11-20"


def test_a_state_from_before_there_were_trading_days_is_taken() -> None:
    """Snapshots outlive the version that took them."""
    core = Core(SWEEP_SLICE_MAX)
    for command in (CONFIGURATIONS[0], buy(1, at="99.98", by=ALICE, symbol="STOCK"), Kill("olivia", "why", "venue")):
        core.decide(command)
    *older, gate, _day = msgspec.msgpack.decode(encoded(core))

    again = restored(msgspec.msgpack.encode([*older, gate[:-2]]))

    assert encoded(again) == encoded(core)


def test_only_a_new_core_is_restored() -> None:
    core = Core()
    core.decide(CONFIGURATIONS[0])
    with pytest.raises(AssertionError):
        core.restore(core.state())


def test_an_unconfigured_core_has_a_state_too() -> None:
    assert not isinstance(restored(encoded(Core())).configuration, ConfigureVenue)
