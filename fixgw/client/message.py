"""A FIX message as it was on the wire: its fields in order, and the bytes they came from."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property

import simplefix

Field = tuple[int, str]

SOH = "\x01"
BEGIN_STRING = "FIX.4.4"
ADMIN_TYPES = frozenset("0A12345")  # Logon, Heartbeat, TestRequest, ResendRequest, Reject, SequenceReset, Logout

FIRST_TAGS = (8, 9, 35, 49, 56, 34, 52)
# The rest of the standard header (FIX 4.4 Vol. 2): a field of it behind the body is refused as out of order.
HEADER_TAGS = (43, 97, 122, 115, 128, 50, 57, 116, 129, 142, 143, 144, 145, 90, 91, 212, 213, 347, 369, 627, 628, 629)


class Message:
    """One message: ``fields`` in wire order, ``raw`` the bytes, and a dict view (first value of each tag).

    Text is Latin-1, so that every byte has a character and comes back as it was.
    """

    def __init__(self, fields: Sequence[Field], raw: bytes = b"") -> None:
        self.fields: tuple[Field, ...] = tuple(fields)
        self.raw = raw

    @cached_property
    def values(self) -> Mapping[int, str]:
        """The first value of each tag; repeating groups are read with ``all``."""
        values: dict[int, str] = {}
        for tag, value in self.fields:
            values.setdefault(tag, value)
        return values

    @property
    def msg_type(self) -> str:
        return self.values.get(35, "")

    @property
    def is_admin(self) -> bool:
        return self.msg_type in ADMIN_TYPES

    @property
    def is_poss_dup(self) -> bool:
        return self.values.get(43) == "Y"

    def get(self, tag: int, default: str = "") -> str:
        return self.values.get(tag, default)

    def all(self, tag: int) -> list[str]:
        """Return every value of ``tag``, in wire order."""
        return [value for t, value in self.fields if t == tag]

    def has(self, wanted: Mapping[int, str]) -> bool:
        """Tell whether every wanted tag is there with exactly this text (any occurrence in a group counts)."""
        return all((tag, value) in self.fields for tag, value in wanted.items())

    def __getitem__(self, tag: int) -> str:
        return self.values[tag]

    def __contains__(self, tag: object) -> bool:
        return tag in self.values

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.fields == other.fields

    def __hash__(self) -> int:
        return hash(self.fields)

    def __repr__(self) -> str:
        return "|".join(f"{tag}={value}" for tag, value in self.fields)


def encode(fields: Sequence[Field]) -> bytes:
    """Return the wire form: 8 9 35 49 56 34 52, the rest of the header, the body as given, 10.

    BeginString, BodyLength and CheckSum are worked out unless ``fields`` gives them (a test may want them
    wrong).  Raises ValueError when MsgType(35) is missing or a value has no Latin-1 form.
    """
    message = simplefix.FixMessage()
    for tag, value in in_order([(8, BEGIN_STRING), *fields] if not has_tag(fields, 8) else fields):
        message.append_pair(tag, to_bytes(value))
    if message.message_type is None:
        raise ValueError("MsgType(35) missing")
    raw: bytes = message.encode()
    return with_given_trailer(raw, dict(fields))


def in_order(fields: Sequence[Field]) -> list[Field]:
    """Return the fields with the header in front, in the order of FIRST_TAGS then HEADER_TAGS; stable."""
    rank = {tag: i for i, tag in enumerate(FIRST_TAGS + HEADER_TAGS)}
    return sorted(fields, key=lambda field: rank.get(field[0], len(rank)))


def has_tag(fields: Sequence[Field], tag: int) -> bool:
    return any(t == tag for t, _ in fields)


def with_given_trailer(raw: bytes, given: Mapping[int, str]) -> bytes:
    """Put a BodyLength(9) or CheckSum(10) given by hand in the place of the right one."""
    if 9 in given:
        raw = re.sub(rb"\x019=\d+\x01", b"\x019=" + to_bytes(given[9]) + b"\x01", raw, count=1)
        raw = with_checksum(raw[: raw.rindex(b"10=")])
    if 10 in given:
        raw = raw[: raw.rindex(b"10=")] + b"10=" + to_bytes(given[10]) + b"\x01"
    return raw


def with_checksum(raw: bytes) -> bytes:
    """Append CheckSum(10) to a message that ends after its last body field's SOH."""
    return raw + b"10=%03d\x01" % (sum(raw) % 256)


def to_bytes(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"{value!r} has a character that is not Latin-1, so FIX cannot carry it") from None


def utc_timestamp(now_s: float) -> str:
    """Return FIX UTCTimestamp text with milliseconds for seconds since the epoch."""
    return datetime.fromtimestamp(now_s, UTC).strftime("%Y%m%d-%H:%M:%S.%f")[:-3]
