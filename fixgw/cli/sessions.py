"""``fixgw sessions``: who may log on, who is, and how their numbers stand; disable, enable, logout, reset."""

from pathlib import Path
from typing import Any

import click

from fixgw.admin.client import Json
from fixgw.cli.operating import add_row, change, change_options, fail, restricted, show, show_json, table, venue
from fixgw.cli.options import data_option, json_option


@click.group(short_help="List order-entry sessions; disable, enable, log out, reset.")
def sessions() -> None:
    """The order-entry sessions."""


@sessions.command("list", short_help="Show all sessions.")
@data_option
@json_option("Print one JSON object.")
def list_sessions(data_dir: Path, as_json: bool) -> None:
    """Show all sessions: whether they are logged on, their sequence numbers and open orders.

    "next out" is MsgSeqNum(34) of the venue's next message, "next in" what it expects of the client.
    """
    with venue(data_dir, as_json) as client:
        found = client.ask("sessions")["sessions"]
    if as_json:
        show_json({"sessions": found})
        return
    numbers = ("next out", "next in", "open orders")
    shown = table("session", "firm", "accounts", "logged on", *numbers, "disabled because", numbers=numbers)
    for each in found:
        add_row(shown, *_cells(each))
    show(shown)


def _cells(session: Json) -> list[Any]:
    return [
        session["session"],
        session["firm"],
        ", ".join(session["accounts"]),
        "yes" if session["logged_on"] else "no",
        session["next_msg_seq_num"],
        session["expected_msg_seq_num"],
        f"{session['open_orders']:,}",
        restricted(session["disabled"]),
    ]


@sessions.command("show", short_help="Show one session.")
@click.argument("session")
@data_option
@json_option("Print one JSON object.")
def show_session(session: str, data_dir: Path, as_json: bool) -> None:
    """Show one SESSION, by its CompID."""
    with venue(data_dir, as_json) as client:
        all_sessions = client.ask("sessions")["sessions"]
    found = next((each for each in all_sessions if each["session"] == session), None)
    if found is None:
        names = ", ".join(each["session"] for each in all_sessions)
        fail([f"there is no session {session}; there are: {names}"], as_json)
    if as_json:
        show_json(found)
        return
    rows = ("session", "firm", "accounts", "logged on", "next out", "next in", "open orders", "disabled because")
    shown = table("", "")
    shown.show_header = False
    for name, cell in zip(rows, _cells(found), strict=True):
        add_row(shown, name, cell)
    show(shown)


@sessions.command(short_help="Log a session out and keep it out.")
@click.argument("session")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def disable(session: str, reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool) -> None:
    """Log SESSION out and refuse its logons until it is enabled, over a restart of the venue too.

    Its orders stay; fixgw risk kill session:COMPID cancels them.
    """
    request = {"do": "disable-session", "session": session, "operator": operator}
    change(data_dir, as_json, f"Disable {session}?", reason, yes, [request], lambda *_: f"{session} is disabled")


@sessions.command(short_help="Let a session log on again.")
@click.argument("session")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def enable(session: str, reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool) -> None:
    """Let SESSION log on again."""
    request = {"do": "enable-session", "session": session, "operator": operator}
    change(data_dir, as_json, f"Enable {session}?", reason, yes, [request], lambda *_: f"{session} may log on again")


@sessions.command(short_help="Log a session out.")
@click.argument("session")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def logout(session: str, reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool) -> None:
    """Log SESSION out.  It may log on again at once."""
    request = {"do": "log-out-session", "session": session, "operator": operator}
    change(data_dir, as_json, f"Log {session} out?", reason, yes, [request], lambda *_: f"{session} is logged out")


@sessions.command(short_help="Begin a session's numbers at 1 again.")
@click.argument("session")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def reset(session: str, reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool) -> None:
    """Log SESSION out and begin its sequence numbers at 1 again, both ways.

    The client has to do the same, or to log on with ResetSeqNumFlag(141)=Y.  Reports that it has not received are
    not sent again; it asks for the state of its orders (OrderMassStatusRequest).
    """
    request = {"do": "reset-session", "session": session, "operator": operator}
    question = f"Log {session} out and begin its sequence numbers at 1?"
    change(data_dir, as_json, question, reason, yes, [request], lambda *_: f"{session} begins at 1 again")
