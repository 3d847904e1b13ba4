"""A TOML file as a value, with the line on which each key stands."""

import json
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from fixgw.config.mistakes import Notes

KeyPath = tuple[str | int, ...]
"""``("instruments", 2, "tick")``; the elements of an array are counted from 1."""

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEYS = rf"({_PART}(?:\s*\.\s*{_PART})*)"
_HEADER = re.compile(rf"\s*(\[\[?)\s*{_KEYS}\s*\]")
_ASSIGNMENT = re.compile(rf"\s*{_KEYS}\s*=")
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True)
class TomlFile:
    """What a file says, and where."""

    tables: dict[str, Any]
    lines: dict[KeyPath, int]

    def line(self, path: KeyPath) -> int | None:
        """Return the line of a key, or of the nearest thing around it that has one."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return None


def read_toml(text: str, notes: Notes) -> TomlFile | None:
    """Parse the text; a mistake of syntax ends the reading with one note, and returns None."""
    try:
        # The newline gives a mistake at the very end of the file a line and a column.
        return TomlFile(tomllib.loads(text + "\n", parse_float=_exact), _key_lines(text))
    except RecursionError:
        notes.add(None, "", "arrays or tables are nested too deeply; no key here needs more than three levels")
    except tomllib.TOMLDecodeError as error:
        _note_syntax(text, str(error), notes)
    # Python's int() refuses such a number, and tomllib lets that pass.
    except ValueError:
        notes.add(None, "", "a number in it has thousands of digits; no key here needs more than 18")
    return None


def key_text(path: KeyPath) -> str:
    """Return the path as TOML would write it: ``instruments[2].tick``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE.fullmatch(part) else json.dumps(part[:80]))
    return text


def _exact(text: str) -> Decimal | str:
    """Return a TOML float as a Decimal; what is beyond even that stays text, for its reader to refuse."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _note_syntax(text: str, error: str, notes: Notes) -> None:
    where = _WHERE.search(error)
    assert where is not None, error
    lines = text.rstrip().split("\n")
    line = int(where[1]) if where[1] else len(lines)
    place = f"in column {where[2]}" if where[2] else "at the end of the file"
    written = ascii(lines[min(line, len(lines)) - 1].strip()[:60])
    what = error[: where.start()].encode("ascii", "backslashreplace").decode()
    notes.add(line, "", f'is not TOML {place}: {what}, in {written}; write [table] or key = value, texts in "quotes"')


def _key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line of every header and key that stands at the beginning of a line."""
    lines: dict[KeyPath, int] = {}
    elements: Counter[KeyPath] = Counter()
    table: KeyPath = ()
    open_quotes = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if open_quotes:
            open_quotes = "" if open_quotes in line else open_quotes
            continue
        if header := _HEADER.match(line):
            table = _table_path(_parts(header[2]), header[1] == "[[", elements)
            for length in range(1, len(table) + 1):
                lines.setdefault(table[:length], number)
        elif assignment := _ASSIGNMENT.match(line):
            keys = _parts(assignment[1])
            for length in range(1, len(keys) + 1):
                lines.setdefault(table + tuple(keys[:length]), number)
        open_quotes = next((quotes for quotes in ('"""', "'''") if line.count(quotes) % 2), "")
    return lines


def _parts(keys: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_PART, keys)]


def _table_path(parts: list[str], is_element: bool, elements: Counter[KeyPath]) -> KeyPath:
    """Return the path of a header; a part of it that names an array means the array's last element."""
    path: KeyPath = ()
    for part in parts[:-1]:
        path += (part,)
        path += (elements[path],) if path in elements else ()
    path += (parts[-1],)
    if is_element:
        elements[path] += 1
    return path + ((elements[path],) if is_element else ())
