"""A venue as ``fixgw run`` has it, all its processes, and what its journal says that everybody may see."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

from fixgw.journal.follower import Follower
from fixgw.marketdata.book import Book, Books
from fixgw.marketdata.client import MarketDataClient
from fixgw.marketdata.depth import Depth
from fixgw.marketdata.messages import Message, Update
from fixgw.marketdata.multicaster import Groups
from fixgw.supervisor import status
from tests.ports import own_ports
from tests.wire.venue import ROOT, STOP_TIMEOUT_S, Trader, new_id, wait_for

PATIENCE_S = 30.0
"""For all to come up again and catch up: it takes a second or two on a machine that is not busy."""


class Market:
    """``fixgw run`` on a folder of its own; its processes can be killed by name."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.data = folder / "data"
        self.ports = own_ports() | variables
        self.stderr = folder / "run.stderr"
        self.facts: dict[str, Any] = {}
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        env = {name: value for name, value in os.environ.items() if not name.startswith("FIXGW_")}
        with self.stderr.open("ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fixgw", "run", "--json", "--data", str(self.data)],
                env=env | self.ports | {"PYTHONPATH": str(ROOT)},
                cwd=self._folder,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self.stderr.read_text()[-2000:]
        self.facts = json.loads(line)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.terminate()
        exit_status = self._process.wait(STOP_TIMEOUT_S)
        self._process.stdout.close()
        assert exit_status == 0, self.stderr.read_text()[-2000:]

    @property
    def groups(self) -> Groups:
        def group(name: str) -> tuple[str, int]:
            address, _, port = self.ports[f"FIXGW_MULTICAST_{name}"].partition(":")
            return address, int(port)

        port = int(self.ports["FIXGW_MULTICAST_RETRANSMISSION_PORT"])
        return Groups("127.0.0.1", 0, group("A"), group("B"), group("SNAPSHOTS"), port)

    def pid(self, name: str) -> int:
        """Return the pid of a process that runs, waiting for it if it is being started again."""
        found: list[int] = []

        def runs() -> bool:
            told = status.read(self.data)
            processes = told.processes if told else ()
            found[:] = [p.pid for p in processes if p.name == name and p.state == "running" and p.pid]
            return bool(found)

        wait_for(runs, PATIENCE_S, f"{name} runs")
        return found[0]

    def kill(self, name: str) -> Callable[[], None]:
        """Kill a process that runs; return what waits until it was started again."""
        pid, before = self.pid(name), self._restarts(name)
        os.kill(pid, signal.SIGKILL)
        return lambda: wait_for(lambda: self._restarts(name) > before, PATIENCE_S, f"{name} is started again")

    def _restarts(self, name: str) -> int:
        told = status.read(self.data)
        assert told is not None
        return next(process.restarts for process in told.processes if process.name == name)

    def trader(self, sender: str) -> Trader:
        trader = Trader(sender, int(self.ports["FIXGW_ORDER_ENTRY_PORT"]))
        trader.logon()
        return trader

    def published(self) -> tuple[list[Update], Books]:
        """Return all messages that the journal brings about, number 1 first, and the books after them."""
        depth, follower = Depth(), Follower(self.data / "journal")
        updates: list[Update] = []
        while frames := follower.read():
            updates += [update for frame in frames for update in depth.apply(frame)]
        follower.close()
        return updates, depth.books


def trade(dice: Random, traders: list[Trader], count: int, symbols: tuple[str, ...] = ("AAPL", "MSFT")) -> None:
    """Enter orders around one price, so that some trade and some rest."""
    for _ in range(count):
        price = f"{50 + dice.randint(-2, 2)}.00"
        trader, symbol = dice.choice(traders), dice.choice(symbols)
        trader.order(new_id(), dice.choice("12"), str(dice.randint(1, 9)), price, symbol)


def pictures(books: Books) -> dict[str, tuple[Message, ...]]:
    """All books as values."""
    return {book.listing.symbol: picture(book) for book in books}


def picture(book: Book) -> tuple[Message, ...]:
    return tuple(book.snapshot(0, 0))


class Listener:
    """A client of the feed, and what it has heard."""

    def __init__(self, groups: Groups) -> None:
        self.client = MarketDataClient(groups)
        self.heard: list[tuple[int, Update]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.client.close()

    def listen(self, timeout_s: float = 0.0) -> None:
        self.heard += [(numbered.number, numbered.message) for numbered in self.client.poll(timeout_s)]

    def listen_until(self, number: int, books: int) -> None:
        """Listen until the message with that number was heard and so many books are known."""
        feed, until = self.client.feed, time.monotonic() + PATIENCE_S
        while (feed.next_number or 0) <= number or len(feed.books) < books:
            assert time.monotonic() < until, (number, feed.next_number, feed.missing(), len(feed.books))
            self.listen(0.1)
