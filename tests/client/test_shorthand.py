"""The short form: what a line means, and what a wrong line is told."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.client.shorthand import (
    PARSERS,
    USAGE,
    Cancel,
    CancelAll,
    Command,
    Expect,
    ExpectNone,
    LineError,
    Order,
    Raw,
    Reconnect,
    Replace,
    Status,
    Wait,
    Word,
    parse,
)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("buy 100 AAPL 10.05", Order("1", "100", "AAPL", "10.05")),
        ("buy 5 AAPL mkt stop 10.10 gtc", Order("1", "5", "AAPL", None, "1", stop_px="10.10")),
        ("buy 5 AAPL peg primary -0.01", Order("1", "5", "AAPL", None, extra=((40, "P"), (18, "R"), (211, "-0.01")))),
        (
            "sell 5 AAPL PEG mid gtc 44=9.90",
            Order("2", "5", "AAPL", None, "1", extra=((40, "P"), (18, "M"), (44, "9.90"))),
        ),
        ("sell 5 AAPL 9.90 STOP 10", Order("2", "5", "AAPL", "9.90", stop_px="10")),
        ("sell 50 AAPL mkt ioc", Order("2", "50", "AAPL", None, "3")),
        ("buy 100 AAPL 10 AON gtc", Order("1", "100", "AAPL", "10", "1", extra=((18, "G"),))),
        ("sell 5 AAPL mkt reduce ioc", Order("2", "5", "AAPL", None, "3", extra=((20002, "Y"),))),
        ("buy 100 AAPL 10 opg", Order("1", "100", "AAPL", "10", "2")),
        ("buy 100 AAPL 10 gtx", Order("1", "100", "AAPL", "10", "5")),
        ("buy 100 AAPL 10 atc", Order("1", "100", "AAPL", "10", "7")),
        ("SELL 0.0100 BTC-USD 60000.10 GTC acct B1", Order("2", "0.0100", "BTC-USD", "60000.10", "1", "B1")),
        ("buy 1 AAPL 1 gtd 20261231 18=6", Order("1", "1", "AAPL", "1", "6", extra=((432, "20261231"), (18, "6")))),
        ("buy 1 AAPL 1 gtd 20261231-17:00:00", Order("1", "1", "AAPL", "1", "6", extra=((126, "20261231-17:00:00"),))),
        ("buy 1 ESZ6 -0.25 fok", Order("1", "1", "ESZ6", "-0.25", "4")),
        (
            'buy 1 AAPL 1 58="two words" 18=6   # post-only',
            Order("1", "1", "AAPL", "1", extra=((58, "two words"), (18, "6"))),
        ),
        ("cancel 3", Cancel(3)),
        ("replace 3 80", Replace(3, "80")),
        ("replace 3 80 10.06 111=10", Replace(3, "80", "10.06", ((111, "10"),))),
        ("status", Status()),
        ("status 2", Status(2)),
        ("cancel-all", CancelAll()),
        ("cancel-all AAPL", CancelAll("AAPL")),
        ("cancel-all sell", CancelAll(side="2")),
        ("cancel-all buy MSFT", CancelAll("MSFT", "1")),
        ("raw 35=D|58=a # b|11=x", Raw(((35, "D"), (58, "a # b"), (11, "x")))),
        ("raw 35=0\x01112=x\x01", Raw(((35, "0"), (112, "x")))),
        ("expect 35=8 150=F", Expect(((35, "8"), (150, "F")))),
        ('expect 58="Symbol(55) #1"', Expect(((58, "Symbol(55) #1"),))),
        ("expect none", ExpectNone()),
        ("expect none 2", ExpectNone(2.0)),
        ("wait .5", Wait(0.5)),
        ("reconnect", Reconnect()),
        ("reconnect reset", Reconnect(reset=True)),
        ("orders", Word("orders")),
        ("Quit", Word("quit")),
        ("", None),
        ("   # buy 1 AAPL 1", None),
    ],
)
def test_line(line: str, meant: Command | None) -> None:
    assert parse(line) == meant


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("bye 100 AAPL 10", "unknown command 'bye'; did you mean: buy QTY SYMBOL"),
        ("frobnicate", "unknown command 'frobnicate'; try: help"),
        ("buy", "missing; usage: buy QTY SYMBOL PRICE|mkt"),
        ("buy AAPL 100 10", "QTY must be a number such as 100 or 10.05, not 'AAPL'"),
        ("buy 100 AAPL", "quantity, symbol or price is missing"),
        ("buy 100 AAPL 1e3", "PRICE must be a number such as 100 or 10.05, not '1e3'"),
        ("buy 100 AAPL 10 gta", "'gta' is not one of stop PRICE, day, gtc, ioc, fok, opg, gtx, atc, gtd WHEN"),
        ("buy 100 AAPL 10 gtd", "gtd needs a date such as 20261231 or a UTC time"),
        ("buy 100 AAPL 10 gtd 2026-12-31", "gtd needs a date such as 20261231 or a UTC time"),
        ("buy 100 AAPL mkt stop", "stop needs a price"),
        ("buy 100 AAPL peg", "peg needs one of primary, market, mid, last"),
        ("buy 100 AAPL peg best", "peg needs one of primary, market, mid, last"),
        ("buy 100 AAPL mkt stop gtc", "the price of stop must be a number such as 100 or 10.05, not 'gtc'"),
        ("buy 100 AAPL 10 acct", "acct needs an account"),
        ("buy 100 AAPL 10 x=1", "'x=1' is not TAG=VALUE with a number as the tag"),
        ("buy 100 AAPL 10 58=", "'58=' is not TAG=VALUE"),
        ("buy 100 AAPL 10 58=\u20ac", "FIX cannot carry"),
        ('buy 100 AAPL 10 58="x', 'a " is missing'),
        ("cancel", "the number of one order"),
        ("cancel one", "N must be the number of an order, see orders, not 'one'"),
        ("replace 3", "its new total quantity"),
        ("replace 3 x", "QTY must be a number"),
        ("status 1 2", "or nothing"),
        ("cancel-all AAPL MSFT", "one symbol and one side at most"),
        ("raw 11=a", "MsgType(35) is missing"),
        ("raw 35=D|x", "'x' is not TAG=VALUE"),
        ("expect", "what to expect is missing"),
        ("expect F", "'F' is not TAG=VALUE"),
        ("expect none soon", "SECONDS must be a number such as 0.5, not 'soon'"),
        ("expect none 1 2", "a number of seconds at most"),
        ("wait", "a number of seconds"),
        ("reconnect now", "reset or nothing"),
        ("orders 1", "orders takes nothing behind it"),
    ],
)
def test_wrong_line_is_told_in_one_line_what_would_be_right(line: str, told: str) -> None:
    with pytest.raises(LineError) as caught:
        parse(line)

    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


PARTS = ["raw", "none", "1", "-2.5", "AAPL", "mkt", "acct", "35=D", '58="a', "#", "$1", "=", "|"]
WORDS = st.sampled_from([*PARSERS, *PARTS])


@given(st.one_of(st.text(max_size=40), st.lists(WORDS | st.text(max_size=6), max_size=6).map(" ".join)))
def test_any_text_is_a_command_or_the_one_error(line: str) -> None:
    with suppress(LineError):
        parse(line)


@pytest.mark.parametrize("word", USAGE)
def test_every_command_is_in_the_document(word: str) -> None:
    document = Path(__file__).parents[2].joinpath("docs", "client.md").read_text()

    assert f"| `{USAGE[word].replace('|', chr(92) + '|')}` |" in document
