"""The command ``fixgw``: a group of commands, each in a module of its own, imported when it is called for."""

from difflib import get_close_matches

import click

from fixgw import __version__

COMMANDS = (
    "run",
    "client",
    "init",
    "check",
    "status",
    "sessions",
    "instruments",
    "orders",
    "trades",
    "risk",
    "day",
    "book",
    "marketdata",
    "journal",
    "backup",
    "restore",
)


class _Commands(click.Group):
    """Imports a command when it is asked for: all of them together take most of a second."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        match name:
            case "run":
                from fixgw.cli.run import run as command
            case "process":
                from fixgw.cli.process import process as command
            case "client":
                from fixgw.cli.client import client as command
            case "init":
                from fixgw.cli.init import init as command
            case "check":
                from fixgw.cli.check import check as command
            case "status":
                from fixgw.cli.status import status as command
            case "sessions":
                from fixgw.cli.sessions import sessions as command
            case "instruments":
                from fixgw.cli.instruments import instruments as command
            case "orders":
                from fixgw.cli.orders import orders as command
            case "trades":
                from fixgw.cli.trades import trades as command
            case "risk":
                from fixgw.cli.risk import risk as command
            case "day":
                from fixgw.cli.day import day as command
            case "book":
                from fixgw.cli.book import book as command
            case "marketdata":
                from fixgw.cli.marketdata import marketdata as command
            case "journal":
                from fixgw.cli.journal import journal as command
            case "backup":
                from fixgw.cli.backup import backup as command
            case "restore":
                from fixgw.cli.backup import restore as command
            case _:
                return None
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            closest = get_close_matches(args[0], COMMANDS, 1)
            if not closest:
                raise
            raise click.UsageError(f"{error.message} Did you mean {closest[0]}?", ctx) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fixgw")
def main() -> None:
    """An exchange you speak FIX 4.4 to.

    \b
    fixgw run                       starts a venue; then, in another terminal,
    fixgw client --sender CLIENT1   trades on it.
    """
