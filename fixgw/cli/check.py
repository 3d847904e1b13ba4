"""``fixgw check``: is the configuration right, and if not, every mistake at once."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import click

from fixgw import calendars
from fixgw.cli.failure import exit_with_mistakes
from fixgw.cli.options import config_option, json_option
from fixgw.config import ConfigError, Mistake, VenueConfig, load


@click.command(short_help="Say whether the configuration is right.")
@config_option
@json_option("Answer in one line of JSON, right or wrong.")
def check(config_dir: Path, as_json: bool) -> None:
    """Say whether venue.toml, sessions.cfg and the FIXGW_* variables are right.

    Tells every mistake with file, line and what would be right, and exits 2 then.
    """
    try:
        config = load(config_dir, os.environ)
        _look_up_calendars(config)
    except ConfigError as error:
        exit_with_mistakes(error, as_json)
    click.echo(_right_as_json(config) if as_json else _right(config))


def _look_up_calendars(config: VenueConfig) -> None:
    """Ask for the calendars that segments name, which takes a second or two; raises ConfigError."""
    named = {each.name: each.calendar for each in config.segments if each.calendar is not None}
    try:
        calendars.fetch(named.values(), datetime.now(UTC).date())
    except calendars.NoCalendar as error:
        file = config.sources[0]
        raise ConfigError(
            tuple(
                Mistake(file, None, f"segments.{segment}.calendar", f"{name}: {error.reasons[name]}")
                for segment, name in named.items()
                if name in error.reasons
            )
        ) from None


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
        }
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
