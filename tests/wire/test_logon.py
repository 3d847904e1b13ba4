"""Who may log on (items 2 and 4), and that a refused logon shifts nobody's sequence numbers."""

import time

import pytest

from fixgw.client.framing import Framer
from fixgw.client.message import Message, utc_timestamp
from fixgw.client.session import LogonError
from tests.wire.conftest import Traders
from tests.wire.venue import (
    RESET,
    WAIT_S,
    Trader,
    Venue,
    connection,
    logon,
    new_order,
    raw,
    read_until,
    read_until_closed,
)


def answers(venue: Venue, *sent: bytes) -> list[Message]:
    """Return what a plain connection gets before the venue closes it."""
    with connection(venue.port) as plain:
        for piece in sent:
            plain.sendall(piece)
        framer = Framer()
        framer.feed(read_until_closed(plain))
    messages = []
    while (message := framer.next_message()) is not None:
        messages.append(message)
    return messages


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(logon("NOBODY", 1, RESET), id="unknown SenderCompID(49)"),
        pytest.param(logon("CLIENT1", 1, RESET, target="OTHER"), id="wrong TargetCompID(56)"),
        pytest.param(
            raw([(8, "FIX.4.2"), (35, "A"), (98, "0"), (108, "30"), RESET], "CLIENT1", 1), id="wrong BeginString(8)"
        ),
        pytest.param(raw(new_order("x1", "1", "1", "1.00"), "CLIENT1", 1), id="first message is no Logon"),
        pytest.param(raw([(35, "4"), (36, "5000")], "CLIENT1", 1), id="a SequenceReset before the Logon"),
    ],
)
def test_refused_without_a_word(venue: Venue, traders: Traders, first: bytes) -> None:
    """Item 2: not a Logon of a session that we know: the connection is closed, and nothing has moved."""
    trader = traders("CLIENT1")
    trader.logout()
    before = trader.next_out, trader.next_in

    assert answers(venue, first) == []

    trader.logon(WAIT_S, reset=False)
    assert (trader.next_out, trader.next_in) == (before[0] + 1, before[1] + 1)
    trader.round_trip_s()


def test_msg_seq_num_too_low(venue: Venue, traders: Traders) -> None:
    """Item 2: a Logon with a MsgSeqNum(34) that was used gets a Logout that says which is expected."""
    trader = traders("CLIENT1")
    trader.round_trip_s()
    trader.logout()
    expected = trader.next_out

    came = answers(venue, logon("CLIENT1", 1))

    assert [message.msg_type for message in came] == ["5"]
    assert came[0][58] == f"MsgSeqNum too low, expecting {expected} but received 1"
    trader.logon(WAIT_S, reset=False)
    trader.round_trip_s()


@pytest.mark.parametrize("tag", [35002, 8013, 9001])
def test_cancel_on_disconnect_is_refused(traders: Traders, tag: int) -> None:
    """Item 2: what this version does not do is refused with a reason, and the number it used up is put back."""
    trader = traders("CLIENT1")
    trader.logout()
    for _ in range(3):
        with pytest.raises(LogonError, match=rf"{tag}\) is not supported"):
            trader.logon(WAIT_S, reset=False, extra=[(tag, "1" if tag == 35002 else "Y")])
        trader.next_out -= 1  # a refused Logon is not counted by the venue
        trader.next_in -= 1  # nor is the Logout that refused it
    trader.log.clear()

    trader.logon(WAIT_S, reset=False)
    trader.round_trip_s()

    assert sent_resend_requests(trader) == 0, "the venue's numbers had a gap"
    assert not [m for _, m in trader.log if m.msg_type == "2"], "our numbers had a gap"


def test_cancel_on_disconnect_none_may_be_said(venue: Venue) -> None:
    """Item 2: 35002=0 asks for nothing and is welcome."""
    with Trader("CLIENT1", venue.port) as trader:
        trader.logon(WAIT_S, extra=[(35002, "0")])
        trader.round_trip_s()


@pytest.mark.parametrize("heart_bt_int", ["-1", "x", "", "99999999999"])
def test_wrong_heart_bt_int(venue: Venue, traders: Traders, heart_bt_int: str) -> None:
    """Item 9: the connection ends, the session is free again at once."""
    came = answers(venue, logon("CLIENT1", 1, RESET, heartbeat_s=heart_bt_int))
    assert [message.msg_type for message in came] in ([], ["5"], ["A", "5"], ["A"])
    traders("CLIENT1").round_trip_s()


@pytest.mark.parametrize("heart_bt_int", ["0", "999999999"])
def test_strange_heart_bt_int(venue: Venue, traders: Traders, heart_bt_int: str) -> None:
    """Item 9: no heartbeats, or nearly none, is the client's choice."""
    with connection(venue.port) as plain:
        plain.sendall(logon("CLIENT1", 1, RESET, heartbeat_s=heart_bt_int))
        read_until(plain, b"35=A")
        plain.sendall(raw([(35, "1"), (112, "ping")], "CLIENT1", 2))
        read_until(plain, b"112=ping")
    traders("CLIENT2").round_trip_s()


def test_logon_without_a_required_tag(venue: Venue, traders: Traders) -> None:
    """A Logon without HeartBtInt(108) logs nobody on, and does not keep the session from its owner."""
    assert answers(venue, raw([(35, "A"), (98, "0")], "CLIENT1", 1)) == []
    traders("CLIENT1").round_trip_s()


def test_stale_logon(venue: Venue, traders: Traders) -> None:
    """A Logon whose SendingTime(52) is far off the clock is refused; the next good one is welcome."""
    old = utc_timestamp(time.time() - 3600)
    answers(venue, raw([(35, "A"), (98, "0"), (108, "30"), RESET, (52, old)], "CLIENT1", 1))
    traders("CLIENT1").round_trip_s()


def test_second_logon_is_turned_away(venue: Venue, traders: Traders) -> None:
    """Item 4: the same CompIDs twice: the second connection is closed, the first does not notice."""
    first = traders("CLIENT1")
    before = first.next_out, first.next_in

    for second in (logon("CLIENT1", 1, RESET), logon("CLIENT1", first.next_out)):
        assert answers(venue, second) == []

    assert (first.next_out, first.next_in) == before
    first.round_trip_s()
    assert first.drain() == []
    assert first.logged_on


def sent_resend_requests(trader: Trader) -> int:
    return sum(message.msg_type == "2" for _, message in trader.log)
