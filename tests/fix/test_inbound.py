"""Any text gives a request or one of the four rejects; what fits becomes exactly the command it says."""

import gc
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import msgspec
import pytest
import quickfix as fix
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fixgw.fix.fields import ID_LENGTH_MAX, MESSAGE_LENGTH_MAX, REJECTS, SOH, split
from fixgw.fix.inbound import Decoder, Request
from fixgw.spec import tags
from fixgw.spec.commands import CancelOrder, MassCancel, NewOrder, RefuseChange, RefuseOrder, ReplaceOrder
from fixgw.spec.inquiries import MassStatusInquiry, OrderStatusInquiry
from fixgw.spec.instructions import Instructions
from fixgw.spec.participant import Participant
from fixgw.spec.reference import (
    SecurityDefinitionInquiry,
    SecurityListInquiry,
    SecurityStatusInquiry,
    TradingSessionInquiry,
)
from fixgw.spec.values import (
    CxlRejReason,
    CxlRejResponseTo,
    MassCancelRequestType,
    MassStatusReqType,
    OrdRejReason,
    OrdType,
    Price,
    Qty,
    SecurityListRequestType,
    SecurityRequestType,
    SelfMatchPrevention,
    Side,
    SubscriptionRequestType,
    TimeInForce,
)
from tests.orders import BOB, INSTRUMENTS

ALICE = Participant("CLIENT1", "ALPHA", ("A1", "A3"))
NOW_NS = int(datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC).timestamp()) * 1_000_000_000
STALE_ORDER_S = 30

NEW_ORDER = "35=D|11=a1|55=AAPL|54=1|38=100|40=2|44=100.25|59=1|1=A3|60=20260102-12:00:00"
REPLACE = "35=G|11=a2|41=a1|37=7|55=AAPL|54=2|38=50|40=2|44=100.30|60=20260102-12:00:00"
CANCEL = "35=F|11=a3|41=a1|37=7|55=AAPL|54=1|38=100|60=20260102-12:00:00"
MASS_CANCEL = "35=q|11=m1|530=1|55=AAPL|54=1|60=20260102-12:00:00"
STATUS = "35=H|11=a1|37=7|790=s1|55=AAPL|54=1"
MASS_STATUS = "35=AF|584=m1|585=1|55=AAPL|54=2"
LIST = "35=x|320=l1|559=0|55=AAPL|263=1"
DEFINITION = "35=c|320=d1|321=0|55=AAPL"
SECURITY_STATUS = "35=e|324=s1|55=AAPL|263=0"
TRADING_SESSION = "35=g|335=t1|336=1|263=2"
REFERENCE = (LIST, DEFINITION, SECURITY_STATUS, TRADING_SESSION)
ORDER_LIST = "35=E|66=L1|394=3|68=1|73=1|11=a1|67=1|55=AAPL|54=1|38=100|40=2|44=100.25"
LIST_CANCEL = "35=K|66=L1|60=20260102-12:00:00"
LIST_STATUS = "35=M|66=L1"
LISTS = (ORDER_LIST, LIST_CANCEL, LIST_STATUS)
VALID = (NEW_ORDER, REPLACE, CANCEL, MASS_CANCEL, STATUS, MASS_STATUS, *REFERENCE, *LISTS)


def decoder(stale_order_s: int = STALE_ORDER_S) -> Decoder:
    return Decoder((ALICE, BOB), INSTRUMENTS, stale_order_s, lambda: NOW_NS, lambda: "2026-01-02")


def message(body: str, sender: str = "CLIENT1") -> str:
    """Return a whole message; ``body`` is written with ``|`` for SOH and begins with MsgType(35)."""
    msg_type, _, rest = body.partition("|")
    header = f"8=FIX.4.4|9=100|{msg_type}|34=2|49={sender}|52=20260102-12:00:00.000|56=FIXGW"
    return f"{header}|{rest}|10=000|".replace("|", SOH)


def decode(body: str, sender: str = "CLIENT1") -> Request:
    return decoder().decode(message(body, sender))


