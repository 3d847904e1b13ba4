"""What people and programs read: names from the dictionary, meanings, colours, JSON; and no secrets."""

import io
import json
from typing import Literal

import pytest
from rich.console import Console

from fixgw.client.message import Field, Message
from fixgw.client.orders import KnownOrder
from fixgw.client.printing import Printer, kind, without_secrets
from fixgw.client.protocol import Direction

IN, OUT = Direction.IN, Direction.OUT
HEAD: list[Field] = [(8, "FIX.4.4"), (9, "5"), (35, "8"), (49, "FIXGW"), (56, "CLIENT1"), (34, "2"), (52, "now")]
FILL = Message(
    [*HEAD, (6, "10"), (11, "a1"), (14, "5"), (31, "10"), (32, "5"), (39, "1"), (54, "1"), (150, "F"), (10, "000")]
)


def printed(
    direction: Direction, message: Message, *, admin: bool = False, as_json: bool = False, terminal: bool = False
) -> str:
    out = io.StringIO()
    colours: Literal["standard"] | None = "standard" if terminal else None
    console = Console(file=out, force_terminal=terminal, width=60, highlight=False, color_system=colours)
    printer = Printer(console, admin=admin, as_json=as_json, number_of=lambda _: 3)
    printer.message(direction, message)
    return out.getvalue()


def test_report_on_one_plain_line_with_names_and_meanings() -> None:
    assert printed(IN, FILL) == (
        "<- 8 ExecutionReport #3  ClOrdID(11)=a1 ExecType(150)=F trade OrdStatus(39)=1 partially filled Side(54)=1 buy"
        " LastQty(32)=5 LastPx(31)=10 CumQty(14)=5 AvgPx(6)=10\n"
    )


def test_number_is_shown_with_the_session_messages() -> None:
    assert "MsgSeqNum(34)=2" in printed(IN, FILL, admin=True)


def test_heartbeats_are_shown_on_demand_only() -> None:
    heartbeat = Message([(35, "0"), (112, "x")])

    assert printed(IN, heartbeat) == ""
    assert printed(IN, heartbeat, admin=True) == "<- 0 Heartbeat #3  TestReqID(112)=x\n"
    assert "Logon" in printed(OUT, Message([(35, "A")]))


def test_a_repeating_group_keeps_its_order() -> None:
    message = Message([(35, "8"), (17, "e"), (453, "2"), (448, "P1"), (452, "1"), (448, "P2"), (452, "3"), (11, "a")])

    text = printed(IN, message)

    assert text.index("=P1") < text.index("=P2") < text.index("ClOrdID(11)")


def test_secrets_are_not_shown() -> None:
    logon = Message([(35, "A"), (554, "hunter2"), (925, "hunter3")])

    for text in (printed(OUT, logon), printed(OUT, logon, as_json=True)):
        assert "hunter" not in text
        assert "***" in text
    assert without_secrets("raw 35=A|554=hunter2|58=x") == "raw 35=A|554=***|58=x"


def test_nothing_the_venue_sends_drives_the_terminal() -> None:
    text = printed(IN, Message([(35, "8"), (58, "\x1b[2Jgone\xe9 [red]not markup[/red]")]))

    assert r"Text(58)=\x1b[2Jgone\xe9 [red]not markup[/red]" in text


def test_unknown_tags_and_types_are_shown_as_such() -> None:
    assert printed(IN, Message([(35, "ZZ"), (29999, "x")])) == "<- ZZ ? #3  ?(29999)=x\n"


def test_garbled_bytes_are_shown() -> None:
    text = printed(Direction.GARBLED, Message([(58, "why")], b"8=\x01"))

    assert text == "?? garbled, ignored (why): b'8=\\x01'\n"


def test_terminal_lines_are_wrapped_between_words_and_coloured() -> None:
    lines = printed(IN, FILL, terminal=True).splitlines()

    assert len(lines) > 1
    assert all("   " in line[:8] for line in lines[1:])
    assert "\x1b[1;32m" in lines[0]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([(35, "8"), (150, "F")], "fill"),
        ([(35, "8"), (150, "8")], "reject"),
        ([(35, "8"), (150, "0")], "in"),
        ([(35, "9")], "reject"),
        ([(35, "3")], "reject"),
        ([(35, "j")], "reject"),
        ([(35, "r"), (531, "0")], "reject"),
        ([(35, "r"), (531, "7")], "in"),
        ([(35, "0")], "admin"),
    ],
)
def test_kind(fields: list[Field], expected: str) -> None:
    assert kind(IN, Message(fields)) == expected
    assert kind(OUT, Message([(35, "D")])) == "out"


def test_json_has_tags_and_names_and_lists_for_groups() -> None:
    message = Message([(35, "8"), (11, "a1"), (448, "P1"), (448, "P2"), (29999, "x")])

    assert json.loads(printed(IN, message, as_json=True)) == {
        "direction": "in",
        "type": "8",
        "name": "ExecutionReport",
        "order": 3,
        "fields": {"35": "8", "11": "a1", "448": ["P1", "P2"], "29999": "x"},
        "names": {"MsgType": "8", "ClOrdID": "a1", "PartyID": ["P1", "P2"], "29999": "x"},
    }
    garbled = json.loads(printed(Direction.GARBLED, Message([(58, "why")], b"\xff"), as_json=True))
    assert garbled == {"direction": "garbled", "why": "why", "raw": "\xff"}


def test_orders_table_and_json() -> None:
    order = KnownOrder(1, "x-1", [(55, "AAPL"), (54, "1"), (38, "100")], "1", "30", "70", "10.05")
    out = io.StringIO()
    printer = Printer(Console(file=out, width=200))

    printer.orders([order])
    printer.orders([])
    heading, row, none = out.getvalue().splitlines()
    as_json = io.StringIO()
    Printer(Console(file=as_json, width=20), as_json=True).orders([order])

    assert heading.split() == ["N", "ClOrdID", "Side", "Qty", "Symbol", "Price", "Status", "Cum", "Leaves", "Avg"]
    assert row.split() == ["1", "x-1", "buy", "100", "AAPL", "mkt", "partially", "filled", "30", "70", "10.05"]
    assert none == "no orders yet"
    assert json.loads(as_json.getvalue())["cum_qty"] == "30"
