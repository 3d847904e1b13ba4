"""Indicative prices: what an auction would come to if it ended now, told while the call runs.

What has changed is noted with each command; what it comes to is found and told when the schedule asks, twice a second:
so much is found and published however many orders come.
"""

from collections.abc import Iterable, Mapping, Set

from fixgw.engine import auction
from fixgw.engine.book import OrderBook
from fixgw.spec.events import (
    Event,
    IndicativeChanged,
    InstrumentAdded,
    InstrumentChanged,
    PhaseChanged,
    VenueConfigured,
)
from fixgw.spec.instrument import Instrument
from fixgw.spec.values import Price, Qty

SLICE_MAX = 50
"""Books of one command, some 50 us each where a hundred levels cross."""


class Indicatives:
    """Symbols whose call has changed since it was told what it would come to, the longest ago first."""

    def __init__(self) -> None:
        self.changed: dict[str, None] = {}

    def note(self, events: Iterable[Event], calls: Set[str]) -> None:
        """Note which calls ``events`` may have changed; ``calls`` are the symbols in one."""
        for event in events:
            if isinstance(event, PhaseChanged):
                if event.symbol in calls:
                    self.changed[event.symbol] = None
                else:
                    self.changed.pop(event.symbol, None)
            elif isinstance(event, VenueConfigured):
                self.changed.update(dict.fromkeys(sorted(calls)))
            elif isinstance(event, InstrumentChanged) and event.instrument.symbol in calls:
                self.changed[event.instrument.symbol] = None
            elif isinstance(event, InstrumentAdded):
                self.changed.pop(event.instrument.symbol, None)  # it begins in continuous trading
            elif (order := getattr(event, "order", None)) is not None and order.symbol in calls:
                self.changed[order.symbol] = None
            elif (symbol := getattr(event, "symbol", None)) is not None and symbol in calls:
                self.changed[symbol] = None

    def tell(
        self,
        books: Mapping[str, OrderBook],
        instruments: Mapping[str, Instrument],
        last_trades: Mapping[str, Price],
    ) -> list[Event]:
        """Return what the first few would come to, which are then told."""
        events: list[Event] = []
        for symbol in list(self.changed)[:SLICE_MAX]:
            del self.changed[symbol]
            cleared = None
            if symbol in instruments:
                cleared = auction.clear(books[symbol], instruments[symbol], last_trades.get(symbol))
            if cleared is None:
                events.append(IndicativeChanged(symbol, None, Qty(0), 0))
            else:
                events.append(IndicativeChanged(symbol, cleared.price, cleared.volume, cleared.surplus))
        return events