def without(body: str, tag: int) -> str:
    return "|".join(each for each in body.split("|") if not each.startswith(f"{tag}="))


def changed(body: str, field: str) -> str:
    tag = field.partition("=")[0]
    return f"{without(body, int(tag))}|{field}"


# What fits.


def test_a_new_order() -> None:
    assert decode(NEW_ORDER) == NewOrder(
        session="CLIENT1",
        firm="ALPHA",
        cl_ord_id="a1",
        account="A3",
        symbol="AAPL",
        side=Side.BUY,
        order_qty=Qty(100),
        ord_type=OrdType.LIMIT,
        price=Price(10_025),
        time_in_force=TimeInForce.GOOD_TILL_CANCEL,
        poss_resend=False,
        msg_seq_num=2,
    )


def test_what_a_new_order_may_leave_out() -> None:
    """Account(1) is then the session's first, TimeInForce(59) Day, and a market order has no Price(44)."""
    assert decode("35=D|11=a1|55=BTC-USD|54=2|38=0.0010|40=1", sender="CLIENT2") == NewOrder(
        "CLIENT2", "BETA", "a1", "B1", "BTC-USD", Side.SELL, Qty(10), OrdType.MARKET, None, TimeInForce.DAY, False, 2
    )


def test_poss_resend() -> None:
    order = decode(NEW_ORDER + "|97=Y")
    assert isinstance(order, NewOrder)
    assert order.poss_resend
    assert decode(NEW_ORDER + "|97=N") == decode(NEW_ORDER)


def test_a_replace() -> None:
    assert decode(REPLACE) == ReplaceOrder(
        session="CLIENT1",
        firm="ALPHA",
        cl_ord_id="a2",
        orig_cl_ord_id="a1",
        order_id="7",
        account="A1",
        symbol="AAPL",
        side=Side.SELL,
        order_qty=Qty(50),
        ord_type=OrdType.LIMIT,
        price=Price(10_030),
        time_in_force=TimeInForce.DAY,
        msg_seq_num=2,
    )


def test_a_cancel() -> None:
    assert decode(CANCEL) == CancelOrder("CLIENT1", "ALPHA", "a3", "a1", "7", "AAPL", Side.BUY, 2)
    assert decode(without(CANCEL, 37)) == CancelOrder("CLIENT1", "ALPHA", "a3", "a1", None, "AAPL", Side.BUY, 2)


def test_a_mass_cancel() -> None:
    security, everything = MassCancelRequestType.SECURITY, MassCancelRequestType.ALL_ORDERS
    assert decode(MASS_CANCEL) == MassCancel("CLIENT1", "ALPHA", "m1", security, "AAPL", Side.BUY, 2)
    assert decode("35=q|11=m1|530=7|55=AAPL") == MassCancel("CLIENT1", "ALPHA", "m1", everything, None, None, 2)


def test_an_order_status_request() -> None:
    assert decode(STATUS) == OrderStatusInquiry("CLIENT1", "ALPHA", "a1", "7", "s1", "AAPL", Side.BUY)
    assert decode("35=H|11=a1|55=AAPL|54=1") == OrderStatusInquiry(
        "CLIENT1", "ALPHA", "a1", None, None, "AAPL", Side.BUY
    )


def test_a_mass_status_request() -> None:
    security, everything = MassStatusReqType.SECURITY, MassStatusReqType.ALL_ORDERS
    assert decode(MASS_STATUS) == MassStatusInquiry("CLIENT1", "ALPHA", "m1", security, "AAPL", Side.SELL)
    assert decode("35=AF|584=m1|585=7") == MassStatusInquiry("CLIENT1", "ALPHA", "m1", everything, None, None)


