"""The messages of the market-data feed: what they say, and their bytes (docs/market-data.md, Messages).

They are anonymous: no session, firm or account.  ``instrument`` is the number that InstrumentListed gives; prices and
quantities are in that instrument's scales; ``order_id`` is OrderID(37) as a number, so that a client finds its own
orders; ``transact_time_ns`` is TransactTime(60), ns since the epoch, UTC.
"""

import struct
from collections.abc import Callable
from enum import StrEnum
from operator import attrgetter
from struct import Struct
from typing import Any

import msgspec

from fixgw.spec.values import Price, Qty, Side

NO_PRICE = -(2**63)
"""Stands for a last price where nothing has traded yet."""

NOT_DISPLAYED = 0
"""Stands for the OrderID of an order that is not displayed."""

SYMBOL_LENGTH_MAX = 64


class TradingState(StrEnum):
    """Whether new orders are taken; open orders may be canceled in any state."""

    TRADING = "T"
    HALTED = "H"
    CALL = "C"
    """Orders gather: nothing trades, and the book may be crossed."""
    POST_CLOSE = "P"
    """Orders trade at the closing price only, and the book may be crossed."""
    CLOSED = "E"
    DELISTED = "X"
    """No longer among the venue's instruments."""


class InstrumentListed(msgspec.Struct, frozen=True, gc=False):
    """An instrument of the venue, new or with other terms; its number is never used for another one."""

    instrument: int
    transact_time_ns: int
    price_scale: int
    qty_scale: int
    tick_size: Price
    lot_size: Qty
    multiplier: int
    symbol: str
    """1 to SYMBOL_LENGTH_MAX printable ASCII characters."""


class StateChanged(msgspec.Struct, frozen=True, gc=False):
    instrument: int
    transact_time_ns: int
    state: TradingState


class OrderAdded(msgspec.Struct, frozen=True, gc=False):
    """The order rests, behind all others of its price."""

    instrument: int
    transact_time_ns: int
    order_id: int
    side: Side
    price: Price
    qty: Qty


class OrderExecuted(msgspec.Struct, frozen=True, gc=False):
    """A trade with the resting order; it leaves the book when ``leaves_qty`` is 0, else keeps its place.

    With ``order_id`` NOT_DISPLAYED the resting order was not in the book, which stays as it is.

    The trade is named by ExecID(17) of the resting side's report, ``match_number.match_index``; that of the aggressor's
    report has the next index.
    """

    instrument: int
    transact_time_ns: int
    order_id: int
    last_px: Price
    last_qty: Qty
    leaves_qty: Qty
    match_number: int
    match_index: int


class TradeAmended(msgspec.Struct, frozen=True, gc=False):
    """A trade is undone, or corrected; what it changes in the book is told by messages of its own."""

    instrument: int
    transact_time_ns: int
    match_number: int
    match_index: int
    last_px: Price
    last_qty: Qty
    """What the trade is now; 0 when it is undone."""
    market_px: int
    """The price of the last trade that stands; NO_PRICE where none does."""


class OrderReduced(msgspec.Struct, frozen=True, gc=False):
    """The order has less to trade and keeps its place."""

    instrument: int
    transact_time_ns: int
    order_id: int
    leaves_qty: Qty


class OrderDeleted(msgspec.Struct, frozen=True, gc=False):
    instrument: int
    transact_time_ns: int
    order_id: int


class OrderMoved(msgspec.Struct, frozen=True, gc=False):
    """The order goes behind all others of ``price`` with this quantity: it was replaced and lost its priority."""

    instrument: int
    transact_time_ns: int
    order_id: int
    price: Price
    qty: Qty


class IndicativePrice(msgspec.Struct, frozen=True, gc=False):
    """What the call would come to if it ended now; as it ends, StateChanged says so, and this is over."""

    instrument: int
    transact_time_ns: int
    price: int
    """NO_PRICE while nothing would trade."""
    volume: Qty
    imbalance: int
    """What would be left over at the price: above zero to buy, below to sell."""


class SnapshotBegan(msgspec.Struct, frozen=True, gc=False):
    """What follows, up to SnapshotEnded, is one instrument as it stood after the message numbered ``md_sequence``.

    InstrumentListed and StateChanged, in a call IndicativePrice where it was told, then ``orders`` times OrderAdded:
    bids from the best price to the worst, then asks so, each price in the order of priority.
    """

    instrument: int
    transact_time_ns: int
    md_sequence: int
    orders: int
    last_px: int
    """NO_PRICE where nothing has traded."""


class SnapshotEnded(msgspec.Struct, frozen=True, gc=False):
    instrument: int
    transact_time_ns: int
    md_sequence: int


Update = (
    InstrumentListed
    | StateChanged
    | OrderAdded
    | OrderExecuted
    | TradeAmended
    | OrderReduced
    | OrderDeleted
    | OrderMoved
    | IndicativePrice
)
"""What changes a book, and has a number in the channel."""

Message = Update | SnapshotBegan | SnapshotEnded

