"""Market data over FIX, on real sockets: what a client builds of W and X is the book, whatever happens."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixgw.admin.client import AdminClient
from fixgw.client.message import Field, Message
from fixgw.journal.reader import read
from fixgw.marketdata.depth import Depth
from fixgw.spec.fixed import format_fixed
from tests.wire.processes import House
from tests.wire.venue import (
    RESET,
    WAIT_S,
    Trader,
    connection,
    logon,
    new_id,
    raw,
    read_until,
    read_until_closed,
    wait_for,
)

BID, OFFER, TRADE = "0", "1", "2"
ALL = (BID, OFFER, TRADE)
NEW, CHANGE, DELETE = "0", "1", "2"
KILLS = 3

Levels = dict[tuple[str, str], tuple[str, str]]
"""MDEntrySize(271) and NumberOfOrders(346) by MDEntryType(269) and MDEntryPx(270)."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path).start("gateway", "market-data") as house:
        yield house


def trader(house: House, sender: str) -> Trader:
    trader = Trader(sender, house.port("ORDER_ENTRY"))
    trader.logon(WAIT_S)
    return trader


def reader(house: House, *, reset: bool = False) -> Trader:
    reader = Trader("MDATA1", house.port("MARKET_DATA"), reset=reset)
    reader.logon(WAIT_S)
    return reader


def request(
    *symbols: str,
    kind: str = "1",
    depth: str = "0",
    update: str | None = "1",
    types: tuple[str, ...] = ALL,
    md_req_id: str | None = None,
    more: tuple[Field, ...] = (),
) -> list[Field]:
    fields = [(35, "V"), (262, md_req_id or new_id("m")), (263, kind), (264, depth)]
    fields += [] if update is None else [(265, update)]
    fields += more
    fields += [(267, str(len(types))), *((269, entry_type) for entry_type in types)]
    return [*fields, (146, str(len(symbols))), *((55, symbol) for symbol in symbols)]


def entries(message: Message) -> list[dict[int, str]]:
    """The entries of the group NoMDEntries(268), each as the dict of its fields."""
    first = 269 if message.msg_type == "W" else 279
    found: list[dict[int, str]] = []
    for tag, value in message:
        if tag == first:
            found.append({})
        if found and tag != 10:
            found[-1][tag] = value
    assert len(found) == int(message[268])
    return found


class Screen:
    """What a client that follows one subscription to the letter has of one symbol."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.levels: Levels = {}
        self.trades: list[tuple[str, str, str]] = []

    def see(self, message: Message) -> None:
        if message.msg_type == "W" and message[55] == self.symbol:
            self.levels = {_place(e): (e[271], e[346]) for e in entries(message) if e[269] != TRADE}
        elif message.msg_type == "X":
            for entry in entries(message):
                if entry[55] == self.symbol:
                    self._change(entry)

    def _change(self, entry: dict[int, str]) -> None:
        place = _place(entry)
        if entry[269] == TRADE:
            assert entry[279] == NEW
            self.trades.append((entry[278], entry[270], entry[271]))
            return
        assert (place in self.levels) is (entry[279] != NEW), entry
        if entry[279] == DELETE:
            del self.levels[place]
        else:
            self.levels[place] = entry[271], entry[346]


def _place(entry: dict[int, str]) -> tuple[str, str]:
    return entry[269], entry[270]


def levels_of(data: Path, symbol: str, depth: int | None = None) -> Levels:
    """The levels of the journal's book."""
    books = Depth()
    for frame in read(data / "journal"):
        books.apply(frame)
    book = books.book(symbol)
    assert book is not None
    price_scale, qty_scale = book.listing.price_scale, book.listing.qty_scale
    return {
        (entry_type, format_fixed(level.price, price_scale)): (
            format_fixed(level.qty, qty_scale),
            str(len(level.orders)),
        )
        for entry_type, side in ((BID, book.bids), (OFFER, book.asks))
        for level in list(side)[:depth]
    }


