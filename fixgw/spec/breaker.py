"""The market-wide circuit breaker: how far one instrument may fall within a day before all are halted."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    fall_ppm: int
    """In millionths of the reference price of the instrument."""
    pause_s: int
    """How long all instruments are halted; 0 until the operator resumes them."""


@dataclass(frozen=True)
class CircuitBreaker:
    """``levels`` are in the order of their falls, at least one; each is reached once in a trading day."""

    symbol: str
    levels: tuple[Level, ...]

    def reached(self, reference: int, last: int) -> int:
        """Return how many levels a price of ``last`` has reached; ``reference`` is above zero."""
        fall_ppm = (reference - last) * 1_000_000
        return sum(fall_ppm >= level.fall_ppm * reference for level in self.levels)
