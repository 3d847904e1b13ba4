"""Commands: everything that may change the venue, as the sequencer takes it.

A command carries no time and no identifier of the venue's own; the sequencer gives it both.  ``msg_seq_num``
is MsgSeqNum(34) of the message that asked for it, so that the journal knows how far each session was heard;
0 when no session's message did.
"""

import msgspec

from fixgw.spec.breaker import Halting
from fixgw.spec.instructions import Instructions
from fixgw.spec.instrument import Instrument
from fixgw.spec.limits import LimitChange, ScopedLimits
from fixgw.spec.maker_protection import MakerProtection
from fixgw.spec.participant import Participant
from fixgw.spec.phase import Phase
from fixgw.spec.quotes import QuoteEntry
from fixgw.spec.terms import Terms, TermsChange
from fixgw.spec.values import (
    ContingencyType,
    CxlRejReason,
    CxlRejResponseTo,
    MassCancelRequestType,
    OrdRejReason,
    OrdType,
    Price,
    Qty,
    QuoteCancelType,
    QuoteResponseLevel,
    Side,
    TimeInForce,
)


class NewOrder(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="D"):
    """NewOrderSingle(35=D).  ``price`` is None unless Price(44) was given."""

    session: str
    firm: str
    cl_ord_id: str
    account: str
    symbol: str
    side: Side
    order_qty: Qty
    ord_type: OrdType
    price: Price | None
    time_in_force: TimeInForce
    poss_resend: bool = False
    """PossResend(97)=Y or PossDupFlag(43)=Y: the venue may have had this order before."""
    msg_seq_num: int = 0
    instructions: Instructions | None = None
    """None when it asks for none, as most do."""


class CancelOrder(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="F"):
    """OrderCancelRequest(35=F): cancels all of what is left."""

    session: str
    firm: str
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: str | None
    symbol: str
    side: Side
    msg_seq_num: int = 0


class ReplaceOrder(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="G"):
    """OrderCancelReplaceRequest(35=G).  ``order_qty`` is the new total (E13); absent fields are absent after."""

    session: str
    firm: str
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: str | None
    account: str
    symbol: str
    side: Side
    order_qty: Qty
    ord_type: OrdType
    price: Price | None
    time_in_force: TimeInForce
    msg_seq_num: int = 0
    instructions: Instructions | None = None


class MassCancel(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="q"):
    """OrderMassCancelRequest(35=q): the session's own open orders, narrowed by symbol and side where given."""

    session: str
    firm: str
    cl_ord_id: str
    mass_cancel_request_type: MassCancelRequestType
    symbol: str | None
    side: Side | None
    msg_seq_num: int = 0


class RefuseOrder(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="refuse-order"):
    """A NewOrderSingle that the door could read but not put into the instrument's numbers.

    It is sequenced like any other, so that it has an OrderID, an ExecID and uses up its ClOrdID (E32).
    """

    session: str
    firm: str
    cl_ord_id: str
    account: str
    symbol: str
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    ord_rej_reason: OrdRejReason
    text: str
    poss_resend: bool = False
    msg_seq_num: int = 0


class RefuseChange(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="refuse-change"):
    """A cancel or replace request that the door could read but not put into the instrument's numbers."""

    session: str
    firm: str
    cl_ord_id: str
    orig_cl_ord_id: str
    cxl_rej_response_to: CxlRejResponseTo
    cxl_rej_reason: CxlRejReason
    text: str
    msg_seq_num: int = 0


class Quote(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="S"):
    """Quote(35=S): both sides of one instrument, in the place of those before."""

    session: str
    firm: str
    account: str
    quote_id: str
    quote_response_level: QuoteResponseLevel
    entry: QuoteEntry
    msg_seq_num: int = 0

    @property
    def entries(self) -> tuple[QuoteEntry, ...]:
        return (self.entry,)


