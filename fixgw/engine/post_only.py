"""Post-only: an order that may only rest slides a tick away from what it would trade with, or is refused."""

from fixgw.engine.book import BookSide, Level
from fixgw.engine.matching import reaches
from fixgw.spec.commands import NewOrder, ReplaceOrder
from fixgw.spec.fixed import format_fixed
from fixgw.spec.instructions import NO_CROSS, POST_ONLY, Instructions
from fixgw.spec.instrument import Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, OrdType, Price, Side, TimeInForce

_RESTING = (TimeInForce.DAY, TimeInForce.GOOD_TILL_CANCEL, TimeInForce.GOOD_TILL_DATE)


def is_post_only(instructions: Instructions | None) -> bool:
    return instructions is not None and POST_ONLY in instructions.exec_inst


def mismatch(command: NewOrder | ReplaceOrder) -> Refusal | None:
    """Return why ``command`` cannot be post-only though it asks for it, or None."""
    instructions = command.instructions
    if instructions is None or POST_ONLY not in instructions.exec_inst:
        return None
    if command.ord_type is OrdType.LIMIT and command.time_in_force in _RESTING and instructions.stop_px is None:
        return None
    right = "OrdType(40) 2, TimeInForce(59) 0, 1 or 6, no trigger"
    text = f"ExecInst(18) 6 (post-only) is not supported here; with {right}"
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)


def refusal(command: NewOrder | ReplaceOrder, opposite: BookSide, instrument: Instrument) -> str | None:
    """Return why ``command``, a post-only order, can neither rest at its price nor slide, or None."""
    best = opposite.best
    if command.price is None or best is None or not reaches(command.price, command.side, best):
        return None
    price = format_fixed(command.price, instrument.price_scale)
    assert command.instructions is not None, command
    if NO_CROSS in command.instructions.exec_inst:
        return f"ExecInst(18) 6 A: Price(44) {price} would trade at once"
    slid = slid_price(command.side, best, instrument)
    if (slid > 0 or instrument.allows_negative_price) and abs(slid) <= instrument.price_bound:
        return None
    return f"ExecInst(18) 6: Price(44) {price} would trade at once, and there is no price a tick away"


def slid_price(side: Side, best: Level, instrument: Instrument) -> Price:
    """Return the price nearest to ``best``, the best of the other side, that does not trade with it."""
    return instrument.price_below(best.price) if side is Side.BUY else instrument.price_above(best.price)
