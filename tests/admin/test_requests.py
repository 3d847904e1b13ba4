"""Lines of operators: each is a command or an inquiry, or it is refused with words; nothing else is ever raised."""

import json
from decimal import Decimal
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixgw.admin.requests import Malformed, read
from fixgw.journal.frame import encode
from fixgw.spec.commands import (
    AddInstrument,
    BustTrade,
    CancelAllByOperator,
    CancelByOperator,
    ChangeInstrument,
    CorrectTrade,
    DelistInstrument,
    DisableSession,
    EnableSession,
    EndDay,
    HaltInstrument,
    Kill,
    LogOutSession,
    OperatorCommand,
    Release,
    ResetProtection,
    ResetSession,
    ResumeInstrument,
    SetLimits,
    SetPhase,
    SetProtection,
    SuspendInstrument,
    TripBreaker,
)
from fixgw.spec.inquiries import (
    InstrumentsInquiry,
    OperatorInquiry,
    OrderInquiry,
    OrdersInquiry,
    RiskInquiry,
    SessionsInquiry,
    VenueInquiry,
)
from fixgw.spec.limits import LimitChange
from fixgw.spec.phase import Phase
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.terms import Terms, TermsChange, Ticks
from fixgw.spec.values import OrdStatus, Side
from tests.orders import Venue, buy, configuration

BY = ("root", "why not")


def request(do: str, **fields: object) -> bytes:
    return json.dumps({"do": do, **fields}).encode()


CHANGES: list[tuple[str, dict[str, object], OperatorCommand]] = [
    ("halt", {"symbol": "AAPL"}, HaltInstrument(*BY, "AAPL")),
    ("trip-breaker", {"level": 2}, TripBreaker(*BY, 2)),
    ("resume", {"symbol": "AAPL"}, ResumeInstrument(*BY, "AAPL")),
    ("suspend", {"symbol": "AAPL"}, SuspendInstrument(*BY, "AAPL")),
    (
        "add-instrument",
        {"symbol": "NOVA", "tick": "0.05", "lot": "5", "multiplier": 10, "price_decimals": 3, "price_bound": "100"},
        AddInstrument(
            *BY,
            Terms("NOVA", Decimal("0.05"), Decimal(5), 10, price_decimals=3, price_bound=Decimal(100)),
        ),
    ),
    (
        "change-instrument",
        {"symbol": "AAPL", "lot": "5", "allows_negative_price": True, "ticks": ["0.05 from 5"]},
        ChangeInstrument(
            *BY,
            "AAPL",
            TermsChange(lot=Decimal(5), allows_negative_price=True, ticks=(Ticks(Decimal("0.05"), Decimal(5)),)),
        ),
    ),
    ("delist-instrument", {"symbol": "AAPL", "cancel_orders": True}, DelistInstrument(*BY, "AAPL", True)),
    ("kill", {"scope": "firm:ALPHA"}, Kill(*BY, "firm:ALPHA")),
    ("release", {"scope": "venue"}, Release(*BY, "venue")),
    (
        "set-limits",
        {"scope": "venue", "limits": {"order_qty_max": "1.50", "open_notional_max": None}},
        SetLimits(
            *BY, "venue", (LimitChange("order_qty_max", Decimal("1.50")), LimitChange("open_notional_max", None))
        ),
    ),
    (
        "set-protection",
        {"protection": "tech", "values": {"fills_max": "10", "delta_max": None}},
        SetProtection(*BY, "tech", (LimitChange("fills_max", Decimal(10)), LimitChange("delta_max", None))),
    ),
    ("reset-protection", {"protection": "tech"}, ResetProtection(*BY, "tech")),
    ("reset-protection", {"protection": "tech", "symbol": "AAPL"}, ResetProtection(*BY, "tech", "AAPL")),
    ("cancel-order", {"order_id": "7"}, CancelByOperator(*BY, "7")),
    ("cancel-all", {"scope": "venue"}, CancelAllByOperator(*BY, "venue")),
    ("disable-session", {"session": "CLIENT1"}, DisableSession(*BY, "CLIENT1")),
    ("enable-session", {"session": "CLIENT1"}, EnableSession(*BY, "CLIENT1")),
    ("log-out-session", {"session": "CLIENT1"}, LogOutSession(*BY, "CLIENT1")),
    ("reset-session", {"session": "CLIENT1"}, ResetSession(*BY, "CLIENT1")),
    ("end-day", {"date": "2026-11-20"}, EndDay(*BY, "2026-11-20")),
    ("set-phase", {"symbol": "AAPL", "phase": "closed"}, SetPhase(*BY, "AAPL", Phase.CLOSED)),
    ("bust-trade", {"trade": "3.1"}, BustTrade(*BY, "3.1")),
    ("correct-trade", {"trade": "3.1", "price": "-100.20"}, CorrectTrade(*BY, "3.1", "-100.20", None)),
    ("correct-trade", {"trade": "3.2", "qty": "5"}, CorrectTrade(*BY, "3.2", None, "5")),
]
QUESTIONS: list[tuple[str, dict[str, object], OperatorInquiry]] = [
    ("status", {}, VenueInquiry()),
    ("sessions", {}, SessionsInquiry()),
    ("orders", {}, OrdersInquiry(ord_statuses=(OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED))),
    (
        "orders",
        {"session": "CLIENT1", "firm": "ALPHA", "account": "A1", "symbol": "AAPL", "side": "2", "state": "all",
         "below": 9, "limit": 5},
        OrdersInquiry("CLIENT1", "ALPHA", "A1", "AAPL", Side.SELL, (), 9, 5),
    ),
    ("order", {"order_id": "7"}, OrderInquiry("7")),
    ("order", {"session": "CLIENT1", "cl_ord_id": "a1"}, OrderInquiry(None, "CLIENT1", "a1")),
    ("instruments", {"after": "AAPL"}, InstrumentsInquiry("AAPL")),
    ("risk", {}, RiskInquiry()),
]  # fmt: skip


