"""``fixgw journal``: verify, read and replay the journal; without a venue or beside a running one."""

import csv
import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import IO, Any, NoReturn

import click
from rich.console import Console

from fixgw.admin.answers import utc_text
from fixgw.cli import progress
from fixgw.cli.book import book_table
from fixgw.cli.failure import tell
from fixgw.cli.frames import Row, event_words, frame_json, frame_line, named, rows
from fixgw.cli.operating import EXIT_REFUSED, counted, fail, show_json, start_command
from fixgw.cli.options import data_option, json_option
from fixgw.cli.repair import repair
from fixgw.journal.follower import Follower
from fixgw.journal.reader import EVER, JournalDamaged, Segment, first_kept, read, segment_paths
from fixgw.marketdata.words import book_in_words
from fixgw.rebuilding import Rebuilding
from fixgw.snapshots import TooEarly
from fixgw.spec.sequenced import Sequenced
from fixgw.verification import EventsDiffer, Replay

FOLLOW_WAIT_S = 1.0


@click.group(short_help="Verify, read and replay the journal.")
def journal() -> None:
    """The journal: all that changed the venue, in order, with what came of it.

    These commands need no venue, take no lock, change nothing, and may run beside a venue that trades.
    """


@contextmanager
def journal_of(data_dir: Path, as_json: bool) -> Iterator[Path]:
    """Give the folder of the journal; exits 1 when there is none, or it is damaged."""
    folder = data_dir / "journal"
    try:
        if not segment_paths(folder):
            raise FileNotFoundError
        yield folder
    except FileNotFoundError:
        fail([f"there is no journal in {data_dir}; start a venue with: {start_command(data_dir)}"], as_json)
    except JournalDamaged as error:
        if not as_json:
            fail([str(error)], as_json)
        place = {"file": str(error.path), "offset": error.offset, "sequence": error.sequence}
        show_json({"right": False, "error": [str(error)], **place})
        sys.exit(EXIT_REFUSED)
    except TooEarly as error:
        fail([str(error)], as_json)


# Replay.


