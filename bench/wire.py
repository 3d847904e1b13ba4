"""Gateway and whole venue over the wire against the null acceptor: one client, in turn, medians of several runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench import fixload
from bench.fixload import LoadResult, Workload
from bench.report import Comparison, comparison_table, figure_table
from bench.servers import GATEWAY, NULL, VENUE, Server, running
from bench.stolen import Stolen

THROUGHPUT_RATIO_MIN = 0.65
"""The gateway acknowledges at least this part of what the null acceptor does."""
WHOLE_THROUGHPUT_RATIO_MIN = 0.50
"""And so much with all followers beside it, on two cores of which the client takes one."""
P50_RATIO_MAX = 1.8
"""The gateway's median latency at 1,000 orders a second is at most this many times the null acceptor's."""

STOLEN_MAX = 0.05
"""A run of which the host took more for others is made again, up to ``Plan.repeats`` times."""

SYMBOL = "AAPL"


@dataclass(frozen=True)
class Plan:
    """What is run: the compared workloads by all servers in turn, the others by the gateway alone."""

    rounds: int
    repeats: int
    throughput: Workload
    latency: Workload
    gateway_only: tuple[Workload, ...]


FULL = Plan(
    rounds=3,
    repeats=1,
    throughput=Workload("rest, window 64", "rest", requests=55_000, warmup=5_000),
    latency=Workload("rest, 1,000 a second", "rest", requests=7_000, warmup=1_000, rate=1_000),
    gateway_only=(
        Workload("cross, window 64", "cross", requests=44_000, warmup=4_000),
        Workload("mixed, window 64", "mixed", requests=44_000, warmup=4_000),
        Workload("mixed, 1,000 a second", "mixed", requests=7_000, warmup=1_000, rate=1_000),
    ),
)

TINY = Plan(
    rounds=1,
    repeats=0,
    throughput=Workload("rest, window 64", "rest", requests=300, warmup=100),
    latency=Workload("rest, 1,000 a second", "rest", requests=150, warmup=50, rate=1_000),
    gateway_only=(Workload("mixed, window 64", "mixed", requests=2_000, warmup=100),),
)


@dataclass(frozen=True)
class Run:
    result: LoadResult
    stolen: float
    """Part of the time that the host took for others."""


@dataclass(frozen=True)
class Figures:
    """Medians over the runs of one server under one workload."""

    server: str
    workload: str
    runs: int
    acks_per_s: float
    p50_us: float
    p99_us: float
    server_cpu_us: float
    server_rss_mb: float
    stolen: float

    @staticmethod
    def of(server: Server, workload: Workload, runs: list[Run]) -> "Figures":
        results = [run.result for run in runs]
        return Figures(
            server=server.name,
            workload=workload.name,
            runs=len(results),
            acks_per_s=median(result.acks_per_s for result in results),
            p50_us=median(result.latency_us.p50 for result in results),
            p99_us=median(result.latency_us.p99 for result in results),
            server_cpu_us=median(result.server_cpu_us for result in results),
            server_rss_mb=median(result.server_rss_mb for result in results),
            stolen=median(run.stolen for run in runs),
        )


@dataclass(frozen=True)
class WireReport:
    figures: list[Figures]
    comparisons: list[Comparison]


def measure(plan: Plan, fixload_path: Path | None, console: Console) -> WireReport:
    """Run ``plan``; raise RuntimeError when a run went wrong, since its figures mean nothing."""
    client = fixload.executable(fixload_path)
    results: dict[tuple[Server, Workload], list[Run]] = {}
    schedule = list(_schedule(plan))
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("wire", total=len(schedule))
        for server, workload in schedule:
            progress.update(task, description=f"{server.name}: {workload.name}")
            results.setdefault((server, workload), []).append(_run(client, server, workload, plan.repeats))
            progress.advance(task)
    figures = {key: Figures.of(*key, runs) for key, runs in results.items()}
    return WireReport(list(figures.values()), _comparisons(plan, figures))


def _schedule(plan: Plan) -> Iterator[tuple[Server, Workload]]:
    # Whoever comes first changes from round to round: what else the machine does should hit all alike.
    for number in range(plan.rounds):
        order = (GATEWAY, NULL, VENUE) if number % 2 == 0 else (VENUE, NULL, GATEWAY)
        for workload in (plan.throughput, plan.latency):
            for server in order:
                yield server, workload
        for workload in plan.gateway_only:
            yield GATEWAY, workload


def _run(client: Path, server: Server, workload: Workload, repeats: int) -> Run:
    """Return a run that the host disturbed little, or of so many the one that it disturbed least."""
    runs: list[Run] = []
    while not runs or (runs[-1].stolen > STOLEN_MAX and len(runs) <= repeats):
        with running(server) as process:
            stolen = Stolen()
            result = fixload.run(client, process.port, process.pid, workload, SYMBOL)
            runs.append(Run(result, stolen.part()))
        mistakes = result.mistakes()
        if mistakes:
            raise RuntimeError(f"{server.name}, {workload.name}: {', '.join(mistakes)}")
    return min(runs, key=lambda run: run.stolen)


def _comparisons(plan: Plan, figures: dict[tuple[Server, Workload], Figures]) -> list[Comparison]:
    gateway, whole, null = (figures[server, plan.throughput] for server in (GATEWAY, VENUE, NULL))
    latency = {server: figures[server, plan.latency].p50_us for server in (GATEWAY, VENUE, NULL)}
    throughput, steady = plan.throughput.name, plan.latency.name
    return [
        Comparison.at_least(f"throughput, {throughput}", gateway.acks_per_s / null.acks_per_s, THROUGHPUT_RATIO_MIN),
        Comparison.at_least(
            f"throughput with all followers, {throughput}",
            whole.acks_per_s / null.acks_per_s,
            WHOLE_THROUGHPUT_RATIO_MIN,
        ),
        Comparison.at_most(f"p50, {steady}", latency[GATEWAY] / latency[NULL], P50_RATIO_MAX),
        Comparison(f"p50 with all followers, {steady}", latency[VENUE] / latency[NULL]),
        Comparison(f"CPU of the server, {throughput}", gateway.server_cpu_us / null.server_cpu_us),
    ]


def tables(report: WireReport) -> Iterator[Table]:
    """Yield what a person reads of ``report``."""
    figures = figure_table(
        "Over the wire: one session, limit orders",
        "Medians of runs in turn.  At full speed the client takes a core of its own.\n"
        "Stolen: what the host of a virtual machine took for others meanwhile; the more, the less p99 is ours.",
        ("server", "workload"),
        ("runs", "acks/s", "p50 us", "p99 us", "CPU us/request", "RSS MB", "stolen"),
    )
    for row in report.figures:
        numbers = (f"{row.runs}", f"{row.acks_per_s:,.0f}", f"{row.p50_us:,.0f}", f"{row.p99_us:,.0f}")
        costs = f"{row.server_cpu_us:.1f}", f"{row.server_rss_mb:.0f}"
        figures.add_row(row.server, row.workload, *numbers, *costs, f"{row.stolen:.0%}")
    yield figures
    yield comparison_table("Venue / null acceptor", report.comparisons)
