"""New orders that never live: unsupported, used before, or refused by risk or the door."""

import msgspec
import pytest

from fixgw.engine.reconfiguration import conflicts
from fixgw.spec.commands import NewOrder, RefuseOrder
from fixgw.spec.events import CancelRejected, OrderAccepted, OrderRejected, OrderState, OrderStated, VenueConfigured
from fixgw.spec.instrument import UNLISTED, Instrument
from fixgw.spec.participant import Participant
from fixgw.spec.values import CxlRejReason, OrdRejReason, OrdStatus, OrdType, Price, Qty, Side, TimeInForce
from tests.orders import (
    AAPL,
    ALICE,
    BOB,
    BTC_USD,
    CAROL,
    ESZ6,
    INSTRUMENTS,
    MSFT,
    PARTICIPANTS,
    buy,
    cancel,
    configuration,
    replace,
    sell,
    state_of,
    venue_with,
)

UNSUPPORTED = OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC


def rejected(order: NewOrder, order_id: str = "1") -> OrderState:
    """E32: never live, so nothing is open and nothing was filled."""
    return state_of(order, order_id, ord_status=OrdStatus.REJECTED, leaves_qty=0)


@pytest.mark.parametrize("ord_type", [each for each in OrdType if each not in "1234JK"])
def test_an_order_type_that_is_not_supported_is_named(ord_type: OrdType) -> None:
    venue = venue_with()
    order = buy(100, at="100", ord_type=ord_type)

    supported = "1 (market), 2 (limit), 3 (stop), 4 (stop limit), J (if touched), K (to limit) or P (pegged)"
    text = f"OrdType(40) {ord_type.value} is not supported; {supported}"
    assert venue.handle(order) == [OrderRejected("2.0", rejected(order), UNSUPPORTED, text)]
    assert venue.depth("AAPL") == ([], [])


def test_a_market_order_with_a_price_is_refused() -> None:
    venue = venue_with()
    order = buy(100, at="100", ord_type=OrdType.MARKET)

    text = "Price(44) is not supported with OrdType(40) 1 (market); leave it out"
    assert venue.handle(order) == [OrderRejected("2.0", rejected(order), UNSUPPORTED, text)]


# ClOrdIDs used before.


def test_a_duplicate_is_told_the_state_of_the_order_that_exists() -> None:
    """E18: 103=6 with 39, 14 and 151 of the live order, which is untouched."""
    order = buy(100, at="100.30", cl_ord_id="a1")
    venue = venue_with(order, sell(40, at="100.30", by=BOB))

    partly = state_of(order, ord_status=OrdStatus.PARTIALLY_FILLED, cum_qty=40, cum_notional=40 * 10_030)
    text = "ClOrdID(11) a1 was used before; a new order needs a new one"
    assert venue.handle(sell(7, at="200", symbol="MSFT", cl_ord_id="a1")) == [
        OrderRejected("4.0", partly, OrdRejReason.DUPLICATE_ORDER, text)
    ]
    assert venue.depth("AAPL").bids == [("100.30", 60)]
    assert venue.depth("MSFT") == ([], [])


def test_a_duplicate_of_a_replaced_cl_ord_id_is_rejected_under_the_id_that_was_sent() -> None:
    """The order is Y by now; a rejection under 11=Y would read as if Y were rejected."""
    order = buy(100, at="100.30", cl_ord_id="X")
    venue = venue_with(order, replace(order, 90, cl_ord_id="Y"))

    (event,) = venue.handle(order)

    assert isinstance(event, OrderRejected)
    assert event.order == state_of(order, order_qty=90, cl_ord_id="X")
    assert venue.live_orders() == [state_of(order, order_qty=90, cl_ord_id="Y")]


def test_a_cl_ord_id_is_used_up_by_an_order_that_was_rejected() -> None:
    """E32."""
    order = buy(100, at="100.30", side=Side.SELL_SHORT, cl_ord_id="a1")
    venue = venue_with(order)

    (event,) = venue.handle(buy(100, at="100.30", cl_ord_id="a1"))

    text = "ClOrdID(11) a1 was used before; a new order needs a new one"
    assert event == OrderRejected("3.0", rejected(order), OrdRejReason.DUPLICATE_ORDER, text)


