"""What operators do, as clients see it: on a real venue, over the admin socket and FIX."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from fixgw.admin.client import AdminClient, Refused
from fixgw.client.protocol import Direction
from fixgw.client.session import LogonError
from fixgw.journal import JournalWriter
from fixgw.spec.commands import ResetSession
from fixgw.spec.events import SessionReset
from fixgw.spec.sequenced import Sequenced
from tests.wire.conftest import log_on
from tests.wire.venue import (
    WAIT_S,
    Trader,
    Venue,
    connection,
    logon,
    new_id,
    read_until,
    read_until_closed,
    wait_for,
)


class Operator(AdminClient):
    """An operator with a reason for everything."""

    def do(self, what: str, **fields: object) -> dict[str, object]:
        return self.ask(what, reason="a drill", **fields)

    def session(self, comp_id: str) -> dict[str, object]:
        found: dict[str, object] = next(s for s in self.ask("sessions")["sessions"] if s["session"] == comp_id)
        return found


@pytest.fixture
def house(own_venue: Venue) -> Iterator["House"]:
    """A venue with an operator, and CLIENT1 and CLIENT4 of ALPHA and CLIENT2 of BETA logged on."""
    with ExitStack() as stack:
        house = House(own_venue.start(), stack)
        yield house
        assert house.alice.invalid + house.bob.invalid + house.carol.invalid == []
    own_venue.stop()


class House:
    def __init__(self, venue: Venue, stack: ExitStack) -> None:
        self.venue = venue
        self.alice, self.bob, self.carol = (
            stack.enter_context(Trader(name, venue.port)) for name in ("CLIENT1", "CLIENT2", "CLIENT4")
        )
        for trader in (self.alice, self.bob, self.carol):
            trader.logon(WAIT_S)
        self.operator = stack.enter_context(Operator(venue.data))
        self._stack = stack

    def rest(self, trader: Trader, price: str = "100.00", symbol: str = "AAPL") -> str:
        """Return the ClOrdID of an order of 10 to buy, which rests."""
        cl_ord_id = trader.buy("10", price, symbol)
        trader.expect({150: "0", 11: cl_ord_id}, WAIT_S)
        return cl_ord_id

    def crash(self) -> None:
        if self.venue.is_alive:
            self.venue.kill()
        for trader in (self.alice, self.bob, self.carol):
            trader.wait_closed(WAIT_S)
        self.venue.start()
        self.operator = self._stack.enter_context(Operator(self.venue.data))

    def refused(self, trader: Trader, text: str, symbol: str = "AAPL", reason: str = "0") -> None:
        cl_ord_id = trader.buy("10", "100.00", symbol)
        trader.expect({150: "8", 39: "8", 103: reason, 58: text, 11: cl_ord_id}, WAIT_S)


def test_a_kill_cancels_and_blocks_a_firm_until_it_is_released(house: House) -> None:
    """E29: 11 is that of the order, there is no 41, 58 says why; BETA trades on."""
    of_alice, of_bob, of_carol = house.rest(house.alice), house.rest(house.bob), house.rest(house.carol)

    answer = house.operator.do("kill", scope="firm:ALPHA")

    assert (answer["canceled"], answer["left"]) == (2, 0)
    text = "firm:ALPHA is killed by the operator: a drill"
    for trader, cl_ord_id in ((house.alice, of_alice), (house.carol, of_carol)):
        report = trader.expect({150: "4", 39: "4", 11: cl_ord_id, 151: "0", 378: "8", 58: text}, WAIT_S)
        assert 41 not in report
        house.refused(trader, text)
    assert house.bob.drain() == []
    house.bob.send([(35, "F"), (11, new_id()), (41, of_bob), (55, "AAPL"), (54, "1"), (60, "20260101-00:00:00")])
    house.bob.expect({150: "4", 41: of_bob}, WAIT_S)

    house.operator.do("release", scope="firm:ALPHA")

    house.rest(house.alice)
    house.rest(house.carol)


def test_kills_halts_and_limits_outlive_a_crash(house: House) -> None:
    kept = house.rest(house.alice, symbol="MSFT")
    house.operator.do("halt", symbol="AAPL")
    house.operator.do("kill", scope="account:B1")
    house.operator.do("set-limits", scope="session:CLIENT1", limits={"order_qty_max": "9"})

    house.crash()
    log_on(house.alice)
    log_on(house.bob)

    house.refused(house.alice, "AAPL is halted: a drill", reason="2")
    house.refused(house.alice, "OrderQty(38) 10 exceeds order_qty_max 9 of session:CLIENT1", "MSFT", reason="3")
    house.refused(house.bob, "account:B1 is killed by the operator: a drill", "MSFT")
    house.operator.do("resume", symbol="AAPL")
    house.operator.do("set-limits", scope="session:CLIENT1", limits={"order_qty_max": None})
    house.rest(house.alice)
    assert house.alice.ask_status(kept, symbol="MSFT").has({39: "0", 151: "10"})


def test_in_a_halt_orders_stay_and_may_be_canceled_but_not_replaced(house: House) -> None:
    first, second = house.rest(house.alice), house.rest(house.alice)
    house.operator.do("halt", symbol="AAPL")

    request = [(41, first), (55, "AAPL"), (54, "1"), (60, "20260101-00:00:00")]
    house.alice.send([(35, "G"), (11, new_id()), *request, (38, "5"), (40, "2"), (44, "100.00")])
    house.alice.expect({35: "9", 434: "2", 102: "2", 39: "0", 58: "AAPL is halted: a drill"}, WAIT_S)
    house.alice.send([(35, "F"), (11, new_id()), *request])
    house.alice.expect({150: "4", 41: first}, WAIT_S)

    assert house.alice.ask_status(second).has({39: "0", 151: "10"})
    house.rest(house.alice, symbol="MSFT")


def test_one_order_is_canceled_and_who_is_away_hears_of_it_later(house: House) -> None:
    cl_ord_id = house.rest(house.alice)
    (order,) = house.operator.ask("orders", session="CLIENT1")["orders"]
    house.alice.close()

    answer = house.operator.do("cancel-order", order_id=order["order_id"])

    assert isinstance(answer["order"], dict)
    assert answer["order"]["ord_status"] == "canceled"
    house.alice.reset = False
    log_on(house.alice)
    house.alice.expect({150: "4", 11: cl_ord_id, 43: "Y", 58: "canceled by the operator: a drill"}, WAIT_S)
    with pytest.raises(Refused, match="is canceled: too late"):
        house.operator.do("cancel-order", order_id=order["order_id"])


def test_a_disabled_session_is_out_until_it_is_enabled(house: House) -> None:
    cl_ord_id = house.rest(house.alice)

    house.operator.do("disable-session", session="CLIENT1")

    house.alice.wait_closed(WAIT_S)
    assert house.alice.closed_because is not None
    assert "disabled by the operator: a drill" in house.alice.closed_because
    with pytest.raises(LogonError, match="CLIENT1 is disabled by the operator: a drill"):
        house.alice.logon(WAIT_S)
    assert house.bob.drain() == []
    house.crash()
    with pytest.raises(LogonError, match="CLIENT1 is disabled by the operator: a drill"):
        house.alice.logon(WAIT_S)

    house.operator.do("enable-session", session="CLIENT1")

    log_on(house.alice)
    assert house.alice.ask_status(cl_ord_id).has({39: "0", 151: "10"})


def test_a_session_that_is_logged_out_may_come_again_and_its_numbers_go_on(house: House) -> None:
    house.alice.reset = False
    house.rest(house.alice)
    expected = house.alice.next_out

    house.operator.do("log-out-session", session="CLIENT1")
    house.alice.wait_closed(WAIT_S)
    log_on(house.alice)

    house.rest(house.alice)
    assert house.alice.next_out > expected + 1


@pytest.mark.parametrize("is_logged_on", [True, False])
def test_a_reset_session_begins_at_1_both_ways_over_a_crash_too(house: House, is_logged_on: bool) -> None:
    house.rest(house.alice)
    if not is_logged_on:
        house.alice.logout()

    house.operator.do("reset-session", session="CLIENT1")

    def stands_at_1() -> bool:
        session = house.operator.session("CLIENT1")
        return (session["logged_on"], session["next_msg_seq_num"], session["expected_msg_seq_num"]) == (False, 1, 1)

    wait_for(stands_at_1, WAIT_S, "both numbers at 1")
    house.alice.wait_closed(WAIT_S)
    house.crash()
    assert stands_at_1()
    with Trader("CLIENT1", house.venue.port, reset=False) as anew:
        log_on(anew)
        house.rest(anew)


def test_a_reset_that_was_journaled_and_not_done_is_done_at_the_next_start(house: House) -> None:
    house.rest(house.alice)
    house.venue.kill()
    writer = JournalWriter.open(house.venue.data / "journal")
    events = (SessionReset("CLIENT1", "olivia", "a drill"),)
    writer.append(
        Sequenced(writer.next_sequence, time.time_ns(), ResetSession("olivia", "a drill", "CLIENT1"), events)
    )
    writer.flush()
    writer.close()
    for numbers in ((1, 1), (3, 3)):
        house.crash()
        session = house.operator.session("CLIENT1")
        assert (session["next_msg_seq_num"], session["expected_msg_seq_num"]) == numbers
        with Trader("CLIENT1", house.venue.port, reset=False) as anew:
            anew.next_out, anew.next_in = numbers[1], numbers[0]
            anew.logon(WAIT_S)
        wait_for(lambda: not house.operator.session("CLIENT1")["logged_on"], WAIT_S, "the end of the session")
        house.operator.session("CLIENT1")  # answered a pass later, when the journal has the number of the Logout


def test_a_client_that_does_not_answer_its_logout_is_cut_off(house: House) -> None:
    """It asked for no heartbeats: QuickFIX by itself would wait for ever."""
    with connection(house.venue.port) as deaf:
        deaf.sendall(logon("CLIENT3", heartbeat_s="0"))
        read_until(deaf, b"\x0135=A\x01")
        house.operator.do("log-out-session", session="CLIENT3")
        assert b"58=logged out by the operator: a drill" in read_until_closed(deaf)


def test_a_large_kill_goes_in_slices_and_others_trade_meanwhile(house: House) -> None:
    """Also when the venue is killed in the middle: the next start goes on where it was."""
    count = 1_500
    for number in range(count):
        house.alice.buy("1", f"{50 + number % 40}.00", "MSFT")
    wait_for(lambda: house.operator.ask("status")["open_orders"] == count, WAIT_S, "all orders open")

    answer = house.operator.do("kill", scope="session:CLIENT1")

    assert answer["left"] == count - 200
    house.crash()
    wait_for(lambda: house.operator.ask("status")["open_orders"] == 0, WAIT_S, "all orders canceled")
    assert house.operator.ask("status")["orders_to_cancel"] == 0
    house.alice.reset = False
    log_on(house.alice)
    wait_for(lambda: len(cancels_of(house.alice)) == count, WAIT_S, "a report of each order")
    house.alice.drain()
    house.refused(house.alice, "session:CLIENT1 is killed by the operator: a drill")


def cancels_of(trader: Trader) -> set[str]:
    """Return the ClOrdIDs of which the venue said, in whatever order and however often, that they are canceled."""
    came = [message for direction, message in list(trader.log) if direction is Direction.IN]
    return {message[11] for message in came if message.msg_type == "8" and message[150] == "4"}


def test_status_and_lists_tell_what_is_there(house: House) -> None:
    house.rest(house.bob, "99.00")
    for _ in range(3):
        house.rest(house.alice)
    house.operator.do("halt", symbol="ESZ6", operator="olivia")

    status = house.operator.ask("status")

    assert (status["open_orders"], status["orders_entered"], status["sessions"]) == (4, 4, 4)
    assert status["logged_on"] == ["CLIENT1", "CLIENT2", "CLIENT4"]
    assert [(each["symbol"], each["reason"]) for each in status["halted"]] == [("ESZ6", "a drill")]
    assert status["halted"][0]["operator"].startswith("olivia (")
    orders = house.operator.ask("orders", firm="ALPHA", limit=2)
    assert [each["order_id"] for each in orders["orders"]] == ["4", "3"]
    rest = house.operator.ask("orders", firm="ALPHA", limit=2, below=orders["next_below"])
    assert [each["order_id"] for each in rest["orders"]] == ["2"]
    aapl = next(each for each in house.operator.ask("instruments")["instruments"] if each["symbol"] == "AAPL")
    assert (aapl["bid_px"], aapl["bid_qty"], aapl["offer_px"]) == ("100.00", "30", None)
    exposure = {each["account"]: each["open_notional"] for each in house.operator.ask("risk")["exposure"]}
    assert exposure == {"A1": "3000", "A2": "0", "B1": "990", "G1": "0"}


def test_questions_do_not_hold_up_trading(house: House) -> None:
    """Many questions about many orders, while a client is answered all the time."""
    for number in range(500):
        house.alice.buy("1", f"{50 + number % 40}.00", "MSFT")
    wait_for(lambda: house.operator.ask("status")["open_orders"] == 500, WAIT_S, "all orders open")
    until = time.monotonic() + 1
    longest = 0.0
    while time.monotonic() < until:
        house.operator.ask("orders")
        longest = max(longest, house.bob.round_trip_s())
    assert longest < 4.0
