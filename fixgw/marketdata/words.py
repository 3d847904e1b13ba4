"""Market data in words: books and messages as JSON, prices and quantities as decimal text."""

import json
from collections.abc import Iterable
from itertools import islice

from fixgw.marketdata.book import Book, Level
from fixgw.marketdata.messages import (
    NO_PRICE,
    IndicativePrice,
    InstrumentListed,
    Message,
    OrderAdded,
    OrderDeleted,
    OrderExecuted,
    OrderMoved,
    OrderReduced,
    SnapshotBegan,
    SnapshotEnded,
    StateChanged,
    TradeAmended,
)
from fixgw.spec.fixed import format_fixed
from fixgw.spec.values import Side

SIDES = {Side.BUY: "buy", Side.SELL: "sell"}
KINDS: dict[type[Message], str] = {
    InstrumentListed: "listed",
    StateChanged: "state",
    OrderAdded: "added",
    OrderExecuted: "executed",
    TradeAmended: "trade-amended",
    OrderReduced: "reduced",
    OrderDeleted: "deleted",
    OrderMoved: "moved",
    IndicativePrice: "indicative",
    SnapshotBegan: "snapshot-began",
    SnapshotEnded: "snapshot-ended",
}


def price_text(price: int, book: Book) -> str:
    return format_fixed(price, book.listing.price_scale)


def qty_text(qty: int, book: Book) -> str:
    return format_fixed(qty, book.listing.qty_scale)


def book_in_words(book: Book, number: int, depth: int | None) -> dict[str, object]:
    """Return the book after the message ``number``: price, quantity and orders of each level, best first."""

    def side(levels: Iterable[Level]) -> list[tuple[str, str, int]]:
        return [
            (price_text(level.price, book), qty_text(level.qty, book), level.order_count)
            for level in islice(levels, depth)
        ]

    return {
        "symbol": book.listing.symbol,
        "number": number,
        "state": book.state.name.lower(),
        "last": None if book.last_px is None else price_text(book.last_px, book),
        "bids": side(book.bids),
        "asks": side(book.asks),
    } | ({} if book.indicative is None else {"indicative": indicative_in_words(book.indicative, book)})


def indicative_in_words(indicative: IndicativePrice, book: Book) -> dict[str, str | None]:
    """Return what a call would come to: price, volume, and what would be left over, below zero to sell."""
    return {
        "price": None if indicative.price == NO_PRICE else price_text(indicative.price, book),
        "volume": qty_text(indicative.volume, book),
        "imbalance": qty_text(indicative.imbalance, book),
    }


def message_in_words(message: Message, number: int, book: Book) -> dict[str, object]:
    """Return what the message numbered ``number`` says of the instrument of ``book``."""
    words: dict[str, object] = {
        "number": number,
        "symbol": book.listing.symbol,
        "kind": KINDS[type(message)],
        "transact_time_ns": message.transact_time_ns,
    }
    match message:
        case OrderAdded():
            words |= {"order_id": str(message.order_id), "side": SIDES[message.side]}
            words |= {"price": price_text(message.price, book), "qty": qty_text(message.qty, book)}
        case OrderExecuted():
            words |= {"order_id": str(message.order_id), "price": price_text(message.last_px, book)}
            words |= {"qty": qty_text(message.last_qty, book), "leaves_qty": qty_text(message.leaves_qty, book)}
            words |= {"exec_id": f"{message.match_number}.{message.match_index}"}
        case TradeAmended():
            words |= {"exec_id": f"{message.match_number}.{message.match_index}"}
            words |= {"price": price_text(message.last_px, book), "qty": qty_text(message.last_qty, book)}
            words |= {"last": None if message.market_px == NO_PRICE else price_text(message.market_px, book)}
        case OrderReduced():
            words |= {"order_id": str(message.order_id), "leaves_qty": qty_text(message.leaves_qty, book)}
        case OrderDeleted():
            words |= {"order_id": str(message.order_id)}
        case OrderMoved():
            words |= {"order_id": str(message.order_id)}
            words |= {"price": price_text(message.price, book), "qty": qty_text(message.qty, book)}
        case IndicativePrice():
            words |= indicative_in_words(message, book)
        case StateChanged():
            words |= {"state": message.state.name.lower()}
        case InstrumentListed():
            words |= {"tick": price_text(message.tick_size, book), "lot": qty_text(message.lot_size, book)}
        case SnapshotBegan() | SnapshotEnded():
            pass
    return words


def line(words: dict[str, object]) -> str:
    return json.dumps(words, separators=(",", ":"))
