"""Decimal text to scaled integer and back: the only way a number enters or leaves the venue."""

import re

from fixgw.spec.values import INT64_MAX

# FIX 4.4 Vol. 1, data type float: digits with an optional sign and decimal point; no exponent, no
# plus sign.  At least one digit somewhere.
_PLAIN = re.compile(r"(-?)(\d*)(?:\.(\d*))?", re.ASCII)


class FixedError(ValueError):
    """Says what is wrong with a number, in words that may follow the name of its tag."""


def parse(text: str, scale: int) -> int:
    """Return ``text`` times ``10**scale`` as an int of at most 63 bits and a sign.

    ``parse("100.25", 4) == 1_002_500``; trailing zeros are irrelevant, so ``"10.500"`` fits scale 1.
    Raises FixedError when ``text`` is not a plain FIX float (FIX 4.4 Vol. 1, data types), needs more
    than ``scale`` decimals, since rounding a client's price is not ours to do, or is too large.
    """
    matched = _PLAIN.fullmatch(text)
    if matched is None:
        raise FixedError("is not a plain decimal number")
    sign, whole, fraction = matched.groups(default="")
    if not whole and not fraction:
        raise FixedError("is not a plain decimal number")
    if len(fraction) > scale:
        fraction = fraction.rstrip("0")
        if len(fraction) > scale:
            raise FixedError(f"has more than {scale} decimals")
    digits = (whole + fraction.ljust(scale, "0")).lstrip("0")
    # Compare the length first: int() on a hostile text of thousands of digits is slow, and refuses
    # to work at all beyond 4,300 of them.
    if len(digits) > 19 or (value := int(digits or "0")) > INT64_MAX:
        raise FixedError("is too large")
    return -value if sign else value


def format_fixed(value: int, scale: int) -> str:
    """Return ``value`` in units of ``10**-scale`` as decimal text with exactly ``scale`` decimals.

    ``format_fixed(1_002_500, 4) == "100.2500"``; ``parse(format_fixed(v, s), s) == v``.
    """
    if scale == 0:
        return str(value)
    digits = str(abs(value)).rjust(scale + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"


def format_ratio(numerator: int, denominator: int, scale: int) -> str:
    """Return ``numerator / denominator`` as decimal text, rounded half away from zero to ``scale`` decimals.

    For AvgPx(6), which is computed at the edge from an exact integer notional.  ``denominator`` > 0.
    """
    assert denominator > 0, denominator
    doubled = 2 * abs(numerator) * 10**scale
    rounded = (doubled + denominator) // (2 * denominator)
    return format_fixed(-rounded if numerator < 0 else rounded, scale)
