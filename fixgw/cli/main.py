"""The ``fixgw`` command: its subcommands, each in a module of its name."""

import click

from fixgw import __version__
from fixgw.cli.book import book
from fixgw.cli.check import check
from fixgw.cli.client import client
from fixgw.cli.init import init
from fixgw.cli.instruments import instruments
from fixgw.cli.marketdata import marketdata
from fixgw.cli.orders import orders
from fixgw.cli.process import process
from fixgw.cli.risk import risk
from fixgw.cli.run import run
from fixgw.cli.sessions import sessions
from fixgw.cli.status import status
from fixgw.cli.trades import trades


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fixgw")
def main() -> None:
    """An exchange you speak FIX 4.4 to.

    \b
    fixgw run                       starts a venue; then, in another terminal,
    fixgw client --sender CLIENT1   trades on it.
    """


for command in (
    run,
    process,
    client,
    init,
    check,
    status,
    sessions,
    instruments,
    orders,
    trades,
    risk,
    book,
    marketdata,
):
    main.add_command(command)
