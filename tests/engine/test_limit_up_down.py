"""Limit up, limit down: orders rest at the edge of the band, and what stays there pauses trading."""

import msgspec
import pytest

from fixgw.core import Core, CoreState
from fixgw.spec.commands import DelistInstrument, PauseTrading, SetPhase
from fixgw.spec.events import (
    Event,
    InstrumentDelisted,
    LimitStateChanged,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    PhaseChanged,
    Trade,
)
from fixgw.spec.instructions import Instructions
from fixgw.spec.phase import Phase
from fixgw.spec.values import ExecRestatementReason, OrdType, PegOffsetType, Price, Side, TimeInForce
from tests.orders import AAPL, BOB, FOK, IOC, Venue, buy, cancel, configuration, sell, venue_with

S = 1_000_000_000


def venue(**terms: int) -> Venue:
    """A venue whose band is two per cent around 100.00, with a limit state of 15 seconds."""
    usual = {"reference_price": 100_00, "dynamic_band_ppm": 20_000, "limit_state_s": 15, "volatility_auction_s": 60}
    return venue_with(configured=configuration(instruments=[msgspec.structs.replace(AAPL, **(usual | terms))]))


def kinds(events: list[Event]) -> list[type]:
    return [type(event) for event in events]


def test_an_order_beyond_the_band_rests_at_its_edge_whether_it_trades_or_not() -> None:
    of_nobody = venue()

    accepted, amended, state = of_nobody.handle(buy(10, at="103.00"))

    assert isinstance(accepted, OrderAccepted)
    assert isinstance(amended, OrderAmended)
    assert amended.text == "the price band of AAPL ends at 102.00"
    assert amended.exec_restatement_reason is ExecRestatementReason.REPRICING
    assert (amended.previous_price, amended.order.price) == (103_00, 102_00)
    assert state == LimitStateChanged("AAPL", Side.BUY, Price(102_00))
    assert of_nobody.depth("AAPL").bids == [("102.00", 10)]


def test_what_is_in_the_band_trades_and_the_rest_does_not() -> None:
    of_three = venue(dynamic_band_average_s=300)
    for price in ("100.00", "102.00", "102.01"):
        of_three.handle(sell(10, at=price, by=BOB))

    events = of_three.handle(buy(40, at="105.00"))

    assert [event.last_px for event in events if isinstance(event, Trade)] == [100_00, 102_00]
    assert of_three.depth("AAPL") == ([("102.00", 20)], [("102.01", 10)])


def test_the_other_way_down() -> None:
    of_nobody = venue()

    assert of_nobody.handle(sell(10, at="97.00"))[-1] == LimitStateChanged("AAPL", Side.SELL, Price(98_00))
    assert of_nobody.depth("AAPL").asks == [("98.00", 10)]


@pytest.mark.parametrize("time_in_force", [IOC, FOK])
def test_what_may_not_rest_is_canceled(time_in_force: TimeInForce) -> None:
    of_one = venue()
    of_one.handle(sell(10, at="102.50", by=BOB))

    assert kinds(of_one.handle(buy(5, at="103.00", time_in_force=time_in_force))) == [OrderAccepted, OrderCanceled]
    assert kinds(of_one.handle(buy(5))) == [OrderAccepted, OrderCanceled]
    assert kinds(of_one.handle(buy(5, ord_type=OrdType.MARKET_WITH_LEFTOVER_AS_LIMIT)))[-1] is OrderCanceled
    assert of_one.depth("AAPL") == ([], [("102.50", 10)])


def test_a_peg_from_before_is_taken_along_and_goes_back_when_there_are_no_limit_states_any_more() -> None:
    follows = Instructions(exec_inst="P", peg_offset_value=-1, peg_offset_type=PegOffsetType.TICKS)
    peg = msgspec.structs.replace(buy(5), ord_type=OrdType.PEGGED, instructions=follows)
    of_two = venue_with(sell(5, at="103.00", by=BOB), peg, configured=configuration(instruments=[AAPL]))
    limited = venue().core.configuration
    assert limited is not None

    of_two.handle(limited)
    of_two.handle(sell(5, at="104.00", by=BOB))
    assert of_two.depth("AAPL").bids == [("102.00", 5)]

    of_two.handle(configuration(instruments=[AAPL]))
    assert of_two.depth("AAPL").bids == [("102.99", 5)]


def test_what_rests_far_from_the_market_stays_there() -> None:
    of_nobody = venue()

    assert kinds(of_nobody.handle(sell(10, at="150.00"))) == [OrderAccepted]
    assert kinds(of_nobody.handle(buy(10, at="50.00"))) == [OrderAccepted]


def test_a_limit_state_that_recovers_is_over() -> None:
    of_one = venue()
    order = buy(10, at="103.00")
    of_one.handle(order, 1 * S)

    assert of_one.handle(cancel(order), 10 * S)[-1] == LimitStateChanged("AAPL", None, None)
    # And begins anew, with all of its time before it.
    of_one.handle(buy(10, at="102.00"), 12 * S)
    assert of_one.handle(PauseTrading("AAPL"), 16 * S) == []
    assert of_one.handle(PauseTrading("AAPL"), 27 * S - 1) == []
    assert kinds(of_one.handle(PauseTrading("AAPL"), 27 * S)) == [PhaseChanged, LimitStateChanged]


