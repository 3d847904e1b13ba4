"""One venue for all tests that leave it running, and clients that leave its book empty."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixgw.client.session import LogonError
from tests.wire.venue import WAIT_S, Trader, Venue, new_id

Traders = Callable[..., Trader]


@pytest.fixture(scope="session")
def _shared() -> Iterator[list[Venue]]:
    venues: list[Venue] = []
    yield venues
    for venue in venues:
        if venue.is_alive:
            venue.stop()


@pytest.fixture
def venue(_shared: list[Venue], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """A running venue that other tests use too; it must be the same process afterwards."""
    if not _shared or not _shared[-1].is_alive:
        _shared.append(Venue(tmp_path_factory.mktemp("shared") / "data").start())
    venue = _shared[-1]
    yield venue
    assert venue.is_alive, f"the venue died: {venue.stderr.read_text()[-2000:]}"


@pytest.fixture
def own_venue(tmp_path: Path) -> Iterator[Venue]:
    """A venue of this test's own, not started yet."""
    venue = Venue(tmp_path / "data")
    yield venue
    if venue.is_alive:
        venue.kill()


@pytest.fixture
def traders(venue: Venue) -> Iterator[Traders]:
    """Make logged-on clients: ``traders("CLIENT1")``; afterwards they have no open order, and got nothing invalid."""
    made: list[Trader] = []

    def make(sender: str, heartbeat_s: int = 30, port: int = 0) -> Trader:
        trader = Trader(sender, port or venue.port, heartbeat_s)
        made.append(trader)
        log_on(trader)
        return trader

    yield make
    for trader in made:
        if trader.logged_on:
            trader.send([(35, "q"), (11, new_id()), (530, "7"), (60, "20260101-00:00:00")])
            trader.expect({35: "r"}, WAIT_S, skip=True)
            trader.logout()
        trader.close()
    invalid = [reason for trader in made for reason in trader.invalid]
    assert not invalid, "\n".join(invalid[:5])


def log_on(trader: Trader) -> None:
    """Log on; again, for a while, when the venue has not seen yet that the session's last connection has ended."""
    until = time.monotonic() + 2
    while True:
        try:
            return trader.logon(WAIT_S)
        except LogonError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


PATIENCE_S = 4.0
"""The longest that a well-behaved client may wait for an answer, whatever others do; generous for busy machines."""


class Bystander:
    """A well-behaved client that asks all the time and notes its longest wait."""

    def __init__(self, trader: Trader) -> None:
        self.trader = trader
        self.longest_wait_s = 0.0
        self.answers = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        while True:
            self.longest_wait_s = max(self.longest_wait_s, self.trader.round_trip_s())
            self.answers += 1
            if self._done.wait(0.01):
                return

    def finish(self) -> None:
        self._done.set()
        self._thread.join()


@pytest.fixture
def bystander(traders: Traders) -> Iterator[Bystander]:
    """CLIENT2, undisturbed: it must be answered all the time."""
    bystander = Bystander(traders("CLIENT2"))
    yield bystander
    bystander.finish()
    assert bystander.answers > 0
    assert bystander.longest_wait_s < PATIENCE_S, f"a bystander waited {bystander.longest_wait_s:.1f} s"