def test_requests_for_reference_data() -> None:
    """Absent, SubscriptionRequestType(263) of lists and definitions asks once."""
    by_symbol, everything = SecurityListRequestType.SYMBOL, SecurityListRequestType.ALL_SECURITIES
    once, subscribe = SubscriptionRequestType.SNAPSHOT, SubscriptionRequestType.SNAPSHOT_AND_UPDATES
    terms, types = SecurityRequestType.IDENTITY_AND_SPECIFICATIONS, SecurityRequestType.LIST_SECURITY_TYPES

    assert decode(LIST) == SecurityListInquiry("CLIENT1", "l1", by_symbol, "AAPL", subscribe, 2)
    assert decode("35=x|320=l1|559=4|55=AAPL") == SecurityListInquiry("CLIENT1", "l1", everything, None, once, 2)
    assert decode(DEFINITION) == SecurityDefinitionInquiry("CLIENT1", "d1", terms, "AAPL", once, 2)
    assert decode("35=c|320=d1|321=2") == SecurityDefinitionInquiry("CLIENT1", "d1", types, None, once, 2)
    assert decode(SECURITY_STATUS) == SecurityStatusInquiry("CLIENT1", "s1", "AAPL", once, 2)
    assert decode(TRADING_SESSION) == TradingSessionInquiry("CLIENT1", "t1", "1", SubscriptionRequestType.DISABLE, 2)
    assert decode("35=g|335=t1|263=0") == TradingSessionInquiry("CLIENT1", "t1", None, once, 2)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("ord_type", [OrdType.LIMIT, OrdType.FUNARI])
def test_values_that_fix_knows_are_read_though_the_venue_may_refuse_them(side: Side, ord_type: OrdType) -> None:
    order = decode(changed(changed(NEW_ORDER, f"54={side.value}"), f"40={ord_type.value}"))

    assert isinstance(order, NewOrder)
    assert (order.side, order.ord_type) == (side, ord_type)


def test_an_order_for_an_unknown_symbol_is_read_for_risk_to_refuse() -> None:
    order = decode(changed(NEW_ORDER, "55=NONE"))

    assert isinstance(order, NewOrder)
    assert (order.symbol, order.order_qty, order.price) == ("NONE", 100 * 10**10, 100_25 * 10**8)


@pytest.mark.parametrize("field", ["38=0.00000000001", "44=1e3", "38=99999999999999"])
def test_of_an_unknown_symbol_the_symbol_is_what_is_wrong(field: str) -> None:
    body = changed(changed(NEW_ORDER, "55=NONE"), field)

    assert refused(body) == (OrdRejReason.UNKNOWN_SYMBOL, "Symbol(55) NONE is not traded here")


# What can be read but not put into numbers, or would change how the order works.


def refused(body: str, stale_order_s: int = STALE_ORDER_S) -> tuple[OrdRejReason, str]:
    order = decoder(stale_order_s).decode(message(body))
    assert isinstance(order, RefuseOrder)
    return order.ord_rej_reason, order.text


def test_a_refused_order_keeps_what_could_be_read() -> None:
    assert decode(changed(NEW_ORDER, "38=0")) == RefuseOrder(
        session="CLIENT1",
        firm="ALPHA",
        cl_ord_id="a1",
        account="A3",
        symbol="AAPL",
        side=Side.BUY,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.GOOD_TILL_CANCEL,
        ord_rej_reason=OrdRejReason.INCORRECT_QUANTITY,
        text="OrderQty(38) 0 is not above zero",
        msg_seq_num=2,
    )


@pytest.mark.parametrize(
    ("field", "reason", "text"),
    [
        ("38=1.5", OrdRejReason.INCORRECT_QUANTITY, "OrderQty(38) 1.5 has more than 0 decimals"),
        ("38=-1", OrdRejReason.INCORRECT_QUANTITY, "OrderQty(38) -1 is not above zero"),
        ("38=1000000001", OrdRejReason.INCORRECT_QUANTITY, "OrderQty(38) 1000000001 is too large"),
        ("38=", OrdRejReason.INCORRECT_QUANTITY, "OrderQty(38)  is not a plain decimal number"),
        (
            f"38={'9' * 5_000}",
            OrdRejReason.INCORRECT_QUANTITY,
            f"OrderQty(38) {'9' * 40}... is longer than 40 characters",
        ),
        ("44=1e3", OrdRejReason.OTHER, "Price(44) 1e3 is not a plain decimal number"),
        ("44=100.255", OrdRejReason.OTHER, "Price(44) 100.255 has more than 2 decimals"),
        ("44=-1", OrdRejReason.OTHER, "Price(44) -1 is not above zero"),
        ("44=0", OrdRejReason.OTHER, "Price(44) 0 is not above zero"),
    ],
)
def test_a_number_that_does_not_fit(field: str, reason: OrdRejReason, text: str) -> None:
    assert refused(changed(NEW_ORDER, field)) == (reason, text)


