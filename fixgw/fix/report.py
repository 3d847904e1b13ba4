"""A report: one message for one session, as text that QuickFIX completes."""

import msgspec


class Report(msgspec.Struct, frozen=True, gc=False):
    """A message for one session: MsgType(35) and its body, fields ended by SOH."""

    session: str
    msg_type: str
    body: str


def optional(tag: str, value: str | None) -> str:
    """Return the field of ``tag``, written with its equals sign, or nothing where there is no value."""
    return "" if value is None else f"{tag}{value}\x01"
