"""The numbers of the FIX sessions come back from the journal (decision 8): nothing is lost, doubled or renumbered."""

import random
import time
from itertools import groupby

from fixgw.client.message import Message
from fixgw.client.protocol import Direction
from fixgw.fix.outbound import Encoder
from fixgw.journal.reader import read
from tests.wire.venue import WAIT_S, Trader, Venue, new_id

ADMINISTRATIVE = ("0", "1", "2", "3", "4", "5", "A")
KILLS = 5
NOW = "20260101-00:00:00"


def received(trader: Trader) -> list[Message]:
    return [message for direction, message in trader.log if direction is Direction.IN]


def body(message: Message) -> tuple[tuple[int, str], ...]:
    """The fields that a resend leaves as they are."""
    return tuple(field for field in message.fields if field[0] not in (8, 9, 10, 34, 43, 49, 52, 56, 122))


def by_number(messages: list[Message]) -> dict[int, Message]:
    """The application messages by MsgSeqNum(34), as each first came; it is the same whenever it comes again."""
    found: dict[int, Message] = {}
    for message in messages:
        if message.msg_type not in ADMINISTRATIVE:
            first = found.setdefault(int(message[34]), message)
            assert body(first) == body(message), f"{first!r} and {message!r} have one number"
    return dict(sorted(found.items()))


def all_again(trader: Trader) -> list[Message]:
    """Ask for all messages from 1 on, and return what came until a TestRequest(1) after it was answered."""
    expected = trader.next_in
    trader.log.clear()
    trader.next_in = 1
    trader.send([(35, "2"), (7, "1"), (16, "0")])
    ping = new_id("ping")
    trader.send([(35, "1"), (112, ping)])
    trader.expect_admin({35: "0", 112: ping}, WAIT_S)
    assert trader.next_in > expected
    return received(trader)


def restart(venue: Venue, *traders: Trader) -> None:
    venue.kill()
    venue.start()
    for trader in traders:
        trader.wait_closed(WAIT_S)
        trader.close()
        trader.logon(WAIT_S, reset=False)


def busy(alice: Trader, bob: Trader) -> None:
    """Have both sent messages of every kind: reports, answers to inquiries, rejects of all layers, heartbeats."""
    resting = alice.sell("10", "50.00")
    alice.expect({150: "0", 11: resting})
    alice.send([(35, "1"), (112, "ping")])
    alice.expect_admin({35: "0", 112: "ping"}, WAIT_S)
    bob.expect({150: "F", 11: bob.buy("4", "50.00")}, skip=True)
    alice.expect({150: "F", 11: resting})
    alice.ask_status(resting, "2")
    alice.send([(35, "AF"), (584, new_id()), (585, "7")])
    alice.expect({150: "I", 912: "Y"})
    alice.send([(35, "D"), (11, new_id()), (55, "AAPL"), (54, "?"), (38, "1"), (40, "1")])
    alice.expect({35: "3"})
    alice.send([(35, "B"), (148, "news"), (33, "1"), (58, "x")])
    alice.expect({35: "j", 380: "3"})
    alice.send([(35, "F"), (11, new_id()), (41, "nothing"), (55, "AAPL"), (54, "1"), (38, "1"), (60, NOW)])
    alice.expect({35: "9"})


def test_a_resend_after_a_restart_is_what_was_sent_before(own_venue: Venue) -> None:
    """Item 5: the same numbers, bodies and original times; what has no body any more is gap-filled."""
    own_venue.start()
    with Trader("CLIENT1", own_venue.port) as alice, Trader("CLIENT2", own_venue.port) as bob:
        alice.logon(WAIT_S)
        bob.logon(WAIT_S)
        busy(alice, bob)
        before = {trader: by_number(received(trader)) for trader in (alice, bob)}

        restart(own_venue, alice, bob)

        for trader in (alice, bob):
            again = by_number(all_again(trader))
            assert again.keys() == before[trader].keys()
            for number, message in again.items():
                assert body(message) == body(before[trader][number])
                assert message[43] == "Y"
                assert message[122][:17] <= before[trader][number][52][:17]
        assert alice.invalid + bob.invalid == []
    own_venue.stop()


