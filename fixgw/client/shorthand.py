"""The short form: one line of text in, what the trader meant out; nothing here knows a socket or an order."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from fixgw.client.message import Field

_PRICED = "PRICE|mkt|peg KIND [OFFSET]"
_IN_FORCE = "[day|gtc|ioc|fok|opg|gtx|atc|gtd WHEN]"
_TERMS = f"QTY SYMBOL {_PRICED} [stop PRICE] {_IN_FORCE} [aon] [reduce] [acct ACCOUNT] [TAG=VALUE ...]"
USAGE = {
    "buy": f"buy {_TERMS}",
    "sell": f"sell {_TERMS}",
    "cancel": "cancel N [TAG=VALUE ...]",
    "replace": "replace N QTY [PRICE] [TAG=VALUE ...]",
    "status": "status [N]",
    "cancel-all": "cancel-all [SYMBOL] [buy|sell]",
    "raw": "raw 35=D|55=AAPL|...",
    "expect": "expect TAG=VALUE [TAG=VALUE ...]  or  expect none [SECONDS]",
    "wait": "wait SECONDS",
    "orders": "orders",
    "reconnect": "reconnect [reset]",
    "help": "help",
    "logout": "logout",
    "quit": "quit",
}
EXAMPLE = {
    "buy": "buy 100 AAPL 10.05",
    "sell": "sell 50 AAPL mkt ioc",
    "cancel": "cancel 3",
    "replace": "replace 3 80 10.06",
    "status": "status 3",
    "cancel-all": "cancel-all AAPL buy",
    "raw": "raw 35=H|11=x1|55=AAPL|54=1",
    "expect": "expect 35=8 150=F 32=50",
    "wait": "wait 0.5",
    "reconnect": "reconnect",
}
MEANING = {
    "buy": "send an order (D) to buy, limited to PRICE or mkt, at market; KIND is primary, market, mid or last; "
    "WHEN is a date or a UTC time",
    "sell": "the same to sell",
    "cancel": "cancel order N (F)",
    "replace": "give order N a new total quantity and price (G)",
    "status": "ask for order N (H), or for all orders of this session (AF)",
    "cancel-all": "cancel all orders, or those of a symbol or a side (q)",
    "raw": "send these fields, | between them; 8 9 34 49 52 56 10 are added where absent",
    "expect": "scripts: the next message must have these values; or nothing must come",
    "wait": "let time pass",
    "orders": "show the orders sent from here",
    "reconnect": "log on again where the numbers stand, or with both at 1",
    "help": "this list",
    "logout": "log out and stay",
    "quit": "log out and leave",
}
SCRIPT_WORDS = frozenset({"expect", "wait"})

SIDES = {"buy": "1", "sell": "2"}
TIMES_IN_FORCE = {"day": "0", "gtc": "1", "ioc": "3", "fok": "4", "opg": "2", "gtx": "5", "atc": "7"}
GOOD_TILL_DATE = "6"
PEGS = {"primary": "R", "market": "P", "mid": "M", "last": "L"}
FLAGS: dict[str, Field] = {"aon": (18, "G"), "reduce": (20002, "Y")}
"""All or none, and reduce-only."""
WHEN = re.compile(r"(\d{8})|\d{8}-\d\d:\d\d:\d\d(\.\d{3})?", re.ASCII)
DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
TOKEN = re.compile(r'(?:[^\s"]|"[^"]*"|")+')
EXPECT_NONE_S = 0.5


class LineError(ValueError):
    """A line that is not in the short form; the text says in one line what would be right."""


@dataclass(frozen=True)
class Order:
    side: str  # Side(54)
    order_qty: str
    symbol: str
    price: str | None  # None: at market
    time_in_force: str = "0"
    account: str | None = None
    extra: tuple[Field, ...] = ()
    stop_px: str | None = None  # with it, a stop or stop limit order


@dataclass(frozen=True)
class Cancel:
    number: int
    extra: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Replace:
    number: int
    order_qty: str
    price: str | None = None  # None: as it was
    extra: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Status:
    number: int | None = None


@dataclass(frozen=True)
class CancelAll:
    symbol: str | None = None
    side: str | None = None


@dataclass(frozen=True)
class Raw:
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Expect:
    wanted: tuple[Field, ...]


@dataclass(frozen=True)
class ExpectNone:
    seconds: float = EXPECT_NONE_S


@dataclass(frozen=True)
class Wait:
    seconds: float


@dataclass(frozen=True)
class Reconnect:
    reset: bool = False


@dataclass(frozen=True)
class Word:
    """``orders``, ``help``, ``logout`` or ``quit``."""

    word: str


Request = Order | Cancel | Replace | Status | CancelAll | Raw
Command = Request | Expect | ExpectNone | Wait | Reconnect | Word


def parse(line: str) -> Command | None:
    """Return what the line asks for, None for an empty line or a ``#`` comment.  Raises LineError."""
    text = line.strip()
    if not text or text.startswith("#"):
        return None
    word, _, rest = text.partition(" ")
    if word.lower() == "raw":  # verbatim: spaces and # may belong to a value
        return Raw(fields_of(rest.strip()))
    word, *words = tokens(text)
    word = word.lower()
    if word not in PARSERS:
        near = get_close_matches(word, USAGE, n=1)
        raise LineError(f"unknown command {word!r}; " + (f"did you mean: {usage(near[0])}" if near else "try: help"))
    return PARSERS[word](word, words)


