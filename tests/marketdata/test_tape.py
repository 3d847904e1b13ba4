"""A tape that goes on from its state is the tape: the same messages, numbers and books, wherever it was cut."""

from random import Random

import msgspec
import pytest

from fixgw.core import Core
from fixgw.marketdata.tape import BEGINNING, Tape, TapeState
from fixgw.spec.sequenced import Sequenced
from tests.engine.histories import BYTES_A_COMMAND, commands, with_sweeps

TIME_NS = 1_000
CUTS = 12


def again(state: TapeState) -> TapeState:
    """What is read back of what was written."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=TapeState)


def history(seed: int, count: int) -> list[Sequenced]:
    random, core = Random(seed), Core(sweep_slice_max=2)
    frames: list[Sequenced] = []
    for command in with_sweeps(commands(random.randbytes(BYTES_A_COMMAND) for _ in range(count)), core):
        frames.append(Sequenced(len(frames) + 1, TIME_NS + len(frames), command, core.decide(command)))
    return frames


@pytest.mark.parametrize("seed", range(4))
def test_it_goes_on_from_anywhere(seed: int) -> None:
    frames = history(seed, 3_000)
    whole = Tape()
    updates = [whole.apply(frame) for frame in frames]
    assert whole.number == sum(map(len, updates)) > 200
    cuts = sorted(Random(seed).sample(range(len(frames)), CUTS))
    tape = Tape()
    for frame in frames:
        if frame.sequence - 1 in cuts:
            state = tape.data()
            tape = Tape(again(state))
            assert tape.data() == state
            assert (tape.sequence, tape.number, tape.place) == (state.sequence, state.number, state.place)
        assert tape.apply(frame) == updates[frame.sequence - 1]

    assert msgspec.msgpack.encode(tape.data()) == msgspec.msgpack.encode(whole.data())


def test_the_place_is_that_of_the_last_message() -> None:
    tape = Tape()
    assert (tape.place, tape.number) == (BEGINNING, 0)
    number = 0
    for frame in history(9, 300):
        before = tape.place
        updates = tape.apply(frame)
        number += len(updates)
        assert tape.number == number
        assert tape.place == ((frame.sequence, len(updates) - 1) if updates else before)


def test_a_frame_that_does_not_follow_is_a_fault() -> None:
    frames = history(1, 5)
    tape = Tape()
    tape.apply(frames[0])

    with pytest.raises(AssertionError):
        tape.apply(frames[2])
