"""docs/rules-of-engagement.md says what the scenarios send and receive: tags, codes, texts, states and examples."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from fixgw.client.message import Message
from fixgw.fix import instructions
from fixgw.spec import tags
from tests.scenario_runner import fields_of

TESTS = Path(__file__).parent
PROJECT = TESTS.parent
PATH = PROJECT / "docs" / "rules-of-engagement.md"
DOCUMENT = PATH.read_text(encoding="utf-8")
SCENARIOS = {path.stem: path.read_text(encoding="utf-8") for path in (TESTS / "scenarios").glob("*.fix")}

USER_DEFINED = 5000
HEADER_AND_TRAILER = {8, 9, 10, 34, 35, 43, 49, 52, 56, 97, 122}
IN_THE_GROUP_OF_A_REFUSED_FIELD = {336}
ADDED_BY_THE_RUNNER = {"D": {60}, "F": {60}, "G": {60}, "q": {60}, "K": {60}}
ONLY_IN_TROUBLE = {"0", "4"}
"""BusinessRejectReason(380) of a venue that is overloaded or at fault, which no scenario can bring about."""

ONLY_BETWEEN_DAYS = "`the trading day <date> has ended; the next one begins in a moment`"
"""A refusal of less than a second, which tests/wire/test_end_of_day.py shows."""

Table = list[dict[str, str]]


# Reading the document and the scenarios.


@cache
def section(heading: str) -> str:
    """Return the text between ``heading`` and the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def table(heading: str) -> Table:
    """Return the first table of a section, a dict a row."""
    rows = [line.strip("|").split("|") for line in section(heading).splitlines() if line.startswith("|")]
    titles = [title.strip() for title in rows[0]]
    return [dict(zip(titles, (cell.strip() for cell in row), strict=True)) for row in rows[2:]]


def messages(direction: str) -> dict[str, str]:
    """Return the headings of the message tables by MsgType(35); ``direction`` is ``to`` or ``from``."""
    pattern = rf"^### (\w+ \(35=(\w+)\) {direction} the venue)$"
    return {msg_type: heading for heading, msg_type in re.findall(pattern, DOCUMENT, re.MULTILINE)}


TO_THE_VENUE = messages("to")
FROM_THE_VENUE = messages("from")


@dataclass(frozen=True)
class Exchanged:
    """One line sent, and what its sender got for it."""

    sent: Message
    answers: tuple[Message, ...]


@cache
def exchanges() -> tuple[Exchanged, ...]:
    found = []
    for text in SCENARIOS.values():
        for letter, line, below in re.findall(r"^([A-D])>>? (.*)\n((?:[A-D]< .*\n)*)", text, re.MULTILINE):
            answers = [Message(fields_of(answer)) for answer in re.findall(rf"^{letter}< (.*)", below, re.MULTILINE)]
            found.append(Exchanged(Message(fields_of(line)), tuple(answers)))
    return tuple(found)


@cache
def received() -> dict[str, tuple[Message, ...]]:
    """All that the venue sends in any scenario, by MsgType(35)."""
    by_type: defaultdict[str, list[Message]] = defaultdict(list)
    for text in SCENARIOS.values():
        for line in re.findall(r"^[A-D]< (.*)", text, re.MULTILINE):
            message = Message(fields_of(line))
            by_type[message.msg_type].append(message)
    return {msg_type: tuple(of_type) for msg_type, of_type in by_type.items()}


def tags_of(message: Message) -> set[int]:
    return {tag for tag, _ in message} - HEADER_AND_TRAILER


# The tables of messages.


HEADER = "Standard header (to the venue)"


@pytest.mark.parametrize("heading", [HEADER, *TO_THE_VENUE.values(), *FROM_THE_VENUE.values()])
def test_names_are_those_of_fix(heading: str) -> None:
    for row in table(heading):
        assert tags.NAMES[int(row["Tag"])] == row["Name"]


def test_every_message_type_from_the_venue_has_a_table() -> None:
    assert FROM_THE_VENUE.keys() == received().keys()


@pytest.mark.parametrize("msg_type", FROM_THE_VENUE)
def test_every_tag_from_the_venue_stands_in_its_table(msg_type: str) -> None:
    """And vice versa; Y is in every message of the type, C in some only."""
    seen = [tags_of(message) for message in received()[msg_type]]
    written = {int(row["Tag"]): row["Required"] for row in table(FROM_THE_VENUE[msg_type])}
    assert set().union(*seen) == written.keys()
    always = set.intersection(*seen) if len(seen) > 1 else set(written)
    assert {tag for tag, required in written.items() if required == "Y"} <= always
    assert set(written.values()) <= {"Y", "C"}
    if len(seen) > 1:
        assert not always & {tag for tag, required in written.items() if required == "C"} or msg_type == "0"


@pytest.mark.parametrize("msg_type", TO_THE_VENUE)
def test_every_tag_to_the_venue_stands_in_its_table(msg_type: str) -> None:
    """Every tag of a message that is not rejected as FIX stands in its table or that of refused fields."""
    seen = {
        tag
        for exchanged in exchanges()
        if exchanged.sent.msg_type == msg_type and not any(answer.msg_type == "3" for answer in exchanged.answers)
        for tag in tags_of(exchanged.sent)
        if 0 < tag < USER_DEFINED or tag in tags.NAMES
    } | ADDED_BY_THE_RUNNER.get(msg_type, set())
    written = {int(row["Tag"]) for row in table(TO_THE_VENUE[msg_type])}
    assert seen - refused_tags() - (IN_THE_GROUP_OF_A_REFUSED_FIELD - written) == written