def test_a_replace_that_does_not_fit() -> None:
    assert decode(changed(REPLACE, "44=100.305")) == RefuseChange(
        session="CLIENT1",
        firm="ALPHA",
        cl_ord_id="a2",
        orig_cl_ord_id="a1",
        cxl_rej_response_to=CxlRejResponseTo.ORDER_CANCEL_REPLACE_REQUEST,
        cxl_rej_reason=CxlRejReason.BROKER_OR_EXCHANGE_OPTION,
        text="Price(44) 100.305 has more than 2 decimals",
        msg_seq_num=2,
    )


UNSUPPORTED = (
    "168=20260102-13:00:00 388=0 389=1 847=1 210=10 "
    "835=0 837=0 838=1 840=1 152=1000 516=10 386=1 423=1 854=1"
)


@pytest.mark.parametrize("field", UNSUPPORTED.split())
def test_a_tag_that_would_change_the_order_is_refused_not_ignored(field: str) -> None:
    tag = int(field.partition("=")[0])
    text = f"{tags.NAMES[tag]}({tag}) is not supported; leave it out"

    assert refused(f"{NEW_ORDER}|{field}") == (OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
    change = decode(f"{REPLACE}|{field}")
    assert isinstance(change, RefuseChange)
    assert change.text == text


def test_of_several_such_tags_the_lowest_is_named() -> None:
    assert refused(f"{NEW_ORDER}|168=1|211=1|18=6")[1] == "EffectiveTime(168) is not supported; leave it out"


@pytest.mark.parametrize(("text", "exec_inst"), [("6", "6"), ("6 A", "6A"), ("A 6", "6A"), ("6 6", "6")])
def test_the_codes_of_exec_inst_stand_in_one_order(text: str, exec_inst: str) -> None:
    order, change = decode(f"{NEW_ORDER}|18={text}"), decode(f"{REPLACE}|18={text}")
    assert isinstance(order, NewOrder)
    assert isinstance(change, ReplaceOrder)
    assert order.instructions == change.instructions == Instructions(exec_inst=exec_inst)


@pytest.mark.parametrize(
    ("fields", "prevention_id", "how"),
    [
        ("7928=desk|8000=N", "desk", SelfMatchPrevention.CANCEL_NEWEST),
        ("2362=desk|2964=2", "desk", SelfMatchPrevention.CANCEL_OLDEST),
        ("2362=desk|7928=desk|2964=1", "desk", SelfMatchPrevention.CANCEL_NEWEST),
        ("8000=O", "", SelfMatchPrevention.CANCEL_OLDEST),
        ("2964=3", "", SelfMatchPrevention.CANCEL_BOTH),
        ("20001=D", "", SelfMatchPrevention.DECREMENT),
        ("7928=desk", "desk", None),
    ],
)
def test_self_match_prevention(fields: str, prevention_id: str, how: SelfMatchPrevention | None) -> None:
    wanted = Instructions(self_match_prevention_id=prevention_id, self_match_prevention=how)
    order = decode(f"{NEW_ORDER}|{fields}")
    assert isinstance(order, NewOrder)
    assert order.instructions == wanted


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ("111=10", (10, None, None, None)),
        ("1138=10", (10, None, None, None)),
        ("111=10|1138=10|1084=1", (10, None, None, None)),
        ("111=0", (0, None, None, None)),
        ("1084=4", (0, None, None, None)),
        ("111=10|1084=2|1088=5", (10, 5, None, None)),
        ("111=10|1088=5", (10, 5, None, None)),
        ("111=10|1084=3|1085=5|1086=8", (10, None, 5, 8)),
        ("111=10|1085=5|1086=8", (10, None, 5, 8)),
    ],
)
def test_what_is_displayed(fields: str, wanted: tuple[int | None, ...]) -> None:
    order = decode(f"{NEW_ORDER}|{fields}")
    assert isinstance(order, NewOrder)
    asked = order.instructions
    assert asked is not None
    assert (asked.max_floor, asked.refresh_qty, asked.display_low_qty, asked.display_high_qty) == wanted


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            "Q",
            "Q is not supported; 6 (post-only), J (reinstated after a trading halt), "
            "K (canceled on a trading halt), A (with 6: refused rather than repriced), a (trailing stop), "
            "R (primary peg), P (market peg), M (mid-price peg), L (last-sale peg), G (all or none)",
        ),
        ("A", "A is not supported without 6 (post-only)"),
    ],
)
def test_a_code_of_exec_inst_that_is_not_acted_upon_is_refused(text: str, what: str) -> None:
    reason = OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC
    assert refused(f"{NEW_ORDER}|18={text}") == (reason, f"ExecInst(18) {what}")


