"""The uncross: one price at which most of a crossed book trades, and who trades with whom at it."""

from collections.abc import Iterator
from typing import NamedTuple

from fixgw.engine.book import BookSide, OrderBook
from fixgw.engine.order import Order
from fixgw.spec.instrument import Instrument
from fixgw.spec.values import Price, Qty


class Clearing(NamedTuple):
    """What would trade if the book were uncrossed now."""

    price: Price
    volume: Qty
    surplus: int
    """Quantity that would be left over at the price: above zero on the buying side, below on the selling side."""


class _Range(NamedTuple):
    """Prices from ``low`` to ``high``, all on the tick, at which as much is bought and as much is sold."""

    low: int
    high: int
    demand: int
    supply: int

    @property
    def volume(self) -> int:
        return min(self.demand, self.supply)

    @property
    def surplus(self) -> int:
        return self.demand - self.supply


def clear(book: OrderBook, instrument: Instrument, reference: Price | None) -> Clearing | None:
    """Return the price, volume and surplus of an uncross, or None when the book is not crossed.

    The price with the largest volume; of several, those with the least surplus; of several, the highest when all of
    them leave buyers over, the lowest when all leave sellers over; else the one nearest to ``reference``, which is the
    last trade's price, and without one the middle of them, rounded down to the tick.
    O(levels that cross).
    """
    ranges = list(_ranges(book, instrument))
    if not ranges:
        return None
    volume = max(each.volume for each in ranges)
    ranges = [each for each in ranges if each.volume == volume]
    least = min(abs(each.surplus) for each in ranges)
    ranges = [each for each in ranges if abs(each.surplus) == least]
    price = _choose(ranges, instrument, reference)
    surplus = next(each.surplus for each in ranges if each.low <= price <= each.high)
    return Clearing(Price(price), Qty(volume), surplus)


def _choose(ranges: list[_Range], instrument: Instrument, reference: int | None) -> int:
    """Return the price of ``ranges``, all as good and in ascending order, that pressure or the reference asks for."""
    low, high = ranges[0].low, ranges[-1].high
    if all(each.surplus > 0 for each in ranges):
        return high
    if all(each.surplus < 0 for each in ranges):
        return low
    wanted = (low + high) // 2 if reference is None else reference
    return min(max(instrument.down_to_tick(wanted), low), high)


def _ranges(book: OrderBook, instrument: Instrument) -> Iterator[_Range]:
    """Yield all prices from the best offer up to the best bid, ascending; nothing when they do not cross.

    Between two prices of orders, too: what is bought and sold changes at those only, but may fit best between them.
    """
    best_bid, best_ask = book.bids.best, book.asks.best
    if best_bid is None or best_ask is None or best_bid.price < best_ask.price:
        return
    bids, asks = _until(book.bids, best_ask.price), _until(book.asks, best_bid.price)
    demand, supply, above = sum(bids.values()), 0, None
    for price in sorted(bids.keys() | asks.keys()):
        if above is not None:
            low, high = instrument.price_above(above), instrument.price_below(price)
            if low <= high:
                yield _Range(low, high, demand, supply)
        supply += asks.get(price, 0)
        yield _Range(price, price, demand, supply)
        demand -= bids.get(price, 0)
        above = price


def _until(side: BookSide, worst: Price) -> dict[int, int]:
    """Return the open quantity at each price of ``side`` that crosses ``worst``."""
    found = {}
    for level in side:
        if (level.price < worst) if side.is_buy else (level.price > worst):
            break
        found[int(level.price)] = level.leaves_qty
    return found


def uncross(book: OrderBook, price: Price) -> Iterator[tuple[Order, Order, Qty]]:
    """Trade at ``price`` all that can: on each side the best limit first, then what is displayed, then the oldest.

    All of an order takes part at its place, displayed or not; what is not displayed trades first.

    Yields buyer, seller and quantity of each trade right after both have been executed and a filled order has left
    the book.
    """
    bids, asks = book.bids, book.asks
    while (bid := bids.best) is not None and (ask := asks.best) is not None and bid.price >= price >= ask.price:
        yield _trade(bid.first(), ask.first(), price, book)


def trade_by_time(book: OrderBook, price: Price) -> Iterator[tuple[Order, Order, Qty]]:
    """Trade at ``price`` as ``uncross`` does, but on each side the oldest first of all that are willing to.

    O(levels that are willing) for each trade.
    """
    while (buy := _oldest(book.bids, price)) is not None and (sell := _oldest(book.asks, price)) is not None:
        yield _trade(buy, sell, price, book)


def _trade(buy: Order, sell: Order, price: Price, book: OrderBook) -> tuple[Order, Order, Qty]:
    last_qty = min(buy.leaves_qty, sell.leaves_qty)
    for order, side in ((buy, book.bids), (sell, book.asks)):
        order.execute(price, last_qty)
        hidden_qty = order.take_from_hidden(last_qty)
        if order.leaves_qty:
            side.reduce(order, last_qty, hidden_qty)
        else:
            side.remove(order, last_qty, hidden_qty)
    return buy, sell, last_qty


def _oldest(side: BookSide, price: Price) -> Order | None:
    """Return who came first of those that are willing to trade at ``price``, displayed or not."""
    oldest: Order | None = None
    for level in side:
        if (level.price < price) if side.is_buy else (level.price > price):
            break
        for queue in (level.orders, level.hidden):
            first = next(iter(queue.values()), None)
            if first is not None and (oldest is None or first.arrival < oldest.arrival):
                oldest = first
    return oldest
