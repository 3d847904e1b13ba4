"""The state of an exchange as plain data, for snapshots: what was taken of one makes another that goes on the same."""

from collections import deque
from collections.abc import Iterator

import msgspec

from fixgw.engine.book import BookSide, OrderBook
from fixgw.engine.contingency import Member, OrderList
from fixgw.engine.exchange import Exchange
from fixgw.engine.maker_protection import ProtectionState
from fixgw.engine.order import LIVE, Order
from fixgw.engine.pegs import is_pegged
from fixgw.engine.reduce_only import asks_to_reduce
from fixgw.engine.registry import OrderRegistry
from fixgw.engine.sweep import Sweep, SweepKind
from fixgw.engine.trades import TradesState
from fixgw.engine.triggers import Triggers
from fixgw.spec.commands import ConfigureVenue
from fixgw.spec.instrument import Instrument
from fixgw.spec.limit_state import LimitState
from fixgw.spec.phase import Phase
from fixgw.spec.values import ContingencyType, Price, Qty, TimeInForce

_GOOD_TILL_DATE = TimeInForce.GOOD_TILL_DATE  # in Python 3.11 each look into an enumeration costs 0.2 us

_NO_ORDER = ""


class QueueState(msgspec.Struct, frozen=True, array_like=True):
    """OrderIDs of a book, each side from the best price to the worst, the oldest of a price first.

    Behind all others of a side are those that are aside of the book, in the same order.
    """

    symbol: str
    bids: list[str]
    asks: list[str]
    bid_arrivals: int = 0
    ask_arrivals: int = 0


class RequestsState(msgspec.Struct, frozen=True, array_like=True):
    """ClOrdIDs that a session has used for anything but to enter an order, each with the OrderID that it names.

    The OrderID is empty where the request named no order.
    """

    session: str
    named: list[tuple[str, str]]


class SweepState(msgspec.Struct, frozen=True, array_like=True):
    """The orders that a sweep has still to look at, in the order of their turns."""

    scope: str
    operator: str
    reason: str
    text: str
    order_ids: list[str]
    kind: SweepKind = SweepKind.CANCEL
    date: str = ""


class TriggersState(msgspec.Struct, frozen=True, array_like=True):
    """OrderIDs of what waits for its trigger, the oldest of a trigger first, and of what has gone off, in its order."""

    waiting: list[str] = []
    due: list[str] = []
    trailing: list[str] = []
    """Those of ``waiting`` that follow a price, in the order in which they do."""


class MemberState(msgspec.Struct, frozen=True, array_like=True):
    """An order of a list."""

    order_id: str
    cl_ord_link_id: str | None
    lot_size: Qty
    followed_qty: Qty
    is_end_followed: bool


class ListState(msgspec.Struct, frozen=True, array_like=True):
    """A list; without a firm and members where it was refused and has used up its ListID."""

    session: str
    list_id: str
    firm: str = ""
    contingency_type: ContingencyType | None = None
    members: list[MemberState] = []


class ExchangeState(msgspec.Struct, frozen=True, array_like=True):
    """``orders`` are all, live or not, in the order in which they were entered."""

    ever_listed: list[Instrument]
    last_trades: list[tuple[str, Price]]
    orders_entered: int
    orders: list[Order]
    queues: list[QueueState]
    requests: list[RequestsState]
    sweeps: list[SweepState]
    triggers: TriggersState = TriggersState()
    trades: TradesState | None = None
    """None in a snapshot of a version that could not undo any."""
    phases: list[tuple[str, Phase]] = []
    """Of the instruments that are not in continuous trading."""
    listed: list[Instrument] | None = None
    """None in a state from before instruments changed at run time: those of the configuration."""
    scheduled: list[tuple[str, int]] = []
    """When the last step of an instrument's schedule was due, that it has had, ns since the epoch."""
    indicatives: list[str] = []
    """Symbols whose call has changed since it was told what it would come to, in the order of their turns."""
    interrupted: list[tuple[str, int]] = []
    """When volatility auctions end that orders have begun; 0 until that is known."""
    lists: list[ListState] = []
    unfollowed: list[str] = []
    """Symbols in which pegged orders have still to follow what has changed."""
    averages: list[tuple[str, list[tuple[int, int, int]]]] = []
    """Second, sum of prices and count of the trades that bands are around."""
    limit_states: list[LimitState] = []
    protections: ProtectionState | None = None
    """None in a state from before there were any."""


def of(exchange: Exchange) -> ExchangeState:
    """Return the state; its orders are those of ``exchange`` themselves."""
    return ExchangeState(
        ever_listed=list(exchange.market.ever_listed.values()),
        last_trades=sorted(exchange.market.last_trades.items()),
        orders_entered=exchange.market.orders_entered,
        orders=list(exchange.market.orders.all()),
        queues=[_queue(symbol, book) for symbol, book in sorted(exchange.market.books.items())],
        requests=list(_requests(exchange.market.orders)),
        sweeps=[_sweep(sweep) for sweep in exchange.sweeps],
        triggers=_triggers(exchange.market.triggers),
        trades=exchange.market.trades.state(),
        phases=sorted(exchange.market.phases.other.items()),
        listed=list(exchange.market.instruments.values()),
        scheduled=sorted(exchange.market.phases.scheduled.items()),
        indicatives=list(exchange.market.indicatives.changed),
        interrupted=sorted(exchange.market.phases.interrupted.items()),
        lists=[_list(*key, order_list) for key, order_list in exchange.lists.known.items()],
        unfollowed=sorted(exchange.market.pegs.stale),
        averages=[(symbol, list(each)) for symbol, each in sorted(exchange.market.averages.seconds.items())],
        limit_states=[each for _, each in sorted(exchange.market.limit_states.items())],
        protections=exchange.market.protections.state(),
    )


