"""Trading: what happens to an order as it comes to its book, and to those that it meets there."""

from collections.abc import Iterator

from fixgw.engine import all_or_none, auction, display, minimum, post_only, self_match
from fixgw.engine.allocation import match_shared
from fixgw.engine.book import BookSide, Level
from fixgw.engine.intake import Intake
from fixgw.engine.limit_up_down import begin_limit_state, bring_into_band, lasts_too_long
from fixgw.engine.lists import Floor as ListFloor
from fixgw.engine.lists import ListDesk
from fixgw.engine.market import Market
from fixgw.engine.matching import can_fill, crosses, execute, match
from fixgw.engine.order import Order
from fixgw.engine.phases import expires
from fixgw.engine.protection import protection_price
from fixgw.engine.pulls import protect
from fixgw.spec.bands import Band
from fixgw.spec.commands import PauseTrading
from fixgw.spec.events import Event, Fill, OrderAmended, OrderCanceled, PhaseChanged, Trade
from fixgw.spec.fixed import format_fixed
from fixgw.spec.phase import Phase
from fixgw.spec.scope import Scope
from fixgw.spec.values import (
    Allocation,
    ExecRestatementReason,
    OrdType,
    Price,
    Qty,
    SelfMatchPrevention,
    Side,
    TimeInForce,
)

# In Python 3.11 each look into an enumeration takes 0.2 us: what every order needs has a name of its own.
_BUY = Side.BUY
_FILL_OR_KILL = TimeInForce.FILL_OR_KILL
_GOOD_TILL_DATE = TimeInForce.GOOD_TILL_DATE
_RESTING = (TimeInForce.DAY, TimeInForce.GOOD_TILL_CANCEL, _GOOD_TILL_DATE)
_LEFTOVER_AS_LIMIT = OrdType.MARKET_WITH_LEFTOVER_AS_LIMIT
_FIFO = Allocation.FIFO
_VENUE = "venue"
"""Who begins a volatility auction, in the journal."""
_NEVER_RESTING = (TimeInForce.IMMEDIATE_OR_CANCEL, _FILL_OR_KILL)


