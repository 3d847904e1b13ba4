"""The values of FIX 4.4 fields that the venue reasons about, named as FIX names them.

Enumerations are the text of the wire: they format, compare and encode as it.  Where FIX 4.4 defines more values than
the venue supports, all of them are here, so that an order can be refused and echoed truthfully.
"""

from enum import StrEnum
from typing import NewType

Price = NewType("Price", int)
"""Price(44) in units of ``10**-price_scale`` of the instrument; may be negative."""

Qty = NewType("Qty", int)
"""A quantity in units of ``10**-qty_scale`` of the instrument."""

INT64_MAX = 2**63 - 1


class Side(StrEnum):
    """Side(54)."""

    BUY = "1"
    SELL = "2"
    BUY_MINUS = "3"
    SELL_PLUS = "4"
    SELL_SHORT = "5"
    SELL_SHORT_EXEMPT = "6"
    UNDISCLOSED = "7"
    CROSS = "8"
    CROSS_SHORT = "9"
    CROSS_SHORT_EXEMPT = "A"
    AS_DEFINED = "B"
    OPPOSITE = "C"
    SUBSCRIBE = "D"
    REDEEM = "E"
    LEND = "F"
    BORROW = "G"


class OrdType(StrEnum):
    """OrdType(40)."""

    MARKET = "1"
    LIMIT = "2"
    STOP = "3"
    STOP_LIMIT = "4"
    WITH_OR_WITHOUT = "6"
    LIMIT_OR_BETTER = "7"
    LIMIT_WITH_OR_WITHOUT = "8"
    ON_BASIS = "9"
    PREVIOUSLY_QUOTED = "D"
    PREVIOUSLY_INDICATED = "E"
    FOREX_SWAP = "G"
    FUNARI = "I"
    MARKET_IF_TOUCHED = "J"
    MARKET_WITH_LEFTOVER_AS_LIMIT = "K"
    PREVIOUS_FUND_VALUATION_POINT = "L"
    NEXT_FUND_VALUATION_POINT = "M"
    PEGGED = "P"


class TimeInForce(StrEnum):
    """TimeInForce(59); absent on the wire means DAY."""

    DAY = "0"
    GOOD_TILL_CANCEL = "1"
    AT_THE_OPENING = "2"
    IMMEDIATE_OR_CANCEL = "3"
    FILL_OR_KILL = "4"
    GOOD_TILL_CROSSING = "5"
    GOOD_TILL_DATE = "6"
    AT_THE_CLOSE = "7"
    GOOD_FOR_AUCTION = "B"
    """FIX 5.0's; FIX 4.4 has none, so that reports leave it out."""


class OrdStatus(StrEnum):
    """OrdStatus(39): the state an order is in."""

    NEW = "0"
    PARTIALLY_FILLED = "1"
    FILLED = "2"
    CANCELED = "4"
    REJECTED = "8"
    EXPIRED = "C"


class ExecType(StrEnum):
    """ExecType(150): the event a report tells of."""

    NEW = "0"
    CANCELED = "4"
    REPLACED = "5"
    REJECTED = "8"
    EXPIRED = "C"
    RESTATED = "D"
    TRADE = "F"
    TRADE_CORRECT = "G"
    TRADE_CANCEL = "H"
    ORDER_STATUS = "I"


class ExecRestatementReason(StrEnum):
    """ExecRestatementReason(378): why the venue changed or canceled an order that nobody asked it to."""

    GT_RENEWAL = "1"
    REPRICING = "3"
    PARTIAL_DECLINE_OF_ORDER_QTY = "5"
    CANCEL_ON_TRADING_HALT = "6"
    SYSTEM_FAILURE = "7"
    MARKET_OPTION = "8"
    OTHER = "99"


class PegOffsetType(StrEnum):
    """PegOffsetType(836): what PegOffsetValue(211) is in."""

    PRICE = "0"
    BASIS_POINTS = "1"
    TICKS = "2"
    PRICE_TIER = "3"


