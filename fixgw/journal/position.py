"""How far a follower has come: one number in a file, for who asks how far behind it is."""

import os
from pathlib import Path


class Position:
    """``DATA/positions/NAME``: the sequence of the last frame that is done, as decimal text."""

    def __init__(self, folder: Path, name: str) -> None:
        """``folder`` (DATA/positions) is created when something is saved."""
        self._path = folder / name
        self._saved: int | None = None

    def save(self, sequence: int) -> None:
        """Replace the file, some 50 us where the sequence has changed; who reads it sees the old or the new.

        It outlives this process; after a power cut it may be an older one.
        """
        if sequence == self._saved:
            return
        new = self._path.with_name(f".{self._path.name}.new")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(f"{sequence}\n", encoding="ascii")
        os.replace(new, self._path)
        self._saved = sequence

    def load(self) -> int:
        """Return what was saved last, 0 where nothing was; raises ValueError for a file that holds no number."""
        try:
            text = self._path.read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return 0
        if not (text.isascii() and text.isdigit()):
            raise ValueError(
                f"{self._path} holds {text[:30]!r}, not a sequence; remove it and the follower begins anew"
            )
        return int(text)
