"""The session protocol: numbers, gaps, resends, heartbeats, logout; without a socket and without waiting."""

from fixgw.client.message import Field, Message
from fixgw.client.protocol import SENT_KEPT_MAX, Direction, Protocol, State
from tests.client.fake_venue import WHEN, from_venue

NOW = 1_795_166_400.0
POSS_DUP: tuple[Field, ...] = ((43, "Y"), (122, WHEN))


def logged_on(next_out: int = 1) -> Protocol:
    """Return a protocol after Logon both ways: ``next_out`` + 1 is sent next, 2 expected."""
    protocol = Protocol("CLIENT1", "FIXGW", heartbeat_s=10, next_out=next_out)
    protocol.logon(NOW, reset=False)
    protocol.receive(from_venue(1, "A", (98, "0"), (108, "10")), NOW)
    protocol.take_traffic()
    return protocol


def said(protocol: Protocol) -> list[Message]:
    return [message for direction, message in protocol.take_traffic() if direction is Direction.OUT]


def brief(messages: list[Message], *tags: int) -> list[tuple[str, ...]]:
    return [tuple(message.get(tag) for tag in tags) for message in messages]


def news(seq: int, *fields: Field) -> bytes:
    return from_venue(seq, "8", (11, f"a{seq}"), *fields)


def test_logon_with_reset_begins_at_one() -> None:
    protocol = Protocol("CLIENT1", "FIXGW", next_out=7, next_in=9)

    protocol.logon(NOW, reset=True, extra=[(554, "secret")])
    (logon,) = said(protocol)
    protocol.receive(from_venue(1, "A", (141, "Y"), (108, "5")), NOW)

    assert brief([logon], 35, 34, 98, 108, 141, 554) == [("A", "1", "0", "30", "Y", "secret")]
    assert (protocol.state, protocol.next_out, protocol.next_in, protocol.heartbeat_s) == (State.ACTIVE, 2, 2, 5)


def test_messages_in_sequence_are_delivered() -> None:
    protocol = logged_on()

    protocol.receive(news(2) + from_venue(3, "0") + news(4), NOW)

    assert brief(protocol.take_delivered(), 11) == [("a2",), ("a4",)]
    assert protocol.next_in == 5


def test_gap_is_asked_for_once_and_delivered_in_order() -> None:
    protocol = logged_on()

    protocol.receive(news(4) + news(5), NOW)
    assert protocol.take_delivered() == []
    assert brief(said(protocol), 35, 7, 16) == [("2", "2", "3")]
    protocol.receive(news(2, *POSS_DUP) + news(3, *POSS_DUP), NOW)

    assert brief(protocol.take_delivered(), 11) == [("a2",), ("a3",), ("a4",), ("a5",)]
    assert (protocol.next_in, said(protocol)) == (6, [])


def test_gap_fill_closes_a_gap() -> None:
    protocol = logged_on()

    protocol.receive(news(5), NOW)
    protocol.receive(from_venue(2, "4", *POSS_DUP, (123, "Y"), (36, "5")), NOW)

    assert brief(protocol.take_delivered(), 11) == [("a5",)]
    assert protocol.next_in == 6


def test_second_gap_behind_the_first_is_asked_for_too() -> None:
    protocol = logged_on()

    protocol.receive(news(3) + news(6), NOW)
    protocol.receive(news(2, *POSS_DUP), NOW)

    assert brief(said(protocol), 7, 16) == [("2", "2"), ("4", "5")]


def test_possible_duplicate_of_a_seen_number_is_dropped() -> None:
    protocol = logged_on()

    protocol.receive(news(2) + news(2, *POSS_DUP) + news(3), NOW)

    assert brief(protocol.take_delivered(), 34) == [("2",), ("3",)]


def test_number_too_low_ends_the_session() -> None:
    protocol = logged_on()

    protocol.receive(news(2) + news(2), NOW)

    assert protocol.state is State.CLOSED
    assert protocol.closed_because == "MsgSeqNum(34) too low, expecting 3 but received 2"
    assert brief(said(protocol), 35, 58) == [("5", protocol.closed_because)]


