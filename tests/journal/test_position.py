"""How far a follower has come, kept in a file."""

from pathlib import Path

import pytest

from fixgw.journal.position import Position


def test_what_was_saved_is_loaded_by_the_next_process(tmp_path: Path) -> None:
    position = Position(tmp_path / "positions", "publisher")
    position.save(7)
    position.save(12_345)

    assert Position(tmp_path / "positions", "publisher").load() == 12_345
    assert (tmp_path / "positions" / "publisher").read_text() == "12345\n"


def test_a_follower_that_never_saved_is_at_the_beginning(tmp_path: Path) -> None:
    assert Position(tmp_path / "positions", "publisher").load() == 0


def test_followers_have_positions_of_their_own(tmp_path: Path) -> None:
    Position(tmp_path, "publisher").save(7)
    Position(tmp_path, "drop-copy").save(9)

    assert Position(tmp_path, "publisher").load() == 7
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drop-copy", "publisher"]


def test_the_same_sequence_is_not_written_again(tmp_path: Path) -> None:
    position = Position(tmp_path, "publisher")
    position.save(7)
    (tmp_path / "publisher").unlink()

    position.save(7)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "-1", "seven", "1 2", "\xb2"])
def test_a_file_without_a_number_is_told_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "publisher").write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match=r"publisher holds .* remove it"):
        Position(tmp_path, "publisher").load()
