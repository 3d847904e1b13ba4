"""The journal alone: what each durability costs, how soon a follower has a frame, and what packing saves."""

import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.flow import Flow, configuration
from bench.report import Comparison, comparison_table, figure_table
from fixgw.core import Core
from fixgw.journal.cold import WARM, pack_all
from fixgw.journal.disk import Durability
from fixgw.journal.follower import Follower
from fixgw.journal.frame import HEADER_SIZE
from fixgw.journal.reader import segment_paths
from fixgw.journal.writer import JournalWriter
from fixgw.spec.commands import Command
from fixgw.spec.sequenced import Sequenced

FOLLOWER_MS_MAX = 2.0
BATCHES = (1, 64)
"""Frames a flush: a quiet venue, and one under load."""
RATES = (100, 1_000, 5_000)
"""Frames a second that a follower follows, one flush each."""

_WAIT_S = 10.0


@dataclass(frozen=True)
class Plan:
    """``flushes`` by durability and size of batch; ``followed_s`` for each rate; ``packed_frames`` in one segment."""

    flushes: int
    followed_s: float
    packed_frames: int


FULL = Plan(flushes=1_000, followed_s=4.0, packed_frames=200_000)
TINY = Plan(flushes=10, followed_s=0.1, packed_frames=500)


@dataclass(frozen=True)
class FlushFigures:
    durability: str
    batch: int
    p50_us: float
    """Of all frames of a batch: appended, written, and synced if that is promised."""
    p99_us: float


@dataclass(frozen=True)
class FollowerFigures:
    """From before a frame is appended to when a follower in another process has it, understood."""

    rate: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class PackingFigures:
    plain_bytes: int
    packed_bytes: int
    mb_per_s: float
    """Packed and read back."""


@dataclass(frozen=True)
class JournalReport:
    flushes: list[FlushFigures]
    follower: list[FollowerFigures]
    packing: PackingFigures
    comparisons: list[Comparison]


def measure(plan: Plan, console: Console) -> JournalReport:
    with tempfile.TemporaryDirectory(prefix="fixgw-bench-") as name:
        folder = Path(name)
        runs = [(durability, batch) for durability in Durability for batch in BATCHES]
        flushes = [
            _flush(plan, folder / f"{durability}-{batch}", durability, batch)
            for durability, batch in track(runs, "flushes", console=console, transient=True)
        ]
        follower = [
            _follow(plan, folder / f"followed-{rate}", rate)
            for rate in track(RATES, "follower", console=console, transient=True)
        ]
        packing = _pack(plan, folder / "packed")
    slowest = max(row.p50_ms for row in follower)
    ratio = packing.plain_bytes / packing.packed_bytes
    return JournalReport(
        flushes,
        follower,
        packing,
        [
            Comparison.at_most("append to follower, ms (p50)", slowest, FOLLOWER_MS_MAX),
            Comparison("plain to packed", ratio),
        ],
    )


def tables(report: JournalReport) -> Iterator[Table]:
    """Yield what a person reads of ``report``."""
    flushes = figure_table(
        "A batch, until its reports may leave",
        "Encoded, written, synced if the durability says so.",
        ("durability", "frames"),
        ("p50 us", "p99 us"),
    )
    for row in report.flushes:
        flushes.add_row(row.durability, str(row.batch), f"{row.p50_us:.1f}", f"{row.p99_us:.1f}")
    yield flushes
    follower = figure_table(
        "From append to a follower",
        "In another process, woken by the kernel; durability process.",
        ("frames a second",),
        ("p50 ms", "p99 ms"),
    )
    for each in report.follower:
        follower.add_row(f"{each.rate:,}", f"{each.p50_ms:.3f}", f"{each.p99_ms:.3f}")
    yield follower
    packing = report.packing
    packed = figure_table("A cold segment", "Packed and read back.", (), ("plain MB", "packed MB", "MB/s"))
    packed.add_row(f"{packing.plain_bytes / 1e6:.1f}", f"{packing.packed_bytes / 1e6:.1f}", f"{packing.mb_per_s:.0f}")
    yield packed
    yield comparison_table("Journal", report.comparisons)


class _Day:
    """Frames of a day that goes on for ever, as a venue would write them."""

    def __init__(self) -> None:
        self._core = Core()
        self._commands = self._invent()
        self._sequence = 0

    def _invent(self) -> Iterator[Command]:
        yield configuration()
        flow = Flow(seed=1)
        for _ in range(200):
            yield flow.passive()
        while True:
            yield from flow.mixed(1_000)

    def frame(self) -> Sequenced:
        """Return the next, of this moment by the monotonic clock, which all processes share."""
        command = next(self._commands)
        events = self._core.decide(command)
        self._sequence += 1
        return Sequenced(self._sequence, time.monotonic_ns(), command, events)


def _flush(plan: Plan, folder: Path, durability: Durability, batch: int) -> FlushFigures:
    writer, day = JournalWriter.open(folder, durability=durability), _Day()
    took_us = []
    for _ in range(plan.flushes):
        frames = [day.frame() for _ in range(batch)]
        began_ns = time.perf_counter_ns()
        for frame in frames:
            writer.append(frame)
        writer.flush()
        took_us.append((time.perf_counter_ns() - began_ns) / 1e3)
    writer.close()
    return FlushFigures(durability, batch, median(took_us), _p99(took_us))


def _follow(plan: Plan, folder: Path, rate: int) -> FollowerFigures:
    count = max(20, int(plan.followed_s * rate))
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_be_follower, args=(folder, count, theirs))
    writer, day = JournalWriter.open(folder), _Day()
    process.start()
    assert ours.recv() == "ready"
    due_at = time.monotonic()
    for _ in range(count):
        due_at += 1 / rate
        time.sleep(max(0.0, due_at - time.monotonic()))
        writer.append(day.frame())
        writer.flush()
    latencies_ms: list[float] = ours.recv()
    process.join(_WAIT_S)
    writer.close()
    return FollowerFigures(rate, median(latencies_ms), _p99(latencies_ms))


def _be_follower(folder: Path, count: int, pipe: Connection) -> None:
    follower = Follower(folder)
    follower.read()
    pipe.send("ready")
    latencies_ms: list[float] = []
    while len(latencies_ms) < count and follower.wait(_WAIT_S):
        frames = follower.read()
        now_ns = time.monotonic_ns()
        latencies_ms += ((now_ns - frame.time_ns) / 1e6 for frame in frames)
    pipe.send(latencies_ms)
    follower.close()


def _pack(plan: Plan, folder: Path) -> PackingFigures:
    """Pack one segment of many frames; the two after it hold one frame each."""
    writer, day = JournalWriter.open(folder), _Day()
    for _ in range(plan.packed_frames):
        writer.append(day.frame())
        writer.flush()
    writer.close()
    for _ in range(WARM):
        with_one = JournalWriter.open(folder, segment_size_max=HEADER_SIZE)
        with_one.append(day.frame())
        with_one.close()
    plain_bytes = segment_paths(folder)[0].stat().st_size
    began = time.perf_counter()
    for _ in pack_all(folder):
        pass
    took_s = time.perf_counter() - began
    return PackingFigures(plain_bytes, segment_paths(folder)[0].stat().st_size, plain_bytes / 1e6 / took_s)


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]
