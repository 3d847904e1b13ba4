"""Any text is a request for market data, a refusal or one of QuickFIX's rejects."""

import pytest
import quickfix as fix
from hypothesis import given
from hypothesis import strategies as st

from fixgw.fix.fields import REJECTS
from fixgw.fix.market_data_requests import (
    MarketDataRequest,
    MDEntryType,
    RefusedRequest,
    decode,
)
from fixgw.spec.values import SubscriptionRequestType

RIGHT = "35=V|262=m1|263=1|264=0|265=1|267=2|269=0|269=1|146=2|55=AAPL|55=MSFT|"
PIECES = st.sampled_from(
    [*RIGHT.rstrip("|").split("|"), "264=-1", "264=x", "263=9", "55=\u20ac", "=", "547=Y", "266=N"]
)


def test_groups_are_read_whole() -> None:
    assert decode(RIGHT.replace("|", "\x01")) == MarketDataRequest(
        "m1",
        SubscriptionRequestType.SNAPSHOT_AND_UPDATES,
        0,
        True,
        frozenset({MDEntryType.BID, MDEntryType.OFFER}),
        ("AAPL", "MSFT"),
    )


def test_a_symbol_named_twice_is_meant_once() -> None:
    request = decode(RIGHT.replace("MSFT", "AAPL").replace("|", "\x01"))
    assert isinstance(request, MarketDataRequest)
    assert request.symbols == ("AAPL",)


@pytest.mark.parametrize("left_out", ["262=m1", "263=1", "264=0", "269=0|269=1", "55=AAPL|55=MSFT"])
def test_what_is_required_is_named(left_out: str) -> None:
    with pytest.raises(fix.FieldNotFound) as missing:
        decode(RIGHT.replace(f"{left_out}|", "").replace("|", "\x01"))
    assert missing.value.field == int(left_out.partition("=")[0])


@given(st.text() | st.lists(PIECES | st.text(max_size=5)).map(lambda pieces: "35=V\x01" + "\x01".join(pieces) + "\x01"))
def test_any_text_is_answered(text: str) -> None:
    try:
        read = decode(text)
    except REJECTS:
        return
    assert isinstance(read, MarketDataRequest | RefusedRequest)
    assert read.md_req_id.isascii()
