"""What the host takes is a part of what processes would have run."""

from pathlib import Path

import pytest

from bench.stolen import Stolen


def stat(user: int, nice: int, system: int, idle: int, steal: int) -> str:
    return f"cpu  {user} {nice} {system} {idle} 7 1 2 {steal} 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n"


@pytest.mark.parametrize(
    ("after", "part"),
    [
        (stat(100, 10, 20, 900, 0), 0.0),  # nothing ran
        (stat(150, 20, 40, 900, 0), 0.0),
        (stat(150, 20, 40, 5_000, 20), 0.2),
        (stat(100, 10, 20, 900, 80), 1.0),
    ],
)
def test_the_part_stolen(after: str, part: float, tmp_path: Path) -> None:
    path = tmp_path / "stat"
    path.write_text(stat(100, 10, 20, 900, 0))
    since = Stolen(path)

    path.write_text(after)

    assert since.part() == pytest.approx(part)
