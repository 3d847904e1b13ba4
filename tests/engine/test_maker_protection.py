"""Market maker protection: quotes that trade too much within a window are pulled, within the match that is too much."""

from decimal import Decimal

import msgspec
import pytest

from fixgw.core import Core, CoreState
from fixgw.spec.commands import CancelQuotes, MassQuote, Quote, ResetProtection, SetProtection
from fixgw.spec.events import (
    Event,
    OperatorRefused,
    OrderAccepted,
    OrderCanceled,
    ProtectionReset,
    ProtectionSet,
    ProtectionTripped,
    QuoteReported,
    Trade,
)
from fixgw.spec.instructions import Instructions
from fixgw.spec.limits import LimitChange
from fixgw.spec.maker_protection import MakerProtection
from fixgw.spec.participant import MarketMaker, Participant
from fixgw.spec.values import ExecRestatementReason, Qty, QuoteCancelType, QuoteStatus
from tests.engine.test_quotes import EACH, MIKE, entry, mass_quote, quote
from tests.orders import ALICE, BOB, FOK, IOC, Venue, buy, configuration, sell

MS = 1_000_000
S = 1_000 * MS
NINA = Participant("CLIENT5", "GAMMA", ("G1",), MarketMaker())
BY = ("olivia", "a reason")
OFFERS = mass_quote(
    entry((10, "99.00"), (10, "101.00"), name="e1"),
    entry(None, (10, "101.00"), name="e2"),
    entry(None, (10, "102.00"), name="e3"),
    entry((10, "49.00"), None, symbol="MSFT", name="e1"),
)


def protected(*protections: MakerProtection) -> Venue:
    return Venue(configuration(participants=(ALICE, BOB, MIKE, NINA), protections=protections))


def by_fills(fills_max: int = 1, maker: str = "session:CLIENT3", **terms: object) -> MakerProtection:
    terms = {"window_ms": 1_000, "fills_max": fills_max} | terms
    return msgspec.convert({"name": "p", "maker": maker, **terms}, _Named).protection()


class _Named(msgspec.Struct):
    name: str
    maker: str
    window_ms: int
    fills_max: int | None = None
    symbols: tuple[str, ...] = ()
    qty_max: Decimal | None = None
    delta_max: Decimal | None = None
    frozen_s: int = 0

    def protection(self) -> MakerProtection:
        return MakerProtection(**{name: getattr(self, name) for name in self.__struct_fields__})


def kinds(events: list[Event]) -> list[type]:
    return [type(event) for event in events]


def status(venue: Venue, command: Quote, time_ns: int) -> QuoteStatus:
    answer = venue.handle(command, time_ns)[0]
    assert isinstance(answer, QuoteReported)
    return answer.quote_status


def test_one_order_does_not_meet_the_quotes_behind_the_one_that_is_too_much() -> None:
    venue = protected(by_fills())
    venue.handle(OFFERS)
    venue.handle(sell(5, at="101.00", by=BOB))

    events = venue.handle(buy(40, at="102.00"))

    pulled = [OrderCanceled] * 3
    assert kinds(events) == [OrderAccepted, Trade, *pulled, ProtectionTripped, Trade]
    assert [e.order.side.name for e in events if isinstance(e, OrderCanceled)] == ["BUY", "SELL", "SELL"]
    assert venue.depth("AAPL") == ([("102.00", 25)], [])
    assert venue.depth("MSFT") == ([("49.00", 10)], [])  # each instrument is by itself


def test_each_side_is_told_which_limit_was_reached() -> None:
    venue = protected(by_fills(symbols=("AAPL", "MSFT")))
    venue.handle(OFFERS)

    events = venue.handle(buy(3, at="101.00"))

    told = [event for event in events if isinstance(event, OrderCanceled)]
    assert len(told) == 5
    assert {event.text for event in told} == {"protection p: 1 fills in 2 instruments within 1000 ms, fills_max 1"}
    assert {event.exec_restatement_reason for event in told} == {ExecRestatementReason.MARKET_OPTION}
    assert [event.canceled_qty for event in told] == [10, 7, 10, 10, 10]