def test_logon_above_the_expected_number_is_believed_and_the_gap_asked_for() -> None:
    protocol = Protocol("CLIENT1", "FIXGW", next_out=5, next_in=3)
    protocol.logon(NOW, reset=False)

    protocol.receive(from_venue(6, "A", (108, "30")), NOW)
    protocol.receive(news(3, *POSS_DUP) + from_venue(4, "4", *POSS_DUP, (123, "Y"), (36, "6")), NOW)

    assert protocol.state is State.ACTIVE
    assert brief(said(protocol), 35, 7, 16) == [("A", "", ""), ("2", "3", "5")]
    assert (brief(protocol.take_delivered(), 11), protocol.next_in) == ([("a3",)], 7)


def test_resend_repeats_orders_and_fills_gaps_for_the_rest() -> None:
    """FIX 4.4 Vol. 2: application messages as PossDup with OrigSendingTime, admin messages as gap fill."""
    protocol = logged_on()
    for cl_ord_id in ("o2", "o3"):
        protocol.send([(35, "D"), (11, cl_ord_id)], NOW)
    protocol.receive(from_venue(2, "1", (112, "x")), NOW)
    protocol.send([(35, "D"), (11, "o5")], NOW)
    protocol.send([(35, "0")], NOW)
    first = said(protocol)

    protocol.receive(from_venue(3, "2", (7, "1"), (16, "0")), NOW + 60)

    again = said(protocol)
    assert brief(again, 35, 34, 11, 36, 123) == [
        ("4", "1", "", "2", "Y"),
        ("D", "2", "o2", "", ""),
        ("D", "3", "o3", "", ""),
        ("4", "4", "", "5", "Y"),
        ("D", "5", "o5", "", ""),
        ("4", "6", "", "7", "Y"),
    ]
    assert all(message.is_poss_dup for message in again)
    assert again[1][122] == first[0][52] != again[1][52]
    assert protocol.next_out == 7


def test_resend_of_a_part_ends_where_it_was_asked_to() -> None:
    protocol = logged_on()
    for cl_ord_id in ("o2", "o3", "o4"):
        protocol.send([(35, "D"), (11, cl_ord_id)], NOW)
    said(protocol)

    protocol.receive(from_venue(2, "2", (7, "3"), (16, "3")), NOW)

    assert brief(said(protocol), 34, 11) == [("3", "o3")]


def test_resend_of_what_an_earlier_run_sent_is_one_gap_fill() -> None:
    protocol = logged_on(next_out=100)

    protocol.receive(from_venue(2, "2", (7, "40"), (16, "0")), NOW)

    assert brief(said(protocol), 35, 34, 36) == [("4", "40", "101")]


def test_resend_request_that_comes_early_is_answered_at_once_and_only_once() -> None:
    """Both sides miss something: each answers before it asks."""
    protocol = logged_on()
    protocol.send([(35, "D"), (11, "o2")], NOW)
    said(protocol)

    protocol.receive(from_venue(4, "2", (7, "2"), (16, "2")), NOW)
    protocol.receive(from_venue(2, "4", *POSS_DUP, (123, "Y"), (36, "4")), NOW)

    assert brief(said(protocol), 35, 34, 7, 16) == [("D", "2", "", ""), ("2", "3", "2", "3")]
    assert protocol.next_in == 5


def test_resend_request_without_numbers_is_rejected() -> None:
    protocol = logged_on()

    protocol.receive(from_venue(2, "2", (7, "x")), NOW)

    assert brief(said(protocol), 35, 45, 372, 373) == [("3", "2", "2", "1")]


def test_only_the_last_messages_are_kept_for_resend() -> None:
    protocol = logged_on()
    for _ in range(SENT_KEPT_MAX + 1):
        protocol.send([(35, "D")], NOW)
    said(protocol)

    protocol.receive(from_venue(2, "2", (7, "2"), (16, "3")), NOW)

    assert brief(said(protocol), 35, 34) == [("4", "2"), ("D", "3")]


def test_sequence_reset_moves_up_and_never_down() -> None:
    protocol = logged_on()

    protocol.receive(from_venue(99, "4", (36, "50")), NOW)
    assert protocol.next_in == 50
    protocol.receive(from_venue(50, "4", (36, "10")), NOW)

    assert brief(said(protocol), 35, 371, 373) == [("3", "36", "5")]
    assert protocol.next_in == 50


