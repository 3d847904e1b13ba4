"""How a command fails: the reasons, one a line, on standard error; with --json one line of JSON on standard output."""

import json
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from fixgw.config import ConfigError

EXIT_WRONG = 2
"""Exit status when what the user wrote is wrong, as click has it for options."""


def exit_with_mistakes(error: ConfigError, as_json: bool) -> NoReturn:
    """Tell all mistakes of a configuration; every command that needs one ends so without one."""
    if as_json:
        mistakes = [
            {"file": mistake.file, "line": mistake.line, "key": mistake.key, "message": mistake.message}
            for mistake in error.mistakes
        ]
        click.echo(json.dumps({"right": False, "mistakes": mistakes}))
    else:
        for mistake in error.mistakes:
            click.echo(click.style(mistake.place, bold=True) + str(mistake).removeprefix(mistake.place), err=True)
    sys.exit(EXIT_WRONG)


def tell(reasons: Sequence[str], as_json: bool) -> None:
    """Tell why a command cannot do its work."""
    if as_json:
        click.echo(json.dumps({"error": list(reasons)}))
    else:
        for reason in reasons:
            click.echo(f"fixgw: {reason}", err=True)
