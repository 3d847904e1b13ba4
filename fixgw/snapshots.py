"""Snapshots of the venue: taken by a process that follows the journal, and gone on from at the next start.

The process decides every command again, beside the venue and a little later, and compares the events: a venue
that would not replay is noticed while it runs.  The gateway has nothing to do with it.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar
from uuid import UUID

import msgspec

from fixgw.core import Core, CoreState
from fixgw.fix.ledger import Ledger, LedgerState
from fixgw.journal import snapshot
from fixgw.journal.cold import Packer
from fixgw.journal.follower import Follower
from fixgw.journal.position import Position
from fixgw.journal.reader import EVER, NotKept, first_kept, read_header, segment_paths
from fixgw.journal.retention import Retention
from fixgw.journal.snapshot import Snapshot
from fixgw.marketdata.tape import Tape, TapeState
from fixgw.spec.instrument import Instrument
from fixgw.spec.sequenced import Sequenced

NAME = "snapshotter"
FOLDER = "snapshots"
EVERY = 25_000
"""Frames between two: what a start has to replay takes some seconds at most."""
FRAMES_MAX = 500
WAIT_S = 0.5
Made = TypeVar("Made")

log = logging.getLogger("fixgw.snapshots")


class VenueState(msgspec.Struct, frozen=True, array_like=True):
    """What a snapshot holds."""

    core: CoreState
    ledger: LedgerState
    tape: bytes = b""
    """A TapeState, in MessagePack for itself, since a start has no use for it; empty in one of an earlier version."""


class _Untaken(msgspec.Struct, frozen=True, array_like=True):
    """A VenueState whose parts are left as the bytes they are but for the tape."""

    core: msgspec.Raw
    ledger: msgspec.Raw
    tape: bytes = b""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(VenueState).decode
_decode_untaken = msgspec.msgpack.Decoder(_Untaken).decode
_decode_tape = msgspec.msgpack.Decoder(TapeState).decode


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


class Beside:
    """A venue beside the venue: all that a snapshot holds, and a frame at a time what follows it."""

    def __init__(self, taken: Snapshot | None = None) -> None:
        """Raises msgspec.DecodeError for a state that is of another version, or of one before there were tapes."""
        start = Start(taken)
        self.core, self.ledger = start.core, start.ledger
        self.tape = Tape(None if taken is None else tape_of(taken))
        self.time_ns = start.time_ns

    @property
    def sequence(self) -> int:
        """Of the last frame followed; 0 before the first."""
        return self.tape.sequence

    def follow(self, frame: Sequenced) -> None:
        """Decide the next frame again; raises ReplayDiffers when that gives other events."""
        self.core.replay((frame,))
        self.note(frame)

    def note(self, frame: Sequenced) -> None:
        """Follow a frame that the core has decided."""
        self.ledger.apply(frame)
        self.tape.apply(frame)
        self.time_ns = frame.time_ns

    def taken(self, venue_id: UUID) -> Snapshot:
        """Return all that is known after the last frame."""
        state = VenueState(self.core.state(), self.ledger.state(), _encode(self.tape.data()))
        return Snapshot(venue_id, self.sequence, self.time_ns, _encode(state))


def state_hash(core: Core, ledger: Ledger) -> bytes:
    """Return BLAKE2b-256 of all that a venue knows; what only its followers need is not in it."""
    return snapshot.state_hash(_encode((core.state(), ledger.state())))


def state_hash_of(taken: Snapshot) -> bytes:
    """Return the ``state_hash`` of what ``taken`` was made of; raises msgspec.DecodeError when it is no state."""
    state = _decode_untaken(taken.state)
    return snapshot.state_hash(_encode((state.core, state.ledger)))


def tape_of(taken: Snapshot) -> TapeState:
    """Return the tape that a snapshot holds.

    Raises msgspec.DecodeError for one that is of another version, or of one before there were tapes.
    """
    return _decode_tape(_decode_untaken(taken.state).tape)


def has_tape(taken: Snapshot) -> bool:
    """Return whether a snapshot is of a version in which they hold a tape; raises msgspec.DecodeError."""
    return bool(_decode_untaken(taken.state).tape)


def latest(data_dir: Path, sequence_max: int) -> Start:
    """Return the newest start there is at or before ``sequence_max``: the last snapshot that is right, or none."""
    for start in _usable(data_dir, sequence_max, Start):
        return start
    return Start()


def oldest(data_dir: Path) -> Snapshot | None:
    """Return the oldest snapshot that is right and from which the journal goes on; None when there is none."""
    found = None
    for taken in _usable(data_dir, EVER, _whole):
        found = taken
    return found


class TooEarly(Exception):
    """What is wanted is before the oldest snapshot, and the frames that lead there were removed."""


def beginning(data_dir: Path, sequence_max: int = EVER, time_ns_max: int = EVER) -> Snapshot | None:
    """Return what a replay up to a sequence or a moment begins with: the oldest snapshot, or None for the first frame.

    Raises NotKept when the first frames are not there and no snapshot stands for them, TooEarly.
    """
    journal = data_dir / "journal"
    first = first_kept(journal)
    if first == 1:
        return None
    begun = oldest(data_dir)
    if begun is None:
        raise NotKept(segment_paths(journal)[0], 1)
    if begun.sequence > sequence_max or begun.time_ns > time_ns_max:
        raise TooEarly(
            f"that is before sequence {begun.sequence}, that of the oldest snapshot: the journal begins with "
            f"{first}, what is older was removed (journal.keep_days); ask for a later moment"
        )
    return begun


def tapes(data_dir: Path) -> Iterator[TapeState]:
    """Yield the tapes of the snapshots that are right, the newest first."""
    yield from _usable(data_dir, EVER, tape_of)


def _usable(data_dir: Path, sequence_max: int, make: Callable[[Snapshot], Made]) -> Iterator[Made]:
    """Yield what ``make`` makes of the snapshots that are right, the newest first."""
    journal = data_dir / "journal"
    venue_id = _venue_id(journal)
    if venue_id is None:
        return
    # A snapshot from which the journal does not go on is of no use: its frames were removed behind a later one.
    sequence_min = first_kept(journal) - 1
    for taken in snapshot.usable(data_dir / FOLDER, venue_id, sequence_max):
        if taken.sequence < sequence_min:
            log.warning("the journal begins after the snapshot of sequence %d; it is passed over", taken.sequence)
            continue
        try:
            made = make(taken)
        except msgspec.DecodeError as error:
            log.warning("the snapshot of sequence %d is of another version: %s", taken.sequence, error)
            continue
        yield made


class Begun(NamedTuple):
    """What is in force and open after the frame of ``sequence``."""

    sequence: int
    time_ns: int
    instruments: list[Instrument]
    """All that were ever listed."""
    open_orders: Counter[str]
    """By symbol."""
    halted: list[str]
    killed: list[str]
    disabled: list[str]


def begun(data_dir: Path) -> Begun | None:
    """Return how it was at the newest start, for who counts; None where the first frame of the journal is there."""
    if first_kept(data_dir / "journal") == 1:
        return None
    start = latest(data_dir, EVER)
    if not start.sequence:
        return None
    exchange, restrictions = start.core.exchange, start.core.gate.restrictions
    open_orders = Counter(order.symbol for order in exchange.market.orders.all() if order.is_live)
    listed = list(exchange.market.ever_listed.values())
    halted = {**restrictions.halted, **restrictions.suspended}
    forbidden = (list(names) for names in (halted, restrictions.killed, restrictions.disabled))
    return Begun(start.sequence, start.time_ns, listed, open_orders, *forbidden)


def retention(data_dir: Path, keep_days: int, followers: Iterable[str]) -> Retention:
    """Return what removes segments older than ``keep_days`` behind the snapshots and ``followers``; 0 keeps all."""
    return Retention(data_dir, data_dir / FOLDER, keep_days, followers, _is_usable)


def _is_usable(taken: Snapshot) -> bool:
    """Return whether a start and all who follow could begin with ``taken``."""
    try:
        _decode(taken.state)
        tape_of(taken)
    except msgspec.DecodeError:
        return False
    return True


def _whole(taken: Snapshot) -> Snapshot:
    tape_of(taken)
    return taken


def newest(data_dir: Path) -> int:
    """Return the sequence of the newest snapshot, right or not; 0 when there is none."""
    found = snapshot.paths(data_dir / FOLDER)
    return int(found[0].stem) if found else 0


def run(
    data_dir: Path,
    should_stop: Callable[[], bool],
    ready: Callable[[], None],
    every: int = EVERY,
    retention: Retention | None = None,
) -> None:
    """Take a snapshot each ``every`` frames until told to stop.

    Beside that it packs the cold segments of the journal, and has ``retention`` remove what may go.  Raises
    ReplayDiffers, JournalDamaged; a disk that takes no snapshot is told of, and tried again with the next.
    """
    beside = next(_usable(data_dir, EVER, Beside), None) or Beside()
    follower = Follower(data_dir / "journal", beside.sequence + 1)
    position = Position(data_dir / "positions", NAME)
    packer = Packer(data_dir / "journal")
    taken_at = beside.sequence
    ready()
    while not should_stop():
        frames = follower.read(FRAMES_MAX)
        for frame in frames:
            beside.follow(frame)
            if frame.sequence - taken_at >= every:
                taken_at = frame.sequence
                assert follower.venue_id is not None
                _write(data_dir / FOLDER, beside.taken(follower.venue_id))
        is_packing = packer.work(time.monotonic())
        if retention is not None:
            retention.work(time.monotonic(), beside.time_ns)
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
        log.info("%s, state hash %s", path.name, state_hash_of(taken).hex()[:16])


def _venue_id(journal: Path) -> UUID | None:
    header = read_header(journal)
    return None if header is None else header.venue_id
