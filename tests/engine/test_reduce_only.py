"""Reduce-only, ReduceOnly(20002)=Y: the order only makes the position of its account smaller."""

from collections.abc import Iterator
from random import Random

import msgspec
import pytest

from fixgw.spec.commands import (
    BustTrade,
    Command,
    ConfigureVenue,
    EndDay,
    MassCancel,
    NewOrder,
    RestrictionCommand,
    SetPhase,
)
from fixgw.spec.events import (
    CancelRejected,
    Event,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderRejected,
    OrderReplaced,
    Trade,
)
from fixgw.spec.inquiries import AccountPosition, RiskAnswer, RiskInquiry
from fixgw.spec.instructions import Instructions
from fixgw.spec.phase import Phase
from fixgw.spec.values import ExecRestatementReason, OrdRejReason, OrdType, Price, Qty, Side
from tests.engine.histories import BYTES_A_COMMAND, Decided, commands
from tests.engine.test_properties import Watched
from tests.engine.test_state import encoded, restored
from tests.orders import BOB, CAROL, FOK, GTC, Venue, buy, cancel, replace, sell, venue_with

REDUCE = Instructions(reduce_only=True)


def long_by(qty: int) -> Venue:
    """A venue in which Alice has bought ``qty`` of Carol; its next order has OrderID 3."""
    return venue_with(sell(qty, at="100.00", by=CAROL), buy(qty, at="100.00"))


def refusal(venue: Venue, command: Command) -> str:
    (event,) = venue.handle(command)
    assert isinstance(event, OrderRejected | CancelRejected), event
    if isinstance(event, OrderRejected):
        assert event.ord_rej_reason is OrdRejReason.ORDER_EXCEEDS_LIMIT
    return event.text


def lowered(events: list[Event]) -> list[tuple[str, int, bool]]:
    """Return OrderID, what is left and whether it is canceled of each order that the venue has lowered."""
    told = [event for event in events if isinstance(event, OrderAmended | OrderCanceled)]
    for event in told:
        assert event.text == "ReduceOnly(20002): the position of A1 in AAPL is smaller now"
    return [(event.order.order_id, event.order.leaves_qty, isinstance(event, OrderCanceled)) for event in told]


def test_it_is_taken_up_to_the_position() -> None:
    venue = long_by(10)

    assert isinstance(venue.handle(sell(10, at="101", instructions=REDUCE))[0], OrderAccepted)


def test_what_would_be_more_is_refused_with_the_position() -> None:
    text = "ReduceOnly(20002): OrderQty(38) 11 is more than would reduce it, the position of A1 in AAPL is long 10"
    assert refusal(long_by(10), sell(11, at="101", instructions=REDUCE)) == text


def test_the_other_side_and_no_position_are_refused() -> None:
    assert refusal(long_by(10), buy(1, at="99", instructions=REDUCE)).endswith("long 10")
    assert refusal(long_by(10), sell(1, at="99", instructions=REDUCE, by=CAROL)).endswith("of A2 in AAPL is short 10")
    assert refusal(venue_with(), buy(1, at="99", instructions=REDUCE)).endswith("of A1 in AAPL is 0")


def test_others_that_are_open_count_and_plain_ones_do_not() -> None:
    first = sell(6, at="101", instructions=REDUCE)
    venue = long_by(10)
    venue.handle(sell(100, at="102"))
    venue.handle(first)

    assert refusal(venue, sell(5, at="101", instructions=REDUCE)).endswith("long 10, of which 6 are ordered")
    assert isinstance(venue.handle(sell(4, at="101", instructions=REDUCE))[0], OrderAccepted)
    venue.handle(cancel(first))
    assert isinstance(venue.handle(sell(6, at="101", instructions=REDUCE))[0], OrderAccepted)


def test_its_own_trades_lower_nothing() -> None:
    venue = long_by(10)
    venue.handle(sell(6, at="101", instructions=REDUCE))
    venue.handle(sell(4, at="101", instructions=REDUCE))

    assert lowered(venue.handle(buy(8, at="101", by=BOB))) == []
    assert [order.leaves_qty for order in venue.live_orders()] == [2]


