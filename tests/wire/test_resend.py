"""Sequence numbers, gaps and resends (item 3)."""

import itertools

from fixgw.client.message import Message
from fixgw.client.protocol import Direction
from tests.wire.conftest import PATIENCE_S, Bystander, Traders
from tests.wire.venue import RESET, WAIT_S, Trader, Venue, connection, logon, new_id, new_order, raw, read_until


def received(trader: Trader, msg_types: str) -> list[Message]:
    return [m for d, m in trader.log if d is Direction.IN and m.msg_type in msg_types]


def test_reports_missed_while_away_come_by_resend(traders: Traders) -> None:
    """Item 3: PossDupFlag(43)=Y and OrigSendingTime(122); TransactTime(60) is that of the event (E39)."""
    alice, bob = traders("CLIENT1"), traders("CLIENT2")
    resting = alice.sell("30", "70.00")
    alice.expect({150: "0", 11: resting})
    alice.logout()
    crossing = [bob.buy("10", "70.00") for _ in range(3)]
    bought = [bob.expect({150: "F", 11: cl_ord_id}, skip=True) for cl_ord_id in crossing]

    alice.logon(WAIT_S, reset=False)
    sold = [alice.expect({35: "8", 150: "F", 11: resting}) for _ in crossing]

    assert [s[60] for s in sold] == [b[60] for b in bought]
    assert all(s[43] == "Y" and s[122] <= s[52] for s in sold)
    assert [s[14] for s in sold] == ["10", "20", "30"]
    assert alice.drain() == []


def test_a_dropped_connection_loses_nothing(traders: Traders) -> None:
    """Item 3: the same when the client did not log out but vanished."""
    alice, bob = traders("CLIENT1"), traders("CLIENT2")
    resting = alice.sell("5", "71.00")
    alice.expect({150: "0", 11: resting})
    alice.close()
    bob.expect({150: "F", 11: bob.buy("5", "71.00")}, skip=True)

    alice.logon(WAIT_S, reset=False)

    alice.expect({150: "F", 11: resting, 43: "Y"})


def test_administrative_messages_are_gap_filled(traders: Traders) -> None:
    """Item 3: a resend from 1 repeats the reports; a SequenceReset with GapFillFlag(123)=Y stands for the rest."""
    alice = traders("CLIENT1")
    alice.send([(35, "1"), (112, "ping")])
    alice.expect_admin({35: "0", 112: "ping"})
    orders = [alice.buy("1", "1.00") for _ in range(2)]
    first = [alice.expect({150: "0", 11: order}) for order in orders]
    alice.log.clear()
    alice.next_in = 1

    alice.send([(35, "2"), (7, "1"), (16, "0")])
    again = [alice.expect({150: "0", 11: order, 43: "Y"}) for order in orders]

    fill = received(alice, "4")[0]  # for Logon(A) and Heartbeat(0)
    assert fill.has({34: "1", 36: "3", 123: "Y", 43: "Y"})
    assert [(report[34], report[122]) for report in again] == [(report[34], report[52]) for report in first]
    for before, after in zip(first, again, strict=True):
        assert body(after) == body(before)
    assert alice.drain() == []


def body(message: Message) -> list[tuple[int, str]]:
    return sorted((tag, value) for tag, value in message if tag not in (9, 10, 43, 52, 122))


def test_the_venue_asks_for_what_it_missed(traders: Traders) -> None:
    """Item 3: numbers that jump make the venue send a ResendRequest; orders are taken in the order of the numbers."""
    alice = traders("CLIENT1")
    alice.to_lose = 2
    orders = [alice.buy("1", "1.00"), alice.buy("1", "1.01"), alice.buy("1", "1.02")]

    request = alice.expect_admin({35: "2"})
    accepted = [alice.expect({150: "0", 11: order}) for order in orders]

    assert request[7] == str(alice.next_out - 3)
    assert [int(report[37]) for report in accepted] == sorted(int(report[37]) for report in accepted)
    assert alice.drain() == []


def test_a_gap_found_at_logon(traders: Traders) -> None:
    """Item 3: what the client sent into a dead connection is asked for after the next logon."""
    alice = traders("CLIENT1")
    alice.to_lose = 1
    order = alice.buy("1", "1.00")
    alice.close()

    alice.logon(WAIT_S, reset=False)

    alice.expect_admin({35: "2"})
    alice.expect({150: "0", 11: order})


def test_gap_fill_by_the_client(traders: Traders) -> None:
    """Item 3: SequenceReset with GapFillFlag(123)=Y skips what the client does not send again."""
    alice = traders("CLIENT1")
    begin = alice.next_out
    alice.send([(35, "4"), (123, "Y"), (36, str(begin + 10))])
    alice.next_out = begin + 10

    alice.expect({150: "0", 11: alice.buy("1", "1.00")})
    assert not received(alice, "2")


