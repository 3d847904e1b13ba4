"""Golden FIX sessions: each file of tests/scenarios is played against a real venue and must read as it did before.

``pytest --update-golden`` writes what the venue answers into the files; then read the diff aloud.
"""

import difflib
from pathlib import Path

import pytest

from tests.scenario_runner import play

SCENARIOS = Path(__file__).parent / "scenarios"
FILES = sorted(SCENARIOS.glob("*.fix"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """The venue answers as the file says, and every message it sends is right by itself."""
    golden = path.read_text(encoding="utf-8")

    outcome = play(golden, tmp_path)

    if pytestconfig.getoption("--update-golden"):
        path.write_text(outcome.text, encoding="utf-8")
    else:
        assert outcome.text == golden, "\n".join(
            difflib.unified_diff(golden.splitlines(), outcome.text.splitlines(), "file", "venue", lineterm="", n=2)
        )
