"""Sweeping: what operators, halts and the end of a day do to orders, to many of them a slice at a time."""

from collections import deque
from typing import assert_never

from fixgw.engine.expiry import ends_with_day
from fixgw.engine.market import Market
from fixgw.engine.order import Order
from fixgw.engine.sweep import Sweep, SweepKind
from fixgw.spec.commands import (
    BeginDay,
    CancelAllByOperator,
    CancelByOperator,
    ContinueSweep,
    EndDay,
    ExpireDueOrders,
    Kill,
)
from fixgw.spec.events import (
    DayBegun,
    DayEnding,
    Event,
    InstrumentHalted,
    InstrumentSuspended,
    OperatorRefused,
    OrderRestated,
    OrdersExpired,
    OrdersRestated,
    OrdersSwept,
)
from fixgw.spec.instructions import CANCEL_ON_HALT
from fixgw.spec.scope import Scope, halting, parse
from fixgw.spec.values import ExecRestatementReason


class Sweeping:
    """Does to orders what nobody of their sessions has asked for."""

    def __init__(self, market: Market, slice_max: int) -> None:
        self._market = market
        self._slice_max = slice_max
        self.sweeps: deque[Sweep] = deque()
        """What is to be done to many orders and is not done yet, to be continued one slice after the other."""

    def cancel_by_operator(self, command: CancelByOperator) -> list[Event]:
        order = self._market.orders.by_order_id(command.order_id)
        if order is None:
            return [OperatorRefused(command.operator, f"there is no order {command.order_id}")]
        if not order.is_live:
            text = f"order {order.order_id} is {order.ord_status.name.lower()}: too late"
            return [OperatorRefused(command.operator, text)]
        return [self._market.cancel_unasked(order, _canceled_by_operator(command))]

    def kill(self, command: Kill) -> list[Event]:
        """Cancel all of a scope; that nothing new is taken there is with risk."""
        text = f"{command.scope} is killed by the operator: {command.reason}"
        return self.begin(command.scope, command.operator, command.reason, text)

    def cancel_all(self, command: CancelAllByOperator) -> list[Event]:
        return self.begin(command.scope, command.operator, command.reason, _canceled_by_operator(command))

    def begin(self, scope: str, operator: str, reason: str, text: str) -> list[Event]:
        sweep = Sweep(scope, operator, reason, text, self._market.orders.open_of(parse(scope)))
        self.sweeps.append(sweep)
        return self._sweep(sweep)

    def cancel_on_halt(self, halt: InstrumentHalted | InstrumentSuspended) -> list[Event]:
        """Cancel the orders that ask for it as their instrument stops (E38), a slice at a time; often nothing."""
        listed = self._market.instruments.values()
        halted = [each.symbol for each in listed if halt.symbol in halting(each.symbol, each.segment)]
        found = [order for symbol in halted for order in self._market.orders.open_of(Scope("instrument", symbol))]
        orders = [each for each in found if each.instructions and CANCEL_ON_HALT in each.instructions.exec_inst]
        if not orders:
            return []
        how = "halted" if isinstance(halt, InstrumentHalted) else "suspended"
        text = f"{halt.symbol} is {how}: {halt.reason}"
        sweep = Sweep(halt.symbol, halt.operator, halt.reason, text, orders, SweepKind.CANCEL_ON_HALT)
        self.sweeps.append(sweep)
        return self._sweep(sweep)

    def go_on(self, _command: ContinueSweep) -> list[Event]:
        assert self.sweeps, "no sweep to continue"
        return self._sweep(self.sweeps[0])

    def _sweep(self, sweep: Sweep) -> list[Event]:
        """Go on with the next slice of ``sweep``; it is forgotten after the last."""
        orders = sweep.next_slice(self._slice_max)
        events: list[Event]
        match sweep.kind:
            case SweepKind.CANCEL:
                events = [self._market.cancel_unasked(order, sweep.text) for order in orders]
                events.append(OrdersSwept(sweep.scope, len(events), len(sweep), sweep.operator, sweep.reason))
            case SweepKind.CANCEL_ON_HALT:
                reason = ExecRestatementReason.CANCEL_ON_TRADING_HALT
                events = [self._market.cancel_unasked(order, sweep.text, reason) for order in orders]
                events.append(OrdersSwept(sweep.scope, len(events), len(sweep), sweep.operator, sweep.reason))
            case SweepKind.EXPIRE:
                events = [self._market.expire(order, sweep.text) for order in orders]
                events.append(OrdersExpired(sweep.date, len(events), len(sweep)))
            case SweepKind.RESTATE:
                events = [self._restate_unasked(order) for order in orders]
                events.append(OrdersRestated(sweep.date, len(events), len(sweep)))
                if not sweep:
                    events.append(DayBegun(sweep.date))
            case _:
                assert_never(sweep.kind)
        if not sweep:
            self.sweeps.remove(sweep)
        return events

    # Trading days.

    def end_day(self, command: EndDay) -> list[Event]:
        """Have all orders expire that are not for another day; from here on risk lets none in."""
        orders = [order for order in self._market.all_open() if ends_with_day(order, command.date)]
        text = f"the trading day {command.date} has ended: {command.reason}"
        sweep = Sweep("venue", command.operator, command.reason, text, orders, SweepKind.EXPIRE, command.date)
        self.sweeps.append(sweep)
        return [DayEnding(command.date, command.operator, command.reason), *self._sweep(sweep)]

    def begin_day(self, command: BeginDay) -> list[Event]:
        self._market.trades.forget()
        if not command.restates_gtc:
            return [DayBegun(command.date)]
        sweep = Sweep("venue", "", "", "", self._market.all_open(), SweepKind.RESTATE, command.date)
        self.sweeps.append(sweep)
        return self._sweep(sweep)

    def expire_due(self, command: ExpireDueOrders) -> list[Event]:
        events: list[Event] = []
        while len(events) < self._slice_max:
            order = self._market.expiries.next_due(command.now_ns, command.date)
            if order is None:
                break
            events.append(self._market.expire(order, _why_it_expires(order)))
        assert events, ("no order is due", command)
        return events

    def _restate_unasked(self, order: Order) -> OrderRestated:
        return OrderRestated(self._market.next_exec_id(), order.state(), ExecRestatementReason.GT_RENEWAL)


def _canceled_by_operator(command: CancelByOperator | CancelAllByOperator) -> str:
    return f"canceled by the operator: {command.reason}"


def _why_it_expires(order: Order) -> str:
    assert order.instructions is not None, order.order_id
    if order.instructions.expire_time_ns:
        return "TimeInForce(59)=6: its ExpireTime(126) has come"
    return f"TimeInForce(59)=6: the trading day {order.instructions.expire_date}, its ExpireDate(432), is over"
