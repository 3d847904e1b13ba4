"""Names and meanings of tags and values, read from the venue's FIX data dictionary."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from fixgw.spec import dictionary

DECIMAL_TYPES = frozenset({"PRICE", "PRICEOFFSET", "QTY", "AMT", "FLOAT", "PERCENTAGE"})


@dataclass(frozen=True)
class Dictionary:
    messages: dict[str, str] = field(default_factory=dict)  # MsgType(35) -> name
    names: dict[int, str] = field(default_factory=dict)
    types: dict[int, str] = field(default_factory=dict)
    meanings: dict[tuple[int, str], str] = field(default_factory=dict)

    def name(self, tag: int) -> str:
        """Return ``ClOrdID(11)``, or ``?(20999)`` for a tag that is not in the dictionary."""
        return f"{self.names.get(tag, '?')}({tag})"

    def meaning(self, tag: int, value: str) -> str:
        """Return what an enumerated value means, in small letters; empty when the dictionary does not say."""
        return self.meanings.get((tag, value), "").replace("_", " ").lower()

    def is_decimal(self, tag: int) -> bool:
        return self.types.get(tag) in DECIMAL_TYPES


@cache
def load(path: Path = dictionary.PATH) -> Dictionary:
    """Read a dictionary in QuickFIX's XML form; about 10 ms the first time."""
    root = ElementTree.parse(path).getroot()
    book = Dictionary()
    for message in root.iterfind("messages/message"):
        book.messages[message.attrib["msgtype"]] = message.attrib["name"]
    for entry in root.iterfind("fields/field"):
        tag = int(entry.attrib["number"])
        book.names[tag] = entry.attrib["name"]
        book.types[tag] = entry.attrib["type"]
        for value in entry.iterfind("value"):
            book.meanings[tag, value.attrib["enum"]] = value.attrib["description"]
    return book
