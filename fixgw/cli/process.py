"""``fixgw process``: the processes of a venue, each alone; ``fixgw run`` starts them all, tests start one.

Each says in one line of JSON on standard output when it serves, and ends with SIGTERM.  What a process needs is
imported when it is started, so that each stays small; also as ``python -m fixgw.cli.process NAME``.
"""

import ctypes
import gc
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from fixgw.cli.failure import exit_with_mistakes, tell
from fixgw.cli.options import config_option, data_option
from fixgw.config import ConfigError, VenueConfig, load
from fixgw.logs.setup import log_to_stderr

if TYPE_CHECKING:
    from fixgw.fix.message_tap import MessageTap

EXIT_CANNOT_START = 1

_PR_SET_PDEATHSIG = 1
_LOCK_PATIENCE_S = 2.0
"""How long the gateway waits for the journal: the process that had it may be on its way out."""

Serve = Callable[[VenueConfig, Path, Callable[[], bool], Callable[[], None]], None]
"""Serves until the third argument says to stop; calls the fourth, once, when it is ready."""


@click.group(hidden=True)
def process() -> None:
    """The processes of a venue, each alone."""


def _process(name: str, *, ends_with_its_parent: bool = True) -> Callable[[Serve], Serve]:
    """Make a command of a function that serves."""

    def register(serve: Serve) -> Serve:
        @process.command(name, help=serve.__doc__)
        @config_option
        @data_option
        @click.option("--parent", type=int, help="End when this process does, and leave Ctrl-C to it.")
        def command(config_dir: Path, data_dir: Path, parent: int | None) -> None:
            if parent is not None and ends_with_its_parent:
                _end_with(parent)
            _run(name, serve, config_dir, data_dir, is_watched=parent is not None)

        return serve

    return register


def _run(name: str, serve: Serve, config_dir: Path, data_dir: Path, *, is_watched: bool) -> None:
    try:
        config = load(config_dir, os.environ)
    except ConfigError as error:
        exit_with_mistakes(error, as_json=False)
    log_to_stderr(name, config.log_format)
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN if is_watched else lambda number, _: asked.append(number))
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    try:
        serve(config, data_dir, lambda: bool(asked), lambda: _say_ready(name))
    except OSError as error:
        tell([str(error)], as_json=True)
        logging.getLogger("fixgw").exception("%s ends", name)
        _exit(EXIT_CANNOT_START)
    _exit(0)


@process.command("gateway")
@config_option
@data_option
@click.option("--parent", type=int, help="End when this process does, and leave Ctrl-C to it.")
def serve_orders(config_dir: Path, data_dir: Path, parent: int | None) -> None:
    """Order entry, risk, matching, the journal and the operator's door.

    It exits 0 when it was told to stop, 1 when it cannot start, 2 for a wrong configuration, and 70 after a fault.
    """
    from fixgw.app import CannotStart, Gateway
    from fixgw.core import ReplayDiffers
    from fixgw.journal.reader import JournalDamaged
    from fixgw.journal.writer import JournalLocked

    if parent is not None:
        _end_with(parent)
    try:
        config = load(config_dir, os.environ)
    except ConfigError as error:
        exit_with_mistakes(error, as_json=True)
    log_to_stderr("gateway", config.log_format)
    patience_ends_at = time.monotonic() + (_LOCK_PATIENCE_S if parent is not None else 0.0)
    try:
        while True:
            try:
                gateway = Gateway(config, data_dir)
                break
            except JournalLocked:
                if time.monotonic() >= patience_ends_at:
                    raise
                time.sleep(0.05)
        gateway.open()
        _stop_on_signals(gateway.stop, is_watched=parent is not None)
    except (CannotStart, JournalLocked, JournalDamaged, ReplayDiffers, OSError) as error:
        tell(reasons(error), as_json=True)
        _exit(EXIT_CANNOT_START)
    _say_ready("gateway", commands_recovered=gateway.commands_recovered)
    gateway.run()
    _exit(0)


def _say_ready(name: str, **more: int) -> None:
    click.echo(json.dumps({"process": name, "pid": os.getpid(), **more}))


@_process("drop-copy")
def _serve_drop_copy(
    config: VenueConfig, data_dir: Path, should_stop: Callable[[], bool], ready: Callable[[], None]
) -> None:
    """Copies of executions, over FIX."""
    from fixgw.fix import dropcopy

    sessions = {s.comp_id: dropcopy.Copied(s.firms, s.settings) for s in config.drop_copy_sessions}
    tap = _message_tap(config, data_dir)
    dropcopy.run(config.comp_id, config.drop_copy_port, sessions, data_dir, tap, should_stop, ready)


@_process("message-log")
def _serve_message_log(
    config: VenueConfig, data_dir: Path, should_stop: Callable[[], bool], ready: Callable[[], None]
) -> None:
    """What the FIX sessions say, into files."""
    from fixgw.logs import message_log

    sessions = {
        *(session.comp_id for session in config.sessions),
        *(session.comp_id for session in config.drop_copy_sessions),
        *(session.comp_id for session in config.market_data_sessions),
    }
    message_log.run(data_dir, sessions, should_stop, ready)


