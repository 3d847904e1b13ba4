"""What operators read from the journal themselves, so that the gateway has nothing to do with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fixgw.admin.answers import utc_text
from fixgw.journal.reader import first_kept, first_sequence, read, segment_paths
from fixgw.spec.events import (
    Amendment,
    AmendmentEvent,
    CancelRejected,
    Event,
    Fill,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderRestated,
    OrderState,
    OrderStated,
    OrderTriggered,
    Trade,
    TradeBusted,
    TradeCorrected,
)
from fixgw.spec.fixed import format_fixed, format_shortest
from fixgw.spec.instrument import SCALE_MAX
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.values import Side


class Happening(NamedTuple):
    """What happened to one order; ``qty`` and ``price`` of a fill are those of the fill."""

    sequence: int
    time: str
    what: str
    cl_ord_id: str
    qty: str | None
    price: str | None
    leaves: str | None
    text: str | None


def history(folder: Path, order_id: str) -> Iterator[Happening]:
    """Yield what happened to an order, in order, as far back as the journal goes; some 10 us for each command in it."""
    for frame in read(folder, first_kept(folder)):
        for event in frame.events:
            happening = _happening(frame, event, order_id)
            if happening is not None:
                yield happening


def _happening(frame: Sequenced, event: Event, order_id: str) -> Happening | None:
    match event:
        case OrderAccepted(order=order) if order.order_id == order_id:
            return _of_order(frame, "accepted", order)
        case OrderRejected(order=order) if order.order_id == order_id:
            return _of_order(frame, "rejected", order, event.text)
        case OrderCanceled(order=order) if order.order_id == order_id:
            return _of_order(frame, "canceled", order, event.text)
        case OrderExpired(order=order) if order.order_id == order_id:
            return _of_order(frame, "expired", order, event.text)
        case OrderRestated(order=order) if order.order_id == order_id:
            return _of_order(frame, "restated", order)
        case OrderTriggered(order=order) if order.order_id == order_id:
            return _of_order(frame, "triggered", order, event.text)
        case OrderReplaced(order=order) if order.order_id == order_id:
            return _of_order(frame, "replaced", order)
        case OrderAmended(order=order) if order.order_id == order_id:
            return _of_order(frame, "amended", order, event.text)
        case OrderStated(order=order) if order.order_id == order_id:
            return _of_order(frame, "stated", order, event.text)
        case CancelRejected() if event.order_id == order_id:
            time = utc_text(frame.time_ns)
            return Happening(frame.sequence, time, "refused", event.cl_ord_id, None, None, None, event.text)
        case Trade():
            fill = next((each for each in (event.resting, event.aggressor) if each.order.order_id == order_id), None)
            return None if fill is None else _of_fill(frame, event, fill)
        case TradeBusted() | TradeCorrected():
            side = next((each for each in (event.resting, event.aggressor) if each.order.order_id == order_id), None)
            return None if side is None else _of_amendment(frame, event, side)
        case _:
            return None


def _of_amendment(frame: Sequenced, event: AmendmentEvent, side: Amendment) -> Happening:
    order, time = side.order, utc_text(frame.time_ns)
    qty, price = format_fixed(event.last_qty, order.qty_scale), format_fixed(event.last_px, order.price_scale)
    leaves = format_fixed(order.leaves_qty, order.qty_scale)
    what = "fill busted" if isinstance(event, TradeBusted) else "fill corrected"
    return Happening(frame.sequence, time, what, order.cl_ord_id, qty, price, leaves, event.reason)


def _of_order(frame: Sequenced, what: str, order: OrderState, text: str | None = None) -> Happening:
    number = format_fixed if order.qty_scale <= SCALE_MAX else format_shortest
    price = None if order.price is None else number(order.price, order.price_scale)
    qty, leaves = number(order.order_qty, order.qty_scale), number(order.leaves_qty, order.qty_scale)
    return Happening(frame.sequence, utc_text(frame.time_ns), what, order.cl_ord_id, qty, price, leaves, text)


def _of_fill(frame: Sequenced, trade: Trade, fill: Fill) -> Happening:
    order = fill.order
    return Happening(
        frame.sequence,
        utc_text(frame.time_ns),
        "filled" if not order.leaves_qty else "partly filled",
        order.cl_ord_id,
        format_fixed(trade.last_qty, order.qty_scale),
        format_fixed(trade.last_px, order.price_scale),
        format_fixed(order.leaves_qty, order.qty_scale),
        None,
    )


class TradeLine(NamedTuple):
    """One trade as it stands, as ``fixgw trades list`` shows it."""

    trade: str
    """What names it: ExecID(17) of the resting side's report."""
    sequence: int
    time: str
    symbol: str
    last_qty: str
    last_px: str
    buyer: str
    """CompID of the session."""
    buy_order_id: str
    seller: str
    sell_order_id: str
    aggressor: str
    """``buy`` or ``sell``."""
    state: str | None = None
    """``busted``, with the price and quantity it had, or ``corrected``."""


