"""A venue as a user starts it, a process of its own, and clients whose every received message is checked."""

import itertools
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from fixgw.client.message import BEGIN_STRING, Field, Message, to_bytes, utc_timestamp, with_checksum
from fixgw.client.protocol import Direction
from fixgw.client.session import Session
from tests.ports import free_port
from tests.stock_dictionary import check

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 5.0
WAIT_S = 30.0
"""How long to wait for what should take milliseconds: generous, since the machine may be busy."""

ROOT = Path(__file__).parents[2]
_numbers = itertools.count(1)


def new_id(prefix: str = "o") -> str:
    """Return a ClOrdID that no test has used."""
    return f"{prefix}{next(_numbers)}"


class Venue:
    """The gateway process on a data folder; may be started again after it has ended."""

    def __init__(self, data: Path, config: Path | None = None, port: int | None = None) -> None:
        self.data = data
        self.port = port or free_port()
        self.stderr = data.parent / f"{data.name}.stderr"
        self._config = config
        self.process: subprocess.Popen[bytes] | None = None
        self.facts: dict[str, Any] = {}

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def launch(self, **environment: str) -> subprocess.Popen[bytes]:
        """Start the process and return at once."""
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FIXGW_")},
            "PYTHONPATH": str(ROOT),
            "FIXGW_ORDER_ENTRY_PORT": str(self.port),
            **environment,
        }
        command = [sys.executable, "-m", "fixgw.cli.process", "gateway", "--data", str(self.data)]
        command += ["--config", str(self._config)] if self._config else []
        with self.stderr.open("ab") as stderr:
            self.process = subprocess.Popen(
                command, env=env, cwd=self.data.parent, stdout=subprocess.PIPE, stderr=stderr
            )
        return self.process

    def start(self, **environment: str) -> Self:
        """Start it and wait until it says that it is open."""
        process = self.launch(**environment)
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], START_TIMEOUT_S)
        line = process.stdout.readline() if ready else b""
        assert line, f"the venue did not open: {self.stderr.read_text()[-2000:]}"
        self.facts = json.loads(line)
        assert self.facts["pid"] == process.pid
        return self

    def stop(self) -> float:
        """End it with SIGTERM, as an operator would; return how long that took in seconds."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        assert status == 0, f"ended with {status}: {self.stderr.read_text()[-2000:]}"
        self._close()
        return time.monotonic() - began

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut of the process."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_TIMEOUT_S)
        self._close()

    def _close(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.stdout.close()

    def memory_mb(self) -> float:
        """Return the resident memory of the process."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20


class Trader(Session):
    """A client session that notes every message of the venue that a stock FIX 4.4 client would refuse."""

    def __init__(self, sender: str, port: int, heartbeat_s: int = 30, *, reset: bool = True) -> None:
        self.invalid: list[str] = []
        self.to_lose = 0
        """How many of the next messages are numbered and kept but do not reach the venue."""
        super().__init__(sender, port=port, heartbeat_s=heartbeat_s, reset=reset, on_message=self._check)

    def _check(self, direction: Direction, message: Message) -> None:
        if direction is Direction.GARBLED:
            self.invalid.append(f"garbled: {message.raw!r}")
        elif direction is Direction.IN:
            try:
                check(message.raw.decode("ascii"))
            except (AssertionError, UnicodeDecodeError) as reason:
                self.invalid.append(str(reason))

    def _write(self, raw: bytes) -> None:
        if self.to_lose:
            self.to_lose -= 1
        else:
            super()._write(raw)

    def order(self, cl_ord_id: str, side: str, qty: str, price: str | None, symbol: str = "AAPL", **more: str) -> str:
        """Send a NewOrderSingle and return its ClOrdID; a market order when there is no price.  ``more``: t59="3"."""
        self.send(new_order(cl_ord_id, side, qty, price, symbol, **more))
        return cl_ord_id

    def buy(self, qty: str, price: str | None, symbol: str = "AAPL", **more: str) -> str:
        return self.order(new_id(), "1", qty, price, symbol, **more)

    def sell(self, qty: str, price: str | None, symbol: str = "AAPL", **more: str) -> str:
        return self.order(new_id(), "2", qty, price, symbol, **more)

    def ask_status(self, cl_ord_id: str, side: str = "1", symbol: str = "AAPL") -> Message:
        """Send an OrderStatusRequest and return its answer, passing over what came before it."""
        request_id = new_id("q")
        self.send([(35, "H"), (11, cl_ord_id), (55, symbol), (54, side), (790, request_id)])
        return self.expect({35: "8", 150: "I", 790: request_id}, WAIT_S, skip=True)

    def send_raw(self, fields: Sequence[Field]) -> None:
        """Send a message as it is given, however long, quickly; it is not kept for a resend."""
        self.send_bytes(raw(fields, self.sender, self.next_out))
        self.next_out += 1

    def round_trip_s(self) -> float:
        """Return how long the venue takes to answer an order status request."""
        began = time.monotonic()
        self.ask_status("barrier")
        return time.monotonic() - began

    def drain(self) -> list[Message]:
        """Return the business messages that the venue had for us before it answered a barrier."""
        request_id = new_id("q")
        self.send([(35, "H"), (11, "barrier"), (55, "AAPL"), (54, "1"), (790, request_id)])
        came: list[Message] = []
        while (message := self.receive(WAIT_S)) is not None:
            if message.get(790) == request_id:
                return came
            came.append(message)
        raise AssertionError(f"no answer to the barrier; {self.closed_because or 'still connected'}; came {came}")


