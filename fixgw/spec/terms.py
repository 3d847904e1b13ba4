"""The terms of an instrument as people write them, in decimal, and the instrument that they make."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from fixgw.spec.instrument import SCALE_MAX, Instrument, TickRange
from fixgw.spec.values import INT64_MAX, Price, Qty

_TICKS = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) from ([0-9]{1,18}(?:\.[0-9]{1,18})?)", re.ASCII)
_MADE_OF_TERMS = (
    "tick_table",
    "tick_size",
    "lot_size",
    "multiplier",
    "order_qty_bound",
    "price_bound",
    "allows_negative_price",
    "reference_price",
    "static_band_ticks",
    "static_band_ppm",
    "dynamic_band_ticks",
    "dynamic_band_ppm",
)
_PERCENT_DECIMALS = 4
"""A ten-thousandth of a per cent is a millionth."""
_BAND_TICKS_MAX = 1_000_000_000

DIGITS_MAX = 18
"""Before the point, as in the configuration files."""


class Ticks(msgspec.Struct, frozen=True, array_like=True):
    """The tick from a price on, written ``0.05 from 5``."""

    tick: Decimal
    from_price: Decimal

    def __str__(self) -> str:
        return f"{self.tick:f} from {self.from_price:f}"


class Terms(msgspec.Struct, frozen=True, array_like=True):
    """All that is written of an instrument; what is None follows from the rest."""

    symbol: str
    tick: Decimal
    lot: Decimal
    multiplier: int = 1
    allows_negative_price: bool = False
    price_decimals: int | None = None
    qty_decimals: int | None = None
    order_qty_bound: Decimal | None = None
    price_bound: Decimal | None = None
    ticks: tuple[Ticks, ...] = ()
    """Where prices have other ticks than ``tick``, by rising prices."""
    reference_price: Decimal | None = None
    static_band_ticks: int = 0
    """0 is no band, here and below."""
    static_band_percent: Decimal = Decimal(0)
    dynamic_band_ticks: int = 0
    dynamic_band_percent: Decimal = Decimal(0)


class TermsChange(msgspec.Struct, frozen=True, array_like=True):
    """Other terms of a listed instrument; what is None stays as it is.  Its decimals are for ever."""

    tick: Decimal | None = None
    lot: Decimal | None = None
    multiplier: int | None = None
    allows_negative_price: bool | None = None
    order_qty_bound: Decimal | None = None
    price_bound: Decimal | None = None
    ticks: tuple[Ticks, ...] | None = None
    reference_price: Decimal | None = None
    static_band_ticks: int | None = None
    static_band_percent: Decimal | None = None
    dynamic_band_ticks: int | None = None
    dynamic_band_percent: Decimal | None = None


@dataclass(frozen=True)
class WrongTerm:
    """What is wrong with one of the terms, in words that may follow its name."""

    name: str
    problem: str


def instrument_of(terms: Terms) -> Instrument | list[WrongTerm]:
    """Put the terms into the instrument's scales, or say all that is wrong with them."""
    wrong = list(_not_above_zero(terms))
    if wrong:
        return wrong
    finest = min((terms.tick, *_ticks_and_prices(terms)), key=lambda number: (-_decimals_of(number), number))
    price_scale = _scale("tick", finest, "price_decimals", terms.price_decimals, wrong)
    qty_scale = _scale("lot", terms.lot, "qty_decimals", terms.qty_decimals, wrong)
    if wrong or (wrong := list(_wrong_ticks(terms, price_scale))):
        return wrong
    if wrong := list(_wrong_bands(terms, price_scale)):
        return wrong
    tick, lot = _raw(terms.tick, price_scale), _raw(terms.lot, qty_scale)
    default_bound = _default_order_qty_bound(price_scale, qty_scale)
    qty_bound = _bound("order_qty_bound", terms.order_qty_bound, qty_scale, default_bound, wrong)
    if not wrong:
        price_bound = _bound("price_bound", terms.price_bound, price_scale, INT64_MAX // qty_bound, wrong)
    if wrong or (wrong := _misfits(terms, (tick, lot, qty_bound, price_bound), (price_scale, qty_scale))):
        return wrong
    return Instrument(
        symbol=terms.symbol,
        price_scale=price_scale,
        qty_scale=qty_scale,
        tick_size=Price(tick),
        lot_size=Qty(lot),
        multiplier=terms.multiplier,
        order_qty_bound=Qty(qty_bound),
        price_bound=Price(price_bound),
        allows_negative_price=terms.allows_negative_price,
        tick_table=tuple(
            TickRange(Price(_raw(each.from_price, price_scale)), Price(_raw(each.tick, price_scale)))
            for each in terms.ticks
        ),
        reference_price=None if terms.reference_price is None else Price(_raw(terms.reference_price, price_scale)),
        static_band_ticks=terms.static_band_ticks,
        static_band_ppm=_raw(terms.static_band_percent, _PERCENT_DECIMALS),
        dynamic_band_ticks=terms.dynamic_band_ticks,
        dynamic_band_ppm=_raw(terms.dynamic_band_percent, _PERCENT_DECIMALS),
    )


def changed(instrument: Instrument, change: TermsChange) -> Instrument | list[WrongTerm]:
    """Return ``instrument`` with other terms and the decimals it has, or say all that is wrong with them."""
    written = {name: value for name in change.__struct_fields__ if (value := getattr(change, name)) is not None}
    made = instrument_of(msgspec.structs.replace(terms_of(instrument), **written))
    if not isinstance(made, Instrument):
        return made
    # What an instrument has besides these terms stays as it is.
    return msgspec.structs.replace(instrument, **{name: getattr(made, name) for name in _MADE_OF_TERMS})


def terms_of(instrument: Instrument) -> Terms:
    """Return the terms that make ``instrument``, every one of them written."""
    return Terms(
        symbol=instrument.symbol,
        tick=Decimal(instrument.tick_size).scaleb(-instrument.price_scale),
        lot=Decimal(instrument.lot_size).scaleb(-instrument.qty_scale),
        multiplier=instrument.multiplier,
        allows_negative_price=instrument.allows_negative_price,
        price_decimals=instrument.price_scale,
        qty_decimals=instrument.qty_scale,
        order_qty_bound=Decimal(instrument.order_qty_bound).scaleb(-instrument.qty_scale),
        price_bound=Decimal(instrument.price_bound).scaleb(-instrument.price_scale),
        ticks=tuple(
            Ticks(
                Decimal(each.tick_size).scaleb(-instrument.price_scale),
                Decimal(each.from_price).scaleb(-instrument.price_scale),
            )
            for each in instrument.tick_table
        ),
        reference_price=(
            None
            if instrument.reference_price is None
            else Decimal(instrument.reference_price).scaleb(-instrument.price_scale)
        ),
        static_band_ticks=instrument.static_band_ticks,
        static_band_percent=Decimal(instrument.static_band_ppm).scaleb(-_PERCENT_DECIMALS),
        dynamic_band_ticks=instrument.dynamic_band_ticks,
        dynamic_band_percent=Decimal(instrument.dynamic_band_ppm).scaleb(-_PERCENT_DECIMALS),
    )


def read_ticks(text: str) -> Ticks | None:
    """Return what ``0.05 from 5`` says, or None when it is not written so."""
    found = _TICKS.fullmatch(text)
    return None if found is None else Ticks(Decimal(found[1]), Decimal(found[2]))


def _not_above_zero(terms: Terms) -> Iterator[WrongTerm]:
    for name in ("tick", "lot", "multiplier", "order_qty_bound", "price_bound"):
        value = getattr(terms, name)
        if value is not None and not (Decimal(value).is_finite() and 0 < value < 10**DIGITS_MAX):
            yield WrongTerm(name, f"must be above zero, with {DIGITS_MAX} digits before the point at most")
    for number in _ticks_and_prices(terms):
        if not (number.is_finite() and 0 < number < 10**DIGITS_MAX):
            yield WrongTerm("ticks", f"must be above zero, with {DIGITS_MAX} digits before the point at most")


def _ticks_and_prices(terms: Terms) -> Iterator[Decimal]:
    for each in terms.ticks:
        yield from (each.tick, each.from_price)


def _wrong_ticks(terms: Terms, price_scale: int) -> Iterator[WrongTerm]:
    """Say which range does not begin above the one before, at a price that is on the tick of both."""
    below, from_before = terms.tick, 0
    for each in terms.ticks:
        tick, from_price = _raw(each.tick, price_scale), _raw(each.from_price, price_scale)
        if from_price <= from_before:
            yield WrongTerm("ticks", f"{each}: write them by rising prices")
        elif from_price % tick or from_price % _raw(below, price_scale):
            right = f"{each.from_price:f} must be a multiple of it and of the tick below, {below:f}"
            yield WrongTerm("ticks", f"{each}: {right}")
        below, from_before = each.tick, from_price


def _wrong_bands(terms: Terms, price_scale: int) -> Iterator[WrongTerm]:
    reference = terms.reference_price
    if reference is not None and not (reference.is_finite() and abs(reference) < 10**DIGITS_MAX):
        yield WrongTerm("reference_price", f"must be a number with {DIGITS_MAX} digits before the point at most")
    elif reference is not None and _decimals_of(reference) > price_scale:
        text = f"{reference:f} has more than the {price_scale} decimals of the instrument; round it"
        yield WrongTerm("reference_price", text)
    for name in ("static_band_ticks", "dynamic_band_ticks"):
        if not 0 <= getattr(terms, name) <= _BAND_TICKS_MAX:
            yield WrongTerm(name, f"must be from 0, which is no band, to {_BAND_TICKS_MAX}")
    for name in ("static_band_percent", "dynamic_band_percent"):
        percent: Decimal = getattr(terms, name)
        if not (percent.is_finite() and 0 <= percent < 10**DIGITS_MAX):
            yield WrongTerm(name, "must be 0, which is no band, or above")
        elif _decimals_of(percent) > _PERCENT_DECIMALS:
            yield WrongTerm(name, f"{percent:f} has more than {_PERCENT_DECIMALS} decimals; round it")
    if reference is None and (terms.static_band_ticks or terms.static_band_percent):
        name = "static_band_ticks" if terms.static_band_ticks else "static_band_percent"
        yield WrongTerm(name, "needs a price to be around; write reference_price")


def _scale(step_name: str, step: Decimal, name: str, written: int | None, wrong: list[WrongTerm]) -> int:
    """Return how many decimals the numbers of the instrument carry."""
    needed = _decimals_of(step)
    if needed > SCALE_MAX:
        wrong.append(WrongTerm(step_name, f"{step:f} has more than {SCALE_MAX} decimals; write a larger {step_name}"))
    elif written is not None and written < needed:
        right = f"write {needed} or more, up to {SCALE_MAX}"
        wrong.append(WrongTerm(name, f"{written} is too few for {step_name} {step:f}; {right}"))
    return needed if written is None else written


def _bound(name: str, written: Decimal | None, scale: int, default: int, wrong: list[WrongTerm]) -> int:
    if written is None:
        return default
    if _decimals_of(written) > scale:
        wrong.append(WrongTerm(name, f"{written:f} has more than the {scale} decimals of the instrument; round it"))
        return default
    raw = _raw(written, scale)
    if raw > INT64_MAX:
        largest = INT64_MAX // 10**scale
        wrong.append(WrongTerm(name, f"{written:f} is too large with {scale} decimals; write at most {largest}"))
    return raw


def _misfits(terms: Terms, raw: tuple[int, int, int, int], scales: tuple[int, int]) -> list[WrongTerm]:
    """Return what an instrument's bounds do not leave room for."""
    (tick, lot, qty_bound, price_bound), (price_scale, qty_scale) = raw, scales
    if qty_bound * price_bound > INT64_MAX:
        largest = Decimal(INT64_MAX // qty_bound).scaleb(-price_scale)
        return [WrongTerm("price_bound", f"times order_qty_bound is too large; write at most {largest:f}")]
    if qty_bound < lot:
        bound = Decimal(qty_bound).scaleb(-qty_scale)
        right = "write a larger order_qty_bound"
        return [WrongTerm("lot", f"{terms.lot:f} is above order_qty_bound, {bound:f}; {right}")]
    if price_bound < tick:
        bound = Decimal(price_bound).scaleb(-price_scale)
        right = "write a larger price_bound or a smaller order_qty_bound"
        return [WrongTerm("tick", f"{terms.tick:f} is above price_bound, {bound:f}; {right}")]
    return []


def _decimals_of(value: Decimal) -> int:
    """Return how many decimals ``value`` has, trailing zeros not counted."""
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int), value
    return max(-exponent, 0)


def _raw(value: Decimal, scale: int) -> int:
    return int(value.scaleb(scale))


def _default_order_qty_bound(price_scale: int, qty_scale: int) -> int:
    """Return the bound in raw units: 10**9 units, or as many as leave the price some room.

    Price and quantity share 18 digits.  Up to three decimals together, 10**9 units leave prices
    up to nine million and more; from there on the digits that are left are the price's first, then shared.
    """
    decimals = price_scale + qty_scale
    return int(10 ** (qty_scale + min(9, max(12 - decimals, (18 - decimals) // 2))))
