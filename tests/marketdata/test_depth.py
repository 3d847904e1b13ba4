"""The public books are the engine's books, after every frame, here and at whoever follows the messages."""

from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixgw.core import Core
from fixgw.journal.frame import DECIDED
from fixgw.marketdata.book import Book, BookBroken, Books
from fixgw.marketdata.depth import Depth
from fixgw.marketdata.hindsight import Hindsight
from fixgw.marketdata.messages import (
    NO_PRICE,
    IndicativePrice,
    InstrumentListed,
    OrderAdded,
    OrderDeleted,
    OrderExecuted,
    OrderMoved,
    OrderReduced,
    SnapshotEnded,
    StateChanged,
    TradeAmended,
    TradingState,
    Update,
    decode,
    encode,
)
from fixgw.spec.commands import (
    AddInstrument,
    BustTrade,
    CancelByOperator,
    CancelOrder,
    ChangeInstrument,
    Command,
    ConfigureVenue,
    CorrectTrade,
    DelistInstrument,
    HaltInstrument,
    Kill,
    NewOrder,
    Release,
    ReplaceOrder,
    ResumeInstrument,
    SetPhase,
    SuspendInstrument,
    TellIndicatives,
)
from fixgw.spec.events import Trade, TradeBusted, TradeCorrected
from fixgw.spec.instructions import Instructions
from fixgw.spec.instrument import Instrument
from fixgw.spec.phase import Phase
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.terms import Terms, TermsChange
from fixgw.spec.values import OrdType, Price, Qty, Side, TimeInForce
from tests.engine.histories import BYTES_A_COMMAND, INSTRUMENTS, PARTICIPANTS, STOCK, Decided, commands, with_sweeps
from tests.orders import configuration

BUY, SELL = Side.BUY, Side.SELL
TIME_NS = 1_000
_STATES = {
    Phase.PRE_OPEN: TradingState.CALL,
    Phase.OPENING_AUCTION: TradingState.CALL,
    Phase.CONTINUOUS: TradingState.TRADING,
    Phase.VOLATILITY_AUCTION: TradingState.CALL,
    Phase.CLOSING_AUCTION: TradingState.CALL,
    Phase.POST_CLOSE: TradingState.POST_CLOSE,
    Phase.CLOSED: TradingState.CLOSED,
}


