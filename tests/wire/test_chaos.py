"""Each process of the venue, and Redis, killed at random moments while clients trade: nothing missed, nothing doubled.

Trading does not notice the end of any but the gateway; the gateway's clients log on again with the numbers they have.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fixgw.cli.run import FOLLOWERS
from fixgw.client.message import Message
from fixgw.client.session import SessionError
from fixgw.journal.position import Position
from tests.wire.test_fix_marketdata import Screen, levels_of, request
from tests.wire.test_trading_day import (
    clients_saw_their_reports,
    copies_are_the_reports,
    metrics_count_all,
    redis_has_all,
    trade_at_random,
)
from tests.wire.venue import WAIT_S, Trader, wait_for
from tests.wire.whole import Listener, WholeVenue

VICTIMS = [*FOLLOWERS, "redis"]
READ_POSITIONS = ("publisher", "drop-copy", "market-data")
ANSWER_MAX_S = 5.0
RETURN_S = 30.0


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[WholeVenue]:
    with WholeVenue(tmp_path).start() as venue:
        yield venue


class Crowd:
    """Two who trade and all who watch; a watcher that is cut off comes back with the numbers it has."""

    def __init__(self, venue: WholeVenue) -> None:
        self.venue = venue
        self.alice, self.bob = (Trader(name, venue.port("ORDER_ENTRY")) for name in ("CLIENT1", "CLIENT2"))
        self.copies = {name: Trader(name, venue.port("DROP_COPY")) for name in ("DROPCOPY", "DROPALPHA")}
        self.reader = Trader("MDATA1", venue.port("MARKET_DATA"))
        for client in (self.alice, self.bob, *self.copies.values(), self.reader):
            client.logon(WAIT_S)
            client.reset = False

    @property
    def traders(self) -> tuple[Trader, Trader]:
        return self.alice, self.bob

    def bring_back(self, *clients: Trader) -> None:
        for client in clients or (*self.copies.values(), self.reader):
            if client.closed:
                with suppress(SessionError):
                    client.logon(1.0)

    def are_all_back(self) -> bool:
        self.bring_back()
        return all(not client.closed for client in (*self.copies.values(), self.reader))


def settle(venue: WholeVenue, crowd: Crowd, killed: Counter[str], listener: Listener) -> None:
    """Wait until all serve again, and compare what all saw with the journal."""
    wait_for(lambda: all(venue.processes()[name]["restarts"] >= n for name, n in killed.items()), RETURN_S, "restarts")
    wait_for(venue.all_serve, RETURN_S, "all serve again")
    wait_for(crowd.are_all_back, RETURN_S, "all watchers are back")
    clients_saw_their_reports(venue, {"CLIENT1": crowd.alice, "CLIENT2": crowd.bob})
    copies_are_the_reports(venue, crowd.copies)
    heard_without_a_gap(venue, listener)
    wait_for(lambda: _is_up_to_date(venue), RETURN_S, "Redis has all")
    redis_has_all(venue)
    reader_gets_the_book(venue, crowd.reader)
    wait_for(lambda: _counts_all(venue), RETURN_S, "metrics count all")
    last = max(frame.sequence for frame in venue.frames())
    for name in READ_POSITIONS:
        wait_for(lambda: Position(venue.data / "positions", name).load() >= last, RETURN_S, name)  # noqa: B023


def _is_up_to_date(venue: WholeVenue) -> bool:
    last = max(frame.sequence for frame in venue.frames())
    return Position(venue.data / "positions", "publisher").load() >= last


def _counts_all(venue: WholeVenue) -> bool:
    try:
        metrics_count_all(venue)
    except (OSError, AssertionError):
        return False
    return True


def heard_without_a_gap(venue: WholeVenue, listener: Listener) -> None:
    wanted = venue.updates()
    wait_for(lambda: bool(listener.heard) and listener.heard[-1].number >= len(wanted), RETURN_S, "all messages")
    first = listener.heard[0].number
    assert [(n.number, n.message) for n in listener.heard] == list(enumerate(wanted, start=1))[first - 1 :]
    assert listener.client.feed.statistics.given_up == 0


def reader_gets_the_book(venue: WholeVenue, reader: Trader) -> None:
    md_req_id = f"end{time.monotonic_ns()}"
    reader.send(request("AAPL", kind="0", md_req_id=md_req_id))
    message: Message = reader.expect({35: "W", 262: md_req_id}, WAIT_S, skip=True)
    screen = Screen("AAPL")
    screen.see(message)
    assert screen.levels == levels_of(venue.data, "AAPL")


@pytest.mark.parametrize("seed", [1])
def test_trading_does_not_notice_the_end_of_a_follower(venue: WholeVenue, seed: int) -> None:
    dice = random.Random(seed)
    with Listener(venue.variables) as listener:
        crowd, killed = Crowd(venue), Counter[str]()
        for victim in dice.sample(VICTIMS * 2, 2 * len(VICTIMS)):
            trade_at_random(*crowd.traders, dice, orders=dice.randint(1, 40))
            if venue.processes()[victim]["state"] == "running":
                venue.kill(victim)
                killed[victim] += 1
            began = time.monotonic()
            trade_at_random(*crowd.traders, dice, orders=20)
            assert time.monotonic() - began < ANSWER_MAX_S
            crowd.bring_back()
        assert not any(trader.closed for trader in crowd.traders)
        assert set(killed) == set(VICTIMS)
        settle(venue, crowd, killed, listener)


def test_the_gateway_comes_back_and_all_go_on(venue: WholeVenue) -> None:
    dice = random.Random(2)
    with Listener(venue.variables) as listener:
        crowd, killed = Crowd(venue), Counter[str]()
        for _ in range(3):
            trade_at_random(*crowd.traders, dice, orders=30)
            with suppress(SessionError):
                for _ in range(20):  # on their way when the gateway ends
                    crowd.alice.buy("1", "100.00")
                    crowd.bob.sell("1", "100.00")
                venue.kill("gateway")
            killed["gateway"] += 1
            wait_for(lambda: all(t.closed for t in crowd.traders), WAIT_S, "the end is noticed")

            def are_back() -> bool:
                crowd.bring_back(*crowd.traders)
                return all(not trader.closed for trader in crowd.traders)

            wait_for(are_back, RETURN_S, "all traders are back")
            trade_at_random(*crowd.traders, dice, orders=10)
        settle(venue, crowd, killed, listener)