def tokens(text: str) -> list[str]:
    """Split at spaces outside double quotes, without the quotes; a word that begins with # ends the line."""
    found: list[str] = []
    for token in TOKEN.findall(text):
        if token.startswith("#"):
            break
        if token.count('"') % 2:
            raise LineError(f'a " is missing behind {token}')
        found.append(token.replace('"', ""))
    return found


def usage(word: str) -> str:
    example = f"   (for example: {EXAMPLE[word]})" if word in EXAMPLE else ""
    return f"{USAGE[word]}{example}"


def wrong(word: str, what: str) -> LineError:
    return LineError(f"{what}; usage: {usage(word)}")


# One function for each command.


def parse_order(word: str, words: Sequence[str]) -> Order:
    words, extra = split_extra(word, words)
    words, stop_px = split_stop(word, words)
    words, peg = split_peg(word, words)
    if len(words) < 3:
        raise wrong(word, "quantity, symbol or price is missing")
    order_qty = decimal(word, "QTY", words[0])
    price = None if words[2].lower() in ("mkt", "market", "peg") else decimal(word, "PRICE", words[2])
    time_in_force, account, more = order_options(word, words[3:])
    return Order(SIDES[word], order_qty, words[1], price, time_in_force, account, peg + more + extra, stop_px)


def split_stop(word: str, words: Sequence[str]) -> tuple[list[str], str | None]:
    """Separate ``stop PRICE`` from the other words."""
    found = [i for i, each in enumerate(words) if each.lower() == "stop"]
    if not found:
        return list(words), None
    at = found[0]
    if at + 1 == len(words):
        raise wrong(word, "stop needs a price")
    return [*words[:at], *words[at + 2 :]], decimal(word, "the price of stop", words[at + 1])


def split_peg(word: str, words: Sequence[str]) -> tuple[list[str], tuple[Field, ...]]:
    """Separate what follows ``peg`` in the place of a price, as OrdType(40), ExecInst(18) and PegOffsetValue(211)."""
    if len(words) < 3 or words[2].lower() != "peg":
        return list(words), ()
    code = PEGS.get(words[3].lower()) if len(words) > 3 else None
    if code is None:
        raise wrong(word, f"peg needs one of {', '.join(PEGS)}")
    terms: tuple[Field, ...] = ((40, "P"), (18, code))
    if len(words) == 4 or not DECIMAL.fullmatch(words[4]):
        return [*words[:3], *words[4:]], terms
    return [*words[:3], *words[5:]], (*terms, (211, words[4]))


def order_options(word: str, words: Sequence[str]) -> tuple[str, str | None, tuple[Field, ...]]:
    """Return TimeInForce(59), Account(1), and ExpireDate(432) or ExpireTime(126) and flags, from what follows."""
    time_in_force, account, more = "0", None, tuple[Field, ...]()
    rest = iter(words)
    for option in rest:
        if option.lower() in TIMES_IN_FORCE:
            time_in_force = TIMES_IN_FORCE[option.lower()]
        elif option.lower() == "gtd":
            time_in_force, more = GOOD_TILL_DATE, (*more, good_till(word, next(rest, "")))
        elif option.lower() in FLAGS:
            more = (*more, FLAGS[option.lower()])
        elif option.lower() == "acct":
            account = next(rest, None)
            if account is None:
                raise wrong(word, "acct needs an account")
        else:
            options = ", ".join(("stop PRICE", *TIMES_IN_FORCE, "gtd WHEN", *FLAGS, "acct ACCOUNT", "TAG=VALUE"))
            raise wrong(word, f"{option!r} is not one of {options}")
    return time_in_force, account, more


def good_till(word: str, when: str) -> Field:
    found = WHEN.fullmatch(when)
    if found is None:
        raise wrong(word, f"gtd needs a date such as 20261231 or a UTC time such as 20261231-17:00:00, not {when!r}")
    return (432 if found[1] else 126), when


