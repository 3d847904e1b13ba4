"""A venue as its files show it: a journal, a board, positions; without any process."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

from fixgw.core import Core
from fixgw.journal.position import Position
from fixgw.journal.writer import JournalWriter
from fixgw.metrics.board import Board, Notice
from fixgw.metrics.server import Site
from fixgw.metrics.stages import Stopwatch
from fixgw.spec.commands import Command
from fixgw.spec.sequenced import Sequenced


class Process(NamedTuple):
    """What the supervisor says of one."""

    name: str
    pid: int | None = None
    state: str = "running"
    restarts: int = 0


class Files:
    """The data folder of a venue that ``commands`` were sent to."""

    def __init__(self, folder: Path, *commands: Command) -> None:
        self.folder = folder
        self._core = Core()
        self._sequence = 0
        self._board = Board(folder)
        self._sites: list[Site] = []
        self.handle(*commands)

    def handle(self, *commands: Command) -> None:
        journal = JournalWriter.open(self.folder / "journal")
        for command in commands:
            self._sequence += 1
            journal.append(Sequenced(self._sequence, 1_000, command, self._core.decide(command)))
        journal.flush()
        journal.close()

    def tell(self, *sessions: str, sequence: int | None = None, age_s: float = 0.0) -> None:
        """Write the board as the gateway does."""
        watch = Stopwatch()
        watch.histograms["decide"].add(7_000, 3)
        self._board.write(
            Notice(
                pid=os.getpid(),
                written_ns=time.monotonic_ns() - int(age_s * 1e9),
                sequence=self._sequence if sequence is None else sequence,
                sessions=sessions,
                waiting=2,
                passes=10,
                sent=20,
                batches=30,
                stages=watch.histograms,
            )
        )

    def put(self, follower: str, sequence: int) -> None:
        Position(self.folder / "positions", follower).save(sequence)

    def site(self, processes: Iterable[Process] | None = None) -> Site:
        """What the metrics process serves when it has read all; nobody supervises unless ``processes`` are given."""
        site = self.site_that_has_read_nothing(processes)
        while site.read_on():
            pass
        return site

    def site_that_has_read_nothing(self, processes: Iterable[Process] | None = None) -> Site:
        site = Site(self.folder, lambda: None if processes is None else list(processes))
        self._sites.append(site)
        return site

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._board.close()
        for site in self._sites:
            site.close()