def _until(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[int, int]:
    """Return the last sequence and the last time that are wanted."""
    if value is None:
        return EVER, EVER
    if value.isascii() and value.isdigit():
        return int(value), EVER
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no sequence, and no time such as 2026-11-21T08:15:00Z") from None
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    seconds = round(moment.replace(microsecond=0).timestamp())
    # Times are shown cut to a microsecond: all of this one is meant.
    return EVER, (seconds * 1_000_000 + moment.microsecond) * 1_000 + 999


until_option = click.option(
    "--until", callback=_until, metavar="TIME|SEQ", help="The last frame, or moment in UTC; else the end."
)


@journal.command(short_help="Check that all is whole, and agrees with a replay.")
@until_option
@data_option
@json_option("Print one JSON object.")
def verify(until: tuple[int, int], data_dir: Path, as_json: bool) -> None:
    """Read all frames, decide all commands again, and compare their events with those in the journal.

    Snapshots are compared with what the journal amounts to at their places.  Exits 1 at the first damage or
    difference, and names its place.  The state hash is that after the last frame, or after --until.
    """
    with journal_of(data_dir, as_json):
        replay = Replay(data_dir, *until)
        facts = run_verification(replay, as_json)
    found = [{"sequence": each.sequence, "problem": each.problem} for each in replay.snapshots]
    problems = [f"{each.path}: {each.problem}" for each in replay.snapshots if each.problem]
    if as_json:
        show_json({"right": not problems, **facts, "snapshots": found})
    else:
        tell_verification(facts)
        click.echo(f"{len(found) - len(problems)} of {counted(len(found), 'snapshot')} agree with the replay")
        tell(problems, as_json)
    if problems:
        sys.exit(EXIT_REFUSED)


def run_verification(replay: Replay, as_json: bool) -> dict[str, Any]:
    """Run ``replay`` and return what it came to; exits 1 when events differ."""
    try:
        facts = _run(replay, "verifying", as_json)
    except EventsDiffer as difference:
        _fail_with(difference, as_json)
    return {**facts, "state_hash": replay.state_hash().hex() if replay.passage.sequence else None}


def _run(replay: Replay | Rebuilding, doing: str, as_json: bool) -> dict[str, Any]:
    passage, began = replay.passage, time.perf_counter()
    with progress.bar(doing, passage.size, silent=as_json) as advance:
        for count in replay.run():
            advance(count)
    elapsed_s = time.perf_counter() - began
    return {
        "frames": passage.frames,
        "first_sequence": passage.first_sequence,
        "last_sequence": passage.first_sequence + passage.frames - 1,
        "begun_after": passage.begun_after,
        "events": replay.events,
        "last_time": utc_text(passage.time_ns) if passage.sequence else None,
        "venue_id": str(passage.venue_id),
        "unfinished_bytes": passage.torn_size,
        "seconds": round(elapsed_s, 3),
        "commands_per_s": round((passage.sequence - passage.begun_after) / elapsed_s),
    }


def _fail_with(difference: EventsDiffer, as_json: bool) -> NoReturn:
    if as_json:
        words = {name: [named(event) for event in getattr(difference, name)] for name in ("written", "decided")}
        show_json({"right": False, "error": [str(difference)], "sequence": difference.sequence, **words})
        sys.exit(EXIT_REFUSED)
    written, decided = (
        "; ".join(map(event_words, events)) or "nothing" for events in (difference.written, difference.decided)
    )
    fail([str(difference), f"in the journal: {written}", f"by this version: {decided}"], as_json)


def tell_verification(facts: dict[str, Any]) -> None:
    _tell_frames(facts)
    click.echo(f"{counted(facts['events'], 'event')} agree with the replay")
    click.echo(f"state hash {facts['state_hash']}")
    _tell_speed(facts)


def _tell_frames(facts: dict[str, Any]) -> None:
    frames, first, last = facts["frames"], facts["first_sequence"], facts["last_sequence"]
    click.echo(f"{counted(frames, 'frame')} whole, sequences {first:,} to {last:,}, the last of {facts['last_time']}")
    if facts["begun_after"]:
        click.echo(
            f"begun with the snapshot of sequence {facts['begun_after']:,}, since what precedes sequence {first:,} was "
            "removed (journal.keep_days)"
        )
    if facts["unfinished_bytes"]:
        click.echo(
            f"{facts['unfinished_bytes']:,} bytes behind them are of a write that is under way, or never finished"
        )


def _tell_speed(facts: dict[str, Any]) -> None:
    click.echo(f"{facts['seconds']:.1f} s, {facts['commands_per_s']:,} commands/s")


@journal.command("replay", short_help="Rebuild the books as they were, and print them.")
@until_option
@click.option("--symbol", metavar="SYMBOL", help="The book of this instrument only.")
@click.option("--depth", type=click.IntRange(min=1), default=10, show_default=True, help="Price levels of each side.")
@data_option
@json_option("Print one JSON object.")
def replay_journal(until: tuple[int, int], symbol: str | None, depth: int, data_dir: Path, as_json: bool) -> None:
    """Follow all that happened up to a frame or a moment, and print the books as they were then.

    --until 1500 is after the frame of sequence 1500, --until 2026-11-21T08:15:00Z after the last of that moment.
    Nothing is decided again: whether this version of fixgw would do the same is for verify to tell.
    """
    with journal_of(data_dir, as_json):
        replay = Rebuilding(data_dir, *until)
        facts = _run(replay, "replaying", as_json)
    sequence = replay.passage.sequence
    books = [book for book in replay.books() if symbol in (None, book.listing.symbol)]
    if symbol is not None and not books:
        fail([f"there was no instrument {symbol} by sequence {sequence}"], as_json)
    if as_json:
        words = [book_in_words(book, sequence, depth) for book in books]
        show_json({"sequence": sequence, **facts, "books": words})
        return
    for book in books:
        Console().print(book_table(book, depth))
    click.echo(f"after sequence {sequence:,}, {counted(facts['events'], 'event')}")
    _tell_frames(facts)
    _tell_speed(facts)


@journal.command("repair", short_help="Show what can be saved of a damaged journal.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write the sound part to this new data folder, and what is whole behind the damage beside it.",
)
@data_option
@json_option("Print one JSON object.")
def repair_journal(output: Path | None, data_dir: Path, as_json: bool) -> None:
    """Show which frames are sound, lost, and whole behind the damage; the journal itself is never changed.

    Exits 1 when it is damaged and nothing was written.
    """
    with journal_of(data_dir, as_json):
        repair(data_dir, output, as_json)


# Read.


@journal.command(short_help="Print the last frames.")
@click.option("-n", "--lines", "count", type=click.IntRange(min=0), default=10, show_default=True, help="How many.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what the venue writes, until Ctrl-C.")
@data_option
@json_option("Print each frame as a line of JSON.")
def tail(count: int, follow: bool, data_dir: Path, as_json: bool) -> None:
    """Print the last frames, a line each: sequence, time, command, who sent it, and what came of it."""
    with journal_of(data_dir, as_json) as folder:
        last = Segment(segment_paths(folder)[-1], is_last=True)
        last.skip_to(EVER)
        first = max(first_kept(folder), last.next_sequence - count)
        if not follow:
            _print(read(folder, first), as_json)
            return
        follower = Follower(folder, first)
        while True:
            frames = follower.read()
            _print(frames, as_json)
            if not frames:
                follower.wait(FOLLOW_WAIT_S)


def _print(frames: Iterable[Sequenced], as_json: bool) -> None:
    for frame in frames:
        click.echo(json.dumps(frame_json(frame)) if as_json else frame_line(frame))


@journal.command(short_help="Print one frame, whole.")
@click.argument("sequence", type=click.IntRange(min=1))
@data_option
@json_option("Print it in one line.")
def show(sequence: int, data_dir: Path, as_json: bool) -> None:
    """Print the frame of SEQUENCE, all fields by their names; numbers are integers, in the scales beside them."""
    with journal_of(data_dir, as_json) as folder:
        first = first_kept(folder)
        if sequence < first:
            why = f"the journal begins with {first}: what is older was removed (journal.keep_days)"
            fail([f"sequence {sequence} is not in the journal any more; {why}"], as_json)
        frame = next(read(folder, sequence), None)
    if frame is None:
        fail([f"sequence {sequence} is not in the journal, which ends before it"], as_json)
    click.echo(json.dumps(frame_json(frame), indent=None if as_json else 2))


@journal.command(short_help="Write frames for other programs.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(("jsonl", "csv")),
    default="jsonl",
    show_default=True,
    help="A line of JSON for each frame, or a row for each order in each event.",
)
@click.option(
    "--output",
    "file",
    type=click.File("x", "utf-8", lazy=False),
    default="-",
    show_default="standard output",
    metavar="FILE",
    help="A new file.",
)
@click.option("--from", "first", type=click.IntRange(min=1), default=1, show_default=True, help="The first sequence.")
@click.option("--to", "last", type=click.IntRange(min=1), default=EVER, show_default="the end", help="The last one.")
@data_option
def export(kind: str, file: IO[str], first: int, last: int, data_dir: Path) -> None:
    """Write frames as JSON, one a line and with all they hold, or as CSV, prices and quantities in decimal."""
    with journal_of(data_dir, as_json=False) as folder:
        frames = takewhile(lambda frame: frame.sequence <= last, read(folder, max(first, first_kept(folder))))
        if kind == "jsonl":
            file.writelines(json.dumps(frame_json(frame)) + "\n" for frame in frames)
        else:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(Row._fields)
            writer.writerows(row for frame in frames for row in rows(frame))
