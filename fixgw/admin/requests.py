"""Requests of operators, one JSON object a line (docs/operator.md), and the commands and inquiries they stand for."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from fixgw.spec.commands import (
    AddInstrument,
    BustTrade,
    CancelAllByOperator,
    CancelByOperator,
    ChangeInstrument,
    CorrectTrade,
    DelistInstrument,
    DisableSession,
    EnableSession,
    EndDay,
    HaltInstrument,
    Kill,
    LogOutSession,
    OperatorCommand,
    Release,
    ResetProtection,
    ResetSession,
    ResumeInstrument,
    SetLimits,
    SetPhase,
    SetProtection,
    SuspendInstrument,
    TripBreaker,
)
from fixgw.spec.inquiries import (
    InstrumentsInquiry,
    OperatorInquiry,
    OrderInquiry,
    OrdersInquiry,
    RiskInquiry,
    SessionsInquiry,
    VenueInquiry,
)
from fixgw.spec.instrument import SCALE_MAX
from fixgw.spec.limits import LimitChange
from fixgw.spec.phase import Phase
from fixgw.spec.terms import Terms, TermsChange, Ticks, read_ticks
from fixgw.spec.values import OrdStatus, Side

NAME_LENGTH_MAX = 64
REASON_LENGTH_MAX = 200
YEAR_MAX = 2999  # there must be a date after each that can be ended

# What is written here goes into Text(58) of clients, where only printable ASCII may stand.
_PRINTABLE = r"\A[ -~]+\Z"
Name = Annotated[str, Meta(max_length=NAME_LENGTH_MAX, pattern=_PRINTABLE)]
ScopeText = Annotated[str, Meta(max_length=NAME_LENGTH_MAX + len("instrument:"), pattern=_PRINTABLE)]
Reason = Annotated[str, Meta(max_length=REASON_LENGTH_MAX, pattern=_PRINTABLE)]
PositiveText = Annotated[str, Meta(pattern=r"\A[0-9]{1,18}(\.[0-9]{1,18})?\Z")]
LimitText = PositiveText | None
Symbol = Annotated[str, Meta(pattern=r"\A[!-+\--~]{1,64}\Z")]
TickTexts = Annotated[
    list[Annotated[str, Meta(pattern=r"\A[0-9]{1,18}(\.[0-9]{1,18})? from [0-9]{1,18}(\.[0-9]{1,18})?\Z")]],
    Meta(max_length=50),
]
Multiplier = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Decimals = Annotated[int, Meta(ge=0, le=SCALE_MAX)]
BandTicks = Annotated[int, Meta(ge=0, le=1_000_000_000)]
PercentText = Annotated[str, Meta(pattern=r"\A[0-9]{1,18}(\.[0-9]{1,4})?\Z")]
NumberText = Annotated[str, Meta(pattern=r"\A-?[0-9]{1,18}(\.[0-9]{1,18})?\Z")]

STATES: dict[str, tuple[OrdStatus, ...]] = {
    "open": (OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED),
    "new": (OrdStatus.NEW,),
    "partially_filled": (OrdStatus.PARTIALLY_FILLED,),
    "filled": (OrdStatus.FILLED,),
    "canceled": (OrdStatus.CANCELED,),
    "expired": (OrdStatus.EXPIRED,),
    "rejected": (OrdStatus.REJECTED,),
    "all": (),
}


class _Ask(msgspec.Struct, tag_field="do", forbid_unknown_fields=True, kw_only=True):
    """A question; ``operator`` is taken everywhere, so that a client need not know which request is which."""

    operator: Name | None = None


class _Change(msgspec.Struct, tag_field="do", forbid_unknown_fields=True, kw_only=True):
    reason: Reason
    operator: Name | None = None

    def by(self, user: str) -> tuple[str, str]:
        """Return who asks, ``user`` being who the operating system says it is, and why."""
        return (user if self.operator in (None, user) else f"{self.operator} ({user})"), self.reason


class Status(_Ask, tag="status"):
    pass


class Sessions(_Ask, tag="sessions"):
    pass


class Orders(_Ask, tag="orders"):
    session: Name | None = None
    firm: Name | None = None
    account: Name | None = None
    symbol: Name | None = None
    side: Side | None = None
    state: str = "open"
    below: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 100

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"there is no state {self.state}; there are {', '.join(STATES)}")


class Order(_Ask, tag="order"):
    """By ``order_id``, or by ``session`` and ``cl_ord_id``."""

    order_id: Name | None = None
    session: Name | None = None
    cl_ord_id: Name | None = None


class Instruments(_Ask, tag="instruments"):
    after: Name | None = None


class Risk(_Ask, tag="risk"):
    pass


class HaltRequest(_Change, tag="halt"):
    """``symbol`` may be ``segment:NAME`` or ``venue``, too; with ``pause_s`` it is resumed after so many seconds."""

    symbol: ScopeText
    pause_s: Annotated[int, Meta(ge=0, le=86_400)] = 0


class TripBreakerRequest(_Change, tag="trip-breaker"):
    """Halt all instruments as at this ``level`` of the circuit breaker."""

    level: Annotated[int, Meta(ge=1, le=100)]


class ResumeRequest(_Change, tag="resume"):
    symbol: ScopeText


class SuspendRequest(_Change, tag="suspend"):
    symbol: Name


class AddInstrumentRequest(_Change, tag="add-instrument"):
    """As in ``[[instruments]]`` of venue.toml; numbers with a point are text."""

    symbol: Symbol
    tick: PositiveText
    lot: PositiveText
    multiplier: Multiplier = 1
    allows_negative_price: bool = False
    price_decimals: Decimals | None = None
    qty_decimals: Decimals | None = None
    order_qty_bound: PositiveText | None = None
    price_bound: PositiveText | None = None
    ticks: TickTexts = []
    reference_price: NumberText | None = None
    static_band_ticks: BandTicks = 0
    static_band_percent: PercentText = "0"
    dynamic_band_ticks: BandTicks = 0
    dynamic_band_percent: PercentText = "0"


class ChangeInstrumentRequest(_Change, tag="change-instrument"):
    """What is left out, or null, stays as it is."""

    symbol: Name
    tick: PositiveText | None = None
    lot: PositiveText | None = None
    multiplier: Multiplier | None = None
    allows_negative_price: bool | None = None
    order_qty_bound: PositiveText | None = None
    price_bound: PositiveText | None = None
    ticks: TickTexts | None = None
    reference_price: NumberText | None = None
    static_band_ticks: BandTicks | None = None
    static_band_percent: PercentText | None = None
    dynamic_band_ticks: BandTicks | None = None
    dynamic_band_percent: PercentText | None = None


class DelistInstrumentRequest(_Change, tag="delist-instrument"):
    symbol: Name
    cancel_orders: bool = False


class KillRequest(_Change, tag="kill"):
    scope: ScopeText


class ReleaseRequest(_Change, tag="release"):
    scope: ScopeText


class SetLimitsRequest(_Change, tag="set-limits"):
    """``limits`` are numbers as text, or null for no limit."""

    scope: ScopeText
    limits: Annotated[dict[Name, LimitText], Meta(max_length=20)]


class SetProtectionRequest(_Change, tag="set-protection"):
    """``values`` are numbers as text, or null for no limit."""

    protection: Name
    values: Annotated[dict[Name, LimitText], Meta(max_length=20)]


class ResetProtectionRequest(_Change, tag="reset-protection"):
    """Of one ``symbol``, where the protection counts each by itself, or of all."""

    protection: Name
    symbol: Name | None = None


class CancelOrderRequest(_Change, tag="cancel-order"):
    order_id: Name


class CancelAllRequest(_Change, tag="cancel-all"):
    scope: ScopeText


class DisableSessionRequest(_Change, tag="disable-session"):
    session: Name


class EnableSessionRequest(_Change, tag="enable-session"):
    session: Name


class LogOutSessionRequest(_Change, tag="log-out-session"):
    session: Name


class ResetSessionRequest(_Change, tag="reset-session"):
    session: Name


class EndDayRequest(_Change, tag="end-day"):
    """``date`` is that of ``status``, so that a request sent twice ends one day."""

    date: date

    def __post_init__(self) -> None:
        if self.date.year > YEAR_MAX:
            raise ValueError(f"{self.date} is not a trading date; dates end with the year {YEAR_MAX}")


class SetPhaseRequest(_Change, tag="set-phase"):
    symbol: Name
    phase: Phase


class BustTradeRequest(_Change, tag="bust-trade"):
    """``trade`` is ExecID(17) of either side's report of it."""

    trade: Name