GOOD_TILL_DATE = changed(NEW_ORDER, "59=6")


@pytest.mark.parametrize(
    ("field", "instructions"),
    [
        ("432=20260102", Instructions(expire_date="2026-01-02")),
        ("126=20260102-12:00:00.001", Instructions(expire_time_ns=NOW_NS + 1_000_000)),
        ("126=20260102-12:00:00.001|18=6", Instructions(exec_inst="6", expire_time_ns=NOW_NS + 1_000_000)),
    ],
)
def test_until_when_an_order_is_good(field: str, instructions: Instructions) -> None:
    order = decode(f"{GOOD_TILL_DATE}|{field}")
    assert isinstance(order, NewOrder)
    assert (order.time_in_force, order.instructions) == (TimeInForce.GOOD_TILL_DATE, instructions)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("432=20260101", "ExpireDate(432) 20260101 has passed; the trading day is 2026-01-02"),
        ("126=20260102-12:00:00", "ExpireTime(126) 20260102-12:00:00 has passed; it is 20260102-12:00:00"),
    ],
)
def test_what_is_good_no_longer_is_too_late_to_enter(field: str, text: str) -> None:
    assert refused(f"{GOOD_TILL_DATE}|{field}") == (OrdRejReason.TOO_LATE_TO_ENTER, text)


def test_a_good_till_date_order_must_say_until_when() -> None:
    with pytest.raises(fix.FieldNotFound):
        decode(GOOD_TILL_DATE)


def test_a_tag_that_changes_nothing_is_passed_over() -> None:
    assert decode(f"{NEW_ORDER}|58=hello|21=1|9999=x") == decode(NEW_ORDER)


@pytest.mark.parametrize("number", ["", "-1", "1.5", "x", "1_0", "9" * 19])
def test_a_number_of_the_message_that_is_none_is_a_session_reject(number: str) -> None:
    """QuickFIX lets none through; the journal must hold it."""
    with pytest.raises(fix.IncorrectDataFormat):
        decoder().decode(message(CANCEL).replace(f"{SOH}34=2{SOH}", f"{SOH}34={number}{SOH}"))


# Orders that come late.


def resent(sent: str, body: str = NEW_ORDER) -> str:
    return f"{body}|43=Y|122={sent}"


def test_an_order_sent_again_long_after_is_stale() -> None:
    """E21."""
    text = "OrigSendingTime(122) 20260102-11:59:29.999 is 30 s ago, above stale_order_s 30"
    assert refused(resent("20260102-11:59:29.999")) == (OrdRejReason.STALE_ORDER, text)


@pytest.mark.parametrize(
    "sent",
    [
        "20260102-11:59:30.000",
        "20260102-11:59:30",
        "20260102-11:59:30.000000",
        "20260102-11:59:30.000000000",
        "20260102-12:00:05.000",
    ],
)
def test_an_order_sent_again_in_time_is_an_order(sent: str) -> None:
    assert decode(resent(sent)) == decode(f"{NEW_ORDER}|97=Y")


