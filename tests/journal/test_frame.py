"""The bytes: pinned, exact for every value, and refused where they could not be."""

from pathlib import Path
from typing import get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixgw.journal.frame import FRAME_HEADER, WHOLE, SegmentHeader, encode
from fixgw.spec.commands import Command, NewOrder
from fixgw.spec.events import Event, OrderAccepted, OrderState
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.values import OrdStatus, OrdType, Price, Qty, Side, TimeInForce
from tests.journal.examples import TIME_NS, frame, sequenced_with, shapes

ORDER = NewOrder(
    "CLIENT1", "ALPHA", "a1", "A1", "AAPL", Side.BUY, Qty(100), OrdType.LIMIT, Price(10_025), TimeInForce.DAY
)
ACCEPTED = OrderAccepted(
    "7.0",
    OrderState(
        "CLIENT1", "ALPHA", "A1", "7", "a1", "AAPL", Side.BUY, OrdType.LIMIT, TimeInForce.DAY,
        Qty(100), Price(10_025), OrdStatus.NEW, Qty(0), Qty(100), 0, 2, 0,
    ),
)  # fmt: skip


def test_bytes_of_a_frame_are_pinned() -> None:
    """When this fails, journals written until now can no longer be read: raise FORMAT_VERSION, tell how to upgrade.

    Only a field with a default at the end of a class may make them longer; then the bytes from before join EARLIER.
    """
    assert encode(Sequenced(7, TIME_NS, ORDER, (ACCEPTED,))).hex(" ", -4) == (
        "00000079 2a76d279 9407cf18 79db6f4a 1bed159e a144a743 4c49454e 5431a541 4c504841 a26131a2 4131a441 "
        "41504ca1 3164a132 cd2729a1 30c200c0 9193a861 63636570 746564a3 372e30dc 0018a743 4c49454e 5431a541 "
        "4c504841 a24131a1 37a26131 a4414150 4ca131a1 32a13064 cd2729a1 30006400 0200c0c2 c000c0c0 00"
    )


EARLIER = (
    # Before there were lists.
    "00000077 a4d26a93 9407cf18 79db6f4a 1bed159e a144a743 4c49454e 5431a541 4c504841 a26131a2 4131a441 "
    "41504ca1 3164a132 cd2729a1 30c200c0 9193a861 63636570 746564a3 372e30dc 0016a743 4c49454e 5431a541 "
    "4c504841 a24131a1 37a26131 a4414150 4ca131a1 32a13064 cd2729a1 30006400 0200c0c2 c000c0",
    # Before there were quotes.
    "00000076 465df9f4 9407cf18 79db6f4a 1bed159e a144a743 4c49454e 5431a541 4c504841 a26131a2 4131a441 "
    "41504ca1 3164a132 cd2729a1 30c200c0 9193a861 63636570 746564a3 372e30dc 0015a743 4c49454e 5431a541 "
    "4c504841 a24131a1 37a26131 a4414150 4ca131a1 32a13064 cd2729a1 30006400 0200c0c2 c000",
    # Before a part of them could be hidden.
    "00000075 069c1155 9407cf18 79db6f4a 1bed159e a144a743 4c49454e 5431a541 4c504841 a26131a2 4131a441 "
    "41504ca1 3164a132 cd2729a1 30c200c0 9193a861 63636570 746564a3 372e30dc 0014a743 4c49454e 5431a541 "
    "4c504841 a24131a1 37a26131 a4414150 4ca131a1 32a13064 cd2729a1 30006400 0200c0c2 c0",
    # Before orders had instructions.
    "00000071 c194afc8 9407cf18 79db6f4a 1bed159d a144a743 4c49454e 5431a541 4c504841 a26131a2 4131a441 "
    "41504ca1 3164a132 cd2729a1 30c20091 93a86163 63657074 6564a337 2e30dc00 11a7434c 49454e54 31a5414c "
    "504841a2 4131a137 a26131a4 4141504c a131a132 a13064cd 2729a130 00640002 00",
    # Before orders had triggers.
    "00000073 75462c7d 9407cf18 79db6f4a 1bed159e a144a743 4c49454e 5431a541 4c504841 a26131a2 4131a441 "
    "41504ca1 3164a132 cd2729a1 30c200c0 9193a861 63636570 746564a3 372e30dc 0012a743 4c49454e 5431a541 "
    "4c504841 a24131a1 37a26131 a4414150 4ca131a1 32a13064 cd2729a1 30006400 0200c0",
)


@pytest.mark.parametrize("pinned", EARLIER)
def test_the_bytes_of_earlier_versions_are_read(pinned: str) -> None:
    assert WHOLE.decode(bytes.fromhex(pinned)[8:]) == Sequenced(7, TIME_NS, ORDER, (ACCEPTED,))


def test_fields_of_all_commands_and_events_are_pinned() -> None:
    """shapes.txt has a line for each struct in a frame: its tag, and its fields in the order of their array.

    A field with a default (?) may be added at the end, here and there.  All else is as above: a new format.
    """
    pinned = Path(__file__).with_name("shapes.txt").read_text(encoding="ascii").splitlines()

    assert shapes(Sequenced) == pinned


def test_bytes_of_a_segment_header_are_pinned() -> None:
    header = SegmentHeader(UUID("00112233-4455-6677-8899-aabbccddeeff"), 1234)

    assert header.to_bytes().hex(" ", -4) == (
        "46495847 574a4e4c 00020001 00112233 44556677 8899aabb ccddeeff 00000000 000004d2 d8638622"
    )
    assert SegmentHeader.from_bytes(header.to_bytes()) == header


@pytest.mark.parametrize("kind", get_args(Command) + get_args(Event))
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_every_command_and_event_comes_back_as_it_was(kind: type, data: st.DataObject) -> None:
    sequenced = data.draw(sequenced_with(kind))

    assert WHOLE.decode(encode(sequenced)[FRAME_HEADER.size :]) == sequenced


@pytest.mark.parametrize("value", [2**63, 2**64 - 1, 2**64, 10**30, -(2**63) - 1])
def test_an_integer_beyond_64_bits_is_refused(value: int) -> None:
    """SQL and most languages end at 2**63-1; what we cannot write for all readers we do not write."""
    with pytest.raises(OverflowError):
        encode(Sequenced(value, TIME_NS, ORDER, ()))
    with pytest.raises(OverflowError):
        encode(Sequenced(1, value, ORDER, ()))
    with pytest.raises(OverflowError):
        encode(Sequenced(1, TIME_NS, msgspec.structs.replace(ORDER, order_qty=value), (ACCEPTED,)))


def test_text_that_looks_like_too_large_an_integer_is_not_one() -> None:
    """Greek in UTF-8 is CF and a byte with its high bit set, as an integer above 2**63-1 is."""
    sequenced = Sequenced(1, 2**63 - 1, msgspec.structs.replace(ORDER, cl_ord_id="πορτοφόλιο"), ())

    assert WHOLE.decode(encode(sequenced)[FRAME_HEADER.size :]) == sequenced


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode(Sequenced(1, TIME_NS, msgspec.structs.replace(ORDER, cl_ord_id="\udc80"), ()))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "does not begin"),
        (b"FIXGWJNL", "does not begin"),
        (encode(frame(1)), "does not begin"),
        (SegmentHeader(UUID(int=1), 1).to_bytes()[:-1] + b"?", "CRC-32"),
    ],
)
def test_a_header_that_is_none_is_named(data: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        SegmentHeader.from_bytes(data)
