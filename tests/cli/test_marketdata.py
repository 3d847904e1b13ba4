"""fixgw book and fixgw marketdata listen: what is heard, and what is said when nothing is."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fixgw.client.session import Session
from fixgw.marketdata.packets import heartbeat
from tests.cli.command import TIMEOUT_S, fixgw, running
from tests.ports import own_ports

WAIT_S = 20.0
PRICES = ("50.00", "50.10", "50.20")


class Market:
    """A running venue, and commands that listen to it from another folder."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        self.variables = variables

    def does(self, *arguments: str) -> str:
        """Return what the command prints; it succeeds."""
        ran = fixgw(self.folder, *arguments, **self.variables)
        assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
        return ran.stdout

    def tells(self, *arguments: str) -> list[Any]:
        return [json.loads(line) for line in self.does(*arguments, "--json").splitlines()]

    def session(self, sender: str) -> Session:
        session = Session(sender, port=int(self.variables["FIXGW_ORDER_ENTRY_PORT"]))
        session.logon(WAIT_S)
        return session


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A venue with three bids and one offer for AAPL, a part of which has traded."""
    folder, variables = tmp_path_factory.mktemp("market"), own_ports()
    with running(folder, "run", "--json", **variables) as process:
        assert process.stdout is not None
        process.stdout.readline()
        market = Market(folder, variables)
        with market.session("CLIENT1") as alice, market.session("CLIENT2") as bob:
            for number, price in enumerate(PRICES):
                _order(alice, f"bid{number}", "1", "10", price)
            _order(alice, "bid", "1", "5", PRICES[-1])
            _order(bob, "offer", "2", "7", "51.00")
            _order(alice, "hit", "1", "3", "51.00")
            alice.expect({35: "8", 150: "F", 11: "hit"}, WAIT_S, skip=True)
        yield market
        process.terminate()
        process.wait(TIMEOUT_S)


def _order(session: Session, cl_ord_id: str, side: str, qty: str, price: str, symbol: str = "AAPL") -> None:
    fields = [(21, "1"), (55, symbol), (54, side), (60, "20260101-00:00:00"), (38, qty), (40, "2"), (44, price)]
    session.send([(35, "D"), (11, cl_ord_id), *fields])
    session.expect({35: "8", 150: "0", 11: cl_ord_id}, WAIT_S, skip=True)


def test_a_book_is_shown(market: Market) -> None:
    """Best at the top: orders, quantity and price of each level."""
    lines = market.does("book", "AAPL").splitlines()

    assert "AAPL  last 51.00  trading" in lines[0]
    rows = [line.replace("│", " ").split() for line in lines if "50." in line]
    assert rows == [["2", "15", "50.20", "51.00", "4", "1"], ["1", "10", "50.10"], ["1", "10", "50.00"]]


def test_a_book_of_some_levels(market: Market) -> None:
    shown = market.does("book", "AAPL", "--depth", "2")

    assert "50.10" in shown
    assert "50.00" not in shown


def test_a_book_as_json(market: Market) -> None:
    (book,) = market.tells("book", "AAPL", "--depth", "1")

    number = book.pop("number")
    assert number > len(PRICES)
    assert book == {
        "symbol": "AAPL",
        "state": "trading",
        "last": "51.00",
        "bids": [["50.20", "15", 2]],
        "asks": [["51.00", "4", 1]],
    }


def test_a_book_of_nothing(market: Market) -> None:
    (book,) = market.tells("book", "MSFT")
    assert (book["last"], book["bids"], book["asks"]) == (None, [], [])
    assert "nothing traded yet" in market.does("book", "MSFT")


def test_a_call_shows_what_it_would_come_to(market: Market) -> None:
    """Price, volume and what would be left over, below zero to sell."""
    with market.session("CLIENT1") as alice, market.session("CLIENT2") as bob:
        market.does("instruments", "phase", "ESZ6", "opening-auction", "--reason", "a drill", "--yes")
        _order(alice, "call-bid", "1", "3", "5000.00", "ESZ6")
        _order(bob, "call-offer", "2", "5", "5000.00", "ESZ6")
    give_up_at = time.monotonic() + WAIT_S
    while "indicative" not in (told := market.tells("book", "ESZ6")[0]):
        assert time.monotonic() < give_up_at, told

    assert told["indicative"] == {"price": "5000.00", "volume": "3", "imbalance": "-2"}
    assert told["state"] == "call"
    assert "would trade 3 at 5000.00, 2 to sell left over" in " ".join(market.does("book", "ESZ6").split())


def test_an_unknown_symbol(market: Market) -> None:
    """It says what was meant, or what there is."""
    misspelt = fixgw(market.folder, "book", "appl", **market.variables)
    invented = fixgw(market.folder, "book", "GOLD", "--json", **market.variables)

    assert (misspelt.returncode, misspelt.stdout) == (2, "")
    assert misspelt.stderr == "fixgw: there is no instrument appl; did you mean AAPL?\n"
    assert (invented.returncode, invented.stderr) == (2, "")
    said = "there is no instrument GOLD; known here: AAPL, BTC-USD, ESZ6, MSFT"
    assert json.loads(invented.stdout) == {"error": [said]}


@pytest.mark.parametrize("arguments", [("book", "AAPL"), ("marketdata", "listen")])
def test_no_venue_runs(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """It does not wait for ever, and says what to look at."""
    ran = fixgw(tmp_path, *arguments, **own_ports())

    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("fixgw: nothing heard for 5 s. Is the venue running")
    assert ran.stderr.endswith("fixgw status\n")


def test_a_book_of_many(tmp_path: Path) -> None:
    """As long as new books come, the one that is asked for may still."""
    instruments = [f'[[instruments]]\nsymbol = "S{number}"\ntick = "0.01"\nlot = "1"\n' for number in range(25)]
    (tmp_path / "venue.toml").write_text("\n".join(instruments))
    market = Market(tmp_path, own_ports())
    with running(tmp_path, "run", "--json", **market.variables) as process:
        assert process.stdout is not None
        process.stdout.readline()

        assert market.tells("book", "S24")[0]["symbol"] == "S24"

        process.terminate()
        process.wait(TIMEOUT_S)


def test_no_snapshot_comes(tmp_path: Path) -> None:
    """A feed that lives, and of which there are no books."""
    variables = own_ports()
    address, _, port = variables["FIXGW_MULTICAST_A"].partition(":")
    heartbeats = heartbeat(b"venue--1", 1, 1).to_bytes()
    with (
        running(tmp_path, "book", "AAPL", **variables) as asking,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
        while asking.poll() is None:
            sender.sendto(heartbeats, (address, int(port)))
            with suppress(subprocess.TimeoutExpired):
                asking.wait(0.5)
        said, errors = asking.communicate()

    assert (asking.returncode, said) == (1, "")
    assert errors.startswith("fixgw: no snapshot came; is the multicaster running? See ")


def test_an_interface_that_is_not_there(tmp_path: Path) -> None:
    ran = fixgw(tmp_path, "book", "AAPL", **own_ports() | {"FIXGW_MULTICAST_INTERFACE": "192.0.2.1"})

    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("fixgw: cannot join the feed on 192.0.2.1 (multicast.interface): ")


def test_messages_are_printed_as_they_come(market: Market) -> None:
    """One a line of JSON, of one instrument where that is asked for; it ends after so many."""
    options = ("marketdata", "listen", "--count", "3", "--symbol", "ESZ6", "--json")
    with running(market.folder, *options, **market.variables) as listening, market.session("CLIENT3") as carol:
        number = 0
        while listening.poll() is None:
            number += 1
            _order(carol, f"a{number}", "1", "1", "40.00")
            _order(carol, f"e{number}", "1", "2", "2000.25", "ESZ6")
        heard, errors = listening.communicate()

    assert (listening.returncode, errors) == (0, "")

    lines = [json.loads(line) for line in heard.splitlines()]
    assert len(lines) == 3
    for line in lines:
        assert {
            "symbol": "ESZ6",
            "kind": "added",
            "side": "buy",
            "price": "2000.25",
            "qty": "2",
        }.items() <= line.items()
    assert [line["number"] for line in lines] == sorted({line["number"] for line in lines})
    assert [int(line["order_id"]) for line in lines] == sorted({int(line["order_id"]) for line in lines})


def test_messages_in_words(market: Market) -> None:
    with (
        running(
            market.folder, "marketdata", "listen", "--count", "1", "--symbol", "BTC-USD", **market.variables
        ) as ran,
        market.session("CLIENT3") as carol,
    ):
        number = 0
        while ran.poll() is None:
            number += 1
            _order(carol, f"b{number}", "2", "0.5", "70000.00", "BTC-USD")
        said, errors = ran.communicate()

    assert (ran.returncode, errors) == (0, "")
    number_told, symbol, kind, *rest = said.split()
    assert number_told.isdigit()
    assert (symbol, kind) == ("BTC-USD", "added")
    assert " ".join(rest[2:]) == "side sell price 70000.00 qty 0.5000"
