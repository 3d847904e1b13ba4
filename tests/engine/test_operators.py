"""What operators cancel and ask: sweeps in slices, pages of orders and instruments."""

import msgspec
import pytest

from fixgw.core import Core
from fixgw.engine.inquiries import LOOKED_AT_MAX, PAGE_MAX
from fixgw.engine.sweep import SWEEP_SLICE_MAX
from fixgw.spec.commands import (
    CancelAllByOperator,
    CancelByOperator,
    Command,
    ContinueSweep,
    HaltInstrument,
    Kill,
)
from fixgw.spec.events import Event, OperatorRefused, OrderCanceled, OrdersSwept, Trade
from fixgw.spec.inquiries import (
    InstrumentsAnswer,
    InstrumentsInquiry,
    InstrumentSummary,
    OrderAnswer,
    OrderInquiry,
    OrdersAnswer,
    OrdersInquiry,
    OrderStatusInquiry,
    SessionsAnswer,
    SessionsInquiry,
    SessionSummary,
    VenueAnswer,
    VenueInquiry,
)
from fixgw.spec.instrument import Instrument
from fixgw.spec.restriction import Restriction
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.terms import terms_of
from fixgw.spec.trading_day import TradingDay
from fixgw.spec.values import ExecRestatementReason, OrdStatus, Price, Qty, Side
from tests.orders import (
    AAPL,
    ALICE,
    BOB,
    CAROL,
    MSFT,
    Venue,
    buy,
    cancel,
    configuration,
    replace,
    sell,
    state_of,
    venue_with,
)

BY = ("olivia", "a drill")
LIVE = (OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED)


def canceled(events: list[Event]) -> list[str]:
    """Return the OrderIDs of the orders canceled."""
    return [event.order.order_id for event in events if isinstance(event, OrderCanceled)]


# One order.


def test_an_operator_cancels_one_order() -> None:
    """E29: under its own ClOrdID, unasked."""
    order = buy(10, at="1.00")
    venue = venue_with(order, sell(4, at="1.00", by=BOB))

    (event,) = venue.handle(CancelByOperator(*BY, "1"))

    state = state_of(order, ord_status=OrdStatus.CANCELED, cum_qty=4, leaves_qty=0, cum_notional=400)
    reason = ExecRestatementReason.MARKET_OPTION
    assert event == OrderCanceled("4.0", state, Qty(6), True, None, "canceled by the operator: a drill", reason)


@pytest.mark.parametrize(
    ("order_id", "text"),
    [("9", "there is no order 9"), ("", "there is no order "), ("1", "order 1 is canceled: too late")],
)
def test_an_order_that_is_not_open_cannot_be_canceled(order_id: str, text: str) -> None:
    order = buy(10, at="1.00")
    venue = venue_with(order, cancel(order))

    assert venue.handle(CancelByOperator(*BY, order_id)) == [OperatorRefused("olivia", text)]


# Sweeps.


def test_a_sweep_cancels_in_slices_by_session_the_oldest_first() -> None:
    orders = [buy(1, at="1.00", by=(CAROL, ALICE)[number % 2]) for number in range(2 * SWEEP_SLICE_MAX + 5)]
    venue = venue_with()
    for order in orders:
        venue.decide(order)

    slices = [venue.handle(CancelAllByOperator(*BY, "firm:ALPHA"))]
    while venue.core.exchange.sweeps:
        slices.append(venue.handle(ContinueSweep()))

    assert [events[-1] for events in slices] == [
        OrdersSwept("firm:ALPHA", SWEEP_SLICE_MAX, SWEEP_SLICE_MAX + 5, *BY),
        OrdersSwept("firm:ALPHA", SWEEP_SLICE_MAX, 5, *BY),
        OrdersSwept("firm:ALPHA", 5, 0, *BY),
    ]
    order_ids = [order_id for events in slices for order_id in canceled(events)]
    numbers = range(1, len(orders) + 1)
    assert order_ids == [str(n) for n in (*numbers[1::2], *numbers[::2])]  # CLIENT1, then CLIENT4


