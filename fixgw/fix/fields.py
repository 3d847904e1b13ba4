"""The fields of a FIX message: text to a dict, and each value checked as it is taken out.

Total: any text gives fields or one of ``REJECTS``, nothing else is raised.  QuickFIX has checked the message
against the data dictionary before; here every value that is echoed or reasoned about is checked again, since
a byte that is not ASCII would end the process when handed back (docs/decisions/0004).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

import quickfix as fix

from fixgw.spec import tags

SOH = "\x01"
MESSAGE_LENGTH_MAX = 65_536
ID_LENGTH_MAX = 64
_ECHO_LENGTH_MAX = 40

REJECTS = (fix.FieldNotFound, fix.IncorrectDataFormat, fix.IncorrectTagValue, fix.UnsupportedMessageType)

KEY = {tag: str(tag) for tag in tags.NAMES}
"""The key of each tag in Fields."""

_PRINTABLE = bytes(range(0x20, 0x7F)).replace(b"=", b"")

Fields = Mapping[str, str]
T = TypeVar("T")

_MSG_SEQ_NUM = KEY[tags.MSG_SEQ_NUM]
_NUMBER_LENGTH_MAX = 18  # more digits could be more than 2**63


def split(text: str) -> dict[str, str]:
    """Return the fields of ``text``; of a tag that repeats, in a group, the last.  Raises one of REJECTS."""
    if len(text) > MESSAGE_LENGTH_MAX:
        raise fix.IncorrectTagValue(tags.BODY_LENGTH)
    if not text.isascii():
        raise fix.IncorrectDataFormat(_unprintable_tag(text))
    marks = text.encode("ascii").translate(None, _PRINTABLE)
    if text.endswith(SOH) and not marks.replace(b"=\x01", b""):
        # All is printable, and no value has an equals sign in it: tags and values take turns.
        pieces = iter(text.replace(SOH, "=").split("="))
        return dict(zip(pieces, pieces))  # noqa: B905 - nothing but the end of the text is left over
    return _split_slowly(text)


def _split_slowly(text: str) -> dict[str, str]:
    if not text.replace(SOH, "").isprintable():
        raise fix.IncorrectDataFormat(_unprintable_tag(text))
    try:
        return dict([field.split("=", 1) for field in text.rstrip(SOH).split(SOH)])
    except ValueError:
        raise fix.IncorrectDataFormat(tags.BODY_LENGTH) from None


def required(fields: Fields, tag: int) -> str:
    try:
        return fields[KEY[tag]]
    except KeyError:
        raise fix.FieldNotFound(tag) from None


def identifier(fields: Fields, tag: int) -> str:
    value = fields.get(KEY[tag])
    if value is None:
        raise fix.FieldNotFound(tag)
    if not value or len(value) > ID_LENGTH_MAX:
        raise fix.IncorrectTagValue(tag)
    return value


def optional_identifier(fields: Fields, tag: int) -> str | None:
    return identifier(fields, tag) if KEY[tag] in fields else None


def chosen(fields: Fields, tag: int, values: Mapping[str, T]) -> T:
    value = fields.get(KEY[tag])
    if value is None:
        raise fix.FieldNotFound(tag)
    chosen = values.get(value)
    if chosen is None:
        raise fix.IncorrectTagValue(tag)
    return chosen


def msg_seq_num(fields: Fields) -> int:
    """Return MsgSeqNum(34), 0 where there is none."""
    text = fields.get(_MSG_SEQ_NUM, "0")
    if not text.isdecimal() or len(text) > _NUMBER_LENGTH_MAX:
        raise fix.IncorrectDataFormat(tags.MSG_SEQ_NUM)
    return int(text)


def shortened(text: str) -> str:
    """Return what of a client's ``text`` is echoed in ours."""
    return text if len(text) <= _ECHO_LENGTH_MAX else f"{text[:_ECHO_LENGTH_MAX]}..."


def utc_timestamp_ns(text: str, tag: int) -> int:
    """Return a UTCTimestamp (FIX 4.4 Vol. 1) in ns since the epoch; raises IncorrectDataFormat.

    The specification has milliseconds at most; QuickFIX clients may be set to send up to nine decimals.
    """
    second, point, fraction = text.partition(".")
    if point and not (fraction.isdigit() and len(fraction) <= 9):
        raise fix.IncorrectDataFormat(tag)
    try:
        whole = datetime.strptime(second, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise fix.IncorrectDataFormat(tag) from None
    return int(whole.timestamp()) * 1_000_000_000 + int(fraction.ljust(9, "0"))


def _unprintable_tag(text: str) -> int:
    """Return the tag of the first field that is not printable ASCII, or of BodyLength(9) when it is the tag."""
    for field in text.split(SOH):
        tag, _, value = field.partition("=")
        if not (value.isascii() and value.isprintable()):
            return int(tag) if tag.isascii() and tag.isdigit() and len(tag) < 9 else tags.BODY_LENGTH
    return tags.BODY_LENGTH
