"""How long a start takes after a long day: from the command to the line that says that it serves."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.flow import SYMBOLS, Flow, configuration
from bench.report import Comparison, comparison_table, figure_table
from bench.servers import environment, free_port
from fixgw import snapshots
from fixgw.journal import snapshot
from fixgw.journal.writer import JournalWriter
from fixgw.spec.commands import Command
from fixgw.spec.sequenced import Sequenced

READY_S_MAX = 10
"""With 1,000,000 events and 100,000 open orders."""
_BATCH = 64
_BEGAN_NS = 1_760_000_000_000_000_000


@dataclass(frozen=True)
class Plan:
    """A day of ``events`` that begins with ``first_orders``, which rest; more and more do, the longer the flow goes on.

    The last snapshot is ``tail`` frames before its end: nearly the next one, which is the worst moment.
    """

    first_orders: int
    events: int
    tail: int
    runs: int


FULL = Plan(first_orders=20_000, events=1_000_000, tail=snapshots.EVERY - 1, runs=3)
TINY = Plan(first_orders=100, events=500, tail=50, runs=1)


@dataclass(frozen=True)
class Figures:
    start: str
    frames: int
    events: int
    open_orders: int
    ready_s: float
    """Median."""


@dataclass(frozen=True)
class RestartReport:
    figures: list[Figures]
    comparisons: list[Comparison]


@dataclass(frozen=True)
class _Day:
    frames: int
    events: int
    open_orders: int


def measure(plan: Plan, console: Console) -> RestartReport:
    with tempfile.TemporaryDirectory(prefix="fixgw-bench-") as name, Progress(console=console, transient=True) as bar:
        folder = Path(name)
        day = _write_day(plan, folder / "data", bar)
        _write_configuration(folder)
        task = bar.add_task("starting", total=plan.runs + 1)
        with_snapshot = []
        for _ in range(plan.runs):
            with_snapshot.append(_start(folder))
            bar.advance(task)
        (folder / "data" / snapshots.FOLDER).rename(folder / "put-aside")
        without = _start(folder)
    figures = [
        Figures("from the snapshot", day.frames, day.events, day.open_orders, median(with_snapshot)),
        Figures("from the journal alone", day.frames, day.events, day.open_orders, without),
    ]
    return RestartReport(figures, [Comparison.at_most("ready, s", figures[0].ready_s, READY_S_MAX)])


def _write_day(plan: Plan, data: Path, bar: Progress) -> _Day:
    writer = JournalWriter.open(data / "journal")
    beside, flow = snapshots.Beside(), Flow(seed=1)
    task = bar.add_task("writing a day", total=plan.events)
    events, snapshot_at = 0, None
    commands = _commands(plan, flow)
    while events < plan.events or snapshot_at is None or writer.next_sequence <= snapshot_at + plan.tail:
        command = next(commands)
        sequence = writer.next_sequence
        frame = Sequenced(sequence, _BEGAN_NS + sequence, command, beside.core.decide(command))
        writer.append(frame)
        beside.note(frame)
        events += len(frame.events)
        if sequence % _BATCH == 0:
            writer.flush()
            bar.update(task, completed=events)
        if snapshot_at is None and events >= plan.events - plan.tail:
            snapshot.write(data / snapshots.FOLDER, beside.taken(writer.venue_id))
            snapshot_at = sequence
    writer.close()
    return _Day(writer.next_sequence - 1, events, beside.core.exchange.market.orders.count_open())


def _commands(plan: Plan, flow: Flow) -> Iterator[Command]:
    yield configuration()
    for _ in range(plan.first_orders):
        yield flow.passive()
    while True:
        yield from flow.mixed(1_000)


def _write_configuration(folder: Path) -> None:
    instruments = (f'[[instruments]]\nsymbol = "{symbol}"\ntick = "0.01"\nlot = "1"\n' for symbol in SYMBOLS)
    (folder / "venue.toml").write_text("\n".join(instruments))


def _start(folder: Path) -> float:
    """Return the seconds from the start of a gateway to its line; it is killed then, as it was before."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "fixgw.cli.process", "gateway", "--data", "data"],
        cwd=folder,
        env=environment() | {"FIXGW_ORDER_ENTRY_PORT": str(free_port())},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    ready_s = time.monotonic() - began
    process.kill()
    process.wait()
    process.stdout.close()
    if "error" in said:
        raise RuntimeError("\n".join(said["error"]))
    return ready_s


def tables(report: RestartReport) -> Iterator[Table]:
    """Yield what a person reads of ``report``."""
    figures = figure_table(
        "A start after a long day, killed",
        "From the command to the line that says that the gateway serves.",
        ("start",),
        ("frames", "events", "open orders", "ready s"),
    )
    for row in report.figures:
        figures.add_row(row.start, f"{row.frames:,}", f"{row.events:,}", f"{row.open_orders:,}", f"{row.ready_s:.1f}")
    yield figures
    yield comparison_table("Start", report.comparisons)
