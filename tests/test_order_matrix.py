"""docs/order-matrix.md: what the venue says to every type, TimeInForce and attribute of an order in every phase.

``pytest --update-golden`` writes what the venue answers into the document; then read the diff aloud.
"""

from collections.abc import Iterator
from itertools import chain, combinations
from pathlib import Path

import msgspec
import pytest

from fixgw.core import Core
from fixgw.fix.fields import REJECTS, SOH
from fixgw.fix.inbound import Decoder
from fixgw.spec.commands import NewOrder, RefuseOrder, SetPhase
from fixgw.spec.events import OrderAccepted, OrderRejected
from fixgw.spec.phase import Phase
from fixgw.spec.values import Price
from tests.orders import AAPL, ALICE, BOB, buy, configuration, sell

DOCUMENT = Path(__file__).parents[1] / "docs" / "order-matrix.md"
INTRODUCTION = """\
# Which orders are taken when

Every OrdType(40) with every TimeInForce(59), attribute and [phase](rules-of-engagement.md#phases-and-auctions), as the
venue answers them: a test sends each of them and compares. In a cell stand the attributes that an order of that type
may have there; a dot is the order without any. A number says why not even that one is taken, below the tables.

"""

PHASES = tuple(Phase)
TYPES = {
    "1 market": ("40=1",),
    "2 limit": ("40=2", "44=100.00"),
    "3 stop": ("40=3", "99=101.00"),
    "4 stop limit": ("40=4", "44=100.00", "99=101.00"),
    "J market if touched": ("40=J", "99=99.00"),
    "2 with 1102, limit if touched": ("40=2", "44=100.00", "1102=99.00"),
    "K market, what is left as limit": ("40=K",),
    "P trailing stop": ("40=P", "18=a", "211=0.50"),
    "P trailing stop limit": ("40=P", "18=a", "211=0.50", "99=101.00", "44=101.50"),
    "P primary peg": ("40=P", "18=R"),
    "P market peg": ("40=P", "18=P", "211=-0.50"),
    "P mid-price peg with a limit": ("40=P", "18=M", "44=100.00"),
    "P last-sale peg": ("40=P", "18=L"),
}
TIMES_IN_FORCE = ("0", "1", "2", "3", "4", "5", "6", "7", "B")
ATTRIBUTES = {
    "I": ("iceberg, MaxFloor(111)", "111=10"),
    "H": ("hidden, MaxFloor(111)=0", "111=0"),
    "M": ("MinQty(110)", "110=10"),
    "P": ("post-only, ExecInst(18)=6", "18=6"),
    "S": ("SelfMatchPreventionID(7928)", "7928=desk"),
    "C": ("canceled on a halt, ExecInst(18)=K", "18=K"),
    "J": ("reinstated after a halt, ExecInst(18)=J", "18=J"),
    "A": ("all or none, ExecInst(18)=G", "18=G"),
    "R": ("reduce-only, ReduceOnly(20002)=Y", "20002=Y"),
}


class House:
    """A venue in one phase, with a last trade at 100.00 and a book that an order at that price does not cross."""

    def __init__(self, phase: Phase) -> None:
        self.core = Core()
        self.core.decide(configuration(instruments=(msgspec.structs.replace(AAPL, reference_price=Price(10_000)),)))
        # Alice is short, by more than all that is sent here.
        opened = sell(100_000, at="100"), buy(100_000, at="100", by=BOB)
        for order in (*opened, buy(10, at="90", by=BOB), sell(10, at="110")):
            self.core.decide(order)
        if phase is not Phase.CONTINUOUS:
            self.core.decide(SetPhase("olivia", "a drill", "AAPL", phase))
        self.decoder = Decoder((ALICE,), (AAPL,), 0, lambda: 0, lambda: "2026-01-02")
        self.count = 0

    def refusal(self, terms: tuple[str, ...], time_in_force: str, attributes: tuple[str, ...]) -> str | None:
        """Return why the venue does not take such an order, None when it does."""
        self.count += 1
        fields = ["35=D", "34=2", "49=CLIENT1", f"11=o{self.count}", "55=AAPL", "54=1", "38=20", f"59={time_in_force}"]
        if time_in_force == "6":
            fields.append("432=20270102")
        asked = [ATTRIBUTES[letter][1] for letter in attributes]
        exec_inst = [field[3:] for field in (*terms, *asked) if field.startswith("18=")]
        fields += [field for field in (*terms, *asked) if not field.startswith("18=")]
        fields += [f"18={' '.join(exec_inst)}"] if exec_inst else []
        try:
            command = self.decoder.decode("".join(field + SOH for field in ("8=FIX.4.4", "9=1", *fields, "10=000")))
        except REJECTS as reject:
            return f"{type(reject).__name__} of tag {reject.args[0] if reject.args else ''}"
        assert isinstance(command, NewOrder | RefuseOrder)
        first = self.core.decide(command)[0]
        if isinstance(first, OrderAccepted):
            return None
        assert isinstance(first, OrderRejected), first
        return f"103={first.ord_rej_reason}: {first.text}"


def written() -> str:
    """Return the document, as the venue answers now."""
    reasons: dict[str, int] = {}
    lines = [INTRODUCTION.rstrip("\n"), "", "| | attribute |", "|---|---|", "| · | none |"]
    lines += [f"| {letter} | {name} |" for letter, (name, _) in ATTRIBUTES.items()]
    for phase in PHASES:
        lines += ["", f"## {phase.value.replace('-', ' ').capitalize()}", ""]
        lines += [f"| OrdType(40) | {' | '.join(f'59={each}' for each in TIMES_IN_FORCE)} |"]
        lines += ["|---" * (len(TIMES_IN_FORCE) + 1) + "|"]
        house = House(phase)
        for name, terms in TYPES.items():
            cells = [_cell(house, terms, each, reasons) for each in TIMES_IN_FORCE]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "## Why not", ""]
    lines += [f"{number}. {_safe(reason)}" for reason, number in reasons.items()]
    return "\n".join(lines) + "\n"


def _cell(house: House, terms: tuple[str, ...], time_in_force: str, reasons: dict[str, int]) -> str:
    refusal = house.refusal(terms, time_in_force, ())
    taken = [letter for letter in ATTRIBUTES if house.refusal(terms, time_in_force, (letter,)) is None]
    if refusal is None:
        return " ".join(("·", *taken))
    number = reasons.setdefault(refusal, len(reasons) + 1)
    return " ".join((str(number), *taken))


def _safe(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def test_the_document_is_what_the_venue_answers(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--update-golden"):
        DOCUMENT.write_text(written(), encoding="utf-8")
    assert DOCUMENT.read_text("utf-8") == written(), "pytest --update-golden, and read the diff"


def _pairs() -> Iterator[tuple[str, ...]]:
    return chain(combinations(ATTRIBUTES, 2), combinations(ATTRIBUTES, 3))


@pytest.mark.parametrize("phase", PHASES)
def test_what_is_refused_alone_is_refused_with_more(phase: Phase) -> None:
    """So that the tables say enough: no attribute makes another one welcome."""
    house = House(phase)
    for terms in TYPES.values():
        for time_in_force in TIMES_IN_FORCE:
            alone = {each: house.refusal(terms, time_in_force, (each,)) for each in ATTRIBUTES}
            for several in _pairs():
                if any(alone[each] for each in several):
                    assert house.refusal(terms, time_in_force, several), (terms, time_in_force, several)
