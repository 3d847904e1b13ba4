"""What ``fixgw run`` says when the venue is open: what listens where, who may log on, and what to try next."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from fixgw.admin.address import NAME as ADMIN_SOCKET
from fixgw.cli.client import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_TARGET
from fixgw.cli.program import command
from fixgw.config.load import VenueConfig
from fixgw.spec.fixed import format_fixed
from fixgw.spec.instrument import Instrument

HOST = "127.0.0.1"
"""All ports are on the loopback interface."""

LISTED_MAX = 12
"""The most sessions, and the most instruments, that are listed: the block shall stay on one screen."""


def for_people(config: VenueConfig, data_dir: Path, commands_recovered: int, elapsed_s: float) -> RenderableType:
    """Return the block; the command is outside of the frame and never broken, so that it can be copied."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    rows.add_row("order entry", f"FIX 4.4 on {HOST}:{config.port}, CompID {config.comp_id} (this host only)")
    sessions = [f"{s.comp_id}  firm {s.firm}, account {', '.join(s.accounts)}" for s in config.sessions]
    _add_list(rows, "", sessions)
    rows.add_row("drop copy", f"FIX 4.4 on {HOST}:{config.drop_copy_port}")
    _add_list(rows, "", [f"{s.comp_id}  {_whose(s.firms)}" for s in config.drop_copy_sessions])
    rows.add_row("market data", f"FIX 4.4 on {HOST}:{config.market_data_port}")
    _add_list(rows, "", [s.comp_id for s in config.market_data_sessions])
    feeds = config.multicast
    groups = f"{_group(feeds.a)} and {_group(feeds.b)}, snapshots {_group(feeds.snapshots)}"
    rows.add_row("multicast", f"{groups}, on {feeds.interface}")
    rows.add_row("metrics", f"http://{HOST}:{config.metrics_port}/metrics and /health")
    rows.add_row("operator", Text(f"{command('status')}, by way of {data_dir / ADMIN_SOCKET}"))
    _add_list(rows, "instruments", [_instrument(instrument) for instrument in config.instruments])
    rows.add_row("configuration", Text(config.sources_text))
    rows.add_row("data", Text(f"{data_dir}, {_recovered(commands_recovered)}"))
    title = f"fixgw is open, {elapsed_s:.1f} s after the start"
    return Group(
        Panel(rows, title=title, title_align="left", expand=False, box=box.ROUNDED),
        Text("Try next, in another terminal (Ctrl-C here stops the venue):\n"),
        Text(f"    {try_next(config)}\n", style="green", no_wrap=True, overflow="ignore"),
    )


def _add_list(rows: Table, name: str, lines: Sequence[str]) -> None:
    shown = list(lines if len(lines) <= LISTED_MAX else lines[: LISTED_MAX - 1])
    if len(shown) < len(lines):
        shown.append(f"and {len(lines) - len(shown)} more; fixgw check --json names them all")
    for number, line in enumerate(shown):
        rows.add_row("" if number else name, Text(line))


def _whose(firms: tuple[str, ...] | None) -> str:
    return "all firms" if firms is None else f"firm {', '.join(firms)}"


def _group(group: tuple[str, int]) -> str:
    return f"{group[0]}:{group[1]}"


def _instrument(instrument: Instrument) -> str:
    tick = format_fixed(instrument.tick_size, instrument.price_scale)
    lot = format_fixed(instrument.lot_size, instrument.qty_scale)
    times = f", multiplier {instrument.multiplier}" if instrument.multiplier != 1 else ""
    return f"{instrument.symbol}  tick {tick}, lot {lot}{times}"


def _recovered(commands: int) -> str:
    if commands == 0:
        return "a new journal"
    return "1 command recovered" if commands == 1 else f"{commands:,} commands recovered"


def try_next(config: VenueConfig) -> str:
    """Return the command that logs on to this venue, with the options that it needs and no others."""
    options = ["--sender", config.sessions[0].comp_id]
    if config.comp_id != DEFAULT_TARGET:
        options += ["--target", config.comp_id]
    # The other terminal has the same FIXGW_HOST and FIXGW_PORT, as like as not.
    if os.environ.get("FIXGW_HOST", DEFAULT_HOST) != HOST:
        options += ["--host", HOST]
    if os.environ.get("FIXGW_PORT", str(DEFAULT_PORT)) != str(config.port) or config.port != DEFAULT_PORT:
        options += ["--port", str(config.port)]
    return command("client", *options)


def for_programs(config: VenueConfig, data_dir: Path, commands_recovered: int) -> dict[str, object]:
    """Return the same for ``--json``, with the pid to stop the venue by."""
    return {
        "order_entry": {"host": HOST, "port": config.port, "comp_id": config.comp_id},
        "drop_copy": {"host": HOST, "port": config.drop_copy_port},
        "market_data": {"host": HOST, "port": config.market_data_port},
        "multicast": {
            "interface": config.multicast.interface,
            "a": _group(config.multicast.a),
            "b": _group(config.multicast.b),
            "snapshots": _group(config.multicast.snapshots),
            "retransmission_port": config.multicast.retransmission_port,
        },
        "metrics": {"host": HOST, "port": config.metrics_port},
        "admin": str(data_dir / ADMIN_SOCKET),
        "sessions": [
            {"comp_id": session.comp_id, "firm": session.firm, "accounts": list(session.accounts)}
            for session in config.sessions
        ],
        "drop_copy_sessions": [session.comp_id for session in config.drop_copy_sessions],
        "market_data_sessions": [session.comp_id for session in config.market_data_sessions],
        "instruments": [instrument.symbol for instrument in config.instruments],
        "sources": list(config.sources),
        "data": str(data_dir),
        "commands_recovered": commands_recovered,
        "pid": os.getpid(),
        "try_next": try_next(config),
    }
