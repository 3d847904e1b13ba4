"""Quote messages to commands: their groups are read from the text, field by field.

Total, as all that reads FIX: any text gives a command, an inquiry or one of ``REJECTS``.
"""

from collections.abc import Iterator, Mapping

import quickfix as fix

from fixgw.fix.fields import KEY, SOH, Fields, chosen, identifier, optional_identifier
from fixgw.spec import tags
from fixgw.spec.commands import CancelQuotes, MassQuote, Quote
from fixgw.spec.fixed import FixedError
from fixgw.spec.inquiries import QuoteStatusInquiry
from fixgw.spec.instrument import UNLISTED, Instrument
from fixgw.spec.participant import Participant
from fixgw.spec.quotes import NO_ENTRY, QUOTE_ENTRIES_MAX, QuoteEntry, QuoteRefusal
from fixgw.spec.values import Price, Qty, QuoteCancelType, QuoteRejectReason, QuoteResponseLevel

_TRADEABLE = "1"
_LIMIT = "2"
_ECHO_LENGTH_MAX = 40
_NOT_QUOTED: tuple[Price | None, Qty] = (None, Qty(0))
_LEVELS = {str(level): level for level in QuoteResponseLevel}
_CANCEL_TYPES = {str(cancel_type): cancel_type for cancel_type in QuoteCancelType}

UNSUPPORTED = {
    KEY[tag]: tags.NAMES[tag]
    for tag in (
        tags.VALID_UNTIL_TIME,
        tags.QUOTE_SET_VALID_UNTIL_TIME,
        tags.MIN_BID_SIZE,
        tags.MIN_OFFER_SIZE,
    )
}
"""What would change how a quote works and is not acted upon: refused, never ignored."""


class QuoteReader:
    """Reads the messages of market makers; knows the scales of what they quote."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments

    def quote(self, text: str, fields: Fields, participant: Participant, msg_seq_num: int) -> Quote:  # noqa: ARG002
        return Quote(
            participant.session,
            participant.firm,
            _account(fields, participant),
            identifier(fields, tags.QUOTE_ID),
            _response_level(fields),
            self._entry(fields, {}, "", NO_ENTRY),
            msg_seq_num,
        )

    def mass_quote(self, text: str, fields: Fields, participant: Participant, msg_seq_num: int) -> MassQuote:
        entries = tuple(
            self._entry(entry, of_message, identifier(of_set, tags.QUOTE_SET_ID), _entry_id(entry))
            for of_message, of_set, entry in _entries(text)
        )
        if not entries:
            raise fix.FieldNotFound(tags.NO_QUOTE_ENTRIES)
        if len(entries) > QUOTE_ENTRIES_MAX:
            raise fix.IncorrectTagValue(tags.NO_QUOTE_ENTRIES)
        return MassQuote(
            participant.session,
            participant.firm,
            _account(fields, participant),
            identifier(fields, tags.QUOTE_ID),
            _response_level(fields),
            entries,
            msg_seq_num,
        )

    def cancel(self, text: str, fields: Fields, participant: Participant, msg_seq_num: int) -> CancelQuotes:
        cancel_type = chosen(fields, tags.QUOTE_CANCEL_TYPE, _CANCEL_TYPES)
        symbols: tuple[str, ...] = ()
        if cancel_type is QuoteCancelType.SECURITIES:
            symbols = tuple(value for tag, value in _pairs(text) if tag == KEY[tags.SYMBOL])
            if not symbols:
                raise fix.FieldNotFound(tags.NO_QUOTE_ENTRIES)
            if len(symbols) > QUOTE_ENTRIES_MAX:
                raise fix.IncorrectTagValue(tags.NO_QUOTE_ENTRIES)
            for symbol in symbols:
                identifier({KEY[tags.SYMBOL]: symbol}, tags.SYMBOL)
        return CancelQuotes(
            participant.session,
            participant.firm,
            _account(fields, participant),
            identifier(fields, tags.QUOTE_ID),
            cancel_type,
            _response_level(fields),
            symbols,
            msg_seq_num,
        )

    def status(self, text: str, fields: Fields, participant: Participant, msg_seq_num: int) -> QuoteStatusInquiry:  # noqa: ARG002
        return QuoteStatusInquiry(
            participant.session,
            participant.firm,
            optional_identifier(fields, tags.QUOTE_STATUS_REQ_ID),
            optional_identifier(fields, tags.QUOTE_ID),
            identifier(fields, tags.SYMBOL),
        )

    def _entry(self, fields: Fields, of_message: Fields, quote_set_id: str, quote_entry_id: str) -> QuoteEntry:
        symbol = identifier(fields, tags.SYMBOL)
        instrument = self._instruments.get(symbol, UNLISTED)
        refusal = _unsupported({**of_message, **fields})
        bid = offer = _NOT_QUOTED
        try:
            bid = _side(fields, of_message, instrument, tags.BID_PX, tags.BID_SIZE, tags.DEF_BID_SIZE)
            offer = _side(fields, of_message, instrument, tags.OFFER_PX, tags.OFFER_SIZE, tags.DEF_OFFER_SIZE)
        except _MisfitError as misfit:
            refusal = refusal or misfit.refusal
        if instrument is UNLISTED:
            refusal = QuoteRefusal(QuoteRejectReason.UNKNOWN_SYMBOL, f"Symbol(55) {symbol} is not traded here")
        if refusal is not None:
            bid = offer = _NOT_QUOTED
        return QuoteEntry(quote_set_id, quote_entry_id, symbol, *bid, *offer, refusal)


class _MisfitError(Exception):
    """A number that is not one of the instrument's."""

    def __init__(self, reason: QuoteRejectReason, text: str) -> None:
        super().__init__(text)
        self.refusal = QuoteRefusal(reason, text)


