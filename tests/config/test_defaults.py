"""What runs without any file: the values that design.md promises."""

from dataclasses import asdict, fields
from datetime import UTC
from decimal import Decimal
from pathlib import Path

from fixgw.config import (
    DaySettings,
    DropCopySession,
    Journal,
    MarketDataSession,
    Multicast,
    OrderEntrySession,
    VenueConfig,
    load,
)
from fixgw.config.load import PACKAGED, SESSION_FILE, VENUE_FILE, default_text
from fixgw.config.schema import SCALARS
from fixgw.spec.instrument import Instrument
from fixgw.spec.limits import ScopedLimits
from fixgw.spec.participant import Participant
from fixgw.spec.values import Price, Qty
from tests.config.conftest import AAPL, CLIENT, Load


def test_packaged_defaults_are_what_is_promised(tmp_path: Path) -> None:
    """An empty folder is a venue of four instruments and four clients."""
    assert load(tmp_path, {}) == VenueConfig(
        comp_id="FIXGW",
        port=9876,
        drop_copy_port=9877,
        market_data_port=9878,
        metrics_port=9108,
        multicast=Multicast(
            "127.0.0.1", 0, ("239.192.0.1", 20001), ("239.192.0.2", 20002), ("239.192.0.3", 20003), 20004
        ),
        redis_url=None,
        log_format="console",
        log_messages=True,
        journal=Journal("process", interval_ms=100, segment_mb=256, snapshot_every=25_000, keep_days=0),
        day=DaySettings(None, UTC, restate_gtc=False, reset_sequence_numbers=False),
        stale_order_s=30,
        segments=(),
        circuit_breaker=None,
        protections=(),
        instruments=(
            Instrument("AAPL", 2, 0, Price(1), Qty(1), 1, Qty(10**9), Price(9_223_372_036)),
            Instrument("MSFT", 2, 0, Price(1), Qty(1), 1, Qty(10**9), Price(9_223_372_036)),
            Instrument("BTC-USD", 2, 4, Price(1), Qty(1), 1, Qty(10**10), Price(922_337_203)),
            Instrument("ESZ6", 2, 0, Price(25), Qty(1), 50, Qty(10**9), Price(9_223_372_036)),
        ),
        limits=(
            ScopedLimits(
                "venue",
                order_qty_max=Decimal(1_000_000),
                order_notional_max=Decimal(1_000_000_000),
                open_notional_max=Decimal(1_000_000_000_000),
            ),
        ),
        sessions=(
            OrderEntrySession("CLIENT1", "ALPHA", ("A1",), False, {}, 20),
            OrderEntrySession("CLIENT2", "BETA", ("B1",), False, {}, 25),
            OrderEntrySession("CLIENT3", "GAMMA", ("G1",), False, {}, 30),
            OrderEntrySession("CLIENT4", "ALPHA", ("A2",), False, {}, 35),
        ),
        drop_copy_sessions=(
            DropCopySession("DROPCOPY", None, {}, 42),
            DropCopySession("DROPALPHA", ("ALPHA",), {}, 47),
        ),
        market_data_sessions=(MarketDataSession("MDATA1", {}, 54),),
        sources=(PACKAGED, PACKAGED),
    )


def test_participants_are_the_sessions_as_the_journal_has_them(tmp_path: Path) -> None:
    """The first command of a journal names who trades."""
    assert load(tmp_path, {}).participants == (
        Participant("CLIENT1", "ALPHA", ("A1",)),
        Participant("CLIENT2", "BETA", ("B1",)),
        Participant("CLIENT3", "GAMMA", ("G1",)),
        Participant("CLIENT4", "ALPHA", ("A2",)),
    )


def test_shipped_files_write_every_default_out(tmp_path: Path) -> None:
    """What the commented file says of a single value is what holds without it."""
    shipped = load(tmp_path, {})
    defaults = {(table, key.name): key.default for table, keys in SCALARS.items() for key in keys}

    assert defaults == {
        ("venue", "comp_id"): shipped.comp_id,
        ("order_entry", "port"): shipped.port,
        ("order_entry", "stale_order_s"): shipped.stale_order_s,
        ("drop_copy", "port"): shipped.drop_copy_port,
        ("market_data", "port"): shipped.market_data_port,
        **{("multicast", name): value for name, value in asdict(shipped.multicast).items()},
        ("redis", "url"): shipped.redis_url,
        ("metrics", "port"): shipped.metrics_port,
        **{("journal", name): value for name, value in asdict(shipped.journal).items()},
        **{("day", field.name): getattr(shipped.day, field.name) for field in fields(shipped.day)},
        ("log", "format"): shipped.log_format,
        ("log", "messages"): shipped.log_messages,
    }
    text = default_text(VENUE_FILE)
    assert [name for _, name in defaults if f"\n{name} = " not in text and f"\n# {name} = " not in text] == []


def test_shipped_files_are_plain_text_of_modest_width() -> None:
    """They are read in terminals."""
    for name in (VENUE_FILE, SESSION_FILE):
        assert default_text(name).isascii()
        assert max(map(len, default_text(name).splitlines())) <= 120


def test_a_file_that_is_not_there_is_the_packaged_one(load_texts: Load, tmp_path: Path) -> None:
    """Each of the two by itself; the sources say which came from where."""
    config = load_texts(venue=AAPL)

    assert config.sources == (str(tmp_path / "venue.toml"), PACKAGED)
    assert config.sources_text == f"{tmp_path}/venue.toml, packaged sessions.cfg"
    assert [instrument.symbol for instrument in config.instruments] == ["AAPL"]
    assert len(config.sessions) == 4

    config = load_texts(venue=AAPL, sessions=CLIENT)

    assert config.sources_text == f"{tmp_path}/venue.toml, {tmp_path}/sessions.cfg"
    assert config.sessions == (OrderEntrySession("C1", "F1", ("A1",), False, {}, 1),)
    assert config.limits == ()