class Watched:
    """A venue, its depth, and the books of a client that is sent the bytes of the messages."""

    def __init__(self, *instruments: Instrument) -> None:
        self.core = Core(sweep_slice_max=2)
        self.depth = Depth()
        self.client = Books()
        self.hindsight = Hindsight()
        self.sequence = 0
        self.may_cross = False
        self.last_px: dict[str, Price | None] = {}
        if instruments:
            self.send(configuration(instruments=instruments, participants=PARTICIPANTS))

    def send(self, command: Command) -> list[Update]:
        """Return what the public sees of ``command``."""
        self.sequence += 1
        frame = Sequenced(self.sequence, TIME_NS + self.sequence, command, self.core.decide(command))
        for event in frame.events:
            if isinstance(event, Trade):
                self.last_px[event.symbol] = event.last_px
            elif isinstance(event, TradeBusted | TradeCorrected):
                self.last_px[event.symbol] = event.market_px
        updates = self.depth.apply(frame)
        self.hindsight.follow([DECIDED.decode(msgspec.msgpack.encode(frame))])
        self.may_cross = isinstance(command, SetPhase)
        for update in updates:
            assert update.transact_time_ns == frame.time_ns
            self._follow(update)
        self._compare()
        if self.sequence % 5 == 0:
            self._compare_with_hindsight()
        return updates

    def _compare_with_hindsight(self) -> None:
        """It has the same books, down to when every order took its place, and goes on from any moment with them."""
        depth = self.depth.data()
        assert [book.data() for book in self.hindsight.books()] == depth.books
        if self.sequence % 50 == 0:
            orders = {order.order_id: order.state() for order in self.core.exchange.market.orders}
            self.hindsight = Hindsight(depth, orders)

    def _follow(self, update: Update) -> None:
        received = decode(encode(update))
        assert received == update
        book = self.client.apply(update)
        bid, ask = book.bids.best, book.asks.best
        may_cross = self.may_cross or book.listing.symbol in self.core.exchange.market.phases.other
        assert may_cross or bid is None or ask is None or bid.price < ask.price, ("crossed, within a frame", update)

    def _compare(self) -> None:
        exchange, restrictions = self.core.exchange, self.core.gate.restrictions
        for symbol, engine_book in exchange.market.books.items():
            halting = {f"instrument:{symbol}", "venue"} & restrictions.killed.keys()
            halted = bool(halting) or not restrictions.allow_trading(symbol)
            for book in (self.depth.book(symbol), self.client.by_symbol[symbol]):
                assert book is not None
                if symbol in exchange.market.instruments:
                    assert book.state is (TradingState.HALTED if halted else _STATES[exchange.market.phases.of(symbol)])
                else:
                    assert book.state is TradingState.DELISTED
                assert book.last_px == self.last_px.get(symbol)
                for side in (BUY, SELL):
                    displayed = [level for level in engine_book.side(side) if level.shown_qty]
                    assert orders(book, side) == [
                        (int(order.order_id), level.price, order.leaves_qty - order.hidden_qty)
                        for level in displayed
                        for order in level.orders.values()
                    ]
                    assert [(level.price, level.qty, level.order_count) for level in book.side(side)] == [
                        (level.price, level.shown_qty, len(level.orders)) for level in displayed
                    ]
                assert len(book) == len(orders(book, BUY)) + len(orders(book, SELL))


def orders(book: Book, side: Side) -> list[tuple[int, int, int]]:
    return [(order.order_id, order.price, order.qty) for order in book.orders(side)]


def play(history: Iterable[Decided]) -> tuple[Watched, list[Update]]:
    watched = Watched()
    updates: list[Update] = []
    for command in with_sweeps(history, watched.core):
        updates += watched.send(command)
    return watched, updates


@settings(
    deadline=None,
    max_examples=150,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(st.binary(min_size=BYTES_A_COMMAND, max_size=BYTES_A_COMMAND), max_size=60))
def test_any_history_gives_the_books_of_the_engine(script: list[bytes]) -> None:
    play(commands(script))


def test_long_histories_give_the_books_of_the_engine() -> None:
    """With every kind of update among them."""
    seen: set[type] = set()
    for seed in range(4):
        random = Random(seed)
        _, updates = play(commands(random.randbytes(BYTES_A_COMMAND) for _ in range(3_000)))
        seen |= {type(update) for update in updates}

    assert seen == set(get_args(Update))


def test_the_journal_read_again_gives_the_same_messages() -> None:
    random, core = Random(7), Core()
    frames: list[Sequenced] = []
    for command in with_sweeps(commands(random.randbytes(BYTES_A_COMMAND) for _ in range(300)), core):
        frames.append(Sequenced(len(frames) + 1, TIME_NS, command, core.decide(command)))
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(frames), type=list[Sequenced])
    one, other = Depth(), Depth()

    assert [one.apply(frame) for frame in frames] == [other.apply(frame) for frame in again]


# Each command, in the words of the feed.


@pytest.fixture
def venue() -> Watched:
    """STOCK is instrument 1."""
    return Watched(*INSTRUMENTS)


def new(
    cl_ord_id: str, side: Side, order_qty: int, price: int | None, time_in_force: TimeInForce = TimeInForce.DAY
) -> NewOrder:
    ord_type = OrdType.MARKET if price is None else OrdType.LIMIT
    limit = None if price is None else Price(price)
    session = PARTICIPANTS[0]
    return NewOrder(
        session.session, session.firm, cl_ord_id, session.accounts[0], "STOCK", side, Qty(order_qty), ord_type, limit,
        time_in_force,
    )  # fmt: skip


