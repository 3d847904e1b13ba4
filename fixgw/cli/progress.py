"""A bar for work that takes a while, on standard error and only at a terminal."""

from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn


def show(doing: str, size: int, done: Iterable[int], *, silent: bool) -> None:
    """Do the work: ``done`` is iterated to its end and yields how many bytes, of ``size``, are done by then."""
    columns = (TextColumn(doing), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=silent or not console.is_terminal) as progress:
        task = progress.add_task("", total=size)
        for each in done:
            progress.update(task, completed=min(each, size))
