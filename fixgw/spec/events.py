"""Events: what happened, each carrying all that a report of it needs.

``exec_id`` is ExecID(17): the number of the command among those that trade (at most its sequence in the
journal), a dot, and a count within it.  It is unique for the life of the venue and grows with the journal.  The
time of an event is the time of its command.
"""

import msgspec

from fixgw.spec.instructions import Instructions
from fixgw.spec.instrument import Instrument
from fixgw.spec.limits import ScopedLimits
from fixgw.spec.maker_protection import Frozen, MakerProtection
from fixgw.spec.phase import Phase
from fixgw.spec.quotes import QuoteEntryAnswer, QuoteState
from fixgw.spec.values import (
    CxlRejReason,
    CxlRejResponseTo,
    ExecRestatementReason,
    ListOrderStatus,
    ListStatusType,
    MassCancelRejectReason,
    MassCancelRequestType,
    OrdRejReason,
    OrdStatus,
    OrdType,
    Price,
    Qty,
    QuoteRejectReason,
    QuoteResponseLevel,
    QuoteStatus,
    Side,
    TimeInForce,
)


class OrderState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An order as it stands right after the event that carries it."""

    session: str
    firm: str
    account: str
    order_id: str
    cl_ord_id: str
    """ClOrdID(11) last accepted in the chain (E3)."""
    symbol: str
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    order_qty: Qty
    """OrderQty(38); 0 when the door could not read it."""
    price: Price | None
    ord_status: OrdStatus
    cum_qty: Qty
    leaves_qty: Qty
    cum_notional: int
    """Sum of LastPx times LastQty over the whole chain (E2), in the product of the two scales."""
    price_scale: int
    """Decimals of price and quantity, kept since the list of instruments may change; above SCALE_MAX for a symbol
    that nobody knew."""
    qty_scale: int
    instructions: Instructions | None = None
    """As the client gave them last; None when it gave none."""
    is_waiting: bool = False
    """Whether it is not in the book, nor was, since its trigger has not gone off; stays so when it ends like that."""
    trigger_price: Price | None = None
    """StopPx(99) as it stands."""
    hidden_qty: Qty = Qty(0)
    """What of leaves_qty is not displayed, or would not be if the order rested now."""
    quote_entry_id: str | None = None
    """Of a side of a quote QuoteEntryID(299), empty for that of a Quote(35=S); its ``cl_ord_id`` is QuoteID(117).
    None for an order."""
    list_id: str | None = None
    """ListID(66) of the list that it came with, or None."""
    held_qty: Qty = Qty(0)
    """Of ``leaves_qty``, what may not trade before another order has traded."""

    @property
    def exposed_price(self) -> Price | None:
        """Return what its open quantity counts at: its limit; for one at market, while it waits, its trigger."""
        return self.trigger_price if self.price is None and self.is_waiting else self.price

    @property
    def is_quoted(self) -> bool:
        """Whether it is a side of a quote, whose entering, replacing and canceling is answered as that of a quote."""
        return self.quote_entry_id is not None

    @property
    def working_qty(self) -> int:
        """What of it may trade, now or when its trigger goes off."""
        return self.leaves_qty - self.held_qty


class OrderAccepted(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="accepted"):
    """150=0: the order is live."""

    exec_id: str
    order: OrderState


class OrderRejected(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="rejected"):
    """150=8: the order never lived, or (103=6) is one that already exists, whose state ``order`` then is (E18)."""

    exec_id: str
    order: OrderState
    ord_rej_reason: OrdRejReason
    text: str


class Fill(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One side of a trade."""

    exec_id: str
    order: OrderState


class Trade(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="trade"):
    """150=F to both sides (E31), at the resting order's price.

    In an auction both orders rest, and neither is the aggressor: ``resting`` is then the buyer's.
    """

    symbol: str
    last_px: Price
    last_qty: Qty
    aggressor: Fill
    resting: Fill
    in_auction: bool = False
    """Whether it belongs to an uncross, whose price may be better than either limit."""


class OrderCanceled(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="canceled"):
    """150=4.  ``order.cl_ord_id`` is that of the cancel request when one asked for it."""

    exec_id: str
    order: OrderState
    canceled_qty: Qty
    """What was open until now; order_qty - cum_qty."""
    rested: bool
    """Whether the canceled quantity was in the book."""
    orig_cl_ord_id: str | None
    """OrigClOrdID(41) when a cancel request asked for it (E3), else None."""
    text: str | None
    exec_restatement_reason: ExecRestatementReason | None = None
    """ExecRestatementReason(378) when nobody of the order's session asked for it (E29), else None."""

    @property
    def is_told(self) -> bool:
        """Whether there is a report of it: a quote message that takes a side away is answered by itself."""
        return self.text is not None or not self.order.is_quoted