def test_an_order_sent_again_by_a_resend_may_have_been_received_before() -> None:
    """After a crash a client is asked again for what is in the journal already."""
    late, refused_late = decode(resent("20260102-11:59:59.000")), decode(resent("20250102-11:59:59.000"))

    assert isinstance(late, NewOrder)
    assert isinstance(refused_late, RefuseOrder)
    assert late.poss_resend
    assert refused_late.poss_resend


@pytest.mark.parametrize("sent", ["20260102-11:59:29.999999999", "20260102-11:59:29.9"])
def test_times_are_read_to_the_last_digit(sent: str) -> None:
    assert refused(resent(sent))[0] is OrdRejReason.STALE_ORDER


def test_staleness_can_be_switched_off_and_is_about_orders_sent_again_only() -> None:
    late = "20200102-11:59:29.999"

    assert decoder(0).decode(message(resent(late))) == decode(f"{NEW_ORDER}|97=Y")
    assert decode(f"{NEW_ORDER}|122={late}") == decode(NEW_ORDER)
    assert decode(f"{NEW_ORDER}|43=N|122={late}") == decode(NEW_ORDER)


@pytest.mark.parametrize("body", [REPLACE, CANCEL])
def test_a_change_is_never_stale(body: str) -> None:
    """To cancel late is better than not at all; the engine knows whether the order is still there."""
    assert decode(resent("20200102-11:59:29.999", body)) == decode(body)


@pytest.mark.parametrize("sent", ["yesterday", "20260132-12:00:00", "20260102", "20260102-12:00:00.", "1", ""])
def test_a_time_that_is_none_is_a_reject(sent: str) -> None:
    rejects(resent(sent), fix.IncorrectDataFormat, 122)


@pytest.mark.parametrize("body", VALID)
def test_poss_dup_without_orig_sending_time_is_a_session_reject(body: str) -> None:
    """E20."""
    rejects(f"{body}|43=Y", fix.IncorrectTagValue, 122)


# What is rejected.


def rejects(body: str, reject: type[fix.FIXException], tag: int | None = None) -> None:
    with pytest.raises(reject) as rejected:
        decode(body)
    if tag is not None:
        assert getattr(rejected.value, "field", None) == tag


REQUIRED = {
    NEW_ORDER: (11, 55, 54, 38, 40, 44),
    REPLACE: (11, 41, 55, 54, 38, 40, 44),
    CANCEL: (11, 41, 55, 54),
    MASS_CANCEL: (11, 530, 55),
    STATUS: (11, 55, 54),
    MASS_STATUS: (584, 585, 55),
}


@pytest.mark.parametrize(("body", "tag"), [(body, tag) for body, needed in REQUIRED.items() for tag in needed])
def test_a_missing_tag_is_named(body: str, tag: int) -> None:
    rejects(without(body, tag), fix.FieldNotFound, tag)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (NEW_ORDER, "54=0"),
        (NEW_ORDER, "40=Z"),
        (NEW_ORDER, "59=9"),
        (NEW_ORDER, "54="),
        (NEW_ORDER, "54=11"),
        (MASS_CANCEL, "530=9"),
        (MASS_CANCEL, "54=x"),
        (MASS_STATUS, "585=x"),
        (MASS_STATUS, "54=x"),
        (STATUS, "54=x"),
        (CANCEL, "54=x"),
    ],
)
def test_a_value_that_fix_does_not_know_is_named(body: str, field: str) -> None:
    rejects(changed(body, field), fix.IncorrectTagValue, int(field.partition("=")[0]))


IDENTIFIERS = {
    NEW_ORDER: (11, 55, 1),
    REPLACE: (11, 41, 37, 55),
    CANCEL: (11, 41, 37, 55),
    MASS_CANCEL: (11, 55),
    STATUS: (11, 37, 790, 55),
    MASS_STATUS: (584, 55),
}


