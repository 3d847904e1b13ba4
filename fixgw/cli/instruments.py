"""``fixgw instruments``: what is traded and how it stands; add, change, halt, suspend, resume, delist, phases."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from fixgw.admin.client import AdminClient, Json
from fixgw.cli.operating import add_row, canceled, change, change_options, restricted, show, show_json, table, venue
from fixgw.cli.options import Function, data_option, json_option
from fixgw.spec.instrument import SCALE_MAX
from fixgw.spec.phase import Phase
from fixgw.spec.terms import read_ticks

_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")
MULTIPLIER = click.IntRange(1, 1_000_000_000)
DECIMALS = click.IntRange(0, SCALE_MAX)
BAND_TICKS = click.IntRange(0, 1_000_000_000)
_PERCENT = re.compile(r"[0-9]{1,18}(\.[0-9]{1,4})?")
_PRICE = re.compile(rf"-?{_NUMBER.pattern}")


def _number(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _NUMBER.fullmatch(value):
        raise click.BadParameter(f"{value} is no decimal number above zero; write for example 0.01")
    return value


def _price(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _PRICE.fullmatch(value):
        raise click.BadParameter(f"{value} is no decimal number; write for example 100.25")
    return value


def _percent(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _PERCENT.fullmatch(value):
        raise click.BadParameter(f"{value} is no per cent with four decimals at most; write for example 2.5, or 0")
    return value


def _ticks(_context: click.Context, _option: click.Parameter, value: tuple[str, ...]) -> list[str] | None:
    if value == ("none",):
        return []
    for each in value:
        if read_ticks(each) is None:
            raise click.BadParameter(f"{each}: write for example '0.05 from 5'")
    return list(value) or None


def terms_options(*, tick_and_lot_required: bool) -> Callable[[Function], Function]:
    """Give a command the terms of an instrument that may be changed, named as in venue.toml."""

    def give(function: Function) -> Function:
        for option in (
            click.option(
                "--dynamic-band-percent", callback=_percent, metavar="PERCENT",
                help="How far from the last trade the next may be; 0 for anywhere.",
            ),
            click.option("--dynamic-band-ticks", type=BAND_TICKS, metavar="TICKS", help="The same in ticks."),
            click.option(
                "--static-band-percent", callback=_percent, metavar="PERCENT",
                help="How far from the reference price prices may be; 0 for anywhere.",
            ),
            click.option("--static-band-ticks", type=BAND_TICKS, metavar="TICKS", help="The same in ticks."),
            click.option(
                "--reference-price", callback=_price, metavar="NUMBER", help="What the static price band is around."
            ),
            click.option("--price-bound", callback=_number, metavar="NUMBER", help="Highest price of an order."),
            click.option("--order-qty-bound", callback=_number, metavar="NUMBER", help="Most quantity of an order."),
            click.option(
                "--allows-negative-price/--no-allows-negative-price", default=None, help="Prices of zero and below."
            ),
            click.option("--multiplier", type=MULTIPLIER, help="What one unit is worth at a price of 1."),
            click.option(
                "--ticks", callback=_ticks, multiple=True, metavar="'TICK from PRICE'",
                help="Step of prices from one on, several times; '--ticks none' for one step everywhere.",
            ),
            click.option(
                "--lot", callback=_number, required=tick_and_lot_required, metavar="NUMBER", help="Step of quantities."
            ),
            click.option(
                "--tick", callback=_number, required=tick_and_lot_required, metavar="NUMBER", help="Step of prices."
            ),
        ):
            function = option(function)
        return function

    return give


@click.group(short_help="List instruments; add, change, halt, suspend, resume, delist them; phases.")
def instruments() -> None:
    """What is traded, and whether it may be."""


@instruments.command("list", short_help="Show all instruments with their best prices.")
@data_option
@json_option("Print one JSON object.")
def list_instruments(data_dir: Path, as_json: bool) -> None:
    """Show all instruments: whether they trade, their phase, tick and lot, the last price, best bid and offer."""
    with venue(data_dir, as_json) as client:
        found = list(all_instruments(client))
    if as_json:
        show_json({"instruments": found})
        return
    numbers = ("tick", "lot", "last", "bid qty", "bid", "offer", "offer qty")
    shown = table("symbol", "state", "phase", *numbers, "because", numbers=numbers)
    for each in found:
        prices = (each["last_px"], each["bid_qty"], each["bid_px"], each["offer_px"], each["offer_qty"])
        why = restricted(each["suspended"] or each["halted"])
        steps = each["terms"]["tick"], each["terms"]["lot"]
        add_row(shown, each["symbol"], each["state"], each["phase"], *steps, *prices, why)
    show(shown)


def all_instruments(client: AdminClient) -> Iterator[Json]:
    after = None
    while True:
        page = client.ask("instruments", after=after)
        yield from page["instruments"]
        after = page["next_after"]
        if after is None:
            return


@instruments.command(short_help="Take no orders in an instrument.")
@click.argument("symbol")
@click.option("--for", "pause_s", type=click.IntRange(1, 86_400), help="Resume it after so many seconds.")
@click.option("--level", type=click.IntRange(1, 100), help="With venue: as at this level of the circuit breaker.")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def halt(
    symbol: str,
    pause_s: int | None,
    level: int | None,
    reason: str | None,
    yes: bool,
    operator: str | None,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Take no new orders and no replaces in SYMBOL until it is resumed.

    SYMBOL may be segment:NAME for all instruments of a segment, or venue for all there are.

    Its orders stay, and may be canceled.  The halt holds over a restart of the venue.
    """
    if level is not None:
        if symbol != "venue" or pause_s is not None:
            raise click.UsageError("--level is for venue, and says how long: fixgw instruments halt venue --level 1")
        trip = {"do": "trip-breaker", "level": level, "operator": operator}
        question = f"Halt all instruments as at level {level} of the circuit breaker?"
        change(data_dir, as_json, question, reason, yes, [trip], lambda *_: f"venue is halted, level {level}")
        return
    request = {"do": "halt", "symbol": symbol, "operator": operator, "pause_s": pause_s or 0}
    change(data_dir, as_json, f"Halt {symbol}?", reason, yes, [request], lambda *_: f"{symbol} is halted")


