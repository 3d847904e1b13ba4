"""``fixgw run``: the venue, until it is told to stop."""

import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.logging import RichHandler
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from fixgw.app import HOST, CannotStart, Gateway
from fixgw.cli.check import exit_with_mistakes
from fixgw.config.load import VenueConfig, load
from fixgw.config.mistakes import ConfigError
from fixgw.journal.reader import JournalDamaged
from fixgw.journal.writer import JournalLocked
from fixgw.sequencer import ReplayDiffers
from fixgw.spec.fixed import format_fixed

EXIT_CANNOT_START = 1


@click.command()
@click.option(
    "--config",
    "config_dir",
    type=click.Path(path_type=Path),
    default=Path("."),
    envvar="FIXGW_CONFIG",
    show_default="this folder",
    help="Folder with venue.toml and sessions.cfg; the packaged ones stand in for what is not there.",
)
@click.option(
    "--data",
    "data_dir",
    type=click.Path(path_type=Path),
    default=Path("var"),
    envvar="FIXGW_DATA",
    show_default="./var",
    help="Folder for the journal and the FIX stores; made if need be.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what listens where as one line of JSON.")
def run(config_dir: Path, data_dir: Path, as_json: bool) -> None:
    """Run the venue until Ctrl-C or SIGTERM."""
    started_at = time.monotonic()
    _log_to_stderr()
    try:
        config = load(config_dir, os.environ)
        gateway = Gateway(config, data_dir)
        stop_asked = _stop_on_signals()
        gateway.start()
    except ConfigError as error:
        exit_with_mistakes(error, as_json)
    except (CannotStart, JournalLocked, JournalDamaged, ReplayDiffers, OSError) as error:
        _fail(str(error).splitlines())
    elapsed_s = time.monotonic() - started_at
    if as_json:
        click.echo(json.dumps(_as_json(config, data_dir, gateway.commands_recovered)))
    else:
        Console().print(_overview(config, data_dir, gateway.commands_recovered, elapsed_s))
    stop_asked.wait()
    gateway.stop()
    _exit(0)


def _log_to_stderr() -> None:
    handler: logging.Handler
    if sys.stderr.isatty():
        handler = RichHandler(console=Console(stderr=True), show_path=False, rich_tracebacks=False)
        form = "%(message)s"
    else:
        handler = logging.StreamHandler()
        form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, handlers=[handler])


def _stop_on_signals() -> threading.Event:
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    return asked


def _fail(reasons: list[str]) -> NoReturn:
    for reason in reasons:
        click.echo(f"fixgw: {reason}", err=True)
    _exit(EXIT_CANNOT_START)


def _exit(status: int) -> NoReturn:
    """End at once, whatever QuickFIX's threads are doing."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _overview(config: VenueConfig, data_dir: Path, commands_recovered: int, elapsed_s: float) -> Panel:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    rows.add_row("order entry", f"FIX 4.4 on {HOST}:{config.port}, CompID {config.comp_id} (this host only)")
    for number, session in enumerate(config.sessions):
        accounts = ", ".join(session.accounts)
        rows.add_row("" if number else "sessions", f"{session.comp_id}  firm {session.firm}, account {accounts}")
    for number, instrument in enumerate(config.instruments):
        tick = format_fixed(instrument.tick_size, instrument.price_scale)
        lot = format_fixed(instrument.lot_size, instrument.qty_scale)
        times = f", multiplier {instrument.multiplier}" if instrument.multiplier != 1 else ""
        rows.add_row("" if number else "instruments", f"{instrument.symbol}  tick {tick}, lot {lot}{times}")
    rows.add_row("configuration", config.sources_text)
    recovered = f", {commands_recovered:,} commands recovered" if commands_recovered else ", a new journal"
    rows.add_row("data", f"{data_dir}{recovered}")
    rows.add_row("try next", Text(f"fixgw client --sender {config.sessions[0].comp_id}", style="green"))
    return Panel(rows, title=f"fixgw is open, {elapsed_s:.1f} s after the start", title_align="left", expand=False)


def _as_json(config: VenueConfig, data_dir: Path, commands_recovered: int) -> dict[str, object]:
    return {
        "order_entry": {"host": HOST, "port": config.port, "comp_id": config.comp_id},
        "sessions": [
            {"comp_id": session.comp_id, "firm": session.firm, "accounts": list(session.accounts)}
            for session in config.sessions
        ],
        "instruments": [instrument.symbol for instrument in config.instruments],
        "sources": list(config.sources),
        "data": str(data_dir),
        "commands_recovered": commands_recovered,
        "pid": os.getpid(),
    }
