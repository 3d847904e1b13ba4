"""The plan as a test: who may import whom (docs, "The house").

A room is a package or a module directly in ``fixgw``.  A new one needs a row here first, and a reason.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import fixgw

EVERYTHING = "everything"

MAY_IMPORT_ROOMS = {
    "spec": "",
    "engine": "spec",
    "risk": "spec",
    "journal": "spec",
    "fix": "spec journal marketdata",  # its depth only, see below
    "client": "spec",
    "config": "spec",
    "marketdata": "spec journal",
    "history": "spec journal",
    "admin": "spec",
    "metrics": "spec journal",
    "logs": "spec",
    "supervisor": "spec",
    "core": "spec engine risk",
    "sequencer": "spec core journal",
    "schedule": "spec engine core config timetable",  # what venue.toml says of days, and how far the core has come
    "timetable": "spec",
    "calendars": "spec config",  # what a name that is unknown was meant to be
    "snapshots": "spec core journal fix marketdata",  # of fix its ledger only, of marketdata its tape
    "verification": "spec core journal snapshots marketdata",  # tape of marketdata only
    "rebuilding": "journal snapshots marketdata",  # books and hindsight of marketdata only
    "backup": "spec journal",
    "app": EVERYTHING,
    "cli": EVERYTHING,
    "__main__": "cli",
    "__init__": "",
}

MAY_IMPORT_LIBRARIES = {
    "spec": "msgspec",
    "engine": "sortedcontainers msgspec",  # msgspec: an Order is made in half the time, for every order
    "risk": "sortedcontainers msgspec",  # msgspec: its state is plain data, for snapshots
    "journal": "msgspec inotify_simple zstandard",
    "fix": "quickfix _quickfix msgspec",  # msgspec: a Report is plain data, too
    "client": "simplefix rich prompt_toolkit",
    "config": "msgspec",
    "marketdata": "redis msgspec sortedcontainers",
    "history": "sqlalchemy",
    "admin": "msgspec",
    "metrics": "prometheus_client msgspec",  # msgspec: the board is plain data that two processes share
    "logs": "msgspec",
    "supervisor": "msgspec",
    "core": "msgspec",
    "schedule": "",
    "timetable": "",
    "calendars": "exchange_calendars",  # in a process of its own only
    "snapshots": "msgspec",
    "verification": "msgspec",
    "rebuilding": "",
    "backup": "msgspec zstandard",
    "sequencer": "",
    "app": "click rich quickfix",  # quickfix: it makes the acceptor that fix/ is called by
    "cli": "click rich msgspec",  # msgspec: frames are plain data, with names for their fields
    "__main__": "",
    "__init__": "",
}

PURE_ROOMS = ("spec", "engine", "risk")
"""Time, chance and the outside world are given to these."""

NOT_IN_PURE_ROOMS = (
    "quickfix redis threading time random secrets uuid logging os socket select subprocess asyncio queue "
    "multiprocessing concurrent signal sys io tempfile shutil importlib"
)

CLOCKS = ("now", "utcnow", "today", "time_ns", "monotonic", "perf_counter")
"""Methods and functions that ask the clock, such as datetime.now: not to be called in pure rooms."""

NAMES_THAT_SAY_NOTHING = ("utils", "util", "common", "manager", "helpers", "helper", "gateway", "misc", "tools")

HOUSE = Path(fixgw.__file__).parent


class Import(NamedTuple):
    room: str
    module: str
    where: str


def room_of(path: Path) -> str:
    inside = path.relative_to(HOUSE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def files() -> list[Path]:
    return sorted(HOUSE.rglob("*.py"))


def imports_in(source: str, room: str, name: str) -> Iterator[Import]:
    """Yield all imports of ``source``, those inside functions and conditions too."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module, names, level):
                assert level == 0, f"{name}:{node.lineno}: write imports in full"
                # "from fixgw import spec" and "from fixgw.spec import tags" name a room as well.
                modules = [f"{module}.{alias.name}" for alias in names]
            case ast.Call(ast.Name("__import__") | ast.Attribute(attr="import_module")):
                raise AssertionError(f"{name}:{node.lineno}: an import that this test cannot read")
            case _:
                continue
        for module in modules:
            yield Import(room, module, f"{name}:{node.lineno}")


ALL_IMPORTS = [
    each
    for path in files()
    for each in imports_in(path.read_text(encoding="utf-8"), room_of(path), str(path.relative_to(HOUSE)))
]