class ContingencyType(StrEnum):
    """ContingencyType(1385), of FIX 5.0: what the orders of a list have to do with each other."""

    ONE_CANCELS_THE_OTHER = "1"
    ONE_TRIGGERS_THE_OTHER = "2"
    ONE_UPDATES_THE_OTHER_ABSOLUTE = "3"
    ONE_UPDATES_THE_OTHER_PROPORTIONAL = "4"
    BID_AND_OFFER = "5"
    BID_AND_OFFER_OCO = "6"


class ListStatusType(StrEnum):
    """ListStatusType(429): what a ListStatus is sent for."""

    ACK = "1"
    RESPONSE = "2"


class ListOrderStatus(StrEnum):
    """ListOrderStatus(431): how far a list has come."""

    EXECUTING = "3"
    ALL_DONE = "6"
    REJECT = "7"


class TriggerPriceType(StrEnum):
    """TriggerPriceType(1107) of FIX 5.0: the price whose move an order waits for."""

    BEST_OFFER = "1"
    LAST_TRADE = "2"
    BEST_BID = "3"
    BEST_BID_OR_LAST_TRADE = "4"
    BEST_OFFER_OR_LAST_TRADE = "5"
    BEST_MID = "6"


class TriggerSource(StrEnum):
    """What the waiting orders of an instrument look at where they do not say it themselves."""

    LAST = "last"
    BEST = "best"
    """The best offer for an order to buy, the best bid for one to sell: where it would trade."""
    MID = "mid"


class SelfMatchPrevention(StrEnum):
    """What happens instead of a trade with oneself, as SelfMatchPreventionInstruction(8000) has it and beyond."""

    CANCEL_NEWEST = "N"
    CANCEL_OLDEST = "O"
    CANCEL_BOTH = "B"
    DECREMENT = "D"
    """Both lose the quantity that would have traded."""


class SelfMatchScope(StrEnum):
    """Which orders of a firm may not trade with each other, besides those with the same SelfMatchPreventionID."""

    ID = "id"
    ACCOUNT = "account"
    FIRM = "firm"


class Allocation(StrEnum):
    """Who trades at a price at which several orders rest, in continuous trading."""

    FIFO = "fifo"
    """By time."""
    PRO_RATA = "pro-rata"
    """By what each displays, the rest by time."""
    LEAD_MARKET_MAKER = "lead-market-maker"
    """A percentage to the lead market maker, the rest by time."""


class OrdRejReason(StrEnum):
    """OrdRejReason(103)."""

    BROKER_OR_EXCHANGE_OPTION = "0"
    UNKNOWN_SYMBOL = "1"
    EXCHANGE_CLOSED = "2"
    ORDER_EXCEEDS_LIMIT = "3"
    TOO_LATE_TO_ENTER = "4"
    UNKNOWN_ORDER = "5"
    DUPLICATE_ORDER = "6"
    STALE_ORDER = "8"
    UNSUPPORTED_ORDER_CHARACTERISTIC = "11"
    INCORRECT_QUANTITY = "13"
    UNKNOWN_ACCOUNT = "15"
    OTHER = "99"


class CxlRejReason(StrEnum):
    """CxlRejReason(102)."""

    TOO_LATE_TO_CANCEL = "0"
    UNKNOWN_ORDER = "1"
    BROKER_OR_EXCHANGE_OPTION = "2"
    DUPLICATE_CL_ORD_ID = "6"
    OTHER = "99"


class CxlRejResponseTo(StrEnum):
    """CxlRejResponseTo(434): which request an OrderCancelReject answers."""

    ORDER_CANCEL_REQUEST = "1"
    ORDER_CANCEL_REPLACE_REQUEST = "2"


class MassCancelRequestType(StrEnum):
    """MassCancelRequestType(530), and MassCancelResponse(531) when granted."""

    SECURITY = "1"
    UNDERLYING_SECURITY = "2"
    PRODUCT = "3"
    CFI_CODE = "4"
    SECURITY_TYPE = "5"
    TRADING_SESSION = "6"
    ALL_ORDERS = "7"


