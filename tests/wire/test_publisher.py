"""What Redis holds is a function of the journal, whoever is killed, in the venue's own Redis or in another."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import redis

from fixgw.admin.client import AdminClient
from fixgw.journal.reader import read
from fixgw.marketdata import channel, embedded
from fixgw.marketdata.depth import Depth
from fixgw.marketdata.messages import encode
from tests.marketdata.redis_server import redis_server
from tests.wire.market import PATIENCE_S, Market, trade
from tests.wire.processes import House
from tests.wire.venue import START_TIMEOUT_S, WAIT_S, Trader, wait_for

OTHERS_VENUE_ID = "0" * 32


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """One venue for the tests that kill nobody."""
    with Market(tmp_path_factory.mktemp("publisher")) as market:
        yield market


@pytest.fixture
def own_redis(market: Market) -> "Iterator[redis.Redis]":
    """A client of the venue's own Redis."""
    with redis.Redis.from_url(embedded.url(market.data, None)) as client:
        yield client


@pytest.fixture
def traders(market: Market) -> Iterator[list[Trader]]:
    with market.trader("CLIENT1") as alice, market.trader("CLIENT2") as bob:
        yield [alice, bob]
        assert [alice.invalid, bob.invalid] == [[], []]


Entry = tuple[str, int, bytes]
"""Id, number and message."""


def due(data: Path) -> list[Entry]:
    """What the journal says that the stream has."""
    depth, entries = Depth(), list[Entry]()
    for frame in read(data / "journal"):
        for count, update in enumerate(depth.apply(frame)):
            entries.append((f"{frame.sequence}-{count}", len(entries) + 1, encode(update)))
    return entries


def stream(client: "redis.Redis") -> list[Entry]:
    came: Any = client.xrange(channel.STREAM)
    return [(entry_id.decode(), int(fields[channel.NUMBER]), fields[channel.MESSAGE]) for entry_id, fields in came]


def wait_for_all(client: "redis.Redis", data: Path) -> list[Entry]:
    """Return what the stream has when it has as many entries as it should; Redis may be away in between."""
    wanted, until = len(due(data)), time.monotonic() + PATIENCE_S
    while True:
        try:
            if len(came := stream(client)) >= wanted:
                return came
        except redis.ConnectionError:
            pass
        assert time.monotonic() < until, f"not all of {wanted} entries within {PATIENCE_S:g} s"
        time.sleep(0.05)


def book_says(client: "redis.Redis", symbol: str, number: int) -> dict[str, Any]:
    """Return the book in Redis as soon as it is that of the message with this number, or a later one."""
    found: dict[str, Any] = {}

    def is_new() -> bool:
        text: Any = client.get(channel.book_key(symbol))
        found.update(json.loads(text) if text else {})
        return bool(found) and found["number"] >= number

    wait_for(is_new, WAIT_S, f"{symbol}.book of message {number}")
    return found


def test_the_stream_is_that_of_the_journal(market: Market, own_redis: "redis.Redis", traders: list[Trader]) -> None:
    """Ids are the sequence and the count within it, numbers go from 1 on."""
    trade(Random(1), traders, 200)
    for trader in traders:
        trader.drain()

    entries = wait_for_all(own_redis, market.data)

    assert entries == due(market.data)
    assert [number for _, number, _ in entries] == list(range(1, len(entries) + 1))


def test_a_book_and_a_price_are_there_to_be_read(
    market: Market, own_redis: "redis.Redis", traders: list[Trader]
) -> None:
    alice, bob = traders
    alice.sell("0.5", "100.25", "BTC-USD")
    alice.sell("2", "100.25", "BTC-USD")
    alice.expect({150: "0"}, WAIT_S)
    alice.expect({150: "0"}, WAIT_S)
    assert own_redis.get("ESZ6.price") is None
    bob.buy("0.2", "100.50", "BTC-USD")
    bob.expect({150: "F"}, WAIT_S, skip=True)
    bob.buy("1", "99.00", "BTC-USD")
    bob.expect({150: "0"}, WAIT_S, skip=True)

    number = len(due(market.data))
    assert book_says(own_redis, "BTC-USD", number) == {
        "symbol": "BTC-USD",
        "number": number,
        "state": "trading",
        "last": "100.25",
        "bids": [["99.00", "1.0000", 1]],
        "asks": [["100.25", "2.3000", 2]],
    }
    assert own_redis.get("BTC-USD.price") == b"100.25"


def test_a_busted_trade_leaves_no_price(market: Market, own_redis: "redis.Redis", traders: list[Trader]) -> None:
    """The price of the last trade that stands; where none does there is none."""
    alice, bob = traders
    alice.sell("1", "4000.00", "ESZ6")
    bob.buy("1", "4000.00", "ESZ6")
    trade = alice.expect({150: "F"}, WAIT_S, skip=True)[17]
    wait_for(lambda: own_redis.get("ESZ6.price") == b"4000.00", WAIT_S, "the price")

    with AdminClient(market.data) as operator:
        operator.ask("bust-trade", trade=trade, reason="a mistake")

    wait_for(lambda: own_redis.get("ESZ6.price") is None, WAIT_S, "no price")
    assert book_says(own_redis, "ESZ6", len(due(market.data)))["last"] is None