def test_test_request_is_answered_with_its_id() -> None:
    protocol = logged_on()

    protocol.receive(from_venue(2, "1", (112, "are you there")), NOW)

    assert brief(said(protocol), 35, 112) == [("0", "are you there")]


def test_heartbeat_when_idle_then_a_question_then_the_end() -> None:
    protocol = logged_on()

    assert protocol.deadline_s() == NOW + 10
    protocol.tick(NOW + 9.9)
    assert said(protocol) == []
    protocol.tick(NOW + 10)
    assert brief(said(protocol), 35) == [("0",)]
    protocol.tick(NOW + 12)
    assert brief(said(protocol), 35) == [("1",)]
    protocol.tick(NOW + 24)

    assert protocol.state is State.CLOSED
    assert protocol.closed_because.startswith("no word from FIXGW for 24 s")


def test_any_message_ends_the_silence() -> None:
    protocol = logged_on()
    protocol.tick(NOW + 12)
    protocol.receive(from_venue(2, "0", (112, "T2")), NOW + 13)
    said(protocol)

    protocol.tick(NOW + 24)

    assert brief(said(protocol), 35) == [("0",)]


def test_no_heartbeat_interval_means_no_deadline() -> None:
    protocol = logged_on()
    protocol.heartbeat_s = 0

    protocol.tick(NOW + 1000)

    assert (protocol.deadline_s(), said(protocol)) == (None, [])


def test_logout_of_theirs_is_answered_and_its_reason_kept() -> None:
    protocol = logged_on()

    protocol.receive(from_venue(2, "5", (58, "end of day")), NOW)

    assert brief(said(protocol), 35) == [("5",)]
    assert (protocol.state, protocol.closed_because) == (State.CLOSED, "FIXGW logged us out: end of day")


def test_logout_of_ours_ends_with_their_answer() -> None:
    protocol = logged_on()

    protocol.logout(NOW)
    protocol.receive(news(2) + from_venue(3, "5"), NOW)

    assert (protocol.closed_because, brief(protocol.take_delivered(), 11)) == ("logged out", [("a2",)])


def test_logon_refused_keeps_the_reason_and_does_not_answer() -> None:
    protocol = Protocol("CLIENT1", "FIXGW")
    protocol.logon(NOW, reset=True)
    said(protocol)

    protocol.receive(from_venue(1, "5", (58, "Password(554) wrong")), NOW)

    assert (protocol.closed_because, said(protocol)) == ("FIXGW logged us out: Password(554) wrong", [])


def test_wrong_header_ends_the_session() -> None:
    for wrong, why in [
        (from_venue(2, "8", sender="CLIENT9"), "TargetCompID(56) is CLIENT9, expecting CLIENT1"),
        (from_venue(2, "8").replace(b"FIXGW", b"FIXGX"), ""),
        (from_venue(2, "8").replace(b"34=2", b"34=x"), ""),
    ]:
        protocol = logged_on()
        protocol.receive(wrong, NOW)
        if why:
            assert protocol.closed_because == why
        else:  # the checksum is wrong as well: garbled, ignored
            assert protocol.state is State.ACTIVE
            assert [d for d, _ in protocol.take_traffic()] == [Direction.GARBLED]


def test_number_given_by_hand_does_not_move_the_next() -> None:
    protocol = logged_on()

    assert protocol.send([(35, "D"), (34, "77")], NOW) == 77
    assert protocol.next_out == 2
    assert protocol.send([(35, "D"), (34, "2")], NOW) == 2
    assert protocol.next_out == 3


def test_before_logon_nothing_is_answered() -> None:
    """A test may write its own Logon, wrong as it likes, and see what comes."""
    protocol = Protocol("CLIENT1", "FIXGW")
    protocol.open()

    protocol.receive(from_venue(1, "3", (373, "1")) + from_venue(2, "1"), NOW)

    assert (brief(protocol.take_delivered(), 35), said(protocol)) == ([("3",)], [])
