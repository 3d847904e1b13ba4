"""Exposure: what each account has in resting orders, and what it has traded, as events tell it."""

from collections import defaultdict

from fixgw.spec.events import OrderState


class Exposure:
    """Open notional by account, in ``10**-18`` of the currency: price times what is left of every live order.

    A market order never rests, so it reserves nothing.
    """

    def __init__(self) -> None:
        self._by_account: defaultdict[str, int] = defaultdict(int)
        self._by_order: dict[str, int] = {}

    def open_notional(self, account: str) -> int:
        return self._by_account.get(account, 0)

    def of_order(self, order_id: str) -> int:
        """Return what the order reserves; 0 when it is not live."""
        return self._by_order.get(order_id, 0)

    def follow(self, order: OrderState, notional: int) -> None:
        """Take ``order`` as it stands now; ``notional`` is that of its LeavesQty(151), 0 ends it."""
        self._by_account[order.account] += notional - self._by_order.get(order.order_id, 0)
        if notional:
            self._by_order[order.order_id] = notional
        else:
            self._by_order.pop(order.order_id, None)

    def reserved(self) -> dict[str, int]:
        """Return the open notional of every account that has any."""
        return {account: notional for account, notional in self._by_account.items() if notional}
