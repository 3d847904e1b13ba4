"""Which limits hold: the tightest of all scopes an order falls under, as configured last."""

from decimal import Decimal

import pytest

from fixgw.risk.limits import COLLAR_SCALE, Limit, LimitTable
from fixgw.spec.limits import ScopedLimits
from fixgw.spec.values import Side
from tests.orders import AAPL, BOB, BTC_USD, CAROL, MSFT, buy, cancel, configuration, limits, venue_with

SCOPES = ("venue", "firm:ALPHA", "account:A1", "session:CLIENT1", "instrument:AAPL")


def table(*written: ScopedLimits) -> LimitTable:
    return LimitTable(written)


@pytest.mark.parametrize("tightest", SCOPES)
def test_the_tightest_of_all_scopes_wins(tightest: str) -> None:
    written = [limits(scope, order_qty_max="5" if scope == tightest else "10") for scope in SCOPES]

    applicable = table(*written).applicable("CLIENT1", "ALPHA", "A1", AAPL)

    assert applicable.order_qty_max == Limit(5, "order_qty_max", tightest, Decimal(5))
    assert str(applicable.order_qty_max) == f"order_qty_max 5 of {tightest}"


def test_the_scopes_of_others_do_not_count() -> None:
    others = ("firm:BETA", "account:A2", "session:CLIENT4", "instrument:MSFT")

    applicable = table(*(limits(scope, order_qty_max="1") for scope in others)).applicable(
        "CLIENT1", "ALPHA", "A1", AAPL
    )

    assert applicable == (None, None, None, None)


def test_each_limit_is_looked_up_on_its_own() -> None:
    applicable = table(
        limits("venue", order_qty_max="10", order_notional_max="5", price_collar_percent="2.5"),
        limits("account:A1", order_qty_max="20", open_notional_max="7"),
    ).applicable("CLIENT1", "ALPHA", "A1", AAPL)

    assert [None if limit is None else limit.scope for limit in applicable] == [
        "venue",
        "venue",
        "venue",
        "account:A1",
    ]
    assert applicable.price_collar_percent is not None
    assert applicable.price_collar_percent.value == 25 * 10 ** (COLLAR_SCALE - 1)


def test_open_notional_adds_up_over_instruments_so_that_one_has_no_limit_of_it() -> None:
    applicable = table(limits("instrument:AAPL", open_notional_max="7")).applicable("CLIENT1", "ALPHA", "A1", AAPL)

    assert applicable.open_notional_max is None


def test_a_limit_finer_than_the_instrument_is_rounded_down() -> None:
    found = table(limits(order_qty_max="1.99995"))

    assert [
        limit.value
        for instrument in (AAPL, BTC_USD)
        if (limit := found.applicable("CLIENT1", "ALPHA", "A1", instrument).order_qty_max)
    ] == [1, 19_999]


def test_what_was_looked_up_is_remembered_for_each_combination() -> None:
    found = table(limits("account:A1", order_qty_max="1"), limits("instrument:MSFT", order_qty_max="2"))

    for _ in range(2):
        assert found.applicable("CLIENT1", "ALPHA", "A2", AAPL).order_qty_max is None
        for instrument, account, value in ((AAPL, "A1", 1), (MSFT, "A1", 1), (MSFT, "A2", 2)):
            limit = found.applicable("CLIENT1", "ALPHA", account, instrument).order_qty_max
            assert limit is not None
            assert limit.value == value


def test_a_reconfiguration_changes_the_limits() -> None:
    venue = venue_with(configured=configuration(limits(order_qty_max="10")))
    gate = venue.core.gate
    order = buy(11, at="100")
    assert gate.check(order) is not None

    venue.handle(configuration(limits("firm:ALPHA", order_qty_max="11")))
    assert gate.check(order) is None
    venue.handle(configuration(limits("firm:ALPHA", order_qty_max="10")))
    refused = gate.check(order)
    assert refused is not None
    assert refused.text == "OrderQty(38) 11 exceeds order_qty_max 10 of firm:ALPHA"
    assert gate.check(buy(11, at="100", by=BOB)) is None
    venue.handle(configuration())
    assert gate.check(order) is None


def test_exposure_lives_through_a_reconfiguration() -> None:
    order, other = buy(10, at="100"), buy(10, at="100", by=CAROL)
    venue = venue_with(order, other, configuration(limits(open_notional_max="1000")))

    assert venue.core.gate.check(buy(1, at="100")) is not None
    venue.handle(cancel(order))
    assert venue.core.gate.check(buy(1, at="100")) is None
    assert venue.core.gate.check(buy(1, at="100", by=CAROL, side=Side.SELL)) is not None
