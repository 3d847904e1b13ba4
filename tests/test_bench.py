"""The benchmarks cannot rot: all of them run, very small; what they measure here means nothing."""

import json

import pytest
from click.testing import CliRunner

from bench import fixload
from bench.__main__ import main


def run_tiny(*arguments: str) -> dict[str, dict[str, list[dict[str, object]]]]:
    result = CliRunner().invoke(main, ["--tiny", "--json", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    report: dict[str, dict[str, list[dict[str, object]]]] = json.loads(result.stdout)
    return report


def test_the_engine_alone() -> None:
    report = run_tiny("engine")

    assert report.keys() == {"machine", "engine"}
    assert len(report["engine"]["figures"]) == 4
    assert len(report["engine"]["comparisons"]) == 2


def test_the_journal_alone() -> None:
    report = run_tiny("journal")

    flushes = {(figures["durability"], figures["batch"]) for figures in report["journal"]["flushes"]}
    assert flushes == {(durability, batch) for durability in ("process", "interval", "disk") for batch in (1, 64)}
    assert all(figures["p50_ms"] > 0 for figures in report["journal"]["follower"])  # type: ignore[operator]
    assert len(report["journal"]["comparisons"]) == 2
def test_replay() -> None:
    (figures,) = run_tiny("replay")["replay"]["figures"]

    assert figures["commands"] == 2_000
    assert figures["verify_commands_per_s"] > 0  # type: ignore[operator]


def test_over_the_wire() -> None:
    try:
        fixload.executable(None)
    except fixload.FixloadMissing as missing:
        pytest.skip(str(missing))

    report = run_tiny("wire")

    runs = {(figures["server"], figures["workload"]) for figures in report["wire"]["figures"]}
    assert {("gateway", "rest, window 64"), ("null", "rest, window 64"), ("whole venue", "rest, window 64")} <= runs
    assert len(report["wire"]["comparisons"]) == 5


def test_idle() -> None:
    report = run_tiny("idle")

    processes = {figures["process"] for figures in report["idle"]["figures"]}
    assert {"supervisor", "gateway", "publisher", "redis"} <= processes
    assert all(figures["pss_mb"] > 1 for figures in report["idle"]["figures"])  # type: ignore[operator]


def test_restart() -> None:
    report = run_tiny("restart")

    assert [figures["start"] for figures in report["restart"]["figures"]] == [
        "from the snapshot",
        "from the journal alone",
    ]
    assert all(figures["events"] >= 500 for figures in report["restart"]["figures"])  # type: ignore[operator]


def test_without_a_load_client_it_says_what_to_do() -> None:
    result = CliRunner().invoke(main, ["--tiny", "wire", "--fixload", "nowhere/fixload.cpp"])

    assert result.exit_code == 1
    assert "name fixload or its source with --fixload or FIXGW_FIXLOAD" in result.stderr


def test_tables_for_people() -> None:
    result = CliRunner().invoke(main, ["--tiny", "engine"], catch_exceptions=False)

    assert "The matching engine alone" in result.stdout
    assert "cores" in result.stdout
