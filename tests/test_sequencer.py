"""The sequencer: nobody is told what is not written down, and all in the order in which it was decided."""

import threading
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from fixgw.core import Core
from fixgw.engine.inquiries import STATUS_SLICE_MAX
from fixgw.sequencer import BATCH_MAX, INBOX_MAX, UNFINISHED_MAX, Sequencer, Watch
from fixgw.spec.commands import Command, DelistInstrument
from fixgw.spec.events import CancelRejected, MassCanceled, OrderAccepted, VenueConfigured
from fixgw.spec.inquiries import Answer, MassStatusAnswer, MassStatusInquiry, OrderStatusAnswer, OrderStatusInquiry
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.values import MassStatusReqType, Side
from tests.orders import ALICE, BOB, buy, cancel, configuration, mass_cancel, sell

DISK_FULL = OSError("No space left on device")


class FakeJournal:
    """Remembers, and writes down in ``log`` what was asked of it; fails at the flush of ``fails_at``."""

    def __init__(self, log: list[str], next_sequence: int = 1, fails_at: int | None = None) -> None:
        self.next_sequence = next_sequence
        self.frames: list[Sequenced] = []
        self.flushes = 0
        self._log = log
        self._fails_at = fails_at

    def append(self, sequenced: Sequenced) -> None:
        self.frames.append(sequenced)
        self._log.append(f"append {sequenced.sequence}")

    def flush(self) -> None:
        self.flushes += 1
        if self.flushes == self._fails_at:
            raise DISK_FULL
        self._log.append("flush")

    def try_again(self) -> bool:
        return True


class FakeListener:
    def __init__(self, log: list[str]) -> None:
        self.told: list[Sequenced] = []
        self.answers: list[tuple[Answer, int]] = []
        self.answered_in_full = threading.Event()
        self._log = log

    def tell(self, sequenced: Sequenced) -> None:
        self.told.append(sequenced)
        self._log.append(f"tell {sequenced.sequence}")

    def tell_answer(self, answer: Answer, time_ns: int) -> None:
        self.answers.append((answer, time_ns))
        self._log.append("answer")
        if isinstance(answer, MassStatusAnswer) and answer.is_last:
            self.answered_in_full.set()

    def refuse(self, command: Command, text: str) -> None:
        raise AssertionError((command, text))


class FakeWatch:
    """A clock that is a nanosecond later at each look, and what it was told."""

    def __init__(self) -> None:
        self.clock_ns = count(1).__next__
        self.told: list[tuple[int, ...]] = []

    def processed(self, *commands_and_times: int) -> None:
        self.told.append(commands_and_times)


class House:
    """A sequencer between a fake journal and a fake listener; ``log`` has what all of them did, in order."""

    def __init__(
        self,
        *,
        next_sequence: int = 1,
        fails_at: int | None = None,
        clock_ns: Callable[[], int] = lambda: 1_000,
        last_time_ns: int = 0,
        watch: Watch | None = None,
    ) -> None:
        self.log: list[str] = []
        self.journal = FakeJournal(self.log, next_sequence, fails_at)
        self.listener = FakeListener(self.log)
        self.core = Core()
        self.sequencer = Sequencer(self.core, self.journal, self.listener, clock_ns, last_time_ns, watch)

    def run(self, *requests: Command | OrderStatusInquiry | MassStatusInquiry) -> None:
        """Put all in line, then work until there is nothing to do."""
        for request in requests:
            assert self.sequencer.offer(request)
        self.work_off()

    def work_off(self) -> None:
        while self.sequencer.work():
            pass


def status_of(cl_ord_id: str) -> OrderStatusInquiry:
    return OrderStatusInquiry(ALICE.session, ALICE.firm, cl_ord_id, None, None, "AAPL", Side.BUY)


def status_of_all(req_id: str) -> MassStatusInquiry:
    return MassStatusInquiry(ALICE.session, ALICE.firm, req_id, MassStatusReqType.ALL_ORDERS, None, None)


def test_a_batch_is_decided_written_once_and_only_then_told() -> None:
    house = House()

    house.run(configuration(), buy(10, at="100"), sell(10, at="100", by=BOB))

    assert house.log == ["append 1", "append 2", "append 3", "flush", "tell 1", "tell 2", "tell 3"]
    assert house.listener.told == house.journal.frames


def test_an_order_alone_is_worked_at_once_and_no_number_is_sure_meanwhile() -> None:
    """QuickFIX has not counted its message yet: what it expects next is not for the journal."""
    house = House()
    house.run(configuration())
    is_idle: list[bool] = []
    tell = house.listener.tell

    def look(sequenced: Sequenced) -> None:
        is_idle.append(house.sequencer.is_idle)
        tell(sequenced)

    house.listener.tell = look  # type: ignore[method-assign]

    assert house.sequencer.work_at_once(buy(10, at="10.00"))

    assert house.log[-3:] == ["append 2", "flush", "tell 2"]
    assert (is_idle, house.sequencer.is_idle, house.sequencer.waiting) == ([False], True, 0)


