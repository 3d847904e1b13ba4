"""The trades of the trading day, as they stand: what may still be undone or corrected, and which was the last."""

from bisect import bisect_left
from collections.abc import Iterator

import msgspec

from fixgw.spec.events import Trade
from fixgw.spec.values import Price, Qty

TRADES_MAX = 250_000
"""Trades that are surely remembered, some 200 bytes each; at twice as many the older half is let go."""


class RememberedTrade(msgspec.Struct, eq=False, gc=False, array_like=True):
    """A trade as it stands: ``last_qty`` is 0 once it is busted."""

    trade_id: str
    """ExecID(17) of the resting side's report; that of the aggressor's has the next index (docs/market-data.md)."""
    symbol: str
    resting_order_id: str
    aggressor_order_id: str
    last_px: Price
    last_qty: Qty
    amended: tuple[str, str] | None = None
    """ExecIDs of the last correction's reports, the resting side's first; None when there was none."""

    def exec_ids(self) -> tuple[str, str]:
        """Return ExecID(17) of the last report of this trade to each side, the resting one first."""
        if self.amended is not None:
            return self.amended
        number, index = _place(self.trade_id)
        return self.trade_id, f"{number}.{index + 1}"


class TradesState(msgspec.Struct, frozen=True, array_like=True):
    trades: list[RememberedTrade]
    forgotten: list[tuple[str, Price]]
    """Symbol and price of the last trade that stands among those that are not remembered."""


class Trades:
    """Remembers trades in the order in which they happened, which is that of their ExecIDs."""

    def __init__(self, count_max: int = TRADES_MAX) -> None:
        self._let_go_at = 2 * count_max
        self._trades: list[RememberedTrade] = []
        self._forgotten: dict[str, Price] = {}
        self._symbols: set[str] = set()

    def __iter__(self) -> Iterator[RememberedTrade]:
        return iter(self._trades)

    def remember(self, trade: Trade) -> None:
        """Take in a trade that was made after all others."""
        resting, order_id = trade.resting, trade.aggressor.order.order_id
        self._trades.append(
            RememberedTrade(
                resting.exec_id, trade.symbol, resting.order.order_id, order_id, trade.last_px, trade.last_qty
            )
        )
        self._symbols.add(trade.symbol)
        if len(self._trades) >= self._let_go_at:
            self._forget(self._let_go_at // 2)

    def has(self, symbol: str) -> bool:
        """Return whether ``symbol`` has traded on this trading day."""
        return symbol in self._symbols

    def forget(self) -> None:
        """Let go of all: what is to be undone or corrected is so within its day."""
        self._forget(len(self._trades))
        self._symbols.clear()

    def _forget(self, count: int) -> None:
        for trade in self._trades[:count]:
            if trade.last_qty:
                self._forgotten[trade.symbol] = trade.last_px
        del self._trades[:count]

    def find(self, exec_id: str) -> RememberedTrade | None:
        """Return the trade of which ``exec_id`` is either side's first report."""
        number, index = _place(exec_id)
        at = bisect_left(self._trades, (number, index - 1), key=lambda trade: _place(trade.trade_id))
        found = next(iter(self._trades[at : at + 1]), None)
        return found if found is not None and _place(found.trade_id) <= (number, index) else None

    def market_px(self, symbol: str) -> Price | None:
        """Return the price of the last trade that stands, None where there is none; looks at all trades at worst."""
        for trade in reversed(self._trades):
            if trade.symbol == symbol and trade.last_qty:
                return trade.last_px
        return self._forgotten.get(symbol)

    # Snapshots.

    def state(self) -> TradesState:
        return TradesState(self._trades, sorted(self._forgotten.items()))

    def restore(self, state: TradesState) -> None:
        self._trades = list(state.trades)
        self._symbols = {trade.symbol for trade in self._trades}
        self._forgotten = dict(state.forgotten)


def _place(exec_id: str) -> tuple[int, int]:
    """Return the ExecID as two numbers, which grow with the journal; (0, 0) for what is none."""
    number, _, index = exec_id.partition(".")
    return (int(number), int(index)) if number.isdecimal() and index.isdecimal() else (0, 0)
