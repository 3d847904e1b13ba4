"""Market data over FIX: MarketDataRequest(35=V) in, books and trades out (docs/fix-market-data.md).

A process of its own, which follows the journal and keeps all books.  What one batch of the journal changes is told
in one message: under load prices that lasted for microseconds are passed over, trades never.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import quickfix as fix

from fixgw.fix.follower_acceptor import FRAMES_MAX, FollowerAcceptor
from fixgw.fix.ladder import CHANGE, DELETE, NEW, Ladder, LevelChange, Place, Rung, rungs
from fixgw.fix.market_data_requests import (
    MarketDataRequest,
    MDEntryType,
    MDReqRejReason,
    RefusedRequest,
    decode,
)
from fixgw.fix.message_tap import MessageTap
from fixgw.fix.outbound import Report
from fixgw.journal.follower import Follower
from fixgw.journal.position import Position
from fixgw.marketdata.depth import (
    NO_PRICE,
    NOT_DISPLAYED,
    Book,
    Depth,
    DepthState,
    IndicativePrice,
    OrderAdded,
    OrderDeleted,
    OrderExecuted,
    OrderMoved,
    OrderReduced,
    StateChanged,
    TradeAmended,
    Update,
)
from fixgw.spec.fixed import format_fixed
from fixgw.spec.values import Side, SubscriptionRequestType

NAME = "market-data"
SUBSCRIPTIONS_MAX = 200
"""Of one session."""
WAIT_S = 0.1
ENTRIES_MAX = 500
"""MDEntries of one MarketDataIncrementalRefresh; what is more goes into another."""

_SNAPSHOT, _INCREMENTAL, _REJECT = "W", "X", "Y"
_AUCTION_ENTRIES = (MDEntryType.AUCTION_CLEARING_PRICE, MDEntryType.IMBALANCE)
_ENTRY_TYPES = {Side.BUY: MDEntryType.BID, Side.SELL: MDEntryType.OFFER}


class Beginning(NamedTuple):
    """The books after the frame of ``sequence``; those of 0 are before the first."""

    sequence: int = 0
    depth: DepthState | None = None


def run(
    comp_id: str,
    port: int,
    sessions: Mapping[str, Mapping[str, str]],
    data_dir: Path,
    begin: Beginning,
    tap: MessageTap | None,
    should_stop: Callable[[], bool],
    ready: Callable[[], None],
) -> None:
    """Serve until told to stop; ``tap`` sees every message, and ``begin`` is where in the journal we do.

    Raises OSError when the port or the folder cannot be used, JournalDamaged.  ``sessions`` maps the CompID of
    each client to QuickFIX's settings for it.
    """
    folder = data_dir / "fix" / NAME
    (folder / "store").mkdir(parents=True, exist_ok=True)
    # Numbers outlive the process; messages do not: nobody trades on yesterday's prices, a resend fills the gap.
    store = {"FileStorePath": str(folder / "store"), "PersistMessages": "N"}
    settings = {name: {**session, **store} for name, session in sessions.items()}
    acceptor = FollowerAcceptor(comp_id, port, settings, folder, fix.FileStoreFactory, tap)
    teller = MarketData(acceptor, data_dir, begin)
    teller.catch_up(should_stop)
    acceptor.open()
    ready()
    acceptor.serve(teller.follower, teller.tell_on, should_stop)


@dataclass
class _Subscription:
    """What one session wants to be told of."""

    session: str
    request: MarketDataRequest
    entries: list[str] = field(default_factory=list)
    """MDEntries of the batch that are to be sent."""


@dataclass
class _Changes:
    """What a batch has changed in one book."""

    touched: set[Place] = field(default_factory=set)
    trades: list[OrderExecuted | TradeAmended] = field(default_factory=list)
    auction: bool = False
    """Whether what a call would come to may be another."""


@dataclass
class _Watched:
    """A book that somebody looks at."""

    book: Book
    ladders: dict[int, Ladder] = field(default_factory=dict)
    """By depth."""
    subscriptions: list[_Subscription] = field(default_factory=list)
    told: IndicativePrice | None = None
    """What a call would come to, as it was told."""


class MarketData:
    """The books beside the journal, and who is told of them."""

    def __init__(self, acceptor: FollowerAcceptor, data_dir: Path, begin: Beginning) -> None:
        self.follower = Follower(data_dir / "journal", begin.sequence + 1)
        self._position = Position(data_dir / "positions", NAME)
        # We may read again what we had read before: until then nothing of it may be removed.
        self._position.save(begin.sequence)
        self._depth = Depth(self._note, begin.depth)
        self._send = acceptor.postman.send
        self._subscriptions: dict[tuple[str, str], _Subscription] = {}
        """By session and MDReqID(262)."""
        self._watched: dict[int, _Watched] = {}
        """By the number of the instrument."""
        self._changes: defaultdict[int, _Changes] = defaultdict(_Changes)
        acceptor.door.receive = self._receive
        acceptor.door.closed = self._forget

    def catch_up(self, should_stop: Callable[[], bool]) -> None:
        """Read the journal up to where it is now, before anybody may ask; its first frame lists what is traded."""
        while not should_stop():
            if not self.tell_on():
                if self.follower.next_sequence > 1:
                    return
                self.follower.wait(WAIT_S)

    def tell_on(self) -> bool:
        """Tell of what is new in the journal, a part of it at a time; return False when there is nothing."""
        frames = self.follower.read(FRAMES_MAX)
        for frame in frames:
            self._depth.apply(frame)
        for number, changes in self._changes.items():
            self._tell(self._watched[number], changes)
        self._changes.clear()
        if frames:
            self._position.save(self.follower.next_sequence - 1)
        return bool(frames)

    # What the journal brings.

    def _note(self, book: Book, update: Update) -> None:
        """Note where a book that somebody looks at is about to change."""
        number = book.listing.instrument
        if number not in self._watched:
            return
        changes = self._changes[number]
        match update:
            case IndicativePrice() | StateChanged():
                changes.auction = True
            case TradeAmended():
                changes.trades.append(update)
            case OrderAdded():
                changes.touched.add(Place(update.side, update.price))
            case OrderExecuted() if update.order_id == NOT_DISPLAYED:
                changes.trades.append(update)
            case OrderExecuted() | OrderReduced() | OrderDeleted() | OrderMoved():
                order = book.order(update.order_id)
                assert order is not None, update
                changes.touched.add(Place(order.side, order.price))
                if isinstance(update, OrderMoved):
                    changes.touched.add(Place(order.side, update.price))
                elif isinstance(update, OrderExecuted):
                    changes.trades.append(update)

    def _tell(self, watched: _Watched, changes: _Changes) -> None:
        levels = {depth: ladder.follow(changes.touched) for depth, ladder in watched.ladders.items()}
        before, watched.told = watched.told, watched.book.indicative
        has_auction_news = changes.auction and before != watched.told
        for subscription in watched.subscriptions:
            request = subscription.request
            if request.is_incremental:
                entries = [*_trades(watched.book, changes.trades), *_levels(watched.book, levels[request.market_depth])]
                if has_auction_news:
                    entries += _auction_changes(watched.book, before)
                wanted = [text for entry_type, text in entries if entry_type in request.md_entry_types]
                self._send_incremental(subscription, wanted)
            elif _has_news(request, changes.trades, levels[request.market_depth]) or (
                has_auction_news and not request.md_entry_types.isdisjoint(_AUCTION_ENTRIES)
            ):
                self._send_snapshot(subscription.session, request, watched.book)

    def _send_incremental(self, subscription: _Subscription, entries: Iterable[str]) -> None:
        rest = iter(entries)
        while part := list(islice(rest, ENTRIES_MAX)):
            body = f"262={subscription.request.md_req_id}\x01268={len(part)}\x01{''.join(part)}"
            self._send(Report(subscription.session, _INCREMENTAL, body))

    def _send_snapshot(self, session: str, request: MarketDataRequest, book: Book) -> None:
        entries = [text for entry_type, text in _whole(book, request) if entry_type in request.md_entry_types]
        body = f"262={request.md_req_id}\x0155={book.listing.symbol}\x01268={len(entries)}\x01{''.join(entries)}"
        self._send(Report(session, _SNAPSHOT, body))

    # What clients ask.

    def _receive(self, text: str, session: str) -> None:
        request = decode(text)
        refused = request if isinstance(request, RefusedRequest) else self._answer(session, request)
        if refused is not None:
            reason = "" if refused.reason is None else f"281={refused.reason}\x01"
            self._send(Report(session, _REJECT, f"262={refused.md_req_id}\x01{reason}58={refused.text}\x01"))

    def _answer(self, session: str, request: MarketDataRequest) -> RefusedRequest | None:
        """Do what is asked for; return why not when it cannot be."""
        key = session, request.md_req_id
        if request.subscription_request_type is SubscriptionRequestType.DISABLE:
            if key not in self._subscriptions:
                return RefusedRequest(request.md_req_id, None, f"MDReqID(262) {request.md_req_id} is no subscription")
            self._end(self._subscriptions.pop(key))
            return None
        books = [book for symbol in request.symbols if (book := self._depth.book(symbol)) is not None]
        refused = self._why_not(session, request, books)
        if refused is not None:
            return RefusedRequest(request.md_req_id, *refused)
        for book in books:
            self._send_snapshot(session, request, book)
        if request.subscription_request_type is SubscriptionRequestType.SNAPSHOT_AND_UPDATES:
            self._begin(_Subscription(session, request), books)
        return None

    def _why_not(
        self, session: str, request: MarketDataRequest, books: list[Book]
    ) -> tuple[MDReqRejReason, str] | None:
        if (session, request.md_req_id) in self._subscriptions:
            why = f"MDReqID(262) {request.md_req_id} is a subscription already; end it with 263=2 or use another"
            return MDReqRejReason.DUPLICATE_MD_REQ_ID, why
        known = {book.listing.symbol for book in books}
        unknown = next((symbol for symbol in request.symbols if symbol not in known), None)
        if unknown is not None:
            return MDReqRejReason.UNKNOWN_SYMBOL, f"Symbol(55) {unknown[:40]} is not traded here"
        if sum(owner == session for owner, _ in self._subscriptions) >= SUBSCRIPTIONS_MAX:
            why = f"a session may have {SUBSCRIPTIONS_MAX} subscriptions; end one with 263=2"
            return MDReqRejReason.INSUFFICIENT_BANDWIDTH, why
        return None

    def _begin(self, subscription: _Subscription, books: Iterable[Book]) -> None:
        self._subscriptions[subscription.session, subscription.request.md_req_id] = subscription
        depth = subscription.request.market_depth
        for book in books:
            watched = self._watched.setdefault(book.listing.instrument, _Watched(book, told=book.indicative))
            watched.subscriptions.append(subscription)
            if depth not in watched.ladders:
                watched.ladders[depth] = Ladder(book, depth)

    def _end(self, subscription: _Subscription) -> None:
        for number, watched in list(self._watched.items()):
            if subscription in watched.subscriptions:
                watched.subscriptions.remove(subscription)
                depths = {other.request.market_depth for other in watched.subscriptions}
                watched.ladders = {depth: watched.ladders[depth] for depth in depths}
                if not depths:
                    del self._watched[number]

    def _forget(self, session: str) -> None:
        """Subscriptions end with the connection."""
        for key in [key for key in self._subscriptions if key[0] == session]:
            self._end(self._subscriptions.pop(key))


Entry = tuple[MDEntryType, str]
"""An entry of the group NoMDEntries(268): what it is of, and its fields."""


def _whole(book: Book, request: MarketDataRequest) -> Iterator[Entry]:
    for place, rung in rungs(book, request.market_depth):
        yield _ENTRY_TYPES[place.side], _level(book, place, rung)
    if book.last_px is not None:
        last_px = format_fixed(book.last_px, book.listing.price_scale)
        yield MDEntryType.TRADE, f"269=2\x01270={last_px}\x01"
    if book.indicative is not None:
        yield from _auction(book, book.indicative).items()


def _auction(book: Book, indicative: IndicativePrice) -> dict[MDEntryType, str]:
    """Return what a call would come to: price and volume, and what would be left over of whom, if anything."""
    if indicative.price == NO_PRICE:
        return {}
    listing = book.listing
    price = format_fixed(indicative.price, listing.price_scale)
    volume = format_fixed(indicative.volume, listing.qty_scale)
    entries = {MDEntryType.AUCTION_CLEARING_PRICE: f"269=Q\x01270={price}\x01271={volume}\x01"}
    if indicative.imbalance:
        left_over = format_fixed(abs(indicative.imbalance), listing.qty_scale)
        whose = "P" if indicative.imbalance > 0 else "Q"
        entries[MDEntryType.IMBALANCE] = f"269=A\x01271={left_over}\x01277={whose}\x01"
    return entries


def _auction_changes(book: Book, before: IndicativePrice | None) -> Iterator[Entry]:
    """Yield what is different from what was told: an entry of each kind is there once."""
    told = {} if before is None else _auction(book, before)
    now = {} if book.indicative is None else _auction(book, book.indicative)
    symbol = f"55={book.listing.symbol}\x01"
    for kind in _AUCTION_ENTRIES:
        if kind in now and now[kind] != told.get(kind):
            head, _, rest = now[kind].partition("\x01")
            yield kind, f"279={CHANGE if kind in told else NEW}\x01{head}\x01{symbol}{rest}"
        elif kind in told and kind not in now:
            yield kind, f"279={DELETE}\x01269={kind}\x01{symbol}"


def _levels(book: Book, changes: Iterable[LevelChange]) -> Iterator[Entry]:
    symbol = book.listing.symbol
    for action, place, rung in changes:
        text = f"279={action}\x0155={symbol}\x01{_level(book, place, rung)}"
        yield _ENTRY_TYPES[place.side], text


def _level(book: Book, place: Place, rung: Rung | None) -> str:
    price = format_fixed(place.price, book.listing.price_scale)
    text = f"269={_ENTRY_TYPES[place.side]}\x01270={price}\x01"
    if rung is None:
        return text
    return f"{text}271={format_fixed(rung.qty, book.listing.qty_scale)}\x01346={rung.order_count}\x01"


def _trades(book: Book, trades: Iterable[OrderExecuted | TradeAmended]) -> Iterator[Entry]:
    listing = book.listing
    for trade in trades:
        price = format_fixed(trade.last_px, listing.price_scale)
        # A trade that is undone has no size any more.
        size = f"271={format_fixed(trade.last_qty, listing.qty_scale)}\x01" if trade.last_qty else ""
        when = datetime.fromtimestamp(trade.transact_time_ns // 1_000_000_000, UTC)
        ms = trade.transact_time_ns // 1_000_000 % 1000
        yield (
            MDEntryType.TRADE,
            f"279={_update_action(trade)}\x01269=2\x01"
            f"278={trade.match_number}.{trade.match_index}\x0155={listing.symbol}\x01"
            f"270={price}\x01{size}272={when:%Y%m%d}\x01273={when:%H:%M:%S}.{ms:03}\x01",
        )


def _update_action(trade: OrderExecuted | TradeAmended) -> str:
    """Return MDUpdateAction(279): 0 for a trade, 1 for one that is corrected, 2 for one that is undone."""
    if isinstance(trade, OrderExecuted):
        return "0"
    return "1" if trade.last_qty else "2"


def _has_news(
    request: MarketDataRequest, trades: list[OrderExecuted | TradeAmended], levels: list[LevelChange]
) -> bool:
    changed = {_ENTRY_TYPES[change.place.side] for change in levels}
    if trades:
        changed.add(MDEntryType.TRADE)
    return not changed.isdisjoint(request.md_entry_types)
