"""A limit state: the best price of an instrument is as far as its price band goes."""

import msgspec

from fixgw.spec.fixed import format_fixed
from fixgw.spec.instrument import Instrument
from fixgw.spec.values import Price, Side

_NS_A_S = 1_000_000_000


class LimitState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``side`` is that of the best price, at or beyond ``price``, the edge of the band as it began."""

    symbol: str
    side: Side
    price: Price
    price_scale: int
    since_ns: int

    def ends_ns(self, instrument: Instrument) -> int:
        """Return when trading pauses, ns since the epoch, UTC, unless it is over before."""
        return self.since_ns + instrument.limit_state_s * _NS_A_S

    @property
    def text(self) -> str:
        """It in words."""
        best, edge = ("bid", "upper") if self.side is Side.BUY else ("offer", "lower")
        price = format_fixed(self.price, self.price_scale)
        return f"limit state of {self.symbol}: the best {best} is at the {edge} price band {price}"
