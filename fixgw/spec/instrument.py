"""An instrument: what can be traded, in which steps, and the scales its integers are in."""

import msgspec

from fixgw.spec.fixed import FixedError, parse
from fixgw.spec.values import INT64_MAX, Allocation, Price, Qty, SelfMatchPrevention, SelfMatchScope, TriggerSource

SCALE_MAX = 9
"""The most decimals a price or a quantity may have."""

NOTIONAL_SCALE = 2 * SCALE_MAX
"""Notional amounts of all instruments are in ``10**-18`` units of their currency: one scale, always exact."""

_POWERS_OF_TEN: tuple[int, ...] = tuple(10**exponent for exponent in range(NOTIONAL_SCALE + 1))


class TickRange(msgspec.Struct, frozen=True, array_like=True):
    """From a price on, up to the next range, this is the tick; below zero ranges are as they are above it."""

    from_price: Price
    tick_size: Price


class Instrument(msgspec.Struct, frozen=True, array_like=True):
    """Tick and lot are in the instrument's own scales, as all prices and quantities of it are.

    ``order_qty_bound`` times ``price_bound`` is below 2**63, so that no order's notional can overflow
    the journal's integers.  They are bounds of representation; what a firm may do, the limits say.
    """

    symbol: str
    price_scale: int
    qty_scale: int
    tick_size: Price
    lot_size: Qty
    multiplier: int
    order_qty_bound: Qty
    price_bound: Price
    allows_negative_price: bool = False
    market_protection_ticks: int = 0
    """How far beyond the best opposite price an order at market may trade; 0 where only the percentage counts."""
    market_protection_ppm: int = 0
    """The same in millionths of that price; with both the nearer counts, with neither there is no protection."""
    trigger_source: TriggerSource = TriggerSource.LAST
    self_match_prevention: SelfMatchPrevention | None = None
    """For orders that say nothing themselves; None lets them trade with their own."""
    self_match_scope: SelfMatchScope = SelfMatchScope.ID

    reference_price: Price | None = None
    """What the static price band is around, and the dynamic one before the first trade."""
    static_band_ticks: int = 0
    """How far prices may be from the reference price, 0 for anywhere; with ``static_band_ppm`` the nearer counts."""
    static_band_ppm: int = 0
    """In millionths of the reference price."""
    dynamic_band_ticks: int = 0
    """How far an order may trade from the last trade before it, 0 for anywhere, and likewise in millionths."""
    dynamic_band_ppm: int = 0
    tick_table: tuple[TickRange, ...] = ()
    """By rising prices; each ``from_price`` is a multiple of its tick and of the one before."""

    allocation: Allocation = Allocation.FIFO
    pro_rata_min: Qty = Qty(0)
    """A part smaller than this is none."""
    lead_market_maker: str = ""
    """The account whose orders trade first, for so many whole per cent of what trades at a price."""
    lead_market_maker_percent: int = 0

    segment: str = ""
    """The segment whose schedule it follows; empty for none."""
    volatility_auction_s: int = 0
    """How long a call lasts that begins where an order would trade outside the bands; 0 cancels what is left of it."""
    volatility_random_end_s: int = 0
    """Up to how many seconds longer, drawn from the seed."""
    dynamic_band_average_s: int = 0
    """The dynamic band is around the average of the trades of so many seconds; 0 for the last trade."""
    limit_state_s: int = 0
    """Orders beyond the bands rest at their edge, and a best price there pauses trading after so many seconds; 0 for
    neither."""

    def tick_at(self, price: int) -> Price:
        """Return the tick of the range that ``price`` is in; ``tick_size`` is that below the first of them."""
        tick = self.tick_size
        for each in self.tick_table:
            if abs(price) < each.from_price:
                break
            tick = each.tick_size
        return tick

    def is_on_tick(self, price: Price) -> bool:
        return price % (self.tick_at(price) if self.tick_table else self.tick_size) == 0

    def down_to_tick(self, price: int) -> Price:
        """Return ``price``, or the next lower one that is on its tick."""
        return self.price_below(price + 1)

    def up_to_tick(self, price: int) -> Price:
        """Return ``price``, or the next higher one that is on its tick."""
        return self.price_above(price - 1)

    def price_below(self, price: int) -> Price:
        """Return the next lower price that is on its tick."""
        return self._on_tick_towards_zero(price - 1) if price > 0 else Price(-self._on_tick_off_zero(1 - price))

    def price_above(self, price: int) -> Price:
        """Return the next higher price that is on its tick."""
        return self._on_tick_off_zero(price + 1) if price >= 0 else Price(-self._on_tick_towards_zero(-price - 1))

    def _on_tick_towards_zero(self, price: int) -> Price:
        tick = self.tick_at(price)
        return Price(price // tick * tick)

    def _on_tick_off_zero(self, price: int) -> Price:
        # Where a range begins is on the tick of it and of the one before: rounding up never leaves one unseen.
        tick = self.tick_at(price)
        return Price(-(-price // tick) * tick)

    def parse_price(self, text: str) -> Price:
        """Return Price(44) ``text`` in this instrument's scale; raises FixedError."""
        price = parse(text, self.price_scale)
        if price <= 0 and not self.allows_negative_price:
            raise FixedError("is not above zero")
        if abs(price) > self.price_bound:
            raise FixedError("is too large")
        return Price(price)

    def parse_qty(self, text: str) -> Qty:
        """Return OrderQty(38) ``text`` in this instrument's scale; raises FixedError."""
        qty = parse(text, self.qty_scale)
        if qty <= 0:
            raise FixedError("is not above zero")
        if qty > self.order_qty_bound:
            raise FixedError("is too large")
        return Qty(qty)

    @property
    def has_bands(self) -> bool:
        """Whether there is any price band."""
        bands = self.static_band_ticks, self.static_band_ppm, self.dynamic_band_ticks, self.dynamic_band_ppm
        return any(bands)

    def notional(self, price: int, qty: int) -> int:
        """Return price times quantity times contract multiplier, in ``10**-18`` units of the currency."""
        return price * qty * self.multiplier * _POWERS_OF_TEN[NOTIONAL_SCALE - self.price_scale - self.qty_scale]


UNLISTED = Instrument(
    symbol="",
    price_scale=SCALE_MAX + 1,
    qty_scale=SCALE_MAX + 1,
    tick_size=Price(1),
    lot_size=Qty(1),
    multiplier=1,
    order_qty_bound=Qty(INT64_MAX),
    price_bound=Price(INT64_MAX),
    allows_negative_price=True,
)
"""Stands in for a symbol nobody knows, so that its order can be read, refused and echoed; never traded.

No instrument has so many decimals, by which an order under it is known.
"""
