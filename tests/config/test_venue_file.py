"""venue.toml: what it may say, and the exact words for each kind of mistake."""

# A mistake is one line, and easier to read as one.
# ruff: noqa: E501

from decimal import Decimal

import pytest

from fixgw.spec.instrument import Instrument
from fixgw.spec.limits import ScopedLimits
from fixgw.spec.values import INT64_MAX, Allocation, Price, Qty
from tests.config.conftest import AAPL, CLIENT, Load, Tell

COMP_ID_RULE = (
    "is not a CompID; write 1 to 64 letters, digits, dots, dashes or underscores, "
    "the first a letter or digit, for example FIXGW"
)
WORD_RULE = "write 1 to 64 printable ASCII characters without spaces or commas, for example"
END_RULE = 'write HH:MM in quotes, for example "17:00", or ""'
ZONE_RULE = "write a name of the IANA time zone database, for example Europe/London or UTC"
PORT_RULE = "write a whole number from 1 to 65535, for example 9876"
TOML_RULE = 'write [table] or key = value, texts in "quotes"'


def test_numbers_are_exact_however_they_are_written(load_texts: Load) -> None:
    """A TOML float is a decimal, in quotes or not, with an exponent or with zeros at the end."""
    written = ["0.01", '"0.01"', "1e-2", "0.0100"]
    text = "".join(f'[[instruments]]\nsymbol = "S{i}"\ntick = {tick}\nlot = 1\n' for i, tick in enumerate(written))

    instruments = load_texts(text).instruments

    assert {(instrument.price_scale, instrument.tick_size) for instrument in instruments} == {(2, 1)}


def test_more_decimals_than_the_step_needs(load_texts: Load) -> None:
    """price_decimals and qty_decimals carry more, and leave the step as it is."""
    (instrument,) = load_texts(
        '[[instruments]]\nsymbol = "X"\ntick = "0.25"\nlot = "100"\nprice_decimals = 4\nqty_decimals = 2\n'
        "multiplier = 50\nallows_negative_price = true\norder_qty_bound = 500\nprice_bound = 1000.5\n"
    ).instruments

    assert instrument == Instrument("X", 4, 2, Price(2500), Qty(10_000), 50, Qty(50_000), Price(10_005_000), True)


@pytest.mark.parametrize("price_decimals", range(10))
@pytest.mark.parametrize("qty_decimals", range(10))
def test_default_bounds_fit_together(load_texts: Load, price_decimals: int, qty_decimals: int) -> None:
    """Whatever the scales, no order can overflow, and there is room for both price and quantity."""
    (instrument,) = load_texts(f"{AAPL}".replace("0.01", "1") + _decimals(price_decimals, qty_decimals)).instruments

    assert instrument.order_qty_bound * instrument.price_bound <= INT64_MAX
    assert instrument.order_qty_bound >= instrument.lot_size
    assert instrument.price_bound >= instrument.tick_size
    assert instrument.price_bound == INT64_MAX // instrument.order_qty_bound


def _decimals(price: int, qty: int) -> str:
    return f"price_decimals = {price}\nqty_decimals = {qty}\n"


def test_limits_name_their_scopes_as_commands_do(load_texts: Load) -> None:
    """In the order of the file, as exact decimals without exponents."""
    limits = load_texts(
        AAPL + "[limits.venue]\norder_qty_max = 1e6\n"
        '[limits.firm.ALPHA]\norder_notional_max = "2500000.50"\n'
        "[limits.account.A1]\nopen_notional_max = 7\n"
        "[limits.session.CLIENT1]\n"
        "[limits.instrument.AAPL]\nprice_collar_percent = 12.5\n"
    ).limits

    assert limits == (
        ScopedLimits("venue", order_qty_max=Decimal(1_000_000)),
        ScopedLimits("firm:ALPHA", order_notional_max=Decimal("2500000.5")),
        ScopedLimits("account:A1", open_notional_max=Decimal(7)),
        ScopedLimits("session:CLIENT1"),
        ScopedLimits("instrument:AAPL", price_collar_percent=Decimal("12.5")),
    )
    assert str(limits[0].order_qty_max) == "1000000"


