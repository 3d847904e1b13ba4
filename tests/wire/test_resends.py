"""Many old messages asked for at once: all come, in order, and nobody else waits for them."""

import itertools
import re

import pytest

from fixgw.fix.resends import SLICE
from fixgw.spec.values import OrdStatus
from tests.wire.test_numbers import body, by_number, received, restart
from tests.wire.test_snapshots import logged_on, take_snapshot
from tests.wire.venue import (
    RESET,
    WAIT_S,
    Trader,
    Venue,
    connection,
    logon,
    new_id,
    new_order,
    raw,
    read_until,
    wait_for,
)

MANY = 10 * SLICE


def enter(trader: Trader, count: int) -> None:
    """Enter that many orders that rest, and read the report of each."""
    for _ in range(count // 100):
        orders = [trader.buy("1", "1.00") for _ in range(100)]
        for order in orders:
            trader.expect({150: "0", 11: order, 39: OrdStatus.NEW}, WAIT_S)


def wait_until(trader: Trader, expected: int) -> None:
    """Wait for all before ``expected``, and until it is read."""
    wait_for(lambda: trader.next_in >= expected, WAIT_S, "what was asked for")
    ping = new_id("ping")
    trader.send([(35, "1"), (112, ping)])
    trader.expect_admin({35: "0", 112: ping}, WAIT_S)


def ask_for(trader: Trader, begin: int, end: int = 0) -> None:
    trader.log.clear()
    trader.next_in = begin
    trader.send([(35, "2"), (7, str(begin)), (16, str(end))])


@pytest.mark.parametrize("where", ["in memory", "in the journal"])
def test_many_are_sent_again_a_slice_at_a_time(own_venue: Venue, where: str) -> None:
    """Item 5: others are answered in between; what is new meanwhile comes once, under its own number."""
    own_venue.start()
    alice, bob = logged_on(own_venue)
    with alice, bob:
        enter(alice, MANY)
        if where == "in the journal":
            take_snapshot(own_venue.data)
            restart(own_venue, alice, bob)
            enter(alice, 100)
        before, expected = by_number(received(alice)), alice.next_in

        ask_for(alice, 1)
        answered_at = []
        while alice.next_in < expected:
            bob.expect({150: "0", 11: bob.buy("1", "1.00")}, WAIT_S)
            answered_at.append(alice.next_in)

        wait_until(alice, expected)
        again = by_number(received(alice))
        assert again.keys() == before.keys()
        assert {number: body(message) for number, message in again.items()} == {
            number: body(message) for number, message in before.items()
        }
        assert all(message[43] == "Y" for message in again.values())
        # Bob was answered in the middle of it, not only before and after.
        assert any(1 < next_in < expected - SLICE for next_in in answered_at)
        last = alice.buy("1", "1.00")
        assert int(alice.expect({150: "0", 11: last}, WAIT_S, skip=True)[34]) >= expected
        assert alice.invalid + bob.invalid == []
    own_venue.stop()


def test_a_new_request_takes_the_place_of_the_one_before(own_venue: Venue) -> None:
    """Both come at once: one slice of the first, and all of the second."""
    own_venue.start()
    with connection(own_venue.port) as plain:
        plain.sendall(logon("CLIENT1", 1, RESET))
        numbers = itertools.count(2)
        orders = (raw(new_order(new_id(), "1", "1", "1.00"), "CLIENT1", next(numbers)) for _ in range(MANY))
        plain.sendall(b"".join(orders))
        plain.sendall(raw([(35, "H"), (11, "x"), (55, "AAPL"), (54, "1"), (790, "all")], "CLIENT1", next(numbers)))
        read_until(plain, b"790=all", WAIT_S)
        last = MANY + 2

        ranges = (("1", "0"), (str(last - 50), "0"))
        asked = (raw([(35, "2"), (7, begin), (16, end)], "CLIENT1", next(numbers)) for begin, end in ranges)
        plain.sendall(b"".join(asked))

        came = read_until(plain, b"790=all", WAIT_S)
    again = {int(number) for number in re.findall(rb"\x0135=8\x0134=(\d+)\x0143=Y", came)}
    assert again == {*range(2, SLICE + 1), *range(last - 50, last + 1)}
    own_venue.stop()


def test_who_logs_on_anew_is_sent_nothing_that_was_asked_for_before(own_venue: Venue) -> None:
    own_venue.start()
    alice, bob = logged_on(own_venue)
    with alice, bob:
        enter(alice, 3 * SLICE)
        ask_for(alice, 1)
        alice.logout()
        alice.logon(WAIT_S, reset=True)
        alice.log.clear()

        order = alice.buy("2", "1.00")
        report = alice.expect({150: "0", 11: order}, WAIT_S)

        assert [message.msg_type for message in received(alice)] == ["8"]
        assert report[34] == "2"
    own_venue.stop()
