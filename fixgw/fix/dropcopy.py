"""Drop copy: each ExecutionReport that an event brings about, once more, to who may see it (docs/drop-copy.md).

A process of its own, which follows the journal.  A copy keeps OrderID(37), ExecID(17), TransactTime(60) and all
amounts; CopyMsgIndicator(797)=Y says what it is, OnBehalfOfCompID(115) whose report it was (E40).
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import quickfix as fix

from fixgw.fix.copied import ExecPlace, last_copied, place
from fixgw.fix.fields import split
from fixgw.fix.follower_acceptor import FRAMES_MAX, FollowerAcceptor
from fixgw.fix.message_tap import MessageTap
from fixgw.fix.outbound import Encoder, Report, business_reject
from fixgw.fix.sessions import BEGIN_STRING
from fixgw.journal.follower import Follower
from fixgw.journal.position import Position
from fixgw.journal.reader import first_kept
from fixgw.spec.events import Event, Trade, TradeBusted, TradeCorrected
from fixgw.spec.sequenced import Sequenced

NAME = "drop-copy"
_NOT_AUTHORIZED = "6"
_EXECUTION_REPORT = "8"

log = logging.getLogger("fixgw.fix.dropcopy")


@dataclass(frozen=True)
class Copied:
    """A session that gets copies: those of some firms, or of all when ``firms`` is None."""

    firms: tuple[str, ...] | None
    settings: Mapping[str, str]


@dataclass
class _Reader:
    """How far a session has been copied to."""

    name: str
    firms: tuple[str, ...] | None
    copied: ExecPlace
    position: Position
    sequence: int
    """The journal is copied to it up to here, at least."""


def run(
    comp_id: str,
    port: int,
    sessions: Mapping[str, Copied],
    data_dir: Path,
    tap: MessageTap | None,
    should_stop: Callable[[], bool],
    ready: Callable[[], None],
) -> None:
    """Serve until told to stop; ``tap`` sees every message.

    Raises OSError when the port or the folder cannot be used, JournalDamaged.
    """
    folder = data_dir / "fix" / NAME
    (folder / "store").mkdir(parents=True, exist_ok=True)
    store = {"FileStorePath": str(folder / "store")}
    settings = {name: {**session.settings, **store} for name, session in sessions.items()}
    acceptor = FollowerAcceptor(comp_id, port, settings, folder, fix.FileStoreFactory, tap)
    copier = DropCopy(comp_id, sessions, acceptor, data_dir)
    acceptor.open()
    ready()
    acceptor.serve(copier.follower, copier.copy_on, should_stop)


class DropCopy:
    """Copies the journal's reports to the sessions, each from where it was left."""

    def __init__(
        self, comp_id: str, sessions: Mapping[str, Copied], acceptor: FollowerAcceptor, data_dir: Path
    ) -> None:
        self._encoder = Encoder()
        self._acceptor = acceptor
        self._send = acceptor.postman.send
        self._readers = {name: self._resume(comp_id, name, session, data_dir) for name, session in sessions.items()}
        begin = min((reader.sequence for reader in self._readers.values()), default=0)
        self.follower = Follower(data_dir / "journal", max(begin + 1, self._first_kept(data_dir / "journal")))
        self._done = Position(data_dir / "positions", NAME)
        acceptor.door.receive = self._refuse

    def _first_kept(self, journal: Path) -> int:
        """Return the first frame that can be copied; who has not got what precedes it, as a new session, never will."""
        first = first_kept(journal)
        for reader in self._readers.values():
            if reader.sequence < first - 1:
                log.warning(
                    "%s gets copies from sequence %d on; what precedes it is not in the journal any more",
                    reader.name,
                    first,
                )
        return first

    def _resume(self, comp_id: str, name: str, session: Copied, data_dir: Path) -> _Reader:
        position = Position(data_dir / "positions", f"{NAME}.{name}")
        next_number = self._acceptor.session(name).getExpectedSenderNum()
        store = data_dir / "fix" / NAME / "store"
        copied = last_copied(store, f"{BEGIN_STRING}-{comp_id}-{name}", next_number)
        return _Reader(name, session.firms, copied, position, position.load())

    def copy_on(self) -> bool:
        """Copy what is new in the journal, a part of it at a time; return False when there is nothing."""
        frames = self.follower.read(FRAMES_MAX)
        for frame in frames:
            self._copy(frame)
        if frames:
            self.save()
        return bool(frames)

    def save(self) -> None:
        """Note how far all have come, before QuickFIX may empty a store because its client begins anew."""
        sequence = self.follower.next_sequence - 1
        for reader in self._readers.values():
            reader.position.save(max(sequence, reader.sequence))
        self._done.save(sequence)

    def _copy(self, frame: Sequenced) -> None:
        for event in frame.events:
            for firm, report in self._reports(event, frame.time_ns):
                for reader in self._readers.values():
                    if frame.sequence > reader.sequence and (reader.firms is None or firm in reader.firms):
                        self._copy_to(reader, report)

    def _reports(self, event: Event, time_ns: int) -> Iterator[tuple[str, Report]]:
        """Yield the ExecutionReports of an event, each with the firm whose it is."""
        reports = [r for r in self._encoder.reports(event, time_ns) if r.msg_type == _EXECUTION_REPORT]
        if isinstance(event, Trade | TradeBusted | TradeCorrected):
            firms = [event.resting.order.firm, event.aggressor.order.firm]
        else:
            order = getattr(event, "order", None)
            firms = [] if order is None or not reports else [order.firm]
        yield from zip(firms, reports, strict=True)

    def _copy_to(self, reader: _Reader, report: Report) -> None:
        exec_place = place(_exec_id(report.body))
        if exec_place > reader.copied:
            reader.copied = exec_place
            # The header is QuickFIX's to fill; what of it stands in the body finds its way there.
            body = f"115={report.session}\x01{report.body}797=Y\x01"
            self._send(Report(reader.name, _EXECUTION_REPORT, body))

    def _refuse(self, text: str, session: str) -> None:
        """Refuse every business message: these sessions only listen."""
        fields = split(text)
        what = "this session gets copies and may send no business message"
        self._send(business_reject(session, fields["34"], fields["35"], _NOT_AUTHORIZED, what))


def _exec_id(body: str) -> str:
    return body.partition("\x0117=")[2].partition("\x01")[0]
