"""Price bands: how far from a reference an instrument trades; the static one around the price of its configuration,
the dynamic one around its last trade.
"""

from typing import NamedTuple

from fixgw.spec.fixed import format_fixed
from fixgw.spec.instrument import Instrument
from fixgw.spec.values import Price, Side

_MILLION = 1_000_000


class Band(NamedTuple):
    """Both prices are within."""

    low: Price
    high: Price

    def has(self, price: Price) -> bool:
        return self.low <= price <= self.high

    def edge(self, side: Side) -> Price:
        """Return the worst price that an order of ``side`` may trade at."""
        return self.high if side is Side.BUY else self.low

    def text(self, instrument: Instrument) -> str:
        low, high = (format_fixed(price, instrument.price_scale) for price in self)
        return f"{low} to {high} of {instrument.symbol}"


def static_band(instrument: Instrument) -> Band | None:
    """Return where limit prices and trades may be, or None for anywhere."""
    return _around(instrument.reference_price, instrument, instrument.static_band_ticks, instrument.static_band_ppm)


def dynamic_band(instrument: Instrument, last_px: Price | None) -> Band | None:
    """Return where the next order may trade after a trade at ``last_px``, or before the first one, or None.

    ``last_px`` may be an average of the last trades.
    """
    reference = instrument.reference_price if last_px is None else last_px
    return _around(reference, instrument, instrument.dynamic_band_ticks, instrument.dynamic_band_ppm)


def trading_band(instrument: Instrument, last_px: Price | None) -> Band | None:
    """Return where the next order may trade: within both bands, or None for anywhere.

    Where they have no price in common, as after a new static one, it is a band without a price.
    """
    bands = [band for band in (static_band(instrument), dynamic_band(instrument, last_px)) if band is not None]
    if not bands:
        return None
    return Band(max(band.low for band in bands), min(band.high for band in bands))


def _around(reference: Price | None, instrument: Instrument, ticks: int, ppm: int) -> Band | None:
    """With ticks and millionths the nearer counts; a part of a price unit is no room."""
    if reference is None or not (ticks or ppm):
        return None
    rooms = [ticks * instrument.tick_at(reference)] if ticks else []
    if ppm:
        rooms.append(abs(reference) * ppm // _MILLION)
    room = min(rooms)
    return Band(Price(reference - room), Price(reference + room))
