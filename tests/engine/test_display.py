"""Icebergs and hidden orders: what is displayed, in what order it trades, and that no quantity is lost."""

import msgspec
import pytest

from fixgw.engine.book import Level
from fixgw.spec.events import Event, OrderReplaced, Trade
from fixgw.spec.instructions import Instructions
from fixgw.spec.values import Price, Qty, Side
from tests.orders import BOB, CAROL, FOK, Venue, buy, configuration, replace, sell, venue_with


def iceberg(shown: int, refresh: int | None = None) -> Instructions:
    return Instructions(max_floor=Qty(shown), refresh_qty=None if refresh is None else Qty(refresh))


HIDDEN = iceberg(0)


def fills(events: list[Event]) -> list[tuple[str, int]]:
    """Return OrderID and quantity of each resting order hit."""
    return [(event.resting.order.order_id, event.last_qty) for event in events if isinstance(event, Trade)]


def shown(venue: Venue, side: Side = Side.SELL) -> list[tuple[Price, int, int]]:
    """Return price, displayed and whole quantity of each level."""
    levels: list[Level] = list(venue.core.exchange.market.books["AAPL"].side(side))
    return [(level.price, level.shown_qty, level.leaves_qty) for level in levels]


def test_the_next_part_goes_behind_the_others() -> None:
    venue = venue_with(sell(50, at="100.25", instructions=iceberg(20)), sell(10, at="100.25", by=CAROL))

    assert shown(venue) == [(10_025, 30, 60)]
    assert fills(venue.handle(buy(35, at="100.25", by=BOB))) == [("1", 20), ("2", 10), ("1", 5)]
    assert shown(venue) == [(10_025, 15, 25)]


def test_parts_after_the_first_may_be_of_another_size() -> None:
    venue = venue_with(sell(50, at="100.25", instructions=iceberg(20, refresh=8)))

    assert fills(venue.handle(buy(40, at="100.25", by=BOB))) == [("1", 20), ("1", 8), ("1", 8), ("1", 4)]


def random_parts(seed: int) -> list[int]:
    configured = msgspec.structs.replace(configuration(), seed=seed)
    venue = venue_with(configured=configured)
    asked = Instructions(max_floor=Qty(1), display_low_qty=Qty(3), display_high_qty=Qty(9))
    venue.handle(sell(1_000, at="100.25", instructions=asked))
    return [qty for _, qty in fills(venue.handle(buy(900, at="100.25", by=BOB)))][1:-1]


def test_random_parts_are_of_all_sizes_there_may_be_and_those_of_their_seed() -> None:
    parts = random_parts(seed=7)

    assert set(parts) == set(range(3, 10))
    assert parts == random_parts(seed=7) != random_parts(seed=8)


def test_random_parts_are_in_lots() -> None:
    venue = venue_with()
    asked = Instructions(max_floor=Qty(5), display_low_qty=Qty(10), display_high_qty=Qty(25))
    venue.handle(sell(1_000, at="1.00", symbol="SPREAD", instructions=asked))

    events = venue.handle(buy(900, at="1.00", symbol="SPREAD", by=BOB))

    assert {qty for _, qty in fills(events)[1:-1]} == {10, 15, 20, 25}


def test_hidden_trades_after_displayed_at_its_price_and_before_worse_prices() -> None:
    venue = venue_with(
        sell(10, at="100.25", instructions=HIDDEN), sell(10, at="100.25"), sell(10, at="100.26", by=CAROL)
    )

    assert shown(venue) == [(10_025, 10, 20), (10_026, 10, 10)]
    assert fills(venue.handle(buy(25, at="100.26", by=BOB))) == [("2", 10), ("1", 10), ("3", 5)]


def test_the_next_part_of_an_iceberg_is_displayed_and_so_before_what_is_hidden() -> None:
    venue = venue_with(sell(10, at="100.25", instructions=HIDDEN), sell(20, at="100.25", instructions=iceberg(10)))

    assert fills(venue.handle(buy(25, at="100.25", by=BOB))) == [("2", 10), ("2", 10), ("1", 5)]


def test_what_an_iceberg_has_traded_as_it_came_is_of_what_is_not_displayed() -> None:
    venue = venue_with(buy(25, at="100.25", by=BOB))

    venue.handle(sell(50, at="100.25", instructions=iceberg(20)))

    assert shown(venue) == [(10_025, 20, 25)]


@pytest.mark.parametrize(("qty", "is_filled"), [(60, True), (61, False)])
def test_fill_or_kill_counts_what_is_not_displayed(qty: int, is_filled: bool) -> None:
    venue = venue_with(sell(50, at="100.25", instructions=iceberg(20)), sell(10, at="100.25", instructions=HIDDEN))

    assert bool(fills(venue.handle(buy(qty, at="100.25", by=BOB, time_in_force=FOK)))) is is_filled


def test_replacing_down_takes_from_what_is_not_displayed() -> None:
    order = sell(50, at="100.25", instructions=iceberg(20))
    venue = venue_with(order, sell(10, at="100.25"))

    (replaced,) = venue.handle(replace(order, 25, instructions=iceberg(20)))

    assert isinstance(replaced, OrderReplaced)
    assert replaced.keeps_priority
    assert shown(venue) == [(10_025, 30, 35)]
    assert fills(venue.handle(buy(5, at="100.25", by=BOB))) == [("1", 5)]


@pytest.mark.parametrize("asked", [None, iceberg(10), HIDDEN, iceberg(20, refresh=10)])
def test_displaying_another_thing_loses_priority(asked: Instructions | None) -> None:
    order = sell(50, at="100.25", instructions=iceberg(20))
    venue = venue_with(order, sell(10, at="100.25"))

    (replaced,) = venue.handle(replace(order, instructions=asked))

    assert isinstance(replaced, OrderReplaced)
    assert not replaced.keeps_priority
    assert fills(venue.handle(buy(5, at="100.25", by=BOB))) == [("2", 5)]


def test_the_reference_price_is_of_what_is_displayed() -> None:
    """Else a collar would tell where hidden orders are."""
    venue = venue_with(buy(1, at="100.00"), sell(1, at="100.02", instructions=HIDDEN), sell(1, at="100.10", by=BOB))

    assert venue.core.exchange.reference_price("AAPL") == 10_005