def test_a_snapshot_has_all_levels_and_the_last_price(house: House) -> None:
    alice, bob, client = trader(house, "CLIENT1"), trader(house, "CLIENT2"), reader(house)
    for qty, price in (("5", "10.00"), ("7", "10.00"), ("1", "9.99")):
        alice.expect({150: "0", 11: alice.buy(qty, price)})
    bob.sell("2", "10.00")
    bob.expect({150: "F"}, skip=True)
    bob.expect({150: "0", 11: bob.sell("3", "10.05")})
    time.sleep(0.1)

    client.send(request("AAPL", "MSFT", kind="0", update=None, md_req_id="once"))

    apple, microsoft = client.expect({35: "W", 262: "once"}), client.expect({35: "W", 262: "once"})
    assert (apple[55], microsoft[55]) == ("AAPL", "MSFT")
    assert entries(microsoft) == []
    assert entries(apple) == [
        {269: BID, 270: "10.00", 271: "10", 346: "2"},
        {269: BID, 270: "9.99", 271: "1", 346: "1"},
        {269: OFFER, 270: "10.05", 271: "3", 346: "1"},
        {269: TRADE, 270: "10.00"},
    ]
    assert client.invalid == []


def test_updates_say_what_is_new_changes_and_goes_and_every_trade(house: House) -> None:
    alice, bob, client = trader(house, "CLIENT1"), trader(house, "CLIENT2"), reader(house)
    client.send(request("AAPL", md_req_id="all"))
    assert entries(client.expect({35: "W", 262: "all"})) == []

    order = alice.buy("5", "10.00")
    alice.expect({150: "0"})
    assert entries(client.expect({35: "X", 262: "all"})) == [
        {279: NEW, 269: BID, 55: "AAPL", 270: "10.00", 271: "5", 346: "1"}
    ]

    bob.sell("2", "10.00")
    sold = bob.expect({150: "F"}, skip=True)
    bought = alice.expect({150: "F"})
    trade, level = entries(client.expect({35: "X", 262: "all"}))
    assert (trade[279], trade[269], trade[55], trade[270], trade[271]) == (NEW, TRADE, "AAPL", "10.00", "2")
    assert trade[278] == bought[17]  # ExecID of the resting side
    assert f"{trade[272]}-{trade[273]}" == sold[60]
    assert level == {279: CHANGE, 269: BID, 55: "AAPL", 270: "10.00", 271: "3", 346: "1"}

    alice.send([(35, "F"), (11, new_id()), (41, order), (55, "AAPL"), (54, "1"), (60, "20260101-00:00:00")])
    assert entries(client.expect({35: "X", 262: "all"})) == [{279: DELETE, 269: BID, 55: "AAPL", 270: "10.00"}]
    assert client.invalid == []


def test_a_trade_is_corrected_and_busted_by_its_name(house: House) -> None:
    alice, bob, client = trader(house, "CLIENT1"), trader(house, "CLIENT2"), reader(house)
    alice.buy("5", "10.00")
    alice.expect({150: "0"})
    client.send(request("AAPL", md_req_id="all"))
    client.expect({35: "W", 262: "all"})
    bob.sell("2", "10.00")
    bought = alice.expect({150: "F"})
    client.expect({35: "X", 262: "all"})

    with AdminClient(house.data) as operator:
        operator.ask("correct-trade", trade=bought[17], price="9.99", reason="a mistake")
        (corrected,) = entries(client.expect({35: "X", 262: "all"}))
        operator.ask("bust-trade", trade=bought[17], reason="a mistake")
        busted, level = entries(client.expect({35: "X", 262: "all"}))

    named = (TRADE, "AAPL", bought[17])
    assert (corrected[279], corrected[269], corrected[55], corrected[278]) == (CHANGE, *named)
    assert (corrected[270], corrected[271]) == ("9.99", "2")
    assert (busted[279], busted[269], busted[55], busted[278]) == (DELETE, *named)
    assert 271 not in busted
    assert level == {279: CHANGE, 269: BID, 55: "AAPL", 270: "10.00", 271: "5", 346: "1"}
    assert client.invalid == []


