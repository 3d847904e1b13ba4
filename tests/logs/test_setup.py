"""Lines on standard error: for people or programs, masked, and nobody waits for who reads them."""

import io
import json
import logging
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fixgw.logs.setup import WAITING_MAX, handler

DOCUMENT = (Path(__file__).parents[2] / "docs" / "logs.md").read_text("utf-8")
AT = 1_767_225_600.000012
LOGON = "8=FIX.4.4\x0135=A\x01554=hunter2\x0110=000\x01"


def record(message: str, *args: object, error: BaseException | None = None, **extra: object) -> logging.LogRecord:
    exc_info = None if error is None else (type(error), error, error.__traceback__)
    made = logging.LogRecord("fixgw.fix.doorkeeper", logging.WARNING, "", 0, message, args, exc_info)
    made.created = AT
    vars(made).update(extra)
    return made


def written(form: str, *records: logging.LogRecord) -> str:
    stream = io.StringIO()
    writer = handler("gateway", form, stream)
    for each in records:
        writer.handle(each)
    writer.flush()
    return stream.getvalue()


def raised() -> ValueError:
    try:
        raise ValueError(f"not a number in {LOGON}")
    except ValueError as error:
        return error


def test_the_examples_of_the_document() -> None:
    """docs/logs.md shows both forms of one line."""
    line = record("connection from %s cut off: %s", ("127.0.0.1", 40112), "no Logon(35=A) came")

    for form in ("console", "json"):
        assert f"\n{written(form, line)}" in DOCUMENT, form


def test_a_line_of_json_is_an_object() -> None:
    """With what was given as ``extra``, and an exception in parts."""
    lines = written("json", record("it\nfailed", error=raised(), session="CLIENT1", latency_ns=17)).splitlines()

    (told,) = [json.loads(line) for line in lines]
    exception = told.pop("exception")
    assert told == {
        "time": "2026-01-01T00:00:00.000012Z",
        "level": "warning",
        "process": "gateway",
        "logger": "fixgw.fix.doorkeeper",
        "event": "it\nfailed",
        "session": "CLIENT1",
        "latency_ns": 17,
    }
    assert exception["type"] == "ValueError"
    assert exception["message"].startswith("not a number in 8=FIX.4.4")
    assert re.search(r'File ".*test_setup\.py", line \d+, in raised', exception["traceback"])


def test_an_exception_for_people_is_a_traceback() -> None:
    first, *trace = written("console", record("it failed", error=raised(), session="CLIENT1")).splitlines()

    assert first == ("2026-01-01T00:00:00.000012Z warning  gateway fixgw.fix.doorkeeper: it failed session=CLIENT1")
    assert trace[0] == "Traceback (most recent call last):"


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_password_is_written(form: str) -> None:
    """In the text, an argument, a traceback, or under a name of its own, however deep."""
    text = written(
        form,
        record(f"received {LOGON}"),
        record("received %s", LOGON),
        record("received", error=raised()),
        record("checked", password="hunter2", NewPassword=["hunter2"], sent={"logon": LOGON, "password": "hunter2"}),
        record("of many", messages=[LOGON, (LOGON,)]),
    )

    assert "***" in text
    assert "hunter2" not in text


def test_a_reader_that_does_not_read_keeps_nobody_waiting() -> None:
    """What there is no room for is dropped, and counted where it would have been."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as lines, os.fdopen(writer, "w") as stream, ThreadPoolExecutor(1) as pool:
        into = handler("gateway", "console", stream)
        for number in range(WAITING_MAX + 5_000):
            into.handle(record("%d", number))
        came = pool.submit(lines.read)
        into.flush()
        into.handle(record("last"))
        into.flush()
        stream.close()
        events = [line.rpartition(": ")[2] for line in came.result().splitlines()]

    *numbers, notice, last = events
    assert numbers == [str(number) for number in range(len(numbers))]
    assert len(numbers) >= WAITING_MAX
    assert notice == f"{WAITING_MAX + 5_000 - len(numbers)} lines were dropped, since nobody read them in time"
    assert last == "last"
