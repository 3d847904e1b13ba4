"""``fixgw orders``: what is open and what became of it; cancel and cancel-all."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click

from fixgw.admin.client import AdminClient, Json
from fixgw.admin.requests import STATES
from fixgw.cli.journal_events import Happening, history
from fixgw.cli.operating import (
    add_row,
    canceled,
    change,
    change_options,
    fail,
    show,
    show_json,
    table,
    venue,
)
from fixgw.cli.options import data_option, json_option
from fixgw.journal.reader import JournalDamaged

PAGE = 100


@click.group(short_help="List and show orders; cancel them.")
def orders() -> None:
    """The orders of all sessions."""


@orders.command("list", short_help="Show orders, the newest first.")
@click.option("--session", metavar="COMPID", help="Of this session only.")
@click.option("--firm", metavar="NAME", help="Of this firm only.")
@click.option("--account", metavar="NAME", help="Of this account only.")
@click.option("--symbol", metavar="SYMBOL", help="In this instrument only.")
@click.option("--side", type=click.Choice(["buy", "sell"]), help="Of this side only.")
@click.option("--state", type=click.Choice(list(STATES)), default="open", show_default=True, help="In this state.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The most to show.")
@data_option
@json_option("Print one JSON object.")
def list_orders(
    session: str | None,
    firm: str | None,
    account: str | None,
    symbol: str | None,
    side: str | None,
    state: str,
    limit: int,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Show orders, the newest first; open ones unless --state says another thing."""
    narrowed = {"session": session, "firm": firm, "account": account, "symbol": symbol, "state": state}
    with venue(data_dir, as_json) as client:
        # One more than is shown tells whether there are more.
        found = list(islice(_orders(client, side and {"buy": "1", "sell": "2"}[side], narrowed), limit + 1))
    if as_json:
        show_json({"orders": found[:limit], "more": len(found) > limit})
        return
    numbers = ("qty", "price", "filled", "leaves")
    shown = table(
        "order", "session", "account", "ClOrdID", "symbol", "side", *numbers, "state", numbers=("order", *numbers)
    )
    for each in found[:limit]:
        terms = (each["order_qty"], each["price"] or "market", each["cum_qty"], each["leaves_qty"])
        names = (each["order_id"], each["session"], each["account"], each["cl_ord_id"], each["symbol"], each["side"])
        add_row(shown, *names, *terms, each["ord_status"])
    more = f"the newest {limit:,}; --limit shows more" if len(found) > limit else None
    show(shown if found else "no such orders", *([more] if more else []))


def _orders(client: AdminClient, side: str | None, narrowed: dict[str, str | None]) -> Iterator[Json]:
    below = None
    while True:
        page = client.ask("orders", side=side, below=below, limit=PAGE, **narrowed)
        yield from page["orders"]
        below = page["next_below"]
        if below is None:
            return


@orders.command("show", short_help="Show one order and what happened to it.")
@click.argument("order")
@click.option("--session", metavar="COMPID", help="ORDER is a ClOrdID of this session, not an OrderID.")
@data_option
@json_option("Print one JSON object.")
def show_order(order: str, session: str | None, data_dir: Path, as_json: bool) -> None:
    """Show ORDER, by its OrderID: as it is now, and from the journal what happened to it.

    With --session, ORDER is any ClOrdID that it had.
    """
    with venue(data_dir, as_json) as client:
        named = {"order_id": order} if session is None else {"session": session, "cl_ord_id": order}
        found = client.ask("order", **named)["order"]
    if found is None:
        where = "with this OrderID; to name it by its ClOrdID, add --session" if session is None else f"of {session}"
        fail([f"there is no order {order} {where}"], as_json)
    try:
        happened = list(history(data_dir / "journal", found["order_id"]))
    except JournalDamaged as error:
        fail([str(error)], as_json)
    if as_json:
        show_json({"order": found, "history": [each._asdict() for each in happened]})
        return
    show(_as_is(found), _history(happened))


def _as_is(order: Json) -> Any:
    shown = table("", "")
    shown.show_header = False
    for name, value in order.items():
        add_row(shown, name, value)
    return shown


def _history(happened: list[Happening]) -> Any:
    numbers = ("sequence", "qty", "price", "leaves")
    shown = table("sequence", "time", "what", "ClOrdID", "qty", "price", "leaves", "text", numbers=numbers)
    for each in happened:
        add_row(shown, *each)
    return shown


@orders.command(short_help="Cancel orders.")
@click.argument("order_ids", nargs=-1, required=True, metavar="ORDER...")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object for each.")
def cancel(
    order_ids: tuple[str, ...], reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool
) -> None:
    """Cancel each ORDER, by its OrderID; it ends at the first that cannot be canceled."""
    requests = [{"do": "cancel-order", "order_id": order_id, "operator": operator} for order_id in order_ids]
    question = f"Cancel {'order' if len(order_ids) == 1 else 'orders'} {', '.join(order_ids)}?"

    def done(request: Json, answer: Json) -> str:
        order = answer["order"]
        return f"order {request['order_id']} of {order['session']} canceled, {order['cum_qty']} filled"

    change(data_dir, as_json, question, reason, yes, requests, done)


@orders.command("cancel-all", short_help="Cancel all open orders of a scope.")
@click.argument("scope")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def cancel_all(scope: str, reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool) -> None:
    """Cancel the orders of SCOPE that are open now; new ones are taken as before.

    SCOPE is venue, firm:NAME, account:NAME, session:NAME or instrument:SYMBOL.
    """
    request = {"do": "cancel-all", "scope": scope, "operator": operator}
    question = f"Cancel all open orders of {scope}?"
    change(data_dir, as_json, question, reason, yes, [request], lambda _, answer: f"{scope}: {canceled(answer)}")
