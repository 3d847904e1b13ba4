"""What may stand in venue.toml: every key with its kind, its default and its meaning.

``docs/configuration.md`` has these tables too, and a test compares them.
"""

from dataclasses import dataclass
from datetime import UTC

from fixgw.config.readers import (
    ACCOUNT,
    BOOLEAN,
    CALENDAR,
    COMP_ID,
    DATES,
    DAYS_OF_WEEK,
    EARLY_CLOSES,
    FIRM,
    GROUP,
    INTERFACE,
    LOCAL_TIME,
    REDIS_URL,
    SEGMENT_NAME,
    SYMBOL,
    SYMBOLS,
    TICKS,
    TIME_OF_DAY,
    TIME_ZONE,
    Kind,
    number,
    one_of,
    whole_number,
)
from fixgw.spec.instrument import SCALE_MAX
from fixgw.spec.segment import MAY_FOLLOW


class Required:
    """Stands where a default would, in a key that has none."""


REQUIRED = Required()


@dataclass(frozen=True)
class Key:
    """One key of one table.  ``example`` is TOML, as it would stand after the equals sign."""

    name: str
    kind: Kind
    default: object
    meaning: str
    example: str
    default_in_words: str = ""

    @property
    def default_text(self) -> str:
        """The default as the documentation has it."""
        if self.default is REQUIRED:
            return "required"
        if self.default_in_words:
            return self.default_in_words
        if isinstance(self.default, bool):
            return "`true`" if self.default else "`false`"
        return f'`"{self.default}"`' if isinstance(self.default, str) else f"`{self.default}`"


VENUE = (Key("comp_id", COMP_ID, "FIXGW", "CompID of the venue: TargetCompID(56) of what clients send", '"FIXGW"'),)

ORDER_ENTRY = (
    Key(
        "port",
        whole_number(1, 65535, 9876),
        9876,
        "TCP port of the FIX acceptor; on the loopback interface only",
        "9876",
    ),
    Key(
        "stale_order_s",
        whole_number(0, 86_400, 30),
        30,
        "An order that comes again with PossDupFlag(43)=Y and is older than so many seconds by OrigSendingTime(122) "
        "is refused; 0 takes orders of any age",
        "30",
    ),
)

JOURNAL = (
    Key(
        "durability",
        one_of("process", "interval", "disk"),
        "process",
        "When a report may leave: `process`, when the operating system has its frame, so that a killed process loses "
        "nothing; `interval`, the same, and a power cut loses the last `interval_ms` at most; `disk`, when its frame "
        "is on the disk, so that a power cut loses nothing (docs/journal.md has what each costs)",
        '"process"',
    ),
    Key(
        "interval_ms",
        whole_number(1, 60_000, 100),
        100,
        "With `interval`: how long what is written may wait for the disk, in milliseconds",
        "100",
    ),
    Key(
        "segment_mb",
        whole_number(1, 4096, 256),
        256,
        "How large a file of the journal becomes before the next one begins, in MB of 1,048,576 bytes",
        "256",
    ),
    Key(
        "snapshot_every",
        whole_number(10, 100_000_000, 25_000),
        25_000,
        "How many commands there are between two snapshots: a start replays at most as many, some seconds for 25,000",
        "25000",
    ),
    Key(
        "keep_days",
        whole_number(0, 36_500, 0),
        0,
        "How many days the journal goes back, at least; 0 is for ever. Older files are removed once they are packed, "
        "behind the oldest snapshot, and read by all who follow; messages in them are not sent again (docs/journal.md, "
        "Retention)",
        "365",
    ),
)

DROP_COPY = (
    Key(
        "port",
        whole_number(1, 65535, 9877),
        9877,
        "TCP port of the FIX acceptor for copies of executions; on the loopback interface only",
        "9877",
    ),
)

MARKET_DATA = (
    Key(
        "port",
        whole_number(1, 65535, 9878),
        9878,
        "TCP port of the FIX acceptor for market data; on the loopback interface only",
        "9878",
    ),
)

MULTICAST = (
    Key(
        "interface",
        INTERFACE,
        "127.0.0.1",
        "The interface of this host that packets leave by, and are joined on",
        '"127.0.0.1"',
    ),
    Key("ttl", whole_number(0, 255, 0), 0, "How many routers a packet may pass; 0 stays on this host", "0"),
    Key("a", GROUP, ("239.192.0.1", 20001), "The A feed", '"239.192.0.1:20001"', '`"239.192.0.1:20001"`'),
    Key(
        "b",
        GROUP,
        ("239.192.0.2", 20002),
        "The same packets again",
        '"239.192.0.2:20002"',
        '`"239.192.0.2:20002"`',
    ),
    Key(
        "snapshots",
        GROUP,
        ("239.192.0.3", 20003),
        "Whole books, one after the other",
        '"239.192.0.3:20003"',
        '`"239.192.0.3:20003"`',
    ),
    Key(
        "retransmission_port",
        whole_number(1, 65535, 20004),
        20004,
        "TCP port where packets that were lost are asked for again; on 127.0.0.1",
        "20004",
    ),
)

