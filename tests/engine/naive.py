"""A venue that scans everything: what risk and engine must do, said again in lists, sorted() and loops.

It is written from the rules (FIX 4.4, the refusals' order) and shares nothing with ``fixgw.engine`` and ``fixgw.risk``.
What happened is told as plain tuples: ExecType(150) or MsgType(35), the order's state, and the reason.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import takewhile
from math import ceil, floor

import msgspec

from fixgw.spec.commands import (
    AddInstrument,
    BeginDay,
    BustTrade,
    CancelAllByOperator,
    CancelByOperator,
    CancelList,
    CancelOrder,
    CancelQuotes,
    ChangeInstrument,
    ConfigureVenue,
    ContinueSweep,
    ContinueTriggers,
    CorrectTrade,
    DelistInstrument,
    DisableSession,
    EnableSession,
    EndDay,
    ExpireDueOrders,
    HaltInstrument,
    Kill,
    LogOutSession,
    MassCancel,
    MassQuote,
    NewOrder,
    NewOrderList,
    PauseTrading,
    PullQuotes,
    Quote,
    QuoteCommand,
    RefuseChange,
    RefuseOrder,
    Release,
    ReplaceOrder,
    ResetProtection,
    ResetSession,
    RestrictionCommand,
    ResumeInstrument,
    SetLimits,
    SetPhase,
    SetProtection,
    SuspendInstrument,
    TradingCommand,
    TripBreaker,
)
from fixgw.spec.instructions import Instructions
from fixgw.spec.instrument import Instrument
from fixgw.spec.maker_protection import MakerProtection
from fixgw.spec.quotes import QuoteEntry
from fixgw.spec.terms import WrongTerm, changed, instrument_of
from fixgw.spec.values import OrdType, Price, Qty, Side, TimeInForce

Outcome = tuple[object, ...]
LIVE = ("0", "1")
CALLS = ("pre-open", "opening-auction", "volatility-auction", "closing-auction")
AnyCommand = TradingCommand | QuoteCommand | RestrictionCommand
LIMITS = ("order_qty_max", "order_notional_max", "price_collar_percent", "open_notional_max")


@dataclass
class NaiveOrder:
    order_id: str
    session: str
    account: str
    symbol: str
    side: str
    ord_type: str
    time_in_force: str
    qty: int
    price: int | None
    arrival: int
    ids: list[str]
    status: str = "0"
    cum: int = 0
    paid: int = 0
    stop: int | None = None
    source: str = ""
    waits: bool = False
    worst: int | None = None
    since: int = 0
    trails: Instructions | None = None
    dormant: bool = False
    firm: str = ""
    post_only: bool = False
    on_halt: bool = False
    smp_id: str = ""
    smp: str = ""
    display: tuple[int | None, ...] = (None,) * 4
    shown: int = 0
    least: int = 0
    expire_time: int = 0
    expire_date: str = ""
    entry: str | None = None
    """QuoteEntryID of a side of a quote."""
    away: int = 0
    """How far the limit of a trailing stop is from its trigger."""
    held: int = 0
    list: "NaiveList | None" = None
    peg: Instructions | None = None
    """What its price follows, and how."""
    aon: bool = False
    reduces: bool = False

    @property
    def is_hidden(self) -> bool:
        return self.display[0] == 0

    def show(self) -> None:
        """Display as much of the order as it would when it came to rest now."""
        first = self.display[0]
        self.shown = self.working if first is None else min(first, self.working)
        self.shown = 0 if self.aon else self.shown

    def instruct(self, c: NewOrder | ReplaceOrder) -> None:
        self.display = display(c)
        self.least = (c.instructions.min_qty or 0) if c.instructions else 0
        self.post_only = "6" in exec_inst(c)
        self.on_halt = "K" in exec_inst(c)
        self.peg = c.instructions if pegs(c) else None
        self.aon = "G" in exec_inst(c)
        self.reduces = bool(c.instructions and c.instructions.reduce_only)
        self.smp_id = c.instructions.self_match_prevention_id if c.instructions else ""
        self.smp = (c.instructions.self_match_prevention or "") if c.instructions else ""
        good_till_date = c.instructions if self.time_in_force == "6" else None
        self.expire_time = good_till_date.expire_time_ns if good_till_date else 0
        self.expire_date = good_till_date.expire_date if good_till_date else ""

    @property
    def leaves(self) -> int:
        return self.qty - self.cum if self.status in LIVE else 0

    @property
    def working(self) -> int:
        return max(self.qty - self.cum - self.held, 0) if self.status in LIVE else 0

    def told(self, cl_ord_id: str | None = None) -> Outcome:
        named, terms = cl_ord_id or self.ids[-1], (self.time_in_force, self.qty, self.price)
        hidden, held = max(self.working - self.shown, 0), self.held if self.leaves else 0
        traded = self.cum, self.leaves, self.paid
        return (self.order_id, named, self.status, *terms, *traded, self.waits, self.stop, hidden, held)

    def fill(self, price: int, qty: int) -> Outcome:
        self.cum, self.paid = self.cum + qty, self.paid + price * qty
        self.status = "2" if self.cum == self.qty else "1"
        return self.told()


@dataclass
class NaiveTrade:
    symbol: str
    price: int
    qty: int
    resting: NaiveOrder
    aggressor: NaiveOrder
    of_today: bool = True
    exec_id: str = ""


@dataclass
class NaiveList:
    list_id: str
    session: str
    kind: str | None
    orders: list[NaiveOrder] = field(default_factory=list)
    links: dict[str, str | None] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    lots: dict[str, int] = field(default_factory=dict)

    def told(self, what: str) -> Outcome:
        live = any(order.status in LIVE for order in self.orders)
        return ("N", self.list_id, what, "3" if live else "6", tuple(order.told() for order in self.orders))

    def others(self, order: NaiveOrder) -> list[NaiveOrder]:
        """Return those that are canceled or updated by ``order``, live or not."""
        others = [other for other in self.orders if other is not order]
        if self.kind == "2":
            first, link = self.orders[0], self.links[order.order_id]
            return [o for o in others if first not in (o, order) and link and self.links[o.order_id] == link]
        return others if self.kind else []

    def waiting(self, order: NaiveOrder) -> list[NaiveOrder]:
        """Return those that wait for ``order`` to trade."""
        if self.kind != "2" or order is not self.orders[0]:
            return []
        return [other for other in self.orders[1:] if other.leaves and other.held]


@dataclass
class NaiveVenue:
    configured: ConfigureVenue
    orders: list[NaiveOrder] = field(default_factory=list)
    used: list[tuple[str, str, NaiveOrder | None]] = field(default_factory=list)
    traded: list[NaiveTrade] = field(default_factory=list)
    arrivals: int = 0
    order_ids: int = 0
    limits: dict[str, dict[str, Fraction]] = field(default_factory=dict)
    halted: list[str] = field(default_factory=list)
    tripped: int = 0
    """The level of the circuit breaker, on this day."""
    suspended: list[str] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    disabled: list[str] = field(default_factory=list)
    sweeps: list[tuple[str, str, list[NaiveOrder]]] = field(default_factory=list)
    date: str | None = None
    phase: str = "open"
    phases: dict[str, str] = field(default_factory=dict)
    scheduled: dict[str, int] = field(default_factory=dict)
    slice_max: int = 2
    symbol_of: dict[str, str] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    """What is listed."""
    ever: dict[str, Instrument] = field(default_factory=dict)
    """All that were ever listed, as they were last."""
    due: list[NaiveOrder] = field(default_factory=list)
    judged: list[NaiveOrder] = field(default_factory=list)
    """The sides of quotes of the message at hand that may pass, and count as open already."""
    making_room: list[NaiveOrder] = field(default_factory=list)
    """Those that they take the place of, and which count no longer."""
    lists: list[NaiveList] = field(default_factory=list)
    list_ids: list[tuple[str, str]] = field(default_factory=list)
    happened: list[NaiveOrder] = field(default_factory=list)
    asked_for: list[tuple[str, Fraction]] = field(default_factory=list)
    now_ns: int = 0
    paid: list[tuple[str, int, int]] = field(default_factory=list)
    """Symbol, second and price of all trades since the last auction."""
    limit_states: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Side, and since when."""
    protections: dict[str, MakerProtection] = field(default_factory=dict)
    made: list[tuple[tuple[str, str], int, Fraction, Fraction]] = field(default_factory=list)
    """What a protection counts of its instruments: time, quantity and delta of each trade of a quote."""
    frozen: dict[tuple[str, str], int] = field(default_factory=dict)
    """Until when; 0 until it is reset."""

    def handle(self, command: AnyCommand) -> list[Outcome]:
        was_open = self.phase == "open"
        self.happened = []
        told = self.apply(command)
        # A halt concerns the engine where it cancels anything.
        is_restriction = isinstance(command, RestrictionCommand) and not isinstance(command, Kill) and len(told) == 1
        concerns_engine = not is_restriction and not isinstance(command, EndDay)
        if isinstance(command, Kill | CancelAllByOperator | SetPhase) and told == [("refused",)]:
            concerns_engine = False
        comes_to_engine = not is_restriction
        if isinstance(command, Kill | CancelAllByOperator | SetPhase | EndDay) and told == [("refused",)]:
            comes_to_engine = False
        told += self.follow_lists()
        if was_open and concerns_engine:
            told += self.follow_pegs()
            told += self.go_off(told)
        return told + self.end_limit_states() if comes_to_engine else told

    def apply(self, command: AnyCommand) -> list[Outcome]:
        match command:
            case NewOrder() | RefuseOrder():
                return self.new(command)
            case CancelOrder():
                return self.cancel(command)
            case ReplaceOrder():
                return self.replace(command)
            case RefuseChange():
                order, refused = self.order_to_change(command, None)
                return [refused or self.cancel_reject(command, order, command.cxl_rej_reason.value)]
            case MassCancel():
                return self.mass_cancel(command)
            case NewOrderList():
                return self.new_list(command)
            case CancelList():
                return self.cancel_list(command)
            case ConfigureVenue():
                before = {*self.instruments}
                self.configure(command)
                return [("configured",), *self.relisted(sorted({*self.instruments} - before))]
            case Quote() | MassQuote():
                return self.quote(command)
            case CancelQuotes():
                return self.cancel_quotes(command)
            case PullQuotes():
                sides = [order for order in self.open_of(f"session:{command.session}") if order.entry is not None]
                told = [self.end(order, order.ids[-1], rested=True, orig=None) for order in sides]
                return [*told, ("pulled", command.session, len(told))]
            case AddInstrument() | ChangeInstrument() | DelistInstrument():
                return self.relist(command)
            case EndDay():
                return self.end_day(command)
            case BustTrade() | CorrectTrade():
                return self.amend(command)
            case BeginDay():
                return self.begin_day(command)
            case SetPhase():
                return self.set_phase(command)
            case PauseTrading():
                return self.pause(command.symbol)
            case SetProtection() | ResetProtection():
                return [self.set_protection(command)]
            case ContinueTriggers():
                return []
            case ExpireDueOrders():
                return self.expire_due(command)
            case _:
                return self.operate(command)

    def configure(self, c: ConfigureVenue) -> None:
        """What an operator has set stays unless the files now say another thing of that scope or symbol."""
        before, after = written(self.configured), written(c)
        for scope in {*before, *after}:
            if before.get(scope) != after.get(scope):
                self.limits[scope] = dict(after.get(scope, {}))
        if not self.instruments:
            self.instruments = {each.symbol: each for each in self.configured.instruments}
        old, new = ({each.symbol: each for each in file.instruments} for file in (self.configured, c))
        for symbol in {*old, *new}:
            if old.get(symbol) != new.get(symbol):
                self.instruments.pop(symbol, None)
                self.instruments |= {symbol: new[symbol]} if symbol in new else {}
        self.protect_as_configured(c, is_first=not self.ever)
        self.ever |= self.instruments
        self.configured = c

    def relisted(self, symbols: list[str]) -> list[Outcome]:
        told: list[Outcome] = []
        for symbol in symbols:
            self.scheduled.pop(symbol, None)
            phase = self.phases.get(symbol, "continuous")
            if phase != "continuous" and not self.open_in(symbol):
                self.phases.pop(symbol)
                told.append(("phase", symbol, "continuous", phase))
        return told

    def new(self, c: NewOrder | RefuseOrder) -> list[Outcome]:
        reason = self.why_not(c)
        if reason:
            return [self.reject(c, reason)]
        assert isinstance(c, NewOrder)
        stop = self.first_stop(c) if waits(c) else None
        order = self.enter(c)
        if pegs(c):
            order.price = self.pegged_at(c.symbol, order.side, c.instructions, None)
        self.wait(order, c, stop)
        return [("0", order.told()), *([] if order.waits else self.work(order))]

    def why_not(self, c: NewOrder | RefuseOrder) -> str | None:
        if (c.session, c.cl_ord_id) in [(session, used) for session, used, _ in self.used]:
            return "6"
        if isinstance(c, RefuseOrder):
            return c.ord_rej_reason.value
        phase = self.unfit_for_phase(c)
        reason = self.risk(c) or self.unsupported(c) or phase or ("0" if self.may_not_take(c) else None)
        if not reason and pegs(c) and self.pegged_at(c.symbol, c.side.value, c.instructions, None) is None:
            reason = "99"
        reason = reason or ("3" if self.is_too_much(c) else None)
        return reason or ("99" if waits(c) and self.first_stop(c) is None else None)

    def first_stop(self, c: NewOrder) -> int | None:
        """Return where the trigger of ``c`` would be now, or None for a trailing stop with nothing to trail."""
        assert c.instructions is not None
        given = c.instructions.stop_px
        return self.trails_at(c.symbol, c.side.value, self.source(c), c.instructions) if given is None else given

    def source(self, c: NewOrder | ReplaceOrder) -> str:
        """Return what the trigger of ``c`` looks at."""
        instrument = self.listed(c.symbol)
        assert c.instructions is not None
        assert instrument is not None
        default = {"last": "2", "mid": "6", "best": "1" if c.side.value == "1" else "3"}
        asked = c.instructions.trigger_price_type
        return asked.value if asked else default[instrument.trigger_source.value]

    def reject(self, c: NewOrder | RefuseOrder, reason: str) -> Outcome:
        before = [order for session, used, order in self.used if (session, used) == (c.session, c.cl_ord_id)]
        if before:
            order = before[0] or self.make(c)
            if c.poss_resend and before[0] and before[0].ids[0] == c.cl_ord_id:
                return ("I", order.told())
            return ("8", order.told(c.cl_ord_id), "6")
        order = self.enter(c)
        order.status = "8"
        return ("8", order.told(), reason)

    def enter(self, c: NewOrder | RefuseOrder) -> NaiveOrder:
        order = self.make(c)
        self.used.append((c.session, c.cl_ord_id, order))
        self.orders.append(order)
        return order

    # Orders that wait.

    def wait(self, order: NaiveOrder, c: NewOrder | ReplaceOrder, first: int | None = None) -> None:
        """Take the trigger of ``c``, if it has one; ``first`` is where that of a new order is."""
        if c.instructions is None or not waits(c) or self.listed(order.symbol) is None:
            return
        order.waits, order.source = True, self.source(c)
        activation = c.instructions.activation_price
        if "a" in exec_inst(c):
            order.trails = c.instructions
            order.dormant = activation is not None and (order.dormant or not isinstance(c, ReplaceOrder))
        order.stop = next(stop for stop in (first, c.instructions.stop_px, order.stop) if stop is not None)
        order.away = (c.price or 0) - order.stop
        order.since = self.next_arrival()

    def behind(self, symbol: str, side: str, how: Instructions, price: Fraction) -> int:
        """Return where the trigger of a trailing stop is for a price that is seen, on a tick, away from it."""
        instrument = self.listed(symbol)
        assert instrument is not None
        whole = price.__ceil__() if side == "1" else price.__floor__()
        kinds = {"0": how.peg_offset_value, "2": how.peg_offset_value * tick_of(instrument, whole)}
        away = abs(kinds.get(how.peg_offset_type.value, abs(whole * how.peg_offset_value) // 1_000_000))
        return on_tick(instrument, whole + away if side == "1" else whole - away, up=side == "1")

    def trails_at(self, symbol: str, side: str, source: str, how: Instructions) -> int | None:
        """Return where the trigger of a trailing stop is that begins now, or None where there is nothing to trail."""
        instrument, activation = self.listed(symbol), how.activation_price
        seen = [Fraction(activation)] if activation is not None else self.seen(symbol, [])[source][-1:]
        stop = self.behind(symbol, side, how, seen[0]) if seen else None
        return stop if stop is not None and instrument and fits(instrument, stop) else None

    def go_off(self, told: list[Outcome]) -> list[Outcome]:
        """Release what is due, a slice of it; what that sets off is due after it."""
        news, all_told = told, list[Outcome]()
        for _ in range(self.slice_max):
            self.fill_aside(news)
            all_told += self.look(news)
            ready = [order for order in self.due if order.status in LIVE and self.trades_now(order.symbol)]
            if not ready:
                return all_told
            ready[0].waits = False
            self.due.remove(ready[0])
            self.arrivals += 1
            ready[0].arrival = self.arrivals
            news = [("T", ready[0].told()), *self.work(ready[0])]
            news += self.follow_lists()
            self.fill_aside(news)
            all_told += news
        return all_told + self.look(news)

    # Reduce-only.

    def room(self, account: str, symbol: str, side: str) -> int:
        """Return how much the account may trade on ``side`` before its position is none."""
        net = 0
        for trade in self.traded:
            for order in (trade.resting, trade.aggressor):
                if (order.account, order.symbol) == (account, symbol):
                    net += trade.qty if order.side == "1" else -trade.qty
        return max(net if side == "2" else -net, 0)

    def reducing(self, account: str, symbol: str, side: str) -> list[NaiveOrder]:
        """Return the open orders that reduce a position, the oldest first."""
        mine = [o for o in self.orders if (o.account, o.symbol, o.side) == (account, symbol, side)]
        return sorted((o for o in mine if o.reduces and o.leaves), key=lambda order: int(order.order_id))

    def is_too_much(self, c: NewOrder | ReplaceOrder, replaced: NaiveOrder | None = None) -> bool:
        if not c.instructions or not c.instructions.reduce_only:
            return False
        more = max(c.order_qty - (replaced.cum if replaced else 0), 0)
        others = [o for o in self.reducing(c.account, c.symbol, c.side.value) if o is not replaced]
        return more + sum(order.leaves for order in others) > self.room(c.account, c.symbol, c.side.value)

    def lower_reducing(self, *accounts: str, symbol: str) -> list[Outcome]:
        """Take from the newest what is more than positions allow."""
        told: list[Outcome] = []
        for account in dict.fromkeys(accounts):
            for side in "12":
                orders = self.reducing(account, symbol, side)
                while (excess := sum(o.leaves for o in orders) - self.room(account, symbol, side)) > 0:
                    newest = orders.pop() if orders[-1].leaves <= excess else orders[-1]
                    before, rested = newest.leaves, newest.working > 0
                    if newest.leaves <= excess:
                        told.append(self.end(newest, newest.ids[-1], rested=rested, orig=None))
                        continue
                    newest.qty -= excess
                    newest.shown = min(newest.shown, newest.working)
                    told.append(self.amended(newest, "5", before, newest.held, rested=rested, keeps=True))
        return told

    def may_be_lowered(self, order: NaiveOrder) -> int:
        """Return how much on the other side is of orders that others of their account may lower as they trade."""
        other_side = "2" if order.side == "1" else "1"
        resting = [o for _, o in self.in_queue(order.symbol, other_side)]
        plain = {o.account for o in [*resting, *self.aside(order.symbol, other_side)] if not o.reduces}
        return sum(o.working for o in resting if o.reduces and o.account in plain)

    # All or none.

    def fill_aside(self, told: list[Outcome]) -> None:
        """Let all-or-none orders trade where anything has happened, and append what that is to ``told``."""
        looked_at = 0
        while looked_at < len(told):
            news, looked_at = told[looked_at:], len(told)
            for symbol in dict.fromkeys(self.touched(news)):
                for order in [*self.aside(symbol, "1"), *self.aside(symbol, "2")]:
                    if order.working and self.trades_now(symbol) and self.has_enough(order, self.band(symbol)):
                        told += self.trade_as_it_comes(order)
                        assert not order.working
                        told += self.follow_lists()

    def touched(self, told: list[Outcome]) -> list[str]:
        symbols: list[str] = []
        known = self.symbol_of | {order.order_id: order.symbol for order in self.orders}
        for each in told:
            if each[0] in ("F", "uncross", "phase"):
                symbols.append(str(each[1]))
            elif each[0] in ("H", "G"):
                assert isinstance(each[4], tuple), each
                symbols.append(known[str(each[4][0])])
            elif each[0] in ("0", "8", "4", "C", "D", "5", "I", "T"):
                assert isinstance(each[1], tuple), each
                symbols.append(known[str(each[1][0])])
        return symbols

    def aside(self, symbol: str, side: str) -> list[NaiveOrder]:
        """Return what waits aside of the book, the first to trade first."""
        sign = -1 if side == "1" else 1
        found = [o for o in self.orders if (o.symbol, o.side) == (symbol, side) and o.aon and o.working]
        return sorted(found, key=lambda order: ((order.price or 0) * sign, order.arrival))

    def may_meet(self, order: NaiveOrder, band: tuple[Fraction, Fraction] | None) -> list[NaiveOrder]:
        """Return what is aside on the other side, within its limit and the band, and not of its own hand."""
        sign, limit = 1 if order.side == "1" else -1, order.worst if order.price is None else order.price
        found = self.aside(order.symbol, "2" if order.side == "1" else "1")
        found = [other for other in found if limit is None or (limit - (other.price or 0)) * sign >= 0]
        found = [other for other in found if band is None or band[0] <= (other.price or 0) <= band[1]]
        return [other for other in found if not self.of_one_hand(order, other)]

    def next_aside(self, order: NaiveOrder, band: tuple[Fraction, Fraction] | None) -> NaiveOrder | None:
        """Return the order aside that trades next, if it is not one in the book."""
        sign = 1 if order.side == "1" else -1
        fitting = [other for other in self.may_meet(order, band) if other.working <= order.working]
        in_book = self.hit(order, None)
        if not fitting or (in_book and ((in_book[0].price or 0) - (fitting[0].price or 0)) * sign <= 0):
            return None
        return fitting[0]

    def has_enough(self, order: NaiveOrder, band: tuple[Fraction, Fraction] | None) -> bool:
        """Return whether so much of ``order`` would trade at once as must."""
        wanted = order.working if order.time_in_force == "4" or order.aon else order.least
        uncertain = self.may_be_lowered(order) + self.would_be_pulled(order, band)
        if self.reachable(order, band) >= wanted + uncertain:
            return True
        if uncertain:
            return False
        sign, left = 1 if order.side == "1" else -1, order.working
        line = [*self.hit(order, None), *self.may_meet(order, band)]
        line.sort(key=lambda other: ((other.price or 0) * sign, other.aon))
        for other in line:
            if order.working - left >= wanted:
                return True
            at_price = [each for each in line if not each.aon and each.price == other.price]
            if not other.aon:
                if any(each.list or self.of_one_hand(order, each) for each in at_price):
                    return False
                if band is not None and not band[0] <= (other.price or 0) <= band[1]:
                    return False
            if not other.aon or other.working <= left:
                left -= other.working
        return order.working - left >= wanted

    def trades_now(self, symbol: str) -> bool:
        if symbol not in self.instruments or symbol in self.suspended or self.is_halted(symbol):
            return False
        return self.phases.get(symbol, "continuous") == "continuous"

    def look(self, told: list[Outcome]) -> list[Outcome]:
        """Note what goes off, and return what is told of those that follow a price."""
        symbols: list[str] = []
        for each in told:
            if each[0] in ("F", "uncross"):
                symbols.append(str(each[1]))
            elif each[0] in ("0", "8", "4", "C", "D", "5", "I", "T"):
                assert isinstance(each[1], tuple), each
                known = {order.order_id: order.symbol for order in self.orders}
                symbols.append((self.symbol_of | known)[str(each[1][0])])
        moved: list[Outcome] = []
        for symbol in dict.fromkeys(symbols):
            if self.trades_now(symbol):
                trades = [each for each in told if each[0] in ("F", "uncross") and each[1] == symbol]
                moved += self.step(symbol, [Fraction(str(each[2])) for each in trades])
        return moved

    def seen(self, symbol: str, traded: list[Fraction]) -> dict[str, list[Fraction]]:
        """Return the prices of each source: every trade, and the book as it is now."""
        last = [Fraction(each.price) for each in self.traded if each.symbol == symbol and each.qty][-1:]
        bids = [price for price, *_ in self.queue(symbol, "1", only_shown=True)]
        asks = [price for price, *_ in self.queue(symbol, "2", only_shown=True)]
        middle = [Fraction(max(bids) + min(asks), 2)] if bids and asks else []
        book = {"3": [Fraction(bid) for bid in bids[:1]], "1": [Fraction(ask) for ask in asks[:1]]}
        return {"2": traded or last, "6": middle, **book}

    def step(self, symbol: str, traded: list[Fraction]) -> list[Outcome]:
        moved: dict[str, int | None] = {}
        for source, prices in sorted(self.seen(symbol, traded).items(), key=lambda each: "2316".index(each[0])):
            for price in prices:
                self.due += self.reached(symbol, source, price)
                for order in sorted(self.orders, key=lambda order: order.arrival):
                    mine = (order.symbol, order.source) == (symbol, source) and order.working
                    if mine and order.trails and order.waits and order not in self.due:
                        before = order.price
                        if self.follow(order, price):
                            moved.setdefault(order.order_id, before)
        by_id = {order.order_id: order for order in self.orders}
        return [
            ("D", by_id[order_id].told(), "3", before, by_id[order_id].leaves, by_id[order_id].held, False, False)
            for order_id, before in moved.items()
        ]

    def follow(self, order: NaiveOrder, price: Fraction) -> bool:
        sign, instrument, how = 1 if order.side == "1" else -1, self.listed(order.symbol), order.trails
        assert how is not None
        assert instrument is not None
        stop = self.behind(order.symbol, order.side, how, price)
        assert order.stop is not None
        whole = price.__ceil__() if order.side == "1" else price.__floor__()
        if order.dormant and (whole - (how.activation_price or 0)) * sign > 0:
            return False
        woken, order.dormant = order.dormant, False
        limit = None if order.price is None else on_tick(instrument, stop + order.away, up=sign < 0)
        if (stop - order.stop) * sign >= 0 or not fits(instrument, stop, limit):
            return woken
        self.arrivals += 1
        order.stop, order.price, order.since = stop, limit, self.arrivals
        return True

    def reached(self, symbol: str, source: str, price: Fraction) -> list[NaiveOrder]:
        """Return the orders that wait for ``price``, in the order in which they go off."""
        reached = []
        for order in self.orders:
            mine = (order.symbol, order.source) == (symbol, source) and order.working
            if mine and order.waits and not order.dormant and order not in self.due:
                rises = (order.side == "1") == (order.ord_type in "34" or order.trails is not None)
                sign = 1 if rises else -1
                if (price - (order.stop or 0)) * sign >= 0:
                    reached.append((not rises, (order.stop or 0) * sign, order.since, order))
        return [order for *_, order in sorted(reached, key=lambda each: each[:3])]

    # Pegs.

    def pegged_at(self, symbol: str, side: str, how: Instructions | None, current: int | None) -> int | None:
        """Return where a pegged order is to be, which is at ``current`` now, or None for nowhere."""
        instrument, sign = self.listed(symbol), 1 if side == "1" else -1
        assert instrument is not None
        assert how is not None
        kind = next(code for code in how.exec_inst if code in "LMPR")
        best: dict[str, int | None] = {}
        for each in "12":
            seen = [price for price, order in self.in_queue(symbol, each, only_shown=True) if order.peg is None]
            best[each] = seen[0] if seen else None
        own, other = best[side], best["2" if side == "1" else "1"]
        middle = None if own is None or other is None else Fraction(own + other, 2)
        last = next((each.price for each in reversed(self.traded) if each.symbol == symbol and each.qty), None)
        followed = {"R": own, "P": other, "M": middle, "L": last}[kind]
        wanted = current
        if followed is not None:
            whole = followed.__floor__() if side == "1" else followed.__ceil__()
            away = abs(whole * how.peg_offset_value) // 1_000_000 * (1 if how.peg_offset_value > 0 else -1)
            kinds = {"0": how.peg_offset_value, "2": how.peg_offset_value * tick_of(instrument, whole)}
            wanted = whole + kinds.get(how.peg_offset_type.value, away)
        if wanted is None:
            return None
        if how.limit_price is not None and (wanted - how.limit_price) * sign > 0:
            wanted = how.limit_price
        wanted = on_tick(instrument, wanted, up=side == "2")
        if kind != "P" and other is not None and (other - wanted) * sign <= 0:
            wanted = on_tick(instrument, other - sign, up=side == "2")
        low, high = around(
            instrument, instrument.reference_price, instrument.static_band_ticks, instrument.static_band_ppm
        )
        outside = low is not None and high is not None and not low <= wanted <= high
        return wanted if fits(instrument, wanted) and not outside else None

    def follow_pegs(self) -> list[Outcome]:
        """Give each peg one chance to move, the oldest of an instrument first."""
        told: list[Outcome] = []
        for symbol in sorted(self.instruments):
            mine = [order for order in self.orders if order.peg and order.symbol == symbol]
            for order in sorted(mine, key=lambda order: int(order.order_id)):
                instrument = self.listed(symbol)
                if order.status not in LIVE or not self.trades_now(symbol) or (instrument and instrument.limit_state_s):
                    continue
                price = self.pegged_at(symbol, order.side, order.peg, order.price)
                if price in (None, order.price):
                    continue
                before, order.price, order.arrival = order.price, price, self.next_arrival()
                told.append(("D", order.told(), "3", before, order.leaves, order.held, True, False))
                told += self.work(order)
                told += self.follow_lists()
        return told

    def make(self, c: NewOrder | RefuseOrder) -> NaiveOrder:
        self.order_ids += 1
        self.arrivals += 1
        qty, price = (c.order_qty, c.price) if isinstance(c, NewOrder) else (0, None)
        values = c.side.value, c.ord_type.value, c.time_in_force.value
        order = NaiveOrder(
            str(self.order_ids), c.session, c.account, c.symbol, *values, qty, price, self.arrivals, [c.cl_ord_id]
        )
        order.firm = c.firm
        self.symbol_of[order.order_id] = c.symbol
        if isinstance(c, NewOrder):
            order.instruct(c)
            order.show()
        if (c.session, c.cl_ord_id) in [(session, used) for session, used, _ in self.used]:
            order.status = "8"
        return order

    def next_arrival(self) -> int:
        self.arrivals += 1
        return self.arrivals

    def work(self, order: NaiveOrder) -> list[Outcome]:
        phase = self.phases.get(order.symbol, "continuous")
        if phase != "continuous":
            over = "345" if phase in CALLS else "34"
            worse = phase == "post-close" and self.is_worse_than_close(order)
            if order.price is None or order.time_in_force in over or worse:
                return [self.end(order, order.ids[-1], rested=False, orig=None)]
            close = self.close(order.symbol) if phase == "post-close" else None
            return [] if close is None else self.trade_at(order.symbol, close, by_time=True)
        instrument = self.listed(order.symbol)
        if instrument is None or not instrument.limit_state_s:
            return self.trade_as_it_comes(order)
        told = self.bring_into_band(order) + self.trade_as_it_comes(order)
        edge = self.at_edge(order.symbol)
        if edge is not None and order.symbol not in self.limit_states:
            self.limit_states[order.symbol] = edge[0], self.now_ns
            told.append(("limit", order.symbol, *edge))
        return told

    def trade_as_it_comes(self, order: NaiveOrder) -> list[Outcome]:
        away = self.tick_away(order.symbol, order.side, order.price) if order.post_only else None
        if away is not None:
            before, order.price = order.price, away
            return [("D", order.told(), "3", before, order.leaves, order.held, False, False)]
        told: list[Outcome] = []
        if order.price is None:
            order.worst = self.protection(order)
        wanted = order.working if order.time_in_force == "4" else order.least
        band = self.band(order.symbol)
        if (wanted or order.aon) and not self.has_enough(order, band):
            return [] if order.aon else [self.end(order, order.ids[-1], rested=False, orig=None)]
        meets = not order.post_only and bool(order.price is not None or self.hit(order, None))
        while order.working:
            if meets and (aside := self.next_aside(order, band)):
                qty = aside.working
                told.append(self.trade(order, aside, aside.price or 0, qty))
                told += self.protect(order, order, qty)
                told += self.follow_at_once(aside, order)
                continue
            hit = self.hit(order, band)
            if not hit:
                break
            other, price = hit[0], hit[0].price or 0
            instrument = self.listed(order.symbol)
            is_shared = instrument is not None and instrument.allocation.value != "fifo"
            level = [each for each in hit if each.price == other.price] if is_shared else [other]
            own = [each for each in level if self.of_one_hand(order, each)]
            if own:
                told += self.prevent(order, own[0])
                told += self.follow_at_once(own[0], order)
                continue
            parts = [(other, min(order.working, other.shown or other.working))]
            if is_shared:
                parts = self.shared(order, level)
            planned = {each.order_id: each.working for each, _ in parts}
            wanted_yet = order.working
            for each, qty in parts:
                if (each.working, order.working) != (planned[each.order_id], wanted_yet):
                    break  # a trade of this round has left another of its list with less: share out anew
                wanted_yet -= qty
                told.append(self.trade(order, each, price, qty))
                told += self.protect(each, order, qty) + self.protect(order, order, qty)
                told += self.follow_at_once(each, order)
        is_stopped = bool(self.hit(order, None))
        is_left_over = order.working and order.ord_type == "K" and order.cum and order.price is None
        if is_left_over and order.time_in_force in "016":
            is_stopped = False
            order.price = self.traded[-1].price
            told.append(("D", order.told(), "3", None, order.leaves, order.held, False, False))
        instrument = self.listed(order.symbol)
        breaks = bool(order.working and is_stopped and instrument and instrument.volatility_auction_s)
        breaks = breaks and not (instrument and instrument.limit_state_s)
        breaks = breaks and not (wanted and not order.cum)
        if order.working and (order.price is None or order.time_in_force in ("3", "4") or (is_stopped and not breaks)):
            told.append(self.end(order, order.ids[-1], rested=False, orig=None))
        return told + self.interrupt(order.symbol) if breaks else told

    def interrupt(self, symbol: str) -> list[Outcome]:
        open_orders = self.open_of(f"instrument:{symbol}")
        told = [self.expire(each) for each in open_orders if each.time_in_force == "5"]
        self.phases[symbol] = "volatility-auction"
        return [*told, ("phase", symbol, "volatility-auction", "continuous")]

    # Limit up, limit down.

    def edges(self, symbol: str) -> tuple[int, int] | None:
        """Return the lowest price that a sell may have, and the highest of a buy."""
        instrument, band = self.listed(symbol), self.band(symbol)
        if instrument is None or band is None:
            return None
        return on_tick(instrument, ceil(band[0]), up=True), on_tick(instrument, floor(band[1]), up=False)

    def bring_into_band(self, order: NaiveOrder) -> list[Outcome]:
        edges, told = self.edges(order.symbol), list[Outcome]()
        if edges is None:
            return told
        low, high = edges
        for side in "12":
            resting = [each for _, each in self.in_queue(order.symbol, side) if each is not order]
            beyond = [o for o in resting if (o.price or 0) > high] if side == "1" else []
            beyond += [o for o in resting if (o.price or 0) < low] if side == "2" else []
            for each in beyond:
                before, each.price, each.arrival = each.price, high if side == "1" else low, self.next_arrival()
                told.append(("D", each.told(), "3", before, each.leaves, each.held, True, False))
        order.arrival = self.next_arrival()
        if order.price is None or order.time_in_force in "34":
            return told
        before = order.price
        if before > high if order.side == "1" else before < low:
            order.price = high if order.side == "1" else low
            told.append(("D", order.told(), "3", before, order.leaves, order.held, False, False))
        return told

    def at_edge(self, symbol: str) -> tuple[str, int] | None:
        """Return the side whose best price is at its edge of the band, and where that is."""
        instrument = self.listed(symbol)
        if instrument is None or not instrument.limit_state_s or self.phases.get(symbol, "continuous") != "continuous":
            return None
        edges = self.edges(symbol)
        bids, offers = (self.queue(symbol, side, only_shown=True) for side in "12")
        if edges and bids and bids[0][0] >= edges[1]:
            return "1", edges[1]
        return ("2", edges[0]) if edges and offers and offers[0][0] <= edges[0] else None

    def end_limit_states(self) -> list[Outcome]:
        told: list[Outcome] = []
        for symbol, (side, _) in list(self.limit_states.items()):
            edge = self.at_edge(symbol)
            if edge is None or edge[0] != side:
                del self.limit_states[symbol]
                told.append(("limit", symbol, None, None))
        return told

    def pause(self, symbol: str) -> list[Outcome]:
        instrument, edge, state = self.listed(symbol), self.at_edge(symbol), self.limit_states.get(symbol)
        if instrument is None or edge is None or state is None or edge[0] != state[0]:
            return []
        is_over = state[1] + instrument.limit_state_s * 10**9 <= self.now_ns
        return self.interrupt(symbol) if is_over else []

    def follow_at_once(self, other: NaiveOrder, order: NaiveOrder) -> list[Outcome]:
        """What follows for lists from what ``other`` and ``order``, which is at work, have done to each other."""
        told = self.lower_reducing(order.account, other.account, symbol=order.symbol)
        for each in (other, order):
            if each.list and not each.list.waiting(each):
                told += self.consequences(each, at_work=order)
        return told

    def trade(self, order: NaiveOrder, other: NaiveOrder, price: int, qty: int) -> Outcome:
        self.traded.append(NaiveTrade(order.symbol, price, qty, other, order))
        instrument = self.listed(order.symbol)
        if instrument is not None and instrument.dynamic_band_average_s:
            self.paid.append((order.symbol, self.now_ns // 10**9, price))
        other.shown = max(other.shown - qty, 0)
        other.fill(price, qty)
        if other.working and not other.shown and not other.is_hidden:
            other.shown, other.arrival = min(other.display[1] or 0, other.working), self.next_arrival()
        order.fill(price, qty)
        order.shown = min(order.shown, order.working)
        self.happened += [other, order]
        return ("F", order.symbol, price, qty, other.told(), order.told())

    def shared(self, order: NaiveOrder, level: list[NaiveOrder]) -> list[tuple[NaiveOrder, int]]:
        """Deal ``order`` out, a unit at a time where it goes by time, among all that is displayed at one price."""
        instrument = self.listed(order.symbol)
        assert instrument is not None
        shown = [each for each in level if each.shown]
        room = {each.order_id: each.shown for each in shown} or {each.order_id: each.working for each in level}
        got = dict.fromkeys(room, 0)
        whole, lot = sum(room.values()), instrument.lot_size
        if shown and whole > order.working:
            quota = order.working * instrument.lead_market_maker_percent // 100 // lot * lot
            for each in shown:
                if instrument.allocation.value == "pro-rata":
                    part = Fraction(order.working * each.shown, whole) // lot * lot
                    got[each.order_id] = part if part >= instrument.pro_rata_min else 0
                while each.account == instrument.lead_market_maker and quota and got[each.order_id] < each.shown:
                    quota, got[each.order_id] = quota - 1, got[each.order_id] + 1
        for order_id, most in room.items():
            while got[order_id] < most and sum(got.values()) < order.working:
                got[order_id] += 1
        return [(each, got[each.order_id]) for each in level if got.get(each.order_id)]

    def band(self, symbol: str) -> tuple[Fraction, Fraction] | None:
        """Return the lowest and the highest price that the next order may trade at."""
        instrument = self.listed(symbol)
        if instrument is None:
            return None
        last = next((trade.price for trade in reversed(self.traded) if trade.symbol == symbol and trade.qty), None)
        if window_s := instrument.dynamic_band_average_s:
            now_s = self.now_ns // 10**9
            prices = [price for of, second, price in self.paid if of == symbol and now_s - second < window_s]
            last = sum(prices) // len(prices) if prices else last
        static, dynamic = instrument.reference_price, instrument.reference_price if last is None else last
        edges = [
            around(instrument, static, instrument.static_band_ticks, instrument.static_band_ppm),
            around(instrument, dynamic, instrument.dynamic_band_ticks, instrument.dynamic_band_ppm),
        ]
        lows, highs = [low for low, _ in edges if low is not None], [high for _, high in edges if high is not None]
        return (max(lows), min(highs)) if lows else None

    # Lists.

    def new_list(self, c: NewOrderList) -> list[Outcome]:
        known = [each for each in self.lists if (each.session, each.list_id) == (c.session, c.list_id)]
        if known and c.poss_resend:
            return [known[0].told("2")]
        orders = [entry.order for entry in c.entries]
        reasons = self.why_not_list(c, orders)
        if (c.session, c.list_id) not in self.list_ids:
            self.list_ids.append((c.session, c.list_id))
        if any(reasons):
            told = [self.reject(order, reason or "99") for order, reason in zip(orders, reasons, strict=True)]
            return [*told, ("N", c.list_id, "1", "7", tuple(each[1] for each in told if each[0] == "8"))]
        self.lists.append(entered := NaiveList(c.list_id, c.session, c.contingency_type))
        stops = [self.first_stop(o) if isinstance(o, NewOrder) and waits(o) else None for o in orders]
        told = []
        for entry, stop in zip(c.entries, stops, strict=True):
            assert isinstance(entry.order, NewOrder)
            order = self.enter(entry.order)
            self.wait(order, entry.order, stop)
            order.list = entered
            entered.orders.append(order)
            entered.links[order.order_id] = entry.cl_ord_link_id
            instrument = self.listed(order.symbol)
            assert instrument is not None
            entered.lots[order.order_id] = instrument.lot_size
            order.held = order.qty if entered.kind == "2" and order is not entered.orders[0] else 0
            order.show()
            told.append(("0", order.told()))
            told += self.catch_up(order, entered)
            self.happened.append(order)
            if not order.held and order.status in LIVE and not self.is_placed(order, entered):
                told += [] if order.waits else self.work(order)
            told += self.follow_lists()
        return [*told, entered.told("1")]

    def is_placed(self, order: NaiveOrder, entered: NaiveList) -> bool:
        return entered.kind == "2" and order is not entered.orders[0]

    def why_not_list(self, c: NewOrderList, orders: list[NewOrder | RefuseOrder]) -> list[str | None]:
        reasons: list[str | None] = []
        used = [cl_ord_id for session, cl_ord_id, _ in self.used if session == c.session]
        self.asked_for = []
        for order in orders:
            reasons.append(self.why_not(order))
            by_risk = self.risk(order) if isinstance(order, NewOrder) else None
            if isinstance(order, NewOrder) and order.instructions and not by_risk:
                alone = "G" in exec_inst(order) or order.instructions.reduce_only or pegs(order)
                reasons[-1] = "11" if alone else reasons[-1]
            instrument = self.listed(order.symbol)
            price: int | None = order.price if isinstance(order, NewOrder) else None
            if price is None and isinstance(order, NewOrder) and order.instructions:
                price = order.instructions.stop_px
                if price is None and "a" in exec_inst(order):
                    price = self.reference(order.symbol)
                if pegs(order) and instrument and order.side.value in "12":
                    price = self.pegged_at(order.symbol, order.side.value, order.instructions, None)
            if isinstance(order, NewOrder) and price is not None and instrument and not by_risk:
                self.asked_for.append((order.account, worth(instrument, price, order.order_qty)))
            if order.cl_ord_id in used:
                reasons[-1] = "6"
            used.append(order.cl_ord_id)
        self.asked_for = []
        if (c.session, c.list_id) in self.list_ids:
            return ["99"] * len(orders)
        if c.unsupported or (not any(reasons) and self.do_not_go_together(c.contingency_type, orders)):
            return ["11"] * len(orders)
        return reasons

    def do_not_go_together(self, kind: str | None, orders: list[NewOrder | RefuseOrder]) -> bool:
        sizes = [order.order_qty for order in orders if isinstance(order, NewOrder)]
        if kind is None:
            return False
        if kind not in "1234" or len(orders) < 2 or (kind in "23" and len({order.symbol for order in orders}) > 1):
            return True
        children = orders[1:] if kind == "2" else []
        at_once = any(o.instructions and o.instructions.min_qty for o in children if isinstance(o, NewOrder))
        at_once = at_once or any(order.time_in_force.value == "4" for order in children)
        return kind == "2" and (max(sizes) > sizes[0] or at_once)

    def cancel_list(self, c: CancelList) -> list[Outcome]:
        known = [each for each in self.lists if (each.session, each.list_id) == (c.session, c.list_id)]
        if not known:
            return [("N", c.list_id, "2", "7", ())]
        live = [order for order in known[0].orders if order.status in LIVE]
        return [*(self.end(o, o.ids[-1], rested=o.working > 0, orig=None) for o in live), known[0].told("2")]

    def catch_up(self, order: NaiveOrder, entered: NaiveList) -> list[Outcome]:
        """An order that comes after others of its list have traded or ended."""
        told: list[Outcome] = []
        rested = False
        for other in entered.others(order):
            if order.status not in LIVE:
                break
            if entered.kind == "1" and (other.cum or other.status not in LIVE):
                told.append(self.withdraw(order, rested=rested))
            elif entered.kind != "1" and other.cum:
                told += self.lower(order, other.cum, other.qty, rested=rested)
        if entered.kind == "2" and order is not entered.orders[0]:
            first = entered.orders[0]
            if order.leaves and entered.known.get(first.order_id):
                told += self.release(order, entered.known[first.order_id])
            if order.leaves and first.order_id in entered.over:
                told += self.give_up(order)
        return told

    def consequences(self, order: NaiveOrder, at_work: NaiveOrder | None = None) -> list[Outcome]:
        mine = order.list
        if mine is None:
            return []
        told: list[Outcome] = []
        traded = order.cum - mine.known.get(order.order_id, 0)
        if traded > 0:
            was_open = order.leaves + traded
            mine.known[order.order_id] = order.cum
            for child in mine.waiting(order):
                told += self.release(child, traded) if child.leaves and child.held else []
            for other in mine.others(order):
                rested = other is not at_work and other.working > 0
                if other.status in LIVE and mine.kind == "1":
                    told.append(self.withdraw(other, rested=rested))
                elif other.status in LIVE:
                    told += self.lower(other, traded, was_open, rested=rested)
        if order.status not in LIVE and order.order_id not in mine.over:
            mine.over.add(order.order_id)
            for child in mine.waiting(order):
                told += self.give_up(child)
            for other in mine.others(order) if mine.kind == "1" else []:
                if other.status in LIVE:
                    told.append(self.withdraw(other, rested=other is not at_work and other.working > 0))
        return told

    def withdraw(self, order: NaiveOrder, *, rested: bool) -> Outcome:
        if order.list:
            order.list.over.add(order.order_id)
        return self.end(order, order.ids[-1], rested=rested, orig=None)

    def lower(self, order: NaiveOrder, traded: int, was_open: int, *, rested: bool) -> list[Outcome]:
        assert order.list
        qty = min(traded, order.leaves)
        if order.list.kind == "4":
            lot = order.list.lots[order.order_id]
            qty = order.leaves // lot * traded // was_open * lot
        if not qty:
            return []
        if qty == order.leaves:
            return [self.withdraw(order, rested=rested)]
        before, before_held = order.leaves, order.held
        held = order.held - max(qty - order.working, 0)
        order.qty, order.held = order.qty - qty, held
        order.shown = min(order.shown, order.working)
        if not order.working:
            self.due = [each for each in self.due if each is not order]
        return [self.amended(order, "5", before, before_held, rested=rested, keeps=rested)]

    def give_up(self, order: NaiveOrder) -> list[Outcome]:
        if order.held == order.qty:
            return [self.withdraw(order, rested=False)]
        if not order.held:
            return []
        before, before_held, rested = order.leaves, order.held, order.working > 0
        order.qty, order.held = order.qty - order.held, 0
        if order.qty == order.cum:
            order.status = "2"
        return [self.amended(order, "5", before, before_held, rested=rested, keeps=rested)]

    def release(self, order: NaiveOrder, traded: int) -> list[Outcome]:
        before, before_held, rested, before_price = order.leaves, order.held, order.working > 0, order.price
        if not rested:
            self.trail_from_here(order)
        order.held -= min(traded, order.held)
        order.show()
        order.arrival = order.since = self.next_arrival()
        self.due = [each for each in self.due if each is not order]
        amended = self.amended(order, "8", before, before_held, rested=rested, keeps=False)
        told = [(*amended[:3], before_price, *amended[4:])]
        return told if order.waits else told + self.work(order)

    def trail_from_here(self, order: NaiveOrder) -> None:
        """A trailing stop that was not told where to begin begins when it is let to trade."""
        instrument = self.listed(order.symbol)
        if instrument and order.waits and order.trails and order.trails.stop_px is None:
            stop = self.trails_at(order.symbol, order.side, order.source, order.trails)
            if stop is None:
                return
            limit = None if order.price is None else on_tick(instrument, stop + order.away, up=order.side == "2")
            if fits(instrument, limit):
                order.stop, order.price = stop, limit

    def amended(
        self, order: NaiveOrder, reason: str, before: int, before_held: int, *, rested: bool, keeps: bool
    ) -> Outcome:
        self.happened.append(order)
        rested = rested and not order.waits
        return ("D", order.told(), reason, order.price, before, before_held, rested, keeps and rested)

    def follow_lists(self) -> list[Outcome]:
        told: list[Outcome] = []
        while self.happened:
            told += self.consequences(self.happened.pop(0))
        return told

    def protection(self, order: NaiveOrder) -> int | None:
        """Return the worst price that market protection lets an order trade at."""
        instrument, opposite = self.listed(order.symbol), self.queue(order.symbol, "2" if order.side == "1" else "1")
        if instrument is None or not opposite:
            return order.worst
        best, sign = opposite[0][0], 1 if order.side == "1" else -1
        rooms = [ticks * tick_of(instrument, best) for ticks in [instrument.market_protection_ticks] if ticks]
        if instrument.market_protection_ppm:
            rooms.append(int(Fraction(abs(best) * instrument.market_protection_ppm, 1_000_000)))
        return best + sign * min(rooms) if rooms else None

    def hit(self, order: NaiveOrder, band: tuple[Fraction, Fraction] | None) -> list[NaiveOrder]:
        """Return what ``order`` may trade with, the first to trade first: up to the first outside ``band``."""
        worst_first = 1 if order.side == "1" else -1
        limit = order.worst if order.price is None else order.price
        crossed = (
            other
            for other in self.orders
            if other.symbol == order.symbol and other.side != order.side and other.working and not other.waits
            if not other.aon
            if limit is None or (limit - (other.price or 0)) * worst_first >= 0
        )
        ranked = sorted(crossed, key=lambda other: (worst_first * (other.price or 0), other.is_hidden, other.arrival))
        return list(takewhile(lambda other: band is None or band[0] <= (other.price or 0) <= band[1], ranked))

    def reachable(self, order: NaiveOrder, band: tuple[Fraction, Fraction] | None) -> int:
        """Return how much could trade at once, if there were no end to ``order``."""
        found, hit, instrument = 0, self.hit(order, band), self.listed(order.symbol)
        taken: dict[str, int] = {}
        siblings = order.list.others(order) if order.list else []
        if instrument is not None and instrument.allocation.value != "fifo":
            # Who of a list trades first is not known: in the worst case the least of them.
            prices = list(dict.fromkeys(other.price for other in hit))
            first = {each.order_id: (each not in siblings, not self.of_one_hand(order, each)) for each in hit}
            hit.sort(key=lambda other: (prices.index(other.price), first[other.order_id], other.working))
        is_fifo = instrument is None or instrument.allocation.value == "fifo"
        own = [each for each in hit if self.of_one_hand(order, each) and self.prevention(order) != "O"]
        ends = {each.price for each in [*own, *siblings] if each.shown and is_fifo}
        for other in hit:
            if other in siblings:
                break
            gone = sum(taken.get(each.order_id, 0) for each in other.list.others(other)) if other.list else 0
            all_gone = gone and other.list and other.list.kind in ("1", "4")
            qty = 0 if all_gone else max(other.working - gone, 0)
            qty = min(qty, other.shown) if other.price in ends else qty
            if qty and self.of_one_hand(order, other):
                if self.prevention(order) != "O":
                    break
                taken[other.order_id] = qty if other.list and other.list.kind == "1" else 0
                continue
            taken[other.order_id] = qty
            found += qty
        return found

    # Self-match prevention.

    def of_one_hand(self, order: NaiveOrder, other: NaiveOrder) -> bool:
        instrument = self.listed(order.symbol)
        assert instrument is not None
        by_default = instrument.self_match_scope.value if instrument.self_match_prevention else "id"
        if order.firm != other.firm:
            return False
        if by_default == "firm" or (order.smp_id and order.smp_id == other.smp_id):
            return True
        return order.account == other.account and (by_default == "account" or bool(order.smp and not order.smp_id))

    def prevention(self, order: NaiveOrder) -> str:
        instrument = self.listed(order.symbol)
        by_default = instrument.self_match_prevention if instrument else None
        return order.smp or (by_default.value if by_default else "O")

    def prevent(self, order: NaiveOrder, other: NaiveOrder) -> list[Outcome]:
        how, less = self.prevention(order), min(order.working, other.working)
        giving_way = {"N": [order], "O": [other], "B": [other, order], "D": [other, order]}[how]
        told = []
        for each in giving_way:
            if how != "D" or less == each.leaves:
                told.append(self.end(each, each.ids[-1], rested=each is other, orig=None))
            else:
                before, each.qty = each.leaves, each.qty - less
                each.shown = min(each.shown, each.working)
                told.append(("D", each.told(), "5", each.price, before, each.held, each is other, each is other))
        return told

    def may_not_take(self, c: NewOrder | ReplaceOrder) -> bool:
        """Whether a post-only order would take, and may not slide or has nowhere to slide to."""
        away = self.tick_away(c.symbol, c.side.value, c.price) if "6" in exec_inst(c) else None
        instrument = self.listed(c.symbol)
        if away is None or instrument is None:
            return False
        return "A" in exec_inst(c) or not (away > 0 or instrument.allows_negative_price)

    def tick_away(self, symbol: str, side: str, price: int | None) -> int | None:
        """Return the next price, on its tick, away from the best of the other side; None if ``price`` is not there."""
        instrument, others = self.listed(symbol), self.queue(symbol, "2" if side == "1" else "1")
        if instrument is None or price is None or not others:
            return None
        best, step = others[0][0], -1 if side == "1" else 1
        if (price - best) * step > 0:
            return None
        away = best + step
        while away % tick_of(instrument, away):
            away += step
        return away

    def end(self, order: NaiveOrder, cl_ord_id: str, *, rested: bool, orig: str | None) -> Outcome:
        rested = rested and not order.waits
        self.due = [each for each in self.due if each is not order]
        open_qty, order.status = order.leaves, "4"
        order.ids.append(cl_ord_id)
        self.happened.append(order)
        return ("4", order.told(), open_qty, rested, orig)

    # Requests about an order.

    def cancel(self, c: CancelOrder) -> list[Outcome]:
        order, refused = self.order_to_change(c, c.order_id)
        if refused or order is None:
            return [refused or ()]
        if (c.symbol, c.side.value) != (order.symbol, order.side):
            return [self.cancel_reject(c, order, "99")]
        return [self.end(order, c.cl_ord_id, rested=order.working > 0, orig=c.orig_cl_ord_id)]

    def replace(self, c: ReplaceOrder) -> list[Outcome]:
        order, refused = self.order_to_change(c, c.order_id)
        if refused or order is None:
            return [refused or ()]
        if c.symbol != order.symbol:
            return [self.cancel_reject(c, order, "2" if self.risk(c) else "99")]
        reason = self.risk(c, order)
        stop = None if c.instructions is None else c.instructions.stop_px
        trails = "a" in exec_inst(c)
        lowers = c.price == order.price and c.order_qty <= order.qty
        if c.price is None and stop != (order.stop if order.waits else None):
            lowers = False
        if pegs(c):
            lowers = c.instructions == order.peg and c.order_qty <= order.qty
        if reason and not (reason == "3" and lowers):
            return [self.cancel_reject(c, order, "2")]
        asked = (c.symbol, c.side.value, c.account, c.ord_type.value)
        if asked != (order.symbol, order.side, order.account, order.ord_type) or c.time_in_force.value not in (
            *"016",
            order.time_in_force,
        ):
            return [self.cancel_reject(c, order, "99")]
        if (order.peg is not None) != pegs(c):
            return [self.cancel_reject(c, order, "99")]
        if (order.price is None) != (c.price is None and not pegs(c)) or (order.stop is not None) != waits(c):
            return [self.cancel_reject(c, order, "99")]
        if trails != (order.trails is not None):
            return [self.cancel_reject(c, order, "99")]
        price: int | None = c.price
        if pegs(c):
            price = self.pegged_at(c.symbol, order.side, c.instructions, order.price)
            if price is None:
                return [self.cancel_reject(c, order, "2")]
        alone = "G" in exec_inst(c) or (c.instructions is not None and c.instructions.reduce_only)
        if self.unfit_for_phase(c) or self.mismatch(c) or (alone and order.list):
            return [self.cancel_reject(c, order, "2")]
        if self.may_not_take(c) or self.is_too_much(c, order):
            return [self.cancel_reject(c, order, "2")]
        before = (order.ids[-1], order.price, order.leaves)
        keeps = price == order.price and c.order_qty <= order.qty and display(c) == order.display
        keeps = keeps and ("G" in exec_inst(c)) == order.aon
        if order.waits:
            trigger, since = (order.stop, order.source), order.since
            self.wait(order, c)
            keeps = keeps and trigger == (order.stop, order.source) and not trails
            order.since = since if keeps else order.since
        order.ids.append(c.cl_ord_id)
        may_work = order.qty - order.held
        order.qty, order.price, order.time_in_force = max(c.order_qty, order.cum), price, c.time_in_force.value
        order.held = max(order.qty - may_work, 0) if order.held else 0
        order.instruct(c)
        order.shown = min(order.shown, order.working)
        if not keeps or not order.working:
            order.show()
        if order.qty == order.cum:
            order.status = "2"
        if order.status == "2" or not keeps:
            self.due = [each for each in self.due if each is not order]
        told: list[Outcome] = [("5", order.told(), *before, keeps)]
        self.happened.append(order)
        if keeps or not order.working:
            return told
        order.arrival = self.next_arrival()
        return told if order.waits else told + self.work(order)

    def order_to_change(
        self, c: CancelOrder | ReplaceOrder | RefuseChange, order_id: str | None
    ) -> tuple[NaiveOrder | None, Outcome | None]:
        mine = [(used, order) for session, used, order in self.used if session == c.session]
        named = next((order for used, order in mine if used == c.orig_cl_ord_id), None)
        if c.cl_ord_id in [used for used, _ in mine]:
            return None, self.cancel_reject(c, named, "6")
        self.used.append((c.session, c.cl_ord_id, named))
        if named is None or order_id not in (None, named.order_id):
            return None, self.cancel_reject(c, None, "1")
        if named.status not in LIVE:
            return None, self.cancel_reject(c, named, "0")
        if named.ids[-1] != c.orig_cl_ord_id:
            return None, self.cancel_reject(c, named, "99")
        return named, None

    def cancel_reject(
        self, c: CancelOrder | ReplaceOrder | RefuseChange, order: NaiveOrder | None, reason: str
    ) -> Outcome:
        known = (order.order_id, order.ids[-1], order.status) if order else ("NONE", c.orig_cl_ord_id, "8")
        return ("9", c.cl_ord_id, *known, reason)

    def mass_cancel(self, c: MassCancel) -> list[Outcome]:
        kind = c.mass_cancel_request_type.value
        if kind not in "17":
            return [("r", (), "0")]
        if kind == "1" and not self.listed(c.symbol):
            return [("r", (), "1")]
        mine = [order for order in self.orders if order.status in LIVE and order.session == c.session]
        ended = [order for order in mine if c.symbol in (None, order.symbol)]
        ended = [order for order in ended if c.side is None or c.side.value == order.side]
        affected = tuple((order.ids[-1], order.order_id) for order in ended)
        told = [self.end(o, o.ids[-1], rested=o.working > 0, orig=None) for o in ended]
        return [*told, ("r", affected, None)]

    # Quotes.

    def quote(self, c: Quote | MassQuote) -> list[Outcome]:
        reasons: list[str | None] = []
        seen: list[tuple[str, str]] = []
        for entry in c.entries:
            twice = (entry.symbol, entry.quote_entry_id) in seen
            reasons.append(self.why_no_quote(c, entry, twice=twice))
            seen.append((entry.symbol, entry.quote_entry_id))
        self.judged, self.making_room = [], []
        if isinstance(c, Quote):
            entry, status = c.entry, "5" if reasons[0] else "0"
            sides = (entry.bid_px, entry.bid_size, entry.offer_px, entry.offer_size)
            told: list[Outcome] = [("AI", entry.symbol, *sides, status)]
        else:
            told = [("b", tuple(reasons), "5" if all(reasons) else "0")]
        for entry, reason in zip(c.entries, reasons, strict=True):
            if not reason:
                told += self.enter_quote(c, entry)
        return told

    def why_no_quote(self, c: Quote | MassQuote, entry: QuoteEntry, *, twice: bool) -> str | None:
        makers = [each.session for each in self.configured.participants if each.market_maker]
        wanted = self.sides(c, entry)
        if c.session not in makers:
            return "9"
        if twice:
            return "99"
        if entry.refusal:
            return entry.refusal.reason.value
        if self.listed(entry.symbol) is None:
            return "1"
        if len(wanted) == 2 and (wanted[0].price or 0) >= (wanted[1].price or 0):
            return "7"
        judged, making_room = list(self.judged), list(self.making_room)
        self.making_room += self.quoted(c, entry)
        for side in wanted:
            asked = NewOrder(
                c.session, c.firm, c.quote_id, c.account, side.symbol, Side(side.side), Qty(side.qty),
                OrdType.LIMIT, Price(side.price or 0), TimeInForce.DAY,
            )  # fmt: skip
            reason = self.risk(asked)
            same = [old for old in self.quoted(c, entry) if (old.side, old.price) == (side.side, side.price)]
            lower = [old for old in same if old.account == c.account and old.leaves >= side.qty]
            if reason and not (reason == "3" and lower):
                self.judged, self.making_room = judged, making_room
                return {"1": "1", "2": "2", "0": "2", "3": "3", "99": "8"}.get(reason, "99")
            self.judged.append(side)
        if wanted and self.phases.get(entry.symbol) in ("closed", "post-close"):
            return "2"
        return "99" if wanted and self.is_frozen(c, entry.symbol) else None

    def sides(self, c: Quote | MassQuote, entry: QuoteEntry) -> list[NaiveOrder]:
        """Return the sides of an entry as orders that are nowhere yet, the bid first."""
        values = [("1", entry.bid_px, entry.bid_size), ("2", entry.offer_px, entry.offer_size)]
        names, entry_id = (c.session, c.account, entry.symbol), entry.quote_entry_id
        found = [
            NaiveOrder("", *names, side, "2", "0", size, price, 0, [c.quote_id], firm=c.firm, entry=entry_id)
            for side, price, size in values
            if size and price is not None
        ]
        for order in found:
            order.show()
        return found

    def quoted(self, c: Quote | MassQuote, entry: QuoteEntry) -> list[NaiveOrder]:
        slot = (c.session, entry.symbol, entry.quote_entry_id)
        return [o for o in self.orders if o.status in LIVE and (o.session, o.symbol, o.entry) == slot]

    def enter_quote(self, c: Quote | MassQuote, entry: QuoteEntry) -> list[Outcome]:
        wanted = {side.side: side for side in self.sides(c, entry)}
        before = {side.side: side for side in self.quoted(c, entry)}
        meets_old = "1" in wanted and "2" in before and (wanted["1"].price or 0) >= (before["2"].price or 0)
        told: list[Outcome] = []
        for side in "21" if meets_old else "12":
            new, old = wanted.get(side), before.get(side)
            if old and old.status not in LIVE:
                old = None  # what the first side has traded has pulled it
            if old and (new is None or old.account != new.account):
                told.append(self.end(old, old.ids[-1], rested=True, orig=None))
                old = None
            if new and old:
                told += self.requote(old, new)
            elif new:
                self.order_ids += 1
                self.arrivals += 1
                new.order_id, new.arrival = str(self.order_ids), self.arrivals
                self.orders.append(new)
                told.append(("0", new.told()))
                if self.is_frozen(c, entry.symbol):
                    told.append(self.end(new, new.ids[-1], rested=False, orig=None))
                else:
                    told += self.work(new)
        return told

    def requote(self, old: NaiveOrder, new: NaiveOrder) -> list[Outcome]:
        before = (old.ids[-1], old.price, old.leaves)
        keeps = new.price == old.price and new.qty <= old.leaves
        old.ids += new.ids
        old.qty, old.price = old.cum + new.qty, new.price
        old.show()
        told: list[Outcome] = [("5", old.told(), *before, keeps)]
        if keeps:
            return told
        self.arrivals += 1
        old.arrival = self.arrivals
        return told + self.work(old)

    def cancel_quotes(self, c: CancelQuotes) -> list[Outcome]:
        kind, nothing = c.quote_cancel_type.value, (None, 0, None, 0)
        mine = [order for order in self.open_of(f"session:{c.session}") if order.entry is not None]
        if kind not in "14":
            return [("AI", "[N/A]", *nothing, "5")]
        told: list[Outcome] = []
        if kind == "4":
            told += [self.end(order, order.ids[-1], rested=True, orig=None) for order in mine]
            reset = [key for key in sorted(self.frozen) if self.is_protected(self.protections[key[0]], c.session)]
            is_over = [key for key in reset if self.frozen[key] and self.frozen[key] <= self.now_ns]
            for key in reset:
                self.begin_anew(key)
            reset = [key for key in reset if key not in is_over]
            return [*told, ("AI", "[N/A]", *nothing, "4"), *(("protection reset", *key) for key in reset)]
        for symbol in sorted(set(c.symbols), key=c.symbols.index):
            ended = [order for order in mine if order.symbol == symbol]
            told += [self.end(order, order.ids[-1], rested=True, orig=None) for order in ended]
            told.append(("AI", symbol, *nothing, "1" if ended else "9"))
        return told

    # Protection of market makers.

    def protect_as_configured(self, c: ConfigureVenue, *, is_first: bool) -> None:
        old, new = ({each.name: each for each in file.protections} for file in (self.configured, c))
        for name in {*old, *new}:
            if old.get(name) == new.get(name) and not is_first:
                continue
            before, now = self.protections.pop(name, None), new.get(name)
            if now is not None:
                self.protections[name] = now
            if before is None or now is None or (before.maker, before.symbols) != (now.maker, now.symbols):
                for key in [key for key in {each[0] for each in self.made} | {*self.frozen} if key[0] == name]:
                    self.begin_anew(key)

    def begin_anew(self, key: tuple[str, str]) -> None:
        self.frozen.pop(key, None)
        self.made = [each for each in self.made if each[0] != key]

    def is_protected(self, protection: MakerProtection, session: str) -> bool:
        firms = [each.firm for each in self.configured.participants if each.session == session]
        return protection.maker in (f"session:{session}", *(f"firm:{firm}" for firm in firms))

    def protecting(self, session: str, symbol: str) -> list[tuple[str, str]]:
        return [
            (name, "" if each.symbols else symbol)
            for name, each in sorted(self.protections.items())
            if self.is_protected(each, session) and (not each.symbols or symbol in each.symbols)
        ]

    def is_frozen(self, c: Quote | MassQuote, symbol: str) -> bool:
        return any(self.freezes(key) for key in self.protecting(c.session, symbol))

    def freezes(self, key: tuple[str, str]) -> bool:
        if self.frozen.get(key) and self.frozen[key] <= self.now_ns:
            self.begin_anew(key)
        return key in self.frozen

    def worth_counting(self, order: NaiveOrder, qty: int) -> tuple[Fraction, Fraction]:
        instrument = self.ever[order.symbol]
        units = Fraction(qty, 10**instrument.qty_scale)
        return units, units * instrument.multiplier * (1 if order.side == "1" else -1)

    def is_reached(self, key: tuple[str, str], more: list[tuple[Fraction, Fraction]]) -> bool:
        """Return whether a limit is reached with ``more`` trades now."""
        limits = self.protections[key[0]]
        begin = self.now_ns - limits.window_ms * 1_000_000
        counted = [(qty, delta) for of, time, qty, delta in self.made if of == key and time > begin] + more
        qty, delta = (sum((each[at] for each in counted), Fraction(0)) for at in (0, 1))
        values = (Fraction(len(counted)), limits.fills_max), (qty, limits.qty_max), (abs(delta), limits.delta_max)
        return any(most is not None and value >= Fraction(most) for value, most in values)

    def protect(self, maker: NaiveOrder, at_work: NaiveOrder, qty: int) -> list[Outcome]:
        """Count a trade of a quote, and pull all that its maker has there where a limit is reached."""
        told: list[Outcome] = []
        for key in self.protecting(maker.session, maker.symbol) if maker.entry is not None else []:
            if self.freezes(key):
                continue
            self.made.append((key, self.now_ns, *self.worth_counting(maker, qty)))
            if not self.is_reached(key, []):
                continue
            seconds = self.protections[key[0]].frozen_s
            self.frozen[key] = self.now_ns + seconds * 10**9 if seconds else 0
            sides = [o for o in self.orders if o.entry is not None and o.working]
            sides = [o for o in sides if key in self.protecting(o.session, o.symbol)]
            sides.sort(key=lambda order: (order.session, int(order.order_id)))
            told += [self.end(o, o.ids[-1], rested=o is not at_work, orig=None) for o in sides]
            told.append(("tripped", *key, len(sides)))
        return told

    def would_be_pulled(self, order: NaiveOrder, band: tuple[Fraction, Fraction] | None) -> int:
        """Return how much of what ``order`` could trade with is pulled before it comes there."""
        instrument = self.listed(order.symbol)
        assert instrument is not None
        pulled = 0
        made: dict[tuple[str, str], list[tuple[Fraction, Fraction]]] = {}
        for other in self.hit(order, band):
            if other.entry is None or self.of_one_hand(order, other):
                continue
            keys = self.protecting(other.session, other.symbol)
            is_shared = keys and instrument.allocation.value != "fifo"
            if is_shared or any(self.is_reached(key, made[key]) for key in keys if key in made):
                pulled += other.working
            else:
                for key in keys:
                    made.setdefault(key, []).append(self.worth_counting(other, other.working))
        return pulled

    def set_protection(self, c: SetProtection | ResetProtection) -> Outcome:
        found = self.protections.get(c.name)
        if found is None:
            return ("refused",)
        if isinstance(c, ResetProtection):
            if c.symbol and (found.symbols or c.symbol not in self.instruments):
                return ("refused",)
            for key in {each[0] for each in self.made} | {*self.frozen}:
                if key[0] == c.name and c.symbol in ("", key[1]):
                    self.begin_anew(key)
            return ("protection reset", c.name, c.symbol)
        whole = ("window_ms", "fills_max", "frozen_s")
        values = {change.name: change.value for change in c.changes}
        for name, value in ((change.name, change.value) for change in c.changes):
            if name not in (*whole, "qty_max", "delta_max") or (value is None and name in ("window_ms", "frozen_s")):
                return ("refused",)
            if value is not None and (value < 0 or (not value and name != "frozen_s")):
                return ("refused",)
            if value is not None and name in whole and value % 1:
                return ("refused",)
        for name, value in values.items():
            number = int(value) if value is not None and name in whole else value
            found = msgspec.structs.replace(found, **{name: number})
        self.protections[c.name] = found
        return ("protection", c.name, found.window_ms, found.fills_max, found.qty_max, found.delta_max, found.frozen_s)

    # What is listed.

    def relist(self, c: AddInstrument | ChangeInstrument | DelistInstrument) -> list[Outcome]:
        match c:
            case AddInstrument(terms=terms):
                before: Instrument | None
                made: Instrument | list[WrongTerm] | None
                if (kept := self.ever.get(terms.symbol)) is not None:
                    price, qty = terms.price_decimals, terms.qty_decimals
                    price, qty = kept.price_scale if price is None else price, kept.qty_scale if qty is None else qty
                    terms = msgspec.structs.replace(terms, price_decimals=price, qty_decimals=qty)
                made = instrument_of(terms)
                if terms.symbol in self.instruments or self.open_in(terms.symbol) or not isinstance(made, Instrument):
                    return [("refused",)]
                before = self.ever.get(terms.symbol, made)
                if (made.price_scale, made.qty_scale) != (before.price_scale, before.qty_scale):
                    return [("refused",)]
                self.phases.pop(made.symbol, None)
                return [self.put("added", made)]
            case ChangeInstrument(symbol=symbol, change=change):
                before = self.listed(symbol)
                made = before and changed(before, change)
                if before is None or not isinstance(made, Instrument) or made == before:
                    return [("refused",)]
                if made.multiplier != before.multiplier and self.open_in(symbol):
                    return [("refused",)]
                return [self.put("changed", made)]
            case DelistInstrument(symbol=symbol, cancels_orders=cancels_orders):
                if symbol not in self.instruments or (self.open_in(symbol) and not cancels_orders):
                    return [("refused",)]
                del self.instruments[symbol]
                self.halted = [each for each in self.halted if each != symbol]
                self.suspended = [each for each in self.suspended if each != symbol]
                return [("delisted", symbol), *(self.sweep(f"instrument:{symbol}") if cancels_orders else [])]

    def put(self, what: str, made: Instrument) -> Outcome:
        self.instruments[made.symbol] = made
        self.ever |= self.instruments
        return (what, made.symbol, made.tick_size, made.lot_size, made.multiplier)

    def open_in(self, symbol: str) -> bool:
        return any(order.symbol == symbol and order.status in LIVE for order in self.orders)

    # What operators do.

    def operate(self, c: RestrictionCommand | CancelByOperator | CancelAllByOperator | ContinueSweep) -> list[Outcome]:
        match c:
            case TripBreaker(level=level):
                if not self.tripped < level <= len(self.configured.breaker):
                    return [("refused",)]
                self.tripped = level
                self.halted.append("venue")
                return [("halted", "venue"), *self.cancel_on_halt("venue")]
            case HaltInstrument(symbol=symbol):
                known = self.can_be_halted(symbol) and symbol not in self.suspended
                told = self.forbid("halted", symbol, self.halted, known=known)
                return told if told == [("refused",)] else told + self.cancel_on_halt(symbol)
            case SuspendInstrument(symbol=symbol):
                told = self.forbid("suspended", symbol, self.suspended, known=self.listed(symbol) is not None)
                if told == [("refused",)]:
                    return told
                self.halted = [each for each in self.halted if each != symbol]
                return told + self.cancel_on_halt(symbol)
            case ResumeInstrument(symbol=symbol) if symbol in self.suspended:
                return self.allow("resumed", symbol, self.suspended)
            case ResumeInstrument(symbol=symbol):
                return self.allow("resumed", symbol, self.halted)
            case Kill(scope=scope):
                told = self.forbid("killed", scope, self.killed, known=self.knows(scope))
                return told if told == [("refused",)] else told + self.sweep(scope)
            case Release(scope=scope):
                return self.allow("released", scope, self.killed)
            case DisableSession(session=session):
                return self.forbid("disabled", session, self.disabled, known=self.knows(f"session:{session}"))
            case EnableSession(session=session):
                return self.allow("enabled", session, self.disabled)
            case LogOutSession(session=session) | ResetSession(session=session):
                done = "logged out" if isinstance(c, LogOutSession) else "reset"
                return [(done, session) if self.knows(f"session:{session}") else ("refused",)]
            case SetLimits():
                return [self.set_limits(c)]
            case CancelByOperator(order_id=order_id):
                found = [order for order in self.orders if order.order_id == order_id and order.status in LIVE]
                return [self.end(o, o.ids[-1], rested=o.working > 0, orig=None) for o in found] or [("refused",)]
            case CancelAllByOperator(scope=scope):
                return self.sweep(scope) if self.knows(scope) else [("refused",)]
            case ContinueSweep():
                return self.slice(*self.sweeps.pop(0), at=0)

    def forbid(self, what: str, name: str, those: list[str], *, known: bool) -> list[Outcome]:
        if not known or name in those:
            return [("refused",)]
        those.append(name)
        return [(what, name)]

    def allow(self, what: str, name: str, those: list[str]) -> list[Outcome]:
        if name not in those:
            return [("refused",)]
        those[:] = [each for each in those if each != name]
        return [(what, name)]

    def cancel_on_halt(self, name: str) -> list[Outcome]:
        orders = []
        for each in self.instruments.values():
            if name in ("venue", each.symbol) or (each.segment and name == f"segment:{each.segment}"):
                orders += [order for order in self.open_of(f"instrument:{each.symbol}") if order.on_halt]
        return self.slice("swept", name, orders, at=len(self.sweeps)) if orders else []

    def can_be_halted(self, name: str) -> bool:
        segments = {f"segment:{each.segment}" for each in self.instruments.values() if each.segment}
        return name in {"venue", *segments, *self.instruments}

    def is_halted(self, symbol: str) -> bool:
        instrument = self.listed(symbol)
        segment = f"segment:{instrument.segment}" if instrument else ""
        return any(name in self.halted for name in ("venue", segment, symbol))

    def knows(self, scope: str) -> bool:
        names = {"venue"} | {f"instrument:{symbol}" for symbol in self.instruments}
        for each in self.configured.participants:
            names |= {f"session:{each.session}", f"firm:{each.firm}", *(f"account:{name}" for name in each.accounts)}
        return scope in names

    def set_limits(self, c: SetLimits) -> Outcome:
        right = [change.name in LIMITS and (change.value is None or change.value > 0) for change in c.changes]
        of_instrument = c.scope.startswith("instrument:") and any(ch.name == "open_notional_max" for ch in c.changes)
        if not self.knows(c.scope) or not c.changes or not all(right) or of_instrument:
            return ("refused",)
        of_scope = self.limits.setdefault(c.scope, {})
        for change in c.changes:
            of_scope.pop(change.name, None)
            if change.value is not None:
                of_scope[change.name] = Fraction(change.value)
        return ("limits", c.scope, tuple(of_scope.get(name) for name in LIMITS))

    def sweep(self, scope: str) -> list[Outcome]:
        return self.slice("swept", scope, self.open_of(scope), at=len(self.sweeps))

    def open_of(self, scope: str) -> list[NaiveOrder]:
        live = [order for order in self.orders if order.status in LIVE and scope in self.scopes(order)]
        return sorted(live, key=lambda order: (order.session, int(order.order_id)))

    def slice(self, what: str, name: str, orders: list[NaiveOrder], at: int) -> list[Outcome]:
        """Do with the first few what is to be done; ``name`` is the scope of a sweep, or the date of a day."""
        now, later = orders[: self.slice_max], orders[self.slice_max :]
        if later:
            self.sweeps.insert(at, (what, name, later))
        live = [order for order in now if order.status in LIVE]
        match what:
            case "swept":
                told = [self.end(order, order.ids[-1], rested=order.working > 0, orig=None) for order in live]
            case "expired":
                told = [self.expire(order) for order in live]
            case _:
                told = [("D", order.told()) for order in live]
        told.append((what, name, len(live), len(later)))
        if what == "expired" and not later:
            self.phase = "ended"
        if what == "restated" and not later:
            self.phase, self.tripped = "open", 0
            told.append(("day begun", name))
        return told

    # Phases.

    def set_phase(self, c: SetPhase) -> list[Outcome]:
        instrument, before = self.listed(c.symbol), self.phases.get(c.symbol, "continuous")
        forbidden = self.is_halted(c.symbol) or c.symbol in self.suspended
        forbidden = forbidden or bool({"venue", f"instrument:{c.symbol}"} & {*self.killed})
        is_done = c.scheduled_ns <= self.scheduled.get(c.symbol, 0) if c.scheduled_ns else c.phase.value == before
        if instrument is None or forbidden or self.phase != "open" or is_done:
            return [("refused",)]
        if c.scheduled_ns:
            self.scheduled[c.symbol] = c.scheduled_ns
        elif not instrument.segment:
            self.scheduled.pop(c.symbol, None)
        if c.phase.value == before:
            return [("phase", c.symbol, before, before)]
        told: list[Outcome] = []
        called_off = c.phase.value == "closed" and before in ("pre-open", "continuous", "post-close")
        if c.phase.value not in CALLS and not called_off:
            told = self.uncross(instrument)
        over = "5" if c.phase.value in CALLS else "B"
        over += "" if c.phase.value in ("pre-open", "opening-auction") else "2"
        over += "" if c.phase.value == "closing-auction" else "7"
        open_orders = self.open_of(f"instrument:{c.symbol}")
        told += [self.expire(order) for order in open_orders if order.time_in_force in over]
        self.phases[c.symbol] = c.phase.value
        return [*told, ("phase", c.symbol, c.phase.value, before)]

    def uncross(self, instrument: Instrument) -> list[Outcome]:
        told: list[Outcome] = []
        while (price := self.clearing_price(instrument)) is not None:
            told += self.trade_at(instrument.symbol, price)
        return told

    def close(self, symbol: str) -> int | None:
        """Return what trades in post-close: the price of the last trade, else that of the configuration."""
        last = [each.price for each in self.traded if each.symbol == symbol and each.qty]
        instrument = self.listed(symbol)
        return last[-1] if last else instrument.reference_price if instrument else None

    def is_worse_than_close(self, order: NaiveOrder) -> bool:
        """Whether an order could not trade in post-close; one that has had a trigger stays for another day."""
        close = self.close(order.symbol)
        if order.stop is not None:
            return False
        return close is None or ((order.price or 0) - close) * (1 if order.side == "1" else -1) < 0

    def trade_at(self, symbol: str, price: int, *, by_time: bool = False) -> list[Outcome]:
        told: list[Outcome] = []
        while True:
            buys = [o for p, o in self.in_queue(symbol, "1") if p >= price]
            sells = [o for p, o in self.in_queue(symbol, "2") if p <= price]
            if not buys or not sells:
                return told
            if by_time:
                buys.sort(key=lambda order: order.arrival)
                sells.sort(key=lambda order: order.arrival)
            buy, sell = buys[0], sells[0]
            qty = min(buy.working, sell.working)
            self.traded.append(NaiveTrade(symbol, price, qty, buy, sell))
            self.paid = [each for each in self.paid if each[0] != symbol]
            for order in (buy, sell):
                order.fill(price, qty)
                order.shown = min(order.shown, order.working)
            told.append(("uncross", symbol, price, qty, buy.told(), sell.told()))
            told += self.lower_reducing(buy.account, sell.account, symbol=symbol)
            self.happened += [buy, sell]
            for each in (buy, sell):
                if each.list and not each.list.waiting(each):
                    told += self.consequences(each)
        return told

    def indicative(self, symbol: str) -> Outcome:
        """Return what a call would come to now."""
        instrument = self.listed(symbol)
        price = None if instrument is None else self.clearing_price(instrument)
        if price is None:
            return ("indicative", symbol, None, 0, 0)
        bought = sum(qty for limit, _, qty in self.queue(symbol, "1") if limit >= price)
        sold = sum(qty for limit, _, qty in self.queue(symbol, "2") if limit <= price)
        return ("indicative", symbol, price, min(bought, sold), bought - sold)

    def clearing_price(self, instrument: Instrument) -> int | None:
        """Try every price there is, from the lowest to the highest of the book."""
        symbol = instrument.symbol
        bids, asks = self.queue(symbol, "1"), self.queue(symbol, "2")
        if not bids or not asks:
            return None
        limits = [price for price, _, _ in bids + asks]
        tried = []
        fitting = [p for p in range(min(limits), max(limits) + 1) if p % tick_of(instrument, p) == 0]
        for price in sorted({*fitting, *limits}):
            bought = sum(qty for limit, _, qty in bids if limit >= price)
            sold = sum(qty for limit, _, qty in asks if limit <= price)
            tried.append((price, min(bought, sold), bought - sold))
        most = max(volume for _, volume, _ in tried)
        if not most:
            return None
        best = [(price, surplus) for price, volume, surplus in tried if volume == most]
        best = [(price, surplus) for price, surplus in best if abs(surplus) == min(abs(s) for _, s in best)]
        prices: list[int] = [price for price, _ in best]
        if all(surplus > 0 for _, surplus in best):
            return max(prices)
        if all(surplus < 0 for _, surplus in best):
            return min(prices)
        last = [each.price for each in self.traded if each.symbol == symbol and each.qty]
        wanted = last[-1] if last else (min(prices) + max(prices)) // 2
        wanted = on_tick(instrument, wanted, up=False)
        return max([price for price in prices if price <= wanted], default=min(prices))

    def unfit_for_phase(self, c: NewOrder | ReplaceOrder) -> str | None:
        phase = self.phases.get(c.symbol, "continuous")
        if phase == "closed":
            return "2"
        waits = c.instructions is not None and c.instructions.stop_px is not None
        stays = (c.price is not None or waits) and exec_inst(c) in ("", "J", "K")
        taken = {"pre-open": "0126B", "opening-auction": "0126B", "volatility-auction": "016B"}
        taken |= {"continuous": "013456", "closing-auction": "0167B", "post-close": "016"}
        fits = (stays or phase == "continuous") and c.time_in_force.value in taken[phase]
        if phase == "post-close" and fits and c.price is not None and not waits:
            close = self.close(c.symbol)
            fits = close is not None and (c.price - close) * (1 if c.side.value == "1" else -1) >= 0
        return None if fits else "11"

    # Trading days.

    def end_day(self, c: EndDay) -> list[Outcome]:
        if self.date not in (None, c.date) or self.phase != "open":
            return [("refused",)]
        self.date, self.phase = c.date, "ending"
        day_orders = [
            order
            for order in self.open_of("venue")
            if (order.time_in_force not in "16" or "" != order.expire_date <= c.date)
        ]
        return [("day ending", c.date), *self.slice("expired", c.date, day_orders, at=len(self.sweeps))]

    def begin_day(self, c: BeginDay) -> list[Outcome]:
        self.date, self.phase = c.date, "beginning"
        for trade in self.traded:
            trade.of_today = False
        if c.restates_gtc:
            return self.slice("restated", c.date, self.open_of("venue"), at=len(self.sweeps))
        self.phase, self.tripped = "open", 0
        return [("day begun", c.date)]

    def expire_due(self, c: ExpireDueOrders) -> list[Outcome]:
        live = [order for order in self.orders if order.status in LIVE]
        by_time = [o for o in live if o.expire_time and o.expire_time <= c.now_ns]
        by_date = [o for o in live if o.expire_date and o.expire_date < c.date]
        by_time.sort(key=lambda order: (order.expire_time, int(order.order_id)))
        by_date.sort(key=lambda order: (order.expire_date, int(order.order_id)))
        return [self.expire(order) for order in (by_time + by_date)[: self.slice_max]]

    def expire(self, order: NaiveOrder) -> Outcome:
        self.due = [each for each in self.due if each is not order]
        open_qty, rested, order.status = order.leaves, order.working > 0 and not order.waits, "C"
        self.happened.append(order)
        return ("C", order.told(), open_qty, rested)

    def scopes(self, o: NaiveOrder) -> set[str]:
        firm = next(each.firm for each in self.configured.participants if each.session == o.session)
        return {"venue", f"firm:{firm}", f"account:{o.account}", f"session:{o.session}", f"instrument:{o.symbol}"}

    # Trades undone and corrected.

    def name_trades(self, exec_ids: list[str]) -> None:
        """Tell the ExecIDs of the last trades, in their order: how they are made is not said again here."""
        for trade, exec_id in zip(self.traded[len(self.traded) - len(exec_ids) :], exec_ids, strict=True):
            trade.exec_id = exec_id

    def amend(self, c: BustTrade | CorrectTrade) -> list[Outcome]:
        number, index = (int(part) for part in c.trade_id.split("."))
        named = (c.trade_id, f"{number}.{index - 1}")
        found = [trade for trade in self.traded if trade.of_today and trade.exec_id in named and trade.qty]
        if not found:
            return [("refused",)]
        trade = found[0]
        instrument = self.ever[trade.symbol]
        price, qty = (trade.price, 0) if isinstance(c, BustTrade) else self.corrected(c, trade, instrument)
        more, sides = qty - trade.qty, (trade.resting, trade.aggressor)
        if (price, qty) in ((trade.price, trade.qty), (0, -1)) or any(o.cum + more > o.qty for o in sides):
            return [("refused",)]
        paid = price * qty - trade.price * trade.qty
        trade.price, trade.qty = price, qty
        reopened: list[NaiveOrder] = []
        for order in sides:
            was_live = order.status in LIVE
            all_held = order.held and not order.working
            order.cum, order.paid = order.cum + more, order.paid + paid
            order.held = order.qty - order.cum if all_held else min(order.held, order.qty - order.cum)
            if was_live or order.status == "2":
                order.status = "2" if order.cum == order.qty else "1" if order.cum else "0"
            order.shown = min(order.shown, order.working)
            if more < 0:
                order.show()
            if was_live and more < 0:
                self.arrivals += 1
                order.arrival = self.arrivals
            elif not was_live and order.status in LIVE:
                reopened.append(order)
        kind = "H" if isinstance(c, BustTrade) else "G"
        told: list[Outcome] = [(kind, trade.exec_id, price, qty, *(order.told() for order in sides))]
        market = [each.price for each in self.traded if each.symbol == trade.symbol and each.qty]
        told[0] += (market[-1] if market else None,)
        told += [self.end(order, order.ids[-1], rested=False, orig=None) for order in reopened]
        return told + self.lower_reducing(trade.aggressor.account, trade.resting.account, symbol=trade.symbol)

    def corrected(self, c: CorrectTrade, trade: NaiveTrade, instrument: Instrument) -> tuple[int, int]:
        """Return price and quantity in units, or (0, -1) for what the instrument cannot have."""
        try:
            price = trade.price if c.price is None else Fraction(c.price) * 10**instrument.price_scale
            qty = trade.qty if c.qty is None else Fraction(c.qty) * 10**instrument.qty_scale
        except ValueError:
            return 0, -1
        fits = (c.price is None or price % tick_of(instrument, price) == 0) and qty > 0
        fits = fits and (c.qty is None or qty % instrument.lot_size == 0)
        fits = fits and (price > 0 or instrument.allows_negative_price)
        fits = fits and abs(price) <= instrument.price_bound and qty <= instrument.order_qty_bound
        return (int(price), int(qty)) if fits else (0, -1)

    # Refusals of a new order, or of a replace of ``replaced``.

    def risk(self, c: NewOrder | ReplaceOrder, replaced: NaiveOrder | None = None) -> str | None:
        of_firm = [account for each in self.configured.participants if each.firm == c.firm for account in each.accounts]
        instrument = self.listed(c.symbol)
        if instrument is None:
            return "1"
        if c.account not in of_firm:
            return "15"
        scopes = {"venue", f"firm:{c.firm}", f"account:{c.account}", f"session:{c.session}", f"instrument:{c.symbol}"}
        if scopes & {*self.killed}:
            return "0"
        if self.phase != "open":
            return "2"
        if self.is_halted(c.symbol) or c.symbol in self.suspended:
            return "2"
        if c.side.value not in "12":
            return "11"
        limit = limit_of(c)
        if limit is not None and limit % tick_of(instrument, limit):
            return "99"
        stop = 0 if c.instructions is None else c.instructions.stop_px or 0
        if stop % tick_of(instrument, stop):
            return "99"
        if c.order_qty % instrument.lot_size:
            return "13"
        return "3" if self.exceeds(c, instrument, replaced) else None

    def exceeds(self, c: NewOrder | ReplaceOrder, instrument: Instrument, replaced: NaiveOrder | None) -> bool:
        scopes = {"venue", f"firm:{c.firm}", f"account:{c.account}", f"session:{c.session}", f"instrument:{c.symbol}"}
        qty_max = self.limit("order_qty_max", scopes)
        notional_max = self.limit("order_notional_max", scopes)
        collar = self.limit("price_collar_percent", scopes)
        open_max = self.limit("open_notional_max", scopes - {f"instrument:{c.symbol}"})
        low, high = around(
            instrument, instrument.reference_price, instrument.static_band_ticks, instrument.static_band_ppm
        )
        limit = limit_of(c)
        if limit is not None and low is not None and high is not None and not low <= limit <= high:
            return True
        reference = self.reference(c.symbol)
        price: int | None = c.price
        if price is None and c.instructions is not None:
            price = c.instructions.stop_px
            if price is None and "a" in exec_inst(c):
                price = reference
            if pegs(c):
                current = None if replaced is None else replaced.price
                price = self.pegged_at(c.symbol, c.side.value, c.instructions, current)
        expected = reference if price is None else price
        if qty_max is not None and Fraction(c.order_qty, 10**instrument.qty_scale) > qty_max:
            return True
        if None not in (notional_max, expected) and worth(instrument, expected, c.order_qty) > (notional_max or 0):
            return True
        off = abs((limit or 0) - (reference or 0)) * 100
        if limit is None:
            collar = None
        if collar is not None and reference is not None and off > reference * collar and reference > 0:
            return True
        if open_max is None or price is None or c.time_in_force.value in "34":
            return False
        leaves = max(c.order_qty - (replaced.cum if replaced else 0), 0)
        more = worth(instrument, price, leaves) - (self.open(replaced) if replaced else 0)
        counted = [order for order in (*self.orders, *self.judged) if order not in self.making_room]
        already = sum((self.open(order) for order in counted if order.account == c.account), Fraction(0))
        already += sum(asked for account, asked in self.asked_for if account == c.account)
        return more > 0 and already + more > open_max

    def limit(self, name: str, scopes: set[str]) -> Fraction | None:
        found = [of_scope[name] for scope, of_scope in self.limits.items() if scope in scopes and name in of_scope]
        return min(found, default=None)

    def unsupported(self, c: NewOrder) -> str | None:
        market_with_price = c.ord_type.value in "13JK" and c.price is not None
        supported = c.ord_type.value in "1234JKP" and not market_with_price
        supported = supported and (c.ord_type.value != "P" or "a" in exec_inst(c) or pegs(c))
        supported = supported and not (c.ord_type.value != "2" and c.time_in_force.value in "257B")
        supported = supported and not (waits(c) and c.time_in_force.value not in "016")
        return self.mismatch(c) if supported else "11"

    def mismatch(self, c: NewOrder | ReplaceOrder) -> str | None:
        """Return why its attributes do not go with its other terms."""
        instrument = self.listed(c.symbol)
        assert instrument is not None
        if pegs(c) and (c.time_in_force.value not in "016" or instrument.limit_state_s):
            return "11"
        has_stop = c.instructions is not None and c.instructions.stop_px is not None
        taken = c.ord_type.value == "2" and c.time_in_force.value in "016" and not has_stop
        if "G" in exec_inst(c) and (not taken or display(c)[0] is not None or "6" in exec_inst(c)):
            return "11"
        if ("G" in exec_inst(c) or pegs(c)) and c.instructions and c.instructions.reduce_only:
            return "11"
        if "6" in exec_inst(c) and (c.ord_type.value != "2" or c.time_in_force.value not in "016" or has_stop):
            return "11"
        if display(c)[0] is not None and (c.ord_type.value in "13J" or c.time_in_force.value in "34"):
            return "11"
        if any((qty or 0) % instrument.lot_size for qty in display(c)):
            return "13"
        least = c.instructions.min_qty if c.instructions else None
        if least is None:
            return None
        if c.time_in_force.value != "3":
            return "11"
        return "13" if least % instrument.lot_size or least > c.order_qty else None

    def trading_status(self, symbol: str) -> tuple[str, int | None]:
        """Return SecurityTradingStatus(326) of an instrument, and the price it traded at last."""
        last = next((each.price for each in reversed(self.traded) if each.symbol == symbol and each.qty), None)
        if self.listed(symbol) is None:
            return "19", last
        if {"venue", f"instrument:{symbol}"} & {*self.killed} or self.phase != "open" or symbol in self.suspended:
            return "18", last
        statuses = {"pre-open": "21", "opening-auction": "22", "continuous": "17", "closed": "18", "post-close": "17"}
        status = statuses.get(self.phases.get(symbol, "continuous"), "5")
        return "2" if self.is_halted(symbol) else status, last

    def reference(self, symbol: str) -> int | None:
        for trade in reversed(self.traded):
            if trade.symbol == symbol and trade.qty:
                return trade.price
        bids, asks = self.queue(symbol, "1", only_shown=True), self.queue(symbol, "2", only_shown=True)
        return (bids[0][0] + asks[0][0]) // 2 if bids and asks else None

    def queue(self, symbol: str, side: str, *, only_shown: bool = False) -> list[tuple[int, str, int]]:
        """Return price, OrderID and LeavesQty of all open orders of one side, the first to trade first."""
        queue = self.in_queue(symbol, side, only_shown=only_shown)
        return [(price, order.order_id, order.working) for price, order in queue]

    def in_queue(self, symbol: str, side: str, *, only_shown: bool = False) -> list[tuple[int, NaiveOrder]]:
        open_orders = [o for o in self.orders if o.symbol == symbol and o.side == side and o.working]
        sign = -1 if side == "1" else 1
        open_orders = [order for order in open_orders if not order.waits and (order.shown or not only_shown)]
        open_orders = [order for order in open_orders if not order.aon]
        open_orders.sort(key=lambda order: ((order.price or 0) * sign, order.is_hidden, order.arrival))
        return [(order.price or 0, order) for order in open_orders]

    def open(self, order: NaiveOrder) -> Fraction:
        instrument = self.ever.get(order.symbol)
        price = order.stop if order.price is None and order.waits else order.price
        return worth(instrument, price, order.leaves) if instrument and order.leaves else Fraction(0)

    def listed(self, symbol: str | None) -> Instrument | None:
        return self.instruments.get(symbol or "")


def tick_of(instrument: Instrument, price: int) -> int:
    reached = [each.tick_size for each in instrument.tick_table if abs(price) >= each.from_price]
    return reached[-1] if reached else instrument.tick_size


def on_tick(instrument: Instrument, price: int, *, up: bool) -> int:
    """Return the nearest price that is on its tick, from ``price`` on."""
    while price % tick_of(instrument, price):
        price += 1 if up else -1
    return price


def around(
    instrument: Instrument, reference: int | None, ticks: int, ppm: int
) -> tuple[Fraction | None, Fraction | None]:
    """Return the edges of a band, or None twice where there is none."""
    if reference is None or not (ticks or ppm):
        return None, None
    rooms = [Fraction(ticks * tick_of(instrument, reference))] if ticks else []
    rooms += [Fraction(abs(reference) * ppm, 1_000_000)] if ppm else []
    return reference - min(rooms), reference + min(rooms)


def exec_inst(c: NewOrder | ReplaceOrder) -> str:
    return c.instructions.exec_inst if c.instructions else ""


def pegs(c: NewOrder | ReplaceOrder) -> bool:
    return c.ord_type.value == "P" and bool({*"LMPR"} & {*exec_inst(c)}) and "a" not in exec_inst(c)


def waits(c: NewOrder | ReplaceOrder) -> bool:
    return "a" in exec_inst(c) or (c.instructions is not None and c.instructions.stop_px is not None)


def limit_of(c: NewOrder | ReplaceOrder) -> int | None:
    """Return Price(44)."""
    return c.price if c.price is not None or c.instructions is None else c.instructions.limit_price


def fits(instrument: Instrument, *prices: int | None) -> bool:
    """Whether orders may have these prices."""
    given = [price for price in prices if price is not None]
    return all(abs(p) <= instrument.price_bound and (p > 0 or instrument.allows_negative_price) for p in given)


def display(c: NewOrder | ReplaceOrder) -> tuple[int | None, ...]:
    """Return what is displayed first and after that; where that is random, the histories leave one number only."""
    if c.instructions is None or c.instructions.max_floor is None:
        return (None,) * 4
    asked = c.instructions
    low = asked.display_low_qty
    assert low == asked.display_high_qty
    # And how that was asked for: a replace that says the same in another way loses its place.
    return asked.max_floor, low or asked.refresh_qty or asked.max_floor, asked.refresh_qty, low


def written(configured: ConfigureVenue) -> dict[str, dict[str, Fraction]]:
    """Return the limits of a configuration by scope and name."""
    found: dict[str, dict[str, Fraction]] = {}
    for limits in configured.limits:
        values = [(name, getattr(limits, name)) for name in LIMITS]
        found[limits.scope] = {name: Fraction(value) for name, value in values if value is not None}
    return found


def worth(instrument: Instrument, price: int | None, qty: int) -> Fraction:
    scale = instrument.price_scale + instrument.qty_scale
    return abs(Fraction((price or 0) * qty * instrument.multiplier, 10**scale))
