"""``fixgw marketdata``: listen to the multicast feed."""

from pathlib import Path

import click
from rich.console import Console

from fixgw.cli.feed import heard, join
from fixgw.cli.options import config_option, json_option
from fixgw.marketdata.arbitration import Numbered
from fixgw.marketdata.words import line, message_in_words


@click.group(short_help="Listen to market data.")
def marketdata() -> None:
    """Market data as everybody gets it, by multicast."""


@marketdata.command(short_help="Print the messages of the feed as they come.")
@config_option
@click.option("--symbol", help="Of this instrument only.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many messages.")
@json_option("Print each message as a line of JSON.")
def listen(config_dir: Path, symbol: str | None, count: int | None, as_json: bool) -> None:
    """Print the messages of the feed as they come, until Ctrl-C: both feeds arbitrated, losses recovered.

    What was before this command began is not printed; fixgw book SYMBOL shows where things stand.
    """
    console, printed = Console(highlight=False), 0
    with join(config_dir, as_json) as client:
        for came in heard(client, as_json):
            for numbered in came:
                words = _words(numbered)
                if words is None or (symbol is not None and words["symbol"] != symbol):
                    continue
                if as_json:
                    click.echo(line(words))
                else:
                    console.print(_sentence(words), soft_wrap=True)
                printed += 1
                if printed == count:
                    return


def _words(numbered: Numbered) -> dict[str, object] | None:
    """Return the message in words, None while nobody knows what instrument it is about."""
    return None if numbered.book is None else message_in_words(numbered.message, numbered.number, numbered.book)


_STYLES = {"executed": "bold", "added": "green", "deleted": "red", "state": "yellow", "listed": "cyan"}


def _sentence(words: dict[str, object]) -> str:
    kind = str(words["kind"])
    rest = " ".join(
        f"{name} {value}"
        for name, value in words.items()
        if name not in ("number", "symbol", "kind", "transact_time_ns")
    )
    style = _STYLES.get(kind, "white")
    return f"[dim]{words['number']:>8}[/dim]  {words['symbol']:<8} [{style}]{kind:<9}[/{style}] {rest}"
