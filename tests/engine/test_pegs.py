"""Pegged orders, OrdType(40)=P with ExecInst(18) R, P, M or L: a price that follows another."""

from decimal import Decimal

import msgspec
import pytest

from fixgw.engine.pegs import PEGS_MAX
from fixgw.spec.commands import (
    BeginDay,
    BustTrade,
    ChangeInstrument,
    ContinueTriggers,
    EndDay,
    HaltInstrument,
    ListEntry,
    NewOrder,
    NewOrderList,
    ResumeInstrument,
    SetPhase,
)
from fixgw.spec.events import (
    CancelRejected,
    Event,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    PhaseChanged,
    Trade,
)
from fixgw.spec.instructions import Instructions
from fixgw.spec.instrument import TickRange
from fixgw.spec.phase import Phase
from fixgw.spec.terms import TermsChange, Ticks
from fixgw.spec.values import (
    ContingencyType,
    ExecRestatementReason,
    OrdRejReason,
    OrdType,
    PegOffsetType,
    Price,
    Qty,
    SelfMatchPrevention,
)
from tests.orders import (
    AAPL,
    BOB,
    CAROL,
    FOK,
    GTC,
    IOC,
    Venue,
    buy,
    cancel,
    configuration,
    limits,
    replace,
    sell,
    venue_with,
)

BOOK = buy(10, at="100.00", by=BOB), sell(10, at="100.10", by=BOB)


def px(text: str) -> Price:
    return AAPL.parse_price(text)


def peg(order: NewOrder, code: str, offset: int = 0, **more: object) -> NewOrder:
    """Return ``order`` as a peg at ``offset`` price units."""
    instructions = msgspec.structs.replace(Instructions(exec_inst=code, peg_offset_value=offset), **more)
    return msgspec.structs.replace(order, ord_type=OrdType.PEGGED, price=None, instructions=instructions)


def kinds(events: list[Event]) -> list[type]:
    return [type(event) for event in events]


def moves(events: list[Event]) -> list[tuple[str, Price | None]]:
    return [(event.order.cl_ord_id, event.order.price) for event in events if isinstance(event, OrderAmended)]


def price_of(venue: Venue, cl_ord_id: str) -> Price | None:
    return next(order.price for order in venue.live_orders() if order.cl_ord_id == cl_ord_id)


@pytest.mark.parametrize(
    ("order", "code", "offset", "price"),
    [
        (buy(5), "R", 0, "100.00"),
        (sell(5), "R", 0, "100.10"),
        (buy(5), "R", -2, "99.98"),
        (sell(5), "R", -2, "100.08"),
        (buy(5), "P", -3, "100.07"),
        (sell(5), "P", 3, "100.03"),
        (buy(5), "M", 0, "100.05"),
        (sell(5), "M", 1, "100.06"),
        (buy(5), "R", 50, "100.09"),
        (sell(5), "M", -50, "100.01"),
    ],
)
def test_the_offset_is_added_and_only_market_pegs_reach_the_other_side(
    order: NewOrder, code: str, offset: int, price: str
) -> None:
    (accepted,) = venue_with(*BOOK).handle(peg(order, code, offset))

    assert isinstance(accepted, OrderAccepted)
    assert accepted.order.price == px(price)


def test_an_offset_may_be_in_ticks_or_basis_points() -> None:
    venue = venue_with(*BOOK)

    venue.handle(peg(buy(5, cl_ord_id="ticks"), "R", -3, peg_offset_type=PegOffsetType.TICKS))
    venue.handle(peg(sell(5, cl_ord_id="points"), "R", 1_000, peg_offset_type=PegOffsetType.BASIS_POINTS))

    assert price_of(venue, "ticks") == px("99.97")
    assert price_of(venue, "points") == px("100.20"), "10 basis points of 100.10, on the passive side of a tick"


def test_half_a_tick_goes_to_the_passive_side() -> None:
    venue = venue_with(buy(10, at="100.00", by=BOB), sell(10, at="100.05", by=BOB))

    venue.handle(peg(buy(5, cl_ord_id="bid"), "M"))
    venue.handle(peg(sell(5, cl_ord_id="offer"), "M"))

    assert (price_of(venue, "bid"), price_of(venue, "offer")) == (px("100.02"), px("100.03"))


