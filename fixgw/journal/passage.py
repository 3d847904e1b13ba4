"""A passage: one way through the frames of a journal, from the oldest on, up to a sequence or a moment."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from fixgw.journal.frame import Decided, Undecided
from fixgw.journal.packed import content_size
from fixgw.journal.reader import EVER, first_kept, segment_paths, segments

Timed = TypeVar("Timed", Undecided, Decided)


class Passage(Generic[Timed]):
    """Reads all frames, hands on those that are wanted, and tells how far it is; needs no lock."""

    def __init__(
        self,
        folder: Path,
        decoder: msgspec.msgpack.Decoder[Timed],
        begun_after: tuple[int, int] = (0, 0),
        sequence_max: int = EVER,
        time_ns_max: int = EVER,
    ) -> None:
        """``folder`` is DATA/journal.  Frames up to ``begun_after``, a sequence and a time, are only read.

        Raises FileNotFoundError when there is no journal.
        """
        self._folder = folder
        self._decoder: msgspec.msgpack.Decoder[Timed] = decoder
        self._sequence_max, self._time_ns_max = sequence_max, time_ns_max
        self.first_sequence = first_kept(folder)
        """Of the first frame that is there."""
        self._begun_after = begun_after
        self._last: Timed | None = None
        self.venue_id: UUID | None = None
        self.torn_size = 0
        """Bytes at the end that are no whole frame (yet): a write under way, or cut short when the venue ended."""
        self.size = sum(map(content_size, segment_paths(folder)))

    @property
    def begun_after(self) -> int:
        """The sequence up to which frames are only read; 0 when all are handed on."""
        return self._begun_after[0]

    @property
    def frames(self) -> int:
        """How many were read, and were whole."""
        return 0 if self._last is None else self._last.sequence - self.first_sequence + 1

    @property
    def sequence(self) -> int:
        """Of the last frame that was handed on; before the first, the one that we began after."""
        return self._place[0]

    @property
    def time_ns(self) -> int:
        """Of the last frame that was handed on, or that we began after."""
        return self._place[1]

    @property
    def _place(self) -> tuple[int, int]:
        if self._last is None or self._last.sequence <= self.begun_after:
            return self._begun_after
        return self._last.sequence, self._last.time_ns

    def run(self, take: Callable[[list[Timed]], None]) -> Iterator[int]:
        """Hand the frames to ``take``, and yield now and then how many more bytes, of ``size`` at first, were read.

        Raises JournalDamaged after the frames that precede the damage.
        """
        was_enabled = gc.isenabled()
        gc.disable()  # millions of objects, and no cycles
        try:
            yield from self._run(take)
        finally:
            if was_enabled:
                gc.enable()

    def _run(self, take: Callable[[list[Timed]], None]) -> Iterator[int]:
        for segment in segments(self._folder, self.first_sequence):
            self.venue_id = segment.header.venue_id
            told = 0
            for batch in segment.batches(self._decoder):
                wanted = self._wanted(batch)
                self._last = wanted[-1] if wanted else self._last
                is_new = batch[0].sequence > self.begun_after
                take(wanted if is_new else [frame for frame in wanted if frame.sequence > self.begun_after])
                if len(wanted) < len(batch):
                    return
                yield segment.end - told
                told = segment.end
            self.torn_size = segment.size - segment.end

    def _wanted(self, batch: list[Timed]) -> list[Timed]:
        """Return the frames up to the sequence and the moment that are the last."""
        last = batch[-1]
        if last.sequence <= self._sequence_max and last.time_ns <= self._time_ns_max:
            return batch
        return [each for each in batch if each.sequence <= self._sequence_max and each.time_ns <= self._time_ns_max]
