"""``fixgw run``: the venue, until it is told to stop."""

import json
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.logging import RichHandler

from fixgw.app import CannotStart, Gateway
from fixgw.cli.failure import exit_with_mistakes, tell
from fixgw.cli.options import config_option, data_option, json_option
from fixgw.cli.overview import for_people, for_programs
from fixgw.config import ConfigError, load
from fixgw.journal.reader import JournalDamaged
from fixgw.journal.writer import JournalLocked
from fixgw.sequencer import ReplayDiffers

EXIT_CANNOT_START = 1


@click.command(short_help="Run the venue.")
@config_option
@data_option
@json_option("Say in one line of JSON what listens where, or why nothing does.")
def run(config_dir: Path, data_dir: Path, as_json: bool) -> None:
    """Run the venue until Ctrl-C or SIGTERM.

    It exits 0 when it was told to stop, 1 when it cannot start, 2 for a wrong configuration or option, and 70 after a
    fault: then start it again, since what was acknowledged is in the journal.
    """
    started_at = time.monotonic()
    _log_to_stderr()
    try:
        config = load(config_dir, os.environ)
    except ConfigError as error:
        exit_with_mistakes(error, as_json)
    try:
        gateway = Gateway(config, data_dir)
        gateway.open()
        _stop_on_signals(gateway)
    except (CannotStart, JournalLocked, JournalDamaged, ReplayDiffers, OSError) as error:
        tell(_reasons(error), as_json)
        _exit(EXIT_CANNOT_START)
    if as_json:
        click.echo(json.dumps(for_programs(config, data_dir, gateway.commands_recovered)))
    else:
        elapsed_s = time.monotonic() - started_at
        Console().print(for_people(config, data_dir, gateway.commands_recovered, elapsed_s))
    gateway.run()
    _tell("fixgw: stopped; the next start goes on from here")
    _exit(0)


def _reasons(error: Exception) -> list[str]:
    if isinstance(error, OSError) and error.filename is not None:
        return [_what_is_wrong_with(Path(os.fsdecode(error.filename)), error)]
    return str(error).splitlines()


def _what_is_wrong_with(path: Path, error: OSError) -> str:
    """All files that the venue opens are in its data folder."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        in_the_way = next((place for place in (path, *path.parents) if place.exists() and not place.is_dir()), path)
        return f"--data: {in_the_way} is a file; name a folder, which is made if need be"
    return f"--data: {path}: {error.strerror}; name a folder that you may write in"


def _log_to_stderr() -> None:
    handler: logging.Handler
    if sys.stderr.isatty():
        handler = RichHandler(console=Console(stderr=True), show_path=False, rich_tracebacks=False)
        form = "%(message)s"
    else:
        handler = logging.StreamHandler()
        form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, handlers=[handler])


def _stop_on_signals(gateway: Gateway) -> None:
    def stop(*_: object) -> None:
        # A terminal gives Ctrl-C to make as well, which passes it on: we may be asked twice.
        for asked in (signal.SIGINT, signal.SIGTERM):
            signal.signal(asked, lambda *_: None)
        # Not by way of the log: this may have come in the middle of its writing a line.
        _tell_stopping()
        gateway.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def _tell_stopping() -> None:
    below_the_ctrl_c = "\n" if sys.stderr.isatty() else ""
    _tell(f"{below_the_ctrl_c}fixgw: stopping, logging the sessions out")


def _tell(what: str) -> None:
    """Tell it on standard error; a signal handler may, too."""
    os.write(sys.stderr.fileno(), f"{what}\n".encode())


def _exit(status: int) -> NoReturn:
    """End at once, whatever QuickFIX's threads are doing."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
