"""The gate: every order passes the checks in order; the first refusal wins."""

from collections.abc import Iterable
from typing import Protocol, assert_never

from fixgw.risk.checks import Market, OrderRequest, Rules, only_lowers_risk, open_price
from fixgw.risk.exposure import Exposure
from fixgw.risk.limits import LimitTable
from fixgw.risk.operations import Operations
from fixgw.risk.positions import Positions
from fixgw.risk.quotes import QuoteChecks, Quoted
from fixgw.risk.restrictions import Restrictions
from fixgw.risk.roster import Roster
from fixgw.spec.breaker import Halting
from fixgw.spec.commands import (
    CancelAllByOperator,
    ConfigureVenue,
    MassQuote,
    NewOrder,
    NewOrderList,
    Quote,
    RestrictionCommand,
)
from fixgw.spec.events import (
    AmendmentEvent,
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
    OrderState,
    OrderStated,
    OrderTriggered,
    PhaseChanged,
    ProtectionReset,
    ProtectionSet,
    ProtectionTripped,
    QuoteReported,
    QuotesPulled,
    RestrictionEvent,
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
from fixgw.spec.inquiries import AccountExposure, AccountPosition, RiskAnswer
from fixgw.spec.instrument import Instrument
from fixgw.spec.participant import Participant
from fixgw.spec.quotes import QuoteRefusal
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, Price


class QuotedMarket(Market, Quoted, Protocol):
    """What risk needs to know of the market, the quotes in it included."""


class RiskGate:
    """Check before the engine, apply after it: exposure follows events, never requests."""

    def __init__(self, market: QuotedMarket) -> None:
        self._market = market
        self._listed: dict[str, Instrument] = {}
        self._unit: dict[str, int] = {}
        """Notional of one price unit times one quantity unit, by symbol; also of those that have left."""
        self._qty_scale: dict[str, int] = {}
        """Of the same."""
        self._accounts: dict[str, frozenset[str]] = {}
        self._participants: tuple[Participant, ...] = ()
        self._breaker: tuple[Halting, ...] = ()
        self._roster = Roster()
        self.limits = LimitTable()
        self.restrictions = Restrictions()
        self._rules: dict[tuple[str, str, str], Rules] = {}
        """By session, account and symbol, where nothing is forbidden; forgotten when any of that changes."""
        self.exposure = Exposure()
        self.positions = Positions()
        self._quote_checks = QuoteChecks(market, self.exposure, self._unit, self._is_listed, self.check)

    def configure(self, command: ConfigureVenue, listed: Iterable[Instrument]) -> None:
        """Take limits and accounts, and the instruments ``listed`` from here on; what is open stays open."""
        self.limits.configure(command.limits)
        self._quote_checks.configure(command.participants)
        self._participants = command.participants
        self._breaker = command.breaker
        self._list({instrument.symbol: instrument for instrument in listed})
        accounts: dict[str, set[str]] = {}
        for participant in command.participants:
            accounts.setdefault(participant.firm, set()).update(participant.accounts)
        self._accounts = {firm: frozenset(of_firm) for firm, of_firm in accounts.items()}

    def _list(self, listed: dict[str, Instrument]) -> None:
        # One that is no longer listed takes no orders; what is open in it can still be followed.
        self._listed = listed
        self.list_units(listed.values())
        self.restrictions.segments = {each.symbol: each.segment for each in listed.values() if each.segment}
        self._roster = Roster(self._participants, listed.values())
        self._rules.clear()

    def _is_listed(self, symbol: str) -> bool:
        return symbol in self._listed

    def list_units(self, instruments: Iterable[Instrument]) -> None:
        """Note what one unit of price times quantity is worth, of instruments that there are or were."""
        for instrument in instruments:
            self._unit[instrument.symbol] = instrument.notional(1, 1)
            self._qty_scale[instrument.symbol] = instrument.qty_scale

    def check(self, order: OrderRequest) -> Refusal | None:
        """Return the first refusal, or None when the order may pass to the engine."""
        rules = self._rules.get((order.session, order.account, order.symbol))
        if rules is None:
            found = self._find_rules(order)
            if isinstance(found, Refusal):
                return found
            rules = found
        if rules.glance is not None and rules.glance.passes(order):
            return None
        for check in rules.checks:
            refusal = check(order, rules)
            if refusal is not None:
                return self._unless_risk_falls(order, refusal)
        return None

    def check_quotes(self, command: Quote | MassQuote) -> list[QuoteRefusal | None]:
        """Return of each entry why it is refused, or None when it may pass to the engine."""
        return self._quote_checks.refusals(command)

    def check_list(self, command: NewOrderList) -> dict[int, Refusal]:
        """Return the first refusal of each order that may not pass, by its place; each counts for those after it."""
        refusals = {}
        reserved: list[tuple[str, int]] = []
        for place, entry in enumerate(command.entries):
            order = entry.order
            if not isinstance(order, NewOrder):
                continue
            refusal = self.check(order)
            if refusal is not None:
                refusals[place] = refusal
            elif (price := open_price(order, self._market)) is not None:
                notional = abs(price) * order.order_qty * self._unit[order.symbol]
                reserved.append((order.account, notional))
                self.exposure.change(order.account, notional)
        for account, notional in reserved:
            self.exposure.change(account, -notional)
        return refusals

    def _unless_risk_falls(self, order: OrderRequest, refusal: Refusal) -> Refusal | None:
        """Let a replace that only lowers risk pass: limits come last, so that it has passed all other checks."""
        is_limit = refusal.ord_rej_reason is OrdRejReason.ORDER_EXCEEDS_LIMIT
        return None if is_limit and only_lowers_risk(order, self._market) else refusal

    def _find_rules(self, order: OrderRequest) -> Rules | Refusal:
        """Return the rules for a known symbol and an account of the firm, which are then remembered, or a refusal.

        So what is forbidden costs an order that is not nothing.
        """
        instrument = self._listed.get(order.symbol)
        if instrument is None:
            return Refusal(OrdRejReason.UNKNOWN_SYMBOL, f"Symbol(55) {order.symbol} is not traded here")
        if order.account not in self._accounts.get(order.firm, ()):
            text = f"Account(1) {order.account} is not an account of firm {order.firm}"
            return Refusal(OrdRejReason.UNKNOWN_ACCOUNT, text)
        forbidden = self.restrictions.refusal(order.session, order.firm, order.account, order.symbol)
        if forbidden is not None:
            return forbidden
        limits = self.limits.applicable(order.session, order.firm, order.account, instrument)
        rules = Rules(instrument, limits, self._market, self.exposure)
        self._rules[order.session, order.account, order.symbol] = rules
        return rules

    def operate(self, command: RestrictionCommand, day: str = "") -> RestrictionEvent | OperatorRefused:
        """Return what an operator's command brings about on a trading ``day``; it holds once it is applied."""
        return Operations(self._roster, self.restrictions, self.limits, self._breaker, day).answer(command)

    def refuse_cancel_all(self, command: CancelAllByOperator) -> OperatorRefused | None:
        """Return why its scope is none, or None."""
        unknown = self._roster.unknown_scope(command.scope)
        return None if unknown is None else OperatorRefused(command.operator, unknown)

    def answer_risk(self) -> RiskAnswer:
        positions: dict[str, tuple[AccountPosition, ...]] = {}
        for (account, symbol), net_qty in sorted(self.positions.all().items()):
            position = AccountPosition(symbol, net_qty, self._qty_scale[symbol])
            positions[account] = (*positions.get(account, ()), position)
        exposures = tuple(
            AccountExposure(firm, account, self.exposure.open_notional(account), positions.get(account, ()))
            for firm, accounts in sorted(self._accounts.items())
            for account in sorted(accounts)
        )
        killed = tuple(self.restrictions.killed.values())
        return RiskAnswer(self.limits.in_force(), self.limits.set_by_operators(), killed, exposures)

    def apply(self, event: Event) -> None:
        """Follow what happened."""
        match event:
            case OrderAccepted():
                self._reserve(event.order, event.order.exposed_price, event.order.leaves_qty)
            case OrderCanceled():
                self._reserve(event.order, event.order.exposed_price, -event.canceled_qty)
            case Trade():
                for fill in (event.aggressor, event.resting):
                    self.positions.trade(fill.order, event.last_qty)
                    self._reserve(fill.order, fill.order.price, -event.last_qty)
            case TradeBusted():
                self._amend_trade(event, -event.last_qty)
            case TradeCorrected():
                self._amend_trade(event, event.last_qty - event.previous_qty)
            case OrderTriggered():
                order = event.order
                if order.price is None:  # from here on it takes what there is, and rests nowhere
                    self._reserve(order, order.trigger_price, -order.leaves_qty)
            case OrderReplaced() | OrderAmended():
                self._reserve(event.order, event.previous_exposed_price, -event.previous_leaves_qty)
                self._reserve(event.order, event.order.exposed_price, event.order.leaves_qty)
            case OrderExpired():
                self._reserve(event.order, event.order.exposed_price, -event.expired_qty)
            case OrderRejected() | OrderStated() | CancelRejected() | MassCanceled() | ListStated() | VenueConfigured():
                pass
            case QuoteReported() | MassQuoteAnswered() | QuotesPulled():
                pass
            case ProtectionTripped() | ProtectionReset() | ProtectionSet() | LimitStateChanged():
                pass
            case OrdersSwept() | OperatorRefused() | OrderRestated() | OrdersExpired() | OrdersRestated():
                pass
            case PhaseChanged() | IndicativeChanged():
                pass
            case LimitsSet():
                self.limits.set(event.limits)
                self._rules.clear()
            case InstrumentAdded() | InstrumentChanged():
                self._list(self._listed | {event.instrument.symbol: event.instrument})
            case InstrumentDelisted():
                self.restrictions.forget(event.symbol)
                self._list({symbol: each for symbol, each in self._listed.items() if symbol != event.symbol})
            case (
                InstrumentHalted()
                | InstrumentSuspended()
                | InstrumentResumed()
                | ScopeKilled()
                | ScopeReleased()
                | SessionDisabled()
                | SessionEnabled()
                | SessionLoggedOut()
                | SessionReset()
                | DayEnding()
                | DayBegun()
            ):
                self.restrictions.apply(event)
                self._rules.clear()
            case _:
                assert_never(event)

    def _amend_trade(self, event: AmendmentEvent, qty: int) -> None:
        """Count ``qty`` more as traded, or less where it is below zero, and what is left of both orders."""
        for side in (event.aggressor, event.resting):
            self.positions.trade(side.order, qty)
            self._reserve(side.order, side.order.price, side.order.leaves_qty - side.previous_leaves_qty)

    def _reserve(self, order: OrderState, price: Price | None, qty: int) -> None:
        """Count ``qty`` more of ``order`` as open at ``price``, or less where it is below zero."""
        if price is not None:
            self.exposure.change(order.account, abs(price) * qty * self._unit[order.symbol])

    def check_against(self, live_orders: list[OrderState]) -> None:
        """Assert that what is reserved is the worst case of what is open, and positions cancel out; for tests."""
        open_notional: dict[str, int] = {}
        for order in live_orders:
            if (price := order.exposed_price) is not None and order.leaves_qty:
                notional = abs(price) * order.leaves_qty * self._unit[order.symbol]
                open_notional[order.account] = open_notional.get(order.account, 0) + notional
        assert self.exposure.reserved() == {a: n for a, n in open_notional.items() if n}
        assert not any(self.positions.totals().values()), self.positions.totals()
