"""``fixgw trades``: what traded, from the journal; the venue need not run."""

from pathlib import Path

import click

from fixgw.admin.client import Json
from fixgw.cli.journal_events import TradeFilter, newest_trades
from fixgw.cli.operating import add_row, change, change_options, fail, show, show_json, start_command, table
from fixgw.cli.options import data_option, json_option
from fixgw.journal.reader import JournalDamaged


@click.group(short_help="List trades; undo or correct one.")
def trades() -> None:
    """What traded."""


@trades.command("list", short_help="Show the last trades, the newest first.")
@click.option("--symbol", metavar="SYMBOL", help="In this instrument only.")
@click.option("--session", metavar="COMPID", help="Of this session only.")
@click.option("--firm", metavar="NAME", help="Of this firm only.")
@click.option("--account", metavar="NAME", help="Of this account only.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The most to show.")
@data_option
@json_option("Print one JSON object.")
def list_trades(
    symbol: str | None,
    session: str | None,
    firm: str | None,
    account: str | None,
    limit: int,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Show the last trades, the newest first, as the journal has them.

    The venue need not run, and is not asked.
    """
    folder = data_dir / "journal"
    try:
        found = newest_trades(folder, TradeFilter(symbol, session, firm, account), limit)
    except FileNotFoundError:
        fail([f"there is no journal in {data_dir}; start a venue with: {start_command(data_dir)}"], as_json)
    except JournalDamaged as error:
        fail([str(error)], as_json)
    if as_json:
        show_json({"trades": [each._asdict() for each in found]})
        return
    numbers = ("sequence", "qty", "price")
    parties = ("buyer", "order", "seller", "order", "aggressor")
    columns = ("trade", "sequence", "time", "symbol", "qty", "price", *parties, "state")
    shown = table(*columns, numbers=numbers)
    for each in found:
        add_row(shown, *each)
    show(shown if found else "no such trades")


@trades.command(short_help="Undo a trade.")
@click.argument("trade")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def bust(trade: str, reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool) -> None:
    """Undo TRADE, as "fixgw trades list" names it: both sides are told, and positions are as if it had not been.

    An order that is still open has its quantity back; one that was filled does not go back to the book.
    """
    request: Json = {"do": "bust-trade", "trade": trade, "operator": operator}
    change(data_dir, as_json, f"Bust trade {trade}?", reason, yes, [request], _busted)


@trades.command(short_help="Give a trade another price or quantity.")
@click.argument("trade")
@click.option("--price", metavar="PRICE", help="What it is traded at; by default as before.")
@click.option("--qty", metavar="QTY", help="How much is traded; by default as before.")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def correct(
    trade: str,
    price: str | None,
    qty: str | None,
    reason: str | None,
    yes: bool,
    operator: str | None,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Give TRADE, as "fixgw trades list" names it, another price or quantity, or both; both sides are told.

    The price may be outside the limits of the two orders.  No order trades more than its quantity.
    """
    if price is None and qty is None:
        raise click.UsageError("say what shall be corrected: --price, --qty or both")
    request: Json = {"do": "correct-trade", "trade": trade, "price": price, "qty": qty, "operator": operator}
    question = f"Correct trade {trade} to {qty or 'the quantity it has'} at {price or 'the price it has'}?"
    change(data_dir, as_json, question, reason, yes, [request], _corrected)


def _busted(_request: Json, answer: Json) -> str:
    trade = answer["trade"]
    return f"trade {trade['trade']} is busted: it was {trade['last_qty']} {trade['symbol']} at {trade['last_px']}"


def _corrected(_request: Json, answer: Json) -> str:
    trade = answer["trade"]
    return f"trade {trade['trade']} is corrected: it is {trade['last_qty']} {trade['symbol']} at {trade['last_px']}"
