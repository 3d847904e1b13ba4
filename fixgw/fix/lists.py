"""Messages about lists: NewOrderList with its group of orders, each read as if it had come alone."""

from collections.abc import Callable, Mapping

import quickfix as fix

from fixgw.fix.fields import KEY, SOH, Fields, chosen, identifier, required
from fixgw.spec import tags
from fixgw.spec.commands import CancelList, ListEntry, NewOrder, NewOrderList, OrderCommand, RefuseOrder
from fixgw.spec.participant import Participant
from fixgw.spec.values import ContingencyType

LIST_ORDERS_MAX = 20
"""Orders of one list: all of them are decided in one step, in which others wait."""

_CONTINGENCY_TYPES = {str(contingency_type): contingency_type for contingency_type in ContingencyType}
_NO_BIDDING_PROCESS = "3"
_IMMEDIATE = "1"

_OF_THE_LIST = frozenset(
    KEY[tag]
    for tag in (
        tags.LIST_ID,
        tags.BID_ID,
        tags.CLIENT_BID_ID,
        tags.PROG_RPT_REQS,
        tags.BID_TYPE,
        tags.PROG_PERIOD_INTERVAL,
        tags.CANCELLATION_RIGHTS,
        tags.MONEY_LAUNDERING_STATUS,
        tags.REGIST_ID,
        tags.LIST_EXEC_INST_TYPE,
        tags.LIST_EXEC_INST,
        tags.ALLOWABLE_ONE_SIDEDNESS_PCT,
        tags.ALLOWABLE_ONE_SIDEDNESS_VALUE,
        tags.ALLOWABLE_ONE_SIDEDNESS_CURR,
        tags.CONTINGENCY_TYPE,
        tags.TOT_NO_ORDERS,
        tags.LAST_FRAGMENT,
        tags.NO_ORDERS,
        tags.CHECK_SUM,
    )
)
"""What may stand behind the last order and is none of its fields: FIX leaves the order of fields open."""

ReadOrder = Callable[[Fields, Participant], OrderCommand]


def read_list(text: str, fields: Fields, participant: Participant, read_order: ReadOrder) -> NewOrderList:
    """Return the list that the message ``text`` enters, whose ``fields`` are those outside of its group.

    ``read_order`` reads one order of it.  Raises one of REJECTS.
    """
    list_id = identifier(fields, tags.LIST_ID)
    contingency_type = None
    if KEY[tags.CONTINGENCY_TYPE] in fields:
        contingency_type = chosen(fields, tags.CONTINGENCY_TYPE, _CONTINGENCY_TYPES)
    header = {key: value for key, value in fields.items() if key in _OF_EACH_ORDER}
    orders = _in_sequence([header | order for order in _group(text)], fields)
    entries = []
    for order in orders:
        command = read_order(order, participant)
        assert isinstance(command, NewOrder | RefuseOrder), command
        link = identifier(order, tags.CL_ORD_LINK_ID) if KEY[tags.CL_ORD_LINK_ID] in order else None
        entries.append(ListEntry(command, link))
    first = entries[0].order
    return NewOrderList(
        participant.session,
        participant.firm,
        list_id,
        contingency_type,
        tuple(entries),
        first.poss_resend,
        first.msg_seq_num,
        _unsupported(fields),
    )


_OF_EACH_ORDER = frozenset(
    KEY[tag] for tag in (tags.MSG_SEQ_NUM, tags.POSS_DUP_FLAG, tags.POSS_RESEND, tags.ORIG_SENDING_TIME)
)
"""Header fields that count for each order."""


def _group(text: str) -> list[dict[str, str]]:
    """Return the fields of each order of NoOrders(73), which begins with its ClOrdID(11)."""
    orders: list[dict[str, str]] = []
    is_counted = False
    for field in text.rstrip(SOH).split(SOH):
        key, _, value = field.partition("=")
        if key == KEY[tags.NO_ORDERS]:
            is_counted = True
        elif is_counted and key == KEY[tags.CL_ORD_ID]:
            if len(orders) == LIST_ORDERS_MAX:
                raise fix.IncorrectTagValue(tags.NO_ORDERS)
            orders.append({})
        if orders and key not in _OF_THE_LIST:
            orders[-1][key] = value
    return orders


def _in_sequence(orders: list[dict[str, str]], fields: Fields) -> list[dict[str, str]]:
    """Return ``orders`` by ListSeqNo(67), which must count from 1; all of a list come in one message."""
    count = str(len(orders))
    if not orders or required(fields, tags.NO_ORDERS) != count:
        raise fix.IncorrectTagValue(tags.NO_ORDERS)
    if required(fields, tags.TOT_NO_ORDERS) != count or fields.get(KEY[tags.LAST_FRAGMENT], "Y") != "Y":
        raise fix.IncorrectTagValue(tags.TOT_NO_ORDERS)
    by_number = {required(order, tags.LIST_SEQ_NO): order for order in orders}
    try:
        return [by_number[str(number)] for number in range(1, len(orders) + 1)]
    except KeyError:
        raise fix.IncorrectTagValue(tags.LIST_SEQ_NO) from None


def _unsupported(fields: Mapping[str, str]) -> str | None:
    bid_type = required(fields, tags.BID_TYPE)
    if bid_type != _NO_BIDDING_PROCESS:
        return f"BidType(394) {bid_type} is not supported; 3 (no bidding process)"
    exec_inst_type = fields.get(KEY[tags.LIST_EXEC_INST_TYPE], _IMMEDIATE)
    if exec_inst_type != _IMMEDIATE:
        return f"ListExecInstType(433) {exec_inst_type} is not supported; 1 (immediate)"
    return None


def read_list_cancel(fields: Fields, participant: Participant, msg_seq_num: int) -> CancelList:
    return CancelList(participant.session, participant.firm, identifier(fields, tags.LIST_ID), msg_seq_num)