def _side(
    fields: Fields, of_message: Fields, instrument: Instrument, price_tag: int, size_tag: int, default_tag: int
) -> tuple[Price | None, Qty]:
    """Return price and size; no price, or a size of zero, is no quote."""
    price_text = fields.get(KEY[price_tag])
    size_text = fields.get(KEY[size_tag], of_message.get(KEY[default_tag]))
    if price_text is None:
        return _NOT_QUOTED
    if size_text is None:
        text = f"{_named(size_tag)} is missing beside {_named(price_tag)}"
        raise _MisfitError(QuoteRejectReason.OTHER, text)
    try:
        size = instrument.parse_qty(size_text)
    except FixedError as error:
        text = f"{_named(size_tag)} {size_text[:_ECHO_LENGTH_MAX]} {error}"
        raise _MisfitError(QuoteRejectReason.OTHER, text) from None
    try:
        price = instrument.parse_price(price_text)
    except FixedError as error:
        text = f"{_named(price_tag)} {price_text[:_ECHO_LENGTH_MAX]} {error}"
        raise _MisfitError(QuoteRejectReason.INVALID_PRICE, text) from None
    return (price, size) if size else _NOT_QUOTED


def _unsupported(fields: Fields) -> QuoteRefusal | None:
    if fields.get(KEY[tags.POSS_DUP_FLAG]) == "Y" or fields.get(KEY[tags.POSS_RESEND]) == "Y":
        text = "sent again: the quote may be of another time; send a new one"
        return QuoteRefusal(QuoteRejectReason.TOO_LATE_TO_ENTER, text)
    found = UNSUPPORTED.keys() & fields.keys()
    if found:
        first = min(found, key=int)
        return QuoteRefusal(QuoteRejectReason.OTHER, f"{UNSUPPORTED[first]}({first}) is not supported; leave it out")
    for tag, right, meaning in ((tags.QUOTE_TYPE, _TRADEABLE, "tradeable"), (tags.ORD_TYPE, _LIMIT, "limit")):
        if (value := fields.get(KEY[tag], right)) != right:
            text = f"{_named(tag)} {value} is not supported; {right} ({meaning})"
            return QuoteRefusal(QuoteRejectReason.OTHER, text)
    return None


def _account(fields: Fields, participant: Participant) -> str:
    return optional_identifier(fields, tags.ACCOUNT) or participant.accounts[0]


def _response_level(fields: Fields) -> QuoteResponseLevel:
    if KEY[tags.QUOTE_RESPONSE_LEVEL] not in fields:
        return QuoteResponseLevel.EACH
    return chosen(fields, tags.QUOTE_RESPONSE_LEVEL, _LEVELS)


def _entry_id(entry: Fields) -> str:
    return identifier(entry, tags.QUOTE_ENTRY_ID)


def _named(tag: int) -> str:
    return f"{tags.NAMES[tag]}({tag})"


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield tag and value of each field, in their order; ``text`` has been split before, so that it can be."""
    for field in text.rstrip(SOH).split(SOH):
        tag, _, value = field.partition("=")
        yield tag, value


def _entries(text: str) -> Iterator[tuple[Fields, Fields, Fields]]:
    """Yield the fields of the message, of the set and of the entry, for each entry; a group begins with its first tag.

    What stands before the first set is the message's, and so is nothing after it: Account(1) and the like come first.
    """
    of_message: dict[str, str] = {}
    of_set: dict[str, str] = {}
    entry: dict[str, str] = {}
    found: list[tuple[Fields, Fields, Fields]] = []
    current = of_message
    for tag, value in _pairs(text):
        if tag == KEY[tags.QUOTE_SET_ID]:
            current = of_set = {}
        elif tag == KEY[tags.QUOTE_ENTRY_ID]:
            current = entry = {}
            found.append((of_message, of_set, entry))
        current[tag] = value
    return iter(found)
