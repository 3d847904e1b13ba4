"""The end of a trading day on real processes and sockets: killed in the middle, with sequence numbers begun anew."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fixgw.admin.client import AdminClient, Refused
from fixgw.client.message import Message
from fixgw.client.protocol import Direction
from fixgw.journal.reader import read
from fixgw.spec.commands import BeginDay, EndDay
from fixgw.spec.events import Event, OrderExpired, OrderRestated, SessionReset
from tests.scenario_runner import venue_toml
from tests.wire.conftest import log_on
from tests.wire.venue import WAIT_S, Trader, Venue, connection, logon, new_id, read_until, read_until_closed, wait_for

DAY_ORDERS = 900
GTC_ORDERS = 300
KILLS = 4


class House:
    """A venue whose [day] the test writes, its operator and its clients."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._config = folder / "conf"
        self._config.mkdir()
        self._stack = stack
        self.venue = Venue(folder / "data", self._config)
        self.traders: list[Trader] = []

    def start(self, **day: object) -> None:
        """Start with these settings of a day, or with those of the last time."""
        if day:
            lines = (f'# config: day.{name} = "{value}"' for name, value in day.items() if isinstance(value, str))
            flags = (f"# config: day.{name} = true" for name, value in day.items() if value is True)
            (self._config / "venue.toml").write_text(venue_toml("\n".join((*lines, *flags))), encoding="utf-8")
        self.venue.start()

    def trader(self, sender: str, *, reset: bool = True) -> Trader:
        trader = self._stack.enter_context(Trader(sender, self.venue.port, reset=reset))
        self.traders.append(trader)
        log_on(trader)
        return trader

    def ask(self, do: str, **fields: object) -> dict[str, object]:
        with AdminClient(self.venue.data) as operator:
            return operator.ask(do, **fields)

    def end_day(self) -> dict[str, object]:
        return self.ask("end-day", date=self.ask("status")["trading_date"], reason="a drill")

    def wait_for_day(self, date: object) -> None:
        def has_begun() -> bool:
            status = self.ask("status")
            return (status["trading_date"], status["day_phase"]) == (date, "open")

        wait_for(has_begun, WAIT_S, f"the trading day {date}")

    @property
    def events(self) -> list[Event]:
        return [event for frame in read(self.venue.data / "journal") for event in frame.events]

    def commands(self, kind: type) -> int:
        return sum(isinstance(frame.command, kind) for frame in read(self.venue.data / "journal"))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        house = House(tmp_path, stack)
        yield house
        assert [trader.invalid for trader in house.traders if trader.invalid] == []
        if house.venue.is_alive:
            house.venue.kill()


def reports(trader: Trader, exec_type: str) -> list[Message]:
    """Return the reports of this ExecType(150) that came, by MsgSeqNum(34), each once."""
    came = [m for direction, m in list(trader.log) if direction is Direction.IN and m.msg_type == "8"]
    by_number = {int(message[34]): message for message in came}
    return [message for _, message in sorted(by_number.items()) if message[150] == exec_type]


def following(date: object) -> str:
    assert isinstance(date, str)
    return (datetime.fromisoformat(date) + timedelta(days=1)).date().isoformat()


def test_a_venue_killed_in_the_middle_of_a_day_end_finishes_it_exactly_once(house: House) -> None:
    """Killed again and again, while orders expire and while the others are restated."""
    dice = random.Random(37)
    house.start(restate_gtc=True)
    alice = house.trader("CLIENT1")
    day_orders = {alice.buy("1", f"{50 + number % 40}.00", "MSFT") for number in range(DAY_ORDERS)}
    gtc_orders = {alice.buy("1", f"{10 + number % 40}.00", "MSFT", t59="1") for number in range(GTC_ORDERS)}
    wait_for(lambda: house.ask("status")["open_orders"] == DAY_ORDERS + GTC_ORDERS, WAIT_S, "all orders open")
    date = house.ask("status")["trading_date"]

    answer = house.end_day()
    house.venue.kill()

    assert answer["left"] == DAY_ORDERS - 200
    unfinished = sum(isinstance(event, OrderExpired) for event in house.events) < DAY_ORDERS
    for _ in range(KILLS):
        house.start()
        time.sleep(dice.random() / 4)
        house.venue.kill()
    house.start()
    house.wait_for_day(following(date))

    assert unfinished, "it was over before the kill"
    expired = Counter(event.order.cl_ord_id for event in house.events if isinstance(event, OrderExpired))
    restated = Counter(event.order.cl_ord_id for event in house.events if isinstance(event, OrderRestated))
    assert expired == Counter(day_orders)
    assert restated == Counter(gtc_orders)
    assert (house.commands(EndDay), house.commands(BeginDay)) == (1, 1)
    with pytest.raises(Refused, match=f"the trading day {date} has ended before"):
        house.ask("end-day", date=date, reason="a drill")
    alice.wait_closed(WAIT_S)
    alice.reset = False
    log_on(alice)
    wait_for(lambda: len(reports(alice, "D")) >= GTC_ORDERS, WAIT_S, "a report of each order")
    alice.drain()
    assert Counter(report[11] for report in reports(alice, "C")) == Counter(day_orders)
    assert Counter(report[11] for report in reports(alice, "D")) == Counter(gtc_orders)


