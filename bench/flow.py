"""A reproducible flow of commands for the engine, whose every outcome is known before it runs."""

import random
from collections import deque

from fixgw.spec.commands import CancelOrder, ConfigureVenue, NewOrder, ReplaceOrder, TradingCommand
from fixgw.spec.instrument import Instrument
from fixgw.spec.participant import Participant
from fixgw.spec.values import OrdType, Price, Qty, Side, TimeInForce

SESSION, FIRM, ACCOUNT = "CLIENT1", "ALPHA", "A1"
SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
LEVELS = 2_000
"""Price levels a side; near the middle orders lie denser than far away."""
MIX = (50, 35, 10, 5)
"""Weights of passive orders, cancels, replaces and crossing orders; arrivals and departures are about even."""

_MIDDLE = 100_000
_QTY = Qty(100)


def configuration() -> ConfigureVenue:
    """Return the first command of a venue: four instruments without limits, one session."""
    instruments = tuple(
        Instrument(
            symbol=symbol,
            price_scale=2,
            qty_scale=0,
            tick_size=Price(1),
            lot_size=Qty(1),
            multiplier=1,
            order_qty_bound=Qty(10**6),
            price_bound=Price(10**7),
        )
        for symbol in SYMBOLS
    )
    return ConfigureVenue(instruments, (), (Participant(SESSION, FIRM, (ACCOUNT,)),))


class Flow:
    """Knows what rests without asking the engine.

    A crossing order always takes the oldest touch order of its side, whole: touch orders are alone at the best
    level and are never canceled or replaced.  All others rest further out and never trade.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._resting: list[NewOrder | ReplaceOrder] = []
        self._touch: dict[tuple[str, Side], deque[NewOrder]] = {
            (symbol, side): deque() for symbol in SYMBOLS for side in (Side.BUY, Side.SELL)
        }
        self._requests = 0

    @property
    def resting(self) -> int:
        """How many orders rest once every command so far has been handled."""
        return len(self._resting) + sum(map(len, self._touch.values()))

    def passive(self) -> NewOrder:
        """Return an order that rests, of any instrument and side, at any level but the best."""
        side = self._random.choice((Side.BUY, Side.SELL))
        return self.passive_at(self._random.choice(SYMBOLS), side, self._passive_price(side))

    def passive_at(self, symbol: str, side: Side, price: Price) -> NewOrder:
        order = self._new(symbol, side, price)
        self._resting.append(order)
        return order

    def cancel(self) -> CancelOrder:
        """Return the cancel of any order that is not at the best level; there must be one."""
        place = self._random.randrange(len(self._resting))
        order = self._resting[place]
        self._resting[place] = self._resting[-1]
        self._resting.pop()
        return CancelOrder(SESSION, FIRM, self._next_cl_ord_id(), order.cl_ord_id, None, order.symbol, order.side)

    def mixed(self, count: int) -> list[TradingCommand]:
        """Return ``count`` commands of MIX."""
        kinds = (self._passive_or_touch, self._cancel, self._replace, self._cross)
        chosen = self._random.choices(kinds, MIX, k=count)
        return [kind() for kind in chosen]

    def _passive_or_touch(self) -> TradingCommand:
        # One in ten is a touch order, so that crossing orders, half as many as that, seldom lack one.
        return self._new_touch() if self._random.randrange(MIX[0]) < MIX[3] else self.passive()

    def _new_touch(self) -> TradingCommand:
        symbol, side = self._random.choice(list(self._touch))
        order = self._new(symbol, side, self._price(side, 0))
        self._touch[symbol, side].append(order)
        return order

    def _cross(self) -> TradingCommand:
        candidates = [key for key, orders in self._touch.items() if orders]
        if not candidates:
            return self._new_touch()
        symbol, side = self._random.choice(candidates)
        self._touch[symbol, side].popleft()
        opposite = Side.SELL if side is Side.BUY else Side.BUY
        return self._new(symbol, opposite, self._price(side, 0))

    def _cancel(self) -> TradingCommand:
        return self.cancel() if self._resting else self.passive()

    def _replace(self) -> TradingCommand:
        if not self._resting:
            return self.passive()
        place = self._random.randrange(len(self._resting))
        order = self._resting[place]
        replacement = ReplaceOrder(
            session=SESSION,
            firm=FIRM,
            cl_ord_id=self._next_cl_ord_id(),
            orig_cl_ord_id=order.cl_ord_id,
            order_id=None,
            account=ACCOUNT,
            symbol=order.symbol,
            side=order.side,
            order_qty=_QTY,
            ord_type=OrdType.LIMIT,
            price=self._passive_price(order.side),
            time_in_force=TimeInForce.DAY,
        )
        self._resting[place] = replacement
        return replacement

    def _new(self, symbol: str, side: Side, price: Price) -> NewOrder:
        return NewOrder(
            session=SESSION,
            firm=FIRM,
            cl_ord_id=self._next_cl_ord_id(),
            account=ACCOUNT,
            symbol=symbol,
            side=side,
            order_qty=_QTY,
            ord_type=OrdType.LIMIT,
            price=price,
            time_in_force=TimeInForce.DAY,
        )

    def _passive_price(self, side: Side) -> Price:
        return self._price(side, 1 + int(self._random.random() ** 2 * LEVELS))

    def _price(self, side: Side, level: int) -> Price:
        return Price(_MIDDLE - 1 - level if side is Side.BUY else _MIDDLE + level)

    def _next_cl_ord_id(self) -> str:
        self._requests += 1
        return str(self._requests)