@pytest.mark.parametrize(
    ("terms", "qty", "is_reached"),
    [
        ({"qty_max": "5"}, 4, False),
        ({"qty_max": "5"}, 5, True),
        ({"qty_max": "4.5"}, 4, False),
        ({"delta_max": "5"}, 4, False),
        ({"delta_max": "5"}, 5, True),
    ],
)
def test_quantity_and_delta(terms: dict[str, str], qty: int, is_reached: bool) -> None:
    venue = protected(by_fills(fills_max=None, **terms))  # type: ignore[arg-type]
    venue.handle(OFFERS)

    events = venue.handle(buy(qty, at="101.00"))

    assert (ProtectionTripped in kinds(events)) is is_reached


def test_what_is_bought_and_sold_again_is_no_delta() -> None:
    venue = protected(by_fills(fills_max=None, delta_max="6"))  # type: ignore[arg-type]
    venue.handle(OFFERS)

    events = [*venue.handle(buy(5, at="101.00")), *venue.handle(sell(5, at="99.00", by=BOB))]
    events += venue.handle(sell(5, at="99.00", by=BOB))
    assert ProtectionTripped not in kinds(events)

    venue.handle(quote((20, "99.00")))
    assert ProtectionTripped in kinds(venue.handle(sell(6, at="99.00", by=BOB)))


def test_delta_counts_the_multiplier() -> None:
    venue = protected(by_fills(fills_max=None, delta_max="100"))  # type: ignore[arg-type]
    venue.handle(mass_quote(entry((10, "99.00"), None, symbol="ESZ6", name="e1")))

    assert ProtectionTripped not in kinds(venue.handle(sell(1, at="99.00", symbol="ESZ6", by=BOB)))
    assert ProtectionTripped in kinds(venue.handle(sell(1, at="99.00", symbol="ESZ6", by=BOB)))


@pytest.mark.parametrize(("later_ns", "is_reached"), [(1_000 * MS - 1, True), (1_000 * MS, False)])
def test_the_window_rolls_with_the_time_of_the_commands(later_ns: int, is_reached: bool) -> None:
    venue = protected(by_fills(2))
    venue.handle(OFFERS, 5 * S)
    venue.handle(buy(1, at="101.00"), 5 * S)

    events = venue.handle(buy(1, at="101.00"), 5 * S + later_ns)

    assert (ProtectionTripped in kinds(events)) is is_reached


def test_a_quote_that_trades_as_it_comes_counts_and_does_not_rest() -> None:
    venue = protected(by_fills())
    venue.handle(sell(5, at="99.00", by=BOB))

    events = venue.handle(quote((10, "99.00"), (10, "101.00")))

    # The bid has traded, and the offer of the same quote comes too late.
    accepted = [OrderAccepted, OrderCanceled]
    assert kinds(events) == [QuoteReported, OrderAccepted, Trade, OrderCanceled, ProtectionTripped, *accepted]
    assert venue.depth("AAPL") == ([], [])
    assert venue.live_orders() == []


def test_quotes_are_refused_until_they_are_reset_and_only_sides_taken_away_are_taken() -> None:
    venue = protected(by_fills())
    venue.handle(OFFERS)
    venue.handle(buy(1, at="101.00"))
    (refused,) = venue.handle(quote((1, "99.00")))
    assert isinstance(refused, QuoteReported)
    assert refused.quote_status is QuoteStatus.REJECTED
    assert refused.text == (
        "protection p: 1 fills in AAPL within 1000 ms, fills_max 1: no quotes are taken; "
        "QuoteCancel(35=Z) with QuoteCancelType(298)=4 resets it"
    )
    assert status(venue, quote(), 0) is QuoteStatus.ACCEPTED

    one = CancelQuotes(MIKE.session, MIKE.firm, "G1", "z1", QuoteCancelType.SECURITIES, EACH, ("AAPL",))
    assert ProtectionReset not in kinds(venue.handle(one))
    events = venue.handle(msgspec.structs.replace(one, quote_cancel_type=QuoteCancelType.ALL_QUOTES))

    assert events[-1] == ProtectionReset("p", "AAPL", "CLIENT3", "QuoteCancel(35=Z), QuoteCancelType(298)=4")
    assert status(venue, quote((1, "99.00")), 0) is QuoteStatus.ACCEPTED