def test_who_sees_one_level_is_told_of_the_next_when_the_best_goes(house: House) -> None:
    alice, client = trader(house, "CLIENT1"), reader(house)
    best, _ = alice.buy("1", "10.00"), alice.buy("2", "9.00")
    alice.expect({150: "0"})
    alice.expect({150: "0"})
    time.sleep(0.1)
    client.send(request("AAPL", depth="1", types=(BID,)))
    assert [entry[270] for entry in entries(client.expect({35: "W"}))] == ["10.00"]

    alice.send([(35, "F"), (11, new_id()), (41, best), (55, "AAPL"), (54, "1"), (60, "20260101-00:00:00")])

    deleted, added = entries(client.expect({35: "X"}))
    assert (deleted[279], deleted[270], added[279], added[270]) == (DELETE, "10.00", NEW, "9.00")


def test_a_full_refresh_is_a_whole_snapshot_each_time(house: House) -> None:
    alice, client = trader(house, "CLIENT1"), reader(house)
    client.send(request("AAPL", update="0", types=(OFFER,), md_req_id="full"))
    assert entries(client.expect({35: "W", 262: "full"})) == []
    alice.buy("1", "1.00")  # not what was asked for
    alice.sell("1", "11.00")
    assert [entry[270] for entry in entries(client.expect({35: "W", 262: "full"}))] == ["11.00"]
    alice.sell("1", "12.00")
    assert [entry[270] for entry in entries(client.expect({35: "W", 262: "full"}))] == ["11.00", "12.00"]


def test_a_subscription_ends_when_it_is_told_to_or_its_client_leaves(house: House) -> None:
    alice, client = trader(house, "CLIENT1"), reader(house)
    for md_req_id in ("ends", "stays"):
        client.send(request("AAPL", md_req_id=md_req_id))
        client.expect({35: "W", 262: md_req_id})
    client.send(request("AAPL", kind="2", md_req_id="ends"))
    client.send(request("AAPL", kind="0", md_req_id="barrier"))
    client.expect({35: "W", 262: "barrier"})
    alice.buy("1", "1.00")
    client.expect({35: "X", 262: "stays"})

    client.logout()
    client.logon(WAIT_S)
    alice.buy("1", "2.00")
    alice.expect({150: "0"}, skip=True)
    client.send(request("AAPL", kind="0", md_req_id="again"))
    assert client.receive(WAIT_S)[262] == "again"  # type: ignore[index]


@pytest.mark.parametrize(
    ("asked", "reason", "named"),
    [
        (request("APPL"), "0", "Symbol(55) APPL is not traded here"),
        (request("AAPL", md_req_id="taken"), "1", "MDReqID(262) taken"),
        (request("AAPL", depth="-1"), "5", "MarketDepth(264) -1"),
        (request("AAPL", update=None), "6", "MDUpdateType(265) is missing"),
        (request("AAPL", more=((266, "N"),)), "7", "AggregatedBook(266) N"),
        (request("AAPL", types=(BID, "4")), "8", "MDEntryType(269) 4"),
        (request("AAPL", more=((386, "1"), (336, "DAY"))), "9", "NoTradingSessions(386)"),
        (request("AAPL", more=((546, "1"),)), "A", "Scope(546)"),
        (request("AAPL", more=((286, "0"),)), "B", "OpenCloseSettlFlag(286)"),
        (request("AAPL", more=((547, "Y"),)), "C", "MDImplicitDelete(547) Y"),
        (request("AAPL", kind="2"), None, "is no subscription"),
    ],
)
def test_what_cannot_be_is_refused_by_name(house: House, asked: list[Field], reason: str | None, named: str) -> None:
    client = reader(house)
    client.send(request("AAPL", md_req_id="taken"))
    client.expect({35: "W", 262: "taken"})

    client.send(asked)

    refused = client.expect({35: "Y", 262: dict(asked)[262]})
    assert refused.get(281) == (reason or "")
    assert named in refused[58]
    assert client.invalid == []