REDIS = (
    Key(
        "url",
        REDIS_URL,
        None,
        "A Redis to publish market data to; without it the venue starts one of its own, which listens on a Unix socket "
        "in the data folder only",
        '"redis://127.0.0.1:6379"',
        "one of the venue's own",
    ),
)

METRICS = (
    Key(
        "port",
        whole_number(1, 65535, 9108),
        9108,
        "TCP port of `/metrics` and `/health` over HTTP; on the loopback interface only",
        "9108",
    ),
)

DAY = (
    Key(
        "end",
        LOCAL_TIME,
        None,
        "When the trading day ends, local time: Day orders expire, and the next day begins; empty for trading round "
        "the clock without an end of day",
        '"17:00"',
        '`""`',
    ),
    Key("time_zone", TIME_ZONE, UTC, "The time zone of `end` and of dates", '"Europe/London"', '`"UTC"`'),
    Key(
        "restate_gtc",
        BOOLEAN,
        False,
        "Whether each order that goes on into the next day is restated as it begins: ExecType(150)=D, "
        "ExecRestatementReason(378)=1",
        "true",
    ),
    Key(
        "reset_sequence_numbers",
        BOOLEAN,
        False,
        "Whether order-entry sessions are logged out at the end of the day, and begin at MsgSeqNum(34)=1 again",
        "true",
    ),
)

LOG = (
    Key(
        "format",
        one_of("console", "json"),
        "console",
        "How log lines are written, for people or programs",
        '"json"',
    ),
    Key(
        "messages",
        BOOLEAN,
        True,
        "Whether every FIX message is written to a file of its session and day, with secrets masked (docs/logs.md)",
        "true",
    ),
)

LIMITS = (
    Key(
        "order_qty_max",
        number("1000000", above=0),
        None,
        "Most quantity of one order, in units of the instrument (shares, contracts, coins)",
        "1_000_000",
        "no limit",
    ),
    Key(
        "order_notional_max",
        number("1000000", above=0),
        None,
        "Most notional of one order: price times quantity times multiplier, in the instrument's currency",
        "1_000_000_000",
        "no limit",
    ),
    Key(
        "price_collar_percent",
        number("10", above=0),
        None,
        "How far from the reference price a limit price may be, in per cent of it",
        "10",
        "no limit",
    ),
    Key(
        "open_notional_max",
        number("1000000", above=0),
        None,
        "Most notional an account may have in resting orders, both sides added, over all instruments",
        "1_000_000_000_000",
        "no limit",
    ),
)

SEGMENT = (
    Key("time_zone", TIME_ZONE, UTC, "The time zone of all times of the segment", '"America/New_York"', '`"UTC"`'),
    Key(
        "weekdays",
        DAYS_OF_WEEK,
        None,
        "The days of its sessions; with a calendar, which of its days",
        '["mon", "wed", "fri"]',
        "Monday to Friday; with a calendar, all of its days",
    ),
    Key(
        "calendar",
        CALENDAR,
        None,
        "A calendar of exchange_calendars, by its name there: its holidays have no session, and on days when it closes "
        "early the phases after continuous trading come earlier",
        '"XNYS"',
        "none",
    ),
    Key(
        "holidays",
        DATES,
        frozenset(),
        "Days without a session, beside those of the calendar",
        '["2026-12-24"]',
        "none",
    ),
    Key(
        "early_closes",
        EARLY_CLOSES,
        {},
        "Days on which the close comes earlier, and when, whatever the calendar says of them",
        '{ "2026-12-31" = "13:00" }',
        "none",
    ),
)
"""A segment has ``phases`` besides."""

BREAKER_LEVEL = (
    Key(
        "fall_percent",
        number("7", above=0),
        REQUIRED,
        "How far the last trade is below `reference_price`, in per cent of that, or how far the index has fallen, with "
        "four decimals at most",
        "7",
    ),
    Key(
        "pause_s",
        whole_number(1, 86_400, 900),
        0,
        "How many seconds all instruments are halted",
        "900",
        "until the operator resumes them",
    ),
    Key(
        "for_day",
        BOOLEAN,
        False,
        "Whether they are halted until the next trading day begins, or the operator resumes them",
        "true",
    ),
)

