"""Every scenario again, with SIGKILL in the middle of it: what the clients are told is the same.

One kill for every fourth scenario in the ordinary tests, one before each message of every scenario in the long ones.
"""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from tests.scenario_runner import play

ONE_OF = 4
SCENARIOS = Path(__file__).parents[1] / "scenarios"
_MESSAGE = re.compile(r"[A-D]>>? .*")
_ENDS_WITH_ITS_SESSION = (
    re.compile(r"! [A-D] |[A-D]>>|! until"),  # it is about the connection itself, or about the time that passes
    re.compile(r"[A-D]> 35=[0-5A](\||$)"),
    re.compile(r"[A-D]> 35=[SiZ]\|"),  # quotes are pulled as their session ends
    re.compile(r"[A-D]> .*\|263=1"),  # and so is what it has subscribed to
    re.compile(r"# (session: \w+\.CancelOnDisconnect|config: .*(\"\+\d+ s\"|\"noon\"))"),
)


def can_be_killed(text: str) -> bool:
    """Return whether a story has nothing in it that a lost connection, or time, changes by right."""
    lines = text.splitlines()
    is_long_enough = sum(1 for line in lines if _MESSAGE.fullmatch(line)) > 1
    return is_long_enough and not any(pattern.match(line) for line in lines for pattern in _ENDS_WITH_ITS_SESSION)


def killed_before_each(text: str) -> Iterator[str]:
    """Yield ``text`` with a kill before one of its messages, from the second on."""
    lines = text.splitlines()
    messages = [place for place, line in enumerate(lines) if _MESSAGE.fullmatch(line)]
    for place in messages[1:]:
        yield "\n".join([*lines[:place], "! kill", *lines[place:]]) + "\n"


FILES = [path for path in sorted(SCENARIOS.glob("*.fix")) if can_be_killed(path.read_text(encoding="utf-8"))]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "path" in metafunc.fixturenames:
        is_long = metafunc.config.getoption("--long")
        chosen = [path for path in FILES if is_long or crc32(path.stem.encode()) % ONE_OF == 0]
        metafunc.parametrize("path", chosen, ids=lambda path: path.stem)


def test_a_kill_changes_nothing(path: Path, tmp_path: Path, is_long: bool) -> None:
    golden = path.read_text(encoding="utf-8")
    texts = list(killed_before_each(golden))
    if not is_long:
        texts = [texts[crc32(golden.encode()) % len(texts)]]
    for number, text in enumerate(texts):
        folder = tmp_path / str(number)
        folder.mkdir()

        outcome = play(text, folder)

        assert outcome.text == text, "\n".join(
            difflib.unified_diff(text.splitlines(), outcome.text.splitlines(), "as it was", "killed", lineterm="", n=2)
        )


def test_most_scenarios_are_killed() -> None:
    assert len(FILES) >= 0.7 * len(list(SCENARIOS.glob("*.fix")))
