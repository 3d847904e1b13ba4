"""Calendars, from exchange_calendars in a process of its own: real holidays and early closes of known exchanges."""

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from fixgw import calendars
from fixgw.cli.check import check
from tests.config.conftest import AAPL

TODAY = date(2026, 11, 21)
PHASES = 'phases = [{ at = "09:30", phase = "continuous" }, { at = "16:00", phase = "closed" }]\n'


def test_new_york() -> None:
    """Thanksgiving, and the day after it that ends at 13:00 local time."""
    found = calendars.fetch(["XNYS"], TODAY)["XNYS"]

    assert date(2026, 11, 26) not in found.sessions
    assert date(2026, 11, 25) in found.sessions
    assert datetime.fromtimestamp(found.early_closes[date(2026, 11, 27)] / 1e9, UTC).isoformat(" ")[:16] == (
        "2026-11-27 18:00"
    )
    assert found.first < TODAY
    assert found.last.year == 2028


def test_an_unknown_calendar_among_known_ones() -> None:
    with pytest.raises(calendars.NoCalendar) as caught:
        calendars.fetch(["XNYS", "XNYX"], TODAY)

    assert caught.value.reasons == {"XNYX": "exchange_calendars has no such calendar; did you mean XNYS?"}


def test_this_process_never_imports_it() -> None:
    calendars.fetch(["XLON"], TODAY)

    assert not {"pandas", "exchange_calendars"} & set(sys.modules)


def test_no_process_is_started_where_no_calendar_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    assert calendars.fetch([], TODAY) == {}


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [each for each in sys.path if not (Path(each) / "exchange_calendars").is_dir()])

    with pytest.raises(calendars.NoCalendar, match="pip install 'fixgw\\[calendars\\]'"):
        calendars.fetch(["XNYS"], TODAY)


def test_check_names_the_segment(tmp_path: Path) -> None:
    (tmp_path / "venue.toml").write_text(f'{AAPL}[segments.us]\ncalendar = "XNYX"\n{PHASES}')

    done = CliRunner().invoke(check, ["--config", str(tmp_path), "--json"])

    assert done.exit_code == 2
    assert [each["key"] for each in json.loads(done.output)["mistakes"]] == ["segments.us.calendar"]


def test_check_of_a_calendar_that_there_is(tmp_path: Path) -> None:
    (tmp_path / "venue.toml").write_text(f'{AAPL}segment = "us"\n[segments.us]\ncalendar = "XNYS"\n{PHASES}')

    assert CliRunner().invoke(check, ["--config", str(tmp_path)]).exit_code == 0
