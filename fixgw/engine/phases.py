"""The phase that each instrument is in, and which orders it takes there."""

from fixgw.engine.triggers import stop_px
from fixgw.spec.commands import NewOrder, ReplaceOrder
from fixgw.spec.phase import CALLS, Phase
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, TimeInForce

# In Python 3.11 each look into an enumeration takes 0.2 us.
_CONTINUOUS = Phase.CONTINUOUS
_GATHERING = (TimeInForce.DAY, TimeInForce.GOOD_TILL_CANCEL)


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
        phase = self.other.get(order.symbol)
        if phase is None:
            return None
        if phase is Phase.CLOSED:
            return Refusal(OrdRejReason.EXCHANGE_CLOSED, f"{order.symbol} is closed")
        if order.time_in_force not in _GATHERING:
            text = f"TimeInForce(59) {order.time_in_force} cannot wait for the end of a call, and {order.symbol} is in"
            return _unfit(f"{text} {phase}; 0 (day) or 1 (good till cancel)")
        if order.instructions is not None and order.instructions.exec_inst:
            return _unfit(f"ExecInst(18) is not taken in a call, and {order.symbol} is in {phase}; leave it out")
        if order.price is None and stop_px(order) is None:
            text = f"OrdType(40) {order.ord_type} does not rest until the end of a call, and {order.symbol} is in"
            return _unfit(f"{text} {phase}; 2 (limit)")
        return None


def _unfit(text: str) -> Refusal:
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
