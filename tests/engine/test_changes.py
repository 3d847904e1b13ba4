"""Cancel and replace: what they do to an order that is live, and how they are refused."""

import msgspec
import pytest

from fixgw.spec.commands import RefuseChange
from fixgw.spec.events import (
    AffectedOrder,
    CancelRejected,
    MassCanceled,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderReplaced,
    Trade,
)
from fixgw.spec.values import (
    CxlRejReason,
    CxlRejResponseTo,
    MassCancelRejectReason,
    MassCancelRequestType,
    OrdRejReason,
    OrdStatus,
    OrdType,
    Price,
    Qty,
    Side,
    TimeInForce,
)
from tests.orders import (
    ALICE,
    BOB,
    CAROL,
    GTC,
    IOC,
    AnyOrder,
    Venue,
    buy,
    cancel,
    configuration,
    limits,
    mass_cancel,
    replace,
    sell,
    state_of,
    venue_with,
)

CANCEL = CxlRejResponseTo.ORDER_CANCEL_REQUEST
REPLACE = CxlRejResponseTo.ORDER_CANCEL_REPLACE_REQUEST


def rejection(
    order: AnyOrder,
    cl_ord_id: str,
    reason: CxlRejReason,
    text: str,
    *,
    to: CxlRejResponseTo,
    order_id: str = "1",
    ord_status: OrdStatus = OrdStatus.NEW,
    orig_cl_ord_id: str | None = None,
) -> CancelRejected:
    account = None if order_id == "NONE" else order.account
    return CancelRejected(
        order.session, order.firm, account, order_id, cl_ord_id, orig_cl_ord_id or order.cl_ord_id, ord_status, to,
        reason, text,
    )  # fmt: skip


def who_trades(venue: Venue, qty: int) -> list[str]:
    """Return the ClOrdID(11) of the bids that a market order of Bob hits."""
    return [e.resting.order.cl_ord_id for e in venue.handle(sell(qty, by=BOB)) if isinstance(e, Trade)]


# Cancel.


def test_a_cancel_takes_the_order_out_under_the_requests_cl_ord_id() -> None:
    """E3: 11 is the request's, 41 the order's; 151=0 while 38 and 14 stay."""
    order = buy(100, at="100.30")
    venue = venue_with(order, sell(40, at="100.30", by=BOB))

    assert venue.handle(cancel(order, cl_ord_id="x1")) == [
        OrderCanceled(
            "4.0",
            state_of(
                order,
                ord_status=OrdStatus.CANCELED,
                cum_qty=40,
                leaves_qty=0,
                cum_notional=40 * 10_030,
                cl_ord_id="x1",
            ),
            canceled_qty=Qty(60),
            rested=True,
            orig_cl_ord_id=order.cl_ord_id,
            text=None,
        )
    ]
    assert venue.depth("AAPL") == ([], [])


def test_a_cancel_in_the_middle_leaves_the_queue_as_it_was() -> None:
    first, middle, last = (buy(10, at="100", cl_ord_id=name) for name in ("first", "middle", "last"))
    venue = venue_with(first, middle, last)

    venue.handle(cancel(middle))

    assert venue.depth("AAPL").bids == [("100.00", 20)]
    assert who_trades(venue, 20) == ["first", "last"]


def test_a_cancel_may_name_the_order_id_as_well() -> None:
    order = buy(100, at="100.30")
    venue = venue_with(order)

    assert [type(e) for e in venue.handle(cancel(order, order_id="1"))] == [OrderCanceled]


def test_a_cancel_with_another_orders_order_id_is_refused() -> None:
    order = buy(100, at="100.30", cl_ord_id="a1")
    venue = venue_with(order, buy(10, at="99"))

    text = "OrderID(37) 2 is not that of OrigClOrdID(41) a1"
    assert venue.handle(cancel(order, cl_ord_id="x1", order_id="2")) == [
        rejection(
            order,
            "x1",
            CxlRejReason.UNKNOWN_ORDER,
            text,
            to=CANCEL,
            order_id="NONE",
            ord_status=OrdStatus.REJECTED,
        )
    ]


def test_an_unknown_order_is_answered_with_none_and_its_cl_ord_id_stays_free() -> None:
    """E8: 37=NONE, 39=8, 102=1; the 41 named may be used by a later order, the 11 may not (E12)."""
    never_sent = buy(100, at="100.30", cl_ord_id="a1")
    venue = venue_with()

    text = "OrigClOrdID(41) a1 names no order of this session"
    assert venue.handle(cancel(never_sent, cl_ord_id="x1")) == [
        rejection(
            never_sent,
            "x1",
            CxlRejReason.UNKNOWN_ORDER,
            text,
            to=CANCEL,
            order_id="NONE",
            ord_status=OrdStatus.REJECTED,
        )
    ]
    assert [type(e) for e in venue.handle(never_sent)] == [OrderAccepted]
    assert [type(e) for e in venue.handle(buy(1, at="1", cl_ord_id="x1"))] == [OrderRejected]


