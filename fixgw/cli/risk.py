"""``fixgw risk``: limits, exposure and kill switches; set, kill, release."""

import re
from pathlib import Path

import click

from fixgw.admin.client import Json
from fixgw.cli.operating import (
    add_row,
    canceled,
    change,
    change_options,
    restricted,
    show,
    show_json,
    table,
    venue,
)
from fixgw.cli.options import data_option, json_option
from fixgw.spec.limits import LIMIT_NAMES
from fixgw.spec.scope import NoScope, parse

SCOPES = "SCOPE is venue, firm:NAME, account:NAME, session:NAME or instrument:SYMBOL."

_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")


@click.group(short_help="Show and set limits; kill switches.")
def risk() -> None:
    """Limits, exposure and kill switches."""


def _scope(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None or parse(value) is None else value
    except NoScope as error:
        raise click.BadParameter(str(error)) from None


@risk.command("show", short_help="Show limits, exposure, positions and what is killed.")
@click.argument("scope", required=False, callback=_scope)
@data_option
@json_option("Print one JSON object.")
def show_risk(scope: str | None, data_dir: Path, as_json: bool) -> None:
    """Show the limits in force, what is killed, open notional and positions of each account; of one SCOPE if given."""
    with venue(data_dir, as_json) as client:
        answer = client.ask("risk")
    if scope is not None:
        answer["limits"] = [each for each in answer["limits"] if each["scope"] == scope]
        answer["killed"] = [each for each in answer["killed"] if each["scope"] == scope]
        answer["exposure"] = [each for each in answer["exposure"] if _is_of(each, scope)]
    if as_json:
        show_json({name: answer[name] for name in ("limits", "lifted", "killed", "exposure")})
        return
    limits = table("scope", *LIMIT_NAMES, "set by", numbers=LIMIT_NAMES)
    for each in answer["limits"]:
        by = "operator" if each["by_operator"] else "venue.toml"
        add_row(limits, each["scope"], *(each[name] for name in LIMIT_NAMES), by)
    killed = table("killed", "because")
    for each in answer["killed"]:
        add_row(killed, each["scope"], restricted(each))
    exposure = table("firm", "account", "open notional", numbers=("open notional",))
    for each in answer["exposure"]:
        add_row(exposure, each["firm"], each["account"], each["open_notional"])
    positions = table("firm", "account", "symbol", "position", numbers=("position",))
    held = [(each, place) for each in answer["exposure"] for place in each["positions"].items()]
    for each, (symbol, net_qty) in held:
        add_row(positions, each["firm"], each["account"], symbol, net_qty)
    no_positions = "nobody has a position\n"
    show(limits, killed if answer["killed"] else "nothing is killed\n", exposure, positions if held else no_positions)


def _is_of(exposure: Json, scope: str) -> bool:
    kind, name = parse(scope)
    return kind == "venue" or exposure.get(kind) == name


@risk.command("set", short_help="Set limits of a scope.")
@click.argument("scope", callback=_scope)
@click.argument("limits", nargs=-1, required=True, metavar="NAME=VALUE...")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def set_limits(
    scope: str,
    limits: tuple[str, ...],
    reason: str | None,
    yes: bool,
    operator: str | None,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Set limits of SCOPE: fixgw risk set firm:ALPHA order_qty_max=1000 open_notional_max=none

    SCOPE is venue, firm:NAME, account:NAME, session:NAME or instrument:SYMBOL.  NAME is order_qty_max,
    order_notional_max, price_collar_percent or open_notional_max; none lifts a limit.  What is set holds from the
    next order on and over a restart, until venue.toml says another thing of this scope.
    """
    changes = dict(_limit(text) for text in limits)
    request = {"do": "set-limits", "scope": scope, "limits": changes, "operator": operator}

    def done(_: Json, answer: Json) -> str:
        written = ", ".join(f"{name} {answer['limits'][name] or 'none'}" for name in changes)
        return f"limits of {scope}: {written}"

    change(data_dir, as_json, f"Set {', '.join(limits)} of {scope}?", reason, yes, [request], done)


def _limit(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    if not equals or name not in LIMIT_NAMES:
        raise click.UsageError(f"{text}: write NAME=VALUE, where NAME is one of {', '.join(LIMIT_NAMES)}")
    if value == "none":
        return name, None
    number = value.replace("_", "")
    if not _NUMBER.fullmatch(number):
        raise click.UsageError(f"{text}: the value is a decimal number above zero, or none for no limit")
    return name, number


@risk.command(short_help="Block a scope and cancel its orders.")
@click.argument("scope", callback=_scope)
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def kill(scope: str, reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool) -> None:
    """Take no new orders and no replaces of SCOPE until it is released, and cancel all its open orders.

    SCOPE is venue, firm:NAME, account:NAME, session:NAME or instrument:SYMBOL.  It holds over a restart.
    """
    request = {"do": "kill", "scope": scope, "operator": operator}
    question = f"Block {scope} and cancel all its open orders?"
    change(
        data_dir, as_json, question, reason, yes, [request], lambda _, answer: f"{scope} is killed; {canceled(answer)}"
    )


@risk.command(short_help="Let a killed scope trade again.")
@click.argument("scope", callback=_scope)
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def release(scope: str, reason: str | None, yes: bool, operator: str | None, data_dir: Path, as_json: bool) -> None:
    """Take orders of SCOPE again; what was canceled stays canceled."""
    request = {"do": "release", "scope": scope, "operator": operator}
    change(data_dir, as_json, f"Release {scope}?", reason, yes, [request], lambda *_: f"{scope} may trade again")
