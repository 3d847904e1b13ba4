"""Who trades how much at one price: by what is displayed, or a lead market maker first."""

from random import Random

import msgspec
import pytest

from fixgw.spec.commands import CancelOrder, ConfigureVenue, NewOrder, NewOrderList, ReplaceOrder
from fixgw.spec.events import Event, OrderAccepted, OrderCanceled, Trade
from fixgw.spec.instructions import Instructions
from fixgw.spec.instrument import Instrument
from fixgw.spec.values import Allocation, Qty, SelfMatchPrevention
from tests.engine.histories import BYTES_A_COMMAND, CONFIGURATIONS, SHARED, commands
from tests.engine.test_properties import Watched
from tests.orders import AAPL, ALICE, BOB, CAROL, FOK, IOC, Venue, buy, configuration, sell, venue_with

OLDEST = SelfMatchPrevention.CANCEL_OLDEST
TRADING = NewOrder | NewOrderList | ReplaceOrder | CancelOrder
PRO_RATA = msgspec.structs.replace(AAPL, allocation=Allocation.PRO_RATA)
OF_SHARED = [
    configured
    for configured in CONFIGURATIONS
    if any(instrument.allocation is not Allocation.FIFO for instrument in configured.instruments)
]


def led_by(account: str, percent: int) -> Instrument:
    return msgspec.structs.replace(
        AAPL, allocation=Allocation.LEAD_MARKET_MAKER, lead_market_maker=account, lead_market_maker_percent=percent
    )


def venue_of(instrument: Instrument) -> Venue:
    return venue_with(configured=configuration(instruments=(instrument,)))


def fills(events: list[Event]) -> list[tuple[str, int]]:
    """Return who traded how much, by the OrderID of the resting order, in order."""
    return [(event.resting.order.order_id, event.last_qty) for event in events if isinstance(event, Trade)]


@pytest.mark.parametrize(
    ("resting", "wanted", "shared"),
    [
        ((10, 30, 60), 50, [("1", 5), ("2", 15), ("3", 30)]),
        ((10, 30, 60), 51, [("1", 6), ("2", 15), ("3", 30)]),  # 5.1, 15.3 and 30.6: the rest to the oldest
        ((1, 1, 1), 2, [("1", 1), ("2", 1)]),  # two thirds of a lot are none
        ((10, 30, 60), 100, [("1", 10), ("2", 30), ("3", 60)]),
        ((10, 30, 60), 200, [("1", 10), ("2", 30), ("3", 60)]),
    ],
)
def test_pro_rata(resting: tuple[int, ...], wanted: int, shared: list[tuple[str, int]]) -> None:
    venue = venue_of(PRO_RATA)
    for qty in resting:
        venue.handle(buy(qty, at="100"))

    assert fills(venue.handle(sell(wanted, at="100", by=BOB))) == shared


def test_a_part_below_the_minimum_goes_by_time() -> None:
    venue = venue_of(msgspec.structs.replace(PRO_RATA, pro_rata_min=Qty(10)))
    for qty in (10, 30, 60):
        venue.handle(buy(qty, at="100"))

    # 5, 15 and 30: the first is too little, and goes to the oldest, which is the same order here.
    assert fills(venue.handle(sell(50, at="100", by=BOB))) == [("1", 5), ("2", 15), ("3", 30)]
    # 1, 3 and 6 of 5, 15 and 30: none is enough, so that all goes by time.
    assert fills(venue.handle(sell(10, at="100", by=BOB))) == [("1", 5), ("2", 5)]


def test_parts_are_whole_lots() -> None:
    venue = venue_of(msgspec.structs.replace(PRO_RATA, lot_size=Qty(5)))
    for qty in (10, 30, 60):
        venue.handle(buy(qty, at="100"))

    assert fills(venue.handle(sell(55, at="100", by=BOB))) == [("1", 10), ("2", 15), ("3", 30)]


def test_the_best_price_is_shared_out_first() -> None:
    venue = venue_of(PRO_RATA)
    for qty, at in ((10, "100"), (10, "101"), (30, "101"), (30, "100")):
        venue.handle(buy(qty, at=at))

    assert fills(venue.handle(sell(60, at="100", by=BOB))) == [("2", 10), ("3", 30), ("1", 5), ("4", 15)]