def test_a_session_cannot_touch_the_orders_of_another_even_of_its_firm() -> None:
    order = buy(100, at="100.30", cl_ord_id="a1")
    venue = venue_with(order)

    for stranger in (BOB, CAROL):
        request = msgspec.structs.replace(cancel(order, order_id="1"), session=stranger.session, firm=stranger.firm)
        (event,) = venue.handle(request)
        assert isinstance(event, CancelRejected)
        assert (event.session, event.order_id) == (stranger.session, "NONE")
    assert venue.depth("AAPL").bids == [("100.30", 100)]


@pytest.mark.parametrize("time_in_force", [GTC, IOC])
def test_a_cancel_of_what_is_over_is_too_late(time_in_force: TimeInForce) -> None:
    """E7, E42: 102=0 with the state the order is in."""
    order = buy(40, at="100.30", cl_ord_id="a1", time_in_force=time_in_force)
    venue = venue_with(sell(40, at="100.30", by=BOB), order)

    assert venue.handle(cancel(order, cl_ord_id="x1")) == [
        rejection(
            order,
            "x1",
            CxlRejReason.TOO_LATE_TO_CANCEL,
            "order 2 is filled: too late",
            to=CANCEL,
            order_id="2",
            ord_status=OrdStatus.FILLED,
        )
    ]


def test_a_second_cancel_is_too_late() -> None:
    """E11: 41 of the reject is the ClOrdID last accepted, here that of the first cancel."""
    order = buy(40, at="100.30", cl_ord_id="a1")
    venue = venue_with(order, cancel(order, cl_ord_id="x1"))

    assert venue.handle(cancel(order, cl_ord_id="x2")) == [
        rejection(
            order,
            "x2",
            CxlRejReason.TOO_LATE_TO_CANCEL,
            "order 1 is canceled: too late",
            to=CANCEL,
            ord_status=OrdStatus.CANCELED,
            orig_cl_ord_id="x1",
        )
    ]


def test_a_cancel_of_a_rejected_order_is_answered_with_39_8() -> None:
    """E42."""
    order = buy(40, at="100.30", cl_ord_id="a1", side=Side.SELL_SHORT)
    venue = venue_with(order)

    assert venue.handle(cancel(order, cl_ord_id="x1")) == [
        rejection(
            order,
            "x1",
            CxlRejReason.TOO_LATE_TO_CANCEL,
            "order 1 is rejected: too late",
            to=CANCEL,
            ord_status=OrdStatus.REJECTED,
        )
    ]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"symbol": "MSFT"}, "Symbol(55) MSFT is not that of the order, AAPL"),
        ({"side": Side.SELL}, "Side(54) 2 is not that of the order, 1"),
    ],
)
def test_a_cancel_that_describes_another_order_is_refused(changed: dict[str, object], text: str) -> None:
    order = buy(40, at="100.30")
    venue = venue_with(order)

    request = msgspec.structs.replace(cancel(order, cl_ord_id="x1"), **changed)

    assert venue.handle(request) == [rejection(order, "x1", CxlRejReason.OTHER, text, to=CANCEL)]
    assert venue.depth("AAPL").bids == [("100.30", 40)]


def test_a_duplicate_cl_ord_id_on_a_request_changes_nothing() -> None:
    """E36: 102=6 with the order's own state."""
    order = buy(40, at="100.30", cl_ord_id="a1")
    venue = venue_with(order, buy(1, at="1", cl_ord_id="a2"))
    text = "ClOrdID(11) a2 was used before; a request needs a new one"

    assert venue.handle(cancel(order, cl_ord_id="a2")) == [
        rejection(order, "a2", CxlRejReason.DUPLICATE_CL_ORD_ID, text, to=CANCEL)
    ]
    assert venue.handle(replace(order, 30, cl_ord_id="a2")) == [
        rejection(order, "a2", CxlRejReason.DUPLICATE_CL_ORD_ID, text, to=REPLACE)
    ]
    assert venue.depth("AAPL").bids == [("100.30", 40), ("1.00", 1)]


