"""Operators' commands: what they print, what they ask before they change something, and how they fail."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from fixgw.admin.client import AdminClient
from fixgw.cli.main import COMMANDS, main
from fixgw.client.session import Session
from fixgw.journal.position import Position
from tests.cli.command import ROOT, TIMEOUT_S, command_of, environment, running
from tests.ports import own_ports

WAIT_S = 20.0
ORDER = [(21, "1"), (55, "AAPL"), (60, "20260101-00:00:00"), (40, "2")]


class Venue:
    """A running venue, its order entry and its operator at the command line."""

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.port = port
        self._orders = 0

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, "--data", str(self.data)])

    def does(self, *arguments: str) -> str:
        """Return what the command prints; it succeeds."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.output

    def changes(self, *arguments: str) -> str:
        return self.does(*arguments, "--reason", "a drill", "--yes")

    def tells(self, *arguments: str) -> Any:
        return json.loads(self.does(*arguments, "--json"))

    def order(self, client: Session, side: str, price: str) -> str:
        """Enter an order of 10 and return its OrderID."""
        self._orders += 1
        client.send([(35, "D"), (11, f"o{self._orders}"), *ORDER, (54, side), (38, "10"), (44, price)])
        return client.expect({35: "8", 150: "0"}, WAIT_S, skip=True)[37]


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """One venue for the module; each test leaves nothing open, halted or killed."""
    folder = tmp_path_factory.mktemp("operated")
    with running(folder, "run", "--json", **own_ports()) as process:
        assert process.stdout is not None
        facts = json.loads(process.stdout.readline())
        yield Venue(folder / "var", facts["order_entry"]["port"])
        process.terminate()
        process.wait(TIMEOUT_S)


@pytest.fixture
def alice(venue: Venue) -> Iterator[Session]:
    with Session("CLIENT1", port=venue.port) as alice:
        alice.logon(WAIT_S)
        yield alice
        with AdminClient(venue.data) as operator:
            operator.ask("cancel-all", scope="venue", reason="the test is over")


@pytest.fixture
def bob(venue: Venue) -> Iterator[Session]:
    with Session("CLIENT2", port=venue.port) as bob:
        bob.logon(WAIT_S)
        yield bob


def words(text: str) -> list[list[str]]:
    """Return the words of each line that has any, a table's frame left out."""
    lines = [line.replace("─", " ").split() for line in text.splitlines()]
    return [line for line in lines if line]


def test_status(venue: Venue, alice: Session) -> None:
    venue.order(alice, "1", "1.00")
    Position(venue.data / "positions", "a-follower").save(1)

    lines = words(venue.does("status"))
    told = venue.tells("status")

    gateway = told["gateway"]
    assert ["gateway", "pid", str(gateway["pid"]), "journal"] == [word.strip(",") for word in lines[0][:4]]
    assert lines[1] == ["sessions", "1", "of", "4", "logged", "on:", "CLIENT1"]
    assert lines[2][:4] == ["orders", "1", "open", "order,"]
    assert (gateway["open_orders"], gateway["logged_on"]) == (1, ["CLIENT1"])
    follower = next(each for each in told["followers"] if each["name"] == "a-follower")
    assert follower["lag"] == gateway["sequence"] - 1
    assert {"gateway": "running"}.items() <= {each["name"]: each["state"] for each in told["processes"]}.items()


def test_a_day_is_shown_and_ended_once(venue: Venue, alice: Session) -> None:
    venue.order(alice, "1", "1.00")
    before = venue.tells("day", "show")

    ended = venue.changes("day", "end")

    date = before["trading_date"]
    assert before["day_phase"] == "open"
    assert ended.startswith(f"the trading day {date} has ended, 1 order expired (sequence ")
    until = time.monotonic() + WAIT_S
    while (after := venue.tells("day", "show"))["day_phase"] != "open":
        assert time.monotonic() < until, after
        time.sleep(0.05)
    assert after["trading_date"] > date
    assert words(venue.does("day", "show")) == [["trading", "date", after["trading_date"]], ["phase", "open"]]
    assert ["trading", "day", f"{after['trading_date']},", "open"] in words(venue.does("status"))
    assert venue.tells("orders", "list", "--state", "expired")["orders"][0]["ord_status"] == "expired"


