"""Histories in which many orders are pegged: among all that happens elsewhere pegs are rare, and move seldom."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

import msgspec
import pytest

from fixgw.core import Core
from fixgw.spec.commands import (
    BustTrade,
    CancelAllByOperator,
    CancelOrder,
    ChangeInstrument,
    ConfigureVenue,
    ContinueTriggers,
    EndDay,
    HaltInstrument,
    NewOrder,
    ReplaceOrder,
    RestrictionCommand,
    ResumeInstrument,
    SetPhase,
)
from fixgw.spec.events import Event, OrderAmended, OrderReplaced, Trade
from fixgw.spec.instructions import PEGS, Instructions, peg_of
from fixgw.spec.phase import Phase
from fixgw.spec.terms import TermsChange
from fixgw.spec.values import Allocation, OrdType, PegOffsetType, Price, Qty, Side
from tests.engine.histories import (
    BYTES_A_COMMAND,
    CALLING,
    CONFIGURATIONS,
    INSTRUMENTS,
    PARTICIPANTS,
    SPREAD,
    STOCK,
    Decided,
    commands,
    with_sweeps,
)
from tests.engine.test_properties import SWEEP_SLICE_MAX, Watched
from tests.engine.test_state import encoded, restored
from tests.orders import DAY, GTC, configuration, limits

AnyOrder = TypeVar("AnyOrder", NewOrder, ReplaceOrder)

_OFFSETS = (0, 0, 0, 1, -1, 2, -2, 200)
_OFFSET_TYPES = (PegOffsetType.PRICE, PegOffsetType.TICKS, PegOffsetType.BASIS_POINTS)
_DISPLAYS: Sequence[dict[str, Any]] = (
    *({},) * 6,
    {"max_floor": Qty(2)},
    {"max_floor": Qty(0)},
    {"self_match_prevention_id": "desk"},
    {"exec_inst": "K"},
)
_TICKS = (TermsChange(tick=Decimal("0.05"), ticks=()), TermsChange(tick=Decimal("0.01"), ticks=()))
_SHARED = (msgspec.structs.replace(STOCK, allocation=Allocation.PRO_RATA), SPREAD)
_OPERATOR = ("olivia", "a reason")
_CONFIGURED = (
    configuration(instruments=CALLING, participants=PARTICIPANTS),
    configuration(
        limits(open_notional_max="3000", order_notional_max="480"), participants=PARTICIPANTS, instruments=INSTRUMENTS
    ),
    configuration(instruments=_SHARED, participants=PARTICIPANTS),
    CONFIGURATIONS[0],
    CONFIGURATIONS[0],
)


def histories(random: Random, length: int) -> Iterator[Decided]:
    """Yield a history of one instrument mostly, whose book has depth, with some of all else that happens."""
    sent: list[NewOrder | ReplaceOrder] = []
    others = commands(random.randbytes(BYTES_A_COMMAND) for _ in range(length))
    yield next(others)
    for number in range(length):
        match random.choice(_KINDS):
            case "limit":
                sent.append(_limit(random, f"l{number}"))
                yield sent[-1]
            case "peg":
                sent.append(_pegged(random, _limit(random, f"p{number}")))
                yield sent[-1]
            case "change" if sent:
                before = random.choice(sent[-12:])
                sent.append(_restated(random, before, f"r{number}"))
                yield sent[-1]
            case "cancel" if sent:
                named = sent.pop(random.randrange(len(sent)))
                yield CancelOrder(
                    named.session, named.firm, f"x{number}", named.cl_ord_id, None, named.symbol, named.side
                )
            case "call":
                yield SetPhase(*_OPERATOR, "STOCK", random.choice([*Phase]))
            case "trade on":
                yield SetPhase(*_OPERATOR, "STOCK", Phase.CONTINUOUS)
            case "bust":
                yield BustTrade(*_OPERATOR, "0.0")
            case "halt":
                yield HaltInstrument(*_OPERATOR, "STOCK")
            case "resume":
                yield ResumeInstrument(*_OPERATOR, "STOCK")
            case "tick":
                yield ChangeInstrument(*_OPERATOR, "STOCK", random.choice(_TICKS))
            case "configure":
                yield random.choice(_CONFIGURED)
            case _:
                other = next(others)
                if not isinstance(other, ConfigureVenue | RestrictionCommand | CancelAllByOperator | EndDay):
                    yield other


_WEIGHTS = {
    "limit": 40, "peg": 15, "change": 12, "cancel": 14, "call": 2, "trade on": 6, "bust": 3, "halt": 1, "resume": 12,
    "tick": 1, "configure": 2, "other": 12,
}  # fmt: skip
_KINDS = [kind for kind, weight in _WEIGHTS.items() for _ in range(weight)]


def _limit(random: Random, cl_ord_id: str) -> NewOrder:
    """Return an order that mostly rests: one in five reaches the other side."""
    by, side = random.choice(PARTICIPANTS), random.choice((Side.BUY, Side.SELL))
    away = random.choice((-2, 0, 1, 2, 3)) * (1 if side is Side.SELL else -1)
    terms = Qty(random.choice((1, 2, 3, 5))), OrdType.LIMIT, Price(10_000 + 5 * away), random.choice((DAY, GTC))
    return NewOrder(by.session, by.firm, cl_ord_id, by.accounts[0], "STOCK", side, *terms)


def _pegged(random: Random, order: AnyOrder) -> AnyOrder:
    attributes = random.choice(_DISPLAYS)
    instructions = Instructions(
        peg_offset_value=random.choice(_OFFSETS),
        peg_offset_type=random.choice(_OFFSET_TYPES),
        limit_price=order.price if random.random() < 0.3 else None,
    )
    instructions = msgspec.structs.replace(instructions, **attributes)
    instructions = msgspec.structs.replace(instructions, exec_inst=instructions.exec_inst + random.choice(PEGS))
    return msgspec.structs.replace(order, ord_type=OrdType.PEGGED, price=None, instructions=instructions)


def _restated(random: Random, before: NewOrder | ReplaceOrder, cl_ord_id: str) -> ReplaceOrder:
    fresh = _limit(random, cl_ord_id)
    replacing = ReplaceOrder(
        before.session, before.firm, cl_ord_id, before.cl_ord_id, None, before.account, before.symbol, before.side,
        random.choice((before.order_qty, fresh.order_qty)), before.ord_type, before.price, before.time_in_force,
        instructions=before.instructions,
    )  # fmt: skip
    if random.random() < 0.4:
        return replacing
    replacing = msgspec.structs.replace(replacing, price=fresh.price)
    return _pegged(random, replacing) if before.ord_type is OrdType.PEGGED else replacing


@pytest.mark.parametrize("seed", range(12))
def test_histories_with_many_pegs_are_what_the_naive_venue_says(seed: int) -> None:
    watched = Watched()

    watched.play(histories(Random(seed), 700))

    watched.finish()


def test_they_are_eventful() -> None:
    seen: Counter[str] = Counter()
    for seed in range(12):
        core = Core(SWEEP_SLICE_MAX)
        for command in with_sweeps(histories(Random(seed), 700), core):
            events = core.decide(command)
            seen.update(_kinds(events))
            seen["continued"] += isinstance(command, ContinueTriggers) and any(map(_is_move, events))
    wanted = {f"moved {code}" for code in PEGS} | {"P trades", "M trades", "uncrossed", "replaced", "continued"}
    assert {kind: count for kind in wanted if (count := seen[kind]) < 3} == {}, seen


def _kinds(events: Iterable[Event]) -> Iterator[str]:
    before: Event | None = None
    for event in events:
        if isinstance(event, OrderAmended) and _is_move(event):
            yield f"moved {peg_of(event.order.instructions)}"
        if isinstance(event, Trade):
            for fill in (event.resting, event.aggressor):
                if peg_of(fill.order.instructions):
                    yield "uncrossed" if event.in_auction else "rested"
            if isinstance(before, OrderAmended) and _is_move(before):
                yield f"{peg_of(before.order.instructions)} trades"
        if isinstance(event, OrderReplaced) and peg_of(event.order.instructions):
            yield "replaced"
        before = event


def _is_move(event: Event) -> bool:
    return isinstance(event, OrderAmended) and event.text.startswith("ExecInst(18)") and event.rested


@pytest.mark.parametrize("seed", range(3))
def test_a_restored_core_goes_on_the_same(seed: int) -> None:
    """Every so often it is made anew from its state, as after a SIGKILL and a start from a snapshot."""
    whole, broken = Core(SWEEP_SLICE_MAX), Core(SWEEP_SLICE_MAX)
    for number, command in enumerate(with_sweeps(histories(Random(seed), 500), whole)):
        if number % 11 == 5:
            state = encoded(broken)
            broken = restored(state)
            assert encoded(broken) == state
            broken.exchange.check()
        assert broken.decide(command) == whole.decide(command)
    assert encoded(broken) == encoded(whole)