class MassCancelRejectReason(StrEnum):
    """MassCancelRejectReason(532)."""

    MASS_CANCEL_NOT_SUPPORTED = "0"
    INVALID_OR_UNKNOWN_SECURITY = "1"
    OTHER = "99"


class MassStatusReqType(StrEnum):
    """MassStatusReqType(585)."""

    SECURITY = "1"
    UNDERLYING_SECURITY = "2"
    PRODUCT = "3"
    CFI_CODE = "4"
    SECURITY_TYPE = "5"
    TRADING_SESSION = "6"
    ALL_ORDERS = "7"
    PARTY_ID = "8"


class QuoteStatus(StrEnum):
    """QuoteStatus(297)."""

    ACCEPTED = "0"
    CANCELED_FOR_SYMBOL = "1"
    CANCELED_ALL = "4"
    REJECTED = "5"
    NOT_FOUND = "9"


class QuoteRejectReason(StrEnum):
    """QuoteRejectReason(300), and QuoteEntryRejectReason(368)."""

    UNKNOWN_SYMBOL = "1"
    EXCHANGE_CLOSED = "2"
    EXCEEDS_LIMIT = "3"
    TOO_LATE_TO_ENTER = "4"
    INVALID_BID = "7"
    INVALID_PRICE = "8"
    NOT_AUTHORIZED = "9"
    OTHER = "99"


class QuoteResponseLevel(StrEnum):
    """QuoteResponseLevel(301): which quotes are answered; refused ones always are."""

    NONE = "0"
    ONLY_NEGATIVE = "1"
    EACH = "2"


class QuoteCancelType(StrEnum):
    """QuoteCancelType(298)."""

    SECURITIES = "1"
    SECURITY_TYPE = "2"
    UNDERLYING_SECURITY = "3"
    ALL_QUOTES = "4"


class SubscriptionRequestType(StrEnum):
    """SubscriptionRequestType(263)."""

    SNAPSHOT = "0"
    SNAPSHOT_AND_UPDATES = "1"
    DISABLE = "2"


class SecurityListRequestType(StrEnum):
    """SecurityListRequestType(559)."""

    SYMBOL = "0"
    SECURITY_TYPE = "1"
    PRODUCT = "2"
    TRADING_SESSION = "3"
    ALL_SECURITIES = "4"


class SecurityRequestResult(StrEnum):
    """SecurityRequestResult(560)."""

    VALID = "0"
    INVALID_OR_UNSUPPORTED = "1"
    NO_INSTRUMENTS_FOUND = "2"


class SecurityRequestType(StrEnum):
    """SecurityRequestType(321)."""

    IDENTITY_AND_SPECIFICATIONS = "0"
    IDENTITY_FOR_SPECIFICATIONS = "1"
    LIST_SECURITY_TYPES = "2"
    LIST_SECURITIES = "3"


class SecurityResponseType(StrEnum):
    """SecurityResponseType(323)."""

    ACCEPT_AS_IS = "1"
    REJECT_SECURITY_PROPOSAL = "5"
    CANNOT_MATCH_SELECTION_CRITERIA = "6"


class SecurityTradingStatus(StrEnum):
    """SecurityTradingStatus(326)."""

    TRADING_HALT = "2"
    PRICE_INDICATION = "5"
    READY_TO_TRADE = "17"
    NOT_AVAILABLE_FOR_TRADING = "18"
    NOT_TRADED_ON_THIS_MARKET = "19"
    UNKNOWN_OR_INVALID = "20"
    PRE_OPEN = "21"
    OPENING_ROTATION = "22"


class TradSesStatus(StrEnum):
    """TradSesStatus(340)."""

    HALTED = "1"
    OPEN = "2"
    CLOSED = "3"
    REQUEST_REJECTED = "6"
