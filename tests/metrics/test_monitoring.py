"""What operators install and read names only what there is: the rules, the dashboard and docs/monitoring.md."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fixgw.metrics import health
from fixgw.spec.commands import BustTrade, EndDay, HaltInstrument, Kill, OpenSession, UseNumber
from tests.metrics.venue import Files, Process
from tests.orders import ALICE, BOB, buy, cancel, configuration, limits, mass_cancel, replace, sell

ROOT = Path(__file__).parents[2]
RULES = (ROOT / "ops" / "prometheus" / "rules.yml").read_text("utf-8")
DASHBOARD: dict[str, Any] = json.loads((ROOT / "ops" / "grafana" / "fixgw.json").read_text("utf-8"))
DOCUMENT = (ROOT / "docs" / "monitoring.md").read_text("utf-8")

METRIC = re.compile(r"\bfixgw_[a-z_]+")
USED_LABELS = (
    re.compile(r"\bby \(([a-z_, ]+)\)"),
    re.compile(r"\{([a-z_]+)="),
    re.compile(r"\{\{ ?(?:\$labels\.)?([a-z_]+) ?\}\}"),
)
RULE_LINE = re.compile(
    r"#.*|groups:|  - name: fixgw|    rules:|      - alert: Fixgw[A-Za-z]+|        expr: .+|        for: \d+[sm]"
    r"|        labels: \{severity: (page|ticket)\}|        annotations: \{summary: \".+\"\}|"
)


class Metric(NamedTuple):
    """One family of a rendering, as its HELP, TYPE and samples have it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str
    samples: frozenset[str]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Metric]:
    """All metrics of a venue in which everything has happened once."""
    order = buy(5, at="1.00")
    commands = (
        configuration(limits(order_qty_max="100")),
        OpenSession("CLIENT1", 1, 1),
        UseNumber("CLIENT1", 1, 2, "A", None),
        order,
        replace(order, 4),
        cancel(order),
        sell(2, at="1.00", by=BOB),
        buy(101, at="1.00"),
        mass_cancel(),
        HaltInstrument("olivia", "news", "MSFT"),
        Kill("olivia", "news", "firm:BETA"),
        buy(1, at="1.00", by=ALICE),
        EndDay("olivia", "news", "2026-11-20"),
        BustTrade("olivia", "news", "5.1"),
    )
    with Files(tmp_path_factory.mktemp("venue"), *commands) as venue:
        venue.tell("CLIENT1")
        venue.put("publisher", 1)
        processes = [Process(name, restarts=1) for name in ("gateway", "publisher")]
        text = venue.site([*processes, Process("metrics", pid=1)]).page("/metrics")[2].decode()
    return {metric.name: metric for metric in _parse(text)}


def _parse(text: str) -> Iterator[Metric]:
    for family in text_string_to_metric_families(text):
        labels = {label: None for sample in family.samples for label in sample.labels if label != "le"}
        name = f"{family.name}_total" if family.type == "counter" else family.name
        samples = frozenset(sample.name for sample in family.samples)
        yield Metric(name, family.type, tuple(sorted(labels)), family.documentation, samples)


def named_in(expr: str, rendered: Iterable[Metric]) -> list[Metric | None]:
    """The metric that each name of ``expr`` is a sample of; None for one that there is not."""
    found = {sample: metric for metric in rendered for sample in metric.samples}
    return [found.get(name) for name in METRIC.findall(expr)]


def alerts() -> dict[str, str]:
    """The text of each alert, by its name."""
    return dict(re.findall(r"- alert: (\w+)\n((?:        .+\n)+)", RULES))


def panels() -> dict[str, str]:
    """The expression and legend of each target of the dashboard."""
    return {
        f"{panel['title']} {target['refId']}": f"{target['expr']} {target['legendFormat']}"
        for panel in DASHBOARD["panels"]
        for target in panel.get("targets", ())
    }


def test_rules_are_written_plainly() -> None:
    """So plainly that this test can read them; each alert says when, how bad, and in a sentence what."""
    assert [line for line in RULES.split("\n") if not RULE_LINE.fullmatch(line)] == []
    assert len(alerts()) == RULES.count("- alert:") > 5
    for name, text in alerts().items():
        for part in ("expr: ", "labels: ", "annotations: "):
            assert text.count(f"        {part}") == 1, (name, part)


@pytest.mark.parametrize("what", [*alerts().items(), *panels().items()], ids=lambda what: what[0])
def test_what_is_named_is_there(what: tuple[str, str], rendered: dict[str, Metric]) -> None:
    """Every metric, and every label of a metric named beside it."""
    name, text = what
    metrics = named_in(text, rendered.values())
    known = {label for metric in metrics if metric is not None for label in metric.labels} | {"le"}
    used = {label.strip() for pattern in USED_LABELS for found in pattern.findall(text) for label in found.split(",")}

    assert metrics or 'up{job="fixgw"}' in text, name
    assert None not in metrics, METRIC.findall(text)
    if metrics:
        assert used <= known


def test_names_follow_the_customs(rendered: dict[str, Metric]) -> None:
    """Counters end in _total, nothing else does."""
    for metric in rendered.values():
        assert metric.name.startswith("fixgw_")
        assert (metric.kind == "counter") == metric.name.endswith("_total")


def test_panels_have_places_of_their_own() -> None:
    taken = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))


def table_under(heading: str) -> list[list[str]]:
    _, found, text = DOCUMENT.partition(f"\n## {heading}\n")
    assert found, heading
    rows = [line for line in text.partition("\n## ")[0].split("\n") if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]]


def test_the_document_has_every_metric(rendered: dict[str, Metric]) -> None:
    wanted = [
        [f"`{metric.name}`", metric.kind, ", ".join(f"`{label}`" for label in metric.labels), metric.meaning]
        for metric in rendered.values()
    ]

    assert table_under("Metrics") == wanted


def test_the_document_has_every_alert() -> None:
    assert [row[0] for row in table_under("What to do at an alert")] == [f"`{name}`" for name in alerts()]


def test_the_document_has_every_check(tmp_path: Path) -> None:
    with Files(tmp_path) as venue:
        checks: dict[str, str] = json.loads(venue.site().page("/health/ready")[2])["checks"]

    assert [row[0] for row in table_under("Health")] == [f"`{check}`" for check in checks]
    assert f"{health.FOLLOWER_LAG_MAX:,} frames" in DOCUMENT
    assert f"{health.BOARD_AGE_MAX_S:g} seconds" in DOCUMENT
