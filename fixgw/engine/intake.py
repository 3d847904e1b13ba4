"""The intake: which new orders are taken, and what is said of those that are not."""

from fixgw.engine import all_or_none, display, minimum, pegs, post_only, reduce_only, triggers
from fixgw.engine.market import Market
from fixgw.engine.order import Order
from fixgw.engine.pegs import is_pegged
from fixgw.engine.phases import OF_PHASES
from fixgw.engine.trailing import is_trailing, trail_from
from fixgw.engine.triggers import TRAILING_MAX
from fixgw.spec.commands import NewOrder, RefuseOrder, ReplaceOrder
from fixgw.spec.events import Event, OrderRejected, OrderStated
from fixgw.spec.instrument import UNLISTED, Instrument
from fixgw.spec.refusal import Refusal
from fixgw.spec.values import OrdRejReason, OrdStatus, OrdType, Price, Qty, TimeInForce

# In Python 3.11 each look into an enumeration takes 0.2 us: what every order needs has a name of its own.
_LIMIT = OrdType.LIMIT
_MARKET = OrdType.MARKET
_GOOD_TILL_DATE = TimeInForce.GOOD_TILL_DATE
_RESTING = (TimeInForce.DAY, TimeInForce.GOOD_TILL_CANCEL, _GOOD_TILL_DATE)
_LEFTOVER_AS_LIMIT = OrdType.MARKET_WITH_LEFTOVER_AS_LIMIT
_UNPRICED = (_MARKET, OrdType.STOP, OrdType.MARKET_IF_TOUCHED, _LEFTOVER_AS_LIMIT)
_PEGGED = OrdType.PEGGED
_SUPPORTED_ORD_TYPES = (_LIMIT, OrdType.STOP_LIMIT, _PEGGED, *_UNPRICED)


