"""Stop, if-touched and market-to-limit orders, market protection, and the cascade."""

from decimal import Decimal

import msgspec
import pytest

from fixgw.core import Core
from fixgw.engine.triggers import TRAILING_MAX
from fixgw.spec.commands import ChangeInstrument, ContinueTriggers, EndDay, HaltInstrument, NewOrder, ResumeInstrument
from fixgw.spec.events import (
    Event,
    InstrumentChanged,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    Trade,
)
from fixgw.spec.instructions import Instructions
from fixgw.spec.terms import TermsChange, Ticks
from fixgw.spec.values import OrdType, Price, Side, TriggerPriceType, TriggerSource
from tests.orders import (
    AAPL,
    ALICE,
    BOB,
    CAROL,
    GTC,
    IOC,
    Venue,
    buy,
    cancel,
    configuration,
    limits,
    mass_cancel,
    replace,
    sell,
    venue_with,
)

STOP = OrdType.STOP
STOP_LIMIT = OrdType.STOP_LIMIT
IF_TOUCHED = OrdType.MARKET_IF_TOUCHED
MARKET_TO_LIMIT = OrdType.MARKET_WITH_LEFTOVER_AS_LIMIT
SLICE = 2


def px(text: str) -> Price:
    return AAPL.parse_price(text)


def waiting(order: NewOrder, until: str, ord_type: OrdType, source: TriggerPriceType | None = None) -> NewOrder:
    """Return ``order`` as one that waits until the price has reached ``until``."""
    instructions = Instructions(stop_px=px(until), trigger_price_type=source)
    return msgspec.structs.replace(order, ord_type=ord_type, instructions=instructions)


