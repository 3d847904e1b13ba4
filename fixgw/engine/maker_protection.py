"""Market maker protection: what a maker's quotes have traded within a window, and which of them are frozen.

The window is of the commands' own times, so that a replay counts the same.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import ROUND_CEILING, Decimal

import msgspec

from fixgw.engine.book import BookSide
from fixgw.engine.matching import crosses
from fixgw.engine.order import Order
from fixgw.engine.self_match import Guard
from fixgw.spec.bands import Band
from fixgw.spec.commands import ProtectionCommand, SetProtection
from fixgw.spec.events import OperatorRefused, ProtectionReset, ProtectionSet
from fixgw.spec.fixed import format_shortest
from fixgw.spec.instrument import SCALE_MAX, Instrument
from fixgw.spec.maker_protection import Frozen, MakerProtection, wrong_change
from fixgw.spec.values import Qty, Side

_NS_A_MS = 1_000_000
_NS_A_S = 1_000_000_000

Traded = tuple[int, int, int]
"""Time of a fill, ns since the epoch; quantity, and bought less sold times the multiplier, in ``10**-SCALE_MAX``."""


class Watch:
    """What one protection has counted of one instrument, or of those that it counts together."""

    __slots__ = ("delta", "fills", "frozen", "protection", "qty", "symbol")

    def __init__(self, protection: MakerProtection, symbol: str) -> None:
        self.protection = protection
        self.symbol = symbol
        """Empty for those that are counted together."""
        self.fills: deque[Traded] = deque()
        self.qty = 0
        self.delta = 0
        self.frozen: Frozen | None = None

    def add(self, fill: Traded) -> None:
        """Count a fill, and let go what is too old by now."""
        self._let_go(fill[0])
        self.fills.append(fill)
        self.qty += fill[1]
        self.delta += fill[2]

    def _let_go(self, now_ns: int) -> None:
        too_old_ns = now_ns - self.protection.window_ms * _NS_A_MS
        while self.fills and self.fills[0][0] <= too_old_ns:
            _, qty, delta = self.fills.popleft()
            self.qty -= qty
            self.delta -= delta

    def reached(self) -> str | None:
        """Return which limit is reached, with its values, or None."""
        limits = self.protection
        if limits.fills_max is not None and len(self.fills) >= limits.fills_max:
            return self._words(f"{len(self.fills)} fills", f"fills_max {limits.fills_max}")
        if limits.qty_max is not None and self.qty >= _scaled(limits.qty_max):
            return self._words(f"{_decimal(self.qty)} traded", f"qty_max {limits.qty_max:f}")
        if limits.delta_max is not None and abs(self.delta) >= _scaled(limits.delta_max):
            return self._words(f"a net delta of {_decimal(self.delta)}", f"delta_max {limits.delta_max:f}")
        return None

    def _words(self, what: str, limit: str) -> str:
        where = self.symbol or f"{len(self.protection.symbols)} instruments"
        return f"protection {self.protection.name}: {what} in {where} within {self.protection.window_ms} ms, {limit}"

    def freeze(self, text: str, now_ns: int) -> Frozen:
        until_ns = now_ns + self.protection.frozen_s * _NS_A_S if self.protection.frozen_s else 0
        self.frozen = Frozen(self.protection.name, self.symbol, text, until_ns)
        return self.frozen

    def thaw(self) -> None:
        """Begin again, with nothing counted."""
        self.frozen = None
        self.fills.clear()
        self.qty = self.delta = 0

    def copy(self) -> "Watch":
        """Return one that counts on by itself."""
        copied = Watch(self.protection, self.symbol)
        copied.fills, copied.qty, copied.delta = self.fills.copy(), self.qty, self.delta
        return copied

    def concerns(self, order: Order) -> bool:
        """Return whether ``order``, a side of a quote, is one of those that are watched."""
        return self.is_of(order.session, order.firm) and self.has(order.symbol)

    def is_of(self, session: str, firm: str) -> bool:
        return self.protection.maker in (f"session:{session}", f"firm:{firm}")

    def has(self, symbol: str) -> bool:
        return symbol == self.symbol if self.symbol else symbol in self.protection.symbols


class WatchState(msgspec.Struct, frozen=True, array_like=True):
    """One of a snapshot; quantities are decimal text, since they may be larger than 64 bits."""

    name: str
    symbol: str
    fills: list[tuple[int, str, str]]
    frozen: Frozen | None


class ProtectionState(msgspec.Struct, frozen=True, array_like=True):
    """What does not follow from the configuration: the protections in force, and what they have counted."""

    in_force: list[MakerProtection] = []
    watches: list[WatchState] = []


class MakerProtections:
    """All protections of the venue: those of the configuration, as operators have changed them since."""

    def __init__(self, instruments: Mapping[str, Instrument], now_ns: Callable[[], int]) -> None:
        """``now_ns`` is the time of the command at hand."""
        self._instruments = instruments
        self._now_ns = now_ns
        self._configured: dict[str, MakerProtection] = {}
        self.in_force: dict[str, MakerProtection] = {}
        self._watches: dict[tuple[str, str], Watch] = {}
        """By name and symbol, for those that have counted anything."""
        self._found: dict[tuple[str, str, str], list[Watch]] = {}
        """Those of a session, firm and symbol, found before."""

    def configure(self, protections: Iterable[MakerProtection]) -> None:
        """Take those of a configuration; what an operator has set holds where the files say the same as before."""
        before, self._configured = self._configured, {each.name: each for each in protections}
        for name in before.keys() | self._configured.keys():
            if self._configured.get(name) != before.get(name):
                self.in_force.pop(name, None)
        for name, protection in self._configured.items():
            if protection != before.get(name):
                self._put(protection)
        for key, watch in list(self._watches.items()):
            if key[0] not in self.in_force or not self._is_for(watch):
                del self._watches[key]
        self._found.clear()

    def _put(self, protection: MakerProtection) -> None:
        self.in_force[protection.name] = protection
        for watch in self._watches.values():
            if watch.protection.name == protection.name and self._is_for(watch):
                watch.protection = protection

    def _is_for(self, watch: Watch) -> bool:
        """Return whether what ``watch`` has counted is still what its protection counts."""
        now = self.in_force[watch.protection.name]
        return (watch.protection.maker, watch.protection.symbols) == (now.maker, now.symbols)

    def count(self, order: Order, last_qty: Qty) -> list[tuple[Watch, Frozen]]:
        """Count a fill of ``order``, a side of a quote; return what is frozen by it."""
        tripped = []
        for watch in self._of(order.session, order.firm, order.symbol):
            if self._frozen(watch) is not None:
                continue
            watch.add((self._now_ns(), *self._counted(order, last_qty)))
            text = watch.reached()
            if text is not None:
                tripped.append((watch, watch.freeze(text, self._now_ns())))
        return tripped

    def would_pull(
        self, order: Order, opposite: BookSide, band: Band | None, guard: Guard | None, *, is_shared: bool
    ) -> int:
        """Return how much of the quotes that ``order`` could trade with is pulled before it comes to them.

        Where a price is shared out it is not foreseen who trades how often: no quote that is watched counts there.
        """
        seen: dict[Watch, Watch] = {}
        reached: set[Watch] = set()
        pulled = 0
        for level in opposite:
            if not crosses(order, level) or not (band is None or band.has(level.price)):
                break
            for resting in level:
                if resting.quote_entry_id is None or (guard is not None and guard.prevents(resting)):
                    continue
                watches = self._of(resting.session, resting.firm, resting.symbol)
                if reached.intersection(watches) or (watches and is_shared):
                    pulled += resting.leaves_qty
                    continue
                for watch in watches:
                    counting = seen.setdefault(watch, watch.copy())
                    counting.add((self._now_ns(), *self._counted(resting, resting.leaves_qty)))
                    if counting.reached() is not None:
                        reached.add(watch)
        return pulled

    def _counted(self, order: Order, last_qty: Qty) -> tuple[int, int]:
        qty = last_qty * 10 ** (SCALE_MAX - order.qty_scale)
        delta = qty * self._instruments[order.symbol].multiplier
        return qty, delta if order.side is Side.BUY else -delta

    def frozen(self, session: str, firm: str, symbol: str) -> Frozen | None:
        """Return why a session's quotes in ``symbol`` are not taken now, or None."""
        if not self.in_force:
            return None
        found = (self._frozen(watch) for watch in self._of(session, firm, symbol))
        return next((frozen for frozen in found if frozen is not None), None)

    def _frozen(self, watch: Watch) -> Frozen | None:
        """Return how ``watch`` is frozen now: what is over by the time of the command ends here."""
        frozen = watch.frozen
        if frozen is not None and 0 < frozen.until_ns <= self._now_ns():
            watch.thaw()
        return watch.frozen

    def _of(self, session: str, firm: str, symbol: str) -> list[Watch]:
        key = session, firm, symbol
        if key not in self._found:
            self._found[key] = list(self._find(*key))
        return self._found[key]

    def _find(self, session: str, firm: str, symbol: str) -> Iterator[Watch]:
        for name in sorted(self.in_force):
            protection = self.in_force[name]
            if protection.maker not in (f"session:{session}", f"firm:{firm}"):
                continue
            if not protection.symbols or symbol in protection.symbols:
                counted = "" if protection.symbols else symbol
                yield self._watches.setdefault((name, counted), Watch(protection, counted))

    def reset_of_session(self, session: str, firm: str) -> list[ProtectionReset]:
        """Take the quotes of a session again, because it says so; return what was frozen."""
        why = "QuoteCancel(35=Z), QuoteCancelType(298)=4"
        events = []
        for (name, symbol), watch in sorted(self._watches.items()):
            if watch.is_of(session, firm) and self._frozen(watch) is not None:
                watch.thaw()
                events.append(ProtectionReset(name, symbol, session, why))
        return events

    def answer(self, command: ProtectionCommand) -> ProtectionSet | ProtectionReset | OperatorRefused:
        """Do what an operator asks, or say why not."""
        refused = self._why_not(command)
        if refused is not None:
            return OperatorRefused(command.operator, refused)
        if isinstance(command, SetProtection):
            protection = self.in_force[command.name].changed(command.changes)
            self._put(protection)
            return ProtectionSet(protection, command.operator, command.reason)
        for (name, symbol), watch in self._watches.items():
            if name == command.name and command.symbol in ("", symbol):
                watch.thaw()
        return ProtectionReset(command.name, command.symbol, command.operator, command.reason)

    def _why_not(self, command: ProtectionCommand) -> str | None:
        protection = self.in_force.get(command.name)
        if protection is None:
            names = ", ".join(sorted(self.in_force)) or "none"
            return f"there is no market maker protection {command.name}; there are: {names}"
        if isinstance(command, SetProtection):
            wrong = (wrong_change(change) for change in command.changes)
            return next(filter(None, wrong), None) if command.changes else "no value was named"
        if command.symbol and protection.symbols:
            return f"{command.name} counts {len(protection.symbols)} instruments together; reset it as a whole"
        if command.symbol and command.symbol not in self._instruments:
            return f"there is no instrument {command.symbol}"
        return None

    def all(self) -> tuple[MakerProtection, ...]:
        """Return the protections in force, by name."""
        return tuple(each for _, each in sorted(self.in_force.items()))

    def all_frozen(self) -> tuple[Frozen, ...]:
        """Return what is frozen; what has a time of its own may be over by now."""
        return tuple(watch.frozen for _, watch in sorted(self._watches.items()) if watch.frozen is not None)

    def set_by_operators(self) -> tuple[str, ...]:
        """Return the names of those whose values are not those of the configuration."""
        return tuple(name for name, each in sorted(self.in_force.items()) if each != self._configured.get(name))

    # Snapshots.

    def state(self) -> ProtectionState:
        watches = [
            WatchState(*key, [(time, str(qty), str(delta)) for time, qty, delta in watch.fills], watch.frozen)
            for key, watch in sorted(self._watches.items())
            if watch.fills or watch.frozen is not None
        ]
        return ProtectionState(list(self.all()), watches)

    def restore(self, state: ProtectionState, configured: Iterable[MakerProtection]) -> None:
        self._configured = {each.name: each for each in configured}
        self.in_force = {each.name: each for each in state.in_force}
        for of_watch in state.watches:
            key = of_watch.name, of_watch.symbol
            watch = self._watches[key] = Watch(self.in_force[of_watch.name], of_watch.symbol)
            watch.frozen = of_watch.frozen
            for time_ns, qty, delta in of_watch.fills:
                watch.fills.append((time_ns, int(qty), int(delta)))
                watch.qty += int(qty)
                watch.delta += int(delta)


def refusal_text(frozen: Frozen, frozen_s: int) -> str:
    """Return what a maker is told whose quote is refused."""
    how = "QuoteCancel(35=Z) with QuoteCancelType(298)=4 resets it"
    return f"{frozen.text}: no quotes are taken{f' for {frozen_s} s' if frozen.until_ns else ''}; {how}"


def _scaled(value: Decimal) -> int:
    # A limit finer than any quantity is reached by the next quantity above it.
    return int(value.scaleb(SCALE_MAX).to_integral_value(ROUND_CEILING))


def _decimal(value: int) -> str:
    return format_shortest(value, SCALE_MAX)