class OrderReplaced(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="replaced"):
    """150=5: the order as restated by the client (E17)."""

    exec_id: str
    order: OrderState
    orig_cl_ord_id: str
    previous_price: Price | None
    previous_leaves_qty: Qty
    keeps_priority: bool
    previous_trigger_price: Price | None = None

    @property
    def previous_exposed_price(self) -> Price | None:
        """Return what its open quantity counted at until now: a replace does not change whether an order waits."""
        return self.previous_trigger_price if self.previous_price is None else self.previous_price


class OrderTriggered(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="triggered"):
    """150=D with 636=Y: the order waits no longer, its time priority is that of this event (E27)."""

    exec_id: str
    """Empty where the fill that follows tells the client of it."""
    order: OrderState
    text: str


class OrderStated(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="stated"):
    """150=I, answering a NewOrderSingle that was sent again and had entered before (E19)."""

    exec_id: str
    order: OrderState
    text: str


class CancelRejected(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="cancel-rejected"):
    """OrderCancelReject(35=9).  ``order_id`` is NONE and ``ord_status`` REJECTED for an unknown order (E8)."""

    session: str
    firm: str
    account: str | None
    order_id: str
    cl_ord_id: str
    orig_cl_ord_id: str
    ord_status: OrdStatus
    cxl_rej_response_to: CxlRejResponseTo
    cxl_rej_reason: CxlRejReason
    text: str