def test_a_sweep_takes_the_orders_that_were_open_and_still_are() -> None:
    """One that is canceled or filled meanwhile is passed over, one that is replaced is not, a new one is welcome."""
    orders = [buy(1, at="1.00") for _ in range(SWEEP_SLICE_MAX)]
    own, filled, replaced = buy(1, at="1.00"), buy(1, at="9.00"), buy(5, at="1.00")
    venue = venue_with()
    for order in (*orders, own, filled, replaced):
        venue.decide(order)
    venue.handle(CancelAllByOperator(*BY, "session:CLIENT1"))

    venue.handle(cancel(own))
    assert any(isinstance(event, Trade) for event in venue.handle(sell(1, at="9.00", by=BOB)))
    venue.handle(replace(replaced, 4))
    venue.handle(new := buy(1, at="1.00"))
    events = venue.handle(ContinueSweep())

    assert canceled(events) == [str(SWEEP_SLICE_MAX + 3)]
    assert events[-1] == OrdersSwept("session:CLIENT1", 1, 0, *BY)
    assert [order.cl_ord_id for order in venue.live_orders()] == [new.cl_ord_id]


def test_two_sweeps_of_the_same_orders_end_one_after_the_other() -> None:
    venue = venue_with()
    for _ in range(SWEEP_SLICE_MAX + 50):
        venue.decide(buy(1, at="1.00"))

    venue.handle(CancelAllByOperator(*BY, "venue"))
    second = venue.handle(Kill(*BY, "firm:ALPHA"))

    assert second[-1] == OrdersSwept("firm:ALPHA", 50, 0, *BY)
    assert venue.handle(ContinueSweep()) == [OrdersSwept("venue", 0, 0, *BY)]
    assert not venue.core.exchange.sweeps


def test_a_sweep_of_nothing_says_so() -> None:
    assert venue_with().handle(CancelAllByOperator(*BY, "venue")) == [OrdersSwept("venue", 0, 0, *BY)]


def test_a_sweep_is_the_same_whatever_was_asked_in_between() -> None:
    """An inquiry is not in the journal: it may not change the order in which sessions are swept."""
    history: list[Command] = [configuration(), buy(1, at="1.00", by=CAROL), buy(1, at="1.00"), Kill(*BY, "venue")]
    asked = Core()
    asked.decide(history[0])
    asked.exchange.order_status(OrderStatusInquiry("CLIENT1", "ALPHA", "x", None, None, "AAPL", Side.BUY))
    frames = [Sequenced(1, 1, history[0], Core().decide(history[0]))]
    frames += [Sequenced(n, n, command, asked.decide(command)) for n, command in enumerate(history[1:], start=2)]

    assert Core().replay(frames) == frames[-1]


# Orders.


def find(venue: Venue, inquiry: OrdersInquiry) -> list[str]:
    """Return the OrderIDs of all pages."""
    found: list[str] = []
    while True:
        answer = venue.core.inspect(inquiry)
        assert isinstance(answer, OrdersAnswer)
        found += [order.order_id for order in answer.orders]
        if answer.next_below is None:
            return found
        inquiry = msgspec.structs.replace(inquiry, below=answer.next_below)


@pytest.mark.parametrize(
    ("inquiry", "found"),
    [
        (OrdersInquiry(), ["6", "5", "4", "3", "2", "1"]),
        (OrdersInquiry(ord_statuses=LIVE), ["5", "4", "2", "1"]),
        (OrdersInquiry(ord_statuses=(OrdStatus.CANCELED,)), ["3"]),
        (OrdersInquiry(ord_statuses=(OrdStatus.REJECTED,)), ["6"]),
        (OrdersInquiry(session="CLIENT1"), ["6", "5", "3", "1"]),
        (OrdersInquiry(firm="ALPHA", ord_statuses=LIVE), ["5", "4", "1"]),
        (OrdersInquiry(account="A2"), ["4"]),
        (OrdersInquiry(symbol="MSFT"), ["5"]),
        (OrdersInquiry(side=Side.SELL), ["2"]),
        (OrdersInquiry(below=3), ["2", "1"]),
        (OrdersInquiry(below=1), []),
        (OrdersInquiry(below=0), []),
        (OrdersInquiry(below=10**30), ["6", "5", "4", "3", "2", "1"]),
        (OrdersInquiry(session="CLIENT1", symbol="BTC-USD"), []),
        (OrdersInquiry(count_max=1), ["6", "5", "4", "3", "2", "1"]),
        (OrdersInquiry(count_max=-5, session="CLIENT1"), ["6", "5", "3", "1"]),
    ],
)
def test_orders_are_found_newest_first_by_what_is_given(inquiry: OrdersInquiry, found: list[str]) -> None:
    ended = buy(1, at="1.00")
    venue = venue_with(
        buy(1, at="1.00"), sell(1, at="2.00", by=BOB), ended, buy(1, at="1.00", by=CAROL),
        buy(1, at="1.00", symbol="MSFT"), buy(1, at="1.00", symbol="GOOG"), cancel(ended),
    )  # fmt: skip

    assert find(venue, inquiry) == found


