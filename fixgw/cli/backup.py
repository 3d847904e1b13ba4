"""``fixgw backup`` and ``fixgw restore``: all that a venue needs to go on, in one file, and a data folder of it."""

import time
from pathlib import Path
from typing import Any

import click

from fixgw import backup as backups
from fixgw.backup import Backup, BackupRefused
from fixgw.cli import progress
from fixgw.cli.journal import journal_of, run_verification, tell_verification
from fixgw.cli.operating import counted, fail, show_json
from fixgw.cli.options import config_option, data_option, json_option
from fixgw.cli.program import command
from fixgw.journal.reader import first_kept
from fixgw.verification import Replay


@click.command(short_help="Write a backup, while the venue trades or not.")
@click.argument("file", type=click.Path(path_type=Path))
@data_option
@config_option
@json_option("Print one JSON object.")
def backup(file: Path, data_dir: Path, config_dir: Path, as_json: bool) -> None:
    """Write journal, newest snapshot and configuration files to FILE, a new one: tar, compressed with zstandard.

    The venue may go on trading: FILE holds all up to one moment during the command.  Keep it as secret as sessions.cfg.
    """
    began = time.perf_counter()
    with journal_of(data_dir, as_json):
        taken = Backup(data_dir, config_dir)
        try:
            with progress.bar("writing", taken.size, silent=as_json) as told:
                manifest = taken.write(file, told)
        except (BackupRefused, OSError) as error:
            fail([_why(error, file)], as_json)
    facts = {
        "file": str(file),
        "size": file.stat().st_size,
        "venue_id": str(manifest.venue_id),
        "last_sequence": manifest.last_sequence,
        "parts": [part.name for part in manifest.parts],
        "seconds": round(time.perf_counter() - began, 3),
    }
    if as_json:
        show_json(facts)
        return
    click.echo(f"{file}: sequences {taken.first_sequence:,} to {manifest.last_sequence:,} of venue {manifest.venue_id}")
    click.echo(f"{counted(len(manifest.parts), 'file')}, {taken.size:,} bytes of journal in {facts['size']:,}")
    click.echo(f"next: copy it to another machine, and try it there: {command('restore', str(file), '--verify')}")


@click.command(short_help="Make a data folder of a backup.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--verify", is_flag=True, help="Then replay the journal, as fixgw journal verify does.")
@data_option
@json_option("Print one JSON object.")
def restore(file: Path, verify: bool, data_dir: Path, as_json: bool) -> None:
    """Unpack FILE into an empty or new data folder, if all in it is what was written; else nothing is left there."""
    try:
        with progress.bar("restoring", file.stat().st_size, silent=as_json) as told:
            manifest = backups.restore(file, data_dir, told)
    except (BackupRefused, OSError) as error:
        fail([_why(error, data_dir)], as_json)
    facts: dict[str, Any] = {
        "data": str(data_dir),
        "venue_id": str(manifest.venue_id),
        "last_sequence": manifest.last_sequence,
        "parts": [part.name for part in manifest.parts],
    }
    config = data_dir / backups.CONFIG
    options = ["--data", str(data_dir), *(["--config", str(config)] if config.is_dir() else [])]
    if not as_json:
        first = first_kept(data_dir / "journal")
        click.echo(f"{data_dir}: sequences {first:,} to {manifest.last_sequence:,} of venue {manifest.venue_id}")
    if verify:
        with journal_of(data_dir, as_json):
            facts["verified"] = run_verification(Replay(data_dir), as_json)
    if as_json:
        show_json(facts)
        return
    if verify:
        tell_verification(facts["verified"])
    click.echo(f"next: {command('run', *options)}")


def _why(error: BackupRefused | OSError, where: Path) -> str:
    return f"{where}: {error.strerror}" if isinstance(error, OSError) else str(error)
