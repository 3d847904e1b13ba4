"""Decimal text to scaled integer and back: the only way a number enters or leaves the venue."""

from functools import lru_cache

from fixgw.spec.values import INT64_MAX

TEXT_LENGTH_MAX = 40

_DIGITS_MAX = len(str(INT64_MAX))
_POWERS_OF_TEN: tuple[int, ...] = tuple(10**exponent for exponent in range(_DIGITS_MAX))


class FixedError(ValueError):
    """Says what is wrong with a number, in words that may follow the name of its tag."""


_REMEMBERED = 1 << 16  # prices and quantities repeat; to look one up is five times as fast as to work it out


@lru_cache(_REMEMBERED)
def parse(text: str, scale: int) -> int:
    """Return ``text`` times ``10**scale`` as an int of at most 63 bits and a sign.

    ``parse("100.25", 4) == 1_002_500``; trailing zeros are irrelevant, so ``"10.500"`` fits scale 1.
    Raises FixedError when ``text`` is not a plain FIX float (FIX 4.4 Vol. 1, data types), needs more
    than ``scale`` decimals, since rounding a client's price is not ours to do, is too large, or is longer than
    TEXT_LENGTH_MAX, zeros included: what is raised is not remembered, so that no client can fill the memory.
    """
    if len(text) > TEXT_LENGTH_MAX:
        raise FixedError(f"is longer than {TEXT_LENGTH_MAX} characters")
    is_negative = text.startswith("-")
    whole, _, fraction = (text[1:] if is_negative else text).partition(".")
    digits = whole + fraction
    # isdigit alone would let digits of other scripts pass; at least one is needed, before or after the point.
    if not (digits.isascii() and digits.isdigit()):
        raise FixedError("is not a plain decimal number")
    if len(fraction) > scale:
        fraction = fraction.rstrip("0")
        if len(fraction) > scale:
            raise FixedError(f"has more than {scale} decimals")
        digits = whole + fraction
    if len(digits) > _DIGITS_MAX:
        digits = digits.lstrip("0")
        if len(digits) > _DIGITS_MAX:
            raise FixedError("is too large")
    value = int(digits or "0") * _POWERS_OF_TEN[scale - len(fraction)]
    if value > INT64_MAX:
        raise FixedError("is too large")
    return -value if is_negative else value


@lru_cache(_REMEMBERED)
def format_fixed(value: int, scale: int) -> str:
    """Return ``value`` in units of ``10**-scale`` as decimal text with exactly ``scale`` decimals.

    ``format_fixed(1_002_500, 4) == "100.2500"``; ``parse(format_fixed(v, s), s) == v``.
    """
    if scale == 0:
        return str(value)
    digits = str(abs(value)).rjust(scale + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"


def format_shortest(value: int, scale: int) -> str:
    """Return ``value`` in units of ``10**-scale`` as decimal text without trailing zeros."""
    text = format_fixed(value, scale)
    return text.rstrip("0").removesuffix(".") if scale else text


def format_ratio(numerator: int, denominator: int, scale: int) -> str:
    """Return ``numerator / denominator`` as decimal text, rounded half away from zero to ``scale`` decimals.

    For AvgPx(6), which is computed at the edge from an exact integer notional.  ``denominator`` > 0.
    """
    assert denominator > 0, denominator
    doubled = 2 * abs(numerator) * 10**scale
    rounded = (doubled + denominator) // (2 * denominator)
    return format_fixed(-rounded if numerator < 0 else rounded, scale)