class Trading:
    """Works orders, one after the other: each trades, rests, waits or ends."""

    def __init__(self, market: Market, intake: Intake) -> None:
        self._market = market
        self.lists = ListDesk(
            ListFloor(
                orders=market.orders,
                instruments=market.instruments,
                judge=intake.judge,
                make=intake.make,
                reject=intake.reject,
                place=self.place,
                trail_from_here=intake.trail_from_here,
                take_from_book=market.take_from_book,
                lower_in_book=market.lower_in_book,
                next_exec_id=market.next_exec_id,
            )
        )

    def place(self, order: Order, events: list[Event]) -> None:
        """Let a live order wait for its trigger, or work."""
        if order.is_waiting:
            self._market.triggers.add(order)
        else:
            self.work(order, events)

    def work(self, order: Order, events: list[Event]) -> None:
        """Match a live order that is not in the book, then rest it or cancel what is left."""
        market = self._market
        book = market.books[order.symbol]
        if order.side is _BUY:
            own, opposite = book.bids, book.asks
        else:
            own, opposite = book.asks, book.bids
        if order.symbol in market.phases.other:
            self._gather(order, own, events)
            return
        if market.limited and order.symbol in market.limited:
            rests = order.time_in_force not in _NEVER_RESTING
            bring_into_band(market, order, rests=rests, events=events)
            self._match(order, own, opposite, events)
            begin_limit_state(market, order.symbol, events)
        else:
            self._match(order, own, opposite, events)

    def _match(self, order: Order, own: BookSide, opposite: BookSide, events: list[Event]) -> None:
        market = self._market
        band = None
        if (best := opposite.best) is not None:
            if order.price is None:
                order.protection_price = protection_price(market.instruments[order.symbol], order.side, best.price)
            if not crosses(order, best):
                pass
            elif post_only.is_post_only(order.instructions):
                events.append(self._slide(order, best))
            else:
                band = market.band(order.symbol)
                self._trade(order, opposite, band, events)
        if opposite.aside and order.leaves_qty and _meets_aside_only(order, best):
            band = market.band(order.symbol)
            self._trade(order, opposite, band, events)
        if not order.leaves_qty:
            if not order.held_qty:
                market.orders.close(order)
        elif (
            order.price is None
            and order.ord_type is _LEFTOVER_AS_LIMIT
            and order.cum_qty
            and order.time_in_force in _RESTING
        ):
            text = "OrdType(40)=K: what is left rests at the price of its last trade"
            events.append(market.reprice(order, market.last_trades[order.symbol], text, rested=False))
            own.add(order)
        elif band is not None and _is_stopped(order, opposite):
            self._leave_band(band, order, own, events)
        elif order.price is not None and order.time_in_force not in _NEVER_RESTING:
            own.add(order)
        else:
            canceled_qty, why = market.end(order), self._why_it_may_not_rest(order)
            events.append(OrderCanceled(market.next_exec_id(), order.state(), canceled_qty, False, None, why))

    def work_whole(self, order: Order, events: list[Event]) -> None:
        """Trade an all-or-none order that rests aside of the book, if all of it can."""
        market = self._market
        opposite, band = market.books[order.symbol].opposite(order.side), market.band(order.symbol)
        guard = self_match.guard(order, market.instruments[order.symbol])
        if self._can_fill(order, order.leaves_qty, opposite, band, guard):
            market.take_from_book(order)
            self._trade(order, opposite, band, events)
            assert not order.leaves_qty, order.order_id
            market.orders.close(order)

    def _why_it_may_not_rest(self, order: Order) -> str:
        if order.time_in_force is _FILL_OR_KILL:
            return "TimeInForce(59)=4: not all of it could be filled at once"
        if not order.cum_qty and (min_qty := minimum.at_once(order)):
            return f"MinQty(110) {format_fixed(min_qty, order.qty_scale)}: less than that could be filled at once"
        if order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL:
            return "TimeInForce(59)=3: the rest could not be filled at once"
        what = f"OrdType(40)={order.ord_type}: nothing left to trade with"
        opposite = self._market.books[order.symbol].opposite(order.side)
        if order.protection_price is not None and opposite.best is not None:
            limit = format_fixed(order.protection_price, order.price_scale)
            return f"{what} up to {limit}, the market protection of {order.symbol}"
        return f"{what}, and a market order does not rest"

    def _slide(self, order: Order, best: Level) -> OrderAmended:
        price = post_only.slid_price(order.side, best, self._market.instruments[order.symbol])
        text = "ExecInst(18) 6: a tick away from what it would have traded with"
        return self._market.reprice(order, price, text, rested=False)

    # Trades, one after the other.

    def _trade(self, order: Order, opposite: BookSide, band: Band | None, events: list[Event]) -> None:
        guard = self_match.guard(order, self._market.instruments[order.symbol])
        if (wanted := minimum.at_once(order)) and not self._can_fill(order, wanted, opposite, band, guard):
            return
        if opposite.aside:
            self._trade_aside(order, opposite, band, guard, events)
        self._trade_in_book(order, opposite, band, guard, events)

    def _trade_aside(
        self, order: Order, opposite: BookSide, band: Band | None, guard: self_match.Guard | None, events: list[Event]
    ) -> None:
        """Trade with all that is aside and small enough, each after what is in the book in front of it."""
        for resting in all_or_none.within(order, opposite, band, guard):
            assert resting.price is not None, resting.order_id
            self._trade_in_book(order, opposite, all_or_none.up_to(resting.price, opposite, band), guard, events)
            best = opposite.best
            if not order.leaves_qty or (best is not None and all_or_none.is_in_front(best, resting, opposite)):
                return
            if resting.leaves_qty <= order.leaves_qty:
                last_px, last_qty = resting.price, resting.leaves_qty
                execute(order, resting, last_px, last_qty, opposite)
                self._tell_trade(order, resting, last_px, last_qty, events)

    def _trade_in_book(
        self, order: Order, opposite: BookSide, band: Band | None, guard: self_match.Guard | None, events: list[Event]
    ) -> None:
        instrument = self._market.instruments[order.symbol]
        is_fifo = instrument.allocation is _FIFO
        matches = (
            match(order, opposite, band, guard) if is_fifo else match_shared(order, opposite, instrument, band, guard)
        )
        for resting, last_px, last_qty in matches:
            if guard is not None and not last_qty:
                events.extend(self._prevent(order, resting, guard.how))
                if self.lists.open:
                    self.lists.follow_trade(resting, order, events, at_work=order)
                continue
            if display.has_shown_all(resting):
                opposite.refresh(resting, display.show_next(resting, instrument.lot_size, self._market.seed))
            self._tell_trade(order, resting, last_px, last_qty, events)

    def _tell_trade(self, order: Order, resting: Order, last_px: Price, last_qty: Qty, events: list[Event]) -> None:
        """Tell of a trade that ``order``, which is at work, has made, and do what follows from it for others."""
        market = self._market
        instrument = market.instruments[order.symbol]
        market.last_trades[order.symbol] = last_px
        if instrument.dynamic_band_average_s:
            market.averages.note(order.symbol, last_px, market.now_ns, instrument.dynamic_band_average_s)
        if not resting.leaves_qty and not resting.held_qty:
            market.orders.close(resting)
        passive = Fill(market.next_exec_id(), resting.state())
        active = Fill(market.next_exec_id(), order.state())
        events.append(Trade(order.symbol, last_px, last_qty, active, passive))
        if market.protections.in_force:
            protect(market, resting, order, last_qty, events)
        if market.reduce_only.orders:
            market.reduce(order, resting, last_qty, events)
        if self.lists.open:
            self.lists.follow_trade(resting, order, events, at_work=order)

    def _can_fill(
        self, order: Order, wanted: Qty, opposite: BookSide, band: Band | None, guard: self_match.Guard | None
    ) -> bool:
        """Return whether ``wanted`` of ``order`` would trade at once."""
        is_enough, market = self.lists.can_fill if self.lists.open else can_fill, self._market
        # What may be gone before it comes to it.
        uncertain = market.reduce_only.uncertain_qty(opposite, order.symbol) if market.reduce_only.orders else 0
        if market.protections.in_force:
            is_shared = market.instruments[order.symbol].allocation is not _FIFO
            uncertain += market.protections.would_pull(order, opposite, band, guard, is_shared=is_shared)
        if is_enough(order, Qty(wanted + uncertain), opposite, band, guard):
            return True
        return bool(opposite.aside) and not uncertain and all_or_none.can_fill(order, wanted, opposite, band, guard)

    def _prevent(self, order: Order, resting: Order, how: SelfMatchPrevention) -> Iterator[Event]:
        """Let one or both of two orders of the same hand give way, the resting one first."""
        decrement = min(order.leaves_qty, resting.leaves_qty) if how is SelfMatchPrevention.DECREMENT else Qty(0)
        if how is not SelfMatchPrevention.CANCEL_NEWEST:
            yield self._give_way(resting, order, decrement, rested=True)
        if how is not SelfMatchPrevention.CANCEL_OLDEST:
            yield self._give_way(order, resting, decrement, rested=False)

    def _give_way(self, order: Order, other: Order, decrement: Qty, *, rested: bool) -> OrderCanceled | OrderAmended:
        """Take ``decrement`` off ``order``; where that is nothing or all, cancel it."""
        text = f"self-match with order {other.order_id} prevented"
        if not 0 < decrement < order.open_qty:
            # One that does not rest is closed by whoever works it.
            canceled_qty = self._market.take_out(order) if rested else order.cancel()
            reason = ExecRestatementReason.OTHER
            return OrderCanceled(self._market.next_exec_id(), order.state(), canceled_qty, rested, None, text, reason)
        leaves_qty, held_qty = order.open_qty, order.held_qty
        if rested:
            self._market.lower_in_book(order, decrement)
        else:
            order.take_from_hidden(decrement)
        order.decrement(decrement)
        return OrderAmended(
            exec_id=self._market.next_exec_id(),
            order=order.state(),
            exec_restatement_reason=ExecRestatementReason.PARTIAL_DECLINE_OF_ORDER_QTY,
            previous_price=order.price,
            previous_leaves_qty=leaves_qty,
            rested=rested,
            keeps_priority=rested,
            text=text,
            previous_held_qty=held_qty,
        )

    # Where the price band ends.

    def _leave_band(self, band: Band, order: Order, own: BookSide, events: list[Event]) -> None:
        """End what could trade outside ``band`` only, or have a volatility auction find the price."""
        instrument = self._market.instruments[order.symbol]
        if not instrument.volatility_auction_s or instrument.limit_state_s:
            events.append(self._stop_at(band, order))
            return
        if order.price is None or order.time_in_force in _NEVER_RESTING:
            events.append(self._stop_at(band, order))
        else:
            own.add(order)
        reason = f"an order would have traded outside the price band {band.text(instrument)}"
        self._interrupt(order.symbol, reason, events)

    def pause(self, command: PauseTrading) -> list[Event]:
        """Begin a volatility auction where a limit state has lasted too long; it may be over by now."""
        events: list[Event] = []
        state = lasts_too_long(self._market, command.symbol)
        if state is not None:
            reason = f"{state.text}, for {self._market.instruments[command.symbol].limit_state_s} s"
            self._interrupt(command.symbol, reason, events)
        return events

    def _interrupt(self, symbol: str, reason: str, events: list[Event]) -> None:
        phase = Phase.VOLATILITY_AUCTION
        events += self.move_on(symbol, phase, reason)
        self._market.phases.interrupt(symbol)
        events.append(PhaseChanged(symbol, phase, Phase.CONTINUOUS, _VENUE, reason))

    def _stop_at(self, band: Band, order: Order) -> OrderCanceled:
        """Cancel what is left of an order that could trade outside ``band`` only: at rest it would cross the book."""
        text = f"nothing left to trade with in the price band {band.text(self._market.instruments[order.symbol])}"
        canceled_qty = self._market.end(order)
        return OrderCanceled(self._market.next_exec_id(), order.state(), canceled_qty, False, None, text)

    def move_on(self, symbol: str, phase: Phase, reason: str) -> list[Event]:
        """Have the orders expire that are not for ``phase``."""
        text = f"{symbol} goes on in {phase}: {reason}"
        return [self._market.expire(order, text) for order in self._expiring(symbol, phase)]

    def _expiring(self, symbol: str, phase: Phase) -> list[Order]:
        """Return the orders whose time in force ends as ``phase`` begins, by session, the oldest of each first."""
        open_orders = self._market.orders.open_of(Scope("instrument", symbol))
        return [order for order in open_orders if expires(order.time_in_force, phase)]

    # Where orders gather.

    def _gather(self, order: Order, own: BookSide, events: list[Event]) -> None:
        """Rest an order where none trades as it comes; in post-close it may trade at the closing price then."""
        symbol, phase = order.symbol, self._market.phases.of(order.symbol)
        why = self._why_not_gather(order, phase)
        if why is not None:
            canceled_qty = self._market.end(order)
            events.append(OrderCanceled(self._market.next_exec_id(), order.state(), canceled_qty, False, None, why))
            return
        own.add(order)
        if phase is Phase.POST_CLOSE:
            price = self._market.closing_price(symbol)[0]
            if price is not None:
                self._trade_at(price, symbol, auction.trade_by_time(self._market.books[symbol], price), events)

    def _why_not_gather(self, order: Order, phase: Phase) -> str | None:
        """Return why an order of a list, which was taken in another phase than it comes to the book in, ends there."""
        if order.price is None or order.time_in_force in _NEVER_RESTING or expires(order.time_in_force, phase):
            return f"{order.symbol} is in {phase}: it cannot rest"
        refusal = self._market.phases.worse_than_close(order) if phase is Phase.POST_CLOSE else None
        return None if refusal is None else refusal.text

    def uncross(self, price: Price, symbol: str, events: list[Event]) -> None:
        """Trade at ``price`` all that can."""
        self._trade_at(price, symbol, auction.uncross(self._market.books[symbol], price), events)

    def _trade_at(
        self, price: Price, symbol: str, trades: Iterator[tuple[Order, Order, Qty]], events: list[Event]
    ) -> None:
        for buy, sell, last_qty in trades:
            self._market.last_trades[symbol] = price
            self._market.averages.begin(symbol)
            for order in (buy, sell):
                if not order.open_qty:
                    self._market.orders.close(order)
            bought = Fill(self._market.next_exec_id(), buy.state())
            sold = Fill(self._market.next_exec_id(), sell.state())
            events.append(Trade(symbol, price, last_qty, sold, bought, in_auction=True))
            if self._market.reduce_only.orders:
                self._market.reduce(buy, sell, last_qty, events)
            if self.lists.open:
                self.lists.follow_trade(buy, sell, events, at_work=None)


def _meets_aside_only(order: Order, best: Level | None) -> bool:
    """Return whether ``order`` may trade though it met nothing in the book; one at market needs a best price."""
    if order.price is None or post_only.is_post_only(order.instructions):
        return False
    return best is None or not crosses(order, best)


def _is_stopped(order: Order, opposite: BookSide) -> bool:
    """Return whether ``order``, which has traded all that it may, would trade on if there were no band."""
    if all_or_none.is_all_or_none(order) or (minimum.at_once(order) and not order.cum_qty):
        return False
    best = opposite.best
    return best is not None and crosses(order, best)
