"""What a halt or a suspension cancels, and what follows from that elsewhere."""

from fixgw.spec.commands import HaltInstrument, NewOrder, NewOrderList, ResumeInstrument, SuspendInstrument
from fixgw.spec.events import Event, InstrumentHalted, InstrumentSuspended, OrderCanceled, OrderTriggered, Trade
from fixgw.spec.instructions import Instructions
from fixgw.spec.values import ContingencyType, ExecRestatementReason, OrdType, TriggerPriceType
from tests.engine.test_lists import list_of
from tests.orders import AAPL, BOB, CAROL, buy, sell, venue_with

K = Instructions(exec_inst="K")
BY = ("olivia", "news")


def kinds(events: list[Event]) -> list[type]:
    return [type(event) for event in events]


def test_a_suspension_cancels_what_asks_for_it_on_a_halt() -> None:
    others = buy(10, at="99.00", instructions=Instructions(exec_inst="J"))
    venue = venue_with(buy(10, at="100.00", instructions=K), others)

    suspended, canceled, _ = venue.handle(SuspendInstrument(*BY, "AAPL"))

    assert isinstance(suspended, InstrumentSuspended)
    assert isinstance(canceled, OrderCanceled)
    assert canceled.exec_restatement_reason is ExecRestatementReason.CANCEL_ON_TRADING_HALT
    assert canceled.text == "AAPL is suspended: news"
    assert venue.depth("AAPL").bids == [("99.00", 10)]


def test_what_a_halt_withdraws_elsewhere_sets_triggers_off_there_at_once_and_none_where_it_halts() -> None:
    """One order of a list is canceled by the halt of its instrument, and so is the other one, in MSFT."""
    venue = venue_with(
        sell(10, at="51.00", symbol="MSFT", by=CAROL),
        sell(10, at="101.00", by=CAROL),
        _one_cancels_the_other(),
        _stop("MSFT", "51.00"),
        _stop("AAPL", "101.00"),
    )

    events = venue.handle(HaltInstrument(*BY, "AAPL"))

    assert isinstance(events[0], InstrumentHalted)
    assert [event.order.symbol for event in events if isinstance(event, OrderTriggered)] == ["MSFT"]
    assert [(event.symbol, event.last_px) for event in events if isinstance(event, Trade)] == [("MSFT", 51_00)]
    later = venue.handle(ResumeInstrument(*BY, "AAPL"))
    assert OrderTriggered not in kinds(later)


def _one_cancels_the_other() -> NewOrderList:
    orders = sell(10, at="100.00", instructions=K), sell(10, at="50.00", symbol="MSFT")
    return list_of(*orders, kind=ContingencyType.ONE_CANCELS_THE_OTHER)


def _stop(symbol: str, stop_px: str) -> NewOrder:
    """A stop that waits for the best offer to be there; both instruments have the same tick."""
    source = TriggerPriceType.BEST_OFFER
    instructions = Instructions(stop_px=AAPL.parse_price(stop_px), trigger_price_type=source)
    return buy(5, symbol=symbol, by=BOB, ord_type=OrdType.STOP, instructions=instructions)