def test_halt_and_resume(venue: Venue) -> None:
    assert venue.changes("instruments", "halt", "AAPL", "--operator", "olivia").startswith("AAPL is halted (sequence ")

    lines = words(venue.does("instruments", "list"))
    aapl = venue.tells("instruments", "list")["instruments"][0]
    refused = venue.run("instruments", "halt", "AAPL", "--reason", "again", "--yes")
    assert words(venue.does("status"))[0] != ["fixgw:", "killed"]
    assert "halted" in venue.does("status")
    assert venue.changes("instruments", "resume", "AAPL").startswith("AAPL trades again (sequence ")

    assert lines[1][:2] == ["AAPL", "halted"]
    assert (aapl["state"], aapl["halted"]["reason"]) == ("halted", "a drill")
    assert aapl["halted"]["operator"].startswith("olivia (")
    assert refused.exit_code == 1
    assert "AAPL is halted already, by olivia" in refused.stderr
    assert venue.tells("instruments", "list")["instruments"][0]["state"] == "trading"


def test_orders_are_listed_shown_and_canceled(venue: Venue, alice: Session, bob: Session) -> None:
    first, second = venue.order(alice, "1", "1.00"), venue.order(alice, "1", "2.00")
    venue.order(bob, "2", "2.00")

    listed = venue.tells("orders", "list")
    assert ([each["order_id"] for each in listed["orders"]], listed["more"]) == ([first], False)
    newest = venue.tells("orders", "list", "--state", "all", "--limit", "2", "--session", "CLIENT1")
    assert [each["order_id"] for each in newest["orders"]] == [second, first]
    assert "--limit shows more" in venue.does("orders", "list", "--state", "all", "--limit", "1")
    assert venue.does("orders", "list", "--firm", "GAMMA") == "no such orders\n"
    shown = venue.tells("orders", "show", second)
    assert (shown["order"]["ord_status"], shown["order"]["avg_px"]) == ("filled", "2.00")
    assert [each["what"] for each in shown["history"]] == ["accepted", "filled"]
    by_cl_ord_id = venue.tells("orders", "show", shown["order"]["cl_ord_id"], "--session", "CLIENT1")
    assert by_cl_ord_id == shown
    assert words(venue.does("orders", "show", second))[-1][2] == "filled"
    assert venue.changes("orders", "cancel", first).startswith(f"order {first} of CLIENT1 canceled, 0 filled")
    assert venue.tells("orders", "list")["orders"] == []


def test_cancel_all(venue: Venue, alice: Session, bob: Session) -> None:
    venue.order(alice, "1", "1.00")
    venue.order(alice, "1", "1.00")
    kept = venue.order(bob, "1", "1.00")

    assert venue.changes("orders", "cancel-all", "firm:ALPHA").startswith("firm:ALPHA: 2 open orders canceled")
    assert venue.changes("orders", "cancel-all", "firm:ALPHA").startswith("firm:ALPHA: no open order to cancel")
    assert [each["order_id"] for each in venue.tells("orders", "list")["orders"]] == [kept]


