"""fixgw journal: what operators and auditors get from the journal alone, with no venue running."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from fixgw.cli.main import main
from fixgw.journal import read, snapshot
from fixgw.journal.cold import pack_all
from fixgw.journal.frame import encode
from fixgw.marketdata.tape import TapeState
from fixgw.snapshots import FOLDER, Beside, begun, latest, oldest, tapes
from fixgw.spec.sequenced import Sequenced
from tests.cli.command import running
from tests.journal.day import DAY, write_day
from tests.journal.examples import frames, segments, write


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A venue's data folder after a short day."""
    write_day(tmp_path)
    return tmp_path


def journal(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["journal", *arguments, "--data", str(data)])


def does(data: Path, *arguments: str) -> str:
    """Return what the command prints; it succeeds."""
    result = journal(data, *arguments)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def tells(data: Path, *arguments: str) -> Any:
    return json.loads(does(data, *arguments, "--json"))


def refuses(data: Path, *arguments: str) -> str:
    """Return why the command exits 1."""
    result = journal(data, *arguments)
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    return result.stderr


def damage(data: Path, sequence: int) -> int:
    """Flip a bit in the frame of ``sequence`` and return where the frame begins."""
    (segment,) = segments(data / "journal")
    content = bytearray(segment.read_bytes())
    offset = 40 + sum(len(encode(frame)) for frame in read(data / "journal") if frame.sequence < sequence)
    content[offset + 20] ^= 1
    segment.write_bytes(content)
    return offset


# Verify.


def test_a_right_journal(data: Path) -> None:
    told = tells(data, "verify")

    assert (told["right"], told["frames"], told["events"], told["snapshots"]) == (True, 6, 8, [])
    assert told["last_time"] == "2025-11-21T08:00:06.000000Z"
    assert told["commands_per_s"] > 0
    lines = does(data, "verify").splitlines()
    assert lines[:3] == [
        "6 frames whole, sequences 1 to 6, the last of 2025-11-21T08:00:06.000000Z",
        "8 events agree with the replay",
        f"state hash {told['state_hash']}",
    ]
    assert lines[3].endswith(" commands/s")


def test_packed_segments_are_verified_and_told_of_as_plain_ones(tmp_path: Path) -> None:
    write_day(tmp_path, segment_size_max=300)
    told = [does(tmp_path, command).splitlines()[:3] for command in ("verify", "tail")]
    assert len(segments(tmp_path / "journal")) > 3

    for _ in pack_all(tmp_path / "journal"):
        pass

    assert [does(tmp_path, command).splitlines()[:3] for command in ("verify", "tail")] == told


def test_the_state_hash_tells_states_apart(data: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same commands have the same one, in another venue too."""
    again, shorter = tmp_path_factory.mktemp("again"), tmp_path_factory.mktemp("shorter")
    write_day(again)
    write_day(shorter, DAY[:-1])

    hashes = [tells(each, "verify")["state_hash"] for each in (data, again, shorter)]

    assert hashes[0] == hashes[1] != hashes[2]


def test_the_state_of_a_moment(data: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Verified up to a frame, it has the state of a venue that has seen no more."""
    shorter = tmp_path_factory.mktemp("shorter")
    write_day(shorter, DAY[:-1])
    whole = tells(shorter, "verify")

    for moment in (str(whole["last_sequence"]), whole["last_time"]):
        told = tells(data, "verify", "--until", moment)
        assert (told["last_sequence"], told["state_hash"]) == (whole["last_sequence"], whole["state_hash"])
    assert told["state_hash"] != tells(data, "verify")["state_hash"]


def test_damage_is_named(data: Path) -> None:
    offset = damage(data, sequence=4)

    (segment,) = segments(data / "journal")
    assert refuses(data, "verify").startswith(f"fixgw: {segment}, byte {offset}, where sequence 4 should be: ")
    told = json.loads(journal(data, "verify", "--json").stdout)
    assert (told["right"], told["file"], told["offset"], told["sequence"]) == (False, str(segment), offset, 4)


def test_a_frame_that_never_finished_is_told_and_no_damage(data: Path) -> None:
    (segment,) = segments(data / "journal")
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-3])

    told = tells(data, "verify")

    assert (told["right"], told["frames"]) == (True, 5)
    assert f"{told['unfinished_bytes']} bytes behind them" in does(data, "verify")
    assert segment.read_bytes() == whole[:-3]


