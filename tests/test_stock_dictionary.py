"""The check of outgoing messages must be able to fail."""

import pytest

from tests.stock_dictionary import check

REPORT = "37=1|17=1.0|150=0|39=0|11=a1|55=AAPL|54=1|38=100|40=2|44=100.25|151=100|14=0|6=0"


def message(body: str, msg_type: str = "8") -> str:
    """Return the whole text of a venue's message, ``body`` being written with ``|`` for SOH."""
    inner = f"35={msg_type}|49=FIXGW|56=CLIENT1|34=2|52=20260102-12:00:00.000|{body}|".replace("|", "\x01")
    framed = f"8=FIX.4.4\x019={len(inner)}\x01{inner}"
    return f"{framed}10={sum(framed.encode()) % 256:03}\x01"


@pytest.mark.parametrize(
    "text",
    [
        message(REPORT),
        message(REPORT + "|453=2|448=ALPHA|447=D|452=1|448=BETA|447=D|452=17"),
        message("37=NONE|11=c1|41=a1|39=8|434=1|102=1", msg_type="9"),
        message("45=2|372=V|380=3|58=MsgType(35) V is not supported", msg_type="j"),
    ],
)
def test_a_stock_message_passes(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (message(REPORT.replace("39=0", "39=Q")), "Value is incorrect .* 39"),
        (message(REPORT.replace("150=0|", "")), "Required tag missing: 150"),
        (message(REPORT + "|371=44"), "Tag not defined for this message type: 371"),
        (message(REPORT + "|1138=10"), "Invalid tag number: 1138"),
        (message(REPORT + "|103=16"), "Value is incorrect .* 103"),
        (message(REPORT + "|58="), "Tag specified without a value: 58"),
        (message(REPORT + "|14=0"), "Repeated tag"),
        (message(REPORT + "|453=2|448=ALPHA|447=D|452=1"), "Repeating group count mismatch"),
        (message(REPORT, msg_type="ZZ"), "Invalid Message Type"),
        (message(REPORT).replace("AAPL", "MSFT"), "Expected CheckSum"),
        (message(REPORT).replace("AAPL", "AA"), "Expected BodyLength"),
    ],
)
def test_the_reason_is_told(text: str, reason: str) -> None:
    with pytest.raises(AssertionError, match=reason):
        check(text)
