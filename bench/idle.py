"""What the whole venue costs while nobody trades: memory and processor of all its processes together."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.report import Comparison, comparison_table, figure_table
from bench.servers import VENUE, running

PSS_MB_MAX = 400
CORE_PERCENT_MAX = 5


@dataclass(frozen=True)
class Plan:
    settle_s: int
    measure_s: int


FULL = Plan(settle_s=10, measure_s=30)
TINY = Plan(settle_s=0, measure_s=1)


@dataclass(frozen=True)
class Figures:
    """``pss_mb``: resident memory, what is shared counted in parts, so that it adds up."""

    process: str
    pss_mb: float
    core_percent: float


@dataclass(frozen=True)
class IdleReport:
    figures: list[Figures]
    comparisons: list[Comparison]


def measure(plan: Plan, console: Console) -> IdleReport:
    with running(VENUE) as venue:
        time.sleep(plan.settle_s)
        before, began = {name: _cpu_s(pid) for name, pid in venue.pids.items()}, time.monotonic()
        for _ in track(range(plan.measure_s), "idle", console=console, transient=True):
            time.sleep(1)
        elapsed_s = time.monotonic() - began
        figures = [
            Figures(name, _pss_mb(pid), 100 * (_cpu_s(pid) - before[name]) / elapsed_s)
            for name, pid in venue.pids.items()
        ]
    return IdleReport(
        figures,
        [
            Comparison.at_most("memory of all, MB", sum(row.pss_mb for row in figures), PSS_MB_MAX),
            Comparison.at_most(
                "processor of all, % of a core", sum(row.core_percent for row in figures), CORE_PERCENT_MAX
            ),
        ],
    )


def tables(report: IdleReport) -> Iterator[Table]:
    """Yield what a person reads of ``report``."""
    figures = figure_table(
        "The whole venue, idle",
        "PSS: memory that processes share is divided among them.",
        ("process",),
        ("PSS MB", "% of a core"),
    )
    for row in report.figures:
        figures.add_row(row.process, f"{row.pss_mb:.1f}", f"{row.core_percent:.2f}")
    yield figures
    yield comparison_table("Idle", report.comparisons)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss_mb(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024
