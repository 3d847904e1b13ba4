"""Nothing the core makes needs the cycle collector, which the venue runs without."""

import gc
from collections.abc import Iterator
from random import Random

import pytest

from tests.engine.histories import BYTES_A_COMMAND, commands
from tests.orders import BOB, buy, cancel, replace, sell, venue_with


@pytest.fixture
def _uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_uncollected")
def test_ten_thousand_orders_cancels_and_trades_leave_no_cycles() -> None:
    venue = venue_with()
    for number in range(2_500):
        resting, canceled = sell(10, at="100.00", by=BOB), buy(5, at=f"9{number % 10}.00")
        for command in (resting, canceled, buy(10, at="100.00"), cancel(canceled)):
            venue.decide(command)

    assert gc.collect() == 0


@pytest.mark.usefixtures("_uncollected")
def test_nor_do_refusals_replaces_and_mass_cancels() -> None:
    venue = venue_with()
    random = Random(0)
    for command in commands(random.randbytes(BYTES_A_COMMAND) for _ in range(3_000)):
        venue.decide(command)
    order = buy(10, at="1.00")
    venue.decide(order)
    venue.decide(replace(order, 5))

    assert gc.collect() == 0


@pytest.mark.usefixtures("_uncollected")
def test_a_cycle_would_be_noticed() -> None:
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle

    assert gc.collect() == 1
