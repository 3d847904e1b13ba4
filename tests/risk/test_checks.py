"""Each check of a new order, with the words a client reads; the first refusal wins."""

from typing import Any

import msgspec
import pytest

from fixgw.risk.checks import CHECKS
from fixgw.spec.commands import NewOrder
from fixgw.spec.events import OrderAccepted, OrderRejected
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, OrdType, Price, Qty, Side, TimeInForce
from tests.orders import (
    BOB,
    CAROL,
    DAY,
    FOK,
    GTC,
    IOC,
    Venue,
    buy,
    cancel,
    configuration,
    limits,
    replace,
    sell,
    venue_with,
)

EXCEEDS = OrdRejReason.ORDER_EXCEEDS_LIMIT


def refusal(venue: Venue, order: NewOrder) -> Refusal | None:
    """Return what the gate says of ``order``, having seen that the client is told the same and no order lives."""
    said = venue.core.gate.check(order)
    live = len(venue.live_orders())
    first, *_ = venue.handle(order)
    if said is None:
        assert isinstance(first, OrderAccepted)
    else:
        assert isinstance(first, OrderRejected)
        assert (first.ord_rej_reason, first.text) == (said.ord_rej_reason, said.text)
        assert len(venue.live_orders()) == live
    return said


def test_an_order_within_all_limits_passes() -> None:
    wide = limits(
        order_qty_max="1000", order_notional_max="1000000", price_collar_percent="50", open_notional_max="1000000"
    )
    assert refusal(venue_with(configured=configuration(wide)), buy(100, at="100.30")) is None


@pytest.mark.parametrize(
    ("order", "reason", "text"),
    [
        (buy(1, at="1", symbol="NONE"), OrdRejReason.UNKNOWN_SYMBOL, "Symbol(55) NONE is not traded here"),
        (buy(1, at="1", account="B1"), OrdRejReason.UNKNOWN_ACCOUNT, "Account(1) B1 is not an account of firm ALPHA"),
        (
            buy(1, at="1", side=Side.SELL_SHORT),
            OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC,
            "Side(54) 5 is not supported; 1 (buy) or 2 (sell)",
        ),
        (
            buy(1, at="6000.30", symbol="ESZ6"),
            OrdRejReason.OTHER,
            "Price(44) 6000.30 is not a multiple of the tick 0.25 of ESZ6",
        ),
        (
            buy("0.0015", at="64000", symbol="BTC-USD"),
            OrdRejReason.INCORRECT_QUANTITY,
            "OrderQty(38) 0.0015 is not a multiple of the lot 0.0010 of BTC-USD",
        ),
        (
            msgspec.structs.replace(buy(1, at="1"), order_qty=Qty(0)),
            OrdRejReason.INCORRECT_QUANTITY,
            "OrderQty(38) 0 is not a multiple of the lot 1 of AAPL",
        ),
    ],
)
def test_who_and_what(order: NewOrder, reason: OrdRejReason, text: str) -> None:
    assert refusal(venue_with(), order) == Refusal(reason, text)


def test_a_firm_may_use_all_accounts_of_its_sessions() -> None:
    assert refusal(venue_with(), buy(1, at="1", account="A2")) is None


def test_a_negative_price_is_held_against_the_tick_too() -> None:
    order = msgspec.structs.replace(buy(1, at="6000", symbol="ESZ6"), price=Price(-30))

    said = venue_with().core.gate.check(order)

    assert said == Refusal(OrdRejReason.OTHER, "Price(44) -0.30 is not a multiple of the tick 0.25 of ESZ6")


def test_quantity() -> None:
    venue = venue_with(configured=configuration(limits(order_qty_max="100")))

    assert refusal(venue, buy(100, at="1")) is None
    assert refusal(venue, buy(101, at="1")) == Refusal(EXCEEDS, "OrderQty(38) 101 exceeds order_qty_max 100 of venue")
    assert refusal(venue, buy(101)) is not None


def test_quantity_is_in_units_of_the_instrument() -> None:
    venue = venue_with(configured=configuration(limits(order_qty_max="0.5")))

    assert refusal(venue, buy("0.5", at="64000", symbol="BTC-USD")) is None
    assert refusal(venue, buy("0.501", at="64000", symbol="BTC-USD")) == Refusal(
        EXCEEDS, "OrderQty(38) 0.5010 exceeds order_qty_max 0.5 of venue"
    )
    # Half a share: rounded down to none.
    assert refusal(venue, buy(1, at="1")) == Refusal(EXCEEDS, "OrderQty(38) 1 exceeds order_qty_max 0.5 of venue")


