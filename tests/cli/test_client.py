"""fixgw client, from the shell to the real venue and back."""

import json
from pathlib import Path

import pytest

from tests.cli.command import ROOT, fixgw
from tests.ports import free_port


def lines_of_the_readme() -> str:
    """Return what the README tells a new user to type."""
    text = (ROOT / "README.md").read_text("utf-8")
    return next(block for block in text.split("```\n") if block.startswith("buy "))


def test_the_lines_of_the_readme_as_a_script(venue_port: str, tmp_path: Path) -> None:
    """What a new user types first works, every line of it."""
    script = tmp_path / "day.txt"
    script.write_text(lines_of_the_readme())

    ran = fixgw(tmp_path, "client", "--sender", "CLIENT1", "--port", venue_port, "--script", script)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "ExecType(150)=F trade" in ran.stdout


def test_the_lines_of_the_readme_on_standard_input(venue_port: str, tmp_path: Path) -> None:
    """FIXGW_SENDER, FIXGW_HOST and FIXGW_PORT stand in for options."""
    variables = {"FIXGW_SENDER": "CLIENT1", "FIXGW_HOST": "localhost", "FIXGW_PORT": venue_port}

    ran = fixgw(tmp_path, "client", "--json", stdin=lines_of_the_readme(), **variables)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert {json.loads(line)["direction"] for line in ran.stdout.splitlines()} == {"in", "out"}


def test_an_expect_that_fails_exits_1_and_names_its_line(venue_port: str, tmp_path: Path) -> None:
    """A script is a test: what the venue really said is told."""
    lines = "buy 1 AAPL 1.00\nexpect 150=0 44=2.00\n"
    options = ("--sender", "CLIENT2", "--port", venue_port, "--timeout", "1")

    ran = fixgw(tmp_path, "client", *options, stdin=lines)

    assert ran.returncode == 1
    assert ran.stderr.startswith("line 2: expect 150=0 44=2.00: not within 1 s; came instead:\n")
    assert fixgw(tmp_path, "client", *options, stdin="cancel-all\nexpect 35=r 531=7\n").returncode == 0


def test_nobody_listens(tmp_path: Path) -> None:
    """It exits 1 and says what to do."""
    ran = fixgw(tmp_path, "client", "--sender", "CLIENT1", "--port", str(free_port()), stdin="status\n")

    assert (ran.returncode, ran.stdout) == (1, "")
    assert "Is the venue running there? Start it with: fixgw run" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("sender", ["NOBODY", "client1"])
def test_a_sender_that_is_not_in_sessions_cfg(venue_port: str, tmp_path: Path, sender: str) -> None:
    """The advice names the file."""
    ran = fixgw(tmp_path, "client", "--sender", sender, "--port", venue_port, stdin="status\n")

    assert ran.returncode == 1
    assert "Check that it is in the venue's sessions.cfg" in ran.stderr