def test_too_many_subscriptions_are_refused(house: House) -> None:
    client = reader(house)
    for number in range(201):
        client.send(request("AAPL", md_req_id=f"m{number}"))
    refused = client.expect({35: "Y"}, WAIT_S, skip=True)
    assert (refused[262], refused[281]) == ("m200", "2")
    assert "200 subscriptions" in refused[58]


def test_everything_else_is_refused_and_costs_nobody_anything(house: House) -> None:
    client = reader(house)
    order = [(35, "D"), (11, "1"), (55, "AAPL"), (54, "1"), (60, "20260101-00:00:00"), (38, "1"), (40, "1")]
    client.send(order)
    assert client.expect({35: "j", 372: "D"})[380] == "3"
    client.send([(35, "V"), (262, "x"), (263, "1"), (264, "0"), (265, "1"), (267, "1"), (269, "0")])
    assert client.expect({35: "3", 372: "V"})[371] == "146"
    client.send([(tag, "7" if tag == 263 else value) for tag, value in request("AAPL")])
    assert client.expect({35: "3", 372: "V"})[371] == "263"
    client.send(request("AAPL", md_req_id="fine"))
    client.expect({35: "W", 262: "fine"})
    for sender in ("CLIENT1", "DROPCOPY", "NOBODY"):
        with connection(house.port("MARKET_DATA")) as plain:
            plain.sendall(logon(sender, 1, RESET))
            assert b"35=A" not in read_until_closed(plain)


def test_a_resend_of_market_data_is_a_gap_filled(house: House) -> None:
    """Nobody wants yesterday's prices: administrative and market data messages are passed over (E19)."""
    client = reader(house, reset=True)
    client.send(request("AAPL", md_req_id="first"))
    client.expect({35: "W"})
    client.logout()
    with connection(house.port("MARKET_DATA")) as plain:
        plain.sendall(logon("MDATA1", client.next_out))
        read_until(plain, b"35=A")
        plain.sendall(raw([(35, "2"), (7, "1"), (16, "0")], "MDATA1", client.next_out + 1))
        answer = read_until(plain, b"35=4")
    assert b"123=Y" in answer
    assert b"35=W" not in answer


def some_orders(traders: list[Trader], count: int, dice: random.Random) -> None:
    for _ in range(count):
        who = dice.choice(traders)
        price = f"{dice.randint(990, 1010) / 100:.2f}"
        who.order(new_id(), dice.choice("12"), str(dice.randint(1, 9)), price)
    for each in traders:
        each.ask_status("barrier")


def test_what_a_client_builds_is_the_book(house: House) -> None:
    """Random trading, three views, the process killed in between: each view is the journal's book in the end."""
    dice = random.Random(3)
    traders, client = [trader(house, f"CLIENT{n}") for n in (1, 2, 3)], reader(house)
    for kill in range(KILLS + 1):
        screens = {"all": Screen("AAPL"), "three": Screen("AAPL"), "full": Screen("AAPL")}
        some_orders(traders, 30, dice)
        client.send(request("AAPL", "MSFT", md_req_id="all"))
        client.send(request("AAPL", depth="3", md_req_id="three"))
        client.send(request("AAPL", update="0", md_req_id="full"))
        some_orders(traders, 100, dice)

        wanted = {name: levels_of(house.data, "AAPL", 3 if name == "three" else None) for name in screens}
        give_up_at = time.monotonic() + WAIT_S
        while any(screens[name].levels != wanted[name] for name in screens):
            assert time.monotonic() < give_up_at, ({n: s.levels for n, s in screens.items()}, wanted)
            message = client.receive(0.1)
            if message is not None:
                screens[message[262]].see(message)
        trades = screens["all"].trades
        assert len(trades) == len(set(trades)) > 0
        assert client.invalid == []
        if kill < KILLS:
            house["market-data"].kill()
            some_orders(traders, 20, dice)
            house["market-data"].start()
            wait_for(lambda: client.closed, WAIT_S, "the end of the connection")
            client.logon(WAIT_S)  # with the numbers it has