@pytest.mark.parametrize(("do", "fields", "command"), CHANGES)
def test_a_change_is_a_command_with_who_and_why(do: str, fields: dict[str, object], command: OperatorCommand) -> None:
    assert read(request(do, reason="why not", **fields), "root") == command


def test_every_command_and_inquiry_of_operators_can_be_asked_for() -> None:
    assert {type(command) for _, _, command in CHANGES} == set(get_args(OperatorCommand))
    assert {type(inquiry) for _, _, inquiry in QUESTIONS} == set(get_args(OperatorInquiry))


@pytest.mark.parametrize(("do", "fields", "inquiry"), QUESTIONS)
def test_a_question_is_an_inquiry(do: str, fields: dict[str, object], inquiry: OperatorInquiry) -> None:
    assert read(request(do, **fields), "root") == inquiry


@pytest.mark.parametrize(("named", "operator"), [("olivia", "olivia (root)"), ("root", "root"), (None, "root")])
def test_who_asks_is_who_the_kernel_says_whatever_else_they_say(named: str | None, operator: str) -> None:
    command = read(request("halt", symbol="AAPL", reason="x", operator=named), "root")

    assert isinstance(command, HaltInstrument)
    assert command.operator == operator


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"", "truncated"),
        (b"halt AAPL", "malformed"),
        (b"[]", "object"),
        (b"\xff", "malformed"),
        (b'{"do":"halt","symbol":"AAPL"}', "missing required field `reason`"),
        (request("halt", reason="x"), "missing required field `symbol`"),
        (request("halt", symbol="AAPL", reason=""), "regex"),
        (request("halt", symbol="AAPL", reason="x\x01y"), "regex"),
        (request("halt", symbol="AAPL", reason="x\n"), "regex"),
        (request("halt", symbol="AAPL", reason="Börse"), "regex"),
        (request("halt", symbol="AAPL", reason="x" * 201), "length"),
        (request("halt", symbol="A" * 76, reason="x"), "length"),
        (request("halt", symbol="AAPL", reason="x", operator="a\nb"), "regex"),
        (request("halt", symbol=7, reason="x"), "Expected `str`"),
        (request("halt", symbol="AAPL", reason="x", sure=True), "unknown field `sure`"),
        (request("fire", symbol="AAPL", reason="x"), "Invalid value 'fire'"),
        (request("set-limits", scope="venue", limits={"order_qty_max": "1e9"}, reason="x"), "regex"),
        (request("set-limits", scope="venue", limits={"order_qty_max": 5}, reason="x"), "Expected `str | null`"),
        (request("add-instrument", symbol="NOVA", tick="-1", lot="1", reason="x"), "regex"),
        (request("add-instrument", symbol="A B", tick="1", lot="1", reason="x"), "regex"),
        (request("add-instrument", symbol="NOVA", tick="1", lot="1", multiplier=0, reason="x"), ">= 1"),
        (request("change-instrument", symbol="AAPL", ticks=["0.05"], reason="x"), "regex"),
        (request("orders", state="sleeping"), "there is no state sleeping; there are open, new, "),
        (request("orders", below=0), ">= 1"),
        (request("orders", limit=0), ">= 1"),
        (b'{"do":' * 2_000, "recursion"),
    ],
)
def test_what_is_no_request_is_refused_with_words(line: bytes, problem: str) -> None:
    with pytest.raises(Malformed, match=problem) as refused:
        read(line, "root")
    assert str(refused.value)


TEXTS = st.one_of(st.text(max_size=12), st.sampled_from(["AAPL", "venue", "firm:ALPHA", "CLIENT1", "1", "open", "all"]))
NAMES = ["symbol", "scope", "session", "order_id", "cl_ord_id", "operator", "state", "below", "limit", "limits", "side"]
VALUES = st.one_of(TEXTS, st.integers(), st.none(), st.dictionaries(TEXTS, TEXTS, max_size=2))
OBJECTS = st.builds(
    lambda do, reason, fields: {"do": do, **({} if reason is None else {"reason": reason}), **fields},
    st.sampled_from([do for do, _, _ in (*CHANGES, *QUESTIONS)]),
    st.one_of(st.none(), TEXTS),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4),
)
LINES = st.one_of(st.binary(max_size=60), OBJECTS.map(lambda made: json.dumps(made).encode()))


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, max_size=12))
def test_any_bytes_are_refused_or_the_core_answers_them(lines: list[bytes]) -> None:
    """Nothing that comes by the socket raises in the core, and the journal can write all of it."""
    venue = Venue(configuration())
    venue.handle(buy(1, at="1.00"))
    for line in lines:
        try:
            request = read(line, "root")
        except Malformed:
            continue
        if isinstance(request, OperatorInquiry):
            msgspec.json.encode(venue.core.inspect(request))
        else:
            events = venue.handle(request)
            assert encode(Sequenced(1, 1, request, tuple(events)))
