"""What in a segment does not fit together: phases that cannot follow each other, sessions that would overlap."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from fixgw.spec.phase import CALLS
from fixgw.spec.segment import MAY_FOLLOW, Entry, Segment

Found = tuple[tuple[str | int, ...], str]
"""The key below the segment, its entries counted from 1, and what is wrong."""


def mistakes_of(segment: Segment) -> Iterator[Found]:
    """Yield all that is wrong with a segment whose values are right each by itself."""
    yield from _order(segment.entries)
    yield from _early_closes(segment)


def _order(entries: tuple[Entry, ...]) -> Iterator[Found]:
    for index, (entry, after) in enumerate(pairwise(entries), start=2):
        if _moment(after) <= _moment(entry):
            text = f"{_text(after)} is not after {_text(entry)}, the one above; write the phases in their order"
            yield ("phases", index), text
        elif _moment(after) - _moment(entry) <= timedelta(seconds=entry.random_end_s):
            text = f"{_text(after)} would be over before a random end {entry.random_end_s} s later"
            yield ("phases", index - 1, "random_end_s"), f"{text}; write a smaller one"
        if after.phase not in MAY_FOLLOW[entry.phase]:
            yield ("phases", index), _cannot_follow(entry, after)
    for index, entry in enumerate(entries, start=1):
        if entry.random_end_s and entry.phase not in CALLS:
            text = f"is for a call: {', '.join(sorted(CALLS & MAY_FOLLOW.keys()))}; leave it out"
            yield ("phases", index, "random_end_s"), text
    first, last = entries[0], entries[-1]
    if _moment(last) - _moment(first) >= timedelta(days=1):
        text = f"{_text(last)} is a day or more after {_text(first)}: two sessions would overlap"
        yield ("phases", len(entries)), text
    if len(entries) > 1 and first.phase not in MAY_FOLLOW[last.phase]:
        yield ("phases", len(entries)), f"{_cannot_follow(last, first)} (the next session begins with it)"


def _cannot_follow(entry: Entry, after: Entry) -> str:
    return f"{after.phase} cannot follow {entry.phase}; {', '.join(MAY_FOLLOW[entry.phase])} can"


def _early_closes(segment: Segment) -> Iterator[Found]:
    close, closing = segment.close(), segment.closing()
    if close is None or closing is None:
        for key in ("calendar", "early_closes"):
            if getattr(segment, key):
                yield (key,), "needs a close to be earlier: a phase that follows continuous; write one, or leave it out"
        return
    last_open = segment.entries[closing.start - 1]
    for day, at in segment.early_closes.items():
        if day in segment.holidays:
            yield ("early_closes",), f"{day} is one of holidays, too; write it in one of them"
        # The closing auction comes as much before the close as on other days.
        begins = _moment(segment.entries[closing.start]) - _moment(close) + _at(day, at)
        if not _at(day, last_open.at) + timedelta(days=last_open.day) < begins:
            text = f"{day} closes at {at:%H:%M}, before there was any continuous trading; write a later time"
            yield ("early_closes",), text
        elif _at(day, at) >= _at(day, close.at):
            yield ("early_closes",), f"{day} closes at {at:%H:%M}, not before {_text(close)}; write an earlier time"


def _moment(entry: Entry) -> datetime:
    return _at(date(2000, 1, 2), entry.at) + timedelta(days=entry.day)


def _at(day: date, at: time) -> datetime:
    return datetime.combine(day, at)


def _text(entry: Entry) -> str:
    return f"{entry.phase} at {entry.at:%H:%M}"
