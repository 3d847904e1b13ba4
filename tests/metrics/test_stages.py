"""The stopwatch: each request takes as long as its batch, from the pass that read it on."""

from itertools import accumulate

import pytest

from fixgw.metrics.stages import BOUNDS_NS, STAGES, Histogram, Stopwatch

US = 1000


def stopwatch(*steps_ns: int) -> Stopwatch:
    """A stopwatch whose clock goes on by one of these at each look, from 0."""
    times = accumulate(steps_ns, initial=0)
    return Stopwatch(lambda: next(times))


def told(watch: Stopwatch) -> dict[str, tuple[int, int]]:
    """How many requests each stage had, and how long they took together, in microseconds."""
    return {stage: (sum(h.counts), h.sum_ns // US) for stage, h in watch.histograms.items()}


def process(watch: Stopwatch, commands: int) -> None:
    watch.taken(commands)
    watch.begin()
    watch.decided(commands)
    watch.written(commands)
    watch.told(commands)
    watch.end()


def test_each_request_takes_as_long_as_its_batch() -> None:
    watch = stopwatch(10 * US, 20 * US, 30 * US, 40 * US, 0)
    watch.pass_begins()
    watch.received(2)
    process(watch, 2)

    assert told(watch) == {
        "wait": (2, 2 * 10),
        "decide": (2, 2 * 20),
        "write": (2, 2 * 30),
        "send": (2, 2 * 40),
        "whole": (2, 2 * 100),
    }
    assert watch.batches == 1


def test_who_is_left_in_line_waits_from_the_pass_that_read_it() -> None:
    """Three are read, two are taken; one more is read, and the third waits longer than the fourth."""
    watch = stopwatch(1 * US, 0, 0, 0, 0, 9 * US, 5 * US, 0, 0, 0, 0)
    watch.pass_begins()
    watch.received(3)
    process(watch, 2)
    watch.pass_begins()
    watch.received(2)
    process(watch, 2)

    assert told(watch)["wait"] == (4, 2 * 1 + 15 + 5)


def test_what_an_operator_puts_in_line_meanwhile_is_not_timed_as_read() -> None:
    watch = stopwatch(*([US] * 6))
    watch.pass_begins()
    watch.received(0)
    process(watch, 1)

    assert told(watch)["wait"] == (0, 0)
    assert told(watch)["decide"] == (1, 1)


@pytest.mark.parametrize(
    ("elapsed_ns", "bucket"), [(0, 0), (BOUNDS_NS[0], 0), (BOUNDS_NS[0] + 1, 1), (BOUNDS_NS[-1] + 1, len(BOUNDS_NS))]
)
def test_bounds_are_inclusive_and_rise(elapsed_ns: int, bucket: int) -> None:
    histogram = Histogram.empty()
    histogram.add(elapsed_ns, 3)

    assert [number for number, count in enumerate(histogram.counts) if count] == [bucket]
    assert sum(histogram.counts) == 3
    assert list(BOUNDS_NS) == sorted(set(BOUNDS_NS))


def test_all_stages_are_there_before_anything_happened() -> None:
    assert told(Stopwatch()) == dict.fromkeys(STAGES, (0, 0))
