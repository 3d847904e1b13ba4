"""Post-close: whoever is willing to trades at the closing price, and who came first trades first."""

import msgspec

from fixgw.spec.commands import Command, NewOrder, SetPhase
from fixgw.spec.events import Trade
from fixgw.spec.instructions import Instructions
from fixgw.spec.phase import Phase
from fixgw.spec.values import Qty
from tests.engine.test_state import encoded, restored
from tests.orders import BOB, CAROL, Venue, buy, replace, sell, venue_with

CLOSE = SetPhase("olivia", "a reason", "AAPL", Phase.POST_CLOSE)
HIDDEN = Instructions(max_floor=Qty(0))


def closed_with(*orders: NewOrder) -> Venue:
    """A venue in post-close with a closing price of 100.00, whose ``orders``, from OrderID 3 on, were there before."""
    venue = venue_with(buy(1, at="100.00", by=CAROL), sell(1, at="100.00", by=BOB))
    for order in orders:
        venue.handle(order)
    venue.handle(CLOSE)
    return venue


def bought(venue: Venue, command: Command) -> list[tuple[str, int]]:
    """Return the OrderID of the buyer, and the quantity, of each trade at the closing price."""
    trades = [event for event in venue.handle(command) if isinstance(event, Trade)]
    assert all(trade.in_auction and trade.last_px == 10_000 for trade in trades)
    return [(trade.resting.order.order_id, trade.last_qty) for trade in trades]


def test_the_oldest_trades_first_whatever_its_limit() -> None:
    venue = closed_with(buy(2, at="100.10"), buy(3, at="100.30"), buy(4, at="100.20"))

    assert bought(venue, sell(7, at="99.00", by=BOB)) == [("3", 2), ("4", 3), ("5", 2)]


def test_so_do_those_that_come_after_the_close() -> None:
    venue = closed_with(buy(2, at="100.30"))
    venue.handle(buy(3, at="100.00"))
    venue.handle(buy(4, at="100.40"))

    assert bought(venue, sell(9, at="100.00", by=BOB)) == [("3", 2), ("4", 3), ("5", 4)]


def test_hidden_or_not() -> None:
    venue = closed_with(buy(2, at="100.10", instructions=HIDDEN), buy(3, at="100.10"), buy(4, at="100.10"))

    assert bought(venue, sell(9, at="100.00", by=BOB)) == [("3", 2), ("4", 3), ("5", 4)]


def test_one_that_lost_its_place_is_behind() -> None:
    first = buy(2, at="100.10")
    venue = closed_with(first, buy(3, at="100.00"))
    venue.handle(replace(first, 4))

    assert bought(venue, sell(9, at="100.00", by=BOB)) == [("4", 3), ("3", 4)]


def test_one_that_is_not_willing_to_stays() -> None:
    venue = closed_with(buy(2, at="99.90"), buy(3, at="100.00"))

    assert bought(venue, sell(9, at="99.00", by=BOB)) == [("4", 3)]


def test_an_uncross_goes_by_price_as_ever() -> None:
    venue = venue_with(SetPhase("olivia", "a reason", "AAPL", Phase.CLOSING_AUCTION))
    for order in (buy(2, at="100.10"), buy(3, at="100.30"), sell(4, at="100.00", by=BOB)):
        venue.handle(order)

    trades = [event for event in venue.handle(CLOSE) if isinstance(event, Trade)]

    assert [(trade.resting.order.order_id, trade.last_qty) for trade in trades] == [("2", 3), ("1", 1)]


def test_a_state_keeps_who_came_first() -> None:
    venue = closed_with(buy(2, at="100.10"), buy(3, at="100.30"))
    again = restored(encoded(venue.core))
    coming = sell(4, at="100.00", by=BOB)

    assert encoded(again) == encoded(venue.core)
    assert again.decide(buy(5, at="100.20")) is not None
    events = again.decide(coming)
    assert [e.resting.order.order_id for e in events if isinstance(e, Trade)] == ["3", "4"]
    again.exchange.check()


def test_of_a_state_from_before_there_was_a_time_the_best_limit_is_first() -> None:
    """Snapshots outlive the version that took them: there all came at once, and those of one limit in their order."""
    venue = closed_with(buy(2, at="100.10"), buy(3, at="100.30"), buy(1, at="100.30"))
    state = venue.core.state()
    for order in state.exchange.orders:
        order.arrival = 0
    queues = [msgspec.structs.replace(each, bid_arrivals=0, ask_arrivals=0) for each in state.exchange.queues]
    before = msgspec.structs.replace(state, exchange=msgspec.structs.replace(state.exchange, queues=queues))

    again = restored(msgspec.msgpack.encode(before))

    events = again.decide(sell(6, at="100.00", by=BOB))
    assert [e.resting.order.order_id for e in events if isinstance(e, Trade)] == ["4", "5", "3"]
