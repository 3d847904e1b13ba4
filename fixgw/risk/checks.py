"""The checks: each looks at one thing and returns why the order may not pass, or None.

The order of ``CHECKS`` is the order in which a client is told: first who and what, then the numbers, then the limits,
whose refusals are all ORDER_EXCEEDS_LIMIT.  That a ClOrdID was used before the engine tells, before any of these.
"""

from collections.abc import Callable
from typing import Protocol

from fixgw.risk.exposure import Exposure
from fixgw.risk.limits import COLLAR_SCALE, Applicable, Limit
from fixgw.spec.bands import static_band
from fixgw.spec.commands import NewOrder, ReplaceOrder
from fixgw.spec.events import OrderState
from fixgw.spec.fixed import format_fixed, format_shortest
from fixgw.spec.instructions import TRAILING, peg_of
from fixgw.spec.instrument import NOTIONAL_SCALE, Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import INT64_MAX, OrdRejReason, Price, Side, TimeInForce


class Market(Protocol):
    """What risk needs to know of the market; the engine answers."""

    def reference_price(self, symbol: str) -> Price | None: ...
    def pegged_price(self, order: NewOrder | ReplaceOrder) -> Price | None: ...
    def find(self, session: str, firm: str, cl_ord_id: str) -> OrderState | None: ...


OrderRequest = NewOrder | ReplaceOrder


Check = Callable[[OrderRequest, "Rules"], Refusal | None]


class Rules:
    """All that the orders of one session, account and instrument are compared to, and by which checks."""

    __slots__ = ("band", "checks", "exposure", "glance", "instrument", "limits", "market", "unit")

    def __init__(self, instrument: Instrument, limits: Applicable, market: Market, exposure: Exposure) -> None:
        self.instrument = instrument
        self.band = static_band(instrument)
        self.limits = limits
        self.market = market
        self.exposure = exposure
        self.unit = instrument.notional(1, 1)
        # Each check costs every order a call: leave out those that could not refuse any.
        always_passed: dict[Check, bool] = {
            price_is_on_tick: instrument.tick_size == 1 and not instrument.tick_table,
            stop_px_is_on_tick: instrument.tick_size == 1 and not instrument.tick_table,
            price_is_within_band: self.band is None,
            order_qty_is_within_limit: limits.order_qty_max is None,
            notional_is_within_limit: limits.order_notional_max is None,
            price_is_within_collar: limits.price_collar_percent is None,
            open_notional_is_within_limit: limits.open_notional_max is None,
        }
        self.checks = tuple(check for check in CHECKS if not always_passed.get(check))
        has_one_tick = not instrument.tick_table
        self.glance = Glance(self) if has_one_tick and _SEEN_AT_A_GLANCE.issuperset(self.checks) else None
        """None where there is a check that it does not know, or a table of ticks."""


class Glance:
    """All checks at once, for the limit orders that pass them all, as most do: a fourth of the time.

    Whether it says so or not, what is refused and why is for the checks to say.
    """

    __slots__ = ("_exposure", "_high", "_lot", "_low", "_notional_max", "_open_max", "_qty_max", "_tick", "_unit")

    def __init__(self, rules: Rules) -> None:
        band, limits, instrument = rules.band, rules.limits, rules.instrument
        self._exposure = rules.exposure
        self._unit = rules.unit
        self._tick = instrument.tick_size
        self._lot = instrument.lot_size
        self._low, self._high = (-INT64_MAX, INT64_MAX) if band is None else band
        self._qty_max = _value(limits.order_qty_max)
        self._notional_max = _value(limits.order_notional_max)
        self._open_max = _value(limits.open_notional_max)

    def passes(self, order: OrderRequest) -> bool:
        """Return whether no check refuses ``order``; False also where only they can tell."""
        price, qty, side = order.price, order.order_qty, order.side
        if price is None or order.instructions is not None or not (side is _BUY or side is _SELL):
            return False
        notional = abs(price) * qty
        # A replace counts in full here; the checks count what it adds.
        return (
            0 < qty <= self._qty_max
            and qty % self._lot == 0
            and price % self._tick == 0
            and self._low <= price <= self._high
            and notional <= self._notional_max
            and self._exposure.open_notional(order.account) + notional * self._unit <= self._open_max
        )


