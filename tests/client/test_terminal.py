"""The terminal without a terminal: what lines do, what is completed, and what is said when the venue goes away."""

import io
from collections.abc import Iterator

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from rich.console import Console

from fixgw.client.desk import Desk
from fixgw.client.orders import Orders
from fixgw.client.printing import Printer
from fixgw.client.session import Session
from fixgw.client.terminal import ShorthandCompleter, Terminal
from tests.client.fake_venue import FakeVenue


class Screen:
    """A terminal whose output is text."""

    def __init__(self, port: int) -> None:
        self._out = io.StringIO()
        orders = Orders("x")
        printer = Printer(Console(file=self._out, width=200), number_of=orders.number_of)
        self.session = Session("CLIENT1", port=port)
        self.desk = Desk(self.session, printer, orders, timeout_s=2.0)
        self.terminal = Terminal(self.desk)
        self.terminal.line("reconnect")

    def type(self, line: str) -> str:
        """Type a line and return what is new on the screen once it was answered."""
        before = len(self._out.getvalue())
        self.terminal.line(line)
        self.session.receive(0.05)
        return self._out.getvalue()[before:]

    def completions(self, text: str) -> list[str]:
        completer = ShorthandCompleter(self.desk)
        return [c.text for c in completer.get_completions(Document(text), CompleteEvent())]


@pytest.fixture
def screen() -> Iterator[Screen]:
    with FakeVenue() as venue:
        screen = Screen(venue.port)
        with screen.session:
            yield screen


def test_lines(screen: Screen) -> None:
    assert "-> D NewOrderSingle #1" in screen.type("buy 100 AAPL 10.05")
    assert screen.type("") == ""
    assert "there is no order 2, the last is 1" in screen.type("cancel 2")
    assert "expect and wait are for scripts" in screen.type("expect 35=8")
    assert "buy QTY SYMBOL" in screen.type("help")
    assert "x-1" in screen.type("orders")
    assert "<- 5 Logout" in screen.type("logout")
    assert "logged out\nreconnect logs on again" in screen.type("cancel 1")
    assert "<- A Logon" in screen.type("reconnect reset")
    assert "<- 5 Logout" in screen.type("quit")


def test_completion(screen: Screen) -> None:
    screen.type("buy 100 NEWCO 10.05")

    assert screen.completions("c") == ["cancel", "cancel-all"]
    assert screen.completions("") [:2] == ["buy", "sell"]
    assert screen.completions("buy 1 N") == ["NEWCO"]
    assert screen.completions("buy 1 aa") == ["AAPL"]
    assert screen.completions("buy 1 AAPL m") == ["mkt"]
    assert screen.completions("buy 1 AAPL 10 ") == ["day", "gtc", "ioc", "fok", "opg", "gtx", "atc", "acct"]
    assert screen.completions("cancel ") == ["1"]
    assert screen.completions("cancel-all s") == []
    assert screen.completions("cancel-all AAPL s") == ["sell"]
    assert screen.completions("wait ") == []


def test_venue_that_goes_away_is_announced() -> None:
    with FakeVenue(lambda _: [[(35, "5"), (58, "closing")]]) as venue:
        screen = Screen(venue.port)
        screen.terminal.line("buy 1 AAPL 1")
        screen.session.wait_closed()
        screen.session.close()

        said = screen.type("orders")

    assert "no answer yet" in said
    assert "The connection ended: FIXGW logged us out: closing. Type reconnect" in screen._out.getvalue()
