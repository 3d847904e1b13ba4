"""Corrections: an operator undoes a trade, or gives it another price or quantity (E30; FIX 4.4 App D J.1).

What an order has traded less is left of it again.  In the book it then goes behind all others of its price.  An order
that was filled is told so, and is canceled at once: both sides of a trade would only trade with each other again.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from fixgw.engine import display
from fixgw.engine.book import OrderBook
from fixgw.engine.order import Order
from fixgw.engine.registry import OrderRegistry
from fixgw.engine.trades import RememberedTrade, Trades
from fixgw.spec.commands import AmendTrade, BustTrade, CorrectTrade
from fixgw.spec.events import Amendment, Event, OperatorRefused, OrderCanceled, TradeBusted, TradeCorrected
from fixgw.spec.fixed import FixedError, format_fixed
from fixgw.spec.instrument import Instrument
from fixgw.spec.values import ExecRestatementReason, Price, Qty

_NOT_PUT_BACK = "what a busted or corrected trade gives back of a filled order is not put back into the book"


class Venue(NamedTuple):
    """What of an exchange a correction reads and changes."""

    trades: Trades
    orders: OrderRegistry
    books: Mapping[str, OrderBook]
    instruments: Mapping[str, Instrument]
    """Also those that have left."""
    last_trades: dict[str, Price]
    next_exec_id: Callable[[], str]


class _Wrong(Exception):
    """What the operator asks for cannot be; says why."""


def amend(venue: Venue, command: AmendTrade) -> list[Event]:
    """Undo or correct the trade: one event for both sides, then an OrderCanceled for each order that was filled."""
    try:
        trade = _find(venue, command.trade_id)
        last_px, last_qty = (trade.last_px, Qty(0)) if isinstance(command, BustTrade) else _terms(venue, command, trade)
        sides = [_known(venue, order_id) for order_id in (trade.resting_order_id, trade.aggressor_order_id)]
        for order in sides:
            _refuse_more_than_ordered(order, last_qty - trade.last_qty)
    except _Wrong as wrong:
        return [OperatorRefused(command.operator, str(wrong))]
    return _amend(venue, command, trade, sides, last_px, last_qty)


def _find(venue: Venue, trade_id: str) -> RememberedTrade:
    trade = venue.trades.find(trade_id)
    if trade is None:
        raise _Wrong(f"there is no trade {trade_id} of this trading day; see: fixgw trades list")
    if not trade.last_qty:
        raise _Wrong(f"trade {trade.trade_id} is busted already")
    return trade


def _known(venue: Venue, order_id: str) -> Order:
    order = venue.orders.by_order_id(order_id)
    assert order is not None, order_id
    return order


def _terms(venue: Venue, command: CorrectTrade, trade: RememberedTrade) -> tuple[Price, Qty]:
    """Return what the trade shall be; its price may be outside the limits of the orders, as the operator decides."""
    instrument = venue.instruments[trade.symbol]
    try:
        last_px = trade.last_px if command.price is None else instrument.parse_price(command.price)
    except FixedError as error:
        raise _Wrong(f"the price {command.price} {error}") from None
    try:
        last_qty = trade.last_qty if command.qty is None else instrument.parse_qty(command.qty)
    except FixedError as error:
        raise _Wrong(f"the quantity {command.qty} {error}") from None
    # What is left as it was may be of a time when the instrument had another tick, or another lot.
    if command.price is not None and not instrument.is_on_tick(last_px):
        tick = format_fixed(instrument.tick_at(last_px), instrument.price_scale)
        raise _Wrong(f"the price {command.price} is not a multiple of the tick {tick}")
    if command.qty is not None and last_qty % instrument.lot_size:
        lot = format_fixed(instrument.lot_size, instrument.qty_scale)
        raise _Wrong(f"the quantity {command.qty} is not a multiple of the lot {lot}")
    if (last_px, last_qty) == (trade.last_px, trade.last_qty):
        qty, price = format_fixed(last_qty, instrument.qty_scale), format_fixed(last_px, instrument.price_scale)
        raise _Wrong(f"trade {trade.trade_id} is {qty} at {price} already")
    return last_px, last_qty


def _refuse_more_than_ordered(order: Order, qty: int) -> None:
    """An order never trades more than its OrderQty(38) (E1)."""
    room = order.order_qty - order.cum_qty
    if qty > room:
        more, left = format_fixed(qty, order.qty_scale), format_fixed(room, order.qty_scale)
        raise _Wrong(f"order {order.order_id} would trade {more} more, and {left} of its quantity is not traded")


def _amend(
    venue: Venue, command: AmendTrade, trade: RememberedTrade, sides: list[Order], last_px: Price, last_qty: Qty
) -> list[Event]:
    previous_px, previous_qty = trade.last_px, trade.last_qty
    qty, notional = last_qty - previous_qty, last_px * last_qty - previous_px * previous_qty
    resting, aggressor = (
        _amend_side(venue, order, exec_ref_id, qty, notional)
        for order, exec_ref_id in zip(sides, trade.exec_ids(), strict=True)
    )
    trade.last_px, trade.last_qty, trade.amended = last_px, last_qty, (resting.exec_id, aggressor.exec_id)
    market_px = _restate_market(venue, trade.symbol)
    named, by = (trade.symbol, trade.trade_id), (command.operator, command.reason)
    event: Event
    if isinstance(command, BustTrade):
        event = TradeBusted(*named, previous_px, previous_qty, aggressor, resting, market_px, *by)
    else:
        now_and_before = (last_px, last_qty, previous_px, previous_qty)
        event = TradeCorrected(*named, *now_and_before, aggressor, resting, market_px, *by)
    reopened = [
        order
        for order, side in zip(sides, (resting, aggressor), strict=True)
        if order.open_qty and not side.previous_leaves_qty
    ]
    return [event, *(_cancel(venue, order) for order in reopened)]


def _amend_side(venue: Venue, order: Order, exec_ref_id: str, qty: int, notional: int) -> Amendment:
    previous_leaves_qty, working_qty, rests = order.open_qty, order.leaves_qty, order.rests
    side = venue.books[order.symbol].side(order.side)
    if rests and qty < 0:
        side.remove(order, working_qty, order.hidden_qty)
    order.amend(qty, notional)
    hidden_qty = order.take_from_hidden(max(working_qty - order.leaves_qty, 0))
    if qty < 0:
        display.hide(order)
    if rests and qty < 0:
        side.add(order)
    elif rests and not order.leaves_qty:
        side.remove(order, working_qty, hidden_qty)
    elif rests and qty > 0:
        side.reduce(order, working_qty - order.leaves_qty, hidden_qty)
    if previous_leaves_qty and not order.open_qty:
        venue.orders.close(order)
    return Amendment(venue.next_exec_id(), exec_ref_id, order.state(), previous_leaves_qty)


def _restate_market(venue: Venue, symbol: str) -> Price | None:
    market_px = venue.trades.market_px(symbol)
    if market_px is None:
        venue.last_trades.pop(symbol, None)
    else:
        venue.last_trades[symbol] = market_px
    return market_px


def _cancel(venue: Venue, order: Order) -> OrderCanceled:
    """Cancel what a filled order has got back; it has not been among the open ones again."""
    canceled_qty = order.cancel()
    exec_id, reason = venue.next_exec_id(), ExecRestatementReason.MARKET_OPTION
    return OrderCanceled(exec_id, order.state(), canceled_qty, False, None, _NOT_PUT_BACK, reason)
