"""The house without doors: core, sequencer, journal and snapshots in one process, on a clock and a disk made of dice.

At every write and at every telling the disk may be full, take a part only, or the process may die; what a life
leaves behind the next one begins with.
"""

import os
import shutil
from collections.abc import Iterator
from errno import EIO, ENOSPC
from pathlib import Path
from random import Random

import msgspec

from fixgw import snapshots
from fixgw.core import Core
from fixgw.journal import snapshot
from fixgw.journal.disk import Disk
from fixgw.journal.reader import read, read_header
from fixgw.journal.writer import JournalWriter
from fixgw.sequencer import Sequencer
from fixgw.spec.commands import Command
from fixgw.spec.inquiries import Answer
from fixgw.spec.sequenced import Sequenced
from tests.engine.histories import BYTES_A_COMMAND, CONFIGURATIONS, commands

SEGMENT_SIZE = 4_000
COMMANDS = 80


class Died(BaseException):
    """The process is no more, at this very moment."""


class DiceDisk(Disk):
    """Takes what it takes."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self.is_full = False
        self.is_steady = False

    def write(self, file: int, data: bytes | memoryview) -> int:
        if self.is_steady:
            return super().write(file, data)
        if self.is_full:
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        match self._dice.randrange(60):
            case 0:
                self.is_full = True
                return super().write(file, data[: self._dice.randrange(len(data) + 1)])
            case 1:
                raise OSError(EIO, os.strerror(EIO))
            case 2:
                super().write(file, data[: self._dice.randrange(len(data) + 1)])
                raise Died
            case 3:
                return super().write(file, data[: 1 + self._dice.randrange(len(data))])
            case _:
                return super().write(file, data)


class House:
    """One venue over all its lives."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.lives = 0
        self.outages = 0
        self.told: dict[int, Sequenced] = {}
        """What left the venue, by sequence."""
        self.refused: set[int] = set()
        """MsgSeqNum(34) of what was refused."""
        self._dice = Random(seed)
        self._now_ns = 0
        self._commands = self._numbered()

    @property
    def data(self) -> Path:
        return self.folder / str(self.lives)

    def live(self) -> None:
        """Trade through lives until all commands are taken or refused, and close in order."""
        while not self._live_once():
            self.lives += 1

    def _live_once(self) -> bool:
        """Return whether it ended in order."""
        disk = DiceDisk(self._dice)
        disk.is_steady = True
        writer = JournalWriter.open(self.data / "journal", segment_size_max=SEGMENT_SIZE, disk=disk)
        core = self.core_of_journal()
        sequencer = Sequencer(core, writer, self, self._clock_ns, self._now_ns, core_of_journal=self.core_of_journal)
        if core.configuration is None:
            sequencer.process([CONFIGURATIONS[0]])  # as the gateway does: no operator comes before the files
        disk.is_steady = False
        try:
            self._trade(sequencer, disk)
            disk.is_steady = True
            assert not sequencer.suspended_by or sequencer.try_again()
            while sequencer.work():
                pass
        except Died:
            # The next begins with what is in the files now; what the dead one had in mind is nowhere.
            shutil.copytree(self.data, self.folder / str(self.lives + 1))
            disk.is_steady, disk.is_full = False, True
            _let_go(writer)
            return False
        assert snapshot.state_hash(encoded(sequencer.core)) == snapshot.state_hash(encoded(self.core_of_journal()))
        writer.close()
        return True

    def _trade(self, sequencer: Sequencer, disk: DiceDisk) -> None:
        for command in self._commands:
            assert sequencer.offer(command)
            if self._dice.randrange(3):
                sequencer.work()
            if sequencer.suspended_by and not self._dice.randrange(4):
                self.outages += 1
                disk.is_full = False
                sequencer.try_again()
            if not self._dice.randrange(40):
                self.take_snapshot()

    def core_of_journal(self) -> Core:
        """What the next life begins with: the newest snapshot, and the frames after it."""
        start = snapshots.latest(self.data, 2**63 - 1)
        start.core.replay(self.frames(start.sequence + 1))
        return start.core

    def take_snapshot(self) -> None:
        beside = snapshots.Beside()
        for frame in self.frames():
            beside.follow(frame)
        if beside.sequence:
            header = read_header(self.data / "journal")
            assert header is not None
            snapshot.write(self.data / "snapshots", beside.taken(header.venue_id))

    def frames(self, from_sequence: int = 1) -> Iterator[Sequenced]:
        return read(self.data / "journal", from_sequence)

    # What clients and clock do.

    def tell(self, sequenced: Sequenced) -> None:
        self.told[sequenced.sequence] = sequenced
        if not self._dice.randrange(300):
            raise Died

    def tell_answer(self, answer: Answer, time_ns: int) -> None:
        raise AssertionError((answer, time_ns))

    def refuse(self, command: Command, text: str) -> None:
        assert "cannot write its journal" in text
        self.refused.add(number_of(command))

    def _clock_ns(self) -> int:
        self._now_ns += self._dice.randrange(3)  # it may stand still
        return self._now_ns

    def _numbered(self) -> Iterator[Command]:
        script = (self._dice.randbytes(BYTES_A_COMMAND) for _ in range(COMMANDS))
        for number, command in enumerate(commands(script), start=1):
            yield msgspec.structs.replace(command, msg_seq_num=number) if hasattr(command, "msg_seq_num") else command


def number_of(command: Command) -> int:
    """Return what tells a command from all others; 0 for those of operators."""
    return getattr(command, "msg_seq_num", 0)


def encoded(core: Core) -> bytes:
    return msgspec.msgpack.encode(core.state())


def _let_go(writer: JournalWriter) -> None:
    """Close its files, as the kernel does."""
    try:
        writer.close()
    except Exception:
        return