def new_order(cl_ord_id: str, side: str, qty: str, price: str | None, symbol: str = "AAPL", **more: str) -> list[Field]:
    fields = [(35, "D"), (11, cl_ord_id), (21, "1"), (55, symbol), (54, side), (60, utc_timestamp(time.time()))]
    fields += [(38, qty), (40, "1" if price is None else "2")]
    fields += [] if price is None else [(44, price)]
    return [*fields, *((int(tag[1:]), value) for tag, value in more.items())]


def changed(fields: Sequence[Field], news: Mapping[int, str | None]) -> list[Field]:
    """Return ``fields`` with these values in place, left out where None, added where new."""
    kept = [(tag, news.get(tag, value)) for tag, value in fields]
    added = [(tag, value) for tag, value in news.items() if tag not in dict(fields)]
    return [(tag, value) for tag, value in [*kept, *added] if value is not None]


def raw(fields: Sequence[Field], sender: str, seq: int | str, target: str = "FIXGW") -> bytes:
    """Return a message with right length and checksum, for a plain socket; ``fields`` win over the header given."""
    given = dict(fields)
    header = [(35, given.get(35)), (49, sender), (56, target), (34, str(seq)), (52, utc_timestamp(time.time()))]
    rest = [(tag, value) for tag, value in fields if tag not in (8, 35, 49, 56, 34, 52)]
    pairs = [*((tag, given.get(tag, value)) for tag, value in header), *rest]
    body = b"".join(b"%d=%s\x01" % (tag, to_bytes(value)) for tag, value in pairs if value is not None)
    return with_checksum(b"8=%s\x019=%d\x01%s" % (to_bytes(given.get(8, BEGIN_STRING)), len(body), body))


def logon(sender: str, seq: int = 1, *more: Field, target: str = "FIXGW", heartbeat_s: str = "30") -> bytes:
    return raw([(35, "A"), (98, "0"), (108, heartbeat_s), *more], sender, seq, target)


RESET = (141, "Y")


@contextmanager
def connection(port: int, timeout_s: float = WAIT_S) -> Iterator[socket.socket]:
    """A plain TCP connection to the venue, for what no client library would send."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
    try:
        yield plain
    finally:
        plain.close()


def read_until_closed(plain: socket.socket, timeout_s: float = WAIT_S) -> bytes:
    """Return all that comes until the venue closes; raises TimeoutError if it does not in time."""
    until = time.monotonic() + timeout_s
    came = b""
    while True:
        plain.settimeout(max(0.01, until - time.monotonic()))
        try:
            piece = plain.recv(65536)
        except ConnectionError:
            return came
        if not piece:
            return came
        came += piece


def read_until(plain: socket.socket, wanted: bytes, timeout_s: float = WAIT_S) -> bytes:
    """Return what comes up to the piece with ``wanted``; raises TimeoutError or AssertionError."""
    until = time.monotonic() + timeout_s
    came = b""
    while wanted not in came:
        plain.settimeout(max(0.01, until - time.monotonic()))
        piece = plain.recv(65536)
        assert piece, f"closed before {wanted!r} came: {came!r}"
        came += piece
    return came


def wait_for(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Poll until ``condition`` holds; raises AssertionError naming ``what`` if it does not in time."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.01)
