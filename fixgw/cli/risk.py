"""``fixgw risk``: limits, exposure and kill switches; set, kill, release."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
from fixgw.spec.maker_protection import CHANGEABLE
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
        answer["protections"] = [each for each in answer["protections"] if _is_of(each, scope)]
        shown = {each["protection"] for each in answer["protections"]}
        answer["frozen"] = [each for each in answer["frozen"] if each["protection"] in shown]
    if as_json:
        names = ("limits", "lifted", "killed", "exposure", "protections", "frozen")
        show_json({name: answer[name] for name in names})
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
    kills = killed if answer["killed"] else "nothing is killed\n"
    places = positions if held else "nobody has a position\n"
    show(limits, kills, exposure, places, *(_protections(answer) if answer["protections"] else ()))


def _protections(answer: Json) -> tuple[Any, ...]:
    """Return the tables of market makers' protections, and of whose quotes are not taken."""
    protections = table("protection", "market maker", "instruments", *CHANGEABLE, "set by", numbers=CHANGEABLE)
    for each in answer["protections"]:
        maker = f"session:{each['session']}" if "session" in each else f"firm:{each['firm']}"
        instruments = ", ".join(each["instruments"]) or "each by itself"
        by = "operator" if each["by_operator"] else "venue.toml"
        add_row(protections, each["protection"], maker, instruments, *(each[name] for name in CHANGEABLE), by)
    if not answer["frozen"]:
        return (protections,)
    frozen = table("quotes pulled", "instrument", "because", "until")
    for each in answer["frozen"]:
        add_row(frozen, each["protection"], each["symbol"], each["text"], each["until"] or "it is reset")
    return protections, frozen


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


def _limit(text: str, names: Sequence[str] = LIMIT_NAMES) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    if not equals or name not in names:
        raise click.UsageError(f"{text}: write NAME=VALUE, where NAME is one of {', '.join(names)}")
    if value == "none":
        return name, None
    number = value.replace("_", "")
    if not _NUMBER.fullmatch(number):
        raise click.UsageError(f"{text}: the value is a decimal number above zero, or none for no limit")
    return name, number


@risk.command("protect", short_help="Change a market maker's protection.")
@click.argument("protection")
@click.argument("values", nargs=-1, required=True, metavar="NAME=VALUE...")
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def protect(
    protection: str,
    values: tuple[str, ...],
    reason: str | None,
    yes: bool,
    operator: str | None,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Change PROTECTION, one of venue.toml: fixgw risk protect tech fills_max=10 delta_max=none

    NAME is fills_max, qty_max, delta_max, window_ms or frozen_s; none lifts a limit.  What is set holds from the next
    trade on and over a restart, until venue.toml says another thing of this protection.
    """
    changes = dict(_limit(text, CHANGEABLE) for text in values)
    request = {"do": "set-protection", "protection": protection, "values": changes, "operator": operator}

    def done(_: Json, answer: Json) -> str:
        written = ", ".join(f"{name} {answer['protection'][name] or 'none'}" for name in changes)
        return f"protection {protection}: {written}"

    change(data_dir, as_json, f"Set {', '.join(values)} of {protection}?", reason, yes, [request], done)


@risk.command("reset", short_help="Take a market maker's quotes again.")
@click.argument("protection")
@click.argument("symbol", required=False)
@change_options
@data_option
@json_option("Print what the venue answers, one JSON object.")
def reset(
    protection: str,
    symbol: str | None,
    reason: str | None,
    yes: bool,
    operator: str | None,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Take quotes again that PROTECTION refuses, in SYMBOL or in all its instruments, and count from nothing."""
    request = {"do": "reset-protection", "protection": protection, "symbol": symbol, "operator": operator}
    question = f"Take quotes of {protection} again?"
    change(data_dir, as_json, question, reason, yes, [request], lambda *_: f"{protection} takes quotes again")


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
