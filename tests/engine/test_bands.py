"""Price bands: what is refused for its price, and how far an order trades."""

import msgspec
import pytest

from fixgw.spec.bands import Band, dynamic_band, static_band, trading_band
from fixgw.spec.commands import ConfigureVenue
from fixgw.spec.events import CancelRejected, OrderAccepted, OrderCanceled, OrderRejected, OrderReplaced, Trade
from fixgw.spec.instrument import Instrument
from fixgw.spec.values import OrdRejReason, OrdType, Price
from tests.orders import AAPL, BOB, FOK, IOC, Venue, buy, configuration, replace, sell, venue_with


def banded(**terms: int) -> Instrument:
    return msgspec.structs.replace(AAPL, **terms)


def trading(**terms: int) -> ConfigureVenue:
    return configuration(instruments=[banded(**terms)])


STATIC = trading(reference_price=100_00, static_band_ticks=5)
DYNAMIC = trading(dynamic_band_ticks=2)


def offering(*prices: str, configured: ConfigureVenue) -> Venue:
    """A venue with an offer of 10 at each of ``prices``, which has traded at the first."""
    offers = (sell(10, at=price) for price in prices)
    return venue_with(sell(1, at=prices[0]), buy(1, at=prices[0], by=BOB), *offers, configured=configured)


@pytest.mark.parametrize(
    ("ticks", "ppm", "band"),
    [
        (5, 0, (9_995, 10_005)),
        (0, 1_000, (9_990, 10_010)),
        (5, 1_000, (9_995, 10_005)),
        (50, 1_000, (9_990, 10_010)),
        (0, 50, (10_000, 10_000)),  # half a cent is no room
        (0, 0, None),
    ],
)
def test_a_band_is_the_nearer_of_ticks_and_per_cent(ticks: int, ppm: int, band: tuple[int, int] | None) -> None:
    static = banded(reference_price=10_000, static_band_ticks=ticks, static_band_ppm=ppm)
    dynamic = banded(dynamic_band_ticks=ticks, dynamic_band_ppm=ppm)

    assert static_band(static) == band
    assert dynamic_band(dynamic, Price(10_000)) == band


def test_before_the_first_trade_the_dynamic_band_is_around_the_reference_price_if_there_is_one() -> None:
    assert dynamic_band(banded(dynamic_band_ticks=5, reference_price=100), None) == (95, 105)
    assert dynamic_band(banded(dynamic_band_ticks=5), None) is None


def test_below_zero_a_band_has_its_width_too() -> None:
    assert dynamic_band(banded(dynamic_band_ppm=100_000), Price(-1_000)) == (-1_100, -900)


def test_trades_are_within_both_bands() -> None:
    instrument = banded(reference_price=100, static_band_ticks=10, dynamic_band_ticks=5)

    assert trading_band(instrument, Price(108)) == (103, 110)
    assert trading_band(instrument, Price(95)) == (90, 100)
    nothing = trading_band(instrument, Price(200))
    assert nothing is not None
    assert not any(nothing.has(Price(price)) for price in range(300))
    assert trading_band(AAPL, Price(100)) is None


@pytest.mark.parametrize("price", ["99.94", "100.06"])
def test_a_price_outside_the_static_band_is_refused_on_either_side(price: str) -> None:
    venue = venue_with(configured=STATIC)
    for order in (buy(10, at=price), sell(10, at=price)):
        (event,) = venue.handle(order)

        assert isinstance(event, OrderRejected)
        text = f"Price(44) {price} is outside the price band 99.95 to 100.05 of AAPL"
        assert (event.ord_rej_reason, event.text) == (OrdRejReason.ORDER_EXCEEDS_LIMIT, text)


@pytest.mark.parametrize("price", ["99.95", "100.05"])
def test_the_edges_belong_to_the_band(price: str) -> None:
    assert isinstance(venue_with(configured=STATIC).handle(buy(10, at=price))[0], OrderAccepted)


