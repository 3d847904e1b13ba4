"""All or none, ExecInst(18)=G: the order trades whole, in one step, or waits aside of the book."""

from collections.abc import Iterator
from random import Random

import msgspec
import pytest

from fixgw.engine import all_or_none
from fixgw.spec.commands import CancelByOperator, Command, EndDay, MassCancel, NewOrder, RestrictionCommand, SetPhase
from fixgw.spec.events import CancelRejected, Event, OrderAccepted, OrderCanceled, OrderExpired, OrderRejected, Trade
from fixgw.spec.instructions import Instructions
from fixgw.spec.phase import Phase
from fixgw.spec.values import OrdRejReason, OrdStatus, Price, Qty, SelfMatchPrevention, SelfMatchScope, Side
from tests.engine.histories import BYTES_A_COMMAND, Decided, commands
from tests.engine.test_properties import Watched
from tests.engine.test_state import encoded, restored
from tests.orders import (
    AAPL,
    BOB,
    DAY,
    FOK,
    GTC,
    IOC,
    Venue,
    buy,
    cancel,
    configuration,
    replace,
    sell,
    venue_with,
)

AON = Instructions(exec_inst="G")
NO_SELF_MATCH = configuration(
    instruments=(
        msgspec.structs.replace(
            AAPL, self_match_prevention=SelfMatchPrevention.CANCEL_NEWEST, self_match_scope=SelfMatchScope.ACCOUNT
        ),
    )
)


def trades(events: list[Event]) -> list[tuple[int, int]]:
    """Return price and quantity of each trade."""
    return [(event.last_px, event.last_qty) for event in events if isinstance(event, Trade)]


def aside(venue: Venue) -> list[str]:
    """Return the OrderIDs of what waits aside, the bids first."""
    book = venue.core.exchange.market.books["AAPL"]
    return [order.order_id for order in (*book.bids.aside, *book.asks.aside)]


def test_one_that_can_trade_whole_does_so_as_it_comes() -> None:
    venue = venue_with(sell(5, at="100.25"), sell(5, at="100.26"))

    events = venue.handle(buy(10, at="100.26", by=BOB, instructions=AON))

    assert trades(events) == [(10_025, 5), (10_026, 5)]
    assert venue.live_orders() == []


def test_one_that_cannot_waits_aside_and_is_not_displayed() -> None:
    venue = venue_with(sell(5, at="100.25"))

    (accepted,) = venue.handle(buy(10, at="100.30", by=BOB, instructions=AON))

    assert isinstance(accepted, OrderAccepted)
    assert accepted.order.hidden_qty == accepted.order.leaves_qty == 10
    assert venue.depth("AAPL") == ([], [("100.25", 5)])
    assert venue.core.exchange.reference_price("AAPL") is None, "no part of best bid and offer"


def test_it_does_not_stand_in_the_way_of_others() -> None:
    """A smaller order passes it over, though its price is the best."""
    venue = venue_with(buy(10, at="100.30", instructions=AON), buy(10, at="100.25"))

    assert trades(venue.handle(sell(9, at="100.20", by=BOB))) == [(10_025, 9)]
    assert aside(venue) == ["1"]


def test_an_order_that_is_large_enough_trades_with_it_at_its_price() -> None:
    venue = venue_with(buy(10, at="100.30", instructions=AON), buy(10, at="100.25"))

    assert trades(venue.handle(sell(15, at="100.20", by=BOB))) == [(10_030, 10), (10_025, 5)]


def test_at_one_price_it_is_behind_all_others_displayed_or_not() -> None:
    hidden = Instructions(max_floor=Qty(0))
    venue = venue_with(
        buy(4, at="100.25", instructions=AON), buy(3, at="100.25", instructions=hidden), buy(2, at="100.25")
    )

    events = venue.handle(sell(9, at="100.25", by=BOB))

    resting = [event.resting.order.order_id for event in events if isinstance(event, Trade)]
    assert resting == ["3", "2", "1"]


def test_of_several_the_best_price_then_the_oldest_and_one_too_large_is_passed_over() -> None:
    orders = [buy(6, at="100.25"), buy(4, at="100.26"), buy(3, at="100.25"), buy(2, at="100.25")]
    venue = venue_with(*(msgspec.structs.replace(order, instructions=AON) for order in orders))
    assert aside(venue) == ["2", "1", "3", "4"]

    events = venue.handle(sell(7, at="100.25", by=BOB, time_in_force=IOC))

    assert trades(events) == [(10_026, 4), (10_025, 3)]
    assert aside(venue) == ["1", "4"]


