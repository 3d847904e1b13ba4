"""What an order may ask for beyond side, quantity, price, OrdType and TimeInForce; most orders ask for none of it."""

import msgspec

from fixgw.spec.values import PegOffsetType, Price, Qty, SelfMatchPrevention, TriggerPriceType

POST_ONLY = "6"
"""ExecInst(18), participate don't initiate: an order that would take slides a tick away."""
NO_CROSS = "A"
"""ExecInst(18), with POST_ONLY: an order that would take is refused."""
TRAILING = "a"
"""ExecInst(18): the trigger follows the price."""
CANCEL_ON_HALT = "K"
"""ExecInst(18): the order is canceled when its instrument is halted, where others stay (E38)."""
ALL_OR_NONE = "G"
"""ExecInst(18): the order trades whole, in one step, or waits aside of the book."""
REINSTATE_ON_HALT = "J"
"""ExecInst(18): the order goes on after a halt, as all do that are not canceled by it."""
PRIMARY_PEG = "R"
"""ExecInst(18): the price follows the best of the same side."""
MARKET_PEG = "P"
"""ExecInst(18): the price follows the best of the opposite side."""
MID_PEG = "M"
"""ExecInst(18): the price follows the middle of the two."""
LAST_PEG = "L"
"""ExecInst(18): the price follows the last trade."""
PEGS = (LAST_PEG, MID_PEG, MARKET_PEG, PRIMARY_PEG)
FOLLOWING = (TRAILING, *PEGS)
"""ExecInst(18): all that follow a price."""


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
    peg_offset_value: int = 0
    """PegOffsetValue(211): in the price units of the instrument, in ticks, or in millionths for basis points."""
    peg_offset_type: PegOffsetType = PegOffsetType.PRICE
    activation_price: Price | None = None
    """TriggerPrice(1102) of a trailing stop: where it begins to follow the price."""
    self_match_prevention_id: str = ""
    """SelfMatchPreventionID(7928): it does not trade with the firm's orders that have the same."""
    self_match_prevention: SelfMatchPrevention | None = None
    """Without an id, too: it does not trade with the account's other orders."""
    max_floor: Qty | None = None
    """MaxFloor(111), DisplayQty(1138): the most that is displayed of it at a time; 0 hides all of it."""
    refresh_qty: Qty | None = None
    """RefreshQty(1088): what is displayed after the first time; None: MaxFloor again."""
    display_low_qty: Qty | None = None
    """DisplayLowQty(1085): with DisplayHighQty, what is displayed after the first time is random between the two."""
    display_high_qty: Qty | None = None
    min_qty: Qty | None = None
    """MinQty(110): the least that trades at once, or nothing does."""
    expire_date: str = ""
    """ExpireDate(432), ISO 8601: the last trading day that the order is good for."""
    expire_time_ns: int = 0
    """ExpireTime(126): when the order is good no longer."""
    limit_price: Price | None = None
    """Price(44) of a pegged order, beyond which it does not go: its own price is where it is pegged at."""
    reduce_only: bool = False
    """ReduceOnly(20002): it only makes the position of its account smaller."""


def peg_of(instructions: Instructions | None) -> str:
    """Return the code of ExecInst(18) that says what the price follows, or nothing where it follows none."""
    if instructions is None or TRAILING in instructions.exec_inst:
        return ""
    return next((code for code in instructions.exec_inst if code in PEGS), "")