def test_the_same_cl_ord_id_of_two_sessions_is_two() -> None:
    mine, theirs = buy(10, at="100", cl_ord_id="a1"), buy(20, at="100", cl_ord_id="a1", by=BOB)
    venue = venue_with(mine, theirs)

    (event,) = venue.handle(cancel(theirs))

    assert isinstance(event, OrderCanceled)
    assert event.order.order_id == "2"


# Replace.


def test_a_smaller_quantity_keeps_its_place() -> None:
    """E13: 38 is the new total."""
    first, second = buy(50, at="100", cl_ord_id="first"), buy(50, at="100", cl_ord_id="second")
    venue = venue_with(first, second, sell(10, at="100", by=BOB))

    smaller = replace(first, 30, cl_ord_id="smaller")

    assert venue.handle(smaller) == [
        OrderReplaced(
            "5.0",
            state_of(
                smaller,
                ord_status=OrdStatus.PARTIALLY_FILLED,
                cum_qty=10,
                leaves_qty=20,
                cum_notional=10 * 10_000,
            ),
            orig_cl_ord_id="first",
            previous_price=Price(10_000),
            previous_leaves_qty=Qty(40),
            keeps_priority=True,
        )
    ]
    assert venue.depth("AAPL").bids == [("100.00", 70)]
    assert who_trades(venue, 21) == ["smaller", "second"]


def test_the_same_again_keeps_its_place() -> None:
    first, second = buy(50, at="100", cl_ord_id="first"), buy(50, at="100", cl_ord_id="second")
    venue = venue_with(first, second)

    (event,) = venue.handle(replace(first, cl_ord_id="again", time_in_force=GTC))

    assert isinstance(event, OrderReplaced)
    assert event.order.time_in_force is GTC
    assert who_trades(venue, 51) == ["again", "second"]


def test_a_larger_quantity_goes_to_the_end() -> None:
    first, second = buy(50, at="100", cl_ord_id="first"), buy(50, at="100", cl_ord_id="second")
    venue = venue_with(first, second)

    (event,) = venue.handle(replace(first, 51, cl_ord_id="larger"))

    assert isinstance(event, OrderReplaced)
    assert not event.keeps_priority
    assert venue.depth("AAPL").bids == [("100.00", 101)]
    assert who_trades(venue, 51) == ["second", "larger"]


def test_another_price_goes_to_the_end_of_its_level() -> None:
    first, second = buy(50, at="99", cl_ord_id="first"), buy(50, at="100", cl_ord_id="second")
    venue = venue_with(first, second)

    venue.handle(replace(first, 10, at="100", cl_ord_id="dearer"))

    assert venue.depth("AAPL").bids == [("100.00", 60)]
    assert who_trades(venue, 51) == ["second", "dearer"]


def test_a_replace_into_the_market_trades_after_150_5() -> None:
    """E6: after the replace has been acknowledged, fills carry the new ClOrdID."""
    order = buy(50, at="99", cl_ord_id="first")
    venue = venue_with(order, sell(20, at="100", by=BOB))

    events = venue.handle(replace(order, at="100", cl_ord_id="dearer"))

    assert [type(e) for e in events] == [OrderReplaced, Trade]
    trade = events[-1]
    assert isinstance(trade, Trade)
    assert trade.aggressor.order.cl_ord_id == "dearer"
    assert venue.depth("AAPL") == ([("100.00", 30)], [])


def test_an_order_filled_by_its_replace_is_over() -> None:
    order = buy(50, at="99")
    venue = venue_with(order, sell(50, at="100", by=BOB))
    dearer = replace(order, at="100")

    venue.handle(dearer)
    (event,) = venue.handle(cancel(dearer))

    assert isinstance(event, CancelRejected)
    assert (event.cxl_rej_reason, event.ord_status) == (CxlRejReason.TOO_LATE_TO_CANCEL, OrdStatus.FILLED)


@pytest.mark.parametrize("qty", [10, 9, 1])
@pytest.mark.parametrize("at", ["100", "98.50"])
def test_a_replace_to_what_is_filled_or_less_fills_the_order(qty: int, at: str) -> None:
    """E14: not a reject but 150=5, 39=2 with 38=14 and 151=0."""
    order = buy(50, at="100", cl_ord_id="first")
    venue = venue_with(order, sell(10, at="100", by=BOB), buy(7, at="97"))
    smaller = replace(order, qty, at=at, cl_ord_id="smaller")

    (event,) = venue.handle(smaller)

    assert isinstance(event, OrderReplaced)
    assert event.order == state_of(
        smaller, ord_status=OrdStatus.FILLED, order_qty=10, cum_qty=10, leaves_qty=0, cum_notional=10 * 10_000
    )
    assert (event.orig_cl_ord_id, event.previous_leaves_qty) == ("first", 40)
    assert venue.depth("AAPL").bids == [("97.00", 7)]
    assert [type(e) for e in venue.handle(cancel(smaller))] == [CancelRejected]