def replacing(order: NewOrder, cl_ord_id: str, order_qty: int, price: int) -> ReplaceOrder:
    return ReplaceOrder(
        order.session, order.firm, cl_ord_id, order.cl_ord_id, None, order.account, order.symbol, order.side,
        Qty(order_qty), order.ord_type, Price(price), order.time_in_force,
    )  # fmt: skip


def test_the_configuration_lists_the_instruments() -> None:
    updates = Watched().send(configuration(instruments=INSTRUMENTS, participants=PARTICIPANTS))

    time_ns = TIME_NS + 1
    assert updates == [
        InstrumentListed(1, time_ns, 2, 0, Price(1), Qty(1), 1, "STOCK"),
        StateChanged(1, time_ns, TradingState.TRADING),
        InstrumentListed(2, time_ns, 1, 1, Price(2), Qty(2), 3, "SPREAD"),
        StateChanged(2, time_ns, TradingState.TRADING),
    ]


def test_other_limits_are_nobodys_business(venue: Watched) -> None:
    assert venue.send(configuration(instruments=INSTRUMENTS, participants=PARTICIPANTS)) == []


def configured(*instruments: Instrument) -> ConfigureVenue:
    return configuration(instruments=instruments, participants=PARTICIPANTS)


def test_an_instrument_leaves_and_comes_back_with_its_number(venue: Watched) -> None:
    assert venue.send(configured(INSTRUMENTS[1])) == [StateChanged(1, TIME_NS + 2, TradingState.DELISTED)]
    assert venue.send(configured(INSTRUMENTS[1])) == []
    assert venue.send(configured(*INSTRUMENTS)) == [StateChanged(1, TIME_NS + 4, TradingState.TRADING)]


def test_what_operators_list_change_suspend_and_take_away_is_told(venue: Watched) -> None:
    """Under the number that the symbol has for ever; the orders of one that goes leave its book."""
    by = ("olivia", "a reason")
    venue.send(AddInstrument(*by, Terms("NOVA", Decimal("0.05"), Decimal(5))))
    venue.send(msgspec.structs.replace(new("1", BUY, 5, 100), symbol="NOVA"))

    assert venue.send(ChangeInstrument(*by, "NOVA", TermsChange(tick=Decimal("0.10")))) == [
        InstrumentListed(3, TIME_NS + 4, 2, 0, Price(10), Qty(5), 1, "NOVA"),
        StateChanged(3, TIME_NS + 4, TradingState.TRADING),
    ]
    assert venue.send(SuspendInstrument(*by, "NOVA")) == [StateChanged(3, TIME_NS + 5, TradingState.HALTED)]
    assert venue.send(DelistInstrument(*by, "NOVA", True)) == [
        StateChanged(3, TIME_NS + 6, TradingState.DELISTED),
        OrderDeleted(3, TIME_NS + 6, 1),
    ]
    assert venue.send(AddInstrument(*by, Terms("NOVA", Decimal("0.10"), Decimal(5)))) == [
        StateChanged(3, TIME_NS + 7, TradingState.TRADING)
    ]


def test_another_tick_is_told(venue: Watched) -> None:
    coarser = msgspec.structs.replace(STOCK, tick_size=Price(5))

    assert venue.send(configured(coarser, INSTRUMENTS[1])) == [
        InstrumentListed(1, TIME_NS + 2, 2, 0, Price(5), Qty(1), 1, "STOCK"),
        StateChanged(1, TIME_NS + 2, TradingState.TRADING),
    ]


def test_an_order_rests(venue: Watched) -> None:
    assert venue.send(new("a", BUY, 3, 9_999)) == [OrderAdded(1, TIME_NS + 2, 1, BUY, Price(9_999), Qty(3))]


