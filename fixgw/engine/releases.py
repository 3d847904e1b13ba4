"""Releases: orders whose trigger has gone off come to the market, and may set off others."""

import msgspec

from fixgw.engine import triggers
from fixgw.engine.aside import Aside
from fixgw.engine.market import Market
from fixgw.engine.order import Order
from fixgw.engine.trading import Trading
from fixgw.engine.trailing import Move
from fixgw.spec.events import Event, OrderAmended, OrderTriggered, Trade
from fixgw.spec.fixed import format_fixed
from fixgw.spec.values import ExecRestatementReason, Price


class Releases:
    """Lets to the market what waits and is set off, in its order, so many after each command."""

    def __init__(self, market: Market, trading: Trading, aside: Aside, slice_max: int) -> None:
        self._market = market
        self._trading = trading
        self._aside = aside
        self._slice_max = slice_max

    def let_go(self, events: list[Event]) -> None:
        """Let to the market what ``events`` have set off, and what that sets off in turn, up to a slice of orders."""
        looked_at = 0
        for _ in range(self._slice_max):
            if self._market.with_aside:
                self._aside.look(events, looked_at)
            self._look_at_triggers(events, looked_at)
            looked_at = len(events)
            order = self._next_due()
            if order is None:
                return
            at = len(events)
            self._release(order, events)
            if self._trading.lists.open:
                self._trading.lists.follow(events, at)
        if self._market.with_aside:
            self._aside.look(events, looked_at)
        self._look_at_triggers(events, looked_at)

    def _look_at_triggers(self, events: list[Event], begin: int) -> None:
        """Make due what trades and books of ``events`` from ``begin`` on have set off, by symbol in their order."""
        traded: dict[str, list[Price]] = {}
        for event in events[begin:]:
            if isinstance(event, Trade):
                traded.setdefault(event.symbol, []).append(event.last_px)
            elif (order := getattr(event, "order", None)) is not None:
                traded.setdefault(order.symbol, [])
        market = self._market
        for symbol, prices in traded.items():
            if symbol in market.triggers.waiting and market.trades_as_it_comes(symbol):
                seen = triggers.prices(market.books[symbol], market.last_trades.get(symbol), prices)
                for move in market.triggers.look(seen, market.instruments[symbol]):
                    events.append(self._moved(move))

    def _moved(self, move: Move) -> OrderAmended:
        """Tell of a trailing stop that has followed the price."""
        return OrderAmended(
            exec_id=self._market.next_exec_id(),
            order=move.order.state(),
            exec_restatement_reason=ExecRestatementReason.REPRICING,
            previous_price=move.previous_price,
            previous_leaves_qty=move.order.open_qty,
            rested=False,
            keeps_priority=False,
            text="StopPx(99) follows the price",
            previous_trigger_price=move.previous_trigger_price,
            previous_held_qty=move.order.held_qty,
        )

    def _next_due(self) -> Order | None:
        market = self._market
        return next((order for order in market.triggers.due.values() if market.trades_as_it_comes(order.symbol)), None)

    @property
    def has_due(self) -> bool:
        """Whether orders have gone off that ContinueTriggers is to let to the market."""
        return self._next_due() is not None

    def _release(self, order: Order, events: list[Event]) -> None:
        """Let an order that is due to the market."""
        self._market.triggers.remove(order)
        order.is_waiting = False
        at = len(events)
        assert order.trigger_price is not None, order.order_id
        text = f"StopPx(99) {format_fixed(order.trigger_price, order.price_scale)} was reached"
        events.append(triggered := OrderTriggered(self._market.next_exec_id(), order.state(), text))
        self._trading.work(order, events)
        if len(events) > at + 1 and isinstance(events[at + 1], Trade):
            events[at] = msgspec.structs.replace(triggered, exec_id="")
