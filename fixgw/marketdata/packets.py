"""Packets of the feed: messages with the number of the first, as they go over UDP (docs/market-data.md, Packets)."""

from collections.abc import Iterable, Iterator
from enum import IntFlag
from struct import Struct

import msgspec

VERSION = 1
PAYLOAD_MAX = 1_400
"""Bytes of a packet: less than an Ethernet frame takes."""

_HEADER = Struct(">B8sBBQH")
_LENGTH = Struct(">H")
HEADER_SIZE = _HEADER.size


class Flag(IntFlag):
    """What a packet is, beside messages of the channel."""

    SNAPSHOT = 1
    """Messages of snapshots, numbered by themselves."""
    REFUSED = 2
    """A retransmission that cannot be: ``number`` is the oldest message there is."""
    LAST = 4
    """Ends the answer to a request for retransmission."""


class Packet(msgspec.Struct, frozen=True, gc=False):
    """``number`` is that of the first of ``messages``; of none, a heartbeat, that of the next there will be."""

    venue: bytes
    """The first 8 bytes of the venue id of the journal: another one is another market, from number 1."""
    channel: int
    flags: int
    number: int
    messages: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        parts = [_HEADER.pack(VERSION, self.venue, self.channel, self.flags, self.number, len(self.messages))]
        for message in self.messages:
            parts += (_LENGTH.pack(len(message)), message)
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Packet":
        """Raises ValueError, saying what is wrong, for anything but one whole packet of this version."""
        if len(data) < HEADER_SIZE:
            raise ValueError(f"{len(data)} bytes are no packet; its header alone has {HEADER_SIZE}")
        version, venue, channel, flags, number, count = _HEADER.unpack_from(data)
        if version != VERSION:
            raise ValueError(f"the packet is of version {version}, this is {VERSION}")
        messages, at = list[bytes](), HEADER_SIZE
        for _ in range(count):
            if at + _LENGTH.size > len(data):
                raise ValueError(f"the packet ends before message {len(messages) + 1} of {count}")
            (length,) = _LENGTH.unpack_from(data, at)
            if not length:
                raise ValueError(f"message {len(messages) + 1} of {count} is empty")
            at += _LENGTH.size
            messages.append(data[at : at + length])
            at += length
        if at != len(data):
            raise ValueError(f"the packet has {len(data)} bytes, its messages need {at}")
        return cls(venue, channel, flags, number, tuple(messages))


def pack(venue: bytes, channel: int, number: int, messages: Iterable[bytes], flags: int = 0) -> Iterator[Packet]:
    """Yield the messages, of which the first is numbered ``number``, in as few packets as they fit into."""
    taken: list[bytes] = []
    size = HEADER_SIZE
    for message in messages:
        if taken and size + _LENGTH.size + len(message) > PAYLOAD_MAX:
            yield Packet(venue, channel, flags, number, tuple(taken))
            number += len(taken)
            taken, size = [], HEADER_SIZE
        taken.append(message)
        size += _LENGTH.size + len(message)
    if taken:
        yield Packet(venue, channel, flags, number, tuple(taken))


def heartbeat(venue: bytes, channel: int, next_number: int) -> Packet:
    """Say that nothing is missing before ``next_number``."""
    return Packet(venue, channel, 0, next_number, ())
