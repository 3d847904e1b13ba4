"""Order status and mass status: answered between two commands, changing nothing."""

import pytest

from fixgw.engine.exchange import Exchange
from fixgw.engine.inquiries import STATUS_SLICE_MAX
from fixgw.spec.events import OrderState
from fixgw.spec.inquiries import MassStatusAnswer, MassStatusInquiry, OrderStatusAnswer, OrderStatusInquiry
from fixgw.spec.participant import Participant
from fixgw.spec.values import MassStatusReqType, OrdRejReason, OrdStatus, Side
from tests.orders import ALICE, BOB, CAROL, Venue, buy, cancel, configuration, replace, sell, state_of, venue_with

X = buy(100, at="100.30", cl_ord_id="X")


def status(venue: Venue, cl_ord_id: str, order_id: str | None = None, by: Participant = ALICE) -> OrderState | None:
    inquiry = OrderStatusInquiry(by.session, by.firm, cl_ord_id, order_id, "q1", "AAPL", Side.BUY)
    answer = venue.core.exchange.order_status(inquiry)
    assert answer == OrderStatusAnswer(inquiry, answer.order)
    return answer.order


def test_an_order_is_found_by_any_cl_ord_id_of_its_chain_and_by_order_id() -> None:
    """E22: the state as it is now."""
    venue = venue_with(X, replace(X, 90, cl_ord_id="Y"), sell(40, at="100.30", by=BOB))
    now = state_of(
        X,
        ord_status=OrdStatus.PARTIALLY_FILLED,
        cl_ord_id="Y",
        order_qty=90,
        cum_qty=40,
        cum_notional=40 * 10_030,
    )

    assert status(venue, "X") == now
    assert status(venue, "Y") == now
    assert status(venue, "Y", order_id="1") == now
    assert status(venue, "anything", order_id="1") == now


def test_an_order_that_is_over_is_still_told() -> None:
    venue = venue_with(X, cancel(X, cl_ord_id="C"))

    assert status(venue, "X") == state_of(X, ord_status=OrdStatus.CANCELED, leaves_qty=0, cl_ord_id="C")


def test_what_does_not_fit_together_is_unknown() -> None:
    venue = venue_with(X, buy(1, at="1"))

    assert status(venue, "nobody") is None
    assert status(venue, "nobody", order_id="99") is None
    assert status(venue, "X", order_id="2") is None


@pytest.mark.parametrize("stranger", [BOB, CAROL])
def test_orders_of_another_session_are_unknown(stranger: Participant) -> None:
    venue = venue_with(X)

    assert status(venue, "X", by=stranger) is None
    assert status(venue, "X", order_id="1", by=stranger) is None
    assert status(venue, "nobody", order_id="1", by=stranger) is None


def test_orders_of_the_firm_that_the_session_had_are_unknown() -> None:
    moved = Participant(ALICE.session, "GAMMA", ("G1",))
    venue = venue_with(X, cancel(X), configuration(participants=[moved]))

    assert status(venue, "X", by=moved) is None
    assert status(venue, "nobody", order_id="1", by=moved) is None
    assert status(venue, "X") is not None


def ask_all(
    exchange: Exchange,
    symbol: str | None = None,
    side: Side | None = None,
    req_type: MassStatusReqType | None = None,
    by: Participant = ALICE,
) -> MassStatusAnswer:
    kind = req_type or (MassStatusReqType.ALL_ORDERS if symbol is None else MassStatusReqType.SECURITY)
    (answer,) = exchange.mass_status(MassStatusInquiry(by.session, by.firm, "m1", kind, symbol, side))
    assert (answer.tot_num_reports, answer.is_last) == (len(answer.orders), True)
    return answer


def test_mass_status_tells_open_orders_of_the_session_oldest_first() -> None:
    gone, first, second = buy(1, at="1"), buy(10, at="100"), sell(20, at="300", symbol="MSFT")
    venue = venue_with(gone, first, second, cancel(gone), buy(5, at="5", by=BOB))
    exchange = venue.core.exchange

    states = (state_of(first, "2"), state_of(second, "3"))
    assert ask_all(exchange).orders == states
    assert ask_all(exchange, symbol="MSFT").orders == states[1:]
    assert ask_all(exchange, side=Side.BUY).orders == states[:1]
    assert ask_all(exchange).ord_rej_reason is None


@pytest.mark.parametrize(
    ("symbol", "req_type", "reason", "text"),
    [
        (None, None, OrdRejReason.UNKNOWN_ORDER, "no open orders"),
        ("NONE", None, OrdRejReason.UNKNOWN_SYMBOL, "Symbol(55) NONE is not traded here"),
        (
            None,
            MassStatusReqType.PARTY_ID,
            OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC,
            "MassStatusReqType(585) 8 is not supported; 1 (security) or 7 (all orders)",
        ),
    ],
)
def test_mass_status_of_nothing_says_why(
    symbol: str | None, req_type: MassStatusReqType | None, reason: OrdRejReason, text: str
) -> None:
    """E23."""
    answer = ask_all(venue_with(buy(1, at="1", by=BOB)).core.exchange, symbol, req_type=req_type)

    assert (answer.orders, answer.ord_rej_reason, answer.text) == ((), reason, text)


def test_a_long_answer_comes_in_slices_each_of_its_own_moment() -> None:
    """What happens in between is told as it is by then; the number of reports stays what was announced."""
    first, *rest = (buy(1, at="1") for _ in range(STATUS_SLICE_MAX + 2))
    venue = venue_with(first, *rest)
    slices = venue.core.exchange.mass_status(
        MassStatusInquiry("CLIENT1", "ALPHA", "m1", MassStatusReqType.ALL_ORDERS, None, None)
    )

    opening = next(slices)
    venue.handle(cancel(first))
    venue.handle(cancel(rest[-1], cl_ord_id="late"))
    (closing,) = slices

    total = STATUS_SLICE_MAX + 2
    assert (len(opening.orders), opening.tot_num_reports, opening.is_last) == (STATUS_SLICE_MAX, total, False)
    assert opening.orders[0] == state_of(first)
    assert closing.orders == (
        state_of(rest[-2], str(total - 1)),
        state_of(rest[-1], str(total), ord_status=OrdStatus.CANCELED, leaves_qty=0, cl_ord_id="late"),
    )
    assert (closing.tot_num_reports, closing.is_last) == (total, True)


def test_asking_changes_nothing() -> None:
    venue = venue_with(X)

    status(venue, "nobody")
    ask_all(venue.core.exchange)

    (event,) = venue.handle(replace(X, 50, cl_ord_id="nobody"))
    assert event.__class__.__name__ == "OrderReplaced"
