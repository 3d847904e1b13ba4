"""SIGKILL in the middle of trading (item 5): what was acknowledged is there after a restart, and ids go on."""

import random
import time

from fixgw.client.message import Message
from fixgw.client.protocol import Direction
from tests.wire.venue import WAIT_S, Trader, Venue, new_id, wait_for

NOW = "20260101-00:00:00"


def reports(trader: Trader) -> list[Message]:
    """Return the ExecutionReports of events that came, each once, without status reports."""
    came = [m for d, m in trader.log if d is Direction.IN and m.msg_type == "8" and m[150] != "I"]
    return list({report[34]: report for report in came}.values())


def assert_ids_are_unique(*traders: Trader) -> None:
    """E3: no ExecID(17) twice, and an OrderID(37) belongs to one order; and no order here is replaced."""
    exec_ids = [(report[17], report[11]) for trader in traders for report in reports(trader)]
    assert len(exec_ids) == len({exec_id for exec_id, _ in exec_ids})
    owners: dict[str, str] = {}
    for trader in traders:
        for report in reports(trader):
            if 41 not in report:  # else it is under the ClOrdID of a request
                assert owners.setdefault(report[37], report[11]) == report[11]


def reconnect(*traders: Trader) -> None:
    for trader in traders:
        trader.wait_closed(WAIT_S)
        trader.close()
        trader.logon(WAIT_S, reset=False)


def test_orders_and_priorities_survive(own_venue: Venue) -> None:
    """Item 5: open orders with their quantities and time priority, proved by trading against them."""
    own_venue.start()
    with Trader("CLIENT1", own_venue.port) as alice, Trader("CLIENT2", own_venue.port) as bob:
        alice.logon(WAIT_S)
        bob.logon(WAIT_S)
        first = alice.sell("10", "100.00")
        alice.expect({150: "0", 11: first})
        second = bob.sell("10", "100.00")
        bob.expect({150: "0", 11: second})
        third = alice.sell("10", "100.00")
        alice.expect({150: "0", 11: third})
        best = bob.sell("5", "99.99")
        bob.expect({150: "0", 11: best})
        taken = bob.buy("8", "100.00")
        for exec_type in ("0", "F", "F", "F"):  # bob's own best order on both sides, then 3 of alice's first
            bob.expect({150: exec_type})
        alice.expect({150: "F", 11: first, 151: "7"})
        canceled = alice.sell("1", "101.00")
        alice.expect({150: "0", 11: canceled})
        alice.send([(35, "F"), (41, canceled), (11, new_id()), (55, "AAPL"), (54, "2"), (38, "1"), (60, NOW)])
        alice.expect({150: "4", 41: canceled})

        own_venue.kill()
        own_venue.start()
        reconnect(alice, bob)

        assert alice.ask_status(first, "2").has({39: "1", 151: "7", 14: "3"})
        assert alice.ask_status(third, "2").has({39: "0", 151: "10"})
        assert alice.ask_status(canceled, "2").has({39: "4", 151: "0"})
        assert bob.ask_status(taken).has({39: "2", 14: "8"})
        sweep = bob.buy("27", "100.00")
        bob.expect({150: "0", 11: sweep})
        alice.expect({150: "F", 11: first, 32: "7", 39: "2"})
        bob.expect({150: "F", 11: sweep, 32: "7"})
        bob.expect({150: "F", 11: second, 32: "10", 39: "2"})
        bob.expect({150: "F", 11: sweep, 32: "10"})
        alice.expect({150: "F", 11: third, 32: "10", 39: "2"})
        bob.expect({150: "F", 11: sweep, 32: "10", 39: "2"})
        assert (alice.drain(), bob.drain()) == ([], [])
        assert_ids_are_unique(alice, bob)
        assert alice.invalid + bob.invalid == []
    own_venue.stop()


def test_killed_while_orders_stream_in(own_venue: Venue) -> None:
    """Item 5: at random moments, three times over one journal: every order acknowledged is there, ids go on.

    A report that was not sent before the crash may be missing; its order must exist, which a status request tells.
    """
    dice = random.Random(5)
    own_venue.start()
    with Trader("CLIENT1", own_venue.port) as alice, Trader("CLIENT2", own_venue.port) as bob:
        alice.logon(WAIT_S)
        bob.logon(WAIT_S)
        for _ in range(3):
            acknowledged = stream_until_killed(own_venue, alice, bob, dice)
            own_venue.start()
            reconnect(alice, bob)
            alice.drain()
            bob.drain()
            for trader, known in acknowledged.items():
                for report in known[-20:]:
                    state = trader.ask_status(report[11], report[54], report[55])
                    assert state.get(37) == report[37], f"{report!r} is gone"
                    assert int(state[14]) >= int(report[14])
            assert_ids_are_unique(alice, bob)
        assert alice.invalid + bob.invalid == []
    own_venue.stop()


def stream_until_killed(venue: Venue, alice: Trader, bob: Trader, dice: random.Random) -> dict[Trader, list[Message]]:
    """Kill the venue after a random number of orders, with some under way; return the reports that came."""
    after = dice.randint(20, 400)
    before = {trader: len(reports(trader)) for trader in (alice, bob)}
    for number in range(after):
        trader = dice.choice((alice, bob))
        price = f"{50 + dice.randint(-3, 3)}.00"
        trader.order(new_id(), dice.choice("12"), str(dice.randint(1, 9)), price)
        if number % 50 == 49:
            time.sleep(dice.random() / 100)
    if dice.random() < 0.5:
        wait_for(lambda: len(reports(alice)) > before[alice], WAIT_S, "a first report")
    venue.kill()
    for trader in (alice, bob):
        trader.wait_closed(WAIT_S)
    return {trader: reports(trader)[before[trader] :] for trader in (alice, bob)}
