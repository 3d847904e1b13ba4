"""Processes of a venue that the tests start one by one, on ports of their own."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.ports import own_ports
from tests.wire.venue import ROOT, START_TIMEOUT_S, STOP_TIMEOUT_S


class Process:
    """``fixgw process NAME`` on a data folder; may be started again after it has ended."""

    def __init__(self, name: str, data: Path, ports: dict[str, str], config: Path | None = None) -> None:
        self.name = name
        self.data = data
        self.stderr = data.parent / f"{name}.stderr"
        self._ports = ports
        self._config = config
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> dict[str, Any]:
        """Start it, wait until it says that it serves, and return what it says."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("FIXGW_")}
        command = [sys.executable, "-m", "fixgw.cli.process", self.name, "--data", str(self.data)]
        command += ["--config", str(self._config)] if self._config else []
        with self.stderr.open("ab") as stderr:
            self.process = subprocess.Popen(
                command,
                env=env | self._ports | {"PYTHONPATH": str(ROOT)},
                cwd=self.data.parent,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], START_TIMEOUT_S)
        line = self.process.stdout.readline() if ready else b""
        assert line, f"{self.name} does not serve: {self.stderr.read_text()[-2000:]}"
        said: dict[str, Any] = json.loads(line)
        return said

    def stop(self) -> None:
        assert self._end(signal.SIGTERM) == 0, self.stderr.read_text()[-2000:]

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> int:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.send_signal(number)
        status = self.process.wait(STOP_TIMEOUT_S)
        self.process.stdout.close()
        self.process = None
        return status


class House:
    """Processes on one data folder, stopped at the end in the order in which they came."""

    def __init__(self, folder: Path, config: Path | None = None) -> None:
        self.data = folder / "data"
        self.ports = own_ports()
        self._config = config
        self.processes: dict[str, Process] = {}

    def port(self, name: str) -> int:
        return int(self.ports[f"FIXGW_{name}_PORT"])

    def start(self, *names: str) -> Self:
        for name in names:
            process = self.processes.setdefault(name, Process(name, self.data, self.ports, self._config))
            process.start()
        return self

    def __getitem__(self, name: str) -> Process:
        return self.processes[name]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        for process in self.processes.values():
            if process.process is not None:
                process.stop() if kind is None else process.kill()