@instruments.command(short_help="Let an instrument trade again.")
@click.argument("symbol")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def resume(symbol: str, reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool) -> None:
    """Take orders in SYMBOL again, which is halted or suspended; it is written as it was when it was halted."""
    request = {"do": "resume", "symbol": symbol, "operator": operator}
    change(data_dir, as_json, f"Resume {symbol}?", reason, yes, [request], lambda *_: f"{symbol} trades again")


@instruments.command(short_help="Take no orders in an instrument, for longer.")
@click.argument("symbol")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def suspend(symbol: str, reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool) -> None:
    """Take no new orders and no replaces in SYMBOL until it is resumed; clients are told that it is not available.

    Its orders stay, and may be canceled.  It holds over a restart of the venue.
    """
    request = {"do": "suspend", "symbol": symbol, "operator": operator}
    change(data_dir, as_json, f"Suspend {symbol}?", reason, yes, [request], lambda *_: f"{symbol} is suspended")


@instruments.command(short_help="List a new instrument.")
@click.argument("symbol")
@terms_options(tick_and_lot_required=True)
@click.option("--price-decimals", type=DECIMALS, help="Decimals of prices, as many as the tick needs or more.")
@click.option("--qty-decimals", type=DECIMALS, help="Decimals of quantities, as many as the lot needs or more.")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def add(
    symbol: str,
    reason: str | None,
    yes: bool,
    operator: str | None,
    data_dir: Path,
    as_json: bool,
    **terms: object,
) -> None:
    """List SYMBOL: fixgw instruments add NOVA --tick 0.01 --lot 1

    It is traded from the next order on, and over restarts, until venue.toml says something of it.
    """
    request = {"do": "add-instrument", "symbol": symbol, "operator": operator, **_written(terms)}
    change(data_dir, as_json, f"Add {symbol}?", reason, yes, [request], lambda *_: f"{symbol} is listed")


@instruments.command("change", short_help="Give an instrument other terms.")
@click.argument("symbol")
@terms_options(tick_and_lot_required=False)
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def change_terms(
    symbol: str,
    reason: str | None,
    yes: bool,
    operator: str | None,
    data_dir: Path,
    as_json: bool,
    **terms: object,
) -> None:
    """Give SYMBOL other terms: fixgw instruments change AAPL --tick 0.05

    They hold from the next order on, and over restarts, until venue.toml says another thing of it.  Open orders stay
    as they are; with open orders the multiplier stays, too.
    """
    written = _written(terms)
    if not written:
        raise click.UsageError("name what is to change, for example --tick 0.05")
    request = {"do": "change-instrument", "symbol": symbol, "operator": operator, **written}
    change(data_dir, as_json, f"Change {symbol}?", reason, yes, [request], lambda *_: f"{symbol} has other terms")


@instruments.command(short_help="Take an instrument from the list.")
@click.argument("symbol")
@click.option("--cancel-orders", is_flag=True, help="Cancel its open orders; without it there must be none.")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def delist(
    symbol: str,
    cancel_orders: bool,
    reason: str | None,
    yes: bool,
    operator: str | None,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Take SYMBOL from the list, until it is added again or venue.toml says another thing of it."""
    request = {"do": "delist-instrument", "symbol": symbol, "cancel_orders": cancel_orders, "operator": operator}

    def done(_: Json, answer: Json) -> str:
        return f"{symbol} is delisted" + (f"; {canceled(answer)}" if cancel_orders else "")

    change(data_dir, as_json, f"Delist {symbol}?", reason, yes, [request], done)


@instruments.command(short_help="Have an instrument go on in another phase.")
@click.argument("symbol")
@click.argument("phase", type=click.Choice([str(phase) for phase in Phase]))
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def phase(
    symbol: str, phase: str, reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool
) -> None:
    """Have SYMBOL go on in PHASE.

    In pre-open and the auctions orders gather and nothing trades; what follows an auction begins with the uncross.
    """
    request = {"do": "set-phase", "symbol": symbol, "phase": phase, "operator": operator}
    done = f"{symbol} is in {phase}"
    change(data_dir, as_json, f"Have {symbol} go on in {phase}?", reason, yes, [request], lambda *_: done)


def _written(terms: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in terms.items() if value is not None}