def test_events_that_a_replay_does_not_give(tmp_path: Path) -> None:
    """The journal says that the cancel of sequence 5 was refused for another reason."""

    def alter(frame: Sequenced) -> Sequenced:
        if frame.sequence != 5:
            return frame
        return msgspec.structs.replace(
            frame, events=(msgspec.structs.replace(frame.events[0], text="the cat said so"),)
        )

    write_day(tmp_path, alter=alter)

    first, written, decided = refuses(tmp_path, "verify").splitlines()
    told = json.loads(journal(tmp_path, "verify", "--json").stdout)

    assert first.startswith("fixgw: sequence 5: the journal says one thing, this version of fixgw does another")
    assert written == "fixgw: in the journal: refused a3: the cat said so"
    assert decided.startswith("fixgw: by this version: refused a3: ")
    assert (told["right"], told["sequence"], told["written"][0]["text"]) == (False, 5, "the cat said so")
    assert told["decided"][0]["kind"] == "cancel-rejected"


def take_snapshot(data: Path, sequence: int, state_of: int | None = None) -> Path:
    """Write the snapshot of ``sequence``, or one that says so and is of another."""
    beside = Beside()
    venue_id = write_day(data, ())
    for frame in read(data / "journal"):
        if frame.sequence <= (state_of or sequence):
            beside.follow(frame)
    taken = msgspec.structs.replace(beside.taken(venue_id), sequence=sequence)
    return snapshot.write(data / FOLDER, taken)


def test_snapshots_agree(data: Path) -> None:
    take_snapshot(data, 3)
    take_snapshot(data, 6)

    told = tells(data, "verify")

    assert told["snapshots"] == [{"sequence": 3, "problem": None}, {"sequence": 6, "problem": None}]
    assert does(data, "verify").endswith("2 of 2 snapshots agree with the replay\n")


def test_snapshots_that_are_wrong(data: Path) -> None:
    take_snapshot(data, 2)
    of_another = take_snapshot(data, 4, state_of=3)
    damaged = take_snapshot(data, 5)
    damaged.write_bytes(damaged.read_bytes()[:-1])

    result = journal(data, "verify")

    assert result.exit_code == 1
    assert "1 of 3 snapshots agree with the replay" in result.stdout
    first, second = result.stderr.splitlines()
    assert first == f"fixgw: {of_another}: its state is not what the journal amounts to"
    assert second.startswith(f"fixgw: {damaged}: {damaged} has ")
    assert json.loads(journal(data, "verify", "--json").stdout)["right"] is False


def test_a_snapshot_ahead_of_the_journal(data: Path) -> None:
    ahead = take_snapshot(data, 7)

    result = journal(data, "verify")

    assert (result.exit_code, result.stderr) == (1, f"fixgw: {ahead}: it is ahead of the journal, which ends with 6\n")


@pytest.mark.parametrize("command", ["verify", "replay", "repair", "tail", "show 1", "export"])
def test_without_a_journal(tmp_path: Path, command: str) -> None:
    assert refuses(tmp_path, *command.split()).startswith(f"fixgw: there is no journal in {tmp_path}; start a venue ")


def test_a_journal_with_no_frame_yet(tmp_path: Path) -> None:
    write(tmp_path / "journal")

    assert tells(tmp_path, "verify")["frames"] == 0
    assert does(tmp_path, "tail") == ""


# Replay.


@pytest.mark.parametrize(
    ("until", "asks"),
    [
        ((), [["100.30", "20", 1]]),
        (("--until", "3"), [["100.25", "40", 1], ["100.30", "40", 1]]),
        (("--until", "2025-11-21T08:00:02Z"), [["100.25", "40", 1]]),
        (("--until", "2025-11-21T08:00:02.999999"), [["100.25", "40", 1]]),
        (("--until", "2025-11-21T09:00:03+01:00"), [["100.25", "40", 1], ["100.30", "40", 1]]),
    ],
)
def test_the_book_as_it_was(data: Path, until: tuple[str, ...], asks: list[list[object]]) -> None:
    (book,) = tells(data, "replay", "--symbol", "AAPL", *until)["books"]

    assert (book["symbol"], book["asks"]) == ("AAPL", asks)


