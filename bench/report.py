"""What benchmarks tell: the machine, and ratios against what we promise."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table


@dataclass(frozen=True)
class Machine:
    """Where figures come from; without it they say nothing."""

    cores: int
    processor: str
    system: str
    python: str

    @staticmethod
    def this() -> "Machine":
        return Machine(os.cpu_count() or 0, _processor(), platform.platform(), platform.python_version())

    def __str__(self) -> str:
        return f"{self.cores} cores, {self.processor}; {self.system}; Python {self.python}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


@dataclass(frozen=True)
class Comparison:
    """A ratio of two medians, and whether it is what we promise; ``met`` is None where we promise nothing."""

    name: str
    ratio: float
    target: str = ""
    met: bool | None = None

    @staticmethod
    def at_least(name: str, ratio: float, least: float) -> "Comparison":
        return Comparison(name, ratio, f"at least {least}", ratio >= least)

    @staticmethod
    def at_most(name: str, ratio: float, most: float) -> "Comparison":
        return Comparison(name, ratio, f"at most {most}", ratio <= most)


_VERDICTS = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}


def comparison_table(title: str, comparisons: list[Comparison]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("figure")
    table.add_column("ratio", justify="right")
    table.add_column("target")
    table.add_column("")
    for comparison in comparisons:
        row = (comparison.name, f"{comparison.ratio:.2f}", comparison.target, _VERDICTS[comparison.met])
        table.add_row(*row)
    return table


def figure_table(title: str, caption: str, words: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    """Return a table without rows whose first columns hold ``words``, the others ``numbers``."""
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
    for heading in words:
        table.add_column(heading)
    for heading in numbers:
        table.add_column(heading, justify="right")
    return table