def test_a_filled_order_cannot_be_replaced_not_even_to_more() -> None:
    """E15, E16: this venue does not take a filled order up again."""
    order = buy(50, at="100", cl_ord_id="first")
    venue = venue_with(order, sell(50, at="100", by=BOB))

    assert venue.handle(replace(order, 80, cl_ord_id="more")) == [
        rejection(
            order,
            "more",
            CxlRejReason.TOO_LATE_TO_CANCEL,
            "order 1 is filled: too late",
            to=REPLACE,
            ord_status=OrdStatus.FILLED,
        )
    ]


def test_orig_cl_ord_id_is_the_last_accepted() -> None:
    """E11: after X became Y, a request that names X is refused, and told Y."""
    order = buy(50, at="100", cl_ord_id="X")
    venue = venue_with(order, replace(order, 40, cl_ord_id="Y"))

    text = "OrigClOrdID(41) X is not the last accepted, which is Y"
    assert venue.handle(cancel(order, cl_ord_id="Z")) == [
        rejection(order, "Z", CxlRejReason.OTHER, text, to=CANCEL, orig_cl_ord_id="Y"),
    ]


def test_a_refused_replace_uses_up_its_cl_ord_id_and_the_chain_goes_on_from_the_last() -> None:
    """E12."""
    order = buy(50, at="100", cl_ord_id="X")
    venue = venue_with(order)
    refused = msgspec.structs.replace(replace(order, 40, cl_ord_id="Y"), side=Side.SELL)
    text = "Side(54) 2 is not that of the order, 1"
    assert venue.handle(refused) == [rejection(order, "Y", CxlRejReason.OTHER, text, to=REPLACE)]

    (again,) = venue.handle(replace(order, 40, cl_ord_id="Y"))
    assert isinstance(again, CancelRejected)
    assert again.cxl_rej_reason is CxlRejReason.DUPLICATE_CL_ORD_ID
    (from_refused,) = venue.handle(cancel(msgspec.structs.replace(order, cl_ord_id="Y")))
    assert isinstance(from_refused, CancelRejected)
    assert from_refused.text == "OrigClOrdID(41) Y is not the last accepted, which is X"
    assert [type(e) for e in venue.handle(cancel(order))] == [OrderCanceled]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"symbol": "MSFT"}, "Symbol(55) MSFT is not that of the order, AAPL"),
        ({"side": Side.SELL}, "Side(54) 2 is not that of the order, 1"),
        ({"account": "A2"}, "Account(1) A2 is not that of the order, A1"),
        ({"ord_type": OrdType.MARKET, "price": None}, "OrdType(40) 1 is not that of the order, 2"),
        ({"time_in_force": IOC}, "TimeInForce(59) 3 is not for an order that rests; 0 (day), 1 (GTC) or 6 (GTD)"),
    ],
)
def test_what_a_replace_may_not_change(changed: dict[str, object], text: str) -> None:
    """E17."""
    order = buy(50, at="100")
    venue = venue_with(order)

    request = msgspec.structs.replace(replace(order, 40, cl_ord_id="Y"), **changed)

    assert venue.handle(request) == [rejection(order, "Y", CxlRejReason.OTHER, text, to=REPLACE)]
    assert venue.depth("AAPL").bids == [("100.00", 50)]


def test_a_replace_that_risk_refuses_leaves_the_order_alone() -> None:
    order = buy(50, at="100")
    venue = venue_with(order, configured=configuration(limits(order_qty_max="60")))

    text = "OrderQty(38) 61 exceeds order_qty_max 60 of venue"
    assert venue.handle(replace(order, 61, cl_ord_id="Y")) == [
        rejection(order, "Y", CxlRejReason.BROKER_OR_EXCHANGE_OPTION, text, to=REPLACE)
    ]
    assert venue.depth("AAPL").bids == [("100.00", 50)]


