"""The right layer for each refusal (item 8, E33): one row of the table, one case."""

import time
from decimal import Decimal

import pytest

from fixgw.client.message import SOH, Field, utc_timestamp, with_checksum
from tests.wire.conftest import Traders
from tests.wire.venue import Trader, changed, new_id, new_order


def send_order(trader: Trader, news: dict[int, str | None], *more: Field) -> str:
    """Send a limit order with ``news`` in it and ``more`` behind it; return its MsgSeqNum(34)."""
    fields = changed(new_order(new_id(), "1", "1", "1.00"), news)
    return str(trader.send([*fields, *more]))


@pytest.mark.parametrize(
    ("news", "tag", "reason"),
    [
        pytest.param({54: None}, "54", "1", id="required tag missing"),
        pytest.param({11: None}, "11", "1", id="ClOrdID missing"),
        pytest.param({54: "Z"}, "54", "5", id="value not of the enumeration"),
        pytest.param({40: "%"}, "40", "5", id="value not of the enumeration, OrdType"),
        pytest.param({38: ""}, "38", "4", id="tag without a value"),
        pytest.param({11: ""}, "11", "4", id="ClOrdID without a value"),
        pytest.param({38: "ten"}, "38", "6", id="wrong data format"),
        pytest.param({44: "1e5"}, "44", "6", id="exponent"),
        pytest.param({60: "today"}, "60", "6", id="wrong time"),
        pytest.param({4999: "1"}, "4999", "0", id="undefined tag"),
        pytest.param({150: "0"}, "150", "2", id="tag of another message"),
        pytest.param({52: "yesterday"}, "52", "6", id="wrong SendingTime"),
    ],
)
def test_session_reject(traders: Traders, news: dict[int, str | None], tag: str, reason: str) -> None:
    """Item 8: 35=3 with RefTagID(371), RefMsgType(372) and SessionRejectReason(373); the session goes on."""
    alice = traders("CLIENT1")
    seq = send_order(alice, news)
    alice.expect({35: "3", 45: seq, 371: tag, 372: "D", 373: reason})
    alice.expect({35: "8", 150: "0", 11: alice.buy("1", "1.00")})


def test_tag_twice(traders: Traders) -> None:
    """Item 8: a tag that appears more than once is 35=3 373=13."""
    alice = traders("CLIENT1")
    seq = send_order(alice, {}, (38, "2"))
    alice.expect({35: "3", 45: seq, 371: "38", 372: "D", 373: "13"})


def test_header_field_in_the_body(traders: Traders) -> None:
    """Item 8: a tag out of the required order is 35=3 373=14."""
    alice = traders("CLIENT1")
    seq = alice.next_out
    fields = new_order(new_id(), "1", "1", "1.00")
    header = f"35=D|49=CLIENT1|56=FIXGW|34={seq}|"
    body = "".join(f"{tag}={value}|" for tag, value in fields[1:])
    text = f"{header}{body}52={utc_timestamp(time.time())}|".replace("|", SOH)
    alice.send_bytes(with_checksum(f"8=FIX.4.4{SOH}9={len(text)}{SOH}{text}".encode()))
    alice.next_out = seq + 1
    alice.expect({35: "3", 45: str(seq), 372: "D", 373: "14"})


def test_group_count_is_wrong(traders: Traders) -> None:
    """Item 8: a repeating group with another number of entries is 35=3 373=16."""
    alice = traders("CLIENT1")
    seq = send_order(alice, {}, (453, "3"), (448, "me"), (447, "D"), (452, "1"))
    alice.expect({35: "3", 45: seq, 371: "453", 372: "D", 373: "16"})


def test_wrong_comp_id_in_a_session(traders: Traders) -> None:
    """Item 8: another SenderCompID(49) on a logged-on connection is 35=3 373=9 and a Logout."""
    alice = traders("CLIENT1")
    seq = send_order(alice, {49: "CLIENT2"})
    alice.expect({35: "3", 45: seq, 372: "D", 373: "9"})
    assert alice.wait_closed() is not None


def test_stale_sending_time(traders: Traders) -> None:
    """Item 8: SendingTime(52) two minutes off the clock is 35=3 373=10 and a Logout."""
    alice = traders("CLIENT1")
    seq = send_order(alice, {52: "20200101-00:00:00"})
    alice.expect({35: "3", 45: seq, 372: "D", 373: "10"})
    assert alice.wait_closed() is not None


