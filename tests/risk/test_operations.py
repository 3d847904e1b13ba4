"""What operators ask of risk: halts, kills, limits and sessions, each with what is refused and in which words."""

from decimal import Decimal

import pytest

from fixgw.spec.commands import (
    CancelAllByOperator,
    DisableSession,
    EnableSession,
    HaltInstrument,
    Kill,
    LogOutSession,
    Release,
    ResetSession,
    RestrictionCommand,
    ResumeInstrument,
    SetLimits,
)
from fixgw.spec.events import (
    CancelRejected,
    InstrumentHalted,
    InstrumentResumed,
    LimitsSet,
    OperatorRefused,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderReplaced,
    OrdersSwept,
    ScopeKilled,
    ScopeReleased,
    SessionDisabled,
    SessionEnabled,
    SessionLoggedOut,
    SessionReset,
)
from fixgw.spec.inquiries import RiskAnswer, RiskInquiry
from fixgw.spec.limits import LimitChange
from fixgw.spec.restriction import Restriction
from fixgw.spec.values import CxlRejReason, OrdRejReason
from tests.orders import BOB, CAROL, Venue, buy, cancel, configuration, limits, replace, sell, venue_with

BY = ("olivia", "a drill")
SCOPES_OF_ALICE = ("venue", "firm:ALPHA", "account:A1", "session:CLIENT1", "instrument:AAPL")


def refused(venue: Venue, command: RestrictionCommand | CancelAllByOperator) -> str:
    """Return why, having seen that nothing else came of it."""
    (event,) = venue.handle(command)
    assert isinstance(event, OperatorRefused)
    assert event.operator == "olivia"
    return event.text


def rejection(venue: Venue, symbol: str = "AAPL") -> tuple[OrdRejReason, str] | None:
    """Return why a new order of ALICE is rejected, or None."""
    event, *_ = venue.handle(buy(1, at="1.00", symbol=symbol))
    return (event.ord_rej_reason, event.text) if isinstance(event, OrderRejected) else None


def risk_of(venue: Venue) -> RiskAnswer:
    answer = venue.core.inspect(RiskInquiry())
    assert isinstance(answer, RiskAnswer)
    return answer


# Halts.


def test_a_halted_instrument_takes_no_orders_until_it_is_resumed() -> None:
    venue = venue_with()

    assert venue.handle(HaltInstrument(*BY, "AAPL")) == [InstrumentHalted("AAPL", *BY)]

    assert rejection(venue) == (OrdRejReason.EXCHANGE_CLOSED, "AAPL is halted: a drill")
    assert rejection(venue, "MSFT") is None
    assert venue.handle(ResumeInstrument(*BY, "AAPL")) == [InstrumentResumed("AAPL", *BY)]
    assert rejection(venue) is None


def test_in_a_halt_a_cancel_passes_and_a_replace_does_not_even_down() -> None:
    order = buy(10, at="1.00")
    venue = venue_with(order, HaltInstrument(*BY, "AAPL"))

    (rejected,) = venue.handle(replace(order, 5))
    (canceled,) = venue.handle(cancel(order))

    assert isinstance(rejected, CancelRejected)
    assert rejected.cxl_rej_reason is CxlRejReason.BROKER_OR_EXCHANGE_OPTION
    assert rejected.text == "AAPL is halted: a drill"
    assert isinstance(canceled, OrderCanceled)


# Kills.


@pytest.mark.parametrize("scope", SCOPES_OF_ALICE)
def test_a_kill_cancels_and_blocks_its_scope_until_it_is_released(scope: str) -> None:
    venue = venue_with(buy(10, at="1.00"))
    text = f"{scope} is killed by the operator: a drill"

    killed, canceled, swept = venue.handle(Kill(*BY, scope))

    assert killed == ScopeKilled(scope, *BY)
    assert isinstance(canceled, OrderCanceled)
    assert (canceled.text, canceled.orig_cl_ord_id, canceled.rested) == (text, None, True)
    assert swept == OrdersSwept(scope, 1, 0, *BY)
    assert rejection(venue) == (OrdRejReason.BROKER_OR_EXCHANGE_OPTION, text)
    assert venue.handle(Release(*BY, scope)) == [ScopeReleased(scope, *BY)]
    assert rejection(venue) is None


@pytest.mark.parametrize("scope", ["firm:BETA", "account:A2", "session:CLIENT4", "instrument:MSFT"])
def test_a_kill_of_others_is_not_felt(scope: str) -> None:
    venue = venue_with(buy(10, at="1.00"))

    venue.handle(Kill(*BY, scope))

    assert rejection(venue) is None
    assert len(venue.live_orders()) == 2


def test_of_several_kills_each_is_released_by_itself() -> None:
    venue = venue_with(Kill(*BY, "venue"), Kill(*BY, "account:A1"))

    venue.handle(Release(*BY, "venue"))

    assert rejection(venue) == (OrdRejReason.BROKER_OR_EXCHANGE_OPTION, "account:A1 is killed by the operator: a drill")