def test_a_change_that_the_door_could_not_read_is_told_with_the_orders_state() -> None:
    order = buy(50, at="100", cl_ord_id="X")
    venue = venue_with(order)
    unreadable = RefuseChange(
        order.session,
        order.firm,
        "Y",
        "X",
        REPLACE,
        CxlRejReason.BROKER_OR_EXCHANGE_OPTION,
        "Price(44) 1e3 is not a plain decimal number",
    )

    assert venue.handle(unreadable) == [
        rejection(order, "Y", CxlRejReason.BROKER_OR_EXCHANGE_OPTION, unreadable.text, to=REPLACE)
    ]
    (again,) = venue.handle(unreadable)
    assert isinstance(again, CancelRejected)
    assert again.cxl_rej_reason is CxlRejReason.DUPLICATE_CL_ORD_ID


# Mass cancel.


def test_a_mass_cancel_reports_each_order_and_then_the_sum() -> None:
    """E24: each order its own 150=4 under its own ClOrdID, without 41; then the report."""
    first, second = buy(10, at="100", cl_ord_id="a1"), sell(20, at="101", cl_ord_id="a2")
    venue = venue_with(first, second, buy(30, at="99", by=BOB), buy(40, at="98", by=CAROL))
    text = "OrderMassCancelRequest m1"

    assert venue.handle(mass_cancel(cl_ord_id="m1")) == [
        OrderCanceled(
            "6.0", state_of(first, "1", ord_status=OrdStatus.CANCELED, leaves_qty=0), Qty(10), True, None, text
        ),
        OrderCanceled(
            "6.1", state_of(second, "2", ord_status=OrdStatus.CANCELED, leaves_qty=0), Qty(20), True, None, text
        ),
        MassCanceled(
            session="CLIENT1",
            firm="ALPHA",
            cl_ord_id="m1",
            order_id="6.2",
            mass_cancel_request_type=MassCancelRequestType.ALL_ORDERS,
            symbol=None,
            side=None,
            affected=(AffectedOrder("a1", "1"), AffectedOrder("a2", "2")),
            mass_cancel_reject_reason=None,
            text=None,
        ),
    ]
    assert venue.depth("AAPL") == ([("99.00", 30), ("98.00", 40)], [])


@pytest.mark.parametrize(
    ("symbol", "side", "canceled"),
    [
        ("MSFT", None, ["3", "4"]),
        ("MSFT", Side.BUY, ["3"]),
        (None, Side.SELL, ["2", "4"]),
        (None, None, ["1", "2", "3", "4"]),
        ("ESZ6", None, []),
    ],
)
def test_a_mass_cancel_is_narrowed_by_symbol_and_side(
    symbol: str | None, side: Side | None, canceled: list[str]
) -> None:
    venue = venue_with(
        buy(10, at="100"), sell(10, at="101"), buy(10, at="200", symbol="MSFT"), sell(10, at="201", symbol="MSFT")
    )

    *_, report = venue.handle(mass_cancel(symbol=symbol, side=side))

    assert isinstance(report, MassCanceled)
    assert [order.affected_order_id for order in report.affected] == canceled
    assert len(venue.live_orders()) == 4 - len(canceled)


@pytest.mark.parametrize(
    ("request_type", "symbol", "reason", "text"),
    [
        (
            MassCancelRequestType.SECURITY,
            "NONE",
            MassCancelRejectReason.INVALID_OR_UNKNOWN_SECURITY,
            "Symbol(55) NONE is not traded here",
        ),
        (
            MassCancelRequestType.PRODUCT,
            None,
            MassCancelRejectReason.MASS_CANCEL_NOT_SUPPORTED,
            "MassCancelRequestType(530) 3 is not supported; 1 (security) or 7 (all)",
        ),
    ],
)
def test_a_mass_cancel_that_is_refused_cancels_nothing(
    request_type: MassCancelRequestType, symbol: str | None, reason: MassCancelRejectReason, text: str
) -> None:
    venue = venue_with(buy(10, at="100"))

    (report,) = venue.handle(mass_cancel(of=request_type, symbol=symbol))

    assert isinstance(report, MassCanceled)
    assert (report.mass_cancel_reject_reason, report.text, report.affected) == (reason, text, ())
    assert len(venue.live_orders()) == 1


def test_ids_of_a_mass_cancel_are_not_those_of_orders() -> None:
    venue = venue_with(mass_cancel(ALICE, cl_ord_id="a1"))

    (event,) = venue.handle(buy(10, at="100", cl_ord_id="a1"))

    assert isinstance(event, OrderAccepted)


def test_refusals_of_an_order_are_not_refusals_of_a_change() -> None:
    venue = venue_with(buy(10, at="100", cl_ord_id="a1"))

    (event,) = venue.handle(buy(10, at="100", cl_ord_id="a1"))

    assert isinstance(event, OrderRejected)
    assert event.ord_rej_reason is OrdRejReason.DUPLICATE_ORDER