def test_nobody_is_asked_to_send_again_what_the_journal_has(own_venue: Venue) -> None:
    """The number expected next is that after the last request in the journal."""
    own_venue.start()
    with Trader("CLIENT1", own_venue.port) as alice:
        alice.logon(WAIT_S)
        alice.expect({150: "0", 11: alice.buy("1", "1.00")})
        alice.log.clear()

        restart(own_venue, alice)
        alice.expect({150: "0", 11: alice.buy("1", "1.00")})

        assert [message.msg_type for message in received(alice)] == ["A", "8"]
    own_venue.stop()


def test_what_was_before_a_reset_is_not_sent_again(own_venue: Venue) -> None:
    """ResetSeqNumFlag(141)=Y: the numbers begin anew, also for the next start."""
    own_venue.start()
    with Trader("CLIENT1", own_venue.port) as alice:
        alice.logon(WAIT_S)
        for _ in range(5):
            alice.expect({150: "0", 11: alice.buy("1", "1.00")})
        alice.logout()
        alice.logon(WAIT_S, reset=True)
        last = alice.buy("2", "1.00")
        alice.expect({150: "0", 11: last})

        restart(own_venue, alice)

        assert [message[11] for message in by_number(all_again(alice)).values()] == [last]
    own_venue.stop()


def test_reports_for_who_is_away_outlive_a_crash(own_venue: Venue) -> None:
    own_venue.start()
    with Trader("CLIENT1", own_venue.port) as alice, Trader("CLIENT2", own_venue.port) as bob:
        alice.logon(WAIT_S)
        bob.logon(WAIT_S)
        resting = alice.sell("3", "50.00")
        alice.expect({150: "0", 11: resting})
        alice.logout()
        for _ in range(3):
            bob.expect({150: "F", 11: bob.buy("1", "50.00")}, skip=True)

        own_venue.kill()
        own_venue.start()
        alice.logon(WAIT_S, reset=False)

        assert [alice.expect({150: "F", 11: resting, 43: "Y"})[14] for _ in range(3)] == ["1", "2", "3"]
        assert alice.drain() == []
    own_venue.stop()


def test_killed_at_random_moments_while_two_trade(own_venue: Venue) -> None:
    """Nothing acknowledged is lost and nothing reported twice: what each client has is what the journal says."""
    dice = random.Random(20)
    own_venue.start()
    with Trader("CLIENT1", own_venue.port) as alice, Trader("CLIENT2", own_venue.port) as bob:
        sent: dict[Trader, list[str]] = {alice: [], bob: []}
        alice.logon(WAIT_S)
        bob.logon(WAIT_S)
        for _ in range(KILLS):
            trade(sent, dice)
            restart(own_venue, alice, bob)
        for trader in (alice, bob):
            trader.drain()
        own_venue.stop()

        for trader in (alice, bob):
            reports = [m for m in by_number(received(trader)).values() if m.msg_type == "8" and m[17] != "0"]
            assert [report[17] for report in reports] == exec_ids_in_journal(own_venue, trader.sender)
            answered = {report[11] for report in reports if report[150] in "08"}
            assert answered == set(sent[trader])
        assert alice.invalid + bob.invalid == []


def trade(sent: dict[Trader, list[str]], dice: random.Random) -> None:
    """Send orders that cross, for a random while; the answers to some are still to come."""
    for number in range(dice.randint(20, 300)):
        trader = dice.choice(list(sent))
        price = f"{50 + dice.randint(-2, 2)}.00"
        sent[trader].append(trader.order(new_id(), dice.choice("12"), str(dice.randint(1, 9)), price))
        if number % 40 == 39:
            time.sleep(dice.random() / 50)
    time.sleep(dice.random() / 20)


def exec_ids_in_journal(venue: Venue, session: str) -> list[str]:
    """The ExecIDs that a session should have, in the order of its numbers."""
    encoder = Encoder()
    reports = [
        report
        for frame in read(venue.data / "journal")
        for event in frame.events
        for report in encoder.reports(event, frame.time_ns)
        if report.session == session and report.msg_type == "8"
    ]
    exec_ids = [report.body.partition("17=")[2].partition("\x01")[0] for report in reports]
    assert all(len(list(same)) == 1 for _, same in groupby(sorted(exec_ids)))
    return exec_ids