def test_the_replace_of_a_killed_firm_is_refused_while_its_order_is_not_canceled_yet() -> None:
    orders = [buy(1, at="1.00") for _ in range(201)]
    venue = venue_with(*orders)
    venue.handle(Kill(*BY, "firm:ALPHA"))

    (rejected,) = venue.handle(replace(orders[-1], 1))

    assert isinstance(rejected, CancelRejected)
    assert rejected.text == "firm:ALPHA is killed by the operator: a drill"


def test_what_is_forbidden_survives_a_new_configuration() -> None:
    venue = venue_with(HaltInstrument(*BY, "AAPL"), Kill(*BY, "account:A1"), DisableSession(*BY, "CLIENT2"))

    venue.handle(configuration(limits(order_qty_max="5")))

    restrictions = venue.core.gate.restrictions
    assert restrictions.halted == {"AAPL": Restriction("AAPL", *BY)}
    assert restrictions.killed == {"account:A1": Restriction("account:A1", *BY)}
    assert restrictions.disabled == {"CLIENT2": Restriction("CLIENT2", *BY)}


def test_what_an_operator_did_is_felt_by_orders_that_passed_before() -> None:
    """Rules are remembered for each session, account and symbol: not longer than they hold."""
    venue = venue_with()
    commands: list[RestrictionCommand] = [HaltInstrument(*BY, "AAPL"), ResumeInstrument(*BY, "AAPL")]
    for command in [*commands, Kill(*BY, "venue"), Release(*BY, "venue")]:
        before = rejection(venue)
        venue.handle(command)
        assert rejection(venue) != before


# Limits.


def set_limits(scope: str, **values: str | None) -> SetLimits:
    changes = (LimitChange(name, None if value is None else Decimal(value)) for name, value in values.items())
    return SetLimits(*BY, scope, tuple(changes))


def test_a_limit_that_is_set_counts_from_the_next_order_on() -> None:
    venue = venue_with(buy(10, at="1.00"), configured=configuration(limits("firm:ALPHA", order_notional_max="500")))

    events = venue.handle(set_limits("firm:ALPHA", order_qty_max="5"))

    assert events == [LimitsSet(limits("firm:ALPHA", order_qty_max="5", order_notional_max="500"), *BY)]
    (rejected,) = venue.handle(buy(6, at="1.00"))
    assert isinstance(rejected, OrderRejected)
    assert rejected.text == "OrderQty(38) 6 exceeds order_qty_max 5 of firm:ALPHA"
    venue.handle(set_limits("firm:ALPHA", order_qty_max=None))
    assert isinstance(venue.handle(buy(6, at="1.00"))[0], OrderAccepted)


def test_a_limit_that_is_set_does_not_refuse_a_replace_that_lowers_risk() -> None:
    order = buy(10, at="1.00")
    venue = venue_with(order, set_limits("venue", order_qty_max="5"))

    assert isinstance(venue.handle(replace(order, 9))[0], OrderReplaced)


