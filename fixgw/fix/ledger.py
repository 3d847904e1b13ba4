"""The ledger: which MsgSeqNum(34) each session has come to, as the frames of the journal tell it.

A function of the journal alone (docs/decisions/0008): what is kept of it in a snapshot is enough to find any message
that a session was ever sent, in the frames since the checkpoint before it.
"""

from typing import NamedTuple

import msgspec

from fixgw.spec.audience import audience
from fixgw.spec.commands import (
    CancelList,
    CancelOrder,
    CancelQuotes,
    CloseSession,
    MassCancel,
    MassQuote,
    NewOrder,
    NewOrderList,
    OpenSession,
    Quote,
    RefuseChange,
    RefuseOrder,
    ReplaceOrder,
    ResetSession,
    UseNumber,
)
from fixgw.spec.events import SessionReset
from fixgw.spec.sequenced import Sequenced

CHECKPOINT_EVERY = 5_000
"""Frames; to read as many takes some 50 ms."""


class SessionNumbers(msgspec.Struct, array_like=True):
    """The numbers of one session."""

    next_msg_seq_num: int = 1
    """Of the next message to the session."""
    expected_msg_seq_num: int = 1
    """Of the next message from it."""
    is_to_begin_anew: bool = False
    """An operator has reset it, and the journal does not say yet that it was done."""
    begun_anew_at: int = 0
    """The sequence of the frame by which its numbers began at 1; what precedes it is of no interest to it."""


class Checkpoint(msgspec.Struct, frozen=True, array_like=True):
    """The next number to each session after the frame of ``sequence``."""

    sequence: int
    next_msg_seq_nums: dict[str, int]


class LedgerState(msgspec.Struct, frozen=True, array_like=True):
    sequence: int
    sessions: dict[str, SessionNumbers]
    checkpoints: list[Checkpoint]


class Begun(NamedTuple):
    """Where the frames begin in which a message is found: after ``sequence``, the next number being this."""

    sequence: int
    next_msg_seq_num: int


class Ledger:
    """Follows frames, from the first or from a state on."""

    def __init__(self, state: LedgerState | None = None) -> None:
        self._sequence = 0 if state is None else state.sequence
        self.sessions: dict[str, SessionNumbers] = {} if state is None else dict(state.sessions)
        self.checkpoints: list[Checkpoint] = [] if state is None else list(state.checkpoints)

    def state(self) -> LedgerState:
        """Return what is known, as plain data that shares its parts with this ledger."""
        return LedgerState(self._sequence, dict(sorted(self.sessions.items())), self.checkpoints)

    def of(self, session: str) -> SessionNumbers:
        numbers = self.sessions.get(session)
        if numbers is None:
            numbers = self.sessions[session] = SessionNumbers()
        return numbers

    def apply(self, frame: Sequenced) -> None:
        """Follow the next frame."""
        self._sequence = frame.sequence
        match frame.command:
            case NewOrderList() | CancelList() as command:
                self._expect(command.session, command.msg_seq_num and command.msg_seq_num + 1)
            case NewOrder() | CancelOrder() | ReplaceOrder() | MassCancel() | RefuseOrder() | RefuseChange() as command:
                if command.msg_seq_num:
                    self._expect(command.session, command.msg_seq_num + 1)
            case Quote() | MassQuote() | CancelQuotes() as command:
                if command.msg_seq_num:
                    self._expect(command.session, command.msg_seq_num + 1)
            case UseNumber(session=session) as command:
                self._go_on_from(session, command.msg_seq_num)
                self.of(session).next_msg_seq_num = command.msg_seq_num + 1
                self._expect(session, command.expected_msg_seq_num)
            case OpenSession(session=session) | CloseSession(session=session) as command:
                self._go_on_from(session, command.next_msg_seq_num)
                self._expect(session, command.expected_msg_seq_num)
            case ResetSession(session=session) if any(isinstance(event, SessionReset) for event in frame.events):
                self.of(session).is_to_begin_anew = True
            case _:
                pass  # no message of a session asked for it
        for event in frame.events:
            for session in audience(event):
                self.of(session).next_msg_seq_num += 1
        if frame.sequence % CHECKPOINT_EVERY == 0:
            numbers = {name: numbers.next_msg_seq_num for name, numbers in sorted(self.sessions.items())}
            self.checkpoints.append(Checkpoint(frame.sequence, numbers))

    def where(self, session: str, msg_seq_num: int) -> Begun:
        """Return from where the journal is to be read for the message of this number, as far as checkpoints tell."""
        begun_at = self.of(session).begun_anew_at
        found = Begun(begun_at, 1)
        for checkpoint in self.checkpoints:
            number = checkpoint.next_msg_seq_nums.get(session, 1)
            if checkpoint.sequence >= begun_at and number <= msg_seq_num:
                found = Begun(checkpoint.sequence, number)
        return found

    def first_from(self, session: str, sequence: int) -> Begun | None:
        """Return the first place from which messages are found in the frames after ``sequence`` alone.

        None when no checkpoint tells: then what is known begins after all of them.
        """
        begun_at = self.of(session).begun_anew_at
        if begun_at >= sequence:
            return Begun(begun_at, 1)
        for checkpoint in self.checkpoints:
            if checkpoint.sequence >= sequence:
                return Begun(checkpoint.sequence, checkpoint.next_msg_seq_nums.get(session, 1))
        return None

    def _go_on_from(self, session: str, number: int) -> None:
        """Have ``number`` be next; when it is 1 the session began anew."""
        numbers = self.of(session)
        if number == 1:
            numbers.is_to_begin_anew = False
            if numbers.next_msg_seq_num != 1:
                # This frame is the first that may say something under the new numbers.
                numbers.expected_msg_seq_num, numbers.begun_anew_at = 1, self._sequence - 1
        numbers.next_msg_seq_num = number

    def _expect(self, session: str, number: int) -> None:
        if number:
            self.of(session).expected_msg_seq_num = number
