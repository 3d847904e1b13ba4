"""docs/fix-market-data.md says what the code does: every tag and every reason, and no other."""

import re
from pathlib import Path

from fixgw.fix import marketdata
from fixgw.fix.market_data_requests import DEPTH_MAX, MDReqRejReason, decode
from fixgw.spec import tags

DOCUMENT = (Path(__file__).parents[2] / "docs" / "fix-market-data.md").read_text("utf-8")


def section(title: str) -> str:
    return DOCUMENT.split(f"\n## {title}", 1)[1].split("\n## ", 1)[0]


def rows(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]


def test_every_tag_has_its_name() -> None:
    found = 0
    for message in ("MarketDataRequest (V)", "MarketDataSnapshot", "MarketDataIncremental", "MarketDataRequestReject"):
        for numbers, names, *others in rows(section(message)):
            if others and re.fullmatch(r"\d{2,}(, \d+)*", numbers):
                assert [tags.NAMES[int(tag)] for tag in numbers.split(", ")] == names.split(", ")
                found += 1
    assert found == 7 + 8 + 11 + 3


def test_the_reasons_are_those_there_are() -> None:
    documented = [row[0] for row in rows(section("MarketDataRequestReject")) if len(row) == 2]
    assert documented == ["281", *MDReqRejReason, "none"]


def test_numbers_in_the_text() -> None:
    assert f"may have {marketdata.SUBSCRIPTIONS_MAX} of them" in DOCUMENT
    assert f"More than {marketdata.ENTRIES_MAX} entries" in DOCUMENT
    absurd = f"35=V|262=m|263=0|264={DEPTH_MAX}|267=1|269=0|146=1|55=AAPL|".replace("|", "\x01")
    assert decode(absurd).reason is MDReqRejReason.UNSUPPORTED_MARKET_DEPTH  # type: ignore[union-attr]
