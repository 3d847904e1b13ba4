"""Retention: what is old goes when nobody needs it, the oldest first; and who reads on knows that it went."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from fixgw.journal import read, snapshot
from fixgw.journal.cold import pack_all
from fixgw.journal.follower import Follower
from fixgw.journal.packed import content, packed_path
from fixgw.journal.position import Position
from fixgw.journal.reader import NotKept, first_kept, read_header
from fixgw.journal.retention import LOOK_EVERY_S, Retention, readable_from
from fixgw.journal.snapshot import Snapshot
from fixgw.spec.sequenced import Sequenced
from tests.journal.examples import TIME_NS, frame, frames, write

DAY_NS = 86_400 * 10**9
LAST = 20
KEEP_DAYS = 5
FOLLOWERS = ("publisher", "drop-copy.DROPCOPY")

Work = Callable[[], list[int]]


def on_its_day(sequence: int) -> Sequenced:
    """One frame a day."""
    return msgspec.structs.replace(frame(sequence), time_ns=TIME_NS + sequence * DAY_NS)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Ten segments of two days each, of which eight are packed; snapshots of days 16, 17 and 19; all is read."""
    write(tmp_path / "journal", *map(on_its_day, range(1, LAST + 1)), segment_size_max=300)
    pack(tmp_path)
    for sequence in (16, 17, 19):
        take_snapshot(tmp_path, sequence)
    for name in FOLLOWERS:
        Position(tmp_path / "positions", name).save(LAST)
    return tmp_path


def pack(data: Path) -> None:
    for _ in pack_all(data / "journal"):
        pass


def take_snapshot(data: Path, sequence: int) -> Path:
    header = read_header(data / "journal")
    assert header is not None
    return snapshot.write(data / "snapshots", Snapshot(header.venue_id, sequence, TIME_NS, b"state"))


def retention(
    data: Path, keep_days: int = KEEP_DAYS, is_usable: Callable[[Snapshot], bool] = lambda _: True
) -> Retention:
    return Retention(data, data / "snapshots", keep_days, FOLLOWERS, is_usable)


def removes(data: Path, keep_days: int = KEEP_DAYS, is_usable: Callable[[Snapshot], bool] = lambda _: True) -> int:
    """Let it work on the last day, and return with which sequence the journal begins then; the rest is as it was."""
    removed = retention(data, keep_days, is_usable).work(0.0, TIME_NS + LAST * DAY_NS)
    first = first_kept(data / "journal")
    assert [int(path.name[:20]) for path in removed] == list(range(1, first, 2))
    assert list(read(data / "journal", first)) == [on_its_day(sequence) for sequence in range(first, LAST + 1)]
    return first


def test_the_journal_has_ten_segments(data: Path) -> None:
    assert len(list(data.glob("journal/*.zst"))) == 8
    assert len(list(data.glob("journal/*.journal"))) == 2


@pytest.mark.parametrize(
    ("keep_days", "first"),
    [
        (0, 1),  # for ever
        (20, 1),
        (17, 1),  # the second segment begins on the third day, right at the edge
        (16, 3),
        (5, 13),  # days 13 and 14 go when what follows them is old, too
        (4, 15),
        (3, 15),
        (2, 17),
        (1, 17),  # what is left is not packed
    ],
)
def test_what_is_wholly_older_goes(data: Path, keep_days: int, first: int) -> None:
    assert removes(data, keep_days) == first


def test_what_is_behind_the_oldest_snapshot_only(data: Path) -> None:
    """Not behind the newest: that one may turn out to be damaged."""
    (data / "snapshots" / f"{16:020d}.snapshot").unlink()
    take_snapshot(data, 8)

    assert removes(data) == 9
    take_snapshot(data, 20)  # the third newest is that of 17 now
    assert removes_on(data) == 13


def removes_on(data: Path) -> int:
    """Work on a journal that was shortened before, and return with which sequence it begins then."""
    retention(data).work(0.0, TIME_NS + LAST * DAY_NS)
    return first_kept(data / "journal")


def test_with_one_snapshot_there_is_none_to_fall_back_to(data: Path) -> None:
    for sequence in (16, 17):
        (data / "snapshots" / f"{sequence:020d}.snapshot").unlink()

    assert removes(data) == 1


@pytest.mark.parametrize("sequence", [16, 17, 19])
@pytest.mark.parametrize("size", [-1, 40])
def test_a_damaged_snapshot_keeps_all(data: Path, sequence: int, size: int, caplog: pytest.LogCaptureFixture) -> None:
    path = data / "snapshots" / f"{sequence:020d}.snapshot"
    whole = path.read_bytes()
    path.write_bytes(whole[:size])

    assert removes(data) == 1
    assert f"stay: {path} is not right" in caplog.text
    path.write_bytes(whole)
    assert removes(data) == 13


