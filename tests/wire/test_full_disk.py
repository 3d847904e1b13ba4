"""A full disk: the venue stops rather than acknowledge, or keep to itself, what it cannot write."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixgw.client.session import SessionError
from tests.wire.venue import WAIT_S, Trader, Venue

EXIT_FAULT = 70

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small tmpfs needs root")


def trade_until_it_fails(trader: Trader, acknowledged: list[str]) -> None:
    for _ in range(3_000):
        order = trader.buy("1", "10.00")
        trader.expect({150: "0", 11: order}, WAIT_S)
        acknowledged.append(order)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_what_was_acknowledged_is_there_when_the_disk_has_room_again(small_disk: Path) -> None:
    """Journal and FIX store share the disk; whichever fails first ends the process with status 70 (EXIT_FAULT)."""
    venue = Venue(small_disk / "var")
    venue.stderr = small_disk.parent / "stderr"
    venue.start()
    alice = Trader("CLIENT1", venue.port)
    alice.logon(WAIT_S)
    acknowledged: list[str] = []
    with pytest.raises((SessionError, AssertionError)):
        trade_until_it_fails(alice, acknowledged)
    assert venue.process is not None
    assert venue.process.wait(WAIT_S) == EXIT_FAULT
    assert venue.process.stdout is not None
    venue.process.stdout.close()
    assert "cannot write the journal" in venue.stderr.read_text() or "could not store" in venue.stderr.read_text()
    assert acknowledged
    alice.close()

    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    venue.start()
    with Trader("CLIENT1", venue.port) as again:
        again.logon(WAIT_S)
        for order in acknowledged:
            again.send([(35, "H"), (11, order), (55, "AAPL"), (54, "1")])
            assert again.expect({150: "I", 11: order}, WAIT_S)[39] == "0"
    venue.stop()
