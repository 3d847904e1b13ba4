"""``fixgw check``: is the configuration right, and if not, every mistake at once."""

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from fixgw.config import ConfigError, VenueConfig, load


@click.command()
@click.option(
    "--config",
    "config_dir",
    type=click.Path(path_type=Path),
    default=Path(),
    envvar="FIXGW_CONFIG",
    metavar="DIR",
    help="The folder with venue.toml and sessions.cfg; by default the current one.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def check(config_dir: Path, as_json: bool) -> None:
    """Say whether venue.toml, sessions.cfg and the FIXGW_* variables are right.

    Tells every mistake with file, line and what would be right, and exits 2 then.
    """
    try:
        config = load(config_dir, os.environ)
    except ConfigError as error:
        exit_with_mistakes(error, as_json)
    click.echo(_right_as_json(config) if as_json else _right(config))


def exit_with_mistakes(error: ConfigError, as_json: bool) -> NoReturn:
    """Tell all mistakes, one a line, and exit 2; every command that needs a configuration ends so without one."""
    if as_json:
        mistakes = [
            {"file": mistake.file, "line": mistake.line, "key": mistake.key, "message": mistake.message}
            for mistake in error.mistakes
        ]
        click.echo(json.dumps({"right": False, "mistakes": mistakes}, indent=2))
    else:
        for mistake in error.mistakes:
            click.echo(click.style(mistake.place, bold=True) + str(mistake).removeprefix(mistake.place), err=True)
    sys.exit(2)


def _right(config: VenueConfig) -> str:
    return (
        f"{click.style('configuration is right', fg='green')}: {_counted(len(config.instruments), 'instrument')}, "
        f"{_counted(len(config.sessions), 'session')} ({config.sources_text})"
    )


def _right_as_json(config: VenueConfig) -> str:
    return json.dumps(
        {
            "right": True,
            "instruments": [instrument.symbol for instrument in config.instruments],
            "sessions": [session.comp_id for session in config.sessions],
            "sources": config.sources,
        },
        indent=2,
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