def test_a_middle_is_on_the_tick_of_its_range() -> None:
    ticks = msgspec.structs.replace(AAPL, tick_table=(TickRange(px("100.00"), Price(5)),))
    book = buy(10, at="99.97", by=BOB), sell(10, at="100.10", by=BOB)
    venue = venue_with(*book, configured=configuration(instruments=(ticks,)))

    venue.handle(peg(buy(5, cl_ord_id="bid"), "M"))
    venue.handle(peg(sell(5, cl_ord_id="offer"), "M"))

    assert (price_of(venue, "bid"), price_of(venue, "offer")) == (px("100.00"), px("100.05"))


def test_a_move_is_told_and_loses_its_place() -> None:
    venue = venue_with(*BOOK)
    pegged = peg(buy(5, cl_ord_id="peg"), "R")
    venue.handle(pegged)
    better = buy(10, at="100.04", by=BOB)

    accepted, amended = venue.handle(better)

    assert isinstance(accepted, OrderAccepted)
    assert isinstance(amended, OrderAmended)
    assert (amended.exec_restatement_reason, amended.previous_price) == (
        ExecRestatementReason.REPRICING, px("100.00"),
    )  # fmt: skip
    assert (amended.rested, amended.keeps_priority, amended.order.price) == (True, False, px("100.04"))
    assert amended.text == "ExecInst(18) R: follows the best bid"
    first, second = [event for event in venue.handle(sell(12, at="100.04", by=CAROL)) if isinstance(event, Trade)]
    assert (first.resting.order.cl_ord_id, second.resting.order.cl_ord_id) == (better.cl_ord_id, "peg")


def test_pegs_follow_neither_each_other_nor_themselves() -> None:
    venue = venue_with(*BOOK)

    venue.handle(peg(buy(5, cl_ord_id="one"), "R", 1))
    events = venue.handle(peg(buy(5, cl_ord_id="other"), "R", 1))

    assert kinds(events) == [OrderAccepted]
    assert (price_of(venue, "one"), price_of(venue, "other")) == (px("100.01"), px("100.01"))


def test_what_is_hidden_is_not_followed() -> None:
    venue = venue_with(*BOOK, peg(buy(5, cl_ord_id="peg"), "R"))

    assert moves(venue.handle(buy(5, at="100.05", by=BOB, instructions=Instructions(max_floor=Qty(0))))) == []


def test_those_that_move_together_stand_in_the_order_of_their_entry() -> None:
    venue = venue_with(*BOOK, *(peg(buy(5, cl_ord_id=name), "R") for name in ("one", "two")))

    assert moves(venue.handle(buy(1, at="100.03", by=BOB))) == [("one", px("100.03")), ("two", px("100.03"))]
    assert venue.depth("AAPL").bids == [("100.03", 11), ("100.00", 10)]


def test_it_does_not_go_beyond_its_limit() -> None:
    venue = venue_with(*BOOK, peg(buy(5, cl_ord_id="peg"), "R", limit_price=px("100.02")))

    assert moves(venue.handle(better := buy(1, at="100.05", by=BOB))) == [("peg", px("100.02"))]
    assert moves(venue.handle(cancel(better))) == [("peg", px("100.00"))]


def test_without_what_it_follows_it_stays_until_there_is_something_again() -> None:
    venue = venue_with(*BOOK, peg(buy(5, cl_ord_id="peg"), "R"))

    assert moves(venue.handle(cancel(BOOK[0]))) == []
    assert price_of(venue, "peg") == px("100.00")
    assert moves(venue.handle(buy(1, at="99.50", by=BOB))) == [("peg", px("99.50"))]


def test_a_market_peg_takes_the_next_price_when_the_best_is_gone() -> None:
    """One price in a step: what is left follows in the next one."""
    venue = venue_with(*BOOK, sell(10, at="100.20", by=BOB), sell(10, at="100.30", by=BOB))

    events = venue.handle(peg(buy(25, cl_ord_id="peg"), "P"))
    assert kinds(events) == [OrderAccepted, Trade, OrderAmended, Trade]
    assert venue.core.exchange.has_due
    assert kinds(venue.handle(ContinueTriggers())) == [OrderAmended, Trade]

    assert not venue.core.exchange.has_due
    assert venue.depth("AAPL").asks == [("100.30", 5)]


