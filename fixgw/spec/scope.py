"""Scopes: whom or what a limit, a kill or a cancel is about, as they are written everywhere.

``venue``, ``firm:ALPHA``, ``account:A1``, ``session:CLIENT1`` or ``instrument:AAPL``.
"""

from typing import NamedTuple

VENUE = "venue"
KINDS = (VENUE, "firm", "account", "session", "instrument")


class Scope(NamedTuple):
    """``name`` is empty for the venue."""

    kind: str
    name: str


class NoScope(ValueError):
    """What was written is no scope; says what would be."""


def parse(text: str) -> Scope:
    """Raises NoScope."""
    kind, colon, name = text.partition(":")
    if kind not in KINDS or (kind == VENUE) == bool(colon) or (kind != VENUE and not name):
        raise NoScope(f"{text} is no scope; write venue, firm:NAME, account:NAME, session:NAME or instrument:NAME")
    return Scope(kind, name)


def halting(symbol: str, segment: str) -> tuple[str, ...]:
    """Return all names under which an instrument may be halted, the widest first: ``venue``, its segment's, its own."""
    return (VENUE, f"segment:{segment}", symbol) if segment else (VENUE, symbol)


def scopes_of(session: str, firm: str, account: str, symbol: str) -> tuple[str, ...]:
    """Return all scopes that an order of these falls under, the widest first."""
    return (VENUE, f"firm:{firm}", f"account:{account}", f"session:{session}", f"instrument:{symbol}")
