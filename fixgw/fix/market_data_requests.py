"""MarketDataRequest(35=V) as what it asks for, or why it is refused (docs/fix-market-data.md).

Total: any text gives a request, a refusal or one of ``REJECTS``, nothing else is raised.
"""

from enum import StrEnum

import msgspec
import quickfix as fix

from fixgw.fix.fields import KEY, SOH, Fields, chosen, identifier, required, split
from fixgw.spec import tags
from fixgw.spec.values import SubscriptionRequestType

MARKET_DATA_REQUEST = "V"
DEPTH_MAX = 1_000_000_000


class MDEntryType(StrEnum):
    """MDEntryType(269), those that there are here."""

    BID = "0"
    OFFER = "1"
    TRADE = "2"
    IMBALANCE = "A"
    AUCTION_CLEARING_PRICE = "Q"
    """FIX 5.0's: FIX 4.4 has none; only who asks for it gets it."""


class MDReqRejReason(StrEnum):
    """MDReqRejReason(281)."""

    UNKNOWN_SYMBOL = "0"
    DUPLICATE_MD_REQ_ID = "1"
    INSUFFICIENT_BANDWIDTH = "2"
    UNSUPPORTED_MARKET_DEPTH = "5"
    UNSUPPORTED_MD_UPDATE_TYPE = "6"
    UNSUPPORTED_AGGREGATED_BOOK = "7"
    UNSUPPORTED_MD_ENTRY_TYPE = "8"
    UNSUPPORTED_TRADING_SESSION_ID = "9"
    UNSUPPORTED_SCOPE = "A"
    UNSUPPORTED_OPEN_CLOSE_SETTL_FLAG = "B"
    UNSUPPORTED_MD_IMPLICIT_DELETE = "C"


class MarketDataRequest(msgspec.Struct, frozen=True):
    """What a client wants to see: of each of the ``symbols`` the ``md_entry_types``."""

    md_req_id: str
    subscription_request_type: SubscriptionRequestType
    market_depth: int
    """Price levels of a side; 0 for all."""
    is_incremental: bool
    """Whether updates say what has changed (35=X), or all that there is (35=W)."""
    md_entry_types: frozenset[MDEntryType]
    symbols: tuple[str, ...]


class RefusedRequest(msgspec.Struct, frozen=True):
    """``reason`` is None where FIX 4.4 has no word for it."""

    md_req_id: str
    reason: MDReqRejReason | None
    text: str


_SUBSCRIPTION_REQUEST_TYPES = {str(value): value for value in SubscriptionRequestType}
_MD_ENTRY_TYPES = {str(value): value for value in MDEntryType}
_UNSUPPORTED = {
    tags.SCOPE: MDReqRejReason.UNSUPPORTED_SCOPE,
    tags.OPEN_CLOSE_SETTL_FLAG: MDReqRejReason.UNSUPPORTED_OPEN_CLOSE_SETTL_FLAG,
    tags.NO_TRADING_SESSIONS: MDReqRejReason.UNSUPPORTED_TRADING_SESSION_ID,
}


def decode(text: str) -> MarketDataRequest | RefusedRequest:
    """Read a whole message, with SOH between fields; raises one of REJECTS."""
    fields = split(text)
    if fields.get(KEY[tags.MSG_TYPE]) != MARKET_DATA_REQUEST:
        raise fix.UnsupportedMessageType
    md_req_id = identifier(fields, tags.MD_REQ_ID)
    wanted = chosen(fields, tags.SUBSCRIPTION_REQUEST_TYPE, _SUBSCRIPTION_REQUEST_TYPES)
    required(fields, tags.MARKET_DEPTH)
    if wanted is SubscriptionRequestType.DISABLE:
        return MarketDataRequest(md_req_id, wanted, 0, True, frozenset(), ())
    refused = _unsupported(fields, wanted)
    if refused is not None:
        return RefusedRequest(md_req_id, *refused)
    entry_types, symbols = set(), dict[str, None]()
    for tag, value in _pairs(text):
        if tag == KEY[tags.MD_ENTRY_TYPE]:
            if value not in _MD_ENTRY_TYPES:
                supported = "0 (bid), 1 (offer), 2 (trade), A (imbalance) and Q (clearing price) are"
                why = f"MDEntryType(269) {value} is not supported; {supported}"
                return RefusedRequest(md_req_id, MDReqRejReason.UNSUPPORTED_MD_ENTRY_TYPE, why)
            entry_types.add(_MD_ENTRY_TYPES[value])
        elif tag == KEY[tags.SYMBOL]:
            symbols[value] = None
    if not entry_types:
        raise fix.FieldNotFound(tags.MD_ENTRY_TYPE)
    if not symbols:
        raise fix.FieldNotFound(tags.SYMBOL)
    is_incremental = fields.get(KEY[tags.MD_UPDATE_TYPE]) == "1"
    depth = int(fields[KEY[tags.MARKET_DEPTH]])
    return MarketDataRequest(md_req_id, wanted, depth, is_incremental, frozenset(entry_types), tuple(symbols))


def _unsupported(fields: Fields, wanted: SubscriptionRequestType) -> tuple[MDReqRejReason, str] | None:
    """Return why a request that begins something is refused by its plain fields, or None."""
    depth = fields[KEY[tags.MARKET_DEPTH]]
    if not (depth.isdecimal() and len(depth) < len(str(DEPTH_MAX))):
        why = f"MarketDepth(264) {depth[:20]} is not supported; 0 (all levels) or the number of levels is"
        return MDReqRejReason.UNSUPPORTED_MARKET_DEPTH, why
    update_type = fields.get(KEY[tags.MD_UPDATE_TYPE])
    if update_type not in ("0", "1") and wanted is SubscriptionRequestType.SNAPSHOT_AND_UPDATES:
        why = "MDUpdateType(265) is missing; a subscription needs 0 (full refresh) or 1 (incremental refresh)"
        return MDReqRejReason.UNSUPPORTED_MD_UPDATE_TYPE, why
    if fields.get(KEY[tags.AGGREGATED_BOOK], "Y") != "Y":
        why = "AggregatedBook(266) N is not supported; leave it out, single orders are in the multicast feed"
        return MDReqRejReason.UNSUPPORTED_AGGREGATED_BOOK, why
    if fields.get(KEY[tags.MD_IMPLICIT_DELETE], "N") != "N":
        why = "MDImplicitDelete(547) Y is not supported; leave it out, every level that goes is deleted"
        return MDReqRejReason.UNSUPPORTED_MD_IMPLICIT_DELETE, why
    for tag, reason in _UNSUPPORTED.items():
        if KEY[tag] in fields:
            return reason, f"{tags.NAMES[tag]}({tag}) is not supported; leave it out"
    return None


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return the fields in order, those of groups as often as they come."""
    pairs = []
    for field in text.rstrip(SOH).split(SOH):
        tag, _, value = field.partition("=")
        pairs.append((tag, value))
    return pairs
