"""Calls: instruments change from one phase to the next, and what has gathered trades at one price."""

from fixgw.engine import auction
from fixgw.engine.market import Market
from fixgw.engine.trading import Trading
from fixgw.spec.commands import SetPhase
from fixgw.spec.events import Event, PhaseChanged
from fixgw.spec.phase import Phase, uncrosses
from fixgw.spec.scope import Scope


class Calls:
    """Leads instruments through their phases."""

    def __init__(self, market: Market, trading: Trading) -> None:
        self._market = market
        self._trading = trading

    def change_phase(self, command: SetPhase) -> list[Event]:
        symbol, phase, before = command.symbol, command.phase, self._market.phases.of(command.symbol)
        events: list[Event] = []
        if phase is not before:
            if uncrosses(before, phase):
                self._uncross(symbol, events)
            events += self._trading.move_on(symbol, phase, command.reason)
        self._market.phases.set(symbol, phase, command.scheduled_ns)
        if not command.scheduled_ns and not self._market.instruments[symbol].segment:
            self._market.phases.scheduled.pop(symbol, None)  # what it had of a schedule is over
        events.append(PhaseChanged(symbol, phase, before, command.operator, command.reason, command.scheduled_ns))
        return events

    def begin_anew(self, symbol: str) -> list[Event]:
        """Have an instrument that is listed again trade, or as its schedule says next; not what it was in before."""
        phases = self._market.phases
        phases.scheduled.pop(symbol, None)
        before = phases.of(symbol)
        # Orders that are still being canceled may cross.
        if before is Phase.CONTINUOUS or self._market.orders.open_of(Scope("instrument", symbol)):
            return []
        phases.set(symbol, Phase.CONTINUOUS)
        return [PhaseChanged(symbol, Phase.CONTINUOUS, before, "venue", "it is listed again")]

    def _uncross(self, symbol: str, events: list[Event]) -> None:
        market = self._market
        book, instrument = market.books[symbol], market.instruments[symbol]
        # Again, where orders of lists have ended others that the price was found with.
        while (cleared := auction.clear(book, instrument, market.last_trades.get(symbol))) is not None:
            self._trading.uncross(cleared.price, symbol, events)
