"""Calendars: the sessions and early closes of exchanges, from exchange_calendars, as plain dates.

That library brings pandas, which is heavy: a short-lived process of its own asks it (docs/decisions/0019).
"""

import json
import os
import subprocess
import sys
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from importlib import util
from typing import Any

from fixgw.config.mistakes import suggestion
from fixgw.spec.segment import Calendar

TIMEOUT_S = 120
BEFORE, AFTER = timedelta(days=30), timedelta(days=2 * 366)
"""How far around today days are asked for; some calendars know less."""

_NS = 1_000_000_000


class NoCalendar(Exception):
    """By name of a calendar, why it cannot be had, each with what would be right."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("\n".join(f"calendar {name}: {reason}" for name, reason in reasons.items()))
        self.reasons = reasons


def fetch(names: Collection[str], today: date) -> dict[str, Calendar]:
    """Return the calendars of these names as they are around ``today``; takes a second or two where there is one.

    Raises NoCalendar with all that cannot be had.
    """
    if not names:
        return {}
    asked = sorted(set(names))
    if util.find_spec("exchange_calendars") is None:
        missing = "needs the package exchange_calendars; run pip install 'fixgw[calendars]'"
        raise NoCalendar(dict.fromkeys(asked, missing))
    command = [sys.executable, "-W", "ignore", "-m", "fixgw.calendars", str(today - BEFORE), str(today + AFTER), *asked]
    try:
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True, timeout=TIMEOUT_S, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or b""
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise NoCalendar(dict.fromkeys(asked, f"exchange_calendars fails: {last or error}")) from None
    answer: dict[str, dict[str, Any]] = json.loads(done.stdout)
    if wrong := {name: found["problem"] for name, found in answer.items() if "problem" in found}:
        raise NoCalendar(wrong)
    return {name: _calendar(found) for name, found in answer.items()}


def _calendar(found: dict[str, Any]) -> Calendar:
    return Calendar(
        first=date.fromisoformat(found["first"]),
        last=date.fromisoformat(found["last"]),
        sessions=frozenset(map(date.fromisoformat, found["sessions"])),
        early_closes={
            date.fromisoformat(day): int(datetime.fromisoformat(close).astimezone(UTC).timestamp()) * _NS
            for day, close in found["early_closes"].items()
        },
    )


def _answer(first: date, last: date, names: list[str]) -> dict[str, dict[str, Any]]:
    """Ask the library; only ever called in the process that is made for it."""
    import exchange_calendars

    known: list[str] = exchange_calendars.get_calendar_names()
    answer: dict[str, dict[str, Any]] = {}
    for name in names:
        if name not in known:
            right = suggestion(name, known)
            answer[name] = {"problem": f"exchange_calendars has no such calendar; {_listed(right)}"}
            continue
        kind = type(exchange_calendars.get_calendar(name, start=str(first)))
        bounds = kind.bound_min(), kind.bound_max()
        start = first if bounds[0] is None else max(first, bounds[0].date())
        end = last if bounds[1] is None else min(last, bounds[1].date())
        calendar = exchange_calendars.get_calendar(name, start=str(start), end=str(end))
        answer[name] = {
            "first": str(start),
            "last": str(end),
            "sessions": [str(day.date()) for day in calendar.sessions],
            "early_closes": {
                str(day.date()): calendar.session_close(day).isoformat() for day in calendar.early_closes
            },
        }
    return answer


def _listed(right: str) -> str:
    return right if right.startswith("did you mean") else "write for example XNYS, XLON or XETR"


if __name__ == "__main__":
    json.dump(_answer(date.fromisoformat(sys.argv[1]), date.fromisoformat(sys.argv[2]), sys.argv[3:]), sys.stdout)
