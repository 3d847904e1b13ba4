"""The gateway: joins doors, core and listeners, starts them in order and stops them in order."""

import gc
import logging
import os
import resource
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn, get_args

import quickfix as fix

from fixgw import calendars, snapshots
from fixgw.admin.address import NAME as ADMIN_SOCKET
from fixgw.admin.answers import Facts
from fixgw.admin.server import AdminServer
from fixgw.config.load import VenueConfig
from fixgw.core import Core
from fixgw.engine.reconfiguration import conflicts
from fixgw.fix.acceptor import OrderEntry
from fixgw.fix.admission import Admission
from fixgw.fix.archive import Archive
from fixgw.fix.control import SessionControl
from fixgw.fix.corks import Corks
from fixgw.fix.direct_calls import poll
from fixgw.fix.doorkeeper import Doorkeeper
from fixgw.fix.inbound import Decoder, Request
from fixgw.fix.message_tap import MessageTap
from fixgw.fix.numbering import Numbering
from fixgw.fix.outbound import Encoder
from fixgw.fix.postman import Postman, Reporter
from fixgw.fix.readiness import Readiness, Traffic
from fixgw.fix.resends import Resends
from fixgw.fix.restoration import Restoration
from fixgw.fix.sessions import log_out_all, session_ids, write_settings
from fixgw.fix.store import StoreUnknown
from fixgw.fix.subscriptions import Subscriptions
from fixgw.journal.disk import Durability
from fixgw.journal.reader import first_kept, read
from fixgw.journal.snapshot import put_aside_ahead
from fixgw.journal.writer import JournalWriter
from fixgw.logs import SOCKET as MESSAGES_SOCKET
from fixgw.metrics.board import Board, Notice
from fixgw.metrics.stages import Stopwatch
from fixgw.schedule import Schedule
from fixgw.sequencer import Sequencer
from fixgw.spec.commands import (
    CancelOrder,
    ClientCommand,
    Command,
    ConfigureVenue,
    ListingCommand,
    NewOrder,
    OperatorCommand,
    PullQuotes,
    ReplaceOrder,
)
from fixgw.spec.events import LimitStateChanged, PhaseChanged
from fixgw.spec.inquiries import Answer
from fixgw.spec.reference import ReferenceAnswer
from fixgw.spec.restriction import Restriction
from fixgw.spec.sequenced import Sequenced
from fixgw.timetable import Timetable

HOST = "127.0.0.1"
EXIT_FAULT = 70
"""Exit status when the core or the disk failed: what was acknowledged is in the journal, start again."""

SEED_BITS = 62
"""Of what is random in the venue; an integer of the journal has 64 with its sign."""

TRY_DISK_INTERVAL_S = 1.0
"""How often a disk that takes nothing is tried again."""

TICK_INTERVAL_S = 0.5
"""How often QuickFIX is made to look at heartbeats, however busy it is, and the board is written."""

MB = 1 << 20

_GONE = "the session is logged out or was cut off: its quotes are pulled"
_LOGOUT_TIMEOUT_S = 3.0
_AT_ONCE = (NewOrder, CancelOrder, ReplaceOrder)
"""What is worked within QuickFIX's call when nobody else waits; the reports of all else take numbers of their own."""
_OPERATOR_COMMANDS = frozenset(get_args(OperatorCommand))
_CLIENT_COMMANDS = frozenset(get_args(ClientCommand))
_LISTING_COMMANDS = frozenset(get_args(ListingCommand))

log = logging.getLogger("fixgw.app")


class CannotStart(Exception):
    """Why the venue does not start, one line a reason, each with what to do."""


