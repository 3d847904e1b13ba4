"""The whole venue, as ``fixgw run`` starts it, and all who watch it; what they saw is compared with the journal."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fixgw.client.message import Message
from fixgw.client.protocol import Direction
from fixgw.fix.outbound import Encoder, Report
from fixgw.journal.reader import read
from fixgw.marketdata.arbitration import Numbered
from fixgw.marketdata.client import MarketDataClient
from fixgw.marketdata.depth import Depth, Update
from fixgw.marketdata.multicaster import Groups
from fixgw.spec.events import Trade
from fixgw.spec.sequenced import Sequenced
from tests.cli.command import environment, fixgw
from tests.ports import own_ports
from tests.wire.venue import START_TIMEOUT_S, STOP_TIMEOUT_S, WAIT_S, wait_for

Fields = dict[int, str]

_NOT_OF_THE_REPORT = (8, 9, 35, 49, 56, 34, 52, 43, 122, 10, 115, 797)
"""Header, trailer, and what a copy adds."""


class WholeVenue:
    """``fixgw run`` on ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "var"
        self.variables = own_ports()
        self.stderr = folder / "run.stderr"
        self.process: subprocess.Popen[bytes] | None = None

    def port(self, name: str) -> int:
        return int(self.variables[f"FIXGW_{name}_PORT"])

    def start(self) -> Self:
        with self.stderr.open("ab") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fixgw", "run", "--json"],
                cwd=self.folder,
                env=environment(**self.variables),
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], START_TIMEOUT_S)
        line = self.process.stdout.readline() if ready else b""
        assert line, f"the venue did not open: {self.stderr.read_text()[-3000:]}"
        wait_for(self.all_serve, START_TIMEOUT_S, "all processes serve")
        return self

    def all_serve(self) -> bool:
        return all(process["state"] == "running" for process in self.processes().values())

    def processes(self) -> dict[str, dict[str, Any]]:
        """What the supervisor says of each process."""
        status = json.loads((self.data / "run" / "status.json").read_text())
        return {process["name"]: process for process in status["processes"]}

    def kill(self, name: str) -> None:
        """Kill a process that runs, and wait until the supervisor has noticed."""
        pid = self.processes()[name]["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: self.processes()[name]["pid"] != pid, WAIT_S, f"the end of {name} is noticed")

    def does(self, *arguments: str) -> Any:
        """Run ``fixgw ARGUMENTS --json`` and return what it prints."""
        result = fixgw(self.folder, *arguments, "--json", **self.variables)
        assert result.returncode == 0, (arguments, result.stdout, result.stderr)
        return json.loads(result.stdout)

    def stop(self) -> float:
        """End it as Ctrl-C does; return how long that took, in seconds."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(2 * STOP_TIMEOUT_S)
        assert status == 0, self.stderr.read_text()[-3000:]
        self._forget()
        return time.monotonic() - began

    def _forget(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self._forget()

    # What the journal says.

    def frames(self) -> Iterator[Sequenced]:
        return read(self.data / "journal")

    def reports(self, *sessions: str, msg_types: str = "89r") -> list[Fields]:
        """The reports that the events of the journal bring about, for these sessions or for all, in order."""
        encoder = Encoder()
        return [
            report_fields(report)
            for frame in self.frames()
            for event in frame.events
            for report in encoder.reports(event, frame.time_ns)
            if report.msg_type in msg_types and (not sessions or report.session in sessions)
        ]

    def updates(self) -> list[Update]:
        """The messages of the market-data feed, from number 1 on."""
        depth = Depth()
        return [update for frame in self.frames() for update in depth.apply(frame)]

    def depth(self) -> Depth:
        depth = Depth()
        for frame in self.frames():
            depth.apply(frame)
        return depth

    def trades(self, symbol: str) -> list[Trade]:
        events = (event for frame in self.frames() for event in frame.events)
        return [event for event in events if isinstance(event, Trade) and event.symbol == symbol]


def report_fields(report: Report) -> Fields:
    """The fields of a report's body."""
    return dict(_pair(field) for field in report.body.rstrip("\x01").split("\x01"))


def _pair(field: str) -> tuple[int, str]:
    tag, _, value = field.partition("=")
    return int(tag), value


def body(message: Message) -> Fields:
    """The fields of a message that are its report's own."""
    return {tag: value for tag, value in message if tag not in _NOT_OF_THE_REPORT}


def received(log: Iterator[tuple[Direction, Message]], msg_types: str = "89r") -> list[Message]:
    """The reports that came, in the order of MsgSeqNum(34), each once; answers to inquiries are none."""
    came = {
        int(message[34]): message
        for direction, message in log
        if direction is Direction.IN and message.msg_type in msg_types and 790 not in message and 584 not in message
    }
    return [message for _, message in sorted(came.items())]


class Listener:
    """A reader of the multicast feed, on a thread of its own."""

    def __init__(self, variables: dict[str, str]) -> None:
        a, b, snapshots = (_group(variables[f"FIXGW_MULTICAST_{name}"]) for name in ("A", "B", "SNAPSHOTS"))
        port = int(variables["FIXGW_MULTICAST_RETRANSMISSION_PORT"])
        groups = Groups(interface="127.0.0.1", ttl=0, a=a, b=b, snapshots=snapshots, retransmission_port=port)
        self.client = MarketDataClient(groups)
        self.heard: list[Numbered] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while not self._is_over.is_set():
            self.heard.extend(self.client.poll(0.05))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._is_over.set()
        self._thread.join()
        self.client.close()


def _group(text: str) -> tuple[str, int]:
    host, _, port = text.partition(":")
    return host, int(port)