def test_an_aggressor_trades_and_its_remainder_rests(venue: Watched) -> None:
    """Order 1 goes, 2 keeps what it has left; the aggressor, 3, is seen only where it rests."""
    venue.send(new("a", SELL, 2, 10_000))
    venue.send(new("b", SELL, 3, 10_002))

    assert venue.send(new("c", BUY, 6, 10_001)) == [
        OrderExecuted(1, TIME_NS + 4, 1, Price(10_000), Qty(2), Qty(0), 4, 1),
        OrderAdded(1, TIME_NS + 4, 3, BUY, Price(10_001), Qty(4)),
    ]
    assert venue.send(new("d", BUY, 1, 10_002)) == [
        OrderExecuted(1, TIME_NS + 5, 2, Price(10_002), Qty(1), Qty(2), 5, 1),
    ]


def test_a_trade_has_the_exec_id_of_the_resting_side(venue: Watched) -> None:
    venue.send(new("a", SELL, 1, 10_000))
    venue.send(new("b", SELL, 1, 10_000))

    first, second = venue.send(new("c", BUY, 2, 10_000))

    assert isinstance(first, OrderExecuted)
    assert isinstance(second, OrderExecuted)
    assert (first.match_number, first.match_index, second.match_index) == (4, 1, 3)


@pytest.mark.parametrize(
    ("price", "time_in_force"),
    [(10_000, TimeInForce.IMMEDIATE_OR_CANCEL), (10_000, TimeInForce.FILL_OR_KILL), (None, TimeInForce.DAY)],
)
def test_what_may_not_rest_is_not_seen(venue: Watched, price: int | None, time_in_force: TimeInForce) -> None:
    assert venue.send(new("a", BUY, 3, price, time_in_force)) == []


def test_an_immediate_order_is_seen_in_its_trades_only(venue: Watched) -> None:
    venue.send(new("a", SELL, 2, 10_000))

    assert venue.send(new("b", BUY, 3, 10_000, TimeInForce.IMMEDIATE_OR_CANCEL)) == [
        OrderExecuted(1, TIME_NS + 3, 1, Price(10_000), Qty(2), Qty(0), 3, 1)
    ]


def test_a_replace_down_keeps_the_place(venue: Watched) -> None:
    order = new("a", BUY, 3, 9_999)
    venue.send(order)

    assert venue.send(replacing(order, "b", 2, 9_999)) == [OrderReduced(1, TIME_NS + 3, 1, Qty(2))]


def test_a_replace_that_changes_nothing_is_not_seen(venue: Watched) -> None:
    order = new("a", BUY, 3, 9_999)
    venue.send(order)

    assert venue.send(replacing(order, "b", 3, 9_999)) == []


@pytest.mark.parametrize(("order_qty", "price"), [(4, 9_999), (3, 9_998), (1, 10_000)])
def test_a_replace_up_or_in_price_goes_to_the_end(venue: Watched, order_qty: int, price: int) -> None:
    order = new("a", BUY, 3, 9_999)
    venue.send(order)
    venue.send(new("b", BUY, 3, price))

    assert venue.send(replacing(order, "c", order_qty, price)) == [
        OrderMoved(1, TIME_NS + 4, 1, Price(price), Qty(order_qty))
    ]


def test_a_replace_that_trades_is_moved_with_what_is_left(venue: Watched) -> None:
    order = new("a", BUY, 3, 9_999)
    venue.send(order)
    venue.send(new("b", SELL, 2, 10_000))

    assert venue.send(replacing(order, "c", 3, 10_000)) == [
        OrderExecuted(1, TIME_NS + 4, 2, Price(10_000), Qty(2), Qty(0), 4, 1),
        OrderMoved(1, TIME_NS + 4, 1, Price(10_000), Qty(1)),
    ]


def test_a_replace_that_fills_is_deleted_after_its_trades(venue: Watched) -> None:
    order = new("a", BUY, 3, 9_999)
    venue.send(order)
    venue.send(new("b", SELL, 5, 10_000))

    assert venue.send(replacing(order, "c", 3, 10_000)) == [
        OrderExecuted(1, TIME_NS + 4, 2, Price(10_000), Qty(3), Qty(2), 4, 1),
        OrderDeleted(1, TIME_NS + 4, 1),
    ]


