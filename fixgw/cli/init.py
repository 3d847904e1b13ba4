"""``fixgw init``: a commented set of configuration files to edit."""

import json
import os
import shlex
import sys
from pathlib import Path
from typing import NoReturn

import click

from fixgw.config.load import SESSION_FILE, VENUE_FILE, default_text

FILES = {VENUE_FILE: "the venue, its instruments and its limits", SESSION_FILE: "who may log on"}


@click.command()
@click.argument("config_dir", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
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
    option = "" if config_dir == Path() else f" --config {shlex.quote(str(config_dir))}"
    following = [f"fixgw check{option}", f"fixgw run{option}"]
    if as_json:
        click.echo(json.dumps({"written": [str(path) for path in paths], "next": following}, indent=2))
        return
    width = max(len(str(path)) for path in paths)
    for path, name in paths.items():
        click.echo(f"wrote {click.style(str(path).ljust(width), bold=True)}  {FILES[name]}")
    click.echo(f"next: edit them, then {following[0]} and {following[1]}")


def _exit(message: str, as_json: bool) -> NoReturn:
    if as_json:
        click.echo(json.dumps({"error": message}))
    else:
        click.echo(message, err=True)
    sys.exit(2)