class Gateway:
    """The gateway process: one thread serves QuickFIX and the sequencer in turn, until it is told to stop."""

    def __init__(self, config: VenueConfig, data_dir: Path, clock_ns: Callable[[], int] = time.time_ns) -> None:
        """Recover the state from the journal in ``data_dir``, created if need be.

        Raises CannotStart, or what the journal raises: JournalLocked, JournalDamaged, ReplayDiffers.
        """
        _refuse_port_in_use(config.port)
        self.config = config
        self._timetables = _timetables(config, clock_ns)
        self._data_dir = data_dir
        self._try_disk_at = 0.0
        self._is_outage = False
        self._market_makers = frozenset(each.session for each in config.participants if each.market_maker is not None)
        self._is_stopping = False
        self._tick_at = 0.0
        self._pass_began_ns = 0
        self._was_waiting = False
        """Whether this pass follows a wait, and has read no order yet."""
        self._readiness = Readiness()
        self._traffic = Traffic()
        self._stopwatch = Stopwatch()
        self._journal = JournalWriter.open(
            data_dir / "journal",
            segment_size_max=config.journal.segment_mb * MB,
            durability=Durability(config.journal.durability),
            sync_interval_s=config.journal.interval_ms / 1000,
            verified=snapshots.newest(data_dir),
        )
        try:
            self._build(data_dir, clock_ns)
        except BaseException:
            self._journal.close()
            raise

    def _build(self, data_dir: Path, clock_ns: Callable[[], int]) -> None:
        config = self.config
        self._board = Board(data_dir)
        sessions = {session.comp_id: session.settings for session in config.sessions}
        ids = session_ids(config.comp_id, sessions)
        self._corks = Corks()
        encoder, postman = Encoder(), Postman(config.comp_id, sessions, self._traffic, self._corks)
        self._doorkeeper = Doorkeeper(config.port, self._readiness, self._traffic)
        self._schedule = Schedule(
            config.day, lambda: self._sequencer.core, clock_ns, self._timetables, config.circuit_breaker
        )
        self._decoder = decoder = Decoder(
            config.participants, config.instruments, config.stale_order_s, clock_ns, self._schedule.trading_date
        )
        gc.disable()  # reading the state back makes millions of objects, and no cycles
        self._control = SessionControl(ids, self._disabled, lambda away: self._numbering.closed(away))
        self._resends = Resends()
        admission = Admission(self._doorkeeper.may_log_on, self._resends, self._control.why_not)
        self._order_entry = OrderEntry(decoder, postman, admission, _stop_hard)
        self._tap = MessageTap(data_dir / MESSAGES_SOCKET) if config.log_messages else None
        self._acceptor = self._make_acceptor(data_dir / "fix", sessions)

        with suppress(OSError):  # on a disk that takes nothing they are passed over
            put_aside_ahead(data_dir / snapshots.FOLDER, self._journal.next_sequence - 1)
        start = snapshots.latest(data_dir, self._journal.next_sequence - 1)
        first = first_kept(data_dir / "journal")
        _refuse_gap(start.sequence, first, data_dir)
        try:
            archive = Archive(config.comp_id, ids, data_dir / "journal", start.ledger)
        except StoreUnknown as error:
            if first > 1:
                raise CannotStart(
                    f"{error}, and the journal begins with {first}; install the quickfix of before"
                ) from None
            log.warning("%s: this start takes no snapshot, and reads the whole journal", error)
            start = snapshots.Start()
            archive = Archive(config.comp_id, ids, data_dir / "journal", start.ledger)
        core = start.core
        self._resends.fetch, self._resends.begins_with = archive.fetch, archive.begins_with
        restoration = Restoration(encoder, postman, ids, start.ledger, archive.forget)
        self._order_entry.outgoing = restoration
        last = core.replay(restoration.beside(read(data_dir / "journal", start.sequence + 1)))
        self.commands_recovered = start.sequence if last is None else last.sequence
        self._configuration = ConfigureVenue(
            config.instruments,
            config.limits,
            config.participants,
            _seed(core),
            config.protections,
            () if config.circuit_breaker is None else tuple(each.halting for each in config.circuit_breaker.levels),
        )
        _refuse_conflicts(core, self._configuration)

        last_time_ns = start.time_ns if last is None else last.time_ns
        reporter = Reporter(encoder, postman)
        self._subscriptions = Subscriptions(reporter.tell_answer, postman.send, self._order_entry.logged_on)
        audience = _Audience(reporter, self._control, self._subscriptions, self._read_as_listed)
        self._sequencer = Sequencer(
            core, self._journal, audience, clock_ns, last_time_ns, self._stopwatch, self._core_of_journal
        )
        self._sequencer.suspend(self._journal.problem)
        self._admin = AdminServer(data_dir / ADMIN_SOCKET, self._sequencer, self._facts, self._readiness.wake)
        audience.admin = self._admin
        self._numbering = Numbering(self._sequencer, archive.forget)
        self._order_entry.outgoing = self._numbering
        self._order_entry.offer = self._take
        self._subscriptions.offer = self._sequencer.offer
        self._order_entry.come = self._let_in
        self._order_entry.gone = self._let_go
        for session_id in restoration.begun_anew:
            self._numbering.closed(session_id)
        self._configure()
        self._pull_quotes_of_absent()

    def _configure(self) -> None:
        """Note what the files say of trading where the journal says another thing, if it can be written."""
        if self._sequencer.core.configuration != self._configuration and not self._sequencer.suspended_by:
            self._sequencer.process([self._configuration])
        self._read_as_listed()

    def _read_as_listed(self) -> None:
        """Have orders read in the scales of the instruments that are listed now."""
        self._decoder.list(self._sequencer.core.exchange.market.instruments.values())

    def _core_of_journal(self) -> Core:
        """Read the core back, as far as the journal goes: some seconds in which nobody is served."""
        start = snapshots.latest(self._data_dir, self._journal.next_sequence - 1)
        last = start.core.replay(read(self._data_dir / "journal", start.sequence + 1))
        sequence = start.sequence if last is None else last.sequence
        assert sequence == self._journal.next_sequence - 1, (sequence, self._journal.next_sequence)
        return start.core

    def _disabled(self) -> Mapping[str, Restriction]:
        return self._sequencer.core.gate.restrictions.disabled

    def _facts(self) -> Facts:
        sequence, problem = self._journal.next_sequence - 1, self._sequencer.suspended_by
        return Facts(os.getpid(), sequence, self._control.connections(), self._schedule.date_now(), problem)

    def _make_acceptor(self, folder: Path, sessions: Mapping[str, Mapping[str, str]]) -> fix.SocketAcceptor:
        """Make the acceptor; it has the stores of its sessions in memory, empty."""
        # QuickFIX keeps no reference to these: they must live as long as the acceptor.
        self._settings = write_settings(folder, self.config.comp_id, self.config.port, sessions)
        self._store_factory = fix.MemoryStoreFactory()
        try:
            return fix.SocketAcceptor(self._order_entry, self._store_factory, self._settings, self._tap)
        except fix.ConfigError as error:
            raise CannotStart(f"QuickFIX refuses {folder / 'quickfix.cfg'}: {_reason(error)}") from None

    def open(self) -> None:
        """Open the door, on the loopback interface only.  Raises CannotStart."""
        _raise_file_descriptor_limit()
        _quiet_garbage_collector()
        # The first pass binds and listens; nobody is read before the fence stands.
        poll(self._acceptor)
        listener = self._doorkeeper.fence()
        if listener is None:
            raise CannotStart(f"{HOST}:{self.config.port} (order_entry.port) does not listen")
        self._listener = listener
        self._doorkeeper.scan()
        self._doorkeeper.start()
        self._admin.start()

    def run(self) -> None:
        """Trade until ``stop``, then log the sessions out, answer what was received and close the journal.

        A fault of ours or of the disk ends the process: going on could acknowledge what is not true.
        Everything that was acknowledged is in the journal; a restart takes it up from there.
        """
        try:
            while not self._is_stopping:
                self._serve()
            self._close()
        except BaseException as fault:
            _stop_hard(fault)

    def stop(self) -> None:
        """Have ``run`` end; from any thread."""
        self._is_stopping = True
        self._readiness.wake()

    def _serve(self) -> None:
        """One pass: QuickFIX reads and calls us, the sequencer works off what came, or we wait for more."""
        self._pass_began_ns = self._stopwatch.clock_ns()
        poll(self._acceptor)
        self._was_waiting = False
        self._traffic.passes += 1
        self._stopwatch.received(self._pass_began_ns, self._sequencer.waiting)
        if self._order_entry.fault is not None:
            raise self._order_entry.fault
        with self._corks:
            is_idle = not self._sequencer.work()
        # Before anything else is read: an update is asked for right behind what has changed.
        is_idle = not self._subscriptions.work() and is_idle
        self._stopwatch.finished(self._sequencer.waiting)
        if not self._is_stopping:
            self._control.work()
        self._numbering.settle()
        self._resends.go_on()
        now = time.monotonic()
        if self._tap is not None:
            self._tap.send_if_due(now)
        if now >= self._tick_at:
            self._tick(now)
        elif is_idle and not self._sequencer.waiting:
            # All that is due was done before, so that what wakes us is read at once.
            if self._listener in self._readiness.wait(self._resends.longest_wait_s):
                # Somebody comes in: QuickFIX accepts in this pass, and from then on we wait for that socket too.
                poll(self._acceptor)
                self._doorkeeper.scan()
            self._was_waiting = True

    def _tick(self, now: float) -> None:
        """Do what is due from time to time; another pass follows, for what comes of it."""
        self._tick_at = now + TICK_INTERVAL_S
        self._order_entry.tick()
        self._look_at_disk(now)
        if not self._is_stopping and not self._sequencer.suspended_by:
            with self._corks:
                self._go_on_with_the_day()
                self._pull_quotes_of_absent()
        self._write_board()

    def _take(self, request: Request) -> bool:
        """Put ``request`` in line, or return False; an order that comes when nobody else does is worked at once.

        QuickFIX then ends its pass behind the answer, not before it (docs/decisions/0025-an-order-alone.md).
        """
        if not self._was_waiting or not isinstance(request, _AT_ONCE):
            return self._sequencer.offer(request)
        self._was_waiting = False
        try:
            if not self._sequencer.work_at_once(request):
                return self._sequencer.offer(request)
        except BaseException as fault:  # it may not leave a callback
            _stop_hard(fault)
        self._stopwatch.received(self._pass_began_ns, 1)
        self._stopwatch.finished(0)
        return True

    def _look_at_disk(self, now: float) -> None:
        """Log that an outage has begun; try whether it is over."""
        problem = self._sequencer.suspended_by
        if problem and not self._is_outage:
            self._is_outage = True
            log.error("the journal cannot be written: %s. All orders are refused until it can", problem)
        if problem and now >= self._try_disk_at:
            self._try_disk_at = now + TRY_DISK_INTERVAL_S
            if self._sequencer.try_again():
                self._is_outage = False
                log.warning("the journal can be written again; orders are taken")
                self._configure()

    def _go_on_with_the_day(self) -> None:
        due = self._schedule.due(self._control.is_settled and self._numbering.is_settled)
        if due:
            self._sequencer.process(due)
            self._tick_at = 0.0  # what follows is due at once, after others had their turn

    def _let_in(self, session: str) -> None:
        """Know which connection a client that has just logged on has."""
        with suppress(OSError):  # no file descriptor left: without it each report has a packet of its own
            connection = self._doorkeeper.just_answered()
            if connection is not None:
                self._corks.connected(session, connection)

    def _let_go(self, session: str) -> None:
        """Have the quotes of a session that has just gone canceled, after all that it has sent."""
        self._corks.gone(session)
        self._subscriptions.forget(session)
        if session in self._market_makers:
            self._sequencer.offer(PullQuotes(session, _GONE))

    def _pull_quotes_of_absent(self) -> None:
        """Cancel what was not when its session went: the venue was killed, or could not write, or had no room."""
        absent = self._sequencer.core.exchange.market.orders.quoting - self._order_entry.logged_on
        if absent and not self._sequencer.suspended_by:
            self._sequencer.process([PullQuotes(session, _GONE) for session in sorted(absent)])

    def _write_board(self) -> None:
        notice = Notice(
            pid=os.getpid(),
            written_ns=time.monotonic_ns(),
            sequence=self._journal.next_sequence - 1,
            sessions=tuple(self._order_entry.logged_on),
            waiting=self._sequencer.waiting,
            passes=self._traffic.passes,
            sent=self._traffic.sent,
            batches=self._stopwatch.batches,
            stages=self._stopwatch.histograms,
            journal_problem=self._sequencer.suspended_by,
        )
        # A board that cannot be written goes stale, and the venue is told not to be ready; whether it may
        # trade on is for the journal to say.
        with suppress(OSError):
            self._board.write(notice)

    def _close(self) -> None:
        sessions = [session.comp_id for session in self.config.sessions]
        all_are_out = log_out_all(self.config.comp_id, sessions, "the venue stops")
        give_up_at = time.monotonic() + _LOGOUT_TIMEOUT_S
        while not all_are_out():
            if time.monotonic() > give_up_at:
                log.warning("some sessions did not answer their Logout in time")
                break
            self._serve()
        while self._sequencer.work():
            pass
        self._numbering.settle()
        if self._sequencer.suspended_by and not self._sequencer.try_again():
            log.error(
                "the journal cannot be written: %s. %d messages of sessions are not in it; a client that expects a "
                "later MsgSeqNum(34) than the venue has next must log on with ResetSeqNumFlag(141)=Y",
                self._sequencer.suspended_by, self._sequencer.held,
            )  # fmt: skip
        self._admin.stop()
        self._doorkeeper.stop()
        self._board.close()
        self._journal.close()
        if self._tap is not None:
            self._tap.close()


