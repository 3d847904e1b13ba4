"""Frames to write in these tests: plain ones, and any that the vocabulary allows."""

from decimal import Decimal
from enum import Enum
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from fixgw.journal import JournalWriter
from fixgw.spec.commands import CancelOrder, Command
from fixgw.spec.events import CancelRejected
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.values import CxlRejReason, CxlRejResponseTo, OrdStatus, Side

TIME_NS = 1_763_682_000_123_456_789


def frame(sequence: int) -> Sequenced:
    """A small one: a cancel request for an order that nobody knows."""
    command = CancelOrder("CLIENT1", "ALPHA", f"c{sequence}", "a1", None, "AAPL", Side.BUY)
    event = CancelRejected(
        "CLIENT1", "ALPHA", None, "NONE", f"c{sequence}", "a1", OrdStatus.REJECTED,
        CxlRejResponseTo.ORDER_CANCEL_REQUEST, CxlRejReason.UNKNOWN_ORDER, "Unknown order",
    )  # fmt: skip
    return Sequenced(sequence, TIME_NS + sequence, command, (event,))


def frames(first: int, last: int) -> list[Sequenced]:
    return [frame(sequence) for sequence in range(first, last + 1)]


def write(folder: Path, *sequenced: Sequenced, segment_size_max: int = 1 << 20) -> None:
    """Append to the journal of ``folder``, one flush for each."""
    writer = JournalWriter.open(folder, segment_size_max=segment_size_max)
    for each in sequenced:
        writer.append(each)
        writer.flush()
    writer.close()


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.journal"))


def sequenced_with(kind: type) -> st.SearchStrategy[Sequenced]:
    """Frames of commands, or of any number of events, of ``kind``."""
    if kind in get_args(Command):
        return st.builds(Sequenced, _any(int), _any(int), _any(kind), st.just(()))
    return st.builds(
        Sequenced, _any(int), _any(int), st.just(frame(1).command), st.lists(_any(kind), max_size=3).map(tuple)
    )


@cache
def _any(annotation: Any) -> st.SearchStrategy[Any]:
    """Values of a type of the vocabulary, extremes included."""
    simple: dict[Any, st.SearchStrategy[Any]] = {
        int: st.integers(-(2**63), 2**63 - 1),
        bool: st.booleans(),
        str: st.text(),
        Decimal: st.decimals(allow_nan=False, allow_infinity=False),
        type(None): st.none(),
    }
    annotation = getattr(annotation, "__supertype__", annotation)  # Price and Qty are ints
    if annotation in simple:
        return simple[annotation]
    if get_origin(annotation) in (Union, UnionType):
        return st.one_of([_any(each) for each in get_args(annotation)])
    if get_origin(annotation) is tuple:
        return st.lists(_any(get_args(annotation)[0]), max_size=3).map(tuple)
    if issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    assert issubclass(annotation, msgspec.Struct), annotation
    hints = get_type_hints(annotation)
    return st.builds(annotation, *(_any(hints[name]) for name in annotation.__struct_fields__))


def shapes(root: type) -> list[str]:
    """A line for each struct in ``root``: tag or name, and its fields."""
    found: dict[str, str] = {}
    types: list[Any] = [root]
    while types:
        annotation = types.pop(0)
        types += get_args(annotation)
        if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
            config, fields = annotation.__struct_config__, msgspec.structs.fields(annotation)
            names = (f"{field.encode_name}{'' if field.required else '?'}" for field in fields)
            found[annotation.__name__] = " ".join([f"{config.tag or annotation.__name__}:", *names])
            types += [field.type for field in fields]
    return list(found.values())
