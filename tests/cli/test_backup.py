"""fixgw backup and fixgw restore: what they say, and how they fail."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from fixgw.cli.main import main
from fixgw.spec.sequenced import Sequenced
from tests.journal.day import write_day


def fixgw(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A venue's data folder after a short day."""
    write_day(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def file(data: Path, tmp_path: Path) -> Path:
    """A backup of it, with a sessions.cfg."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "sessions.cfg").write_text("[DEFAULT]\n")
    file = tmp_path / "a.backup"
    assert fixgw("backup", file, "--data", data, "--config", tmp_path / "conf").exit_code == 0
    return file


def test_a_backup(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.backup"

    said = fixgw("backup", file, "--data", data, "--config", tmp_path)

    first, second, following = said.stdout.splitlines()
    assert said.exit_code == 0
    assert first.startswith(f"{file}: sequences 1 to 6 of venue ")
    assert second.startswith("1 file, ")
    assert following.endswith(f"fixgw restore {file} --verify")


def test_a_restore(file: Path, tmp_path: Path) -> None:
    restored = tmp_path / "restored"

    said = fixgw("restore", file, "--data", restored, "--verify")

    lines = said.stdout.splitlines()
    assert said.exit_code == 0
    assert lines[0].startswith(f"{restored}: sequences 1 to 6 of venue ")
    assert "8 events agree with the replay" in lines
    assert lines[-1].endswith(f"fixgw run --data {restored} --config {restored / 'config'}")


def test_for_scripts(data: Path, file: Path, tmp_path: Path) -> None:
    wrote = json.loads(fixgw("backup", tmp_path / "b", "--data", data, "--config", tmp_path, "--json").stdout)
    made = json.loads(fixgw("restore", file, "--data", tmp_path / "restored", "--json").stdout)

    assert (wrote["last_sequence"], wrote["parts"]) == (6, [f"journal/{1:020d}.journal"])
    assert (made["last_sequence"], made["parts"]) == (6, [f"journal/{1:020d}.journal", "config/sessions.cfg"])
    assert wrote["venue_id"] == made["venue_id"]


def test_refusals(data: Path, file: Path, tmp_path: Path) -> None:
    """Each says what is wrong and what to do."""
    again = fixgw("backup", file, "--data", data)
    nothing = fixgw("backup", tmp_path / "b", "--data", tmp_path / "nowhere")
    nowhere = fixgw("backup", tmp_path / "no" / "b", "--data", data)
    full = fixgw("restore", file, "--data", data)
    other = fixgw("restore", data / "journal" / f"{1:020d}.journal", "--data", tmp_path / "c")

    said = [again, nothing, nowhere, full, other]
    assert [(each.exit_code, each.stdout) for each in said] == [(1, "")] * 5
    assert again.stderr == f"fixgw: {file} is there already, and is not written over; name another file\n"
    assert nothing.stderr.startswith(f"fixgw: there is no journal in {tmp_path / 'nowhere'}; start a venue with: ")
    assert nowhere.stderr == f"fixgw: {tmp_path / 'no' / 'b'}: No such file or directory\n"
    assert full.stderr == (f"fixgw: {data} is not an empty folder; name another with --data, or move that one away\n")
    assert "is no backup, or is damaged: " in other.stderr


def test_a_restored_journal_that_does_not_replay(tmp_path: Path) -> None:
    """It is there, and --verify says what differs."""

    def alter(frame: Sequenced) -> Sequenced:
        return frame if frame.sequence != 3 else msgspec.structs.replace(frame, events=())

    write_day(tmp_path / "data", alter=alter)
    fixgw("backup", tmp_path / "a", "--data", tmp_path / "data")

    said = fixgw("restore", tmp_path / "a", "--data", tmp_path / "restored", "--verify")

    assert said.exit_code == 1
    assert "fixgw: in the journal: nothing\n" in said.stderr
