"""Health: whether the venue is ready to trade, check by check, each with a reason when it is not."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from fixgw.metrics.board import Notice
from fixgw.metrics.observation import NAME, Observation
from fixgw.metrics.tally import Tally

BOARD_AGE_MAX_S = 2.0
"""The gateway writes it every half second, however busy it is."""
FOLLOWER_LAG_MAX = 100_000
"""Frames; some seconds of our measured peak."""


class Check(NamedTuple):
    """``reason`` is None when it passes."""

    name: str
    reason: str | None


@dataclass(frozen=True)
class Health:
    checks: tuple[Check, ...]
    lags: dict[str, int]
    """Frames that each follower has yet to do, by its name."""
    is_caught_up: bool
    """Whether the journal was once read to its end: counts are those of the venue's life only then."""

    @property
    def is_gateway_alive(self) -> bool:
        return Check("gateway", None) in self.checks

    @property
    def is_ready(self) -> bool:
        return all(check.reason is None for check in self.checks)


def diagnose(observation: Observation, tally: Tally, damage: str | None, *, is_caught_up: bool) -> Health:
    """``damage`` is why the journal cannot be read on, or None."""
    lags = dict(_lags(observation, tally))
    checks = (
        Check("process", _why_gateway_does_not_run(observation)),
        Check("gateway", _why_gateway_does_not_serve(observation.notice)),
        Check("journal", damage or _why_journal_takes_nothing(observation.notice)),
        Check("followers", _who_is_behind({name: lag for name, lag in lags.items() if name != NAME})),
    )
    return Health(checks, lags, is_caught_up)


def _lags(observation: Observation, tally: Tally) -> Iterator[tuple[str, int]]:
    last = max(tally.sequence, 0 if observation.notice is None else observation.notice.sequence)
    for name, position in observation.positions.items():
        # The multicaster's position is the last frame that market data told of: others it never sees.
        wanted = tally.public_sequence if name == "multicaster" else last
        yield name, max(0, wanted - position)
    yield NAME, last - tally.sequence


def _why_gateway_does_not_run(observation: Observation) -> str | None:
    if observation.processes is None:
        return None  # nobody supervises; the board tells
    gateway = next((process for process in observation.processes if process.name == "gateway"), None)
    state = "unknown" if gateway is None else gateway.state
    return None if state == "running" else f"the gateway is {state}; its log says why"


def _why_gateway_does_not_serve(notice: Notice | None) -> str | None:
    if notice is None:
        return "the gateway has told nothing of itself yet"
    age_s = (time.monotonic_ns() - notice.written_ns) / 1e9
    if 0 <= age_s <= BOARD_AGE_MAX_S:
        return None
    # A time to come is one from before the machine was booted.
    since = f"for {age_s:.1f} s" if age_s > 0 else "since the machine was booted"
    return f"the gateway has told nothing of itself {since}; it is stopped, or stuck"


def _why_journal_takes_nothing(notice: Notice | None) -> str | None:
    if notice is None or not notice.journal_problem:
        return None
    return f"it cannot be written, all orders are refused: {notice.journal_problem}"


def _who_is_behind(lags: dict[str, int]) -> str | None:
    behind = [f"{name} is {lag} frames behind" for name, lag in lags.items() if lag > FOLLOWER_LAG_MAX]
    return "; ".join(behind) or None