def test_an_order_is_not_worked_at_once_when_something_comes_before_it() -> None:
    house = House()
    house.run(configuration())

    house.sequencer.offer(buy(10, at="10.00"))
    assert not house.sequencer.work_at_once(sell(10, at="10.00", by=BOB))
    house.work_off()
    house.sequencer.suspend("no space left on device")
    assert not house.sequencer.work_at_once(sell(10, at="10.00", by=BOB))

    assert [each.sequence for each in house.journal.frames] == [1, 2]


def test_an_order_alone_is_timed_as_a_batch_of_one() -> None:
    watch = FakeWatch()
    house = House(watch=watch)
    house.run(configuration())
    watch.told.clear()

    house.sequencer.work_at_once(buy(10, at="10.00"))

    assert watch.told == [(1, 5, 6, 7, 8)]


def test_a_batch_is_timed_as_one() -> None:
    """Begun, decided, written, told: four looks at the clock, however many commands."""
    watch = FakeWatch()

    House(watch=watch).run(configuration(), buy(10, at="100"), sell(10, at="100", by=BOB))

    assert watch.told == [(3, 1, 2, 3, 4)]


def test_an_inquiry_is_not_timed_as_a_command() -> None:
    """It divides a batch; what comes after it begins after it."""
    watch = FakeWatch()

    House(watch=watch).run(configuration(), status_of("a"), buy(10, at="100"), status_of("b"))

    assert watch.told == [(1, 1, 2, 3, 4), (1, 5, 6, 7, 8)]


def test_a_frame_is_the_command_with_its_place_its_time_and_its_events() -> None:
    house = House(next_sequence=7, clock_ns=lambda: 1_234)
    command = mass_cancel()

    house.run(configuration(), command)

    configured, canceled = house.journal.frames
    assert configured == Sequenced(7, 1_234, configuration(), (VenueConfigured(),))
    assert (canceled.sequence, canceled.time_ns, canceled.command) == (8, 1_234, command)
    (event,) = canceled.events
    assert isinstance(event, MassCanceled)
    assert event.order_id == "2.0"


def test_orders_read_before_a_change_of_instruments_are_decided_before_it() -> None:
    """Their numbers are in the scales of what was listed then; however many wait, none is left for later."""
    house = House()
    delist = DelistInstrument("olivia", "a reason", "AAPL", True)
    orders = [buy(1, at="1") for _ in range(BATCH_MAX + 1)]
    house.run(configuration())

    assert house.sequencer.offer(delist)
    assert all(map(house.sequencer.offer, orders))
    assert house.sequencer.work()

    assert [frame.command for frame in house.journal.frames] == [configuration(), *orders, delist]
    assert house.sequencer.waiting == 0


def test_nothing_is_told_when_the_journal_fails_and_work_ends_with_it() -> None:
    house = House(fails_at=2)
    house.sequencer.process([configuration()])

    with pytest.raises(OSError, match="No space left"):
        house.run(buy(10, at="100"), status_of("c1"))

    assert house.log == ["append 1", "flush", "tell 1", "append 2"]
    assert house.listener.answers == []


def test_nothing_is_told_when_a_later_command_of_the_batch_fails() -> None:
    """A fault of ours must not let out half a batch that was never flushed."""
    house = House()
    faulty = Sequenced(1, 1, configuration(), ())  # no command at all

    with pytest.raises(AssertionError):
        house.sequencer.process([configuration(), faulty])  # type: ignore[list-item]

    assert house.log == ["append 1"]


def test_answers_and_reports_come_in_the_order_of_the_requests() -> None:
    house = House()
    order = buy(10, at="100", cl_ord_id="a1")

    house.run(configuration(), status_of("a1"), order, status_of("a1"), cancel(order), status_of("a1"))

    assert house.log == [
        *("append 1", "flush", "tell 1", "answer"),
        *("append 2", "flush", "tell 2", "answer"),
        *("append 3", "flush", "tell 3", "answer"),
    ]
    states = [answer.order for answer, _ in house.listener.answers if isinstance(answer, OrderStatusAnswer)]
    assert [None if state is None else state.leaves_qty for state in states] == [None, 10, 0]


def test_inquiries_are_not_written_down() -> None:
    house = House()

    house.run(configuration(), status_of("a1"), status_of_all("m1"))

    assert [frame.sequence for frame in house.journal.frames] == [1]


def test_time_never_falls_when_the_clock_steps_back() -> None:
    times = iter([500, 900, 400, 300, 901])
    house = House(clock_ns=lambda: next(times), last_time_ns=600)

    house.sequencer.process([configuration(), mass_cancel(), mass_cancel()])
    house.sequencer.process([status_of("a1")])
    house.sequencer.process([mass_cancel()])

    assert [frame.time_ns for frame in house.journal.frames] == [600, 900, 900, 901]
    assert [time_ns for _, time_ns in house.listener.answers] == [900]


