"""The files of the message log: a session and a day each, whole lines only, and nothing missing without a word."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.logs.message_log import FILES_MAX, MessageLog, plain, utc

MIDNIGHT_NS = 1_767_225_600 * 10**9  # 2026-01-01
DOCUMENT = (Path(__file__).parents[2] / "docs" / "logs.md").read_text("utf-8")
SESSIONS = ("CLIENT1", "CLIENT2")


def read(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text("ascii") for path in sorted(folder.rglob("*.log"))}


def test_a_file_for_each_session_and_day(tmp_path: Path) -> None:
    """Midnight is UTC's; a late line of yesterday goes to yesterday."""
    log = MessageLog(tmp_path, SESSIONS)
    log.take(
        0,
        [
            ("CLIENT1", MIDNIGHT_NS - 1000, "<", "8=FIX.4.4\x0135=0\x01"),
            ("CLIENT2", MIDNIGHT_NS - 1000, "#", "Received logon request"),
            ("CLIENT1", MIDNIGHT_NS, ">", "8=FIX.4.4\x0135=1\x01"),
            ("CLIENT1", MIDNIGHT_NS - 500, ">", "8=FIX.4.4\x0135=2\x01"),
        ],
    )
    log.close()

    assert read(tmp_path) == {
        "CLIENT1/2025-12-31.log": "2025-12-31T23:59:59.999999Z < 8=FIX.4.4|35=0|\n"
        "2025-12-31T23:59:59.999999Z > 8=FIX.4.4|35=2|\n",
        "CLIENT1/2026-01-01.log": "2026-01-01T00:00:00.000000Z > 8=FIX.4.4|35=1|\n",
        "CLIENT2/2025-12-31.log": "2025-12-31T23:59:59.999999Z # Received logon request\n",
    }
    assert [oct(path.stat().st_mode & 0o777) for path in (tmp_path / "CLIENT1", *tmp_path.rglob("*.log"))] == [
        "0o700",
        *["0o600"] * 3,
    ]


def test_the_example_of_the_document(tmp_path: Path) -> None:
    """docs/logs.md: a logon with a password, and its answer."""
    logon = "8=FIX.4.4|9=73|35=A|49=CLIENT1|56=FIXGW|34=1|52=20260101-00:00:00.000|98=0|108=30|554=secret|10=152|"
    answer = "8=FIX.4.4|9=61|35=A|34=1|49=FIXGW|52=20260101-00:00:00.000|56=CLIENT1|98=0|108=30|10=011|"
    log = MessageLog(tmp_path, SESSIONS)
    log.take(
        0,
        [
            ("CLIENT1", MIDNIGHT_NS + 12_000, "<", logon.replace("|", "\x01")),
            ("CLIENT1", MIDNIGHT_NS + 250_000, "#", "Received logon request"),
            ("CLIENT1", MIDNIGHT_NS + 400_000, ">", answer.replace("|", "\x01")),
        ],
    )
    log.close()

    assert f"\n```\n{read(tmp_path)['CLIENT1/2026-01-01.log']}```\n" in DOCUMENT


def test_a_session_that_is_not_configured_makes_no_file(tmp_path: Path) -> None:
    log = MessageLog(tmp_path, SESSIONS)
    log.take(0, [("../evil", MIDNIGHT_NS, "<", "x"), ("NOBODY", MIDNIGHT_NS, "<", "x")])
    log.close()

    assert read(tmp_path) == {}


def test_what_was_lost_on_the_way_is_said(tmp_path: Path) -> None:
    """In the file of every session of the packet, since nobody knows whose it was."""
    log = MessageLog(tmp_path, SESSIONS)
    log.take(123, [(session, MIDNIGHT_NS, ">", "a") for session in (*SESSIONS, "CLIENT1")])
    log.close()

    time = "2026-01-01T00:00:00.000000Z"
    notice = f"{time} # 123 lines not logged, of this session or others\n"
    assert read(tmp_path) == {
        "CLIENT1/2026-01-01.log": f"{notice}{time} > a\n{time} > a\n",
        "CLIENT2/2026-01-01.log": f"{notice}{time} > a\n",
    }


def test_many_sessions_share_few_files(tmp_path: Path) -> None:
    """A venue of thousands of sessions does not run out of file descriptors."""
    sessions = [f"C{number}" for number in range(2 * FILES_MAX)]
    log = MessageLog(tmp_path, sessions)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(2):
        log.take(0, [(session, MIDNIGHT_NS, "<", "a") for session in sessions])
        log.flush()
        assert len(os.listdir("/proc/self/fd")) <= before + FILES_MAX
    log.close()

    assert set(read(tmp_path).values()) == {"2026-01-01T00:00:00.000000Z < a\n" * 2}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small tmpfs needs root")
def test_a_full_disk_loses_lines_and_says_how_many(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No line is torn, and it goes on when there is room again."""
    log = MessageLog(small_disk, SESSIONS)
    for number in range(100):
        log.take(0, [("CLIENT1", MIDNIGHT_NS, ">", f"{number}" + 500 * "x")])
        log.flush()
    subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
    log.take(0, [("CLIENT1", MIDNIGHT_NS, ">", "there is room")])
    log.close()

    *before, notice, last = read(small_disk)["CLIENT1/2026-01-01.log"].splitlines()
    assert [line.partition(" > ")[2] for line in before] == [f"{n}" + 500 * "x" for n in range(len(before))]
    assert notice.endswith(f"# {100 - len(before)} lines not logged, there was no room")
    assert last.endswith("> there is room")
    (warning,) = caplog.messages
    assert "No space left on device; lines are lost until it can" in warning


@given(st.binary(max_size=40))
def test_any_bytes_are_one_line_and_can_be_had_back(message: bytes) -> None:
    """What is no printable ASCII is escaped: nobody can write a line of his own into a log."""
    line = plain(b"58=" + message)

    assert line.isascii()
    assert line.isprintable()
    assert line.replace("|", "\x01").encode().decode("unicode_escape").encode("latin-1") == b"58=" + message


def test_text_is_its_bytes() -> None:
    assert plain("58=é\n\x01") == plain("58=é\n\x01".encode()) == "58=\\xc3\\xa9\\x0a|"


def test_time_is_to_the_microsecond() -> None:
    assert utc(MIDNIGHT_NS + 1_999) == "2026-01-01T00:00:00.000001Z"
