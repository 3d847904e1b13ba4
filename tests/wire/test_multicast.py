"""Multicast on real sockets: readers have every message once, whatever is lost and whoever dies."""

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

import pytest

from fixgw.marketdata.messages import OrderAdded, OrderExecuted
from fixgw.marketdata.multicaster import Group, Groups
from fixgw.spec.values import Side
from tests.wire.market import PATIENCE_S, Listener, Market, pictures, trade
from tests.wire.venue import WAIT_S, Trader, wait_for

INSTRUMENTS = 4
LOSS = 0.5


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """One venue for the tests that kill nobody."""
    with Market(tmp_path_factory.mktemp("multicast")) as market:
        yield market


@pytest.fixture
def traders(market: Market) -> Iterator[list[Trader]]:
    with market.trader("CLIENT1") as alice, market.trader("CLIENT2") as bob:
        yield [alice, bob]
        assert [alice.invalid, bob.invalid] == [[], []]


def check(listener: Listener, market: Market) -> None:
    """It has heard all since it joined, once each and in order, and has the books of the journal."""
    updates, books = market.published()
    listener.listen_until(len(updates), len(books))
    assert listener.heard == list(enumerate(updates, start=1))[listener.heard[0][0] - 1 :]
    assert pictures(listener.client.feed.books) == pictures(books)
    statistics = listener.client.feed.statistics
    assert (statistics.refused, statistics.given_up) == (0, 0)


def test_orders_and_trades_are_heard_as_they_happen(market: Market, traders: list[Trader]) -> None:
    alice, bob = traders
    with Listener(market.groups) as listener:
        listener.listen_until(0, INSTRUMENTS)
        listener.heard.clear()
        alice.sell("5", "10.00", "BTC-USD")
        bob.buy("3", "10.00", "BTC-USD")
        bob.expect({150: "F"}, WAIT_S, skip=True)
        check(listener, market)

        (_, offered), (_, traded) = listener.heard
        assert isinstance(offered, OrderAdded)
        assert (offered.side, offered.price, offered.qty) == (Side.SELL, 1_000, 50_000)
        assert isinstance(traded, OrderExecuted)
        assert (traded.order_id, traded.last_px, traded.last_qty, traded.leaves_qty) == (
            offered.order_id, 1_000, 30_000, 20_000,
        )  # fmt: skip


def test_who_comes_late_has_the_same_books(market: Market, traders: list[Trader]) -> None:
    """From the snapshots, which go on while others trade."""
    dice = Random(1)
    trade(dice, traders, 300)
    with Listener(market.groups) as listener:
        while len(listener.client.feed.books) < INSTRUMENTS:
            trade(dice, traders, 5)
            listener.listen(0.05)
        for trader in traders:
            trader.drain()
        check(listener, market)
        assert listener.heard[0][0] > 2 * INSTRUMENTS


class Relay:
    """Passes the two feeds on to groups of its own, but for what it loses; snapshots come from the venue itself."""

    def __init__(self, groups: Groups, dice: Random) -> None:
        self.groups = replace(groups, a=_next(groups.a), b=_next(groups.b))
        self.lost = 0
        self._dice = dice
        self._selector = selectors.DefaultSelector()
        for group, to in ((groups.a, self.groups.a), (groups.b, self.groups.b)):
            heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            heard.bind(group)
            membership = socket.inet_aton(group[0]) + socket.inet_aton(groups.interface)
            heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
            heard.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(groups.interface))
            heard.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
            self._selector.register(heard, selectors.EVENT_READ, to)
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._pass_on)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._is_closing.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()

    def _pass_on(self) -> None:
        while not self._is_closing.is_set():
            for key, _ in self._selector.select(0.1):
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(65_536)
                if self._dice.random() < LOSS:
                    self.lost += 1
                else:
                    key.fileobj.sendto(data, key.data)


def _next(group: Group) -> Group:
    return group[0], group[1] + 10


def test_what_both_feeds_lose_is_asked_for_again(market: Market, traders: list[Trader]) -> None:
    dice = Random(2)
    with Relay(market.groups, Random(3)) as relay, Listener(relay.groups) as listener:
        listener.listen_until(0, INSTRUMENTS)
        until = time.monotonic() + PATIENCE_S
        while listener.client.feed.statistics.gaps < 10:
            trade(dice, traders, 5)
            listener.listen(0.02)
            assert time.monotonic() < until, listener.client.feed.statistics
        for trader in traders:
            trader.drain()
        check(listener, market)

    assert relay.lost > 20


class Recording:
    """A listener on a thread of its own."""

    def __init__(self, groups: Groups) -> None:
        self.listener = Listener(groups)
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while not self._is_closing.is_set():
            self.listener.listen(0.1)

    def stop(self) -> Listener:
        self._is_closing.set()
        self._thread.join()
        return self.listener


@pytest.mark.parametrize("victims", [("multicaster",), ("redis",), ("publisher", "redis", "multicaster")])
def test_who_listens_misses_nothing_whoever_is_killed(tmp_path: Path, victims: tuple[str, ...]) -> None:
    """From the first message on, also who loses half of all packets; and who trades notices nothing."""
    dice = Random(4)
    market = Market(tmp_path)
    with contextlib.ExitStack() as stack:
        relay = stack.enter_context(Relay(market.groups, Random(5)))
        recordings = [Recording(market.groups), Recording(relay.groups)]  # before the first message
        for recording in recordings:
            stack.callback(lambda recording: recording.stop().client.close(), recording)
        stack.enter_context(market)
        traders = [stack.enter_context(market.trader(sender)) for sender in ("CLIENT1", "CLIENT2")]
        longest_wait_s = 0.0
        for victim in victims * 2:
            trade(dice, traders, 100)
            wait_until_back = market.kill(victim)
            for _ in range(10):
                trade(dice, traders, 20)
                longest_wait_s = max(longest_wait_s, traders[0].round_trip_s())
                time.sleep(dice.random() / 20)
            wait_until_back()
        for trader in traders:
            trader.drain()
        last_number = len(market.published()[0])
        for recording in recordings:
            feed = recording.listener.client.feed
            wait_for(lambda: (feed.next_number or 0) > last_number, PATIENCE_S, "all is heard")  # noqa: B023
            check(recording.stop(), market)

        assert recordings[0].listener.heard[0][0] == 1
        assert recordings[1].listener.client.feed.statistics.gaps > 0
        assert [trader.invalid for trader in traders] == [[], []]
        assert longest_wait_s < 2.0
