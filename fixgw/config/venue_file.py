"""venue.toml: the venue's own settings, its instruments and its limits."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from fixgw.config.mistakes import Notes, suggestion
from fixgw.config.protections import mistakes_of_values
from fixgw.config.readers import PROTECTION_NAME, SEGMENT_NAME, WrongValueError, decimals_of, show, whole_number
from fixgw.config.schema import (
    BREAKER_LEVEL,
    INSTRUMENT,
    LIMITS,
    PHASE_ENTRY,
    PROTECTION,
    REQUIRED,
    SCALARS,
    SCOPE_KINDS,
    SEGMENT,
    TABLES,
    Key,
)
from fixgw.config.segments import mistakes_of
from fixgw.config.toml_file import KeyPath, TomlFile, key_text, read_toml
from fixgw.spec.breaker import CircuitBreaker, Level
from fixgw.spec.instrument import Instrument
from fixgw.spec.limits import ScopedLimits
from fixgw.spec.maker_protection import MakerProtection
from fixgw.spec.phase import Phase
from fixgw.spec.segment import Entry, Segment
from fixgw.spec.terms import Terms, instrument_of
from fixgw.spec.values import Allocation, Qty, SelfMatchPrevention, SelfMatchScope, TriggerSource

_PERCENT_DECIMALS = 4
_WEIGHT = whole_number(1, 1_000_000, 60)

ScalarPath = tuple[str, str]
"""The table and the name of a key: ``("order_entry", "port")``."""


_OF_ALLOCATION = {
    "pro_rata_min": Allocation.PRO_RATA,
    "lead_market_maker": Allocation.LEAD_MARKET_MAKER,
    "lead_market_maker_percent": Allocation.LEAD_MARKET_MAKER,
}

_SELF_MATCH_PREVENTIONS = {
    "none": None,
    "newest": SelfMatchPrevention.CANCEL_NEWEST,
    "oldest": SelfMatchPrevention.CANCEL_OLDEST,
    "both": SelfMatchPrevention.CANCEL_BOTH,
    "decrement": SelfMatchPrevention.DECREMENT,
}


@dataclass(frozen=True)
class WrittenLimits:
    """The limits of a scope, before it is known whether there is such a firm, account, session or instrument."""

    limits: ScopedLimits
    line: int | None
    key: str


@dataclass(frozen=True)
class VenueFile:
    """What venue.toml says; where it is silent or wrong, the defaults.  Empty when it could not be read."""

    scalars: dict[ScalarPath, Any]
    instruments: tuple[Instrument, ...]
    limits: tuple[WrittenLimits, ...]
    lines: dict[ScalarPath, int | None]
    """Where the single values stand that are written."""
    symbols: frozenset[str] | None
    """All symbols that the file names, those of wrong instruments too; None when it could not be read."""
    segments: tuple[Segment, ...] = ()
    circuit_breaker: CircuitBreaker | None = None
    protections: tuple[MakerProtection, ...] = ()


UNREADABLE = VenueFile({}, (), (), {}, None)


def read_venue_file(text: str, notes: Notes) -> VenueFile:
    """Read the whole file, noting every mistake."""
    toml = read_toml(text, notes)
    if toml is None:
        return UNREADABLE
    return _Reading(toml, notes).venue_file()


@dataclass
class _Reading:
    """One file on its way in."""

    toml: TomlFile
    notes: Notes

    def venue_file(self) -> VenueFile:
        self._note_unknown((), self.toml.tables, TABLES)
        scalars, lines = _default_scalars(), dict[ScalarPath, int | None]()
        for table, keys in SCALARS.items():
            written = self._table((table,), self.toml.tables.get(table, {}))
            values = self._values((table,), written, keys)
            scalars |= {(table, name): value for name, value in values.items()}
            lines |= {(table, name): self.toml.line((table, name)) for name in written}
        segments = tuple(self._segments(self._table(("segments",), self.toml.tables.get("segments", {}))))
        instruments = self._instruments(self.toml.tables.get("instruments", []))
        limits = tuple(self._limits(self._table(("limits",), self.toml.tables.get("limits", {}))))
        written = self._table(("market_maker_protections",), self.toml.tables.get("market_maker_protections", {}))
        protections = tuple(self._protections(written))
        breaker = self._breaker(instruments)
        return VenueFile(scalars, instruments, limits, lines, self._symbols(), segments, breaker, protections)

    def _note(self, path: KeyPath, message: str) -> None:
        self.notes.add(self.toml.line(path), key_text(path), message)

    def _note_unknown(self, path: KeyPath, table: Iterable[str], known: tuple[str, ...]) -> None:
        for name in table:
            if name not in known:
                kind = "key" if path else "table"
                self._note((*path, name), f"there is no such {kind}; {suggestion(name, known)}")

    def _table(self, path: KeyPath, value: object) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self._note(path, f"{show(value)} is not a table; write [{key_text(path)}] on a line of its own")
        return {}

    def _values(self, path: KeyPath, table: Mapping[str, object], keys: tuple[Key, ...]) -> dict[str, Any]:
        """Return a value for every key: what is written, or the default; a wrong required one is left out."""
        self._note_unknown(path, table, tuple(key.name for key in keys))
        values = {key.name: key.default for key in keys if key.default is not REQUIRED}
        for key in keys:
            if key.name in table:
                try:
                    values[key.name] = key.kind.read(table[key.name])
                except WrongValueError as wrong:
                    self._note((*path, key.name), str(wrong))
            elif key.default is REQUIRED:
                self._note((*path, key.name), f"is missing; write for example {key.name} = {key.example}")
        return values

    # Segments.

    def _segments(self, written: dict[str, Any]) -> Iterable[Segment]:
        for name, table in written.items():
            path = ("segments", name)
            try:
                SEGMENT_NAME.read(name)
            except WrongValueError as wrong:
                self._note(path, str(wrong))
                continue
            terms = dict(self._table(path, table))
            phases = terms.pop("phases", None)
            values, entries = self._values(path, terms, SEGMENT), self._entries((*path, "phases"), phases)
            if entries is not None:
                segment = Segment(name, entries=entries, **values)
                for key, text in mistakes_of(segment):
                    self._note((*path, *key), text)
                yield segment

    def _entries(self, path: KeyPath, written: object) -> tuple[Entry, ...] | None:
        """Return the entries of a schedule; None when a mistake was noted."""
        if not isinstance(written, list) or not written:
            what = "is missing" if written is None else f"{show(written)} is not an array of phases"
            self._note(path, f'{what}; write for example phases = [{{ at = "09:30", phase = "continuous" }}]')
            return None
        entries, is_right = [], True
        for index, element in enumerate(written, start=1):
            values = self._values((*path, index), self._table((*path, index), element), PHASE_ENTRY)
            if {"at", "phase"} <= values.keys():
                entries.append(Entry(values["day"], values["at"], Phase(values["phase"]), values["random_end_s"]))
            else:
                is_right = False
        return tuple(entries) if is_right else None

    def _note_unknown_segment(self, path: KeyPath, segment: str | None) -> None:
        segments = self.toml.tables.get("segments", {})
        if segment is not None and isinstance(segments, dict) and segment not in segments:
            self._note((*path, "segment"), f"there is no such segment; {suggestion(segment, segments)}")

    # The protection of market makers.

    def _protections(self, written: dict[str, Any]) -> Iterable[MakerProtection]:
        for name, table in written.items():
            path = ("market_maker_protections", name)
            try:
                PROTECTION_NAME.read(name)
            except WrongValueError as wrong:
                self._note(path, str(wrong))
                continue
            values = self._values(path, self._table(path, table), PROTECTION)
            session, firm = values.pop("session"), values.pop("firm")
            if (session is None) == (firm is None):
                self._note((*path, "session"), "write either session or firm: who the market maker is")
            elif "window_ms" in values:
                maker, symbols = f"firm:{firm}" if session is None else f"session:{session}", values.pop("instruments")
                protection = MakerProtection(name, maker, symbols=symbols, **values)
                for key, text in self._mistakes_of(protection):
                    self._note((*path, key), text)
                yield protection

    def _mistakes_of(self, protection: MakerProtection) -> Iterator[tuple[str, str]]:
        yield from mistakes_of_values(protection)
        listed = self._symbols() or frozenset()
        for symbol in protection.symbols:
            if symbol not in listed:
                yield "instruments", f"there is no instrument {symbol}; {suggestion(symbol, listed)}"

    # The circuit breaker.

    def _breaker(self, instruments: tuple[Instrument, ...]) -> CircuitBreaker | None:
        path: KeyPath = ("circuit_breaker",)
        if "circuit_breaker" not in self.toml.tables:
            return None
        table = self._table(path, self.toml.tables["circuit_breaker"])
        self._note_unknown(path, table, ("instrument", "instruments", "levels"))
        levels = self._levels((*path, "levels"), table.get("levels"))
        if "instrument" in table and "instruments" in table:
            self._note((*path, "instruments"), "is there beside instrument; write one of them")
            return None
        key = "instruments" if "instruments" in table else "instrument"
        weights = self._weights((*path, key), table.get(key), is_one=key == "instrument")
        for symbol in weights:
            found = next((each for each in instruments if each.symbol == symbol), None)
            if found is not None and (found.reference_price is None or found.reference_price <= 0):
                self._note((*path, key), f"{symbol} has no reference_price above 0 to fall from; write one")
        return CircuitBreaker(weights, tuple(levels)) if levels and weights else None

    def _weights(self, path: KeyPath, written: object, *, is_one: bool) -> dict[str, int]:
        """Return what the fall of each instrument counts; nothing when a mistake was noted."""
        weights = self._written_weights(path, written, is_one=is_one)
        symbols = self._symbols() or ()
        unknown = [symbol for symbol in weights if symbol not in symbols]
        for symbol in unknown or ([] if weights else [written if isinstance(written, str) else ""]):
            self._note(path, f"names no instrument; {suggestion(symbol, symbols)}")
        return {} if unknown else weights

    def _written_weights(self, path: KeyPath, written: object, *, is_one: bool) -> dict[str, int]:
        if is_one:
            return {written: 1} if isinstance(written, str) else {}
        if isinstance(written, list) and all(isinstance(each, str) for each in written):
            return dict.fromkeys(written, 1)
        weights: dict[str, int] = {}
        for symbol, weight in self._table(path, written).items():
            try:
                weights[symbol] = _WEIGHT.read(weight)
            except WrongValueError as wrong:
                self._note((*path, symbol), str(wrong))
        return weights

    def _levels(self, path: KeyPath, written: object) -> list[Level]:
        """Return the levels; those that are wrong are noted."""
        if not isinstance(written, list) or not written:
            self._note(path, "are missing; write for example levels = [{ fall_percent = 7, pause_s = 900 }]")
            return []
        levels: list[Level] = []
        for index, element in enumerate(written, start=1):
            here = (*path, index)
            values = self._values(here, self._table(here, element), BREAKER_LEVEL)
            ppm = self._millionths(here, "fall_percent", values) if "fall_percent" in values else None
            if values["for_day"] and values["pause_s"]:
                self._note((*here, "for_day"), "is not for a level with pause_s; write one of them")
            if ppm is not None and levels and ppm <= levels[-1].fall_ppm:
                self._note((*here, "fall_percent"), "is not above that of the level before; write the levels in order")
            elif ppm is not None:
                levels.append(Level(ppm, values["pause_s"], values["for_day"]))
        return levels

    # Instruments.

    def _instruments(self, written: object) -> tuple[Instrument, ...]:
        if not isinstance(written, list):
            self._note(("instruments",), f"{show(written)} is not an array of tables; write [[instruments]] above each")
            return ()
        if not written:
            self._note(("instruments",), 'there is none; write [[instruments]], then symbol = "AAPL", tick, lot')
        instruments: dict[str, Instrument] = {}
        first_lines: dict[str, int | None] = {}
        for index, element in enumerate(written, start=1):
            path = ("instruments", index)
            if not isinstance(element, dict):
                self._note(path, f"{show(element)} is not a table; write [[instruments]] on a line of its own")
                continue
            values = self._values(path, element, INSTRUMENT)
            symbol = values.get("symbol")
            if symbol in first_lines:
                self._note((*path, "symbol"), f"{symbol} is there already{_on(first_lines[symbol])}; give it once")
                continue
            if symbol is not None:
                first_lines[symbol] = self.toml.line((*path, "symbol"))
            self._note_unknown_segment(path, values.get("segment"))
            if (instrument := self._instrument(path, values, element)) is not None:
                instruments[instrument.symbol] = instrument
        return tuple(instruments.values())

    def _instrument(self, path: KeyPath, values: dict[str, Any], written: Container[str]) -> Instrument | None:
        """Put an instrument's numbers into its scales; None when a mistake was noted.  ``written`` are its keys."""
        if not {"symbol", "tick", "lot"} <= values.keys():
            return None
        named = {name: values[name] for name in Terms.__struct_fields__ if values[name] is not None}
        made = instrument_of(Terms(**named))
        if not isinstance(made, Instrument):
            for wrong in made:
                self._note((*path, wrong.name), wrong.problem)
            return None
        protection, volatility = self._protection(path, values), self._volatility_auction(path, values)
        allocation = self._allocation(path, values, written, made.qty_scale)
        if protection is None or volatility is None or allocation is None:
            return None
        return msgspec.structs.replace(
            made,
            market_protection_ticks=values["market_protection_ticks"] or 0,
            market_protection_ppm=protection,
            trigger_source=TriggerSource(values["trigger_source"]),
            self_match_prevention=_SELF_MATCH_PREVENTIONS[values["self_match_prevention"]],
            self_match_scope=SelfMatchScope(values["self_match_scope"]),
            segment=values["segment"] or "",
            **volatility,
            **allocation,
        )

    def _allocation(
        self, path: KeyPath, values: dict[str, Any], written: Container[str], qty_scale: int
    ) -> dict[str, Any] | None:
        """Return who trades first at a price; None when a mistake was noted."""
        allocation = Allocation(values["allocation"])
        for name, needed_by in _OF_ALLOCATION.items():
            if name in written and allocation is not needed_by:
                self._note((*path, name), f'is only for allocation = "{needed_by}"; write that, or leave this out')
                return None
            if name not in written and allocation is needed_by and name != "pro_rata_min":
                self._note((*path, name), f'is missing; allocation = "{needed_by}" needs it')
                return None
        least: Decimal = values["pro_rata_min"] or Decimal(0)
        if decimals_of(least) > qty_scale:
            text = f"{least:f} has more than the {qty_scale} decimals of the instrument; round it"
            self._note((*path, "pro_rata_min"), text)
            return None
        return {
            "allocation": allocation,
            "pro_rata_min": Qty(int(least.scaleb(qty_scale))),
            "lead_market_maker": values["lead_market_maker"] or "",
            "lead_market_maker_percent": values["lead_market_maker_percent"] or 0,
        }

    def _protection(self, path: KeyPath, values: dict[str, Any]) -> int | None:
        """Return the market protection in millionths, 0 for none; None when a mistake was noted."""
        return self._millionths(path, "market_protection_percent", values)

    def _millionths(self, path: KeyPath, name: str, values: dict[str, Any]) -> int | None:
        """Return a percentage in millionths, 0 where there is none; None when a mistake was noted."""
        percent: Decimal | None = values[name]
        if percent is None:
            return 0
        if decimals_of(percent) > _PERCENT_DECIMALS:
            self._note((*path, name), f"{percent:f} has more than {_PERCENT_DECIMALS} decimals; round it")
            return None
        return int(percent.scaleb(_PERCENT_DECIMALS))

    def _volatility_auction(self, path: KeyPath, values: dict[str, Any]) -> dict[str, Any] | None:
        """Return how long a volatility auction lasts; None when a mistake was noted."""
        dynamic = values["dynamic_band_ticks"] is not None or values["dynamic_band_percent"] is not None
        if values["volatility_auction_s"] is not None and not dynamic:
            text = "needs a band to be left; write dynamic_band_ticks or dynamic_band_percent"
            self._note((*path, "volatility_auction_s"), text)
            return None
        if values["volatility_random_end_s"] is not None and values["volatility_auction_s"] is None:
            self._note((*path, "volatility_random_end_s"), "is the end of an auction; write volatility_auction_s")
            return None
        if values["dynamic_band_average_s"] is not None and not dynamic:
            text = "needs a band to be around the average; write dynamic_band_ticks or dynamic_band_percent"
            self._note((*path, "dynamic_band_average_s"), text)
            return None
        if values["limit_state_s"] is not None and values["volatility_auction_s"] is None:
            text = "ends in a volatility auction; write volatility_auction_s, how long that is, and a dynamic band"
            self._note((*path, "limit_state_s"), text)
            return None
        return {
            "volatility_auction_s": values["volatility_auction_s"] or 0,
            "volatility_random_end_s": values["volatility_random_end_s"] or 0,
            "dynamic_band_average_s": values["dynamic_band_average_s"] or 0,
            "limit_state_s": values["limit_state_s"] or 0,
        }

    def _symbols(self) -> frozenset[str] | None:
        written = self.toml.tables.get("instruments", [])
        if not isinstance(written, list):
            return None
        return frozenset(
            element["symbol"]
            for element in written
            if isinstance(element, dict) and isinstance(element.get("symbol"), str)
        )

    # Limits.

    def _limits(self, scopes: dict[str, Any]) -> Iterable[WrittenLimits]:
        for kind, written in scopes.items():
            if kind == "venue":
                yield self._scope("venue", ("limits", "venue"), written)
            elif kind not in SCOPE_KINDS:
                self._note(("limits", kind), _no_such_scope(kind, written))
            else:
                for name, named in self._table(("limits", kind), written).items():
                    if isinstance(named, dict):
                        yield self._scope(f"{kind}:{name}", ("limits", kind, name), named)
                    else:
                        self._note(("limits", kind, name), f"names no {kind}; write it under [limits.{kind}.NAME]")

    def _scope(self, scope: str, path: KeyPath, written: object) -> WrittenLimits:
        values = self._values(path, self._table(path, written), LIMITS)
        return WrittenLimits(ScopedLimits(scope, **values), self.toml.line(path), key_text(path))


def _default_scalars() -> dict[ScalarPath, Any]:
    """Return the default of every single-valued key."""
    return {(table, key.name): key.default for table, keys in SCALARS.items() for key in keys}


def _no_such_scope(kind: str, written: object) -> str:
    if isinstance(written, dict):
        return f"there is no such scope; {suggestion(kind, SCOPE_KINDS)}"
    return "names no scope; write it under [limits.venue], [limits.firm.NAME] or another scope"


def _on(line: int | None) -> str:
    return "" if line is None else f" on line {line}"