def test_who_subscribes_hears_changes_as_they_happen(own_redis: "redis.Redis", traders: list[Trader]) -> None:
    """A line of JSON each, of that instrument only."""
    alice, bob = traders
    with own_redis.pubsub() as subscriber:  # type: ignore[no-untyped-call]
        subscriber.subscribe(channel.live_channel("ESZ6"))
        # That somebody listens is found out when books are written.
        heard: list[dict[str, Any]] = []

        def hears() -> bool:
            alice.buy("1", "1.00", "ESZ6")
            alice.buy("1", "1.00", "AAPL")
            alice.drain()
            message = subscriber.get_message(ignore_subscribe_messages=True, timeout=0.2)
            return message is not None

        wait_for(hears, WAIT_S, "a first line")
        alice.sell("5", "2000.25", "ESZ6")
        bob.buy("3", "2000.25", "ESZ6")
        bob.drain()
        until = time.monotonic() + WAIT_S
        while not heard or heard[-1]["kind"] != "executed":
            assert time.monotonic() < until, heard
            message = subscriber.get_message(ignore_subscribe_messages=True, timeout=0.2)
            heard += [json.loads(message["data"])] if message else []

    added, executed = heard[-2:]
    assert {line["symbol"] for line in heard} == {"ESZ6"}
    wanted = {"kind": "added", "side": "sell", "price": "2000.25", "qty": "5", "order_id": executed["order_id"]}
    assert wanted.items() <= added.items()
    wanted = {"price": "2000.25", "qty": "3", "leaves_qty": "2", "number": added["number"] + 1}
    assert wanted.items() <= executed.items()


def test_the_redis_of_the_venue_is_for_nobody_else(market: Market, own_redis: "redis.Redis") -> None:
    """A Unix socket in a folder that only its owner may enter, and no port."""
    folder = market.data / "redis"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "redis.sock").stat().st_mode & 0o777 == 0o600
    assert own_redis.config_get("port") == {"port": "0"}
    assert tcp_sockets(market.pid("redis")) == set()
    assert tcp_sockets(market.pid("gateway")) != set()  # as sockets are found where there are some


def tcp_sockets(pid: int) -> set[str]:
    """The inodes of all TCP sockets that a process has."""
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    inodes = {line[9] for line in lines}
    links = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
    return {inode for inode in inodes if f"socket:[{inode}]" in links}


@pytest.mark.parametrize("victims", [("publisher",), ("redis",), ("publisher", "redis")], ids="-".join)
def test_killed_at_random_moments_the_stream_has_all_once(tmp_path: Path, victims: tuple[str, ...]) -> None:
    """And its books are right; who trades notices nothing."""
    dice = Random(5)
    with (
        Market(tmp_path) as market,
        market.trader("CLIENT1") as alice,
        market.trader("CLIENT2") as bob,
        redis.Redis.from_url(embedded.url(market.data, None)) as client,
    ):
        for victim in victims * 3:
            trade(dice, [alice, bob], 100)
            time.sleep(dice.random() / 5)
            wait_until_back = market.kill(victim)
            trade(dice, [alice, bob], 100)
            wait_until_back()
        alice.drain()
        bob.drain()

        assert wait_for_all(client, market.data) == due(market.data)

        _, books = market.published()
        for symbol in ("AAPL", "MSFT"):
            book = books.by_symbol[symbol]
            last_number = max(n for _, n, m in due(market.data) if m[1:3] == book.listing.instrument.to_bytes(2, "big"))
            said = book_says(client, symbol, last_number)
            assert [bid[1:] for bid in said["bids"]] == [[str(level.qty), level.order_count] for level in book.bids]
            assert [ask[1:] for ask in said["asks"]] == [[str(level.qty), level.order_count] for level in book.asks]
        assert [alice.invalid, bob.invalid] == [[], []]


@pytest.fixture
def other_redis(tmp_path: Path) -> "Iterator[tuple[str, redis.Redis]]":
    """A Redis that is not the venue's: its URL, and a client."""
    with redis_server(tmp_path / "other") as client:
        yield f"unix://{tmp_path / 'other' / 'redis' / 'redis.sock'}", client


def test_another_redis_will_do(tmp_path: Path, other_redis: "tuple[str, redis.Redis]") -> None:
    url, client = other_redis
    with Market(tmp_path, FIXGW_REDIS_URL=url) as market, market.trader("CLIENT1") as alice:
        alice.buy("1", "1.00")
        alice.drain()

        assert wait_for_all(client, market.data) == due(market.data)
        assert client.get(channel.book_key("AAPL"))
        assert not (market.data / "redis").exists()


def test_the_redis_of_another_venue_is_left_alone(tmp_path: Path, other_redis: "tuple[str, redis.Redis]") -> None:
    """It says what is wrong and what to do, and writes nothing."""
    url, client = other_redis
    client.set(channel.VENUE, OTHERS_VENUE_ID)
    client.xadd(channel.STREAM, {"n": "1", "m": "theirs"}, id="7-0")
    house = House(tmp_path)
    house.ports["FIXGW_REDIS_URL"] = url
    with house.start("gateway", "publisher"):
        publisher = house["publisher"].process
        assert publisher is not None
        assert publisher.wait(START_TIMEOUT_S) == 1
        assert publisher.stdout is not None
        (reason,) = json.loads(publisher.stdout.readline())["error"]
        publisher.stdout.close()
        house["publisher"].process = None

    logged = house["publisher"].stderr.read_text()
    assert reason in logged
    assert "Traceback" not in logged
    assert reason.startswith(f"redis.url: it holds the market data of venue {OTHERS_VENUE_ID}, this is ")
    assert "give each venue a Redis or a database number of its own" in reason
    assert stream_ids(client) == ["7-0"]
    assert client.get(channel.VENUE) == OTHERS_VENUE_ID.encode()


def stream_ids(client: "redis.Redis") -> list[str]:
    came: Any = client.xrange(channel.STREAM)
    return [entry_id.decode() for entry_id, _ in came]