def test_trades_are_read_from_the_journal(venue: Venue, alice: Session, bob: Session) -> None:
    buy = venue.order(alice, "1", "3.00")
    sell = venue.order(bob, "2", "3.00")

    newest, *_ = venue.tells("trades", "list", "--limit", "1")["trades"]

    del newest["sequence"], newest["time"], newest["trade"]
    assert newest == {
        "symbol": "AAPL", "last_qty": "10", "last_px": "3.00", "buyer": "CLIENT1", "buy_order_id": buy,
        "seller": "CLIENT2", "sell_order_id": sell, "aggressor": "sell",
        "state": None,
    }  # fmt: skip
    assert venue.tells("trades", "list", "--symbol", "MSFT")["trades"] == []
    assert venue.tells("trades", "list", "--firm", "GAMMA")["trades"] == []
    assert words(venue.does("trades", "list", "--session", "CLIENT2"))[1][3:7] == ["AAPL", "10", "3.00", "CLIENT1"]


def test_trades_are_corrected_and_busted_once(venue: Venue, alice: Session, bob: Session) -> None:
    venue.order(alice, "1", "3.00")
    bought = venue.order(bob, "2", "3.00")
    trade = venue.tells("trades", "list", "--limit", "1")["trades"][0]["trade"]

    told = venue.changes("trades", "correct", trade, "--price", "2.50", "--qty", "4")
    assert f"trade {trade} is corrected: it is 4 AAPL at 2.50 (sequence " in told
    newest = venue.tells("trades", "list", "--limit", "1")["trades"][0]
    assert [newest[name] for name in ("trade", "last_qty", "last_px", "state")] == [trade, "4", "2.50", "corrected"]

    told = venue.changes("trades", "bust", trade)
    assert f"trade {trade} is busted: it was 4 AAPL at 2.50 (sequence " in told
    assert venue.tells("trades", "list", "--limit", "1")["trades"][0]["state"] == "busted"
    happened = [each["what"] for each in venue.tells("orders", "show", bought)["history"]]
    assert happened == ["accepted", "filled", "fill corrected", "canceled", "fill busted"]

    again = venue.run("trades", "bust", trade, "--reason", "a drill", "--yes")
    assert (again.exit_code, again.stderr) == (1, f"fixgw: trade {trade} is busted already\n")
    nothing = venue.run("trades", "correct", trade, "--reason", "a drill", "--yes")
    assert nothing.exit_code == 2
    assert "--price, --qty or both" in nothing.stderr


def test_kill_and_release(venue: Venue, alice: Session) -> None:
    venue.order(alice, "1", "1.00")

    killed = venue.changes("risk", "kill", "account:A1")
    shown = venue.tells("risk", "show", "account:A1")
    printed = venue.does("risk", "show")
    released = venue.changes("risk", "release", "account:A1")

    assert killed.startswith("account:A1 is killed; 1 open order canceled (sequence ")
    assert [(each["scope"], each["reason"]) for each in shown["killed"]] == [("account:A1", "a drill")]
    assert [each["account"] for each in shown["exposure"]] == ["A1"]
    assert "account:A1" in printed
    assert released.startswith("account:A1 may trade again")
    assert "nothing is killed" in venue.does("risk", "show")


def test_limits(venue: Venue) -> None:
    done = venue.changes("risk", "set", "firm:ALPHA", "order_qty_max=1_000", "price_collar_percent=2.5")
    limits = venue.tells("risk", "show", "firm:ALPHA")["limits"]
    venue.changes("risk", "set", "firm:ALPHA", "order_qty_max=none", "price_collar_percent=none")

    assert done.startswith("limits of firm:ALPHA: order_qty_max 1000, price_collar_percent 2.5 (sequence ")
    assert limits == [
        {
            "scope": "firm:ALPHA",
            "order_qty_max": "1000",
            "order_notional_max": None,
            "price_collar_percent": "2.5",
            "open_notional_max": None,
            "by_operator": True,
        }
    ]
    assert venue.tells("risk", "show", "firm:ALPHA")["limits"] == []


