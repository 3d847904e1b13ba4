"""Rebuilding: the public books as they were at a moment, from what the journal says had come of every command by then.

Nothing is decided again, so that it shows what the venue did, whatever this version of it would do; ``verification``
tells whether the two are the same.
"""

from collections.abc import Iterator
from pathlib import Path

from fixgw.journal.frame import DECIDED
from fixgw.journal.passage import Passage
from fixgw.journal.reader import EVER
from fixgw.journal.snapshot import Snapshot
from fixgw.marketdata.book import Books
from fixgw.marketdata.hindsight import Hindsight
from fixgw.snapshots import Start, beginning, tape_of


class Rebuilding:
    """Goes through the journal of a data folder once; needs no lock and may run beside the venue.

    Where the first frames were removed (journal.keep_days) it goes on from the oldest snapshot.
    """

    def __init__(self, data_dir: Path, sequence_max: int = EVER, time_ns_max: int = EVER) -> None:
        """Raises FileNotFoundError when there is no journal, and as ``beginning`` does."""
        begun = beginning(data_dir, sequence_max, time_ns_max)
        place = (0, 0) if begun is None else (begun.sequence, begun.time_ns)
        self.passage = Passage(data_dir / "journal", DECIDED, place, sequence_max, time_ns_max)
        self._hindsight = Hindsight() if begun is None else _go_on_from(begun)

    def run(self) -> Iterator[int]:
        """Follow the frames, and yield now and then how many more bytes, of the passage's size, have been read.

        Raises JournalDamaged after the frames that precede the damage.
        """
        yield from self.passage.run(self._hindsight.follow)

    @property
    def events(self) -> int:
        """How many were followed."""
        return self._hindsight.events

    def books(self) -> Books:
        """Return the public books after the last frame."""
        return self._hindsight.books()


def _go_on_from(begun: Snapshot) -> Hindsight:
    orders = Start(begun).core.exchange.market.orders
    return Hindsight(tape_of(begun).depth, {order.order_id: order.state() for order in orders})
