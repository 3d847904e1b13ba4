"""Histories of commands made from bytes: any bytes give one, and small bytes give a plain one.

Few sessions, prices and quantities, so that orders meet; one ClOrdID in eight was used before, one
request in four is wrong in some way, the limits change on the way, and an operator halts, kills and cancels.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from fixgw.core import Core
from fixgw.engine.phases import OF_PHASES
from fixgw.engine.reconfiguration import conflicts
from fixgw.spec.breaker import Halting
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
    ListEntry,
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
    TellIndicatives,
    TimeCall,
    TimeHalt,
    TradingCommand,
    TripBreaker,
)
from fixgw.spec.instructions import FOLLOWING, PEGS, Instructions
from fixgw.spec.instrument import Instrument, TickRange
from fixgw.spec.limits import LIMIT_NAMES, LimitChange
from fixgw.spec.maker_protection import CHANGEABLE, MakerProtection
from fixgw.spec.participant import MarketMaker, Participant
from fixgw.spec.phase import CALLS, Phase
from fixgw.spec.quotes import NO_ENTRY, QuoteEntry, QuoteRefusal
from fixgw.spec.terms import Terms, TermsChange, Ticks, terms_of
from fixgw.spec.trading_day import DayPhase
from fixgw.spec.values import (
    Allocation,
    ContingencyType,
    CxlRejReason,
    CxlRejResponseTo,
    MassCancelRequestType,
    OrdRejReason,
    OrdType,
    PegOffsetType,
    Price,
    Qty,
    QuoteCancelType,
    QuoteRejectReason,
    QuoteResponseLevel,
    SelfMatchPrevention,
    SelfMatchScope,
    Side,
    TimeInForce,
    TriggerPriceType,
    TriggerSource,
)
from tests.orders import ALICE, BOB, CAROL, DAY, FOK, GTC, GTD, IOC, configuration, limits

BYTES_A_COMMAND = 64

STOCK = Instrument(
    "STOCK", 2, 0, Price(1), Qty(1), 1, Qty(1_000), Price(100_000), market_protection_ticks=2, segment="shares"
)  # fmt: skip
SPREAD = Instrument(
    "SPREAD", 1, 1, Price(2), Qty(2), 3, Qty(1_000), Price(100_000),
    allows_negative_price=True, market_protection_ppm=500_000, trigger_source=TriggerSource.BEST,
)  # fmt: skip
INSTRUMENTS = (STOCK, SPREAD)
OTHER_TERMS = (
    msgspec.structs.replace(STOCK, tick_table=(TickRange(Price(10_000), Price(2)),)),
    msgspec.structs.replace(SPREAD, lot_size=Qty(4)),
)
BANDED = (
    msgspec.structs.replace(STOCK, reference_price=Price(10_000), static_band_ticks=1, dynamic_band_ppm=100),
    msgspec.structs.replace(SPREAD, dynamic_band_ticks=1),
)
PARTICIPANTS = (
    msgspec.structs.replace(ALICE, market_maker=MarketMaker()),
    BOB,
    CAROL,
    Participant("CLIENT5", "BETA", ("B1", "B2"), MarketMaker()),
)
BREAKER = (Halting(3), Halting(), Halting(for_day=True))
PROTECTIONS = (
    MakerProtection("each", "session:CLIENT1", 3_000, fills_max=3, qty_max=Decimal(7)),
    MakerProtection("both", "firm:BETA", 5_000, ("STOCK", "SPREAD"), delta_max=Decimal(4), frozen_s=1),
)
"""Of market makers; a command takes a tenth of a second."""

CONFIGURATIONS = tuple(
    configuration(
        *written, instruments=instruments, participants=PARTICIPANTS, protections=PROTECTIONS, breaker=BREAKER
    )
    for instruments, *written in (
        (INSTRUMENTS,),
        (INSTRUMENTS, limits(order_qty_max="5"), limits("instrument:SPREAD", order_qty_max="0.4")),
        (INSTRUMENTS, limits(order_notional_max="400"), limits("firm:BETA", order_notional_max="250.01")),
        (INSTRUMENTS, limits(price_collar_percent="0.02"), limits("session:CLIENT1", price_collar_percent="0.015")),
        (INSTRUMENTS, limits(open_notional_max="1000"), limits("account:B1", open_notional_max="600")),
        (OTHER_TERMS, limits(price_collar_percent="100"), limits("instrument:STOCK", order_qty_max="3")),
        (INSTRUMENTS, limits("instrument:STOCK", open_notional_max="1")),
    )
) + tuple(
    configuration(instruments=(msgspec.structs.replace(STOCK, **terms), SPREAD), participants=PARTICIPANTS)
    for terms in (
        {"self_match_prevention": SelfMatchPrevention.CANCEL_NEWEST, "self_match_scope": SelfMatchScope.ACCOUNT},
        {"self_match_prevention": SelfMatchPrevention.DECREMENT, "self_match_scope": SelfMatchScope.FIRM},
    )
)
SHARED = (
    {"allocation": Allocation.PRO_RATA, "pro_rata_min": Qty(2)},
    {
        "allocation": Allocation.LEAD_MARKET_MAKER,
        "lead_market_maker": "B1",
        "lead_market_maker_percent": 40,
        "self_match_prevention": SelfMatchPrevention.DECREMENT,
        "self_match_scope": SelfMatchScope.ACCOUNT,
    },
)
"""Ways to share a price out."""
CALLING = tuple(msgspec.structs.replace(each, volatility_auction_s=1) for each in BANDED)
LIMITED = (
    msgspec.structs.replace(
        STOCK, reference_price=Price(10_000), dynamic_band_ppm=100, dynamic_band_average_s=3,
        limit_state_s=1, volatility_auction_s=1,
    ),
    msgspec.structs.replace(SPREAD, dynamic_band_ticks=1, limit_state_s=1, volatility_auction_s=1),
)  # fmt: skip
CONFIGURATIONS += (
    configuration(instruments=LIMITED, participants=PARTICIPANTS),
    configuration(instruments=BANDED, participants=PARTICIPANTS),
    configuration(instruments=CALLING, participants=PARTICIPANTS),
)
CONFIGURATIONS += tuple(
    configuration(
        instruments=(msgspec.structs.replace(STOCK, **first), msgspec.structs.replace(SPREAD, **second)),
        participants=PARTICIPANTS,
    )
    for first, second in (SHARED, SHARED[::-1])
)

_KINDS = (
    (
        ("new",) * 10 + ("replace",) * 6 + ("cancel",) * 3
        + ("mass", "configure", "refuse-order", "refuse-change", "quote", "quote", "mass-quote")
    ) * 4
    + ("list",) * 30
    + ("list-cancel",) * 4
    + ("kill", "halt", "limits", "operator-cancel", "operator-cancel-all", "session", "session")
    + ("release", "resume") * 3
    + ("cancel-quotes",) * 3 + ("pull-quotes",)
    + ("add", "delist", "change-instrument", "suspend", "resume")
    + ("end-day",) * 2
    + ("call",) * 4
    + ("trade-on",) * 4
    + ("bust", "correct", "correct") * 3
    + ("protection",) * 3
)  # fmt: skip
_SCOPES = ("instrument:STOCK", "session:CLIENT1", "account:B1", "firm:ALPHA", "firm:BETA", "venue", "firm:NONE", "none")
_CALLS = sorted(CALLS)
_PHASES = (*_CALLS, *_CALLS, Phase.CLOSED, Phase.POST_CLOSE, Phase.POST_CLOSE)
_DATES = ("2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02")
_EXPIRIES: Sequence[dict[str, Any]] = (
    {"expire_date": "2026-02-28"},
    {"expire_time_ns": 40},
    {"expire_date": "2026-03-02"},
    {"expire_time_ns": 400},
)
"""Times in commands since the history has begun."""
_OPERATOR = ("olivia", "a reason")
_ADDED = (
    terms_of(STOCK),
    terms_of(SPREAD),
    Terms("NEW", Decimal("0.01"), Decimal(1)),
    Terms("SPREAD", Decimal("0.2"), Decimal("0.2"), price_decimals=2),
    Terms("NEW", Decimal("0.01"), Decimal(1), multiplier=7),
)
_OTHER_TERMS = (
    TermsChange(tick=Decimal("0.01"), lot=Decimal(1)),
    TermsChange(tick=Decimal("0.2"), lot=Decimal("0.2")),
    TermsChange(tick=Decimal("0.02"), ticks=()),
    TermsChange(tick=Decimal("0.01"), ticks=(Ticks(Decimal("0.02"), Decimal(100)),)),
    TermsChange(multiplier=2),
    TermsChange(lot=Decimal(2)),
    TermsChange(reference_price=Decimal(100), static_band_percent=Decimal("1.5")),
    TermsChange(static_band_percent=Decimal(0), dynamic_band_ticks=20),
    TermsChange(dynamic_band_ticks=0),
)
_OF_SESSIONS: Sequence[Callable[[str, str, str], "Decided"]] = (
    DisableSession,
    EnableSession,
    LogOutSession,
    ResetSession,
)
_TERMS = (
    ((OrdType.LIMIT, DAY),) * 6
    + ((OrdType.LIMIT, GTC),) * 2
    + ((OrdType.LIMIT, GTD),) * 3
    + ((OrdType.LIMIT, IOC), (OrdType.LIMIT, IOC), (OrdType.LIMIT, FOK), (OrdType.LIMIT, FOK))
    + ((OrdType.MARKET, DAY), (OrdType.MARKET, IOC), (OrdType.MARKET, FOK))
    + ((OrdType.MARKET_WITH_LEFTOVER_AS_LIMIT, DAY), (OrdType.MARKET_WITH_LEFTOVER_AS_LIMIT, GTC))
    + ((OrdType.STOP, DAY), (OrdType.STOP, GTC), (OrdType.STOP_LIMIT, DAY), (OrdType.MARKET_IF_TOUCHED, DAY))
    + ((OrdType.PEGGED, DAY), (OrdType.PEGGED, GTC)) * 3
    + ((OrdType.PEGGED, GTD), (OrdType.PEGGED, IOC))
    + ((OrdType.STOP_LIMIT, IOC), (OrdType.FUNARI, DAY), (OrdType.LIMIT, TimeInForce.GOOD_TILL_DATE))
    + tuple((OrdType.LIMIT, each) for each in OF_PHASES)
    + ((OrdType.MARKET, TimeInForce.AT_THE_CLOSE),)
)
_UNPRICED = (
    OrdType.MARKET,
    OrdType.STOP,
    OrdType.MARKET_IF_TOUCHED,
    OrdType.MARKET_WITH_LEFTOVER_AS_LIMIT,
)
_TRIGGERED = (OrdType.STOP, OrdType.STOP_LIMIT, OrdType.MARKET_IF_TOUCHED)
_SOURCES = (
    *(None,) * 4,
    TriggerPriceType.LAST_TRADE,
    TriggerPriceType.BEST_BID,
    TriggerPriceType.BEST_OFFER,
    TriggerPriceType.BEST_MID,
)
_PRICES = {"STOCK": (10_000, 10_001, 9_999, 10_002, 9_998), "SPREAD": (0, 2, -2, 4, 1)}
_CORRECTED_PRICES = (None, "100.01", "0.2", "99", "-0.4", "0.15", "none")
_CORRECTED_QTIES = (None, "1", "2", "0.2", "0.6", "1000", "0")
_CORRECTED = {
    "STOCK": ((None, "100.01", "99.98"), (None, "1", "2")),
    "SPREAD": (("0.2", None, "-0.4"), (None, "0.2", "0.4")),
}
_QTIES = {"STOCK": (1, 2, 3, 4, 6), "SPREAD": (2, 4, 6, 8, 3)}

_ATTRIBUTES: Sequence[dict[str, Any]] = (
    *({},) * 20,
    {"exec_inst": "6"},
    {"exec_inst": "6"},
    {"exec_inst": "6A"},
    {"exec_inst": "K"},
    {"exec_inst": "K"},
    {"exec_inst": "6K"},
    {"exec_inst": "J"},
    {"exec_inst": "G"},
    {"exec_inst": "G"},
    {"exec_inst": "G"},
    {"exec_inst": "GK"},
    {"reduce_only": True},
    {"reduce_only": True},
    {"reduce_only": True, "max_floor": Qty(2)},
    {"reduce_only": True, "exec_inst": "G"},
    {"exec_inst": "6G"},
    {"exec_inst": "G", "max_floor": Qty(0)},
    {"exec_inst": "G", "self_match_prevention": SelfMatchPrevention.CANCEL_BOTH},
    *({"self_match_prevention": how} for how in SelfMatchPrevention),
    {"self_match_prevention_id": "desk"},
    {"self_match_prevention_id": "desk", "self_match_prevention": SelfMatchPrevention.CANCEL_BOTH},
    {"max_floor": Qty(2)},
    {"max_floor": Qty(0)},
    {"max_floor": Qty(2), "refresh_qty": Qty(4), "exec_inst": "6"},
    {"max_floor": Qty(1), "display_low_qty": Qty(2), "display_high_qty": Qty(2)},
    {"max_floor": Qty(2), "display_low_qty": Qty(2), "display_high_qty": Qty(2)},
    {"max_floor": Qty(0), "self_match_prevention_id": "desk"},
    {"min_qty": Qty(2)},
    {"min_qty": Qty(3), "self_match_prevention_id": "desk"},
)
"""Of these an order has one set, beside its trigger; a random refresh has one choice only."""
_LEVELS = tuple(QuoteResponseLevel)
_QUOTE_CANCEL_TYPES = (*QuoteCancelType, QuoteCancelType.SECURITIES, QuoteCancelType.SECURITIES)

_CONTINGENCIES = (
    (ContingencyType.ONE_TRIGGERS_THE_OTHER,) * 4
    + (ContingencyType.ONE_CANCELS_THE_OTHER,) * 2
    + (ContingencyType.ONE_UPDATES_THE_OTHER_ABSOLUTE, ContingencyType.ONE_UPDATES_THE_OTHER_PROPORTIONAL) * 2
    + (None, ContingencyType.BID_AND_OFFER)
)

T = TypeVar("T")
AnyOrder = TypeVar("AnyOrder", NewOrder, ReplaceOrder)

Decided = TradingCommand | QuoteCommand | RestrictionCommand | TellIndicatives | TimeCall | TimeHalt
"""Commands that bring about events: all but those of FIX sessions."""


def commands(script: Iterable[bytes]) -> Iterator[Decided]:
    """Yield one command for each piece of ``script``, of ``BYTES_A_COMMAND`` bytes."""
    writer = _Writer()
    yield CONFIGURATIONS[0]
    for piece in script:
        yield writer.command(piece)


def with_sweeps(history: Iterable[Decided], core: Core) -> Iterator[Decided]:
    """Yield the commands of ``history`` to be decided by ``core``, with what the venue itself adds between them.

    Where sweeps are left that is, every other time, the next slice of one; the expiry of orders that are due, a while
    after; after a day that has ended, the next one.
    The day that an operator ends is mostly the one there is; with a configuration that conflicts no venue starts.
    """
    for number, command in enumerate(history):
        if isinstance(command, EndDay) and core.day.date is not None and number % 4:
            yield EndDay(command.operator, command.reason, core.day.date)
        elif isinstance(command, BustTrade | CorrectTrade) and number % 4:
            yield _of_a_trade(command, core, number)
        elif not isinstance(command, ConfigureVenue) or not conflicts(core.exchange, command):
            yield command
        if core.exchange.sweeps and number % 2:
            yield ContinueSweep()
        if core.exchange.has_due and number % 2:
            yield ContinueTriggers()
        if core.exchange.market.indicatives.changed and number % 3 == 0:
            yield TellIndicatives()
        for name, halt in list(core.gate.restrictions.halted.items()):
            if halt.pause_s and not halt.until_ns:
                yield TimeHalt(name, number + halt.pause_s)
            is_of_yesterday = halt.day not in (None, core.day.date or "") and core.day.phase is DayPhase.OPEN
            if is_of_yesterday or 0 < halt.until_ns <= number:
                yield ResumeInstrument(*_OPERATOR, name)
        for symbol in list(core.exchange.market.limit_states):
            if number % 4 == 0:
                yield PauseTrading(symbol)
        for symbol, ends_ns in list(core.exchange.market.phases.interrupted.items()):
            if not ends_ns:
                yield TimeCall(symbol, number + 3)
            elif ends_ns <= number and core.why_no_phase(symbol) is None:
                yield SetPhase(*_OPERATOR, symbol, Phase.CONTINUOUS)
        if core.day.phase is DayPhase.OPEN and number % 5 == 0:
            due = ExpireDueOrders(number, core.day.date or _DATES[1])
            if core.exchange.market.expiries.next_due(due.now_ns, due.date) is not None:
                yield due
        if core.day.phase is DayPhase.ENDED and number % 3 == 0:
            assert core.day.date is not None
            yield BeginDay((date.fromisoformat(core.day.date) + timedelta(days=1)).isoformat(), number % 2 == 0)


def _of_a_trade(command: BustTrade | CorrectTrade, core: Core, number: int) -> Decided:
    """Return the command about a trade that there was, mostly one of the last."""
    trades = list(core.exchange.market.trades)
    if not trades:
        return command
    trade = trades[-1 - number % min(len(trades), 5)]
    if isinstance(command, CorrectTrade) and number % 4 > 1:
        prices, quantities = _CORRECTED[trade.symbol]
        terms = (prices[number // 4 % len(prices)], quantities[number // 8 % len(quantities)])
        command = CorrectTrade(command.operator, command.reason, "", *terms)
    return msgspec.structs.replace(command, trade_id=trade.trade_id)


class _Writer:
    """Remembers what the clients sent, to name it again, rightly or wrongly."""

    def __init__(self) -> None:
        self._choices = iter(b"")
        self._used: list[str] = ["0"]
        self._sent: list[NewOrder | ReplaceOrder] = []
        self._quoted: dict[tuple[str, str], tuple[Price, Price]] = {}
        """Prices of the last quote of each instrument and name."""
        self._lists: list[NewOrderList] = []
        self._killed: list[str] = []
        self._halted: list[str] = []
        self._delisted: list[str] = []
        self._disabled: list[str] = []
        self._called: list[str] = []

    def command(self, choices: bytes) -> Decided:
        self._choices = iter(choices)
        kind = self._one(_KINDS)
        if self._delisted and self._one_in(2):
            symbol = self._delisted.pop()
            return AddInstrument(*_OPERATOR, next(each for each in _ADDED if each.symbol == symbol))
        by = self._one(PARTICIPANTS)
        # Numbers, as OrderIDs are: the one must never be taken for the other.
        cl_ord_id = self._used[-1] if self._one_in(8) else str(len(self._used))
        self._used.append(cl_ord_id)
        match kind:
            case "new":
                return self._new(by, cl_ord_id)
            case "list":
                return self._new_list(by, cl_ord_id)
            case "list-cancel":
                of = self._one(self._lists[-5:][::-1]) if self._lists else self._new_list(by, cl_ord_id)
                return CancelList(of.session, of.firm, of.list_id if not self._one_in(8) else "none")
            case "configure":
                return self._one(CONFIGURATIONS)
            case "quote":
                entry = self._entry(NO_ENTRY)
                return Quote(by.session, by.firm, self._account(by), cl_ord_id, self._one(_LEVELS), entry)
            case "mass-quote":
                entries = tuple(self._entry(self._one(("e1", "e2"))) for _ in range(self._one((1, 2, 3))))
                return MassQuote(by.session, by.firm, self._account(by), cl_ord_id, self._one(_LEVELS), entries)
            case "cancel-quotes":
                symbols = self._one((("STOCK",), ("SPREAD", "STOCK", "SPREAD"), ("NONE",)))
                names = by.session, by.firm, by.accounts[0], cl_ord_id
                return CancelQuotes(*names, self._one(_QUOTE_CANCEL_TYPES), self._one(_LEVELS), symbols)
            case "pull-quotes":
                return PullQuotes(by.session, "a reason")
            case "mass":
                return self._mass_cancel(by, cl_ord_id)
            case "protection":
                return self._protect()
            case "kill" | "release" | "halt" | "suspend" | "resume" | "limits" | "session":
                return self._operate(kind, by)
            case "add":
                return AddInstrument(*_OPERATOR, self._one(_ADDED))
            case "change-instrument":
                return ChangeInstrument(*_OPERATOR, self._one(("STOCK", "SPREAD", "NONE")), self._one(_OTHER_TERMS))
            case "delist":
                self._delisted.append(self._one(("SPREAD", "NEW", "STOCK")))
                return DelistInstrument(*_OPERATOR, self._delisted[-1], self._one_in(2))
            case "bust":
                return BustTrade(*_OPERATOR, self._exec_id())
            case "correct":
                price, qty = self._one(_CORRECTED_PRICES), self._one(_CORRECTED_QTIES)
                return CorrectTrade(*_OPERATOR, self._exec_id(), price, qty)
            case "end-day":
                return EndDay(*_OPERATOR, self._one(_DATES))
            case "call":
                self._called.append(self._one(("STOCK", "SPREAD", "STOCK", "NONE")))
                phase = self._one(_PHASES)
                # One in four is a step of a schedule, mostly after those before.
                scheduled_ns = len(self._called) + self._one(range(4)) if self._one_in(4) else 0
                return SetPhase(*_OPERATOR, self._called[-1], phase, scheduled_ns)
            case "trade-on":
                symbol = self._called.pop() if self._called else self._one(("STOCK", "SPREAD"))
                return SetPhase(*_OPERATOR, symbol, Phase.CONTINUOUS)
            case "operator-cancel":
                return CancelByOperator(*_OPERATOR, str(self._one(range(1, 9)) if self._one_in(2) else len(self._sent)))
            case "operator-cancel-all":
                return CancelAllByOperator(*_OPERATOR, self._one(_SCOPES))
            case "refuse-order":
                return RefuseOrder(
                    by.session, by.firm, cl_ord_id, by.accounts[0], "STOCK", Side.BUY, OrdType.LIMIT, DAY,
                    OrdRejReason.INCORRECT_QUANTITY, "unreadable", self._one_in(2),
                )  # fmt: skip
            case _:
                order = self._order_to_change(by, cl_ord_id)
                return self._change(kind, order, cl_ord_id)

    def _new(self, by: Participant, cl_ord_id: str) -> NewOrder:
        symbol = self._one(("STOCK", "STOCK", "SPREAD"))
        side = self._one((Side.BUY, Side.SELL))
        order_qty, price = Qty(self._one(_QTIES[symbol])), Price(self._one(_PRICES[symbol]))
        ord_type, time_in_force = self._one(_TERMS)
        order = NewOrder(
            session=by.session,
            firm=by.firm,
            cl_ord_id=cl_ord_id,
            account=by.accounts[-1],
            symbol=symbol,
            side=side,
            order_qty=order_qty,
            ord_type=ord_type,
            price=None if ord_type in _UNPRICED or (ord_type is OrdType.PEGGED and self._one_in(2)) else price,
            time_in_force=time_in_force,
            poss_resend=self._one_in(8),
            instructions=self._instructions(ord_type, symbol),
        )
        if ord_type is OrdType.PEGGED and not self._one_in(3):
            order = msgspec.structs.replace(order, price=None, instructions=self._peg(symbol))
        if order.poss_resend and self._sent:
            before = self._one(self._sent[-9:])
            order = msgspec.structs.replace(order, session=before.session, firm=before.firm, cl_ord_id=before.cl_ord_id)
        if self._one_in(16):
            flaws: Sequence[dict[str, Any]] = (
                {"symbol": "NONE"},
                {"account": "Z9"},
                {"side": Side.CROSS},
                {"ord_type": OrdType.MARKET, "instructions": None},
            )
            order = msgspec.structs.replace(order, **self._one(flaws))
        instructions = self._with_attributes(order.instructions)
        if order.time_in_force is IOC and self._one_in(2):
            instructions = msgspec.structs.replace(instructions or Instructions(), min_qty=Qty(4))
        order = self._with_expiry(msgspec.structs.replace(order, instructions=instructions))
        self._sent.append(order)
        return order

    def _instructions(self, ord_type: OrdType, symbol: str) -> Instructions | None:
        """A trigger for what needs one, and for one limit order in eight, which waits to be touched."""
        if ord_type is OrdType.PEGGED or (ord_type in (OrdType.STOP, OrdType.STOP_LIMIT) and self._one_in(4)):
            return self._trailing(symbol)
        if ord_type not in _TRIGGERED and not (ord_type is OrdType.LIMIT and self._one_in(8)):
            return None
        prices = _PRICES.get(symbol, (1,))
        return Instructions(stop_px=Price(self._one(prices)), trigger_price_type=self._one(_SOURCES))

    def _trailing(self, symbol: str) -> Instructions:
        prices = _PRICES.get(symbol, (1,))
        return Instructions(
            exec_inst="a",
            stop_px=Price(self._one(prices)) if self._one_in(4) else None,
            trigger_price_type=self._one(_SOURCES),
            peg_offset_value=self._one((1, 2, -2, 100, 300_000)),
            peg_offset_type=self._one((PegOffsetType.TICKS, PegOffsetType.PRICE, PegOffsetType.BASIS_POINTS)),
            activation_price=Price(self._one(prices)) if self._one_in(4) else None,
        )

    def _peg(self, symbol: str) -> Instructions:
        return Instructions(
            exec_inst=self._one(PEGS),
            peg_offset_value=self._one((0, 0, 1, -1, 2, -2, 200)),
            peg_offset_type=self._one((PegOffsetType.TICKS, PegOffsetType.PRICE, PegOffsetType.BASIS_POINTS)),
            limit_price=Price(self._one(_PRICES.get(symbol, (1,)))) if self._one_in(4) else None,
        )

    def _with_attributes(self, instructions: Instructions | None) -> Instructions | None:
        attributes = self._one(_ATTRIBUTES)
        if not attributes and instructions is None:
            return None
        attributed = msgspec.structs.replace(instructions or Instructions(), **attributes)
        followed = next((code for code in instructions.exec_inst if code in FOLLOWING), "") if instructions else ""
        if followed:
            return msgspec.structs.replace(attributed, exec_inst=attributed.exec_inst.replace(followed, "") + followed)
        return attributed

    def _entry(self, quote_entry_id: str) -> QuoteEntry:
        """Mostly a narrow market around the prices of orders; a side may be left out, or both."""
        symbol = self._one(("STOCK", "STOCK", "SPREAD"))
        bid_px = self._one(_PRICES[symbol])
        offer_px = bid_px + self._one((1, 2, 3, 2, 4, 0))
        sizes = [Qty(0) if self._one_in(8) else Qty(self._one(_QTIES[symbol])) for _ in range(2)]
        if self._one_in(16):
            symbol = "NONE"
        refusal = QuoteRefusal(QuoteRejectReason.OTHER, "unreadable") if self._one_in(32) else None
        prices = Price(bid_px), Price(offer_px)
        if self._one_in(4):
            prices = self._quoted.get((symbol, quote_entry_id), prices)
        self._quoted[symbol, quote_entry_id] = prices
        return QuoteEntry("s", quote_entry_id, symbol, prices[0], sizes[0], prices[1], sizes[1], refusal)

    def _account(self, by: Participant) -> str:
        return "Z9" if self._one_in(16) else self._one(by.accounts)

    def _new_list(self, by: Participant, cl_ord_id: str) -> NewOrderList:
        contingency_type = self._one(_CONTINGENCIES)
        if self._lists and self._one_in(12):
            return msgspec.structs.replace(self._one(self._lists[-4:]), poss_resend=True)
        first = self._new(by, cl_ord_id) if self._one_in(4) else self._plain(by, cl_ord_id)
        entries = [ListEntry(first)]
        for _ in range(self._one((2, 1, 2, 3, 0))):
            self._used.append(str(len(self._used)))
            other = msgspec.structs.replace(
                first,
                cl_ord_id=cl_ord_id if self._one_in(64) else self._used[-1],
                side=self._one((Side.SELL, Side.BUY)),
                price=Price(self._one(_PRICES.get(first.symbol, (1,)))),
                order_qty=first.order_qty if self._one_in(2) else Qty(self._one(_QTIES.get(first.symbol, (1,)))),
                ord_type=OrdType.LIMIT,
                time_in_force=self._one((DAY, GTC, DAY, GTC, IOC, DAY, GTC, FOK, DAY, GTC, DAY, GTC, IOC)),
                instructions=self._with_attributes(None) if self._one_in(4) else None,
            )
            if self._one_in(4):
                stop = Instructions(stop_px=other.price)
                terms: dict[str, Any] = {"ord_type": OrdType.STOP, "price": None, "instructions": stop}
                terms["time_in_force"] = GTC
                other = msgspec.structs.replace(other, **terms)
            elif self._one_in(6):
                trailing, price = self._trailing(other.symbol), other.price if self._one_in(2) else None
                terms = {"ord_type": OrdType.PEGGED, "price": price, "instructions": trailing, "time_in_force": GTC}
                other = msgspec.structs.replace(other, **terms)
            elif self._one_in(16):
                other = msgspec.structs.replace(other, symbol="SPREAD", price=Price(0), order_qty=Qty(2))
            self._sent.append(other)
            entries.append(ListEntry(other, self._one(("exit", None, "exit"))))
        before = self._one(self._lists) if self._lists and self._one_in(8) else None
        list_id = str(len(self._lists)) if before is None or before.session != first.session else before.list_id
        entered = NewOrderList(first.session, first.firm, list_id, contingency_type, tuple(entries), self._one_in(16))
        self._lists.append(entered)
        return entered

    def _plain(self, by: Participant, cl_ord_id: str) -> NewOrder:
        """A limit order with nothing wrong about it, mostly without instructions: as one more of a list it is taken."""
        symbol = self._one(("STOCK", "STOCK", "SPREAD"))
        side, order_qty = self._one((Side.BUY, Side.SELL)), self._one((4, 8, 2, 12))
        price = self._one((10_000, 9_998, 10_002) if symbol == "STOCK" else (0, 2, -2))
        time_in_force = self._one((DAY, GTC))
        order = NewOrder(
            by.session, by.firm, cl_ord_id, by.accounts[-1], symbol, side, Qty(order_qty), OrdType.LIMIT,
            Price(price), time_in_force, instructions=self._with_attributes(None) if self._one_in(4) else None,
        )  # fmt: skip
        self._sent.append(order)
        return order

    def _order_to_change(self, by: Participant, cl_ord_id: str) -> NewOrder | ReplaceOrder:
        """Mostly one of the last that were sent, whoever sent it."""
        return self._one(self._sent[-9:][::-1]) if self._sent else self._new(by, cl_ord_id)

    def _change(self, kind: str, order: NewOrder | ReplaceOrder, cl_ord_id: str) -> Decided:
        orig_cl_ord_id = self._one(self._used) if self._one_in(16) else order.cl_ord_id
        order_id = str(self._one(range(1, 9))) if self._one_in(8) else None
        if kind == "cancel":
            request = CancelOrder(
                order.session, order.firm, cl_ord_id, orig_cl_ord_id, order_id, order.symbol, order.side
            )
            return msgspec.structs.replace(request, symbol="SPREAD") if self._one_in(16) else request
        if kind == "refuse-change":
            return RefuseChange(
                order.session, order.firm, cl_ord_id, orig_cl_ord_id,
                CxlRejResponseTo.ORDER_CANCEL_REPLACE_REQUEST, CxlRejReason.BROKER_OR_EXCHANGE_OPTION, "unreadable",
            )  # fmt: skip
        terms = self._restated(order)
        replacing = ReplaceOrder(
            order.session, order.firm, cl_ord_id, orig_cl_ord_id, order_id, order.account, order.symbol, order.side,
            *terms, instructions=self._restated_instructions(order),
        )  # fmt: skip
        if self._one_in(16):
            flaws: Sequence[dict[str, Any]] = (
                {"side": Side.SELL},
                {"account": "A2"},
                {"symbol": "SPREAD"},
                {"time_in_force": IOC},
            )
            replacing = msgspec.structs.replace(replacing, **self._one(flaws))
        if self._one_in(4):
            instructions = self._with_attributes(replacing.instructions)
            replacing = msgspec.structs.replace(replacing, instructions=instructions)
        replacing = self._with_expiry(replacing)
        self._sent.append(replacing)
        return replacing

    def _restated(self, order: NewOrder | ReplaceOrder) -> tuple[Qty, OrdType, Price | None, TimeInForce]:
        prices, quantities = _PRICES.get(order.symbol, (1,)), _QTIES.get(order.symbol, (1,))
        price = order.price if order.price is None or self._one_in(2) else Price(self._one(prices))
        if order.ord_type is OrdType.MARKET_WITH_LEFTOVER_AS_LIMIT:
            price = Price(self._one(prices))
        order_qty = order.order_qty if self._one_in(4) else Qty(self._one(quantities))
        return order_qty, order.ord_type, price, self._one((DAY, GTC, GTD))

    def _exec_id(self) -> str:
        """What may name a trade: commands count ExecIDs, and the place in its command is small."""
        number = self._one(range(1, 200)) if self._one_in(8) else len(self._used) - self._one(range(1, 9))
        return f"{number}.{self._one((1, 2, 1, 3, 0))}"

    def _restated_instructions(self, order: NewOrder | ReplaceOrder) -> Instructions | None:
        if order.ord_type is OrdType.PEGGED and order.price is None and self._one_in(2):
            return self._peg(order.symbol)
        if order.instructions is None or order.instructions.stop_px is None or self._one_in(2):
            return order.instructions
        stop_px = Price(self._one(_PRICES.get(order.symbol, (1,))))
        return msgspec.structs.replace(order.instructions, stop_px=stop_px)

    def _with_expiry(self, order: AnyOrder) -> AnyOrder:
        """Return ``order`` with a time or date where it needs one; a replace has mostly the one before."""
        instructions = order.instructions or Instructions()
        has_one = instructions.expire_date or instructions.expire_time_ns
        if order.time_in_force is not GTD or (has_one and not self._one_in(4)):
            return order
        none = {"expire_date": "", "expire_time_ns": 0}
        instructions = msgspec.structs.replace(instructions, **none | self._one(_EXPIRIES))
        return msgspec.structs.replace(order, instructions=instructions)

    def _mass_cancel(self, by: Participant, cl_ord_id: str) -> MassCancel:
        symbol = self._one((None, "STOCK", "SPREAD", "NONE"))
        side = self._one((None, Side.BUY, Side.SELL))
        request_type = MassCancelRequestType.ALL_ORDERS if symbol is None else MassCancelRequestType.SECURITY
        if self._one_in(8):
            request_type = MassCancelRequestType.CFI_CODE
        return MassCancel(by.session, by.firm, cl_ord_id, request_type, symbol, side)

    def _operate(self, kind: str, by: Participant) -> Decided:
        """What was forbidden last is mostly what is allowed again: else soon nobody could trade."""
        match kind:
            case "kill":
                self._killed.append(self._one(_SCOPES))
                return Kill(*_OPERATOR, self._killed[-1])
            case "release":
                return Release(*_OPERATOR, self._killed.pop() if self._killed else self._one(_SCOPES))
            case "halt" if self._one_in(6):
                self._halted.append("venue")
                return TripBreaker(*_OPERATOR, self._one((1, 2, 3, 4)))
            case "halt":
                self._halted.append(self._one(("STOCK", "SPREAD", "NONE", "segment:shares", "venue", "segment:none")))
                return HaltInstrument(*_OPERATOR, self._halted[-1], self._one((0, 0, 5)))
            case "suspend":
                self._halted.append(self._one(("STOCK", "SPREAD", "NONE")))
                return SuspendInstrument(*_OPERATOR, self._halted[-1])
            case "resume":
                return ResumeInstrument(*_OPERATOR, self._halted.pop() if self._halted else "STOCK")
            case "limits":
                names = (*LIMIT_NAMES, "no_such_limit")
                values = (None, Decimal(5), None, Decimal("250.01"), None, Decimal(-1))
                changes = (LimitChange(self._one(names), self._one(values)) for _ in range(self._one((1, 2, 0))))
                return SetLimits(*_OPERATOR, self._one(_SCOPES), tuple(changes))
            case _:
                of_session, session = self._one(_OF_SESSIONS), self._one((by.session, "NOBODY"))
                if of_session is EnableSession and self._disabled:
                    session = self._disabled.pop()
                elif of_session is DisableSession:
                    self._disabled.append(session)
                return of_session(*_OPERATOR, session)

    def _protect(self) -> SetProtection | ResetProtection:
        name = self._one(("each", "both", "each", "none"))
        if not self._one_in(4):
            return ResetProtection(*_OPERATOR, name, self._one(("", "", "STOCK", "SPREAD", "NONE")))
        values = (None, Decimal(2), Decimal("2.5"), Decimal(0), Decimal(40))
        changes = (LimitChange(self._one((*CHANGEABLE, "depth_max")), self._one(values)) for _ in range(2))
        return SetProtection(*_OPERATOR, name, tuple(changes))

    def _one(self, choices: Sequence[T]) -> T:
        return choices[next(self._choices, 0) % len(choices)]

    def _one_in(self, number: int) -> bool:
        return next(self._choices, 0) % number == number - 1
