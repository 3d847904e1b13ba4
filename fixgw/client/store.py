"""The sequence numbers of one session, kept in a small file between runs."""

import os
from pathlib import Path

LINE_LENGTH = 40


class SequenceFile:
    """``DIR/SENDER-TARGET.seq``: the next number to send and the next to expect, one line of text.

    The line is overwritten in place with one ``pwrite`` before a message leaves.  Messages themselves are not
    kept: what an earlier run sent is gap-filled when the venue asks for it, so that no old order enters again.
    """

    def __init__(self, folder: Path, sender: str, target: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{sender}-{target}.seq"
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)

    def read(self) -> tuple[int, int]:
        """Return (next_out, next_in), (1, 1) when there is no earlier run.  Raises ValueError for a strange file."""
        text = os.pread(self._fd, LINE_LENGTH, 0).decode("latin-1")
        if not text.strip():
            return 1, 1
        numbers = text.split()
        if len(numbers) != 2 or not all(n.isdecimal() for n in numbers):
            raise ValueError(f"{self.path} does not hold two sequence numbers; delete it to begin at 1")
        return int(numbers[0]), int(numbers[1])

    def write(self, next_out: int, next_in: int) -> None:
        line = f"{next_out} {next_in}".ljust(LINE_LENGTH - 1) + "\n"
        os.pwrite(self._fd, line.encode(), 0)

    def close(self) -> None:
        os.close(self._fd)
