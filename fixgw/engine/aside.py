"""Aside: all-or-none orders that could not trade as they came are looked at again when something has happened."""

from collections.abc import Iterable

from fixgw.engine.market import Market
from fixgw.engine.trading import Trading
from fixgw.spec.events import Event, PhaseChanged, Trade, TradeBusted, TradeCorrected


class Aside:
    """Has those trade that can, after each command and after each order that a trigger has let go."""

    def __init__(self, market: Market, trading: Trading) -> None:
        self._market = market
        self._trading = trading

    def look(self, events: list[Event], begin: int) -> None:
        """Let trade what can where ``events`` from ``begin`` on have changed anything, each in its turn.

        That is, by instrument in the order of the events: to buy before to sell, the best price first, then the oldest;
        and again, as long as any has.
        """
        while begin < len(events):
            symbols = _touched(events[begin:])
            begin = len(events)
            for symbol in symbols:
                if symbol in self._market.with_aside:
                    self._look_at(symbol, events)

    def _look_at(self, symbol: str, events: list[Event]) -> None:
        market = self._market
        book = market.books[symbol]
        waiting = [*book.bids.aside, *book.asks.aside]
        if not waiting:
            del market.with_aside[symbol]
        for order in waiting:
            if order.rests and market.trades_as_it_comes(symbol):
                at = len(events)
                self._trading.work_whole(order, events)
                if self._trading.lists.open:
                    self._trading.lists.follow(events, at)


def _touched(events: Iterable[Event]) -> dict[str, None]:
    """Return the symbols in which something has happened to orders, or which have gone on to another phase."""
    touched: dict[str, None] = {}
    for event in events:
        if isinstance(event, Trade | PhaseChanged | TradeBusted | TradeCorrected):
            touched[event.symbol] = None
        elif (order := getattr(event, "order", None)) is not None:
            touched[order.symbol] = None
    return touched
