"""Where market data is in Redis: the names of keys and fields that the publisher writes and others read."""

from typing import Final

CHANNEL: Final = 1
"""The one channel there is: all instruments.  Its messages are numbered from 1, without gaps."""

STREAM: Final = f"fixgw:md:{CHANNEL}"
"""A Stream with one entry for each message.

The id of an entry is ``<sequence of the journal>-<count within the frame, from 0>``.
"""
NUMBER: Final = b"n"
"""Field: the number of the message in the channel, as decimal text."""
MESSAGE: Final = b"m"
"""Field: the message, as ``fixgw.marketdata.messages.encode`` makes it."""

STREAM_LENGTH: Final = 200_000
"""Entries that are kept, about; 20 MB, and half a minute of the highest rate measured.

A reader that is farther behind begins with SNAPSHOT.
"""

VENUE: Final = f"fixgw:md:{CHANNEL}:venue"
"""The venue id of the journal (32 hexadecimal digits) that all of these keys are of: another one begins anew at 1."""

SNAPSHOT: Final = f"fixgw:md:{CHANNEL}:snapshot"
"""All books as they were after one message, which the stream still has or which is its last.

A hash: NUMBER is the number of that message (0 before the first), ENTRY_ID the id of its entry, MESSAGE the messages of
``Book.snapshot``, each after its length (2 bytes, big-endian).
"""
ENTRY_ID: Final = b"id"


def book_key(symbol: str) -> str:
    """The last book of an instrument, as JSON."""
    return f"{symbol}.book"


def price_key(symbol: str) -> str:
    """The price of the last trade of an instrument, as decimal text; there is none before the first."""
    return f"{symbol}.price"


def live_channel(symbol: str) -> str:
    """Pub/sub: each change and each trade of an instrument as a line of JSON."""
    return f"{symbol}.live"
