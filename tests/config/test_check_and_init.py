"""fixgw check and fixgw init, as a person and as a script see them."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from fixgw.cli.check import check
from fixgw.cli.init import init
from tests.config.conftest import AAPL, CLIENT


def run_check(*args: str) -> Result:
    return CliRunner().invoke(check, args, env={"FIXGW_CONFIG": None})


def run_init(*args: str) -> Result:
    return CliRunner().invoke(init, args)


def test_init_then_check_is_right(tmp_path: Path) -> None:
    """Two commands from nothing to a configuration of one's own."""
    conf = tmp_path / "new" / "conf"

    written = run_init(str(conf))

    assert (written.exit_code, written.stdout.split("\n")) == (
        0,
        [
            f"wrote {conf}/venue.toml    the venue, its instruments and its limits",
            f"wrote {conf}/sessions.cfg  who may log on",
            f"next: edit them, then fixgw check --config {conf} and fixgw run --config {conf}",
            "",
        ],
    )
    checked = run_check("--config", str(conf))
    assert (checked.exit_code, checked.output) == (
        0,
        f"configuration is right: 4 instruments, 4 sessions ({conf}/venue.toml, {conf}/sessions.cfg)\n",
    )


def test_check_of_an_empty_folder_is_right(tmp_path: Path) -> None:
    """FIXGW_CONFIG names the folder as --config does."""
    checked = CliRunner().invoke(check, env={"FIXGW_CONFIG": str(tmp_path)})

    assert (checked.exit_code, checked.output) == (
        0,
        "configuration is right: 4 instruments, 4 sessions (packaged defaults)\n",
    )


def test_check_tells_all_mistakes_at_once(tmp_path: Path) -> None:
    """One a line, on stderr, and exits 2."""
    (tmp_path / "venue.toml").write_text(AAPL + "[order_entry]\nport = 0\n")
    (tmp_path / "sessions.cfg").write_text(CLIENT + "Frim=X\n")

    checked = run_check("--config", str(tmp_path))

    assert (checked.exit_code, checked.stdout) == (2, "")
    assert checked.stderr.split("\n") == [
        f"{tmp_path}/venue.toml:6: order_entry.port: 0 is below 1; "
        "write a whole number from 1 to 65535, for example 9876",
        f"{tmp_path}/sessions.cfg:5: Frim: there is no such setting; did you mean Firm?",
        "",
    ]


def test_check_counts_one_as_one(tmp_path: Path) -> None:
    """A small thing."""
    (tmp_path / "venue.toml").write_text(AAPL)
    (tmp_path / "sessions.cfg").write_text(CLIENT)

    assert run_check("--config", str(tmp_path)).output.startswith("configuration is right: 1 instrument, 1 session (")


def test_check_in_json(tmp_path: Path) -> None:
    """The same for scripts, right or wrong."""
    (tmp_path / "sessions.cfg").write_text(CLIENT)
    right = run_check("--config", str(tmp_path), "--json")
    (tmp_path / "venue.toml").write_text("")
    wrong = run_check("--config", str(tmp_path), "--json")

    assert right.exit_code == 0
    assert json.loads(right.stdout) == {
        "right": True,
        "instruments": ["AAPL", "MSFT", "BTC-USD", "ESZ6"],
        "sessions": ["C1"],
        "sources": ["packaged defaults", f"{tmp_path}/sessions.cfg"],
    }
    assert (wrong.exit_code, wrong.stderr) == (2, "")
    assert json.loads(wrong.stdout) == {
        "right": False,
        "mistakes": [
            {
                "file": f"{tmp_path}/venue.toml",
                "line": None,
                "key": "instruments",
                "message": 'there is none; write [[instruments]], then symbol = "AAPL", tick, lot',
            }
        ],
    }


def test_init_never_writes_over_a_file(tmp_path: Path) -> None:
    """Then it writes nothing at all."""
    (tmp_path / "venue.toml").write_text("mine")

    refused = run_init(str(tmp_path))

    assert (refused.exit_code, refused.stdout) == (2, "")
    there = f"{tmp_path}/venue.toml"
    assert refused.stderr == f"fixgw: already there: {there}; name another folder, or take them away first\n"
    assert (tmp_path / "venue.toml").read_text() == "mine"
    assert not (tmp_path / "sessions.cfg").exists()


def test_init_where_no_folder_can_be(tmp_path: Path) -> None:
    """A file is in the way."""
    (tmp_path / "file").touch()

    refused = run_init(str(tmp_path / "file" / "conf"))

    assert refused.exit_code == 2
    assert refused.stderr == f"fixgw: cannot write {tmp_path}/file/conf: Not a directory; name another folder\n"


def test_init_in_json(tmp_path: Path) -> None:
    """Written, and then refused."""
    written = run_init(str(tmp_path), "--json")
    refused = run_init(str(tmp_path), "--json")

    assert json.loads(written.stdout) == {
        "written": [f"{tmp_path}/venue.toml", f"{tmp_path}/sessions.cfg"],
        "next": [f"fixgw check --config {tmp_path}", f"fixgw run --config {tmp_path}"],
    }
    there = f"{tmp_path}/venue.toml, {tmp_path}/sessions.cfg"
    assert refused.exit_code == 2
    assert json.loads(refused.stdout) == {
        "error": [f"already there: {there}; name another folder, or take them away first"]
    }
