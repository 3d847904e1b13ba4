"""Options that several commands have, in the same words everywhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


def config_option(command: Function) -> Function:
    """Give a command ``config_dir``."""
    return click.option(
        "--config",
        "config_dir",
        type=click.Path(path_type=Path),
        default=Path(),
        envvar="FIXGW_CONFIG",
        show_envvar=True,
        show_default="this folder",
        metavar="DIR",
        help="Folder with venue.toml and sessions.cfg; the packaged ones stand in for what is not there.",
    )(command)


def data_option(command: Function) -> Function:
    """Give a command ``data_dir``."""
    return click.option(
        "--data",
        "data_dir",
        type=click.Path(path_type=Path),
        default=Path("var"),
        envvar="FIXGW_DATA",
        show_envvar=True,
        show_default="./var",
        metavar="DIR",
        help="Folder for the journal and all else the venue keeps; made if need be.",
    )(command)


def json_option(what: str) -> Callable[[Function], Function]:
    """Give a command ``as_json``; ``what`` says what is printed."""
    return click.option("--json", "as_json", is_flag=True, help=what)
