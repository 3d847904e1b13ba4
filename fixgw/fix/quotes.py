"""What is said of quotes, as bodies of FIX messages: QuoteStatusReport(35=AI) and MassQuoteAcknowledgement(35=b)."""

from collections.abc import Iterator
from itertools import groupby

from fixgw.spec.events import MassQuoteAnswered
from fixgw.spec.fixed import format_fixed, format_shortest
from fixgw.spec.inquiries import QuoteStatusAnswer
from fixgw.spec.instrument import SCALE_MAX
from fixgw.spec.quotes import QuoteEntryAnswer, QuoteState
from fixgw.spec.values import Price, Qty, QuoteResponseLevel, QuoteStatus

_NO_ID = "NONE"


def quote_status_report(quote: QuoteState, status: QuoteStatus, text: str | None, time_text: str) -> str:
    """Return the body for one quote; a side that is not quoted is left out."""
    account = f"1={quote.account}\x01" if quote.account else ""
    bid = _side(quote, "132", quote.bid_px, "134", quote.bid_size)
    offer = _side(quote, "133", quote.offer_px, "135", quote.offer_size)
    said = "" if text is None else f"58={text}\x01"
    return f"117={quote.quote_id}\x01{account}55={quote.symbol}\x01{bid}{offer}297={status}\x01{said}60={time_text}\x01"


def quote_status_reports(answer: QuoteStatusAnswer, time_text: str) -> Iterator[str]:
    """Yield the bodies that answer a QuoteStatusRequest(35=a), at least one."""
    inquiry = answer.inquiry
    echoed = "" if inquiry.quote_status_req_id is None else f"649={inquiry.quote_status_req_id}\x01"
    for quote in answer.quotes:
        yield echoed + quote_status_report(quote, QuoteStatus.ACCEPTED, None, time_text)
    if not answer.quotes:
        nothing = None, Qty(0), None, Qty(0)
        names = inquiry.session, inquiry.firm, "", inquiry.quote_id or _NO_ID, "", inquiry.symbol
        quote = QuoteState(*names, *nothing, 0, 0)
        yield echoed + quote_status_report(quote, QuoteStatus.NOT_FOUND, "no such quote of this session", time_text)


def mass_quote_acknowledgement(event: MassQuoteAnswered) -> str:
    """Return the body; it names all entries or, where the client wants no more, those that were refused."""
    level = event.quote_response_level
    reason = "" if event.quote_reject_reason is None else f"300={event.quote_reject_reason}\x01"
    said = "" if event.text is None else f"58={event.text}\x01"
    wants_all = level is QuoteResponseLevel.EACH
    named = [entry for entry in event.entries if wants_all or entry.refusal is not None]
    sets = [_quote_set(name, list(entries)) for name, entries in groupby(named, lambda entry: entry.quote_set_id)]
    return (
        f"117={event.quote_id}\x01297={event.quote_status}\x01{reason}301={level}\x011={event.account}\x01{said}"
        f"296={len(sets)}\x01{''.join(sets)}"
    )


def _quote_set(name: str, entries: list[QuoteEntryAnswer]) -> str:
    answers = "".join(
        f"299={entry.quote_entry_id}\x0155={entry.symbol}\x01"
        + ("" if entry.refusal is None else f"368={entry.refusal.reason}\x01")
        for entry in entries
    )
    return f"302={name}\x01304={len(entries)}\x01295={len(entries)}\x01{answers}"


def _side(quote: QuoteState, price_tag: str, price: Price | None, size_tag: str, size: Qty) -> str:
    if price is None or not size:
        return ""
    # Nobody knows how many decimals an unknown symbol has: as few as it takes.
    number = format_fixed if quote.qty_scale <= SCALE_MAX else format_shortest
    return f"{price_tag}={number(price, quote.price_scale)}\x01{size_tag}={number(size, quote.qty_scale)}\x01"
