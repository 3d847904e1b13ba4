"""FIX text to commands and inquiries, or one of the rejects that QuickFIX understands.

Total: any text gives a request or one of ``REJECTS``, nothing else is raised.
"""

from collections.abc import Callable, Iterable

import quickfix as fix

from fixgw.fix import lists, plain_order, reference_requests
from fixgw.fix.fields import (
    ID_LENGTH_MAX,
    KEY,
    Fields,
    chosen,
    identifier,
    optional_identifier,
    required,
    shortened,
    split,
    utc_timestamp_ns,
)
from fixgw.fix.fields import msg_seq_num as _msg_seq_num
from fixgw.fix.good_till_date import read_expiry
from fixgw.fix.instructions import INSTRUCTION_TAGS, needs_instructions, read_instructions, refused_field
from fixgw.fix.peg_fields import limited
from fixgw.fix.quote_requests import QuoteReader
from fixgw.spec import tags
from fixgw.spec.commands import (
    CancelOrder,
    ClientCommand,
    MassCancel,
    NewOrder,
    OrderCommand,
    RefuseChange,
    RefuseOrder,
    ReplaceOrder,
)
from fixgw.spec.fixed import FixedError
from fixgw.spec.inquiries import Inquiry, ListStatusInquiry, MassStatusInquiry, OrderStatusInquiry
from fixgw.spec.instructions import Instructions
from fixgw.spec.instrument import UNLISTED, Instrument
from fixgw.spec.participant import Participant
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import (
    CxlRejReason,
    CxlRejResponseTo,
    MassCancelRequestType,
    MassStatusReqType,
    OrdRejReason,
    OrdType,
    Price,
    Qty,
    Side,
    TimeInForce,
)

_CL_ORD_ID = KEY[tags.CL_ORD_ID]
_SYMBOL = KEY[tags.SYMBOL]
_ORDER_QTY = KEY[tags.ORDER_QTY]
_PRICE = KEY[tags.PRICE]
_MSG_TYPE = KEY[tags.MSG_TYPE]
_SENDER_COMP_ID = KEY[tags.SENDER_COMP_ID]
_ACCOUNT = KEY[tags.ACCOUNT]
_ORD_TYPE = KEY[tags.ORD_TYPE]
_SIDE = KEY[tags.SIDE]
_TIME_IN_FORCE = KEY[tags.TIME_IN_FORCE]
_POSS_DUP_FLAG = KEY[tags.POSS_DUP_FLAG]
_POSS_RESEND = KEY[tags.POSS_RESEND]

# In Python 3.11 each look into an enumeration takes 0.2 us.
_LIMIT = OrdType.LIMIT
_LIMITED = (_LIMIT, OrdType.STOP_LIMIT)
_DAY = TimeInForce.DAY

_SIDES = {str(side): side for side in Side}
_ORD_TYPES = {str(ord_type): ord_type for ord_type in OrdType}
_TIMES_IN_FORCE = {str(time_in_force): time_in_force for time_in_force in TimeInForce}
_MASS_CANCEL_REQUEST_TYPES = {str(request_type): request_type for request_type in MassCancelRequestType}
_MASS_STATUS_REQ_TYPES = {str(req_type): req_type for req_type in MassStatusReqType}

Request = ClientCommand | Inquiry


