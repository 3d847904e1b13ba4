"""Exactly once, as the clients see it: the gateway is killed at random moments while they trade with each other.

After each start they log on again with the sequence numbers they have.  In the end what each has is what the journal
says, report by report.
"""

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fixgw.client.protocol import Direction
from fixgw.client.session import SessionError
from fixgw.fix.outbound import Encoder
from fixgw.journal.reader import read
from fixgw.spec.events import OrderAccepted
from tests.wire.processes import House
from tests.wire.venue import WAIT_S, Trader, new_id, wait_for
from tests.wire.whole import Fields, body, received, report_fields

SESSIONS = ("CLIENT1", "CLIENT2", "CLIENT3", "CLIENT4")
KILLS, KILLS_LONG = 8, 100
SNAPSHOT_EVERY = "300"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path) as house:
        house.ports["FIXGW_JOURNAL_SNAPSHOT_EVERY"] = SNAPSHOT_EVERY
        yield house.start("gateway", "snapshotter")


class Crowd:
    """Traders who send what they like, and come back when they are cut off."""

    def __init__(self, house: House, seed: int) -> None:
        self.dice = random.Random(seed)
        self.traders = {name: Trader(name, house.port("ORDER_ENTRY")) for name in SESSIONS}
        self.orders: defaultdict[str, list[str]] = defaultdict(list)
        """ClOrdIDs by session, as they were sent."""
        for trader in self.traders.values():
            trader.logon(WAIT_S)
            trader.reset = False

    def trade(self, count: int) -> None:
        for _ in range(count):
            name = self.dice.choice(SESSIONS)
            with suppress(SessionError):
                self._act(name, self.traders[name])

    def _act(self, name: str, trader: Trader) -> None:
        mine = self.orders[name]
        if mine and self.dice.random() < 0.2:
            fields = [(35, "F"), (11, new_id()), (41, self.dice.choice(mine)), (55, "AAPL"), (54, "1")]
            trader.send([*fields, (60, "20260101-00:00:00")])
        elif mine and self.dice.random() < 0.1:
            fields = [(35, "G"), (11, new_id()), (41, self.dice.choice(mine)), (55, "AAPL"), (54, "1"), (40, "2")]
            qty, price = str(self.dice.randint(1, 20)), f"{self.dice.randint(98, 102)}.00"
            trader.send([*fields, (38, qty), (44, price), (60, "20260101-00:00:00")])
        else:
            cl_ord_id = new_id()
            mine.append(cl_ord_id)
            side, qty, price = self.dice.choice("12"), str(self.dice.randint(1, 9)), f"{self.dice.randint(98, 102)}.00"
            trader.order(cl_ord_id, side, qty, price)

    def come_back(self) -> None:
        wait_for(lambda: all(trader.closed for trader in self.traders.values()), WAIT_S, "the end is noticed")
        for trader in self.traders.values():
            trader.close()
            trader.logon(WAIT_S)
            assert trader.next_in > 1

    def drain(self) -> None:
        for trader in self.traders.values():
            trader.ask_status("barrier")


def reports(house: House, session: str) -> list[Fields]:
    """The reports that the journal's events bring about for a session, in order."""
    encoder = Encoder()
    return [
        report_fields(report)
        for frame in read(house.data / "journal")
        for event in frame.events
        for report in encoder.reports(event, frame.time_ns)
        if report.session == session
    ]


def test_every_report_once_and_every_order_once(house: House, is_long: bool) -> None:
    """No order that was acknowledged is gone, none is executed twice, and nobody has to put a number right."""
    crowd = Crowd(house, seed=7)
    for _ in range(KILLS_LONG if is_long else KILLS):
        crowd.trade(crowd.dice.randint(1, 60))
        killer = threading.Timer(crowd.dice.random() / 20, house["gateway"].kill)
        killer.start()
        crowd.trade(200)
        killer.join()
        house["gateway"].start()
        crowd.come_back()
    crowd.trade(20)
    crowd.drain()

    for name, trader in crowd.traders.items():
        came = received(iter(trader.log))
        wanted = reports(house, name)
        assert [body(message) for message in came] == wanted[-len(came) :]
        assert len(came) == len(wanted) or len(trader.log) == trader.log.maxlen
        executions = Counter(fields[17] for fields in wanted if 17 in fields)
        assert set(executions.values()) == {1}
        assert trader.invalid == []
        assert_amounts_add_up(wanted)
        numbers = {int(message[34]) for way, message in trader.log if way is Direction.IN}
        assert trader.next_in == max(numbers) + 1
    entered = Counter(
        (event.order.session, event.order.cl_ord_id)
        for frame in read(house.data / "journal")
        for event in frame.events
        if isinstance(event, OrderAccepted)
    )
    assert set(entered.values()) == {1}
    assert {cl_ord_id for _, cl_ord_id in entered} <= {each for sent in crowd.orders.values() for each in sent}
    assert list((house.data / "snapshots").glob("*.snapshot"))


def assert_amounts_add_up(reports: list[Fields]) -> None:
    """CumQty(14) grows by LastQty(32), and 38 = 14 + 151 while an order lives (E1, E2)."""
    cum_qty: dict[str, int] = {}
    for fields in reports:
        if 150 not in fields or fields[150] in "8I":
            continue
        order_id, cum = fields[37], int(fields[14])
        assert cum == cum_qty.get(order_id, 0) + int(fields.get(32, "0")), fields
        cum_qty[order_id] = cum
        if fields[39] in "01":
            assert int(fields[38]) == cum + int(fields[151])