PHASE_ENTRY = (
    Key("at", TIME_OF_DAY, REQUIRED, "When the phase begins, local time, `HH:MM` or `HH:MM:SS`", '"09:30"'),
    Key("phase", one_of(*MAY_FOLLOW), REQUIRED, "What begins", '"continuous"'),
    Key("day", whole_number(-1, 0, -1), 0, "-1 for the evening before the day of the session", "-1"),
    Key(
        "random_end_s",
        whole_number(1, 600, 30),
        0,
        "With a call: it ends up to so many seconds after the time of the next phase, drawn for each instrument",
        "30",
        "at that time",
    ),
)

PROTECTION = (
    Key("session", COMP_ID, None, "The market maker: one session, by its CompID", '"CLIENT3"', "`firm` instead"),
    Key(
        "firm",
        FIRM,
        None,
        "The market maker: all sessions of a firm, counted together",
        '"GAMMA"',
        "`session` instead",
    ),
    Key(
        "instruments",
        SYMBOLS,
        (),
        "Instruments that are counted, and frozen, together",
        '["AAPL", "MSFT"]',
        "each instrument by itself",
    ),
    Key(
        "window_ms",
        whole_number(1, 86_400_000, 1000),
        REQUIRED,
        "How far back trades count, in milliseconds",
        "1000",
    ),
    Key(
        "fills_max",
        whole_number(1, 1_000_000_000, 10),
        None,
        "With so many trades of its quotes within the window they are pulled",
        "10",
        "no limit",
    ),
    Key(
        "qty_max",
        number("500", above=0),
        None,
        "With so much quantity, in units of the instruments",
        "500",
        "no limit",
    ),
    Key(
        "delta_max",
        number("300", above=0),
        None,
        "With so much more bought than sold, or sold than bought, in units times the multiplier",
        "300",
        "no limit",
    ),
    Key(
        "frozen_s",
        whole_number(1, 86_400, 5),
        0,
        "After how many seconds quotes are taken again by themselves",
        "5",
        "when it is reset",
    ),
)

