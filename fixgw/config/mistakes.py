"""Mistakes in the configuration: collected until the end, so that one reading tells them all."""

import difflib
from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mistake:
    """One mistake, and in the same sentence what would be right."""

    file: str
    """The path as the user would name it, ``environment``, or the folder that is not there."""
    line: int | None
    """Counted from 1; None where no line is to blame."""
    key: str
    """``limits.venue.order_qty_max``, ``instruments[2].tick`` (counted from 1), ``Firm``; may be empty."""
    message: str

    @property
    def place(self) -> str:
        """``venue.toml:12``, as compilers write it."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        """Return the mistake in one line."""
        return ": ".join(part for part in (self.place, self.key, self.message) if part)


class ConfigError(Exception):
    """The configuration cannot be used; ``mistakes`` is never empty."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        assert mistakes
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


@dataclass
class Notes:
    """The mistakes found so far in one file."""

    file: str
    mistakes: list[Mistake] = field(default_factory=list)

    def add(self, line: int | None, key: str, message: str) -> None:
        self.mistakes.append(Mistake(self.file, line, key, message))

    def in_order(self) -> list[Mistake]:
        """Return each once, from the first line to the last, those without a line at the end.

        What is wrong under [DEFAULT] is found with every session that it holds for.
        """
        return sorted(dict.fromkeys(self.mistakes), key=lambda mistake: (mistake.line is None, mistake.line or 0))


LISTED_MAX = 16
"""The most names that a message lists; beyond it the documentation is the better place."""


def suggestion(written: str, known: Collection[str], prefix: str = "") -> str:
    """Return what the writer probably meant, or else all that could have been written.

    ``prefix`` is what all of the names begin with, so that it makes none of them likelier.
    """
    # Upper and lower case are the commonest slip, and difflib counts every letter of it.
    by_lower = {name.removeprefix(prefix).lower(): name for name in known}
    close = difflib.get_close_matches(written.removeprefix(prefix)[:80].lower(), by_lower, n=1)
    if close:
        return f"did you mean {by_lower[close[0]]}?"
    if len(known) > LISTED_MAX:
        return "docs/configuration.md lists all there are"
    return f"known here: {', '.join(sorted(known)) or 'none'}"
