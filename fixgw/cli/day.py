"""``fixgw day``: the trading day; end it by hand."""

from pathlib import Path

import click

from fixgw.admin.client import Json
from fixgw.cli.operating import add_row, change_options, confirmed, counted, show, show_json, table, venue
from fixgw.cli.options import data_option, json_option


@click.group(short_help="Show the trading day; end it.")
def day() -> None:
    """The trading day."""


@day.command("show", short_help="Show the trading day.")
@data_option
@json_option("Print one JSON object.")
def show_day(data_dir: Path, as_json: bool) -> None:
    """Show the date that orders count for, and whether they are taken.

    "open" takes orders; "expiring", "ended" and "restating" are the steps to the next day.
    """
    with venue(data_dir, as_json) as client:
        answer = client.ask("status")
    found = {"trading_date": answer["trading_date"], "day_phase": answer["day_phase"]}
    if as_json:
        show_json(found)
        return
    shown = table("", "")
    shown.show_header = False
    for name, cell in zip(("trading date", "phase"), found.values(), strict=True):
        add_row(shown, name, cell)
    show(shown)


@day.command(short_help="End the trading day now.")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def end(reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool) -> None:
    """End the trading day now: all Day orders expire, and the next day begins.

    What belongs to the end otherwise, sequence numbers and restatements, is done as venue.toml says.
    """
    with venue(data_dir, as_json) as client:
        date = client.ask("status")["trading_date"]
        reason = confirmed(f"End the trading day {date}?", reason, yes)
        answer = client.ask("end-day", date=date, operator=operator, reason=reason)
    if as_json:
        show_json(answer)
    else:
        click.echo(f"the trading day {date} has ended, {_expired(answer)} (sequence {answer['sequence']})")


def _expired(answer: Json) -> str:
    count, left = answer["expired"], answer["left"]
    if left:
        return f"{count + left:,} open orders expire"
    return f"{counted(count, 'order')} expired" if count else "no order expired"