def restore(exchange: Exchange, state: ExchangeState, configuration: ConfigureVenue | None) -> None:
    """Have ``exchange``, a new one, go on from ``state``, whose orders it takes over."""
    exchange.market.ever_listed.update((instrument.symbol, instrument) for instrument in state.ever_listed)
    if configuration is not None:
        exchange.market.listing.configure(configuration.instruments)
        exchange.market.seed = configuration.seed
    if state.listed is not None:
        exchange.market.listing.put(state.listed)
    exchange.market.last_trades.update(state.last_trades)
    exchange.market.note_limited()
    exchange.market.averages.seconds.update((symbol, deque(seconds)) for symbol, seconds in state.averages)
    exchange.market.limit_states.update((each.symbol, each) for each in state.limit_states)
    for symbol, phase in state.phases:
        exchange.market.phases.set(symbol, phase)
    exchange.market.phases.scheduled.update(state.scheduled)
    exchange.market.phases.interrupted.update(state.interrupted)
    exchange.market.indicatives.changed.update(dict.fromkeys(state.indicatives))
    exchange.market.orders_entered = state.orders_entered
    exchange.market.orders.put(state.orders)
    for order in state.orders:
        if order.ord_status not in LIVE:
            continue
        if order.time_in_force is _GOOD_TILL_DATE:
            exchange.market.expiries.add(order)
        if order.instructions is not None:
            if is_pegged(order):
                exchange.market.pegs.put(order)
            if asks_to_reduce(order.instructions):
                exchange.market.reduce_only.note(order)
    exchange.market.pegs.stale.update(state.unfollowed)
    orders = exchange.market.orders
    for requests in state.requests:
        orders.put_requests(requests.session, requests.named)
    if state.trades is not None:
        exchange.market.trades.restore(state.trades)
    for queue in state.queues:
        book = exchange.market.books[queue.symbol] = OrderBook()
        _fill(book.bids, queue.bids, queue.bid_arrivals, orders)
        _fill(book.asks, queue.asks, queue.ask_arrivals, orders)
        if book.bids.aside or book.asks.aside:
            exchange.market.with_aside[queue.symbol] = None
    for sweep in state.sweeps:
        swept = [_known(orders, order_id) for order_id in sweep.order_ids]
        asked = (sweep.scope, sweep.operator, sweep.reason, sweep.text)
        exchange.sweeps.append(Sweep(*asked, swept, sweep.kind, sweep.date))
    for order_id in state.triggers.waiting:
        exchange.market.triggers.add(_known(orders, order_id))
    for order_id in state.triggers.trailing:
        order = _known(orders, order_id)
        exchange.market.triggers.waiting[order.symbol].trail_last(order)
    for order_id in state.triggers.due:
        exchange.market.triggers.due[order_id] = _known(orders, order_id)
    if state.protections is not None:
        configured = () if configuration is None else configuration.protections
        exchange.market.protections.restore(state.protections, configured)
    for order_list in state.lists:
        _put_list(exchange, order_list)


def _list(session: str, list_id: str, order_list: OrderList | None) -> ListState:
    if order_list is None:
        return ListState(session, list_id)
    members = [
        MemberState(each.order.order_id, each.cl_ord_link_id, each.lot_size, each.followed_qty, each.is_end_followed)
        for each in order_list.members
    ]
    return ListState(session, list_id, order_list.firm, order_list.contingency_type, members)


def _put_list(exchange: Exchange, state: ListState) -> None:
    if not state.members:
        exchange.lists.known[state.session, state.list_id] = None
        return
    orders = exchange.market.orders
    members = [
        Member(
            _known(orders, each.order_id), each.cl_ord_link_id, each.lot_size, each.followed_qty, each.is_end_followed
        )
        for each in state.members
    ]
    exchange.lists.put(OrderList(state.session, state.firm, state.list_id, state.contingency_type, members))


def _queue(symbol: str, book: OrderBook) -> QueueState:
    arrivals = book.bids.arrivals, book.asks.arrivals
    return QueueState(symbol, _order_ids(book.bids), _order_ids(book.asks), *arrivals)


def _order_ids(side: BookSide) -> list[str]:
    return [order.order_id for level in side for order in level] + [order.order_id for order in side.aside]


def _requests(orders: OrderRegistry) -> Iterator[RequestsState]:
    for session, mine in orders.sessions():
        named = [
            (cl_ord_id, _NO_ORDER if order is None else order.order_id)
            for cl_ord_id, order in mine.by_cl_ord_id.items()
            if order is None or cl_ord_id != order.entering_cl_ord_id
        ]
        if named:
            yield RequestsState(session, named)


def _sweep(sweep: Sweep) -> SweepState:
    order_ids = [order.order_id for order in sweep.orders]
    asked = (sweep.scope, sweep.operator, sweep.reason, sweep.text)
    return SweepState(*asked, order_ids, sweep.kind, sweep.date)


def _triggers(triggers: Triggers) -> TriggersState:
    watches = [triggers.waiting[symbol] for symbol in sorted(triggers.waiting)]
    trailing = [order.order_id for watch in watches for order in watch.trailing()]
    return TriggersState([order.order_id for order in triggers.in_order()], list(triggers.due), trailing)


def _fill(side: BookSide, order_ids: list[str], arrivals: int, orders: OrderRegistry) -> None:
    for order_id in order_ids:
        order = _known(orders, order_id)
        arrival = order.arrival
        side.add(order)
        order.arrival = arrival
    side.arrivals = arrivals


def _known(orders: OrderRegistry, order_id: str) -> Order:
    order = orders.by_order_id(order_id)
    assert order is not None, order_id
    return order