def test_what_a_new_day_brings_has_new_sequence_numbers(house: House) -> None:
    """Once for each session, who is away included; a client that begins at 1 as well hears of all of it."""
    house.start(restate_gtc=True, reset_sequence_numbers=True)
    alice = house.trader("CLIENT1")
    kept, gone = alice.buy("1", "1.00", t59="1"), alice.buy("1", "1.00")
    alice.expect({150: "0", 11: gone}, WAIT_S, skip=True)
    date = house.ask("status")["trading_date"]

    house.end_day()

    alice.expect({150: "C", 39: "C", 11: gone, 151: "0"}, WAIT_S)
    alice.wait_closed(WAIT_S)
    house.wait_for_day(following(date))
    resets = Counter(event.session for event in house.events if isinstance(event, SessionReset))
    assert resets == Counter({"CLIENT1": 1, "CLIENT2": 1, "CLIENT3": 1, "CLIENT4": 1})
    anew = house.trader("CLIENT1", reset=False)
    restated = anew.expect({150: "D", 11: kept, 378: "1", 424: "1"}, WAIT_S)
    assert (restated[34], restated[43]) == ("1", "Y")


def test_between_two_days_no_order_is_taken(house: House) -> None:
    """A client that does not answer its Logout holds up the new day for two seconds: nobody trades until then."""
    house.start(reset_sequence_numbers=True)
    bob = house.trader("CLIENT2")
    date = house.ask("status")["trading_date"]
    with connection(house.venue.port) as deaf:
        deaf.sendall(logon("CLIENT3", heartbeat_s="0"))
        read_until(deaf, b"\x0135=A\x01")
        house.end_day()
        bob.wait_closed(WAIT_S)
        early = house.trader("CLIENT2", reset=False)

        refused = early.buy("1", "1.00")

        text = f"the trading day {date} has ended; the next one begins in a moment"
        early.expect({150: "8", 39: "8", 103: "2", 58: text, 11: refused}, WAIT_S)
        read_until_closed(deaf)
    house.wait_for_day(following(date))
    early.expect({150: "0", 11: early.buy("1", "1.00")}, WAIT_S)


def test_the_clock_ends_a_day_after_a_restart_too(house: House) -> None:
    """The venue was not there at the end of its day: the next start begins with that."""
    hour = datetime.now(UTC).hour
    noon = f"Etc/GMT{hour - 12:+d}"  # a time zone where it is noon now: those with a plus are behind
    house.start(end="23:00", time_zone=noon)
    alice = house.trader("CLIENT1")
    wait_for(lambda: house.commands(BeginDay) == 1, WAIT_S, "the first day")
    date = house.ask("status")["trading_date"]
    resting = alice.buy("1", "1.00")
    alice.expect({150: "0", 11: resting}, WAIT_S)
    house.venue.kill()
    alice.wait_closed(WAIT_S)

    house.start(end="11:00", time_zone=noon)

    house.wait_for_day(following(date))
    alice.reset = False
    log_on(alice)
    alice.expect({150: "C", 11: resting, 58: f"the trading day {date} has ended: 11:00 {noon}"}, WAIT_S)
    alice.send([(35, "F"), (11, new_id()), (41, resting), (55, "AAPL"), (54, "1"), (60, "20260101-00:00:00")])
    alice.expect({35: "9", 102: "0", 39: "C"}, WAIT_S)


def test_killed_while_numbers_begin_anew_each_session_is_reset_once_and_nothing_is_lost(house: House) -> None:
    """Whatever was done before a kill: the client that begins at 1 hears of each order that goes on, in order, once."""
    dice = random.Random(38)
    house.start(restate_gtc=True, reset_sequence_numbers=True)
    alice = house.trader("CLIENT1")
    kept = [alice.buy("1", "1.00", t59="1") for _ in range(GTC_ORDERS)]
    wait_for(lambda: house.ask("status")["open_orders"] == GTC_ORDERS, WAIT_S, "all orders open")
    date = house.ask("status")["trading_date"]

    house.end_day()

    for _ in range(KILLS):
        time.sleep(dice.random() / 2)
        house.venue.kill()
        house.start()
    house.wait_for_day(following(date))
    resets = Counter(event.session for event in house.events if isinstance(event, SessionReset))
    assert set(resets.values()) == {1}
    restated = Counter(event.order.cl_ord_id for event in house.events if isinstance(event, OrderRestated))
    assert restated == Counter(kept)
    alice.wait_closed(WAIT_S)
    anew = house.trader("CLIENT1", reset=False)
    wait_for(lambda: len(reports(anew, "D")) >= GTC_ORDERS, WAIT_S, "a report of each order")
    assert [(report[34], report[11]) for report in reports(anew, "D")] == [
        (str(number), cl_ord_id) for number, cl_ord_id in enumerate(kept, start=1)
    ]