def test_a_page_of_orders_is_bounded_in_length_and_in_work() -> None:
    venue = venue_with(sell(1, at="2.00", by=BOB))
    for _ in range(LOOKED_AT_MAX + PAGE_MAX):
        venue.decide(buy(1, at="1.00"))

    page = venue.core.inspect(OrdersInquiry(count_max=10**6))
    empty = venue.core.inspect(OrdersInquiry(session="CLIENT2"))

    assert isinstance(page, OrdersAnswer)
    assert isinstance(empty, OrdersAnswer)
    assert len(page.orders) == PAGE_MAX
    assert (empty.orders, empty.next_below) == ((), PAGE_MAX + 2)
    assert find(venue, OrdersInquiry(session="CLIENT2")) == ["1"]
    assert len(find(venue, OrdersInquiry())) == LOOKED_AT_MAX + PAGE_MAX + 1


def test_one_order_is_found_by_order_id_or_by_any_cl_ord_id_of_its_session() -> None:
    order = buy(10, at="1.00", cl_ord_id="a1")
    venue = venue_with(order, replace(order, 9, cl_ord_id="a2"))
    now = OrderAnswer(state_of(order, cl_ord_id="a2", order_qty=9))

    assert venue.core.inspect(OrderInquiry("1")) == now
    assert venue.core.inspect(OrderInquiry(session="CLIENT1", cl_ord_id="a1")) == now
    assert venue.core.inspect(OrderInquiry(session="CLIENT1", cl_ord_id="a2")) == now
    of_another = OrderInquiry(session="CLIENT2", cl_ord_id="a1")
    for nothing in (OrderInquiry("2"), of_another, OrderInquiry(session="CLIENT1")):
        assert venue.core.inspect(nothing) == OrderAnswer(None)


# Instruments, sessions, the venue.


def test_instruments_have_their_best_prices_and_whether_they_are_halted() -> None:
    venue = venue_with(
        buy(5, at="1.00"), buy(5, at="1.00"), sell(3, at="2.00", by=BOB), buy(1, at="2.00"), HaltInstrument(*BY, "AAPL")
    )

    answer = venue.core.inspect(InstrumentsInquiry())

    assert isinstance(answer, InstrumentsAnswer)
    assert [each.symbol for each in answer.instruments] == ["AAPL", "BTC-USD", "ESZ6", "MSFT", "SPREAD"]
    prices = (Price(200), Price(100), 10, Price(200), 2)
    halted = Restriction("AAPL", *BY)
    assert answer.instruments[0] == InstrumentSummary("AAPL", halted, *prices, 2, 0, None, terms_of(AAPL))
    assert answer.instruments[3] == InstrumentSummary(
        "MSFT", None, None, None, None, None, None, 2, 0, None, terms_of(MSFT)
    )
    assert answer.next_after is None


def test_many_instruments_come_in_pages() -> None:
    instruments = [Instrument(f"I{n:04}", *msgspec.structs.astuple(AAPL)[1:]) for n in range(2 * PAGE_MAX + 1)]
    venue = venue_with(configured=configuration(instruments=instruments))

    symbols: list[str] = []
    lengths = []
    inquiry: InstrumentsInquiry | None = InstrumentsInquiry()
    while inquiry is not None:
        answer = venue.core.inspect(inquiry)
        assert isinstance(answer, InstrumentsAnswer)
        lengths.append(len(answer.instruments))
        symbols += [each.symbol for each in answer.instruments]
        inquiry = None if answer.next_after is None else InstrumentsInquiry(answer.next_after)

    assert lengths == [PAGE_MAX, PAGE_MAX, 1]
    assert symbols == [each.symbol for each in instruments]


def test_sessions_and_the_venue_count_open_orders() -> None:
    venue = venue_with(buy(1, at="1.00"), buy(1, at="1.00"), sell(1, at="2.00", by=BOB), Kill(*BY, "account:B1"))

    assert venue.core.inspect(SessionsInquiry()) == SessionsAnswer(
        (
            SessionSummary("CLIENT1", "ALPHA", ("A1",), 2, None),
            SessionSummary("CLIENT2", "BETA", ("B1",), 0, None),
            SessionSummary("CLIENT4", "ALPHA", ("A2",), 0, None),
        )
    )
    killed = (Restriction("account:B1", *BY),)
    assert venue.core.inspect(VenueInquiry()) == VenueAnswer(2, 3, 0, (), killed, (), TradingDay())
    assert Core().inspect(SessionsInquiry()) == SessionsAnswer(())
