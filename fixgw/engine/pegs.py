"""Pegged orders: limit orders whose price follows another one at a distance, PegOffsetValue(211).

What they follow is displayed, and not theirs: the best bid and offer without pegged orders, so that these chase neither
each other nor themselves, and the last trade.  Each is looked at once a step, the one that was entered first before the
others; what its trades change for those before it they follow in the next step.
"""

from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from fixgw.engine.book import BookSide, Level, OrderBook
from fixgw.engine.offsets import can_be, offset, passive
from fixgw.engine.order import Order
from fixgw.spec.bands import static_band
from fixgw.spec.commands import NewOrder, ReplaceOrder
from fixgw.spec.events import (
    Event,
    InstrumentAdded,
    InstrumentChanged,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderExpired,
    OrderReplaced,
    OrderState,
    OrderTriggered,
    PhaseChanged,
    Trade,
    TradeBusted,
    TradeCorrected,
    VenueConfigured,
)
from fixgw.spec.instructions import LAST_PEG, MARKET_PEG, MID_PEG, PRIMARY_PEG, peg_of
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, OrdType, Price, Side, TimeInForce

PEGS_MAX = 500
"""Pegged orders of an instrument: all may move in one step, at some 30 us each with their reports."""

_PEGGED = OrdType.PEGGED  # in Python 3.11 each look into an enumeration takes 0.2 us
_RESTING = (TimeInForce.DAY, TimeInForce.GOOD_TILL_CANCEL, TimeInForce.GOOD_TILL_DATE)


class References(NamedTuple):
    """What pegs follow; None for what there is not."""

    bid: Price | None
    offer: Price | None
    last: Price | None


def is_pegged(order: Order | NewOrder | ReplaceOrder) -> bool:
    return order.ord_type is _PEGGED and peg_of(order.instructions) != ""


def mismatch(command: NewOrder | ReplaceOrder, instrument: Instrument) -> Refusal | None:
    """Return why ``command`` cannot be pegged though it asks for it, or None."""
    if not is_pegged(command):
        return None
    if instrument.limit_state_s:  # its band moves orders, too: the two would move a peg to and fro for ever
        text = f"OrdType(40) P (pegged) is not supported in {instrument.symbol}, which has limit states; 2 (limit)"
    elif command.time_in_force not in _RESTING:
        text = f"TimeInForce(59) {command.time_in_force} is not supported with a peg; 0 (day), 1 (GTC) or 6 (GTD)"
    else:
        return None
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)


class Pegs:
    """The pegged orders of all instruments that are live, and the instruments in which one may have to move."""

    def __init__(
        self, books: Mapping[str, OrderBook], instruments: Mapping[str, Instrument], last_trades: Mapping[str, Price]
    ) -> None:
        self._books = books
        self._instruments = instruments
        self._last_trades = last_trades
        self.by_symbol: dict[str, dict[str, Order]] = {}
        """By OrderID, the one that was entered first in front; of the instruments that have any."""
        self.stale: set[str] = set()
        """Symbols in which something has changed since their pegs were looked at."""
        self._seen: dict[str, tuple[References, Instrument]] = {}
        """What the pegs of a symbol are where they are for: with the same again none moves."""

    def judge(self, command: NewOrder) -> Refusal | None:
        """Return why a new pegged order cannot be priced, or None."""
        symbol = command.symbol
        if len(self.of(symbol)) >= PEGS_MAX:
            text = f"there are {PEGS_MAX} pegged orders in {symbol}; no more are taken"
            return Refusal(OrdRejReason.BROKER_OR_EXCHANGE_OPTION, text)
        if self.price(command, None) is not None:
            return None
        code, side = peg_of(command.instructions), command.side
        if _reference(code, side, self.references(symbol)) is None:
            text = f"ExecInst(18) {code} has nothing to follow: {symbol} has no {what_it_follows(code, side)}"
        else:
            text = _no_price(code)
        return Refusal(OrdRejReason.OTHER, text)

    def why_not(self, command: ReplaceOrder, order: Order) -> str | None:
        """Return why ``order``, if it is pegged, cannot be as ``command`` asks, or None."""
        if not is_pegged(command) or self.price(command, order.price) is not None:
            return None
        return _no_price(peg_of(command.instructions))

    def enter(self, order: Order) -> None:
        """Price a new order, which has passed ``judge``, and have it follow from here on."""
        order.price = self.price(order, None)
        assert order.price is not None, order.order_id
        self.put(order)

    def put(self, order: Order) -> None:
        """Take in a live order that has its price, and was entered after all others."""
        self.by_symbol.setdefault(order.symbol, {})[order.order_id] = order
        self._seen.pop(order.symbol, None)

    def price_after(self, order: Order, command: ReplaceOrder) -> Price | None:
        """Return where ``order`` is to be with ``command``, for which there is no ``why_not``."""
        self.forget_seen(order.symbol)
        return self.price(command, order.price)

    def price(self, order: Order | NewOrder | ReplaceOrder, current: Price | None) -> Price | None:
        """Return where ``order`` is to be now, see ``price_of``."""
        return price_of(order, self.references(order.symbol), self._instruments[order.symbol], current)

    def of(self, symbol: str) -> Mapping[str, Order]:
        return self.by_symbol.get(symbol, {})

    def any_moves(self, symbol: str) -> bool:
        """Return whether an order of ``symbol`` is not where it is to be."""
        orders = self.of(symbol).values()
        return any(self.price(order, order.price) not in (None, order.price) for order in orders)

    # What has changed.

    def mark(self, events: Iterable[Event]) -> None:
        """Note the instruments of ``events``, and forget the pegs that have ended."""
        for event in events:
            match event:
                case Trade() | TradeBusted() | TradeCorrected():
                    self._mark(event.symbol, event.resting.order, event.aggressor.order)
                case OrderAmended():
                    if peg_of(event.order.instructions):  # maybe a price band has moved it, where it would not go
                        self.forget_seen(event.order.symbol)
                    self._mark(event.order.symbol, event.order)
                case OrderAccepted() | OrderReplaced() | OrderTriggered():
                    self._mark(event.order.symbol, event.order)
                case OrderCanceled() | OrderExpired():
                    self._mark(event.order.symbol, event.order)
                case PhaseChanged():
                    self._mark(event.symbol)
                case InstrumentAdded() | InstrumentChanged():
                    self._mark(event.instrument.symbol)
                case VenueConfigured():
                    self.stale.update(self.by_symbol)
                case _:
                    pass

    def _mark(self, symbol: str, *states: OrderState) -> None:
        orders = self.by_symbol.get(symbol)
        if orders is None:
            return
        self.stale.add(symbol)
        for state in states:
            if not state.leaves_qty and orders.pop(state.order_id, None) is not None and not orders:
                del self.by_symbol[symbol]
                self.stale.discard(symbol)
                self._seen.pop(symbol, None)

    def references(self, symbol: str) -> References:
        """Return what there is to follow in ``symbol`` now; O(pegs that are better than all others)."""
        orders, book = self.of(symbol), self._books[symbol]
        bid, offer = _best_without(book.bids, orders), _best_without(book.asks, orders)
        last = self._last_trades.get(symbol)
        return References(None if bid is None else bid.price, None if offer is None else offer.price, last)

    def forget_seen(self, symbol: str) -> None:
        """Look at the pegs of ``symbol`` again, whatever they were looked at for."""
        self._seen.pop(symbol, None)

    def has_seen(self, references: References, instrument: Instrument) -> bool:
        return self._seen.get(instrument.symbol) == (references, instrument)

    def note_seen(self, references: References, instrument: Instrument) -> None:
        self._seen[instrument.symbol] = references, instrument

    def check(self) -> None:
        """Assert what must hold after every event; for tests."""
        assert self.stale <= self.by_symbol.keys(), (self.stale, self.by_symbol.keys())
        for symbol, orders in self.by_symbol.items():
            assert orders, symbol
            assert [*orders] == sorted(orders, key=int), symbol
            for order in orders.values():
                assert order.is_live, order.order_id
                assert is_pegged(order), order.order_id
                assert order.rests, order.order_id
                assert (order.symbol, order.price is None) == (symbol, False), order.order_id