def test_a_snapshot_that_nobody_could_begin_with_keeps_all(data: Path) -> None:
    """As one of an earlier version, without what the followers need."""
    assert removes(data, is_usable=lambda taken: taken.sequence != 17) == 1


def test_a_snapshot_of_another_venue_keeps_all(data: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    write(other / "journal", *frames(1, 2))
    path = take_snapshot(other, 16)
    (data / "snapshots" / path.name).write_bytes(path.read_bytes())

    assert removes(data) == 1


def test_who_has_not_read_it_keeps_it(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is told once, and goes when it was read."""
    position = Position(data / "positions", FOLLOWERS[1])
    position.save(7)

    assert removes(data) == 7
    assert caplog.text.count("stay: drop-copy.DROPCOPY has read the journal up to sequence 7 only") == 1
    position.save(12)
    assert removes_on(data) == 13


def test_who_has_never_read_keeps_all(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    (data / "positions" / FOLLOWERS[0]).unlink()

    assert removes(data) == 1
    assert "publisher follows the journal and has not begun" in caplog.text


def test_a_position_that_is_no_number_keeps_all(data: Path) -> None:
    (data / "positions" / FOLLOWERS[0]).write_text("?")

    assert removes(data) == 1


def test_a_segment_that_is_not_packed_keeps_what_follows(data: Path) -> None:
    """The packer is still at it, or was killed before it could remove the plain one."""
    plain = data / "journal" / f"{5:020d}.journal"
    plain.write_bytes(content(packed_path(plain)))

    assert removes_on(data) == 5
    pack(data)
    assert removes_on(data) == 13


def test_killed_between_two_removals_it_goes_on(data: Path) -> None:
    """Whatever it has done by then, the journal is one that can be read on from its first frame."""
    work = retention(data).removable(TIME_NS + LAST * DAY_NS)
    assert len(work) == 6
    for done, path in enumerate(work, 1):
        path.unlink()
        first = first_kept(data / "journal")
        assert first == 2 * done + 1
        assert readable_from(data, data / "snapshots") == first
        assert list(read(data / "journal", first)) == [on_its_day(sequence) for sequence in range(first, LAST + 1)]
        if done == 3:
            break

    assert removes_on(data) == 13


def test_it_looks_now_and_then(data: Path) -> None:
    each = retention(data)
    (data / "positions" / FOLLOWERS[0]).unlink()
    now_ns = TIME_NS + LAST * DAY_NS
    assert each.work(100.0, now_ns) == []
    Position(data / "positions", FOLLOWERS[0]).save(LAST)

    assert each.work(100.0 + LOOK_EVERY_S - 1, now_ns) == []
    assert len(each.work(100.0 + LOOK_EVERY_S, now_ns)) == 6
    assert each.held_by is None


def test_a_journal_with_one_segment_or_none(tmp_path: Path) -> None:
    each = retention(tmp_path)
    assert each.work(0.0, TIME_NS) == []
    write(tmp_path / "journal", on_its_day(1))
    assert each.work(LOOK_EVERY_S, TIME_NS + 10**6 * DAY_NS) == []


def test_damage_removes_nothing_more(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    third = data / "journal" / f"{5:020d}.journal.zst"
    third.write_bytes(b"nothing")

    assert retention(data).work(0.0, TIME_NS + LAST * DAY_NS) == []
    assert "was not removed" in caplog.text


def test_who_wants_what_is_gone_is_told(data: Path) -> None:
    removes(data)
    journal = data / "journal"

    with pytest.raises(NotKept, match="where sequence 1 should be: the segment before this one is missing"):
        list(read(journal))
    with pytest.raises(NotKept):
        list(read(journal, 12))
    follower = Follower(journal, 12)
    with pytest.raises(NotKept):
        follower.read()
    follower.close()
    follower = Follower(journal, 13)
    assert follower.read() == [on_its_day(sequence) for sequence in range(13, LAST + 1)]
    follower.close()


def test_who_is_overtaken_is_told(data: Path) -> None:
    """A reader that began before it went; the segment that it is in it reads to the end."""
    reader = read(data / "journal")
    assert next(reader).sequence == 1
    removes(data)

    assert next(reader).sequence == 2
    with pytest.raises(NotKept, match=f"{3:020d}"):
        next(reader)


def test_from_where_on_it_is_all_there_is(data: Path) -> None:
    assert readable_from(data, data / "snapshots") == 1
    removes(data)
    assert readable_from(data, data / "snapshots") == 13

    for path in snapshot.paths(data / "snapshots"):
        path.write_bytes(b"nothing")
    assert readable_from(data, data / "snapshots") == 1, "which reading refuses"
