"""``fixgw client``: a FIX client at the terminal, or for a script."""

import sys
from pathlib import Path

import click
from rich.console import Console

from fixgw.client.desk import Desk, new_orders
from fixgw.client.printing import Printer
from fixgw.client.script import Script, mistakes, read_lines
from fixgw.client.session import Session, SessionError

DEFAULT_TARGET = "FIXGW"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 9876
PLAIN_WIDTH = 200  # of tables when the output is no terminal, whose width nobody knows


@click.command(short_help="Trade at a prompt, or by a script.")
@click.option("--sender", envvar="FIXGW_SENDER", show_envvar=True, required=True, metavar="COMPID",
              help="Our CompID, as in the venue's sessions.cfg: CLIENT1.")
@click.option("--target", default=DEFAULT_TARGET, show_default=True, metavar="COMPID", help="The venue's CompID.")
@click.option("--host", default=DEFAULT_HOST, envvar="FIXGW_HOST", show_envvar=True, show_default=True,
              help="Where the venue runs: a name or an address.")
@click.option("--port", default=DEFAULT_PORT, envvar="FIXGW_PORT", show_envvar=True, show_default=True,
              type=click.IntRange(1, 65535), help="The TCP port its order entry listens on.")
@click.option("--script", type=click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True), metavar="FILE",
              help="Run the lines of FILE; - is standard input.")
@click.option("--timeout", "timeout_s", default=5.0, show_default=True, type=click.FloatRange(min=0, min_open=True),
              help="Seconds to wait for an answer.")
@click.option("--heartbeat", "heartbeat_s", default=30, show_default=True, type=click.IntRange(0, 3600),
              help="HeartBtInt(108) in seconds; 0 for none.")
@click.option("--store", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Folder to keep sequence numbers in between runs.  Without it every run begins at 1 and asks the"
              " venue to do the same, with ResetSeqNumFlag(141)=Y.")
@click.option("--reset", is_flag=True, help="Begin at 1 with ResetSeqNumFlag(141)=Y in spite of --store.")
@click.option("--admin", is_flag=True, help="Show heartbeats and the other session messages too.")
@click.option("--password", envvar="FIXGW_PASSWORD", show_envvar=True, help="Sent as Password(554); never shown.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each message.")
def client(
    sender: str,
    target: str,
    host: str,
    port: int,
    script: str | None,
    timeout_s: float,
    heartbeat_s: int,
    store: Path | None,
    reset: bool,
    admin: bool,
    password: str | None,
    as_json: bool,
) -> None:
    """Speak FIX 4.4 with the venue: at a prompt, or by a script.

    Lines are such as "buy 100 AAPL 10.05", "sell 50 AAPL mkt ioc", "cancel 1", "replace 1 80 10.06", "status",
    "raw 35=D|..."; help lists them all.  A script may say what must come back: "expect 150=F 32=50".

    Without --script, and when standard input is not a terminal, standard input is the script.  A script exits 0
    when every request was answered, every expect held and nothing was refused unexpectedly; else 1.
    """
    try:
        session = Session(
            sender, target, host, port,
            heartbeat_s=heartbeat_s, reset=reset or store is None, password=password, store=store,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise click.UsageError(f"--store: {error}") from None
    orders = new_orders()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    printer = Printer(console, admin=admin, as_json=as_json, number_of=orders.number_of)
    desk = Desk(session, printer, orders, timeout_s)
    with session:
        try:
            if script is None and sys.stdin.isatty():
                # Only here: prompt_toolkit takes 0.1 s to load, and every fixgw command imports this module.
                from fixgw.client.terminal import Terminal

                Terminal(desk).run()
            else:
                run_script(desk, script)
        except SessionError as error:
            click.echo(str(error), err=True)
            sys.exit(1)


def run_script(desk: Desk, script: str | None) -> None:
    """Run a file after all its lines are found right, or standard input line by line.  Raises SessionError."""
    if script in (None, "-"):
        Script(desk).run(read_lines(sys.stdin))
        return
    lines = list(read_lines(Path(str(script)).read_text("latin-1").splitlines()))
    wrong = mistakes(lines)
    if wrong:
        raise SessionError("\n".join([*wrong, "nothing was sent"]))
    Script(desk).run(lines)
