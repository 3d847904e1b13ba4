"""Hostile messages (item 9): whatever comes, the process lives on and a well-behaved client gets its answers."""

import random
import socket

import pytest

from fixgw.client.message import Field, utc_timestamp, with_checksum
from tests.wire.conftest import Bystander, Traders
from tests.wire.venue import (
    RESET,
    WAIT_S,
    Trader,
    Venue,
    changed,
    connection,
    logon,
    new_id,
    new_order,
    raw,
    read_until,
    read_until_closed,
    wait_for,
)

pytestmark = pytest.mark.usefixtures("bystander")

NOT_ASCII = "\xe9\xff\x80\x00\x7f\xed\xa0\x80"
LYING_LENGTHS: list[list[Field]] = [
    [(354, "-1"), (355, "x")],
    [(354, "1000000000"), (355, "x")],
    [(95, "1000000000"), (96, "x")],
    [(95, "-1000000000"), (96, "x")],
    [(96, "x")],
    [(90, "99999999"), (91, "x")],
    [(90, "-1"), (91, "x")],
    [(93, "1000000000"), (89, "x")],
    [(93, "-5"), (89, "x")],
    [(348, "4000000000"), (349, "x")],
    [(350, "-1"), (351, "x")],
    [(212, "2147483647"), (213, "x")],
    [(618, "-2147483648"), (619, "x")],
]
ROUTING = frozenset({50, 57, 115, 116, 128})
IDS = [f"{fields[0][0]}={fields[0][1]}" for fields in LYING_LENGTHS]


def hostile(trader: Trader, fields: list[Field]) -> None:
    """Send an order, which must be answered in some way, and see that the session lives on."""
    trader.send_raw(fields)
    assert trader.receive(WAIT_S) is not None, f"no answer: {trader.closed_because or 'still connected'}"
    trader.expect({35: "8", 150: "0", 11: trader.buy("1", "1.00")}, WAIT_S, skip=True)


def test_random_garbage(venue: Venue, bystander: Bystander) -> None:
    """Item 9: random bytes, before and after a logon."""
    dice = random.Random(1)
    for size in (1, 10, 100, 5_000):
        with connection(venue.port) as plain:
            plain.sendall(dice.randbytes(size))
    with connection(venue.port) as plain:
        plain.sendall(logon("CLIENT1", 1, RESET))
        read_until(plain, b"35=A")
        for size in (1, 10, 100, 5_000, 50_000):
            plain.sendall(dice.randbytes(size))
            before = bystander.answers
            wait_for(lambda: bystander.answers > before, WAIT_S, "an answer to the bystander")  # noqa: B023 - at once


@pytest.mark.parametrize("tag", [1, 11, 18, 21, 38, 40, 44, 54, 55, 58, 59, 60, 97, 50, 57, 115, 116, 128, 5000, 20001])
def test_bytes_that_are_not_ascii(traders: Traders, tag: int) -> None:
    """Item 9: a byte that is not UTF-8, handed back to QuickFIX, would be a segmentation fault."""
    alice = traders("CLIENT1")
    for value in (NOT_ASCII, "\xff", "caf\xe9"):
        alice.send(changed(new_order(new_id(), "1", "1", "1.00"), {tag: value}))
    answers = alice.drain()
    assert len(answers) == 3, "one answer each"
    assert all(answer[35] == "3" for answer in answers)
    if tag in ROUTING:
        alice.invalid.clear()  # QuickFIX's Reject(3) sends these back to where they came from, as they were


@pytest.mark.parametrize("msg_type", ["D", "F", "G", "H", "q", "AF"])
def test_identifiers_that_are_not_ascii(traders: Traders, msg_type: str) -> None:
    """Item 9: the same in each request that the venue takes."""
    alice = traders("CLIENT1")
    order = changed(new_order("caf\xe9", "1", "1", "1.00"), {35: msg_type, 41: "\xff", 530: "7", 584: "\xfe", 585: "7"})
    alice.send(order)
    assert [answer[35] for answer in alice.drain()] == ["3"]


@pytest.mark.parametrize("tag", [49, 56, 50, 57, 58, 553, 554, 115, 34, 52, 108, 141, 5000, 35002])
def test_a_logon_that_is_not_ascii(venue: Venue, traders: Traders, tag: int) -> None:
    """Item 9: the same in a Logon, whose fields are read before anybody is known."""
    fields: list[Field] = [(35, "A"), (98, "0"), (108, "30"), RESET]
    with connection(venue.port) as plain:
        plain.sendall(raw(changed(fields, {tag: NOT_ASCII}), "CLIENT1", 1))
        plain.shutdown(socket.SHUT_WR)
        read_until_closed(plain)
    traders("CLIENT1").round_trip_s()


@pytest.mark.parametrize("lie", LYING_LENGTHS, ids=IDS)
def test_lying_data_length_in_a_logon(venue: Venue, traders: Traders, lie: list[Field]) -> None:
    """Item 9: QuickFIX reads data fields by their length, before any password; the venue's dictionary has none."""
    with connection(venue.port) as plain:
        plain.sendall(logon("CLIENT1", 1, RESET, *lie))
        plain.shutdown(socket.SHUT_WR)
        read_until_closed(plain)
    traders("CLIENT1").round_trip_s()


@pytest.mark.parametrize("lie", LYING_LENGTHS, ids=IDS)
def test_lying_data_length_in_an_order(traders: Traders, lie: list[Field]) -> None:
    """Item 9: the same in an order."""
    hostile(traders("CLIENT1"), [*new_order(new_id(), "1", "1", "1.00"), *lie])


