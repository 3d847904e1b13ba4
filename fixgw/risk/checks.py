"""The checks: each looks at one thing and returns why the order may not pass, or None.

The order of ``CHECKS`` is the order in which a client is told: first who and what, then the numbers.
"""

from collections.abc import Callable
from typing import Protocol

from fixgw.risk.exposure import Exposure
from fixgw.risk.limits import COLLAR_SCALE, Applicable, Limit
from fixgw.spec.commands import NewOrder, ReplaceOrder
from fixgw.spec.events import OrderState
from fixgw.spec.fixed import format_fixed, format_shortest
from fixgw.spec.instrument import NOTIONAL_SCALE, Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, Price, Side


class Market(Protocol):
    """What risk needs to know of the market; the engine answers."""

    def reference_price(self, symbol: str) -> Price | None: ...
    def is_used(self, session: str, cl_ord_id: str) -> bool: ...
    def find(self, session: str, cl_ord_id: str) -> OrderState | None: ...


OrderRequest = NewOrder | ReplaceOrder


class Rules:
    """All that the orders of one session, account and instrument are compared to."""

    __slots__ = ("exposure", "instrument", "limits", "market")

    def __init__(self, instrument: Instrument, limits: Applicable, market: Market, exposure: Exposure) -> None:
        self.instrument = instrument
        self.limits = limits
        self.market = market
        self.exposure = exposure


_WHOLE = 100 * 10**COLLAR_SCALE

Check = Callable[[OrderRequest, Rules], Refusal | None]


def cl_ord_id_is_new(order: OrderRequest, rules: Rules) -> Refusal | None:
    if not rules.market.is_used(order.session, order.cl_ord_id):
        return None
    return Refusal(OrdRejReason.DUPLICATE_ORDER, f"ClOrdID(11) {order.cl_ord_id} was used before")


def side_is_traded(order: OrderRequest, rules: Rules) -> Refusal | None:  # noqa: ARG001 - a check like the others
    side = order.side
    if side is Side.BUY or side is Side.SELL:
        return None
    text = f"Side(54) {side} is not supported; 1 (buy) or 2 (sell)"
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)


def price_is_on_tick(order: OrderRequest, rules: Rules) -> Refusal | None:
    price, instrument = order.price, rules.instrument
    if price is None or price % instrument.tick_size == 0:
        return None
    tick = _price_text(instrument.tick_size, instrument)
    text = f"Price(44) {_price_text(price, instrument)} is not a multiple of the tick {tick} of {instrument.symbol}"
    return Refusal(OrdRejReason.OTHER, text)


def order_qty_is_in_lots(order: OrderRequest, rules: Rules) -> Refusal | None:
    order_qty, instrument = order.order_qty, rules.instrument
    if order_qty > 0 and order_qty % instrument.lot_size == 0:
        return None
    lot = _qty_text(instrument.lot_size, instrument)
    text = f"OrderQty(38) {_qty_text(order_qty, instrument)} is not a multiple of the lot {lot} of {instrument.symbol}"
    return Refusal(OrdRejReason.INCORRECT_QUANTITY, text)


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
    priced = "Price(44)" if order.price is not None else "the reference price"
    text = f"OrderQty(38) {_qty_text(order.order_qty, rules.instrument)} times {priced} "
    return _exceeds(f"{text}{_price_text(price, rules.instrument)} = {_amount(notional)}", limit)


def price_is_within_collar(order: OrderRequest, rules: Rules) -> Refusal | None:
    """Compare a limit price to the last trade, or the middle of the book before the first trade."""
    price, limit = order.price, rules.limits.price_collar_percent
    if price is None or limit is None:
        return None
    reference = rules.market.reference_price(rules.instrument.symbol)
    if reference is None or abs(price - reference) * _WHOLE <= abs(reference) * limit.value:
        return None
    texts = _price_text(price, rules.instrument), _price_text(reference, rules.instrument)
    return _exceeds(f"Price(44) {texts[0]} against the reference price {texts[1]}", limit)


def open_notional_is_within_limit(order: OrderRequest, rules: Rules) -> Refusal | None:
    limit = rules.limits.open_notional_max
    if limit is None or order.price is None:
        return None
    leaves_qty: int = order.order_qty
    reserved = 0
    if isinstance(order, ReplaceOrder) and (replaced := rules.market.find(order.session, order.orig_cl_ord_id)):
        leaves_qty = max(leaves_qty - replaced.cum_qty, 0)
        reserved = rules.exposure.of_order(replaced.order_id)
    more = abs(rules.instrument.notional(order.price, leaves_qty)) - reserved
    after = rules.exposure.open_notional(order.account) + more
    if more <= 0 or after <= limit.value:
        return None
    quantity = f"OrderQty(38) {_qty_text(order.order_qty, rules.instrument)}"
    text = f"{quantity} times Price(44) {_price_text(order.price, rules.instrument)} "
    return _exceeds(f"{text}makes {_amount(after)} open in Account(1) {order.account}", limit)


CHECKS: tuple[Check, ...] = (
    cl_ord_id_is_new,
    side_is_traded,
    price_is_on_tick,
    order_qty_is_in_lots,
    order_qty_is_within_limit,
    notional_is_within_limit,
    price_is_within_collar,
    open_notional_is_within_limit,
)


def _expected_price(order: OrderRequest, rules: Rules) -> Price | None:
    if order.price is not None:
        return order.price
    return rules.market.reference_price(rules.instrument.symbol)


def _exceeds(tried: str, limit: Limit) -> Refusal:
    return Refusal(OrdRejReason.ORDER_EXCEEDS_LIMIT, f"{tried} exceeds {limit}")


def _price_text(price: Price, instrument: Instrument) -> str:
    return format_fixed(price, instrument.price_scale)


def _qty_text(qty: int, instrument: Instrument) -> str:
    return format_fixed(qty, instrument.qty_scale)


def _amount(notional: int) -> str:
    return format_shortest(notional, NOTIONAL_SCALE)
