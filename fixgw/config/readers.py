"""Reading one value: what it may be, and what to write when it is something else."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, time, tzinfo
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from ipaddress import IPv4Address
from typing import Any
from zoneinfo import ZoneInfo

from fixgw.spec.terms import Ticks, read_ticks

DIGITS_MAX = 18
"""The most digits a number may have before its decimal point, and after it."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_PLAIN_NUMBER = re.compile(r"-?\d{1,60}(\.\d{1,60})?", re.ASCII)
_WIDE = Context(prec=130, Emin=MIN_EMIN, Emax=MAX_EMAX)
_COMP_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_REDIS_URL = re.compile(r"(rediss?://[!-~]+|unix:///[!-~]+)", re.ASCII)
_LOCAL_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", re.ASCII)
_NAME = re.compile(r"[!-+\--~]{1,64}", re.ASCII)


class WrongValueError(ValueError):
    """Says what was found and what would be right, in words that may follow the name of a key."""


@dataclass(frozen=True)
class Kind:
    """A kind of value: its name in the documentation, and the function that reads it.

    ``read`` takes what TOML or the environment holds, and raises WrongValueError.
    """

    name: str
    read: Callable[[object], Any]


def show(value: object) -> str:
    """Return the value as a message quotes it: short, printable and on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return ascii(value if len(value) <= 40 else value[:37] + "...")
        case dict():
            return "a table"
        case list():
            return "an array"
        # Python refuses to write integers of thousands of digits, and nobody wants to read them.
        case int() if value.bit_length() > 128:
            return "a number of hundreds of bits"
        case _:
            return str(value) if len(str(value)) <= 40 else str(value)[:37] + "..."


def number(example: str, above: int | None = None) -> Kind:
    """A decimal number, exact, without trailing zeros; written as a number or as text."""

    def read(value: object) -> Decimal:
        right = f"write for example {example}"
        exact = _decimal(value)
        if exact is None:
            raise WrongValueError(f"{show(value)} is not a number; {right}")
        if exact.adjusted() >= DIGITS_MAX:
            raise WrongValueError(f"{show(value)} has more than {DIGITS_MAX} digits before the point; {right}")
        if decimals_of(exact) > DIGITS_MAX:
            raise WrongValueError(f"{show(value)} has more than {DIGITS_MAX} decimals; {right}")
        if above is not None and exact <= above:
            raise WrongValueError(f"{show(value)} is not above {above}; {right}")
        return Decimal(format(exact, "f"))

    return Kind("number" if above is None else f"number above {above}", read)


def decimals_of(exact: Decimal) -> int:
    """Return how many decimals it takes to write a finite number without trailing zeros."""
    exponent = exact.as_tuple().exponent
    assert isinstance(exponent, int), exact
    return max(0, -exponent)


def _decimal(value: object) -> Decimal | None:
    """Return the number without trailing zeros; None when it is not a finite number of sensible length."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, int) and value.bit_length() <= 128:
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite() or len(value.as_tuple().digits) > 120:
        return None
    return value.normalize(_WIDE) if value else Decimal(0)


def whole_number(low: int, high: int, example: int) -> Kind:
    """A whole number from ``low`` to ``high``, written as a number or as text."""

    def read(value: object) -> int:
        right = f"write a whole number from {low} to {high}, for example {example}"
        exact = _decimal(value)
        if exact is None or decimals_of(exact):
            raise WrongValueError(f"{show(value)} is not a whole number; {right}")
        if not low <= exact <= high:
            raise WrongValueError(f"{show(value)} is {f'below {low}' if exact < low else f'above {high}'}; {right}")
        return int(exact)

    return Kind(f"whole number, {low} to {high}", read)


def one_of(*words: str) -> Kind:
    """One of a few words."""

    def read(value: object) -> str:
        if value in words:
            return str(value)
        right = " or ".join(f'"{word}"' for word in words)
        raise WrongValueError(f"{show(value)} is not a choice here; write {right}")

    return Kind(", ".join(f"`{word}`" for word in words), read)


def _group(value: object) -> tuple[str, int]:
    """A multicast group and its UDP port, ``239.192.0.1:20001``."""
    address, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    right = "write a multicast address, 224.0.0.0 to 239.255.255.255, and a port, for example 239.192.0.1:20001"
    parsed = _ipv4(address)
    if parsed is None or not parsed.is_multicast or not port.isascii() or not port.isdecimal() or len(port) > 5:
        raise WrongValueError(f"{show(value)} is not a multicast group; {right}")
    if not 1 <= int(port) <= 65535:
        raise WrongValueError(f"{show(value)} has no port from 1 to 65535; {right}")
    return address, int(port)


def _interface(value: object) -> str:
    parsed = _ipv4(value) if isinstance(value, str) else None
    if parsed is None or parsed.is_multicast or parsed.is_unspecified:
        right = "write the IPv4 address of one of this host, for example 127.0.0.1"
        raise WrongValueError(f"{show(value)} is not an interface; {right}")
    return str(parsed)


def _ipv4(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text)
    except ValueError:
        return None