def test_notional_of_a_limit_order() -> None:
    venue = venue_with(configured=configuration(limits(order_notional_max="1003.5")))

    assert refusal(venue, buy(10, at="100.35")) is None
    text = "OrderQty(38) 10 times Price(44) 100.36 = 1003.6 exceeds order_notional_max 1003.5 of venue"
    assert refusal(venue, buy(10, at="100.36")) == Refusal(EXCEEDS, text)


def test_notional_counts_the_multiplier_and_no_sign() -> None:
    venue = venue_with(configured=configuration(limits(order_notional_max="600000")))

    assert refusal(venue, buy(2, at="6000", symbol="ESZ6")) is None
    text = "OrderQty(38) 2 times Price(44) 6000.25 = 600025 exceeds order_notional_max 600000 of venue"
    assert refusal(venue, buy(2, at="6000.25", symbol="ESZ6")) == Refusal(EXCEEDS, text)
    spread = "OrderQty(38) 10 times Price(44) -60000.01 = 600000.1 exceeds order_notional_max 600000 of venue"
    assert refusal(venue, buy(10, at="-60000.01", symbol="SPREAD")) == Refusal(EXCEEDS, spread)


def test_notional_of_a_market_order_is_at_the_reference_price() -> None:
    venue = venue_with(
        sell(100, at="100.00", by=BOB), buy(1, at="100.00"), configuration(limits(order_notional_max="1000"))
    )

    assert refusal(venue, buy(10)) is None
    text = "OrderQty(38) 11 times the reference price 100.00 = 1100 exceeds order_notional_max 1000 of venue"
    assert refusal(venue, buy(11)) == Refusal(EXCEEDS, text)


def test_a_market_order_without_a_reference_price_has_no_notional() -> None:
    assert refusal(venue_with(configured=configuration(limits(order_notional_max="1"))), buy(1_000)) is None


def collared(*orders: NewOrder) -> Venue:
    return venue_with(*orders, configured=configuration(limits(price_collar_percent="10")))


def test_collar_around_the_last_trade() -> None:
    venue = collared(sell(10, at="100", by=BOB), buy(1, at="100"))

    assert refusal(venue, buy(1, at="110", time_in_force=IOC)) is None
    assert refusal(venue, sell(1, at="90.01", by=CAROL, time_in_force=IOC)) is None
    venue = collared(sell(10, at="100", by=BOB), buy(1, at="100"))
    text = "Price(44) 110.01 against the reference price 100.00 exceeds price_collar_percent 10 of venue"
    assert refusal(venue, buy(1, at="110.01")) == Refusal(EXCEEDS, text)
    text = "Price(44) 89.99 against the reference price 100.00 exceeds price_collar_percent 10 of venue"
    assert refusal(venue, sell(1, at="89.99")) == Refusal(EXCEEDS, text)


def test_collar_follows_the_last_trade() -> None:
    venue = collared(sell(1, at="100", by=BOB), buy(1, at="100"), sell(1, at="109", by=BOB), buy(1, at="109"))

    assert refusal(venue, sell(1, at="119.90")) is None
    assert refusal(venue, buy(1, at="98.09")) is not None


def test_before_the_first_trade_the_collar_is_around_the_middle_of_the_book() -> None:
    """The middle of 99.98 and 100.01 is taken as 99.99, a whole unit."""
    venue = collared(buy(1, at="99.98", by=BOB), sell(1, at="100.01", by=BOB))

    assert refusal(venue, sell(1, at="109.98")) is None
    text = "Price(44) 109.99 against the reference price 99.99 exceeds price_collar_percent 10 of venue"
    assert refusal(venue, sell(1, at="109.99")) == Refusal(EXCEEDS, text)


@pytest.mark.parametrize("orders", [(), (buy(1, at="100", by=BOB),), (sell(1, at="100", by=BOB),)])
def test_no_collar_without_a_reference(orders: tuple[NewOrder, ...]) -> None:
    venue = collared(*(msgspec.structs.replace(order) for order in orders))

    assert refusal(venue, sell(1, at="5000")) is None


def test_the_collar_of_one_instrument_does_not_look_at_another() -> None:
    venue = collared(sell(1, at="100", by=BOB), buy(1, at="100"))

    assert refusal(venue, buy(1, at="5000", symbol="MSFT")) is None