@pytest.mark.parametrize(("body", "tag"), [(body, tag) for body, names in IDENTIFIERS.items() for tag in names])
def test_identifiers_have_one_to_64_characters(body: str, tag: int) -> None:
    longest = "x" * ID_LENGTH_MAX
    assert longest in strings_in(decode(changed(body, f"{tag}={longest}")))
    rejects(changed(body, f"{tag}={longest}x"), fix.IncorrectTagValue, tag)
    rejects(changed(body, f"{tag}="), fix.IncorrectTagValue, tag)


def test_other_messages_are_not_for_this_door() -> None:
    for msg_type in ("8", "A", "0", "V", "", "d", "DD"):
        rejects(changed(NEW_ORDER, "58=x").replace("35=D", f"35={msg_type}"), fix.UnsupportedMessageType)


def test_a_sender_that_nobody_knows_is_rejected() -> None:
    with pytest.raises(fix.IncorrectTagValue) as rejected:
        decode(NEW_ORDER, sender="STRANGER")
    assert rejected.value.field == 49


@pytest.mark.parametrize(
    ("field", "tag"),
    [("58=\udcff", 58), ("11=a\u00e9", 11), ("55=AA\tPL", 55), ("58=\x00", 58), ("\u00e9=1", 9), ("x=\x7f", 9)],
)
def test_what_is_not_printable_ascii_is_rejected_wherever_it_stands(field: str, tag: int) -> None:
    rejects(f"{NEW_ORDER}|{field}", fix.IncorrectDataFormat, tag)


def test_64_kilobytes_are_the_most() -> None:
    frame = len(message(f"{NEW_ORDER}|58="))
    longest = message(f"{NEW_ORDER}|58={'x' * (MESSAGE_LENGTH_MAX - frame)}")

    assert len(longest) == MESSAGE_LENGTH_MAX == 65_536
    assert decoder().decode(longest) == decode(NEW_ORDER)
    with pytest.raises(fix.IncorrectTagValue):
        decoder().decode(longest.replace("58=", "58=x"))


@pytest.mark.parametrize("text", ["", SOH, "=", "D", "35", f"35{SOH}", f"{SOH}35=D", f"35=D{SOH}{SOH}49=CLIENT1"])
def test_what_is_not_made_of_fields_is_rejected(text: str) -> None:
    with pytest.raises(REJECTS):
        decoder().decode(text)


def test_of_a_tag_that_repeats_the_last_is_taken() -> None:
    """QuickFIX has refused repeated tags by the dictionary; inside groups nothing is read here."""
    assert decode(f"{NEW_ORDER}|44=101") == decode(changed(NEW_ORDER, "44=101"))


def test_a_value_may_hold_an_equals_sign() -> None:
    order = decode(changed(NEW_ORDER, "11=a=1="))

    assert isinstance(order, NewOrder)
    assert order.cl_ord_id == "a=1="


# Any text.

