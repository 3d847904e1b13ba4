"""Framing: bytes of a TCP stream in, whole FIX messages with a right length and checksum out."""

import re

import simplefix
from simplefix.errors import ParsingError

from fixgw.client.message import Message

BODY_LENGTH_MAX = 1_000_000  # a length above it is a lie or a mistake: do not wait for that many bytes
HEAD = re.compile(rb"8=[^\x01]{1,16}\x019=(\d{1,9})\x01")
HEAD_LENGTH_MAX = 2 + 16 + 1 + 2 + 9 + 1
TRAILER_LENGTH = len(b"10=000\x01")
START = b"8=FIX"


class GarbledError(Exception):
    """Bytes that are no FIX message; ``raw`` are those skipped.  The stream goes on behind them."""

    def __init__(self, why: str, raw: bytes) -> None:
        super().__init__(why)
        self.raw = raw


class Framer:
    """Cuts a byte stream into messages.

    ``feed`` takes what the socket gave; ``next_message`` is then called until it returns None.  It raises
    GarbledError for bytes that are no message and nothing else; a garbled stretch ends where the next ``8=FIX``
    begins (FIX 4.4 Vol. 2: a garbled message is ignored).
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next_message(self) -> Message | None:
        """Return the next whole message, None when more bytes are needed."""
        self._skip_to_start()
        head = HEAD.match(self._buffer)
        if head is None:
            if len(self._buffer) < HEAD_LENGTH_MAX and self._buffer.count(b"\x01") < 2:
                return None
            raise self._garbled("BodyLength(9) is not where it belongs")
        if int(head[1]) > BODY_LENGTH_MAX:
            raise self._garbled(f"BodyLength(9) is {int(head[1])}")
        end = head.end() + int(head[1]) + TRAILER_LENGTH
        if len(self._buffer) < end:
            return None
        frame = bytes(self._buffer[:end])
        if not re.fullmatch(rb"\x0110=\d{3}\x01", frame[-TRAILER_LENGTH - 1 :]):
            raise self._garbled("BodyLength(9) does not end at CheckSum(10)")
        del self._buffer[:end]
        return parse(frame)

    def _skip_to_start(self) -> None:
        start = self._buffer.find(START)
        if start == -1:
            # The last bytes may be the beginning of a message whose rest is still under way.
            start = next(i for i in range(len(self._buffer) + 1) if START.startswith(self._buffer[i:][: len(START)]))
        if start > 0:
            junk = bytes(self._buffer[:start])
            del self._buffer[:start]
            raise GarbledError("bytes before BeginString(8)", junk)

    def _garbled(self, why: str) -> GarbledError:
        end = self._buffer.find(START, 1)
        junk = bytes(self._buffer if end == -1 else self._buffer[:end])
        del self._buffer[: len(junk)]
        return GarbledError(why, junk)


def parse(frame: bytes) -> Message:
    """Return the message in one whole frame.  Raises GarbledError when checksum or fields are wrong."""
    checksum = sum(frame[:-TRAILER_LENGTH]) % 256
    if frame[-TRAILER_LENGTH:] != b"10=%03d\x01" % checksum:
        raise GarbledError(f"CheckSum(10) is not {checksum:03d}", frame)
    parser = simplefix.FixParser()
    parser.append_buffer(frame)
    try:
        parsed = parser.get_message()
    except ParsingError as error:
        raise GarbledError(f"fields cannot be read: {error}", frame) from None
    if parsed is None or parser.get_buffer():
        raise GarbledError("fields do not end where the message ends", frame)
    return Message([(int(tag), value.decode("latin-1")) for tag, value in parsed.pairs], frame)
