"""Quotes: two-sided orders of a market maker, by the fields of FIX 4.4, in the instrument's scales."""

import msgspec

from fixgw.spec.values import Price, Qty, QuoteRejectReason, Side

QUOTE_ENTRIES_MAX = 100
"""Entries of one MassQuote(35=i), some 50 us each: it is one command, and others wait for it."""

NO_ENTRY = ""
"""QuoteEntryID(299) of a quote that is a message of its own, Quote(35=S)."""


class QuoteRefusal(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Why a quote is not taken, as the client is told."""

    reason: QuoteRejectReason
    text: str


class QuoteEntry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is quoted in one instrument from here on.  A side without a size is not quoted, or no longer."""

    quote_set_id: str
    quote_entry_id: str
    """With session and symbol it names the quote that this one takes the place of."""
    symbol: str
    bid_px: Price | None
    bid_size: Qty
    offer_px: Price | None
    offer_size: Qty
    refusal: QuoteRefusal | None = None
    """Why the door could not put it into the instrument's numbers, or None."""

    def side(self, side: Side) -> tuple[Price, Qty] | None:
        """Return price and size of one side, None when it is not quoted."""
        price, size = (self.bid_px, self.bid_size) if side is Side.BUY else (self.offer_px, self.offer_size)
        return None if price is None or not size else (price, size)


class QuoteState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A quote as it stands: what is left of its sides."""

    session: str
    firm: str
    account: str
    quote_id: str
    """QuoteID(117) of the message that it was last accepted by."""
    quote_entry_id: str
    symbol: str
    bid_px: Price | None
    bid_size: Qty
    offer_px: Price | None
    offer_size: Qty
    price_scale: int
    qty_scale: int


class QuoteEntryAnswer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What became of one entry of a MassQuote(35=i)."""

    quote_set_id: str
    quote_entry_id: str
    symbol: str
    refusal: QuoteRefusal | None
