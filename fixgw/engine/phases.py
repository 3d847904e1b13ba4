"""The phase that each instrument is in, and which orders it takes there."""

from fixgw.engine.triggers import stop_px
from fixgw.spec.commands import NewOrder, ReplaceOrder
from fixgw.spec.phase import CALLS, Phase
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, TimeInForce

# In Python 3.11 each look into an enumeration takes 0.2 us.
_CONTINUOUS = Phase.CONTINUOUS
_ALWAYS = (TimeInForce.DAY, TimeInForce.GOOD_TILL_CANCEL)
_OPENING = (*_ALWAYS, TimeInForce.AT_THE_OPENING)
_TAKEN = {
    Phase.PRE_OPEN: _OPENING,
    Phase.OPENING_AUCTION: _OPENING,
    Phase.CONTINUOUS: (
        *_ALWAYS,
        TimeInForce.IMMEDIATE_OR_CANCEL,
        TimeInForce.FILL_OR_KILL,
        TimeInForce.GOOD_TILL_CROSSING,
    ),
    Phase.VOLATILITY_AUCTION: _ALWAYS,
    Phase.CLOSING_AUCTION: (*_ALWAYS, TimeInForce.AT_THE_CLOSE),
}
_TAKEN_IN_CONTINUOUS = _TAKEN[_CONTINUOUS]

OF_PHASES = (TimeInForce.AT_THE_OPENING, TimeInForce.GOOD_TILL_CROSSING, TimeInForce.AT_THE_CLOSE)
"""Orders with these expire with a phase, or with the day before that."""


class Phases:
    """Phases by symbol; what is not named trades continuously, as all do in a venue without a schedule."""

    def __init__(self) -> None:
        self.other: dict[str, Phase] = {}
        """Of the instruments that are not in continuous trading."""
        self.calls: set[str] = set()
        """Symbols whose orders gather and do not trade."""

    def of(self, symbol: str) -> Phase:
        return self.other.get(symbol, _CONTINUOUS)

    def set(self, symbol: str, phase: Phase) -> None:
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
        if order.instructions is not None and order.instructions.exec_inst:
            return _unfit(f"ExecInst(18) is not taken in a call, and {order.symbol} is in {phase}; leave it out")
        if order.price is None and stop_px(order) is None:
            text = f"OrdType(40) {order.ord_type} does not rest until the end of a call, and {order.symbol} is in"
            return _unfit(f"{text} {phase}; 2 (limit)")
        return None


def expires(time_in_force: TimeInForce, phase: Phase) -> bool:
    """Return whether an open order with ``time_in_force`` expires as ``phase`` begins."""
    match time_in_force:
        case TimeInForce.AT_THE_OPENING:
            return phase not in (Phase.PRE_OPEN, Phase.OPENING_AUCTION)
        case TimeInForce.AT_THE_CLOSE:
            return phase is not Phase.CLOSING_AUCTION
        case TimeInForce.GOOD_TILL_CROSSING:
            return phase in CALLS
        case _:
            return False


def _mistimed(order: NewOrder | ReplaceOrder, phase: Phase) -> Refusal:
    taken = ", ".join(_TAKEN[phase])
    return _unfit(f"TimeInForce(59) {order.time_in_force} is not taken while {order.symbol} is in {phase}; {taken} are")


def _unfit(text: str) -> Refusal:
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
