"""Framing: what is a message comes out whole, what is not is named and skipped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.client.framing import Framer, GarbledError
from fixgw.client.message import Message, encode, with_checksum
from tests.client.fake_venue import from_venue

HEARTBEAT = from_venue(7, "0")


def everything(framer: Framer) -> tuple[list[Message], bytes]:
    """Return the messages and the garbled bytes that the framer has now."""
    messages: list[Message] = []
    garbled = b""
    while True:
        try:
            message = framer.next_message()
        except GarbledError as error:
            garbled += error.raw
            continue
        if message is None:
            return messages, garbled
        messages.append(message)


def test_message_in_pieces_is_one_message() -> None:
    framer = Framer()
    for byte in HEARTBEAT[:-1]:
        framer.feed(bytes([byte]))
        assert framer.next_message() is None
    framer.feed(HEARTBEAT[-1:])

    message = framer.next_message()

    assert message is not None
    assert (message.msg_type, message[34], message.raw) == ("0", "7", HEARTBEAT)


def test_two_messages_in_one_piece() -> None:
    framer = Framer()
    framer.feed(HEARTBEAT + from_venue(8, "1", (112, "x")))

    messages, garbled = everything(framer)

    assert [m[34] for m in messages] == ["7", "8"]
    assert garbled == b""


@pytest.mark.parametrize(
    ("garbled", "why"),
    [
        (b"hello\x01", "before BeginString"),
        (b"8=FIX.4.4\x0135=0\x019=5\x01", r"BodyLength\(9\) is not where"),
        (HEARTBEAT.replace(b"10=", b"11="), r"does not end at CheckSum\(10\)"),
        (HEARTBEAT[:-4] + b"000\x01", r"CheckSum\(10\) is not"),
        (b"8=FIX.4.4\x019=99999999\x01", r"BodyLength\(9\) is 99999999"),
        (with_checksum(b"8=FIX.4.4\x019=5\x01x5=0\x01"), "fields cannot be read"),
        (with_checksum(b"8=FIX.4.4\x019=12\x0135=0\x0195=99\x01\x01"), "fields"),
        (with_checksum(b"8=FIX.4.4\x019=12\x0135=0\x0110=000\x01"), "fields do not end"),
    ],
)
def test_garbled_bytes_are_named_and_the_next_message_comes(garbled: bytes, why: str) -> None:
    """FIX 4.4 Vol. 2: a garbled message is ignored and processing goes on with the next."""
    framer = Framer()
    framer.feed(garbled + HEARTBEAT)

    with pytest.raises(GarbledError, match=why) as caught:
        framer.next_message()
    messages, rest = everything(framer)

    assert caught.value.raw + rest == garbled
    assert [m.raw for m in messages] == [HEARTBEAT]


@given(st.lists(st.one_of(st.binary(max_size=40), st.just(HEARTBEAT), st.just(b"8=FIX.4.4\x019=")), max_size=8))
def test_any_bytes_give_messages_or_the_one_error_and_none_is_lost(pieces: list[bytes]) -> None:
    framer, seen = Framer(), 0
    for piece in pieces:
        framer.feed(piece)
        messages, garbled = everything(framer)
        seen += sum(len(m.raw) for m in messages) + len(garbled)
    assert seen <= sum(len(piece) for piece in pieces)


TEXTS = st.text(st.characters(min_codepoint=2, max_codepoint=255), min_size=1)


# User-defined tags; from 40000 on simplefix knows fields of type Length, which hold numbers only.
@given(st.lists(st.tuples(st.integers(20000, 39999), TEXTS), max_size=10))
def test_what_is_encoded_comes_back(body: list[tuple[int, str]]) -> None:
    """Whatever a field holds, but SOH."""
    framer = Framer()
    framer.feed(encode([(35, "D"), *body]))

    message = framer.next_message()

    assert message is not None
    assert list(message.fields[3:-1]) == body


def test_header_goes_first_and_given_length_and_checksum_are_kept() -> None:
    fields = [(35, "D"), (11, "a"), (52, "now"), (97, "Y"), (34, "3"), (56, "T"), (49, "S")]

    assert encode(fields).split(b"\x01")[:-2] == (
        [b"8=FIX.4.4", b"9=37", b"35=D", b"49=S", b"56=T", b"34=3", b"52=now", b"97=Y", b"11=a"]
    )
    assert b"\x019=7\x01" in encode([*fields, (9, "7")])
    assert encode([*fields, (10, "000")]).endswith(b"\x0110=000\x01")
    with pytest.raises(ValueError, match="MsgType"):
        encode([(11, "a")])