def test_books_for_people(data: Path) -> None:
    lines = does(data, "replay", "--until", "4").splitlines()

    assert [line.split()[0] for line in lines if "trading" in line] == ["AAPL", "MSFT", "BTC-USD", "ESZ6", "SPREAD"]
    assert lines[0].split()[1:3] == ["last", "100.30"]
    assert lines[-3:-1] == [
        "after sequence 4, 6 events",
        "4 frames whole, sequences 1 to 4, the last of 2025-11-21T08:00:04.000000Z",
    ]
    assert lines[-1].endswith(" commands/s")


def test_an_instrument_that_was_not_there(data: Path) -> None:
    assert refuses(data, "replay", "--symbol", "GOLD") == "fixgw: there was no instrument GOLD by sequence 6\n"


def test_an_end_that_is_none(data: Path) -> None:
    result = journal(data, "replay", "--until", "noon")

    assert result.exit_code == 2
    assert "'noon' is no sequence, and no time such as 2026-11-21T08:15:00Z" in result.stderr


# Repair.


def test_nothing_to_repair(data: Path) -> None:
    assert does(data, "repair") == "the journal is whole up to sequence 6; there is nothing to repair\n"
    assert tells(data, "repair") == {"right": True, "sound": 6}


def test_what_can_be_saved(data: Path) -> None:
    offset = damage(data, sequence=4)
    (segment,) = segments(data / "journal")
    before = segment.read_bytes()

    said, told = journal(data, "repair"), json.loads(journal(data, "repair", "--json").stdout)

    assert said.exit_code == 1
    problem = "the frame's CRC-32 or length is wrong, and it is not an unfinished last write"
    assert said.stdout.splitlines()[:4] == [
        f"{segment}, byte {offset}, where sequence 4 should be: {problem}",
        "sound:  1 to 3; a venue can go on from there",
        "lost:   4",
        "behind: 5 to 6; whole, for people: no venue can go on from there",
    ]
    assert (told["sound"], told["lost"], told["behind"]) == (3, [[4, 4]], [[5, 6]])
    assert segment.read_bytes() == before


def test_what_can_be_saved_is_written_elsewhere(data: Path, tmp_path: Path) -> None:
    damage(data, sequence=4)
    (segment,) = segments(data / "journal")
    before, saved = segment.read_bytes(), tmp_path / "saved"

    lines = does(data, "repair", "--output", str(saved)).splitlines()

    assert lines[-1].endswith(f"fixgw run --data {saved}")
    assert tells(saved, "verify")["frames"] == 3
    behind = [json.loads(line) for line in (saved / "behind-the-damage.jsonl").read_text().splitlines()]
    assert [(frame["sequence"], frame["command"]["cl_ord_id"]) for frame in behind] == [(5, "a3"), (6, "b2")]
    assert segment.read_bytes() == before
    assert "is not an empty folder" in refuses(data, "repair", "--output", str(saved))


# Read.


def test_the_last_frames(data: Path) -> None:
    lines = does(data, "tail", "-n", "3").splitlines()

    assert [" ".join(line.split()) for line in lines] == [
        "4 2025-11-21T08:00:04.000000Z D CLIENT2 accepted order 3, buy 60 AAPL at 100.30; "
        "traded 40 AAPL at 100.25, 1 with 3; traded 20 AAPL at 100.30, 2 with 3",
        "5 2025-11-21T08:00:05.000000Z F CLIENT1 refused a3: order 1 is filled: too late",
        "6 2025-11-21T08:00:06.000000Z D CLIENT2 accepted order 4, buy 10 AAPL at 99.00",
    ]
    as_json = [json.loads(line) for line in does(data, "tail", "-n", "100", "--json").splitlines()]
    assert [frame["sequence"] for frame in as_json] == [1, 2, 3, 4, 5, 6]


def test_the_last_frames_over_segments(tmp_path: Path) -> None:
    write(tmp_path / "journal", *frames(1, 6), segment_size_max=300)
    assert len(segments(tmp_path / "journal")) == 3

    lines = does(tmp_path, "tail", "-n", "5").splitlines()

    assert [line.split()[0] for line in lines] == ["2", "3", "4", "5", "6"]