class CorrectTradeRequest(_Change, tag="correct-trade"):
    """``price`` and ``qty`` are numbers as text; what is left out stays."""

    trade: Name
    price: NumberText | None = None
    qty: NumberText | None = None


Ask = Status | Sessions | Orders | Order | Instruments | Risk
Change = (
    HaltRequest
    | TripBreakerRequest
    | ResumeRequest
    | SuspendRequest
    | AddInstrumentRequest
    | ChangeInstrumentRequest
    | DelistInstrumentRequest
    | KillRequest
    | ReleaseRequest
    | SetLimitsRequest
    | SetProtectionRequest
    | ResetProtectionRequest
    | CancelOrderRequest
    | CancelAllRequest
    | DisableSessionRequest
    | EnableSessionRequest
    | LogOutSessionRequest
    | ResetSessionRequest
    | EndDayRequest
    | SetPhaseRequest
    | BustTradeRequest
    | CorrectTradeRequest
)

_decoder: msgspec.json.Decoder[Ask | Change] = msgspec.json.Decoder(Ask | Change)


class Malformed(ValueError):
    """A line that is no request; says what is wrong with it."""


def read(line: bytes, user: str) -> OperatorCommand | OperatorInquiry:
    """Return what ``line`` asks for, ``user`` being at the other end.  Raises Malformed."""
    try:
        request = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from None
    return _command(request, user) if isinstance(request, _Change) else _inquiry(request)


