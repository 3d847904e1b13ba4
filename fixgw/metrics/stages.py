"""The stages of an order's way through the gateway, timed by the batch: some looks at the clock for all its orders."""

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable

import msgspec

STAGES = ("wait", "decide", "write", "send", "whole")
"""Waiting for its turn, risk and matching, the journal, reports handed to QuickFIX; and all of it."""

BOUNDS_NS = tuple(
    factor * 10**exponent for exponent in (3, 4, 5, 6, 7, 8) for factor in (5, 10, 20)
)  # 5 us to 2 s, three a decade
"""Upper bounds of the buckets, inclusive; there is one more bucket for what takes longer."""


class Histogram(msgspec.Struct, array_like=True):
    """How long it took how many requests."""

    counts: list[int]
    """By bucket, not cumulative."""
    sum_ns: int

    @classmethod
    def empty(cls) -> "Histogram":
        return cls([0] * (len(BOUNDS_NS) + 1), 0)

    def add(self, elapsed_ns: int, requests: int) -> None:
        self.counts[bisect_left(BOUNDS_NS, elapsed_ns)] += requests
        self.sum_ns += elapsed_ns * requests


class Stopwatch:
    """Told by the gateway where a batch is; each of its requests takes as long as the whole batch.

    That is what a client waits: nothing of a batch leaves before all of it is written.
    """

    def __init__(self, clock_ns: Callable[[], int] = time.perf_counter_ns) -> None:
        self.histograms = {stage: Histogram.empty() for stage in STAGES}
        self.batches = 0
        self._clock_ns = clock_ns
        self._pass_began_ns = 0
        self._mark_ns = 0
        self._in_line = 0
        """How many requests were waiting when we last looked, less those taken since."""
        self._arrivals: deque[tuple[int, int]] = deque()
        """When a pass began that read requests that wait, and how many."""
        self._taken: list[tuple[int, int]] = []

    def pass_begins(self) -> None:
        """QuickFIX is about to read."""
        self._pass_began_ns = self._clock_ns()

    def received(self, waiting: int) -> None:
        """QuickFIX has read; so many requests wait now."""
        if waiting > self._in_line:
            self._arrivals.append((self._pass_began_ns, waiting - self._in_line))
            self._in_line = waiting

    def taken(self, requests: int) -> None:
        """The oldest requests are taken from the line, to be processed as a batch."""
        self._in_line = max(0, self._in_line - requests)
        while requests and self._arrivals:
            began_ns, count = self._arrivals[0]
            if count > requests:
                self._arrivals[0] = began_ns, count - requests
                count = requests
            else:
                self._arrivals.popleft()
            self._taken.append((began_ns, count))
            requests -= count

    def begin(self) -> None:
        """Deciding begins."""
        self._mark_ns = now_ns = self._clock_ns()
        wait = self.histograms["wait"]
        for began_ns, count in self._taken:
            wait.add(now_ns - began_ns, count)

    def decided(self, commands: int) -> None:
        self._lap("decide", commands)

    def written(self, commands: int) -> None:
        self._lap("write", commands)

    def told(self, commands: int) -> None:
        self._lap("send", commands)

    def end(self) -> None:
        """All of the batch is told."""
        self.batches += 1
        now_ns, whole = self._clock_ns(), self.histograms["whole"]
        for began_ns, count in self._taken:
            whole.add(now_ns - began_ns, count)
        self._taken.clear()

    def _lap(self, stage: str, commands: int) -> None:
        now_ns = self._clock_ns()
        self.histograms[stage].add(now_ns - self._mark_ns, commands)
        self._mark_ns = now_ns
