"""``fixgw instruments``: what is traded and how it stands; halt, resume and phases."""

from collections.abc import Iterator
from pathlib import Path

import click

from fixgw.admin.client import AdminClient, Json
from fixgw.cli.operating import add_row, change, change_options, restricted, show, show_json, table, venue
from fixgw.cli.options import data_option, json_option
from fixgw.spec.phase import Phase


@click.group(short_help="List instruments; halt and resume them; change phases.")
def instruments() -> None:
    """What is traded, and whether it may be."""


@instruments.command("list", short_help="Show all instruments with their best prices.")
@data_option
@json_option("Print one JSON object.")
def list_instruments(data_dir: Path, as_json: bool) -> None:
    """Show all instruments: whether they trade, their phase, the last price, best bid and offer."""
    with venue(data_dir, as_json) as client:
        found = list(all_instruments(client))
    if as_json:
        show_json({"instruments": found})
        return
    numbers = ("last", "bid qty", "bid", "offer", "offer qty")
    shown = table("symbol", "state", "phase", *numbers, "halted because", numbers=numbers)
    for each in found:
        prices = (each["last_px"], each["bid_qty"], each["bid_px"], each["offer_px"], each["offer_qty"])
        add_row(shown, each["symbol"], each["state"], each["phase"], *prices, restricted(each["halted"]))
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
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def halt(
    symbol: str,
    pause_s: int | None,
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
    request = {"do": "halt", "symbol": symbol, "operator": operator, "pause_s": pause_s or 0}
    change(data_dir, as_json, f"Halt {symbol}?", reason, yes, [request], lambda *_: f"{symbol} is halted")


@instruments.command(short_help="Let an instrument trade again.")
@click.argument("symbol")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def resume(symbol: str, reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool) -> None:
    """Take orders in SYMBOL again; it is written as it was when it was halted."""
    request = {"do": "resume", "symbol": symbol, "operator": operator}
    change(data_dir, as_json, f"Resume {symbol}?", reason, yes, [request], lambda *_: f"{symbol} trades again")


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