def test_a_cancel_of_all_forgets_nothing_that_was_not_reached() -> None:
    venue = protected(by_fills(2))
    venue.handle(OFFERS)
    venue.handle(buy(1, at="101.00"))

    venue.handle(CancelQuotes(MIKE.session, MIKE.firm, "G1", "z1", QuoteCancelType.ALL_QUOTES, EACH, ()))
    venue.handle(OFFERS)

    assert ProtectionTripped in kinds(venue.handle(buy(1, at="101.00")))


def test_after_its_time_quotes_are_taken_and_counted_anew() -> None:
    venue = protected(by_fills(frozen_s=5))
    venue.handle(OFFERS, S)
    venue.handle(buy(1, at="101.00"), S)

    assert status(venue, quote((1, "99.00")), 6 * S - 1) is QuoteStatus.REJECTED
    assert status(venue, quote((1, "99.00")), 6 * S) is QuoteStatus.ACCEPTED
    assert ProtectionTripped in kinds(venue.handle(sell(1, at="99.00", by=BOB), 6 * S))


def test_the_sessions_of_a_firm_are_counted_and_pulled_together() -> None:
    venue = protected(by_fills(2, maker="firm:GAMMA"))
    venue.handle(quote((10, "99.00")))
    venue.handle(quote((10, "99.00"), by=NINA))

    events = venue.handle(sell(15, at="99.00", by=BOB))

    assert kinds(events) == [OrderAccepted, Trade, Trade, OrderCanceled, ProtectionTripped]
    assert status(venue, quote((1, "98.00")), 0) is QuoteStatus.REJECTED
    assert status(venue, quote((1, "98.00"), by=NINA), 0) is QuoteStatus.REJECTED


def test_orders_of_the_maker_neither_count_nor_are_pulled() -> None:
    venue = protected(by_fills())
    venue.handle(sell(10, at="101.00", by=MIKE))

    assert ProtectionTripped not in kinds(venue.handle(buy(1, at="101.00")))
    venue.handle(quote((10, "99.00")))
    venue.handle(sell(1, at="99.00", by=BOB))

    assert venue.depth("AAPL") == ([], [("101.00", 9)])


@pytest.mark.parametrize(("qty", "is_filled"), [(20, False), (15, True), (10, True)])
def test_a_fill_or_kill_counts_only_what_is_not_pulled_before_it(qty: int, is_filled: bool) -> None:
    """One quote of 10, which pulls the others, and an order of 5 behind it."""
    venue = protected(by_fills())
    venue.handle(OFFERS)
    venue.handle(sell(5, at="101.00", by=BOB))

    events = venue.handle(buy(qty, at="102.00", time_in_force=FOK))

    assert (Trade in kinds(events)) is is_filled
    left = [event for event in events if isinstance(event, OrderCanceled) and event.order.session == ALICE.session]
    assert bool(left) is not is_filled


def test_so_does_a_minimum_quantity() -> None:
    venue = protected(by_fills())
    venue.handle(OFFERS)
    at_least = Instructions(min_qty=Qty(11))

    events = venue.handle(buy(20, at="102.00", time_in_force=IOC, instructions=at_least))

    assert kinds(events) == [OrderAccepted, OrderCanceled]


