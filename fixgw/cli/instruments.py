"""``fixgw instruments``: what is traded and how it stands; halt and resume."""

from collections.abc import Iterator
from pathlib import Path

import click

from fixgw.admin.client import AdminClient, Json
from fixgw.cli.operating import add_row, change, change_options, restricted, show, show_json, table, venue
from fixgw.cli.options import data_option, json_option


@click.group(short_help="List instruments; halt and resume them.")
def instruments() -> None:
    """What is traded, and whether it may be."""


@instruments.command("list", short_help="Show all instruments with their best prices.")
@data_option
@json_option("Print one JSON object.")
def list_instruments(data_dir: Path, as_json: bool) -> None:
    """Show all instruments: whether they trade, the last price, best bid and offer."""
    with venue(data_dir, as_json) as client:
        found = list(all_instruments(client))
    if as_json:
        show_json({"instruments": found})
        return
    numbers = ("last", "bid qty", "bid", "offer", "offer qty")
    shown = table("symbol", "state", *numbers, "halted because", numbers=numbers)
    for each in found:
        prices = (each["last_px"], each["bid_qty"], each["bid_px"], each["offer_px"], each["offer_qty"])
        add_row(shown, each["symbol"], each["state"], *prices, restricted(each["halted"]))
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
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def halt(symbol: str, reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool) -> None:
    """Take no new orders and no replaces in SYMBOL until it is resumed.

    Its orders stay, and may be canceled.  The halt holds over a restart of the venue.
    """
    request = {"do": "halt", "symbol": symbol, "operator": operator}
    change(data_dir, as_json, f"Halt {symbol}?", reason, yes, [request], lambda *_: f"{symbol} is halted")


@instruments.command(short_help="Let an instrument trade again.")
@click.argument("symbol")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def resume(symbol: str, reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool) -> None:
    """Take orders in SYMBOL again."""
    request = {"do": "resume", "symbol": symbol, "operator": operator}
    change(data_dir, as_json, f"Resume {symbol}?", reason, yes, [request], lambda *_: f"{symbol} trades again")
