"""A trader's desk: one session, the orders sent over it, and what a line of the short form does to them."""

import time
from collections.abc import Callable

from fixgw.client.message import Field, Message
from fixgw.client.orders import Orders, id_prefix
from fixgw.client.printing import Printer
from fixgw.client.protocol import Direction
from fixgw.client.session import ConnectError, LogonError, Session, SessionError
from fixgw.client.shorthand import EXAMPLE, MEANING, SCRIPT_WORDS, USAGE, Request


class Desk:
    """Joins session, orders and printer.  The session's listener must be this desk's ``on_message``."""

    def __init__(self, session: Session, printer: Printer, orders: Orders, timeout_s: float) -> None:
        self.session = session
        self.printer = printer
        self.orders = orders
        self.timeout_s = timeout_s
        session.on_message = self._on_message

    def request(self, request: Request) -> tuple[int, list[Field]]:
        """Send a request; return its MsgSeqNum(34) and fields.  Raises LineError or DisconnectedError."""
        fields = self.orders.fields(request, time.time())
        return self.session.send(fields), fields

    def logon(self, reset: bool | None = None) -> None:
        """Raises SessionError whose text says what to check."""
        try:
            self.session.logon(self.timeout_s, reset=reset)
        except ConnectError as error:
            raise SessionError(
                f"{error}. Is the venue running there? Start it with: fixgw run, or name another with --host and --port"
            ) from None
        except LogonError as error:
            raise SessionError(f"{self.session.sender} is not logged on: {error}. {advice(str(error))}") from None

    def _on_message(self, direction: Direction, message: Message) -> None:
        if direction is Direction.OUT:
            self.orders.sent(message)
        elif direction is Direction.IN:
            self.orders.received(message)
        self.printer.message(direction, message)


def new_orders(clock: Callable[[], float] = time.time) -> Orders:
    return Orders(id_prefix(clock()))


def advice(because: str) -> str:
    """Return what to check after a Logon that failed for this reason."""
    if "too low" in because or "too high" in because:
        return "The numbers of both sides differ: --reset, or reconnect reset at the prompt, begins at 1 again"
    return "Check that it is in the venue's sessions.cfg, not logged on elsewhere, and has the right --password"


def help_text(script: bool = False) -> str:
    """Return the commands, each with its meaning on the line below."""
    lines = []
    for word in USAGE:
        if script or word not in SCRIPT_WORDS:
            lines += [f"  {USAGE[word]}", f"      {MEANING[word]}"]
    examples = ", ".join(EXAMPLE[w] for w in ("buy", "sell", "cancel", "replace"))
    return "\n".join([*lines, f"  N is an order's number in this run, as in #3.  Examples: {examples}"])
