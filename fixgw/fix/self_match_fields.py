"""The fields of self-match prevention: those of CME's iLink, those of FIX Latest, and our own for decrementing."""

from typing import NamedTuple

from fixgw.fix.fields import KEY, Fields, chosen, identifier
from fixgw.spec import tags
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, SelfMatchPrevention

_IDS = (tags.SELF_MATCH_PREVENTION_ID, tags.LATEST_SELF_MATCH_PREVENTION_ID)
_INSTRUCTIONS = {
    tags.SELF_MATCH_PREVENTION_INSTRUCTION: {
        "N": SelfMatchPrevention.CANCEL_NEWEST,
        "O": SelfMatchPrevention.CANCEL_OLDEST,
    },
    tags.LATEST_SELF_MATCH_PREVENTION_INSTRUCTION: {
        "1": SelfMatchPrevention.CANCEL_NEWEST,
        "2": SelfMatchPrevention.CANCEL_OLDEST,
        "3": SelfMatchPrevention.CANCEL_BOTH,
    },
    tags.SELF_MATCH_PREVENTION_DECREMENT: {"D": SelfMatchPrevention.DECREMENT},
}
"""The values of each tag that says what happens instead of a trade with oneself."""

SELF_MATCH_TAGS = frozenset(KEY[tag] for tag in (*_IDS, *_INSTRUCTIONS))


class Prevention(NamedTuple):
    id: str = ""
    how: SelfMatchPrevention | None = None


def read_self_match(fields: Fields) -> Prevention | Refusal:
    """Return what keeps an order with ``fields`` from trading with its own, or why that cannot be."""
    if SELF_MATCH_TAGS.isdisjoint(fields):
        return Prevention()
    ids = {identifier(fields, tag) for tag in _IDS if KEY[tag] in fields}
    instructions = {chosen(fields, tag, of_tag) for tag, of_tag in _INSTRUCTIONS.items() if KEY[tag] in fields}
    if len(ids) > 1:
        return _unsupported("SelfMatchPreventionID(7928) and 2362 are not supported with different values")
    if len(instructions) > 1:
        return _unsupported("SelfMatchPreventionInstruction(8000), 2964 and 20001 are not supported side by side")
    return Prevention(next(iter(ids), ""), next(iter(instructions), None))


def _unsupported(text: str) -> Refusal:
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