def test_what_is_displayed_counts_then_what_icebergs_display_next_then_what_is_hidden() -> None:
    venue = venue_of(PRO_RATA)
    venue.handle(buy(20, at="100", instructions=Instructions(max_floor=Qty(0))))
    venue.handle(buy(90, at="100", instructions=Instructions(max_floor=Qty(10))))
    venue.handle(buy(30, at="100"))

    assert fills(venue.handle(sell(20, at="100", by=BOB))) == [("2", 5), ("3", 15)]
    assert fills(venue.handle(sell(40, at="100", by=BOB))) == [("2", 5), ("3", 15), ("2", 10), ("2", 10)]
    assert fills(venue.handle(sell(75, at="100", by=BOB))) == [*[("2", 10)] * 6, ("1", 15)]


@pytest.mark.parametrize(
    ("percent", "wanted", "shared"),
    [
        (40, 50, [("1", 10), ("2", 20), ("3", 20)]),  # 20 to B1 first, 30 by time
        (100, 50, [("2", 20), ("3", 30)]),
        (40, 60, [("1", 10), ("2", 20), ("3", 30)]),  # 24 to B1, 20 of the older order and 4 of the younger
        (40, 10, [("1", 6), ("2", 4)]),
        (1, 50, [("1", 10), ("2", 20), ("3", 20)]),  # half a lot is none
    ],
)
def test_lead_market_maker(percent: int, wanted: int, shared: list[tuple[str, int]]) -> None:
    venue = venue_of(led_by("B1", percent))
    for qty, by in ((10, ALICE), (20, BOB), (40, BOB)):
        venue.handle(buy(qty, at="100", by=by))

    assert fills(venue.handle(sell(wanted, at="100", by=CAROL))) == shared


def test_self_match_prevention_comes_before_any_share() -> None:
    venue = venue_of(PRO_RATA)
    venue.handle(buy(30, at="100", by=BOB))
    venue.handle(buy(30, at="100"))

    events = venue.handle(sell(10, at="100", instructions=Instructions(self_match_prevention=OLDEST)))

    canceled = [event.order.order_id for event in events if isinstance(event, OrderCanceled)]
    assert canceled == ["2"]
    assert fills(events) == [("1", 10)]


@pytest.mark.parametrize("how", [SelfMatchPrevention.CANCEL_NEWEST, SelfMatchPrevention.DECREMENT])
def test_fill_or_kill_counts_nothing_of_a_price_at_which_it_would_meet_its_own(how: SelfMatchPrevention) -> None:
    """At a price that is shared out it would meet all orders of it, also those behind others."""
    venue = venue_of(PRO_RATA)
    venue.handle(buy(10, at="101", by=BOB))
    venue.handle(buy(30, at="100", by=BOB))
    venue.handle(buy(30, at="100"))
    own = Instructions(self_match_prevention=how)

    accepted, canceled = venue.handle(sell(20, at="100", time_in_force=FOK, instructions=own))

    assert isinstance(accepted, OrderAccepted)
    assert isinstance(canceled, OrderCanceled)
    assert fills(venue.handle(sell(10, at="100", time_in_force=FOK, instructions=own))) == [("1", 10)]


def test_fill_or_kill_is_filled_in_shares() -> None:
    venue = venue_of(PRO_RATA)
    for qty in (30, 30):
        venue.handle(buy(qty, at="100", by=BOB))

    assert fills(venue.handle(sell(40, at="100", time_in_force=FOK))) == [("1", 20), ("2", 20)]
    assert fills(venue.handle(sell(40, at="100", time_in_force=IOC))) == [("1", 10), ("2", 10)]


@pytest.mark.parametrize("configured", OF_SHARED)
@pytest.mark.parametrize("seed", range(3))
def test_histories_of_shared_prices_are_what_the_naive_venue_says(configured: ConfigureVenue, seed: int) -> None:
    random, watched = Random(seed), Watched()
    watched.step(configured)

    script = (random.randbytes(BYTES_A_COMMAND) for _ in range(1_200))
    watched.play(command for command in commands(script) if isinstance(command, TRADING))
    watched.finish()

    rounds = [fills(list(frame.events)) for frame in watched.frames]
    assert sum(len(each) > 1 for each in rounds) > 5


def test_both_ways_are_in_the_histories() -> None:
    assert {terms["allocation"] for terms in SHARED} == {Allocation.PRO_RATA, Allocation.LEAD_MARKET_MAKER}
