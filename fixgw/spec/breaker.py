"""The market-wide circuit breaker: how far an instrument, or an index of several, may fall within a day before all are
halted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import msgspec

_MILLION = 1_000_000


class Halting(msgspec.Struct, frozen=True, array_like=True):
    """How all instruments are halted at a level, as it is journaled."""

    pause_s: int = 0
    """How long; 0 until the operator resumes them, or the next trading day begins."""
    for_day: bool = False
    """Whether they are resumed with the next trading day."""


@dataclass(frozen=True)
class Level:
    fall_ppm: int
    """In millionths of the reference price of the instrument, or of the index."""
    pause_s: int
    """How long all instruments are halted; 0 until the operator resumes them."""
    for_day: bool = False
    """Until the next trading day begins, or the operator resumes them."""

    @property
    def halting(self) -> Halting:
        return Halting(self.pause_s, self.for_day)


@dataclass(frozen=True)
class CircuitBreaker:
    """``levels`` are in the order of their falls, at least one; each is reached once in a trading day."""

    weights: Mapping[str, int]
    """By symbol, above zero, at least one: what the fall of each counts in that of all."""
    levels: tuple[Level, ...]

    def fall(self, prices: Mapping[str, tuple[int, int]]) -> Fraction:
        """Return the weighted average of how far each instrument has fallen, 1 for all of its price.

        ``prices`` are the reference price, above zero, and the last one, each in the scale of its instrument; one
        that is not in it has not moved.
        """
        falls = (Fraction(self.weights[s] * (before - last), before) for s, (before, last) in prices.items())
        return sum(falls, Fraction(0)) / sum(self.weights.values())

    def reached(self, prices: Mapping[str, tuple[int, int]]) -> int:
        """Return how many levels the fall to these prices has reached."""
        fall_ppm = self.fall(prices) * _MILLION
        return sum(fall_ppm >= level.fall_ppm for level in self.levels)