def refused_tags() -> set[int]:
    return {int(row["Tag"]) for row in table("Refused fields")}


def test_refused_fields_are_those_the_venue_refuses() -> None:
    """The table is the decoder's, and a scenario shows each."""
    assert {row["Tag"]: row["Name"] for row in table("Refused fields")} == instructions.UNSUPPORTED
    shown = set()
    for exchanged in exchanges():
        for answer in exchanged.answers:
            refused = re.fullmatch(r"\w+\((\d+)\) is not supported; leave it out", answer.get(58))
            if refused and answer.msg_type in ("8", "9"):  # a quote has refused fields of its own
                shown.add(int(refused[1]))
    assert shown == refused_tags()


# States.


def test_states_are_those_of_the_reports() -> None:
    """Every ExecType(150) comes with the OrdStatus(39) values of the table, and all of them are shown."""
    written = {
        (row["ExecType(150)"], ord_status)
        for row in table("4. The life of an order")
        for ord_status in row["OrdStatus(39) after"].split(", ")
    }
    assert {(report[150], report[39]) for report in received()["8"]} == written


# Codes and texts.

CODES = {
    103: ("OrdRejReason(103)", "8"),
    102: ("CxlRejReason(102)", "9"),
    532: ("MassCancelRejectReason(532)", "r"),
    380: ("BusinessRejectReason(380)", "j"),
    373: ("SessionRejectReason(373)", "3"),
}


@pytest.mark.parametrize("tag", CODES)
def test_every_code_stands_in_its_table_with_its_text(tag: int) -> None:
    """And vice versa: each row is shown by a scenario."""
    heading, msg_type = CODES[tag]
    rows = [(row["Value"], pattern_of(row["Text(58)"])) for row in table(heading)]
    shown = set()
    for message in received()[msg_type]:
        if tag in message:
            fitting = {row for row in rows if row[0] == message[tag] and row[1].fullmatch(message[58])}
            assert fitting, message
            shown |= fitting
    not_shown = {row for row in rows if row not in shown and row[1] != pattern_of(ONLY_BETWEEN_DAYS)}
    assert {value for value, _ in not_shown} == (ONLY_IN_TROUBLE if tag == 380 else set()), not_shown


def test_every_refusal_of_a_quote_stands_in_its_table() -> None:
    """And vice versa; a QuoteStatusReport has no field for the code."""
    rows = [(row["Value"], pattern_of(row["Text(58)"])) for row in table("QuoteRejectReason(300)")]
    shown = set()
    for message in (*received()["AI"], *received()["b"]):
        if message.get(297) == "5" or message.get(368):
            fitting = {row for row in rows if row[1].fullmatch(message[58])}
            assert fitting, message
            assert 300 not in message or message[300] in {value for value, _ in fitting}, message
            shown |= fitting
    assert {row for row in rows if row not in shown} == {("2", pattern_of(ONLY_BETWEEN_DAYS))}


def pattern_of(text: str) -> re.Pattern[str]:
    """Return what matches the texts of a row; ``<...>`` is any value."""
    if not text.startswith("`"):  # CxlRejReason(102)=2 has the texts of new orders
        values = re.findall(r"\d+", text.partition(")")[2])
        rows = [row for row in table("OrdRejReason(103)") if row["Value"] in values]
        return re.compile("|".join(f"(?:{pattern_of(row['Text(58)']).pattern})" for row in rows))
    parts = re.split(r"<\w+>", text.strip("`"))
    return re.compile(".+".join(re.escape(part) for part in parts))


def test_texts_of_a_venue_in_trouble_are_in_its_source() -> None:
    files = ("fix/acceptor.py", "fix/subscriptions.py", "sequencer.py")
    source = "".join((PROJECT / "fixgw" / file).read_text(encoding="utf-8") for file in files)
    for row in table("BusinessRejectReason(380)"):
        if row["Value"] in ONLY_IN_TROUBLE:
            assert re.search(f'"{pattern_of(row["Text(58)"]).pattern}"', source), row


# Examples and references.


EXAMPLE = re.compile(r"(?<=<!-- scenario: )(\w+)( -->\n```fix\n)(.*?)(?=```)", re.DOTALL)


def test_examples_are_scenarios(pytestconfig: pytest.Config) -> None:
    """Run with ``--update-golden`` after the scenarios were, and the document has them again."""
    if pytestconfig.getoption("--update-golden"):
        PATH.write_text(EXAMPLE.sub(lambda example: example[1] + example[2] + SCENARIOS[example[1]], DOCUMENT), "utf-8")
        return
    examples = EXAMPLE.findall(DOCUMENT)
    assert len(examples) == DOCUMENT.count("```fix")
    for name, _, text in examples:
        assert text == SCENARIOS[name], f"tests/scenarios/{name}.fix has changed: pytest --update-golden"


def test_named_scenarios_are_there() -> None:
    named = {row["Scenario"].strip("`") for row in table("6. What is refused, and how")}
    assert named <= SCENARIOS.keys()


def test_links_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)", DOCUMENT, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    anchors |= set(re.findall(r'<a id="(.*?)">', DOCUMENT))
    assert set(re.findall(r"\]\(#(.*?)\)", DOCUMENT)) <= anchors