def test_a_market_peg_trades_when_it_moves() -> None:
    venue = venue_with(*BOOK, peg(buy(5, cl_ord_id="peg"), "P", -5))
    venue.handle(replaced := sell(20, at="100.40", by=CAROL))

    events = venue.handle(cancel(BOOK[1]))
    assert moves(events) == [("peg", px("100.35"))]

    hidden = Instructions(max_floor=Qty(0))
    venue.handle(sell(3, at="100.36", by=BOB, instructions=hidden))
    events = venue.handle(replace(replaced, 20, at="100.42"))
    assert kinds(events) == [OrderReplaced, OrderAmended, Trade]
    assert venue.depth("AAPL").bids[0] == ("100.37", 2)


def test_mid_price_pegs_that_meet_trade() -> None:
    venue = venue_with(*BOOK, peg(buy(5, cl_ord_id="bid"), "M"))

    _, trade = venue.handle(peg(sell(5, cl_ord_id="offer"), "M"))

    assert isinstance(trade, Trade)
    assert trade.last_px == px("100.05")


def test_last_sale_follows_trades_and_their_busts() -> None:
    trades = sell(1, at="100.00", by=BOB), buy(1, at="100.00", by=CAROL)
    venue = venue_with(*trades, peg(buy(5, cl_ord_id="peg"), "L", -10))
    assert price_of(venue, "peg") == px("99.90")
    venue.handle(sell(1, at="100.50", by=BOB))

    events = venue.handle(buy(1, at="100.50", by=CAROL))
    assert moves(events) == [("peg", px("100.40"))]

    trade = next(event for event in events if isinstance(event, Trade))
    assert moves(venue.handle(BustTrade("olivia", "a mistake", trade.resting.exec_id))) == [("peg", px("99.90"))]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("R", "ExecInst(18) R has nothing to follow: AAPL has no best bid"),
        ("P", "ExecInst(18) P has nothing to follow: AAPL has no best offer"),
        ("M", "ExecInst(18) M has nothing to follow: AAPL has no best bid and offer"),
        ("L", "ExecInst(18) L has nothing to follow: AAPL has no last trade"),
    ],
)
def test_with_nothing_to_follow_it_is_rejected(code: str, text: str) -> None:
    (rejected,) = venue_with().handle(peg(buy(5), code))

    assert isinstance(rejected, OrderRejected)
    assert (rejected.ord_rej_reason, rejected.text) == (OrdRejReason.OTHER, text)


@pytest.mark.parametrize("time_in_force", [IOC, FOK])
def test_one_that_may_not_rest_is_rejected(time_in_force: object) -> None:
    order = msgspec.structs.replace(peg(buy(5), "R"), time_in_force=time_in_force)

    (rejected,) = venue_with(*BOOK).handle(order)

    assert isinstance(rejected, OrderRejected)
    assert rejected.ord_rej_reason is OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC


def test_one_of_a_list_is_rejected() -> None:
    entries = ListEntry(peg(buy(5), "R")), ListEntry(sell(5, at="101.00"))
    first = entries[0].order

    events = venue_with(*BOOK).handle(
        NewOrderList(first.session, first.firm, "l1", ContingencyType.ONE_CANCELS_THE_OTHER, entries)
    )

    assert isinstance(events[0], OrderRejected)
    assert events[0].text == "ExecInst(18) R is not supported in a list; send it by itself"


def test_an_instrument_has_only_so_many_and_one_that_ends_makes_room() -> None:
    venue = venue_with(*BOOK)
    pegs = [peg(buy(1), "R") for _ in range(PEGS_MAX)]
    for order in pegs:
        venue.decide(order)

    (rejected,) = venue.decide(peg(buy(1), "R"))
    assert isinstance(rejected, OrderRejected)
    assert rejected.text == "there are 500 pegged orders in AAPL; no more are taken"
    assert len(moves(venue.decide(buy(1, at="100.01", by=BOB)))) == PEGS_MAX

    venue.decide(cancel(pegs[0]))
    assert kinds(venue.decide(peg(buy(1), "R"))) == [OrderAccepted]