def test_tail_follows_the_venue(tmp_path: Path) -> None:
    """Frames that come are printed as they come, over a new segment too."""
    folder = tmp_path / "var" / "journal"
    write(folder, *frames(1, 3))
    with running(tmp_path, "journal", "tail", "--follow", "-n", "1", PYTHONUNBUFFERED="1") as tail:
        assert tail.stdout is not None
        assert tail.stdout.readline().split()[0] == "3"

        write(folder, *frames(4, 5), segment_size_max=300)

        assert [tail.stdout.readline().split()[0] for _ in range(2)] == ["4", "5"]


def test_one_frame_whole(data: Path) -> None:
    told = tells(data, "show", "2")

    assert told == json.loads(does(data, "show", "2"))
    assert (told["sequence"], told["time"]) == (2, "2025-11-21T08:00:02.000000Z")
    assert {"kind": "D", "cl_ord_id": "a1", "side": "2", "price": 10025}.items() <= told["command"].items()
    ((accepted,),) = (told["events"],)
    assert (accepted["kind"], accepted["exec_id"], accepted["order"]["leaves_qty"]) == ("accepted", "2.0", 40)


def test_a_frame_that_is_not_there(data: Path) -> None:
    assert refuses(data, "show", "7") == "fixgw: sequence 7 is not in the journal, which ends before it\n"


def test_lines_of_json(data: Path, tmp_path: Path) -> None:
    whole = [json.loads(line) for line in does(data, "export").splitlines()]
    does(data, "export", "--from", "2", "--to", "4", "--output", str(tmp_path / "part.jsonl"))

    part = [json.loads(line) for line in (tmp_path / "part.jsonl").read_text().splitlines()]

    assert [frame["sequence"] for frame in whole] == [1, 2, 3, 4, 5, 6]
    assert part == whole[1:4]
    assert whole[0]["command"]["instruments"][0]["symbol"] == "AAPL"


def test_rows_for_spreadsheets(data: Path) -> None:
    found = list(csv.DictReader(io.StringIO(does(data, "export", "--format", "csv", "--from", "4"))))

    assert [(row["event"], row["order_id"], row["last_qty"], row["last_px"]) for row in found] == [
        ("accepted", "3", "", ""),
        ("trade", "1", "40", "100.25"),
        ("trade", "3", "40", "100.25"),
        ("trade", "2", "20", "100.30"),
        ("trade", "3", "20", "100.30"),
        ("cancel-rejected", "1", "", ""),
        ("accepted", "4", "", ""),
    ]
    assert found[0]["price"] == "100.30"


