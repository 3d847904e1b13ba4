"""The sequencer and operators: large cancels take turns with trading, questions are answered between batches."""

import msgspec

from fixgw.core import Core
from fixgw.engine.sweep import SWEEP_SLICE_MAX
from fixgw.sequencer import ASKED_MAX, Sequencer
from fixgw.spec.commands import Command, ContinueSweep, ContinueTriggers, HaltInstrument, Kill, NewOrder
from fixgw.spec.inquiries import Answer, OperatorAnswer, VenueAnswer, VenueInquiry
from fixgw.spec.instructions import Instructions
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.values import OrdType
from tests.orders import AAPL, BOB, buy, configuration, sell

KILL = Kill("olivia", "a drill", "firm:ALPHA")


def too_many_stops() -> list[NewOrder]:
    """Return stop orders that one trade at 1.00 sets off, more than one step lets to the market."""
    until = Instructions(stop_px=AAPL.parse_price("1.00"))
    stop = msgspec.structs.replace(sell(1), ord_type=OrdType.STOP, instructions=until)
    return [msgspec.structs.replace(stop, cl_ord_id=f"s{number}") for number in range(SWEEP_SLICE_MAX + 1)]


class Journal:
    def __init__(self) -> None:
        self.next_sequence = 1
        self.frames: list[Sequenced] = []

    def append(self, sequenced: Sequenced) -> None:
        self.frames.append(sequenced)

    def flush(self) -> None:
        pass

    def try_again(self) -> bool:
        return True


class Nobody:
    def tell(self, sequenced: Sequenced) -> None:
        pass

    def tell_answer(self, answer: Answer, time_ns: int) -> None:
        pass

    def refuse(self, command: Command, text: str) -> None:
        raise AssertionError((command, text))


class House:
    def __init__(self, open_orders: int) -> None:
        self.core, self.journal = Core(), Journal()
        self.sequencer = Sequencer(self.core, self.journal, Nobody(), lambda: 1)
        self.sequencer.process([configuration(), *(buy(1, at="1.00") for _ in range(open_orders))])
        self.journal.frames.clear()
        self.answers: list[OperatorAnswer] = []

    @property
    def commands(self) -> list[type[Command]]:
        return [type(frame.command) for frame in self.journal.frames]


def test_a_large_kill_takes_turns_with_what_clients_send() -> None:
    house = House(open_orders=3 * SWEEP_SLICE_MAX)

    house.sequencer.offer(KILL)
    while house.sequencer.work():
        house.sequencer.offer(sell(1, at="2.00", by=BOB))
        if len(house.commands) > 6:
            break

    assert house.commands[:6] == [Kill, NewOrder, ContinueSweep, NewOrder, ContinueSweep, NewOrder]
    assert house.core.exchange.market.orders.count_open("CLIENT1") == 0


def test_an_order_alone_waits_for_a_sweep_to_end() -> None:
    house = House(open_orders=2 * SWEEP_SLICE_MAX)
    house.sequencer.offer(KILL)
    house.sequencer.work()

    assert not house.sequencer.work_at_once(sell(1, at="2.00", by=BOB))
    house.sequencer.work()

    assert house.sequencer.work_at_once(sell(1, at="2.00", by=BOB))
    assert house.commands == [Kill, ContinueSweep, NewOrder]


def test_an_order_alone_waits_for_those_that_were_set_off_before_it() -> None:
    house = House(open_orders=1)
    house.sequencer.process([*too_many_stops(), sell(1, at="1.00", by=BOB)])
    house.journal.frames.clear()

    assert not house.sequencer.work_at_once(buy(1, at="1.00", by=BOB))
    house.sequencer.work()

    assert house.sequencer.work_at_once(buy(1, at="1.00", by=BOB))
    assert house.commands == [ContinueTriggers, NewOrder]


def test_an_order_alone_does_not_wait_for_what_a_halt_keeps() -> None:
    house = House(open_orders=1)
    halt = HaltInstrument("olivia", "news", "AAPL")
    house.sequencer.process([*too_many_stops(), sell(1, at="1.00", by=BOB), halt])

    assert house.core.exchange.market.triggers.due
    assert house.sequencer.work_at_once(buy(1, at="1.00", symbol="MSFT"))


def test_an_idle_sequencer_goes_on_with_a_sweep_until_it_is_done() -> None:
    house = House(open_orders=2 * SWEEP_SLICE_MAX + 1)
    house.sequencer.offer(KILL)

    while house.sequencer.work():
        pass

    assert house.commands == [Kill, ContinueSweep, ContinueSweep]
    assert house.core.exchange.market.orders.count_open() == 0


def test_a_sweep_goes_on_after_a_restart() -> None:
    house = House(open_orders=2 * SWEEP_SLICE_MAX)
    orders = [buy(1, at="1.00") for _ in range(2 * SWEEP_SLICE_MAX)]
    history: list[Command] = [configuration(), *orders, KILL]
    first, again = Core(), Core()
    again.replay([Sequenced(n, 1, command, first.decide(command)) for n, command in enumerate(history, start=1)])
    house.journal.next_sequence = len(history) + 1
    sequencer = Sequencer(again, house.journal, Nobody(), lambda: 1)

    while sequencer.work():
        pass

    assert house.commands == [ContinueSweep]
    assert again.exchange.market.orders.count_open() == 0


def test_one_question_is_answered_before_each_batch() -> None:
    house = House(open_orders=0)
    for _ in range(2):
        assert house.sequencer.ask(VenueInquiry(), house.answers.append)
    house.sequencer.offer(buy(1, at="1.00"))

    assert house.sequencer.work()
    assert [each.open_orders for each in house.answers if isinstance(each, VenueAnswer)] == [0]
    assert not house.sequencer.work()
    assert [each.open_orders for each in house.answers if isinstance(each, VenueAnswer)] == [0, 1]
    assert house.commands == [NewOrder]


def test_work_goes_on_while_questions_wait() -> None:
    house = House(open_orders=0)
    for _ in range(3):
        house.sequencer.ask(VenueInquiry(), house.answers.append)

    assert house.sequencer.work()
    assert house.sequencer.work()
    assert not house.sequencer.work()
    assert len(house.answers) == 3


def test_beyond_asked_max_an_operator_is_told_no() -> None:
    house = House(open_orders=0)

    assert all(house.sequencer.ask(VenueInquiry(), house.answers.append) for _ in range(ASKED_MAX))

    assert not house.sequencer.ask(VenueInquiry(), house.answers.append)