def test_a_market_order_has_no_price_to_hold_against_a_collar() -> None:
    assert refusal(collared(sell(9, at="100", by=BOB), buy(1, at="100")), buy(1)) is None


@pytest.mark.parametrize("last_px", ["-10", "0"])
def test_no_collar_around_zero_or_less(last_px: str) -> None:
    """A percentage of nothing would let no other price pass."""
    venue = collared(sell(5, at=last_px, symbol="SPREAD", by=BOB), buy(5, at=last_px, symbol="SPREAD"))

    assert refusal(venue, buy(5, at="-500", symbol="SPREAD")) is None
    assert refusal(venue, sell(5, at="500", symbol="SPREAD")) is None


def open_limited(amount: str = "1000") -> Venue:
    return venue_with(configured=configuration(limits(open_notional_max=amount)))


def test_open_notional_adds_both_sides_and_all_instruments_of_an_account() -> None:
    venue = open_limited()

    assert refusal(venue, buy(4, at="100")) is None
    assert refusal(venue, sell(5, at="110", symbol="MSFT")) is None
    assert refusal(venue, buy(1, at="50")) is None
    makes = "OrderQty(38) 1 times Price(44) 0.01 makes 1000.01 open in Account(1) A1"
    text = f"{makes} exceeds open_notional_max 1000 of venue"
    assert refusal(venue, buy(1, at="0.01")) == Refusal(EXCEEDS, text)


def test_open_notional_is_each_accounts_own() -> None:
    venue = open_limited()
    venue.handle(buy(10, at="100"))

    assert refusal(venue, buy(10, at="100", by=CAROL)) is None
    assert refusal(venue, buy(10, at="100", account="A2")) is not None


def test_open_notional_is_freed_by_what_trades_or_ends() -> None:
    venue = open_limited()
    order = buy(10, at="100")
    venue.handle(order)

    venue.handle(sell(3, at="100", by=BOB))
    assert refusal(venue, buy(4, at="100")) is not None
    assert refusal(venue, buy(3, at="100")) is None
    venue.handle(cancel(order))
    assert refusal(venue, buy(7, at="100")) is None


def test_a_market_order_never_rests_and_so_opens_nothing() -> None:
    venue = open_limited()
    venue.handle(buy(10, at="100"))

    assert refusal(venue, buy(1_000)) is None


@pytest.mark.parametrize("time_in_force", [IOC, FOK])
def test_what_may_not_rest_opens_nothing(time_in_force: TimeInForce) -> None:
    venue = open_limited()
    venue.handle(buy(10, at="100"))

    assert refusal(venue, buy(100, at="100", time_in_force=time_in_force)) is None
    assert refusal(venue, buy(1, at="100")) is not None


def test_a_replace_counts_the_difference_only() -> None:
    venue = open_limited()
    order = buy(10, at="60")
    venue.handle(order)
    larger = replace(order, 16)

    assert venue.core.gate.check(larger) is None
    text = (
        "OrderQty(38) 17 times Price(44) 60.00 makes 1020 open in Account(1) A1 exceeds open_notional_max 1000 of venue"
    )
    assert venue.core.gate.check(replace(order, 17)) == Refusal(EXCEEDS, text)
    venue.handle(larger)
    assert venue.core.gate.exposure.reserved() == {"A1": 960 * 10**18}


def test_a_replace_counts_what_is_left_of_the_new_total() -> None:
    """E13: of 38=20 with 14=5, fifteen are open."""
    venue = open_limited()
    order = buy(10, at="60")
    venue.handle(order)
    venue.handle(sell(5, at="60", by=BOB))

    assert venue.core.gate.check(replace(order, 21)) is None
    assert venue.core.gate.check(replace(order, 22)) is not None


def test_a_replace_to_less_passes_though_the_limit_was_lowered_below() -> None:
    order = buy(10, at="60")
    venue = venue_with(order, configuration(limits(open_notional_max="100")))

    assert venue.core.gate.check(replace(order, 9)) is None
    assert venue.core.gate.check(replace(order, 11)) is not None


def test_the_other_checks_look_at_the_whole_of_a_replace() -> None:
    order = buy(10, at="100")
    venue = venue_with(order, configured=configuration(limits(order_qty_max="12", order_notional_max="1150")))

    assert venue.core.gate.check(replace(order, 11)) is None
    assert venue.core.gate.check(replace(order, 13)) == Refusal(
        EXCEEDS, "OrderQty(38) 13 exceeds order_qty_max 12 of venue"
    )
    assert venue.core.gate.check(replace(order, 12)) == Refusal(
        EXCEEDS, "OrderQty(38) 12 times Price(44) 100.00 = 1200 exceeds order_notional_max 1150 of venue"
    )


