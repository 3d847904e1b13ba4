"""Who is told of an event: each session named gets one message, in this order."""

from typing import assert_never

from fixgw.spec.events import (
    CancelRejected,
    Event,
    InstrumentHalted,
    InstrumentResumed,
    LimitsSet,
    MassCanceled,
    OperatorRefused,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderReplaced,
    OrdersSwept,
    OrderStated,
    ScopeKilled,
    ScopeReleased,
    SessionDisabled,
    SessionEnabled,
    SessionLoggedOut,
    SessionReset,
    Trade,
    VenueConfigured,
)


def audience(event: Event) -> tuple[str, ...]:
    """Return the CompIDs of those who are told; the resting side of a trade first, and twice who trades with itself."""
    match event:
        case OrderAccepted() | OrderCanceled() | OrderReplaced() | OrderRejected() | OrderStated():
            return (event.order.session,)
        case Trade():
            return event.resting.order.session, event.aggressor.order.session
        case CancelRejected() | MassCanceled():
            return (event.session,)
        case VenueConfigured() | OrdersSwept() | OperatorRefused() | LimitsSet():
            return ()
        case InstrumentHalted() | InstrumentResumed() | ScopeKilled() | ScopeReleased():
            return ()
        case SessionDisabled() | SessionEnabled() | SessionLoggedOut() | SessionReset():
            return ()
        case _:
            assert_never(event)
