"""Environment variables: every single-valued key of venue.toml may be set by one."""

from collections.abc import Mapping
from typing import Any

from fixgw.config.mistakes import Notes, suggestion
from fixgw.config.readers import BOOLEAN, WrongValueError
from fixgw.config.schema import SCALARS, Key
from fixgw.config.venue_file import ScalarPath

PREFIX = "FIXGW_"

OF_COMMANDS = frozenset(
    {
        "FIXGW_CONFIG",
        "FIXGW_DATA",
        "FIXGW_SENDER",
        "FIXGW_HOST",
        "FIXGW_PORT",
        "FIXGW_PASSWORD",
        "FIXGW_FIXLOAD",
    }
)
"""Read by the command line itself and by the benchmarks; a venue that they start sees them too."""


def variable(table: str, name: str) -> str:
    """Return the variable of a key: ``FIXGW_ORDER_ENTRY_PORT``."""
    return f"{PREFIX}{table}_{name}".upper()


VARIABLES: dict[str, tuple[str, Key]] = {
    variable(table, key.name): (table, key) for table, keys in SCALARS.items() for key in keys
}


def read_environment(environ: Mapping[str, str], notes: Notes) -> dict[ScalarPath, Any]:
    """Return the keys that the environment sets; a variable of ours that nobody reads is a mistake."""
    values: dict[ScalarPath, Any] = {}
    for written in sorted(name for name in environ if name.startswith(PREFIX) and name not in OF_COMMANDS):
        if written not in VARIABLES:
            meant = suggestion(written, VARIABLES.keys() | OF_COMMANDS, PREFIX)
            notes.add(None, _printable(written), f"there is no such variable; {meant}")
            continue
        table, key = VARIABLES[written]
        try:
            values[table, key.name] = key.kind.read(_as_toml(key, environ[written]))
        except WrongValueError as wrong:
            notes.add(None, written, str(wrong))
    return values


def _as_toml(key: Key, text: str) -> object:
    """Return what TOML would have of a value; numbers are read from text anyway."""
    return {"true": True, "false": False}.get(text, text) if key.kind is BOOLEAN else text


def _printable(text: str) -> str:
    return ascii(text[:80])[1:-1]
