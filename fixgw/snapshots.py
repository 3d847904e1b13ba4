"""Snapshots of the venue: taken by a process that follows the journal, and gone on from at the next start.

The process decides every command again, beside the venue and a little later, and compares the events: a venue
that would not replay is noticed while it runs.  The gateway has nothing to do with it.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import msgspec

from fixgw.core import Core, CoreState
from fixgw.fix.ledger import Ledger, LedgerState
from fixgw.journal import snapshot
from fixgw.journal.cold import Packer
from fixgw.journal.follower import Follower
from fixgw.journal.position import Position
from fixgw.journal.reader import read_header
from fixgw.journal.snapshot import Snapshot
from fixgw.spec.sequenced import Sequenced

NAME = "snapshotter"
FOLDER = "snapshots"
EVERY = 25_000
"""Frames between two: what a start has to replay takes some seconds at most."""
FRAMES_MAX = 500
WAIT_S = 0.5

log = logging.getLogger("fixgw.snapshots")


class VenueState(msgspec.Struct, frozen=True, array_like=True):
    """What a snapshot holds."""

    core: CoreState
    ledger: LedgerState


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(VenueState).decode


class Start:
    """Where to go on: a core and a ledger as they were after the frame of ``sequence``; 0 is the beginning."""

    def __init__(self, taken: Snapshot | None = None) -> None:
        """Raises msgspec.DecodeError for a state that is of another version."""
        self.core = Core()
        self.ledger = Ledger()
        self.sequence = 0
        self.time_ns = 0
        if taken is not None:
            state = _decode(taken.state)
            self.core.restore(state.core)
            self.ledger = Ledger(state.ledger)
            self.sequence, self.time_ns = taken.sequence, taken.time_ns


def latest(data_dir: Path, sequence_max: int) -> Start:
    """Return the newest start there is at or before ``sequence_max``: the last snapshot that is right, or none."""
    journal = data_dir / "journal"
    venue_id = _venue_id(journal)
    if venue_id is not None:
        for taken in snapshot.usable(data_dir / FOLDER, venue_id, sequence_max):
            try:
                return Start(taken)
            except msgspec.DecodeError as error:
                log.warning("the snapshot of sequence %d is of another version: %s", taken.sequence, error)
    return Start()


def newest(data_dir: Path) -> int:
    """Return the sequence of the newest snapshot, right or not; 0 when there is none."""
    found = snapshot.paths(data_dir / FOLDER)
    return int(found[0].stem) if found else 0


def take(core: Core, ledger: Ledger, venue_id: UUID, frame: Sequenced) -> Snapshot:
    """Return what core and ledger know after ``frame``."""
    state = _encode(VenueState(core.state(), ledger.state()))
    return Snapshot(venue_id, frame.sequence, frame.time_ns, state)


def run(data_dir: Path, should_stop: Callable[[], bool], ready: Callable[[], None], every: int = EVERY) -> None:
    """Take a snapshot each ``every`` frames until told to stop.

    Beside that it packs the cold segments of the journal.  Raises ReplayDiffers, JournalDamaged; a disk that takes
    no snapshot is told of, and tried again with the next.
    """
    start = latest(data_dir, 2**63 - 1)
    follower = Follower(data_dir / "journal", start.sequence + 1)
    position = Position(data_dir / "positions", NAME)
    packer = Packer(data_dir / "journal")
    taken_at = start.sequence
    ready()
    while not should_stop():
        frames = follower.read(FRAMES_MAX)
        for frame in frames:
            start.core.replay((frame,))
            start.ledger.apply(frame)
            if frame.sequence - taken_at >= every:
                taken_at = frame.sequence
                assert follower.venue_id is not None
                _write(data_dir / FOLDER, take(start.core, start.ledger, follower.venue_id, frame))
        is_packing = packer.work(time.monotonic())
        if frames:
            position.save(follower.next_sequence - 1)
        elif not is_packing:
            follower.wait(WAIT_S)
    follower.close()


def _write(folder: Path, taken: Snapshot) -> None:
    try:
        path = snapshot.write(folder, taken)
    except (OSError, snapshot.SnapshotDamaged) as error:
        log.error("no snapshot of sequence %d: %s", taken.sequence, error)
    else:
        log.info("%s, state hash %s", path.name, taken.hash.hex()[:16])


def _venue_id(journal: Path) -> UUID | None:
    header = read_header(journal)
    return None if header is None else header.venue_id