def test_it_is_looked_at_again_when_something_comes() -> None:
    """Neither of two small orders is enough; together they are, and trade at their own prices."""
    venue = venue_with(buy(10, at="100.30", instructions=AON), sell(5, at="100.25", by=BOB))

    accepted, *filled = venue.handle(sell(5, at="100.26", by=BOB))

    assert isinstance(accepted, OrderAccepted)
    assert trades(filled) == [(10_025, 5), (10_026, 5)]
    (bought,) = {event.aggressor.order.order_id for event in filled if isinstance(event, Trade)}
    assert bought == "1"
    assert venue.live_orders() == []


def test_one_meets_another_and_both_trade_whole() -> None:
    venue = venue_with(buy(10, at="100.30", instructions=AON), sell(4, at="100.25", instructions=AON))
    assert aside(venue) == ["1", "2"]

    events = venue.handle(sell(6, at="100.28", by=BOB, instructions=AON))

    # The order to buy, which is looked at first, finds both.
    assert trades(events) == [(10_025, 4), (10_028, 6)]
    assert venue.live_orders() == []


def test_an_order_that_may_only_trade_whole_counts_those_aside() -> None:
    venue = venue_with(buy(10, at="100.30", instructions=AON), buy(5, at="100.25"))

    assert trades(venue.handle(sell(15, at="100.20", by=BOB, time_in_force=FOK))) == [(10_030, 10), (10_025, 5)]


def test_one_that_would_take_too_much_is_not_counted() -> None:
    """The first aside fits and is taken; what is left is too little for the second."""
    venue = venue_with(*(buy(qty, at="100.30", instructions=AON) for qty in (6, 5)))

    events = venue.handle(sell(10, at="100.20", by=BOB, time_in_force=FOK))

    assert trades(events) == []
    assert isinstance(events[-1], OrderCanceled)


def test_an_order_at_market_needs_a_best_price() -> None:
    venue = venue_with(buy(10, at="100.30", instructions=AON))

    assert trades(venue.handle(sell(10, by=BOB))) == []
    venue.handle(buy(1, at="100.25"))
    assert trades(venue.handle(sell(11, by=BOB))) == [(10_030, 10), (10_025, 1)]


def test_a_post_only_order_passes_it_over_and_is_taken_by_it() -> None:
    venue = venue_with(buy(10, at="100.30", instructions=AON))

    events = venue.handle(sell(10, at="100.25", by=BOB, instructions=Instructions(exec_inst="6A")))

    assert trades(events) == [(10_025, 10)]
    trade = events[-1]
    assert isinstance(trade, Trade)
    assert trade.resting.order.order_id == "2"


def test_one_of_the_same_hand_is_passed_over_and_neither_gives_way() -> None:
    venue = venue_with(buy(10, at="100.30", instructions=AON), configured=NO_SELF_MATCH)

    assert len(venue.handle(sell(10, at="100.25"))) == 1
    assert len(venue.live_orders()) == 2


def test_a_band_bounds_it_like_any_other() -> None:
    banded = configuration(instruments=(msgspec.structs.replace(AAPL, dynamic_band_ticks=2),))
    venue = venue_with(buy(1, at="100.00"), sell(1, at="100.00", by=BOB), configured=banded)
    venue.handle(buy(10, at="100.30", instructions=AON))

    assert trades(venue.handle(sell(10, at="100.20", by=BOB))) == [], "100.02 is the highest"
    assert aside(venue) == ["3"]


def test_a_replace_takes_and_gives_the_instruction() -> None:
    order = buy(10, at="100.30", instructions=AON)
    venue = venue_with(order, sell(5, at="100.25", by=BOB))

    plain = replace(order, 10)
    assert trades(venue.handle(plain)) == [(10_025, 5)]
    assert venue.depth("AAPL").bids == [("100.30", 5)]
    whole = replace(plain, 10, instructions=AON)
    assert trades(venue.handle(whole)) == []
    assert venue.depth("AAPL").bids == []
    assert trades(venue.handle(sell(5, at="100.30", by=BOB))) == [(10_030, 5)]


def test_a_replace_to_less_keeps_its_place_and_may_trade_then() -> None:
    order = buy(10, at="100.30", instructions=AON)
    venue = venue_with(order, sell(5, at="100.25", by=BOB))

    assert trades(venue.handle(replace(order, 5, instructions=AON))) == [(10_025, 5)]


def test_it_is_canceled_and_expires_like_any_other() -> None:
    order = buy(10, at="100.30", instructions=AON)
    venue = venue_with(order, buy(5, at="100.30", instructions=AON, time_in_force=GTC))
    venue.handle(cancel(order))
    later = venue.handle(buy(5, at="100.30", instructions=AON))
    assert isinstance(later[0], OrderAccepted)

    expired = [
        event for event in venue.handle(EndDay("olivia", "a reason", "2026-11-20")) if isinstance(event, OrderExpired)
    ]

    assert [event.order.order_id for event in expired] == ["3"]
    assert expired[0].rested
    assert isinstance(venue.handle(CancelByOperator("olivia", "a reason", "2"))[0], OrderCanceled)


