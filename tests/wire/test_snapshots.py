"""A start from a snapshot is a start from the whole journal: orders, numbers, and every message that was ever sent."""

import logging
import random
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from fixgw import snapshots
from fixgw.fix.ledger import CHECKPOINT_EVERY
from fixgw.journal import snapshot
from fixgw.journal.reader import read, read_header
from tests.wire.test_numbers import NOW, all_again, body, busy, by_number, received, restart
from tests.wire.venue import ROOT, WAIT_S, Trader, Venue, new_id, wait_for

Damage = Callable[[Path], None]


def take_snapshot(data: Path) -> Path:
    """What the process that takes snapshots does, at the end of the journal as it is."""
    beside = snapshots.Beside()
    for frame in read(data / "journal"):
        beside.follow(frame)
    return snapshot.write(data / snapshots.FOLDER, beside.taken(venue_id(data)))


def venue_id(data: Path) -> UUID:
    header = read_header(data / "journal")
    assert header is not None
    return header.venue_id


def logged_on(venue: Venue) -> tuple[Trader, Trader]:
    traders = Trader("CLIENT1", venue.port), Trader("CLIENT2", venue.port)
    for trader in traders:
        trader.logon(WAIT_S)
    return traders


def busy_again(alice: Trader, bob: Trader) -> None:
    alice.send([(35, "q"), (11, new_id()), (530, "7"), (60, NOW)])
    alice.expect({35: "r"}, WAIT_S, skip=True)
    busy(alice, bob)


def test_old_messages_are_sent_again_as_they_were(own_venue: Venue) -> None:
    """Item 5: before the snapshot, over it, and after; the same numbers, bodies and original times."""
    own_venue.start()
    alice, bob = logged_on(own_venue)
    with alice, bob:
        busy(alice, bob)
        take_snapshot(own_venue.data)
        before = {trader: by_number(received(trader)) for trader in (alice, bob)}
        restart(own_venue, alice, bob)
        busy_again(alice, bob)
        for trader in (alice, bob):
            before[trader] |= by_number(received(trader))

        for trader in (alice, bob):
            again = by_number(all_again(trader))
            assert again.keys() == before[trader].keys()
            for number, message in again.items():
                assert body(message) == body(before[trader][number])
                assert message[43] == "Y"
                assert message[122][:17] <= before[trader][number][52][:17]
        assert alice.invalid + bob.invalid == []
    own_venue.stop()


@pytest.mark.parametrize("damage", [None, lambda path: path.write_bytes(path.read_bytes()[:-9])])
def test_orders_go_on_where_they_were(own_venue: Venue, damage: Damage | None) -> None:
    """A damaged snapshot is as none: the journal before it is read instead."""
    own_venue.start()
    alice, bob = logged_on(own_venue)
    with alice, bob:
        resting = [alice.sell("5", price) for price in ("50.00", "50.00", "51.00")]
        order_ids = [alice.expect({150: "0", 11: order})[37] for order in resting]
        path = take_snapshot(own_venue.data)
        if damage:
            damage(path)
        last = alice.sell("5", "50.00")
        alice.expect({150: "0", 11: last})
        restart(own_venue, alice, bob)

        bob.buy("16", "51.00")

        fills = [alice.expect({150: "F"}) for _ in range(4)]
        assert [fill[11] for fill in fills] == [resting[0], resting[1], last, resting[2]]
        assert [fills[0][37], fills[1][37], fills[3][37]] == order_ids
        duplicate = alice.order(resting[0], "1", "1", "1.00")
        assert alice.expect({150: "8", 11: duplicate})[103] == "6"
        warned = "the one before is taken" in own_venue.stderr.read_text()
        assert warned is (damage is not None)
    own_venue.stop()


def test_another_build_of_quickfix_starts_without_a_snapshot(own_venue: Venue, tmp_path: Path) -> None:
    """Whose objects are not laid out as known: the journal alone brings all messages back."""
    (tmp_path / "sitecustomize.py").write_text("import fixgw.fix.store\nfixgw.fix.store._POINTER_OFFSET += 8\n")
    own_venue.start()
    alice, bob = logged_on(own_venue)
    with alice, bob:
        busy(alice, bob)
        take_snapshot(own_venue.data)
        before = by_number(received(alice))
        own_venue.kill()

        own_venue.start(PYTHONPATH=f"{tmp_path}:{ROOT}")

        assert "this start takes no snapshot" in own_venue.stderr.read_text()
        alice.wait_closed(WAIT_S)
        alice.close()
        alice.logon(WAIT_S, reset=False)
        again = by_number(all_again(alice))
        assert {number: body(message) for number, message in again.items()} == {
            number: body(message) for number, message in before.items()
        }
    own_venue.stop()


def test_a_session_that_begins_anew_after_the_snapshot_has_no_past(own_venue: Venue) -> None:
    own_venue.start()
    alice, bob = logged_on(own_venue)
    with alice, bob:
        busy(alice, bob)
        take_snapshot(own_venue.data)
        alice.logout()
        alice.logon(WAIT_S, reset=True)
        order = alice.buy("1", "1.00")
        alice.expect({150: "0", 11: order})
        restart(own_venue, alice, bob)

        assert [message[11] for message in by_number(all_again(alice)).values()] == [order]

        alice.logout()
        alice.logon(WAIT_S, reset=True)
        assert by_number(all_again(alice)) == {}
    own_venue.stop()


def test_the_ledger_knows_the_numbers_and_where_messages_are(own_venue: Venue) -> None:
    """Against what the client has; and the frames from a checkpoint on are enough."""
    own_venue.start()
    alice, bob = logged_on(own_venue)
    with alice, bob:
        for _ in range(CHECKPOINT_EVERY // 100 + 3):
            for _ in range(100):
                alice.buy("1", f"{random.Random(1).randint(1, 9)}.00")
            alice.ask_status("barrier")
        take_snapshot(own_venue.data)
        start = snapshots.latest(own_venue.data, 2**63 - 1)
        numbers = start.ledger.of("CLIENT1")
        assert (numbers.next_msg_seq_num, numbers.expected_msg_seq_num) == (alice.next_in, alice.next_out)
        assert start.ledger.where("CLIENT1", alice.next_in - 1).sequence == CHECKPOINT_EVERY
        assert start.ledger.where("CLIENT1", 2).sequence == 0
        restart(own_venue, alice, bob)

        alice.log.clear()
        alice.next_in = first = numbers.next_msg_seq_num - 20
        alice.send([(35, "2"), (7, str(first)), (16, str(first + 5))])
        wait_for(lambda: alice.next_in >= first + 6, WAIT_S, "what was asked for")
        assert "6 messages" in own_venue.stderr.read_text()
    own_venue.stop()


def test_the_process_takes_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Beside a venue; it goes on from its own, and what it finds is what a replay finds."""
    caplog.set_level(logging.INFO)
    venue = Venue(tmp_path / "data").start()
    alice, bob = logged_on(venue)
    with alice, bob:
        for _ in range(3):
            busy_again(alice, bob)
            frames = sum(1 for _ in read(venue.data / "journal"))
            turns = iter(range(1_000))
            snapshots.run(venue.data, lambda: next(turns) > 3, lambda: None, every=10)  # noqa: B023
        newest = next(snapshot.usable(venue.data / snapshots.FOLDER, venue_id(venue.data), frames))
        assert newest.sequence > frames - 10
        beside = snapshots.Beside()
        for frame in read(venue.data / "journal"):
            if frame.sequence <= newest.sequence:
                beside.follow(frame)
        assert beside.taken(newest.venue_id) == newest
    venue.stop()
