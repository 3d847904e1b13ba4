"""Averages of the prices that an instrument has traded at within some seconds: what its dynamic band is around.

Trades are added up by the second of their command, so that a busy window is a few hundred numbers.
"""

from collections import deque

from fixgw.spec.values import Price

_NS_A_S = 1_000_000_000

Second = tuple[int, int, int]
"""Which one it is, counted since the epoch; the sum of its prices, and of how many."""


class Averages:
    """By symbol; of the whole seconds before a time and the one that it is in."""

    def __init__(self) -> None:
        self.seconds: dict[str, deque[Second]] = {}

    def note(self, symbol: str, price: Price, now_ns: int, window_s: int) -> None:
        """Count a trade at ``now_ns``, and forget those that no window has any more."""
        second = now_ns // _NS_A_S
        seconds = self.seconds.setdefault(symbol, deque())
        while seconds and seconds[0][0] <= second - window_s:
            seconds.popleft()
        total, count = 0, 0
        if seconds and seconds[-1][0] == second:
            _, total, count = seconds.pop()
        seconds.append((second, total + price, count + 1))

    def begin(self, symbol: str) -> None:
        """Count from nothing: an auction finds a price of its own."""
        self.seconds.pop(symbol, None)

    def of(self, symbol: str, now_ns: int, window_s: int) -> Price | None:
        """Return the average as of ``now_ns``, rounded down, or None without a trade; O(seconds of the window)."""
        first = now_ns // _NS_A_S - window_s + 1
        total, count = 0, 0
        for second, prices, trades in self.seconds.get(symbol, ()):
            if second >= first:
                total, count = total + prices, count + trades
        return Price(total // count) if count else None
