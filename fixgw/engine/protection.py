"""Market protection: how far an order at market may go into the book."""

from fixgw.spec.instrument import Instrument
from fixgw.spec.values import Price, Side

_MILLION = 1_000_000


def protection_price(instrument: Instrument, side: Side, best: Price) -> Price | None:
    """Return the worst price that an order of ``side`` may trade at, ``best`` being the best one there is.

    None where the instrument has no protection.  A part of a price unit is no room.
    """
    rooms = []
    if instrument.market_protection_ticks:
        rooms.append(instrument.market_protection_ticks * instrument.tick_at(best))
    if instrument.market_protection_ppm:
        rooms.append(abs(best) * instrument.market_protection_ppm // _MILLION)
    if not rooms:
        return None
    room = min(rooms)
    return Price(best + room if side is Side.BUY else best - room)
