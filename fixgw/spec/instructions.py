"""What an order may ask for beyond side, quantity, price, OrdType and TimeInForce; most orders ask for none of it."""

import msgspec

from fixgw.spec.values import Price, TriggerPriceType

POST_ONLY = "6"
"""ExecInst(18), participate don't initiate: an order that would take slides a tick away."""
NO_CROSS = "A"
"""ExecInst(18), with POST_ONLY: an order that would take is refused."""


class Instructions(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """All of it as the client gave it, in the instrument's scales; the default of each field is: not given.

    What the venue makes of it while the order lives (triggered, shown, pegged at) is not in here: that is the order's.
    A field is named by its FIX field, and stays at its place: new ones come at the end.
    """

    exec_inst: str = ""
    """ExecInst(18): its codes in ascending order, without the spaces between them."""
    stop_px: Price | None = None
    """StopPx(99), or TriggerPrice(1102), which says the same: what the order waits for."""
    trigger_price_type: TriggerPriceType | None = None
    """TriggerPriceType(1107); None for that of the instrument."""