@_process("market-data")
def _serve_market_data(
    config: VenueConfig, data_dir: Path, should_stop: Callable[[], bool], ready: Callable[[], None]
) -> None:
    """Market data, over FIX."""
    from fixgw import snapshots
    from fixgw.fix import marketdata

    sessions = {session.comp_id: session.settings for session in config.market_data_sessions}
    tap = _message_tap(config, data_dir)
    begin = marketdata.Beginning()
    for tape in snapshots.tapes(data_dir):
        begin = marketdata.Beginning(tape.sequence, tape.depth)
        break
    marketdata.run(config.comp_id, config.market_data_port, sessions, data_dir, begin, tap, should_stop, ready)


@_process("snapshotter")
def _serve_snapshots(
    config: VenueConfig, data_dir: Path, should_stop: Callable[[], bool], ready: Callable[[], None]
) -> None:
    """Snapshots, so that a start need not read the whole journal; its cold segments packed, its oldest removed."""
    from fixgw import snapshots

    # Only when a processor has nothing else to do: who is late here is late for nobody.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    gc.disable()  # orders form no cycles
    retention = snapshots.retention(data_dir, config.journal.keep_days, _followers(config))
    snapshots.run(data_dir, should_stop, ready, config.journal.snapshot_every, retention)


def _followers(config: VenueConfig) -> list[str]:
    """Return the names under which all who read the journal save how far they have come."""
    from fixgw.fix import dropcopy, marketdata
    from fixgw.marketdata import publisher
    from fixgw.metrics import observation

    names = [publisher.NAME, observation.NAME]
    names += [f"{dropcopy.NAME}.{session.comp_id}" for session in config.drop_copy_sessions]
    return names + ([marketdata.NAME] if config.market_data_sessions else [])


@_process("publisher")
def _serve_publisher(
    config: VenueConfig, data_dir: Path, should_stop: Callable[[], bool], ready: Callable[[], None]
) -> None:
    """Market data, from the journal to Redis."""
    from fixgw import snapshots
    from fixgw.marketdata import publisher
    from fixgw.marketdata.embedded import NoRedis

    try:
        publisher.run(data_dir, config.redis_url, lambda: snapshots.tapes(data_dir), should_stop, ready)
    except (NoRedis, publisher.OtherVenue) as error:
        _give_up(error)


@_process("multicaster")
def _serve_multicast(
    config: VenueConfig, data_dir: Path, should_stop: Callable[[], bool], ready: Callable[[], None]
) -> None:
    """Market data, from Redis to multicast."""
    from fixgw.marketdata import multicaster
    from fixgw.marketdata.embedded import NoRedis

    groups = multicaster.Groups(**asdict(config.multicast))
    try:
        multicaster.run(groups, data_dir, config.redis_url, should_stop, ready)
    except NoRedis as error:
        _give_up(error)


@_process("metrics")
def _serve_metrics(
    config: VenueConfig, data_dir: Path, should_stop: Callable[[], bool], ready: Callable[[], None]
) -> None:
    """Metrics and health, over HTTP."""
    from fixgw import snapshots
    from fixgw.metrics import server, tally
    from fixgw.supervisor import status

    begun = snapshots.begun(data_dir)
    begin = None if begun is None else tally.Beginning(*begun)
    server.run(data_dir, config.metrics_port, lambda: status.watched(data_dir), begin, should_stop, ready)


@process.command("redis")
@data_option
@click.option("--config", "_config_dir", hidden=True, help="Not read.")
@click.option("--parent", type=int, help="End when this process does, and leave Ctrl-C to it.")
def _become_redis(data_dir: Path, _config_dir: str | None, parent: int | None) -> None:
    """The venue's own Redis: a redis-server in the place of this process."""
    from fixgw.marketdata.embedded import NoRedis, command

    if parent is not None:
        _end_with(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        words = command(data_dir)
    except NoRedis as error:
        tell([str(error)], as_json=False)
        _exit(EXIT_CANNOT_START)
    os.execv(words[0], words)


def _give_up(error: Exception) -> NoReturn:
    """End because of what an operator has to put right."""
    tell(reasons(error), as_json=True)
    logging.getLogger("fixgw").error("%s", error)
    _exit(EXIT_CANNOT_START)


def _message_tap(config: VenueConfig, data_dir: Path) -> "MessageTap | None":
    from fixgw.fix.message_tap import MessageTap
    from fixgw.logs import SOCKET

    return MessageTap(data_dir / SOCKET) if config.log_messages else None


def reasons(error: Exception) -> list[str]:
    """Return why a process cannot start, a line each."""
    if isinstance(error, OSError) and error.filename is not None:
        return [_what_is_wrong_with(Path(os.fsdecode(error.filename)), error)]
    return str(error).splitlines()


def _what_is_wrong_with(path: Path, error: OSError) -> str:
    """All files that the venue opens are in its data folder."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        in_the_way = next((place for place in (path, *path.parents) if place.exists() and not place.is_dir()), path)
        return f"--data: {in_the_way} is a file; name a folder, which is made if need be"
    return f"--data: {path}: {error.strerror}; name a folder that you may write in"


def _stop_on_signals(stop: Callable[[], None], *, is_watched: bool) -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN if is_watched else lambda *_: stop())
    signal.signal(signal.SIGTERM, lambda *_: stop())


def _end_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, however it dies; also what it becomes by exec."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was asked
        _exit(EXIT_CANNOT_START)


def _exit(status: int) -> NoReturn:
    """End at once, whatever QuickFIX's threads are doing."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    process()
