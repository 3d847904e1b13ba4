"""The uncross: the one price, and who trades at it."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.engine.auction import Clearing, clear
from fixgw.spec.commands import ChangeInstrument, EndDay, HaltInstrument, Kill, Release, ResumeInstrument, SetPhase
from fixgw.spec.events import (
    Event,
    OperatorRefused,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderTriggered,
    PhaseChanged,
    Trade,
)
from fixgw.spec.fixed import format_fixed
from fixgw.spec.instructions import Instructions
from fixgw.spec.instrument import Instrument
from fixgw.spec.phase import CALLS, Phase
from fixgw.spec.terms import TermsChange, Ticks
from fixgw.spec.values import OrdRejReason, OrdType, Price, Qty, TimeInForce
from tests.engine.test_properties import PROPERTY
from tests.orders import BOB, FOK, GTC, IOC, Venue, buy, cancel, configuration, replace, sell, venue_with

BY = ("olivia", "a drill")
OPG, GTX, ATC = TimeInForce.AT_THE_OPENING, TimeInForce.GOOD_TILL_CROSSING, TimeInForce.AT_THE_CLOSE


def to(phase: Phase, symbol: str = "AAPL") -> SetPhase:
    return SetPhase(*BY, symbol, phase)


CALL, TRADE, CLOSE = to(Phase.OPENING_AUCTION), to(Phase.CONTINUOUS), to(Phase.CLOSED)


def trades(events: list[Event]) -> list[tuple[str, str, int, str]]:
    """Return buyer's and seller's OrderID, quantity and price of each trade."""
    return [
        (event.resting.order.order_id, event.aggressor.order.order_id, event.last_qty, format_fixed(event.last_px, 2))
        for event in events
        if isinstance(event, Trade)
    ]


def cleared(venue: Venue) -> tuple[str, int, int] | None:
    """Return price, volume and surplus of an uncross of AAPL."""
    market = venue.core.exchange.market
    clearing = clear(market.books["AAPL"], market.instruments["AAPL"], market.last_trades.get("AAPL"))
    return clearing and (format_fixed(clearing.price, 2), clearing.volume, clearing.surplus)


def test_a_book_that_is_not_crossed_does_not_clear() -> None:
    assert cleared(venue_with(CALL)) is None
    assert cleared(venue_with(CALL, buy(1, at="1.00"))) is None
    assert cleared(venue_with(CALL, buy(1, at="1.00"), sell(1, at="1.01"))) is None


def test_most_volume_first() -> None:
    venue = venue_with(CALL, buy(10, at="1.05"), buy(10, at="1.03"), sell(15, at="1.02"), sell(10, at="1.04"))
    assert cleared(venue) == ("1.03", 15, 5)


def test_then_the_least_surplus() -> None:
    venue = venue_with(CALL, buy(10, at="1.05"), buy(7, at="1.02"), sell(10, at="1.02"), sell(9, at="1.05"))
    assert cleared(venue) == ("1.03", 10, 0)


def test_then_the_pressure() -> None:
    """Buyers who are left over drive the price up, sellers down."""
    assert cleared(venue_with(CALL, buy(10, at="1.05"), sell(4, at="1.01"))) == ("1.05", 4, 6)
    assert cleared(venue_with(CALL, buy(4, at="1.05"), sell(10, at="1.01"))) == ("1.01", 4, -6)


def test_then_the_last_trade() -> None:
    """The price nearest to it: here it lies below, between and above the two limits."""
    for last, price in (("0.90", "1.00"), ("1.07", "1.07"), ("1.50", "1.10")):
        venue = venue_with(sell(1, at=last), buy(1, at=last, by=BOB), CALL, buy(5, at="1.10"), sell(5, at="1.00"))
        assert cleared(venue) == (price, 5, 0)


def test_then_the_middle_rounded_down_to_the_tick() -> None:
    assert cleared(venue_with(CALL, buy(5, at="1.05"), sell(5, at="1.00"))) == ("1.02", 5, 0)


def test_the_price_is_on_the_tick_between_the_limits_of_orders() -> None:
    venue = venue_with(
        to(Phase.PRE_OPEN, "ESZ6"), buy(1, at="11.00", symbol="ESZ6"), sell(1, at="10.25", symbol="ESZ6")
    )
    market = venue.core.exchange.market
    assert clear(market.books["ESZ6"], market.instruments["ESZ6"], None) == Clearing(Price(1_050), Qty(1), 0)


def test_the_price_is_on_the_tick_of_the_range_it_is_in() -> None:
    """The middle of the limits is 5.04, and from 5.00 on the tick is 0.05."""
    venue = venue_with(CALL)
    ticks = TermsChange(ticks=(Ticks(Decimal("0.05"), Decimal(5)),))
    for command in (ChangeInstrument(*BY, "AAPL", ticks), buy(5, at="5.10"), sell(5, at="4.99")):
        venue.handle(command)

    assert cleared(venue) == ("5.00", 5, 0)


def test_orders_from_before_a_change_of_the_tick_uncross() -> None:
    """They stay where they are, and their prices are prices of the auction."""
    venue = venue_with(CALL, buy(5, at="1.03"), sell(2, at="1.03"), sell(2, at="1.01"))
    venue.handle(ChangeInstrument(*BY, "AAPL", TermsChange(tick=Decimal("0.05"))))

    assert cleared(venue) == ("1.03", 4, 1)
    assert trades(venue.handle(TRADE)) == [("1", "3", 2, "1.03"), ("1", "2", 2, "1.03")]


def test_the_best_limit_trades_first_then_the_oldest() -> None:
    venue = venue_with(
        CALL, buy(5, at="1.00"), buy(5, at="1.01"), buy(5, at="1.00", by=BOB), sell(7, at="0.99"), sell(5, at="1.00")
    )

    assert trades(venue.handle(TRADE)) == [("2", "4", 5, "1.00"), ("1", "4", 2, "1.00"), ("1", "5", 3, "1.00"),
        ("3", "5", 2, "1.00")]  # fmt: skip
    assert venue.depth("AAPL").bids == [("1.00", 3)]
    assert venue.depth("AAPL").asks == []


def test_nothing_trades_in_a_call() -> None:
    order = sell(5, at="1.00", by=BOB)
    venue = venue_with(CALL, buy(5, at="1.01"))

    (accepted,) = venue.handle(order)
    (replaced,) = venue.handle(replace(order, at="0.99"))

    assert isinstance(accepted, OrderAccepted)
    assert not isinstance(replaced, Trade)
    assert venue.depth("AAPL") == ([("1.01", 5)], [("0.99", 5)])


def test_a_call_may_follow_a_call_without_an_uncross() -> None:
    venue = venue_with(to(Phase.PRE_OPEN), buy(5, at="1.01"), sell(5, at="1.00"))

    assert trades(venue.handle(CALL)) == []
    assert trades(venue.handle(TRADE)) == [("1", "2", 5, "1.00")]


def test_an_auction_that_leads_to_the_close_is_uncrossed_and_a_pre_open_is_not() -> None:
    orders = buy(5, at="1.01"), sell(5, at="1.01")

    assert trades(venue_with(to(Phase.CLOSING_AUCTION), *orders).handle(CLOSE)) == [("1", "2", 5, "1.01")]
    called_off = venue_with(to(Phase.PRE_OPEN), buy(5, at="1.01"), sell(5, at="1.01"))
    assert trades(called_off.handle(CLOSE)) == []
    assert trades(called_off.handle(TRADE)) == [("1", "2", 5, "1.01")], "continuous trading begins uncrossed"


def test_the_change_of_phase_comes_after_the_trades_of_the_one_before() -> None:
    venue = venue_with(CALL, buy(5, at="1.01"), sell(5, at="1.01"))

    trade, changed = venue.handle(TRADE)

    assert isinstance(trade, Trade)
    assert trade.in_auction
    assert changed == PhaseChanged("AAPL", Phase.CONTINUOUS, Phase.OPENING_AUCTION, *BY)


def test_the_auction_s_price_is_that_of_the_last_trade() -> None:
    venue = venue_with(CALL, buy(5, at="1.01"), sell(5, at="1.01"), TRADE)
    assert venue.core.exchange.reference_price("AAPL") == 101


def test_orders_that_must_trade_at_once_cannot_wait_for_the_end_of_a_call() -> None:
    venue = venue_with(CALL)
    for order in (buy(1, at="1.00", time_in_force=IOC), buy(1, at="1.00", time_in_force=FOK), buy(1)):
        (rejected,) = venue.handle(order)
        assert isinstance(rejected, OrderRejected)
        assert rejected.ord_rej_reason is OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC
    (accepted,) = venue.handle(buy(1, at="1.00", time_in_force=GTC))
    assert isinstance(accepted, OrderAccepted)


def test_a_closed_instrument_takes_cancels_only() -> None:
    order = buy(1, at="1.00")
    venue = venue_with(order, CLOSE)

    (rejected,) = venue.handle(buy(1, at="1.00"))

    assert isinstance(rejected, OrderRejected)
    assert (rejected.ord_rej_reason, rejected.text) == (OrdRejReason.EXCHANGE_CLOSED, "AAPL is closed")
    venue.handle(cancel(order))
    assert venue.depth("AAPL").bids == []


def test_a_phase_that_cannot_be_is_refused() -> None:
    venue = venue_with(CALL)
    for command, text in (
        (CALL, "AAPL is in opening-auction already"),
        (to(Phase.CLOSED, "NONE"), "there is no instrument NONE"),
    ):
        assert venue.handle(command) == [OperatorRefused("olivia", text)]


def test_no_auction_ends_while_nobody_may_trade() -> None:
    venue = venue_with(CALL, buy(5, at="1.01"), sell(5, at="1.01"), HaltInstrument(*BY, "AAPL"))

    assert venue.handle(TRADE) == [OperatorRefused("olivia", "AAPL is halted: a drill; resume it first")]
    venue.handle(ResumeInstrument(*BY, "AAPL"))
    venue.handle(Kill(*BY, "venue"))
    assert venue.handle(TRADE) == [OperatorRefused("olivia", "venue is killed: a drill; release it first")]
    venue.handle(Release(*BY, "venue"))
    assert venue.handle(TRADE) == [PhaseChanged("AAPL", Phase.CONTINUOUS, Phase.OPENING_AUCTION, *BY)]


def test_a_stop_waits_through_a_call_and_goes_off_at_its_end() -> None:
    """The trades of the uncross count; what they set off trades in continuous trading."""
    stop = msgspec.structs.replace(buy(5, by=BOB), ord_type=OrdType.STOP, instructions=Instructions(stop_px=Price(101)))
    venue = venue_with(buy(1, at="1.00"), CALL, stop, buy(5, at="1.01"), sell(9, at="1.01"))

    events = venue.handle(TRADE)

    assert [type(event) for event in events] == [Trade, PhaseChanged, OrderTriggered, Trade, OrderCanceled]
    assert trades(events) == [("3", "4", 5, "1.01"), ("4", "2", 4, "1.01")]


def expired(events: list[Event]) -> list[str]:
    return [event.order.order_id for event in events if isinstance(event, OrderExpired)]


def test_at_the_opening_expires_with_what_the_uncross_leaves() -> None:
    venue = venue_with(CALL, buy(5, at="1.00", time_in_force=OPG), sell(3, at="1.00", by=BOB), buy(1, at="0.90"))

    events = venue.handle(TRADE)

    assert [type(event) for event in events] == [Trade, OrderExpired, PhaseChanged]
    assert expired(events) == ["1"]
    assert venue.depth("AAPL").bids == [("0.90", 1)]


def test_at_the_opening_lives_from_pre_open_into_the_auction() -> None:
    venue = venue_with(to(Phase.PRE_OPEN), buy(5, at="1.00", time_in_force=OPG))
    assert expired(venue.handle(CALL)) == []
    assert expired(venue.handle(CLOSE)) == ["1"]


def test_at_the_close_expires_as_the_closing_auction_ends() -> None:
    venue = venue_with(to(Phase.CLOSING_AUCTION), buy(5, at="1.00", time_in_force=ATC))
    assert expired(venue.handle(CLOSE)) == ["1"]


def test_good_till_crossing_expires_as_a_call_begins() -> None:
    for call in CALLS:
        venue = venue_with(buy(5, at="1.00", time_in_force=GTX), buy(1, at="1.00"))
        assert expired(venue.handle(to(call))) == ["1"]
    assert expired(venue_with(buy(5, at="1.00", time_in_force=GTX)).handle(CLOSE)) == []


@pytest.mark.parametrize("phase", set(Phase) - {Phase.CLOSED})
def test_each_phase_takes_its_own_times_in_force(phase: Phase) -> None:
    taken = {OPG: (Phase.PRE_OPEN, Phase.OPENING_AUCTION), ATC: (Phase.CLOSING_AUCTION,), GTX: (Phase.CONTINUOUS,)}
    for time_in_force, phases in taken.items():
        venue = venue_with() if phase is Phase.CONTINUOUS else venue_with(to(phase))
        (answer,) = venue.handle(buy(1, at="1.00", time_in_force=time_in_force))
        assert type(answer) is (OrderAccepted if phase in phases else OrderRejected)


def test_they_expire_with_their_day() -> None:
    venue = venue_with(buy(5, at="1.00", time_in_force=GTX), buy(5, at="1.00", time_in_force=GTC))
    assert expired(venue.handle(EndDay(*BY, "2026-11-20"))) == ["1"]


LIMITS = st.lists(st.tuples(st.integers(-12, 12), st.integers(1, 5)), min_size=1, max_size=8)


@PROPERTY
@given(LIMITS, LIMITS, st.none() | st.integers(-15, 15), st.integers(1, 3))
def test_the_price_is_the_best_of_all_prices(
    bids: list[tuple[int, int]], asks: list[tuple[int, int]], last: int | None, tick: int
) -> None:
    """Against every price on the tick, each tried by itself."""
    spread = Instrument("S", 0, 0, Price(tick), Qty(1), 1, Qty(10**6), Price(10**6), allows_negative_price=True)
    venue = Venue(configuration(instruments=(spread,)))
    venue.handle(to(Phase.OPENING_AUCTION, "S"))
    for orders, of in ((bids, buy), (asks, sell)):
        for steps, qty in orders:
            plain = of(qty, at="1.00", symbol="S")
            venue.handle(msgspec.structs.replace(plain, price=Price(steps * tick), order_qty=Qty(qty)))
    reference = None if last is None else Price(last)

    found = clear(venue.core.exchange.market.books["S"], spread, reference)

    tried = []
    for price in range(-12 * tick, 12 * tick + 1, tick):
        demand = sum(qty for steps, qty in bids if steps * tick >= price)
        supply = sum(qty for steps, qty in asks if steps * tick <= price)
        tried.append((price, min(demand, supply), demand - supply))
    most = max(volume for _, volume, _ in tried)
    if not most:
        assert found is None
        return
    least = min(abs(surplus) for _, volume, surplus in tried if volume == most)
    best = {price: surplus for price, volume, surplus in tried if volume == most and abs(surplus) == least}
    assert found is not None
    assert (found.volume, found.surplus) == (most, best[found.price])
    if all(surplus > 0 for surplus in best.values()):
        assert found.price == max(best)
    elif all(surplus < 0 for surplus in best.values()):
        assert found.price == min(best)
    elif reference is not None:
        below = [price for price in best if price <= reference]
        assert found.price == (max(below) if below else min(best))
