"""The stages of an order's way through the gateway, timed by the batch: some looks at the clock for all its orders."""

import time
from collections import deque
from collections.abc import Callable
from itertools import accumulate

import msgspec

STAGES = ("wait", "decide", "write", "send", "whole")
"""Waiting for its turn, risk and matching, the journal, reports handed to QuickFIX; and all of it."""

_BITS = range(12, 32)  # from 4 us to 2 s: the bucket is found in a quarter of the time that bisection takes
BOUNDS_NS = tuple(2**bits for bits in _BITS)
"""Upper bounds of the buckets that are told, each twice the one before it."""


class Histogram(msgspec.Struct, array_like=True):
    """How long it took how many requests."""

    counts: list[int]
    """By the number of bits of the nanoseconds that it took."""
    sum_ns: int

    @classmethod
    def empty(cls) -> "Histogram":
        return cls([0] * 65, 0)

    def add(self, elapsed_ns: int, requests: int) -> None:
        self.counts[elapsed_ns.bit_length()] += requests
        self.sum_ns += elapsed_ns * requests

    def cumulative(self) -> list[int]:
        """Return how many requests took less than each of BOUNDS_NS, and how many there were."""
        up_to = list(accumulate(self.counts))
        return [*(up_to[bits] for bits in _BITS), up_to[-1]]


class Stopwatch:
    """Told by the gateway where its batches are; each of their requests takes as long as the whole batch.

    That is what a client waits: nothing of a batch leaves before all of it is written.  The adding up is done when
    all is sent, some microseconds a batch.
    """

    def __init__(self, clock_ns: Callable[[], int] = time.perf_counter_ns) -> None:
        self.clock_ns = clock_ns
        self.histograms = {stage: Histogram.empty() for stage in STAGES}
        self.batches = 0
        self._wait, self._decide, self._write, self._send, self._whole = self.histograms.values()
        self._in_line = 0
        """How many requests waited when we last looked."""
        self._arrivals: deque[tuple[int, int]] = deque()
        """When a pass began that read requests that wait, and how many."""
        self._began_ns: int | None = None
        """When the batch that is not added up yet was begun."""
        self._told_ns = 0

    def received(self, pass_began_ns: int, waiting: int) -> None:
        """QuickFIX has read, in a pass that began then; so many requests wait now."""
        if waiting > self._in_line:
            self._arrivals.append((pass_began_ns, waiting - self._in_line))
        self._in_line = waiting

    def processed(self, commands: int, began_ns: int, decided_ns: int, written_ns: int, told_ns: int) -> None:
        """The sequencer has decided, written and told commands, a batch or a part of one."""
        if self._began_ns is None:
            self._began_ns = began_ns
        self._told_ns = told_ns
        self._decide.add(decided_ns - began_ns, commands)
        self._write.add(written_ns - decided_ns, commands)
        self._send.add(told_ns - written_ns, commands)

    def finished(self, waiting: int) -> None:
        """The batch, if there was one, is through; so many requests still wait."""
        requests, self._in_line = self._in_line - waiting, waiting
        while requests > 0 and self._arrivals:
            arrived_ns, count = self._arrivals.popleft()
            if count > requests:
                self._arrivals.appendleft((arrived_ns, count - requests))
                count = requests
            requests -= count
            if self._began_ns is not None:
                self._wait.add(self._began_ns - arrived_ns, count)
                self._whole.add(self._told_ns - arrived_ns, count)
        if self._began_ns is not None:
            self.batches += 1
            self._began_ns = None