class MassQuote(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="i"):
    """MassQuote(35=i): many quotes, decided one after the other."""

    session: str
    firm: str
    account: str
    quote_id: str
    quote_response_level: QuoteResponseLevel
    entries: tuple[QuoteEntry, ...]
    msg_seq_num: int = 0


class CancelQuotes(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="Z"):
    """QuoteCancel(35=Z): the session's own quotes, all or those of some instruments."""

    session: str
    firm: str
    account: str
    quote_id: str
    quote_cancel_type: QuoteCancelType
    quote_response_level: QuoteResponseLevel
    symbols: tuple[str, ...]
    msg_seq_num: int = 0


class PullQuotes(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="pull-quotes"):
    """Cancel the quotes of a session that is no longer there to change them; the gateway's own."""

    session: str
    reason: str
class ListEntry(msgspec.Struct, frozen=True, array_like=True):
    """One order of a list."""

    order: NewOrder | RefuseOrder
    cl_ord_link_id: str | None = None
    """ClOrdLinkID(583): what one order triggers updates each other where it is the same."""


class NewOrderList(msgspec.Struct, frozen=True, array_like=True, tag="E"):
    """NewOrderList(35=E): all of its orders are taken, or none is."""

    session: str
    firm: str
    list_id: str
    contingency_type: ContingencyType | None
    entries: tuple[ListEntry, ...]
    """In the order of ListSeqNo(67), which counts from 1."""
    poss_resend: bool = False
    msg_seq_num: int = 0
    unsupported: str | None = None
    """What is not done with lists and this one asks for, or None."""


class CancelList(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="K"):
    """ListCancelRequest(35=K): cancels all orders of the list that are open."""

    session: str
    firm: str
    list_id: str
    msg_seq_num: int = 0


class ConfigureVenue(msgspec.Struct, frozen=True, array_like=True, tag="configure"):
    """What the configuration files say of trading; the first command of a journal, and again when they change."""

    instruments: tuple[Instrument, ...]
    limits: tuple[ScopedLimits, ...]
    participants: tuple[Participant, ...]
    seed: int = 0
    """What is random in the venue is made from it; drawn once, at the first start."""
    protections: tuple[MakerProtection, ...] = ()
    """Of market makers, by names of their own."""
    breaker: tuple[Halting, ...] = ()
    """What each level of the circuit breaker does, from the first on."""


class HaltInstrument(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="halt"):
    """Take no new order and no replace in the instrument until it is resumed; its orders stay."""

    operator: str
    reason: str
    symbol: str
    """Or ``segment:NAME`` for all instruments of a segment, or ``venue`` for all; each is resumed as it was halted."""
    pause_s: int = 0
    """How long it lasts; 0 until it is resumed."""
    level: int = 0
    """The level of the circuit breaker that was reached, counted from 1; it takes the place of a lower one's halt."""
    for_day: bool = False
    """Whether it is over with the trading day."""


class TripBreaker(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="trip-breaker"):
    """Halt all instruments as at a level of the circuit breaker, though nothing has fallen so far."""

    operator: str
    reason: str
    level: int


class ResumeInstrument(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="resume"):
    operator: str
    reason: str
    symbol: str


class SuspendInstrument(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="suspend"):
    """As a halt, and not for a moment: clients are told that it is not available.  ResumeInstrument ends it."""

    operator: str
    reason: str
    symbol: str


class AddInstrument(msgspec.Struct, frozen=True, array_like=True, tag="add-instrument"):
    """List an instrument, from the next order on; it may have been listed before, with the same decimals."""

    operator: str
    reason: str
    terms: Terms


class ChangeInstrument(msgspec.Struct, frozen=True, array_like=True, tag="change-instrument"):
    """Give an instrument other terms, from the next order on; open orders stay as they are."""

    operator: str
    reason: str
    symbol: str
    change: TermsChange


class DelistInstrument(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="delist-instrument"):
    """Take an instrument from the list; only one without open orders, unless they are to be canceled."""

    operator: str
    reason: str
    symbol: str
    cancels_orders: bool


