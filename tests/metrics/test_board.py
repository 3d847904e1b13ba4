"""The board: what was written last is read whole, or not at all."""

import os
import struct
import threading
import zlib
from pathlib import Path

import pytest

from fixgw.metrics import board
from fixgw.metrics.board import Board, Notice
from fixgw.metrics.stages import Stopwatch


def notice(sequence: int = 1, sessions: tuple[str, ...] = ("CLIENT1",)) -> Notice:
    watch = Stopwatch()
    watch.histograms["decide"].add(7_000, 3)
    return Notice(os.getpid(), 5, sequence, sessions, 2, 10, 20, 30, watch.histograms)


def test_what_was_written_last_is_read(tmp_path: Path) -> None:
    written = Board(tmp_path)
    written.write(notice(1, tuple(f"CLIENT{number}" for number in range(1000))))
    written.write(notice(2))

    assert board.read(tmp_path) == notice(2)


def test_another_gateway_writes_over_what_was_there(tmp_path: Path) -> None:
    first = Board(tmp_path)
    first.write(notice(1))
    first.close()

    Board(tmp_path).write(notice(2))

    assert board.read(tmp_path) == notice(2)


def test_without_a_board_there_is_nothing(tmp_path: Path) -> None:
    assert board.read(tmp_path) is None


@pytest.mark.parametrize("keep", [0, 4, 8, 30])
def test_half_a_board_is_none(tmp_path: Path, keep: int) -> None:
    Board(tmp_path).write(notice())
    os.truncate(board.path(tmp_path), keep)

    assert board.read(tmp_path) is None


def test_what_another_version_wrote_is_none(tmp_path: Path) -> None:
    """A body of another shape, whole."""
    body = b"\x81\xa3new\x01"
    (tmp_path / "run").mkdir()
    board.path(tmp_path).write_bytes(struct.pack("<II", len(body), zlib.crc32(body)) + body)

    assert board.read(tmp_path) is None


def test_while_it_is_written_over_a_reader_sees_one_or_the_other(tmp_path: Path) -> None:
    written = Board(tmp_path)
    long, short = notice(1, tuple(f"CLIENT{number}" for number in range(500))), notice(2)
    written.write(long)
    is_over = threading.Event()

    def write_on() -> None:
        while not is_over.is_set():
            written.write(short)
            written.write(long)

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        seen = [board.read(tmp_path) for _ in range(500)]
    finally:
        is_over.set()
        writer.join()

    assert all(each in (long, short, None) for each in seen)
    assert long in seen
