"""fixgw run: what it says when it is open, when it stops, and when it cannot start."""

import io
import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from fixgw.cli.overview import LISTED_MAX, for_people
from fixgw.config import load
from tests.cli.command import TIMEOUT_S, environment, fixgw, running
from tests.ports import own_ports

WRONG = '[order_entry]\nport = 0\n[[instruments]]\nsymbol = "AAPL"\ntick = "0.01"\nlot = "1"\n'


def read_block(process: "subprocess.Popen[str]") -> list[str]:
    """Return what the venue prints when it is open; its last line is the command to try next."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith("    "):
            return lines
    raise AssertionError(process.communicate())


def test_the_block_tells_all_and_its_command_works(tmp_path: Path) -> None:
    """What listens where, sessions, instruments; and the command to try next, as it is printed."""
    variables = own_ports() | {"FIXGW_VENUE_COMP_ID": "XTEST"}
    port = variables["FIXGW_ORDER_ENTRY_PORT"]
    with running(tmp_path, "run", **variables) as process:
        *block, command = read_block(process)
        text = "\n".join(block)
        tried = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path,
            env=environment(),
            input="buy 1 AAPL 1.00\nexpect 150=0 39=0\ncancel 1\nexpect 150=4\n",
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        # Twice, as when make passes on what the terminal has sent already; told once.
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=TIMEOUT_S)

    assert "fixgw is open" in text
    assert f"127.0.0.1:{port}, CompID XTEST" in text
    for expected in (
        "CLIENT1  firm ALPHA, account A1",
        "CLIENT4  firm ALPHA, account A2",
        "AAPL  tick 0.01, lot 1",
        "ESZ6  tick 0.25, lot 1, multiplier 50",
        "packaged defaults, FIXGW_DROP_COPY_PORT, FIXGW_",
        "DROPCOPY  all firms",
        "DROPALPHA  firm ALPHA",
        f"FIX 4.4 on 127.0.0.1:{variables['FIXGW_MARKET_DATA_PORT']}",
        variables["FIXGW_MULTICAST_A"],
        f"http://127.0.0.1:{variables['FIXGW_METRICS_PORT']}/metrics",
        "var, a new journal",
    ):
        assert expected in text
    assert command.endswith(f"-m fixgw client --sender CLIENT1 --target XTEST --port {port}")
    assert (tried.returncode, tried.stderr) == (0, "")
    assert process.returncode == 0
    assert [line for line in said.splitlines() if line.startswith("fixgw: ")] == [
        "fixgw: stopping, logging the sessions out",
        "fixgw: stopped; the next start goes on from here",
    ]


def test_many_sessions_and_instruments_stay_on_one_screen(tmp_path: Path) -> None:
    """The rest are counted."""
    sessions = [f"[SESSION]\nTargetCompID=C{number}\nFirm=F\nAccounts=A\n" for number in range(100)]
    (tmp_path / "sessions.cfg").write_text("".join(sessions))
    console = Console(width=100, file=io.StringIO(), record=True)

    console.print(for_people(load(tmp_path, {}), Path("var"), 1, 0.1))

    text = console.export_text()
    assert "C10  firm F, account A" in text
    assert "and 89 more; fixgw check --json names them all" in text
    assert "C11 " not in text
    assert text.count("firm F") == LISTED_MAX - 1
    assert "var, 1 command recovered" in text


@pytest.fixture
def taken_port() -> Iterator[str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield str(taken.getsockname()[1])


def test_a_port_in_use(taken_port: str, tmp_path: Path) -> None:
    """It names the port, where it is set, and what to do."""
    ran = fixgw(tmp_path, "run", **own_ports() | {"FIXGW_ORDER_ENTRY_PORT": taken_port})

    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith(f"fixgw: 127.0.0.1:{taken_port} (order_entry.port) cannot be used: ")
    assert "choose another" in ran.stderr


def test_every_failure_is_one_line_of_json(taken_port: str, tmp_path: Path) -> None:
    """With --json: the same shapes as check and init have, on standard output."""
    cannot_start = fixgw(tmp_path, "run", "--json", **own_ports() | {"FIXGW_ORDER_ENTRY_PORT": taken_port})
    (tmp_path / "venue.toml").write_text(WRONG)
    wrong = fixgw(tmp_path, "run", "--json")

    assert (cannot_start.returncode, cannot_start.stderr, cannot_start.stdout.count("\n")) == (1, "", 1)
    (reason,) = json.loads(cannot_start.stdout)["error"]
    assert taken_port in reason
    assert (wrong.returncode, wrong.stderr, wrong.stdout.count("\n")) == (2, "", 1)
    assert wrong.stdout == fixgw(tmp_path, "check", "--json").stdout
    assert json.loads(wrong.stdout)["mistakes"][0]["key"] == "order_entry.port"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("file", "--data: file is a file; name a folder, which is made if need be"),
        ("file/below", "--data: file is a file; name a folder, which is made if need be"),
        # Not even root may make a folder there.
        ("/proc/venue", "--data: /proc/venue: No such file or directory; name a folder that you may write in"),
        ("x" * 300, f"--data: {'x' * 300}/run: File name too long; name a folder that you may write in"),
    ],
)
def test_an_impossible_data_folder(tmp_path: Path, data: str, reason: str) -> None:
    """It says which, and what would be right."""
    (tmp_path / "file").touch()

    ran = fixgw(tmp_path, "run", "--data", data, **own_ports())

    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", f"fixgw: {reason}\n")
