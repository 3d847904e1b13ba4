"""Who is told of an event: each session named gets one message, in this order."""

from typing import assert_never

from fixgw.spec.events import (
    CancelRejected,
    DayBegun,
    DayEnding,
    Event,
    IndicativeChanged,
    InstrumentAdded,
    InstrumentChanged,
    InstrumentDelisted,
    InstrumentHalted,
    InstrumentResumed,
    InstrumentSuspended,
    LimitsSet,
    LimitStateChanged,
    ListStated,
    MassCanceled,
    MassQuoteAnswered,
    OperatorRefused,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderRestated,
    OrdersExpired,
    OrdersRestated,
    OrdersSwept,
    OrderStated,
    OrderTriggered,
    PhaseChanged,
    ProtectionReset,
    ProtectionSet,
    ProtectionTripped,
    QuoteReported,
    QuotesPulled,
    ScopeKilled,
    ScopeReleased,
    SessionDisabled,
    SessionEnabled,
    SessionLoggedOut,
    SessionReset,
    Trade,
    TradeBusted,
    TradeCorrected,
    VenueConfigured,
)


def audience(event: Event) -> tuple[str, ...]:
    """Return the CompIDs of those who are told; the resting side of a trade first, and twice who trades with itself."""
    match event:
        case OrderAccepted() | OrderReplaced() if event.order.is_quoted:
            return ()
        case OrderCanceled() if not event.is_told:
            return ()
        case OrderAccepted() | OrderCanceled() | OrderReplaced() | OrderRejected() | OrderStated():
            return (event.order.session,)
        case Trade() | TradeBusted() | TradeCorrected():
            return event.resting.order.session, event.aggressor.order.session
        case CancelRejected() | MassCanceled() | ListStated():
            return (event.session,)
        case OrderExpired() | OrderRestated() | OrderAmended():
            return (event.order.session,)
        case OrderTriggered():
            return (event.order.session,) if event.exec_id else ()
        case QuoteReported():
            return (event.quote.session,) if event.is_told else ()
        case MassQuoteAnswered():
            return (event.session,) if event.is_told else ()
        case QuotesPulled() | ProtectionTripped() | ProtectionReset() | ProtectionSet() | LimitStateChanged():
            return ()
        case VenueConfigured() | OrdersSwept() | OperatorRefused() | LimitsSet():
            return ()
        case DayEnding() | OrdersExpired() | OrdersRestated() | DayBegun() | PhaseChanged() | IndicativeChanged():
            return ()
        case InstrumentHalted() | InstrumentSuspended() | InstrumentResumed() | ScopeKilled() | ScopeReleased():
            return ()
        case InstrumentAdded() | InstrumentChanged() | InstrumentDelisted():
            return ()
        case SessionDisabled() | SessionEnabled() | SessionLoggedOut() | SessionReset():
            return ()
        case _:
            assert_never(event)
