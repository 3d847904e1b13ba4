"""Both files and the environment, read together: what they say must fit together too."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time, tzinfo
from importlib import resources
from pathlib import Path
from typing import Any

from fixgw.config.environment import read_environment, variable
from fixgw.config.mistakes import ConfigError, Mistake, Notes, suggestion
from fixgw.config.protections import mistakes_of_makers
from fixgw.config.schema import TCP_PORTS, UDP_GROUPS
from fixgw.config.session_file import (
    DropCopySession,
    MarketDataSession,
    OrderEntrySession,
    SessionFile,
    read_session_file,
)
from fixgw.config.venue_file import UNREADABLE, ScalarPath, VenueFile, WrittenLimits, read_venue_file
from fixgw.spec.breaker import CircuitBreaker
from fixgw.spec.instrument import Instrument
from fixgw.spec.limits import ScopedLimits
from fixgw.spec.maker_protection import MakerProtection
from fixgw.spec.participant import Participant
from fixgw.spec.segment import Segment

VENUE_FILE = "venue.toml"
SESSION_FILE = "sessions.cfg"
PACKAGED = "packaged defaults"


Group = tuple[str, int]
"""A multicast address and its UDP port."""


@dataclass(frozen=True)
class Multicast:
    """Where market data is sent, and where what was lost is asked for again."""

    interface: str
    ttl: int
    a: Group
    b: Group
    snapshots: Group
    retransmission_port: int


@dataclass(frozen=True)
class Journal:
    """When a frame is safe, and how the journal is divided into files."""

    durability: str
    interval_ms: int
    segment_mb: int
    snapshot_every: int
    keep_days: int
    """0 for ever."""


@dataclass(frozen=True)
class DaySettings:
    """When a trading day ends, and what belongs to its end."""

    end: time | None
    """Local time; None for trading round the clock."""
    time_zone: tzinfo
    restate_gtc: bool
    reset_sequence_numbers: bool


@dataclass(frozen=True)
class VenueConfig:
    """A configuration without mistakes."""

    comp_id: str
    port: int
    """Of order entry."""
    drop_copy_port: int
    market_data_port: int
    metrics_port: int
    multicast: Multicast
    redis_url: str | None
    """None for a Redis of the venue's own."""
    log_format: str
    log_messages: bool
    journal: Journal
    day: DaySettings
    stale_order_s: int
    segments: tuple[Segment, ...]
    circuit_breaker: CircuitBreaker | None
    protections: tuple[MakerProtection, ...]
    """Of market makers."""
    instruments: tuple[Instrument, ...]
    limits: tuple[ScopedLimits, ...]
    sessions: tuple[OrderEntrySession, ...]
    """Those of order entry."""
    drop_copy_sessions: tuple[DropCopySession, ...]
    market_data_sessions: tuple[MarketDataSession, ...]
    sources: tuple[str, ...]
    """Where venue.toml came from, where sessions.cfg, and the environment variables that had a say."""

    @property
    def participants(self) -> tuple[Participant, ...]:
        """The sessions as the journal has them."""
        return tuple(
            Participant(session.comp_id, session.firm, session.accounts, session.market_maker)
            for session in self.sessions
        )

    @property
    def sources_text(self) -> str:
        """The sources for people: ``packaged defaults``, or ``conf/venue.toml, packaged sessions.cfg``."""
        (venue, sessions, *variables) = self.sources
        if venue == sessions == PACKAGED:
            files = [PACKAGED]
        else:
            named = ((venue, VENUE_FILE), (sessions, SESSION_FILE))
            files = [f"packaged {name}" if source == PACKAGED else source for source, name in named]
        return ", ".join((*files, *variables))


