"""The ledger says from where on the messages to a session are found, in a journal whose first frames are gone, too."""

import pytest

from fixgw.fix.ledger import CHECKPOINT_EVERY, Begun, Ledger
from fixgw.spec.commands import OpenSession, UseNumber
from fixgw.spec.sequenced import Sequenced

ANEW_AT = 2 * CHECKPOINT_EVERY + 100


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """Three checkpoints; each frame is a message to ANN, and BOB began anew after the second."""
    ledger = Ledger()
    for sequence in range(1, 3 * CHECKPOINT_EVERY + 10):
        if sequence == 1:
            command: OpenSession | UseNumber = UseNumber("BOB", 50, 1, "0", None)
        elif sequence == ANEW_AT:
            command = OpenSession("BOB", 1, 1)
        else:
            command = UseNumber("ANN", sequence - 1, 1, "0", None)
        ledger.apply(Sequenced(sequence, sequence, command, ()))
    return ledger


@pytest.mark.parametrize(
    ("kept_after", "found"),
    [
        (0, Begun(0, 1)),
        (1, Begun(CHECKPOINT_EVERY, CHECKPOINT_EVERY)),
        (CHECKPOINT_EVERY, Begun(CHECKPOINT_EVERY, CHECKPOINT_EVERY)),
        (CHECKPOINT_EVERY + 1, Begun(2 * CHECKPOINT_EVERY, 2 * CHECKPOINT_EVERY)),
        (3 * CHECKPOINT_EVERY, Begun(3 * CHECKPOINT_EVERY, 3 * CHECKPOINT_EVERY)),
        (3 * CHECKPOINT_EVERY + 1, None),
    ],
)
def test_the_first_checkpoint_behind_what_is_gone(ledger: Ledger, kept_after: int, found: Begun | None) -> None:
    assert ledger.first_from("ANN", kept_after) == found


@pytest.mark.parametrize("kept_after", [0, CHECKPOINT_EVERY, ANEW_AT - 1])
def test_who_began_anew_behind_what_is_gone_has_all(ledger: Ledger, kept_after: int) -> None:
    assert ledger.first_from("BOB", kept_after) == Begun(ANEW_AT - 1, 1)


def test_who_began_anew_before_has_what_a_checkpoint_tells(ledger: Ledger) -> None:
    assert ledger.first_from("BOB", ANEW_AT) == Begun(3 * CHECKPOINT_EVERY, 1)
