"""The order that most orders are, read with one look: a limit order to buy or sell that asks for nothing else.

QuickFIX writes the fields of a message in the order of their tags, so one pattern fits them all.  What it does not
fit, or anything odd about what it fits, is for ``inbound`` to read field by field, and to refuse.
"""

import re
from collections.abc import Mapping

from fixgw.fix.fields import ID_LENGTH_MAX
from fixgw.spec import tags
from fixgw.spec.commands import NewOrder
from fixgw.spec.fixed import FixedError
from fixgw.spec.instrument import Instrument
from fixgw.spec.participant import Participant
from fixgw.spec.values import OrdType, Side, TimeInForce

_LIMIT = OrdType.LIMIT
_SIDES = {side.value: side for side in (Side.BUY, Side.SELL)}
_TIMES_IN_FORCE: dict[str | None, TimeInForce] = {
    time_in_force.value: time_in_force
    for time_in_force in (
        TimeInForce.DAY,
        TimeInForce.GOOD_TILL_CANCEL,
        TimeInForce.IMMEDIATE_OR_CANCEL,
        TimeInForce.FILL_OR_KILL,
    )
}
_TIMES_IN_FORCE[None] = TimeInForce.DAY  # what a message without TimeInForce(59) means

_VALUE = f"[ -<>-~]{{1,{ID_LENGTH_MAX}}}+"
"""Printable ASCII without the equals sign; never gives back, since what follows is not in it."""


def _field(tag: int, value: str = f"({_VALUE})") -> str:
    return f"{tag}={value}\x01"


def _optional(field: str) -> str:
    return f"(?:{field})?"


_match = re.compile(
    "8=FIX\\.4\\.4\x01"
    + _field(tags.BODY_LENGTH, "[0-9]++")
    + _field(tags.MSG_TYPE, "D")
    + _field(tags.MSG_SEQ_NUM, "([0-9]{1,18}+)")
    + _field(tags.SENDER_COMP_ID)
    + _field(tags.SENDING_TIME, _VALUE)
    + _field(tags.TARGET_COMP_ID, _VALUE)
    + _optional(_field(tags.ACCOUNT))
    + _field(tags.CL_ORD_ID)
    + _optional(_field(tags.HANDL_INST, _VALUE))
    + _field(tags.ORDER_QTY)
    + _field(tags.ORD_TYPE, _LIMIT.value)
    + _field(tags.PRICE)
    + _field(tags.SIDE, f"([{''.join(_SIDES)}])")
    + _field(tags.SYMBOL)
    + _optional(_field(tags.TIME_IN_FORCE, "([0134])"))
    + _field(tags.TRANSACT_TIME, _VALUE)
    + _field(tags.CHECK_SUM, "[0-9]++")
).fullmatch


def read(text: str, participants: Mapping[str, Participant], instruments: Mapping[str, Instrument]) -> NewOrder | None:
    """Return the order that ``text``, a whole FIX message, is, if it is a plain one and all is right with it.

    ``participants`` by CompID, ``instruments`` by symbol.
    """
    found = _match(text)
    if found is None:
        return None
    seq_num, sender, account, cl_ord_id, qty_text, price_text, side, symbol, time_in_force = found.groups()
    participant, instrument = participants.get(sender), instruments.get(symbol)
    if participant is None or instrument is None:
        return None
    try:
        order_qty, price = instrument.parse_qty(qty_text), instrument.parse_price(price_text)
    except FixedError:
        return None
    return NewOrder(
        participant.session,
        participant.firm,
        cl_ord_id,
        participant.accounts[0] if account is None else account,
        symbol,
        _SIDES[side],
        order_qty,
        _LIMIT,
        price,
        _TIMES_IN_FORCE[time_in_force],
        False,
        int(seq_num),
    )