DECODER = decoder()
SURROGATES = st.binary(max_size=200).map(lambda data: data.decode("utf-8", "surrogateescape"))
VALUES = st.one_of(
    st.sampled_from(["", "1", "2", "Y", "N", "D", "F", "G", "H", "AF", "q", "AAPL", "-", ".", "1e9", "0", "-1", "A1"]),
    st.sampled_from(["20260102-12:00:00", "20260102-12:00:00.1234567890", "00000000-00:00:00", "99991231-23:59:60"]),
    st.text(max_size=10),
    SURROGATES,
    st.sampled_from(["9" * 5_000, "x" * 65, "\udcff", "a\x00", "=", SOH, "\u0661"]),
)
ALL_TAGS = sorted({int(each.partition("=")[0]) for body in VALID for each in body.split("|")} | {43, 97, 122, 18, 49})
TAGS = st.one_of(st.sampled_from(ALL_TAGS).map(str), st.integers().map(str), st.text(max_size=4))
FIELDS = st.builds(lambda tag, value: f"{tag}={value}", TAGS, VALUES)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid message with a few fields replaced, left out, put in, or characters changed."""
    fields = message(draw(st.sampled_from(VALID))).split(SOH)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(fields) - 1))
        match draw(st.sampled_from(["value", "field", "insert", "delete", "character"])):
            case "value":
                fields[at] = f"{fields[at].partition('=')[0]}={draw(VALUES)}"
            case "field":
                fields[at] = draw(FIELDS)
            case "insert":
                fields.insert(at, draw(FIELDS))
            case "delete":
                fields[at] = ""
            case _:
                place = draw(st.integers(0, len(fields[at])))
                fields[at] = fields[at][:place] + draw(st.characters()) + fields[at][place + 1 :]
    return SOH.join(fields)


ANY_TEXT = st.one_of(
    st.text(), SURROGATES, st.lists(FIELDS, max_size=12).map(SOH.join), mutated(), mutated(), mutated()
)


@settings(max_examples=200, deadline=None, print_blob=True)
@given(text=ANY_TEXT)
@example(text=message(NEW_ORDER))
@example(text=message(resent("99991231-23:59:60")))
@example(text=message(resent("00010101-00:00:00")))
def test_any_text_gives_a_request_or_one_of_the_rejects(text: str) -> None:
    read_or_reject(text)


def test_many_messages_with_a_few_bytes_changed() -> None:
    """As test_any_text, without shrinking and a hundred times as many of them."""
    random = Random(0)
    plain = [message(body).encode() for body in (*VALID, resent("20260102-11:59:59"))]
    requests = 0
    for _ in range(20_000):
        text = bytearray(random.choice(plain))
        for _ in range(random.choice((1, 1, 1, 2, 5, 20))):
            at = random.randrange(len(text))
            text[at : at + random.choice((0, 1, 1, 1, 3))] = random.choice(
                (b"\x01", b"=", b"\xff", random.randbytes(1))
            )
        requests += read_or_reject(text.decode("utf-8", "surrogateescape"))
    assert requests > 2_000


def test_neither_requests_nor_rejects_need_the_cycle_collector() -> None:
    """The venue runs with it off; exceptions are what makes cycles most easily."""
    wrong = (changed(NEW_ORDER, "38=1.5"), without(NEW_ORDER, 44), changed(NEW_ORDER, "54=0"), f"{NEW_ORDER}|58=\udcff")
    texts = [message(body) for body in (*VALID, *wrong, resent("yesterday"), "35=V|1=2", "35=D")]
    gc.collect()
    gc.disable()
    try:
        for text in texts * 100:
            read_or_reject(text)
        assert gc.collect() == 0
    finally:
        gc.enable()


def read_or_reject(text: str) -> bool:
    """Return whether ``text`` was read, having looked at what was."""
    try:
        request = DECODER.decode(text)
    except REJECTS:
        return False
    for each in strings_in(request):
        assert each.isascii(), text
        assert each.isprintable(), text
    msgspec.msgpack.encode(request)
    return True


def strings_in(request: Request) -> Iterator[str]:
    """Yield all strings that a listener or the journal could come to write."""
    for name in request.__struct_fields__:
        value = getattr(request, name)
        if isinstance(value, str):
            yield value


PRINTABLE = st.text(alphabet=f"0123456789=A|{SOH}", max_size=40)


@settings(max_examples=400)
@given(text=PRINTABLE)
@example(text=f"1{SOH}2=3=4{SOH}")
@example(text=f"1=2{SOH}{SOH}{SOH}")
@example(text=f"1=2=3{SOH}4{SOH}5=6")
def test_split_is_what_a_loop_over_the_fields_says(text: str) -> None:
    """A field is a tag, an equals sign and a value; one without an equals sign spoils the message."""
    fields = text.rstrip(SOH).split(SOH)
    if all("=" in field for field in fields):
        expected = {}
        for field in fields:
            at = field.index("=")
            expected[field[:at]] = field[at + 1 :]
        assert split(text) == expected
    else:
        with pytest.raises(fix.IncorrectDataFormat):
            split(text)
