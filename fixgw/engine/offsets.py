"""Offsets: how far from a price an order is to be, in price, in basis points or in ticks; PegOffsetValue(211)."""

from fixgw.spec.instructions import Instructions
from fixgw.spec.instrument import Instrument
from fixgw.spec.values import PegOffsetType, Price, Side

_MILLION = 1_000_000


def offset(instructions: Instructions, reference: Price, instrument: Instrument) -> int:
    """Return the offset in price units; of basis points, which are millionths here, a part of a unit is none."""
    value = instructions.peg_offset_value
    match instructions.peg_offset_type:
        case PegOffsetType.TICKS:
            return value * instrument.tick_at(reference)
        case PegOffsetType.BASIS_POINTS:
            part = abs(reference * value) // _MILLION
            return part if (value < 0) == (reference < 0) else -part
        case _:
            return value


def passive(price: int, side: Side, instrument: Instrument) -> Price:
    """Return the tick nearest to ``price`` that is no better for others."""
    return instrument.down_to_tick(price) if side is Side.BUY else instrument.up_to_tick(price)


def can_be(price: Price, instrument: Instrument) -> bool:
    """Return whether an order in ``instrument`` may have ``price``."""
    return abs(price) <= instrument.price_bound and (price > 0 or instrument.allows_negative_price)
