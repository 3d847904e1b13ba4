"""The messages of the feed are the bytes of docs/market-data.md, and nothing else can be taken for one."""

import string
import struct
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.marketdata.messages import (
    NO_PRICE,
    SYMBOL_LENGTH_MAX,
    IndicativePrice,
    InstrumentListed,
    Message,
    OrderAdded,
    OrderDeleted,
    OrderExecuted,
    OrderMoved,
    OrderReduced,
    SnapshotBegan,
    SnapshotEnded,
    StateChanged,
    TradeAmended,
    TradingState,
    decode,
    encode,
)
from fixgw.spec.values import Price, Qty, Side

TIME_NS = 0x0102030405060708

GOLDEN: tuple[tuple[Message, str], ...] = (
    (
        InstrumentListed(1, TIME_NS, 2, 4, Price(25), Qty(1), 50, "ESZ6"),
        "52 0001 0102030405060708 02 04 0000000000000019 0000000000000001 0000000000000032 4553 5a36",
    ),
    (StateChanged(1, TIME_NS, TradingState.TRADING), "48 0001 0102030405060708 54"),
    (StateChanged(1, TIME_NS, TradingState.HALTED), "48 0001 0102030405060708 48"),
    (StateChanged(1, TIME_NS, TradingState.DELISTED), "48 0001 0102030405060708 58"),
    (
        OrderAdded(1, TIME_NS, 77, Side.BUY, Price(-5), Qty(300)),
        "41 0001 0102030405060708 000000000000004d 31 fffffffffffffffb 000000000000012c",
    ),
    (
        OrderAdded(65535, TIME_NS, 77, Side.SELL, Price(10_025), Qty(300)),
        "41 ffff 0102030405060708 000000000000004d 32 0000000000002729 000000000000012c",
    ),
    (
        OrderExecuted(1, TIME_NS, 77, Price(10_025), Qty(100), Qty(200), 4_711, 3),
        "45 0001 0102030405060708 000000000000004d 0000000000002729 0000000000000064 00000000000000c8"
        " 0000000000001267 00000003",
    ),
    (
        TradeAmended(1, TIME_NS, 4_711, 3, Price(10_020), Qty(100), 10_030),
        "54 0001 0102030405060708 0000000000001267 00000003 0000000000002724 0000000000000064 000000000000272e",
    ),
    (
        TradeAmended(1, TIME_NS, 4_711, 3, Price(10_020), Qty(0), NO_PRICE),
        "54 0001 0102030405060708 0000000000001267 00000003 0000000000002724 0000000000000000 8000000000000000",
    ),
    (
        OrderReduced(1, TIME_NS, 77, Qty(200)),
        "58 0001 0102030405060708 000000000000004d 00000000000000c8",
    ),
    (OrderDeleted(1, TIME_NS, 77), "44 0001 0102030405060708 000000000000004d"),
    (
        OrderMoved(1, TIME_NS, 77, Price(10_026), Qty(200)),
        "55 0001 0102030405060708 000000000000004d 000000000000272a 00000000000000c8",
    ),
    (
        IndicativePrice(1, TIME_NS, 10_025, Qty(300), -20),
        "49 0001 0102030405060708 0000000000002729 000000000000012c ffffffffffffffec",
    ),
    (
        SnapshotBegan(1, TIME_NS, 1_000_000, 2, NO_PRICE),
        "53 0001 0102030405060708 00000000000f4240 00000002 8000000000000000",
    ),
    (SnapshotEnded(1, TIME_NS, 1_000_000), "5a 0001 0102030405060708 00000000000f4240"),
)

