"""The tape: the messages of the feed, numbered, as a function of the journal; and where to go on with them."""

import msgspec

from fixgw.marketdata.depth import Depth, DepthState, Update
from fixgw.spec.sequenced import Sequenced

Place = tuple[int, int]
"""Of a message: the sequence of its frame, and its count within the frame, from 0."""

BEGINNING: Place = (0, 0)
"""Before the first message: no frame has the sequence 0."""


class TapeState(msgspec.Struct, frozen=True, array_like=True):
    """A tape as of the frame of ``sequence``, as plain data: after the same frames it has the same bytes."""

    sequence: int
    number: int
    place: Place
    depth: DepthState


class Tape:
    """The books as of the last frame applied, and the number of the last message that told of them."""

    def __init__(self, state: TapeState | None = None) -> None:
        """Go on from ``state``, or begin with the first frame of a journal."""
        self.sequence = 0 if state is None else state.sequence
        """Of the last frame applied."""
        self.number = 0 if state is None else state.number
        """Of the last message made."""
        self.place = BEGINNING if state is None else state.place
        """Of the last message made."""
        self.depth = Depth(state=None if state is None else state.depth)

    def apply(self, frame: Sequenced) -> list[Update]:
        """Follow the next frame and return the messages that it brings about, often none; the last has ``number``."""
        assert frame.sequence == self.sequence + 1, (frame.sequence, self.sequence)
        self.sequence = frame.sequence
        updates = self.depth.apply(frame)
        if updates:
            self.number += len(updates)
            self.place = frame.sequence, len(updates) - 1
        return updates

    def data(self) -> TapeState:
        """Return all that is known, as plain data."""
        return TapeState(self.sequence, self.number, self.place, self.depth.data())