def load(config_dir: Path, environ: Mapping[str, str]) -> VenueConfig:
    """Read the two files in a folder, the packaged one for a file that is not there.

    Raises ConfigError with all mistakes of both files and of the FIXGW_* variables.
    """
    if not os.path.isdir(config_dir):
        raise ConfigError((_no_folder(config_dir),))
    venue_source, venue_notes, venue_text = _open(config_dir, VENUE_FILE)
    session_source, session_notes, session_text = _open(config_dir, SESSION_FILE)
    notes_of_environment = Notes("environment")
    overrides = read_environment(environ, notes_of_environment)
    venue = UNREADABLE if venue_text is None else read_venue_file(venue_text, venue_notes)
    scalars = venue.scalars | overrides
    sessions: SessionFile | None = None
    if session_text is not None:
        sessions = read_session_file(session_text, scalars.get(("venue", "comp_id")), session_notes)
    _note_unknown_scopes(venue, sessions, venue_notes)
    _note_unknown_market_makers(venue, sessions, venue_notes)
    for name, key, text in mistakes_of_makers(venue.protections, sessions, SESSION_FILE) if sessions else ():
        venue_notes.add(None, f"market_maker_protections.{name}.{key}", text)
    for paths in (TCP_PORTS, UDP_GROUPS):
        _note_twins(paths, scalars, venue, venue_notes)
    mistakes = (*venue_notes.in_order(), *session_notes.in_order(), *notes_of_environment.in_order())
    if mistakes:
        raise ConfigError(mistakes)
    assert sessions is not None
    return VenueConfig(
        comp_id=scalars["venue", "comp_id"],
        port=scalars["order_entry", "port"],
        drop_copy_port=scalars["drop_copy", "port"],
        market_data_port=scalars["market_data", "port"],
        metrics_port=scalars["metrics", "port"],
        multicast=Multicast(**{name: value for (table, name), value in scalars.items() if table == "multicast"}),
        redis_url=scalars["redis", "url"],
        log_format=scalars["log", "format"],
        log_messages=scalars["log", "messages"],
        journal=Journal(**{name: value for (table, name), value in scalars.items() if table == "journal"}),
        day=DaySettings(**{name: value for (table, name), value in scalars.items() if table == "day"}),
        stale_order_s=scalars["order_entry", "stale_order_s"],
        segments=venue.segments,
        circuit_breaker=venue.circuit_breaker,
        protections=venue.protections,
        instruments=venue.instruments,
        limits=tuple(written.limits for written in venue.limits),
        sessions=sessions.sessions,
        drop_copy_sessions=sessions.drop_copy,
        market_data_sessions=sessions.market_data,
        sources=(venue_source, session_source, *(variable(*path) for path in overrides)),
    )


def default_text(name: str) -> str:
    """Return the text of a packaged file."""
    return (resources.files("fixgw.config") / "defaults" / name).read_text("utf-8")


def _no_folder(config_dir: Path) -> Mistake:
    what = "is not a folder" if os.path.exists(config_dir) else "there is no such folder"
    right = "name another with --config or FIXGW_CONFIG, or make one with fixgw init"
    return Mistake(ascii(str(config_dir))[1:-1], None, "", f"{what}; {right}")


def _open(config_dir: Path, name: str) -> tuple[str, Notes, str | None]:
    """Return where a file was found, the notes on it, and its text, which is None when it cannot be read."""
    path = config_dir / name
    notes = Notes(ascii(str(path))[1:-1])
    try:
        content = path.read_bytes()
    except OSError as error:
        # A link to nowhere is a file that somebody meant to be there.
        if isinstance(error, FileNotFoundError) and not path.is_symlink():
            return PACKAGED, Notes(f"{name} ({PACKAGED})"), default_text(name)
        notes.add(None, "", f"cannot be read: {error.strerror}; make it a file that you may read, or take it away")
        return str(path), notes, None
    try:
        return str(path), notes, content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        notes.add(line, "", f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8")
        return str(path), notes, None


def _note_twins(paths: Iterable[ScalarPath], scalars: Mapping[ScalarPath, Any], venue: VenueFile, notes: Notes) -> None:
    """Two doors cannot have one port, nor two feeds one group."""
    first: dict[object, ScalarPath] = {}
    for path in paths:
        if path not in scalars:
            continue  # the file could not be read
        value = scalars[path]
        other = first.setdefault(value, path)
        if other != path:
            text = f"{value[0]}:{value[1]}" if isinstance(value, tuple) else value
            notes.add(venue.lines.get(path), ".".join(path), f"{text} is {'.'.join(other)} already; write another")


def _note_unknown_scopes(venue: VenueFile, sessions: SessionFile | None, notes: Notes) -> None:
    """Limits for nobody would never be missed: a firm, account, session or instrument in them must exist."""
    known: dict[str, Iterable[str] | None] = {
        "instrument": venue.symbols,
        "session": sessions.comp_ids if sessions else None,
        "firm": sessions.firms if sessions else None,
        "account": sessions.accounts if sessions else None,
    }
    for written in venue.limits:
        kind, _, name = written.limits.scope.partition(":")
        names = known.get(kind)
        if names is not None and name not in (there := frozenset(names)):
            _note_unknown_scope(written, kind, there, notes)


def _note_unknown_market_makers(venue: VenueFile, sessions: SessionFile | None, notes: Notes) -> None:
    for instrument in venue.instruments:
        account = instrument.lead_market_maker
        if account and sessions is not None and account not in sessions.accounts:
            key = f"instruments.{instrument.symbol}.lead_market_maker"
            text = f"there is no such account in {SESSION_FILE}; {suggestion(account, sessions.accounts)}"
            notes.add(None, key, text)


def _note_unknown_scope(written: WrittenLimits, kind: str, there: frozenset[str], notes: Notes) -> None:
    where = VENUE_FILE if kind == "instrument" else SESSION_FILE
    name = written.limits.scope.partition(":")[2]
    notes.add(written.line, written.key, f"there is no such {kind} in {where}; {suggestion(name, there)}")