def test_another_trade_lowers_the_newest_first() -> None:
    venue = long_by(10)
    for qty in (5, 3, 2):
        venue.handle(sell(qty, at="101", instructions=REDUCE))
    venue.handle(buy(10, at="100.50", by=BOB))

    events = venue.handle(sell(4, at="100.50"))

    assert lowered(events) == [("5", 0, True), ("4", 1, False)]
    canceled, amended = events[-2:]
    assert isinstance(canceled, OrderCanceled)
    assert canceled.exec_restatement_reason is ExecRestatementReason.MARKET_OPTION
    assert isinstance(amended, OrderAmended)
    assert amended.exec_restatement_reason is ExecRestatementReason.PARTIAL_DECLINE_OF_ORDER_QTY
    assert (amended.order.order_qty, amended.previous_leaves_qty, amended.keeps_priority) == (1, 3, True)


def test_it_is_lowered_before_the_next_trade() -> None:
    """One order sweeps a plain one and the reduce-only one behind it: together they were more than the position."""
    venue = long_by(10)
    venue.handle(sell(10, at="101", instructions=REDUCE))
    venue.handle(sell(7, at="100.50"))

    events = venue.handle(buy(20, at="101", by=BOB))

    assert [event.last_qty for event in events if isinstance(event, Trade)] == [7, 3]
    assert venue.core.gate.positions.net_qty("A1", "AAPL") == 0


def test_a_fill_or_kill_does_not_count_what_may_be_lowered() -> None:
    venue = long_by(10)
    venue.handle(sell(10, at="101", instructions=REDUCE))
    venue.handle(sell(7, at="100.50"))

    events = venue.handle(buy(15, at="101", by=BOB, time_in_force=FOK))
    assert not any(isinstance(event, Trade) for event in events)
    assert any(isinstance(e, Trade) for e in venue.handle(buy(7, at="101", by=BOB, time_in_force=FOK)))


def test_one_that_waits_for_its_trigger_counts_and_is_lowered() -> None:
    venue = long_by(10)
    stop = sell(10, instructions=Instructions(stop_px=Price(9_900), reduce_only=True))
    venue.handle(msgspec.structs.replace(stop, ord_type=OrdType.STOP))
    assert refusal(venue, sell(1, at="101", instructions=REDUCE)).endswith("of which 10 are ordered")
    venue.handle(buy(4, at="100", by=BOB))

    assert lowered(venue.handle(sell(4, at="100"))) == [("3", 6, False)]


def test_a_replace_is_judged_like_a_new_order() -> None:
    order = sell(6, at="101", instructions=REDUCE)
    venue = long_by(10)
    venue.handle(order)

    refused = replace(order, 11, instructions=REDUCE)
    assert refusal(venue, refused).startswith("ReduceOnly(20002): OrderQty(38) 11 is more")
    up = replace(order, 10, instructions=REDUCE)
    assert isinstance(venue.handle(up)[0], OrderReplaced)
    plain = replace(up, 20)
    assert isinstance(venue.handle(plain)[0], OrderReplaced)
    assert isinstance(venue.handle(sell(10, at="101", instructions=REDUCE))[0], OrderAccepted)
    assert refusal(venue, replace(plain, 20, instructions=REDUCE)).endswith("of which 10 are ordered")


def test_in_an_auction_it_is_lowered_as_well() -> None:
    venue = long_by(10)
    venue.handle(SetPhase("olivia", "a reason", "AAPL", Phase.CLOSING_AUCTION))
    venue.handle(sell(10, at="100", instructions=REDUCE))
    venue.handle(sell(6, at="99"))
    venue.handle(buy(30, at="100", by=BOB))

    events = venue.handle(SetPhase("olivia", "a reason", "AAPL", Phase.CONTINUOUS))

    assert [event.last_qty for event in events if isinstance(event, Trade)] == [6, 4]
    assert lowered(events) == [("3", 4, False)]