def test_a_replace_to_what_is_filled_is_deleted(venue: Watched) -> None:
    order = new("a", BUY, 3, 9_999)
    venue.send(order)
    venue.send(new("b", SELL, 2, 9_999))

    assert venue.send(replacing(order, "c", 2, 9_999)) == [OrderDeleted(1, TIME_NS + 4, 1)]


def test_a_cancel_deletes(venue: Watched) -> None:
    order = new("a", BUY, 3, 9_999)
    venue.send(order)

    cancel = CancelOrder(order.session, order.firm, "b", "a", None, "STOCK", BUY)
    assert venue.send(cancel) == [OrderDeleted(1, TIME_NS + 3, 1)]
    assert venue.send(msgspec.structs.replace(cancel, cl_ord_id="c")) == []


def test_a_busted_trade_is_told_and_gives_back_what_it_took(venue: Watched) -> None:
    """The order that is open goes behind the others of its price; the one that was filled does not come back."""
    venue.send(new("a", SELL, 5, 10_000))
    venue.send(new("c", SELL, 1, 10_000))
    venue.send(new("b", BUY, 2, 10_000))
    when = TIME_NS + 5

    assert venue.send(BustTrade("olivia", "a mistake", "4.1")) == [
        TradeAmended(1, when, 4, 1, Price(10_000), Qty(0), NO_PRICE),
        OrderMoved(1, when, 1, Price(10_000), Qty(5)),
    ]


def test_a_corrected_trade_is_told(venue: Watched) -> None:
    venue.send(new("a", SELL, 5, 10_000))
    venue.send(new("b", BUY, 2, 10_000))
    olivia = ("olivia", "a mistake")

    assert venue.send(CorrectTrade(*olivia, "3.2", "99.98", None)) == [
        TradeAmended(1, TIME_NS + 4, 3, 1, Price(9_998), Qty(2), 9_998),
    ]
    assert venue.send(CorrectTrade(*olivia, "3.2", None, "1")) == [
        TradeAmended(1, TIME_NS + 5, 3, 1, Price(9_998), Qty(1), 9_998),
        OrderMoved(1, TIME_NS + 5, 1, Price(10_000), Qty(4)),
    ]
    assert venue.send(CorrectTrade(*olivia, "3.2", None, "2")) == [
        TradeAmended(1, TIME_NS + 6, 3, 1, Price(9_998), Qty(2), 9_998),
        OrderReduced(1, TIME_NS + 6, 1, Qty(3)),
    ]


def test_what_is_refused_is_not_seen(venue: Watched) -> None:
    assert venue.send(msgspec.structs.replace(new("a", BUY, 3, 9_999), symbol="NONE")) == []
    assert venue.send(CancelByOperator("olivia", "why", "1")) == []


def test_a_halt_is_seen_until_it_is_over(venue: Watched) -> None:
    assert venue.send(HaltInstrument("olivia", "news", "STOCK")) == [StateChanged(1, TIME_NS + 2, TradingState.HALTED)]
    assert venue.send(ResumeInstrument("olivia", "over", "STOCK")) == [
        StateChanged(1, TIME_NS + 3, TradingState.TRADING)
    ]


def test_a_kill_of_all_is_a_halt_of_all(venue: Watched) -> None:
    """Whoever kills an instrument or the venue has halted it, and it trades when nothing forbids it any more."""
    venue.send(HaltInstrument("olivia", "news", "STOCK"))
    assert venue.send(Kill("olivia", "storm", "venue")) == [StateChanged(2, TIME_NS + 3, TradingState.HALTED)]
    assert venue.send(Kill("olivia", "storm", "firm:ALPHA")) == []
    assert venue.send(ResumeInstrument("olivia", "over", "STOCK")) == []
    assert venue.send(Release("olivia", "over", "venue")) == [
        StateChanged(1, TIME_NS + 6, TradingState.TRADING),
        StateChanged(2, TIME_NS + 6, TradingState.TRADING),
    ]


