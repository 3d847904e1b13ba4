"""Ladders: the price levels of a book as they were told to those who see so many of them, and what changes in them."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from fixgw.marketdata.depth import Book, Level
from fixgw.spec.values import Price, Qty, Side

ALL_LEVELS: Final = 0

NEW, CHANGE, DELETE = "0", "1", "2"
"""MDUpdateAction(279)."""


class Place(NamedTuple):
    side: Side
    """BUY or SELL."""
    price: Price


class Rung(NamedTuple):
    """What is at a place."""

    qty: Qty
    order_count: int


class LevelChange(NamedTuple):
    """``rung`` is what is there now; None for DELETE."""

    action: str
    place: Place
    rung: Rung | None


class Ladder:
    """The levels of one book as they were told, ``depth`` of each side or ALL_LEVELS."""

    def __init__(self, book: Book, depth: int) -> None:
        self._book = book
        self._depth = depth
        self._told = dict(rungs(book, depth))

    def follow(self, touched: Iterable[Place]) -> list[LevelChange]:
        """Return how the levels are different from what was told, which they are from now on: deletions come first.

        ``touched`` are all places where the book has changed since.
        """
        if self._depth == ALL_LEVELS:
            now = {place: rung for place in touched if (rung := _rung(self._book, place)) is not None}
            places = set(touched)
        else:
            now = dict(rungs(self._book, self._depth))
            places = self._told.keys() | now.keys()
        gone, there = [], []
        for place in sorted(places, key=_from_best_to_worst):
            before, rung = self._told.pop(place, None), now.get(place)
            if rung is not None:
                self._told[place] = rung
                if rung != before:
                    there.append(LevelChange(NEW if before is None else CHANGE, place, rung))
            elif before is not None:
                gone.append(LevelChange(DELETE, place, None))
        return gone + there


def rungs(book: Book, depth: int) -> Iterator[tuple[Place, Rung]]:
    """Yield what is at the best ``depth`` places of each side or at ALL_LEVELS: bids, then asks, the best first."""
    for side in (Side.BUY, Side.SELL):
        for level in islice(book.side(side), depth or None):
            yield Place(side, level.price), _of(level)


def _rung(book: Book, place: Place) -> Rung | None:
    level = book.side(place.side).at(place.price)
    return None if level is None else _of(level)


def _of(level: Level) -> Rung:
    return Rung(level.qty, level.order_count)


def _from_best_to_worst(place: Place) -> tuple[Side, int]:
    return place.side, -place.price if place.side is Side.BUY else place.price