def test_one_that_lasts_pauses_trading_and_an_auction_ends_it() -> None:
    of_one = venue(dynamic_band_average_s=300)
    of_one.handle(sell(10, at="103.00", by=BOB))
    of_one.handle(buy(10, at="104.00"), S)

    paused, over = of_one.handle(PauseTrading("AAPL"), 16 * S)

    assert isinstance(paused, PhaseChanged)
    assert (paused.phase, paused.operator) == (Phase.VOLATILITY_AUCTION, "venue")
    assert paused.reason == "limit state of AAPL: the best bid is at the upper price band 102.00, for 15 s"
    assert over == LimitStateChanged("AAPL", None, None)
    assert of_one.core.exchange.market.phases.interrupted == {"AAPL": 0}
    of_one.handle(buy(10, at="103.00"), 20 * S)
    go_on = SetPhase("schedule", "the volatility auction is over", "AAPL", Phase.CONTINUOUS)
    trade, changed = of_one.handle(go_on, 76 * S)
    assert isinstance(trade, Trade)
    assert trade.last_px == 103_00
    assert isinstance(changed, PhaseChanged)
    # The band is around the price that the auction has found.
    of_one.handle(buy(1, at="110.00"), 77 * S)
    assert of_one.depth("AAPL").bids[0] == ("105.06", 1)


def test_the_band_is_around_the_average_of_the_seconds_of_its_window() -> None:
    of_one = venue(dynamic_band_average_s=10)
    for second, price in ((100, "100.00"), (105, "101.00"), (105, "101.50")):
        of_one.handle(sell(1, at=price, by=BOB), second * S)
        of_one.handle(buy(1, at=price), second * S)

    assert _band(of_one, 105 * S) == (98_82, 102_84)  # around 100.83, rounded down
    assert _band(of_one, 109 * S) == (98_82, 102_84)
    assert _band(of_one, 110 * S) == (99_23, 103_27)  # around 101.25: the first second is gone
    assert _band(of_one, 115 * S) == (99_47, 103_53)  # around the last trade, 101.50


def _band(venue: Venue, now_ns: int) -> tuple[int, int] | None:
    venue.core.exchange.market.now_ns = now_ns
    band = venue.core.exchange.market.band("AAPL")
    return None if band is None else (band.low, band.high)


def test_what_rests_is_taken_along_when_the_band_has_left_it() -> None:
    of_some = venue(dynamic_band_average_s=10, dynamic_band_ppm=10_000)
    of_some.handle(sell(1, at="100.00", by=BOB), 100 * S)
    of_some.handle(buy(1, at="100.00"), 100 * S)
    of_some.handle(sell(1, at="101.00", by=BOB), 105 * S)
    of_some.handle(buy(1, at="101.00"), 105 * S)
    first, second = sell(2, at="99.60", by=BOB), sell(3, at="99.70", by=BOB)
    of_some.handle(first, 106 * S)
    of_some.handle(second, 106 * S)

    # The trade at 100.00 is too old: the band is from 99.99 to 102.01, and nobody sells below.
    events = of_some.handle(buy(4, at="101.00"), 112 * S)

    moved = [event for event in events if isinstance(event, OrderAmended)]
    assert [(event.order.cl_ord_id, event.order.price, event.rested) for event in moved] == [
        (first.cl_ord_id, 99_99, True),
        (second.cl_ord_id, 99_99, True),
    ]
    assert [(event.last_px, event.last_qty) for event in events if isinstance(event, Trade)] == [(99_99, 2), (99_99, 2)]


def test_edges_are_on_the_tick_within_the_band() -> None:
    of_ticks = venue_with(
        configured=configuration(
            instruments=[
                msgspec.structs.replace(
                    AAPL, tick_size=Price(5), reference_price=Price(100_00), dynamic_band_ppm=10_300,
                    limit_state_s=15, volatility_auction_s=60,
                )
            ]
        )
    )  # fmt: skip
    of_ticks.handle(buy(1, at="105.00"))

    assert of_ticks.depth("AAPL").bids == [("101.00", 1)]


def test_a_limit_state_ends_with_its_instrument() -> None:
    of_one = venue()
    of_one.handle(buy(10, at="103.00"))

    events = of_one.handle(DelistInstrument("olivia", "a reason", "AAPL", True))

    assert kinds(events)[0] is InstrumentDelisted
    assert of_one.core.exchange.market.limit_states == {}
    assert of_one.handle(PauseTrading("AAPL"), 99 * S) == []


def test_a_restored_venue_is_in_the_same_limit_state_around_the_same_average() -> None:
    whole = venue(dynamic_band_average_s=10)
    for second, price in ((100, "100.00"), (105, "101.00")):
        whole.handle(sell(1, at=price, by=BOB), second * S)
        whole.handle(buy(1, at=price), second * S)
    whole.handle(buy(5, at="110.00"), 106 * S)
    taken = msgspec.msgpack.encode(whole.core.state())

    again = Core()
    again.restore(msgspec.msgpack.decode(taken, type=CoreState))

    assert msgspec.msgpack.encode(again.state()) == taken
    for command in (sell(2, at="90.00", by=BOB), buy(1, at="120.00"), PauseTrading("AAPL")):
        assert again.decide(command, 122 * S) == tuple(whole.handle(command, 122 * S))
    assert msgspec.msgpack.encode(again.state()) == msgspec.msgpack.encode(whole.core.state())
