"""``python -m bench``: run all benchmarks, or those named, and say what machine they ran on."""

from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from bench import engine, idle, journal, replay, restart, wire
from bench.fixload import FixloadMissing
from bench.report import Machine

BENCHMARKS = ("engine", "journal", "replay", "wire", "idle", "restart")

Report = (
    engine.EngineReport
    | journal.JournalReport
    | replay.ReplayReport
    | wire.WireReport
    | idle.IdleReport
    | restart.RestartReport
)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(BENCHMARKS))
@click.option("--tiny", is_flag=True, help="Only show that everything runs; the figures mean nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option(
    "--fixload",
    "fixload_path",
    type=click.Path(path_type=Path),
    help="The load client, or its C++ source; else FIXGW_FIXLOAD, else ../shared/tools/fixload.cpp.",
)
def main(names: tuple[str, ...], tiny: bool, as_json: bool, fixload_path: Path | None) -> None:
    """Measure engine, journal and replay alone, the wire against a null acceptor, the venue idle, and its restart."""
    machine = Machine.this()
    console = Console(stderr=as_json)
    reports: dict[str, Machine | Report] = {"machine": machine}
    tables: list[Table] = []
    chosen = names or BENCHMARKS
    try:
        if "engine" in chosen:
            reports["engine"] = of_engine = engine.measure(engine.TINY if tiny else engine.FULL, console)
            tables += engine.tables(of_engine)
        if "journal" in chosen:
            reports["journal"] = of_journal = journal.measure(journal.TINY if tiny else journal.FULL, console)
            tables += journal.tables(of_journal)
        if "replay" in chosen:
            reports["replay"] = of_replay = replay.measure(replay.TINY if tiny else replay.FULL, console)
            tables += replay.tables(of_replay)
        if "wire" in chosen:
            reports["wire"] = of_wire = wire.measure(wire.TINY if tiny else wire.FULL, fixload_path, console)
            tables += wire.tables(of_wire)
        if "idle" in chosen:
            reports["idle"] = of_idle = idle.measure(idle.TINY if tiny else idle.FULL, console)
            tables += idle.tables(of_idle)
        if "restart" in chosen:
            reports["restart"] = of_restart = restart.measure(restart.TINY if tiny else restart.FULL, console)
            tables += restart.tables(of_restart)
    except FixloadMissing as missing:
        raise click.ClickException(str(missing)) from None
    if as_json:
        click.echo(msgspec.json.encode(reports).decode())
        return
    console.print(f"{machine}\n", highlight=False)
    for table in tables:
        console.print(table)


if __name__ == "__main__":
    main()