def test_a_name_with_a_dot_stands_in_quotes(mistakes: Tell) -> None:
    """As TOML has it."""
    assert mistakes(AAPL.replace("AAPL", "BRK.B") + '[limits.instrument."BRK.B"]\norder_qty_max = 5\n') == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("port = ", f"venue.toml:1: is not TOML in column 8: Invalid value, in 'port ='; {TOML_RULE}"),
        (
            "\n[venue\n",
            "venue.toml:2: is not TOML in column 7: Expected ']' at the end of a table declaration, "
            f"in '[venue'; {TOML_RULE}",
        ),
        ("a = 1\na = 2", f"venue.toml:2: is not TOML in column 6: Cannot overwrite a value, in 'a = 2'; {TOML_RULE}"),
        (
            '[venue]\ncomp_id = """\nabc',
            f"venue.toml:3: is not TOML at the end of the file: Unterminated string, in 'abc'; {TOML_RULE}",
        ),
        ("a = " + "9" * 5000, "venue.toml: a number in it has thousands of digits; no key here needs more than 18"),
        (
            "a = " + "[" * 5000,
            "venue.toml: arrays or tables are nested too deeply; no key here needs more than three levels",
        ),
    ],
)
def test_what_is_not_toml_is_one_mistake(mistakes: Tell, text: str, expected: str) -> None:
    """With line and column, and nothing else guessed at."""
    assert mistakes(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[venu]\n", "5: venu: there is no such table; did you mean venue?"),
        (
            "[zebra]\n",
            "5: zebra: there is no such table; known here: "
            "circuit_breaker, day, drop_copy, instruments, journal, limits, log, market_data, market_maker_protections, metrics, multicast, order_entry, redis, segments, venue",
        ),
        ("[venue]\ncompid = 'X'\n", "6: venue.compid: there is no such key; did you mean comp_id?"),
        ("[venue]\ncomp_id = 'MY VENUE'\n", f"6: venue.comp_id: 'MY VENUE' {COMP_ID_RULE}"),
        ("[venue]\ncomp_id = 'Börse'\n", f"6: venue.comp_id: 'B\\xf6rse' {COMP_ID_RULE}"),
        ("[venue]\ncomp_id = 7\n", f"6: venue.comp_id: 7 {COMP_ID_RULE}"),
        *(
            (f"[day]\nend = {written}\n", f"6: day.end: {shown} is not a time of day; {END_RULE}")
            for written, shown in (
                ("'24:00'", "'24:00'"),
                ("'9:00'", "'9:00'"),
                ("'17:00:00'", "'17:00:00'"),
                ("17:00:00", "17:00:00"),
                ("1700", "1700"),
            )
        ),
        *(
            (f"[day]\ntime_zone = {written}\n", f"6: day.time_zone: {written} is not a time zone{what}; {ZONE_RULE}")
            for written, what in (
                ("'Europe/Londn'", " that this host knows"),
                ("'Europe'", " that this host knows"),
                ("''", " that this host knows"),
                ("'../UTC'", " that this host knows"),
                ("1", ""),
            )
        ),
        ("[order_entry]\nport = 'abc'\n", f"6: order_entry.port: 'abc' is not a whole number; {PORT_RULE}"),
        ("[order_entry]\nport = 70000\n", f"6: order_entry.port: 70000 is above 65535; {PORT_RULE}"),
        ("[order_entry]\nport = 0\n", f"6: order_entry.port: 0 is below 1; {PORT_RULE}"),
        ("[order_entry]\nport = 98.5\n", f"6: order_entry.port: 98.5 is not a whole number; {PORT_RULE}"),
        ("[order_entry]\nport = true\n", f"6: order_entry.port: true is not a whole number; {PORT_RULE}"),
        ("[order_entry]\nport = [1]\n", f"6: order_entry.port: an array is not a whole number; {PORT_RULE}"),
        ("[order_entry]\nport = {}\n", f"6: order_entry.port: a table is not a whole number; {PORT_RULE}"),
        ("[order_entry]\nport = 2020-01-01\n", f"6: order_entry.port: 2020-01-01 is not a whole number; {PORT_RULE}"),
        (
            "[order_entry]\nstale_order_s = -1\n",
            "6: order_entry.stale_order_s: -1 is below 0; write a whole number from 0 to 86400, for example 30",
        ),
        (
            "[journal]\ndurability = 'fast'\n",
            '6: journal.durability: \'fast\' is not a choice here; write "process" or "interval" or "disk"',
        ),
        (
            "[journal]\ninterval_ms = 0\n",
            "6: journal.interval_ms: 0 is below 1; write a whole number from 1 to 60000, for example 100",
        ),
        (
            "[journal]\nsegment_mb = 5000\n",
            "6: journal.segment_mb: 5000 is above 4096; write a whole number from 1 to 4096, for example 256",
        ),
        (
            "[journal]\nkeep_days = -1\n",
            "6: journal.keep_days: -1 is below 0; write a whole number from 0 to 36500, for example 0",
        ),
    ],
)
def test_mistakes_in_single_values(mistakes: Tell, text: str, expected: str) -> None:
    """Each names the line, the key, what was found and what would be right."""
    assert mistakes(AAPL + text) == [f"venue.toml:{expected}"]