WHOLE: dict[str, list[Field]] = {
    "8": [(37, "1"), (17, "1"), (150, "0"), (39, "0"), (55, "AAPL"), (54, "1"), (151, "0"), (14, "0"), (6, "0")],
    "R": [(131, "1"), (146, "1"), (55, "AAPL")],
    "V": [(262, "1"), (263, "0"), (264, "1"), (267, "1"), (269, "0"), (146, "1"), (55, "AAPL")],
    "6": [(23, "1"), (28, "N"), (55, "AAPL"), (54, "1"), (27, "S")],
}


@pytest.mark.parametrize("msg_type", WHOLE)
def test_message_type_that_the_venue_does_not_take(traders: Traders, msg_type: str) -> None:
    """Item 8: a message of FIX 4.4 that is not for this venue: 35=j 380=3."""
    alice = traders("CLIENT1")
    seq = alice.send([(35, msg_type), *WHOLE[msg_type]])
    alice.expect({35: "j", 45: str(seq), 372: msg_type, 380: "3"})


@pytest.mark.parametrize("msg_type", ["ZZ", "@", "0D", "dd"])
def test_message_type_that_does_not_exist(traders: Traders, msg_type: str) -> None:
    """Item 8: a MsgType(35) that FIX 4.4 does not have is 35=3 373=11."""
    alice = traders("CLIENT1")
    seq = alice.send([(35, msg_type), (58, "what?")])
    alice.expect({35: "3", 45: str(seq), 372: msg_type, 373: "11"})


@pytest.mark.parametrize(("news", "named"), [({44: None}, "44"), ({38: None}, "38"), ({55: None}, "55")])
def test_conditionally_missing(traders: Traders, news: dict[int, str | None], named: str) -> None:
    """Item 8: Price(44) of a limit order, OrderQty(38), Symbol(55) missing: 35=j 380=5, and Text(58) names the tag."""
    alice = traders("CLIENT1")
    seq = send_order(alice, news)
    reject = alice.expect({35: "j", 45: seq, 372: "D", 380: "5"})
    assert f"({named})" in reject[58]


@pytest.mark.parametrize(
    ("news", "reason"),
    [
        ({55: "NOPE"}, "1"),
        ({38: "0"}, "13"),
        ({38: "-5"}, "13"),
        ({38: "1.5"}, "13"),
        ({44: "1.001"}, None),
        ({44: "-1"}, None),
        ({1: "B1"}, "15"),
        ({38: "1000001"}, "3"),
        ({18: "1"}, "11"),
    ],
)
def test_a_readable_order_is_refused_with_a_report(
    traders: Traders, news: dict[int, str | None], reason: str | None
) -> None:
    """Item 8, E32: everything about a readable order is 35=8 with 39=8, OrdRejReason(103) and Text(58)."""
    alice = traders("CLIENT1")
    order = new_id()
    send_order(alice, {**news, 11: order})
    report = alice.expect({35: "8", 150: "8", 39: "8", 11: order})
    assert [Decimal(report[tag]) for tag in (151, 14, 6)] == [0, 0, 0]
    assert report[58]
    assert reason is None or report[103] == reason


@pytest.mark.parametrize("msg_type", ["F", "G"])
def test_a_readable_request_is_refused_with_a_cancel_reject(traders: Traders, msg_type: str) -> None:
    """Item 8, E8: cancel or replace of an order that is not there is 35=9 with 37=NONE, 39=8 and 102=1."""
    alice = traders("CLIENT1")
    order = changed(new_order(new_id(), "1", "1", "1.00"), {35: msg_type, 41: "nothing"})
    alice.send(order if msg_type == "G" else changed(order, {40: None, 44: None, 21: None}))
    answer = {"F": "1", "G": "2"}[msg_type]
    alice.expect({35: "9", 37: "NONE", 39: "8", 102: "1", 434: answer, 41: "nothing"})


def test_a_garbled_message_is_ignored(traders: Traders) -> None:
    """Item 8: a wrong checksum (no sum is ever 256): no answer, the number is not used, and the next message has it."""
    alice = traders("CLIENT1")
    seq = alice.next_out
    garbled = new_id()
    alice.send([*new_order(garbled, "1", "1", "1.00"), (34, str(seq)), (10, "256")])
    alice.next_out = seq

    assert alice.drain() == []
    alice.expect({35: "8", 150: "0", 11: alice.buy("1", "1.00")})
    assert alice.ask_status(garbled)[103] == "5"
