"""A venue that scans everything: what risk and engine must do, said again in lists, sorted() and loops.

It is written from the rules (FIX 4.4, the refusals' order) and shares nothing with ``fixgw.engine`` and ``fixgw.risk``.
What happened is told as plain tuples: ExecType(150) or MsgType(35), the order's state, and the reason.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from fixgw.spec.commands import (
    BeginDay,
    BustTrade,
    CancelAllByOperator,
    CancelByOperator,
    CancelList,
    CancelOrder,
    ConfigureVenue,
    ContinueSweep,
    ContinueTriggers,
    CorrectTrade,
    DisableSession,
    EnableSession,
    EndDay,
    HaltInstrument,
    Kill,
    LogOutSession,
    MassCancel,
    NewOrder,
    NewOrderList,
    RefuseChange,
    RefuseOrder,
    Release,
    ReplaceOrder,
    ResetSession,
    RestrictionCommand,
    ResumeInstrument,
    SetLimits,
    SetPhase,
    TradingCommand,
)
from fixgw.spec.instrument import Instrument

Outcome = tuple[object, ...]
LIVE = ("0", "1")
CALLS = ("pre-open", "opening-auction", "volatility-auction", "closing-auction")
AnyCommand = TradingCommand | RestrictionCommand
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
    post_only: bool = False
    held: int = 0
    list: "NaiveList | None" = None

    @property
    def leaves(self) -> int:
        return self.qty - self.cum if self.status in LIVE else 0

    @property
    def working(self) -> int:
        return max(self.leaves - self.held, 0)

    def told(self, cl_ord_id: str | None = None) -> Outcome:
        named, terms = cl_ord_id or self.ids[-1], (self.time_in_force, self.qty, self.price)
        held = self.held if self.leaves else 0
        state = (self.status, *terms, self.cum, self.leaves, self.paid)
        return (self.order_id, named, *state, self.waits, self.stop, held)

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
    killed: list[str] = field(default_factory=list)
    disabled: list[str] = field(default_factory=list)
    sweeps: list[tuple[str, str, list[NaiveOrder]]] = field(default_factory=list)
    date: str | None = None
    phase: str = "open"
    phases: dict[str, str] = field(default_factory=dict)
    slice_max: int = 2
    due: list[NaiveOrder] = field(default_factory=list)
    lists: list[NaiveList] = field(default_factory=list)
    list_ids: list[tuple[str, str]] = field(default_factory=list)
    happened: list[NaiveOrder] = field(default_factory=list)
    asked_for: list[tuple[str, Fraction]] = field(default_factory=list)

    def handle(self, command: AnyCommand) -> list[Outcome]:
        was_open = self.phase == "open"
        self.happened = []
        told = self.apply(command)
        concerns_engine = not isinstance(command, RestrictionCommand | EndDay) or isinstance(command, Kill)
        if isinstance(command, Kill | CancelAllByOperator | SetPhase) and told == [("refused",)]:
            concerns_engine = False
        told += self.follow()
        return told + self.go_off(told) if was_open and concerns_engine else told

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
                self.configure(command)
                return [("configured",)]
            case EndDay():
                return self.end_day(command)
            case BustTrade() | CorrectTrade():
                return self.amend(command)
            case BeginDay():
                return self.begin_day(command)
            case SetPhase():
                return self.set_phase(command)
            case ContinueTriggers():
                return []
            case _:
                return self.operate(command)

    def configure(self, c: ConfigureVenue) -> None:
        """What an operator has set of a scope stays unless the files now say another thing of that scope."""
        before, after = written(self.configured), written(c)
        for scope in {*before, *after}:
            if before.get(scope) != after.get(scope):
                self.limits[scope] = dict(after.get(scope, {}))
        self.configured = c

    def new(self, c: NewOrder | RefuseOrder) -> list[Outcome]:
        reason = self.why_not(c)
        if reason:
            return [self.reject(c, reason)]
        order = self.enter(c)
        self.wait(order, c)
        return [("0", order.told()), *([] if order.waits else self.work(order))]

    def why_not(self, c: NewOrder | RefuseOrder) -> str | None:
        if (c.session, c.cl_ord_id) in [(session, used) for session, used, _ in self.used]:
            return "6"
        if isinstance(c, RefuseOrder):
            return c.ord_rej_reason.value
        phase = self.unfit_for_phase(c)
        return self.risk(c) or self.unsupported(c) or phase or ("0" if self.may_not_take(c) else None)

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

    def wait(self, order: NaiveOrder, c: NewOrder | RefuseOrder | ReplaceOrder) -> None:
        """Take the trigger of ``c``, if it has one."""
        instrument = self.listed(order.symbol)
        if isinstance(c, RefuseOrder) or c.instructions is None or c.instructions.stop_px is None or not instrument:
            return
        best = "1" if order.side == "1" else "3"
        default = {"last": "2", "mid": "6", "best": best}[instrument.trigger_source.value]
        asked = c.instructions.trigger_price_type
        order.waits, order.stop, order.source = True, c.instructions.stop_px, asked.value if asked else default

    def go_off(self, told: list[Outcome]) -> list[Outcome]:
        """Release what is due, a slice of it; what that sets off is due after it."""
        news, all_told = told, list[Outcome]()
        for _ in range(self.slice_max):
            self.look(news)
            ready = [order for order in self.due if order.status in LIVE and self.trades_now(order.symbol)]
            if not ready:
                return all_told
            ready[0].waits = False
            self.due.remove(ready[0])
            self.arrivals += 1
            ready[0].arrival = self.arrivals
            news = [("T", ready[0].told()), *self.work(ready[0])]
            news += self.follow()
            all_told += news
        self.look(news)
        return all_told

    def trades_now(self, symbol: str) -> bool:
        return symbol not in self.halted and self.phases.get(symbol, "continuous") == "continuous"

    def look(self, told: list[Outcome]) -> None:
        symbols: list[str] = []
        for each in told:
            if each[0] in ("F", "uncross"):
                symbols.append(str(each[1]))
            elif each[0] in ("0", "8", "4", "C", "D", "5", "I", "T"):
                assert isinstance(each[1], tuple), each
                symbols += [order.symbol for order in self.orders if order.order_id == each[1][0]]
        for symbol in dict.fromkeys(symbols):
            if self.trades_now(symbol):
                trades = [each for each in told if each[0] in ("F", "uncross") and each[1] == symbol]
                self.due += self.reached(symbol, [Fraction(str(each[2])) for each in trades])

    def reached(self, symbol: str, traded: list[Fraction]) -> list[NaiveOrder]:
        """Return the orders of ``symbol`` whose trigger is reached, in the order in which they go off."""
        last = [each.price for each in self.traded if each.symbol == symbol and each.qty][-1:]
        bids, asks = [q[0] for q in self.queue(symbol, "1")], [q[0] for q in self.queue(symbol, "2")]
        middle = [Fraction(max(bids) + min(asks), 2)] if bids and asks else []
        seen: dict[str, list[Fraction | int]] = {"2": [*last, *traded], "6": [*middle]}
        seen |= {"3": [*bids[:1]], "1": [*asks[:1]]}
        reached = []
        for order in self.orders:
            if order.working and order.waits and order.symbol == symbol and order not in self.due:
                rises = (order.side == "1") == (order.ord_type in "34")
                far = [(price - (order.stop or 0)) * (1 if rises else -1) for price in seen[order.source]]
                if far and max(far) >= 0:
                    key = (order.stop or 0) * (1 if rises else -1)
                    reached.append(("2316".index(order.source), not rises, key, order.arrival, order))
        return [order for *_, order in sorted(reached, key=lambda each: each[:4])]

    def make(self, c: NewOrder | RefuseOrder) -> NaiveOrder:
        self.order_ids += 1
        self.arrivals += 1
        qty, price = (c.order_qty, c.price) if isinstance(c, NewOrder) else (0, None)
        values = c.side.value, c.ord_type.value, c.time_in_force.value
        order = NaiveOrder(
            str(self.order_ids), c.session, c.account, c.symbol, *values, qty, price, self.arrivals, [c.cl_ord_id]
        )
        order.post_only = isinstance(c, NewOrder) and "6" in exec_inst(c)
        if (c.session, c.cl_ord_id) in [(session, used) for session, used, _ in self.used]:
            order.status = "8"
        return order

    def work(self, order: NaiveOrder) -> list[Outcome]:
        if self.phases.get(order.symbol, "continuous") != "continuous":
            rests = order.price is not None and order.time_in_force not in "34"
            return [] if rests else [self.end(order, order.ids[-1], rested=False, orig=None)]
        away = self.tick_away(order.symbol, order.side, order.price) if order.post_only else None
        if away is not None:
            before, order.price = order.price, away
            return [("D", order.told(), "3", before, order.leaves, order.held, False, False)]
        if order.price is None:
            order.worst = self.protection(order)
        told: list[Outcome] = []
        if order.time_in_force != "4" or self.could_fill(order):
            while order.working and (hit := self.hit(order)):
                other = hit[0]
                qty, price = min(order.working, other.working), other.price or 0
                self.traded.append(NaiveTrade(order.symbol, price, qty, other, order))
                told.append(("F", order.symbol, price, qty, other.fill(price, qty), order.fill(price, qty)))
                self.happened += [other, order]
                for each in (other, order):
                    if each.list and not each.list.waiting(each):
                        told += self.consequences(each, at_work=order)
        is_leftover = order.ord_type == "K" and order.cum and order.price is None
        if order.working and is_leftover and order.time_in_force in "01":
            order.price = self.traded[-1].price
            told.append(("D", order.told(), "3", None, order.leaves, order.held, False, False))
        if order.working and (order.price is None or order.time_in_force in ("3", "4")):
            told.append(self.end(order, order.ids[-1], rested=False, orig=None))
        return told

    def hit(self, order: NaiveOrder) -> list[NaiveOrder]:
        """Return what ``order`` would trade with, the first to trade first."""
        worst_first = 1 if order.side == "1" else -1
        limit = order.worst if order.price is None else order.price
        crossing = (
            other
            for other in self.orders
            if other.working and not other.waits and other is not order
            if other.symbol == order.symbol and other.side != order.side
            if limit is None or (limit - (other.price or 0)) * worst_first >= 0
        )
        return sorted(crossing, key=lambda other: (worst_first * (other.price or 0), other.arrival))

    def could_fill(self, order: NaiveOrder) -> bool:
        taken: dict[str, int] = {}
        for other in self.hit(order):
            if order.list and other in order.list.others(order):
                return False
            gone = sum(taken.get(each.order_id, 0) for each in other.list.others(other)) if other.list else 0
            all_gone = gone and other.list and other.list.kind in ("1", "4")
            taken[other.order_id] = 0 if all_gone else max(other.working - gone, 0)
            if sum(taken.values()) >= order.working:
                return True
        return False

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
        told = []
        for entry in c.entries:
            order = self.enter(entry.order)
            self.wait(order, entry.order)
            order.list = entered
            entered.orders.append(order)
            entered.links[order.order_id] = entry.cl_ord_link_id
            order.held = order.qty if entered.kind == "2" and order is not entered.orders[0] else 0
            told.append(("0", order.told()))
            told += self.catch_up(order, entered)
            self.happened.append(order)
            if not order.held and order.status in LIVE and not self.is_placed(order, entered):
                told += [] if order.waits else self.work(order)
            told += self.follow()
        return [*told, entered.told("1")]

    def is_placed(self, order: NaiveOrder, entered: NaiveList) -> bool:
        return entered.kind == "2" and order is not entered.orders[0]

    def why_not_list(self, c: NewOrderList, orders: list[NewOrder | RefuseOrder]) -> list[str | None]:
        reasons: list[str | None] = []
        used = [cl_ord_id for session, cl_ord_id, _ in self.used if session == c.session]
        self.asked_for = []
        for order in orders:
            reasons.append(self.why_not(order))
            instrument = self.listed(order.symbol)
            stop = order.instructions.stop_px if isinstance(order, NewOrder) and order.instructions else None
            price = order.price if isinstance(order, NewOrder) and order.price is not None else stop
            if isinstance(order, NewOrder) and price is not None and instrument and not self.risk(order):
                self.asked_for.append((order.account, worth(instrument, price, order.order_qty)))
            if order.cl_ord_id in used:
                reasons[-1] = "6"
            used.append(order.cl_ord_id)
        self.asked_for = []
        if (c.session, c.list_id) in self.list_ids:
            return ["99"] * len(orders)
        if c.unsupported or (not any(reasons) and self.mismatch(c.contingency_type, orders)):
            return ["11"] * len(orders)
        return reasons

    def mismatch(self, kind: str | None, orders: list[NewOrder | RefuseOrder]) -> bool:
        sizes = [order.order_qty for order in orders if isinstance(order, NewOrder)]
        if kind is None:
            return False
        if kind not in "1234" or len(orders) < 2 or (kind in "23" and len({order.symbol for order in orders}) > 1):
            return True
        return kind == "2" and (max(sizes) > sizes[0] or any(order.time_in_force.value == "4" for order in orders[1:]))

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
            if order.leaves and first.status not in LIVE:
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
                told += self.release(child, traded)
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
        instrument = self.listed(order.symbol)
        assert order.list
        qty = min(traded, order.leaves)
        if order.list.kind == "4":
            lot = instrument.lot_size if instrument else 1
            qty = order.leaves // lot * traded // was_open * lot
        if not qty:
            return []
        if qty == order.leaves:
            return [self.withdraw(order, rested=rested)]
        before, before_held = order.leaves, order.held
        held = order.held - max(qty - order.working, 0)
        order.qty, order.held = order.qty - qty, held
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
        before, before_held, rested = order.leaves, order.held, order.working > 0
        order.held -= min(traded, order.held)
        self.arrivals += 1
        order.arrival = self.arrivals
        self.due = [each for each in self.due if each is not order]
        told = [self.amended(order, "8", before, before_held, rested=rested, keeps=False)]
        return told if order.waits else told + self.work(order)

    def amended(
        self, order: NaiveOrder, reason: str, before: int, before_held: int, *, rested: bool, keeps: bool
    ) -> Outcome:
        self.happened.append(order)
        rested = rested and not order.waits
        return ("D", order.told(), reason, order.price, before, before_held, rested, keeps and rested)

    def follow(self) -> list[Outcome]:
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
        rooms = [ticks * instrument.tick_size for ticks in [instrument.market_protection_ticks] if ticks]
        if instrument.market_protection_ppm:
            rooms.append(int(Fraction(abs(best) * instrument.market_protection_ppm, 1_000_000)))
        return best + sign * min(rooms) if rooms else None

    def may_not_take(self, c: NewOrder | ReplaceOrder) -> bool:
        """Whether a post-only order would take, and may not slide or has nowhere to slide to."""
        away = self.tick_away(c.symbol, c.side.value, c.price) if "6" in exec_inst(c) else None
        instrument = self.listed(c.symbol)
        if away is None or instrument is None:
            return False
        return "A" in exec_inst(c) or not (away > 0 or instrument.allows_negative_price)

    def tick_away(self, symbol: str, side: str, price: int | None) -> int | None:
        """Return the price a tick away from the best of the other side, or None where ``price`` does not reach it."""
        instrument, others = self.listed(symbol), self.queue(symbol, "2" if side == "1" else "1")
        if instrument is None or price is None or not others:
            return None
        best, tick = others[0][0], instrument.tick_size
        if side == "1":
            return best - tick if price >= best else None
        return best + tick if price <= best else None

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
        lowers = c.price == order.price and c.order_qty <= order.qty
        if c.price is None and stop != (order.stop if order.waits else None):
            lowers = False
        if reason and not (reason == "3" and lowers):
            return [self.cancel_reject(c, order, "2")]
        asked = (c.symbol, c.side.value, c.account, c.ord_type.value)
        if asked != (order.symbol, order.side, order.account, order.ord_type) or c.time_in_force.value not in (
            *"01",
            order.time_in_force,
        ):
            return [self.cancel_reject(c, order, "99")]
        if (order.price is None) != (c.price is None) or (order.stop is None) != (stop is None):
            return [self.cancel_reject(c, order, "99")]
        if self.unfit_for_phase(c) or (c.instructions and self.unsupported(c)) or self.may_not_take(c):
            return [self.cancel_reject(c, order, "2")]
        before = (order.ids[-1], order.price, order.leaves)
        keeps = c.price == order.price and c.order_qty <= order.qty
        if order.waits:
            trigger = order.stop, order.source
            self.wait(order, c)
            keeps = keeps and trigger == (order.stop, order.source)
        order.ids.append(c.cl_ord_id)
        may_work = order.qty - order.held
        order.qty, order.price, order.time_in_force = max(c.order_qty, order.cum), c.price, c.time_in_force.value
        order.held = max(order.qty - may_work, 0) if order.held else 0
        order.post_only = "6" in exec_inst(c)
        if order.qty == order.cum:
            order.status = "2"
        if order.status == "2" or not keeps:
            self.due = [each for each in self.due if each is not order]
        told: list[Outcome] = [("5", order.told(), *before, keeps)]
        self.happened.append(order)
        if keeps or not order.working:
            return told
        self.arrivals += 1
        order.arrival = self.arrivals
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

    # What operators do.

    def operate(self, c: RestrictionCommand | CancelByOperator | CancelAllByOperator | ContinueSweep) -> list[Outcome]:
        match c:
            case HaltInstrument(symbol=symbol):
                return self.forbid("halted", symbol, self.halted, known=self.listed(symbol) is not None)
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
        those.remove(name)
        return [(what, name)]

    def knows(self, scope: str) -> bool:
        names = {"venue"} | {f"instrument:{each.symbol}" for each in self.configured.instruments}
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
            self.phase = "open"
            told.append(("day begun", name))
        return told

    # Phases.

    def set_phase(self, c: SetPhase) -> list[Outcome]:
        instrument, before = self.listed(c.symbol), self.phases.get(c.symbol, "continuous")
        forbidden = c.symbol in self.halted or {"venue", f"instrument:{c.symbol}"} & {*self.killed}
        if instrument is None or forbidden or self.phase != "open" or c.phase.value == before:
            return [("refused",)]
        told: list[Outcome] = []
        called_off = c.phase.value == "closed" and before in ("pre-open", "continuous")
        if c.phase.value not in CALLS and not called_off:
            told = self.uncross(instrument)
        over = "5" if c.phase.value in CALLS else ""
        over += "" if c.phase.value in ("pre-open", "opening-auction") else "2"
        over += "" if c.phase.value == "closing-auction" else "7"
        open_orders = self.open_of(f"instrument:{c.symbol}")
        told += [self.expire(order) for order in open_orders if order.time_in_force in over]
        self.phases[c.symbol] = c.phase.value
        return [*told, ("phase", c.symbol, c.phase.value, before)]

    def uncross(self, instrument: Instrument) -> list[Outcome]:
        symbol, tick = instrument.symbol, instrument.tick_size
        told: list[Outcome] = []
        while (price := self.clearing_price(symbol, tick)) is not None:
            while True:
                buys = [o for p, o in self.in_queue(symbol, "1") if p >= price]
                sells = [o for p, o in self.in_queue(symbol, "2") if p <= price]
                if not buys or not sells:
                    break
                buy, sell = buys[0], sells[0]
                qty = min(buy.working, sell.working)
                self.traded.append(NaiveTrade(symbol, price, qty, buy, sell))
                told.append(("uncross", symbol, price, qty, buy.fill(price, qty), sell.fill(price, qty)))
                self.happened += [buy, sell]
                for each in (buy, sell):
                    if each.list and not each.list.waiting(each):
                        told += self.consequences(each)
        return told

    def clearing_price(self, symbol: str, tick: int) -> int | None:
        """Try every price there is, from the lowest to the highest of the book."""
        bids, asks = self.queue(symbol, "1"), self.queue(symbol, "2")
        if not bids or not asks:
            return None
        limits = [price for price, _, _ in bids + asks]
        tried = []
        for price in sorted({*range(min(limits), max(limits) + 1, tick), *limits}):
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
        return max([price for price in prices if price <= wanted], default=min(prices))

    def unfit_for_phase(self, c: NewOrder | ReplaceOrder) -> str | None:
        phase = self.phases.get(c.symbol, "continuous")
        if phase == "closed":
            return "2"
        waits = c.instructions is not None and c.instructions.stop_px is not None
        stays = (c.price is not None or waits) and not exec_inst(c)
        taken = {"pre-open": "012", "opening-auction": "012", "continuous": "01345", "closing-auction": "017"}
        fits = (stays or phase not in CALLS) and c.time_in_force.value in taken.get(phase, "01")
        return None if fits else "11"

    # Trading days.

    def end_day(self, c: EndDay) -> list[Outcome]:
        if self.date not in (None, c.date) or self.phase != "open":
            return [("refused",)]
        self.date, self.phase = c.date, "ending"
        day_orders = [order for order in self.open_of("venue") if order.time_in_force != "1"]
        return [("day ending", c.date), *self.slice("expired", c.date, day_orders, at=len(self.sweeps))]

    def begin_day(self, c: BeginDay) -> list[Outcome]:
        self.date, self.phase = c.date, "beginning"
        for trade in self.traded:
            trade.of_today = False
        if c.restates_gtc:
            return self.slice("restated", c.date, self.open_of("venue"), at=len(self.sweeps))
        self.phase = "open"
        return [("day begun", c.date)]

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
        instrument = next(each for each in self.configured.instruments if each.symbol == trade.symbol)
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
            if was_live and more < 0:
                self.arrivals += 1
                order.arrival = self.arrivals
            elif not was_live and order.status in LIVE:
                reopened.append(order)
        kind = "H" if isinstance(c, BustTrade) else "G"
        told: list[Outcome] = [(kind, trade.exec_id, price, qty, *(order.told() for order in sides))]
        market = [each.price for each in self.traded if each.symbol == trade.symbol and each.qty]
        told[0] += (market[-1] if market else None,)
        return told + [self.end(order, order.ids[-1], rested=False, orig=None) for order in reopened]

    def corrected(self, c: CorrectTrade, trade: NaiveTrade, instrument: Instrument) -> tuple[int, int]:
        """Return price and quantity in units, or (0, -1) for what the instrument cannot have."""
        try:
            price = trade.price if c.price is None else Fraction(c.price) * 10**instrument.price_scale
            qty = trade.qty if c.qty is None else Fraction(c.qty) * 10**instrument.qty_scale
        except ValueError:
            return 0, -1
        fits = price % instrument.tick_size == 0 and qty % instrument.lot_size == 0 and qty > 0
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
        if c.symbol in self.halted:
            return "2"
        if c.side.value not in "12":
            return "11"
        if c.price is not None and c.price % instrument.tick_size:
            return "99"
        if c.instructions is not None and (c.instructions.stop_px or 0) % instrument.tick_size:
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
        reference = self.reference(c.symbol)
        price = c.price
        if price is None and c.instructions is not None:
            price = c.instructions.stop_px
        expected = reference if price is None else price
        if qty_max is not None and Fraction(c.order_qty, 10**instrument.qty_scale) > qty_max:
            return True
        if None not in (notional_max, expected) and worth(instrument, expected, c.order_qty) > (notional_max or 0):
            return True
        off = abs((c.price or 0) - (reference or 0)) * 100
        if c.price is None:
            collar = None
        if collar is not None and reference is not None and off > reference * collar and reference > 0:
            return True
        if open_max is None or price is None or c.time_in_force.value in "34":
            return False
        leaves = max(c.order_qty - (replaced.cum if replaced else 0), 0)
        more = worth(instrument, price, leaves) - (self.open(replaced) if replaced else 0)
        already = sum((self.open(order) for order in self.orders if order.account == c.account), Fraction(0))
        already += sum(asked for account, asked in self.asked_for if account == c.account)
        return more > 0 and already + more > open_max

    def limit(self, name: str, scopes: set[str]) -> Fraction | None:
        found = [of_scope[name] for scope, of_scope in self.limits.items() if scope in scopes and name in of_scope]
        return min(found, default=None)

    def unsupported(self, c: NewOrder | ReplaceOrder) -> str | None:
        waits = c.instructions is not None and c.instructions.stop_px is not None
        if "6" in exec_inst(c) and (c.ord_type.value != "2" or c.time_in_force.value not in "01" or waits):
            return "11"
        market_with_price = c.ord_type.value in "13JK" and c.price is not None
        supported = c.ord_type.value in "1234JK" and c.time_in_force.value in "0123457" and not market_with_price
        supported = supported and not (c.ord_type.value != "2" and c.time_in_force.value in "257")
        supported = supported and not (waits and c.time_in_force.value not in "01")
        return None if supported else "11"

    def trading_status(self, symbol: str) -> tuple[str, int | None]:
        """Return SecurityTradingStatus(326) of an instrument, and the price it traded at last."""
        last = next((each.price for each in reversed(self.traded) if each.symbol == symbol and each.qty), None)
        if self.listed(symbol) is None:
            return "19", last
        if {"venue", f"instrument:{symbol}"} & {*self.killed} or self.phase != "open":
            return "18", last
        statuses = {"pre-open": "21", "opening-auction": "22", "continuous": "17", "closed": "18"}
        status = statuses.get(self.phases.get(symbol, "continuous"), "5")
        return "2" if symbol in self.halted else status, last

    def reference(self, symbol: str) -> int | None:
        for trade in reversed(self.traded):
            if trade.symbol == symbol and trade.qty:
                return trade.price
        bids, asks = self.queue(symbol, "1"), self.queue(symbol, "2")
        return (bids[0][0] + asks[0][0]) // 2 if bids and asks else None

    def queue(self, symbol: str, side: str) -> list[tuple[int, str, int]]:
        """Return price, OrderID and LeavesQty of all open orders of one side, the first to trade first."""
        return [(price, order.order_id, order.working) for price, order in self.in_queue(symbol, side)]

    def in_queue(self, symbol: str, side: str) -> list[tuple[int, NaiveOrder]]:
        open_orders = [o for o in self.orders if o.working and (o.symbol, o.side) == (symbol, side)]
        open_orders = [order for order in open_orders if not order.waits]
        open_orders.sort(key=lambda order: ((order.price or 0) * (-1 if side == "1" else 1), order.arrival))
        return [(order.price or 0, order) for order in open_orders]

    def open(self, order: NaiveOrder) -> Fraction:
        instrument = self.listed(order.symbol)
        price = order.stop if order.price is None and order.waits else order.price
        return worth(instrument, price, order.leaves) if instrument and order.leaves else Fraction(0)

    def listed(self, symbol: str | None) -> Instrument | None:
        return next((each for each in self.configured.instruments if each.symbol == symbol), None)


def exec_inst(c: NewOrder | ReplaceOrder) -> str:
    return c.instructions.exec_inst if c.instructions else ""


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
