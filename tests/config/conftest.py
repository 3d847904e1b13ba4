"""What the tests of the configuration share: a folder to write into, and its mistakes to read."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fixgw.config import ConfigError, VenueConfig, load

AAPL = '[[instruments]]\nsymbol = "AAPL"\ntick = "0.01"\nlot = "1"\n'
"""The least that venue.toml must say: four lines."""

CLIENT = "[SESSION]\nTargetCompID=C1\nFirm=F1\nAccounts=A1\n"
"""The least that sessions.cfg must say: four lines."""

Load = Callable[..., VenueConfig]
Tell = Callable[..., list[str]]


@pytest.fixture
def load_texts(tmp_path: Path) -> Load:
    """Load a folder with these files; a text that is not given is a file that is not there."""

    def load_texts(
        venue: str | None = None, sessions: str | None = None, environ: Mapping[str, str] | None = None
    ) -> VenueConfig:
        for name, text in (("venue.toml", venue), ("sessions.cfg", sessions)):
            if text is not None:
                (tmp_path / name).write_text(text, encoding="utf-8")
        return load(tmp_path, environ or {})

    return load_texts


@pytest.fixture
def mistakes(load_texts: Load, tmp_path: Path) -> Tell:
    """Load such a folder, and return its mistakes as lines; none when it is right."""

    def mistakes(
        venue: str | None = None, sessions: str | None = None, environ: Mapping[str, str] | None = None
    ) -> list[str]:
        try:
            load_texts(venue, sessions, environ)
        except ConfigError as error:
            return [str(mistake).replace(f"{tmp_path}/", "") for mistake in error.mistakes]
        return []

    return mistakes
