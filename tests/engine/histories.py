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
from fixgw.spec.commands import (
    BeginDay,
    BustTrade,
    CancelAllByOperator,
    CancelByOperator,
    CancelList,
    CancelOrder,
    ContinueSweep,
    ContinueTriggers,
    CorrectTrade,
    DisableSession,
    EnableSession,
    EndDay,
    HaltInstrument,
    Kill,
    ListEntry,
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
from fixgw.spec.instructions import Instructions
from fixgw.spec.instrument import Instrument
from fixgw.spec.limits import LIMIT_NAMES, LimitChange
from fixgw.spec.participant import Participant
from fixgw.spec.phase import CALLS, Phase
from fixgw.spec.trading_day import DayPhase
from fixgw.spec.values import (
    ContingencyType,
    CxlRejReason,
    CxlRejResponseTo,
    MassCancelRequestType,
    OrdRejReason,
    OrdType,
    Price,
    Qty,
    Side,
    TimeInForce,
    TriggerPriceType,
    TriggerSource,
)
from tests.orders import ALICE, BOB, CAROL, DAY, FOK, GTC, IOC, configuration, limits

BYTES_A_COMMAND = 36

STOCK = Instrument("STOCK", 2, 0, Price(1), Qty(1), 1, Qty(1_000), Price(100_000), market_protection_ticks=2)
SPREAD = Instrument(
    "SPREAD", 1, 1, Price(2), Qty(2), 3, Qty(1_000), Price(100_000),
    allows_negative_price=True, market_protection_ppm=500_000, trigger_source=TriggerSource.BEST,
)  # fmt: skip
INSTRUMENTS = (STOCK, SPREAD)
PARTICIPANTS = (ALICE, BOB, CAROL, Participant("CLIENT5", "BETA", ("B1", "B2")))

CONFIGURATIONS = tuple(
    configuration(*written, instruments=INSTRUMENTS, participants=PARTICIPANTS)
    for written in (
        (),
        (limits(order_qty_max="5"), limits("instrument:SPREAD", order_qty_max="0.4")),
        (limits(order_notional_max="400"), limits("firm:BETA", order_notional_max="250.01")),
        (limits(price_collar_percent="0.02"), limits("session:CLIENT1", price_collar_percent="0.015")),
        (limits(open_notional_max="1000"), limits("account:B1", open_notional_max="600")),
        (limits(price_collar_percent="100"), limits("instrument:STOCK", order_qty_max="3", open_notional_max="1")),
    )
)

_KINDS = (
    (("new",) * 10 + ("replace",) * 6 + ("cancel",) * 3 + ("mass", "configure", "refuse-order", "refuse-change")) * 4
    + ("list",) * 10
    + ("list-cancel",) * 2
    + ("kill", "halt", "limits", "operator-cancel", "operator-cancel-all", "session", "session")
    + ("release", "resume") * 3
    + ("end-day",) * 2
    + ("call",) * 4
    + ("trade-on",) * 4
    + ("bust", "bust", "correct", "correct", "correct", "correct")
)
_SCOPES = ("instrument:STOCK", "session:CLIENT1", "account:B1", "firm:ALPHA", "firm:BETA", "venue", "firm:NONE", "none")
_CALLS = sorted(CALLS)
_PHASES = (*_CALLS, *_CALLS, Phase.CLOSED)
_DATES = ("2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02")
_OPERATOR = ("olivia", "a reason")
_OF_SESSIONS: Sequence[Callable[[str, str, str], "Decided"]] = (
    DisableSession,
    EnableSession,
    LogOutSession,
    ResetSession,
)
_TERMS = (
    ((OrdType.LIMIT, DAY),) * 6
    + ((OrdType.LIMIT, GTC),) * 3
    + ((OrdType.LIMIT, IOC), (OrdType.LIMIT, IOC), (OrdType.LIMIT, FOK), (OrdType.LIMIT, FOK))
    + ((OrdType.MARKET, DAY), (OrdType.MARKET, IOC), (OrdType.MARKET, FOK))
    + ((OrdType.MARKET_WITH_LEFTOVER_AS_LIMIT, DAY), (OrdType.MARKET_WITH_LEFTOVER_AS_LIMIT, GTC))
    + ((OrdType.STOP, DAY), (OrdType.STOP, GTC), (OrdType.STOP_LIMIT, DAY), (OrdType.MARKET_IF_TOUCHED, DAY))
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

_EXEC_INSTS = ("",) * 6 + ("6", "6A")

_CONTINGENCIES = (
    (ContingencyType.ONE_TRIGGERS_THE_OTHER,) * 4
    + (ContingencyType.ONE_CANCELS_THE_OTHER,) * 2
    + (ContingencyType.ONE_UPDATES_THE_OTHER_ABSOLUTE, ContingencyType.ONE_UPDATES_THE_OTHER_PROPORTIONAL) * 2
    + (None, ContingencyType.BID_AND_OFFER)
)

T = TypeVar("T")

Decided = TradingCommand | RestrictionCommand
"""Commands that bring about events: all but those of FIX sessions."""


def commands(script: Iterable[bytes]) -> Iterator[Decided]:
    """Yield one command for each piece of ``script``, of ``BYTES_A_COMMAND`` bytes."""
    writer = _Writer()
    yield CONFIGURATIONS[0]
    for piece in script:
        yield writer.command(piece)


def with_sweeps(history: Iterable[Decided], core: Core) -> Iterator[Decided]:
    """Yield the commands of ``history`` to be decided by ``core``, with what the venue itself adds between them.

    Where sweeps are left that is, every other time, the next slice of one; after a day that has ended, the next one.
    The day that an operator ends is mostly the one there is.
    """
    for number, command in enumerate(history):
        if isinstance(command, EndDay) and core.day.date is not None and number % 4:
            yield EndDay(command.operator, command.reason, core.day.date)
        elif isinstance(command, BustTrade | CorrectTrade) and number % 4:
            yield _of_a_trade(command, core, number)
        else:
            yield command
        if core.exchange.sweeps and number % 2:
            yield ContinueSweep()
        if core.exchange.has_due and number % 2:
            yield ContinueTriggers()
        if core.day.phase is DayPhase.ENDED and number % 3 == 0:
            assert core.day.date is not None
            yield BeginDay((date.fromisoformat(core.day.date) + timedelta(days=1)).isoformat(), number % 2 == 0)


def _of_a_trade(command: BustTrade | CorrectTrade, core: Core, number: int) -> Decided:
    """Return the command about a trade that there was, mostly one of the last."""
    trades = list(core.exchange.trades)
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
        self._lists: list[NewOrderList] = []
        self._killed: list[str] = []
        self._halted: list[str] = []
        self._disabled: list[str] = []
        self._called: list[str] = []

    def command(self, choices: bytes) -> Decided:
        self._choices = iter(choices)
        kind = self._one(_KINDS)
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
            case "mass":
                return self._mass_cancel(by, cl_ord_id)
            case "kill" | "release" | "halt" | "resume" | "limits" | "session":
                return self._operate(kind, by)
            case "bust":
                return BustTrade(*_OPERATOR, self._exec_id())
            case "correct":
                price, qty = self._one(_CORRECTED_PRICES), self._one(_CORRECTED_QTIES)
                return CorrectTrade(*_OPERATOR, self._exec_id(), price, qty)
            case "end-day":
                return EndDay(*_OPERATOR, self._one(_DATES))
            case "call":
                self._called.append(self._one(("STOCK", "SPREAD", "STOCK", "NONE")))
                return SetPhase(*_OPERATOR, self._called[-1], self._one(_PHASES))
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
            price=None if ord_type in _UNPRICED else price,
            time_in_force=time_in_force,
            poss_resend=self._one_in(8),
            instructions=self._instructions(ord_type, symbol),
        )
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
        order = msgspec.structs.replace(order, instructions=self._with_exec_inst(order.instructions))
        self._sent.append(order)
        return order

    def _instructions(self, ord_type: OrdType, symbol: str) -> Instructions | None:
        """A trigger for what needs one, and for one limit order in eight, which waits to be touched."""
        if ord_type not in _TRIGGERED and not (ord_type is OrdType.LIMIT and self._one_in(8)):
            return None
        prices = _PRICES.get(symbol, (1,))
        return Instructions(stop_px=Price(self._one(prices)), trigger_price_type=self._one(_SOURCES))

    def _with_exec_inst(self, instructions: Instructions | None) -> Instructions | None:
        exec_inst = self._one(_EXEC_INSTS)
        if not exec_inst and instructions is None:
            return None
        return msgspec.structs.replace(instructions or Instructions(), exec_inst=exec_inst)

    def _new_list(self, by: Participant, cl_ord_id: str) -> NewOrderList:
        contingency_type = self._one(_CONTINGENCIES)
        first = self._new(by, cl_ord_id)
        entries = [ListEntry(first)]
        for _ in range(self._one((2, 1, 2, 3, 0))):
            self._used.append(str(len(self._used)))
            other = msgspec.structs.replace(
                first,
                cl_ord_id=cl_ord_id if self._one_in(16) else self._used[-1],
                side=self._one((Side.SELL, Side.BUY)),
                price=Price(self._one(_PRICES.get(first.symbol, (1,)))),
                order_qty=first.order_qty if self._one_in(2) else Qty(self._one(_QTIES.get(first.symbol, (1,)))),
                ord_type=OrdType.LIMIT,
                time_in_force=self._one((DAY, GTC, IOC, DAY, GTC, FOK)),
                instructions=None,
            )
            if self._one_in(4):
                stop = Instructions(stop_px=other.price)
                other = msgspec.structs.replace(other, ord_type=OrdType.STOP, price=None, instructions=stop)
            elif self._one_in(8):
                other = msgspec.structs.replace(other, symbol="SPREAD", price=Price(0), order_qty=Qty(2))
            self._sent.append(other)
            entries.append(ListEntry(other, self._one(("exit", None, "exit"))))
        before = self._one(self._lists) if self._lists and self._one_in(8) else None
        list_id = str(len(self._lists)) if before is None or before.session != first.session else before.list_id
        entered = NewOrderList(first.session, first.firm, list_id, contingency_type, tuple(entries), self._one_in(8))
        self._lists.append(entered)
        return entered

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
            instructions = self._with_exec_inst(replacing.instructions)
            replacing = msgspec.structs.replace(replacing, instructions=instructions)
        self._sent.append(replacing)
        return replacing

    def _restated(self, order: NewOrder | ReplaceOrder) -> tuple[Qty, OrdType, Price | None, TimeInForce]:
        prices, quantities = _PRICES.get(order.symbol, (1,)), _QTIES.get(order.symbol, (1,))
        price = order.price if order.price is None or self._one_in(2) else Price(self._one(prices))
        if order.ord_type is OrdType.MARKET_WITH_LEFTOVER_AS_LIMIT:
            price = Price(self._one(prices))
        order_qty = order.order_qty if self._one_in(4) else Qty(self._one(quantities))
        return order_qty, order.ord_type, price, self._one((DAY, GTC))

    def _exec_id(self) -> str:
        """What may name a trade: commands count ExecIDs, and the place in its command is small."""
        number = self._one(range(1, 200)) if self._one_in(8) else len(self._used) - self._one(range(1, 9))
        return f"{number}.{self._one((1, 2, 1, 3, 0))}"

    def _restated_instructions(self, order: NewOrder | ReplaceOrder) -> Instructions | None:
        if order.instructions is None or order.instructions.stop_px is None or self._one_in(2):
            return order.instructions
        stop_px = Price(self._one(_PRICES.get(order.symbol, (1,))))
        return msgspec.structs.replace(order.instructions, stop_px=stop_px)

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
            case "halt":
                self._halted.append(self._one(("STOCK", "SPREAD", "NONE")))
                return HaltInstrument(*_OPERATOR, self._halted[-1])
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

    def _one(self, choices: Sequence[T]) -> T:
        return choices[next(self._choices, 0) % len(choices)]

    def _one_in(self, number: int) -> bool:
        return next(self._choices, 0) % number == number - 1
