"""Packets are the bytes of docs/market-data.md, and nothing else can be taken for one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.marketdata.messages import (
    Message,
    OrderDeleted,
    SnapshotBegan,
    SnapshotEnded,
    StateChanged,
    TradingState,
    encode,
)
from fixgw.marketdata.packets import PAYLOAD_MAX, Flag, Packet, heartbeat, pack
from tests.marketdata.test_messages import MESSAGES, TIME_NS

VENUE = bytes.fromhex("00112233 44556677")
HALTED = encode(StateChanged(1, TIME_NS, TradingState.HALTED))
DELETED = encode(OrderDeleted(1, TIME_NS, 77))

GOLDEN: dict[str, tuple[Packet, str]] = {
    "two messages": (
        Packet(VENUE, 1, 0, 41, (HALTED, DELETED)),
        "01 0011223344556677 01 00 0000000000000029 0002"
        " 000c 48 0001 0102030405060708 48"
        " 0013 44 0001 0102030405060708 000000000000004d",
    ),
    "heartbeat": (
        heartbeat(VENUE, 1, 43),
        "01 0011223344556677 01 00 000000000000002b 0000",
    ),
    "snapshot": (
        Packet(
            VENUE,
            1,
            Flag.SNAPSHOT,
            7,
            (encode(SnapshotBegan(1, TIME_NS, 42, 0, 10_025)), encode(SnapshotEnded(1, TIME_NS, 42))),
        ),
        "01 0011223344556677 01 01 0000000000000007 0002"
        " 001f 53 0001 0102030405060708 000000000000002a 00000000 0000000000002729"
        " 0013 5a 0001 0102030405060708 000000000000002a",
    ),
    "refused": (
        Packet(VENUE, 1, Flag.REFUSED | Flag.LAST, 100_001, ()),
        "01 0011223344556677 01 06 00000000000186a1 0000",
    ),
    "last": (
        Packet(VENUE, 1, Flag.LAST, 43, ()),
        "01 0011223344556677 01 04 000000000000002b 0000",
    ),
}
BOTH = pytest.mark.parametrize(("packet", "text"), GOLDEN.values(), ids=GOLDEN)


@BOTH
def test_the_bytes_are_these(packet: Packet, text: str) -> None:
    assert packet.to_bytes().hex() == text.replace(" ", "")
    assert Packet.from_bytes(bytes.fromhex(text)) == packet


@pytest.mark.parametrize("name", GOLDEN)
def test_a_packet_cut_short_or_too_long_is_refused(name: str) -> None:
    data = GOLDEN[name][0].to_bytes()
    for wrong in [data[:size] for size in range(len(data))] + [data + b"\0"]:
        with pytest.raises(ValueError, match=r"bytes|ends before"):
            Packet.from_bytes(wrong)


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="the packet is of version 2, this is 1"):
        Packet.from_bytes(b"\x02" + GOLDEN["heartbeat"][0].to_bytes()[1:])


def test_a_message_of_no_bytes_is_refused() -> None:
    """No message is empty: taken for one it could neither be delivered nor be missing."""
    with pytest.raises(ValueError, match="message 2 of 2 is empty"):
        Packet.from_bytes(Packet(VENUE, 1, 0, 1, (HALTED, b"")).to_bytes())


LIKE_A_PACKET = st.builds(
    lambda flags, number, count, rest: bytes([1, *VENUE, 1, flags]) + number + bytes([0, count]) + rest,
    st.integers(0, 255),
    st.binary(min_size=8, max_size=8),
    st.integers(0, 3),
    st.lists(st.integers(0, 9).flatmap(lambda size: st.binary(min_size=size, max_size=size)), max_size=4).map(
        lambda parts: b"".join(bytes([0, len(part)]) + part for part in parts)
    ),
)


@given(st.binary(max_size=200) | LIKE_A_PACKET)
def test_any_bytes_are_a_packet_or_refused(data: bytes) -> None:
    try:
        packet = Packet.from_bytes(data)
    except ValueError:
        return
    assert packet.to_bytes() == data


@given(
    st.binary(min_size=8, max_size=8),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 2**64 - 1),
    st.lists(st.binary(min_size=1, max_size=100), max_size=20),
)
def test_what_is_packed_is_unpacked(venue: bytes, channel: int, flags: int, number: int, messages: list[bytes]) -> None:
    packet = Packet(venue, channel, flags, number, tuple(messages))

    assert Packet.from_bytes(packet.to_bytes()) == packet


@given(st.integers(1, 2**40), st.lists(MESSAGES, max_size=9), st.integers(1, 20), st.sampled_from((0, Flag.SNAPSHOT)))
def test_messages_keep_their_order_and_numbers_in_few_packets(
    number: int, messages: list[Message], times: int, flags: int
) -> None:
    encoded = [encode(message) for message in messages] * times

    packets = list(pack(VENUE, 1, number, encoded, flags))

    sent = [(packet.number + at, message) for packet in packets for at, message in enumerate(packet.messages)]
    assert sent == list(enumerate(encoded, start=number))
    assert {(packet.venue, packet.channel, packet.flags) for packet in packets} <= {(VENUE, 1, flags)}
    assert all(len(packet.to_bytes()) <= PAYLOAD_MAX for packet in packets)
    for packet, following in pairwise(packets):
        assert len(packet.to_bytes()) + 2 + len(following.messages[0]) > PAYLOAD_MAX
