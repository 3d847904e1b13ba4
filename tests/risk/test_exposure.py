"""Exposure and positions follow what happened: accepted, traded, replaced, canceled."""

import pytest

from fixgw.spec.commands import NewOrder
from fixgw.spec.events import OrderState
from tests.orders import BOB, FOK, IOC, Venue, buy, cancel, mass_cancel, replace, sell, venue_with

UNIT = 10**18
"""Exposure counts in 10**-18 of the currency."""


def open_notional(venue: Venue) -> dict[str, int]:
    return {account: notional // UNIT for account, notional in venue.core.gate.exposure.reserved().items()}


def test_exposure_follows_the_life_of_an_order() -> None:
    venue = venue_with()
    assert open_notional(venue) == {}

    order = buy(10, at="100")
    venue.handle(order)
    assert open_notional(venue) == {"A1": 1_000}

    venue.handle(sell(4, at="100", by=BOB))
    assert open_notional(venue) == {"A1": 600}

    larger = replace(order, 14, at="200")
    venue.handle(larger)
    assert open_notional(venue) == {"A1": 2_000}

    venue.handle(cancel(larger))
    assert open_notional(venue) == {}


def test_both_sides_of_a_trade_are_followed() -> None:
    venue = venue_with(sell(10, at="100", by=BOB))

    venue.handle(buy(15, at="110"))

    assert open_notional(venue) == {"A1": 5 * 110}
    assert [venue.core.gate.positions.net_qty(account, "AAPL") for account in ("A1", "B1")] == [10, -10]


@pytest.mark.parametrize("order", [buy(20, at="100", time_in_force=IOC), buy(20, at="100", time_in_force=FOK), buy(20)])
def test_what_does_not_rest_reserves_nothing(order: NewOrder) -> None:
    venue = venue_with(sell(10, at="100", by=BOB))

    venue.handle(order)

    assert "A1" not in open_notional(venue)


def test_a_replace_to_what_is_filled_frees_the_rest() -> None:
    order = buy(10, at="100")
    venue = venue_with(order, sell(4, at="100", by=BOB))

    venue.handle(replace(order, 2))

    assert open_notional(venue) == {}


def test_a_mass_cancel_frees_everything() -> None:
    venue = venue_with(buy(10, at="100"), sell(10, at="300"), buy(1, at="6000.25", symbol="ESZ6"))
    assert open_notional(venue) == {"A1": 1_000 + 3_000 + 300_012}

    venue.handle(mass_cancel())

    assert open_notional(venue) == {}


def test_a_negative_price_reserves_its_size() -> None:
    venue = venue_with(buy(10, at="-3", symbol="SPREAD"), sell(10, at="0", symbol="SPREAD", by=BOB))

    assert open_notional(venue) == {"A1": 30}


def test_rejected_orders_and_refused_changes_reserve_nothing() -> None:
    order = buy(10, at="100")
    venue = venue_with(order, buy(10, at="100", cl_ord_id=order.cl_ord_id), buy(10, at="100", account="B1"))

    venue.handle(replace(order, 20, order_id="77"))

    assert open_notional(venue) == {"A1": 1_000}


def test_the_check_of_the_gate_can_fail() -> None:
    venue = venue_with(buy(10, at="100"))
    live: list[OrderState] = venue.live_orders()

    venue.core.gate.check_against(live)
    with pytest.raises(AssertionError):
        venue.core.gate.check_against([])
    venue.core.gate.positions.trade(live[0], live[0].order_qty)
    with pytest.raises(AssertionError):
        venue.core.gate.check_against(live)