def test_a_cl_ord_id_is_used_up_by_a_request_about_nothing() -> None:
    venue = venue_with(cancel(buy(1, at="1"), cl_ord_id="a1"))
    order = buy(100, at="100.30", cl_ord_id="a1")

    (event,) = venue.handle(order)

    text = "ClOrdID(11) a1 was used before; a new order needs a new one"
    assert event == OrderRejected("3.0", rejected(order), OrdRejReason.DUPLICATE_ORDER, text)


def test_used_before_goes_before_all_else_that_is_wrong() -> None:
    """The order that exists is what the client must hear of, whatever its copy looks like."""
    order = buy(100, at="100.30", cl_ord_id="a1")
    venue = venue_with(order)

    for copy in (
        msgspec.structs.replace(order, symbol="NONE"),
        msgspec.structs.replace(order, account="B1"),
        msgspec.structs.replace(order, side=Side.CROSS),
        msgspec.structs.replace(order, ord_type=OrdType.PEGGED),
    ):
        (event,) = venue.handle(copy)
        assert isinstance(event, OrderRejected)
        assert event.ord_rej_reason is OrdRejReason.DUPLICATE_ORDER


def test_poss_resend_of_an_order_seen_is_answered_with_its_state() -> None:
    """E19: 150=I, nothing new."""
    order = buy(100, at="100.30", cl_ord_id="a1")
    venue = venue_with(order, sell(40, at="100.30", by=BOB))

    partly = state_of(order, ord_status=OrdStatus.PARTIALLY_FILLED, cum_qty=40, cum_notional=40 * 10_030)
    assert venue.handle(msgspec.structs.replace(order, poss_resend=True)) == [
        OrderStated("4.0", partly, "sent again: this order was received before")
    ]
    assert venue.depth("AAPL").bids == [("100.30", 60)]


def test_poss_resend_under_the_cl_ord_id_of_another_request_is_a_duplicate() -> None:
    """The order that carries it now was entered under another one: this new order has never come."""
    order = buy(100, at="100.30", cl_ord_id="a1")
    venue = venue_with(order, replace(order, 90, cl_ord_id="a2"), cancel(buy(1, at="1"), cl_ord_id="a3"))

    for used in ("a2", "a3"):
        (event,) = venue.handle(buy(7, at="50", symbol="MSFT", cl_ord_id=used, poss_resend=True))
        assert isinstance(event, OrderRejected)
        assert (event.ord_rej_reason, event.order.cl_ord_id) == (OrdRejReason.DUPLICATE_ORDER, used)
    (event,) = venue.handle(buy(100, at="100.30", cl_ord_id="a1", poss_resend=True))
    assert isinstance(event, OrderStated)
    assert event.order.cl_ord_id == "a2"


def test_poss_resend_of_an_order_not_seen_is_a_new_order() -> None:
    """E19."""
    venue = venue_with()

    assert [type(e) for e in venue.handle(buy(100, at="100.30", poss_resend=True))] == [OrderAccepted]


# Orders that the door could not read.


def refuse(cl_ord_id: str) -> RefuseOrder:
    return RefuseOrder(
        "CLIENT1", "ALPHA", cl_ord_id, "A1", "AAPL", Side.BUY, OrdType.LIMIT, TimeInForce.DAY,
        OrdRejReason.INCORRECT_QUANTITY, "OrderQty(38) 0 is not above zero",
    )  # fmt: skip


