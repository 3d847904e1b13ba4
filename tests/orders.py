"""Orders in the language of the trade, and a venue to send them to.

``buy(100, at="100.30", time_in_force=FOK)`` is a NewOrderSingle of ALICE; ``cancel(order)`` and ``replace(order,
at="100.20")`` are requests about an order, or about the request that last changed it.  Where a test does
not say a ClOrdID, each has one of its own.
"""

from collections.abc import Iterable
from decimal import Decimal
from itertools import count
from typing import NamedTuple

from fixgw.core import Core
from fixgw.spec.breaker import Halting
from fixgw.spec.commands import CancelOrder, Command, ConfigureVenue, MassCancel, NewOrder, ReplaceOrder
from fixgw.spec.events import Event, OrderState
from fixgw.spec.fixed import format_fixed
from fixgw.spec.instructions import Instructions
from fixgw.spec.instrument import UNLISTED, Instrument
from fixgw.spec.limits import ScopedLimits
from fixgw.spec.maker_protection import MakerProtection
from fixgw.spec.participant import Participant
from fixgw.spec.values import (
    MassCancelRequestType,
    OrdStatus,
    OrdType,
    Price,
    Qty,
    Side,
    TimeInForce,
)

DAY = TimeInForce.DAY
GTC = TimeInForce.GOOD_TILL_CANCEL
GTD = TimeInForce.GOOD_TILL_DATE
IOC = TimeInForce.IMMEDIATE_OR_CANCEL
FOK = TimeInForce.FILL_OR_KILL

AAPL = Instrument("AAPL", 2, 0, Price(1), Qty(1), 1, Qty(10**9), Price(9_223_372_036))
MSFT = Instrument("MSFT", 2, 0, Price(1), Qty(1), 1, Qty(10**9), Price(9_223_372_036))
BTC_USD = Instrument("BTC-USD", 2, 4, Price(1), Qty(10), 1, Qty(10**10), Price(922_337_203))
ESZ6 = Instrument("ESZ6", 2, 0, Price(25), Qty(1), 50, Qty(10**9), Price(9_223_372_036))
SPREAD = Instrument("SPREAD", 2, 0, Price(1), Qty(5), 1, Qty(10**9), Price(9_223_372_036), allows_negative_price=True)
INSTRUMENTS = (AAPL, MSFT, BTC_USD, ESZ6, SPREAD)

ALICE = Participant("CLIENT1", "ALPHA", ("A1",))
BOB = Participant("CLIENT2", "BETA", ("B1",))
CAROL = Participant("CLIENT4", "ALPHA", ("A2",))
PARTICIPANTS = (ALICE, BOB, CAROL)
"""Two firms: Alice and Carol work for ALPHA, Bob for BETA."""

_BY_SYMBOL = {instrument.symbol: instrument for instrument in INSTRUMENTS}
_numbers = count(1)

AnyOrder = NewOrder | ReplaceOrder


def buy(
    qty: int | str,
    at: str | None = None,
    *,
    symbol: str = "AAPL",
    by: Participant = ALICE,
    account: str | None = None,
    cl_ord_id: str | None = None,
    side: Side = Side.BUY,
    ord_type: OrdType | None = None,
    time_in_force: TimeInForce = DAY,
    poss_resend: bool = False,
    instructions: Instructions | None = None,
) -> NewOrder:
    """A limit order ``at`` a price, or without one a market order."""
    instrument = _BY_SYMBOL.get(symbol, AAPL)
    return NewOrder(
        session=by.session,
        firm=by.firm,
        cl_ord_id=cl_ord_id or _new_cl_ord_id(),
        account=account or by.accounts[0],
        symbol=symbol,
        side=side,
        order_qty=instrument.parse_qty(str(qty)),
        ord_type=ord_type or (OrdType.MARKET if at is None else OrdType.LIMIT),
        price=None if at is None else instrument.parse_price(at),
        time_in_force=time_in_force,
        poss_resend=poss_resend,
        instructions=instructions,
    )


def sell(
    qty: int | str,
    at: str | None = None,
    *,
    symbol: str = "AAPL",
    by: Participant = ALICE,
    account: str | None = None,
    cl_ord_id: str | None = None,
    time_in_force: TimeInForce = DAY,
    instructions: Instructions | None = None,
) -> NewOrder:
    return buy(
        qty,
        at,
        symbol=symbol,
        by=by,
        account=account,
        cl_ord_id=cl_ord_id,
        side=Side.SELL,
        time_in_force=time_in_force,
        instructions=instructions,
    )


def cancel(order: AnyOrder, *, cl_ord_id: str | None = None, order_id: str | None = None) -> CancelOrder:
    return CancelOrder(
        session=order.session,
        firm=order.firm,
        cl_ord_id=cl_ord_id or _new_cl_ord_id(),
        orig_cl_ord_id=order.cl_ord_id,
        order_id=order_id,
        symbol=order.symbol,
        side=order.side,
    )