def test_a_value_where_a_table_belongs(mistakes: Tell) -> None:
    """TOML takes it; we do not."""
    assert mistakes("venue = 3\n" + AAPL) == [
        "venue.toml:1: venue: 3 is not a table; write [venue] on a line of its own"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ': instruments: there is none; write [[instruments]], then symbol = "AAPL", tick, lot'),
        ("instruments = 3", ":1: instruments: 3 is not an array of tables; write [[instruments]] above each"),
        ("instruments = [3]", ":1: instruments[1]: 3 is not a table; write [[instruments]] on a line of its own"),
        (
            "[instruments]\nsymbol = 'A'",
            ":1: instruments: a table is not an array of tables; write [[instruments]] above each",
        ),
        (AAPL + AAPL, ":6: instruments[2].symbol: AAPL is there already on line 2; give it once"),
        (
            AAPL.replace("0.01", "0.0000000001"),
            ":3: instruments[1].tick: 0.0000000001 has more than 9 decimals; write a larger tick",
        ),
        (
            AAPL + "price_decimals = 1",
            ":5: instruments[1].price_decimals: 1 is too few for tick 0.01; write 2 or more, up to 9",
        ),
        (
            AAPL + "qty_decimals = 10",
            ":5: instruments[1].qty_decimals: 10 is above 9; write a whole number from 0 to 9, for example 4",
        ),
        (
            AAPL + "order_qty_bound = 0.5",
            ":5: instruments[1].order_qty_bound: 0.5 has more than the 0 decimals of the instrument; round it",
        ),
        (
            AAPL + "order_qty_bound = '1e5'",
            ":5: instruments[1].order_qty_bound: '1e5' is not a number; write for example 1000000",
        ),
        (
            AAPL + "order_qty_bound = 100_000_000_000_000_000\nprice_bound = 1_000_000",
            ":6: instruments[1].price_bound: times order_qty_bound is too large; write at most 0.92",
        ),
        (
            AAPL + "order_qty_bound = 999_999_999_999_999_999\nqty_decimals = 4",
            ":5: instruments[1].order_qty_bound: 999999999999999999 is too large with 4 decimals; "
            "write at most 922337203685477",
        ),
        (
            AAPL.replace('"1"', "100") + "order_qty_bound = 10",
            ":4: instruments[1].lot: 100 is above order_qty_bound, 10; write a larger order_qty_bound",
        ),
        (
            AAPL + "price_bound = 0.001",
            ":5: instruments[1].price_bound: 0.001 has more than the 2 decimals of the instrument; round it",
        ),
        (
            AAPL.replace("0.01", "1") + "price_bound = 0.5\nprice_decimals = 1",
            ":3: instruments[1].tick: 1 is above price_bound, 0.5; "
            "write a larger price_bound or a smaller order_qty_bound",
        ),
    ],
)
def test_mistakes_in_an_instrument(mistakes: Tell, text: str, expected: str) -> None:
    """Instruments are counted from 1."""
    assert mistakes(text) == [f"venue.toml{expected}"]


