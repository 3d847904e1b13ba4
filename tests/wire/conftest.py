"""One venue for all tests that leave it running, and clients that leave its book empty."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
        trader.logon(WAIT_S)
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