class Decoder:
    """Reads what order-entry sessions send; knows who they are and the scales of what they trade."""

    def __init__(
        self,
        participants: Iterable[Participant],
        instruments: Iterable[Instrument],
        stale_order_s: int,
        clock_ns: Callable[[], int],
        trading_date: Callable[[], str],
    ) -> None:
        self._participants = {participant.session: participant for participant in participants}
        self._instruments: dict[str, Instrument] = {}
        """One dict for ever, whatever is listed."""
        self.list(instruments)
        self._stale_order_ns = stale_order_s * 1_000_000_000
        self._clock_ns = clock_ns
        self._trading_date = trading_date
        self._readers: dict[str, Callable[[Fields, Participant], Request]] = {
            "D": self._new_order,
            "F": self._cancel_order,
            "G": self._replace_order,
            "H": _order_status,
            "AF": _mass_status,
            "q": _mass_cancel,
            "K": _cancel_list,
            "M": _list_status,
            "x": reference_requests.security_list,
            "c": reference_requests.security_definition,
            "e": reference_requests.security_status,
            "g": reference_requests.trading_session,
        }
        quotes = QuoteReader(self._instruments)
        self._readers_of_groups: dict[str, Callable[[str, Fields, Participant, int], Request]] = {
            "E": self._new_order_list,
            "S": quotes.quote,
            "i": quotes.mass_quote,
            "Z": quotes.cancel,
            "a": quotes.status,
        }

    def list(self, instruments: Iterable[Instrument]) -> None:
        """Read what comes from here on as orders in these."""
        listed = {instrument.symbol: instrument for instrument in instruments}
        self._instruments.clear()
        self._instruments.update(listed)

    def decode(self, text: str) -> Request:
        """Return what ``text``, a whole FIX message with SOH between fields, asks for; raises one of REJECTS."""
        plain = plain_order.read(text, self._participants, self._instruments)
        if plain is not None:
            return plain
        fields = split(text)
        msg_type = fields.get(_MSG_TYPE, "")
        read, read_groups = self._readers.get(msg_type), None
        if read is None and (read_groups := self._readers_of_groups.get(msg_type)) is None:
            raise fix.UnsupportedMessageType
        participant = self._participants.get(fields.get(_SENDER_COMP_ID, ""))
        if participant is None:
            raise fix.IncorrectTagValue(tags.SENDER_COMP_ID)
        if fields.get(_POSS_DUP_FLAG) == "Y" and KEY[tags.ORIG_SENDING_TIME] not in fields:
            raise fix.IncorrectTagValue(tags.ORIG_SENDING_TIME)  # a session reject, as QuickFIX's own (E20)
        if read is not None:
            return read(fields, participant)
        assert read_groups is not None
        return read_groups(text, fields, participant, _msg_seq_num(fields))

    def _new_order_list(self, text: str, fields: Fields, participant: Participant, _: int) -> OrderCommand:
        return lists.read_list(text, fields, participant, self._new_order)

    def _new_order(self, fields: Fields, participant: Participant) -> OrderCommand:
        cl_ord_id, account, symbol, side, ord_type, time_in_force = _terms(fields, participant)
        is_resent = fields.get(_POSS_DUP_FLAG) == "Y"
        poss_resend = is_resent or fields.get(_POSS_RESEND) == "Y"
        numbers = (self._stale(fields) if is_resent else None) or self._numbers(fields, symbol, ord_type, time_in_force)
        if isinstance(numbers, Refusal):
            return RefuseOrder(
                participant.session,
                participant.firm,
                cl_ord_id,
                account,
                symbol,
                side,
                ord_type,
                time_in_force,
                numbers.ord_rej_reason,
                numbers.text,
                poss_resend,
                _msg_seq_num(fields),
            )
        return NewOrder(
            participant.session,
            participant.firm,
            cl_ord_id,
            account,
            symbol,
            side,
            numbers[0],
            ord_type,
            numbers[1],
            time_in_force,
            poss_resend,
            _msg_seq_num(fields),
            numbers[2],
        )

    def _replace_order(self, fields: Fields, participant: Participant) -> OrderCommand:
        orig_cl_ord_id = identifier(fields, tags.ORIG_CL_ORD_ID)
        cl_ord_id, account, symbol, side, ord_type, time_in_force = _terms(fields, participant)
        numbers = self._numbers(fields, symbol, ord_type, time_in_force)
        if isinstance(numbers, Refusal):
            return RefuseChange(
                participant.session,
                participant.firm,
                cl_ord_id,
                orig_cl_ord_id,
                CxlRejResponseTo.ORDER_CANCEL_REPLACE_REQUEST,
                CxlRejReason.BROKER_OR_EXCHANGE_OPTION,
                numbers.text,
                _msg_seq_num(fields),
            )
        return ReplaceOrder(
            participant.session,
            participant.firm,
            cl_ord_id,
            orig_cl_ord_id,
            optional_identifier(fields, tags.ORDER_ID),
            account,
            symbol,
            side,
            numbers[0],
            ord_type,
            numbers[1],
            time_in_force,
            _msg_seq_num(fields),
            numbers[2],
        )

    def _numbers(
        self, fields: Fields, symbol: str, ord_type: OrdType, time_in_force: TimeInForce
    ) -> tuple[Qty, Price | None, Instructions | None] | Refusal:
        """Return OrderQty(38), Price(44) and instructions in the instrument's scales, or why any of it is refused."""
        is_plain = INSTRUCTION_TAGS.isdisjoint(fields)
        if not is_plain and (refused := refused_field(fields)) is not None:
            return refused
        instrument = self._instruments.get(symbol, UNLISTED)
        qty_text, price_text = fields.get(_ORDER_QTY), fields.get(_PRICE)
        if qty_text is None:
            raise fix.FieldNotFound(tags.ORDER_QTY)
        if price_text is None and ord_type in _LIMITED:
            raise fix.FieldNotFound(tags.PRICE)
        try:
            order_qty = instrument.parse_qty(qty_text)
        except FixedError as error:
            text = f"OrderQty(38) {shortened(qty_text)} {error}"
            return _misfit(instrument, symbol, Refusal(OrdRejReason.INCORRECT_QUANTITY, text))
        try:
            price = None if price_text is None else instrument.parse_price(price_text)
        except FixedError as error:
            text = f"Price(44) {shortened(price_text or '')} {error}"
            return _misfit(instrument, symbol, Refusal(OrdRejReason.OTHER, text))
        if is_plain and not needs_instructions(ord_type, time_in_force):
            return order_qty, price, None
        instructions = read_instructions(fields, ord_type, instrument)
        if not isinstance(instructions, Refusal):
            now_ns, trading_date = self._clock_ns(), self._trading_date()
            instructions = read_expiry(fields, time_in_force, instructions, now_ns, trading_date)
        if isinstance(instructions, Refusal):
            return _misfit(instrument, symbol, instructions)
        return order_qty, *limited(price, instructions)

    def _cancel_order(self, fields: Fields, participant: Participant) -> OrderCommand:
        return CancelOrder(
            participant.session,
            participant.firm,
            identifier(fields, tags.CL_ORD_ID),
            identifier(fields, tags.ORIG_CL_ORD_ID),
            optional_identifier(fields, tags.ORDER_ID),
            identifier(fields, tags.SYMBOL),
            chosen(fields, tags.SIDE, _SIDES),
            _msg_seq_num(fields),
        )

    def _stale(self, fields: Fields) -> Refusal | None:
        """Refuse an order that was sent long ago and comes only now, by a resend (E21)."""
        if not self._stale_order_ns:
            return None
        sent = required(fields, tags.ORIG_SENDING_TIME)
        age_ns = self._clock_ns() - utc_timestamp_ns(sent, tags.ORIG_SENDING_TIME)
        if age_ns <= self._stale_order_ns:
            return None
        limit_s = self._stale_order_ns // 1_000_000_000
        text = f"OrigSendingTime(122) {sent} is {age_ns // 1_000_000_000} s ago, above stale_order_s {limit_s}"
        return Refusal(OrdRejReason.STALE_ORDER, text)