class Kill(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="kill"):
    """Take no new order and no replace of the scope until it is released, and cancel its open orders.

    ``scope`` is written as that of limits (``fixgw.spec.scope``).
    """

    operator: str
    reason: str
    scope: str


class Release(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="release"):
    operator: str
    reason: str
    scope: str


class SetLimits(msgspec.Struct, frozen=True, array_like=True, tag="set-limits"):
    """Change these limits of the scope; they hold until the configuration files say another thing of the scope."""

    operator: str
    reason: str
    scope: str
    changes: tuple[LimitChange, ...]


class SetProtection(msgspec.Struct, frozen=True, array_like=True, tag="set-protection"):
    """Change a protection of a market maker; it holds until the configuration files say another thing of it."""

    operator: str
    reason: str
    name: str
    changes: tuple[LimitChange, ...]


class ResetProtection(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="reset-protection"):
    """Take quotes again that a protection refuses, and count its trades from nothing."""

    operator: str
    reason: str
    name: str
    symbol: str = ""
    """Of a protection that counts each instrument by itself; empty for all."""


class CancelByOperator(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="operator-cancel"):
    """Cancel one open order."""

    operator: str
    reason: str
    order_id: str


class CancelAllByOperator(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="operator-cancel-all"):
    """Cancel the orders of the scope that are open now; new ones are welcome."""

    operator: str
    reason: str
    scope: str


class DisableSession(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="disable-session"):
    """Log the session out and refuse its logons until it is enabled; its orders stay."""

    operator: str
    reason: str
    session: str


class EnableSession(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="enable-session"):
    operator: str
    reason: str
    session: str


class LogOutSession(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="log-out-session"):
    """Log the session out; it may log on again at once."""

    operator: str
    reason: str
    session: str


class ResetSession(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="reset-session"):
    """Log the session out and begin its sequence numbers at 1 again, both ways."""

    operator: str
    reason: str
    session: str


class ContinueSweep(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="sweep"):
    """Go on with the next slice of orders that a command concerns; the sequencer's own.

    Those that a Kill or CancelAllByOperator cancels, that expire with EndDay, or that BeginDay restates.
    """


class ContinueTriggers(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="triggers"):
    """Let the next slice of orders to the market whose trigger has gone off, and pegs move; the sequencer's own."""


class EndDay(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="end-day"):
    """End the trading day of ``date``, ISO 8601: no orders are taken until the next begins, and Day orders expire."""

    operator: str
    reason: str
    date: str


class BeginDay(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="begin-day"):
    """Begin the trading day of ``date``; the schedule's own, after the end of the one before and what belongs to it."""

    date: str
    restates_gtc: bool
    """Whether clients are told again of each order that goes on from the day before (E37)."""


class ExpireDueOrders(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="expire-due"):
    """Have good-till-date orders expire, a slice of those that are due; the schedule's own, while there are any.

    Due is what has its ExpireTime(126) at ``now_ns`` or before, or its ExpireDate(432) before ``date``, that of the
    trading day.
    """

    now_ns: int
    date: str


class SetPhase(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="set-phase"):
    """Have the instrument go on in another phase; what it leaves may end with an uncross."""

    operator: str
    reason: str
    symbol: str
    phase: Phase
    scheduled_ns: int = 0
    """The time of the step of the schedule that this is, by which it is known; 0 by hand."""


class TimeCall(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="time-call"):
    """Say when a volatility auction ends that an order has begun; the schedule's own: the engine asks no clock."""

    symbol: str
    ends_ns: int
    """Ns since the epoch, UTC."""


class PauseTrading(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="pause-trading"):
    """Begin a volatility auction if the limit state of the instrument has lasted too long; the schedule's own."""

    symbol: str


class TimeHalt(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="time-halt"):
    """Say when a pause ends; the schedule's own."""

    symbol: str
    until_ns: int
    """Ns since the epoch, UTC."""


