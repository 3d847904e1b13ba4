"""Cold segments of a real venue: packed beside trading, and read by the next start and by who follows anew."""

from pathlib import Path

from fixgw.config import load
from fixgw.core import Core
from fixgw.journal import JournalWriter
from fixgw.journal.follower import Follower
from fixgw.spec.commands import Command, ConfigureVenue
from fixgw.spec.sequenced import Sequenced
from tests.orders import buy
from tests.wire.processes import House
from tests.wire.venue import WAIT_S, Trader, wait_for

ORDERS = 300
SEGMENT_SIZE_MAX = 8_192


def write_a_past(data: Path) -> tuple[str, str]:
    """Write a journal of many small segments, as a venue would have; return its first ClOrdID and its last."""
    config, core = load(data.parent, {}), Core()
    orders = [buy(1, at="10.00") for _ in range(ORDERS)]
    journal = JournalWriter.open(data / "journal", segment_size_max=SEGMENT_SIZE_MAX)
    commands: tuple[Command, ...] = (
        ConfigureVenue(config.instruments, config.limits, config.participants),
        *orders,
    )
    for sequence, command in enumerate(commands, 1):
        journal.append(Sequenced(sequence, 1_000 * sequence, command, core.decide(command)))
        journal.flush()
    journal.close()
    return orders[0].cl_ord_id, orders[-1].cl_ord_id


def test_a_venue_starts_from_packed_segments(tmp_path: Path) -> None:
    """They are packed while it trades; both it and who follows begin again from them."""
    house = House(tmp_path)
    first, last = write_a_past(house.data)
    journal = house.data / "journal"
    plain = len(list(journal.glob("*.journal")))
    assert plain > 3
    with house.start("gateway", "snapshotter"):
        wait_for(lambda: len(list(journal.glob("*.zst"))) == plain - 2, WAIT_S, "all but two segments are packed")
        with Trader("CLIENT1", house.port("ORDER_ENTRY")) as alice:
            alice.logon(WAIT_S)
            order = alice.buy("1", "10.00")
            alice.expect({150: "0", 11: order}, WAIT_S)
            house["gateway"].kill()
            house["gateway"].start()
            alice.wait_closed(WAIT_S)
            alice.logon(WAIT_S, reset=False)
            assert {alice.ask_status(each)[39] for each in (first, last, order)} == {"0"}
            alice.logout()
            assert alice.invalid == []
    follower = Follower(journal)
    frames = follower.read(10 * ORDERS)
    follower.close()
    assert [frame.sequence for frame in frames] == list(range(1, len(frames) + 1))
    assert len(frames) > ORDERS
