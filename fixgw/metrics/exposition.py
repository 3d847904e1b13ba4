"""The exposition: what is counted and seen of the venue, as Prometheus reads it."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from fixgw.metrics.board import Notice
from fixgw.metrics.health import Health
from fixgw.metrics.observation import Observation
from fixgw.metrics.stages import BOUNDS_NS, Histogram
from fixgw.metrics.tally import Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The oldest version, which every Prometheus reads; names like ours are the same in all of them."""

Labels = TypeVar("Labels", bound=tuple[str, ...])


class Family(NamedTuple):
    """A metric: its name says its unit, and ends in ``_total`` when it only rises; docs/monitoring.md has the same."""

    name: str
    labels: tuple[str, ...]
    meaning: str

    def of(self, values: Mapping[Labels, float]) -> Metric:
        make = CounterMetricFamily if self.name.endswith("_total") else GaugeMetricFamily
        metric: Metric = make(self.name, self.meaning, labels=self.labels)
        for labels, value in sorted(values.items()):
            metric.add_metric(labels, value)  # type: ignore[attr-defined]
        return metric

    def one(self, value: float) -> Metric:
        return self.of({(): value})

    def distribution(self, histograms: Mapping[str, Histogram]) -> Metric:
        """The one label of this family is the key."""
        metric = HistogramMetricFamily(self.name, self.meaning, labels=self.labels)
        for label, histogram in histograms.items():
            metric.add_metric([label], _cumulative(histogram), histogram.sum_ns / 1e9)
        return metric


ORDERS = Family("fixgw_orders_total", ("ord_type", "symbol", "result"), "New orders: accepted, rejected or resent")
ORDER_REJECTS = Family("fixgw_order_rejects_total", ("reason",), "Rejected orders by OrdRejReason(103)")
CHANGE_REJECTS = Family(
    "fixgw_change_rejects_total", ("request", "reason"), "Rejected cancels and replaces by CxlRejReason(102)"
)
RISK_REFUSALS = Family("fixgw_risk_refusals_total", ("check",), "Orders and replaces that pre-trade risk refused")
TRADES = Family("fixgw_trades_total", ("symbol",), "Trades")
TRADE_AMENDMENTS = Family(
    "fixgw_trade_amendments_total", ("symbol", "what"), "Trades that operators have undone or corrected"
)
FILLS = Family("fixgw_fills_total", ("symbol", "ord_status"), "Fills told, two a trade, by OrdStatus(39) after it")
TRADED_QTY = Family("fixgw_traded_qty_total", ("symbol",), "Quantity traded, in units of the instrument")
TRADED_NOTIONAL = Family("fixgw_traded_notional_total", ("symbol",), "Price times quantity times multiplier traded")
CANCELS = Family(
    "fixgw_cancels_total",
    ("symbol", "by"),
    "Canceled orders: by client, mass_cancel, operator, self_match, quote (a quote that takes a side of its own away),"
    " list or venue",
)
EXPIRATIONS = Family("fixgw_expired_orders_total", ("symbol",), "Orders that expired at the end of their day")
REPLACES = Family("fixgw_replaces_total", ("symbol",), "Replaced orders")
MASS_CANCELS = Family("fixgw_mass_cancels_total", ("result",), "Mass cancel requests")
OPEN_ORDERS = Family("fixgw_open_orders", ("symbol",), "Open orders")
OPERATOR_COMMANDS = Family("fixgw_operator_commands_total", ("command", "result"), "Commands of operators")
KILL_SWITCHES = Family("fixgw_kill_switches", (), "Kill switches in force")
KILL_SWITCH = Family("fixgw_kill_switch", ("scope",), "1 for each scope whose kill switch is in force")
HALTED = Family("fixgw_instrument_halted", ("symbol",), "Whether an operator has halted or suspended the instrument")
DISABLED_SESSIONS = Family("fixgw_sessions_disabled", (), "Sessions that operators keep out")
LOGONS = Family("fixgw_session_logons_total", ("session",), "Logons")
SESSIONS = Family("fixgw_sessions_logged_on", (), "Sessions that are logged on")
SESSION = Family("fixgw_session_logged_on", ("session",), "1 for each session that is logged on")
STAGE = Family("fixgw_stage_seconds", ("stage",), "How long a stage took a request, with all of its batch")
WAITING = Family("fixgw_requests_waiting", (), "Requests that wait for their turn")
BATCHES = Family("fixgw_batches_total", (), "Batches of requests")
PASSES = Family("fixgw_passes_total", (), "Times that QuickFIX was asked to read")
MESSAGES_SENT = Family("fixgw_messages_sent_total", (), "Messages handed to QuickFIX")
SESSION_MESSAGES = Family(
    "fixgw_session_messages_total", ("msg_type",), "Messages that no event brought about, as rejects at the door"
)
FRAMES = Family("fixgw_journal_frames_total", (), "Frames of the journal, one for each command")
JOURNAL_BYTES = Family("fixgw_journal_bytes", (), "Size of the journal")
JOURNAL_SEGMENTS = Family("fixgw_journal_segments", (), "Files of the journal")
DISK_FREE = Family("fixgw_disk_free_bytes", (), "Free on the disk of the data folder")
DISK = Family("fixgw_disk_bytes", (), "Size of the disk of the data folder")
FOLLOWER_LAG = Family("fixgw_follower_lag_frames", ("follower",), "Frames of the journal that a follower has yet to do")
PROCESS_UP = Family("fixgw_process_up", ("process",), "Whether the process is running")
PROCESS_RESTARTS = Family("fixgw_process_restarts_total", ("process",), "Times the process was started again")
PROCESS_CPU = Family("fixgw_process_cpu_seconds_total", ("process",), "Processor time used")
PROCESS_RESIDENT = Family("fixgw_process_resident_bytes", ("process",), "Resident memory")
READY = Family("fixgw_ready", (), "Whether the venue is ready, as /health/ready says")
CHECK = Family("fixgw_health_check", ("check",), "Whether this check of /health/ready passes")


