"""The load client ``fixload``: built when needed, run, and its line of JSON read."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

PROJECT = Path(__file__).resolve().parent.parent
BUILD = PROJECT / "build"
DEFAULT_SOURCE = PROJECT.parent / "shared" / "tools" / "fixload.cpp"
VARIABLE = "FIXGW_FIXLOAD"

_GRACE_S = 30.0
"""Beyond its own --max-seconds fixload may drain, log out and print."""


class FixloadMissing(Exception):
    """There is no fixload, and no source or compiler to make it from."""


class Percentiles(msgspec.Struct, frozen=True):
    """In microseconds."""

    p50: float
    p99: float


class LoadResult(msgspec.Struct, frozen=True):
    """What we read of fixload's answer; latency is counted from when a request was due."""

    sent: int
    acked: int
    unacked: int
    rejected: int
    acks_per_s: float
    latency_us: Percentiles
    filled_orders: int
    expected_filled_orders: int
    wrongly_filled_orders: int
    unknown_ers: int
    seq_gaps: int
    client_cpu_s: float
    error: str | None
    server_cpu_s: float = 0.0
    server_rss_mb: float = 0.0

    @property
    def server_cpu_us(self) -> float:
        """Server's CPU time for each request, in microseconds."""
        return self.server_cpu_s / self.acked * 1e6

    def mistakes(self) -> list[str]:
        """Return what makes the run worthless as a measurement."""
        found = {
            "error": self.error,
            "unacked": self.unacked,
            "rejected": self.rejected,
            "wrongly_filled_orders": self.wrongly_filled_orders,
            "unknown_ers": self.unknown_ers,
            "seq_gaps": self.seq_gaps,
            "fills missing": self.expected_filled_orders - self.filled_orders,
        }
        return [f"{name}: {value}" for name, value in found.items() if value]


@dataclass(frozen=True)
class Workload:
    """What fixload sends.  ``rate`` is requests a second in open loop; 0 keeps ``window`` requests unanswered."""

    name: str
    flow: str
    requests: int
    warmup: int
    rate: int = 0
    window: int = 64

    def arguments(self) -> list[str]:
        loop = ["--rate", str(self.rate)] if self.rate else ["--window", str(self.window)]
        return ["--workload", self.flow, "--orders", str(self.requests), "--warmup", str(self.warmup), *loop]

    @property
    def seconds_max(self) -> float:
        return 20.0 + (self.requests / self.rate if self.rate else 0.0)


def executable(path: Path | None) -> Path:
    """Return fixload, compiled first if ``path`` is its source and newer than the last build.

    Without ``path`` the environment's FIXGW_FIXLOAD is taken, else fixload.cpp beside the project.
    """
    source = path or Path(os.environ.get(VARIABLE, DEFAULT_SOURCE))
    if not source.exists():
        raise FixloadMissing(f"{source} does not exist; name fixload or its source with --fixload or {VARIABLE}")
    if source.suffix != ".cpp":
        return source.resolve()
    built = BUILD / "fixload"
    if not built.exists() or built.stat().st_mtime < source.stat().st_mtime:
        BUILD.mkdir(exist_ok=True)
        try:
            subprocess.run(["g++", "-std=c++17", "-O3", "-o", built, source], check=True, timeout=300)
        except FileNotFoundError:
            raise FixloadMissing("g++ is not installed, and fixload has to be compiled with it") from None
    return built


def run(fixload: Path, port: int, pid: int, workload: Workload, symbol: str) -> LoadResult:
    """Send ``workload`` to the server of that port and process.

    ``latency_us`` of a run that went wrong means nothing: look at ``mistakes()``.
    """
    command: list[Any] = [fixload, "--port", str(port), "--target", "FIXGW", "--sender", "CLIENT1", "--reset"]
    command += ["--symbols", symbol, "--pid", str(pid), "--max-seconds", str(workload.seconds_max)]
    command += workload.arguments()
    done = subprocess.run(command, capture_output=True, text=True, timeout=workload.seconds_max + _GRACE_S, check=False)
    assert done.stdout, (done.returncode, done.stderr)
    return msgspec.json.decode(done.stdout, type=LoadResult)
