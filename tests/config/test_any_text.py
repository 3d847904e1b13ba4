"""Whatever is in the files: a configuration, or mistakes in words; never another exception."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fixgw.config import ConfigError, VenueConfig, load
from fixgw.config.load import SESSION_FILE, VENUE_FILE, default_text
from fixgw.config.schema import INSTRUMENT, LIMITS, SCALARS
from fixgw.config.session_settings import REFUSED, SETTINGS
from fixgw.spec.values import INT64_MAX

NAMES = [key.name for keys in (*SCALARS.values(), LIMITS, INSTRUMENT) for key in keys]
TOML_VALUES = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.decimals().map(lambda value: f'"{value}"'),
    st.sampled_from(['"AAPL"', "[]", "{}", "true", "2020-01-01", "1e999999999", "0x" + "F" * 99, "[{symbol = 1}]"]),
    st.text(st.characters(exclude_categories=["C"], exclude_characters="'")).map(lambda text: f"'{text}'"),
)
TOML_LINES = st.one_of(
    st.sampled_from(["[[instruments]]", "[limits]", "[limits.venue]", "[limits.firm.ALPHA]", "[limits.firm]", "'''"]),
    st.sampled_from(["venue", "order_entry", "journal", "instruments"]).map(lambda table: f"[{table}]"),
    st.tuples(st.sampled_from(NAMES), TOML_VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    st.text(max_size=20),
)
SETTING_NAMES = [*(setting.name for setting in SETTINGS.values()), *(refused.name for refused in REFUSED)]
SETTING_LINES = st.one_of(
    st.sampled_from(["[SESSION]", "[DEFAULT]", "[", "]", "[]", "="]),
    st.tuples(st.sampled_from(SETTING_NAMES), st.sampled_from(["Y", "N", "1", "A", "A1,B1", "order-entry", ""])).map(
        lambda pair: f"{pair[0]}={pair[1]}"
    ),
    st.tuples(st.sampled_from(SETTING_NAMES), st.text(max_size=20)).map(lambda pair: f"{pair[0]}={pair[1]}"),
    st.text(max_size=20),
)


def texts(lines: st.SearchStrategy[str], shipped: str) -> st.SearchStrategy[bytes]:
    """Lines put together anyhow, the shipped file with lines of it replaced, or any bytes."""
    at = st.lists(st.tuples(st.integers(0, len(shipped.split("\n")) - 1), lines), min_size=1, max_size=4)
    return st.one_of(
        st.lists(lines, max_size=12).map("\n".join).map(_encoded),
        at.map(lambda changes: _encoded(_changed(shipped, changes))),
        st.binary(max_size=60),
    )


def _changed(shipped: str, changes: list[tuple[int, str]]) -> str:
    lines = shipped.split("\n")
    for number, line in changes:
        lines[number] = line
    return "\n".join(lines)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@given(
    venue=st.none() | texts(TOML_LINES, default_text(VENUE_FILE)),
    sessions=st.none() | texts(SETTING_LINES, default_text(SESSION_FILE)),
    environ=st.dictionaries(st.sampled_from(["FIXGW_ORDER_ENTRY_PORT", "FIXGW_X"]) | st.text(), st.text(), max_size=2),
)
def test_any_text_is_a_configuration_or_mistakes(
    venue: bytes | None, sessions: bytes | None, environ: dict[str, str]
) -> None:
    """Each mistake is one printable line; each configuration keeps what the venue relies on."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in ((VENUE_FILE, venue), (SESSION_FILE, sessions)):
            if content is not None:
                (Path(folder) / name).write_bytes(content)
        result = load_or_error(Path(folder), environ)
    match result:
        case ConfigError():
            assert all(str(mistake).isascii() and str(mistake).isprintable() for mistake in result.mistakes)
        case VenueConfig():
            check_config(result)


def load_or_error(folder: Path, environ: dict[str, str]) -> VenueConfig | ConfigError:
    try:
        return load(folder, environ)
    except ConfigError as error:
        return error


def check_config(config: VenueConfig) -> None:
    assert config.instruments
    assert config.sessions
    assert all(session.accounts for session in config.sessions)
    assert len({session.comp_id for session in config.sessions} | {config.comp_id}) == len(config.sessions) + 1
    for instrument in config.instruments:
        assert instrument.tick_size > 0
        assert instrument.lot_size > 0
        assert instrument.order_qty_bound * instrument.price_bound <= INT64_MAX
