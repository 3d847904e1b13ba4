"""The phase that each instrument is in, and which orders it takes there."""

from collections.abc import Callable

from fixgw.engine.order import Order
from fixgw.engine.pegs import is_pegged
from fixgw.engine.triggers import stop_px
from fixgw.spec.commands import NewOrder, ReplaceOrder
from fixgw.spec.fixed import format_fixed
from fixgw.spec.instructions import CANCEL_ON_HALT, REINSTATE_ON_HALT
from fixgw.spec.instrument import Instrument
from fixgw.spec.phase import CALLS, Phase
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, Price, Side, TimeInForce

# In Python 3.11 each look into an enumeration takes 0.2 us.
_CONTINUOUS = Phase.CONTINUOUS
_ALWAYS = (TimeInForce.DAY, TimeInForce.GOOD_TILL_CANCEL, TimeInForce.GOOD_TILL_DATE)
_CALL = (*_ALWAYS, TimeInForce.GOOD_FOR_AUCTION)
_OPENING = (*_CALL, TimeInForce.AT_THE_OPENING)
_TAKEN = {
    Phase.PRE_OPEN: _OPENING,
    Phase.OPENING_AUCTION: _OPENING,
    Phase.CONTINUOUS: (
        *_ALWAYS,
        TimeInForce.IMMEDIATE_OR_CANCEL,
        TimeInForce.FILL_OR_KILL,
        TimeInForce.GOOD_TILL_CROSSING,
    ),
    Phase.VOLATILITY_AUCTION: _CALL,
    Phase.CLOSING_AUCTION: (*_CALL, TimeInForce.AT_THE_CLOSE),
    Phase.POST_CLOSE: _ALWAYS,
}
_TAKEN_IN_CONTINUOUS = _TAKEN[_CONTINUOUS]

_ON_HALT = ("", REINSTATE_ON_HALT, CANCEL_ON_HALT)
"""ExecInst(18) of orders that any phase takes: what becomes of them on a halt."""

OF_PHASES = (
    TimeInForce.AT_THE_OPENING,
    TimeInForce.GOOD_TILL_CROSSING,
    TimeInForce.AT_THE_CLOSE,
    TimeInForce.GOOD_FOR_AUCTION,
)
"""Orders with these expire with a phase, or with the day before that."""


class Phases:
    """Phases by symbol; what is not named trades continuously, as all do in a venue without a schedule."""

    def __init__(self, closing_price: Callable[[str], tuple[Price | None, Instrument]]) -> None:
        """``closing_price`` tells of a symbol what it trades at in post-close, if there is a price."""
        self._closing_price = closing_price
        self.other: dict[str, Phase] = {}
        """Of the instruments that are not in continuous trading."""
        self.calls: set[str] = set()
        """Symbols whose orders gather and do not trade."""
        self.scheduled: dict[str, int] = {}
        """The time of the last step of its schedule that an instrument has had, ns since the epoch."""
        self.interrupted: dict[str, int] = {}
        """When the volatility auction ends that an order has begun, ns since the epoch; 0 until that is known."""

    def interrupt(self, symbol: str) -> None:
        """Begin a volatility auction, whose end is still to be told."""
        self.set(symbol, Phase.VOLATILITY_AUCTION)
        self.interrupted[symbol] = 0

    def time(self, symbol: str, ends_ns: int) -> None:
        """Take the end of a volatility auction that runs and has none yet."""
        assert self.interrupted.get(symbol) == 0, symbol
        self.interrupted[symbol] = ends_ns

    def of(self, symbol: str) -> Phase:
        return self.other.get(symbol, _CONTINUOUS)

    def set(self, symbol: str, phase: Phase, scheduled_ns: int = 0) -> None:
        self.interrupted.pop(symbol, None)
        if scheduled_ns:
            self.scheduled[symbol] = scheduled_ns
        if phase is _CONTINUOUS:
            self.other.pop(symbol, None)
        else:
            self.other[symbol] = phase
        (self.calls.add if phase in CALLS else self.calls.discard)(symbol)

    def refuse(self, order: NewOrder | ReplaceOrder) -> Refusal | None:
        """Return why the phase of its instrument does not take ``order``, or None."""
        phase, time_in_force = self.other.get(order.symbol), order.time_in_force
        if phase is None:
            return None if time_in_force in _TAKEN_IN_CONTINUOUS else _mistimed(order, _CONTINUOUS)
        if phase is Phase.CLOSED:
            return Refusal(OrdRejReason.EXCHANGE_CLOSED, f"{order.symbol} is closed")
        if time_in_force not in _TAKEN[phase]:
            return _mistimed(order, phase)
        if is_pegged(order):
            return _unfit(f"OrdType(40) {order.ord_type} is not taken while {order.symbol} is in {phase}; 2 (limit)")
        if order.instructions is not None and order.instructions.exec_inst not in _ON_HALT:
            return _unfit(f"ExecInst(18) is not taken while {order.symbol} is in {phase}; leave it out")
        if order.price is None and stop_px(order) is None:
            return _unfit(f"OrdType(40) {order.ord_type} is not taken while {order.symbol} is in {phase}; 2 (limit)")
        return self.worse_than_close(order) if phase is Phase.POST_CLOSE else None

    def worse_than_close(self, order: NewOrder | ReplaceOrder | Order) -> Refusal | None:
        """Return why ``order`` could not trade at the closing price, or None; one with a trigger waits."""
        close, instrument = self._closing_price(order.symbol)
        if order.price is None or stop_px(order) is not None:
            return None
        if close is None:
            return _unfit(f"{order.symbol} is in {Phase.POST_CLOSE}, and there is no closing price to trade at")
        if order.price >= close if order.side is Side.BUY else order.price <= close:
            return None
        price, closing = (format_fixed(each, instrument.price_scale) for each in (order.price, close))
        return _unfit(f"Price(44) {price} is worse than the closing price {closing}, which alone trades in post-close")


def expires(time_in_force: TimeInForce, phase: Phase) -> bool:
    """Return whether an open order with ``time_in_force`` expires as ``phase`` begins."""
    match time_in_force:
        case TimeInForce.AT_THE_OPENING:
            return phase not in (Phase.PRE_OPEN, Phase.OPENING_AUCTION)
        case TimeInForce.AT_THE_CLOSE:
            return phase is not Phase.CLOSING_AUCTION
        case TimeInForce.GOOD_TILL_CROSSING:
            return phase in CALLS
        case TimeInForce.GOOD_FOR_AUCTION:
            return phase not in CALLS
        case _:
            return False


def _mistimed(order: NewOrder | ReplaceOrder, phase: Phase) -> Refusal:
    taken = ", ".join(sorted(_TAKEN[phase]))
    return _unfit(f"TimeInForce(59) {order.time_in_force} is not taken while {order.symbol} is in {phase}; {taken} are")


def _unfit(text: str) -> Refusal:
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