def wrong_rooms(imports: list[Import]) -> list[str]:
    wrong = []
    for room, module, where in imports:
        first, _, rest = module.partition(".")
        target = rest.partition(".")[0]
        allowed = MAY_IMPORT_ROOMS[room]
        if first == "fixgw" and target != room and allowed is not EVERYTHING and target not in allowed.split():
            wrong.append(f"{where}: {room} may not import {module}")
    return wrong


def wrong_libraries(imports: list[Import]) -> list[str]:
    wrong = []
    for room, module, where in imports:
        library = module.partition(".")[0]
        if library == "fixgw" or library in sys.stdlib_module_names:
            continue
        if library not in MAY_IMPORT_LIBRARIES[room].split():
            wrong.append(f"{where}: {room} may not import {library}")
    return wrong


def impure(imports: list[Import]) -> list[str]:
    return [
        f"{where}: {room} may not import {module}"
        for room, module, where in imports
        if room in PURE_ROOMS and module.partition(".")[0] in NOT_IN_PURE_ROOMS.split()
    ]


def test_every_room_has_a_row() -> None:
    rooms = {room_of(path) for path in files()}

    assert rooms <= MAY_IMPORT_ROOMS.keys()
    assert MAY_IMPORT_ROOMS.keys() == MAY_IMPORT_LIBRARIES.keys()
    assert {"spec", "engine", "risk", "journal", "fix", "sequencer", "app"} <= rooms


def test_rooms_import_only_what_their_row_says() -> None:
    assert wrong_rooms(ALL_IMPORTS) == []


def test_libraries_stay_in_the_rooms_that_know_them() -> None:
    assert wrong_libraries(ALL_IMPORTS) == []


def test_siblings_never_import_each_other() -> None:
    """Of two rooms, at most one may import the other; the joiners at the top are imported by nobody but each other."""
    for room, allowed in MAY_IMPORT_ROOMS.items():
        if allowed is EVERYTHING:
            continue
        for other in allowed.split():
            assert room not in MAY_IMPORT_ROOMS[other].split(), (room, other)
            assert other not in ("app", "sequencer"), (room, other)


def test_of_market_data_fix_uses_the_depth_only() -> None:
    used = {module for room, module, _ in ALL_IMPORTS if room == "fix" and module.startswith("fixgw.marketdata")}

    assert all(module.startswith("fixgw.marketdata.depth") for module in used), used


def test_engine_risk_and_spec_are_pure() -> None:
    assert impure(ALL_IMPORTS) == []


@pytest.mark.parametrize("path", [path for path in files() if room_of(path) in PURE_ROOMS], ids=lambda path: path.stem)
def test_nobody_asks_the_clock_in_a_pure_room(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    named = [(node.func.attr if isinstance(node.func, ast.Attribute) else "", node.lineno) for node in calls]

    assert [(name, line) for name, line in named if name in CLOCKS] == []


def test_modules_have_names_that_say_something() -> None:
    names = {part for path in files() for part in path.relative_to(HOUSE).with_suffix("").parts}

    assert names.isdisjoint(NAMES_THAT_SAY_NOTHING)


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("engine", "import fixgw.risk.gate"),
        ("engine", "from fixgw.risk import gate"),
        ("risk", "from fixgw import engine"),
        ("spec", "def late() -> None:\n    from fixgw.engine.book import OrderBook"),
        ("journal", "if True:\n    import fixgw.fix"),
        ("fix", "from fixgw.app import Gateway"),
    ],
)
def test_a_wrong_room_is_noticed(room: str, source: str) -> None:
    assert len(wrong_rooms(list(imports_in(source, room, "x.py")))) == 1


@pytest.mark.parametrize(
    ("room", "source"),
    [("engine", "import quickfix as fix"), ("client", "import redis"), ("sequencer", "from msgspec import Struct")],
)
def test_a_wrong_library_is_noticed(room: str, source: str) -> None:
    assert len(wrong_libraries(list(imports_in(source, room, "x.py")))) == 1


@pytest.mark.parametrize("source", ["import time", "from os import path", "def late() -> None:\n    import random"])
def test_an_impure_import_is_noticed(source: str) -> None:
    assert len(impure(list(imports_in(source, "risk", "x.py")))) == 1


@pytest.mark.parametrize("source", ["from . import book", "__import__('redis')", "importlib.import_module('redis')"])
def test_an_import_that_cannot_be_read_is_noticed(source: str) -> None:
    with pytest.raises(AssertionError):
        list(imports_in(source, "engine", "x.py"))