def test_an_operator_changes_and_resets() -> None:
    venue = protected(by_fills())
    venue.handle(OFFERS)
    lifted = (LimitChange("fills_max", None), LimitChange("qty_max", Decimal(3)))
    (changed,) = venue.handle(SetProtection(*BY, "p", lifted))
    assert isinstance(changed, ProtectionSet)
    assert (changed.protection.fills_max, changed.protection.qty_max) == (None, Decimal(3))
    assert ProtectionTripped not in kinds(venue.handle(buy(2, at="101.00")))
    assert ProtectionTripped in kinds(venue.handle(buy(1, at="101.00")))

    assert venue.handle(ResetProtection(*BY, "p", "AAPL")) == [ProtectionReset("p", "AAPL", *BY)]
    assert status(venue, quote((1, "99.00")), 0) is QuoteStatus.ACCEPTED


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (ResetProtection(*BY, "q"), "there is no market maker protection q; there are: p"),
        (ResetProtection(*BY, "p", "NONE"), "there is no instrument NONE"),
        (SetProtection(*BY, "p", ()), "no value was named"),
        (SetProtection(*BY, "p", (LimitChange("window_ms", None),)), "window_ms cannot be none; write a number"),
        (SetProtection(*BY, "p", (LimitChange("qty_max", Decimal(0)),)), "qty_max must be a number above zero"),
        (
            SetProtection(*BY, "p", (LimitChange("fills_max", Decimal("1.5")),)),
            "fills_max must be a whole number, 1000000000 at most",
        ),
        (
            SetProtection(*BY, "p", (LimitChange("depth", Decimal(1)),)),
            "market maker protection has no depth; it has fills_max, qty_max, delta_max, window_ms, frozen_s",
        ),
    ],
)
def test_what_an_operator_cannot_have_is_refused(command: SetProtection | ResetProtection, text: str) -> None:
    assert protected(by_fills()).handle(command) == [OperatorRefused("olivia", text)]


def test_what_an_operator_has_set_holds_until_the_files_say_another_thing() -> None:
    venue = protected(by_fills())
    venue.handle(SetProtection(*BY, "p", (LimitChange("fills_max", Decimal(7)),)))
    protections = venue.core.exchange.market.protections

    venue.handle(configuration(participants=(ALICE, BOB, MIKE, NINA), protections=[by_fills()]))
    assert protections.in_force["p"].fills_max == 7
    assert protections.set_by_operators() == ("p",)
    venue.handle(configuration(participants=(ALICE, BOB, MIKE, NINA), protections=[by_fills(3)]))
    assert protections.in_force["p"].fills_max == 3


def test_a_restored_venue_has_counted_the_same() -> None:
    venue = protected(by_fills(2), msgspec.structs.replace(by_fills(1, maker="firm:GAMMA", frozen_s=9), name="f"))
    venue.handle(OFFERS, S)
    venue.handle(buy(1, at="101.00"), S)
    venue.handle(SetProtection(*BY, "p", (LimitChange("qty_max", Decimal("1.5")),)), S)
    taken = msgspec.msgpack.encode(venue.core.state())

    again = Core()
    again.restore(msgspec.msgpack.decode(taken, type=CoreState))

    assert msgspec.msgpack.encode(again.state()) == taken
    for time_ns in (2 * S, 10 * S):
        for command in (quote((5, "99.00")), sell(1, at="99.00", by=BOB), ResetProtection(*BY, "f")):
            assert again.decide(command, time_ns) == tuple(venue.handle(command, time_ns))
    assert msgspec.msgpack.encode(again.state()) == msgspec.msgpack.encode(venue.core.state())


def test_a_mass_quote_that_trips_its_protection_leaves_nothing_behind() -> None:
    venue = protected(by_fills(symbols=("AAPL", "MSFT")))
    venue.handle(sell(5, at="99.00", by=BOB))
    entries = entry((10, "99.00"), (10, "101.00"), name="e1"), entry((10, "49.00"), (10, "51.00"), symbol="MSFT")

    events = venue.handle(MassQuote(MIKE.session, MIKE.firm, "G1", "m1", EACH, entries))

    assert sum(isinstance(event, OrderCanceled) for event in events) == 4
    assert venue.live_orders() == []
