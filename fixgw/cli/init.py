"""``fixgw init``: a commented set of configuration files to edit."""

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from fixgw.cli.failure import EXIT_WRONG, tell
from fixgw.cli.options import json_option
from fixgw.cli.program import command
from fixgw.config.load import SESSION_FILE, VENUE_FILE, default_text

FILES = {VENUE_FILE: "the venue, its instruments and its limits", SESSION_FILE: "who may log on"}


@click.command(short_help="Write a commented set of configuration files.")
@click.argument("config_dir", type=click.Path(path_type=Path), metavar="DIR")
@json_option("Answer in one line of JSON.")
def init(config_dir: Path, as_json: bool) -> None:
    """Write venue.toml and sessions.cfg, with comments, into DIR; the folder is made if need be.

    Files that are there already are never written over: then nothing is written, and it exits 2.
    """
    paths = {config_dir / name: name for name in FILES}
    there = [str(path) for path in paths if os.path.lexists(path)]
    if there:
        _exit(f"already there: {', '.join(there)}; name another folder, or take them away first", as_json)
    try:
        config_dir.mkdir(parents=True, exist_ok=True)
        for path, name in paths.items():
            with path.open("x", encoding="utf-8") as file:
                file.write(default_text(name))
    except OSError as error:
        _exit(f"cannot write {error.filename}: {error.strerror}; name another folder", as_json)
    option = () if config_dir == Path() else ("--config", str(config_dir))
    following = [command("check", *option), command("run", *option)]
    if as_json:
        click.echo(json.dumps({"written": [str(path) for path in paths], "next": following}))
        return
    width = max(len(str(path)) for path in paths)
    for path, name in paths.items():
        click.echo(f"wrote {click.style(str(path).ljust(width), bold=True)}  {FILES[name]}")
    click.echo(f"next: edit them, then {following[0]} and {following[1]}")


def _exit(reason: str, as_json: bool) -> NoReturn:
    tell([reason], as_json)
    sys.exit(EXIT_WRONG)
