"""A disk that takes nothing: orders are refused with the reason, and taken again when it is good, by itself."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fixgw.admin.client import AdminClient, Refused
from fixgw.client.message import Message
from fixgw.journal import read
from fixgw.spec.events import OrderAccepted
from tests.wire.venue import WAIT_S, Trader, Venue, wait_for

TOO_LARGE = "File too large"
FULL = "No space left on device"


def why(problem: str) -> str:
    return f"the venue cannot write its journal: {problem}; try again later"


def limit_files(pid: int, size: int | None = None) -> None:
    """Let the kernel write no file of the process beyond ``size``: to its journal, a full disk."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


@contextmanager
def children_limited_to(size: int) -> Iterator[None]:
    """Processes started meanwhile are limited so from their first moment."""
    limit_files(os.getpid(), size)
    try:
        yield
    finally:
        limit_files(os.getpid())


def journal_size(venue: Venue) -> int:
    return max((venue.data / "journal").glob("*.journal")).stat().st_size


def status(venue: Venue) -> dict[str, Any]:
    with AdminClient(venue.data) as operator:
        return operator.ask("status")


def wait_until_it_trades(venue: Venue) -> None:
    wait_for(lambda: status(venue)["journal_problem"] is None, WAIT_S, "the venue takes orders again")


def accepted_in_journal(venue: Venue) -> set[str]:
    events = (event for frame in read(venue.data / "journal") for event in frame.events)
    return {event.order.cl_ord_id for event in events if isinstance(event, OrderAccepted)}


def trade(trader: Trader, count: int) -> list[str]:
    """Enter orders that rest, each when the one before is acknowledged."""
    orders = []
    for _ in range(count):
        orders.append(trader.buy("1", "10.00"))
        trader.expect({35: "8", 150: "0", 11: orders[-1]}, WAIT_S)
    return orders


def flood(trader: Trader, count: int) -> tuple[list[str], dict[str, Message]]:
    """Enter ``count`` orders at once; return those that were acknowledged, and the refusals of the rest."""
    sent = {str(trader.next_out + at): at for at in range(count)}
    orders = [trader.buy("1", "10.00") for _ in range(count)]
    acknowledged: list[str] = []
    refused: dict[str, Message] = {}
    while len(acknowledged) + len(refused) < count:
        answer = trader.receive(WAIT_S)
        assert answer is not None, "an order was not answered"
        if answer[35] == "8":
            assert answer[150] == "0"
            acknowledged.append(answer[11])
        else:
            refused[orders[sent[answer[45]]]] = answer
    assert acknowledged + list(refused) == orders, "after the first refusal all are refused"
    return acknowledged, refused


def assert_refused(answer: Message, msg_type: str, problem: str) -> None:
    assert [answer.get(tag) for tag in (35, 372, 380, 58)] == ["j", msg_type, "4", why(problem)]


def test_a_full_disk_refuses_orders_and_what_it_took_stays(own_venue: Venue) -> None:
    """From the moment when a batch does not fit, and until there is room; the connection stays."""
    venue = own_venue.start()
    alice = Trader("CLIENT1", venue.port)
    alice.logon(WAIT_S)
    early = trade(alice, 100)

    limit_files(venue.pid, journal_size(venue) + 10_000)
    acknowledged, refused = flood(alice, 300)

    assert acknowledged
    assert refused
    for answer in refused.values():
        assert_refused(answer, "D", TOO_LARGE)
    alice.send([(35, "F"), (41, early[0]), (11, "c1"), (55, "AAPL"), (54, "1"), (60, "20260101-00:00:00")])
    assert_refused(alice.expect({35: "j"}, WAIT_S), "F", TOO_LARGE)
    assert status(venue)["journal_problem"] == TOO_LARGE
    with AdminClient(venue.data) as operator, pytest.raises(Refused, match=TOO_LARGE):
        operator.ask("halt", symbol="AAPL", reason="a drill")
    assert alice.ask_status(acknowledged[-1])[39] == "0"
    assert alice.ask_status(next(iter(refused)))[39] == "8", "the book does not know what was refused"

    limit_files(venue.pid)
    wait_until_it_trades(venue)
    late = trade(alice, 10)
    alice.sell("1", "10.00")
    alice.expect({150: "F", 11: early[0]}, WAIT_S, skip=True)
    alice.expect({150: "F"}, WAIT_S)

    venue.kill()
    venue.start()
    alice.wait_closed(WAIT_S)
    alice.logon(WAIT_S, reset=False)
    assert {alice.ask_status(order)[39] for order in [*acknowledged, *late]} == {"0"}
    alice.logout()
    venue.stop()
    assert accepted_in_journal(venue) >= {*early, *acknowledged, *late}
    assert accepted_in_journal(venue).isdisjoint(refused)
    assert alice.invalid == []


def test_a_venue_that_starts_on_a_full_disk_opens_and_waits(own_venue: Venue) -> None:
    """Clients log on and are told why; what they were told under which number is in the journal in the end."""
    venue = own_venue.start()
    alice = Trader("CLIENT1", venue.port)
    alice.logon(WAIT_S)
    early = trade(alice, 100)
    venue.kill()
    alice.wait_closed(WAIT_S)

    with children_limited_to(journal_size(venue)):
        venue.start()
    alice.logon(WAIT_S, reset=False)
    refused = alice.buy("1", "10.00")
    assert_refused(alice.expect({35: "j"}, WAIT_S), "D", TOO_LARGE)
    assert alice.ask_status(early[0])[39] == "0"
    assert "the journal cannot be written: File too large" in venue.stderr.read_text()

    limit_files(venue.pid)
    wait_until_it_trades(venue)
    late = trade(alice, 1)
    venue.kill()
    venue.start()
    alice.wait_closed(WAIT_S)
    alice.logon(WAIT_S, reset=False)
    assert [alice.ask_status(order)[39] for order in (*late, refused)] == ["0", "8"]
    alice.logout()
    venue.stop()
    assert alice.invalid == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Leave so many bytes of the disk."""
    filler = disk / "filler"
    free = os.statvfs(disk)
    filler.write_bytes(bytes(free.f_bavail * free.f_bsize - leave))
    return filler


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small tmpfs needs root")
def test_a_full_disk_that_all_of_the_venue_shares(small_disk: Path) -> None:
    """Filled under trading; the gateway is restarted while it is full; then there is room again."""
    venue = Venue(small_disk / "data")
    venue.stderr = small_disk.parent / "stderr"
    venue.start()
    alice = Trader("CLIENT1", venue.port)
    alice.logon(WAIT_S)
    early = trade(alice, 10)

    filler = fill(small_disk, leave=64 * 1024)
    acknowledged, refused = flood(alice, 400)
    assert acknowledged
    for answer in refused.values():
        assert_refused(answer, "D", FULL)
    alice.logout()
    venue.kill()
    venue.start()
    alice.logon(WAIT_S)  # with numbers from 1: the last ones of the process before are in no journal
    alice.buy("1", "10.00")
    assert_refused(alice.expect({35: "j"}, WAIT_S), "D", FULL)

    filler.unlink()
    wait_until_it_trades(venue)
    late = trade(alice, 10)
    assert {alice.ask_status(order)[39] for order in [*early, *acknowledged, *late]} == {"0"}
    alice.logout()
    venue.stop()
    assert accepted_in_journal(venue) == {*early, *acknowledged, *late}
    assert alice.invalid == []