@pytest.mark.parametrize(
    "length", ["1", "99999999", "-5", "2147483648", "abc", "", "0", "4294967295", "00000000000000"]
)
def test_lying_body_length(venue: Venue, traders: Traders, length: str) -> None:
    """Item 9: the offender's connection may end or be stuck, nobody else's; its session is free again."""
    text = raw(new_order(new_id(), "1", "1", "1.00"), "CLIENT1", 2)
    begin, end = text.index(b"\x019=") + 3, text.index(b"\x0135=")
    lie = with_checksum(text[:begin] + length.encode() + text[end : text.rindex(b"10=")])
    with connection(venue.port) as plain:
        plain.sendall(logon("CLIENT1", 1, RESET))
        read_until(plain, b"35=A")
        plain.sendall(lie * 3)
    with connection(venue.port) as plain:
        plain.sendall(lie.replace(b"35=D", b"35=A"))
    traders("CLIENT1").round_trip_s()


@pytest.mark.parametrize("tag", [38, 44])
@pytest.mark.parametrize(
    "number",
    ["1e400", "9" * 10_000, "-0", "99999999999999999999", "0." + "0" * 5_000 + "1", "NaN", "inf", "0x10", "+1", ".",
     "-", "1.", ".5", "0001", " 1", "1_000", "\u0661"],
    ids=lambda number: number[:12],
)  # fmt: skip
def test_absurd_numbers(traders: Traders, tag: int, number: str) -> None:
    """Item 9: each gets one answer, and never an order of another size or price than was written."""
    alice = traders("CLIENT1")
    number = number.encode().decode("latin-1")
    alice.send(changed(new_order(new_id(), "1", "1", "1"), {tag: number}))
    answers = alice.drain()
    assert len(answers) == 1
    if answers[0].get(150) == "0":
        assert float(answers[0][tag]) == float(number)
    else:
        assert answers[0][35] in ("3", "8")


@pytest.mark.parametrize("seq", ["0", "-1", "99999999999", "18446744073709551616", "x", ""])
def test_absurd_sequence_numbers(venue: Venue, traders: Traders, seq: str) -> None:
    """Item 9: MsgSeqNum(34) that cannot be; in the worst case the offender is disconnected."""
    with connection(venue.port) as plain:
        plain.sendall(logon("CLIENT1", 1, RESET))
        read_until(plain, b"35=A")
        plain.sendall(raw(new_order(new_id(), "1", "1", "1.00"), "CLIENT1", seq))
    with connection(venue.port) as plain:
        plain.sendall(raw([(35, "A"), (98, "0"), (108, "30")], "CLIENT1", seq))
    traders("CLIENT1").round_trip_s()


def test_a_hundred_thousand_unknown_fields(traders: Traders) -> None:
    """Item 9: user-defined tags, 100,000 in one message of a megabyte."""
    many = [(5000 + number, "x") for number in range(100_000)]
    hostile(traders("CLIENT1"), [*new_order(new_id(), "1", "1", "1.00"), *many])


@pytest.mark.parametrize("tag", [58, 448, 453, 11])
def test_a_hundred_thousand_times_the_same_field(traders: Traders, tag: int) -> None:
    """Item 9: one tag 100,000 times, some of them the first of a repeating group."""
    group: list[Field] = [(453, "1000000")] if tag == 448 else []
    hostile(traders("CLIENT1"), [*new_order(new_id(), "1", "1", "1.00"), *group, *[(tag, "1")] * 100_000])


@pytest.mark.parametrize("tag", [11, 55, 1, 58, 38, 5000])
def test_a_megabyte_in_one_field(traders: Traders, tag: int) -> None:
    """Item 9: a value of a megabyte."""
    hostile(traders("CLIENT1"), changed(new_order(new_id(), "1", "1", "1.00"), {tag: "9" * 1_000_000}))


@pytest.mark.parametrize("count", ["1000000", "-1", "99999999999999999999", "0", "x"])
def test_lying_group_count(traders: Traders, count: str) -> None:
    """Item 9: NoPartyIDs(453) that does not fit what follows."""
    party: list[Field] = [(448, "me"), (447, "D"), (452, "1")]
    hostile(traders("CLIENT1"), [*new_order(new_id(), "1", "1", "1.00"), (453, count), *party])


@pytest.mark.parametrize("tag", ["0", "-1", "99999999999", "x", "", "+11", "011"])
def test_tags_that_are_no_numbers(venue: Venue, traders: Traders, tag: str) -> None:
    """Item 9: what stands before the equals sign."""
    body = f"35=D|49=CLIENT1|56=FIXGW|34=2|52={utc_timestamp(0)}|11=t|{tag}=1|55=AAPL|".replace("|", "\x01")
    with connection(venue.port) as plain:
        plain.sendall(logon("CLIENT1", 1, RESET))
        read_until(plain, b"35=A")
        plain.sendall(with_checksum(f"8=FIX.4.4\x019={len(body)}\x01{body}".encode()))
    traders("CLIENT1").round_trip_s()


def test_refused_messages_are_not_kept_in_memory(venue: Venue, traders: Traders) -> None:
    """Item 9: QuickFIX's wrapper never frees the exception behind a reject; it must not hold the message too."""
    alice = traders("CLIENT1")
    big = [*new_order(new_id(), "1", "1", "1.00"), (58, "x" * 50_000), (5000, "\xe9")]
    for _ in range(50):
        alice.send_raw(big)
        alice.expect({35: "3"}, WAIT_S)
    before = venue.memory_mb()
    for _ in range(400):
        alice.send_raw(big)
        alice.expect({35: "3"}, WAIT_S)
    assert venue.memory_mb() - before < 10, "400 messages of 50 kB"
