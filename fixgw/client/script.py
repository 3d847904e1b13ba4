"""Scripts: lines of the short form run in order, each request answered before the next line."""

import fnmatch
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from fixgw.client.desk import Desk, help_text
from fixgw.client.dictionary import load
from fixgw.client.message import ADMIN_TYPES, Field, Message
from fixgw.client.printing import is_refusal, without_secrets
from fixgw.client.session import ExpectationError, SessionError
from fixgw.client.shorthand import (
    Command,
    Expect,
    ExpectNone,
    LineError,
    Reconnect,
    Request,
    Wait,
    Word,
    parse,
)

# The fields that a request and its answer have in common.
REQUEST_IDS = frozenset({11, 262, 320, 324, 335, 584, 790})
# Given by hand they make a message that the venue may rightly ignore, so no answer is waited for.
HAND_MADE = frozenset({8, 9, 10, 34, 43, 49, 56})


@dataclass(frozen=True)
class Line:
    number: int
    text: str


class ScriptError(Exception):
    """What did not hold, with the line it belongs to."""

    def __init__(self, line: Line, what: str) -> None:
        super().__init__(f"line {line.number}: {without_secrets(line.text)}: {what}")


class Script:
    """Runs lines at a desk and judges what came back.

    ``expect`` takes the next message that has the values and passes over those before it, so that a script reads
    in the order in which things happen.  A refusal that no ``expect`` took is a failure.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._arrived: deque[Message] = deque()
        self._refused: list[tuple[Line, Message]] = []
        self._asked: list[tuple[Line, int, list[Field]]] = []
        self._end_is_meant = False  # the script logged out, or waited for the venue's Logout

    def run(self, lines: Iterable[Line]) -> None:
        """Log on, run the lines, log out.

        Raises SessionError when something did not hold: one line for each refusal nobody expected, then the line
        the script stopped at.
        """
        self._desk.logon()
        try:
            for line in lines:
                command = command_of(line)
                if command == Word("quit"):
                    break
                if command is not None:
                    self._run_line(line, command)
        except ScriptError as error:
            self._log_out()
            raise SessionError("\n".join([*self._refusals(), str(error)])) from None
        ended = "" if self._end_is_meant or self._desk.session.logged_on else self._desk.session.closed_because
        self._log_out()
        if self._refused or ended:
            raise SessionError("\n".join([*self._refusals(), *([f"the connection ended: {ended}"] if ended else [])]))

    def _run_line(self, line: Line, command: Command) -> None:
        try:
            self._do(line, command)
        except (LineError, ExpectationError, SessionError, ValueError) as error:
            raise ScriptError(line, str(error)) from None

    def _do(self, line: Line, command: Command) -> None:
        match command:
            case Expect():
                self._expect(dict(self._desk.orders.resolve(command.wanted)))
            case ExpectNone():
                self._expect_none(command.seconds)
            case Wait():
                self._pump(command.seconds)
            case Reconnect():
                self._log_out()
                self._end_is_meant = False
                self._desk.logon(reset=command.reset)
            case Word("orders"):
                self._desk.printer.orders(self._desk.orders.known)
            case Word("help"):
                self._desk.printer.notice(help_text(script=True))
            case Word():
                self._end_is_meant = True
                self._log_out()
            case _:
                self._request(line, command)

    # Requests and their answers.

    def _request(self, line: Line, request: Request) -> None:
        seq, fields = self._desk.request(request)
        self._asked.append((line, seq, fields))
        if not wants_answer(fields):
            return
        until = time.monotonic() + self._desk.timeout_s
        while (message := self._next(until)) is not None:
            if answers(message, seq, fields):
                return
        ended = f"; the connection ended: {self._desk.session.closed_because}" if self._desk.session.closed else ""
        raise ExpectationError(f"no answer within {self._desk.timeout_s:g} s{ended}")

    def _next(self, until: float) -> Message | None:
        """Take one more message from the session and keep it for an ``expect``."""
        message = self._desk.session.receive(max(0.0, until - time.monotonic()))
        if message is not None:
            self._arrived.append(message)
            if is_refusal(message):
                self._refused.append((self._line_of(message), message))
        return message

    def _pump(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._next(until) is not None:
            pass
        if self._desk.session.closed:
            time.sleep(max(0.0, until - time.monotonic()))

    def _line_of(self, message: Message) -> Line:
        """Return the line whose request this message answers, the last one sent when none is named."""
        for line, seq, fields in reversed(self._asked):
            if answers(message, seq, fields):
                return line
        return self._asked[-1][0] if self._asked else Line(0, "(nothing sent)")

    # What must come.

    def _expect(self, wanted: Mapping[int, str]) -> None:
        if wanted.get(35) in ADMIN_TYPES - {"3"}:
            self._desk.session.expect_admin(wanted, self._desk.timeout_s)
            self._end_is_meant = self._end_is_meant or wanted[35] == "5"
            return
        until = time.monotonic() + self._desk.timeout_s
        passed: list[Message] = []
        while True:
            message = self._arrived.popleft() if self._arrived else None
            if message is None:
                if self._next(until) is None:
                    break
            elif matches(message, wanted):
                self._refused = [(line, refusal) for line, refusal in self._refused if refusal is not message]
                return
            else:
                passed.append(message)
        raise ExpectationError(self._instead(passed))

    def _instead(self, passed: Sequence[Message]) -> str:
        session = self._desk.session
        what = f"the connection ended ({session.closed_because})" if session.closed else "not within "
        what += "" if session.closed else f"{self._desk.timeout_s:g} s"
        if not passed:
            return f"{what}, nothing came"
        return f"{what}; came instead:" + "".join(f"\n  {self._shown(message)}" for message in passed)

    def _expect_none(self, seconds: float) -> None:
        self._pump(seconds)
        if self._arrived:
            came = "".join(f"\n  {self._shown(message)}" for message in self._arrived)
            raise ExpectationError(f"came:{came}")

    # The end.

    def _log_out(self) -> None:
        if self._desk.session.logged_on:
            self._desk.session.logout(self._desk.timeout_s)
        self._pump(0)

    def _refusals(self) -> list[str]:
        return [str(ScriptError(line, f"refused: {self._shown(message)}")) for line, message in self._refused]

    def _shown(self, message: Message) -> str:
        return self._desk.printer.received(message)


def read_lines(texts: Iterable[str]) -> Iterable[Line]:
    """Number the lines of a script, as they come."""
    for number, text in enumerate(texts, start=1):
        yield Line(number, text.strip())


def command_of(line: Line) -> Command | None:
    """Return what a line asks for.  Raises ScriptError for one that is not in the short form."""
    try:
        return parse(line.text)
    except LineError as error:
        raise ScriptError(line, str(error)) from None


def mistakes(lines: Iterable[Line]) -> list[str]:
    """Return what is wrong with the lines of a script, before anything of it is sent."""
    found = []
    for line in lines:
        try:
            command_of(line)
        except ScriptError as error:
            found.append(str(error))
    return found


def wants_answer(fields: Sequence[Field]) -> bool:
    tags = {tag for tag, _ in fields}
    return dict(fields)[35] not in ADMIN_TYPES and not tags & HAND_MADE


def answers(message: Message, seq: int, fields: Sequence[Field]) -> bool:
    """Tell whether a message answers the request with this MsgSeqNum(34) and fields."""
    if message.msg_type in ("3", "j") and message.get(45) == str(seq):
        return True
    if message.get(150) == "I" and not message.get(584) and asks_without_id(fields):
        # The order may have another ClOrdID(11) by now than the one it was asked for by.
        return True
    return any(tag in REQUEST_IDS and message.get(tag) == value for tag, value in fields)


def asks_without_id(fields: Sequence[Field]) -> bool:
    """Tell whether this is an OrderStatusRequest(H) without OrdStatusReqID(790)."""
    asked = dict(fields)
    return asked[35] == "H" and 790 not in asked


def matches(message: Message, wanted: Mapping[int, str]) -> bool:
    """Tell whether every wanted value is there: decimals by value, text as it is or with * in it."""
    return all(any(same_value(tag, came, value) for came in message.all(tag)) for tag, value in wanted.items())


def same_value(tag: int, came: str, wanted: str) -> bool:
    if came == wanted:
        return True
    if load().is_decimal(tag):
        try:
            return Decimal(came) == Decimal(wanted)
        except InvalidOperation:
            return False
    return "*" in wanted and fnmatch.fnmatchcase(came, wanted.replace("[", "[[]"))
