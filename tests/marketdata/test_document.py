"""docs/market-data.md says what the bytes are: its tables, numbers and examples are those of the code."""

import re
import select
import struct
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path

import msgspec
import pytest

from fixgw.marketdata import arbitration, channel, client, messages, multicaster, packets, publisher, retransmission
from fixgw.marketdata.messages import Message, TradingState, decode
from fixgw.marketdata.packets import Flag, Packet
from tests.cli.command import environment
from tests.wire.market import Market
from tests.wire.venue import WAIT_S

DOCUMENT = (Path(__file__).parents[2] / "docs" / "market-data.md").read_text(encoding="utf-8")
KINDS = {kind.__name__: (chr(first_byte), layout) for kind, (first_byte, layout) in messages._FORMATS.items()}
TYPES = {"char": "B", "u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i64": "q", "bytes": "s"}

Table = list[dict[str, str]]


def section(heading: str) -> str:
    """Return the text between a heading and the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


@cache
def tables(heading: str) -> tuple[Table, ...]:
    found = []
    for text in re.findall(r"(?:^\|.*\n)+", section(heading), re.MULTILINE):
        titles, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
        found.append([dict(zip(titles, row, strict=True)) for row in rows])
    return tuple(found)


def layout_of(rows: Table) -> str:
    """Return the struct format that a table describes; its offsets are checked on the way."""
    text, offset = ">", 0
    for row in rows:
        assert int(row["offset"]) == offset, row
        size = int(row["size"])
        part = f"{size}s" if row["type"] == "bytes" else TYPES[row["type"]]
        assert struct.calcsize(f">{part}") == size, row
        text, offset = text + part, offset + size
    return text


def test_every_message_has_its_section() -> None:
    written = dict(re.findall(r"^### (\w+) \((\w)\)$", DOCUMENT, re.MULTILINE))
    assert written == {name: letter for name, (letter, _) in KINDS.items()}


@pytest.mark.parametrize("name", KINDS)
def test_the_tables_of_messages_are_their_layout(name: str) -> None:
    letter, layout = KINDS[name]
    (rows,) = tables(f"{name} ({letter})")
    assert [row["field"] for row in rows] == ["type", *getattr(messages, name).__struct_fields__]
    assert rows[0]["meaning"] == f"`{letter}`"
    if name == "InstrumentListed":
        *rows, symbol = rows
        assert symbol["offset"] == str(layout.size)
        assert symbol["size"] == f"1 to {messages.SYMBOL_LENGTH_MAX}"
    assert layout_of(rows) == layout.format


def test_the_table_of_packets_is_their_layout() -> None:
    rows, flags = tables("Packet")
    assert layout_of(rows) == packets._HEADER.format
    assert {row["name"]: int(row["flag"]) for row in flags} == {flag.name: flag.value for flag in Flag}


def test_the_table_of_requests_is_their_layout() -> None:
    (rows,) = tables("Request")
    assert layout_of(rows) == retransmission.REQUEST.format
    assert retransmission.LENGTH.format == packets._LENGTH.format == ">H"


def test_states_are_all_told() -> None:
    (rows,) = tables("StateChanged (H)")
    assert set(re.findall(r"`(\w)`", rows[-1]["meaning"])) == set(TradingState)


# Examples: the bytes, and below them what they say.


def examples() -> Iterator[tuple[bytes, list[str]]]:
    for text in re.findall(r"^```hex\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL):
        lines = text.splitlines()
        data = [line for line in lines if re.fullmatch(r"[0-9a-f ]+", line)]
        yield bytes.fromhex("".join(data)), lines[len(data) :]


EXAMPLES = tuple(examples())


@pytest.mark.parametrize(("data", "said"), EXAMPLES, ids=[said[0].split()[0] for _, said in EXAMPLES])
def test_examples_say_what_the_bytes_say(data: bytes, said: list[str]) -> None:
    if not said[0].startswith("Packet "):
        assert [in_words(decode(data))] == said
        return
    packet = Packet.from_bytes(data)
    head = f"venue={packet.venue.hex()} channel={packet.channel} flags={packet.flags} number={packet.number}"
    assert [f"Packet {head} count={len(packet.messages)}", *map(in_words, map(decode, packet.messages))] == said


def in_words(message: Message) -> str:
    fields = msgspec.structs.asdict(message).items()
    values = (f"{name}={value.value if isinstance(value, Enum) else value}" for name, value in fields)
    return f"{type(message).__name__} {' '.join(values)}"


def test_every_message_has_an_example() -> None:
    shown = {line.split()[0] for _, said in EXAMPLES for line in said}
    assert shown == {*KINDS, "Packet"}


# What else can be wrong.


@pytest.mark.parametrize(
    "words",
    [
        f"at most {packets.PAYLOAD_MAX:,} bytes",
        f"more than {retransmission.COUNT_MAX:,} are answered with {retransmission.COUNT_MAX:,}",
        f"At least the last {multicaster.HISTORY_LENGTH:,} messages are kept",
        f"Up to {retransmission.CONNECTIONS_MAX} readers",
        f"{arbitration.AHEAD_MAX:,} messages wait behind the gap",
        f"Give the other feed {client.GAP_PATIENCE_S * 1000:g} ms",
        f"does not take its answer within {retransmission.SEND_TIMEOUT_S:g} s",
        f"one instrument each {multicaster.SNAPSHOT_PAUSE_S:g} s",
        f"About the last {channel.STREAM_LENGTH:,}",
        f"at most {publisher.BOOKS_EVERY_S:g} s old",
    ],
)
def test_numbers_are_those_of_the_code(words: str) -> None:
    assert words in DOCUMENT


def test_keys_of_redis_are_those_of_the_code() -> None:
    (rows,) = tables("Redis")
    assert [row["Key"].strip("`") for row in rows] == [
        channel.STREAM,
        channel.VENUE,
        channel.SNAPSHOT,
        *(key("<symbol>") for key in (channel.book_key, channel.price_key, channel.live_channel)),
    ]


def test_links_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)", DOCUMENT, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#(.*?)\)", DOCUMENT)) <= anchors


def test_the_example_prints_trades(tmp_path: Path) -> None:
    """As it stands in the document, beside a venue."""
    (code,) = re.findall(r"^```python\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    with Market(tmp_path) as market, market.trader("CLIENT1") as alice, market.trader("CLIENT2") as bob:
        program = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=environment(**market.ports),
            stdout=subprocess.PIPE,
            text=True,
        )
        with program:
            assert program.stdout is not None
            said: list[str] = []
            while not said:
                alice.sell("2", "10.00")
                bob.buy("2", "10.00")
                bob.expect({150: "F"}, WAIT_S, skip=True)
                said = _lines_within(program, 0.2)
            program.kill()

    assert [line.split()[1:] for line in said] == [["2", "AAPL", "10.00"]] * len(said)


def _lines_within(program: "subprocess.Popen[str]", timeout_s: float) -> list[str]:
    """Return a line if one comes within the time."""
    assert program.poll() is None
    assert program.stdout is not None
    ready, _, _ = select.select([program.stdout], [], [], timeout_s)
    return [program.stdout.readline()] if ready else []