def test_sessions(venue: Venue, alice: Session) -> None:
    header, first, *_ = words(venue.does("sessions", "list"))
    assert header[:3] == ["session", "firm", "accounts"]
    assert first == ["CLIENT1", "ALPHA", "A1", "yes", "2", "2", "0"]
    assert venue.tells("sessions", "show", "CLIENT1")["logged_on"]

    assert venue.changes("sessions", "disable", "CLIENT1").startswith("CLIENT1 is disabled")
    alice.wait_closed(WAIT_S)
    assert venue.tells("sessions", "show", "CLIENT1")["disabled"]["reason"] == "a drill"
    assert venue.changes("sessions", "enable", "CLIENT1").startswith("CLIENT1 may log on again")
    alice.logon(WAIT_S)
    assert venue.changes("sessions", "logout", "CLIENT1").startswith("CLIENT1 is logged out")
    alice.wait_closed(WAIT_S)
    assert venue.changes("sessions", "reset", "CLIENT1").startswith("CLIENT1 begins at 1 again")
    assert "disabled because" in venue.does("sessions", "show", "CLIENT1")


def test_a_gateway_that_is_killed_comes_back_with_what_was_forbidden(venue: Venue) -> None:
    """The supervisor starts it again; nobody has to kill or halt anything anew."""
    venue.changes("risk", "kill", "firm:ALPHA")
    venue.changes("instruments", "halt", "ESZ6")
    pid = venue.tells("status")["gateway"]["pid"]

    os.kill(pid, signal.SIGKILL)

    until = time.monotonic() + 2 * WAIT_S
    while (result := venue.run("status", "--json")).exit_code or json.loads(result.stdout)["gateway"]["pid"] == pid:
        assert time.monotonic() < until, result.output
        time.sleep(0.1)
    with Session("CLIENT1", port=venue.port) as alice:
        alice.logon(WAIT_S)
        alice.send([(35, "D"), (11, "after"), *ORDER, (54, "1"), (38, "10"), (44, "1.00")])
        refused = alice.expect({35: "8", 150: "8"}, WAIT_S)
    assert refused[58] == "firm:ALPHA is killed by the operator: a drill"
    assert venue.tells("status")["gateway"]["halted"][0]["symbol"] == "ESZ6"
    venue.changes("risk", "release", "firm:ALPHA")
    venue.changes("instruments", "resume", "ESZ6")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "problem"),
    [
        (["instruments", "halt", "AAPL", "--yes"], 2, "--reason is missing"),
        (["instruments", "halt", "AAPL", "--reason", "x"], 2, "--yes is missing"),
        (["instruments", "halt", "AAPL", "--reason", "Börse", "--yes"], 2, "printable ASCII"),
        (["instruments", "halt", "AAPL", "--reason", " ", "--yes"], 2, "printable ASCII"),
        (["instruments", "halt", "GOOG", "--reason", "x", "--yes"], 1, "there is no instrument GOOG; there are: AAPL"),
        (["instruments", "resume", "AAPL", "--reason", "x", "--yes"], 1, "AAPL is not halted; halted now: nothing"),
        (["risk", "kill", "ALPHA", "--reason", "x", "--yes"], 2, "ALPHA is no scope; write venue, firm:NAME, "),
        (["risk", "kill", "firm:ALPHO", "--reason", "x", "--yes"], 1, "there is no firm ALPHO; there are: ALPHA, BETA"),
        (["risk", "release", "venue", "--reason", "x", "--yes"], 1, "venue is not killed"),
        (["risk", "set", "venue", "speed=1", "--reason", "x", "--yes"], 2, "NAME is one of order_qty_max, "),
        (["risk", "set", "venue", "order_qty_max=fast", "--reason", "x", "--yes"], 2, "a decimal number above zero"),
        (["risk", "set", "venue", "order_qty_max=0", "--reason", "x", "--yes"], 1, "must be a number above zero"),
        (["orders", "cancel-all", "everything", "--reason", "x", "--yes"], 1, "everything is no scope"),
        (["orders", "cancel", "999999", "--reason", "x", "--yes"], 1, "there is no order 999999"),
        (["orders", "show", "999999"], 1, "there is no order 999999 with this OrderID"),
        (["orders", "show", "nothing", "--session", "CLIENT1"], 1, "there is no order nothing of CLIENT1"),
        (["orders", "list", "--state", "asleep"], 2, "'asleep' is not one of 'open'"),
        (["sessions", "show", "CLIENT9"], 1, "there is no session CLIENT9; there are: CLIENT1, "),
        (["sessions", "disable", "DROPCOPY", "--reason", "x", "--yes"], 1, "there is no session DROPCOPY"),
    ],
)
def test_what_is_wrong_is_told_with_what_would_be_right(
    venue: Venue, arguments: list[str], exit_code: int, problem: str
) -> None:
    result = venue.run(*arguments)

    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert problem in result.stderr
    if exit_code == 1:
        told = venue.run(*arguments, "--json")
        assert problem in json.loads(told.stdout)["error"][0]


