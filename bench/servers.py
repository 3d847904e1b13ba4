"""Servers under load: the gateway alone, the whole venue, and the null acceptor, on a fresh data folder."""

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from bench.fixload import PROJECT

_LISTEN_TIMEOUT_S = 20.0
_STOP_TIMEOUT_S = 20.0
_POLL_S = 0.02


@dataclass(frozen=True)
class Server:
    """A way to start a FIX acceptor; ``{port}`` and ``{data}`` in its words stand for what the run chooses."""

    name: str
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RunningServer:
    """``pid`` is of the process that takes orders; ``pids`` are of all of them, by name."""

    port: int
    pid: int
    pids: dict[str, int]


_ORDER_ENTRY = ("FIXGW_ORDER_ENTRY_PORT", "{port}")
GATEWAY = Server("gateway", ("-m", "fixgw.cli.process", "gateway", "--data", "{data}"), (_ORDER_ENTRY,))
"""The venue's own part of the path of an order; nobody follows its journal."""
VENUE = Server(
    "whole venue",
    ("-m", "fixgw", "run", "--data", "{data}"),
    (
        _ORDER_ENTRY,
        ("FIXGW_DROP_COPY_PORT", "{port_2}"),
        ("FIXGW_MARKET_DATA_PORT", "{port_3}"),
        ("FIXGW_METRICS_PORT", "{port_4}"),
        ("FIXGW_MULTICAST_RETRANSMISSION_PORT", "{port_5}"),
        ("FIXGW_MULTICAST_A", "{group}:22001"),
        ("FIXGW_MULTICAST_B", "{group}:22002"),
        ("FIXGW_MULTICAST_SNAPSHOTS", "{group}:22003"),
    ),
)
"""As a user starts it, with all its followers."""
NULL = Server("null", ("-m", "bench.null_acceptor", "--port", "{port}", "--data", "{data}"))
NULL_UNCHECKED = Server("null, no dictionary", (*NULL.arguments, "--no-dictionary"))


@contextmanager
def running(server: Server) -> Iterator[RunningServer]:
    """Start ``server`` on a free port and an empty folder, wait until it listens, and stop it in the end."""
    with tempfile.TemporaryDirectory(prefix="fixgw-bench-") as folder, (Path(folder) / "stderr").open("w+") as log:
        port = free_port()
        data = Path(folder) / "data"
        data.mkdir()
        words = {"port": port, "data": data, "group": f"239.194.{random.randrange(256)}.{random.randrange(1, 255)}"}
        words |= {f"port_{number}": free_port() for number in range(2, 6)}
        # Run in the empty folder, so that the venue finds no configuration but its packaged one.
        process = subprocess.Popen(
            [sys.executable, *(word.format(**words) for word in server.arguments)],
            cwd=folder,
            env=environment() | {name: value.format(**words) for name, value in server.environment},
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        try:
            _wait_until_it_listens(process, port, log)
            pids = _children(data, process.pid) if server is VENUE else {server.name: process.pid}
            yield RunningServer(port, pids.get("gateway", process.pid), pids)
        finally:
            _stop(process)


def environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FIXGW_")}
    return inherited | {"PYTHONPATH": str(PROJECT)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: TextIO) -> None:
    give_up_at = time.monotonic() + _LISTEN_TIMEOUT_S
    while time.monotonic() < give_up_at and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(_POLL_S)
    log.seek(0)
    raise RuntimeError(f"{process.args!r} does not listen on {port}, exit status {process.poll()}:\n{log.read()}")


def _children(data: Path, supervisor: int) -> dict[str, int]:
    """Return the processes of a whole venue once all of them serve."""
    give_up_at = time.monotonic() + _LISTEN_TIMEOUT_S
    while time.monotonic() < give_up_at:
        processes = json.loads((data / "run" / "status.json").read_text())["processes"]
        if all(process["state"] == "running" for process in processes):
            return {process["name"]: process["pid"] for process in processes} | {"supervisor": supervisor}
        time.sleep(_POLL_S)
    raise RuntimeError("not all processes of the venue serve")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
