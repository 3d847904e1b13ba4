"""Files, folder and environment together."""

import os
import re
from pathlib import Path

import pytest

from fixgw.config import ConfigError, load
from fixgw.config.environment import OF_COMMANDS, VARIABLES
from tests.config.conftest import AAPL, CLIENT, Load, Tell


def test_environment_goes_before_the_file(load_texts: Load) -> None:
    """And is named among the sources."""
    config = load_texts(
        AAPL + "[order_entry]\nport = 1111\nstale_order_s = 5\n",
        environ={
            "FIXGW_ORDER_ENTRY_PORT": "2222",
            "FIXGW_VENUE_COMP_ID": "MYVENUE",
            "PATH": "/bin",
        }
        | dict.fromkeys(OF_COMMANDS, "x"),
    )

    assert (config.port, config.stale_order_s, config.comp_id) == (2222, 5, "MYVENUE")
    assert config.sources[2:] == ("FIXGW_ORDER_ENTRY_PORT", "FIXGW_VENUE_COMP_ID")
    assert config.sources_text.endswith(
        "venue.toml, packaged sessions.cfg, FIXGW_ORDER_ENTRY_PORT, FIXGW_VENUE_COMP_ID"
    )


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False)])
def test_true_and_false_in_the_environment(load_texts: Load, text: str, value: bool) -> None:
    """As TOML writes them."""
    assert load_texts(environ={"FIXGW_LOG_MESSAGES": text}).log_messages is value


def test_mistakes_in_the_environment(mistakes: Tell) -> None:
    """A variable of ours that nobody reads is mostly a typing error."""
    environ = {
        "FIXGW_ORDER_ENTRY_PORT": "x",
        "FIXGW_ORDER_ENTRY_PROT": "9000",
        "FIXGW_ZEBRA": "",
        "FIXGW_JOURNAL_DURABILITY": "tape",
    }
    assert mistakes(environ=environ) == [
        'environment: FIXGW_JOURNAL_DURABILITY: \'tape\' is not a choice here; write "process" or "interval" or "disk"',
        "environment: FIXGW_ORDER_ENTRY_PORT: 'x' is not a whole number; "
        "write a whole number from 1 to 65535, for example 9876",
        "environment: FIXGW_ORDER_ENTRY_PROT: there is no such variable; did you mean FIXGW_ORDER_ENTRY_PORT?",
        "environment: FIXGW_ZEBRA: there is no such variable; docs/configuration.md lists all there are",
    ]


def test_every_variable_that_a_command_reads_is_known() -> None:
    """A venue refuses to start with any other, and it sees what its commands see."""
    here = Path(__file__).parents[2]
    sources = [path for folder in ("fixgw/cli", "fixgw/client", "bench") for path in (here / folder).rglob("*.py")]
    read = {name for path in sources for name in re.findall(r'"(FIXGW_[A-Z_]+)"', path.read_text("utf-8"))}

    assert "FIXGW_CONFIG" in read
    assert read <= OF_COMMANDS | VARIABLES.keys()


def test_a_mistake_between_environment_and_packaged_file(mistakes: Tell) -> None:
    """The file is named as what it is."""
    assert mistakes(environ={"FIXGW_VENUE_COMP_ID": "CLIENT1"}) == [
        "sessions.cfg (packaged defaults):21: TargetCompID: CLIENT1 is the venue's own CompID "
        "(venue.comp_id in venue.toml); write the client's"
    ]


def test_all_mistakes_of_both_files_and_the_environment_at_once(mistakes: Tell) -> None:
    """venue.toml, sessions.cfg, environment; each from its first line to its last."""
    told = mistakes(
        AAPL.replace("0.01", "0") + "[order_entry]\nport = 0\n[limits.firm.F2]\n",
        CLIENT + "Zebra=1\nHeartBtInt=30\n",
        {"FIXGW_PROT": "1"},
    )
    assert [line.split(": ")[:2] for line in told] == [
        ["venue.toml:3", "instruments[1].tick"],
        ["venue.toml:6", "order_entry.port"],
        ["venue.toml:7", "limits.firm.F2"],
        ["sessions.cfg:5", "Zebra"],
        ["sessions.cfg:6", "HeartBtInt"],
        ["environment", "FIXGW_PROT"],
    ]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Its defaults are not what was asked for."""
    (tmp_path / "file").touch()
    right = "name another with --config or FIXGW_CONFIG, or make one with fixgw init"

    assert _told(tmp_path / "none") == f"{tmp_path}/none: there is no such folder; {right}"
    assert _told(tmp_path / "file") == f"{tmp_path}/file: is not a folder; {right}"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A folder in the place of one, a link to nowhere in the place of the other."""
    (tmp_path / "venue.toml").mkdir()
    (tmp_path / "sessions.cfg").symlink_to(tmp_path / "none")
    right = "make it a file that you may read, or take it away"

    assert _told(tmp_path).split("\n") == [
        f"{tmp_path}/venue.toml: cannot be read: Is a directory; {right}",
        f"{tmp_path}/sessions.cfg: cannot be read: No such file or directory; {right}",
    ]


def test_text_that_is_not_utf_8(tmp_path: Path) -> None:
    """Bytes of an older encoding, with their line."""
    (tmp_path / "venue.toml").write_bytes(b"# fine\n# B\xf6rse\n")
    (tmp_path / "sessions.cfg").write_bytes(b"\xef\xbb\xbf" + CLIENT.encode())

    assert _told(tmp_path) == f"{tmp_path}/venue.toml:2: byte 0xf6 is not UTF-8; save the file as UTF-8"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_one_may_not_read(tmp_path: Path) -> None:
    """Said as it is."""
    (tmp_path / "venue.toml").write_text(AAPL)
    (tmp_path / "venue.toml").chmod(0)

    assert "cannot be read: Permission denied" in _told(tmp_path)


def _told(folder: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        load(folder, {})
    return str(raised.value)
