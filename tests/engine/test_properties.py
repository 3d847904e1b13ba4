"""Any history: the same as the naive venue, every invariant after every event, and the same again.

Hypothesis goes another way in every run; what it finds it prints as ``@reproduce_failure``, to be made a test.
"""

from collections.abc import Iterable, Iterator
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixgw.core import Core, ReplayDiffers
from fixgw.spec.commands import (
    ConfigureVenue,
    EndDay,
    MassCancel,
    NewOrder,
    ReplaceOrder,
    RestrictionCommand,
    SetPhase,
    TellIndicatives,
    TimeCall,
    TimeHalt,
)
from fixgw.spec.events import (
    CancelRejected,
    DayBegun,
    DayEnding,
    DayEvent,
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
    OperatorEvent,
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
    ProtectionEvent,
    ProtectionReset,
    ProtectionSet,
    ProtectionTripped,
    QuoteEvent,
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
from fixgw.spec.limits import LIMIT_NAMES
from fixgw.spec.phase import Phase
from fixgw.spec.reference import SecurityStatusAnswer, SecurityStatusInquiry
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.values import Side, SubscriptionRequestType
from tests.engine.histories import (
    BYTES_A_COMMAND,
    CALLING,
    CONFIGURATIONS,
    INSTRUMENTS,
    LIMITED,
    PARTICIPANTS,
    Decided,
    commands,
    with_sweeps,
)
from tests.engine.invariants import Invariants
from tests.engine.naive import NaiveVenue, Outcome
from tests.orders import configuration

PIECES = st.binary(min_size=BYTES_A_COMMAND, max_size=BYTES_A_COMMAND)
SCRIPTS = st.one_of(st.lists(PIECES, max_size=10), st.lists(PIECES, min_size=20, max_size=60))
PROPERTY = settings(
    deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


COMMAND_NS = 100_000_000
"""A command takes as long."""

SWEEP_SLICE_MAX = 2
"""Few, so that sweeps have several slices, with other commands between them."""


class Watched:
    """A core whose every step is compared with the naive venue and checked."""

    def __init__(self) -> None:
        self.core = Core(SWEEP_SLICE_MAX)
        self.naive = NaiveVenue(CONFIGURATIONS[0], slice_max=SWEEP_SLICE_MAX)
        self.invariants = Invariants()
        self.frames: list[Sequenced] = []
        self.indicated: dict[str, Outcome] = {}

    def play(self, history: Iterable[Decided]) -> None:
        for command in with_sweeps(history, self.core):
            self.step(command)

    def step(self, command: Decided) -> None:
        sequence = len(self.frames) + 1
        time_ns = self.naive.now_ns = sequence * COMMAND_NS
        events = self.core.decide(command, time_ns)
        self.frames.append(Sequenced(sequence, time_ns, command, events))

        if isinstance(command, TimeCall | TimeHalt):
            assert not events
            return
        if isinstance(command, TellIndicatives):
            self.indicate(events)
        else:
            assert [told(event) for event in events] == self.naive.handle(command), command
        self.naive.name_trades([event.resting.exec_id for event in events if isinstance(event, Trade)])
        self.invariants.observe(command, list(events))
        exchange = self.core.exchange
        exchange.check()
        self.calls_are_as_told()
        live = [order.state() for order in exchange.market.orders]
        assert sorted(map(str, live)) == sorted(str(s) for s in self.invariants.states.values() if s.leaves_qty)
        self.core.gate.check_against(live)
        for instrument in INSTRUMENTS:
            for side in (Side.BUY, Side.SELL):
                symbol = instrument.symbol
                assert queue(self.core, symbol, side) == self.naive.queue(symbol, side.value)
            assert trading_status(self.core, instrument.symbol) == self.naive.trading_status(instrument.symbol)

    def indicate(self, events: Iterable[Event]) -> None:
        for event in events:
            assert isinstance(event, IndicativeChanged)
            assert told(event) == self.naive.indicative(event.symbol)
            self.indicated[event.symbol] = told(event)

    def calls_are_as_told(self) -> None:
        """What was told of a call is what it would come to, unless it is to be told again."""
        market = self.core.exchange.market
        for symbol in market.phases.calls & market.instruments.keys() - market.indicatives.changed.keys():
            assert self.indicated[symbol] == self.naive.indicative(symbol)

    def finish(self) -> None:
        for order in self.naive.orders:
            found = self.core.exchange.market.orders.by_order_id(order.order_id)
            assert found is not None
            assert state(found.state()) == order.told()


def told(event: Event) -> Outcome:
    """Return ``event`` in the words of the naive venue."""
    match event:
        case OrderAccepted():
            return ("0", state(event.order))
        case OrderRejected():
            return ("8", state(event.order), event.ord_rej_reason.value)
        case Trade():
            sides = state(event.resting.order), state(event.aggressor.order)
            return ("uncross" if event.in_auction else "F", event.symbol, event.last_px, event.last_qty, *sides)
        case OrderCanceled():
            return ("4", state(event.order), event.canceled_qty, event.rested, event.orig_cl_ord_id)
        case OrderExpired():
            return ("C", state(event.order), event.expired_qty, event.rested)
        case OrderRestated():
            return ("D", state(event.order))
        case OrderAmended():
            before = event.exec_restatement_reason.value, event.previous_price, event.previous_leaves_qty
            return ("D", state(event.order), *before, event.previous_held_qty, event.rested, event.keeps_priority)
        case OrderReplaced():
            before = event.orig_cl_ord_id, event.previous_price, event.previous_leaves_qty
            return ("5", state(event.order), *before, event.keeps_priority)
        case OrderTriggered():
            return ("T", state(event.order))
        case OrderStated():
            return ("I", state(event.order))
        case CancelRejected():
            names = event.cl_ord_id, event.order_id, event.orig_cl_ord_id
            return ("9", *names, event.ord_status.value, event.cxl_rej_reason.value)
        case MassCanceled():
            reason = event.mass_cancel_reject_reason
            affected = tuple((each.orig_cl_ord_id, each.affected_order_id) for each in event.affected)
            return ("r", affected, None if reason is None else reason.value)
        case ListStated():
            status = event.list_status_type.value, event.list_order_status.value
            return ("N", event.list_id, *status, tuple(state(order) for order in event.orders))
        case VenueConfigured():
            return ("configured",)
        case TradeBusted():
            sides = state(event.resting.order), state(event.aggressor.order)
            return ("H", event.trade_id, event.last_px, 0, *sides, event.market_px)
        case TradeCorrected():
            sides = state(event.resting.order), state(event.aggressor.order)
            return ("G", event.trade_id, event.last_px, event.last_qty, *sides, event.market_px)
        case DayEnding() | OrdersExpired() | OrdersRestated() | DayBegun():
            return told_of_days(event)
        case PhaseChanged():
            return ("phase", event.symbol, event.phase.value, event.previous.value)
        case QuoteReported() | MassQuoteAnswered() | QuotesPulled():
            return told_of_quotes(event)
        case ProtectionTripped() | ProtectionReset() | ProtectionSet():
            return told_of_protection(event)
        case LimitStateChanged():
            return ("limit", event.symbol, None if event.side is None else event.side.value, event.price)
        case IndicativeChanged():
            return ("indicative", event.symbol, event.price, event.volume, event.imbalance)
        case _:
            return told_of_operators(event)


def told_of_operators(event: OperatorEvent) -> Outcome:
    match event:
        case InstrumentHalted():
            return ("halted", event.symbol)
        case InstrumentSuspended():
            return ("suspended", event.symbol)
        case InstrumentAdded() | InstrumentChanged():
            made, what = event.instrument, "added" if isinstance(event, InstrumentAdded) else "changed"
            return (what, made.symbol, made.tick_size, made.lot_size, made.multiplier)
        case InstrumentDelisted():
            return ("delisted", event.symbol)
        case InstrumentResumed():
            return ("resumed", event.symbol)
        case ScopeKilled():
            return ("killed", event.scope)
        case ScopeReleased():
            return ("released", event.scope)
        case SessionDisabled():
            return ("disabled", event.session)
        case SessionEnabled():
            return ("enabled", event.session)
        case SessionLoggedOut():
            return ("logged out", event.session)
        case SessionReset():
            return ("reset", event.session)
        case LimitsSet():
            return ("limits", event.limits.scope, tuple(getattr(event.limits, name) for name in LIMIT_NAMES))
        case OrdersSwept():
            return ("swept", event.scope, event.canceled, event.left)
        case OperatorRefused():
            return ("refused",)


def told_of_quotes(event: QuoteEvent) -> Outcome:
    match event:
        case QuoteReported():
            quote = event.quote
            sides = quote.bid_px, quote.bid_size, quote.offer_px, quote.offer_size
            return ("AI", quote.symbol, *sides, event.quote_status.value)
        case MassQuoteAnswered():
            reasons = tuple(None if each.refusal is None else each.refusal.reason.value for each in event.entries)
            return ("b", reasons, event.quote_status.value)
        case QuotesPulled():
            return ("pulled", event.session, event.canceled)


def told_of_protection(event: ProtectionEvent) -> Outcome:
    match event:
        case ProtectionTripped():
            return ("tripped", event.frozen.name, event.frozen.symbol, event.canceled)
        case ProtectionReset():
            return ("protection reset", event.name, event.symbol)
        case ProtectionSet():
            now = event.protection
            values = now.window_ms, now.fills_max, now.qty_max, now.delta_max, now.frozen_s
            return ("protection", now.name, *values)


def told_of_days(event: DayEvent) -> Outcome:
    match event:
        case DayEnding():
            return ("day ending", event.date)
        case OrdersExpired():
            return ("expired", event.date, event.expired, event.left)
        case OrdersRestated():
            return ("restated", event.date, event.restated, event.left)
        case DayBegun():
            return ("day begun", event.date)


def state(order: OrderState) -> Outcome:
    return (
        order.order_id, order.cl_ord_id, order.ord_status.value, order.time_in_force.value, order.order_qty,
        order.price, order.cum_qty, order.leaves_qty, order.cum_notional, order.is_waiting,
        order.trigger_price, order.hidden_qty, order.held_qty,
    )  # fmt: skip


def queue(core: Core, symbol: str, side: Side) -> list[tuple[int, str, int]]:
    book_side = core.exchange.market.books[symbol].side(side)
    return [(level.price, order.order_id, order.leaves_qty) for level in book_side for order in level]


def trading_status(core: Core, symbol: str) -> tuple[str, int | None]:
    inquiry = SecurityStatusInquiry("CLIENT1", "s1", symbol, SubscriptionRequestType.SNAPSHOT, 0)
    (answer,) = core.consult(inquiry)
    assert isinstance(answer, SecurityStatusAnswer)
    return answer.security_trading_status.value, answer.last_px


@settings(PROPERTY, max_examples=400)
@given(script=SCRIPTS)
def test_any_history_is_what_the_naive_venue_says(script: list[bytes]) -> None:
    watched = Watched()

    watched.play(commands(script))

    watched.finish()


@pytest.mark.parametrize("seed", range(6))
def test_long_histories_are_what_the_naive_venue_says(seed: int) -> None:
    """Hypothesis finds the small surprise; these go deep: thousands of commands in one venue."""
    random, watched = Random(seed), Watched()

    watched.play(commands(random.randbytes(BYTES_A_COMMAND) for _ in range(700)))

    watched.finish()


def test_volatility_auctions_and_post_close_are_what_the_naive_venue_says() -> None:
    """They are rare among all that happens: here bands are always there, and post-close is the commonest phase."""
    begun, at_close = 0, 0
    for seed in range(10):
        watched = Watched()
        watched.play(_with_bands_and_post_close(Random(seed)))
        watched.finish()
        for frame in watched.frames:
            for event in frame.events:
                begun += isinstance(event, PhaseChanged) and event.operator == "venue"
                is_of_order = isinstance(frame.command, NewOrder | ReplaceOrder)
                at_close += is_of_order and isinstance(event, Trade) and event.in_auction

    assert begun >= 10, (begun, at_close)
    assert at_close >= 5, (begun, at_close)


def test_limit_states_are_what_the_naive_venue_says() -> None:
    """Here all bands are such that orders rest at their edges."""
    begun, ended, paused, moved = 0, 0, 0, 0
    for seed in range(6):
        watched = Watched()
        watched.play(_with_limit_states(Random(seed)))
        watched.finish()
        for frame in watched.frames:
            for event in frame.events:
                begun += isinstance(event, LimitStateChanged) and event.side is not None
                ended += isinstance(event, LimitStateChanged) and event.side is None
                paused += isinstance(event, PhaseChanged) and event.operator == "venue"
                moved += isinstance(event, OrderAmended) and event.rested and "price band" in event.text

    # A band leaves what rests only where its trades grow old: test_limit_up_down.py has more of it.
    assert min(begun, ended, paused) >= 10, (begun, ended, paused)
    assert moved


def _with_limit_states(random: Random) -> Iterator[Decided]:
    for command in commands(random.randbytes(BYTES_A_COMMAND) for _ in range(700)):
        if isinstance(command, ConfigureVenue):
            yield configuration(instruments=LIMITED, participants=PARTICIPANTS)
        elif not isinstance(command, RestrictionCommand | EndDay | MassCancel | SetPhase):
            yield command


def _with_bands_and_post_close(random: Random) -> Iterator[Decided]:
    for number, command in enumerate(commands(random.randbytes(BYTES_A_COMMAND) for _ in range(700))):
        if isinstance(command, ConfigureVenue):
            yield configuration(instruments=CALLING, participants=PARTICIPANTS)
        elif isinstance(command, SetPhase) and command.phase is not Phase.CONTINUOUS and number % 4:
            yield msgspec.structs.replace(command, phase=Phase.POST_CLOSE, scheduled_ns=0)
        elif not isinstance(command, RestrictionCommand | EndDay | MassCancel):
            yield command


@settings(PROPERTY, max_examples=60)
@given(script=SCRIPTS)
def test_the_same_commands_give_the_same_events_byte_for_byte(script: list[bytes]) -> None:
    history = list(commands(script))

    frames, again = run(history), run(history)

    assert msgspec.msgpack.encode(frames) == msgspec.msgpack.encode(again)
    replayed = Core(SWEEP_SLICE_MAX)
    # As a restart does it: from the bytes of the journal.
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(frames), type=list[Sequenced])
    assert replayed.replay(read) == frames[-1]
    assert run(history[1:], after=replayed) == run(history[1:], after=core_after(history))


def run(history: list[Decided], after: Core | None = None) -> list[Sequenced]:
    core = after or Core(SWEEP_SLICE_MAX)
    return [
        Sequenced(sequence, sequence * COMMAND_NS, command, core.decide(command, sequence * COMMAND_NS))
        for sequence, command in enumerate(with_sweeps(history, core), start=1)
    ]


def core_after(history: list[Decided]) -> Core:
    core = Core(SWEEP_SLICE_MAX)
    for sequence, command in enumerate(with_sweeps(history, core), start=1):
        core.decide(command, sequence * COMMAND_NS)
    return core


def test_a_journal_that_says_another_thing_is_not_replayed() -> None:
    frames = run(list(commands([Random(seed).randbytes(BYTES_A_COMMAND) for seed in range(60)])))
    at = next(number for number, frame in enumerate(frames) if isinstance(frame.events[0], OrderAccepted))
    altered = msgspec.structs.replace(frames[at], events=(*frames[at].events, VenueConfigured()))

    with pytest.raises(ReplayDiffers, match=f"^sequence {at + 1}: "):
        Core(SWEEP_SLICE_MAX).replay([*frames[:at], altered, *frames[at + 1 :]])


def test_an_empty_journal_has_no_last_frame() -> None:
    assert Core().replay([]) is None


def test_histories_are_eventful() -> None:
    """The properties above would hold in silence if all commands were refused: count what happens."""
    random, watched = Random(1), Watched()
    seen: dict[str, int] = {}

    watched.play(commands(random.randbytes(BYTES_A_COMMAND) for _ in range(6_000)))
    for event in (event for frame in watched.frames for event in frame.events):
        outcome = told(event)
        reason = outcome[-1] if outcome[0] in ("8", "9", "r", "AI", "b") else ""
        if isinstance(event, OrderAmended):
            reason = event.exec_restatement_reason.value
        if isinstance(event, ListStated):
            reason = f"{event.list_status_type} {event.list_order_status}"
        kind = f"{outcome[0]} {reason}".strip()
        seen[kind] = seen.get(kind, 0) + 1

    often = {"0", "F", "4", "5", "configured", "8 3", "8 6", "8 11", "9 0", "9 1", "9 2", "9 6", "9 99"}
    often |= {"T", "H"}
    often |= {"C", "day ending", "expired", "day begun", "phase"}
    often |= {"8 0", "8 2", "halted", "resumed", "killed", "released", "swept", "refused"}
    often |= {"AI 0", "AI 5", "AI 4", "b 0", "b 5", "pulled"}
    now_and_then = {"AI 1", "AI 9"} | {"I", "8 1", "8 13", "8 15", "8 99", "r None", "r 0", "r 1"}
    now_and_then |= {"suspended", "added", "changed", "delisted"}
    now_and_then |= {"disabled", "enabled", "logged out", "reset", "limits", "restated", "D 3", "D 5", "G"}
    now_and_then |= {"tripped", "protection", "protection reset"}
    now_and_then |= {"D", "uncross", "D 8", "N 1 3", "N 1 7", "N 2 3", "N 2 6", "N 2 7"}
    assert {kind for kind in often if seen.get(kind, 0) < 10} == set(), seen
    assert {kind for kind in now_and_then if not seen.get(kind)} == set(), seen