TIGHT = limits(order_qty_max="5", order_notional_max="500", price_collar_percent="1", open_notional_max="500")


def test_no_limit_refuses_a_replace_that_only_lowers_risk() -> None:
    """All limits were lowered under an order that rests, and the market has gone away from it."""
    order = buy(10, at="100")
    venue = venue_with(
        order, sell(1, at="200", symbol="AAPL", by=BOB), buy(1, at="200", by=CAROL), configuration(TIGHT)
    )

    check = venue.core.gate.check
    for down in (replace(order, 9), replace(order, 10, time_in_force=GTC), replace(order, 1)):
        assert check(down) is None
    for other in (replace(order, 11), replace(order, 9, at="100.01"), replace(order, 9, at="99.99")):
        assert check(other) is not None
    venue.handle(replace(order, 9))
    assert venue.depth("AAPL").bids == [("100.00", 9)]


def test_a_replace_that_lowers_risk_is_checked_for_all_else() -> None:
    order = buy("0.0100", at="64000", symbol="BTC-USD")
    venue = venue_with(order, configuration(TIGHT))

    said = venue.core.gate.check(replace(order, "0.0005"))

    lot = "OrderQty(38) 0.0005 is not a multiple of the lot 0.0010 of BTC-USD"
    assert said == Refusal(OrdRejReason.INCORRECT_QUANTITY, lot)
    assert venue.core.gate.check(msgspec.structs.replace(replace(order, "0.005"), account="B1")) is not None


# The order of checks.

WRONG_IN_ALL_WAYS = NewOrder(
    session="CLIENT1",
    firm="ALPHA",
    cl_ord_id="new",
    account="B1",
    symbol="NONE",
    side=Side.CROSS,
    order_qty=Qty(15),
    ord_type=OrdType.LIMIT,
    price=Price(1_000_030),
    time_in_force=DAY,
)
MENDED: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "Symbol(55) "),
    ({"symbol": "FINE"}, "Account(1) "),
    ({"account": "A1"}, "Side(54) "),
    ({"side": Side.BUY}, "Price(44) 10000.30 is not a multiple"),
    ({"price": Price(1_000_025)}, "OrderQty(38) 15 is not a multiple"),
    ({"order_qty": Qty(20)}, "OrderQty(38) 20 exceeds order_qty_max 1 "),
    ({"order_qty": Qty(10)}, "OrderQty(38) 10 times Price(44) 10000.25 = 100002.5 exceeds order_notional_max 90000 "),
    (
        {"price": Price(200_000)},
        "Price(44) 2000.00 against the reference price 1000.00 exceeds price_collar_percent ",
    ),
    ({"price": Price(100_000)}, "OrderQty(38) 10 times Price(44) 1000.00 makes 10000 open in Account(1) A1 exceeds "),
)


def test_the_first_refusal_wins() -> None:
    """An order that is wrong in every way, mended one thing after the other, meets the checks in this order."""
    assert [check.__name__ for check in CHECKS] == [
        "side_is_traded",
        "price_is_on_tick",
        "stop_px_is_on_tick",
        "order_qty_is_in_lots",
        "order_qty_is_within_limit",
        "notional_is_within_limit",
        "price_is_within_collar",
        "open_notional_is_within_limit",
    ]
    fine = msgspec.structs.replace(configuration().instruments[3], symbol="FINE", lot_size=Qty(10), multiplier=1)
    tight = limits(order_qty_max="1", order_notional_max="90000", price_collar_percent="5", open_notional_max="9999.99")
    bought = msgspec.structs.replace(buy(10, at="1000"), symbol="FINE")
    sold = msgspec.structs.replace(sell(10, at="1000", by=BOB), symbol="FINE")
    venue = Venue(configuration(instruments=[fine]))
    for command in (sold, bought, configuration(tight, instruments=[fine])):
        venue.handle(command)

    order = WRONG_IN_ALL_WAYS
    for mended, text in MENDED:
        order = msgspec.structs.replace(order, **mended)
        if order.order_qty == 10:
            venue.handle(configuration(msgspec.structs.replace(tight, order_qty_max=None), instruments=[fine]))
        said = venue.core.gate.check(order)
        assert said is not None
        assert said.text.startswith(text)
    venue.handle(configuration(instruments=[fine]))
    assert venue.core.gate.check(order) is None
