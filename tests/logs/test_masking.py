"""No secret of a client reaches a log, whatever its place in the message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.logs.masking import mask

SECRET = "hunter2"
FIELDS = st.tuples(st.sampled_from([11, 49, 55, 58, 95, 1554, 5540, 9925]), st.text("ab =|-", max_size=6))


@given(
    before=st.lists(FIELDS), tag=st.sampled_from([554, 925, 96]), after=st.lists(FIELDS), end=st.sampled_from("\x01|")
)
def test_no_secret_survives(before: list[tuple[int, str]], tag: int, after: list[tuple[int, str]], end: str) -> None:
    fields = [f"{number}={value}" for number, value in [*before, (tag, SECRET), *after]]

    masked = mask(end.join([*fields, "10=000", ""]))

    assert SECRET not in masked
    assert f"{tag}=***" in masked


@given(st.lists(FIELDS))
def test_what_is_no_secret_stays(fields: list[tuple[int, str]]) -> None:
    text = "".join(f"{tag}={value}\x01" for tag, value in fields)

    assert mask(text) == text


@given(st.text("ab\x01=1|", min_size=1, max_size=12))
def test_raw_data_is_as_long_as_it_says(data: str) -> None:
    """RawData(96) may have the separator in it, and what looks like a field."""
    assert mask(f"35=A\x0195={len(data)}\x0196={data}\x01108=30\x0110=000\x01") == (
        f"35=A\x0195={len(data)}\x0196=***\x01108=30\x0110=000\x01"
    )


@pytest.mark.parametrize("length", ["0", "3", "100000000", "-1", "x", "999999999999"])
def test_a_length_that_lies_shows_nothing(length: str) -> None:
    assert SECRET not in mask(f"35=A\x0195={length}\x0196={SECRET}\x01{SECRET}\x0110=000\x01")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("554=s", "554=***"),
        ("refused: 8=FIX.4.4|554=s|10=1|", "refused: 8=FIX.4.4|554=***|10=1|"),
        ("554=\x0110=1\x01", "554=***\x0110=1\x01"),
        ("554=a\x01554=b\x01", "554=***\x01554=***\x01"),
        ("the order is for 1554=2 of them", "the order is for 1554=2 of them"),
    ],
)
def test_in_logs_and_messages_alike(text: str, masked: str) -> None:
    assert mask(text) == masked