@pytest.mark.parametrize("arguments", [["status"], ["orders", "list"], ["risk", "kill", "venue", "--yes"]])
def test_without_a_venue_it_says_how_to_start_one(tmp_path: Path, arguments: list[str]) -> None:
    arguments += ["--reason", "x"] if "--yes" in arguments else []

    result = CliRunner().invoke(main, [*arguments, "--data", str(tmp_path)])

    assert result.exit_code == 1
    assert f"no venue is running on {tmp_path}; start one with: fixgw run --data {tmp_path}" in result.stderr


def test_trades_without_a_journal(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["trades", "list", "--data", str(tmp_path)])

    assert result.exit_code == 1
    assert "there is no journal in" in result.stderr


def test_processes_that_are_gone_are_said_to_be(tmp_path: Path) -> None:
    """The file is of a supervisor that was killed."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / "run").mkdir()
    processes = [{"name": "gateway", "pid": gone.pid, "state": "running", "restarts": 1, "since": 0, "last_exit": None}]
    (tmp_path / "run" / "status.json").write_text(json.dumps({"processes": processes}))

    told = CliRunner().invoke(main, ["status", "--json", "--data", str(tmp_path)])
    shown = CliRunner().invoke(main, ["status", "--data", str(tmp_path)])

    assert json.loads(told.stdout)["processes"][0]["state"] == "gone"
    assert words(shown.stdout)[1][:4] == ["gateway", "gone", "1970-01-01", "00:00:00"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"processes": []}'])
def test_a_status_file_that_says_nothing_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "status.json").write_text(text)

    assert CliRunner().invoke(main, ["status", "--data", str(tmp_path)]).exit_code == 1


@pytest.mark.parametrize(("typed", "is_done"), [("news\ny\n", True), ("news\nn\n", False)])
def test_at_a_terminal_it_asks_why_and_whether(venue: Venue, typed: str, is_done: bool) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fixgw", "instruments", "halt", "MSFT", "--data", str(venue.data)],
        stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(), cwd=ROOT, text=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, typed.encode())
    said, _ = process.communicate(timeout=TIMEOUT_S)
    os.close(ours)

    assert "Reason" in said
    assert "Halt MSFT?" in said
    msft = next(each for each in venue.tells("instruments", "list")["instruments"] if each["symbol"] == "MSFT")
    assert (process.returncode, msft["state"]) == ((0, "halted") if is_done else (1, "trading"))
    if is_done:
        venue.changes("instruments", "resume", "MSFT")


GROUPS = [name for name in COMMANDS if isinstance(command_of(name), click.Group)]


@pytest.mark.parametrize("group", GROUPS)
def test_help_is_whole(group: str) -> None:
    shown = CliRunner().invoke(main, [group, "--help"]).output
    found = command_of(group)
    assert isinstance(found, click.Group)

    assert "..." not in shown.partition("Commands:")[2]
    for name, command in found.commands.items():
        assert command.help, name
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        assert [option.name for option in options if not option.help] == [], name
