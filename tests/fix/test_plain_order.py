"""A plain order is read with one look, and as the one that is read field by field; anything else is left to that."""

from collections.abc import Sequence

import pytest
import quickfix as fix
from hypothesis import given, settings
from hypothesis import strategies as st

from fixgw.fix import plain_order
from fixgw.fix.fields import REJECTS, SOH
from fixgw.fix.inbound import Decoder, Request
from fixgw.spec import dictionary
from fixgw.spec.commands import NewOrder
from fixgw.spec.participant import Participant
from tests.orders import BOB, INSTRUMENTS

ALICE = Participant("CLIENT1", "ALPHA", ("A1", "A3"))
PARTICIPANTS = {participant.session: participant for participant in (ALICE, BOB)}
LISTED = {instrument.symbol: instrument for instrument in INSTRUMENTS}

HEADER = ("8=FIX.4.4", "9=150", "35=D", "34=7", "49=CLIENT1", "52=20260102-12:00:00.000", "56=FIXGW")
BODY = ("1=A3", "11=a1", "21=1", "38=100", "40=2", "44=100.25", "54=1", "55=AAPL", "59=1", "60=20260102-12:00:00")
TRAILER = ("10=000",)


def text_of(header: Sequence[str] = HEADER, body: Sequence[str] = BODY) -> str:
    return "".join(field + SOH for field in (*header, *body, *TRAILER))


def read(text: str) -> NewOrder | None:
    return plain_order.read(text, PARTICIPANTS, LISTED)


def field_by_field(header: Sequence[str], body: Sequence[str]) -> Request | type[Exception]:
    """Return what the decoder makes of the fields in an order of their own, which is none that QuickFIX writes."""
    decoder = Decoder((ALICE, BOB), INSTRUMENTS, 30, lambda: 0, lambda: "2026-01-02")
    text = text_of(header, (*body[::-1], "9001=x"))
    assert read(text) is None
    try:
        return decoder.decode(text)
    except REJECTS as reject:
        return type(reject)


@pytest.mark.parametrize("left_out", ["", "1=", "21=", "59="])
def test_a_plain_order_as_quickfix_writes_it_is_read_with_one_look(left_out: str) -> None:
    body = [field for field in BODY if not left_out or not field.startswith(left_out)]
    message = fix.Message(text_of(body=body[::-1]), fix.DataDictionary(str(dictionary.PATH)), False)
    order = read(message.toString())
    assert order is not None
    assert order == field_by_field(HEADER, body)


@pytest.mark.parametrize(
    "body",
    [
        BODY[1:-1],
        (*BODY[:-2], "59=6", BODY[-1], "126=20270102-12:00:00"),
        (*BODY[:-1], BODY[-1], "110=10"),
        ("1=A3", "11=a1", "18=6", *BODY[3:]),
        ("1=A3", "11=a1", "38=100", "40=1", *BODY[6:]),
        (*BODY, "97=Y"),
    ],
)
def test_what_asks_for_more_is_left_to_the_decoder(body: Sequence[str]) -> None:
    assert read(text_of(body=body)) is None


def test_an_order_sent_again_is_left_to_the_decoder() -> None:
    assert read(text_of((*HEADER[:4], "43=Y", *HEADER[4:], "122=20260102-12:00:00"))) is None


ODD = (
    "",
    " ",
    "=",
    "x=y",
    "é",
    "\ud800",
    "\t",
    "0",
    "-1",
    "1e3",
    "00",
    "٣",
    "x" * 65,
    "1" * 19,
    "99999999999999999999",
)
VALUES = {
    "34": ("1", "7", "007"),
    "49": ("CLIENT1", "CLIENT2", "NOBODY"),
    "1": ("A1", "B1"),
    "11": ("a1", "a 1", "x" * 64),
    "38": ("100", "0.5", "1.0", "0.0010"),
    "44": ("100.25", "-3", "100.255", ".5", "5.", "100.250"),
    "54": tuple("123456789BC"),
    "55": ("AAPL", "BTC-USD", "ESZ6", "NONE"),
    "59": tuple("01234567"),
}


@st.composite
def fields(draw: st.DrawFn, usual: Sequence[str]) -> list[str]:
    """Return ``usual`` with some values changed and some fields left out."""
    drawn = []
    for field in usual:
        tag, _, value = field.partition("=")
        fate = draw(st.integers(0, 9))
        if fate == 0 and tag not in ("8", "9", "35", "34", "49"):
            continue
        if fate in (1, 2) and tag in VALUES:
            value = draw(st.sampled_from(VALUES[tag]))
        elif fate == 3 and tag not in ("8", "9", "35"):
            value = draw(st.sampled_from(ODD) | st.text(max_size=4))
        drawn.append(f"{tag}={value}")
    return drawn


@settings(max_examples=2_000)
@given(fields(HEADER), fields(BODY))
def test_what_is_read_with_one_look_is_what_is_read_field_by_field(header: list[str], body: list[str]) -> None:
    order = read(text_of(header, body))
    if order is not None:
        assert field_by_field(header, body) == order
