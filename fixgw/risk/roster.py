"""The roster: the sessions, firms, accounts and instruments there are, to tell who names one that there is not."""

from collections.abc import Iterable

from fixgw.spec.instrument import Instrument
from fixgw.spec.participant import Participant
from fixgw.spec.scope import VENUE, NoScope, parse

_NAMED_MAX = 12
"""More names than these are not listed in a refusal."""


class Roster:
    """By kind of scope: ``session``, ``firm``, ``account``, ``instrument`` or ``segment``."""

    def __init__(self, participants: Iterable[Participant] = (), instruments: Iterable[Instrument] = ()) -> None:
        participants, instruments = tuple(participants), tuple(instruments)
        self._names: dict[str, tuple[str, ...]] = {
            "session": _sorted(participant.session for participant in participants),
            "firm": _sorted(participant.firm for participant in participants),
            "account": _sorted(account for participant in participants for account in participant.accounts),
            "instrument": _sorted(instrument.symbol for instrument in instruments),
            "segment": _sorted(instrument.segment for instrument in instruments if instrument.segment),
        }

    def unknown(self, kind: str, name: str) -> str | None:
        """Return that there is no such name, and which there are, or None when there is."""
        names = self._names[kind]
        if name in names:
            return None
        more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
        return f"there is no {kind} {name}; there are: {', '.join(names[:_NAMED_MAX]) or 'none'}{more}"

    def unknown_to_halt(self, name: str) -> str | None:
        """Return why nothing is halted under ``name``, as an operator wrote it, or None."""
        kind, _, segment = name.partition(":")
        if name == VENUE:
            return None
        return self.unknown("segment", segment) if kind == "segment" else self.unknown("instrument", name)

    def unknown_scope(self, scope: str) -> str | None:
        """Return what is wrong with ``scope``, as an operator wrote it, or None."""
        try:
            kind, name = parse(scope)
        except NoScope as error:
            return str(error)
        return self.unknown(kind, name) if name else None


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