def test_a_limit_that_is_set_holds_until_the_files_say_another_thing_of_its_scope() -> None:
    first = configuration(limits("venue", order_qty_max="100"), limits("firm:ALPHA", order_qty_max="50"))
    venue = venue_with(configured=first)
    venue.handle(set_limits("venue", order_qty_max="10"))
    venue.handle(set_limits("firm:BETA", order_qty_max="3"))

    venue.handle(configuration(limits("venue", order_qty_max="100"), limits("firm:ALPHA", order_qty_max="40")))

    answer = risk_of(venue)
    assert answer.limits == (
        limits("firm:ALPHA", order_qty_max="40"),
        limits("firm:BETA", order_qty_max="3"),
        limits("venue", order_qty_max="10"),
    )
    assert answer.set_by_operators == ("firm:BETA", "venue")
    venue.handle(configuration(limits("venue", order_qty_max="99")))
    answer = risk_of(venue)
    assert answer.limits == (
        limits("firm:BETA", order_qty_max="3"),
        limits("venue", order_qty_max="99"),
    )


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (set_limits("firm:GAMMA", order_qty_max="1"), "there is no firm GAMMA; there are: ALPHA, BETA"),
        (set_limits("venue"), "no limit was named; there are order_qty_max, "),
        (set_limits("venue", speed="1"), "there is no limit speed; there are order_qty_max, "),
        (set_limits("venue", order_qty_max="0"), "order_qty_max must be a number above zero, or none for no limit"),
        (set_limits("venue", order_qty_max="-1"), "order_qty_max must be a number above zero"),
        (set_limits("venue", order_qty_max="NaN"), "order_qty_max must be a number above zero"),
        (set_limits("venue", order_qty_max="Infinity"), "order_qty_max must be a number above zero"),
        (set_limits("venue", order_qty_max="1E+999999"), "order_qty_max has more than 18 digits before the point"),
        (set_limits("venue", order_qty_max="1E-999999"), "order_qty_max has more than 18 digits before the point"),
        (set_limits("instrument:AAPL", open_notional_max="1"), "open_notional_max adds up over all instruments"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_and_nothing_changes(command: SetLimits, text: str) -> None:
    venue = venue_with()

    assert refused(venue, command).startswith(text)

    assert rejection(venue) is None


# Sessions.


def test_sessions_are_disabled_enabled_logged_out_and_reset() -> None:
    venue = venue_with()

    assert venue.handle(DisableSession(*BY, "CLIENT1")) == [SessionDisabled("CLIENT1", *BY)]
    assert venue.core.gate.restrictions.disabled == {"CLIENT1": Restriction("CLIENT1", *BY)}
    assert venue.handle(EnableSession(*BY, "CLIENT1")) == [SessionEnabled("CLIENT1", *BY)]
    assert venue.core.gate.restrictions.disabled == {}
    assert venue.handle(LogOutSession(*BY, "CLIENT1")) == [SessionLoggedOut("CLIENT1", *BY)]
    assert venue.handle(ResetSession(*BY, "CLIENT1")) == [SessionReset("CLIENT1", *BY)]


# What is refused.


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (HaltInstrument(*BY, "GOOG"), "there is no instrument GOOG; there are: AAPL, BTC-USD, ESZ6, MSFT, SPREAD"),
        (ResumeInstrument(*BY, "AAPL"), "AAPL is not halted; halted now: nothing"),
        (Kill(*BY, "firm:GAMMA"), "there is no firm GAMMA; there are: ALPHA, BETA"),
        (Kill(*BY, "account:Z"), "there is no account Z; there are: A1, A2, B1"),
        (Kill(*BY, "session:Z"), "there is no session Z; there are: CLIENT1, CLIENT2, CLIENT4"),
        (Kill(*BY, "firm"), "firm is no scope; write venue, firm:NAME, account:NAME, session:NAME or instrument:NAME"),
        (Kill(*BY, "venue:X"), "venue:X is no scope; write venue, "),
        (Kill(*BY, "firm:"), "firm: is no scope; write venue, "),
        (Kill(*BY, "desk:1"), "desk:1 is no scope; write venue, "),
        (Kill(*BY, ""), " is no scope; write venue, "),
        (Release(*BY, "venue"), "venue is not killed; killed now: nothing"),
        (CancelAllByOperator(*BY, "firm:GAMMA"), "there is no firm GAMMA; there are: ALPHA, BETA"),
        (DisableSession(*BY, "DROPCOPY"), "there is no session DROPCOPY; there are: CLIENT1, CLIENT2, CLIENT4"),
        (EnableSession(*BY, "CLIENT1"), "CLIENT1 is not disabled; disabled now: nothing"),
        (LogOutSession(*BY, "Z"), "there is no session Z; "),
        (ResetSession(*BY, "Z"), "there is no session Z; "),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_would_be_right(
    command: RestrictionCommand | CancelAllByOperator, text: str
) -> None:
    assert refused(venue_with(buy(1, at="1.00")), command).startswith(text)


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (HaltInstrument(*BY, "AAPL"), "AAPL is halted already, by olivia: a drill"),
        (Kill(*BY, "venue"), "venue is killed already, by olivia: a drill"),
        (DisableSession(*BY, "CLIENT1"), "CLIENT1 is disabled already, by olivia: a drill"),
    ],
)
def test_what_is_so_already_is_not_done_again(command: RestrictionCommand, text: str) -> None:
    assert refused(venue_with(command), command) == text


def test_what_is_not_forbidden_names_what_is() -> None:
    venue = venue_with(Kill(*BY, "firm:BETA"), Kill(*BY, "account:A1"))

    assert refused(venue, Release(*BY, "firm:ALPHA")) == "firm:ALPHA is not killed; killed now: firm:BETA, account:A1"


def test_an_answer_changes_nothing_by_itself() -> None:
    """What is forbidden follows events alone, so that a replay ends with the same."""
    venue = venue_with()
    gate = venue.core.gate

    gate.operate(Kill(*BY, "venue"))

    assert gate.restrictions.killed == {}
    assert rejection(venue) is None


def test_the_exposure_of_every_account_is_told() -> None:
    venue = venue_with(buy(10, at="1.00"), sell(5, at="3.00", by=BOB), buy(1, at="1.00", by=CAROL), buy(1, at="2.00"))

    exposures = risk_of(venue).exposures

    assert [(each.firm, each.account, each.open_notional // 10**18) for each in exposures] == [
        ("ALPHA", "A1", 12),
        ("ALPHA", "A2", 1),
        ("BETA", "B1", 15),
    ]