class Exposition(Collector):
    """Makes all families anew for each scrape."""

    def __init__(self, tally: Tally, lock: threading.Lock, look: Callable[[], tuple[Observation, Health]]) -> None:
        """``lock`` is held while ``tally`` changes."""
        self._tally = tally
        self._lock = lock
        self._look = look
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def render(self) -> bytes:
        """Return the text format of Prometheus."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        observation, health = self._look()
        with self._lock:
            counted = list(_counted(self._tally)) if health.is_caught_up else []
        # What a gateway that is gone told last is no longer so.
        told = _told(observation.notice) if observation.notice is not None and health.is_gateway_alive else ()
        return [*counted, *_seen(observation), *told, *_healthy(health)]


def _counted(tally: Tally) -> Iterator[Metric]:
    yield ORDERS.of(tally.orders)
    yield ORDER_REJECTS.of(tally.order_rejects)
    yield CHANGE_REJECTS.of(tally.change_rejects)
    yield RISK_REFUSALS.of(tally.risk_refusals)
    yield TRADES.of(tally.trades)
    yield TRADE_AMENDMENTS.of(tally.trade_amendments)
    yield FILLS.of(tally.fills)
    yield TRADED_QTY.of(tally.traded_qty)
    yield TRADED_NOTIONAL.of(tally.traded_notional)
    yield CANCELS.of(tally.cancels)
    yield EXPIRATIONS.of(tally.expirations)
    yield REPLACES.of(tally.replaces)
    yield MASS_CANCELS.of(tally.mass_cancels)
    yield OPEN_ORDERS.of({(symbol,): count for symbol, count in tally.open_orders.items()})
    yield OPERATOR_COMMANDS.of(tally.operator_commands)
    yield KILL_SWITCHES.one(len(tally.killed))
    yield KILL_SWITCH.of({(scope,): 1 for scope in tally.killed})
    yield HALTED.of({(symbol,): tally.is_halted(symbol) for symbol in tally.open_orders})
    yield DISABLED_SESSIONS.one(len(tally.disabled))
    yield LOGONS.of(tally.logons)
    yield SESSION_MESSAGES.of(tally.session_messages)
    yield FRAMES.one(tally.sequence)


def _seen(observation: Observation) -> Iterator[Metric]:
    processes = observation.processes or ()
    yield JOURNAL_BYTES.one(observation.journal_bytes)
    yield JOURNAL_SEGMENTS.one(observation.journal_segments)
    yield DISK_FREE.one(observation.disk_free_bytes)
    yield DISK.one(observation.disk_bytes)
    yield PROCESS_UP.of({(process.name,): process.state == "running" for process in processes})
    yield PROCESS_RESTARTS.of({(process.name,): process.restarts for process in processes})
    yield PROCESS_CPU.of({(name,): used.cpu_s for name, used in observation.usage.items()})
    yield PROCESS_RESIDENT.of({(name,): used.resident_bytes for name, used in observation.usage.items()})


def _told(notice: Notice) -> Iterator[Metric]:
    yield SESSIONS.one(len(notice.sessions))
    yield SESSION.of({(session,): 1 for session in notice.sessions})
    yield STAGE.distribution(notice.stages)
    yield WAITING.one(notice.waiting)
    yield BATCHES.one(notice.batches)
    yield PASSES.one(notice.passes)
    yield MESSAGES_SENT.one(notice.sent)


def _healthy(health: Health) -> Iterator[Metric]:
    yield FOLLOWER_LAG.of({(name,): lag for name, lag in health.lags.items()})
    yield READY.one(health.is_ready)
    yield CHECK.of({(check.name,): check.reason is None for check in health.checks})


def _cumulative(histogram: Histogram) -> list[tuple[str, float]]:
    bounds = [f"{bound / 1e9:.3g}" for bound in BOUNDS_NS]
    return list(zip([*bounds, "+Inf"], histogram.cumulative(), strict=True))
