"""How fast ``fixgw journal replay`` rebuilds the books of a journal, and ``fixgw journal verify`` decides it again."""

import gc
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.flow import MIX, SYMBOLS, Flow, configuration
from bench.report import Comparison, comparison_table, figure_table
from fixgw.core import Core
from fixgw.journal import JournalWriter
from fixgw.journal.reader import read
from fixgw.rebuilding import Rebuilding
from fixgw.spec.sequenced import Sequenced
from fixgw.verification import Replay

COMMANDS_PER_S_MIN = 100_000


@dataclass(frozen=True)
class Plan:
    commands: int
    rounds: int


FULL = Plan(commands=200_000, rounds=3)
TINY = Plan(commands=2_000, rounds=1)


@dataclass(frozen=True)
class Figures:
    """``decide``: of commands in memory, the least that verifying can take; the others: of the journal."""

    commands: int
    journal_mb: float
    replay_commands_per_s: float
    decide_commands_per_s: float
    verify_commands_per_s: float


@dataclass(frozen=True)
class ReplayReport:
    figures: list[Figures]
    comparisons: list[Comparison]


def measure(plan: Plan, console: Console) -> ReplayReport:
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        _write(data_dir, plan.commands)
        rebuilt, decided, verified = [], [], []
        for _ in track(range(plan.rounds), "replaying", console=console, transient=True):
            rebuilt.append(_rebuild(data_dir))
            decided.append(_decide(data_dir))
            verified.append(_verify(data_dir))
        size = sum(path.stat().st_size for path in (data_dir / "journal").glob("*.journal"))
    figures = Figures(plan.commands, size / 2**20, median(rebuilt), median(decided), median(verified))
    least = Comparison.at_least(
        "replay, 100,000 commands a second", figures.replay_commands_per_s / COMMANDS_PER_S_MIN, 1
    )
    share = Comparison("verify / deciding alone", figures.verify_commands_per_s / figures.decide_commands_per_s)
    return ReplayReport([figures], [least, share])


def _write(data_dir: Path, count: int) -> None:
    core, flow, writer = Core(), Flow(seed=1), JournalWriter.open(data_dir / "journal")
    for sequence, command in enumerate((configuration(), *flow.mixed(count - 1)), 1):
        writer.append(Sequenced(sequence, sequence * 1_000, command, core.decide(command)))
        if sequence % 1_000 == 0:
            writer.flush()
    writer.close()


def _rebuild(data_dir: Path) -> float:
    replay, began = Rebuilding(data_dir), time.perf_counter()
    for _ in replay.run():
        pass
    replay.books()
    return replay.passage.sequence / (time.perf_counter() - began)


def _decide(data_dir: Path) -> float:
    commands = [frame.command for frame in read(data_dir / "journal")]
    gc.collect()
    gc.disable()
    try:
        decide, began = Core().decide, time.perf_counter()
        for command in commands:
            decide(command)
        return len(commands) / (time.perf_counter() - began)
    finally:
        gc.enable()


def _verify(data_dir: Path) -> float:
    replay, began = Replay(data_dir), time.perf_counter()
    for _ in replay.run():
        pass
    return replay.passage.sequence / (time.perf_counter() - began)


def tables(report: ReplayReport) -> Iterator[Table]:
    """Yield what a person reads of ``report``."""
    mix = f"{MIX[0]}% passive, {MIX[1]}% cancels, {MIX[2]}% replaces, {MIX[3]}% crossing"
    figures = figure_table(
        "Replay of a journal",
        f"{mix}; {len(SYMBOLS)} instruments.\nDeciding alone: commands that are in memory, nothing compared.",
        (),
        ("commands", "journal MB", "replay, commands/s", "deciding alone, commands/s", "verify, commands/s"),
    )
    for row in report.figures:
        rates = row.replay_commands_per_s, row.decide_commands_per_s, row.verify_commands_per_s
        figures.add_row(f"{row.commands:,}", f"{row.journal_mb:.1f}", *(f"{rate:,.0f}" for rate in rates))
    yield figures
    yield comparison_table("Replay", report.comparisons)
