"""A refusal: why an order request may not pass, before anybody has said so to the client."""

import msgspec

from fixgw.spec.values import OrdRejReason


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """``text`` names the tag, the limit and the value tried."""

    ord_rej_reason: OrdRejReason
    text: str