def test_an_order_that_could_not_be_read_is_rejected_in_its_place() -> None:
    venue = venue_with()

    state = OrderState(
        "CLIENT1", "ALPHA", "A1", "1", "a1", "AAPL", Side.BUY, OrdType.LIMIT, TimeInForce.DAY, Qty(0), None,
        OrdStatus.REJECTED, Qty(0), Qty(0), 0, 2, 0,
    )  # fmt: skip
    assert venue.handle(refuse("a1")) == [
        OrderRejected("2.0", state, OrdRejReason.INCORRECT_QUANTITY, "OrderQty(38) 0 is not above zero")
    ]


def test_it_uses_up_its_cl_ord_id_and_is_itself_refused_as_a_duplicate() -> None:
    order = buy(100, at="100.30", cl_ord_id="a2")
    venue = venue_with(refuse("a1"), order)

    (copy,) = venue.handle(buy(100, at="100.30", cl_ord_id="a1"))
    assert isinstance(copy, OrderRejected)
    assert (copy.ord_rej_reason, copy.order.order_id) == (OrdRejReason.DUPLICATE_ORDER, "1")
    (unreadable,) = venue.handle(refuse("a2"))
    assert isinstance(unreadable, OrderRejected)
    assert (unreadable.ord_rej_reason, unreadable.order) == (OrdRejReason.DUPLICATE_ORDER, state_of(order, "2"))


# What may be configured after what has happened.


def test_a_configuration_is_an_event_and_leaves_orders_alone() -> None:
    order = buy(100, at="100.30")
    venue = venue_with(order)

    assert venue.handle(configuration()) == [VenueConfigured()]
    assert venue.live_orders() == [state_of(order)]


def changed(instrument: Instrument, **values: object) -> list[Instrument]:
    return [msgspec.structs.replace(each, **values) if each is instrument else each for each in INSTRUMENTS]


def test_the_same_configuration_and_more_of_it_conflicts_with_nothing() -> None:
    venue = venue_with(buy(100, at="100.30"))
    new = msgspec.structs.replace(AAPL, symbol="NEW")

    assert conflicts(venue.core.exchange, configuration()) == []
    assert conflicts(venue.core.exchange, configuration(instruments=(*INSTRUMENTS, new))) == []
    assert conflicts(venue.core.exchange, configuration(instruments=changed(AAPL, tick_size=Price(5)))) == []


@pytest.mark.parametrize("decimals", [{"price_scale": 4}, {"qty_scale": 1}])
def test_decimals_cannot_change_even_without_open_orders(decimals: dict[str, int]) -> None:
    """The journal's integers are in the old ones."""
    venue = venue_with()

    (conflict,) = conflicts(venue.core.exchange, configuration(instruments=changed(BTC_USD, **decimals)))

    assert conflict == "instrument BTC-USD: its decimals (price 2, quantity 4) are those of the journal"


def test_decimals_are_remembered_of_an_instrument_that_left() -> None:
    venue = venue_with(configuration(instruments=[MSFT]))

    (conflict,) = conflicts(venue.core.exchange, configuration(instruments=changed(AAPL, price_scale=3)))

    assert conflict == "instrument AAPL: its decimals (price 2, quantity 0) are those of the journal"


HINT = "has open orders in the journal; keep it until they are canceled"


def test_what_has_open_orders_must_stay() -> None:
    order = buy(100, at="100.30")
    venue = venue_with(order, sell(10, at="6000.25", symbol="ESZ6", by=BOB))
    exchange = venue.core.exchange

    assert conflicts(exchange, configuration(instruments=[MSFT, BTC_USD])) == [
        f"instrument AAPL: {HINT}",
        f"instrument ESZ6: {HINT}",
    ]
    assert conflicts(exchange, configuration(participants=[CAROL])) == [
        f"session CLIENT1 of firm ALPHA: {HINT}",
        f"session CLIENT2 of firm BETA: {HINT}",
    ]
    moved = Participant(ALICE.session, "GAMMA", ("A1",))
    assert conflicts(exchange, configuration(participants=[moved, BOB])) == [f"session CLIENT1 of firm ALPHA: {HINT}"]


