"""Golden FIX sessions: each file of tests/scenarios is played against a real venue and must read as it did before.

``pytest --update-golden`` writes what the venue answers into the files; then read the diff aloud.
"""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from fixgw.client.message import Message
from tests.scenario_runner import ScenarioError, fields_of, play, venue_toml

SCENARIOS = Path(__file__).parent / "scenarios"
FILES = sorted(SCENARIOS.glob("*.fix"))

RULES = range(1, 43)
NOT_HERE = {
    5: "the venue answers a request at once, so that nothing is ever pending cancel",
    6: "the venue answers a request at once, so that nothing is ever pending replace",
    9: "pending acknowledgements are optional, and the venue sends none",
    20: "PossDupFlag belongs to the session layer, which is QuickFIX's: tests/wire",
    40: "it is about the drop copy: tests/wire/test_dropcopy.py",
}
"""The rules of fix-rules.md that no scenario shows, and why."""

_LIVE = ("0", "1")
_AVG_PX_ERROR_MAX = Decimal("0.0000005")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """The venue answers as the file says, and the reports are right among themselves."""
    golden = path.read_text(encoding="utf-8")

    outcome = play(golden, tmp_path)

    if pytestconfig.getoption("--update-golden"):
        path.write_text(outcome.text, encoding="utf-8")
    else:
        assert outcome.text == golden, "\n".join(
            difflib.unified_diff(golden.splitlines(), outcome.text.splitlines(), "file", "venue", lineterm="", n=2)
        )
    check_reports(outcome.received)


def test_every_rule_has_a_scenario() -> None:
    """Each of the order-state rules E1 to E42 is named by a scenario, or it is written down why not.

    An index, not a proof: it only sees that a comment says ``E7``.  That the file shows it, its reader sees.
    """
    named = set()
    for path in FILES:
        comments = " ".join(line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#"))
        named |= {int(number) for number in re.findall(r"\bE(\d+)\b", comments)}
    assert named | NOT_HERE.keys() == set(RULES)
    assert not named & NOT_HERE.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_begins_with_its_story(path: Path) -> None:
    assert re.match(r"# [A-Z]", path.read_text(encoding="utf-8"))


def test_a_report_that_contradicts_itself_is_found() -> None:
    """The checks of ``check_reports`` bite: LeavesQty(151) is not OrderQty(38) - CumQty(14)."""
    new = "35=8|37=1|17=2.0|150=0|39=0|11=a1|55=AAPL|54=2|38=40|151=39|14=0|6=0|60=now"
    with pytest.raises(AssertionError):
        check_reports([("A", Message(fields_of(new)))])


def test_a_mistake_in_a_scenario_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="input line 2: A sells"):
        play("A> 35=H|11=a1|55=AAPL|54=1\nA sells\n", tmp_path)


def test_config_lines_change_the_venue() -> None:
    text = venue_toml('# config: limits.venue.order_qty_max = 7\n# config: instruments.SPREAD.lot = "10"\n')
    assert "order_qty_max = 7\n" in text
    assert '[[instruments]]\nsymbol = "SPREAD"\ntick = "0.01"\nlot = "10"\n' in text


# What must hold between the reports of any story.


def check_reports(received: Iterable[tuple[str, Message]]) -> None:
    """Assert the rules that can be seen in the reports alone; each session's are in the order it got them."""
    exec_ids: set[str] = set()
    times: dict[str, str] = {}
    chains: defaultdict[tuple[str, str], _Chain] = defaultdict(_Chain)
    for letter, message in received:
        if message.msg_type == "9":
            assert (message[37] == "NONE") == (message[102] == "1"), (message, "E8")
            assert message[37] != "NONE" or message[39] == "8", (message, "E8")
        if message.msg_type != "8":
            continue
        exec_id = message[17]
        if exec_id != "0":
            assert exec_id not in exec_ids, (message, "E3: ExecID(17) is unique")
            exec_ids.add(exec_id)
            time = times.setdefault(exec_id.partition(".")[0], message[60])
            assert message[60] == time, (message, "E39: one event, one TransactTime(60)")
        if message[37] != "NONE" and message.get(103) != "5":
            chains[letter, message[37]].follow(message)


class _Chain:
    """One order through all its versions, as its reports tell."""

    def __init__(self) -> None:
        self._begun = False
        self._ended = False
        self._fills: dict[str, tuple[Decimal, Decimal]] = {}
        """Price and quantity of each that stands, by ExecID(17) of its last report."""

    def follow(self, report: Message) -> None:
        exec_type, ord_status = report[150], report[39]
        is_news = exec_type != "I" and report.get(103) != "6"
        if 526 in report:
            self._begun = True  # a side of a quote: that the quote is accepted says a message of its own
        if is_news:
            assert not self._ended or exec_type in "GH", (report, "nothing follows the end of an order")
            assert (exec_type in "08") == (not self._begun), (report, "E31: New comes first, and once")
            self._begun = True
            self._ended = ord_status not in _LIVE
        assert (31 in report) == (32 in report) == (exec_type in "FGH"), (report, "E4")
        assert (19 in report) == (exec_type in "GH"), (report, "E30")
        assert 41 not in report or exec_type in "45", (report, "E3")
        if exec_type in "GH":
            assert report[19] in self._fills, (report, "E30: ExecRefID(19) names the last report of a fill that stands")
            del self._fills[report[19]]
        if exec_type in "FGH":
            self._fills[report[17]] = Decimal(report[31]), Decimal(report[32])
        if exec_type == "H":
            assert self._fills.pop(report[17]) == (Decimal(0), Decimal(0)), (report, "E30: LastQty(32) is 0")
        self._check_quantities(report)

    def _check_quantities(self, report: Message) -> None:
        leaves_qty, cum_qty, avg_px = (Decimal(report[tag]) for tag in (151, 14, 6))
        if report[39] in _LIVE:
            assert leaves_qty == Decimal(report[38]) - cum_qty > 0, (report, "E1")
        else:
            assert leaves_qty == 0, (report, "E1")
        if report[39] == "2":
            assert Decimal(report[38]) == cum_qty, (report, "E14")
        assert cum_qty == sum(qty for _, qty in self._fills.values()), (report, "E2")
        if cum_qty:
            notional = sum(px * qty for px, qty in self._fills.values())
            assert abs(avg_px - notional / cum_qty) <= _AVG_PX_ERROR_MAX, (report, "E2")
        else:
            assert avg_px == 0, (report, "E2")
        if report[150] == "8":
            assert 103 in report, (report, "E32")
            assert 58 in report, (report, "E32")