def parse_cancel(word: str, words: Sequence[str]) -> Cancel:
    words, extra = split_extra(word, words)
    if len(words) != 1:
        raise wrong(word, "cancel takes the number of one order")
    return Cancel(number(word, words[0]), extra)


def parse_replace(word: str, words: Sequence[str]) -> Replace:
    words, extra = split_extra(word, words)
    if len(words) not in (2, 3):
        raise wrong(word, "replace takes the number of an order, its new total quantity and perhaps a price")
    price = decimal(word, "PRICE", words[2]) if len(words) == 3 else None
    return Replace(number(word, words[0]), decimal(word, "QTY", words[1]), price, extra)


def parse_status(word: str, words: Sequence[str]) -> Status:
    if len(words) > 1:
        raise wrong(word, "status takes the number of one order, or nothing")
    return Status(number(word, words[0]) if words else None)


def parse_cancel_all(word: str, words: Sequence[str]) -> CancelAll:
    sides = [w.lower() for w in words if w.lower() in SIDES]
    symbols = [w for w in words if w.lower() not in SIDES]
    if len(sides) > 1 or len(symbols) > 1:
        raise wrong(word, "cancel-all takes one symbol and one side at most")
    return CancelAll(symbols[0] if symbols else None, SIDES[sides[0]] if sides else None)


def parse_expect(word: str, words: Sequence[str]) -> Expect | ExpectNone:
    if words and words[0].lower() == "none":
        if len(words) > 2:
            raise wrong(word, "expect none takes a number of seconds at most")
        return ExpectNone(seconds(word, words[1]) if len(words) == 2 else EXPECT_NONE_S)
    bare, wanted = split_extra(word, words)
    if bare or not wanted:
        raise wrong(word, f"{bare[0]!r} is not TAG=VALUE" if bare else "what to expect is missing")
    return Expect(wanted)


def parse_wait(word: str, words: Sequence[str]) -> Wait:
    if len(words) != 1:
        raise wrong(word, "wait takes a number of seconds")
    return Wait(seconds(word, words[0]))


def parse_reconnect(word: str, words: Sequence[str]) -> Reconnect:
    if [w.lower() for w in words] not in ([], ["reset"]):
        raise wrong(word, "reconnect takes reset or nothing")
    return Reconnect(reset=bool(words))


def parse_word(word: str, words: Sequence[str]) -> Word:
    if words:
        raise wrong(word, f"{word} takes nothing behind it")
    return Word(word)


PARSERS: dict[str, Callable[[str, Sequence[str]], Command]] = {
    "buy": parse_order,
    "sell": parse_order,
    "cancel": parse_cancel,
    "replace": parse_replace,
    "status": parse_status,
    "cancel-all": parse_cancel_all,
    "expect": parse_expect,
    "wait": parse_wait,
    "reconnect": parse_reconnect,
    "orders": parse_word,
    "help": parse_word,
    "logout": parse_word,
    "quit": parse_word,
}


# Parts of a line.


def split_extra(word: str, words: Sequence[str]) -> tuple[list[str], tuple[Field, ...]]:
    """Separate the TAG=VALUE words from the others."""
    bare = [w for w in words if "=" not in w]
    return bare, tuple(one_field(word, w) for w in words if "=" in w)


def fields_of(text: str) -> tuple[Field, ...]:
    """Return the fields of a raw line, which | or SOH separates."""
    fields = tuple(one_field("raw", part) for part in re.split("[|\x01]", text) if part)
    if not any(tag == 35 for tag, _ in fields):
        raise wrong("raw", "MsgType(35) is missing")
    return fields


def one_field(word: str, text: str) -> Field:
    tag, _, value = text.partition("=")
    tag = tag.strip()
    if not (tag.isascii() and tag.isdecimal() and len(tag) <= 9 and value):
        raise wrong(word, f"{text!r} is not TAG=VALUE with a number as the tag")
    if not all(ord(c) < 256 and c != "\x01" for c in value):
        raise wrong(word, f"{text!r} has a character that FIX cannot carry")
    return int(tag), value


def decimal(word: str, name: str, text: str) -> str:
    """Return the text itself: prices and quantities stay decimal text."""
    if not DECIMAL.fullmatch(text):
        raise wrong(word, f"{name} must be a number such as 100 or 10.05, not {text!r}")
    return text


def number(word: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise wrong(word, f"N must be the number of an order, see orders, not {text!r}")
    return int(text)


def seconds(word: str, text: str) -> float:
    if not (DECIMAL.fullmatch(text) and 0 <= float(text) <= 86400):
        raise wrong(word, f"SECONDS must be a number such as 0.5, not {text!r}")
    return float(text)