def test_a_replace_restates_what_it_follows() -> None:
    venue = venue_with(*BOOK)
    order = peg(buy(10, cl_ord_id="peg"), "R", -2)
    venue.handle(order)

    lower = replace(order, 5, instructions=order.instructions)
    (lowered,) = venue.handle(lower)
    assert isinstance(lowered, OrderReplaced)
    assert (lowered.keeps_priority, lowered.order.price) == (True, px("99.98"))

    (changed,) = venue.handle(other := replace(lower, 5, instructions=Instructions(exec_inst="M")))
    assert isinstance(changed, OrderReplaced)
    assert (changed.keeps_priority, changed.order.price) == (False, px("100.05"))

    (refused,) = venue.handle(replace(other, 5, instructions=Instructions(exec_inst="a", peg_offset_value=5)))
    assert isinstance(refused, CancelRejected)


def test_a_replace_without_what_it_follows_stays_where_it_is_within_its_limit() -> None:
    venue = venue_with(*BOOK)
    order = peg(buy(10), "R")
    venue.handle(order)
    venue.handle(cancel(BOOK[0]))

    instructions = Instructions(exec_inst="R", limit_price=px("99.00"))
    (replaced,) = venue.handle(replace(order, 10, instructions=instructions))

    assert isinstance(replaced, OrderReplaced)
    assert replaced.order.price == px("99.00")


def test_it_does_not_move_while_its_instrument_is_halted() -> None:
    venue = venue_with(buy(1, at="99.00", by=BOB), *BOOK, peg(buy(5, cl_ord_id="peg"), "R"))
    venue.handle(HaltInstrument("olivia", "news", "AAPL"))

    assert moves(venue.handle(cancel(BOOK[0]))) == []
    assert not venue.core.exchange.has_due

    venue.handle(ResumeInstrument("olivia", "news", "AAPL"))
    assert venue.core.exchange.has_due
    assert moves(venue.handle(ContinueTriggers())) == [("peg", px("99.00"))]
    assert not venue.core.exchange.has_due


def test_it_takes_part_in_an_auction_at_its_price_and_follows_after_it() -> None:
    venue = venue_with(*BOOK, peg(buy(5, cl_ord_id="peg"), "R"))
    venue.handle(SetPhase("olivia", "a drill", "AAPL", Phase.CLOSING_AUCTION))

    assert moves(venue.handle(buy(3, at="100.04", by=BOB))) == []
    venue.handle(sell(4, at="100.00", by=CAROL))
    events = venue.handle(SetPhase("olivia", "a drill", "AAPL", Phase.CONTINUOUS))

    assert kinds(events) == [Trade, Trade, PhaseChanged]
    venue.handle(buy(3, at="100.04", by=BOB))
    assert price_of(venue, "peg") == px("100.04")


def test_none_is_taken_in_an_auction() -> None:
    venue = venue_with(*BOOK)
    venue.handle(SetPhase("olivia", "a drill", "AAPL", Phase.CLOSING_AUCTION))

    (rejected,) = venue.handle(peg(buy(5), "R"))

    assert isinstance(rejected, OrderRejected)
    assert rejected.text == "OrdType(40) P is not taken while AAPL is in closing-auction; 2 (limit)"


def test_one_that_is_good_till_cancel_follows_on_the_next_day() -> None:
    kept = buy(1, at="100.00", by=BOB, time_in_force=GTC)
    order = msgspec.structs.replace(peg(buy(5, cl_ord_id="peg"), "R"), time_in_force=GTC)
    venue = venue_with(kept, order, buy(1, at="100.05", by=BOB))
    assert price_of(venue, "peg") == px("100.05")

    events = venue.handle(EndDay("olivia", "today", "2026-11-20"))
    assert moves(events) == []
    venue.handle(BeginDay("2026-11-21", restates_gtc=False))

    assert venue.core.exchange.has_due
    assert moves(venue.handle(ContinueTriggers())) == [("peg", px("100.00"))]