def test_a_file_is_never_written_over(data: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("of somebody")

    assert journal(data, "export", "--output", str(there)).exit_code == 2
    assert there.read_text() == "of somebody"


# Where the first frames were removed.


@pytest.fixture
def shortened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose journal begins with sequence 4, and has snapshots of 3 and 5."""
    folder = tmp_path_factory.mktemp("shortened")
    write_day(folder, segment_size_max=300)
    for sequence in (3, 5):
        take_snapshot(folder, sequence)
    for path in segments(folder / "journal"):
        if int(path.stem) < 4:
            path.unlink()
    return folder


def test_it_is_verified_from_the_oldest_snapshot_on(shortened: Path, data: Path) -> None:
    told = tells(shortened, "verify")

    assert (told["right"], told["first_sequence"], told["last_sequence"], told["begun_after"]) == (True, 4, 6, 3)
    assert (told["frames"], told["snapshots"]) == (3, [{"sequence": 5, "problem": None}])
    assert told["state_hash"] == tells(data, "verify")["state_hash"]
    lines = does(shortened, "verify").splitlines()
    assert lines[:2] == [
        "3 frames whole, sequences 4 to 6, the last of 2025-11-21T08:00:06.000000Z",
        "begun with the snapshot of sequence 3, since what precedes sequence 4 was removed (journal.keep_days)",
    ]


def test_frames_before_the_oldest_snapshot_are_read_and_not_decided_again(shortened: Path) -> None:
    """They are whole, or it is damage like any other."""
    (shortened / FOLDER / f"{3:020d}.snapshot").unlink()

    told = tells(shortened, "verify")

    assert (told["frames"], told["begun_after"], told["events"]) == (3, 5, 1)
    first = segments(shortened / "journal")[0]
    first.write_bytes(first.read_bytes()[:-1])
    assert refuses(shortened, "verify").startswith(f"fixgw: {first}, byte 40, where sequence 4 should be: ")


def test_without_a_snapshot_nothing_stands_for_what_is_gone(shortened: Path) -> None:
    for path in snapshot.paths(shortened / FOLDER):
        path.write_bytes(b"nothing")

    for command in ("verify", "replay", "repair"):
        result = journal(shortened, command)
        assert result.exit_code == 1
        assert "where sequence 1 should be: the segment before this one is missing" in result.output


def test_the_books_of_a_moment_that_is_kept(shortened: Path, data: Path) -> None:
    for moment in ("4", "6", "2025-11-21T08:00:05Z"):
        assert (
            tells(shortened, "replay", "--until", moment)["books"] == tells(data, "replay", "--until", moment)["books"]
        )
    assert "is before sequence 3, that of the oldest snapshot" in refuses(shortened, "replay", "--until", "2")
    assert "ask for a later moment" in refuses(shortened, "replay", "--until", "2025-11-21T08:00:02Z")


def test_what_reads_frames_begins_with_those_that_are_there(shortened: Path) -> None:
    assert [line.split()[0] for line in does(shortened, "tail").splitlines()] == ["4", "5", "6"]
    exported = journal(shortened, "export").stdout.splitlines()
    assert [json.loads(line)["sequence"] for line in exported] == [4, 5, 6]
    assert "sequence 3 is not in the journal any more; the journal begins with 4" in refuses(shortened, "show", "3")
    assert json.loads(does(shortened, "show", "4"))["sequence"] == 4


def test_what_can_be_saved_has_the_snapshots_with_it(shortened: Path, tmp_path: Path) -> None:
    assert "whole up to sequence 6" in does(shortened, "repair")
    last = segments(shortened / "journal")[-1]
    content = bytearray(last.read_bytes())
    content[60] ^= 1
    last.write_bytes(content + b"\0" * 8 + encode(frames(7, 7)[0]))
    saved = tmp_path / "saved"

    assert "sound:  4; a venue can go on from there" in journal(shortened, "repair").stdout
    does(shortened, "repair", "--output", str(saved))

    told = tells(saved, "verify")
    assert (told["right"], told["first_sequence"], told["last_sequence"]) == (True, 4, 4)
    assert [(path.stem, path.stat().st_mode & 0o777) for path in snapshot.paths(saved / FOLDER)] == [
        (f"{3:020d}", 0o600)
    ]


@pytest.mark.parametrize("of_first", [True, False])
def test_market_data_that_does_not_follow(data: Path, of_first: bool) -> None:
    """Between two snapshots; that of the first has nothing before it to follow from."""
    take_snapshot(data, 2)
    right = snapshot.read(take_snapshot(data, 5))
    if of_first:
        (data / FOLDER / f"{2:020d}.snapshot").unlink()
    core, ledger, tape = msgspec.msgpack.decode(right.state, type=tuple[msgspec.Raw, msgspec.Raw, bytes])
    state = msgspec.msgpack.decode(tape, type=TapeState)
    wrong = msgspec.msgpack.encode(msgspec.structs.replace(state, number=state.number + 1))
    state_of_all = msgspec.msgpack.encode((core, ledger, wrong))
    path = snapshot.write(data / FOLDER, msgspec.structs.replace(right, state=state_of_all))

    if of_first:
        assert tells(data, "verify")["right"]
    else:
        why = f"{path}: its market data is not what follows from that of the snapshot before"
        assert why in journal(data, "verify").stderr


def test_a_snapshot_of_before_there_were_tapes(data: Path) -> None:
    """It agrees as far as it goes; who starts takes it, who follows does not."""
    path = take_snapshot(data, 4)
    right = snapshot.read(path)
    core, ledger, _ = msgspec.msgpack.decode(right.state, type=tuple[msgspec.Raw, msgspec.Raw, bytes])
    old = msgspec.structs.replace(right, state=msgspec.msgpack.encode((core, ledger)))
    snapshot.write(data / FOLDER, old)

    assert tells(data, "verify")["snapshots"] == [{"sequence": 4, "problem": None}]
    assert latest(data, 6).sequence == 4
    assert list(tapes(data)) == []
    assert oldest(data) is None
    assert begun(data) is None, "the first frame is there"
    wrong = msgspec.structs.replace(old, sequence=5)
    snapshot.write(data / FOLDER, wrong)
    assert journal(data, "verify").exit_code == 1