def _best_without(side: BookSide, pegs: Container[str]) -> Level | None:
    """Return the best level at which an order is displayed that is none of ``pegs``."""
    return next((level for level in side if any(order_id not in pegs for order_id in level.orders)), None)


def price_of(
    order: Order | NewOrder | ReplaceOrder, seen: References, instrument: Instrument, current: Price | None
) -> Price | None:
    """Return where ``order`` is to be; without what it follows where it is, which is ``current``, or None.

    It goes no further than its limit.  One that follows the other side takes what is there; any other stays a tick away
    from what is displayed of it.  None, too, where it may not be: the price is beyond what the instrument allows.
    """
    instructions, is_buy = order.instructions, order.side is Side.BUY
    assert instructions is not None, order.cl_ord_id
    code = peg_of(instructions)
    reference = _reference(code, order.side, seen)
    price: int | None = current if reference is None else reference + offset(instructions, reference, instrument)
    if price is None:
        return None
    if (limit := instructions.limit_price) is not None:
        price = min(price, limit) if is_buy else max(price, limit)
    price = passive(price, order.side, instrument)
    other = seen.offer if is_buy else seen.bid
    if code != MARKET_PEG and other is not None:
        price = min(price, instrument.price_below(other)) if is_buy else max(price, instrument.price_above(other))
    band = static_band(instrument)
    return price if can_be(price, instrument) and (band is None or band.has(price)) else None


def _reference(code: str, side: Side, seen: References) -> Price | None:
    """Return what a peg of ``side`` follows; half a unit goes to its passive side."""
    match code:
        case _ if code == PRIMARY_PEG:
            return seen.bid if side is Side.BUY else seen.offer
        case _ if code == MARKET_PEG:
            return seen.offer if side is Side.BUY else seen.bid
        case _ if code == MID_PEG:
            if seen.bid is None or seen.offer is None:
                return None
            doubled = seen.bid + seen.offer
            return Price(doubled // 2 if side is Side.BUY else -(-doubled // 2))
        case _:
            assert code == LAST_PEG, code
            return seen.last


def what_it_follows(code: str, side: Side) -> str:
    """Return what a peg of ``side`` follows, in words."""
    own, other = ("best bid", "best offer") if side is Side.BUY else ("best offer", "best bid")
    names = {PRIMARY_PEG: own, MARKET_PEG: other, MID_PEG: "best bid and offer", LAST_PEG: "last trade"}
    return names[code]


def _no_price(code: str) -> str:
    return f"PegOffsetValue(211) leaves no price for ExecInst(18) {code}"