def test_it_stays_within_the_static_band() -> None:
    banded = msgspec.structs.replace(AAPL, reference_price=px("100.00"), static_band_ticks=10)
    venue = venue_with(
        buy(1, at="99.95", by=BOB),
        peg(buy(5, cl_ord_id="peg"), "R", -4),
        configured=configuration(instruments=(banded,)),
    )

    (rejected,) = venue.handle(peg(buy(5), "R", -6))
    assert isinstance(rejected, OrderRejected)
    assert rejected.text == "PegOffsetValue(211) leaves no price for ExecInst(18) R"

    venue.handle(lower := buy(1, at="99.93", by=BOB))
    assert moves(venue.handle(cancel(venue_order(venue, "99.95")))) == [], "99.89 is outside the band"
    assert lower.price == px("99.93")


def venue_order(venue: Venue, at: str) -> NewOrder:
    """Return what names the plain order at a price."""
    state = next(order for order in venue.live_orders() if order.price == px(at) and order.instructions is None)
    return buy(1, at=at, by=BOB, cl_ord_id=state.cl_ord_id)


def test_after_a_change_of_the_tick_it_is_on_the_new_one() -> None:
    venue = venue_with(*BOOK, peg(buy(5, cl_ord_id="peg"), "R", -3))

    change = TermsChange(tick=Decimal("0.05"), ticks=(Ticks(Decimal("0.10"), Decimal(200)),))
    events = venue.handle(ChangeInstrument("olivia", "a trial", "AAPL", change))

    assert moves(events) == [("peg", px("99.95"))]


def test_prices_may_be_below_zero() -> None:
    venue = venue_with(buy(5, at="-0.10", symbol="SPREAD", by=BOB), sell(5, at="0.05", symbol="SPREAD", by=BOB))

    venue.handle(peg(buy(5, symbol="SPREAD", cl_ord_id="bid"), "M"))
    venue.handle(peg(sell(5, symbol="SPREAD", cl_ord_id="offer"), "M"))

    assert (price_of(venue, "bid"), price_of(venue, "offer")) == (-3, -2)


def test_an_iceberg_moves_as_it_is() -> None:
    venue = venue_with(*BOOK, peg(buy(10, cl_ord_id="peg"), "R", 1, max_floor=Qty(4)))
    venue.handle(sell(1, at="100.01", by=CAROL))

    (_, amended) = venue.handle(buy(1, at="100.03", by=BOB))

    assert isinstance(amended, OrderAmended)
    assert (amended.order.price, amended.order.leaves_qty, amended.order.hidden_qty) == (px("100.04"), 9, 6)


def test_its_own_orders_give_way_where_it_moves_to() -> None:
    prevents = {"self_match_prevention": SelfMatchPrevention.CANCEL_NEWEST}
    venue = venue_with(
        *BOOK, sell(2, at="100.20", by=BOB), sell(5, at="100.08", instructions=Instructions(max_floor=Qty(0))),
        peg(buy(5, cl_ord_id="peg"), "P", -5, **prevents),
    )  # fmt: skip

    events = venue.handle(cancel(BOOK[1]))

    assert kinds(events) == [OrderCanceled, OrderAmended, OrderCanceled]
    assert isinstance(events[2], OrderCanceled)
    assert events[2].order.cl_ord_id == "peg"


def test_what_a_stop_has_changed_it_follows_in_the_next_step() -> None:
    stop = msgspec.structs.replace(
        sell(1, by=CAROL), ord_type=OrdType.STOP, instructions=Instructions(stop_px=px("100.00"))
    )
    venue = venue_with(buy(2, at="100.00", by=BOB), buy(5, at="99.90", by=BOB), peg(buy(5, cl_ord_id="peg"), "R"), stop)

    assert kinds(venue.handle(sell(1, at="100.00", by=CAROL))) == [OrderAccepted, Trade, OrderTriggered, Trade]
    assert venue.core.exchange.has_due
    assert moves(venue.handle(ContinueTriggers())) == [("peg", px("99.90"))]


