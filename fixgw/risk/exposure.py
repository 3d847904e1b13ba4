"""Exposure: what each account has in resting orders, as events tell it."""

from collections import defaultdict


class Exposure:
    """Open notional by account, in ``10**-18`` of the currency: price times what is left of every live order.

    A market order never rests, so it reserves nothing.
    """

    def __init__(self) -> None:
        self._by_account: defaultdict[str, int] = defaultdict(int)

    def open_notional(self, account: str) -> int:
        return self._by_account.get(account, 0)

    def change(self, account: str, notional: int) -> None:
        """Reserve ``notional`` more, or free it where it is below zero."""
        self._by_account[account] += notional

    def reserved(self) -> dict[str, int]:
        """Return the open notional of every account that has any."""
        return {account: notional for account, notional in self._by_account.items() if notional}
