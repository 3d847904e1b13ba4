"""The stopwatch: each request takes as long as its batch, from the pass that read it on."""

import pytest

from fixgw.metrics.stages import BOUNDS_NS, STAGES, Histogram, Stopwatch

US = 1000


def told(watch: Stopwatch) -> dict[str, tuple[int, int]]:
    """How many requests each stage had, and how long they took together, in microseconds."""
    return {stage: (sum(h.counts), h.sum_ns // US) for stage, h in watch.histograms.items()}


def test_each_request_takes_as_long_as_its_batch() -> None:
    watch = Stopwatch()
    watch.received(0, 2)
    watch.processed(2, 10 * US, 30 * US, 60 * US, 100 * US)
    watch.finished(0)

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
    watch = Stopwatch()
    watch.received(0, 3)
    watch.processed(2, 1 * US, 1 * US, 1 * US, 1 * US)
    watch.finished(1)
    watch.received(10 * US, 2)
    watch.processed(2, 15 * US, 15 * US, 15 * US, 20 * US)
    watch.finished(0)

    assert told(watch)["wait"] == (4, 2 * 1 + 15 + 5)
    assert told(watch)["whole"] == (4, 2 * 1 + 20 + 10)


def test_an_inquiry_divides_a_batch() -> None:
    """Two commands, each with a write of its own; the inquiry between them waits as long as they do."""
    watch = Stopwatch()
    watch.received(0, 3)
    watch.processed(1, 1 * US, 2 * US, 4 * US, 7 * US)
    watch.processed(1, 10 * US, 11 * US, 13 * US, 16 * US)
    watch.finished(0)

    assert told(watch) == {"wait": (3, 3), "decide": (2, 2), "write": (2, 4), "send": (2, 6), "whole": (3, 3 * 16)}
    assert watch.batches == 1


def test_inquiries_alone_are_no_batch() -> None:
    """And they do not stay in line."""
    watch = Stopwatch()
    watch.received(0, 2)
    watch.finished(0)
    watch.received(5 * US, 1)
    watch.processed(1, 6 * US, 6 * US, 6 * US, 6 * US)
    watch.finished(0)

    assert told(watch)["wait"] == (1, 1)
    assert watch.batches == 1


def test_what_an_operator_puts_in_line_meanwhile_is_not_timed_as_read() -> None:
    watch = Stopwatch()
    watch.received(0, 0)
    watch.processed(1, US, 2 * US, 3 * US, 4 * US)
    watch.finished(0)

    assert told(watch)["wait"] == (0, 0)
    assert told(watch)["decide"] == (1, 1)


@pytest.mark.parametrize(
    ("elapsed_ns", "below"),
    [(BOUNDS_NS[0], 1), (BOUNDS_NS[-1] - 1, -2), (BOUNDS_NS[-1], -1), (10**15, -1)],
)
def test_each_bound_counts_what_took_less(elapsed_ns: int, below: int) -> None:
    """``below`` is the place of the first that does; the last is all, however long it took."""
    histogram = Histogram.empty()
    histogram.add(elapsed_ns, 3)
    counts = histogram.cumulative()

    assert len(counts) == len(BOUNDS_NS) + 1
    assert counts[below:] == [3] * len(counts[below:])
    assert not any(counts[:below])
    assert histogram.sum_ns == 3 * elapsed_ns


def test_all_stages_are_there_before_anything_happened() -> None:
    assert told(Stopwatch()) == dict.fromkeys(STAGES, (0, 0))


def test_what_took_no_time_is_below_all_bounds() -> None:
    histogram = Histogram.empty()
    histogram.add(0, 1)
    histogram.add(BOUNDS_NS[0] - 1, 1)

    assert histogram.cumulative() == [2] * (len(BOUNDS_NS) + 1)