_FORMATS: dict[type[Message], tuple[int, Struct]] = {
    # Type, instrument and TransactTime begin all of them.  Big-endian, nothing between the fields.
    InstrumentListed: (ord("R"), Struct(">BHQBBqQQ")),  # and the symbol, up to the end
    StateChanged: (ord("H"), Struct(">BHQB")),
    OrderAdded: (ord("A"), Struct(">BHQQBqQ")),
    OrderExecuted: (ord("E"), Struct(">BHQQqQQQI")),
    TradeAmended: (ord("T"), Struct(">BHQQIqQq")),
    OrderReduced: (ord("X"), Struct(">BHQQQ")),
    OrderDeleted: (ord("D"), Struct(">BHQQ")),
    OrderMoved: (ord("U"), Struct(">BHQQqQ")),
    IndicativePrice: (ord("I"), Struct(">BHQqQq")),
    SnapshotBegan: (ord("S"), Struct(">BHQQIq")),
    SnapshotEnded: (ord("Z"), Struct(">BHQQ")),
}

_SIDES = {ord(side): side for side in (Side.BUY, Side.SELL)}
_SIDE_BYTES = {side: byte for byte, side in _SIDES.items()}
_STATES = {ord(state): state for state in TradingState}


def encode(message: Message) -> bytes:
    """Return the bytes of ``message``; raises struct.error or ValueError for a value that its field cannot hold."""
    return _ENCODERS[type(message)](message)


def decode(data: bytes) -> Message:
    """Return the message whose bytes ``data`` is, all of it; raises ValueError for anything else."""
    decoder = _DECODERS.get(data[0]) if data else None
    if decoder is None:
        raise ValueError(f"no message of the feed begins with {data[:1]!r}; one of RHAETXDUISZ does")
    try:
        return decoder(data)
    except struct.error as error:
        raise ValueError(f"a message {data[:1]!r} has not {len(data)} bytes: {error}") from None


def _encoder(kind: type[Message]) -> Callable[[Any], bytes]:
    first_byte, layout = _FORMATS[kind]
    pack, fields = layout.pack, attrgetter(*kind.__struct_fields__)
    return lambda message: pack(first_byte, *fields(message))


def _decoder(kind: type[Message]) -> Callable[[bytes], Any]:
    unpack = _FORMATS[kind][1].unpack
    return lambda data: kind(*unpack(data)[1:])


# Those of which a field is not a number.


def _encode_listed(message: InstrumentListed) -> bytes:
    symbol = message.symbol.encode("ascii")
    if not _is_symbol(symbol):
        raise ValueError(f"{message.symbol!r} is not a symbol of 1 to {SYMBOL_LENGTH_MAX} printable characters")
    first_byte, layout = _FORMATS[InstrumentListed]
    numbers = msgspec.structs.astuple(message)[:-1]
    return layout.pack(first_byte, *numbers) + symbol


def _decode_listed(data: bytes) -> InstrumentListed:
    _, layout = _FORMATS[InstrumentListed]
    symbol = data[layout.size :]
    if not _is_symbol(symbol):
        raise ValueError(f"{symbol!r} is not a symbol of 1 to {SYMBOL_LENGTH_MAX} printable characters")
    fields: tuple[Any, ...] = (*layout.unpack_from(data)[1:], symbol.decode("ascii"))
    return InstrumentListed(*fields)


def _is_symbol(symbol: bytes) -> bool:
    return 0 < len(symbol) <= SYMBOL_LENGTH_MAX and all(0x20 < byte < 0x7F for byte in symbol)


def _encode_state(message: StateChanged) -> bytes:
    first_byte, layout = _FORMATS[StateChanged]
    return layout.pack(first_byte, message.instrument, message.transact_time_ns, ord(message.state))


def _decode_state(data: bytes) -> StateChanged:
    _, instrument, transact_time_ns, state = _FORMATS[StateChanged][1].unpack(data)
    if state not in _STATES:
        raise ValueError(f"{state} is not a trading state; {', '.join(_STATES.values())} are")
    return StateChanged(instrument, transact_time_ns, _STATES[state])


def _encode_added(message: OrderAdded) -> bytes:
    return _pack_added(
        _ADDED_BYTE,
        message.instrument,
        message.transact_time_ns,
        message.order_id,
        _SIDE_BYTES[message.side],
        message.price,
        message.qty,
    )


def _decode_added(data: bytes) -> OrderAdded:
    _, instrument, transact_time_ns, order_id, side, price, qty = _unpack_added(data)
    if side not in _SIDES:
        raise ValueError(f"{side} is not a side; 49 (1, buy) and 50 (2, sell) are")
    return OrderAdded(instrument, transact_time_ns, order_id, _SIDES[side], price, qty)


_ADDED_BYTE, _added = _FORMATS[OrderAdded]
_pack_added, _unpack_added = _added.pack, _added.unpack

_ENCODERS: dict[type[Message], Callable[[Any], bytes]] = {
    **{kind: _encoder(kind) for kind in _FORMATS},
    InstrumentListed: _encode_listed,
    StateChanged: _encode_state,
    OrderAdded: _encode_added,
}
_DECODERS: dict[int, Callable[[bytes], Message]] = {
    **{first_byte: _decoder(kind) for kind, (first_byte, _) in _FORMATS.items()},
    ord("R"): _decode_listed,
    ord("H"): _decode_state,
    ord("A"): _decode_added,
}
