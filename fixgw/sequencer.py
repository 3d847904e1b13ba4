"""The sequencer: gives each command its place and its time, and lets nobody know before it is written down."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from fixgw.core import Core
from fixgw.journal.writer import JournalFailed, SyncFailed
from fixgw.spec.commands import (
    AddInstrument,
    ChangeInstrument,
    Command,
    ContinueSweep,
    ContinueTriggers,
    DelistInstrument,
    SessionCommand,
)
from fixgw.spec.inquiries import (
    Answer,
    Inquiry,
    ListStatusInquiry,
    MassStatusAnswer,
    MassStatusInquiry,
    OperatorAnswer,
    OperatorInquiry,
    OrderStatusInquiry,
    QuoteStatusInquiry,
)
from fixgw.spec.reference import (
    ReferenceAnswer,
    SecurityDefinitionInquiry,
    SecurityListAnswer,
    SecurityListInquiry,
    SecurityStatusInquiry,
    TradingSessionInquiry,
)
from fixgw.spec.sequenced import Sequenced

INBOX_MAX = 10_000  # one pass over all connections fills a part of it; beyond it we refuse at the door
BATCH_MAX = 64  # commands decided before one write; more would let the first wait for the last
UNFINISHED_MAX = 100  # long answers that take turns; beyond it they go before new requests
HELD_MAX = 100_000  # frames in memory while the disk takes none, some 30 MB; beyond it the venue stops
ASKED_MAX = 100  # questions of operators that wait, of which each batch is followed by one

_CONTINUE_SWEEP = ContinueSweep()
_LISTING_COMMANDS = (AddInstrument, ChangeInstrument, DelistInstrument)
_CONTINUE_TRIGGERS = ContinueTriggers()
_INQUIRIES = (
    OrderStatusInquiry,
    MassStatusInquiry,
    QuoteStatusInquiry,
    ListStatusInquiry,
    SecurityListInquiry,
    SecurityDefinitionInquiry,
    SecurityStatusInquiry,
    TradingSessionInquiry,
)


class Journal(Protocol):
    """Where frames go; ``flush`` returns when they are safe, or raises."""

    @property
    def next_sequence(self) -> int: ...
    def append(self, sequenced: Sequenced) -> None: ...
    def flush(self) -> None: ...
    def try_again(self) -> bool:
        """Return whether it can be written again, after ``flush`` has raised JournalFailed."""
        ...


class Listener(Protocol):
    """Who is told, in order, after the journal has it."""

    def tell(self, sequenced: Sequenced) -> None: ...
    def tell_answer(self, answer: Answer, time_ns: int) -> None: ...
    def refuse(self, command: Command, text: str) -> None:
        """Say why ``command`` was not taken: it has no place in the journal and never will."""
        ...


class OutageTooLong(Exception):
    """More happened to sessions than memory should hold while the disk takes nothing."""


class Watch(Protocol):
    """Times the stages of a batch; what the venue does does not depend on it."""

    def clock_ns(self) -> int: ...
    def processed(self, commands: int, began_ns: int, decided_ns: int, written_ns: int, told_ns: int) -> None: ...


class Sequencer:
    """Takes what is waiting as a batch, on one thread: decide all, write once, then tell all."""

    def __init__(
        self,
        core: Core,
        journal: Journal,
        listener: Listener,
        clock_ns: Callable[[], int],
        last_time_ns: int = 0,
        watch: Watch | None = None,
        core_of_journal: Callable[[], Core] | None = None,
    ) -> None:
        """``core_of_journal`` reads the core back as the journal has it; without it a failed write is raised."""
        self._core = core
        self._core_of_journal = core_of_journal
        self._held: list[Sequenced] = []
        self.suspended_by = ""
        """Why no command is taken now: what the disk says that takes no frame; empty when it does."""
        self._watch = watch or _Untimed()
        self._journal = journal
        self._listener = listener
        self._clock_ns = clock_ns
        self._last_time_ns = last_time_ns
        self._sequence = journal.next_sequence
        self._unfinished: deque[Iterator[MassStatusAnswer | ReferenceAnswer]] = deque()
        self._inbox: deque[Command | Inquiry] = deque()
        self._is_at_once = False
        self._asked: deque[tuple[OperatorInquiry, Callable[[OperatorAnswer], None]]] = deque()

    def offer(self, request: Command | Inquiry) -> bool:
        """Put ``request`` in line, on any thread; return False when more are waiting than we can answer soon."""
        if len(self._inbox) >= INBOX_MAX:
            return False
        self._inbox.append(request)
        return True

    def work_at_once(self, command: Command) -> bool:
        """Process ``command`` unless something else comes before it; return whether it is done.

        Whoever sent it may still hold its message.  What is raised here is a fault of ours or of the disk: the venue
        must stop hard.
        """
        exchange = self._core.exchange
        if self._inbox or self.suspended_by or exchange.sweeps or exchange.has_due:
            return False
        began_ns = self._watch.clock_ns()
        self._is_at_once = True
        self._tell([self._sequence_one(command)], began_ns)
        self._is_at_once = False
        return True

    def ask(self, inquiry: OperatorInquiry, reply: Callable[[OperatorAnswer], None]) -> bool:
        """Put an operator's question in line, on any thread; return False when too many wait.

        ``reply`` is called on the sequencer's thread, and must be quick.
        """
        if len(self._asked) >= ASKED_MAX:
            return False
        self._asked.append((inquiry, reply))
        return True

    def work(self) -> bool:
        """Process what is waiting, up to BATCH_MAX requests; return False when there was nothing to do.

        What is raised here is a fault of ours or of the disk: the venue must stop hard.
        """
        inbox = self._inbox
        if self._asked:
            inquiry, reply = self._asked.popleft()
            reply(self._core.inspect(inquiry))
        exchange, takes = self._core.exchange, not self.suspended_by
        sweeps = exchange.sweeps and takes
        triggers = takes and exchange.has_due
        if inbox or sweeps or triggers:
            batch = [inbox.popleft() for _ in range(min(len(inbox), BATCH_MAX))]
            if any(isinstance(request, _LISTING_COMMANDS) for request in batch):
                batch = self._with_all_that_was_read(batch)
            if sweeps:
                batch.append(_CONTINUE_SWEEP)
            if triggers:  # due since before anything that waits in line
                batch.insert(0, _CONTINUE_TRIGGERS)
            self.process(batch)
        elif self._unfinished:
            self._go_on_answering()
        else:
            return bool(self._asked)
        return True

    def _with_all_that_was_read(self, batch: list[Command | Inquiry]) -> list[Command | Inquiry]:
        """Return ``batch`` with all that waits, and what changes the list of instruments at its end.

        Prices and quantities were read in the scales of the instruments that there were then: what was read before a
        change is decided before it.  What is read after this call is read after the change.
        """
        batch += [self._inbox.popleft() for _ in range(len(self._inbox))]
        return sorted(batch, key=lambda request: isinstance(request, _LISTING_COMMANDS))

    def process(self, batch: Iterable[Command | Inquiry]) -> None:
        """Decide ``batch`` in order, write its frames with one write, then tell what happened, in order.

        An inquiry divides a batch: what was decided before it is told before it is answered, so that the journal
        has messages to a session in the order in which they leave.
        """
        decided: list[Sequenced] = []
        began_ns = self._watch.clock_ns()
        for request in batch:
            if isinstance(request, _INQUIRIES):
                self._tell(decided, began_ns)
                self._listener.tell_answer(self._answer(request), self._now_ns())
                began_ns = self._watch.clock_ns()
            elif self.suspended_by:
                self._refuse(request)
            else:
                decided.append(self._sequence_one(request))
        self._tell(decided, began_ns)
        self._go_on_answering()
        while len(self._unfinished) > UNFINISHED_MAX:
            self._go_on_answering()

    def _tell(self, decided: list[Sequenced], began_ns: int) -> None:
        """Write down what was decided since ``began_ns``, then tell it; ``decided`` is empty after."""
        if decided:
            clock_ns = self._watch.clock_ns
            decided_ns = clock_ns()
            try:
                self._journal.flush()
            except JournalFailed as failed:
                self._undo(decided, failed)
                return
            written_ns = clock_ns()
            for sequenced in decided:
                self._listener.tell(sequenced)
            self._watch.processed(len(decided), began_ns, decided_ns, written_ns, clock_ns())
            decided.clear()

    def _undo(self, decided: list[Sequenced], failed: JournalFailed) -> None:
        """Tell what the journal has of ``decided``; what it has not was never decided, and is refused."""
        self._suspend_after(failed)
        written = [frame for frame in decided if frame.sequence < failed.next_sequence]
        lost = decided[len(written) :]
        decided.clear()
        assert self._core_of_journal is not None
        self._core = self._core_of_journal()
        self._sequence = failed.next_sequence
        for sequenced in written:
            self._listener.tell(sequenced)
        for sequenced in lost:
            self._refuse(sequenced.command)

    def _refuse(self, command: Command) -> None:
        self._listener.refuse(command, f"the venue cannot write its journal: {self.suspended_by}; try again later")

    def record(self, *commands: SessionCommand) -> None:
        """Write down what happened to sessions, at once; never from within ``process`` before it tells.

        While the disk takes nothing it is held in memory: a session goes on, that it can be told why it waits.
        """
        frames = [self._sequence_one(command) for command in commands]
        if not self.suspended_by:
            try:
                self._journal.flush()
            except JournalFailed as failed:
                self._suspend_after(failed)
                self._held += [frame for frame in frames if frame.sequence >= failed.next_sequence]
        if len(self._held) > HELD_MAX:
            raise OutageTooLong(f"{HELD_MAX} messages of sessions wait to be written: {self.suspended_by}")

    def suspend(self, problem: str) -> None:
        """Take no commands from here on, until ``try_again`` succeeds."""
        self.suspended_by = problem

    def _suspend_after(self, failed: JournalFailed) -> None:
        """Raises ``failed`` where only a restart can tell what the disk has."""
        if isinstance(failed, SyncFailed) or self._core_of_journal is None:
            raise failed
        self.suspend(failed.problem)

    def try_again(self) -> bool:
        """Write what was held, and take commands from here on, if the disk takes it; return whether it does."""
        if not self._journal.try_again():
            return False
        try:
            for frame in self._held:
                self._journal.append(frame)
            self._journal.flush()
        except JournalFailed as failed:
            self._suspend_after(failed)
            self._held = [frame for frame in self._held if frame.sequence >= failed.next_sequence]
            return False
        self._held.clear()
        self.suspended_by = ""
        return True

    @property
    def held(self) -> int:
        """How many frames wait in memory for the disk."""
        return len(self._held)

    @property
    def core(self) -> Core:
        """What has decided the journal: another one after a failed write."""
        return self._core

    @property
    def waiting(self) -> int:
        """How many requests are in line."""
        return len(self._inbox)

    @property
    def is_idle(self) -> bool:
        """Whether all that was offered is in the journal, and nothing that is being read."""
        return not self._inbox and not self._is_at_once

    def _answer(self, inquiry: Inquiry) -> Answer:
        if isinstance(inquiry, OrderStatusInquiry):
            return self._core.exchange.order_status(inquiry)
        if isinstance(inquiry, QuoteStatusInquiry):
            return self._core.exchange.quote_status(inquiry)
        if isinstance(inquiry, ListStatusInquiry):
            return self._core.exchange.list_status(inquiry)
        if isinstance(inquiry, MassStatusInquiry):
            return self._begin_answering(self._core.exchange.mass_status(inquiry))
        return self._begin_answering(self._core.consult(inquiry))

    def _begin_answering(self, answers: Iterator[MassStatusAnswer | ReferenceAnswer]) -> Answer:
        """Return the first slice of an answer; what follows it takes turns."""
        first = next(answers)
        if not _is_whole(first):
            self._unfinished.append(answers)
        return first

    def _go_on_answering(self) -> None:
        """Tell one more slice of the longest waiting answer: a long one takes turns with all that goes on."""
        if self._unfinished:
            answers = self._unfinished.popleft()
            answer = next(answers)
            self._listener.tell_answer(answer, self._now_ns())
            if not _is_whole(answer):
                self._unfinished.append(answers)

    def _sequence_one(self, command: Command) -> Sequenced:
        time_ns = self._now_ns()
        events = self._core.decide(command, time_ns)
        sequenced = Sequenced(self._sequence, time_ns, command, events)
        if self.suspended_by:
            self._held.append(sequenced)
        else:
            self._journal.append(sequenced)
        self._sequence += 1
        return sequenced

    def _now_ns(self) -> int:
        """Return the time, which never falls though the clock may."""
        time_ns = self._clock_ns()
        if time_ns > self._last_time_ns:
            self._last_time_ns = time_ns
        return self._last_time_ns


def _is_whole(answer: Answer) -> bool:
    """Return whether nothing follows ``answer``."""
    return answer.is_last if isinstance(answer, MassStatusAnswer | SecurityListAnswer) else True


class _Untimed:
    """Nobody looks at the watch, as in tests and tools."""

    def clock_ns(self) -> int:
        return 0

    def processed(self, commands: int, began_ns: int, decided_ns: int, written_ns: int, told_ns: int) -> None: ...
