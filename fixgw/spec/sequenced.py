"""A command with its place, its time and what it brought about: one frame of the journal."""

import msgspec

from fixgw.spec.commands import Command
from fixgw.spec.events import Event


class Sequenced(msgspec.Struct, frozen=True, array_like=True):
    """``sequence`` counts from 1 without gaps; ``time_ns`` is ns since the epoch, UTC, and never falls."""

    sequence: int
    time_ns: int
    command: Command
    events: tuple[Event, ...]