def test_in_a_call_it_is_not_taken_and_one_that_waits_takes_no_part() -> None:
    order = buy(10, at="100.30", instructions=AON)
    venue = venue_with(order)
    venue.handle(SetPhase("olivia", "a reason", "AAPL", Phase.OPENING_AUCTION))

    (rejected,) = venue.handle(buy(10, at="100.30", instructions=AON))
    assert isinstance(rejected, OrderRejected)
    assert rejected.ord_rej_reason is OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC
    assert isinstance(venue.handle(replace(order, 9, instructions=AON))[0], CancelRejected)
    venue.handle(sell(10, at="100.20", by=BOB))

    # After the uncross, which had nothing to trade, it finds the other.
    assert trades(venue.handle(SetPhase("olivia", "a reason", "AAPL", Phase.CONTINUOUS))) == [(10_020, 10)]


@pytest.mark.parametrize(
    ("order", "named"),
    [
        (buy(10, instructions=AON), "OrdType(40) 2"),
        (buy(10, at="100", time_in_force=IOC, instructions=AON), "TimeInForce(59) 0, 1 or 6"),
        (buy(10, at="100", time_in_force=FOK, instructions=AON), "TimeInForce(59) 0, 1 or 6"),
        (buy(10, at="100", instructions=Instructions(exec_inst="G", stop_px=Price(10_000))), "no trigger"),
        (buy(10, at="100", instructions=Instructions(exec_inst="G", max_floor=Qty(5))), "MaxFloor(111)"),
        (buy(10, at="100", instructions=Instructions(exec_inst="6G")), "6 (post-only)"),
    ],
)
def test_what_does_not_go_with_it_is_named(order: NewOrder, named: str) -> None:
    (rejected,) = venue_with().handle(order)

    assert isinstance(rejected, OrderRejected)
    assert rejected.ord_rej_reason is OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC
    assert rejected.text.startswith("ExecInst(18) G (all or none) is not supported")
    assert named in rejected.text


def test_so_many_wait_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(all_or_none, "ALL_OR_NONE_MAX", 2)
    venue = venue_with(*(buy(1, at="100", instructions=AON) for _ in range(2)))

    (rejected,) = venue.handle(sell(1, at="110", instructions=AON))

    assert isinstance(rejected, OrderRejected)
    assert rejected.text == "there are 2 all-or-none orders in AAPL; no more are taken"


def test_a_state_has_those_that_wait_in_their_order() -> None:
    venue = venue_with(*(buy(5, at=at, instructions=AON) for at in ("100.00", "100.10", "100.00")))
    again = restored(encoded(venue.core))
    coming: Command = sell(10, at="100.00", by=BOB)

    assert encoded(again) == encoded(venue.core)
    assert again.decide(coming) == venue.core.decide(coming)
    again.exchange.check()


def test_they_trade_as_the_naive_venue_says() -> None:
    """In histories in which one order in three is all or none."""
    as_they_came, later, hit = 0, 0, 0
    for seed in range(30):
        watched = Watched()
        watched.play(_many(Random(seed)))
        watched.finish()
        for frame in watched.frames:
            for event in frame.events:
                if isinstance(event, Trade):
                    active, passive = event.aggressor.order, event.resting.order
                    entering = getattr(frame.command, "cl_ord_id", "") == active.cl_ord_id
                    as_they_came += _is_aon(active.instructions) and entering
                    later += _is_aon(active.instructions) and not entering
                    hit += _is_aon(passive.instructions) and passive.ord_status is OrdStatus.FILLED

        if seed > 3 and min(as_they_came, later, hit) >= 5:
            return
    pytest.fail(f"they were not met often enough: {as_they_came}, {later}, {hit}")


def _is_aon(instructions: Instructions | None) -> bool:
    return instructions is not None and "G" in instructions.exec_inst


def _many(random: Random) -> Iterator[Decided]:
    for number, command in enumerate(commands(random.randbytes(BYTES_A_COMMAND) for _ in range(400))):
        if isinstance(command, NewOrder) and command.time_in_force in (DAY, GTC) and command.instructions is None:
            if number % 3 == 0 and command.price is not None:
                more = 4 if command.side is Side.BUY else -4  # so far from the others that there is something to trade
                command = msgspec.structs.replace(command, instructions=AON, price=Price(command.price + more))
            yield command
        elif not isinstance(command, RestrictionCommand | EndDay | MassCancel | SetPhase):
            yield command