def test_an_order_that_a_new_band_has_left_outside_may_be_made_smaller_and_no_larger() -> None:
    order = sell(10, at="100.05")
    venue = venue_with(order, trading(reference_price=100_00, static_band_ticks=3), configured=STATIC)

    assert isinstance(venue.handle(replace(order, 11))[0], CancelRejected)
    assert isinstance(venue.handle(replace(order, 9))[0], OrderReplaced)


def test_nothing_trades_outside_the_static_band() -> None:
    """Not even with an order that a new band has left there."""
    venue = venue_with(
        *(sell(10, at="100.03"), sell(10, at="100.05")),
        trading(reference_price=100_00, static_band_ticks=3),
        configured=STATIC,
    )

    events = venue.handle(buy(20, by=BOB))

    assert [type(event) for event in events] == [OrderAccepted, Trade, OrderCanceled]
    assert venue.depth("AAPL").asks == [("100.05", 10)]


def test_an_order_trades_to_the_edge_of_the_dynamic_band_and_is_canceled() -> None:
    venue = offering("1.00", "1.02", "1.03", configured=DYNAMIC)

    events = venue.handle(buy(30, at="1.05", by=BOB))

    assert [type(event) for event in events] == [OrderAccepted, Trade, Trade, OrderCanceled]
    canceled = events[-1]
    assert isinstance(canceled, OrderCanceled)
    assert (canceled.canceled_qty, canceled.rested) == (10, False)
    assert canceled.text == "nothing left to trade with in the price band 0.98 to 1.02 of AAPL"
    assert venue.depth("AAPL") == ([], [("1.03", 10)])


def test_the_band_of_the_next_order_is_around_the_last_trade_of_this_one() -> None:
    venue = offering("1.00", "1.02", "1.03", configured=DYNAMIC)
    venue.handle(buy(30, at="1.05", by=BOB))

    events = venue.handle(buy(5, at="1.05", by=BOB))

    assert [type(event) for event in events] == [OrderAccepted, Trade]


def test_what_is_left_of_an_order_that_meets_nobody_more_rests_outside_the_band() -> None:
    venue = offering("1.00", configured=DYNAMIC)

    events = venue.handle(buy(30, at="1.05", by=BOB))

    assert [type(event) for event in events] == [OrderAccepted, Trade]
    assert venue.depth("AAPL").bids == [("1.05", 20)]


def test_a_fill_or_kill_order_counts_only_what_is_within_the_band() -> None:
    venue = offering("1.00", "1.02", "1.03", configured=DYNAMIC)

    killed = venue.handle(buy(21, at="1.05", by=BOB, time_in_force=FOK))
    filled = venue.handle(buy(20, at="1.05", by=BOB, time_in_force=FOK))

    assert [type(event) for event in killed] == [OrderAccepted, OrderCanceled]
    assert isinstance(killed[-1], OrderCanceled)
    assert killed[-1].text == "TimeInForce(59)=4: not all of it could be filled at once"
    assert [type(event) for event in filled] == [OrderAccepted, Trade, Trade]


def test_an_immediate_or_cancel_order_that_is_stopped_is_told_so() -> None:
    venue = offering("1.00", "1.03", configured=DYNAMIC)

    canceled = venue.handle(buy(20, at="1.05", by=BOB, time_in_force=IOC))[-1]

    assert isinstance(canceled, OrderCanceled)
    assert canceled.text == "nothing left to trade with in the price band 0.98 to 1.02 of AAPL"


def test_market_to_limit_rests_at_the_edge_it_came_to() -> None:
    venue = offering("1.00", "1.02", "1.03", configured=DYNAMIC)

    venue.handle(buy(30, by=BOB, ord_type=OrdType.MARKET_WITH_LEFTOVER_AS_LIMIT))

    assert venue.depth("AAPL") == ([("1.02", 10)], [("1.03", 10)])


def test_a_band_reads_as_its_instrument_writes_prices() -> None:
    assert Band(Price(-5), Price(10_000)).text(AAPL) == "-0.05 to 100.00 of AAPL"