_STATUS_BY_ORDERS = frozenset((PhaseChanged, LimitStateChanged))
"""An order may begin a volatility auction, or a limit state."""


class _Audience:
    """All who are told: the clients, and of an operator's command the FIX sessions' control and the operator."""

    def __init__(
        self,
        reporter: Reporter,
        control: SessionControl,
        subscriptions: Subscriptions,
        read_as_listed: Callable[[], None],
    ) -> None:
        self._tell_clients = reporter.tell
        self._answer_client = reporter.tell_answer
        self._refuse_client = reporter.refuse
        self._control = control
        self._subscriptions = subscriptions
        self._read_as_listed = read_as_listed
        self.admin: AdminServer

    def tell(self, sequenced: Sequenced) -> None:
        self._tell_clients(sequenced)
        is_of_client = type(sequenced.command) in _CLIENT_COMMANDS
        if not is_of_client or any(type(event) in _STATUS_BY_ORDERS for event in sequenced.events[1:]):
            self._subscriptions.tell(sequenced)
        if type(sequenced.command) in _LISTING_COMMANDS:
            self._read_as_listed()
        if type(sequenced.command) in _OPERATOR_COMMANDS:
            self._control.tell(sequenced)
            self.admin.tell(sequenced)

    def tell_answer(self, answer: Answer, time_ns: int) -> None:
        if isinstance(answer, ReferenceAnswer):
            self._subscriptions.tell_answer(answer, time_ns)
        else:
            self._answer_client(answer, time_ns)

    def refuse(self, command: Command, text: str) -> None:
        """Only who asked is told; what the venue asks of itself, it asks again."""
        if isinstance(command, ClientCommand):
            self._refuse_client(command, text)
        elif isinstance(command, OperatorCommand):
            self.admin.refuse(command, text)


