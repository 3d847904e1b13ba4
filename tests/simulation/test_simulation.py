"""Lives of a venue from seeds: nothing acknowledged is lost, nothing refused has happened, any end is a beginning."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixgw.core import Core
from tests.simulation.house import House, encoded, number_of

SEEDS, SEEDS_LONG = 200, 20_000
SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where syncing costs nothing, if there is such a place."""
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None) as name:
        yield Path(name)


def test_any_seed(folder: Path, is_long: bool) -> None:
    lives, outages = Counter[int](), 0
    for seed in range(SEEDS_LONG if is_long else SEEDS):
        house = House(folder / str(seed), seed)
        house.live()
        check(house, seed)
        lives[house.lives] += 1
        outages += house.outages
        shutil.rmtree(house.folder)
    # The dice must have been thrown for something.
    assert lives.total() - lives[0] > lives.total() / 4
    assert outages > lives.total() / 10


def check(house: House, seed: int) -> None:
    frames = list(house.frames())
    assert [frame.sequence for frame in frames] == list(range(1, len(frames) + 1)), seed
    by_sequence = {frame.sequence: frame for frame in frames}
    for sequence, told in house.told.items():
        assert by_sequence.get(sequence) == told, f"seed {seed}: {told} was told, and is not in the journal"
    numbers = [number for frame in frames if (number := number_of(frame.command))]
    assert len(numbers) == len(set(numbers)), f"seed {seed}: a request was taken twice"
    assert house.refused.isdisjoint(numbers), f"seed {seed}: a request was refused, and happened"
    times = [frame.time_ns for frame in frames]
    assert times == sorted(times), seed
    whole = Core()
    whole.replay(frames)
    assert encoded(whole) == encoded(house.core_of_journal()), f"seed {seed}: a snapshot is not what it stands for"


def test_a_broken_house_is_noticed(folder: Path) -> None:
    """Frames that are told and then lost: the check sees it."""
    house = House(folder / "broken", 1)
    house.live()
    lost = max(house.told)
    house.told[lost + 1000] = house.told[lost]
    with pytest.raises(AssertionError, match="is not in the journal"):
        check(house, 1)
