"""The schedule: which step of a trading day, which phase, or which orders' expiry, is due, by the clock and the core.

It only looks.  How far a day and each instrument's phases have come is in the journal, so that a venue that was killed
in the middle of anything goes on where it was, and does nothing twice.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from fixgw.config.load import DaySettings
from fixgw.core import Core
from fixgw.engine.indicative import SLICE_MAX
from fixgw.spec.breaker import CircuitBreaker
from fixgw.spec.chance import drawn
from fixgw.spec.commands import (
    BeginDay,
    Command,
    EndDay,
    ExpireDueOrders,
    HaltInstrument,
    PauseTrading,
    ResetSession,
    ResumeInstrument,
    SetPhase,
    TellIndicatives,
    TimeCall,
    TimeHalt,
)
from fixgw.spec.fixed import format_fixed, format_ratio
from fixgw.spec.instrument import Instrument
from fixgw.spec.phase import Phase
from fixgw.spec.scope import VENUE
from fixgw.spec.trading_day import DayPhase
from fixgw.timetable import Step, Timetable

OPERATOR = "schedule"
"""Who ends days, resets sessions and changes phases, in the journal."""

PHASES_MAX = 50
"""Changes of phase of one batch: each may be an uncross, and others wait for it."""

INDICATIVES_EVERY_NS = 500_000_000
"""How often it is told what calls would come to, where that has changed."""

_NS = 1_000_000_000


class Schedule:
    """Between two batches it says what is to be decided next."""

    def __init__(
        self,
        settings: DaySettings,
        core: Callable[[], Core],
        clock_ns: Callable[[], int],
        timetables: Mapping[str, Timetable] | None = None,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        """``timetables`` are by segment."""
        self._breaker = breaker
        self._settings = settings
        self._timetables = timetables or {}
        self._indicated_ns = 0
        self._to_indicate = 0
        self._core = core
        self._clock_ns = clock_ns

    def due(self, sessions_are_settled: bool) -> list[Command]:
        """Return the next step, or nothing; ``sessions_are_settled`` when no session is still to be logged out."""
        day = self._core().day
        match day.phase:
            case DayPhase.OPEN if self._settings.end is None:
                return self._of_the_market()
            case DayPhase.OPEN if day.date is None:
                return [BeginDay(self.date_now(), False)]
            case DayPhase.OPEN if day.date is not None and day.date < self.date_now():
                return [EndDay(OPERATOR, f"{self._settings.end:%H:%M} {self._settings.time_zone}", day.date)]
            case DayPhase.OPEN:
                return self._of_the_market()
            case DayPhase.ENDED:
                return self._resets() or ([self._begin()] if sessions_are_settled else [])
            case _:
                return []  # the sequencer goes on with the orders by itself

    def date_now(self) -> str:
        """Return the date of the trading day that the clock is in, ISO 8601: from its end on, a date is over."""
        seconds = self._clock_ns() // _NS
        local = datetime.fromtimestamp(seconds, self._settings.time_zone)
        return _following(local.date()) if self._is_over(local.date(), seconds) else local.date().isoformat()

    def trading_date(self) -> str:
        """Return the date of the trading day that orders count for: a day that was ended by hand is over before."""
        return max(self.date_now(), self._core().day.date or "")

    def _of_the_market(self) -> list[Command]:
        halts = self._breaks() or self._pauses()
        phases = self._phases() or self._interruptions() or self._limit_states()
        return halts or phases or self._expiry() or self._indicatives()

    # Phases.

    def _phases(self) -> list[Command]:
        """Return a few of the changes of phase that are due: of each instrument the last one only.

        What has passed meanwhile, while the venue was down or the instrument halted, is passed over: nobody could
        enter an order in it.  An operator's phase stays until the next step.
        """
        due: list[Command] = []
        core, now_ns = self._core(), self._clock_ns()
        if not self._timetables and not core.exchange.market.phases.scheduled:
            return due
        for instrument in core.exchange.market.instruments.values():
            timetable = self._timetables.get(instrument.segment)
            if timetable is None:
                due += self._out_of_segment(instrument)
                continue
            done_ns = core.exchange.market.phases.scheduled.get(instrument.symbol, 0)
            for step in reversed(timetable.begun(now_ns)):
                if step.time_ns <= done_ns:
                    break
                if now_ns < step.time_ns + self._delay_ns(step, instrument.symbol):
                    continue
                if core.why_no_phase(instrument.symbol) is None:
                    due.append(SetPhase(OPERATOR, step.reason, instrument.symbol, step.phase, step.time_ns))
                break
            if len(due) == PHASES_MAX:
                break
        return due

    def _out_of_segment(self, instrument: Instrument) -> list[Command]:
        """Have one trade on that is no longer in a segment, and is in the phase of the last step that it had there."""
        core, symbol = self._core(), instrument.symbol
        phases = core.exchange.market.phases
        if instrument.segment or symbol not in phases.scheduled or symbol not in phases.other:
            return []
        if core.why_no_phase(symbol) is not None:
            return []
        return [SetPhase(OPERATOR, "it is in no segment any more", symbol, Phase.CONTINUOUS)]

    def _delay_ns(self, step: Step, symbol: str) -> int:
        """Return how much later than its time ``step`` comes, the same after a restart: the seed is in the journal."""
        if not step.random_ns:
            return 0
        return drawn(self._core().exchange.market.seed, step.time_ns, *symbol.encode()) % (step.random_ns + 1)

    def _interruptions(self) -> list[Command]:
        """Say when volatility auctions end that orders have begun, and end those whose time has come."""
        due: list[Command] = []
        core, now_ns = self._core(), self._clock_ns()
        for symbol, ends_ns in core.exchange.market.phases.interrupted.items():
            instrument = core.exchange.market.instruments.get(symbol)
            if instrument is None:
                continue
            if not ends_ns:
                longer = drawn(core.exchange.market.seed, now_ns, *symbol.encode())
                longer_ns = longer % (instrument.volatility_random_end_s * _NS + 1)
                due.append(TimeCall(symbol, now_ns + instrument.volatility_auction_s * _NS + longer_ns))
            elif ends_ns <= now_ns and core.why_no_phase(symbol) is None:
                reason = "the volatility auction is over"
                due.append(SetPhase(OPERATOR, reason, symbol, Phase.CONTINUOUS))
        return due[:PHASES_MAX]

    def _limit_states(self) -> list[Command]:
        """Have trading pause where limit states have lasted long enough."""
        core, now_ns = self._core(), self._clock_ns()
        market = core.exchange.market
        due: list[Command] = [
            PauseTrading(symbol)
            for symbol, state in market.limit_states.items()
            if state.ends_ns(market.instruments[symbol]) <= now_ns and core.why_no_phase(symbol) is None
        ]
        return due[:PHASES_MAX]

    # Halts.

    def _breaks(self) -> list[Command]:
        """Return the halt of all instruments when a level of the circuit breaker is reached, each once a day."""
        breaker, core = self._breaker, self._core()
        if breaker is None:
            return []
        prices = self._prices_of(breaker)
        level = breaker.reached(prices)
        if level <= core.gate.restrictions.breaker_level:
            return []
        reached, why = breaker.levels[level - 1], self._why_it_breaks(breaker, prices)
        reason = f"circuit breaker level {level}: {why}"
        return [HaltInstrument(OPERATOR, reason, VENUE, reached.pause_s, level, reached.for_day)]

    def _prices_of(self, breaker: CircuitBreaker) -> dict[str, tuple[int, int]]:
        """Return reference price and last price of what has traded today: what fell on a day before has not fallen."""
        market = self._core().exchange.market
        prices: dict[str, tuple[int, int]] = {}
        for symbol in breaker.weights:
            instrument, last = market.instruments.get(symbol), market.last_trades.get(symbol)
            reference = None if instrument is None else instrument.reference_price
            if last is not None and reference is not None and reference > 0 and market.trades.has(symbol):
                prices[symbol] = reference, last
        return prices

    def _why_it_breaks(self, breaker: CircuitBreaker, prices: Mapping[str, tuple[int, int]]) -> str:
        if len(breaker.weights) > 1:
            percent = format_ratio(breaker.fall(prices).numerator * 100, breaker.fall(prices).denominator, 2)
            return f"the index of {len(breaker.weights)} instruments has fallen {percent} per cent"
        ((symbol, (reference, last)),) = prices.items()
        scale = self._core().exchange.market.instruments[symbol].price_scale
        return f"{symbol} is at {format_fixed(last, scale)}, from {format_fixed(reference, scale)}"

    def _pauses(self) -> list[Command]:
        """Say when pauses end, and resume those whose time, or whose day, has come to its end."""
        due: list[Command] = []
        now_ns = self._clock_ns()
        for name, halt in self._core().gate.restrictions.halted.items():
            if halt.pause_s and not halt.until_ns:
                due.append(TimeHalt(name, now_ns + halt.pause_s * _NS))
            elif halt.day is not None and halt.day != (self._core().day.date or ""):
                due.append(ResumeInstrument(OPERATOR, "the trading day that it was for is over", name))
            elif 0 < halt.until_ns <= now_ns:
                due.append(ResumeInstrument(OPERATOR, f"the pause of {halt.pause_s} s is over", name))
        return due

    # Calls.

    def _indicatives(self) -> list[Command]:
        """Have it told what the calls that have changed would come to, each once in a while."""
        changed, now_ns = len(self._core().exchange.market.indicatives.changed), self._clock_ns()
        if not changed:
            return []
        if self._to_indicate <= 0:
            if 0 <= now_ns - self._indicated_ns < INDICATIVES_EVERY_NS:
                return []
            self._indicated_ns, self._to_indicate = now_ns, changed
        self._to_indicate -= SLICE_MAX
        return [TellIndicatives()]

    # Expiry.

    def _expiry(self) -> list[Command]:
        now_ns, date = self._clock_ns(), self.trading_date()
        is_due = self._core().exchange.market.expiries.next_due(now_ns, date) is not None
        return [ExpireDueOrders(now_ns, date)] if is_due else []

    def _is_over(self, day: date, seconds: int) -> bool:
        end = self._settings.end
        return end is not None and seconds >= datetime.combine(day, end, self._settings.time_zone).timestamp()

    def _resets(self) -> list[Command]:
        configuration, day = self._core().configuration, self._core().day
        if not self._settings.reset_sequence_numbers or configuration is None:
            return []
        reason = f"the trading day {day.date} has ended"
        sessions = (participant.session for participant in configuration.participants)
        return [ResetSession(OPERATOR, reason, each) for each in sessions if each not in day.sessions_reset]

    def _begin(self) -> BeginDay:
        """A day that was ended before its time is followed by that of the next date."""
        ended = self._core().day.date
        assert ended is not None
        return BeginDay(max(self.date_now(), _following(date.fromisoformat(ended))), self._settings.restate_gtc)


def _following(day: date) -> str:
    return (day + timedelta(days=1)).isoformat()
