"""Days that are gone: a venue whose oldest segments were removed starts again, and nobody misses anything but them."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from fixgw import snapshots
from fixgw.cli.process import _followers
from fixgw.client.protocol import Direction
from fixgw.config import load
from fixgw.core import Core
from fixgw.fix.ledger import CHECKPOINT_EVERY
from fixgw.fix.outbound import Encoder
from fixgw.journal import JournalWriter, read, snapshot
from fixgw.journal.position import Position
from fixgw.journal.reader import first_kept
from fixgw.marketdata import channel, embedded
from fixgw.marketdata.words import book_in_words
from fixgw.snapshots import FOLDER, Beside, state_hash
from fixgw.spec.commands import Command, ConfigureVenue, NewOrder, UseNumber
from fixgw.spec.sequenced import Sequenced
from tests.cli.command import fixgw
from tests.marketdata.redis_server import redis_server
from tests.orders import ALICE, BOB, buy, sell
from tests.wire.processes import House
from tests.wire.test_fix_marketdata import request
from tests.wire.test_metrics import readiness, scrape, value
from tests.wire.test_resends import ask_for, wait_until
from tests.wire.venue import WAIT_S, Trader, Venue, wait_for
from tests.wire.whole import body, report_fields

DAY_NS = 86_400 * 10**9
DAYS_AGO = (10, 9, 8, 7, 1, 0)
FRAMES_A_DAY = 2_000
FRAMES = len(DAYS_AGO) * FRAMES_A_DAY
OLD = 4 * FRAMES_A_DAY
"""Frames that are older than KEEP_DAYS."""
KEEP_DAYS = "5"
SNAPSHOTS_AT = (9_500, 10_500, 11_500)
SEGMENT_SIZE = 1 << 18
PATIENCE_S = 90.0
"""Segments are packed and removed by a process that has the processor when nobody else wants it."""


class Past:
    """Days of trading of Alice and Bob, as a venue would have written them down, and a venue that knows all of it."""

    def __init__(self, data: Path, snapshots_at: tuple[int, ...] = SNAPSHOTS_AT) -> None:
        config, core = load(data.parent, {}), Core()
        self.data = data
        self.beside = Beside()
        self.frames: list[Sequenced] = []
        self._asked = {ALICE.session: 1, BOB.session: 1}
        """By session: the number of its last message."""
        self._now_ns = time.time_ns()
        writer = JournalWriter.open(data / "journal", segment_size_max=SEGMENT_SIZE)
        commands = self._commands(ConfigureVenue(config.instruments, config.limits, config.participants, 7))
        for sequence in range(1, FRAMES + 1):
            command = next(commands)
            frame = Sequenced(sequence, self._time_ns(sequence), command, core.decide(command))
            writer.append(frame)
            if sequence % 50 == 0:
                writer.flush()
            self.frames.append(frame)
            self.beside.note(frame)
            if sequence in snapshots_at:
                self.beside.core = core
                snapshot.write(data / FOLDER, self.beside.taken(writer.venue_id))
        self.beside.core = core
        writer.close()
        self.venue_id = writer.venue_id

    def _time_ns(self, sequence: int) -> int:
        day, number = divmod(sequence - 1, FRAMES_A_DAY)
        return self._now_ns - DAYS_AGO[day] * DAY_NS - (FRAMES_A_DAY - number) * 10**6

    def _commands(self, configuration: ConfigureVenue) -> Iterator[Command]:
        yield configuration
        for session in self._asked:
            yield UseNumber(session, 1, 2, "A", None)
        for number in range(FRAMES):
            price = 4 * number // FRAMES_A_DAY
            yield self._of_session(sell(10, at="101.00", by=ALICE))
            yield self._of_session(buy(10, at="101.00", by=BOB))
            yield self._of_session(buy(1, at=f"{90 + price}.00", by=BOB))
            yield self._of_session(sell(1, at=f"{110 + price}.00", by=ALICE))

    def _of_session(self, order: NewOrder) -> NewOrder:
        self._asked[order.session] += 1
        return msgspec.structs.replace(order, msg_seq_num=self._asked[order.session])

    def resume(self, session: str, port: int) -> Trader:
        """Log on as the client that was there before, with the numbers that it has."""
        trader = Trader(session, port, reset=False)
        numbers = self.beside.ledger.of(session)
        trader.next_out, trader.next_in = numbers.expected_msg_seq_num, numbers.next_msg_seq_num
        trader.logon(WAIT_S, reset=False)
        return trader

    def read_on(self) -> None:
        """Follow what the venue has written since."""
        for frame in read(self.data / "journal", self.beside.sequence + 1):
            self.frames.append(frame)
            self.beside.follow(frame)


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return Past(tmp_path / "var")


class Whole(House):
    """All that reads the journal, on the days that are past; what packs and removes runs in this process."""

    NAMES = ("gateway", "publisher", "drop-copy", "market-data", "metrics")

    def __init__(self, folder: Path, data: Path) -> None:
        super().__init__(folder)
        self.folder, self.data = folder, data

    def start_all(self) -> None:
        self.start(*self.NAMES)

    def kill_all(self) -> None:
        """As when the machine kills them."""
        for process in self.processes.values():
            process.kill()

    def does(self, *arguments: str) -> Any:
        result = self.tells(*arguments, "--json")
        assert result.returncode == 0, (arguments, result.stdout, result.stderr)
        return json.loads(result.stdout)

    def tells(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return fixgw(self.folder, *arguments, "--data", str(self.data), **self.ports)


@pytest.fixture
def venue(tmp_path: Path, past: Past) -> Iterator[Whole]:
    with redis_server(past.data), Whole(tmp_path, past.data) as venue:
        yield venue


def is_shortened(data: Path) -> bool:
    """Whether all is gone that may go: the segment that has the first young frame stays."""
    kept = sorted(int(path.name[:20]) for path in (data / "journal").glob("*.journal*"))
    return kept[0] > 1 and kept[1] > OLD


def gap_fills(trader: Trader) -> list[tuple[int, int]]:
    """MsgSeqNum(34) and NewSeqNo(36) of the gap fills that came."""
    return [
        (int(message[34]), int(message[36]))
        for direction, message in list(trader.log)
        if direction is Direction.IN and message.msg_type == "4" and message[123] == "Y"
    ]


def again(trader: Trader) -> dict[int, dict[int, str]]:
    """The reports that were sent again, by their numbers."""
    return {
        int(message[34]): body(message)
        for direction, message in list(trader.log)
        if direction is Direction.IN and message.msg_type == "8" and message.get(43) == "Y"
    }


def test_nobody_misses_what_was_removed(venue: Whole, past: Past) -> None:
    venue.start_all()
    with snapshotter(venue.data):
        wait_for(lambda: is_shortened(venue.data), PATIENCE_S, "the oldest segments are gone")
    first = first_kept(venue.data / "journal")
    assert OLD - 2_000 < first <= OLD + 1
    alice, bob = (past.resume(session, venue.port("ORDER_ENTRY")) for session in ("CLIENT1", "CLIENT2"))
    with alice, bob:
        trade(alice, bob)
        venue.kill_all()
        past.read_on()
        verified = venue.does("journal", "verify")
        assert verified["right"]
        assert (verified["first_sequence"], verified["last_sequence"]) == (first, past.beside.sequence)
        assert verified["begun_after"] == SNAPSHOTS_AT[0]
        assert verified["state_hash"] == state_hash(past.beside.core, past.beside.ledger).hex()
        with redis.Redis.from_url(embedded.url(venue.data, None)) as client:
            client.flushall()  # as when it was killed, too

        venue.start_all()
        for trader in (alice, bob):
            trader.wait_closed(WAIT_S)
            trader.close()
            trader.logon(WAIT_S, reset=False)
        trade(alice, bob)
        old_messages_are_a_gap(alice, past)
        past.read_on()
        market_data_is_right(venue, past)
        metrics_are_right(venue, past)
        drop_copy_has_all(venue, past)
        assert alice.invalid + bob.invalid == []
    the_commands_begin_with_what_is_there(venue, first)
    past.read_on()
    assert venue.does("journal", "verify")["state_hash"] == state_hash(past.beside.core, past.beside.ledger).hex()


def test_all_who_read_say_how_far_they_are(venue: Whole) -> None:
    """Under the names that what removes asks for: nobody is forgotten, and nobody is waited for in vain."""
    names = set(_followers(load(venue.folder, {})))
    venue.start_all()

    wait_for(
        lambda: {path.name for path in (venue.data / "positions").glob("[!.]*")} - {"drop-copy"} == names,
        PATIENCE_S,
        f"the positions of {names}",
    )


def trade(alice: Trader, bob: Trader) -> None:
    """Under the numbers that they have; with orders of days that are gone as well."""
    order = alice.sell("3", "100.00")
    alice.expect({150: "0", 11: order}, WAIT_S, skip=True)
    taker = bob.buy("3", "100.00")
    assert bob.expect({150: "F", 11: taker}, WAIT_S, skip=True)[39] == "2"
    alice.expect({150: "F", 11: order}, WAIT_S, skip=True)
    taker = alice.sell("1", "95.00")  # the best bids are from the last day
    assert alice.expect({150: "F", 11: taker}, WAIT_S, skip=True)[31] == "95.00"


def old_messages_are_a_gap(alice: Trader, past: Past) -> None:
    """One gap fill up to what the frames still tell, rounded up to a checkpoint; then every report as it was."""
    checkpoint = -(-OLD // CHECKPOINT_EVERY) * CHECKPOINT_EVERY
    numbers = next(each for each in past.beside.ledger.checkpoints if each.sequence == checkpoint).next_msg_seq_nums
    begin, end = numbers["CLIENT1"], alice.next_in
    assert 1_000 < begin < end - 1_000
    ask_for(alice, 1)
    wait_until(alice, end)

    assert gap_fills(alice)[0] == (1, begin)
    assert min(came := again(alice)) == begin
    encoder = Encoder()
    wanted = [
        report_fields(report)
        for frame in past.frames
        if checkpoint < frame.sequence <= FRAMES
        for event in frame.events
        for report in encoder.reports(event, frame.time_ns)
        if report.session == "CLIENT1"
    ]
    assert [came[number] for number in range(begin, begin + len(wanted))] == wanted


def market_data_is_right(venue: Whole, past: Past) -> None:
    """In Redis, which was empty and never saw the first days, and over FIX."""
    tape = past.beside.tape
    book = tape.depth.book("AAPL")
    assert book is not None
    wanted = json.loads(json.dumps(book_in_words(book, tape.number, 10)))
    with redis.Redis.from_url(embedded.url(venue.data, None)) as client:

        def says() -> Any:
            text: Any = client.get(channel.book_key("AAPL"))
            return json.loads(text) if text else None

        wait_for(lambda: says() == wanted, WAIT_S, "the book in Redis")
        last: Any = client.xrevrange(channel.STREAM, count=1)
        assert last[0][0] == f"{tape.place[0]}-{tape.place[1]}".encode()
        assert int(last[0][1][channel.NUMBER]) == tape.number
    with Trader("MDATA1", venue.port("MARKET_DATA")) as reader:
        reader.logon(WAIT_S)
        reader.send(request("AAPL", kind="0", depth="1", update=None))
        told = reader.expect({35: "W"}, WAIT_S)
        assert book.bids.best is not None
        assert f"270={book.bids.best.price / 100:.2f}\x01271={book.bids.best.qty}\x01" in told.raw.decode()


def metrics_are_right(venue: Whole, past: Past) -> None:
    port = venue.port("METRICS")
    wait_for(lambda: readiness(port)[0] == 200, WAIT_S, "it is ready")
    open_orders = past.beside.core.exchange.market.orders.count_open()
    wait_for(
        lambda: value(scrape(port), "fixgw_open_orders", symbol="AAPL") == open_orders, WAIT_S, f"{open_orders} open"
    )


def drop_copy_has_all(venue: Whole, past: Past) -> None:
    position = Position(venue.data / "positions", "drop-copy.DROPCOPY")
    wait_for(lambda: position.load() == past.beside.sequence, WAIT_S, "the copies")


def the_commands_begin_with_what_is_there(venue: Whole, first: int) -> None:
    exported = venue.tells("journal", "export", "--to", str(first + 1))
    assert [json.loads(line)["sequence"] for line in exported.stdout.splitlines()] == [first, first + 1]
    assert f"the journal begins with {first}" in venue.tells("journal", "show", "1").stderr
    assert venue.does("journal", "replay", "--symbol", "AAPL")["books"][0]["symbol"] == "AAPL"
    assert "ask for a later moment" in venue.tells("journal", "replay", "--until", str(first)).stderr
    assert f"sequences {first:,} to " in venue.tells("backup", "all.backup").stdout
    restored = fixgw(venue.folder, "restore", "all.backup", "--data", "again", "--verify", "--json")
    assert restored.returncode == 0, restored.stderr
    told = json.loads(restored.stdout)
    assert told["verified"]["first_sequence"] == first
    again = Venue(venue.folder / "again").start()
    assert again.facts["commands_recovered"] == told["last_sequence"]
    again.stop()


@contextmanager
def snapshotter(data: Path) -> Iterator[None]:
    """What its process does, here: as a process it waits until nobody else wants a processor."""
    names = ("publisher", "metrics", "market-data", "drop-copy.DROPCOPY", "drop-copy.DROPALPHA")
    retention = snapshots.retention(data, int(KEEP_DAYS), names)
    is_over = threading.Event()
    thread = threading.Thread(target=snapshots.run, args=(data, is_over.is_set, lambda: None, 1_000, retention))
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_nothing_goes_while_a_follower_lags_or_a_snapshot_is_damaged(
    tmp_path: Path, past: Past, caplog: pytest.LogCaptureFixture
) -> None:
    """And then a new drop-copy session gets what is there, and a venue without any snapshot says what to do."""
    house = House(tmp_path)
    house.data = past.data
    damaged = past.data / FOLDER / f"{SNAPSHOTS_AT[0]:020d}.snapshot"
    right = damaged.read_bytes()
    damaged.write_bytes(right[:-1])
    with snapshotter(past.data):
        wait_for(lambda: "DROPALPHA follows the journal and has not begun" in caplog.text, PATIENCE_S, "the hold")
        for name in ("publisher", "metrics", "market-data", "drop-copy.DROPCOPY", "drop-copy.DROPALPHA"):
            Position(past.data / "positions", name).save(FRAMES)
        wait_for(lambda: f"{damaged} is not right" in caplog.text, PATIENCE_S, "the next hold")
        assert first_kept(past.data / "journal") == 1
        damaged.write_bytes(right)
        wait_for(lambda: is_shortened(past.data), PATIENCE_S, "the oldest segments are gone")
    first = first_kept(past.data / "journal")

    (past.data / "positions" / "drop-copy.DROPALPHA").unlink()
    with house.start("gateway", "drop-copy"), Trader("DROPALPHA", house.port("DROP_COPY"), reset=False) as reader:
        reader.logon(WAIT_S, reset=False)
        assert f"DROPALPHA gets copies from sequence {first} on" in house["drop-copy"].stderr.read_text()
        encoder = Encoder()
        wanted = sum(
            report.session == "CLIENT1"
            for frame in past.frames[first - 1 :]
            for event in frame.events
            for report in encoder.reports(event, frame.time_ns)
        )
        wait_for(lambda: reader.next_in > wanted, PATIENCE_S, f"{wanted} copies")
        assert reader.invalid == []

    for path in snapshot.paths(past.data / FOLDER):
        path.write_bytes(b"nothing")
    refused = fixgw(tmp_path, "process", "gateway", "--data", str(past.data), **house.ports)
    assert refused.returncode == 1
    assert f"begins with sequence {first}: what precedes it is in no snapshot" in refused.stdout
    assert "restore a backup" in refused.stdout
