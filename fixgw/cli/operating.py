"""What operators' commands have in common: the running venue is asked, and a change has a reason and is confirmed."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fixgw.admin.client import AdminClient, Json, NoAnswer, NotRunning, Refused
from fixgw.admin.requests import NAME_LENGTH_MAX, REASON_LENGTH_MAX
from fixgw.cli.failure import tell
from fixgw.cli.options import Function
from fixgw.cli.program import command

EXIT_REFUSED = 1
"""Exit status when no venue is running, or it does not do what it was asked for."""

PLAIN_WIDTH = 200  # of tables when the output is no terminal, whose width nobody knows


@contextmanager
def venue(data_dir: Path, as_json: bool) -> Iterator[AdminClient]:
    """Give a client of the venue that runs on ``data_dir``; exits 1 when there is none or it refuses something."""
    try:
        with AdminClient(data_dir) as client:
            yield client
    except NotRunning as error:
        fail([f"{error}; start one with: {start_command(data_dir)}"], as_json)
    except (Refused, NoAnswer) as error:
        fail([str(error)], as_json)


def fail(reasons: Sequence[str], as_json: bool) -> NoReturn:
    tell(reasons, as_json)
    sys.exit(EXIT_REFUSED)


def start_command(data_dir: Path) -> str:
    return command("run") if data_dir == Path("var") else command("run", "--data", str(data_dir))


# Changes.


def change_options(function: Function) -> Function:
    """Give a command ``reason``, ``yes`` and ``operator``."""
    for option in (
        click.option("--operator", callback=_printable, metavar="NAME", help="Who orders it, when that is not you."),
        click.option("--yes", is_flag=True, help="Do not ask whether to do it; needed in scripts."),
        click.option(
            "--reason", callback=_printable, metavar="TEXT", help="Why: it is kept in the journal, and clients see it."
        ),
    ):
        function = option(function)
    return function


def _printable(_context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Take what may stand in a FIX message."""
    if value is None:
        return None
    length_max = REASON_LENGTH_MAX if option.name == "reason" else NAME_LENGTH_MAX
    if not value.strip() or not (value.isascii() and value.isprintable()) or len(value) > length_max:
        raise click.BadParameter(f"write 1 to {length_max} characters of printable ASCII")
    return value


def change(
    data_dir: Path,
    as_json: bool,
    question: str,
    reason: str | None,
    yes: bool,
    requests: Iterable[Json],
    done: Callable[[Json, Json], str],
) -> None:
    """Confirm, then send ``requests`` one after the other, and tell of each what was ``done``: (request, answer)."""
    reason = confirmed(question, reason, yes)
    with venue(data_dir, as_json) as client:
        for request in requests:
            answer = client.ask(**request, reason=reason)
            click.echo(json.dumps(answer) if as_json else f"{done(request, answer)} (sequence {answer['sequence']})")


def confirmed(question: str, reason: str | None, yes: bool) -> str:
    """Return the reason, asked for where there is a terminal; exits 2 or aborts when it may not be done."""
    is_at_terminal = sys.stdin.isatty()
    if reason is None:
        if not is_at_terminal:
            raise click.UsageError("--reason is missing: say why, in the journal and to the clients it concerns")
        reason = click.prompt("Reason", type=str)
        assert reason is not None
        if not (reason.isascii() and reason.isprintable() and len(reason) <= REASON_LENGTH_MAX):
            raise click.UsageError(f"--reason: write 1 to {REASON_LENGTH_MAX} characters of printable ASCII")
    if not yes:
        if not is_at_terminal:
            raise click.UsageError("--yes is missing: standard input is no terminal to ask at")
        click.confirm(question, abort=True)
    return reason


def canceled(answer: Json) -> str:
    """Return what became of open orders, in words."""
    count, left = answer["canceled"], answer["left"]
    if left:
        return f"{count + left:,} open orders are being canceled"
    return "no open order to cancel" if not count else f"{counted(count, 'open order')} canceled"


def counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


# Tables.


def table(*columns: str, numbers: Sequence[str] = ()) -> Table:
    """Return a table with these columns; those of ``numbers`` are aligned to the right."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return made


def add_row(to: Table, *cells: object) -> None:
    to.add_row(*(Text("" if cell is None else str(cell)) for cell in cells))


def show(*what: Any) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    for each in what:
        console.print(each)


def show_json(what: object) -> None:
    click.echo(json.dumps(what))


def restricted(restriction: Json | None) -> str | None:
    """Return by whom and why, in words."""
    return None if restriction is None else f"{restriction['reason']} ({restriction['operator']})"
