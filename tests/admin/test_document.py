"""docs/operator.md names every request, command and option there is, and no other."""

import re
from pathlib import Path
from typing import get_args

import click

from fixgw.admin.requests import STATES, Ask, Change
from fixgw.engine.inquiries import PAGE_MAX
from fixgw.engine.sweep import SWEEP_SLICE_MAX
from fixgw.spec.commands import BeginDay, ContinueSweep, ExpireDueOrders, OperatorCommand
from fixgw.spec.events import AmendmentEvent, DayEvent, OperatorEvent, ProtectionReset, ProtectionSet
from tests.cli.command import command_of

DOCUMENT = (Path(__file__).parents[2] / "docs" / "operator.md").read_text(encoding="utf-8")
GROUPS = ("sessions", "orders", "trades", "instruments", "risk", "day")


def rows_of(heading: str) -> str:
    return DOCUMENT.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def test_every_request_is_in_the_table_with_its_fields() -> None:
    requests: dict[str, set[str]] = {
        kind.__struct_config__.tag: set(kind.__struct_fields__) - {"operator"} for kind in get_args(Ask | Change)
    }
    table: dict[str, set[str]] = {}
    for line in rows_of("The socket").splitlines():
        if line.startswith("| `") and not line.startswith("| `do`"):
            _, names, fields, *_ = line.split("|")
            table |= {name: set(re.findall(r"`(.*?)`", fields)) for name in re.findall(r"`(.*?)`", names)}

    assert table == requests


def test_every_command_and_event_of_the_journal_is_in_the_table() -> None:
    section = rows_of("In the journal")
    named = set(re.findall(r"`(.*?)`", section))
    of_the_venue = (ContinueSweep, BeginDay, ExpireDueOrders)
    kinds = [*get_args(OperatorCommand), *of_the_venue, *get_args(OperatorEvent), *get_args(DayEvent)]
    kinds += [*get_args(AmendmentEvent), ProtectionSet, ProtectionReset]

    of_orders_and_phases = {"canceled", "expired", "restated", "trade", "phase"}
    assert named == {kind.__struct_config__.tag for kind in kinds} | of_orders_and_phases


def test_every_command_of_the_command_line_is_there() -> None:
    options = set()
    for name in GROUPS:
        group = command_of(name)
        assert isinstance(group, click.Group)
        for below, command in group.commands.items():
            assert f"{name} {below}" in DOCUMENT
            options |= {each.opts[0] for each in command.params if isinstance(each, click.Option)}
    assert options <= set(re.findall(r"--[a-z]+(?:-[a-z]+)*", DOCUMENT))


def test_numbers_are_those_of_the_code() -> None:
    assert f"slices of {SWEEP_SLICE_MAX} orders" in DOCUMENT
    assert f"in pages of {PAGE_MAX} at most" in DOCUMENT
    assert "\\|".join(STATES) in DOCUMENT
