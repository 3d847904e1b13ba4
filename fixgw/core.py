"""The core: risk and engine as one function from commands, in their order, to events."""

from collections.abc import Iterable, Iterator
from typing import assert_never

import msgspec

from fixgw.engine import reference
from fixgw.engine import state as engine_state
from fixgw.engine.exchange import Exchange
from fixgw.engine.sweep import SWEEP_SLICE_MAX, SweepKind
from fixgw.risk import state as risk_state
from fixgw.risk.gate import RiskGate
from fixgw.spec.commands import (
    AddInstrument,
    BeginDay,
    BustTrade,
    CancelAllByOperator,
    CancelByOperator,
    CancelList,
    CancelOrder,
    CancelQuotes,
    ChangeInstrument,
    CloseSession,
    Command,
    ConfigureVenue,
    ContinueSweep,
    ContinueTriggers,
    CorrectTrade,
    DelistInstrument,
    DisableSession,
    EnableSession,
    EndDay,
    ExpireDueOrders,
    HaltInstrument,
    Kill,
    LogOutSession,
    MassCancel,
    MassQuote,
    NewOrder,
    NewOrderList,
    OpenSession,
    OperatorCommand,
    PauseTrading,
    PullQuotes,
    Quote,
    RefuseChange,
    RefuseOrder,
    Release,
    ReplaceOrder,
    ResetProtection,
    ResetSession,
    ResumeInstrument,
    SetLimits,
    SetPhase,
    SetProtection,
    SuspendInstrument,
    TellIndicatives,
    TimeCall,
    TimeHalt,
    TripBreaker,
    UseNumber,
)
from fixgw.spec.events import Event, InstrumentHalted, InstrumentSuspended, OperatorRefused, Trade
from fixgw.spec.inquiries import (
    InstrumentsInquiry,
    OperatorAnswer,
    OperatorInquiry,
    OrderInquiry,
    OrdersInquiry,
    RiskAnswer,
    RiskInquiry,
    SessionsInquiry,
    VenueAnswer,
    VenueInquiry,
)
from fixgw.spec.reference import (
    ReferenceAnswer,
    ReferenceInquiry,
    SecurityDefinitionInquiry,
    SecurityListInquiry,
    SecurityStatusInquiry,
    TradingSessionInquiry,
)
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.trading_day import DayPhase, TradingDay


class ReplayDiffers(Exception):
    """The journal's commands no longer give the journal's events: it was written by another version."""


class CoreState(msgspec.Struct, frozen=True, array_like=True):
    """All that a core knows, as plain data: two cores that went through the same commands have the same bytes."""

    trading_commands: int
    configuration: ConfigureVenue | None
    exchange: engine_state.ExchangeState
    gate: risk_state.GateState
    day: TradingDay = TradingDay()


