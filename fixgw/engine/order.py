"""An order while it lives, and what is remembered of it afterwards."""

import msgspec

from fixgw.spec.commands import ReplaceOrder
from fixgw.spec.events import OrderState
from fixgw.spec.instructions import Instructions
from fixgw.spec.values import OrdStatus, OrdType, Price, Qty, Side, TimeInForce, TriggerPriceType

# In Python 3.11 each look into an enumeration takes 0.2 us.
_NEW = OrdStatus.NEW
_PARTIALLY_FILLED = OrdStatus.PARTIALLY_FILLED
_FILLED = OrdStatus.FILLED
_CANCELED = OrdStatus.CANCELED
_EXPIRED = OrdStatus.EXPIRED
_NOTHING = Qty(0)
LIVE = (_NEW, _PARTIALLY_FILLED)
"""OrdStatus(39) of orders that can still trade."""


class Order(msgspec.Struct, eq=False, gc=False, array_like=True):
    """The mutable order; all changes of its quantities and status go through its methods.

    While live ``order_qty == cum_qty + open_qty`` (E1); afterwards that is zero.
    """

    session: str
    firm: str
    account: str
    order_id: str
    entering_cl_ord_id: str
    """ClOrdID(11) of the NewOrderSingle."""
    cl_ord_id: str
    symbol: str
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    order_qty: Qty
    price: Price | None
    leaves_qty: Qty
    """What may trade now: LeavesQty(151) without what is held."""
    price_scale: int
    qty_scale: int
    ord_status: OrdStatus = OrdStatus.NEW
    cum_qty: Qty = Qty(0)
    cum_notional: int = 0
    instructions: Instructions | None = None
    is_waiting: bool = False
    """Not in the book until its trigger goes off."""
    trigger_price: Price | None = None
    """What it waits for, or has waited for."""
    trigger_source: TriggerPriceType | None = None
    is_dormant: bool = False
    """Whether its trigger cannot go off yet, since its activation price has not been reached."""
    protection_price: Price | None = None
    """The worst price that it may trade at without a limit of its own; None before it has met anybody, or for any."""
    hidden_qty: Qty = Qty(0)
    """What of leaves_qty is not displayed, or would not be if the order rested now."""
    quote_entry_id: str | None = None
    """Of a side of a quote, see OrderState; None for an order."""
    limit_distance: int | None = None
    """How far its limit is above its trigger; the limit of a trailing stop follows at this distance."""
    list_id: str | None = None
    held_qty: Qty = Qty(0)
    """What may not trade before another order of its list has traded."""
    arrival: int = 0
    """When it took its place in the book, against others of its side: the lower, the earlier."""

    @property
    def open_qty(self) -> Qty:
        """LeavesQty(151): what is neither filled nor given up."""
        # In Python 3.11 a NewType costs a call: nearly all orders have nothing held.
        return Qty(self.leaves_qty + self.held_qty) if self.held_qty else self.leaves_qty

    @property
    def rests(self) -> bool:
        """Whether any of it is in the book, unless it is at work."""
        return self.leaves_qty > 0 and not self.is_waiting

    @property
    def is_live(self) -> bool:
        return self.ord_status in LIVE

    @property
    def shown_qty(self) -> Qty:
        return Qty(self.leaves_qty - self.hidden_qty)

    def execute(self, price: Price, qty: Qty) -> None:
        assert 0 < qty <= self.leaves_qty, (self.order_id, qty, self.leaves_qty)
        self.cum_qty = Qty(self.cum_qty + qty)
        self.leaves_qty = Qty(self.leaves_qty - qty)
        self.cum_notional += price * qty
        self.ord_status = _PARTIALLY_FILLED if self.leaves_qty or self.held_qty else _FILLED

    def take_from_hidden(self, qty: int) -> Qty:
        """Have ``qty``, or as much as there is, less of what is not displayed; return how much that was."""
        taken = Qty(min(self.hidden_qty, qty))
        self.hidden_qty = Qty(self.hidden_qty - taken)
        return taken

    def decrement(self, qty: Qty) -> None:
        """Have ``qty`` less to trade, as if it had never been asked for."""
        assert 0 < qty <= self.leaves_qty, (self.order_id, qty, self.leaves_qty)
        assert qty < self.open_qty, (self.order_id, qty, self.held_qty)
        self.order_qty = Qty(self.order_qty - qty)
        self.leaves_qty = Qty(self.leaves_qty - qty)

    def cancel(self) -> Qty:
        """End the order and return what was open."""
        return self._end(_CANCELED)

    def expire(self) -> Qty:
        """End the order with its day and return what was open."""
        return self._end(_EXPIRED)

    def _end(self, ord_status: OrdStatus) -> Qty:
        assert self.ord_status in LIVE, (self.order_id, self.ord_status)
        open_qty = Qty(self.leaves_qty + self.held_qty) if self.held_qty else self.leaves_qty
        self.leaves_qty = self.hidden_qty = self.held_qty = _NOTHING
        self.ord_status = ord_status
        return open_qty

    def amend(self, qty: int, notional: int) -> None:
        """Have traded ``qty`` and ``notional`` more, or less where they are below zero (E30).

        One that is filled is open again with what it has traded less; one that was canceled or has expired stays so.
        """
        self.cum_qty = Qty(self.cum_qty + qty)
        self.cum_notional += notional
        assert 0 <= self.cum_qty <= self.order_qty, (self.order_id, self.cum_qty, self.order_qty)
        if self.is_live or self.ord_status is _FILLED:
            self._reopen()
            traded = _PARTIALLY_FILLED if self.open_qty else _FILLED
            self.ord_status = traded if self.cum_qty else _NEW

    def _reopen(self) -> None:
        """Have open what is not traded; of an order of which nothing may trade, nothing may then either."""
        open_qty = self.order_qty - self.cum_qty
        is_held = self.held_qty > 0 and not self.leaves_qty
        self.held_qty = Qty(open_qty if is_held else min(self.held_qty, open_qty))
        self.leaves_qty = Qty(open_qty - self.held_qty)

    def restate(self, command: ReplaceOrder, leaves_qty: Qty) -> None:
        """Take the client's new terms; OrderQty(38) is the new total (E13), never below what is filled (E14).

        ``leaves_qty`` is what may trade from here on, see ``leaves_qty_after``.
        """
        assert self.is_live, (self.order_id, self.ord_status)
        self.cl_ord_id = command.cl_ord_id
        self.price = command.price
        self.time_in_force = command.time_in_force
        self.instructions = command.instructions
        self.leaves_qty = leaves_qty
        self.order_qty = max(command.order_qty, self.cum_qty)
        if self.held_qty:
            self.held_qty = Qty(self.order_qty - self.cum_qty - self.leaves_qty)
        self._end_if_filled()

    def leaves_qty_after(self, command: ReplaceOrder) -> Qty:
        """Return what may trade once ``command`` has been taken: what is held stays so, and is given up first."""
        if command.order_qty <= self.cum_qty:
            return _NOTHING
        open_qty = Qty(command.order_qty - self.cum_qty)
        return min(open_qty, self.leaves_qty) if self.held_qty else open_qty

    def hold(self) -> None:
        """Let nothing of a new order trade yet."""
        self.leaves_qty, self.held_qty, self.hidden_qty = Qty(0), self.leaves_qty, Qty(0)

    def release(self, qty: Qty) -> None:
        """Let ``qty`` of what is held trade."""
        assert 0 < qty <= self.held_qty, (self.order_id, qty, self.held_qty)
        self.leaves_qty, self.held_qty = Qty(self.leaves_qty + qty), Qty(self.held_qty - qty)

    def lower(self, leaves_qty: Qty, held_qty: Qty) -> None:
        """Have less to trade, as if no more had been asked for; what is filled stays."""
        assert leaves_qty <= self.leaves_qty, (self.order_id, leaves_qty)
        assert held_qty <= self.held_qty, (self.order_id, held_qty)
        self.leaves_qty, self.held_qty = leaves_qty, held_qty
        self.order_qty = Qty(self.cum_qty + self.open_qty)
        self._end_if_filled()

    def _end_if_filled(self) -> None:
        if not self.leaves_qty and not self.held_qty:
            self.ord_status = _FILLED

    def wait(self, trigger_price: Price, source: TriggerPriceType) -> None:
        """Be out of the market until ``source`` reaches ``trigger_price``."""
        self.is_waiting = True
        self.trigger_price = trigger_price
        self.trigger_source = source
        self.limit_distance = None if self.price is None else self.price - trigger_price

    def reprice(self, price: Price) -> None:
        """Take another price, which the venue has found for it."""
        assert self.is_live, (self.order_id, self.ord_status)
        self.price = price

    def requote(self, quote_id: str, price: Price, size: Qty) -> None:
        """Take what a new quote says of this side; ``size`` is what is open from here on."""
        assert self.is_live, (self.order_id, self.ord_status)
        assert size > 0, (self.order_id, size)
        self.cl_ord_id = quote_id
        self.price = price
        self.order_qty = Qty(self.cum_qty + size)
        self.leaves_qty = size

    def state(self, cl_ord_id: str | None = None) -> OrderState:
        """Return the order as it stands; ``cl_ord_id`` is that of the request answered, where it is another."""
        if self.instructions is not None or self.list_id is not None or self.quote_entry_id is not None:
            return self._state_with_all(self.cl_ord_id if cl_ord_id is None else cl_ord_id)
        # One that waits for nothing and hides nothing, as most do: all the rest is default.
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
            self.price_scale,
            self.qty_scale,
        )

    def _state_with_all(self, cl_ord_id: str) -> OrderState:
        return OrderState(
            self.session,
            self.firm,
            self.account,
            self.order_id,
            cl_ord_id,
            self.symbol,
            self.side,
            self.ord_type,
            self.time_in_force,
            self.order_qty,
            self.price,
            self.ord_status,
            self.cum_qty,
            self.open_qty,
            self.cum_notional,
            self.price_scale,
            self.qty_scale,
            self.instructions,
            self.is_waiting,
            self.trigger_price,
            self.hidden_qty,
            self.quote_entry_id,
            self.list_id,
            self.held_qty,
        )
