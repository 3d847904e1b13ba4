"""Self-match prevention: by id, account or firm, and what happens instead of the trade."""

import msgspec
import pytest

from fixgw.spec.events import Event, OrderAccepted, OrderAmended, OrderCanceled, Trade
from fixgw.spec.instructions import Instructions
from fixgw.spec.values import ExecRestatementReason, Qty, SelfMatchPrevention, SelfMatchScope
from tests.orders import AAPL, ALICE, BOB, CAROL, FOK, Venue, buy, configuration, replace, sell, venue_with

NEWEST, OLDEST = SelfMatchPrevention.CANCEL_NEWEST, SelfMatchPrevention.CANCEL_OLDEST
BOTH, DECREMENT = SelfMatchPrevention.CANCEL_BOTH, SelfMatchPrevention.DECREMENT


def of_desk(how: SelfMatchPrevention | None = None) -> Instructions:
    return Instructions(self_match_prevention_id="desk", self_match_prevention=how)


def of_account(how: SelfMatchPrevention) -> Instructions:
    return Instructions(self_match_prevention=how)


def told(events: list[Event]) -> list[str]:
    """Return what happened to which order, in short."""
    words = []
    for event in events:
        match event:
            case OrderCanceled(order=order):
                assert event.exec_restatement_reason is ExecRestatementReason.OTHER
                words.append(f"canceled {order.order_id}: {event.canceled_qty}")
            case OrderAmended(order=order):
                assert event.exec_restatement_reason is ExecRestatementReason.PARTIAL_DECLINE_OF_ORDER_QTY
                words.append(f"amended {order.order_id}: {order.order_qty}, {order.leaves_qty} left")
            case Trade():
                words.append(f"{event.last_qty} of {event.resting.order.order_id}")
            case _:
                assert isinstance(event, OrderAccepted)
    return words


@pytest.mark.parametrize(
    ("how", "happens"),
    [
        (NEWEST, ["canceled 3: 60"]),
        (OLDEST, ["canceled 1: 40", "10 of 2"]),
        (None, ["canceled 1: 40", "10 of 2"]),
        (BOTH, ["canceled 1: 40", "canceled 3: 60"]),
        (DECREMENT, ["canceled 1: 40", "amended 3: 20, 20 left", "10 of 2"]),
    ],
)
def test_what_happens_instead(how: SelfMatchPrevention | None, happens: list[str]) -> None:
    venue = venue_with(sell(40, at="100.25", instructions=of_desk()), sell(10, at="100.25", by=BOB))

    assert told(venue.handle(buy(60, at="100.25", by=CAROL, instructions=of_desk(how)))) == happens


def test_decrementing_leaves_the_larger_at_its_place() -> None:
    """OrderQty(38) falls with LeavesQty(151), also where part is filled (E1)."""
    first = sell(40, at="100.25", instructions=of_desk())
    venue = venue_with(first, sell(10, at="100.25", by=BOB), buy(5, at="100.25", by=BOB))

    events = venue.handle(buy(20, at="100.25", instructions=of_desk(DECREMENT)))

    assert told(events) == ["amended 1: 20, 15 left", "canceled 4: 20"]
    assert told(venue.handle(buy(16, at="100.25", by=BOB))) == ["15 of 1", "1 of 2"]


def test_an_id_counts_within_a_firm_only() -> None:
    venue = venue_with(sell(40, at="100.25", by=BOB, instructions=of_desk()))

    assert told(venue.handle(buy(40, at="100.25", instructions=of_desk(NEWEST)))) == ["40 of 1"]


def test_another_id_is_another_hand() -> None:
    venue = venue_with(sell(40, at="100.25", instructions=of_desk()))
    other = Instructions(self_match_prevention_id="other", self_match_prevention=NEWEST)

    assert told(venue.handle(buy(40, at="100.25", instructions=other))) == ["40 of 1"]


def test_without_an_id_the_account_is_kept_apart() -> None:
    venue = venue_with(sell(40, at="100.25"), sell(40, at="100.25", by=CAROL))

    assert told(venue.handle(buy(50, at="100.25", instructions=of_account(OLDEST)))) == ["canceled 1: 40", "40 of 2"]


def venue_of(how: SelfMatchPrevention, scope: SelfMatchScope) -> Venue:
    instrument = msgspec.structs.replace(AAPL, self_match_prevention=how, self_match_scope=scope)
    return venue_with(configured=configuration(instruments=(instrument,)))


@pytest.mark.parametrize(
    ("scope", "happens"),
    [
        (SelfMatchScope.ID, ["10 of 1", "10 of 2", "10 of 3"]),
        (SelfMatchScope.ACCOUNT, ["canceled 1: 10", "10 of 2", "10 of 3"]),
        (SelfMatchScope.FIRM, ["canceled 1: 10", "canceled 2: 10", "10 of 3"]),
    ],
)
def test_an_instrument_may_keep_all_orders_of_one_hand_apart(scope: SelfMatchScope, happens: list[str]) -> None:
    venue = venue_of(OLDEST, scope)
    for by in (ALICE, CAROL, BOB):
        venue.handle(sell(10, at="100.25", by=by))

    assert told(venue.handle(buy(30, at="100.25"))) == happens


def test_the_order_that_comes_says_more_than_its_instrument() -> None:
    venue = venue_of(NEWEST, SelfMatchScope.ACCOUNT)
    venue.handle(sell(10, at="100.25"))

    assert told(venue.handle(buy(20, at="100.25", instructions=of_account(OLDEST)))) == ["canceled 1: 10"]


@pytest.mark.parametrize(("how", "is_filled"), [(OLDEST, True), (NEWEST, False), (BOTH, False), (DECREMENT, False)])
def test_fill_or_kill_counts_what_it_may_trade_with(how: SelfMatchPrevention, is_filled: bool) -> None:
    venue = venue_with(sell(10, at="100.25"), sell(10, at="100.25", by=BOB))

    events = venue.handle(buy(10, at="100.25", time_in_force=FOK, instructions=of_account(how)))

    assert any(isinstance(event, Trade) for event in events) is is_filled
    assert venue.depth("AAPL").asks == ([] if is_filled else [("100.25", 20)])


def test_a_replace_keeps_from_its_own_too() -> None:
    order = buy(10, at="100.00")
    venue = venue_with(sell(10, at="100.25"), order)

    events = venue.handle(replace(order, at="100.25", instructions=of_account(BOTH)))

    assert [type(event) for event in events[1:]] == [OrderCanceled, OrderCanceled]
    assert not venue.live_orders()


@pytest.mark.parametrize("how", [NEWEST, BOTH, DECREMENT])
def test_fill_or_kill_counts_of_an_iceberg_before_its_own_what_is_displayed(how: SelfMatchPrevention) -> None:
    """What is not displayed would trade behind the own order only, which it does not pass."""
    venue = venue_with(
        buy(60, at="100", by=BOB, instructions=Instructions(max_floor=Qty(10))),
        buy(10, at="100"),
    )

    accepted, canceled = venue.handle(sell(40, at="100", time_in_force=FOK, instructions=of_account(how)))

    assert isinstance(accepted, OrderAccepted)
    assert isinstance(canceled, OrderCanceled)
    assert canceled.order.cum_qty == 0
    events = venue.handle(sell(10, at="100", time_in_force=FOK, instructions=of_account(how)))
    assert [event.last_qty for event in events if isinstance(event, Trade)] == [10]
