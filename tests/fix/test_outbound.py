"""What happened as FIX text: each message whole, and valid by the stock FIX 4.4 dictionary."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.fix.outbound import Encoder, Report, TimeText, business_reject
from fixgw.spec.commands import CancelQuotes, ConfigureVenue, OrderCommand
from fixgw.spec.events import (
    AffectedOrder,
    CancelRejected,
    Event,
    Fill,
    MassCanceled,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderReplaced,
    OrderStated,
    Trade,
    VenueConfigured,
)
from fixgw.spec.inquiries import Answer, MassStatusAnswer, MassStatusInquiry, OrderStatusAnswer, OrderStatusInquiry
from fixgw.spec.instrument import UNLISTED
from fixgw.spec.values import (
    CxlRejReason,
    CxlRejResponseTo,
    MassCancelRejectReason,
    MassCancelRequestType,
    MassStatusReqType,
    OrdRejReason,
    OrdStatus,
    OrdType,
    Price,
    Qty,
    Side,
)
from tests.engine.histories import BYTES_A_COMMAND, commands
from tests.orders import BOB, IOC, Venue, buy, sell, state_of
from tests.stock_dictionary import check

TIME_NS = 1_767_355_200_123_456_789  # 2026-01-02 12:00:00.123456789 UTC
TIME = "60=20260102-12:00:00.123"

ORDER = buy(100, at="100.30", cl_ord_id="a1")
STATE = state_of(ORDER, "7")
TERMS = "1=A1|11=a1|55=AAPL|54=1|38=100|40=2|44=100.30|59=0"


class Told(NamedTuple):
    """A message to ``session``; its fields in any order, since QuickFIX puts them in one as it sends."""

    session: str
    msg_type: str
    fields: list[str]


def message(session: str, msg_type: str, body: str) -> Told:
    """``body`` is written with ``|`` for SOH."""
    return Told(session, msg_type, sorted(body.split("|")))


def checked(reports: Iterable[Report]) -> list[Told]:
    """Return the reports having asked the stock dictionary about each."""
    found = []
    for report in reports:
        inner = f"35={report.msg_type}|34=2|49=FIXGW|52=20260102-12:00:00.123|56={report.session}|".replace("|", "\x01")
        inner += report.body
        framed = f"8=FIX.4.4\x019={len(inner)}\x01{inner}"
        check(f"{framed}10={sum(framed.encode()) % 256:03}\x01")
        assert report.body.endswith("\x01")
        found.append(message(report.session, report.msg_type, report.body[:-1].replace("\x01", "|")))
    return found


def told(event: Event) -> list[Told]:
    return checked(Encoder().reports(event, TIME_NS))


def answered(answer: Answer) -> list[Told]:
    return checked(Encoder().answers(answer, TIME_NS))


def test_accepted() -> None:
    assert told(OrderAccepted("5.0", STATE)) == [
        message("CLIENT1", "8", f"37=7|17=5.0|150=0|39=0|{TERMS}|151=100|14=0|6=0|{TIME}")
    ]


def test_a_market_order_has_no_price() -> None:
    order = sell("0.5", symbol="BTC-USD", by=BOB, cl_ord_id="b1", time_in_force=IOC)

    assert told(OrderAccepted("5.0", state_of(order, "8"))) == [
        message(
            "CLIENT2",
            "8",
            "37=8|17=5.0|150=0|39=0|1=B1|11=b1|55=BTC-USD|54=2|38=0.5000|40=1|59=3|151=0.5000|14=0.0000|6=0|" + TIME,
        )
    ]


def test_numbers_have_the_decimals_that_the_order_was_made_with() -> None:
    """Whatever the list of instruments is by now."""
    order = state_of(ORDER, "7", cum_qty=40, cum_notional=40 * 10_025)
    order = msgspec.structs.replace(order, price_scale=4, qty_scale=1)

    (report,) = told(OrderAccepted("5.0", order))
    (_, fill) = told(Trade("AAPL", Price(10_025), Qty(40), Fill("5.2", order), Fill("5.1", STATE)))

    assert {"38=10.0", "44=1.0030", "14=4.0", "151=6.0", "6=1.0025"} <= set(report.fields)
    assert {"31=1.0025", "32=4.0"} <= set(fill.fields)


def test_a_trade_is_told_to_both_sides_the_resting_first() -> None:
    """E4, E31: 150=F with LastPx(31) and LastQty(32), each side with its own ids."""
    resting = sell(40, at="100.25", by=BOB, cl_ord_id="b1")
    filled = state_of(resting, "6", ord_status=OrdStatus.FILLED, cum_qty=40, cum_notional=40 * 10_025)
    partly = state_of(ORDER, "7", ord_status=OrdStatus.PARTIALLY_FILLED, cum_qty=40, cum_notional=40 * 10_025)

    assert told(Trade("AAPL", Price(10_025), Qty(40), Fill("5.2", partly), Fill("5.1", filled))) == [
        message(
            "CLIENT2",
            "8",
            "37=6|17=5.1|150=F|39=2|1=B1|11=b1|55=AAPL|54=2|38=40|40=2|44=100.25|59=0|151=0|14=40|6=100.25|"
            f"{TIME}|31=100.25|32=40",
        ),
        message("CLIENT1", "8", f"37=7|17=5.2|150=F|39=1|{TERMS}|151=60|14=40|6=100.25|{TIME}|31=100.25|32=40"),
    ]


CANCELED = state_of(ORDER, "7", ord_status=OrdStatus.CANCELED, leaves_qty=0)


def test_canceled_on_request_names_the_order_canceled() -> None:
    event = OrderCanceled("5.0", msgspec.structs.replace(CANCELED, cl_ord_id="x1"), Qty(100), True, "a1", None)

    terms = TERMS.replace("11=a1", "11=x1")
    assert told(event) == [message("CLIENT1", "8", f"37=7|17=5.0|150=4|39=4|{terms}|151=0|14=0|6=0|{TIME}|41=a1")]


def test_canceled_without_a_request_says_why() -> None:
    """E29: no 41."""
    event = OrderCanceled("5.0", CANCELED, Qty(100), False, None, "TimeInForce(59)=3: the rest")

    assert told(event) == [
        message("CLIENT1", "8", f"37=7|17=5.0|150=4|39=4|{TERMS}|151=0|14=0|6=0|{TIME}|58=TimeInForce(59)=3: the rest")
    ]


def test_replaced() -> None:
    event = OrderReplaced("5.0", msgspec.structs.replace(STATE, cl_ord_id="a2"), "a1", Price(10_000), Qty(50), False)

    terms = TERMS.replace("11=a1", "11=a2")
    assert told(event) == [message("CLIENT1", "8", f"37=7|17=5.0|150=5|39=0|{terms}|151=100|14=0|6=0|{TIME}|41=a1")]


def test_rejected() -> None:
    """E32."""
    state = state_of(ORDER, "7", ord_status=OrdStatus.REJECTED, leaves_qty=0)

    assert told(OrderRejected("5.0", state, OrdRejReason.ORDER_EXCEEDS_LIMIT, "OrderQty(38) 100 exceeds")) == [
        message(
            "CLIENT1",
            "8",
            f"37=7|17=5.0|150=8|39=8|{TERMS}|151=0|14=0|6=0|{TIME}|103=3|58=OrderQty(38) 100 exceeds",
        )
    ]


def test_rejected_without_a_quantity_that_could_be_read() -> None:
    state = state_of(ORDER, "7", ord_status=OrdStatus.REJECTED, order_qty=0, leaves_qty=0)

    (report,) = told(OrderRejected("5.0", msgspec.structs.replace(state, price=None), OrdRejReason.OTHER, "x"))

    body = f"37=7|17=5.0|150=8|39=8|1=A1|11=a1|55=AAPL|54=1|40=2|59=0|151=0|14=0|6=0|{TIME}|103=99|58=x"
    assert report == message("CLIENT1", "8", body)


def test_rejected_for_an_unknown_symbol_has_the_decimals_it_came_with() -> None:
    order = msgspec.structs.replace(ORDER, symbol="NONE", price=UNLISTED.parse_price("100.25000"))
    order_qty = UNLISTED.parse_qty("1.50")
    state = state_of(order, "7", ord_status=OrdStatus.REJECTED, order_qty=order_qty, leaves_qty=0)

    (report,) = told(OrderRejected("5.0", state, OrdRejReason.UNKNOWN_SYMBOL, "x"))

    assert "38=1.5" in report.fields
    assert "44=100.25" in report.fields


def test_stated() -> None:
    """E19."""
    assert told(OrderStated("5.0", STATE, "PossResend(97)=Y: seen")) == [
        message("CLIENT1", "8", f"37=7|17=5.0|150=I|39=0|{TERMS}|151=100|14=0|6=0|{TIME}|58=PossResend(97)=Y: seen")
    ]


def test_cancel_rejected() -> None:
    event = CancelRejected(
        "CLIENT1", "ALPHA", "A1", "7", "x1", "a1", OrdStatus.FILLED, CxlRejResponseTo.ORDER_CANCEL_REPLACE_REQUEST,
        CxlRejReason.TOO_LATE_TO_CANCEL, "order 7 is filled: too late",
    )  # fmt: skip

    assert told(event) == [
        message("CLIENT1", "9", f"37=7|1=A1|11=x1|41=a1|39=2|434=2|102=0|58=order 7 is filled: too late|{TIME}")
    ]


def test_cancel_rejected_for_an_unknown_order() -> None:
    """E8."""
    event = CancelRejected(
        "CLIENT1", "ALPHA", None, "NONE", "x1", "a1", OrdStatus.REJECTED, CxlRejResponseTo.ORDER_CANCEL_REQUEST,
        CxlRejReason.UNKNOWN_ORDER, "unknown",
    )  # fmt: skip

    assert told(event) == [message("CLIENT1", "9", f"37=NONE|11=x1|41=a1|39=8|434=1|102=1|58=unknown|{TIME}")]


def mass_canceled(
    *affected: AffectedOrder,
    request_type: MassCancelRequestType = MassCancelRequestType.ALL_ORDERS,
    symbol: str | None = None,
    side: Side | None = None,
    reason: MassCancelRejectReason | None = None,
    text: str | None = None,
) -> MassCanceled:
    return MassCanceled("CLIENT1", "ALPHA", "m1", "5.2", request_type, symbol, side, affected, reason, text)


def test_mass_canceled() -> None:
    """E24."""
    event = mass_canceled(
        AffectedOrder("a1", "7"),
        AffectedOrder("a2", "9"),
        request_type=MassCancelRequestType.SECURITY,
        symbol="AAPL",
        side=Side.SELL,
    )

    affected = "534=2|41=a1|535=7|41=a2|535=9"
    assert told(event) == [
        message("CLIENT1", "r", f"37=5.2|11=m1|530=1|531=1|533=2|{affected}|55=AAPL|54=2|{TIME}"),
    ]
    # Inside the group the order counts: each order begins with its OrigClOrdID(41).
    (report,) = Encoder().reports(event, TIME_NS)
    assert affected.replace("|", "\x01") in report.body


@pytest.mark.parametrize(("orders", "names"), [(500, 500), (501, 0)])
def test_a_mass_cancel_of_very_many_counts_them_and_does_not_name_them(orders: int, names: int) -> None:
    (report,) = told(mass_canceled(*(AffectedOrder(f"a{number}", str(number)) for number in range(orders))))

    assert f"533={orders}" in report.fields
    assert sum(field.startswith("535=") for field in report.fields) == names
    assert any(field.startswith("534=") for field in report.fields) == bool(names)


def test_mass_canceled_nothing() -> None:
    assert told(mass_canceled()) == [message("CLIENT1", "r", f"37=5.2|11=m1|530=7|531=7|533=0|{TIME}")]


def test_mass_cancel_refused() -> None:
    event = mass_canceled(
        request_type=MassCancelRequestType.PRODUCT,
        reason=MassCancelRejectReason.MASS_CANCEL_NOT_SUPPORTED,
        text="not supported",
    )

    assert told(event) == [message("CLIENT1", "r", f"37=5.2|11=m1|530=3|531=0|532=0|533=0|{TIME}|58=not supported")]


def test_a_configuration_is_nobodys_report() -> None:
    assert told(VenueConfigured()) == []


# Answers.

STATUS = OrderStatusInquiry("CLIENT1", "ALPHA", "a1", None, "s1", "AAPL", Side.BUY)
MASS_STATUS = MassStatusInquiry("CLIENT1", "ALPHA", "m1", MassStatusReqType.ALL_ORDERS, None, None)


def test_status_of_an_order() -> None:
    """E22: 150=I and 17=0, 790 echoed."""
    partly = state_of(ORDER, "7", ord_status=OrdStatus.PARTIALLY_FILLED, cum_qty=3, cum_notional=30_000)
    body = f"37=7|17=0|150=I|39=1|{TERMS}|151=97|14=3|6=100.00|{TIME}"

    assert answered(OrderStatusAnswer(STATUS, partly)) == [message("CLIENT1", "8", f"{body}|790=s1")]
    silent = msgspec.structs.replace(STATUS, ord_status_req_id=None)
    assert answered(OrderStatusAnswer(silent, partly)) == [message("CLIENT1", "8", body)]


def test_status_of_no_order() -> None:
    nothing = "151=0|14=0|6=0"
    assert answered(OrderStatusAnswer(STATUS, None)) == [
        message(
            "CLIENT1",
            "8",
            "17=0|150=I|39=8|103=5|37=NONE|11=a1|55=AAPL|54=1|790=s1|58=no such order of this session|"
            f"{nothing}|{TIME}",
        )
    ]
    (report,) = answered(OrderStatusAnswer(msgspec.structs.replace(STATUS, order_id="99"), None))
    assert "37=99" in report.fields


def test_mass_status_counts_its_reports_and_marks_the_last() -> None:
    """E23: 911 on each, 912=Y on the very last, also over slices."""
    body = f"17=0|150=I|39=0|{TERMS}|151=100|14=0|6=0|{TIME}|584=m1|911=3"
    second, third = (msgspec.structs.replace(STATE, order_id=order_id) for order_id in ("8", "9"))

    assert answered(MassStatusAnswer(MASS_STATUS, (STATE, second), 3, False, None, None)) == [
        message("CLIENT1", "8", f"37=7|{body}"),
        message("CLIENT1", "8", f"37=8|{body}"),
    ]
    assert answered(MassStatusAnswer(MASS_STATUS, (third,), 3, True, None, None)) == [
        message("CLIENT1", "8", f"37=9|{body}|912=Y")
    ]


def test_mass_status_of_nothing() -> None:
    nothing = "151=0|14=0|6=0"
    assert answered(MassStatusAnswer(MASS_STATUS, (), 0, True, OrdRejReason.UNKNOWN_ORDER, "no open orders")) == [
        message(
            "CLIENT1",
            "8",
            f"17=0|150=I|39=8|103=5|37=NONE|55=[N/A]|54=7|584=m1|911=0|912=Y|58=no open orders|{nothing}|{TIME}",
        )
    ]
    narrowed = msgspec.structs.replace(MASS_STATUS, symbol="NONE", side=Side.SELL)
    (report,) = answered(MassStatusAnswer(narrowed, (), 0, True, OrdRejReason.UNKNOWN_SYMBOL, None))
    body = f"17=0|150=I|39=8|103=1|37=NONE|55=NONE|54=2|584=m1|911=0|912=Y|{nothing}|{TIME}"
    assert report == message("CLIENT1", "8", body)


def test_a_business_reject() -> None:
    assert checked([business_reject("CLIENT1", "12", "D", "4", "too many requests")]) == [
        message("CLIENT1", "j", "45=12|372=D|380=4|58=too many requests")
    ]


# Numbers and times.


def avg_px(cum_qty: int, cum_notional: int, symbol: str = "AAPL") -> str:
    order = state_of(buy(100, at="1", symbol=symbol), cum_qty=cum_qty, cum_notional=cum_notional)
    (report,) = told(OrderAccepted("5.0", order))
    return next(field[2:] for field in report.fields if field.startswith("6="))


@pytest.mark.parametrize(
    ("cum_qty", "cum_notional", "text"),
    [
        (0, 0, "0"),
        (40, 40 * 10_025, "100.25"),
        (2, 10_025 + 10_026, "100.255000"),
        (3, 10_000 + 10_000 + 10_001, "100.003333"),
        (3, 10_000 + 10_001 + 10_001, "100.006667"),
        (32, 32 * 10_000 + 1, "100.000313"),
        (4, -3, "-0.007500"),
        (3, -2, "-0.006667"),
        (10**9, 10**9 * 9_223_372_036, "92233720.36"),
    ],
)
def test_avg_px_is_exact_where_it_can_be_and_else_rounded(cum_qty: int, cum_notional: int, text: str) -> None:
    """E2: four decimals more than a price has, half away from zero."""
    assert avg_px(cum_qty, cum_notional) == text


def test_avg_px_does_not_depend_on_the_scale_of_quantities() -> None:
    assert avg_px(5_000, 5_000 * 6_400_001, "BTC-USD") == "64000.01"
    assert avg_px(3, 2 * 6_400_001 + 6_400_000, "BTC-USD") == "64000.006667"


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "19700101-00:00:00.000"),
        (TIME_NS, "20260102-12:00:00.123"),
        (TIME_NS + 876_543_210, "20260102-12:00:00.999"),
        (TIME_NS + 876_543_211, "20260102-12:00:01.000"),
        (1_709_251_199_999_999_999, "20240229-23:59:59.999"),
    ],
)
def test_transact_time_is_in_milliseconds_never_rounded_up(time_ns: int, text: str) -> None:
    """E39."""
    encoder = Encoder()
    for each in (TIME_NS, time_ns):
        (report,) = encoder.reports(OrderAccepted("5.0", STATE), each)

    assert f"\x0160={text}\x01" in report.body


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("ord_type", list(OrdType))
def test_every_side_and_order_type_that_is_echoed_is_stock(side: Side, ord_type: OrdType) -> None:
    state = msgspec.structs.replace(CANCELED, side=side, ord_type=ord_type, ord_status=OrdStatus.REJECTED)

    assert len(told(OrderRejected("5.0", state, OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, "x"))) == 1


@given(script=st.lists(st.binary(min_size=BYTES_A_COMMAND, max_size=BYTES_A_COMMAND), max_size=30))
def test_whatever_happens_is_told_in_stock_fix_to_whom_it_concerns(script: list[bytes]) -> None:
    encoder, venue = Encoder(), None
    for command in commands(script):
        if venue is None:
            assert isinstance(command, ConfigureVenue)
            venue = Venue(command)
            continue
        reports = [report for event in venue.decide(command) for report in checked(encoder.reports(event, TIME_NS))]
        if isinstance(command, OrderCommand) and not isinstance(command, CancelQuotes):
            assert command.session in [session for session, _, _ in reports]


def test_times_are_cut_to_milliseconds_in_whatever_order_they_come() -> None:
    time = TimeText()

    texts = [time.of(TIME_NS + later_ns) for later_ns in (0, 876_543_210, 876_543_211, -123_456_789, -123_456_790, 0)]

    assert [text.removeprefix("20260102-") for text in texts] == [
        "12:00:00.123",
        "12:00:00.999",
        "12:00:01.000",
        "12:00:00.000",
        "11:59:59.999",
        "12:00:00.123",
    ]