_NO_LIMIT = 1 << 200  # more than any notional
_WHOLE = 100 * 10**COLLAR_SCALE
# In Python 3.11 each look into an enumeration takes 0.2 us.
_BUY = Side.BUY
_SELL = Side.SELL
_NEVER_RESTING = (TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL)


def side_is_traded(order: OrderRequest, rules: Rules) -> Refusal | None:  # noqa: ARG001 - a check like the others
    side = order.side
    if side is _BUY or side is _SELL:
        return None
    text = f"Side(54) {side} is not supported; 1 (buy) or 2 (sell)"
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)


def price_is_on_tick(order: OrderRequest, rules: Rules) -> Refusal | None:
    price, instrument = _limit(order), rules.instrument
    if price is None or instrument.is_on_tick(price):
        return None
    text = f"Price(44) {_price_text(price, instrument)} is not a multiple of {_tick_text(price, instrument)}"
    return Refusal(OrdRejReason.OTHER, text)


def stop_px_is_on_tick(order: OrderRequest, rules: Rules) -> Refusal | None:
    instrument, stop_px = rules.instrument, _stop_px(order)
    if stop_px is None or instrument.is_on_tick(stop_px):
        return None
    text = f"StopPx(99) {_price_text(stop_px, instrument)} is not a multiple of {_tick_text(stop_px, instrument)}"
    return Refusal(OrdRejReason.OTHER, text)


def order_qty_is_in_lots(order: OrderRequest, rules: Rules) -> Refusal | None:
    order_qty, instrument = order.order_qty, rules.instrument
    if order_qty > 0 and order_qty % instrument.lot_size == 0:
        return None
    lot = _qty_text(instrument.lot_size, instrument)
    text = f"OrderQty(38) {_qty_text(order_qty, instrument)} is not a multiple of the lot {lot} of {instrument.symbol}"
    return Refusal(OrdRejReason.INCORRECT_QUANTITY, text)


def price_is_within_band(order: OrderRequest, rules: Rules) -> Refusal | None:
    price, band, instrument = _limit(order), rules.band, rules.instrument
    if price is None or band is None or band.has(price):
        return None
    text = f"Price(44) {_price_text(price, instrument)} is outside the price band {band.text(instrument)}"
    return Refusal(OrdRejReason.ORDER_EXCEEDS_LIMIT, text)


def order_qty_is_within_limit(order: OrderRequest, rules: Rules) -> Refusal | None:
    order_qty, limit = order.order_qty, rules.limits.order_qty_max
    if limit is None or order_qty <= limit.value:
        return None
    return _exceeds(f"OrderQty(38) {_qty_text(order_qty, rules.instrument)}", limit)


def notional_is_within_limit(order: OrderRequest, rules: Rules) -> Refusal | None:
    limit = rules.limits.order_notional_max
    if limit is None or (price := _expected_price(order, rules)) is None:
        return None
    if abs(price * order.order_qty) <= limit.value:
        return None
    notional = abs(rules.instrument.notional(price, order.order_qty))
    priced = _name_of_price(order)
    text = f"OrderQty(38) {_qty_text(order.order_qty, rules.instrument)} times {priced} "
    return _exceeds(f"{text}{_price_text(price, rules.instrument)} = {_amount(notional)}", limit)


def price_is_within_collar(order: OrderRequest, rules: Rules) -> Refusal | None:
    """Compare a limit price to the last trade, or the middle of the book before the first trade.

    A percentage of zero or less is no distance: around such a reference price there is no collar.
    """
    price, limit = _limit(order), rules.limits.price_collar_percent
    if price is None or limit is None:
        return None
    reference = rules.market.reference_price(rules.instrument.symbol)
    if reference is None or reference <= 0 or abs(price - reference) * _WHOLE <= reference * limit.value:
        return None
    texts = _price_text(price, rules.instrument), _price_text(reference, rules.instrument)
    return _exceeds(f"Price(44) {texts[0]} against the reference price {texts[1]}", limit)