def test_beyond_inbox_max_the_door_is_told_no() -> None:
    house = House()
    request = mass_cancel()

    assert all(house.sequencer.offer(request) for _ in range(INBOX_MAX))
    assert not house.sequencer.offer(request)
    house.work_off()
    assert len(house.journal.frames) == INBOX_MAX
    assert house.sequencer.offer(request)


def test_work_says_whether_there_was_any() -> None:
    house = House()
    assert not house.sequencer.work()

    house.sequencer.offer(configuration())

    assert house.sequencer.work()
    assert not house.sequencer.work()


def test_a_batch_is_never_longer_than_batch_max() -> None:
    house = House()

    house.run(configuration(), *(mass_cancel() for _ in range(2 * BATCH_MAX + 4)))

    assert batch_lengths(house.log) == [BATCH_MAX, BATCH_MAX, 5]


def batch_lengths(log: list[str]) -> list[int]:
    lengths, appended = [], 0
    for entry in log:
        if entry == "flush":
            lengths.append(appended)
            appended = 0
        appended += entry.startswith("append")
    return lengths


def test_offers_of_many_threads_are_all_told_in_one_order() -> None:
    house = House(clock_ns=count(1).__next__)
    house.sequencer.process([configuration()])

    def offer(by: int) -> None:
        for number in range(200):
            assert house.sequencer.offer(buy(1, at="1", cl_ord_id=f"{by}.{number}"))

    doors = [threading.Thread(target=offer, args=(number,)) for number in range(3)]
    for door in doors:
        door.start()
    while any(door.is_alive() for door in doors):
        house.sequencer.work()
    house.work_off()

    assert [frame.sequence for frame in house.listener.told] == list(range(1, 602))
    accepted = [event.order.cl_ord_id for frame in house.listener.told for event in accepted_of(frame)]
    for by in range(3):
        assert [each for each in accepted if each.startswith(f"{by}.")] == [f"{by}.{n}" for n in range(200)]


def accepted_of(frame: Sequenced) -> Iterator[OrderAccepted]:
    return (event for event in frame.events if isinstance(event, OrderAccepted))


# Long answers.


def house_with(orders: int) -> House:
    house = House()
    house.sequencer.process([configuration(), *(buy(1, at="1") for _ in range(orders))])
    house.log.clear()
    return house


def reports_of(house: House, req_id: str) -> list[int]:
    """Return how many orders each slice of the answer to ``req_id`` had."""
    answers = [answer for answer, _ in house.listener.answers if isinstance(answer, MassStatusAnswer)]
    return [len(answer.orders) for answer in answers if answer.inquiry.mass_status_req_id == req_id]


def test_a_long_answer_takes_turns_with_commands() -> None:
    house = house_with(3 * STATUS_SLICE_MAX)

    house.sequencer.process([status_of_all("m1"), mass_cancel(BOB)])
    assert reports_of(house, "m1") == [STATUS_SLICE_MAX, STATUS_SLICE_MAX]
    house.sequencer.process([mass_cancel(BOB)])

    assert reports_of(house, "m1") == [STATUS_SLICE_MAX] * 3
    assert [entry for entry in house.log if not entry.startswith(("append", "tell"))] == [
        "answer",
        "flush",
        "answer",
        "flush",
        "answer",
    ]


def test_long_answers_are_finished_before_the_venue_stops() -> None:
    house = house_with(3 * STATUS_SLICE_MAX + 1)

    house.run(status_of_all("m1"), status_of_all("m2"))

    for req_id in ("m1", "m2"):
        assert reports_of(house, req_id) == [STATUS_SLICE_MAX] * 3 + [1]


def test_few_long_answers_are_kept_waiting_however_many_are_asked_for() -> None:
    house = house_with(2 * STATUS_SLICE_MAX)
    many = UNFINISHED_MAX + 20

    house.sequencer.process([status_of_all(f"m{number}") for number in range(many)])

    finished = [number for number in range(many) if len(reports_of(house, f"m{number}")) == 2]
    assert finished == list(range(20))


def test_an_idle_sequencer_goes_on_with_an_answer() -> None:
    house = house_with(3 * STATUS_SLICE_MAX)
    house.sequencer.process([status_of_all("m1")])
    assert reports_of(house, "m1") == [STATUS_SLICE_MAX] * 2

    assert house.sequencer.work()

    assert reports_of(house, "m1") == [STATUS_SLICE_MAX] * 3
    assert not house.sequencer.work()


def test_every_command_has_an_answer() -> None:
    house = House()

    house.run(configuration(), cancel(buy(1, at="1")))

    (event,) = house.listener.told[1].events
    assert isinstance(event, CancelRejected)
