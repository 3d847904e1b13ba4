"""A trading day on the whole venue: two clients, both drop copies, a multicast listener, a FIX market-data client
and an operator; what each of them saw is what the journal says.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import redis

from fixgw.client.message import Message
from fixgw.marketdata.embedded import url
from fixgw.spec.fixed import format_fixed
from tests.wire.test_fix_marketdata import Screen, levels_of, request
from tests.wire.venue import WAIT_S, Trader, new_id, wait_for
from tests.wire.whole import Listener, WholeVenue, body, received

REASON = ("--reason", "a drill", "--yes")
STOP_MAX_S = 5.0
ORDERS = 150


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[WholeVenue]:
    with WholeVenue(tmp_path).start() as venue:
        yield venue


def on(venue: WholeVenue, sender: str, port: str, *, reset: bool = True) -> Trader:
    client = Trader(sender, venue.port(port), reset=reset)
    client.logon(WAIT_S)
    return client


def test_what_everybody_saw_is_what_the_journal_says(venue: WholeVenue) -> None:
    with Listener(venue.variables) as listener:
        alice, bob = on(venue, "CLIENT1", "ORDER_ENTRY"), on(venue, "CLIENT2", "ORDER_ENTRY")
        copies, alphas = on(venue, "DROPCOPY", "DROP_COPY"), on(venue, "DROPALPHA", "DROP_COPY")
        reader = on(venue, "MDATA1", "MARKET_DATA")
        for symbol in ("AAPL", "MSFT"):
            reader.send(request(symbol, md_req_id=symbol))
            reader.expect({35: "W", 262: symbol})

        open_with_every_kind_of_answer(alice, bob)
        alphas.logout()
        trade_at_random(alice, bob, random.Random(1))
        alphas.logon(WAIT_S, reset=False)
        operate(venue, alice, bob)
        trade_at_random(alice, bob, random.Random(2))

        clients_saw_their_reports(venue, {"CLIENT1": alice, "CLIENT2": bob})
        copies_are_the_reports(venue, {"DROPCOPY": copies, "DROPALPHA": alphas})
        listener_heard_every_message(venue, listener)
        reader_has_books_and_trades(venue, reader)
        redis_has_all(venue)
        operator_sees_all(venue)
        metrics_count_all(venue)
        assert [trader.invalid for trader in (alice, bob, copies, alphas, reader)] == [[]] * 5

        pids = [process["pid"] for process in venue.processes().values()]
        assert venue.stop() < STOP_MAX_S
        for client in (alice, bob, copies, alphas, reader):
            client.expect_admin({35: "5"}, WAIT_S)
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def open_with_every_kind_of_answer(alice: Trader, bob: Trader) -> None:
    first = alice.buy("100", "10.00")
    alice.expect({150: "0"})
    bob.sell("30", "10.00")
    alice.expect({150: "F", 14: "30"})
    replace = [(35, "G"), (11, new_id()), (41, first), (55, "AAPL"), (54, "1"), (38, "90"), (40, "2"), (44, "10.00")]
    alice.send([*replace, (60, "20260101-00:00:00")])
    replaced = alice.expect({150: "5"})
    alice.send([(35, "F"), (11, new_id()), (41, "nothing"), (55, "AAPL"), (54, "1"), (60, "20260101-00:00:00")])
    alice.expect({35: "9"})
    alice.send([(35, "F"), (11, new_id()), (41, replaced[11]), (55, "AAPL"), (54, "1"), (60, "20260101-00:00:00")])
    alice.expect({150: "4"})
    for order in (("1", "1.001", "AAPL", {}), ("1", "1.00", "APPL", {}), ("5", "10.00", "AAPL", {"t59": "4"})):
        qty, price, symbol, more = order
        bob.buy(qty, price, symbol, **more)
    bob.buy("2", None)
    bob.buy("2", "10.00", "AAPL", t59="3")
    for price in ("9.00", "9.01"):
        bob.buy("1", price)
    bob.send([(35, "q"), (11, new_id()), (530, "7"), (60, "20260101-00:00:00")])
    bob.expect({35: "r"}, WAIT_S, skip=True)


def trade_at_random(alice: Trader, bob: Trader, dice: random.Random, orders: int = ORDERS) -> None:
    for _ in range(orders):
        who, symbol = dice.choice((alice, bob)), dice.choice(("AAPL", "MSFT", "BTC-USD"))
        cl_ord_id = who.order(
            new_id(), dice.choice("12"), str(dice.randint(1, 9)), f"{dice.randint(95, 105)}.00", symbol
        )
        if dice.random() < 0.3:
            fields = [(35, "F"), (11, new_id()), (41, cl_ord_id), (55, symbol), (54, "1"), (60, "20260101-00:00:00")]
            who.send(fields)
    for who in (alice, bob):
        who.ask_status("barrier")


def operate(venue: WholeVenue, alice: Trader, bob: Trader) -> None:
    venue.does("instruments", "halt", "MSFT", *REASON)
    assert alice.expect({150: "8", 11: alice.buy("1", "100.00", "MSFT")}, WAIT_S, skip=True)[103] == "2"
    venue.does("instruments", "resume", "MSFT", *REASON)
    venue.does("risk", "set", "account:A1", "order_qty_max=50", *REASON)
    assert "50" in alice.expect({150: "8", 11: alice.buy("51", "100.00")}, WAIT_S, skip=True)[58]
    bob.buy("1", "1.00")
    venue.does("risk", "kill", "session:CLIENT2", *REASON)
    bob.expect({150: "4"}, WAIT_S, skip=True)
    bob.expect({150: "8", 11: bob.buy("1", "100.00")}, WAIT_S, skip=True)
    assert venue.does("orders", "list", "--session", "CLIENT2")["orders"] == []
    venue.does("risk", "release", "session:CLIENT2", *REASON)
    venue.does("sessions", "logout", "CLIENT2", *REASON)
    wait_for(lambda: bob.closed, WAIT_S, "CLIENT2 is logged out")
    bob.logon(WAIT_S, reset=False)


def clients_saw_their_reports(venue: WholeVenue, clients: dict[str, Trader]) -> None:
    for session, client in clients.items():
        wanted = venue.reports(session)
        assert len(wanted) > 50
        assert [body(message) for message in received(iter(client.log))] == wanted


def copies_are_the_reports(venue: WholeVenue, readers: dict[str, Trader]) -> None:
    wanted = {"DROPCOPY": venue.reports(msg_types="8"), "DROPALPHA": venue.reports("CLIENT1", msg_types="8")}
    for name, reader in readers.items():
        wait_for(lambda: len(_copies(reader)) >= len(wanted[name]), WAIT_S, f"all copies for {name}")  # noqa: B023
        assert [body(copy) for copy in _copies(reader)] == wanted[name]
        assert {copy[797] for copy in _copies(reader)} == {"Y"}


def _copies(reader: Trader) -> list[Message]:
    return received(iter(list(reader.log)))


def listener_heard_every_message(venue: WholeVenue, listener: Listener) -> None:
    wanted = venue.updates()
    wait_for(lambda: bool(listener.heard) and listener.heard[-1].number >= len(wanted), WAIT_S, "all messages")
    joined_at = listener.heard[0].number
    assert [(n.number, n.message) for n in listener.heard] == list(enumerate(wanted, start=1))[joined_at - 1 :]
    assert joined_at <= len(venue.depth().books) * 2 + 1  # before anybody traded
    books = listener.client.feed.books
    wait_for(lambda: len(books) == 4, WAIT_S, "snapshots of all books")
    for book in venue.depth().books:
        heard = books.by_symbol[book.listing.symbol]
        assert [*heard.snapshot(0, 0)] == [*book.snapshot(0, 0)]


def reader_has_books_and_trades(venue: WholeVenue, reader: Trader) -> None:
    for symbol in ("AAPL", "MSFT"):
        trades = [(trade.resting.exec_id, trade.last_px, trade.last_qty) for trade in venue.trades(symbol)]
        wanted = [(exec_id, format_fixed(px, 2), format_fixed(qty, 0)) for exec_id, px, qty in trades]
        screen = Screen(symbol)

        def is_up_to_date(screen: Screen = screen, symbol: str = symbol) -> bool:
            screen.levels, screen.trades = {}, []
            for _, message in list(reader.log):
                if message.msg_type in ("W", "X") and message[262] == symbol:
                    screen.see(message)
            return screen.levels == levels_of(venue.data, symbol)

        wait_for(is_up_to_date, WAIT_S, f"the book of {symbol}")
        assert screen.trades == wanted != []


def redis_has_all(venue: WholeVenue) -> None:
    client = redis.Redis.from_url(url(venue.data, None), decode_responses=False)
    stream: Any = client.xrange("fixgw:md:1")
    numbers = [int(entry[b"n"]) for _, entry in stream]
    assert numbers == list(range(1, len(venue.updates()) + 1))
    last = venue.trades("AAPL")[-1]
    assert client.get("AAPL.price") == format_fixed(last.last_px, 2).encode()
    bids = json.loads(client.get("AAPL.book"))["bids"]  # type: ignore[arg-type]
    wanted = [price for entry_type, price in levels_of(venue.data, "AAPL") if entry_type == "0"]
    assert [price for price, *_ in bids] == wanted[:10]
    client.close()


def operator_sees_all(venue: WholeVenue) -> None:
    trades = venue.does("trades", "list", "--limit", "1000")["trades"]
    counts = {symbol: len(venue.trades(symbol)) for symbol in ("AAPL", "MSFT", "BTC-USD")}
    assert {symbol: sum(trade["symbol"] == symbol for trade in trades) for symbol in counts} == counts
    listed = venue.does("orders", "list", "--limit", "1000")["orders"]
    assert len(listed) == sum(len(book) for book in venue.depth().books) > 0
    status = venue.does("status")
    assert all(process["state"] == "running" for process in status["processes"])


def metrics_count_all(venue: WholeVenue) -> None:
    ready = urlopen(f"http://127.0.0.1:{venue.port('METRICS')}/health/ready", timeout=WAIT_S)
    assert ready.status == 200
    with urlopen(f"http://127.0.0.1:{venue.port('METRICS')}/metrics", timeout=WAIT_S) as answer:
        text = answer.read().decode()
    trades = [float(line.split()[-1]) for line in text.splitlines() if line.startswith("fixgw_trades_total")]
    assert sum(trades) == sum(len(venue.trades(book.listing.symbol)) for book in venue.depth().books)