class TellIndicatives(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="indicatives"):
    """Tell what calls would come to that have changed since they were told, a slice of them; the schedule's own."""


class BustTrade(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="bust-trade"):
    """Undo a trade of this trading day: it is as if it had not been, but for what followed from it."""

    operator: str
    reason: str
    trade_id: str
    """ExecID(17) of either side's report of the trade."""


class CorrectTrade(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="correct-trade"):
    """Give a trade of this trading day another price or quantity, or both; what is None stays."""

    operator: str
    reason: str
    trade_id: str
    """ExecID(17) of either side's report of the trade."""
    price: str | None
    """LastPx(31), as the operator wrote it: the instrument's scale is the engine's to know."""
    qty: str | None
    """LastQty(32), likewise."""


class UseNumber(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="use-number"):
    """The session is sent a message that no event brings about: an administrative one, or an answer to an inquiry.

    All its other numbers belong to the reports of events, in the order of the journal.
    """

    session: str
    msg_seq_num: int
    """MsgSeqNum(34) of the message; numbers from here on that were used before are used anew."""
    expected_msg_seq_num: int
    """What is expected next from the client; 0 where that cannot be told."""
    msg_type: str
    body: str | None
    """What to send again when asked, fields ended by SOH; None for a number that a gap fill closes."""


class OpenSession(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="open-session"):
    """The client has logged on; its numbers as they are from here on."""

    session: str
    next_msg_seq_num: int
    """MsgSeqNum(34) of the next message to the client."""
    expected_msg_seq_num: int
    """What is expected next from the client."""


class CloseSession(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="close-session"):
    """The client has logged out, or its connection was lost; its numbers as they are from here on."""

    session: str
    next_msg_seq_num: int
    expected_msg_seq_num: int


ListCommand = NewOrderList | CancelList
OrderCommand = (
    NewOrder | CancelOrder | ReplaceOrder | MassCancel | RefuseOrder | RefuseChange | CancelQuotes | ListCommand
)
"""What a client asks for, but for quotes."""
QuoteCommand = Quote | MassQuote
"""Quotes: the engine takes them with what risk says of each."""
ClientCommand = OrderCommand | QuoteCommand
"""What a client asks for."""
RestrictionCommand = (
    HaltInstrument
    | ResumeInstrument
    | SuspendInstrument
    | Kill
    | Release
    | SetLimits
    | DisableSession
    | EnableSession
    | LogOutSession
    | ResetSession
    | TripBreaker
)
"""What risk answers: who may trade what, and how much."""
ListingCommand = AddInstrument | ChangeInstrument | DelistInstrument
"""What changes the list of instruments while the venue runs."""
ProtectionCommand = SetProtection | ResetProtection
"""What an operator asks about the protection of market makers."""
AmendTrade = BustTrade | CorrectTrade
"""What undoes or corrects a trade."""
OperatorCommand = (
    RestrictionCommand
    | ListingCommand
    | CancelByOperator
    | CancelAllByOperator
    | EndDay
    | AmendTrade
    | SetPhase
    | ProtectionCommand
)
"""What an operator asks for."""
SweepCommand = Kill | CancelByOperator | CancelAllByOperator | ContinueSweep
"""What cancels orders of others than who asks."""
DayCommand = EndDay | BeginDay | ExpireDueOrders
"""What a trading day begins and ends with, and what time brings about meanwhile."""
TradingCommand = (
    OrderCommand
    | PullQuotes
    | ConfigureVenue
    | ListingCommand
    | SweepCommand
    | ContinueTriggers
    | DayCommand
    | AmendTrade
    | SetPhase
    | ProtectionCommand
    | PauseTrading
)
"""What the engine answers with events."""
SessionCommand = UseNumber | OpenSession | CloseSession
"""What happened to a FIX session: no events, the journal keeps it for the next start and for followers."""
Command = (
    TradingCommand | QuoteCommand | RestrictionCommand | SessionCommand | TellIndicatives | TimeCall | TimeHalt
)
