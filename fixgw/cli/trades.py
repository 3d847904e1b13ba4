"""``fixgw trades``: what traded, from the journal; the venue need not run."""

from pathlib import Path

import click

from fixgw.cli.journal_events import TradeFilter, newest_trades
from fixgw.cli.operating import add_row, fail, show, show_json, start_command, table
from fixgw.cli.options import data_option, json_option
from fixgw.journal.reader import JournalDamaged


@click.group(short_help="List trades.")
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
    columns = ("sequence", "time", "symbol", "qty", "price", "buyer", "order", "seller", "order", "aggressor")
    shown = table(*columns, numbers=numbers)
    for each in found:
        add_row(shown, *each)
    show(shown if found else "no such trades")