def test_all_mistakes_of_an_instrument_at_once(mistakes: Tell) -> None:
    """From the first line to the last."""
    text = (
        "[[instruments]]\nsymbol = 'A B'\ntick = 'x'\nlot = 0\nmultiplier = 0\nallows_negative_price = 'yes'\ntik = 1\n"
        "[[instruments]]\n"
    )
    assert mistakes(text) == [
        f"venue.toml:2: instruments[1].symbol: 'A B' is not a symbol; {WORD_RULE} AAPL",
        "venue.toml:3: instruments[1].tick: 'x' is not a number; write for example 0.01",
        "venue.toml:4: instruments[1].lot: 0 is not above 0; write for example 1",
        "venue.toml:5: instruments[1].multiplier: 0 is below 1; "
        "write a whole number from 1 to 1000000000, for example 50",
        "venue.toml:6: instruments[1].allows_negative_price: 'yes' is not true or false; "
        "write true or false without quotes",
        "venue.toml:7: instruments[1].tik: there is no such key; did you mean tick?",
        'venue.toml:8: instruments[2].symbol: is missing; write for example symbol = "AAPL"',
        'venue.toml:8: instruments[2].tick: is missing; write for example tick = "0.01"',
        'venue.toml:8: instruments[2].lot: is missing; write for example lot = "1"',
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[limits.venue]\norder_qty_max = 'abc'",
            "6: limits.venue.order_qty_max: 'abc' is not a number; write for example 1000000",
        ),
        (
            "[limits.venue]\norder_notional_max = 0",
            "6: limits.venue.order_notional_max: 0 is not above 0; write for example 1000000",
        ),
        (
            "[limits.venue]\nprice_collar_percent = nan",
            "6: limits.venue.price_collar_percent: NaN is not a number; write for example 10",
        ),
        (
            "[limits.venue]\nopen_notional_max = 1e99",
            "6: limits.venue.open_notional_max: 1E+99 has more than 18 digits before the point; write for example 1000000",
        ),
        (
            "[limits.venue]\nopen_notional_max = 1.0000000000000000001",
            "6: limits.venue.open_notional_max: 1.0000000000000000001 has more than 18 decimals; write for example 1000000",
        ),
        (
            "[limits.venue]\norder_qty_max = 1e99999999999999999999",
            "6: limits.venue.order_qty_max: '1e99999999999999999999' is not a number; write for example 1000000",
        ),
        (
            "[limits.venue]\norder_qty_max = 0x" + "F" * 5000,
            "6: limits.venue.order_qty_max: a number of hundreds of bits is not a number; write for example 1000000",
        ),
        (
            "[limits.venue]\norder_qty_maximum = 5",
            "6: limits.venue.order_qty_maximum: there is no such key; did you mean order_qty_max?",
        ),
        (
            "[limits]\norder_qty_max = 3",
            "6: limits.order_qty_max: names no scope; "
            "write it under [limits.venue], [limits.firm.NAME] or another scope",
        ),
        ("[limits]\nvenue = 2", "6: limits.venue: 2 is not a table; write [limits.venue] on a line of its own"),
        ("[limits.frim.ALPHA]\n", "5: limits.frim: there is no such scope; did you mean firm?"),
        (
            "[limits.firm]\norder_qty_max = 3",
            "6: limits.firm.order_qty_max: names no firm; write it under [limits.firm.NAME]",
        ),
        ("[limits.firm.ALFA]\n", "5: limits.firm.ALFA: there is no such firm in sessions.cfg; did you mean ALPHA?"),
        (
            "[limits.account.X9]\n",
            "5: limits.account.X9: there is no such account in sessions.cfg; known here: A1, A2, B1, G1",
        ),
        (
            "[limits.session.client1]\n",
            "5: limits.session.client1: there is no such session in sessions.cfg; did you mean CLIENT1?",
        ),
        (
            "[limits.instrument.MSFT]\n",
            "5: limits.instrument.MSFT: there is no such instrument in venue.toml; known here: AAPL",
        ),
        (
            '[limits.firm."a\\nb"]\n',
            '5: limits.firm."a\\nb": there is no such firm in sessions.cfg; known here: ALPHA, BETA, GAMMA',
        ),
    ],
)
def test_mistakes_in_limits(mistakes: Tell, text: str, expected: str) -> None:
    """A limit for nobody would never be missed."""
    assert mistakes(AAPL + text) == [f"venue.toml:{expected}"]


def test_the_limit_of_a_wrong_instrument_is_no_mistake_of_its_own(mistakes: Tell) -> None:
    """One slip, one mistake: its name is there, although its tick is wrong."""
    assert mistakes(AAPL.replace("0.01", "0") + "[limits.instrument.AAPL]\n") == [
        "venue.toml:3: instruments[1].tick: '0' is not above 0; write for example 0.01"
    ]


