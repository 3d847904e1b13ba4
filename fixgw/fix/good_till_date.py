"""Until when an order is good: ExpireDate(432) or ExpireTime(126) of an order with TimeInForce(59)=6."""

from datetime import UTC, datetime

import msgspec
import quickfix as fix

from fixgw.fix.fields import KEY, Fields, utc_timestamp_ns
from fixgw.spec import tags
from fixgw.spec.instructions import Instructions
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import INT64_MAX, OrdRejReason, TimeInForce

_EXPIRE_TIME = KEY[tags.EXPIRE_TIME]
_EXPIRE_DATE = KEY[tags.EXPIRE_DATE]
EXPIRY_TAGS = (_EXPIRE_TIME, _EXPIRE_DATE)
_LAST_TIME = datetime.fromtimestamp(INT64_MAX // 1_000_000_000, UTC)


def read_expiry(
    fields: Fields, time_in_force: TimeInForce, instructions: Instructions, now_ns: int, trading_date: str
) -> Instructions | Refusal:
    """Return ``instructions`` with when the order expires, if it does; or why that is refused.

    ``trading_date`` is ISO 8601.  Raises FieldNotFound when nothing says how long a good-till-date order is good.
    """
    time_text, date_text = fields.get(_EXPIRE_TIME), fields.get(_EXPIRE_DATE)
    if time_in_force is not TimeInForce.GOOD_TILL_DATE:
        name = "ExpireDate(432)" if time_text is None else "ExpireTime(126)"
        if time_text is None and date_text is None:
            return instructions
        return _unsupported(f"{name} is not supported with TimeInForce(59) {time_in_force}; with 6 (good till date)")
    if time_text is not None and date_text is not None:
        return _unsupported("ExpireTime(126) is not supported with ExpireDate(432); give one of them")
    if time_text is not None:
        return _until_time(time_text, instructions, now_ns)
    if date_text is not None:
        return _until_date(date_text, instructions, trading_date)
    raise fix.FieldNotFound(tags.EXPIRE_DATE)


def _until_time(text: str, instructions: Instructions, now_ns: int) -> Instructions | Refusal:
    expire_time_ns = utc_timestamp_ns(text, tags.EXPIRE_TIME)
    if expire_time_ns <= now_ns:
        now = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC).strftime("%Y%m%d-%H:%M:%S")
        return Refusal(OrdRejReason.TOO_LATE_TO_ENTER, f"ExpireTime(126) {text} has passed; it is {now}")
    if expire_time_ns > INT64_MAX:
        return Refusal(OrdRejReason.OTHER, f"ExpireTime(126) {text} is too late; {_LAST_TIME:%Y%m%d} is the last day")
    return msgspec.structs.replace(instructions, expire_time_ns=expire_time_ns)


def _until_date(text: str, instructions: Instructions, trading_date: str) -> Instructions | Refusal:
    try:
        expire_date = datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        raise fix.IncorrectDataFormat(tags.EXPIRE_DATE) from None
    if expire_date < trading_date:
        text = f"ExpireDate(432) {text} has passed; the trading day is {trading_date}"
        return Refusal(OrdRejReason.TOO_LATE_TO_ENTER, text)
    return msgspec.structs.replace(instructions, expire_date=expire_date)


def _unsupported(text: str) -> Refusal:
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)