def kinds(events: list[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


def gone_off(events: list[Event]) -> list[str]:
    return [event.order.cl_ord_id for event in events if isinstance(event, OrderTriggered)]


def trade_at(venue: Venue, price: str, qty: int = 1) -> list[Event]:
    """Have two others trade at ``price`` and return what came of it."""
    first = venue.handle(sell(qty, at=price, by=BOB))
    return first + venue.handle(buy(qty, at=price, by=CAROL))


@pytest.mark.parametrize(
    ("side", "ord_type", "until", "before", "reached"),
    [
        (Side.BUY, STOP, "100.10", "100.09", "100.10"),
        (Side.SELL, STOP, "99.90", "99.91", "99.90"),
        (Side.BUY, IF_TOUCHED, "99.90", "99.91", "99.90"),
        (Side.SELL, IF_TOUCHED, "100.10", "100.09", "100.10"),
        (Side.BUY, STOP, "100.10", "100.00", "100.50"),
    ],
)
def test_a_trade_at_or_beyond_the_trigger_lets_the_order_go(
    side: Side, ord_type: OrdType, until: str, before: str, reached: str
) -> None:
    venue = venue_with(waiting(buy(5, side=side, cl_ord_id="waits"), until, ord_type))

    assert gone_off(trade_at(venue, before)) == []
    assert gone_off(trade_at(venue, reached)) == ["waits"]


def test_what_waits_is_in_no_book_and_open() -> None:
    order = waiting(buy(5, at="100.20"), "100.10", STOP_LIMIT)
    venue = venue_with(order)

    assert venue.depth("AAPL") == ([], [])
    assert [(each.is_waiting, each.trigger_price, each.leaves_qty) for each in venue.live_orders()] == [
        (True, px("100.10"), 5)
    ]


def test_the_fill_that_follows_tells_of_the_trigger() -> None:
    """E27: no report of its own where a fill makes it implicit."""
    venue = venue_with(sell(5, at="100.20", by=BOB), waiting(buy(5), "100.10", STOP))

    *_, triggered, trade = trade_at(venue, "100.10")

    assert isinstance(triggered, OrderTriggered)
    assert triggered.exec_id == ""
    assert isinstance(trade, Trade)
    assert trade.aggressor.order.is_waiting is False


def test_priority_is_that_of_the_trigger() -> None:
    venue = venue_with(
        waiting(buy(5, at="100.10", cl_ord_id="waited"), "100.10", STOP_LIMIT),
        buy(5, at="100.10", by=BOB, cl_ord_id="came later"),
    )
    trade_at(venue, "100.10")  # fills one of Bob's with the sell order, then Carol's rests

    events = venue.handle(sell(20, at="100.10", by=BOB))

    resting = [event.resting.order.cl_ord_id for event in events if isinstance(event, Trade)]
    assert resting[0] == "came later"
    assert "waited" in resting[1:]


def test_every_trade_of_a_step_counts_not_only_the_last() -> None:
    """The aggressor trades at 100.00, then at 100.10: a sell stop at 100.00 was reached on the way."""
    venue = venue_with(
        sell(1, at="101.00", by=BOB),
        buy(1, at="101.00", by=CAROL),
        sell(1, at="100.00", by=BOB),
        sell(1, at="100.10", by=BOB),
        waiting(sell(5, cl_ord_id="stop"), "100.00", STOP),
    )

    assert gone_off(venue.handle(buy(2, at="100.10", by=CAROL))) == ["stop"]


def test_the_nearest_trigger_goes_first_then_the_oldest_and_rises_before_falls() -> None:
    venue = venue_with(
        waiting(buy(1, cl_ord_id="far"), "100.30", STOP),
        waiting(buy(1, cl_ord_id="near, old"), "100.20", STOP),
        waiting(buy(1, cl_ord_id="near, young"), "100.20", STOP),
        waiting(buy(1, cl_ord_id="falls"), "100.40", IF_TOUCHED),
    )

    events = trade_at(venue, "100.40")

    assert gone_off(events) == ["near, old", "near, young", "far", "falls"]


def test_what_a_released_order_sets_off_goes_after_what_was_due_before() -> None:
    venue = venue_with(
        buy(1, at="99.00", by=BOB),
        waiting(sell(1, cl_ord_id="first"), "100.00", STOP),
        waiting(sell(1, cl_ord_id="second"), "100.00", STOP),
        waiting(sell(1, cl_ord_id="set off by the first"), "99.50", STOP),
    )

    assert gone_off(trade_at(venue, "100.00")) == ["first", "second", "set off by the first"]


def core_with(*commands: NewOrder) -> Core:
    core = Core(SLICE)
    core.decide(configuration())
    for command in commands:
        core.decide(command)
    return core


def test_a_step_releases_a_slice_and_the_next_go_on() -> None:
    core = core_with(*(waiting(sell(1, cl_ord_id=f"s{n}"), "100.00", STOP) for n in range(5)), sell(1, at="100.00"))

    steps = [core.decide(buy(1, at="100.00", by=BOB))]
    while core.exchange.has_due:
        steps.append(core.decide(ContinueTriggers()))

    assert [gone_off(list(events)) for events in steps] == [["s0", "s1"], ["s2", "s3"], ["s4"]]


def test_what_is_due_can_still_be_canceled() -> None:
    stops = [waiting(sell(1, cl_ord_id=f"s{n}"), "100.00", STOP) for n in range(5)]
    core = core_with(*stops, sell(1, at="100.00"), buy(1, at="100.00", by=BOB))

    canceled, *more = core.decide(cancel(stops[3]))

    assert isinstance(canceled, OrderCanceled)
    assert not canceled.rested
    assert gone_off(more) == ["s2", "s4"]


def test_nothing_goes_off_while_halted_and_what_is_due_waits_for_the_resumption() -> None:
    stops = [waiting(sell(1, cl_ord_id=f"s{n}"), "100.00", STOP) for n in range(3)]
    core = core_with(*stops, sell(1, at="100.00"), buy(1, at="100.00", by=BOB))

    core.decide(HaltInstrument("olivia", "news", "AAPL"))
    assert not core.exchange.has_due
    core.decide(ResumeInstrument("olivia", "news are out", "AAPL"))

    assert core.exchange.has_due
    assert gone_off(list(core.decide(ContinueTriggers()))) == ["s2"]


def test_nothing_goes_off_as_a_day_ends() -> None:
    """The Day order that expires leaves a lower best bid, which a stop to sell waits for."""
    best = TriggerSource.BEST
    configured = configuration(instruments=[msgspec.structs.replace(AAPL, trigger_source=best)])
    venue = venue_with(
        buy(1, at="100.00", by=BOB),
        buy(1, at="99.00", by=BOB, time_in_force=GTC),
        waiting(sell(1, cl_ord_id="stop", time_in_force=GTC), "99.50", STOP),
        configured=configured,
    )

    assert gone_off(venue.handle(EndDay("olivia", "a drill", "2026-11-20"))) == []


@pytest.mark.parametrize(
    ("source", "reached", "beyond"),
    [
        (TriggerPriceType.BEST_BID, "100.00", "100.01"),
        (TriggerPriceType.BEST_OFFER, "100.03", "100.04"),
        (TriggerPriceType.BEST_MID, "100.01", "100.02"),
    ],
)
def test_the_book_is_a_source(source: TriggerPriceType, reached: str, beyond: str) -> None:
    venue = venue_with(
        waiting(buy(1, at="1", cl_ord_id="reached"), reached, STOP_LIMIT, source),
        waiting(buy(1, at="1", cl_ord_id="beyond"), beyond, STOP_LIMIT, source),
    )

    events = venue.handle(buy(1, at="100.00", by=BOB)) + venue.handle(sell(1, at="100.03", by=BOB))

    assert gone_off(events) == ["reached"]


def test_the_middle_is_reached_by_half_a_unit_more_or_less_only_on_its_side() -> None:
    """The middle of 100.00 and 100.03 is 100.015: above 100.01, below 100.02."""
    middle = TriggerPriceType.BEST_MID
    venue = venue_with(
        buy(1, at="100.00", by=BOB),
        sell(1, at="100.03", by=BOB),
        waiting(buy(1, at="1", cl_ord_id="rise to 100.01"), "100.01", STOP_LIMIT, middle),
        waiting(buy(1, at="1", cl_ord_id="rise to 100.02"), "100.02", STOP_LIMIT, middle),
        waiting(sell(1, at="200", cl_ord_id="fall to 100.02"), "100.02", STOP_LIMIT, middle),
        waiting(sell(1, at="200", cl_ord_id="fall to 100.01"), "100.01", STOP_LIMIT, middle),
    )

    still = {order.cl_ord_id for order in venue.live_orders() if order.is_waiting}
    assert still == {"rise to 100.02", "fall to 100.01"}


def test_a_waiting_order_reserves_what_it_may_come_to() -> None:
    """At its limit; without one at its trigger, until it goes to the market, where it rests nowhere."""
    open_max = configuration(limits(open_notional_max="1000"))
    venue = venue_with(
        waiting(buy(5), "100.00", STOP), waiting(buy(5, at="100.00"), "90.00", STOP_LIMIT), configured=open_max
    )

    assert venue.core.gate.exposure.open_notional("A1") == 1_000 * 10**18
    trade_at(venue, "100.00")
    assert venue.core.gate.exposure.open_notional("A1") == 500 * 10**18


def test_a_replace_moves_the_trigger_behind_all_others_there() -> None:
    moved = waiting(buy(1, cl_ord_id="moved"), "100.10", STOP)
    venue = venue_with(moved, waiting(buy(1, cl_ord_id="other"), "100.20", STOP))
    change = replace(moved, cl_ord_id="moved again")
    change = msgspec.structs.replace(change, instructions=Instructions(stop_px=px("100.20")))

    (replaced,) = venue.handle(change)

    assert isinstance(replaced, OrderReplaced)
    assert (replaced.keeps_priority, replaced.previous_trigger_price) == (False, px("100.10"))
    assert gone_off(trade_at(venue, "100.20")) == ["other", "moved again"]


def test_a_replace_down_keeps_the_place_among_those_that_wait() -> None:
    first = waiting(buy(5, cl_ord_id="first"), "100.10", STOP)
    venue = venue_with(first, waiting(buy(1, cl_ord_id="second"), "100.10", STOP))
    change = msgspec.structs.replace(replace(first, 3, cl_ord_id="smaller"), instructions=first.instructions)

    (replaced,) = venue.handle(change)

    assert isinstance(replaced, OrderReplaced)
    assert replaced.keeps_priority
    assert gone_off(trade_at(venue, "100.10")) == ["smaller", "second"]


def test_a_mass_cancel_takes_what_waits() -> None:
    venue = venue_with(waiting(buy(1), "100.10", STOP), buy(1, at="99"))

    events = venue.handle(mass_cancel(ALICE))

    assert [event.rested for event in events if isinstance(event, OrderCanceled)] == [False, True]
    assert venue.live_orders() == []


# Market with leftover as limit, and market protection.


def test_the_leftover_rests_at_the_price_of_the_last_trade() -> None:
    venue = venue_with(sell(10, at="100.00", by=BOB), sell(10, at="100.05", by=BOB))

    events = venue.handle(buy(30, ord_type=MARKET_TO_LIMIT))

    assert kinds(events) == [OrderAccepted, Trade, Trade, OrderAmended]
    assert venue.depth("AAPL") == ([("100.05", 10)], [])
    assert venue.core.gate.exposure.open_notional("A1") == 10 * 10_005 * 10**16


def test_a_leftover_of_nothing_is_canceled() -> None:
    assert kinds(venue_with().handle(buy(30, ord_type=MARKET_TO_LIMIT))) == [OrderAccepted, OrderCanceled]


def test_an_immediate_one_leaves_nothing() -> None:
    venue = venue_with(sell(10, at="100.00", by=BOB))

    events = venue.handle(buy(30, ord_type=MARKET_TO_LIMIT, time_in_force=IOC))

    assert kinds(events) == [OrderAccepted, Trade, OrderCanceled]


@pytest.mark.parametrize(
    ("ticks", "ppm", "asks"),
    [
        (2, 0, [("100.03", 1)]),
        (0, 200, [("100.03", 1)]),
        (0, 299, [("100.03", 1)]),
        (1, 300, [("100.02", 1), ("100.03", 1)]),
        (0, 0, []),
    ],
)
def test_market_protection_is_the_nearer_of_ticks_and_per_cent(
    ticks: int, ppm: int, asks: list[tuple[str, int]]
) -> None:
    protected = msgspec.structs.replace(AAPL, market_protection_ticks=ticks, market_protection_ppm=ppm)
    venue = venue_with(
        *(sell(1, at=price, by=BOB) for price in ("100.00", "100.02", "100.03")),
        configured=configuration(instruments=[protected]),
    )

    venue.handle(buy(10))

    assert venue.depth("AAPL").asks == asks


def test_a_stop_that_goes_off_is_protected_from_the_best_price_of_that_moment() -> None:
    protected = configuration(instruments=[msgspec.structs.replace(AAPL, market_protection_ticks=2)])
    venue = venue_with(waiting(buy(10), "100.00", STOP), configured=protected)
    for price in ("101.00", "101.02", "101.03"):
        venue.handle(sell(1, at=price, by=BOB))

    trade_at(venue, "100.00")

    assert venue.depth("AAPL").asks == [("101.03", 1)]


# Trailing stops.


def trailing(order: NewOrder, offset: int, **more: object) -> NewOrder:
    """Return ``order`` as a trailing stop at ``offset`` price units."""
    instructions = msgspec.structs.replace(Instructions(exec_inst="a", peg_offset_value=offset), **more)
    return msgspec.structs.replace(order, ord_type=OrdType.PEGGED, instructions=instructions)


def stops_of(events: list[Event]) -> list[tuple[str, Price | None]]:
    return [(event.order.cl_ord_id, event.order.trigger_price) for event in events if isinstance(event, OrderAmended)]


def test_a_trailing_stop_follows_and_never_goes_back() -> None:
    venue = venue_with(sell(1, at="100.00", by=BOB), buy(1, at="100.00", by=CAROL), trailing(sell(1), 50))

    assert venue.live_orders()[0].trigger_price == px("99.50")
    assert [price for _, price in stops_of(trade_at(venue, "100.20"))] == [px("99.70")]
    assert stops_of(trade_at(venue, "100.00")) == []
    assert len(gone_off(trade_at(venue, "99.70"))) == 1


def test_one_to_buy_is_above_the_price_whatever_the_sign_of_the_offset() -> None:
    venue = venue_with(sell(1, at="100.00", by=BOB), buy(1, at="100.00", by=CAROL), trailing(buy(1), -50))

    assert venue.live_orders()[0].trigger_price == px("100.50")
    assert [price for _, price in stops_of(trade_at(venue, "99.00"))] == [px("99.50")]


def test_trades_of_one_step_are_followed_one_after_the_other() -> None:
    """Up to 100.40 within a step, over 100.10: one report, with where the last trade leaves the trigger."""
    middle = sell(1, at="100.00", by=BOB), buy(1, at="100.00", by=CAROL)
    up = waiting(buy(2, cl_ord_id="stop"), "100.00", STOP)
    asks = sell(1, at="100.10", by=BOB), sell(1, at="100.40", by=BOB)
    venue = venue_with(*middle, *asks, trailing(sell(1, cl_ord_id="trails"), 20))

    events = venue.handle(up)

    assert stops_of(events) == [("trails", px("100.20"))]


def test_the_limit_keeps_its_distance_and_exposure_goes_with_it() -> None:
    venue = venue_with(sell(1, at="100.00", by=BOB), buy(1, at="100.00", by=CAROL))
    venue.handle(trailing(sell(10, at="99.00"), 50))
    assert venue.core.gate.exposure.open_notional("A1") == 990 * 10**18

    trade_at(venue, "101.00")

    assert [(order.price, order.trigger_price) for order in venue.live_orders()] == [(px("100.00"), px("100.50"))]
    assert venue.core.gate.exposure.open_notional("A1") == 1_000 * 10**18


def test_its_limit_is_on_the_tick_of_its_range_and_does_not_drift() -> None:
    """From 100.00 on the tick is 0.05: the limit is at most 0.50 above the trigger, on a tick, time after time."""
    venue = venue_with(sell(1, at="100.00", by=BOB), buy(1, at="100.00", by=CAROL))
    venue.handle(trailing(buy(10, at="101.00"), 50))
    ticks = TermsChange(ticks=(Ticks(Decimal("0.05"), Decimal(100)),))
    venue.handle(ChangeInstrument("olivia", "a trial", "AAPL", ticks))

    seen = []
    for price in ("99.49", "99.48", "99.43"):
        trade_at(venue, price)
        (order,) = venue.live_orders()
        seen.append((order.trigger_price, order.price))

    limits = (px("100.45"), px("100.45"), px("100.40"))
    assert seen == list(zip((px("99.99"), px("99.98"), px("99.93")), limits, strict=True))


def test_after_a_change_of_the_tick_a_trailing_stop_moves_on_the_new_one() -> None:
    venue = venue_with(sell(1, at="100.00", by=BOB), buy(1, at="100.00", by=CAROL), trailing(sell(1), 33))
    (changed,) = venue.handle(ChangeInstrument("olivia", "a trial", "AAPL", TermsChange(tick=Decimal("0.25"))))
    assert isinstance(changed, InstrumentChanged)
    assert venue.live_orders()[0].trigger_price == px("99.67")

    assert [price for _, price in stops_of(trade_at(venue, "100.25"))] == [px("99.75")]


def test_a_dormant_one_neither_follows_nor_goes_off_before_its_activation_price() -> None:
    venue = venue_with(
        sell(1, at="100.00", by=BOB), buy(1, at="100.00", by=CAROL),
        trailing(sell(1, cl_ord_id="dormant"), 50, activation_price=px("102.00")),
    )  # fmt: skip

    assert (stops_of(trade_at(venue, "101.00")), gone_off(trade_at(venue, "99.00"))) == ([], [])
    assert stops_of(trade_at(venue, "102.10")) == [("dormant", px("101.60"))]
    assert gone_off(trade_at(venue, "101.60")) == ["dormant"]


def test_an_instrument_has_only_so_many_trailing_stops() -> None:
    """All may move in one step, which nobody should wait for."""
    venue = venue_with(sell(1, at="100.00", by=BOB), buy(1, at="100.00", by=CAROL))
    for _ in range(TRAILING_MAX):
        venue.decide(trailing(sell(1), 50))

    (rejected,) = venue.decide(trailing(sell(1), 50))

    assert isinstance(rejected, OrderRejected)
    assert rejected.text == "there are 500 trailing stops in AAPL; no more are taken"