def _stop_hard(fault: BaseException) -> NoReturn:
    log.critical("the venue stops here, start it again", exc_info=fault)
    logging.shutdown()
    os._exit(EXIT_FAULT)


def _reason(error: fix.ConfigError) -> str:
    if str(error).endswith("No sessions defined"):
        return "its path is too long, choose a data folder with a shorter one (--data)"
    return str(error)


def _timetables(config: VenueConfig, clock_ns: Callable[[], int]) -> dict[str, Timetable]:
    """Return the timetable of each segment, with the calendars that they name; raises CannotStart."""
    today = datetime.fromtimestamp(clock_ns() / 1e9, UTC).date()
    try:
        known = calendars.fetch([each.calendar for each in config.segments if each.calendar is not None], today)
    except calendars.NoCalendar as error:
        raise CannotStart(str(error)) from None
    return {
        each.name: Timetable(each, None if each.calendar is None else known[each.calendar]) for each in config.segments
    }


def _refuse_port_in_use(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            raise CannotStart(
                f"{HOST}:{port} (order_entry.port) cannot be used: {error.strerror}. Stop the process that listens "
                "there, or choose another with order_entry.port in venue.toml or FIXGW_ORDER_ENTRY_PORT"
            ) from None


def _refuse_gap(sequence: int, first: int, data_dir: Path) -> None:
    """Raises CannotStart unless the journal, which begins with ``first``, goes on from ``sequence``."""
    if sequence < first - 1:
        raise CannotStart(
            f"{data_dir / 'journal'} begins with sequence {first}: what precedes it is in no snapshot of "
            f"{data_dir / snapshots.FOLDER} that is right. Put the snapshots back that were there, or restore a backup "
            "(fixgw restore FILE --data DIR); see docs/journal.md, Retention"
        )


def _seed(core: Core) -> int:
    """Return what is random in the venue is made from: drawn once in its life, and then its journal's."""
    drawn = 0 if core.configuration is None else core.configuration.seed
    return drawn or secrets.randbits(SEED_BITS)


def _refuse_conflicts(core: Core, configuration: ConfigureVenue) -> None:
    found = conflicts(core.exchange, configuration)
    if found:
        raise CannotStart("\n".join(found))


def _raise_file_descriptor_limit() -> None:
    """Each connection takes one; the default soft limit of 1,024 is soon reached by a flood."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _quiet_garbage_collector() -> None:
    """Turn the cycle collector off: orders form no cycles, and a pass over a million of them takes a second."""
    gc.collect()
    gc.freeze()
    gc.disable()