class TradeFilter(NamedTuple):
    """What is None does not narrow; a trade is of both its sides."""

    symbol: str | None = None
    session: str | None = None
    firm: str | None = None
    account: str | None = None

    def wants(self, trade: Trade) -> bool:
        return self.symbol in (None, trade.symbol) and any(
            self.session in (None, order.session)
            and self.firm in (None, order.firm)
            and self.account in (None, order.account)
            for order in (trade.aggressor.order, trade.resting.order)
        )


def newest_trades(folder: Path, wanted: TradeFilter, count_max: int) -> list[TradeLine]:
    """Return the last trades, the newest first; reads only as many segments of the journal as it takes."""
    found: list[TradeLine] = []
    amended: dict[str, AmendmentEvent] = {}
    """The last thing that was done to a trade, by what names it: it is always later than the trade."""
    starts = [first_sequence(path) for path in segment_paths(folder)]
    after: int | None = None
    for start in reversed(starts):
        of_segment: list[tuple[Sequenced, Trade]] = []
        amended_here: dict[str, AmendmentEvent] = {}
        for frame in _until(read(folder, start), after):
            for event in frame.events:
                if isinstance(event, Trade) and wanted.wants(event):
                    of_segment.append((frame, event))
                elif isinstance(event, TradeBusted | TradeCorrected):
                    amended_here[event.trade_id] = event
        amended = amended_here | amended
        found += [_line(frame, trade, amended.get(trade.resting.exec_id)) for frame, trade in reversed(of_segment)]
        if len(found) >= count_max:
            break
        after = start
    return found[:count_max]


def _until(frames: Iterator[Sequenced], end: int | None) -> Iterator[Sequenced]:
    """Yield the frames before the sequence ``end``."""
    for frame in frames:
        if frame.sequence == end:
            return
        yield frame


def _line(frame: Sequenced, trade: Trade, amended: AmendmentEvent | None) -> TradeLine:
    aggressor, resting = trade.aggressor.order, trade.resting.order
    is_buy = aggressor.side is Side.BUY
    buy, sell = (aggressor, resting) if is_buy else (resting, aggressor)
    last_px, last_qty, state = trade.last_px, trade.last_qty, None
    if amended is not None:
        last_px, last_qty = amended.last_px, amended.last_qty
        state = "busted" if isinstance(amended, TradeBusted) else "corrected"
    return TradeLine(
        trade=trade.resting.exec_id,
        sequence=frame.sequence,
        time=utc_text(frame.time_ns),
        symbol=trade.symbol,
        last_qty=format_fixed(last_qty, resting.qty_scale),
        last_px=format_fixed(last_px, resting.price_scale),
        buyer=buy.session,
        buy_order_id=buy.order_id,
        seller=sell.session,
        sell_order_id=sell.order_id,
        aggressor="auction" if trade.in_auction else "buy" if is_buy else "sell",
        state=state,
    )
