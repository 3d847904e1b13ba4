"""Numbers enter exactly or not at all, and leave as they are."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fixgw.spec import fixed
from fixgw.spec.fixed import FixedError, format_fixed, format_ratio, parse
from fixgw.spec.values import INT64_MAX

SCALES = st.integers(0, 18)
INT64 = st.integers(-INT64_MAX, INT64_MAX)
NUMBERLIKE = st.text(alphabet="0123456789.-+eE _ ,x\u0661\uff11\u00b2\n\x00", max_size=30)
PLAIN = st.from_regex(r"\A-?[0-9]{0,22}(\.[0-9]{0,22})?\Z")


@pytest.mark.parametrize(
    ("text", "scale", "value"),
    [
        ("100.25", 4, 1_002_500),
        ("100.25", 2, 10_025),
        ("100", 0, 100),
        ("100.", 0, 100),
        (".5", 1, 5),
        ("-.5", 1, -5),
        ("-1.5", 1, -15),
        ("0", 0, 0),
        ("-0", 2, 0),
        ("-0.00", 2, 0),
        ("007", 0, 7),
        ("10.500", 1, 105),
        ("10.000", 0, 10),
        ("0" * 39 + "1", 0, 1),
        ("1." + "0" * 38, 2, 100),
        ("9223372036854775807", 0, INT64_MAX),
        ("-9223372036854775807", 0, -INT64_MAX),
        ("9.223372036854775807", 18, INT64_MAX),
    ],
)
def test_a_plain_decimal_is_read_exactly(text: str, scale: int, value: int) -> None:
    assert parse(text, scale) == value


NOT_PLAIN = "is not a plain decimal number"


@pytest.mark.parametrize("text", ["0" * 40 + "1", "1." + "0" * 39, "9" * 41, "x" * 41, "-" + "1" * 40, "1" * 60_000])
def test_a_text_that_is_too_long_is_refused_and_not_remembered(text: str) -> None:
    """Tens of thousands of different ones, of 64 kB each, would fill the memory."""
    remembered = fixed.parse.cache_info().currsize

    with pytest.raises(FixedError, match=r"^is longer than 40 characters$"):
        parse(text, 2)

    assert fixed.parse.cache_info().currsize == remembered


@pytest.mark.parametrize(
    ("text", "scale", "why"),
    [
        ("", 2, NOT_PLAIN),
        (".", 2, NOT_PLAIN),
        ("-", 2, NOT_PLAIN),
        ("-.", 2, NOT_PLAIN),
        ("+1", 2, NOT_PLAIN),
        ("--1", 2, NOT_PLAIN),
        ("1-", 2, NOT_PLAIN),
        ("1e3", 2, NOT_PLAIN),
        ("1E3", 2, NOT_PLAIN),
        ("1_000", 2, NOT_PLAIN),
        ("1,000", 2, NOT_PLAIN),
        ("1.2.3", 2, NOT_PLAIN),
        (" 1", 2, NOT_PLAIN),
        ("1 ", 2, NOT_PLAIN),
        ("1\n", 2, NOT_PLAIN),
        ("0x10", 2, NOT_PLAIN),
        ("NaN", 2, NOT_PLAIN),
        ("Infinity", 2, NOT_PLAIN),
        ("\u0661\u0662", 2, NOT_PLAIN),
        ("\uff11", 2, NOT_PLAIN),
        ("\u00b2", 2, NOT_PLAIN),
        ("\udc80", 2, NOT_PLAIN),
        ("1.005", 2, "has more than 2 decimals"),
        ("1.5", 0, "has more than 0 decimals"),
        ("1." + "0" * 37 + "1", 2, "has more than 2 decimals"),
        ("9223372036854775808", 0, "is too large"),
        ("-9223372036854775808", 0, "is too large"),
        ("92233720368547758.08", 2, "is too large"),
        ("1" + "0" * 17, 2, "is too large"),
        ("9" * 40, 2, "is too large"),
        ("-" + "9" * 39, 0, "is too large"),
    ],
)
def test_anything_else_is_refused_with_the_reason(text: str, scale: int, why: str) -> None:
    with pytest.raises(FixedError) as refused:
        parse(text, scale)

    assert str(refused.value) == why


@given(value=INT64, scale=SCALES)
def test_what_is_written_is_read_back(value: int, scale: int) -> None:
    text = format_fixed(value, scale)

    assert parse(text, scale) == value
    assert len(text.partition(".")[2]) == scale


@given(value=INT64, scale=SCALES)
def test_format_writes_what_decimal_would(value: int, scale: int) -> None:
    assert format_fixed(value, scale) == f"{Decimal(value).scaleb(-scale):f}"


def test_format_of_small_numbers_has_a_zero_before_the_point() -> None:
    assert [format_fixed(value, 2) for value in (0, 5, -5, 105, -105)] == ["0.00", "0.05", "-0.05", "1.05", "-1.05"]


@settings(max_examples=400)
@given(text=st.one_of(NUMBERLIKE, PLAIN, st.text(max_size=8)), scale=SCALES)
@example(text="1.10", scale=1)
@example(text="9223372036854775807.0", scale=0)
@example(text="-", scale=0)
def test_parse_agrees_with_decimal_on_every_text(text: str, scale: int) -> None:
    """What FIX calls a float and fits is read as Decimal reads it; all else is refused."""
    expected = _by_decimal(text, scale)
    if expected is None:
        with pytest.raises(FixedError):
            parse(text, scale)
    else:
        assert parse(text, scale) == expected


def _by_decimal(text: str, scale: int) -> int | None:
    if not set(text) <= set("0123456789.-") or not any(character.isdigit() for character in text):
        return None
    try:
        number = Decimal(text)
    except ArithmeticError:
        return None
    with localcontext() as context:
        context.prec = 10_000
        scaled = number.scaleb(scale)
        if scaled != scaled.to_integral_value() or abs(scaled) > INT64_MAX:
            return None
        return int(scaled)


@given(
    numerator=st.integers(-(10**40), 10**40),
    denominator=st.integers(1, 10**20),
    scale=st.integers(0, 12),
)
@example(numerator=1, denominator=2, scale=0)
@example(numerator=-1, denominator=2, scale=0)
@example(numerator=5, denominator=1_000, scale=2)
def test_a_ratio_is_rounded_half_away_from_zero(numerator: int, denominator: int, scale: int) -> None:
    # Sixty digits hold a numerator of 41 and the denominators that could put a quotient next to a half.
    with localcontext() as context:
        context.prec = 100
        exactly = Decimal(numerator) / Decimal(denominator)
        rounded = exactly.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)

    assert Decimal(format_ratio(numerator, denominator, scale)) == rounded
    assert len(format_ratio(numerator, denominator, scale).partition(".")[2]) == scale


@pytest.mark.parametrize(
    ("ratio", "text"),
    [((1, 3), "0.3333"), ((2, 3), "0.6667"), ((-2, 3), "-0.6667"), ((1, 20_000), "0.0001"), ((1, 20_001), "0.0000")],
)
def test_ratios_by_hand(ratio: tuple[int, int], text: str) -> None:
    assert format_ratio(*ratio, 4) == text


def test_a_denominator_must_be_above_zero() -> None:
    with pytest.raises(AssertionError):
        format_ratio(1, 0, 2)
