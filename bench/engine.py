"""The matching engine alone: does it stay as fast with a million orders in the book, or deep in one level?"""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter_ns

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.flow import LEVELS, MIX, SYMBOLS, Flow, configuration
from bench.report import Comparison, comparison_table, figure_table
from fixgw.engine.exchange import Exchange
from fixgw.spec.commands import TradingCommand
from fixgw.spec.values import Price, Side

FULL_BOOK_RATIO_MIN = 0.8
"""With a million resting orders the engine does at least this part of what it does with a thousand."""


@dataclass(frozen=True)
class Plan:
    rounds: int
    commands: int
    """Measured commands a round, for each book."""
    small_book: int
    large_book: int
    shallow_level: int
    deep_level: int
    cancels: int
    """Measured cancels a round, for each level."""


FULL = Plan(
    rounds=7,
    commands=20_000,
    small_book=1_000,
    large_book=1_000_000,
    shallow_level=100,
    deep_level=100_000,
    cancels=2_000,
)
TINY = Plan(rounds=2, commands=200, small_book=50, large_book=500, shallow_level=10, deep_level=100, cancels=20)


@dataclass(frozen=True)
class Figures:
    """Medians over the rounds; the rate is that of handling alone, one command after the other."""

    name: str
    commands_per_s: float
    p50_us: float
    p99_us: float


@dataclass(frozen=True)
class EngineReport:
    figures: list[Figures]
    comparisons: list[Comparison]


class Bench:
    """One exchange under a flow, and what its rounds measured."""

    def __init__(self, name: str, seed: int = 1) -> None:
        self.name = name
        self.flow = Flow(seed)
        self._exchange = Exchange()
        self._sequence = 0
        self._rounds: list[list[int]] = []
        self.handle(configuration())

    def handle(self, command: TradingCommand) -> None:
        self._sequence += 1
        self._exchange.handle(command, self._sequence)

    def timed(self, commands: list[TradingCommand]) -> list[int]:
        """Handle ``commands`` and return how long each took, in nanoseconds."""
        handle, sequence = self._exchange.handle, self._sequence
        latencies_ns = []
        for command in commands:
            sequence += 1
            begin = perf_counter_ns()
            handle(command, sequence)
            latencies_ns.append(perf_counter_ns() - begin)
        self._sequence = sequence
        return latencies_ns

    def keep(self, latencies_ns: list[int]) -> None:
        """Take ``latencies_ns`` as one round."""
        self._rounds.append(latencies_ns)

    def figures(self) -> Figures:
        # The flow knows what must rest: a cancel that was refused, or a cross that did not trade, shows here.
        resting = sum(1 for _ in self._exchange.market.orders)
        assert resting == self.flow.resting, (self.name, resting, self.flow.resting)
        return Figures(
            name=self.name,
            commands_per_s=median(len(latencies) / sum(latencies) * 1e9 for latencies in self._rounds),
            p50_us=median(median(latencies) for latencies in self._rounds) / 1e3,
            p99_us=median(quantiles(latencies, n=100)[98] for latencies in self._rounds) / 1e3,
        )


def measure(plan: Plan, console: Console) -> EngineReport:
    """Fill the books, then measure them in turn, so that what else the machine does hits all alike."""
    with Progress(console=console, transient=True) as progress:
        small = _book(plan.small_book, progress)
        large = _book(plan.large_book, progress)
        shallow = _level(plan.shallow_level, progress)
        deep = _level(plan.deep_level, progress)
        # As the venue does: orders form no cycles, and looking for some among a million takes a second.
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            task = progress.add_task("measuring", total=plan.rounds)
            for _ in range(plan.rounds):
                for book in (small, large):
                    book.keep(book.timed(book.flow.mixed(plan.commands)))
                for level, depth in ((shallow, plan.shallow_level), (deep, plan.deep_level)):
                    level.keep(_timed_cancels(level, depth, plan.cancels))
                progress.advance(task)
        finally:
            gc.enable()
            gc.unfreeze()
    return _report(small.figures(), large.figures(), shallow.figures(), deep.figures())


def _report(small: Figures, large: Figures, shallow: Figures, deep: Figures) -> EngineReport:
    throughput = large.commands_per_s / small.commands_per_s
    comparisons = [
        Comparison.at_least("throughput, large book / small book", throughput, FULL_BOOK_RATIO_MIN),
        Comparison("p50 of a cancel, deep level / shallow level", deep.p50_us / shallow.p50_us),
    ]
    return EngineReport([small, large, shallow, deep], comparisons)


def _book(orders: int, progress: Progress) -> Bench:
    bench = Bench(f"{orders:,} resting orders")
    task = progress.add_task(f"placing {orders:,} orders", total=orders)
    for number in range(orders):
        bench.handle(bench.flow.passive())
        if number % 1_000 == 0:
            progress.update(task, completed=number)
    progress.update(task, completed=orders)
    return bench


def _level(orders: int, progress: Progress) -> Bench:
    bench = Bench(f"cancel amid {orders:,} orders at one price")
    task = progress.add_task(f"placing {orders:,} orders at one price", total=orders)
    for _ in range(orders):
        bench.handle(_at_the_level(bench))
    progress.update(task, completed=orders)
    return bench


def _at_the_level(bench: Bench) -> TradingCommand:
    return bench.flow.passive_at(SYMBOLS[0], Side.BUY, Price(50_000))


def _timed_cancels(level: Bench, depth: int, cancels: int) -> list[int]:
    """Time cancels of orders anywhere in the queue, putting as many at its end: the level stays as deep, to a tenth."""
    latencies_ns: list[int] = []
    while len(latencies_ns) < cancels:
        count = min(depth // 10, cancels - len(latencies_ns))
        latencies_ns += level.timed([level.flow.cancel() for _ in range(count)])
        for _ in range(count):
            level.handle(_at_the_level(level))
    return latencies_ns


def tables(report: EngineReport) -> Iterator[Table]:
    """Yield what a person reads of ``report``."""
    mix = f"{MIX[0]}% passive, {MIX[1]}% cancels, {MIX[2]}% replaces, {MIX[3]}% crossing"
    book = f"{len(SYMBOLS)} instruments, {LEVELS:,} levels a side"
    figures = figure_table(
        "The matching engine alone",
        f"Medians of rounds in turn; garbage collector off, as in the venue.\nBooks: {mix}; {book}.",
        ("book",),
        ("commands/s", "p50 us", "p99 us"),
    )
    for row in report.figures:
        figures.add_row(row.name, f"{row.commands_per_s:,.0f}", f"{row.p50_us:.2f}", f"{row.p99_us:.2f}")
    yield figures
    yield comparison_table("Ratios", report.comparisons)