def open_notional_is_within_limit(order: OrderRequest, rules: Rules) -> Refusal | None:
    """Count what would rest; what may not rest opens nothing."""
    limit, price = rules.limits.open_notional_max, open_price(order, rules.market)
    if limit is None or price is None or order.time_in_force in _NEVER_RESTING:
        return None
    qty, reserved = int(order.order_qty), 0
    if isinstance(order, ReplaceOrder) and (replaced := _replaced(order, rules.market)):
        qty = max(qty - replaced.cum_qty, 0)
        reserved = abs(replaced.exposed_price or 0) * replaced.leaves_qty * rules.unit
    more = abs(price) * qty * rules.unit - reserved
    after = rules.exposure.open_notional(order.account) + more
    if after <= limit.value or more <= 0:
        return None
    quantity = f"OrderQty(38) {_qty_text(order.order_qty, rules.instrument)}"
    text = f"{quantity} times {_name_of_price(order)} {_price_text(price, rules.instrument)} "
    return _exceeds(f"{text}makes {_amount(after)} open in Account(1) {order.account}", limit)


CHECKS: tuple[Check, ...] = (
    side_is_traded,
    price_is_on_tick,
    stop_px_is_on_tick,
    order_qty_is_in_lots,
    price_is_within_band,
    order_qty_is_within_limit,
    notional_is_within_limit,
    price_is_within_collar,
    open_notional_is_within_limit,
)


_SEEN_AT_A_GLANCE = frozenset(
    (
        side_is_traded,
        price_is_on_tick,
        stop_px_is_on_tick,
        order_qty_is_in_lots,
        price_is_within_band,
        order_qty_is_within_limit,
        notional_is_within_limit,
        open_notional_is_within_limit,
    )
)


def _value(limit: Limit | None) -> int:
    return _NO_LIMIT if limit is None else limit.value


def only_lowers_risk(order: OrderRequest, market: Market) -> bool:
    """Return whether ``order`` replaces another at its price by no more than it was: no limit may refuse that."""
    if not isinstance(order, ReplaceOrder) or (replaced := _replaced(order, market)) is None:
        return False
    if peg_of(order.instructions):  # it is where it follows to, with the same terms as before
        return order.instructions == replaced.instructions and order.order_qty <= replaced.order_qty
    if order.price is None and _stop_px(order) != replaced.exposed_price:
        return False
    return order.price == replaced.price and order.order_qty <= replaced.order_qty


def _replaced(order: ReplaceOrder, market: Market) -> OrderState | None:
    replaced = market.find(order.session, order.firm, order.orig_cl_ord_id)
    # The engine will refuse a replace with another symbol than the order's.
    return None if replaced is None or replaced.symbol != order.symbol else replaced


def _limit(order: OrderRequest) -> Price | None:
    if order.price is not None or order.instructions is None:
        return order.price
    return order.instructions.limit_price


def _stop_px(order: OrderRequest) -> Price | None:
    return None if order.instructions is None else order.instructions.stop_px


def open_price(order: OrderRequest, market: Market) -> Price | None:
    """Return what would be open is counted at: the limit, or what a market order waits for; None for any other.

    A pegged order is taken where it would be now, a trailing stop that says no price at the reference price.
    """
    if order.price is not None or order.instructions is None:
        return order.price
    if peg_of(order.instructions):
        return market.pegged_price(order)
    if order.instructions.stop_px is None and TRAILING in order.instructions.exec_inst:
        return market.reference_price(order.symbol)
    return order.instructions.stop_px


def _name_of_price(order: OrderRequest) -> str:
    if order.price is not None:
        return "Price(44)"
    if peg_of(order.instructions):
        return "PeggedPrice(839)"
    return "the reference price" if _stop_px(order) is None else "StopPx(99)"


def _expected_price(order: OrderRequest, rules: Rules) -> Price | None:
    price = open_price(order, rules.market)
    if price is not None:
        return price
    return rules.market.reference_price(rules.instrument.symbol)


def _exceeds(tried: str, limit: Limit) -> Refusal:
    return Refusal(OrdRejReason.ORDER_EXCEEDS_LIMIT, f"{tried} exceeds {limit}")


def _tick_text(price: Price, instrument: Instrument) -> str:
    """Return the tick of the range that ``price`` is in, and where that begins if there is more than one."""
    text = f"the tick {_price_text(instrument.tick_at(price), instrument)} of {instrument.symbol}"
    begun = [each.from_price for each in instrument.tick_table if each.from_price <= abs(price)]
    return f"{text} from {_price_text(begun[-1], instrument)} on" if begun else text


def _price_text(price: Price, instrument: Instrument) -> str:
    return format_fixed(price, instrument.price_scale)


def _qty_text(qty: int, instrument: Instrument) -> str:
    return format_fixed(qty, instrument.qty_scale)


def _amount(notional: int) -> str:
    return format_shortest(notional, NOTIONAL_SCALE)