def _inquiry(request: Ask) -> OperatorInquiry:
    match request:
        case Status():
            return VenueInquiry()
        case Sessions():
            return SessionsInquiry()
        case Orders():
            narrowed = (request.session, request.firm, request.account, request.symbol, request.side)
            return OrdersInquiry(*narrowed, STATES[request.state], request.below, request.limit)
        case Order():
            return OrderInquiry(request.order_id, request.session, request.cl_ord_id)
        case Instruments():
            return InstrumentsInquiry(request.after)
        case Risk():
            return RiskInquiry()


def _command(request: Change, user: str) -> OperatorCommand:
    operator, reason = request.by(user)
    match request:
        case HaltRequest():
            return HaltInstrument(operator, reason, request.symbol, request.pause_s)
        case TripBreakerRequest():
            return TripBreaker(operator, reason, request.level)
        case ResumeRequest():
            return ResumeInstrument(operator, reason, request.symbol)
        case SuspendRequest():
            return SuspendInstrument(operator, reason, request.symbol)
        case AddInstrumentRequest():
            return AddInstrument(operator, reason, _terms(request))
        case ChangeInstrumentRequest():
            return ChangeInstrument(operator, reason, request.symbol, _other_terms(request))
        case DelistInstrumentRequest():
            return DelistInstrument(operator, reason, request.symbol, request.cancel_orders)
        case KillRequest():
            return Kill(operator, reason, request.scope)
        case ReleaseRequest():
            return Release(operator, reason, request.scope)
        case SetLimitsRequest():
            return SetLimits(operator, reason, request.scope, _changes(request.limits))
        case SetProtectionRequest():
            return SetProtection(operator, reason, request.protection, _changes(request.values))
        case ResetProtectionRequest():
            return ResetProtection(operator, reason, request.protection, request.symbol or "")
        case CancelOrderRequest():
            return CancelByOperator(operator, reason, request.order_id)
        case CancelAllRequest():
            return CancelAllByOperator(operator, reason, request.scope)
        case DisableSessionRequest():
            return DisableSession(operator, reason, request.session)
        case EnableSessionRequest():
            return EnableSession(operator, reason, request.session)
        case LogOutSessionRequest():
            return LogOutSession(operator, reason, request.session)
        case ResetSessionRequest():
            return ResetSession(operator, reason, request.session)
        case EndDayRequest():
            return EndDay(operator, reason, request.date.isoformat())
        case SetPhaseRequest():
            return SetPhase(operator, reason, request.symbol, request.phase)
        case BustTradeRequest():
            return BustTrade(operator, reason, request.trade)
        case CorrectTradeRequest():
            return CorrectTrade(operator, reason, request.trade, request.price, request.qty)


def _changes(values: Mapping[str, str | None]) -> tuple[LimitChange, ...]:
    return tuple(LimitChange(name, None if text is None else Decimal(text)) for name, text in values.items())


def _terms(request: AddInstrumentRequest) -> Terms:
    return Terms(
        symbol=request.symbol,
        tick=Decimal(request.tick),
        lot=Decimal(request.lot),
        multiplier=request.multiplier,
        allows_negative_price=request.allows_negative_price,
        price_decimals=request.price_decimals,
        qty_decimals=request.qty_decimals,
        order_qty_bound=_decimal(request.order_qty_bound),
        price_bound=_decimal(request.price_bound),
        ticks=_ticks(request.ticks),
        reference_price=_decimal(request.reference_price),
        static_band_ticks=request.static_band_ticks,
        static_band_percent=Decimal(request.static_band_percent),
        dynamic_band_ticks=request.dynamic_band_ticks,
        dynamic_band_percent=Decimal(request.dynamic_band_percent),
    )


def _other_terms(request: ChangeInstrumentRequest) -> TermsChange:
    return TermsChange(
        tick=_decimal(request.tick),
        lot=_decimal(request.lot),
        multiplier=request.multiplier,
        allows_negative_price=request.allows_negative_price,
        order_qty_bound=_decimal(request.order_qty_bound),
        price_bound=_decimal(request.price_bound),
        ticks=None if request.ticks is None else _ticks(request.ticks),
        reference_price=_decimal(request.reference_price),
        static_band_ticks=request.static_band_ticks,
        static_band_percent=_decimal(request.static_band_percent),
        dynamic_band_ticks=request.dynamic_band_ticks,
        dynamic_band_percent=_decimal(request.dynamic_band_percent),
    )


def _ticks(texts: list[str]) -> tuple[Ticks, ...]:
    return tuple(found for text in texts if (found := read_ticks(text)) is not None)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
