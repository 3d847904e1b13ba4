"""``fixgw status``: how the venue is, on one screen."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from fixgw.admin.client import AdminClient, Json, NoAnswer, NotRunning, Refused
from fixgw.cli.operating import EXIT_REFUSED, add_row, counted, restricted, show, show_json, start_command, table
from fixgw.cli.options import data_option, json_option
from fixgw.journal.position import Position

_STATUS_FILE = Path("run") / "status.json"
"""Written by the supervisor: a list of its processes."""


@click.command(short_help="Say how the venue is.")
@data_option
@json_option("Print one JSON object.")
def status(data_dir: Path, as_json: bool) -> None:
    """Say how the venue is: its processes, who is logged on, open orders, what is halted or killed, who lags behind.

    It exits 1 when no venue is running, or its gateway does not answer.
    """
    gateway, problem = _ask(data_dir)
    processes = _processes(data_dir)
    followers = _followers(data_dir, None if gateway is None else gateway["sequence"])
    if as_json:
        error = {} if problem is None else {"error": [problem]}
        show_json({**error, "gateway": gateway, "processes": processes, "followers": followers})
    else:
        _show(gateway, processes, followers)
        if problem is not None:
            click.echo(f"fixgw: {problem}", err=True)
    if problem is not None:
        sys.exit(EXIT_REFUSED)


def _ask(data_dir: Path) -> tuple[Json | None, str | None]:
    """Return what the gateway says, or why it says nothing."""
    try:
        with AdminClient(data_dir) as client:
            answer = client.ask("status")
    except NotRunning as error:
        return None, f"{error}; start one with: {start_command(data_dir)}"
    except (NoAnswer, Refused) as error:
        return None, str(error)
    del answer["ok"]
    return answer, None


def _processes(data_dir: Path) -> list[Json] | None:
    """Return what the supervisor wrote last, None when it wrote nothing; who is gone is said to be."""
    try:
        written = json.loads((data_dir / _STATUS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    processes: list[Json] = written["processes"] if isinstance(written, dict) else written
    for process in processes:
        if process.get("pid") and not _is_alive(process["pid"]):
            process |= {"pid": None, "state": "gone"}
    return processes


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _followers(data_dir: Path, sequence: int | None) -> list[Json]:
    """Return how far each follower of the journal has come, and how many frames it has still to read."""
    folder = data_dir / "positions"
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []
    found = []
    for name in names:
        try:
            position = Position(folder, name).load()
        except (OSError, ValueError):
            continue
        lag = None if sequence is None else max(0, sequence - position)
        found.append({"name": name, "sequence": position, "lag": lag})
    return found


def _show(gateway: Json | None, processes: list[Json] | None, followers: list[Json]) -> None:
    parts: list[Any] = []
    if gateway is not None:
        parts.append(_facts(gateway))
    if processes:
        shown = table("process", "state", "since", "pid", "restarts", "last exit", numbers=("pid", "restarts"))
        for each in processes:
            rest = (each.get(name) for name in ("pid", "restarts", "last_exit"))
            add_row(shown, each.get("name"), each.get("state"), _time(each.get("since")), *rest)
        parts.append(shown)
    if followers:
        shown = table("follower", "sequence", "behind by", numbers=("sequence", "behind by"))
        for each in followers:
            add_row(shown, each["name"], each["sequence"], each["lag"])
        parts.append(shown)
    show(*parts)


def _time(since: float | None) -> str | None:
    return None if since is None else f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _facts(gateway: Json) -> Any:
    shown = table("", "")
    shown.show_header = False
    logged_on = gateway["logged_on"]
    names = f": {', '.join(logged_on)}" if logged_on else ""
    add_row(shown, "gateway", f"pid {gateway['pid']}, journal at sequence {gateway['sequence']:,}")
    if gateway["journal_problem"]:
        add_row(shown, "journal", f"takes nothing: {gateway['journal_problem']}; all orders are refused until it does")
    add_row(shown, "sessions", f"{len(logged_on)} of {gateway['sessions']} logged on{names}")
    entered = f"{counted(gateway['open_orders'], 'open order')}, {gateway['orders_entered']:,} entered so far"
    add_row(shown, "orders", entered)
    add_row(shown, "trading day", f"{gateway['trading_date']}, {gateway['day_phase']}")
    if gateway["orders_to_cancel"]:
        add_row(shown, "", f"{gateway['orders_to_cancel']:,} are being canceled")
    for what, name in (("halted", "symbol"), ("killed", "scope"), ("disabled", "session")):
        for each in gateway[what]:
            add_row(shown, what, f"{each[name]}: {restricted(each)}")
    for each in gateway["frozen"]:
        add_row(shown, "quotes pulled", f"{each['text']}{_until(each)}")
    return shown


def _until(frozen: Json) -> str:
    return f"; until {frozen['until']}" if frozen["until"] else ""
