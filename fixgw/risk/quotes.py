"""Quotes before the market: each side passes the checks of an order, and one that is refused refuses the whole entry.

All entries of a message are looked at before any of them trades, each on top of those before it: the worst case.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from fixgw.risk.exposure import Exposure
from fixgw.spec.commands import MassQuote, NewOrder, Quote
from fixgw.spec.events import OrderState
from fixgw.spec.participant import Participant
from fixgw.spec.quotes import QuoteEntry, QuoteRefusal
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, OrdType, Price, Qty, QuoteRejectReason, Side, TimeInForce

_REASONS = {
    OrdRejReason.UNKNOWN_SYMBOL: QuoteRejectReason.UNKNOWN_SYMBOL,
    OrdRejReason.EXCHANGE_CLOSED: QuoteRejectReason.EXCHANGE_CLOSED,
    OrdRejReason.BROKER_OR_EXCHANGE_OPTION: QuoteRejectReason.EXCHANGE_CLOSED,
    OrdRejReason.ORDER_EXCEEDS_LIMIT: QuoteRejectReason.EXCEEDS_LIMIT,
}
_SIDES = (Side.BUY, Side.SELL)


class Quoted(Protocol):
    """What risk needs to know of the quotes in the market; the engine answers."""

    def find_quoted(self, session: str, symbol: str, quote_entry_id: str, side: Side) -> OrderState | None: ...


class QuoteChecks:
    """Who may quote, and what."""

    def __init__(
        self,
        quoted: Quoted,
        exposure: Exposure,
        units: Mapping[str, int],
        is_listed: Callable[[str], bool],
        check: Callable[[NewOrder], Refusal | None],
    ) -> None:
        """``units`` are the notional of one price unit times one quantity unit; ``check`` is that of orders."""
        self._quoted = quoted
        self._exposure = exposure
        self._units = units
        self._is_listed = is_listed
        self._check = check
        self._market_makers: frozenset[str] = frozenset()

    def configure(self, participants: Iterable[Participant]) -> None:
        self._market_makers = frozenset(each.session for each in participants if each.market_maker is not None)

    def refusals(self, command: Quote | MassQuote) -> list[QuoteRefusal | None]:
        """Return why each entry is refused, or None; what is counted as open is afterwards as it was."""
        reserved: dict[str, int] = {}
        judged: set[tuple[str, str]] = set()
        refusals = []
        for entry in command.entries:
            refusal = self._misplaced(command, entry, judged) or self._refusal(command, entry, reserved)
            judged.add((entry.symbol, entry.quote_entry_id))
            refusals.append(refusal)
        for account, notional in reserved.items():
            self._exposure.change(account, -notional)
        return refusals

    def _misplaced(
        self, command: Quote | MassQuote, entry: QuoteEntry, judged: set[tuple[str, str]]
    ) -> QuoteRefusal | None:
        if command.session not in self._market_makers:
            text = f"{command.session} is not the session of a market maker, and may not quote"
            return QuoteRefusal(QuoteRejectReason.NOT_AUTHORIZED, text)
        if (entry.symbol, entry.quote_entry_id) in judged:
            text = f"QuoteEntryID(299) {entry.quote_entry_id} of {entry.symbol} is in this message before"
            return QuoteRefusal(QuoteRejectReason.OTHER, text)
        if entry.refusal is not None:
            return entry.refusal
        if not self._is_listed(entry.symbol):
            return QuoteRefusal(QuoteRejectReason.UNKNOWN_SYMBOL, f"Symbol(55) {entry.symbol} is not traded here")
        bid, offer = entry.side(Side.BUY), entry.side(Side.SELL)
        if bid is not None and offer is not None and bid[0] >= offer[0]:
            return QuoteRefusal(QuoteRejectReason.INVALID_BID, "BidPx(132) is not below OfferPx(133)")
        return None

    def _refusal(self, command: Quote | MassQuote, entry: QuoteEntry, reserved: dict[str, int]) -> QuoteRefusal | None:
        """Return why one side may not pass, having counted both as open, in the place of those before."""
        replaced = {
            side: self._quoted.find_quoted(command.session, entry.symbol, entry.quote_entry_id, side) for side in _SIDES
        }
        before = dict(reserved)
        for state in replaced.values():
            if state is not None and state.price is not None:
                self._reserve(state.account, state.symbol, state.price, -state.leaves_qty, reserved)
        for side in _SIDES:
            if (wanted := entry.side(side)) is None:
                continue
            price, size = wanted
            refusal = self._check(_as_order(command, entry.symbol, side, price, size))
            if refusal is not None and not _only_lowers_risk(refusal, command.account, price, size, replaced[side]):
                self._go_back(reserved, before)
                return _worded(refusal, side)
            self._reserve(command.account, entry.symbol, price, size, reserved)
        return None

    def _reserve(self, account: str, symbol: str, price: Price, qty: int, reserved: dict[str, int]) -> None:
        notional = abs(price) * qty * self._units[symbol]
        self._exposure.change(account, notional)
        reserved[account] = reserved.get(account, 0) + notional

    def _go_back(self, reserved: dict[str, int], before: dict[str, int]) -> None:
        for account, notional in reserved.items():
            self._exposure.change(account, before.get(account, 0) - notional)
        reserved.clear()
        reserved.update(before)


def _as_order(command: Quote | MassQuote, symbol: str, side: Side, price: Price, size: Qty) -> NewOrder:
    return NewOrder(
        session=command.session,
        firm=command.firm,
        cl_ord_id=command.quote_id,
        account=command.account,
        symbol=symbol,
        side=side,
        order_qty=size,
        ord_type=OrdType.LIMIT,
        price=price,
        time_in_force=TimeInForce.DAY,
    )


def _only_lowers_risk(refusal: Refusal, account: str, price: Price, size: Qty, replaced: OrderState | None) -> bool:
    """Return whether no limit may refuse this: the same price as before, and no more."""
    if refusal.ord_rej_reason is not OrdRejReason.ORDER_EXCEEDS_LIMIT or replaced is None:
        return False
    return (replaced.account, replaced.price) == (account, price) and size <= replaced.leaves_qty


def _worded(refusal: Refusal, side: Side) -> QuoteRefusal:
    """Return ``refusal`` in the fields of a quote."""
    names = ("BidPx(132)", "BidSize(134)") if side is Side.BUY else ("OfferPx(133)", "OfferSize(135)")
    text = refusal.text.replace("Price(44)", names[0]).replace("OrderQty(38)", names[1])
    is_price = refusal.ord_rej_reason is OrdRejReason.OTHER
    other = QuoteRejectReason.INVALID_PRICE if is_price else QuoteRejectReason.OTHER
    return QuoteRefusal(_REASONS.get(refusal.ord_rej_reason, other), text)
