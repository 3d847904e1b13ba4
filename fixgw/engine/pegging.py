"""Pegging: pegged orders move to where what they follow has gone, and trade there if they may."""

from fixgw.engine.market import Market
from fixgw.engine.order import Order
from fixgw.engine.pegs import price_of, what_it_follows
from fixgw.engine.trading import Trading
from fixgw.spec.events import Event
from fixgw.spec.instructions import peg_of
from fixgw.spec.values import Price


class Pegging:
    """Looks once after each command at each pegged order of the instruments in which something has changed."""

    def __init__(self, market: Market, trading: Trading) -> None:
        self._market = market
        self._trading = trading

    def follow(self, events: list[Event]) -> None:
        """Have pegs follow what ``events`` have changed, and append what that brings about."""
        pegs = self._market.pegs
        pegs.mark(events)
        for symbol in sorted(pegs.by_symbol):
            if symbol in pegs.stale and self._may_follow(symbol):
                pegs.stale.discard(symbol)
                self._follow(symbol, events)

    def _follow(self, symbol: str, events: list[Event]) -> None:
        """Look at each peg of ``symbol``, as the market is when it is its turn."""
        pegs, instrument = self._market.pegs, self._market.instruments[symbol]
        seen = pegs.references(symbol)
        if pegs.has_seen(seen, instrument):
            return
        pegs.forget_seen(symbol)
        is_done = True
        for order in list(pegs.of(symbol).values()):
            if not order.is_live or not self._may_follow(symbol):
                continue
            price = price_of(order, seen, instrument, order.price)
            if price is None or price == order.price:
                continue
            at = len(events)
            self._move(order, price, events)
            if len(events) > at + 1:  # it has not only moved
                is_done = False
                if self._trading.lists.open:
                    self._trading.lists.follow(events, at)
                pegs.mark(events[at:])
                seen = pegs.references(symbol)
        if is_done:
            pegs.note_seen(seen, instrument)

    def _move(self, order: Order, price: Price, events: list[Event]) -> None:
        code = peg_of(order.instructions)
        text = f"ExecInst(18) {code}: follows the {what_it_follows(code, order.side)}"
        self._market.take_from_book(order)
        events.append(self._market.reprice(order, price, text, rested=True))
        self._trading.work(order, events)

    @property
    def has_due(self) -> bool:
        """Whether a peg is not where it is to be, though it may move; ContinueTriggers is to let it."""
        pegs = self._market.pegs
        return any(pegs.any_moves(symbol) for symbol in pegs.stale if self._may_follow(symbol))

    def _may_follow(self, symbol: str) -> bool:
        """Where there are limit states by now, pegs from before stay, as far as the band lets them."""
        return self._market.trades_as_it_comes(symbol) and symbol not in self._market.limited
