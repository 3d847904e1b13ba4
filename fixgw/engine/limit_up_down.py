"""Limit up, limit down: orders beyond the band rest at its edge, and a best price that stays there is a limit state.

Only of instruments with ``limit_state_s``.  A limit state that lasts so long ends in a volatility auction.
"""

from fixgw.engine.book import BookSide
from fixgw.engine.market import Market
from fixgw.engine.order import Order
from fixgw.spec.bands import Band
from fixgw.spec.events import Event, LimitStateChanged
from fixgw.spec.fixed import format_fixed
from fixgw.spec.instrument import Instrument
from fixgw.spec.limit_state import LimitState
from fixgw.spec.values import Price, Side


def bring_into_band(market: Market, order: Order, *, rests: bool, events: list[Event]) -> None:
    """Reprice what rests beyond the band, which has moved since, and ``order``, which comes, where it ``rests``."""
    band, instrument, book = market.band(order.symbol), market.instruments[order.symbol], market.books[order.symbol]
    if band is None:
        return
    for side, resting in ((Side.BUY, book.bids), (Side.SELL, book.asks)):
        _move(market, resting, _edge(band, side, instrument), events)
    if not rests or order.price is None:
        return
    edge = _edge(band, order.side, instrument)
    if order.price > edge if order.side is Side.BUY else order.price < edge:
        events.append(market.reprice(order, edge, _text(instrument, edge), rested=False))


def _move(market: Market, resting: BookSide, edge: Price, events: list[Event]) -> None:
    """Take what is beyond ``edge`` to it, the best price and the oldest first, behind what is there."""
    while (level := resting.best) is not None and (level.price > edge if resting.is_buy else level.price < edge):
        order = level.first()
        instrument = market.instruments[order.symbol]
        resting.remove(order, order.leaves_qty, order.hidden_qty)
        events.append(market.reprice(order, edge, _text(instrument, edge), rested=True))
        resting.add(order)


def _text(instrument: Instrument, edge: Price) -> str:
    return f"the price band of {instrument.symbol} ends at {format_fixed(edge, instrument.price_scale)}"


def _edge(band: Band, side: Side, instrument: Instrument) -> Price:
    """Return the last price of the band, on its tick, that an order of ``side`` may have."""
    return instrument.down_to_tick(band.high) if side is Side.BUY else instrument.up_to_tick(band.low)


def begin_limit_state(market: Market, symbol: str, events: list[Event]) -> None:
    """Begin a limit state where there is one now and was none."""
    if symbol in market.limit_states or (state := _state(market, symbol)) is None:
        return
    market.limit_states[symbol] = state
    events.append(LimitStateChanged(symbol, state.side, state.price))


def end_limit_states(market: Market, events: list[Event]) -> None:
    """End the limit states that are over."""
    for symbol, state in list(market.limit_states.items()):
        now = _state(market, symbol)
        if now is None or now.side is not state.side:
            del market.limit_states[symbol]
            events.append(LimitStateChanged(symbol, None, None))


def lasts_too_long(market: Market, symbol: str) -> LimitState | None:
    """Return the limit state of ``symbol`` if it goes on and has lasted as long as it may."""
    state, now = market.limit_states.get(symbol), _state(market, symbol)
    if state is None or now is None or now.side is not state.side:
        return None
    return state if state.ends_ns(market.instruments[symbol]) <= market.now_ns else None


def _state(market: Market, symbol: str) -> LimitState | None:
    """Return which best price is at the edge of the band, and would trade with nobody beyond it; now."""
    if symbol not in market.limited or symbol in market.phases.other:
        return None
    band, instrument, book = market.band(symbol), market.instruments[symbol], market.books[symbol]
    if band is None:
        return None
    bid, offer = book.bids.best_shown(), book.asks.best_shown()
    high, low = _edge(band, Side.BUY, instrument), _edge(band, Side.SELL, instrument)
    if bid is not None and bid.price >= high:
        return LimitState(symbol, Side.BUY, high, instrument.price_scale, market.now_ns)
    if offer is not None and offer.price <= low:
        return LimitState(symbol, Side.SELL, low, instrument.price_scale, market.now_ns)
    return None