class Intake:
    """Judges, makes and rejects new orders; none of them works yet."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def judge(self, command: NewOrder) -> tuple[Refusal | None, Price | None]:
        """Return why an order is not taken, or None, and the trigger that it waits for first, if it waits."""
        refusal = _unsupported(command, self._market.instruments[command.symbol]) or self._market.phases.refuse(command)
        if refusal is not None or command.instructions is None:
            return refusal, None
        if is_pegged(command):
            return self._market.pegs.judge(command), None
        if (cannot_rest := self.cannot_rest(command)) is not None:
            return Refusal(OrdRejReason.BROKER_OR_EXCHANGE_OPTION, cannot_rest), None
        instrument = self._market.instruments[command.symbol]
        if (too_much := self._market.reduce_only.why_not(command, instrument)) is not None:
            return Refusal(OrdRejReason.ORDER_EXCEEDS_LIMIT, too_much), None
        if not triggers.waits(command):
            return None, None
        first = self._first_trigger(command)
        return (first, None) if isinstance(first, Refusal) else (None, first)

    def make(self, command: NewOrder, trigger: Price | None) -> Order:
        """Return a new order that is nowhere yet; with a ``trigger`` it waits for that."""
        market, symbol, cl_ord_id = self._market, command.symbol, command.cl_ord_id
        instrument, instructions = market.instruments[symbol], command.instructions
        order = Order(
            command.session,
            command.firm,
            command.account,
            market.next_order_id(),
            cl_ord_id,
            cl_ord_id,
            symbol,
            command.side,
            command.ord_type,
            command.time_in_force,
            command.order_qty,
            command.price,
            command.order_qty,
            instrument.price_scale,
            instrument.qty_scale,
            instructions=instructions,
        )
        if instructions is not None:
            market.hide(order)
            if is_pegged(order):
                market.pegs.enter(order)
        if command.time_in_force is _GOOD_TILL_DATE:
            market.expiries.add(order)
        if trigger is not None:
            order.wait(trigger, triggers.source(command, instrument))
            order.is_dormant = triggers.begins_dormant(command)
        return order

    def _first_trigger(self, command: NewOrder) -> Price | Refusal:
        if is_trailing(command) and self._market.triggers.count_trailing(command.symbol) >= TRAILING_MAX:
            text = f"there are {TRAILING_MAX} trailing stops in {command.symbol}; no more are taken"
            return Refusal(OrdRejReason.BROKER_OR_EXCHANGE_OPTION, text)
        instrument, book = self._market.instruments[command.symbol], self._market.books[command.symbol]
        prices = triggers.prices(book, self._market.last_trades.get(command.symbol), ())
        return triggers.first_trigger(command, prices, instrument)

    def trail_from_here(self, order: Order) -> None:
        """Have a trailing stop that is let to trade, and was not told where to begin, begin where the market is."""
        if not order.is_waiting or not is_trailing(order) or triggers.stop_px(order) is not None:
            return
        instrument, book = self._market.instruments[order.symbol], self._market.books[order.symbol]
        prices = triggers.prices(book, self._market.last_trades.get(order.symbol), ())
        first = triggers.first_trigger(order, prices, instrument)
        if not isinstance(first, Refusal):
            trail_from(order, first, instrument)

    def cannot_rest(self, command: NewOrder | ReplaceOrder) -> str | None:
        """Return why an order may not come into the book, or aside of it, as it is, or None."""
        book = self._market.books[command.symbol]
        if (no_room := all_or_none.too_many(command, book)) is not None:
            return no_room
        if not post_only.is_post_only(command.instructions):
            return None
        opposite = book.opposite(command.side)
        return post_only.refusal(command, opposite, self._market.instruments[command.symbol])

    def refuse(self, command: RefuseOrder) -> list[Event]:
        """Refuse what could not even be read as an order."""
        return [self.reject(command, Refusal(command.ord_rej_reason, command.text))]

    def reject(self, command: NewOrder | RefuseOrder, refusal: Refusal | None) -> Event:
        """Refuse a new order: a ClOrdID used before is answered with the order it names (E18, E19)."""
        mine = self._market.orders.of_session(command.session)
        if command.cl_ord_id in mine.by_cl_ord_id:
            return self._reject_duplicate(command)
        assert refusal is not None, command.cl_ord_id
        order = self._rejected(command)
        self._market.orders.remember(order, mine)
        return OrderRejected(self._market.next_exec_id(), order.state(), refusal.ord_rej_reason, refusal.text)

    def _reject_duplicate(self, command: NewOrder | RefuseOrder) -> Event:
        known = self._market.orders.find(command.session, command.firm, command.cl_ord_id)
        # The ClOrdID of a cancel or replace request, sent again as that of an order, was never an order of its own.
        if command.poss_resend and known is not None and known.entering_cl_ord_id == command.cl_ord_id:
            return OrderStated(self._market.next_exec_id(), known.state(), "sent again: this order was received before")
        text = f"ClOrdID(11) {command.cl_ord_id} was used before; a new order needs a new one"
        order = known or self._rejected(command)
        # A rejection under the ClOrdID of the order itself would read as if that were rejected.
        state = order.state(command.cl_ord_id)
        return OrderRejected(self._market.next_exec_id(), state, OrdRejReason.DUPLICATE_ORDER, text)

    def _rejected(self, command: NewOrder | RefuseOrder) -> Order:
        instrument = self._market.instruments.get(command.symbol, UNLISTED)
        return Order(
            session=command.session,
            firm=command.firm,
            account=command.account,
            order_id=self._market.next_order_id(),
            entering_cl_ord_id=command.cl_ord_id,
            cl_ord_id=command.cl_ord_id,
            symbol=command.symbol,
            side=command.side,
            ord_type=command.ord_type,
            time_in_force=command.time_in_force,
            order_qty=command.order_qty if isinstance(command, NewOrder) else Qty(0),
            price=command.price if isinstance(command, NewOrder) else None,
            leaves_qty=Qty(0),
            price_scale=instrument.price_scale,
            qty_scale=instrument.qty_scale,
            ord_status=OrdStatus.REJECTED,
            instructions=command.instructions if isinstance(command, NewOrder) else None,
        )


def _unsupported(command: NewOrder, instrument: Instrument) -> Refusal | None:
    if command.ord_type not in _SUPPORTED_ORD_TYPES or (command.ord_type is _PEGGED and not _follows(command)):
        supported = "1 (market), 2 (limit), 3 (stop), 4 (stop limit), J (if touched), K (to limit) or P (pegged)"
        text = f"OrdType(40) {command.ord_type} is not supported; {supported}"
    elif command.time_in_force in OF_PHASES and command.ord_type is not _LIMIT:
        text = f"TimeInForce(59) {command.time_in_force} is not supported with OrdType(40) {command.ord_type}; with 2"
    elif command.ord_type is not _LIMIT and (wrong := price_not_allowed(command)) is not None:
        text = wrong
    elif triggers.waits(command) and command.time_in_force not in _RESTING:
        text = f"TimeInForce(59) {command.time_in_force} is not supported with a trigger; 0 (day), 1 (GTC) or 6 (GTD)"
    elif command.instructions is not None:
        return unsupported_with(command, instrument)
    else:
        return None
    return Refusal(OrdRejReason.UNSUPPORTED_ORDER_CHARACTERISTIC, text)


def _follows(command: NewOrder) -> bool:
    return is_trailing(command) or is_pegged(command)


def unsupported_with(command: NewOrder | ReplaceOrder, instrument: Instrument) -> Refusal | None:
    """Return which of its instructions do not go with its other terms, or None."""
    return (
        pegs.mismatch(command, instrument)
        or all_or_none.mismatch(command)
        or reduce_only.mismatch(command)
        or post_only.mismatch(command)
        or display.mismatch(command, instrument)
        or minimum.mismatch(command, instrument)
    )


def price_not_allowed(command: NewOrder | ReplaceOrder) -> str | None:
    if command.price is None or command.ord_type not in _UNPRICED:
        return None
    name = command.ord_type.name.lower().replace("_", " ")
    return f"Price(44) is not supported with OrdType(40) {command.ord_type} ({name}); leave it out"