def test_a_kill_deletes_the_orders_it_cancels(venue: Watched) -> None:
    venue.send(new("a", BUY, 3, 9_999))

    assert venue.send(Kill("olivia", "storm", "instrument:STOCK")) == [
        StateChanged(1, TIME_NS + 3, TradingState.HALTED),
        OrderDeleted(1, TIME_NS + 3, 1),
    ]


# A book that is sent what cannot be.

LISTED = InstrumentListed(1, TIME_NS, 2, 0, Price(1), Qty(1), 1, "STOCK")
ADDED = OrderAdded(1, TIME_NS, 5, BUY, Price(10_000), Qty(3))


@pytest.mark.parametrize(
    "update",
    [
        ADDED,
        OrderAdded(1, TIME_NS, 6, BUY, Price(10_000), Qty(0)),
        OrderDeleted(1, TIME_NS, 6),
        OrderReduced(1, TIME_NS, 6, Qty(1)),
        OrderReduced(1, TIME_NS, 5, Qty(3)),
        OrderReduced(1, TIME_NS, 5, Qty(0)),
        OrderMoved(1, TIME_NS, 6, Price(1), Qty(1)),
        OrderMoved(1, TIME_NS, 5, Price(1), Qty(0)),
        OrderExecuted(1, TIME_NS, 6, Price(10_000), Qty(1), Qty(0), 1, 1),
        OrderExecuted(1, TIME_NS, 5, Price(10_000), Qty(1), Qty(1), 1, 1),
        OrderExecuted(1, TIME_NS, 5, Price(10_000), Qty(4), Qty(0), 1, 1),
        OrderDeleted(2, TIME_NS, 5),
        InstrumentListed(2, TIME_NS, 2, 0, Price(1), Qty(1), 1, "STOCK"),
        InstrumentListed(1, TIME_NS, 3, 0, Price(1), Qty(1), 1, "STOCK"),
        InstrumentListed(1, TIME_NS, 2, 0, Price(1), Qty(1), 1, "OTHER"),
    ],
    ids=lambda update: type(update).__name__,
)
def test_a_message_that_cannot_follow_breaks_the_book(update: Update) -> None:
    books = Books()
    books.apply(LISTED)
    books.apply(ADDED)

    with pytest.raises(BookBroken):
        books.apply(update)

    (book,) = books
    assert (orders(book, BUY), orders(book, SELL), book.last_px) == ([(5, 10_000, 3)], [], None)
    assert book.listing == LISTED


# A book as a snapshot.


def test_a_snapshot_is_the_book_again() -> None:
    random = Random(3)
    watched, _ = play(commands(random.randbytes(BYTES_A_COMMAND) for _ in range(300)))
    for book in watched.depth.books:
        messages = [decode(encode(message)) for message in book.snapshot(12, TIME_NS)]

        again = Book.from_snapshot(messages)

        assert list(again.snapshot(12, TIME_NS)) == messages
        assert [(o.order_id, o.transact_time_ns) for o in again.orders(BUY)] == [
            (o.order_id, o.transact_time_ns) for o in book.orders(BUY)
        ]
        assert (len(again), again.last_px, again.state) == (len(book), book.last_px, book.state)


def test_part_of_a_snapshot_is_no_book() -> None:
    book = Book(LISTED)
    book.apply(ADDED)
    messages = list(book.snapshot(12, TIME_NS))
    wrong = [messages[:end] for end in range(len(messages))]
    wrong += [messages[:at] + messages[at + 1 :] for at in (0, 1, 3)]
    wrong.append([*messages[:-1], SnapshotEnded(1, TIME_NS, 13)])
    wrong.append([*messages[:-1], OrderDeleted(1, TIME_NS, 5), messages[-1]])
    wrong.append([*messages[:-1], OrderAdded(2, TIME_NS, 6, BUY, Price(1), Qty(1)), messages[-1]])
    for part in wrong:
        with pytest.raises(BookBroken):
            Book.from_snapshot(part)