def replace(
    order: AnyOrder,
    qty: int | str | None = None,
    at: str | None = None,
    *,
    cl_ord_id: str | None = None,
    order_id: str | None = None,
    time_in_force: TimeInForce | None = None,
    instructions: Instructions | None = None,
) -> ReplaceOrder:
    """Restate ``order`` with what is given changed; of its instructions those that are not given again are gone."""
    instrument = _BY_SYMBOL[order.symbol]
    return ReplaceOrder(
        session=order.session,
        firm=order.firm,
        cl_ord_id=cl_ord_id or _new_cl_ord_id(),
        orig_cl_ord_id=order.cl_ord_id,
        order_id=order_id,
        account=order.account,
        symbol=order.symbol,
        side=order.side,
        order_qty=order.order_qty if qty is None else instrument.parse_qty(str(qty)),
        ord_type=order.ord_type,
        price=order.price if at is None else instrument.parse_price(at),
        time_in_force=time_in_force or order.time_in_force,
        instructions=instructions,
    )


def mass_cancel(
    by: Participant = ALICE,
    *,
    symbol: str | None = None,
    side: Side | None = None,
    cl_ord_id: str | None = None,
    of: MassCancelRequestType | None = None,
) -> MassCancel:
    """All orders of ``by``, or those in one ``symbol``, on one ``side``."""
    scope = MassCancelRequestType.ALL_ORDERS if symbol is None else MassCancelRequestType.SECURITY
    return MassCancel(by.session, by.firm, cl_ord_id or _new_cl_ord_id(), of or scope, symbol, side)


def configuration(
    *limits: ScopedLimits,
    instruments: Iterable[Instrument] = INSTRUMENTS,
    participants: Iterable[Participant] = PARTICIPANTS,
    protections: Iterable[MakerProtection] = (),
    breaker: Iterable[Halting] = (),
) -> ConfigureVenue:
    made_of = tuple(instruments), limits, tuple(participants)
    return ConfigureVenue(*made_of, protections=tuple(protections), breaker=tuple(breaker))


def limits(
    scope: str = "venue",
    *,
    order_qty_max: str | None = None,
    order_notional_max: str | None = None,
    price_collar_percent: str | None = None,
    open_notional_max: str | None = None,
) -> ScopedLimits:
    written = (order_qty_max, order_notional_max, price_collar_percent, open_notional_max)
    return ScopedLimits(scope, *(None if text is None else Decimal(text) for text in written))


def state_of(
    order: AnyOrder,
    order_id: str = "1",
    *,
    ord_status: OrdStatus = OrdStatus.NEW,
    cum_qty: int = 0,
    leaves_qty: int | None = None,
    cum_notional: int = 0,
    cl_ord_id: str | None = None,
    order_qty: int | None = None,
) -> OrderState:
    """Return what an event should say of ``order``; while nothing else is said, all that is not filled is open."""
    whole = order.order_qty if order_qty is None else order_qty
    instrument = _BY_SYMBOL.get(order.symbol, UNLISTED)
    return OrderState(
        session=order.session,
        firm=order.firm,
        account=order.account,
        order_id=order_id,
        cl_ord_id=cl_ord_id or order.cl_ord_id,
        symbol=order.symbol,
        side=order.side,
        ord_type=order.ord_type,
        time_in_force=order.time_in_force,
        order_qty=Qty(whole),
        price=order.price,
        ord_status=ord_status,
        cum_qty=Qty(cum_qty),
        leaves_qty=Qty(whole - cum_qty if leaves_qty is None else leaves_qty),
        cum_notional=cum_notional,
        price_scale=instrument.price_scale,
        qty_scale=instrument.qty_scale,
        instructions=order.instructions,
    )


class Depth(NamedTuple):
    """Price and open quantity of each level, best first."""

    bids: list[tuple[str, int]]
    asks: list[tuple[str, int]]


class Venue:
    """Risk and engine together, in memory: commands in, events out."""

    def __init__(self, configured: ConfigureVenue) -> None:
        self.core = Core()
        self.handle(configured)

    def handle(self, command: Command, time_ns: int = 0) -> list[Event]:
        """Give ``command`` the next place, and check books, orders and exposure afterwards."""
        events = list(self.core.decide(command, time_ns))
        self.check()
        return events

    def decide(self, command: Command) -> list[Event]:
        """As handle, without the checks, which look at everything."""
        return list(self.core.decide(command))

    def depth(self, symbol: str) -> Depth:
        book, scale = self.core.exchange.market.books[symbol], _BY_SYMBOL[symbol].price_scale
        bids, asks = (
            [(format_fixed(level.price, scale), level.leaves_qty) for level in side] for side in (book.bids, book.asks)
        )
        return Depth(bids, asks)

    def live_orders(self) -> list[OrderState]:
        return [order.state() for order in self.core.exchange.market.orders]

    def check(self) -> None:
        self.core.exchange.check()
        self.core.gate.check_against(self.live_orders())


def venue_with(*commands: Command, configured: ConfigureVenue | None = None) -> Venue:
    """Return a venue that has handled ``commands``, the first of which has OrderID 1 if it is an order."""
    venue = Venue(configured or configuration())
    for command in commands:
        venue.handle(command)
    return venue


def _new_cl_ord_id() -> str:
    return f"c{next(_numbers)}"
