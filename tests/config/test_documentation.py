"""docs/configuration.md cannot drift: its tables are those of the schema."""

import tomllib
from pathlib import Path

import pytest

from fixgw.config.environment import OF_COMMANDS, variable
from fixgw.config.schema import BREAKER_LEVEL, INSTRUMENT, LIMITS, PHASE_ENTRY, PROTECTION, SCALARS, SEGMENT, Key
from fixgw.config.session_settings import FIXED, OWN, PASSED, REFUSED, Setting

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"


def table_under(heading: str) -> list[list[str]]:
    """Return the rows of the first table under a heading, without its head."""
    _, _, text = DOCUMENT.read_text("utf-8").partition(f"\n## {heading}\n")
    section = text.partition("\n#")[0]
    rows = [line for line in section.split("\n") if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def _row(key: Key) -> list[str]:
    return [f"`{key.name}`", key.kind.name, key.default_text, key.meaning, f"`{key.example}`"]


def _setting_row(setting: Setting) -> list[str]:
    name = setting.name
    return [f"`{name}`", setting.values, setting.default, setting.meaning, f"`{name}={setting.example}`"]


@pytest.mark.parametrize("table", SCALARS)
def test_single_values(table: str) -> None:
    """Every key of the table, with its environment variable."""
    documented = table_under(f"[{table}]")

    assert documented == [[*_row(key), f"`{variable(table, key.name)}`"] for key in SCALARS[table]]


def test_limits_segments_and_instruments() -> None:
    """Tables that come more than once have no environment variables."""
    assert table_under("[limits]") == [_row(key) for key in LIMITS]
    assert table_under("[circuit_breaker]") == [_row(key) for key in BREAKER_LEVEL]
    assert table_under("[market_maker_protections]") == [_row(key) for key in PROTECTION]
    assert table_under("[segments]") == [_row(key) for key in SEGMENT]
    assert table_under("Phases of a segment") == [_row(key) for key in PHASE_ENTRY]
    assert table_under("[[instruments]]") == [_row(key) for key in INSTRUMENT]


def test_settings() -> None:
    """The venue's own, QuickFIX's, and those that only say what is so."""
    assert table_under("The venue's own settings") == [_setting_row(setting) for setting in OWN]
    assert table_under("Settings handed to QuickFIX") == [_setting_row(setting) for setting in PASSED]
    assert table_under("Settings that say what is so anyway") == [
        [f"`{setting.name}`", setting.values, setting.meaning] for setting in FIXED
    ]
    assert table_under("Settings that are refused") == [[f"`{refused.name}`", refused.reason] for refused in REFUSED]


def test_variables_of_commands_are_named() -> None:
    """Those that no table has."""
    text = DOCUMENT.read_text("utf-8")
    assert [name for name in sorted(OF_COMMANDS) if f"`{name}`" not in text] == []


@pytest.mark.parametrize("key", [key for keys in (*SCALARS.values(), LIMITS, INSTRUMENT) for key in keys])
def test_examples_are_right(key: Key) -> None:
    """What is recommended is also accepted."""
    if key.example == "true" or key.example.startswith("["):
        key.kind.read(tomllib.loads(f"example = {key.example}")["example"])
    else:
        key.kind.read(key.example.strip('"').replace("_", ""))


@pytest.mark.parametrize("setting", [*OWN, *PASSED, *FIXED])
def test_examples_of_settings_are_right(setting: Setting) -> None:
    """What is recommended is also accepted."""
    setting.read(setting.example)
