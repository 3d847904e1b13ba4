"""Quantities of an order besides OrderQty(38)."""

from fixgw.fix.fields import KEY, Fields
from fixgw.spec import tags
from fixgw.spec.fixed import FixedError
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, Qty

_ECHO_LENGTH_MAX = 40


def read_qty(fields: Fields, tag: int, instrument: Instrument) -> Qty | Refusal:
    """Return the quantity in the scale of ``instrument``, or why it is none."""
    text = fields[KEY[tag]]
    try:
        return instrument.parse_qty(text)
    except FixedError as error:
        return Refusal(OrdRejReason.INCORRECT_QUANTITY, f"{tags.NAMES[tag]}({tag}) {text[:_ECHO_LENGTH_MAX]} {error}")
