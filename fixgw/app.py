"""The gateway: joins doors, core and listeners, starts them in order and stops them in order."""

import gc
import logging
import os
import resource
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import quickfix as fix

from fixgw.config.load import VenueConfig
from fixgw.fix.acceptor import OrderEntry, ReportSender
from fixgw.fix.doorkeeper import Doorkeeper
from fixgw.fix.inbound import Decoder
from fixgw.fix.outbound import Encoder
from fixgw.fix.sessions import Postman, log_out_all, write_settings
from fixgw.journal.reader import read
from fixgw.journal.writer import JournalWriter
from fixgw.sequencer import Core, Sequencer
from fixgw.spec.commands import ConfigureVenue

HOST = "127.0.0.1"
EXIT_FAULT = 70
"""Exit status when the core or the disk failed: what was acknowledged is in the journal, start again."""

_LISTEN_TIMEOUT_S = 10.0
_LOGOUT_TIMEOUT_S = 3.0

log = logging.getLogger("fixgw.app")


class CannotStart(Exception):
    """Why the venue does not start, one line a reason, each with what to do."""


class Gateway:
    """The gateway process: acceptor, sequencer, risk, engine and journal."""

    def __init__(self, config: VenueConfig, data_dir: Path, clock_ns: Callable[[], int] = time.time_ns) -> None:
        """Recover the state from the journal in ``data_dir``, created if need be.

        Raises CannotStart, or what the journal raises: JournalLocked, JournalDamaged, ReplayDiffers.
        """
        _refuse_port_in_use(config.port)
        self.config = config
        self._journal = JournalWriter.open(data_dir / "journal")
        try:
            self._build(data_dir, clock_ns)
        except BaseException:
            self._journal.close()
            raise

    def _build(self, data_dir: Path, clock_ns: Callable[[], int]) -> None:
        config = self.config
        core = Core()
        last = core.replay(read(data_dir / "journal"))
        self.commands_recovered = 0 if last is None else last.sequence
        configuration = ConfigureVenue(config.instruments, config.limits, config.participants)
        _refuse_conflicts(core, configuration)

        sessions = {session.comp_id: session.settings for session in config.sessions}
        sender = ReportSender(Encoder(config.instruments), Postman(config.comp_id, sessions).send)
        self._sequencer = Sequencer(core, self._journal, sender, clock_ns, 0 if last is None else last.time_ns)
        if core.configuration != configuration:
            self._sequencer.process([configuration])

        self._doorkeeper = Doorkeeper(config.port)
        decoder = Decoder(config.participants, config.instruments, config.stale_order_s, clock_ns)
        door_postman = Postman(config.comp_id, sessions)
        self._order_entry = OrderEntry(decoder, self._sequencer.offer, door_postman, self._doorkeeper.may_log_on)
        settings = write_settings(data_dir / "fix", config.comp_id, config.port, sessions)
        # QuickFIX keeps no reference to these: they must live as long as the acceptor.
        self._store_factory = fix.FileStoreFactory(settings)
        self._settings = settings
        try:
            self._acceptor = fix.SocketAcceptor(self._order_entry, self._store_factory, settings)
        except fix.ConfigError as error:
            raise CannotStart(f"QuickFIX refuses {data_dir / 'fix' / 'quickfix.cfg'}: {_reason(error)}") from None

    def start(self) -> None:
        """Open the door; returns when the port listens, on the loopback interface only."""
        _raise_file_descriptor_limit()
        _quiet_garbage_collector()
        self._sequencing = _guarded_thread("sequencer", self._sequencer.run)
        # block() on a thread that Python made: with start() each callback would make and destroy a
        # Python thread state, which costs three times as much as the callback itself.
        _guarded_thread("acceptor", self._acceptor.block)
        if not self._doorkeeper.fence(_LISTEN_TIMEOUT_S):
            raise CannotStart(f"{HOST}:{self.config.port} (order_entry.port) did not begin to listen")
        self._doorkeeper.start()

    def stop(self) -> None:
        """Log the sessions out, answer what was received, flush and close the journal.

        The acceptor's thread goes on in QuickFIX: end the process with ``os._exit`` after this.
        """
        sessions = [session.comp_id for session in self.config.sessions]
        if not log_out_all(self.config.comp_id, sessions, "the venue stops", _LOGOUT_TIMEOUT_S):
            log.warning("some sessions did not answer their Logout in time")
        self._doorkeeper.stop()
        self._sequencer.stop()
        self._sequencing.join()
        self._journal.close()


def _reason(error: fix.ConfigError) -> str:
    if str(error).endswith("No sessions defined"):
        return "its path is too long, choose a data folder with a shorter one (--data)"
    return str(error)


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


def _refuse_conflicts(core: Core, configuration: ConfigureVenue) -> None:
    conflicts = core.exchange.conflicts(configuration)
    if conflicts:
        raise CannotStart("\n".join(conflicts))


def _guarded_thread(name: str, work: Callable[[], None]) -> threading.Thread:
    def guarded() -> None:
        try:
            work()
        except BaseException:
            # Going on after a fault in the core could acknowledge what is not true.  Everything that
            # was acknowledged is in the journal; a restart takes it up from there.
            log.critical("the %s failed; the venue stops here, start it again", name, exc_info=True)
            os._exit(EXIT_FAULT)

    thread = threading.Thread(target=guarded, name=name)
    thread.start()
    return thread


def _raise_file_descriptor_limit() -> None:
    """Each connection takes one; the default soft limit of 1,024 is soon reached by a flood."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _quiet_garbage_collector() -> None:
    """Turn the cycle collector off: orders form no cycles, and a pass over a million of them takes a second."""
    gc.collect()
    gc.freeze()
    gc.disable()
