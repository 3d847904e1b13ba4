"""A short day of trading, written down as the venue writes it."""

from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import UUID

from fixgw.core import Core
from fixgw.journal import JournalWriter
from fixgw.journal.writer import SEGMENT_SIZE_MAX
from fixgw.spec.commands import Command
from fixgw.spec.sequenced import Sequenced
from tests.orders import ALICE, BOB, buy, cancel, configuration, sell

OPENS_NS = 1_763_712_000_000_000_000
"""2025-11-21T08:00:00Z; each command takes a second."""

_FIRST = sell(40, at="100.25", by=ALICE, cl_ord_id="a1")
DAY: tuple[Command, ...] = (
    configuration(),
    _FIRST,
    sell(40, at="100.30", by=ALICE, cl_ord_id="a2"),
    buy(60, at="100.30", by=BOB, cl_ord_id="b1"),
    cancel(_FIRST, cl_ord_id="a3"),
    buy(10, at="99.00", by=BOB, cl_ord_id="b2"),
)
"""Bob's first order trades with both of Alice's; her cancel comes too late."""


def write_day(
    data_dir: Path,
    commands: Iterable[Command] = DAY,
    segment_size_max: int = SEGMENT_SIZE_MAX,
    alter: Callable[[Sequenced], Sequenced] = lambda frame: frame,
) -> UUID:
    """Have a venue decide ``commands`` and write them to the journal of ``data_dir``; return the venue's id.

    ``alter`` makes the journal say another thing than what was decided.
    """
    core = Core()
    writer = JournalWriter.open(data_dir / "journal", segment_size_max=segment_size_max)
    for sequence, command in enumerate(commands, 1):
        writer.append(alter(Sequenced(sequence, OPENS_NS + sequence * 10**9, command, core.decide(command))))
        writer.flush()
    writer.close()
    return writer.venue_id
