"""Listings: instruments that operators add, change and take away while the venue trades."""

from collections.abc import Mapping
from typing import assert_never

import msgspec

from fixgw.engine.registry import OrderRegistry
from fixgw.spec.commands import AddInstrument, ChangeInstrument, DelistInstrument, ListingCommand
from fixgw.spec.events import InstrumentAdded, InstrumentChanged, InstrumentDelisted, ListingEvent, OperatorRefused
from fixgw.spec.instrument import Instrument
from fixgw.spec.listing import Listing
from fixgw.spec.scope import Scope
from fixgw.spec.terms import Terms, WrongTerm, changed, instrument_of


class Listings:
    """Answers from what is listed, was ever listed, and is open."""

    def __init__(self, listing: Listing, ever_listed: Mapping[str, Instrument], orders: OrderRegistry) -> None:
        self._listed = listing.listed
        self._ever_listed = ever_listed
        self._orders = orders

    def answer(self, command: ListingCommand) -> ListingEvent | OperatorRefused:
        """Return the event that ``command`` brings about, or why it brings about none."""
        match command:
            case AddInstrument():
                return self._add(command)
            case ChangeInstrument():
                return self._change(command)
            case DelistInstrument():
                return self._delist(command)
            case _:
                assert_never(command)

    def _add(self, command: AddInstrument) -> InstrumentAdded | OperatorRefused:
        symbol = command.terms.symbol
        if symbol in self._listed:
            return _refused(command, f"{symbol} is listed already; give it other terms with change")
        before = self._ever_listed.get(symbol)
        made = instrument_of(command.terms if before is None else _with_decimals(command.terms, before))
        if not isinstance(made, Instrument):
            return _refused(command, _words(made))
        if before is not None and _decimals(made) != _decimals(before):
            price, qty = _decimals(before)
            return _refused(
                command,
                f"{symbol} was listed before, with price_decimals {price} and qty_decimals {qty}; it keeps them",
            )
        if self._count_open(symbol):
            return _refused(command, f"{symbol} has open orders that are being canceled; try again in a moment")
        return InstrumentAdded(made, command.operator, command.reason)

    def _change(self, command: ChangeInstrument) -> InstrumentChanged | OperatorRefused:
        symbol = command.symbol
        before = self._listed.get(symbol)
        if before is None:
            return _refused(command, _not_listed(symbol))
        made = changed(before, command.change)
        if not isinstance(made, Instrument):
            return _refused(command, _words(made))
        if made == before:
            return _refused(command, f"{symbol} has these terms already")
        if made.multiplier != before.multiplier and (count := self._count_open(symbol)):
            # What the open orders reserve was counted with it.
            return _refused(command, f"multiplier: {symbol} has {count} open orders; cancel them first")
        return InstrumentChanged(made, command.operator, command.reason)

    def _delist(self, command: DelistInstrument) -> InstrumentDelisted | OperatorRefused:
        symbol = command.symbol
        if symbol not in self._listed:
            return _refused(command, _not_listed(symbol))
        if not command.cancels_orders and (count := self._count_open(symbol)):
            text = f"{symbol} has {count} open orders; cancel them first, or have them canceled with it"
            return _refused(command, text)
        return InstrumentDelisted(symbol, command.operator, command.reason)

    def _count_open(self, symbol: str) -> int:
        return len(self._orders.open_of(Scope("instrument", symbol)))


def _with_decimals(terms: Terms, before: Instrument) -> Terms:
    """Return ``terms`` with the decimals that the instrument had, where they say nothing of them."""
    price_decimals = before.price_scale if terms.price_decimals is None else terms.price_decimals
    qty_decimals = before.qty_scale if terms.qty_decimals is None else terms.qty_decimals
    return msgspec.structs.replace(terms, price_decimals=price_decimals, qty_decimals=qty_decimals)


def _refused(command: ListingCommand, text: str) -> OperatorRefused:
    return OperatorRefused(command.operator, text)


def _not_listed(symbol: str) -> str:
    return f"there is no instrument {symbol}"


def _words(wrong: list[WrongTerm]) -> str:
    return "; ".join(f"{each.name}: {each.problem}" for each in wrong)


def _decimals(instrument: Instrument) -> tuple[int, int]:
    return instrument.price_scale, instrument.qty_scale
