"""An order while it lives, and what is remembered of it afterwards."""

from fixgw.spec.commands import NewOrder, RefuseOrder, ReplaceOrder
from fixgw.spec.events import OrderState
from fixgw.spec.values import OrdStatus, OrdType, Price, Qty, Side, TimeInForce

_LIVE = (OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED)


class Order:
    """The mutable order; all changes of its quantities and status go through its methods.

    While live ``order_qty == cum_qty + leaves_qty`` (E1); afterwards ``leaves_qty`` is zero.
    """

    __slots__ = (
        "account",
        "cl_ord_id",
        "cum_notional",
        "cum_qty",
        "firm",
        "leaves_qty",
        "ord_status",
        "ord_type",
        "order_id",
        "order_qty",
        "price",
        "session",
        "side",
        "symbol",
        "time_in_force",
    )

    def __init__(self, command: NewOrder | RefuseOrder, order_id: str) -> None:
        self.session: str = command.session
        self.firm: str = command.firm
        self.account: str = command.account
        self.order_id: str = order_id
        self.cl_ord_id: str = command.cl_ord_id
        self.symbol: str = command.symbol
        self.side: Side = command.side
        self.ord_type: OrdType = command.ord_type
        self.time_in_force: TimeInForce = command.time_in_force
        self.price: Price | None = None
        self.order_qty: Qty = Qty(0)
        if isinstance(command, NewOrder):
            self.price = command.price
            self.order_qty = command.order_qty
        self.leaves_qty: Qty = self.order_qty
        self.cum_qty: Qty = Qty(0)
        self.cum_notional: int = 0
        self.ord_status: OrdStatus = OrdStatus.NEW

    @property
    def is_live(self) -> bool:
        return self.ord_status in _LIVE

    def execute(self, price: Price, qty: Qty) -> None:
        assert 0 < qty <= self.leaves_qty, (self.order_id, qty, self.leaves_qty)
        self.cum_qty = Qty(self.cum_qty + qty)
        self.leaves_qty = Qty(self.leaves_qty - qty)
        self.cum_notional += price * qty
        self.ord_status = OrdStatus.PARTIALLY_FILLED if self.leaves_qty else OrdStatus.FILLED

    def cancel(self) -> Qty:
        """End the order and return what was open."""
        assert self.is_live, (self.order_id, self.ord_status)
        canceled_qty = self.leaves_qty
        self.leaves_qty = Qty(0)
        self.ord_status = OrdStatus.CANCELED
        return canceled_qty

    def reject(self) -> None:
        assert self.ord_status is OrdStatus.NEW, (self.order_id, self.ord_status)
        self.leaves_qty = Qty(0)
        self.ord_status = OrdStatus.REJECTED

    def restate(self, command: ReplaceOrder) -> None:
        """Take the client's new terms; OrderQty(38) is the new total (E13), never below what is filled (E14)."""
        assert self.is_live, (self.order_id, self.ord_status)
        self.cl_ord_id = command.cl_ord_id
        self.price = command.price
        self.time_in_force = command.time_in_force
        self.order_qty = max(command.order_qty, self.cum_qty)
        self.leaves_qty = Qty(self.order_qty - self.cum_qty)
        if not self.leaves_qty:
            self.ord_status = OrdStatus.FILLED

    def state(self, cl_ord_id: str | None = None) -> OrderState:
        """Return the order as it stands; ``cl_ord_id`` is that of the request answered, where it is another."""
        return OrderState(
            self.session,
            self.firm,
            self.account,
            self.order_id,
            self.cl_ord_id if cl_ord_id is None else cl_ord_id,
            self.symbol,
            self.side,
            self.ord_type,
            self.time_in_force,
            self.order_qty,
            self.price,
            self.ord_status,
            self.cum_qty,
            self.leaves_qty,
            self.cum_notional,
        )