def test_sequence_reset_by_the_client(traders: Traders) -> None:
    """Item 3: SequenceReset without GapFillFlag sets the number whatever its own is; it may only go up."""
    alice = traders("CLIENT1")
    alice.send([(35, "4"), (34, "1"), (36, "500")])
    alice.next_out = 500
    alice.expect({150: "0", 11: alice.buy("1", "1.00")})

    alice.send([(35, "4"), (34, "501"), (36, "3")])
    alice.expect({35: "3", 45: "501", 372: "4", 373: "5"})
    alice.next_out = 501
    alice.expect({150: "0", 11: alice.buy("1", "1.00")})


def test_reset_at_logon(traders: Traders) -> None:
    """Item 3: ResetSeqNumFlag(141)=Y starts both sides at 1; what was before cannot be asked for any more."""
    alice = traders("CLIENT1")
    alice.expect({150: "0", 11: alice.buy("1", "1.00")})
    alice.logout()

    alice.logon(WAIT_S, reset=True)

    answer = alice.expect_admin({35: "A"})
    assert answer.has({34: "1", 141: "Y"})
    assert (alice.next_out, alice.next_in) == (2, 2)
    alice.round_trip_s()
    alice.send([(35, "2"), (7, "1"), (16, "0")])
    assert [message[150] for message in alice.drain()] == []


def test_an_order_sent_again_is_dropped(traders: Traders) -> None:
    """Item 3, E20: PossDupFlag=Y on a number that was seen: dropped, the order is not entered twice."""
    alice = traders("CLIENT1")
    order = new_id()
    fields = new_order(order, "1", "1", "1.00")
    seq = alice.send(fields)
    sent_at = alice.expect({150: "0", 11: order})[52]

    alice.send([*fields, (34, str(seq)), (43, "Y"), (122, sent_at)])

    assert alice.drain() == []
    assert alice.logged_on


def test_poss_dup_without_orig_sending_time(traders: Traders) -> None:
    """E20: PossDupFlag(43)=Y needs OrigSendingTime(122), on a number that was seen and on the next one."""
    alice = traders("CLIENT1")
    order = new_id()
    seq = alice.send(new_order(new_id(), "1", "1", "1.00"))
    alice.expect({150: "0"})

    alice.send([*new_order(order, "1", "1", "1.00"), (34, str(seq)), (43, "Y")])
    alice.expect({35: "3", 45: str(seq), 371: "122", 372: "D", 373: "1"})
    alice.send([*new_order(order, "1", "1", "1.00"), (43, "Y")])
    alice.expect({35: "3", 45: str(seq + 1), 371: "122", 372: "D"})

    alice.expect({150: "0", 11: alice.order(order, "1", "1", "1.00")})


def test_strange_resend_requests(venue: Venue, traders: Traders) -> None:
    """Item 9: ranges that make no sense are answered or ignored; the session goes on, and so do the others."""
    bob = traders("CLIENT2")
    with connection(venue.port) as plain:
        plain.sendall(logon("CLIENT1", 1, RESET))
        read_until(plain, b"35=A")
        numbers = itertools.count(2)
        for _ in range(20):
            plain.sendall(raw(new_order(new_id(), "1", "1", "1.00"), "CLIENT1", next(numbers)))
        ranges = [("99999999", "0"), ("5", "2"), ("0", "0"), ("1", "99999999999"), ("18446744073709551615", "0")]
        for begin, end in [*ranges, *[("1", "0")] * 100]:
            plain.sendall(raw([(35, "2"), (7, begin), (16, end)], "CLIENT1", next(numbers)))
            assert bob.round_trip_s() < WAIT_S
        for begin, end in [("-1", "0"), ("x", "y"), ("99999999999999999999", "1")]:
            plain.sendall(raw([(35, "2"), (7, begin), (16, end)], "CLIENT1", next(numbers)))
        plain.sendall(raw([(35, "1"), (112, "alive?")], "CLIENT1", next(numbers)))
        read_until(plain, b"112=alive?")
    traders("CLIENT1").round_trip_s()


def test_resends_asked_for_again_and_again(venue: Venue, traders: Traders, bystander: Bystander) -> None:
    """Item 9: everybody waits while messages are sent again, so that many are sent again only so often."""
    orders = 5_000
    with connection(venue.port) as plain:
        plain.sendall(logon("CLIENT1", 1, RESET))
        numbers = itertools.count(2)
        for _ in range(orders):
            plain.sendall(raw(new_order(new_id(), "1", "1", "1.00", "NOPE"), "CLIENT1", next(numbers)))
        plain.sendall(raw([(35, "H"), (11, "x"), (55, "AAPL"), (54, "1"), (790, "all in")], "CLIENT1", next(numbers)))
        read_until(plain, b"790=all in", 3 * WAIT_S)
        sent = b"".join(raw([(35, "2"), (7, "1"), (16, "0")], "CLIENT1", next(numbers)) for _ in range(50))
        plain.sendall(sent + raw([(35, "1"), (112, "done")], "CLIENT1", next(numbers)))
        came = read_until(plain, b"112=done", 3 * WAIT_S) + read_until(plain, b"790=all in", 3 * WAIT_S)
    assert came.count(b"\x0135=3\x01") >= 40, "session rejects"
    assert came.count(b"\x0143=Y\x01") >= orders, "at least one request is answered in full"
    traders("CLIENT1").round_trip_s()
    assert bystander.longest_wait_s < PATIENCE_S
