"""An instrument reads its own prices and quantities, and knows what they are worth."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.spec.fixed import FixedError
from fixgw.spec.instrument import NOTIONAL_SCALE, SCALE_MAX, UNLISTED, Instrument
from fixgw.spec.values import INT64_MAX, Price, Qty
from tests.orders import AAPL, BTC_USD, ESZ6, SPREAD


def test_price_and_quantity_are_read_in_the_instruments_scales() -> None:
    assert AAPL.parse_price("100.25") == 10_025
    assert AAPL.parse_qty("100") == 100
    assert BTC_USD.parse_price("64000.5") == 6_400_050
    assert BTC_USD.parse_qty("0.0010") == 10


@pytest.mark.parametrize(
    ("instrument", "text", "why"),
    [
        (AAPL, "0", "is not above zero"),
        (AAPL, "-0.00", "is not above zero"),
        (AAPL, "-100.25", "is not above zero"),
        (AAPL, "100.255", "has more than 2 decimals"),
        (AAPL, "92233720.37", "is too large"),
        (SPREAD, "-92233720.37", "is too large"),
        (SPREAD, "92233720.37", "is too large"),
        (AAPL, "1e2", "is not a plain decimal number"),
        (AAPL, "", "is not a plain decimal number"),
    ],
)
def test_a_price_that_does_not_fit_is_refused(instrument: Instrument, text: str, why: str) -> None:
    with pytest.raises(FixedError) as refused:
        instrument.parse_price(text)

    assert str(refused.value) == why


def test_the_bounds_themselves_are_in() -> None:
    assert AAPL.parse_price("92233720.36") == AAPL.price_bound
    assert AAPL.parse_qty("1000000000") == AAPL.order_qty_bound
    assert SPREAD.parse_price("-92233720.36") == -SPREAD.price_bound


def test_a_spread_may_be_at_zero_or_below() -> None:
    assert [SPREAD.parse_price(text) for text in ("0", "-0.05", "-12")] == [0, -5, -1_200]


@pytest.mark.parametrize(
    ("instrument", "text", "why"),
    [
        (AAPL, "0", "is not above zero"),
        (SPREAD, "-5", "is not above zero"),
        (AAPL, "0.5", "has more than 0 decimals"),
        (BTC_USD, "0.00001", "has more than 4 decimals"),
        (AAPL, "1000000001", "is too large"),
        (AAPL, "9" * 40, "is too large"),
        (AAPL, "ten", "is not a plain decimal number"),
    ],
)
def test_a_quantity_that_does_not_fit_is_refused(instrument: Instrument, text: str, why: str) -> None:
    with pytest.raises(FixedError) as refused:
        instrument.parse_qty(text)

    assert str(refused.value) == why


def test_an_unlisted_symbol_reads_whatever_a_64_bit_integer_holds() -> None:
    assert UNLISTED.parse_price("-922337203.6854775807") == -INT64_MAX
    assert UNLISTED.parse_qty("922337203.6854775807") == INT64_MAX


def test_notional_counts_the_multiplier() -> None:
    assert ESZ6.notional(ESZ6.parse_price("6000.25"), 2) == 600_025 * 10**NOTIONAL_SCALE


@given(
    price=st.integers(-INT64_MAX, INT64_MAX),
    qty=st.integers(1, INT64_MAX),
    price_scale=st.integers(0, SCALE_MAX),
    qty_scale=st.integers(0, SCALE_MAX),
    multiplier=st.integers(1, 10**9),
)
def test_notional_is_exact(price: int, qty: int, price_scale: int, qty_scale: int, multiplier: int) -> None:
    instrument = Instrument("X", price_scale, qty_scale, Price(1), Qty(1), multiplier, Qty(1), Price(1))

    notional = instrument.notional(price, qty)

    # Fractions by hand: 10**-18 units times 10**(both scales) is what the three integers multiply to.
    assert notional * 10 ** (price_scale + qty_scale) == price * qty * multiplier * 10**NOTIONAL_SCALE


def test_notional_by_hand() -> None:
    notional = BTC_USD.notional(BTC_USD.parse_price("64000.01"), BTC_USD.parse_qty("0.003"))

    assert Decimal(notional).scaleb(-NOTIONAL_SCALE) == Decimal("192.00003")
