"""The interactive terminal: a prompt at the bottom, messages above it as they come."""

from collections.abc import Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.patch_stdout import patch_stdout

from fixgw.client.desk import Desk, help_text
from fixgw.client.orders import KnownOrder
from fixgw.client.session import SessionError
from fixgw.client.shorthand import (
    MEANING,
    SCRIPT_WORDS,
    SIDES,
    TIMES_IN_FORCE,
    USAGE,
    Command,
    Expect,
    ExpectNone,
    LineError,
    Reconnect,
    Wait,
    Word,
    parse,
)

SHIPPED_SYMBOLS = ("AAPL", "MSFT", "BTC-USD", "ESZ6")
TAKES_ORDER = frozenset({"cancel", "replace", "status"})


class Terminal:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._leaving = False

    def run(self) -> None:
        """Log on, take lines until the user leaves, log out.  Raises SessionError when logging on fails."""
        self._log_on()
        session = self._desk.session
        self._desk.printer.notice(f"{session.sender} is logged on to {session.target}; help lists the commands")
        # In memory only: a line may hold a password.
        prompt: PromptSession[str] = PromptSession(
            history=InMemoryHistory(),
            completer=ShorthandCompleter(self._desk),
            complete_while_typing=False,
            bottom_toolbar=self._toolbar,
        )
        with patch_stdout(raw=True):
            while not self._leaving:
                try:
                    self.line(prompt.prompt(f"{session.sender}> "))
                except (EOFError, KeyboardInterrupt):
                    self._leave()

    def line(self, text: str) -> None:
        """Do what one line asks for; a wrong one is answered with what would be right."""
        try:
            command = parse(text)
            if command is not None:
                self._do(command)
        except (LineError, SessionError, ValueError) as error:
            self._desk.printer.notice(str(error), style="red")
            if self._desk.session.closed:
                self._desk.printer.notice("reconnect logs on again")

    def _do(self, command: Command) -> None:
        match command:
            case Expect() | ExpectNone() | Wait():
                raise LineError("expect and wait are for scripts: fixgw client --script FILE")
            case Reconnect():
                self._log_out()
                self._log_on(reset=command.reset)
            case Word("orders"):
                self._desk.printer.orders(self._desk.orders.known)
            case Word("help"):
                self._desk.printer.notice(help_text(), style="")
            case Word("logout"):
                self._log_out()
            case Word():
                self._leave()
            case _:
                self._desk.request(command)

    def _log_on(self, reset: bool | None = None) -> None:
        self._desk.session.on_close = None  # a Logon that fails raises, once is enough
        self._desk.logon(reset)
        self._desk.session.on_close = self._connection_ended

    def _leave(self) -> None:
        self._leaving = True
        self._log_out()

    def _log_out(self) -> None:
        if self._desk.session.logged_on:
            self._desk.session.logout(self._desk.timeout_s)
        else:
            self._desk.session.close()

    def _connection_ended(self, because: str) -> None:
        if because not in ("logged out", "closed by us"):
            advice = "Type reconnect to log on again, or quit"
            self._desk.printer.notice(f"The connection ended: {because}. {advice}", "bold red")

    def _toolbar(self) -> str:
        session = self._desk.session
        where = f"{session.sender} -> {session.target} {session.host}:{session.port}"
        return f" {where}   {session.state.value}   next out {session.next_out}, next in {session.next_in}"


class ShorthandCompleter(Completer):
    """Completes commands, symbols, times in force, sides and the numbers of open orders."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002 - prompt_toolkit's signature
        words = document.text_before_cursor.split(" ")
        begun = words[-1]
        for text, meaning in self.candidates([w for w in words[:-1] if w]):
            if text.lower().startswith(begun.lower()):
                yield Completion(text, start_position=-len(begun), display_meta=meaning)

    def candidates(self, before: list[str]) -> list[tuple[str, str]]:
        """Return what may follow the words before the cursor, each with its meaning."""
        if not before:
            return [(word, MEANING[word]) for word in USAGE if word not in SCRIPT_WORDS]
        word, place = before[0].lower(), len(before)
        if word in TAKES_ORDER and place == 1:
            return [(str(o.number), f"{o.get(55)} {o.get(38)} @ {o.get(44) or 'mkt'}") for o in self._open_orders()]
        if (word in SIDES and place == 2) or (word == "cancel-all" and place == 1):
            return [(symbol, "") for symbol in self._symbols()]
        if word in SIDES and place == 3:
            return [("mkt", "at market")]
        if word in SIDES and place > 3:
            followed = [("gtd", "a date or time follows"), ("acct", "an account follows")]
            return [*((time, "") for time in TIMES_IN_FORCE), *followed]
        if word == "cancel-all":
            return [(side, "") for side in SIDES]
        return []

    def _open_orders(self) -> list[KnownOrder]:
        return [order for order in self._desk.orders.known if order.is_open]

    def _symbols(self) -> list[str]:
        return sorted({*SHIPPED_SYMBOLS, *(order.get(55) for order in self._desk.orders.known)} - {""})