class Core:
    """Risk and engine as one function from a command, at its place, to what happened."""

    def __init__(self, sweep_slice_max: int = SWEEP_SLICE_MAX) -> None:
        self.exchange = Exchange(sweep_slice_max, self._may_trade, self._net_qty)
        self.gate = RiskGate(self.exchange)
        self.configuration: ConfigureVenue | None = None
        self.day = TradingDay()
        self._trading_commands = 0

    def decide(self, command: Command, time_ns: int = 0) -> tuple[Event, ...]:
        """Return what ``command``, the next in order, brings about.

        ``time_ns`` is its time in the journal, ns since the epoch, UTC, and never falls.

        Commands that trade are counted for their identifiers, apart from what FIX sessions do in between: the same
        orders have the same ExecIDs, however many heartbeats there were.
        """
        self.exchange.market.now_ns = time_ns
        events = self._decide(command)
        for event in events:
            self.gate.apply(event)
            if isinstance(event, Trade):
                self.exchange.market.trades.remember(event)
        return tuple(events)

    def _decide(self, command: Command) -> list[Event]:
        number = self._trading_commands + 1
        match command:
            case NewOrder() | ReplaceOrder():
                refusal = self.gate.check(command)
                if refusal is not None:
                    self._trading_commands = number
                    return self.exchange.refuse(command, refusal, number)
            case NewOrderList():
                refusals = self.gate.check_list(command)
                if refusals:
                    self._trading_commands = number
                    return self.exchange.refuse_list(command, refusals, number)
            case ConfigureVenue():
                self.configuration = command
                self.gate.configure(command, self.exchange.market.listing.after(command.instruments).values())
            case CancelOrder() | MassCancel() | CancelList() | RefuseOrder() | RefuseChange() | ContinueTriggers():
                pass
            case CancelQuotes() | PullQuotes() | PauseTrading():
                pass
            case Quote() | MassQuote():
                self._trading_commands = number
                return self.exchange.quote(command, self.gate.check_quotes(command), number)
            case ContinueSweep() | BeginDay() | ExpireDueOrders():
                return self._go_on(command, number)
            case UseNumber() | OpenSession() | CloseSession():
                return []
            case TimeHalt():
                self.gate.restrictions.time(command.symbol, command.until_ns)
                return []
            case TimeCall():
                self.exchange.market.phases.time(command.symbol, command.ends_ns)
                return []
            case TellIndicatives():  # no trading, and so no number of its own: reports are the same without it
                return self.exchange.tell_indicatives()
            case _:
                return self._operate(command, number)
        self._trading_commands = number
        return self.exchange.handle(command, number)

    def _net_qty(self, account: str, symbol: str) -> int:
        return self.gate.positions.net_qty(account, symbol)

    def _may_trade(self, symbol: str) -> bool:
        """Return whether orders may trade in ``symbol`` now."""
        return symbol in self.exchange.market.instruments and self.gate.restrictions.allow_trading(symbol)

    def _go_on(self, command: ContinueSweep | BeginDay | ExpireDueOrders, number: int) -> list[Event]:
        if isinstance(command, BeginDay):
            assert self.day.date is None or self.day.phase is DayPhase.ENDED, (command, self.day)
            assert self.day.date is None or command.date > self.day.date, (command, self.day)
        self._trading_commands = number
        return self._of_day(self.exchange.handle(command, number))

    def _of_day(self, events: list[Event]) -> list[Event]:
        """Let the trading day follow ``events``, and return them."""
        for event in events:
            self.day = self.day.after(event)
        return events

    def _operate(self, command: OperatorCommand, number: int) -> list[Event]:
        """Risk says whether it can be, and what is forbidden from here on; the engine cancels."""
        events: list[Event] = []
        match command:
            case CancelByOperator() | BustTrade() | CorrectTrade() | SetProtection() | ResetProtection():
                pass
            case CancelAllByOperator():
                refused = self.gate.refuse_cancel_all(command)
                if refused is not None:
                    return [refused]
            case Kill():
                events.append(self.gate.operate(command))
                if isinstance(events[0], OperatorRefused):
                    return events
            case AddInstrument() | ChangeInstrument() | DelistInstrument():
                pass
            case HaltInstrument() | TripBreaker() | SuspendInstrument():
                return self._halt(command, number)
            case ResumeInstrument() | Release() | SetLimits():
                return [self.gate.operate(command)]
            case DisableSession() | EnableSession() | LogOutSession():
                return [self.gate.operate(command)]
            case ResetSession():
                return self._of_day([self.gate.operate(command)])
            case EndDay():
                return self._end_day(command, number)
            case SetPhase():
                refused = self._refuse_phase(command)
                if refused is not None:
                    return [refused]
            case _:
                assert_never(command)
        self._trading_commands = number
        return events + self.exchange.handle(command, number)

    def _halt(self, command: HaltInstrument | TripBreaker | SuspendInstrument, number: int) -> list[Event]:
        """Halt, and cancel what asks for that; the command counts among those that trade only if there is any."""
        halted = self.gate.operate(command, self.day.date or "")
        if not isinstance(halted, InstrumentHalted | InstrumentSuspended):
            return [halted]
        # From here on nothing trades there, whatever the cancels set off.
        self.gate.apply(halted)
        canceled = self.exchange.cancel_on_halt(halted, number)
        if canceled:
            self._trading_commands = number
        return [halted, *canceled]

    def _refuse_phase(self, command: SetPhase) -> OperatorRefused | None:
        """Return why the instrument cannot go on in that phase, or None."""
        symbol, phases = command.symbol, self.exchange.market.phases
        text = self.why_no_phase(symbol)
        if text is None and command.scheduled_ns:
            if command.scheduled_ns <= phases.scheduled.get(symbol, 0):
                text = f"{symbol} has had this step of its schedule, or a later one"
        elif text is None and command.phase is phases.of(symbol):
            text = f"{symbol} is in {command.phase} already"
        return None if text is None else OperatorRefused(command.operator, text)

    def why_no_phase(self, symbol: str) -> str | None:
        """Return why the phase of an instrument cannot change now, or None: no auction ends while nothing may trade."""
        if symbol not in self.exchange.market.instruments:
            return f"there is no instrument {symbol}"
        if self.day.phase is not DayPhase.OPEN:
            return f"the trading day {self.day.date} is {self.day.phase}; wait until the next has begun"
        restrictions = self.gate.restrictions
        if (suspension := restrictions.suspended.get(symbol)) is not None:
            return f"{symbol} is suspended: {suspension.reason}; resume it first"
        if (halt := restrictions.halt_of(symbol)) is not None:
            return f"{halt.name} is halted: {halt.reason}; resume it first"
        if (kill := restrictions.kill_of_instrument(symbol)) is not None:
            return f"{kill.name} is killed: {kill.reason}; release it first"
        return None

    def _end_day(self, command: EndDay, number: int) -> list[Event]:
        refused = self.day.why_not_end(command.date)
        if refused is not None:
            return [OperatorRefused(command.operator, refused)]
        self._trading_commands = number
        return self._of_day(self.exchange.handle(command, number))

    def inspect(self, inquiry: OperatorInquiry) -> OperatorAnswer:
        """Answer an operator; changes nothing, and takes a millisecond at most."""
        restrictions = self.gate.restrictions
        match inquiry:
            case VenueInquiry():
                return VenueAnswer(
                    open_orders=self.exchange.market.orders.count_open(),
                    orders_entered=self.exchange.market.orders_entered,
                    orders_to_sweep=sum(len(s) for s in self.exchange.sweeps if s.kind is not SweepKind.RESTATE),
                    halted=(*restrictions.halted.values(), *restrictions.suspended.values()),
                    killed=tuple(restrictions.killed.values()),
                    disabled=tuple(restrictions.disabled.values()),
                    day=self.day,
                    frozen=self.exchange.market.protections.all_frozen(),
                )
            case SessionsInquiry():
                participants = () if self.configuration is None else self.configuration.participants
                return self.exchange.sessions(restrictions.disabled, participants)
            case OrdersInquiry():
                return self.exchange.find_orders(inquiry)
            case OrderInquiry():
                return self.exchange.find_order(inquiry)
            case InstrumentsInquiry():
                return self.exchange.list_instruments(inquiry, restrictions.halt_of, restrictions.suspended)
            case RiskInquiry():
                return self._risk()
            case _:
                assert_never(inquiry)

    def _risk(self) -> RiskAnswer:
        """Return limits and exposure, and the protection of market makers."""
        protections = self.exchange.market.protections
        return msgspec.structs.replace(
            self.gate.answer_risk(),
            protections=protections.all(),
            protections_set_by_operators=protections.set_by_operators(),
            frozen=protections.all_frozen(),
        )

    def consult(self, inquiry: ReferenceInquiry) -> Iterator[ReferenceAnswer]:
        """Yield the answer to a client's question about instruments and the trading day; only a list has several."""
        exchange, restrictions = self.exchange, self.gate.restrictions
        listed = exchange.market.instruments
        situation = reference.Situation(
            restrictions.halt_of,
            restrictions.suspended,
            restrictions.killed,
            self.day,
            exchange.market.phases.other,
            exchange.market.limit_states,
        )
        match inquiry:
            case SecurityListInquiry():
                yield from reference.security_list(listed, inquiry)
            case SecurityDefinitionInquiry():
                yield reference.security_definition(listed, inquiry)
            case SecurityStatusInquiry():
                ever, last = exchange.market.ever_listed, exchange.market.last_trades
                yield reference.security_status(listed, ever, last, situation, inquiry)
            case TradingSessionInquiry():
                yield reference.trading_session(situation, inquiry)
            case _:
                assert_never(inquiry)

    def replay(self, frames: Iterable[Sequenced]) -> Sequenced | None:
        """Apply the journal's commands again and return its last frame; raises ReplayDiffers."""
        last = None
        for frame in frames:
            if self.decide(frame.command, frame.time_ns) != frame.events:
                raise ReplayDiffers(
                    f"sequence {frame.sequence}: the journal says one thing, this version of fixgw would do another; "
                    "run the version that wrote it, or start with an empty data folder"
                )
            last = frame
        return last

    # Snapshots.

    def state(self) -> CoreState:
        """Return all that is known, as plain data that shares orders with this core: encode it before going on."""
        exchange, gate = engine_state.of(self.exchange), risk_state.of(self.gate)
        return CoreState(self._trading_commands, self.configuration, exchange, gate, self.day)

    def restore(self, state: CoreState) -> None:
        """Take over what ``state`` knows; only for a core that has decided nothing yet."""
        assert self.configuration is None, "a core that has decided something already"
        self._trading_commands = state.trading_commands
        self.configuration = state.configuration
        self.day = state.day
        engine_state.restore(self.exchange, state.exchange, state.configuration)
        market = self.exchange.market
        risk_state.restore(
            self.gate, state.gate, state.configuration, market.instruments.values(), market.ever_listed.values()
        )