INSTRUMENT = (
    Key("symbol", SYMBOL, REQUIRED, "Symbol(55)", '"AAPL"'),
    Key("tick", number("0.01", above=0), REQUIRED, "The step of prices", '"0.01"'),
    Key(
        "ticks",
        TICKS,
        (),
        "The steps of higher prices, each from a price on that is a multiple of it and of the step below",
        '["0.05 from 5", "0.10 from 10"]',
        "one step for all prices",
    ),
    Key("lot", number("1", above=0), REQUIRED, "The step of quantities", '"1"'),
    Key(
        "multiplier",
        whole_number(1, 1_000_000_000, 50),
        1,
        "What one unit is worth at a price of 1: 50 for a future of 50 times the index",
        "50",
    ),
    Key(
        "segment",
        SEGMENT_NAME,
        None,
        "The segment whose schedule it follows, one of `[segments.NAME]`",
        '"us-equities"',
        "none: continuous trading round the clock",
    ),
    Key("allows_negative_price", BOOLEAN, False, "Whether Price(44) may be zero or below, as for spreads", "true"),
    Key(
        "market_protection_ticks",
        whole_number(1, 1_000_000_000, 20),
        None,
        "How far beyond the best opposite price an order at market may trade, in ticks; the rest is canceled",
        "20",
        "no protection",
    ),
    Key(
        "market_protection_percent",
        number("2", above=0),
        None,
        "The same in per cent of that price, with four decimals at most; with both, the nearer counts",
        "2",
        "no protection",
    ),
    Key(
        "reference_price",
        number("100"),
        None,
        "What the static price band is around, and the dynamic one before the first trade",
        "100",
        "none",
    ),
    Key(
        "static_band_ticks",
        whole_number(1, 1_000_000_000, 1000),
        None,
        "How far from `reference_price` an order's price, and a trade, may be, in ticks",
        "1000",
        "no band",
    ),
    Key(
        "static_band_percent",
        number("10", above=0),
        None,
        "The same in per cent of that price, with four decimals at most; with both, the nearer counts",
        "10",
        "no band",
    ),
    Key(
        "dynamic_band_ticks",
        whole_number(1, 1_000_000_000, 100),
        None,
        "How far from the last trade before it an order may trade, in ticks; what is left of it is canceled",
        "100",
        "no band",
    ),
    Key(
        "dynamic_band_percent",
        number("2", above=0),
        None,
        "The same in per cent of that price, with four decimals at most; with both, the nearer counts",
        "2",
        "no band",
    ),
    Key(
        "dynamic_band_average_s",
        whole_number(1, 3600, 300),
        None,
        "The dynamic band is around the average price of the trades of so many seconds, not around the last one alone",
        "300",
        "around the last trade",
    ),
    Key(
        "limit_state_s",
        whole_number(1, 3600, 15),
        None,
        "With a dynamic band and `volatility_auction_s`, limit up - limit down: orders priced beyond the band rest at "
        "its edge, and a best price that stays there for so many seconds begins a volatility auction; no order begins "
        "one by itself then",
        "15",
        "none",
    ),
    Key(
        "volatility_auction_s",
        whole_number(1, 86_400, 120),
        None,
        "With a dynamic band: where an order would trade outside, a volatility auction of so many seconds begins, and "
        "what is left of it waits there if it may rest",
        "120",
        "no auction: what is left of the order is canceled",
    ),
    Key(
        "volatility_random_end_s",
        whole_number(1, 600, 30),
        None,
        "Up to how many seconds longer that auction lasts, at random",
        "30",
        "none",
    ),
    Key(
        "trigger_source",
        one_of("last", "best", "mid"),
        "last",
        "What stop and if-touched orders wait for where they do not say it: `last`, the last trade; `best`, the best "
        "offer to buy and the best bid to sell; `mid`, the middle of the book",
        '"best"',
    ),
    Key(
        "self_match_prevention",
        one_of("none", "newest", "oldest", "both", "decrement"),
        "none",
        "What happens instead of a trade with oneself, where the order that comes does not say it: one of the two "
        "orders or both are canceled, or both lose the quantity that would have traded",
        '"newest"',
    ),
    Key(
        "self_match_scope",
        one_of("id", "account", "firm"),
        "id",
        "With `self_match_prevention`: which orders of a firm are kept apart, those of one "
        "SelfMatchPreventionID(7928), of one account as well, or all",
        '"account"',
    ),
    Key(
        "allocation",
        one_of("fifo", "pro-rata", "lead-market-maker"),
        "fifo",
        "Who trades at a price at which several orders rest: the oldest; all, by what each displays; or one account "
        "for a part of it before the others",
        '"pro-rata"',
    ),
    Key(
        "pro_rata_min",
        number("2", above=0),
        None,
        "With `allocation = \"pro-rata\"`: a part of an order smaller than this goes by time instead",
        "2",
        "no minimum",
    ),
    Key(
        "lead_market_maker",
        ACCOUNT,
        None,
        "With `allocation = \"lead-market-maker\"`: the account",
        '"A1"',
        "needed then",
    ),
    Key(
        "lead_market_maker_percent",
        whole_number(1, 100, 40),
        None,
        "With `allocation = \"lead-market-maker\"`: whole per cent of what trades at a price that the account has "
        "first",
        "40",
        "needed then",
    ),
    Key(
        "price_decimals",
        whole_number(0, SCALE_MAX, 4),
        None,
        "Decimals that prices are kept and sent with",
        "4",
        "as many as `tick` needs",
    ),
    Key(
        "qty_decimals",
        whole_number(0, SCALE_MAX, 4),
        None,
        "Decimals that quantities are kept and sent with",
        "4",
        "as many as `lot` needs",
    ),
    Key(
        "order_qty_bound",
        number("1000000", above=0),
        None,
        "Most quantity an order can be written with at all, in units",
        "1_000_000",
        "1000000000; less from four decimals on",
    ),
    Key(
        "price_bound",
        number("1000000", above=0),
        None,
        "Highest price (and below zero, lowest) an order can be written with at all",
        "1_000_000",
        "all that `order_qty_bound` leaves",
    ),
)

SCALARS = {
    "venue": VENUE,
    "order_entry": ORDER_ENTRY,
    "drop_copy": DROP_COPY,
    "market_data": MARKET_DATA,
    "multicast": MULTICAST,
    "redis": REDIS,
    "metrics": METRICS,
    "day": DAY,
    "journal": JOURNAL,
    "log": LOG,
}
"""The tables whose keys are single values; each key is an environment variable too."""

SCOPE_KINDS = ("venue", "firm", "account", "session", "instrument")

TCP_PORTS = (
    ("order_entry", "port"),
    ("drop_copy", "port"),
    ("market_data", "port"),
    ("metrics", "port"),
    ("multicast", "retransmission_port"),
)
"""Keys of which no two may have one value, and so the next."""
UDP_GROUPS = (("multicast", "a"), ("multicast", "b"), ("multicast", "snapshots"))

TABLES = (*SCALARS, "limits", "market_maker_protections", "circuit_breaker", "segments", "instruments")
"""All that may stand at the top of venue.toml."""
