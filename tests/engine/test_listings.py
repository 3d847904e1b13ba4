"""Instruments at run time: what operators list, change and take away, and what the files say of it later."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.core import Core, CoreState
from fixgw.engine.reconfiguration import conflicts
from fixgw.spec.commands import (
    AddInstrument,
    ChangeInstrument,
    Command,
    ContinueSweep,
    DelistInstrument,
    HaltInstrument,
    ResumeInstrument,
    SetPhase,
    SuspendInstrument,
)
from fixgw.spec.events import (
    InstrumentAdded,
    InstrumentChanged,
    InstrumentDelisted,
    InstrumentHalted,
    InstrumentResumed,
    InstrumentSuspended,
    OperatorRefused,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrdersSwept,
    OrderTriggered,
    Trade,
)
from fixgw.spec.instructions import Instructions
from fixgw.spec.instrument import Instrument, TickRange
from fixgw.spec.phase import Phase
from fixgw.spec.terms import Terms, TermsChange, Ticks, changed, instrument_of, read_ticks, terms_of
from fixgw.spec.values import OrdRejReason, OrdType, Price, Qty
from tests.orders import AAPL, BOB, INSTRUMENTS, MSFT, Venue, buy, configuration, sell, venue_with

BY = ("olivia", "a reason")
NOVA = Terms("NOVA", Decimal("0.05"), Decimal(5))


def listed(venue: Venue) -> list[str]:
    return sorted(venue.core.exchange.market.instruments)


def refused(venue: Venue, command: Command) -> str:
    before = venue.core.state().exchange.listed
    (event,) = venue.handle(command)
    assert isinstance(event, OperatorRefused)
    assert venue.core.state().exchange.listed == before
    return event.text


def test_an_added_instrument_trades_from_the_next_order_on() -> None:
    venue = venue_with(AddInstrument(*BY, NOVA))

    (event,) = venue.handle(buy(5, at="1.05", symbol="NOVA"))

    assert isinstance(event, OrderAccepted)
    assert (event.order.price_scale, event.order.qty_scale) == (2, 0)


def test_adding_tells_what_was_added() -> None:
    (event,) = venue_with().handle(AddInstrument(*BY, NOVA))

    bound = Price((2**63 - 1) // 10**9)
    assert event == InstrumentAdded(Instrument("NOVA", 2, 0, Price(5), Qty(5), 1, Qty(10**9), bound), *BY)


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        (terms_of(AAPL), "AAPL is listed already; give it other terms with change"),
        (Terms("X", Decimal("1e-10"), Decimal(1)), "tick: 0.0000000001 has more than 9 decimals; write a larger tick"),
        (Terms("X", Decimal(0), Decimal(1)), "tick: must be above zero, with 18 digits before the point at most"),
        (
            Terms("X", Decimal("0.01"), Decimal("0.1"), price_decimals=1, qty_decimals=0),
            "price_decimals: 1 is too few for tick 0.01; write 2 or more, up to 9; "
            "qty_decimals: 0 is too few for lot 0.1; write 1 or more, up to 9",
        ),
    ],
)
def test_what_cannot_be_added_says_why(terms: Terms, why: str) -> None:
    assert refused(venue_with(), AddInstrument(*BY, terms)) == why


def test_what_was_listed_before_comes_back_with_its_decimals_only() -> None:
    venue = venue_with(DelistInstrument(*BY, "AAPL", False))
    three = Terms("AAPL", Decimal("0.01"), Decimal(1), price_decimals=3)

    text = refused(venue, AddInstrument(*BY, three))
    venue.handle(AddInstrument(*BY, terms_of(AAPL)))

    assert text == "AAPL was listed before, with price_decimals 2 and qty_decimals 0; it keeps them"
    assert "AAPL" in listed(venue)


def test_a_change_holds_from_the_next_order_on_and_leaves_open_ones() -> None:
    venue = venue_with(buy(5, at="1.01"))

    (event,) = venue.handle(ChangeInstrument(*BY, "AAPL", TermsChange(tick=Decimal("0.05"))))
    (rejected,) = venue.handle(buy(5, at="1.01"))

    assert event == InstrumentChanged(msgspec.structs.replace(AAPL, tick_size=Price(5)), *BY)
    assert isinstance(rejected, OrderRejected)
    assert rejected.text == "Price(44) 1.01 is not a multiple of the tick 0.05 of AAPL"
    assert venue.depth("AAPL").bids == [("1.01", 5)]


@pytest.mark.parametrize(
    ("symbol", "change", "why"),
    [
        ("GOOG", TermsChange(lot=Decimal(2)), "there is no instrument GOOG"),
        ("AAPL", TermsChange(lot=Decimal(1)), "AAPL has these terms already"),
        ("AAPL", TermsChange(), "AAPL has these terms already"),
        (
            "AAPL",
            TermsChange(tick=Decimal("0.001")),
            "price_decimals: 2 is too few for tick 0.001; write 3 or more, up to 9",
        ),
        ("AAPL", TermsChange(multiplier=2), "multiplier: AAPL has 1 open orders; cancel them first"),
    ],
)
def test_what_cannot_be_changed_says_why(symbol: str, change: TermsChange, why: str) -> None:
    assert refused(venue_with(buy(5, at="1.01")), ChangeInstrument(*BY, symbol, change)) == why


def test_without_open_orders_the_multiplier_changes_and_exposure_with_it() -> None:
    venue = venue_with(ChangeInstrument(*BY, "AAPL", TermsChange(multiplier=7)))

    venue.handle(buy(5, at="1.00"))

    assert venue.core.gate.exposure.open_notional("A1") == 35 * 10**18


def test_an_instrument_with_open_orders_is_delisted_only_with_them() -> None:
    venue = venue_with(buy(5, at="1.01"))
    text = refused(venue, DelistInstrument(*BY, "AAPL", False))

    delisted, canceled, swept = venue.handle(DelistInstrument(*BY, "AAPL", True))
    (rejected,) = venue.handle(buy(5, at="1.01"))

    assert text == "AAPL has 1 open orders; cancel them first, or have them canceled with it"
    assert delisted == InstrumentDelisted("AAPL", *BY)
    assert isinstance(canceled, OrderCanceled)
    assert canceled.text == "AAPL is delisted: a reason"
    assert swept == OrdersSwept("instrument:AAPL", 1, 0, *BY)
    assert isinstance(rejected, OrderRejected)
    assert rejected.ord_rej_reason is OrdRejReason.UNKNOWN_SYMBOL


def test_while_its_orders_are_being_canceled_it_does_not_come_back() -> None:
    core = Core(sweep_slice_max=1)
    for command in (configuration(), buy(1, at="1"), buy(1, at="1"), DelistInstrument(*BY, "AAPL", True)):
        core.decide(command)

    early = core.decide(AddInstrument(*BY, terms_of(AAPL)))
    assert conflicts(core.exchange, configuration()) == []
    core.decide(ContinueSweep())
    (late,) = core.decide(AddInstrument(*BY, terms_of(AAPL)))

    text = "AAPL has open orders that are being canceled; try again in a moment"
    assert early == (OperatorRefused("olivia", text),)
    assert isinstance(late, InstrumentAdded)


def test_what_waits_is_canceled_with_its_instrument_and_sets_nothing_off() -> None:
    """Neither what is due nor what waits goes to the market between the slices."""
    core = Core(sweep_slice_max=1)
    stop = Instructions(stop_px=Price(10_000))
    waiting = [msgspec.structs.replace(buy(1, at="102"), ord_type=OrdType.STOP_LIMIT, instructions=stop) for _ in "ab"]
    due: list[Command] = [*waiting, buy(1, at="100"), HaltInstrument(*BY, "AAPL")]
    for command in [configuration(), sell(3, at="100", by=BOB), *due]:
        core.decide(command)
    assert core.exchange.market.triggers.due

    events = [*core.decide(DelistInstrument(*BY, "AAPL", True))]
    while core.exchange.sweeps:
        events += core.decide(ContinueSweep())

    assert [type(event) for event in events if isinstance(event, OrderCanceled | Trade | OrderTriggered)] == (
        [OrderCanceled] * len(waiting)
    )


def test_what_comes_back_is_not_in_the_auction_it_left() -> None:
    venue = venue_with(SetPhase(*BY, "AAPL", Phase.OPENING_AUCTION), DelistInstrument(*BY, "AAPL", False))
    venue.handle(AddInstrument(*BY, terms_of(AAPL)))

    assert venue.core.exchange.market.phases.of("AAPL") is Phase.CONTINUOUS


def test_suspended_is_more_than_halted_and_one_resume_ends_either() -> None:
    venue = venue_with()
    assert venue.handle(HaltInstrument(*BY, "AAPL")) == [InstrumentHalted("AAPL", *BY)]
    assert venue.handle(SuspendInstrument(*BY, "AAPL")) == [InstrumentSuspended("AAPL", *BY)]

    (rejected,) = venue.handle(buy(1, at="1"))
    assert isinstance(rejected, OrderRejected)
    assert rejected.text == "AAPL is suspended: a reason"
    assert refused(venue, HaltInstrument(*BY, "AAPL")) == "AAPL is suspended already, by olivia: a reason"

    assert venue.handle(ResumeInstrument(*BY, "AAPL")) == [InstrumentResumed("AAPL", *BY)]
    assert isinstance(venue.handle(buy(1, at="1"))[0], OrderAccepted)


def test_what_comes_back_is_not_halted() -> None:
    venue = venue_with(HaltInstrument(*BY, "AAPL"), DelistInstrument(*BY, "AAPL", False))
    venue.handle(AddInstrument(*BY, terms_of(AAPL)))

    assert isinstance(venue.handle(buy(1, at="1"))[0], OrderAccepted)


def test_what_operators_made_holds_until_the_files_say_another_thing_of_it() -> None:
    """Symbol by symbol: a change of one leaves what was made of the others."""
    venue = venue_with(
        AddInstrument(*BY, NOVA),
        DelistInstrument(*BY, "ESZ6", False),
        ChangeInstrument(*BY, "AAPL", TermsChange(lot=Decimal(5))),
        ChangeInstrument(*BY, "MSFT", TermsChange(lot=Decimal(5))),
    )
    venue.handle(configuration())
    assert listed(venue) == ["AAPL", "BTC-USD", "MSFT", "NOVA", "SPREAD"]

    other = [msgspec.structs.replace(each, lot_size=Qty(9)) if each is MSFT else each for each in INSTRUMENTS]
    venue.handle(configuration(instruments=other))

    assert listed(venue) == ["AAPL", "BTC-USD", "MSFT", "NOVA", "SPREAD"]
    lots = {symbol: venue.core.exchange.market.instruments[symbol].lot_size for symbol in ("AAPL", "MSFT")}
    assert lots == {"AAPL": 5, "MSFT": 9}


def test_a_state_from_before_there_were_such_changes_is_taken() -> None:
    venue = venue_with(buy(1, at="1"))
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(venue.core.state()))
    state[2] = state[2][:7]

    again = Core()
    again.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=CoreState))

    assert again.exchange.market.instruments == venue.core.exchange.market.instruments


@pytest.mark.parametrize(
    ("ticks", "why"),
    [
        (["0.05 from 5", "0.10 from 5"], "ticks: 0.10 from 5: write them by rising prices"),
        (["0.04 from 0.02"], "ticks: 0.04 from 0.02: 0.02 must be a multiple of it and of the tick below, 0.01"),
        (
            ["0.02 from 1", "0.05 from 1.05"],
            "ticks: 0.05 from 1.05: 1.05 must be a multiple of it and of the tick below, 0.02",
        ),
        (["0 from 5"], "ticks: must be above zero, with 18 digits before the point at most"),
        (["0.005 from 5"], "price_decimals: 2 is too few for tick 0.005; write 3 or more, up to 9"),
    ],
)
def test_ranges_of_ticks_that_do_not_meet_are_refused(ticks: list[str], why: str) -> None:
    table = tuple(found for text in ticks if (found := read_ticks(text)) is not None)

    assert refused(venue_with(), ChangeInstrument(*BY, "AAPL", TermsChange(ticks=table))) == why


TABLE = msgspec.structs.replace(
    AAPL,
    tick_table=(TickRange(Price(100), Price(5)), TickRange(Price(500), Price(10))),
    allows_negative_price=True,
)


@pytest.mark.parametrize(
    ("price", "below", "above"),
    [
        (99, 98, 100),
        (100, 99, 105),
        (101, 100, 105),
        (104, 100, 105),
        (500, 495, 510),
        (505, 500, 510),
        (0, -1, 1),
        (1, 0, 2),
        (-1, -2, 0),
        (-99, -100, -98),
        (-100, -105, -99),
        (-500, -510, -495),
    ],
)
def test_the_next_price_is_on_the_tick_of_its_own_range(price: int, below: int, above: int) -> None:
    assert (TABLE.price_below(price), TABLE.price_above(price)) == (below, above)


@given(st.integers(-1_000, 1_000))
def test_neighbours_on_the_tick_are_the_nearest(price: int) -> None:
    near = [each for each in range(price - 20, price + 21) if TABLE.is_on_tick(Price(each))]

    assert TABLE.price_below(price) == max(each for each in near if each < price)
    assert TABLE.price_above(price) == min(each for each in near if each > price)


def test_a_price_is_judged_by_the_tick_of_its_range() -> None:
    table = (Ticks(Decimal("0.05"), Decimal(1)), Ticks(Decimal("0.10"), Decimal(5)))
    venue = venue_with(ChangeInstrument(*BY, "AAPL", TermsChange(ticks=table)))

    def answer(price: str) -> str | None:
        event = venue.handle(buy(1, at=price))[0]
        return event.text if isinstance(event, OrderRejected) else None

    assert [answer(price) for price in ("0.99", "1.00", "4.95", "5.10")] == [None] * 4
    assert answer("1.01") == "Price(44) 1.01 is not a multiple of the tick 0.05 of AAPL from 1.00 on"
    assert answer("5.05") == "Price(44) 5.05 is not a multiple of the tick 0.10 of AAPL from 5.00 on"


@pytest.mark.parametrize("instrument", [*INSTRUMENTS, TABLE])
def test_terms_make_the_instrument_they_were_made_from(instrument: Instrument) -> None:
    assert instrument_of(terms_of(instrument)) == instrument
    assert changed(instrument, TermsChange()) == instrument
