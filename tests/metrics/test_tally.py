"""The tally counts what the venue did: each story by hand, and any history against the engine itself."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from random import Random

import pytest

from fixgw.core import Core
from fixgw.marketdata.depth import Depth
from fixgw.metrics.tally import UNLISTED, Beginning, Tally
from fixgw.spec.commands import (
    AddInstrument,
    CancelAllByOperator,
    CancelByOperator,
    Command,
    DelistInstrument,
    DisableSession,
    EnableSession,
    EndDay,
    HaltInstrument,
    Kill,
    OpenSession,
    RefuseOrder,
    Release,
    ResumeInstrument,
    SuspendInstrument,
    UseNumber,
)
from fixgw.spec.events import Event, OrderAccepted, OrderCanceled, OrderExpired, OrderRejected, OrderReplaced, Trade
from fixgw.spec.instructions import Instructions
from fixgw.spec.limits import ScopedLimits
from fixgw.spec.sequenced import Sequenced
from fixgw.spec.terms import Terms
from fixgw.spec.values import OrdRejReason, OrdType, Side
from tests.engine.histories import BYTES_A_COMMAND, Decided, commands, with_sweeps
from tests.orders import ALICE, BOB, DAY, FOK, GTC, IOC, buy, cancel, configuration, limits, mass_cancel, replace, sell

BY = ("olivia", "news exceeds order_qty_max of all")


class Counted:
    """A venue whose journal is counted."""

    def __init__(self, *commands: Command) -> None:
        self.core = Core()
        self.tally = Tally()
        self.events: list[Event] = []
        self.handle(*commands)

    def handle(self, *commands: Command) -> Tally:
        for command in commands:
            events = self.core.decide(command)
            self.events += events
            self.tally.apply(Sequenced(self.tally.sequence + 1, 1_000, command, events))
        return self.tally


def counted(*commands: Command) -> Tally:
    return Counted(configuration(), *commands).tally


def test_orders_by_type_symbol_and_result() -> None:
    order = buy(1, at="1.00", cl_ord_id="twice")
    tally = counted(
        order,
        buy(1, symbol="MSFT"),
        buy(1, at="1.00", cl_ord_id="twice"),
        buy(1, at="1.00", cl_ord_id="twice", poss_resend=True),
    )

    assert tally.orders == {
        ("limit", "AAPL", "accepted"): 1,
        ("market", "MSFT", "accepted"): 1,
        ("limit", "AAPL", "rejected"): 1,
        ("limit", "AAPL", "resent"): 1,
    }
    assert tally.order_rejects == {("duplicate_order",): 1}


def test_a_symbol_that_nobody_listed_is_no_label() -> None:
    """A client may write anything in Symbol(55)."""
    other = RefuseOrder(
        "CLIENT1", "ALPHA", "x", "A1", "ANY", Side.BUY, OrdType.STOP, DAY, OrdRejReason.UNKNOWN_SYMBOL, "no"
    )

    tally = counted(*(buy(1, at="1.00", symbol=f"NEW{number}") for number in range(5)), other)

    assert tally.orders == {("limit", UNLISTED, "rejected"): 5, ("stop", UNLISTED, "rejected"): 1}


def test_trades_fills_and_what_was_traded() -> None:
    """Contracts of 50; ESZ6 has two decimals of price, BTC-USD four of quantity."""
    tally = counted(
        sell(3, at="100.25", symbol="ESZ6", by=BOB),
        buy(2, at="101.00", symbol="ESZ6"),
        sell("0.5", at="60000.00", symbol="BTC-USD", by=BOB),
        buy("0.5", symbol="BTC-USD"),
    )

    assert tally.trades == {("ESZ6",): 1, ("BTC-USD",): 1}
    assert tally.fills == {
        ("ESZ6", "partially_filled"): 1,
        ("ESZ6", "filled"): 1,
        ("BTC-USD", "filled"): 2,
    }
    assert tally.traded_qty == {("ESZ6",): 2.0, ("BTC-USD",): 0.5}
    assert tally.traded_notional == {("ESZ6",): 2 * 100.25 * 50, ("BTC-USD",): 30_000.0}
    assert tally.open_orders == {"AAPL": 0, "MSFT": 0, "BTC-USD": 0, "ESZ6": 1, "SPREAD": 0}


def test_a_notional_counter_never_falls() -> None:
    """A trade at a negative price counts without its sign."""
    tally = counted(sell(5, at="-1.50", symbol="SPREAD", by=BOB), buy(5, at="-1.50", symbol="SPREAD"))

    assert tally.traded_notional == {("SPREAD",): 7.5}


def test_the_venue_cancels_what_would_not_reduce_a_position_any_more() -> None:
    tally = counted(
        sell(5, at="1.00", by=BOB),
        buy(5, at="1.00"),
        sell(5, at="1.02", instructions=Instructions(reduce_only=True)),
        buy(5, at="1.01", by=BOB),
        sell(5, at="1.01"),
    )

    assert tally.cancels == {("AAPL", "venue"): 1}


def test_who_canceled() -> None:
    asked, swept = buy(1, at="1.00"), buy(1, at="1.00", by=BOB)
    tally = counted(
        asked,
        cancel(asked),
        buy(1, at="1.00"),
        mass_cancel(),
        buy(1, at="1.00", time_in_force=IOC),
        buy(1, at="1.00", time_in_force=FOK),
        swept,
        CancelAllByOperator(*BY, "venue"),
    )

    assert tally.cancels == {
        ("AAPL", "client"): 1,
        ("AAPL", "mass_cancel"): 1,
        ("AAPL", "venue"): 2,
        ("AAPL", "operator"): 1,
    }
    assert tally.mass_cancels == {("accepted",): 1}
    assert tally.open_orders["AAPL"] == 0


def test_replaces_and_refused_changes() -> None:
    order = buy(5, at="1.00")
    changed = replace(order, 3)
    tally = counted(order, changed, cancel(order), cancel(buy(1, at="1.00")), replace(buy(1, at="1.00")))

    assert tally.replaces == {("AAPL",): 1}
    assert tally.change_rejects == {
        ("cancel", "other"): 1,
        ("cancel", "unknown_order"): 1,
        ("replace", "unknown_order"): 1,
    }


@pytest.mark.parametrize(
    ("limit", "check"),
    [
        (limits(order_qty_max="5"), "order_qty_max"),
        (limits(order_notional_max="500"), "order_notional_max"),
        (limits(open_notional_max="500"), "open_notional_max"),
        (limits(price_collar_percent="1"), "price_collar_percent"),
    ],
)
def test_a_limit_that_refused_is_named(limit: ScopedLimits, check: str) -> None:
    """New orders and replaces alike, though a replace is told no OrdRejReason(103)."""
    order = buy(1, at="100.00")
    venue = Counted(configuration(limit), order, sell(1, at="100.02", by=BOB))

    tally = venue.handle(buy(6, at="120.00"), replace(order, 6, at="120.00"))

    assert tally.risk_refusals == {(check,): 2}


def test_what_operators_forbid_is_counted_by_what_forbade() -> None:
    """Their reasons are free texts, and may read like another refusal."""
    order = buy(1, at="1.00")
    venue = Counted(configuration(), order, HaltInstrument(*BY, "AAPL"), buy(1, at="1.00"), replace(order, 2))
    venue.handle(buy(1, at="1.00", account="B1"), buy(1, at="1.00", symbol="MSFT", side=Side.CROSS))

    tally = venue.handle(ResumeInstrument(*BY, "AAPL"), Kill(*BY, "firm:BETA"), buy(1, at="1.00", by=BOB))

    assert tally.risk_refusals == {("halt",): 2, ("account",): 1, ("kill_switch",): 1}


def test_what_the_end_of_a_day_forbids_and_ends_is_counted() -> None:
    kept = buy(1, at="1.00", time_in_force=GTC)
    venue = Counted(configuration(), buy(1, at="1.00"), kept, EndDay(*BY, "2026-11-20"))

    tally = venue.handle(buy(1, at="1.00"), replace(kept, 2))

    assert tally.expirations == {("AAPL",): 1}
    assert tally.open_orders["AAPL"] == 1
    assert tally.risk_refusals == {("day_end",): 2}
    assert tally.operator_commands == {("end_day", "done"): 1}


def test_what_is_forbidden_now() -> None:
    venue = Counted(
        configuration(),
        Kill(*BY, "firm:ALPHA"),
        Kill(*BY, "firm:ALPHA"),
        Kill(*BY, "venue"),
        Release(*BY, "venue"),
        HaltInstrument(*BY, "MSFT"),
        DisableSession(*BY, "CLIENT1"),
        DisableSession(*BY, "CLIENT2"),
        EnableSession(*BY, "CLIENT2"),
        CancelByOperator(*BY, "7"),
    )

    assert (venue.tally.killed, venue.tally.halted, venue.tally.disabled) == ({"firm:ALPHA"}, {"MSFT"}, {"CLIENT1"})
    assert venue.tally.operator_commands == {
        ("kill", "done"): 2,
        ("kill", "refused"): 1,
        ("release", "done"): 1,
        ("halt", "done"): 1,
        ("disable_session", "done"): 2,
        ("enable_session", "done"): 1,
        ("operator_cancel", "refused"): 1,
    }


def test_what_operators_list_is_counted_from_then_on() -> None:
    nova = Terms("NOVA", Decimal("0.01"), Decimal(1))
    venue = Counted(configuration(), AddInstrument(*BY, nova), buy(5, at="1.00", symbol="NOVA"))
    venue.handle(SuspendInstrument(*BY, "NOVA"), buy(5, at="1.00", symbol="NOVA"))
    assert (venue.tally.open_orders["NOVA"], venue.tally.halted) == (1, {"NOVA"})
    assert venue.tally.risk_refusals["halt",] == 1

    venue.handle(DelistInstrument(*BY, "NOVA", True))

    assert (venue.tally.open_orders["NOVA"], venue.tally.halted) == (0, set())
    assert venue.tally.operator_commands["delist_instrument", "done"] == 1


def test_logons() -> None:
    assert counted(OpenSession(ALICE.session, 1, 1), OpenSession(ALICE.session, 5, 7)).logons == {(ALICE.session,): 2}


def test_messages_that_no_event_brought_about() -> None:
    numbers = [UseNumber("CLIENT1", number, 1, msg_type, None) for number, msg_type in enumerate("A3jj?", start=1)]

    assert counted(*numbers).session_messages == {
        ("logon",): 1,
        ("reject",): 1,
        ("business_message_reject",): 2,
        ("other",): 1,
    }


def test_the_last_frame_that_changed_a_book() -> None:
    """What rests, trades or leaves the book is public; what never comes there is not."""
    order = buy(5, at="1.00")
    asked = replace(order, 4)
    told: dict[str, Command] = {
        "rests": order,
        "never rests": buy(1, at="2.00", time_in_force=IOC),
        "is refused": buy(1, at="1.00", account="B1"),
        "shrinks": asked,
        "is restated as it was": replace(asked, 4, cl_ord_id="same"),
        "trades": sell(1, at="1.00", by=BOB),
        "logs on": OpenSession(BOB.session, 1, 1),
        "leaves": mass_cancel(),
    }
    venue = Counted(configuration())
    public = [what for what, command in told.items() if venue.handle(command).public_sequence == venue.tally.sequence]

    assert public == ["rests", "shrinks", "trades", "leaves"]


def test_a_frame_is_never_counted_twice() -> None:
    tally = counted(buy(1, at="1.00"))

    with pytest.raises(AssertionError):
        tally.apply(Sequenced(tally.sequence, 1_000, OpenSession(ALICE.session, 1, 1), ()))


def history(seed: int, length: int) -> Iterable[Decided]:
    random = Random(seed)
    return commands(random.randbytes(BYTES_A_COMMAND) for _ in range(length))


@pytest.mark.parametrize("seed", range(6))
def test_any_history_agrees_with_the_engine(seed: int) -> None:
    """Open orders and restrictions after every command; at the end every event is counted once."""
    venue, depth, last_public = Counted(), Depth(), 0
    for command in with_sweeps(history(seed, 1_500), venue.core):
        before = len(venue.events)
        venue.handle(command)
        tally, restrictions = venue.tally, venue.core.gate.restrictions
        if depth.apply(Sequenced(tally.sequence, 1_000, command, tuple(venue.events[before:]))):
            last_public = tally.sequence
        live = Counter(order.symbol for order in venue.core.exchange.market.orders)

        assert {symbol: count for symbol, count in tally.open_orders.items() if count} == live
        assert tally.killed == restrictions.killed.keys()
        assert tally.halted == restrictions.halted.keys() | restrictions.suspended.keys()
        assert tally.disabled == restrictions.disabled.keys()
        assert tally.public_sequence <= last_public

    happened = Counter(type(event) for event in venue.events)
    assert sum(venue.tally.trades.values()) == happened[Trade] > 0
    assert sum(venue.tally.fills.values()) == 2 * happened[Trade]
    assert sum(venue.tally.cancels.values()) == happened[OrderCanceled] > 0
    assert sum(venue.tally.expirations.values()) == happened[OrderExpired] > 0
    assert sum(venue.tally.replaces.values()) == happened[OrderReplaced] > 0
    assert sum(venue.tally.order_rejects.values()) == happened[OrderRejected] > 0
    accepted = sum(count for (_, _, result), count in venue.tally.orders.items() if result == "accepted")
    entered = [event for event in venue.events if isinstance(event, OrderAccepted) and not event.order.is_quoted]
    assert accepted == len(entered) > 0


@pytest.mark.parametrize("seed", range(3))
def test_it_may_begin_in_the_middle(seed: int) -> None:
    """What is open and in force is what it is, what happened is counted from there on."""
    core, whole = Core(), Tally()
    late: Tally | None = None
    before: Counter[tuple[str]] = Counter()
    for number, command in enumerate(with_sweeps(history(seed, 1_500), core)):
        if number == 500:
            exchange, restrictions = core.exchange, core.gate.restrictions
            live = Counter(order.symbol for order in exchange.market.orders)
            halted = {**restrictions.halted, **restrictions.suspended}
            forbidden = halted, restrictions.killed, restrictions.disabled
            late = Tally(Beginning(whole.sequence, 1_000, exchange.market.ever_listed.values(), live, *forbidden))
            before = whole.trades.copy()
        frame = Sequenced(whole.sequence + 1, 1_000, command, core.decide(command))
        whole.apply(frame)
        if late is not None:
            late.apply(frame)
            for tally in (late, whole):
                assert tally.open_orders == whole.open_orders
                assert (tally.halted, tally.killed, tally.disabled) == (whole.halted, whole.killed, whole.disabled)
    assert late is not None
    assert late.sequence == whole.sequence
    assert late.trades == whole.trades - before
    assert late.trades.total() > 0