def test_a_bust_lowers_it() -> None:
    venue = long_by(10)
    venue.handle(sell(8, at="101", instructions=REDUCE))
    (trade,) = venue.core.exchange.market.trades

    events = venue.handle(BustTrade("olivia", "a reason", trade.trade_id))

    assert lowered(events[-1:]) == [("3", 0, True)]


def test_with_all_or_none_it_is_refused() -> None:
    (rejected,) = long_by(10).handle(sell(5, at="101", instructions=Instructions(exec_inst="G", reduce_only=True)))

    assert isinstance(rejected, OrderRejected)
    assert rejected.ord_rej_reason is OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC
    assert rejected.text.startswith("ReduceOnly(20002) Y is not supported with ExecInst(18) G")


def test_an_iceberg_has_less_of_what_is_not_displayed() -> None:
    venue = long_by(10)
    venue.handle(sell(10, at="101", instructions=Instructions(reduce_only=True, max_floor=Qty(2))))
    venue.handle(buy(4, at="100.50", by=BOB))

    (amended,) = [e for e in venue.handle(sell(4, at="100.50")) if isinstance(e, OrderAmended)]

    assert (amended.order.leaves_qty, amended.order.hidden_qty) == (6, 4)


def test_the_operator_sees_positions() -> None:
    venue = long_by(10)

    answer = venue.core.inspect(RiskInquiry())

    assert isinstance(answer, RiskAnswer)
    held = {each.account: each.positions for each in answer.exposures if each.positions}
    assert held == {"A1": (AccountPosition("AAPL", 10, 0),), "A2": (AccountPosition("AAPL", -10, 0),)}


def test_a_state_has_them() -> None:
    venue = long_by(10)
    venue.handle(sell(6, at="101", instructions=REDUCE))
    venue.handle(sell(4, at="101", instructions=REDUCE))
    venue.handle(buy(5, at="100", by=BOB))
    again = restored(encoded(venue.core))
    coming: Command = sell(5, at="100")

    assert encoded(again) == encoded(venue.core)
    events = venue.handle(coming)
    assert lowered(events) == [("4", 0, True), ("3", 5, False)]
    assert tuple(events) == again.decide(coming)


def test_they_are_lowered_as_the_naive_venue_says() -> None:
    """In histories in which every other limit order is reduce-only."""
    refused, taken, less = 0, 0, 0
    for seed in range(30):
        watched = Watched()
        watched.play(_many(Random(seed)))
        watched.finish()
        for frame in watched.frames:
            for event in frame.events:
                text = getattr(event, "text", None) or ""
                instructions = event.order.instructions if isinstance(event, OrderAccepted) else None
                taken += instructions is not None and instructions.reduce_only
                refused += "would reduce it" in text
                less += text.endswith("is smaller now")

        if seed > 3 and min(refused, taken, less) >= 5:
            return
    pytest.fail(f"they were not met often enough: {refused}, {taken}, {less}")


def _many(random: Random) -> Iterator[Decided]:
    for number, command in enumerate(commands(random.randbytes(BYTES_A_COMMAND) for _ in range(400))):
        if (
            isinstance(command, NewOrder)
            and number % 2
            and command.ord_type is OrdType.LIMIT
            and command.price is not None
        ):
            away = -4 if command.side is Side.BUY else 4  # so far that it stays until others have traded
            terms = {
                "price": Price(command.price + away),
                "order_qty": Qty(2),
                "time_in_force": GTC,
                "instructions": REDUCE,
            }
            yield msgspec.structs.replace(command, **terms)
        elif not isinstance(command, RestrictionCommand | EndDay | MassCancel | SetPhase) and not (
            isinstance(command, ConfigureVenue) and number
        ):
            yield command


@pytest.mark.parametrize("value", [True, False])
def test_what_is_not_asked_for_is_not_told(value: bool) -> None:
    """Journals from before there were any are read: the field comes last, and its default is not to."""
    written = msgspec.msgpack.encode(Instructions(reduce_only=value))
    *before, reduce_only = msgspec.msgpack.decode(written)

    assert reduce_only is value
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(before), type=Instructions) == Instructions()
