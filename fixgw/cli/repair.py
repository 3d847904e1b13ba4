"""``fixgw journal repair``: what can be saved of a damaged journal, told or written to a new folder."""

import json
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import click

from fixgw.cli.frames import frame_json
from fixgw.cli.operating import EXIT_REFUSED, fail, show_json, start_command
from fixgw.cli.program import command
from fixgw.journal.retention import readable_from
from fixgw.journal.salvage import Sound, frames_behind, snapshots_of, sound_part, write_sound_part
from fixgw.snapshots import FOLDER
from fixgw.spec.sequenced import Sequenced

BEHIND = "behind-the-damage.jsonl"


class Run(NamedTuple):
    """Frames without a gap between them."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first:,}" if self.first == self.last else f"{self.first:,} to {self.last:,}"


def repair(data_dir: Path, output: Path | None, as_json: bool) -> None:
    """Tell what is whole, or write it to ``output``; exits 1 when there is damage and nothing was written."""
    folder = data_dir / "journal"
    snapshots = data_dir / FOLDER
    sound = sound_part(folder, readable_from(data_dir, snapshots))
    if sound.damage is None:
        _tell_whole(sound, as_json)
        return
    behind = runs(frames_behind(folder, sound))
    lost = gaps(sound.last_sequence, behind)
    stand = snapshots_of(sound, snapshots) if sound.first_sequence > 1 else []
    if output is not None:
        _write(folder, sound, stand, output, as_json)
    if as_json:
        show_json(
            {
                "right": False,
                "damage": str(sound.damage),
                "sound": sound.last_sequence,
                "behind": behind,
                "lost": lost,
                "output": None if output is None else str(output),
            }
        )
    else:
        _tell_damaged(sound, stand, behind, lost, output)
    if output is None:
        sys.exit(EXIT_REFUSED)


def runs(frames: Iterable[Sequenced]) -> list[Run]:
    """Return the sequences of ``frames``, which ascend, as runs without gaps."""
    found: list[Run] = []
    for frame in frames:
        if found and found[-1].last + 1 == frame.sequence:
            found[-1] = Run(found[-1].first, frame.sequence)
        else:
            found.append(Run(frame.sequence, frame.sequence))
    return found


def gaps(last_sound: int, behind: list[Run]) -> list[Run]:
    """Return the sequences that are missing between the sound part and the last frame behind it."""
    ends = [last_sound, *(run.last for run in behind)]
    return [Run(end + 1, run.first - 1) for end, run in zip(ends, behind, strict=False) if end + 1 < run.first]


def _write(folder: Path, sound: Sound, snapshots: list[Path], output: Path, as_json: bool) -> None:
    """Write the sound part as a data folder, and what is behind it for people; exits 1 when the place is taken.

    ``snapshots`` stand for what precedes the sound part, and go with it.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        fail([f"{output} is not an empty folder; name another, nothing is written over"], as_json)
    try:
        output.mkdir(parents=True, exist_ok=True)
        if sound.last_sequence:
            write_sound_part(sound, output / "journal")
        for path in snapshots:
            (output / FOLDER).mkdir(exist_ok=True)
            shutil.copy(path, output / FOLDER / path.name)
        with (output / BEHIND).open("x", encoding="utf-8") as file:
            file.writelines(json.dumps(frame_json(frame)) + "\n" for frame in frames_behind(folder, sound))
    except OSError as error:
        fail([f"{error.filename}: {error.strerror}; what is there is not whole, take it away"], as_json)


def _tell_whole(sound: Sound, as_json: bool) -> None:
    if as_json:
        show_json({"right": True, "sound": sound.last_sequence})
    else:
        click.echo(f"the journal is whole up to sequence {sound.last_sequence:,}; there is nothing to repair")


def _tell_damaged(sound: Sound, snapshots: list[Path], behind: list[Run], lost: list[Run], output: Path | None) -> None:
    damage = sound.damage
    assert damage is not None
    click.echo(f"{damage.path}, byte {damage.offset}, where sequence {damage.sequence} should be: {damage.problem}")
    if sound.last_sequence and (sound.first_sequence == 1 or snapshots):
        click.echo(f"sound:  {Run(sound.first_sequence, sound.last_sequence)}; a venue can go on from there")
    elif sound.last_sequence:
        run = Run(sound.first_sequence, sound.last_sequence)
        click.echo(f"sound:  {run}; no venue can go on from there, since no snapshot stands for what precedes it")
    else:
        click.echo("sound:  nothing; no venue can go on from this journal")
    click.echo(f"lost:   {_listed(lost) or 'nobody knows: nothing behind the damage is whole'}")
    if behind:
        click.echo(f"behind: {_listed(behind)}; whole, for people: no venue can go on from there")
    if output is None:
        click.echo(f"next: restore a backup, or write this to a new folder with --output DIR; {_UNCHANGED}")
        return
    click.echo(f"{output / BEHIND}: what is whole behind the damage, to be settled by hand")
    if sound.last_sequence:
        click.echo(f"{output / 'journal'}: the sound part; {_UNCHANGED}")
        click.echo(f"next: {command('journal', 'verify', '--data', str(output))}, then {start_command(output)}")


_UNCHANGED = "the damaged journal is as it was"


def _listed(found: list[Run]) -> str:
    return ", ".join(map(str, found))
