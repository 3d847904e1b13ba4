"""``fixgw book``: an instrument's book, built from the multicast feed."""

import sys
import time
from itertools import islice, zip_longest
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from fixgw.cli.failure import EXIT_WRONG, tell
from fixgw.cli.feed import EXIT_SILENT, book_of, heard, join
from fixgw.cli.options import config_option, json_option
from fixgw.cli.program import command
from fixgw.config.mistakes import suggestion
from fixgw.marketdata.book import Book, Level
from fixgw.marketdata.client import MarketDataClient
from fixgw.marketdata.words import book_in_words, indicative_in_words, line, price_text, qty_text

FIRST_PATIENCE_S = 10.0
"""For the first snapshot to come by; who hears nothing at all is told sooner."""
NEXT_PATIENCE_S = 3.0
"""For the snapshot of yet another instrument; when no new one comes, all that there are have come."""
REDRAW_S = 0.1


@click.command(short_help="Show an instrument's book.")
@click.argument("symbol")
@click.option("--depth", type=click.IntRange(min=1), default=10, show_default=True, help="Price levels of each side.")
@click.option("--watch", is_flag=True, help="Go on showing it as it changes, until Ctrl-C.")
@config_option
@json_option("Print the book as a line of JSON; with --watch one for each change.")
def book(symbol: str, depth: int, watch: bool, config_dir: Path, as_json: bool) -> None:
    """Show the book of SYMBOL: bids on the left, asks on the right, the best at the top."""
    with join(config_dir, as_json) as client:
        _wait_for(client, symbol, as_json)
        if watch:
            _watch(client, symbol, depth, as_json)
        else:
            _show(client, symbol, depth, as_json)


def _wait_for(client: MarketDataClient, symbol: str, as_json: bool) -> None:
    """Wait until the book is known; exits with what there is instead when it is not."""
    give_up_at, known_before = time.monotonic() + FIRST_PATIENCE_S, 0
    for _ in heard(client, as_json):
        if book_of(client, symbol) is not None and client.feed.missing() is None:
            return
        known = client.feed.books.by_symbol
        if len(known) > known_before:
            give_up_at, known_before = time.monotonic() + NEXT_PATIENCE_S, len(known)
        if time.monotonic() > give_up_at:
            if not known:
                tell([f"no snapshot came; is the multicaster running? See {command('status')}"], as_json)
                sys.exit(EXIT_SILENT)
            tell([f"there is no instrument {symbol}; {suggestion(symbol, known)}"], as_json)
            sys.exit(EXIT_WRONG)


def _show(client: MarketDataClient, symbol: str, depth: int, as_json: bool) -> None:
    shown = book_of(client, symbol)
    assert shown is not None
    if as_json:
        click.echo(line(book_in_words(shown, (client.feed.next_number or 1) - 1, depth)))
    else:
        Console().print(book_table(shown, depth))


def _watch(client: MarketDataClient, symbol: str, depth: int, as_json: bool) -> None:
    if as_json:
        _show(client, symbol, depth, as_json)
        for came in heard(client, as_json):
            if any(numbered.book is book_of(client, symbol) for numbered in came):
                _show(client, symbol, depth, as_json)
    first = book_of(client, symbol)
    assert first is not None
    with Live(book_table(first, depth), refresh_per_second=1 / REDRAW_S) as live:
        for _ in heard(client, as_json):
            shown = book_of(client, symbol)
            if shown is not None:
                live.update(book_table(shown, depth))


def book_table(shown: Book, depth: int) -> Table:
    last = "nothing traded yet" if shown.last_px is None else f"last {price_text(shown.last_px, shown)}"
    table = Table(title=f"{shown.listing.symbol}  {last}  {shown.state.name.lower()}{_indicative(shown)}")
    for name in ("orders", "bid qty", "bid"):
        table.add_column(name, justify="right", style="green")
    for name in ("ask", "ask qty", "orders"):
        table.add_column(name, justify="left", style="red")
    for bid, ask in islice(zip_longest(shown.bids, shown.asks), depth):
        table.add_row(*reversed(_cells(shown, bid)), *_cells(shown, ask))
    return table


def _indicative(shown: Book) -> str:
    """Return what a call would come to if it ended now."""
    if (indicative := shown.indicative) is None:
        return ""
    words = indicative_in_words(indicative, shown)
    if words["price"] is None:
        return "  nothing would trade"
    side = "buy" if indicative.imbalance > 0 else "sell"
    left_over = f", {qty_text(abs(indicative.imbalance), shown)} to {side} left over" if indicative.imbalance else ""
    return f"  would trade {words['volume']} at {words['price']}{left_over}"


def _cells(shown: Book, level: Level | None) -> tuple[str, str, str]:
    if level is None:
        return "", "", ""
    return price_text(level.price, shown), qty_text(level.qty, shown), str(level.order_count)
