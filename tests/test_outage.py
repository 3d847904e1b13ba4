"""The sequencer on a disk that fails: what could not be written was never decided, and is refused with the reason."""

from pathlib import Path
from random import Random

import msgspec
import pytest

from fixgw.core import Core
from fixgw.journal import JournalFailed, JournalWriter, SyncFailed, read
from fixgw.journal.disk import Disk, Durability
from fixgw.sequencer import Sequencer
from fixgw.spec.commands import Command, NewOrder, UseNumber
from fixgw.spec.inquiries import Answer
from fixgw.spec.sequenced import Sequenced
from tests.journal.failing_disk import CountingDisk, FailingDisk
from tests.orders import BOB, buy, configuration, sell

HEARTBEAT = UseNumber("CLIENT1", 7, 5, "0", None)


class Listener:
    """Remembers who was told, and who was refused."""

    def __init__(self) -> None:
        self.told: list[Sequenced] = []
        self.refused: list[Command] = []
        self.reasons: set[str] = set()

    def tell(self, sequenced: Sequenced) -> None:
        self.told.append(sequenced)

    def tell_answer(self, answer: Answer, time_ns: int) -> None:
        raise AssertionError((answer, time_ns))

    def refuse(self, command: Command, text: str) -> None:
        self.refused.append(command)
        self.reasons.add(text)


class House:
    """A sequencer with a real journal on a disk of the test's."""

    def __init__(self, folder: Path, disk: Disk, durability: Durability = Durability.PROCESS) -> None:
        self.folder = folder
        self.journal = JournalWriter.open(folder, disk=disk, durability=durability)
        self.listener = Listener()
        self.sequencer = Sequencer(
            Core(), self.journal, self.listener, lambda: 1_000, core_of_journal=self.core_of_journal
        )

    def core_of_journal(self) -> Core:
        core = Core()
        core.replay(read(self.folder))
        return core

    def run(self, *requests: Command) -> None:
        for request in requests:
            assert self.sequencer.offer(request)
        while self.sequencer.work():
            pass

    @property
    def written(self) -> list[Sequenced]:
        return list(read(self.folder))


def encoded(core: Core) -> bytes:
    return msgspec.msgpack.encode(core.state())


def any_order(random: Random) -> Command:
    qty = random.randrange(1, 9)
    return buy(qty, at="100") if random.randrange(2) else sell(qty, at="100", by=BOB)


class FullDisk(Disk):
    """Full while ``is_full``."""

    is_full = False

    def write(self, file: int, data: bytes | memoryview) -> int:
        if self.is_full:
            raise OSError(28, "No space left on device")
        return super().write(file, data)


@pytest.fixture
def disk() -> FullDisk:
    return FullDisk()


@pytest.fixture
def house(tmp_path: Path, disk: FullDisk) -> House:
    house = House(tmp_path, disk)
    house.run(configuration(), sell(10, at="100", by=BOB))
    return house


def test_a_batch_that_cannot_be_written_is_refused_and_undone(house: House, disk: FullDisk) -> None:
    """Bob's order would have traded: it is open again, as the journal says."""
    disk.is_full = True
    order, after = buy(10, at="100"), buy(1, at="99")

    house.run(order)
    house.run(after)

    assert house.listener.refused == [order, after]
    reason = "the venue cannot write its journal: No space left on device; try again later"
    assert house.listener.reasons == {reason}
    assert house.listener.told == house.written
    assert house.sequencer.core.exchange.market.orders.count_open() == 1


def test_orders_are_taken_again_when_the_disk_is_good(house: House, disk: FullDisk) -> None:
    """The same order, sent again under the same ClOrdID(11), is no duplicate: it was never there."""
    order = buy(10, at="100")
    disk.is_full = True
    house.run(order)
    assert not house.sequencer.try_again()
    disk.is_full = False

    assert house.sequencer.try_again()
    house.run(order)

    assert house.listener.told == house.written
    assert house.written[-1].command == order
    assert house.sequencer.core.exchange.market.orders.count_open() == 0


def test_what_sessions_are_told_meanwhile_is_written_first(house: House, disk: FullDisk) -> None:
    """Their numbers keep their order, before anything that is decided later."""
    disk.is_full = True
    house.sequencer.record(HEARTBEAT)
    house.run(buy(10, at="100"))
    house.sequencer.record(HEARTBEAT)
    before = len(house.written)
    assert house.sequencer.held == 2

    disk.is_full = False
    assert house.sequencer.try_again()
    house.run(buy(1, at="99"))

    assert [type(frame.command) for frame in house.written[before:]] == [UseNumber, UseNumber, NewOrder]
    assert house.sequencer.held == 0


def test_a_sync_that_fails_stops_the_venue(tmp_path: Path) -> None:
    """The batch is in the journal and may be safe or not: only a restart that syncs it can tell."""
    disk = CountingDisk()
    house = House(tmp_path, disk, Durability.DISK)
    house.run(configuration())
    disk.fails_to_sync = True

    with pytest.raises(SyncFailed):
        house.run(buy(10, at="100"))

    assert len(house.listener.told) == 1
    assert len(house.written) == 2


def test_without_a_way_back_a_failed_write_stops_the_venue(tmp_path: Path, disk: FullDisk) -> None:
    journal = JournalWriter.open(tmp_path, disk=disk)
    sequencer = Sequencer(Core(), journal, Listener(), lambda: 1_000)
    disk.is_full = True

    with pytest.raises(JournalFailed):
        sequencer.process([configuration()])


@pytest.mark.parametrize("seed", range(20))
def test_who_was_told_is_in_the_journal_and_who_was_refused_is_not(tmp_path: Path, seed: int) -> None:
    """Orders and messages of sessions on a disk that fails at random, and works in the end."""
    random = Random(seed)
    disk = FailingDisk(random)
    disk.is_good = True
    house = House(tmp_path, disk)
    house.run(configuration())
    disk.is_good = False
    offered: list[Command] = []
    for number in range(150):
        batch = [any_order(random) for _ in range(random.randrange(1, 5))]
        offered += batch
        house.run(*batch)
        if random.randrange(2):
            house.sequencer.record(UseNumber("CLIENT1", number + 1, 1, "0", None))
        if house.sequencer.suspended_by:
            house.sequencer.try_again()
    disk.is_good = True
    assert not house.sequencer.suspended_by or house.sequencer.try_again()
    house.run(buy(1, at="100"))

    written = house.written
    orders = [frame for frame in written if not isinstance(frame.command, UseNumber)]
    assert house.listener.told == orders
    assert house.listener.refused
    assert sorted(map(repr, [*house.listener.refused, *(frame.command for frame in orders[1:-1])])) == sorted(
        map(repr, offered)
    )
    assert encoded(house.core_of_journal()) == encoded(house.sequencer.core)