NUMBER = st.integers(0, 2**16 - 1)
UNSIGNED = st.integers(0, 2**64 - 1)
SIGNED = st.integers(-(2**63), 2**63 - 1)
SYMBOL = st.text(string.ascii_letters + string.digits + string.punctuation, min_size=1, max_size=SYMBOL_LENGTH_MAX)
COUNT = st.integers(0, 2**32 - 1)
BYTE = st.integers(0, 255)
MESSAGES = st.one_of(
    st.builds(InstrumentListed, NUMBER, UNSIGNED, BYTE, BYTE, SIGNED, UNSIGNED, UNSIGNED, SYMBOL),
    st.builds(StateChanged, NUMBER, UNSIGNED, st.sampled_from(TradingState)),
    st.builds(OrderAdded, NUMBER, UNSIGNED, UNSIGNED, st.sampled_from((Side.BUY, Side.SELL)), SIGNED, UNSIGNED),
    st.builds(OrderExecuted, NUMBER, UNSIGNED, UNSIGNED, SIGNED, UNSIGNED, UNSIGNED, UNSIGNED, COUNT),
    st.builds(TradeAmended, NUMBER, UNSIGNED, UNSIGNED, COUNT, SIGNED, UNSIGNED, SIGNED),
    st.builds(OrderReduced, NUMBER, UNSIGNED, UNSIGNED, UNSIGNED),
    st.builds(OrderDeleted, NUMBER, UNSIGNED, UNSIGNED),
    st.builds(OrderMoved, NUMBER, UNSIGNED, UNSIGNED, SIGNED, UNSIGNED),
    st.builds(IndicativePrice, NUMBER, UNSIGNED, SIGNED, UNSIGNED, SIGNED),
    st.builds(SnapshotBegan, NUMBER, UNSIGNED, UNSIGNED, COUNT, SIGNED),
    st.builds(SnapshotEnded, NUMBER, UNSIGNED, UNSIGNED),
)


@pytest.mark.parametrize(("message", "text"), GOLDEN, ids=lambda value: type(value).__name__)
def test_the_bytes_are_these(message: Message, text: str) -> None:
    assert encode(message).hex() == text.replace(" ", "")
    assert decode(bytes.fromhex(text)) == message


def test_every_message_is_pinned() -> None:
    assert {type(message) for message, _ in GOLDEN} == set(get_args(Message))


@given(MESSAGES)
def test_what_is_encoded_is_decoded(message: Message) -> None:
    decoded = decode(encode(message))

    assert decoded == message
    assert type(decoded) is type(message)


LIKE_A_MESSAGE = st.builds(lambda first, rest: bytes([first]) + rest, st.sampled_from(b"RHAETXDUSZ"), st.binary())


@given(st.binary(max_size=100) | LIKE_A_MESSAGE)
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        message = decode(data)
    except ValueError:
        return
    assert encode(message) == data


@pytest.mark.parametrize(("message", "text"), GOLDEN, ids=lambda value: type(value).__name__)
def test_a_message_cut_short_or_too_long_is_refused(message: Message, text: str) -> None:
    data = bytes.fromhex(text)
    cuts = [data[:size] for size in range(len(data))] + [data + b"\0"]
    if isinstance(message, InstrumentListed):
        # A shorter symbol is one, too.
        cuts = [cut for cut in cuts if not len(data) - len("ESZ6") < len(cut) < len(data)]
    for cut in cuts:
        with pytest.raises(ValueError, match=r"message|symbol"):
            decode(cut)


@pytest.mark.parametrize(
    "message",
    [
        OrderDeleted(65536, TIME_NS, 1),
        OrderDeleted(1, -1, 1),
        OrderReduced(1, TIME_NS, 1, Qty(-1)),
        OrderMoved(1, TIME_NS, 1, Price(2**63), Qty(1)),
        InstrumentListed(1, TIME_NS, 2, 4, Price(25), Qty(1), 1, ""),
        InstrumentListed(1, TIME_NS, 2, 4, Price(25), Qty(1), 1, "A B"),
        InstrumentListed(1, TIME_NS, 2, 4, Price(25), Qty(1), 1, "Ä"),
        InstrumentListed(1, TIME_NS, 2, 4, Price(25), Qty(1), 1, "A" * 65),
    ],
)
def test_what_does_not_fit_is_not_encoded(message: Message) -> None:
    with pytest.raises((struct.error, ValueError)):
        encode(message)