def _redis_url(value: object) -> str:
    if not isinstance(value, str) or not _REDIS_URL.fullmatch(value):
        right = "write redis://HOST:PORT, rediss://HOST:PORT or unix:///PATH, or leave it out for the venue's own"
        raise WrongValueError(f"{show(value)} is not the URL of a Redis; {right}")
    return value


def _local_time(value: object) -> time | None:
    """A time of day, ``17:00``; None when it is empty."""
    if value == "":
        return None
    if not isinstance(value, str) or not _LOCAL_TIME.fullmatch(value):
        raise WrongValueError(f'{show(value)} is not a time of day; write HH:MM in quotes, for example "17:00", or ""')
    return time.fromisoformat(value)


def _time_of_day(value: object) -> time:
    """A time of day, to the second where that matters: ``09:30`` or ``09:29:30``."""
    if not isinstance(value, str) or not _TIME_OF_DAY.fullmatch(value):
        raise WrongValueError(f'{show(value)} is not a time of day; write HH:MM in quotes, for example "09:30"')
    return time.fromisoformat(value)


def _date(value: object) -> date:
    try:
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        text = f'{show(value)} is not a date; write YYYY-MM-DD in quotes, for example "2026-12-24"'
        raise WrongValueError(text) from None


def _dates(value: object) -> frozenset[date]:
    if not isinstance(value, list):
        raise WrongValueError(f'{show(value)} is not an array; write for example ["2026-12-24", "2026-12-31"]')
    return frozenset(map(_date, value))


def _early_closes(value: object) -> dict[date, time]:
    if not isinstance(value, dict):
        raise WrongValueError(f'{show(value)} is not a table; write for example {{ "2026-12-24" = "13:00" }}')
    return {_date(day): _time_of_day(at) for day, at in value.items()}


def _weekdays(value: object) -> frozenset[int]:
    """Days of the week as numbers, 0 for Monday."""
    if not isinstance(value, list) or not value or not all(day in WEEKDAYS for day in value):
        right = f"of {', '.join(WEEKDAYS)}"
        raise WrongValueError(f'{show(value)} is not an array {right}; write for example ["mon", "tue"]')
    return frozenset(map(WEEKDAYS.index, value))


def _time_zone(value: object) -> tzinfo:
    right = "write a name of the IANA time zone database, for example Europe/London or UTC"
    if not isinstance(value, str) or not value.isascii():
        raise WrongValueError(f"{show(value)} is not a time zone; {right}")
    if value == "UTC":
        return UTC  # known on a host without the database, too
    try:
        return ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # the first is ZoneInfoNotFoundError
        raise WrongValueError(f"{show(value)} is not a time zone that this host knows; {right}") from None


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise WrongValueError(f"{show(value)} is not true or false; write true or false without quotes")
    return value


def _comp_id(value: object) -> str:
    # The CompIDs of a session become file names of its store, and parts of the names of scopes.
    if not isinstance(value, str) or not _COMP_ID.fullmatch(value):
        raise WrongValueError(
            f"{show(value)} is not a CompID; write 1 to 64 letters, digits, dots, dashes or underscores, "
            "the first a letter or digit, for example FIXGW"
        )
    return value


def name(what: str, example: str) -> Kind:
    """A word of printable ASCII without spaces or commas: a symbol, a firm, an account."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise WrongValueError(
                f"{show(value)} is not {what}; write 1 to 64 printable ASCII characters "
                f"without spaces or commas, for example {example}"
            )
        return value

    return Kind("word", read)


def _ticks(value: object) -> tuple[Ticks, ...]:
    right = 'write for example ["0.05 from 5", "0.10 from 10"]'
    if not isinstance(value, list):
        raise WrongValueError(f"{show(value)} is not an array; {right}")
    found = []
    for each in value:
        ticks = read_ticks(each) if isinstance(each, str) else None
        if ticks is None:
            raise WrongValueError(f"{show(each)} is not a tick and the price that it begins at; {right}")
        found.append(ticks)
    return tuple(found)


def _symbols(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise WrongValueError(f'{show(value)} is not an array of symbols; write for example ["AAPL", "MSFT"]')
    return tuple(SYMBOL.read(each) for each in value)


TICKS = Kind("array of ticks", _ticks)
GROUP = Kind("multicast group and port", _group)
INTERFACE = Kind("IPv4 address", _interface)
REDIS_URL = Kind("URL", _redis_url)
LOCAL_TIME = Kind("time of day, or empty", _local_time)
TIME_OF_DAY = Kind("time of day", _time_of_day)
DATES = Kind("array of dates", _dates)
EARLY_CLOSES = Kind("table of times by date", _early_closes)
DAYS_OF_WEEK = Kind("array of `mon` to `sun`", _weekdays)
TIME_ZONE = Kind("time zone", _time_zone)
BOOLEAN = Kind("true or false", _boolean)
COMP_ID = Kind("CompID", _comp_id)
FIRM = name("a firm", "ALPHA")
ACCOUNT = name("an account", "A1")
SYMBOL = name("a symbol", "AAPL")
SYMBOLS = Kind("array of words", _symbols)
PROTECTION_NAME = name("a protection", "tech-options")
SEGMENT_NAME = name("a segment", "us-equities")
CALENDAR = name("a calendar", "XNYS")
