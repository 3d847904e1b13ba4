"""NewOrderList from FIX text: its group of orders, in the order of ListSeqNo(67), and no longer than it may be."""

import pytest
import quickfix as fix

from fixgw.fix.lists import LIST_ORDERS_MAX
from fixgw.spec.commands import CancelList, ListEntry, NewOrder, NewOrderList, RefuseOrder
from fixgw.spec.inquiries import ListStatusInquiry
from fixgw.spec.values import ContingencyType, OrdRejReason
from tests.fix.test_inbound import NEW_ORDER, ORDER_LIST, changed, decode, rejects

ORDER = "11=a{0}|67={0}|55=AAPL|54=1|38=100|40=2|44=100.25"


def list_of(count: int, fields: str = "") -> str:
    orders = "|".join(ORDER.format(number) for number in range(1, count + 1))
    return f"35=E|66=L1|394=3{fields}|68={count}|73={count}|{orders}"


def read(body: str) -> NewOrderList:
    command = decode(body)
    assert isinstance(command, NewOrderList)
    return command


def test_each_order_is_read_as_if_it_had_come_alone() -> None:
    body = "35=E|66=L1|394=3|1385=2|68=2|73=2|11=a1|67=1|55=AAPL|54=1|38=100|40=2|44=100.25|59=1|1=A3|"

    command = read(f"{body}11=a2|67=2|583=exit|55=AAPL|54=2|38=50|40=1")

    first, second = decode(NEW_ORDER), decode("35=D|11=a2|55=AAPL|54=2|38=50|40=1")
    assert isinstance(first, NewOrder)
    assert isinstance(second, NewOrder)
    entries = (ListEntry(first), ListEntry(second, "exit"))
    expected = ContingencyType.ONE_TRIGGERS_THE_OTHER
    assert command == NewOrderList("CLIENT1", "ALPHA", "L1", expected, entries, False, 2)


def test_orders_stand_in_the_order_of_list_seq_no() -> None:
    body = "35=E|66=L1|394=3|68=2|73=2|11=a2|67=2|55=AAPL|54=1|38=1|40=1|11=a1|67=1|55=AAPL|54=1|38=1|40=1"

    assert [entry.order.cl_ord_id for entry in read(body).entries] == ["a1", "a2"]


def test_fields_of_the_list_may_stand_behind_its_orders() -> None:
    """QuickFIX writes a message anew before it is read, with the fields of the list in the order of their tags."""
    assert read(f"{list_of(2).replace('|394=3', '')}|394=3|1385=1") == read(list_of(2, "|1385=1"))


def test_an_order_that_does_not_fit_is_refused_within_its_list() -> None:
    first, second = read(f"{list_of(2)}|38=1.5").entries

    assert isinstance(first.order, NewOrder)
    assert isinstance(second.order, RefuseOrder)
    assert second.order.ord_rej_reason is OrdRejReason.INCORRECT_QUANTITY


def test_a_list_that_was_sent_again_says_so_of_each_order() -> None:
    command = read(f"{list_of(2)}|97=Y")

    assert command.poss_resend
    assert all(entry.order.poss_resend for entry in command.entries)


@pytest.mark.parametrize(
    ("fields", "says"), [("|394=1", "BidType(394) 1"), ("|394=3|433=2", "ListExecInstType(433) 2")]
)
def test_what_is_not_done_with_lists_is_told(fields: str, says: str) -> None:
    unsupported = read(list_of(1).replace("|394=3", fields)).unsupported

    assert unsupported is not None
    assert unsupported.startswith(says)


def test_twenty_orders_are_the_most() -> None:
    assert len(read(list_of(LIST_ORDERS_MAX)).entries) == LIST_ORDERS_MAX == 20
    rejects(list_of(LIST_ORDERS_MAX + 1), fix.IncorrectTagValue, 73)


@pytest.mark.parametrize("count", ["0", "2", "-1", "9999999999999999999", "x", "01", ""])
def test_a_count_that_is_not_that_of_the_orders_is_rejected(count: str) -> None:
    rejects(list_of(1).replace("|73=1|", f"|73={count}|"), fix.IncorrectTagValue, 73)
    rejects(list_of(1).replace("|68=1|", f"|68={count}|"), fix.IncorrectTagValue, 68)


@pytest.mark.parametrize("number", ["0", "2", "x", "01"])
def test_orders_count_from_one(number: str) -> None:
    rejects(changed(list_of(1), f"67={number}"), fix.IncorrectTagValue, 67)


def test_a_part_of_a_list_is_rejected() -> None:
    rejects(f"{list_of(1)}|893=N", fix.IncorrectTagValue, 68)


def test_a_list_without_orders_is_rejected() -> None:
    rejects("35=E|66=L1|394=3|68=0|73=0", fix.IncorrectTagValue, 73)
    rejects("35=E|66=L1|394=3|68=1", fix.IncorrectTagValue, 73)


@pytest.mark.parametrize("tag", [66, 394, 68, 67, 55, 54, 38, 40, 44])
def test_what_is_missing_is_named(tag: int) -> None:
    rejects("|".join(each for each in ORDER_LIST.split("|") if not each.startswith(f"{tag}=")), fix.FieldNotFound, tag)


def test_requests_about_a_list() -> None:
    assert decode("35=K|66=L1|60=20260102-12:00:00") == CancelList("CLIENT1", "ALPHA", "L1", 2)
    assert decode("35=M|66=L1") == ListStatusInquiry("CLIENT1", "ALPHA", "L1")
    rejects("35=K|60=20260102-12:00:00", fix.FieldNotFound, 66)


def test_orders_before_the_count_are_none_of_the_list() -> None:
    """Whatever order the fields come in: only what follows NoOrders(73) is an order."""
    rejects("35=E|66=L1|394=3|68=1|11=a1|67=1|55=AAPL|54=1|38=1|40=1|73=1", fix.IncorrectTagValue, 73)
