"""Self-match prevention: an order that would trade with one of the same hand does not; one or both give way instead."""

from fixgw.engine.order import Order
from fixgw.spec.instrument import Instrument
from fixgw.spec.values import Allocation, SelfMatchPrevention, SelfMatchScope


class Guard:
    """What keeps one order, on its way into the book, from trading with its own."""

    __slots__ = ("_account", "_by_account", "_by_firm", "_firm", "_id", "how", "looks_ahead")

    def __init__(self, order: Order, instrument: Instrument) -> None:
        of_order = None if order.instructions is None else order.instructions.self_match_prevention
        of_instrument = instrument.self_match_prevention
        self._firm = order.firm
        self._account = order.account
        self._id = "" if order.instructions is None else order.instructions.self_match_prevention_id
        self._by_firm = of_instrument is not None and instrument.self_match_scope is SelfMatchScope.FIRM
        is_of_account = of_instrument is not None and instrument.self_match_scope is SelfMatchScope.ACCOUNT
        self._by_account = is_of_account or (of_order is not None and not self._id)
        self.how = of_order or of_instrument or SelfMatchPrevention.CANCEL_OLDEST
        """The order that comes says what happens, else the instrument; with an id alone the resting order goes."""
        self.looks_ahead = instrument.allocation is not Allocation.FIFO
        """Whether all of a price is looked at before any of it trades, since all of it may."""

    def prevents(self, resting: Order) -> bool:
        """Return whether the order must not trade with ``resting``."""
        if resting.firm != self._firm:
            return False
        if self._by_firm or (self._by_account and resting.account == self._account):
            return True
        known_by = resting.instructions
        return bool(self._id) and known_by is not None and known_by.self_match_prevention_id == self._id


def guard(order: Order, instrument: Instrument) -> Guard | None:
    """Return what keeps ``order`` from its own, None where nothing does."""
    instructions = order.instructions
    if instrument.self_match_prevention is None and (
        instructions is None
        or (instructions.self_match_prevention is None and not instructions.self_match_prevention_id)
    ):
        return None
    return Guard(order, instrument)