def test_its_trade_when_it_moves_sets_off_a_stop() -> None:
    stop = msgspec.structs.replace(
        buy(1, by=CAROL), ord_type=OrdType.STOP, instructions=Instructions(stop_px=px("100.20"))
    )
    venue = venue_with(
        *BOOK, sell(2, at="100.20", by=BOB), sell(1, at="100.25", by=BOB), stop, peg(buy(12, cl_ord_id="peg"), "R", 0)
    )

    events = venue.handle(peg(buy(12, cl_ord_id="market"), "P"))
    assert kinds(events) == [OrderAccepted, Trade, OrderAmended, Trade, OrderTriggered, Trade]
    assert not venue.core.exchange.has_due


def test_one_that_would_trade_outside_the_dynamic_band_is_canceled_like_any_other() -> None:
    banded = msgspec.structs.replace(AAPL, dynamic_band_ticks=5)
    trades = sell(1, at="100.00", by=BOB), buy(1, at="100.00", by=CAROL)
    venue = venue_with(
        *trades,
        sell(1, at="100.04", by=BOB),
        sell(5, at="100.30", by=BOB),
        configured=configuration(instruments=(banded,)),
    )

    events = venue.handle(peg(buy(5, cl_ord_id="peg"), "P"))
    assert kinds(events) == [OrderAccepted, Trade, OrderAmended, OrderCanceled]


def test_one_that_would_trade_outside_the_dynamic_band_begins_a_volatility_auction_where_there_is_one() -> None:
    banded = msgspec.structs.replace(AAPL, dynamic_band_ticks=5, volatility_auction_s=60)
    trades = sell(1, at="100.00", by=BOB), buy(1, at="100.00", by=CAROL)
    venue = venue_with(
        *trades,
        sell(1, at="100.04", by=BOB),
        sell(5, at="100.30", by=BOB),
        configured=configuration(instruments=(banded,)),
    )

    venue.handle(buy(1, at="99.90", by=BOB))
    venue.handle(peg(buy(1, cl_ord_id="stays"), "R", -50))
    events = venue.handle(peg(buy(5, cl_ord_id="peg"), "P"))

    assert kinds(events) == [OrderAccepted, Trade, OrderAmended, PhaseChanged]
    assert price_of(venue, "peg") == px("100.30")
    assert not venue.core.exchange.has_due


def test_exposure_follows_and_a_replace_to_less_is_never_refused_by_a_limit() -> None:
    trades = sell(1, at="100.00", by=BOB), buy(1, at="100.00", by=CAROL)
    venue = venue_with(*trades, *BOOK, configured=configuration(limits(open_notional_max="1100")))
    order = peg(buy(10, cl_ord_id="peg"), "R")
    venue.handle(order)
    assert venue.core.gate.exposure.open_notional("A1") == 1_000 * 10**18

    (rejected,) = venue.handle(peg(buy(2), "R"))
    assert isinstance(rejected, OrderRejected)
    assert rejected.ord_rej_reason is OrdRejReason.ORDER_EXCEEDS_LIMIT

    venue.handle(buy(1, at="100.05", by=CAROL))
    assert venue.core.gate.exposure.open_notional("A1") == 10 * 10_005 * 10**16
    assert kinds(venue.handle(replace(order, 9, instructions=order.instructions))) == [OrderReplaced]


def test_a_limit_off_the_tick_or_outside_the_collar_is_rejected() -> None:
    ticked = msgspec.structs.replace(AAPL, tick_size=Price(5))
    configured = configuration(limits(price_collar_percent="10"), instruments=(ticked,))
    venue = venue_with(*BOOK, configured=configured)

    (off_tick,) = venue.handle(peg(buy(1), "R", limit_price=px("100.01")))
    (far_away,) = venue.handle(peg(buy(1), "R", limit_price=px("120.00")))

    assert isinstance(off_tick, OrderRejected)
    assert isinstance(far_away, OrderRejected)
    assert off_tick.text == "Price(44) 100.01 is not a multiple of the tick 0.05 of AAPL"
    assert far_away.ord_rej_reason is OrdRejReason.ORDER_EXCEEDS_LIMIT
