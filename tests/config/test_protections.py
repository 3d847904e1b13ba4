"""The protection of market makers in venue.toml: who they are, what is counted together, and every mistake in it."""

# ruff: noqa: E501 - a mistake is one line, and easier to read as one

from decimal import Decimal

import pytest

from fixgw.spec.maker_protection import MakerProtection
from tests.config.conftest import Load, Tell

VENUE = '[[instruments]]\nsymbol = "AAPL"\ntick = 1\nlot = 1\n'
SESSIONS = (
    "[SESSION]\nTargetCompID=CLIENT1\nFirm=ALPHA\nAccounts=A1\nMarketMaker=Y\n"
    "[SESSION]\nTargetCompID=CLIENT2\nFirm=BETA\nAccounts=B1\n"
)
DESK = "[market_maker_protections.desk]\n"


def test_a_protection_of_a_session_and_one_of_a_firm(load_texts: Load) -> None:
    config = load_texts(
        f'{VENUE}{DESK}session = "CLIENT1"\nwindow_ms = 500\nfills_max = 3\nqty_max = "2.5"\n'
        '[market_maker_protections.all]\nfirm = "ALPHA"\ninstruments = ["AAPL"]\nwindow_ms = 9\ndelta_max = 1\nfrozen_s = 5\n',
        SESSIONS,
    )

    assert config.protections == (
        MakerProtection("desk", "session:CLIENT1", 500, fills_max=3, qty_max=Decimal("2.5")),
        MakerProtection("all", "firm:ALPHA", 9, ("AAPL",), delta_max=Decimal(1), frozen_s=5),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('session = "CLIENT1"\nfills_max = 3\n', ["desk.window_ms: is missing; write for example window_ms = 1000"]),
        ('session = "CLIENT1"\nwindow_ms = 5\n', ["desk.fills_max: nothing is limited; write fills_max, qty_max or delta_max"]),
        ("window_ms = 5\nfills_max = 3\n", ["desk.session: write either session or firm: who the market maker is"]),
        ('session = "CLIENT1"\nfirm = "ALPHA"\nwindow_ms = 5\nfills_max = 3\n', ["desk.session: write either session or firm: who the market maker is"]),
        ('session = "CLIENT1"\nwindow_ms = 0\nfills_max = 3\n', ["desk.window_ms: 0 is below 1; write a whole number from 1 to 86400000, for example 1000"]),
        ('session = "CLIENT1"\nwindow_ms = 5\nfills = 3\nqty_max = 1\n', ["desk.fills: there is no such key; did you mean fills_max?"]),
        ('session = "CLIENT1"\nwindow_ms = 5\nqty_max = 1\ninstruments = ["APL", "AAPL", "AAPL"]\n', [
            "desk.instruments: AAPL is there more than once; write it once",
            "desk.instruments: there is no instrument APL; did you mean AAPL?",
        ]),
        ('session = "CLIENT1"\nwindow_ms = 5\nqty_max = 1\ninstruments = []\n', [
            'desk.instruments: an array is not an array of symbols; write for example ["AAPL", "MSFT"]',
        ]),
        ('session = "CLIEN1"\nwindow_ms = 5\nqty_max = 1\n', ["desk.session: there is no such session in sessions.cfg; did you mean CLIENT1?"]),
        ('firm = "BETA"\nwindow_ms = 5\nqty_max = 1\n', ["desk.firm: BETA may not quote; write MarketMaker=Y under its session in sessions.cfg"]),
    ],
)  # fmt: skip
def test_mistakes_of_a_protection(mistakes: Tell, text: str, told: list[str]) -> None:
    found = [each.partition(": market_maker_protections.")[2] for each in mistakes(f"{VENUE}{DESK}{text}", SESSIONS)]

    assert sorted(found) == sorted(told)
