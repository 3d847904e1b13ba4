"""What a process of the venue says of itself: one line an event on standard error, for people or programs.

Nobody who logs waits for whoever reads: lines go to a thread that sleeps until there is one, by a queue that is
bounded.  When the reader is too slow, lines are dropped, and their number is the next line.
"""

import json
import logging
import logging.handlers
import queue
import sys
import time
from collections.abc import Mapping
from typing import TextIO

from fixgw.logs.masking import MASK, mask

WAITING_MAX = 10_000
"""Lines that wait for the reader of standard error; a megabyte or two."""

FLUSH_MAX_S = 2.0
"""How long a process that ends waits for the reader."""

_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def log_to_stderr(process: str, form: str) -> None:
    """Have all that is logged written to standard error, as ``console`` or ``json``.

    A process that ends by ``os._exit`` calls ``logging.shutdown`` before.
    """
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger().addHandler(handler(process, form, sys.stderr))


def handler(process: str, form: str, stream: TextIO) -> logging.Handler:
    """Return a handler that writes to ``stream`` from a thread of its own."""
    writer = logging.StreamHandler(stream)
    writer.setFormatter(JsonLines(process) if form == "json" else ConsoleLines(process))
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(WAITING_MAX)
    logging.handlers.QueueListener(waiting, writer).start()
    return _Handler(waiting)


class _Handler(logging.handlers.QueueHandler):
    """Hands records over; drops and counts what there is no room for."""

    def __init__(self, waiting: "queue.Queue[logging.LogRecord]") -> None:
        super().__init__(waiting)
        self._waiting = waiting
        self._dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Fix the message now; what its arguments refer to may change."""
        record.msg, record.args = record.getMessage(), None
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        if self._dropped and self._waiting.qsize() > WAITING_MAX // 2:
            self._dropped += 1  # many in a row are easier to tell than now and then one
            return
        try:
            if self._dropped:
                self._waiting.put_nowait(_notice(self._dropped))
                self._dropped = 0
            self._waiting.put_nowait(record)
        except queue.Full:
            self._dropped += 1

    def flush(self) -> None:
        """Wait until all is written, or FLUSH_MAX_S."""
        give_up_at = time.monotonic() + FLUSH_MAX_S
        while self._waiting.unfinished_tasks and time.monotonic() < give_up_at:
            time.sleep(0.002)


def _notice(dropped: int) -> logging.LogRecord:
    message = f"{dropped} lines were dropped, since nobody read them in time"
    return logging.LogRecord("fixgw.logs", logging.WARNING, "", 0, message, None, None)


class ConsoleLines(logging.Formatter):
    """``2026-01-01T00:00:00.000000Z warning  gateway fixgw.fix.acceptor: text key=value``, then a traceback."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        begin = f"{_utc(record)} {record.levelname.lower():<8} {self._process} {record.name}"
        more = "".join(f" {name}={value}" for name, value in _masked(_extra(record)).items())
        trace = f"\n{mask(self.formatException(record.exc_info))}" if record.exc_info else ""
        return f"{begin}: {mask(record.getMessage())}{more}{trace}"


class JsonLines(logging.Formatter):
    """An object a line: ``time``, ``level``, ``process``, ``logger``, ``event``, what was given as ``extra``, and
    ``exception`` with its ``type``, ``message`` and ``traceback``.
    """

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "time": _utc(record),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "event": mask(record.getMessage()),
        }
        fields |= {name: value for name, value in _masked(_extra(record)).items() if name not in fields}
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            fields["exception"] = {
                "type": type(error).__name__,
                "message": mask(str(error)),
                "traceback": mask(self.formatException(record.exc_info)),
            }
        return json.dumps(fields, default=lambda value: mask(str(value)))


def _utc(record: logging.LogRecord) -> str:
    microseconds = round(record.created * 1e6)
    second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(microseconds // 10**6))
    return f"{second}.{microseconds % 10**6:06d}Z"


def _extra(record: logging.LogRecord) -> dict[str, object]:
    """Return what was given with ``extra``."""
    return {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD}


def _masked(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields, without what has a name like a password's, however deep, or is a secret of a FIX message."""
    return {name: MASK if "password" in name.lower() else _masked_value(value) for name, value in fields.items()}


def _masked_value(value: object) -> object:
    match value:
        case str():
            return mask(value)
        case dict():
            return _masked({str(name): each for name, each in value.items()})
        case list() | tuple():
            return [_masked_value(each) for each in value]
        case _:
            return value