def test_an_account_with_open_orders_stays_with_its_firm() -> None:
    """It would be charged, and its orders told, to another firm."""
    venue = venue_with(buy(100, at="100.30", account="A2"))
    moved = [ALICE, Participant("CLIENT2", "BETA", ("B1", "A2"))]
    elsewhere = [Participant("CLIENT1", "ALPHA", ("A2",)), BOB]

    assert conflicts(venue.core.exchange, configuration(participants=moved)) == [f"account A2 of firm ALPHA: {HINT}"]
    assert conflicts(venue.core.exchange, configuration(participants=elsewhere)) == []


def test_a_multiplier_stays_while_open_orders_were_counted_with_it() -> None:
    order = sell(10, at="6000.25", symbol="ESZ6")
    venue = venue_with(order)
    new = configuration(instruments=changed(ESZ6, multiplier=5))

    assert conflicts(venue.core.exchange, new) == [f"instrument ESZ6 with multiplier 50: {HINT}"]
    venue.handle(cancel(order))
    assert conflicts(venue.core.exchange, new) == []


def test_what_has_no_open_orders_may_go() -> None:
    order = buy(100, at="100.30")
    venue = venue_with(order, cancel(order), buy(10, at="50", symbol="MSFT", by=BOB))

    assert conflicts(venue.core.exchange, configuration(instruments=[MSFT], participants=[BOB])) == []


def test_an_instrument_that_left_takes_no_orders() -> None:
    order = buy(100, at="100.30", cl_ord_id="a1")
    venue = venue_with(order, cancel(order), configuration(instruments=[MSFT]))
    late = buy(100, at="100.30")

    text = "Symbol(55) AAPL is not traded here"
    unlisted = msgspec.structs.replace(
        rejected(late, "2"), price_scale=UNLISTED.price_scale, qty_scale=UNLISTED.qty_scale
    )
    assert venue.handle(late) == [OrderRejected("5.0", unlisted, OrdRejReason.UNKNOWN_SYMBOL, text)]
    (too_late,) = venue.handle(cancel(order))
    assert isinstance(too_late, CancelRejected)
    assert too_late.cxl_rej_reason is CxlRejReason.TOO_LATE_TO_CANCEL


def test_an_instrument_that_comes_back_trades_again() -> None:
    venue = venue_with(configuration(instruments=[MSFT]), configuration())

    assert [type(e) for e in venue.handle(buy(100, at="100.30"))] == [OrderAccepted]


def test_a_session_that_changed_its_firm_knows_nothing_of_the_old_ones_orders() -> None:
    """ClOrdIDs stay used, by orders that it is not told of."""
    order = buy(100, at="100.30", cl_ord_id="a1")
    moved = Participant(ALICE.session, "GAMMA", ("G1",))
    venue = venue_with(order, cancel(order, cl_ord_id="a2"), configuration(participants=[moved]))

    (late,) = venue.handle(msgspec.structs.replace(cancel(order), firm="GAMMA"))
    assert isinstance(late, CancelRejected)
    assert (late.cxl_rej_reason, late.account, late.order_id) == (CxlRejReason.UNKNOWN_ORDER, None, "NONE")
    for poss_resend in (False, True):
        (event,) = venue.handle(buy(5, at="1", by=moved, cl_ord_id="a1", poss_resend=poss_resend))
        assert isinstance(event, OrderRejected)
        assert event.ord_rej_reason is OrdRejReason.DUPLICATE_ORDER
        assert (event.order.firm, event.order.account, event.order.order_qty) == ("GAMMA", "G1", 5)


def test_an_account_that_left_takes_no_orders_but_its_open_ones_can_be_canceled() -> None:
    order = buy(100, at="100.30")
    other = Participant(ALICE.session, ALICE.firm, ("A9",))
    venue = venue_with(order, configuration(participants=[other, *PARTICIPANTS[1:]]))

    (event,) = venue.handle(buy(1, at="1"))
    assert isinstance(event, OrderRejected)
    assert event.text == "Account(1) A1 is not an account of firm ALPHA"
    venue.handle(cancel(order))
    assert venue.live_orders() == []