class AffectedOrder(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One entry of NoAffectedOrders(534)."""

    orig_cl_ord_id: str
    affected_order_id: str


class MassCanceled(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="mass-canceled"):
    """OrderMassCancelReport(35=r), after the OrderCanceled of each order (E24)."""

    session: str
    firm: str
    cl_ord_id: str
    order_id: str
    mass_cancel_request_type: MassCancelRequestType
    symbol: str | None
    side: Side | None
    affected: tuple[AffectedOrder, ...]
    mass_cancel_reject_reason: MassCancelRejectReason | None
    """None when granted; 531 is then the request type, else 0."""
    text: str | None


class ListStated(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="list-stated"):
    """ListStatus(35=N), after the events of its orders; without orders for a list that there is not."""

    session: str
    firm: str
    list_id: str
    list_status_type: ListStatusType
    list_order_status: ListOrderStatus
    orders: tuple[OrderState, ...]
    text: str | None


class VenueConfigured(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="configured"):
    """The instruments, limits and participants of the command are in force from here on."""


class InstrumentHalted(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="halted"):
    """No new order and no replace is taken in the instrument; open orders stay and may be canceled."""

    symbol: str
    """Or ``segment:NAME``, or ``venue``."""
    operator: str
    reason: str
    pause_s: int = 0
    """How long it lasts; 0 until it is resumed."""
    level: int = 0
    """The level of the circuit breaker that was reached, 0 for none."""
    day: str | None = None
    """The trading day that it is over with, empty where that has no date yet; None where it is not."""


class InstrumentResumed(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="resumed"):
    """The instrument trades again."""

    symbol: str
    operator: str
    reason: str


class InstrumentSuspended(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="suspended"):
    """As halted, until it is resumed; a halt that there was is part of it."""

    symbol: str
    operator: str
    reason: str


class InstrumentAdded(msgspec.Struct, frozen=True, array_like=True, tag="instrument-added"):
    """The instrument is listed from here on."""

    instrument: Instrument
    operator: str
    reason: str


class InstrumentChanged(msgspec.Struct, frozen=True, array_like=True, tag="instrument-changed"):
    """These are all terms of the instrument from here on; open orders stay as they are."""

    instrument: Instrument
    operator: str
    reason: str


class InstrumentDelisted(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="instrument-delisted"):
    """The instrument is no longer listed, halted or suspended; its open orders are canceled, from this frame on."""

    symbol: str
    operator: str
    reason: str


class ScopeKilled(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="killed"):
    """No new order and no replace is taken of the scope; its open orders are canceled, from this frame on."""

    scope: str
    operator: str
    reason: str


class ScopeReleased(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="released"):
    """The scope may trade again; what was canceled stays canceled."""

    scope: str
    operator: str
    reason: str


class OrdersSwept(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="swept"):
    """After the OrderCanceled of each order of a slice that an operator's kill or cancel-all has canceled."""

    scope: str
    canceled: int
    left: int
    """Orders that later slices will cancel, those that end by themselves meanwhile included; 0 at the end."""
    operator: str
    reason: str


class LimitsSet(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="limits-set"):
    """The limits of one scope from here on, all of them."""

    limits: ScopedLimits
    operator: str
    reason: str


class SessionDisabled(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="session-disabled"):
    """The session is logged out and may not log on; its orders stay."""

    session: str
    operator: str
    reason: str


class SessionEnabled(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="session-enabled"):
    """The session may log on again."""

    session: str
    operator: str
    reason: str


class SessionLoggedOut(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="session-logged-out"):
    """The session is logged out, and may log on again at once."""

    session: str
    operator: str
    reason: str


class SessionReset(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="session-reset"):
    """The session is logged out; both sides' next MsgSeqNum(34) is 1, and nothing from before is sent again."""

    session: str
    operator: str
    reason: str


class DayEnding(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="day-ending"):
    """No new order and no replace is taken from here on; Day orders expire, from this frame on."""

    date: str
    operator: str
    reason: str


class OrderExpired(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="expired"):
    """150=C: an order has come to the end of its time in force, which is that of its day or of a phase (E26)."""

    exec_id: str
    order: OrderState
    expired_qty: Qty
    """What was open until now; order_qty - cum_qty."""
    text: str
    rested: bool = True
    """Whether any of that was in the book."""


class OrdersExpired(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="orders-expired"):
    """After the OrderExpired of each order of a slice; the day has ended when none is left."""

    date: str
    expired: int
    left: int
    """Orders that later slices will look at, those that end by themselves meanwhile included."""


class OrderRestated(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="restated"):
    """150=D: an order that goes on from the day before, as it stands (E37)."""

    exec_id: str
    order: OrderState
    exec_restatement_reason: ExecRestatementReason


class OrderAmended(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="amended"):
    """150=D: the venue has changed price or quantity of an order, though nobody asked for it (E28)."""

    exec_id: str
    order: OrderState
    exec_restatement_reason: ExecRestatementReason
    previous_price: Price | None
    previous_leaves_qty: Qty
    rested: bool
    """Whether it was in the book until now."""
    keeps_priority: bool
    """Whether it has its place in the book still; one that did not rest has none."""
    text: str
    previous_trigger_price: Price | None = None
    previous_held_qty: Qty = Qty(0)

    @property
    def previous_exposed_price(self) -> Price | None:
        """Return what its open quantity counted at until now: this does not change whether an order waits."""
        if self.previous_price is None and self.order.is_waiting:
            return self.previous_trigger_price
        return self.previous_price


class OrdersRestated(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="orders-restated"):
    """After the OrderRestated of each order of a slice."""

    date: str
    restated: int
    left: int


class DayBegun(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="day-begun"):
    """Orders are taken from here on, and count for this day."""

    date: str


class PhaseChanged(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="phase"):
    """The instrument is in another phase from here on; after the trades of the uncross that ended the one before.

    A step of the schedule may find it in its phase already: both are the same then.
    """

    symbol: str
    phase: Phase
    previous: Phase
    operator: str
    reason: str
    scheduled_ns: int = 0
    """The time of the schedule's step; 0 by hand."""


class IndicativeChanged(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="indicative"):
    """What the call of the instrument would come to if it ended now; told again where it is the same."""

    symbol: str
    price: Price | None
    """None while nothing would trade."""
    volume: Qty
    imbalance: int
    """Quantity that would be left over at the price: above zero on the buying side, below on the selling side."""


class Amendment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One side of a trade that is undone or corrected."""

    exec_id: str
    exec_ref_id: str
    """ExecRefID(19): ExecID(17) of this side's last report of the trade, so that corrections form a chain (E30)."""
    order: OrderState
    previous_leaves_qty: Qty


class TradeBusted(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="trade-busted"):
    """150=H to both sides: the trade is undone.

    A live order has its quantity back and rests behind all others of its price.  One that was filled is open again
    with it, and an OrderCanceled of it follows: it does not go back to the book.
    """

    symbol: str
    trade_id: str
    """ExecID(17) of the resting side's report of the trade, by which market data names it."""
    last_px: Price
    """What the trade was, until now."""
    last_qty: Qty
    aggressor: Amendment
    resting: Amendment
    market_px: Price | None
    """The price of the last trade in the instrument that stands; None where there is none."""
    operator: str
    reason: str


class TradeCorrected(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="trade-corrected"):
    """150=G to both sides: the trade has another price or quantity.

    What an order has traded less it has back as of a trade that is undone; what it has traded more it has left less.
    """

    symbol: str
    trade_id: str
    last_px: Price
    last_qty: Qty
    previous_px: Price
    previous_qty: Qty
    aggressor: Amendment
    resting: Amendment
    market_px: Price | None
    operator: str
    reason: str


class OperatorRefused(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="operator-refused"):
    """What an operator asked for cannot be done; nothing has changed."""

    operator: str
    text: str


class QuoteReported(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="quote-reported"):
    """QuoteStatusReport(35=AI): what has become of one quote, or of the quotes in an instrument or in all."""

    quote: QuoteState
    quote_status: QuoteStatus
    quote_response_level: QuoteResponseLevel
    text: str | None

    @property
    def is_told(self) -> bool:
        """Whether the client wants to know."""
        wants_all = self.quote_response_level is QuoteResponseLevel.EACH
        return wants_all or self.quote_status in (QuoteStatus.REJECTED, QuoteStatus.NOT_FOUND)


class MassQuoteAnswered(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="mass-quote-answered"):
    """MassQuoteAcknowledgement(35=b), after what the quotes of the message brought about."""

    session: str
    firm: str
    account: str
    quote_id: str
    quote_status: QuoteStatus
    quote_reject_reason: QuoteRejectReason | None
    quote_response_level: QuoteResponseLevel
    entries: tuple[QuoteEntryAnswer, ...]
    text: str | None

    @property
    def is_told(self) -> bool:
        """Whether the client wants to know."""
        wants_all = self.quote_response_level is QuoteResponseLevel.EACH
        return wants_all or self.text is not None


class QuotesPulled(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="quotes-pulled"):
    """After the OrderCanceled of each side of the quotes of a session that is no longer there."""

    session: str
    canceled: int
    reason: str


class LimitStateChanged(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="limit-state"):
    """The best price of the instrument is at the edge of its price band, or no longer is."""

    symbol: str
    side: Side | None
    """Of the best price; None where the limit state is over."""
    price: Price | None
    """The edge of the band."""


class ProtectionTripped(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="protection-tripped"):
    """After the OrderCanceled of each side of a maker's quotes that were pulled: no further ones are taken."""

    frozen: Frozen
    maker: str
    canceled: int


class ProtectionReset(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="protection-reset"):
    """Quotes are taken again, and trades are counted from nothing; of all instruments where none is named."""

    name: str
    symbol: str
    operator: str
    """Or the CompID of the session that did it."""
    reason: str


class ProtectionSet(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="protection-set"):
    """All values of a protection from here on."""

    protection: MakerProtection
    operator: str
    reason: str


RestrictionEvent = (
    InstrumentHalted
    | InstrumentResumed
    | InstrumentSuspended
    | ScopeKilled
    | ScopeReleased
    | LimitsSet
    | SessionDisabled
    | SessionEnabled
    | SessionLoggedOut
    | SessionReset
)
"""What an operator has forbidden, or allows again."""
ListingEvent = InstrumentAdded | InstrumentChanged | InstrumentDelisted
"""How the list of instruments has changed while the venue runs."""
OperatorEvent = RestrictionEvent | ListingEvent | OrdersSwept | OperatorRefused
"""What no client is told of: the orders concerned have events of their own."""

ProtectionEvent = ProtectionTripped | ProtectionReset | ProtectionSet
"""What becomes of the protection of market makers; the sides of quotes have the events of orders."""

DayEvent = DayEnding | OrdersExpired | OrdersRestated | DayBegun
"""How far a trading day has come; the orders concerned have events of their own."""

AmendmentEvent = TradeBusted | TradeCorrected
"""A trade is no longer what was told of it."""

QuoteEvent = QuoteReported | MassQuoteAnswered | QuotesPulled
"""What is said of quotes; their sides have the events of orders."""

Event = (
    OrderAccepted
    | OrderRejected
    | Trade
    | OrderCanceled
    | OrderReplaced
    | OrderTriggered
    | OrderStated
    | CancelRejected
    | MassCanceled
    | ListStated
    | VenueConfigured
    | OperatorEvent
    | OrderExpired
    | OrderRestated
    | OrderAmended
    | DayEvent
    | PhaseChanged
    | IndicativeChanged
    | AmendmentEvent
    | QuoteEvent
    | ProtectionEvent
    | LimitStateChanged
)
