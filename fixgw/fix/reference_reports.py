"""Reference data as FIX text: SecurityList(35=y), SecurityDefinition(35=d), SecurityStatus(35=f) and
TradingSessionStatus(35=h)."""

from typing import assert_never

from fixgw.fix.report import Report, optional
from fixgw.spec.fixed import format_fixed, format_shortest
from fixgw.spec.instrument import Instrument, TickRange
from fixgw.spec.reference import (
    TRADING_SESSION_ID,
    ReferenceAnswer,
    SecurityDefinitionAnswer,
    SecurityListAnswer,
    SecurityStatusAnswer,
    TradingSessionAnswer,
)
from fixgw.spec.values import TradSesStatus

_ATTRIBUTE_TEXT = "99"
"""InstrAttribType(871) of what FIX 4.4 has no field for."""
_UNKNOWN_TRADING_SESSION_ID = "1"
"""TradSesStatusRejReason(567)."""
_ELECTRONIC = "1"
"""TradSesMethod(338)."""


def report(answer: ReferenceAnswer, time_text: str) -> Report:
    """Return ``answer`` as a message; ``time_text`` is TransactTime(60) where it has one."""
    match answer:
        case SecurityListAnswer():
            return _security_list(answer)
        case SecurityDefinitionAnswer():
            return _security_definition(answer)
        case SecurityStatusAnswer():
            return _security_status(answer, time_text)
        case TradingSessionAnswer():
            return _trading_session(answer)
        case _:
            assert_never(answer)


def _security_list(answer: SecurityListAnswer) -> Report:
    inquiry, count = answer.inquiry, len(answer.instruments)
    securities = "".join(_listed(instrument) for instrument in answer.instruments)
    last = "Y" if answer.is_last else "N"
    group = f"393={answer.tot_no_related_sym}\x01893={last}\x01146={count}\x01{securities}" if count else ""
    body = (
        f"320={inquiry.security_req_id}\x01322={inquiry.security_req_id}.{answer.fragment}\x01"
        f"560={answer.security_request_result}\x01{group}"
    )
    return Report(inquiry.session, "y", body)


def _security_definition(answer: SecurityDefinitionAnswer) -> Report:
    inquiry, instrument = answer.inquiry, answer.instrument
    known = optional("55=", inquiry.symbol) if instrument is None else _listed(instrument)
    body = (
        f"320={inquiry.security_req_id}\x01322={inquiry.security_req_id}.1\x01"
        f"323={answer.security_response_type}\x01{known}{optional('58=', answer.text)}"
    )
    return Report(inquiry.session, "d", body)


def _security_status(answer: SecurityStatusAnswer, time_text: str) -> Report:
    inquiry, last_px = answer.inquiry, answer.last_px
    traded = "" if last_px is None else f"31={format_fixed(last_px, answer.price_scale)}\x01"
    body = (
        f"324={inquiry.security_status_req_id}\x0155={inquiry.symbol}\x01"
        f"325={_unsolicited(inquiry.is_update)}\x01326={answer.security_trading_status}\x01"
        f"{traded}60={time_text}\x01{optional('58=', answer.text)}"
    )
    return Report(inquiry.session, "f", body)


def _trading_session(answer: TradingSessionAnswer) -> Report:
    inquiry = answer.inquiry
    rejected = answer.trad_ses_status is TradSesStatus.REQUEST_REJECTED
    trading_session_id = inquiry.trading_session_id if rejected else TRADING_SESSION_ID
    reason = f"567={_UNKNOWN_TRADING_SESSION_ID}\x01" if rejected else f"338={_ELECTRONIC}\x01"
    body = (
        f"335={inquiry.trad_ses_req_id}\x01336={trading_session_id}\x01325={_unsolicited(inquiry.is_update)}\x01"
        f"340={answer.trad_ses_status}\x01{reason}{optional('58=', answer.text)}"
    )
    return Report(inquiry.session, "h", body)


def _listed(instrument: Instrument) -> str:
    """Return the terms of an instrument, in the order that the groups of the dictionary want."""
    attributes = "".join(f"871={_ATTRIBUTE_TEXT}\x01872={text}\x01" for text in _attributes(instrument))
    lot = format_shortest(instrument.lot_size, instrument.qty_scale)
    return (
        f"55={instrument.symbol}\x01231={instrument.multiplier}\x01"
        f"870={len(_attributes(instrument))}\x01{attributes}561={lot}\x01562={lot}\x01"
    )


def _attributes(instrument: Instrument) -> list[str]:
    """Return what is to be known of an instrument and has no field in FIX 4.4, a name and a value each."""
    texts = [
        f"tick {format_shortest(instrument.tick_size, instrument.price_scale)}",
        *(_tick_range(each, instrument.price_scale) for each in instrument.tick_table),
        f"price decimals {instrument.price_scale}",
        f"quantity decimals {instrument.qty_scale}",
    ]
    return [*texts, "negative prices"] if instrument.allows_negative_price else texts


def _tick_range(ticks: TickRange, price_scale: int) -> str:
    tick, from_price = (format_shortest(number, price_scale) for number in (ticks.tick_size, ticks.from_price))
    return f"tick {tick} from {from_price}"


def _unsolicited(is_update: bool) -> str:
    """Return UnsolicitedIndicator(325)."""
    return "Y" if is_update else "N"
