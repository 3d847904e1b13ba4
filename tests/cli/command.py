"""fixgw as a user starts it, in a folder of one's own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from fixgw.cli.main import main

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 60.0
"""For what takes a second on a machine that is not busy."""


def environment(**variables: str) -> dict[str, str]:
    """Return our environment without its FIXGW_ variables, with a way to find fixgw from any folder."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("FIXGW_")}
    return {**ours, "PYTHONPATH": str(ROOT), "COLUMNS": "120", **variables}


def command_of(name: str) -> click.Command:
    """Return the command ``fixgw NAME``."""
    command = main.get_command(click.Context(main), name)
    assert command is not None, name
    return command


def fixgw(
    folder: Path, *arguments: str | Path, stdin: str = "", **variables: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "fixgw", *arguments],
        cwd=folder,
        env=environment(**variables),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )


@contextmanager
def running(folder: Path, *arguments: str | Path, **variables: str) -> "Iterator[subprocess.Popen[str]]":
    """Start fixgw; at the end it is killed if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "fixgw", *arguments],
        cwd=folder,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