def _terms(fields: Fields, participant: Participant) -> tuple[str, str, str, Side, OrdType, TimeInForce]:
    """Return what NewOrderSingle and OrderCancelReplaceRequest have in common, but for the numbers."""
    cl_ord_id, symbol = fields.get(_CL_ORD_ID), fields.get(_SYMBOL)
    if not cl_ord_id or not symbol or len(cl_ord_id) > ID_LENGTH_MAX or len(symbol) > ID_LENGTH_MAX:
        cl_ord_id, symbol = identifier(fields, tags.CL_ORD_ID), identifier(fields, tags.SYMBOL)
    side = _SIDES.get(fields.get(_SIDE, ""))
    ord_type = _ORD_TYPES.get(fields.get(_ORD_TYPE, ""))
    time_in_force = _TIMES_IN_FORCE.get(fields[_TIME_IN_FORCE]) if _TIME_IN_FORCE in fields else _DAY
    if side is None or ord_type is None or time_in_force is None:
        chosen(fields, tags.SIDE, _SIDES)
        chosen(fields, tags.ORD_TYPE, _ORD_TYPES)
        raise fix.IncorrectTagValue(tags.TIME_IN_FORCE)
    account = identifier(fields, tags.ACCOUNT) if _ACCOUNT in fields else participant.accounts[0]
    return cl_ord_id, account, symbol, side, ord_type, time_in_force


def _misfit(instrument: Instrument, symbol: str, refusal: Refusal) -> Refusal:
    """Numbers too fine or too large for an unknown symbol are the lesser news: the symbol is what is wrong."""
    if instrument is UNLISTED:
        return Refusal(OrdRejReason.UNKNOWN_SYMBOL, f"Symbol(55) {symbol} is not traded here")
    return refusal


def _mass_cancel(fields: Fields, participant: Participant) -> Request:
    request_type = chosen(fields, tags.MASS_CANCEL_REQUEST_TYPE, _MASS_CANCEL_REQUEST_TYPES)
    by_security = request_type is MassCancelRequestType.SECURITY
    return MassCancel(
        participant.session,
        participant.firm,
        identifier(fields, tags.CL_ORD_ID),
        request_type,
        identifier(fields, tags.SYMBOL) if by_security else None,
        _optional_side(fields),
        _msg_seq_num(fields),
    )


def _cancel_list(fields: Fields, participant: Participant) -> Request:
    return lists.read_list_cancel(fields, participant, _msg_seq_num(fields))


def _list_status(fields: Fields, participant: Participant) -> Request:
    return ListStatusInquiry(participant.session, participant.firm, identifier(fields, tags.LIST_ID))


def _order_status(fields: Fields, participant: Participant) -> Request:
    return OrderStatusInquiry(
        participant.session,
        participant.firm,
        identifier(fields, tags.CL_ORD_ID),
        optional_identifier(fields, tags.ORDER_ID),
        optional_identifier(fields, tags.ORD_STATUS_REQ_ID),
        identifier(fields, tags.SYMBOL),
        chosen(fields, tags.SIDE, _SIDES),
    )


def _mass_status(fields: Fields, participant: Participant) -> Request:
    req_type = chosen(fields, tags.MASS_STATUS_REQ_TYPE, _MASS_STATUS_REQ_TYPES)
    by_security = req_type is MassStatusReqType.SECURITY
    return MassStatusInquiry(
        participant.session,
        participant.firm,
        identifier(fields, tags.MASS_STATUS_REQ_ID),
        req_type,
        identifier(fields, tags.SYMBOL) if by_security else None,
        _optional_side(fields),
    )


def _optional_side(fields: Fields) -> Side | None:
    return chosen(fields, tags.SIDE, _SIDES) if _SIDE in fields else None