# Ports, groups and addresses.


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[multicast]\na = "10.0.0.1:20001"',
            "6: multicast.a: '10.0.0.1:20001' is not a multicast group; write a multicast address, 224.0.0.0 to "
            "239.255.255.255, and a port, for example 239.192.0.1:20001",
        ),
        (
            '[multicast]\nb = "239.192.0.1"',
            "6: multicast.b: '239.192.0.1' is not a multicast group; write a multicast address, 224.0.0.0 to "
            "239.255.255.255, and a port, for example 239.192.0.1:20001",
        ),
        (
            '[multicast]\nb = "239.192.0.1:0"',
            "6: multicast.b: '239.192.0.1:0' has no port from 1 to 65535; write a multicast address, 224.0.0.0 to "
            "239.255.255.255, and a port, for example 239.192.0.1:20001",
        ),
        (
            '[multicast]\nb = "239.192.0.1:20001"',
            "6: multicast.b: 239.192.0.1:20001 is multicast.a already; write another",
        ),
        (
            '[multicast]\ninterface = "lo"',
            "6: multicast.interface: 'lo' is not an interface; write the IPv4 address of one of this host, for example "
            "127.0.0.1",
        ),
        (
            "[multicast]\nttl = 256",
            "6: multicast.ttl: 256 is above 255; write a whole number from 0 to 255, for example 0",
        ),
        (
            '[redis]\nurl = "localhost"',
            "6: redis.url: 'localhost' is not the URL of a Redis; write redis://HOST:PORT, rediss://HOST:PORT or "
            "unix:///PATH, or leave it out for the venue's own",
        ),
        ('[log]\nformat = "xml"', '6: log.format: \'xml\' is not a choice here; write "console" or "json"'),
        ("[metrics]\nport = 9876", "6: metrics.port: 9876 is order_entry.port already; write another"),
        (
            "[multicast]\nretransmission_port = 9877",
            "6: multicast.retransmission_port: 9877 is drop_copy.port already; write another",
        ),
    ],
)
def test_mistakes_in_ports_and_addresses(mistakes: Tell, text: str, message: str) -> None:
    assert mistakes(AAPL + text + "\n", CLIENT) == [f"venue.toml:{message}"]


def test_a_port_of_the_environment_that_another_door_has(mistakes: Tell) -> None:
    """There is no line to blame."""
    told = mistakes(AAPL, CLIENT, {"FIXGW_METRICS_PORT": "9876"})

    assert told == ["venue.toml: metrics.port: 9876 is order_entry.port already; write another"]


def test_allocation(load_texts: Load) -> None:
    (instrument,) = load_texts(AAPL + 'allocation = "pro-rata"\npro_rata_min = 2\n').instruments
    assert (instrument.allocation, instrument.pro_rata_min) == (Allocation.PRO_RATA, 2)

    led = 'allocation = "lead-market-maker"\nlead_market_maker = "B1"\nlead_market_maker_percent = 40\n'
    (instrument,) = load_texts(AAPL + led).instruments
    assert instrument.allocation is Allocation.LEAD_MARKET_MAKER
    assert (instrument.lead_market_maker, instrument.lead_market_maker_percent) == ("B1", 40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'allocation = "prorata"',
            ":5: instruments[1].allocation: 'prorata' is not a choice here; "
            'write "fifo" or "pro-rata" or "lead-market-maker"',
        ),
        (
            "pro_rata_min = 2",
            ':5: instruments[1].pro_rata_min: is only for allocation = "pro-rata"; write that, or leave this out',
        ),
        (
            'allocation = "pro-rata"\npro_rata_min = 0.5',
            ":6: instruments[1].pro_rata_min: 0.5 has more than the 0 decimals of the instrument; round it",
        ),
        (
            'allocation = "lead-market-maker"\nlead_market_maker_percent = 40',
            ':1: instruments[1].lead_market_maker: is missing; allocation = "lead-market-maker" needs it',
        ),
        (
            'allocation = "lead-market-maker"\nlead_market_maker = "A1"',
            ':1: instruments[1].lead_market_maker_percent: is missing; allocation = "lead-market-maker" needs it',
        ),
        (
            'allocation = "lead-market-maker"\nlead_market_maker = "A1"\nlead_market_maker_percent = 101',
            ":7: instruments[1].lead_market_maker_percent: 101 is above 100; "
            "write a whole number from 1 to 100, for example 40",
        ),
        (
            'allocation = "lead-market-maker"\nlead_market_maker = "X9"\nlead_market_maker_percent = 40',
            ": instruments.AAPL.lead_market_maker: there is no such account in sessions.cfg; known here: A1, A2, B1, G1",
        ),
    ],
)
def test_mistakes_in_allocation(mistakes: Tell, text: str, expected: str) -> None:
    assert mistakes(AAPL + text + "\n") == [f"venue.toml{expected}"]