def test_a_snapshot_takes_the_place_of_a_book() -> None:
    books = Books()
    books.apply(LISTED)
    book = Book(LISTED)
    book.apply(ADDED)

    books.put(book)

    assert books.apply(OrderDeleted(1, TIME_NS, 5)) is book
    assert books.by_symbol == {"STOCK": book}
    with pytest.raises(BookBroken):
        books.put(Book(msgspec.structs.replace(LISTED, instrument=2)))


def displaying(max_floor: int) -> NewOrder:
    instructions = Instructions(max_floor=Qty(max_floor))
    return msgspec.structs.replace(new("a1", SELL, 10, 10_000), instructions=instructions)


def test_an_iceberg_is_seen_part_by_part(venue: Watched) -> None:
    (added,) = venue.send(displaying(4))
    assert isinstance(added, OrderAdded)
    assert added.qty == 4

    executed, next_part, rest = venue.send(new("b1", BUY, 6, 10_000))

    assert isinstance(executed, OrderExecuted)
    assert (executed.order_id, executed.last_qty, executed.leaves_qty) == (1, 4, 0)
    assert isinstance(next_part, OrderAdded)
    assert (next_part.order_id, next_part.qty) == (1, 4)
    assert isinstance(rest, OrderExecuted)
    assert (rest.last_qty, rest.leaves_qty) == (2, 2)


def test_a_hidden_order_is_seen_in_its_trades_only(venue: Watched) -> None:
    order = displaying(0)
    assert venue.send(order) == []

    (executed,) = venue.send(new("b1", BUY, 6, 10_000))

    assert isinstance(executed, OrderExecuted)
    assert (executed.order_id, executed.last_px, executed.last_qty, executed.leaves_qty) == (0, 10_000, 6, 0)
    assert venue.send(CancelOrder(order.session, order.firm, "x1", "a1", None, "STOCK", SELL)) == []


def test_what_a_call_would_come_to_is_told_when_it_is_another(venue: Watched) -> None:
    """Once for each change, in the snapshot too, and no more when the call is over."""
    venue.send(SetPhase("olivia", "news", "STOCK", Phase.OPENING_AUCTION))
    assert venue.send(TellIndicatives()) == []  # nothing would trade, as nobody has said otherwise
    venue.send(new("a1", Side.BUY, 10, 10_010))
    venue.send(new("b1", Side.SELL, 4, 10_000))

    (told,) = venue.send(TellIndicatives())

    assert isinstance(told, IndicativePrice)
    assert (told.price, told.volume, told.imbalance) == (10_010, 4, 6)
    book = venue.depth.book("STOCK")
    assert book is not None
    assert Book.from_snapshot(book.snapshot(1, 2)).indicative == told
    venue.send(HaltInstrument("olivia", "news", "STOCK"))
    assert book.indicative == told
    venue.send(ResumeInstrument("olivia", "over", "STOCK"))
    venue.send(SetPhase("olivia", "over", "STOCK", Phase.CONTINUOUS))
    assert book.indicative is None


def test_an_order_that_expires_with_the_call_it_begins_is_not_seen() -> None:
    """Good till crossing: it would trade outside the band, a call begins, and it is over."""
    banded = msgspec.structs.replace(STOCK, dynamic_band_ticks=1, volatility_auction_s=1)
    venue = Watched(banded)
    venue.send(new("a1", Side.SELL, 10, 10_000))
    venue.send(new("b1", Side.BUY, 10, 10_000))
    venue.send(new("a2", Side.SELL, 10, 10_010))

    (changed,) = venue.send(new("b2", Side.BUY, 10, 10_010, TimeInForce.GOOD_TILL_CROSSING))

    assert isinstance(changed, StateChanged)
    assert changed.state is TradingState.CALL
