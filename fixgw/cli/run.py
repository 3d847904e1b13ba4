"""``fixgw run``: the venue, all its processes, until it is told to stop."""

import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import click
from rich.console import Console

from fixgw.cli.failure import exit_with_mistakes, tell
from fixgw.cli.options import config_option, data_option, json_option
from fixgw.cli.overview import for_people, for_programs
from fixgw.cli.ports import why_not_usable
from fixgw.cli.process import EXIT_CANNOT_START, reasons
from fixgw.config import ConfigError, VenueConfig, load
from fixgw.logs.setup import log_to_stderr
from fixgw.supervisor import status
from fixgw.supervisor.child import Plan
from fixgw.supervisor.supervisor import AlreadyRunning, Supervisor

FOLLOWERS = ("message-log", "publisher", "multicaster", "drop-copy", "market-data", "metrics", "snapshotter")
"""The processes that read what the gateway writes or sends; each is a command of ``fixgw process``."""

FOLLOWER_NICENESS = 10
"""Under load the gateway has the processor; followers catch up."""

_OLD_PROCESSES_PATIENCE_S = 3.0


@click.command(short_help="Run the venue.")
@config_option
@data_option
@json_option("Say in one line of JSON what listens where, or why nothing does.")
def run(config_dir: Path, data_dir: Path, as_json: bool) -> None:
    """Run the venue until Ctrl-C or SIGTERM: its gateway and all who follow it, each started again when it dies.

    It exits 0 when it was told to stop, 1 when it cannot start, and 2 for a wrong configuration or option.
    """
    started_at = time.monotonic()
    try:
        config = load(config_dir, os.environ)
    except ConfigError as error:
        exit_with_mistakes(error, as_json)
    log_to_stderr("run", config.log_format)
    try:
        supervisor = Supervisor(data_dir, *_plans(config, config_dir, data_dir))
        _wait_for_old_processes(data_dir)
        wrong_ports = why_not_usable(config)
    except (AlreadyRunning, OSError) as error:
        tell(reasons(error), as_json)
        sys.exit(EXIT_CANNOT_START)
    if wrong_ports:
        tell(wrong_ports, as_json)
        sys.exit(EXIT_CANNOT_START)

    def tell_open(line: bytes) -> None:
        said = json.loads(line)
        if "error" in said:
            tell(said["error"], as_json)
        elif as_json:
            click.echo(json.dumps(for_programs(config, data_dir, said["commands_recovered"])))
        else:
            elapsed_s = time.monotonic() - started_at
            Console().print(for_people(config, data_dir, said["commands_recovered"], elapsed_s))

    exit_status = supervisor.run(tell_open, _tell_stopping)
    if exit_status == 0:
        _tell("fixgw: stopped; the next start goes on from here")
    sys.exit(exit_status)


def _plans(config: VenueConfig, config_dir: Path, data_dir: Path) -> tuple[Plan, list[Plan], Plan | None]:
    """Return the gateway, the followers, and the Redis of the venue's own unless there is another."""
    options = ("--config", str(config_dir), "--data", str(data_dir), "--parent", str(os.getpid()))

    def command(name: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "fixgw.cli.process", name, *options)

    gateway = Plan("gateway", command("gateway"))
    idle = {name for name, is_needed in _needed(config).items() if not is_needed}
    followers = [Plan(name, command(name), FOLLOWER_NICENESS) for name in FOLLOWERS if name not in idle]
    redis = Plan("redis", command("redis"), FOLLOWER_NICENESS, is_silent=True) if config.redis_url is None else None
    return gateway, followers, redis


def _needed(config: VenueConfig) -> dict[str, bool]:
    """Say of the processes that a configuration may leave nothing to do whether they have something."""
    return {
        "message-log": config.log_messages,
        "drop-copy": bool(config.drop_copy_sessions),
        "market-data": bool(config.market_data_sessions),
    }


def _wait_for_old_processes(data_dir: Path) -> None:
    """Wait for those of a supervisor that was killed: the kernel is ending them, and they have the ports."""
    before = status.read(data_dir)
    if before is None:
        return
    pids = [process.pid for process in before.processes if process.pid is not None]
    give_up_at = time.monotonic() + _OLD_PROCESSES_PATIENCE_S
    while any(_are_ours(pids)) and time.monotonic() < give_up_at:
        time.sleep(0.02)


def _are_ours(pids: Iterable[int]) -> Iterable[bool]:
    for pid in pids:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        yield b"fixgw.cli.process" in command or b"redis-server" in command


def _tell_stopping() -> None:
    below_the_ctrl_c = "\n" if sys.stderr.isatty() else ""
    _tell(f"{below_the_ctrl_c}fixgw: stopping, logging the sessions out")


def _tell(what: str) -> None:
    os.write(sys.stderr.fileno(), f"{what}\n".encode())
