"""Plays a scenario, a golden FIX session in plain text, against a real venue over real sockets.

    # What the story is, and which rules it shows (E31).
    # config: limits.venue.order_qty_max = 1000
    A> 35=D|11=a1|55=AAPL|54=2|38=40|40=2|44=100.25
    A< 35=8|37=1|17=2.0|150=0|39=0|...

Sessions A to D are CLIENT1 to CLIENT4; each that the file names is logged on when it begins.  Lines:

    A> 35=D|...     send it, then wait until every answer to it is here
    A>> 35=D|...    send it and go on at once: the next line follows on the wire without a pause
    A< 35=8|...     what A got of the line above; written by ``pytest --update-golden``
    ! A logout      ``logon`` (numbers go on), ``connect`` (no Logon yet) and ``drop`` (no Logout) likewise
    ! operator halt AAPL: news      likewise ``resume``, ``kill firm:ALPHA``, ``release``, ``cancel 1`` (an OrderID)
                    and ``cancel-all venue``, each with its reason; ``suspend AAPL``, ``delist AAPL``, ``add NOVA
                    tick=0.01 lot=1``, ``change AAPL tick=0.05``; ``bust 3.1`` and ``correct 3.1 price=100.20 qty=5``,
                    by the ExecID(17) of a fill; ``end-day today: ...`` ends the trading day, and the
                    next has begun when the following line is played; ``phase AAPL phase=closed``;
                    ``operator refused bust ...`` is refused
    ! until A hears     something that no line has brought about: a good-till-date order expires
    ! until halted      something is, that no line has halted; ``until resumed`` nothing is any more
    ! restart       stop the venue in good order and start it on the same data; ``kill`` stops it with SIGKILL
    # config: ...   a value of venue.toml, an instrument by its symbol: ``instruments.AAPL.lot = "100"``, and
                    ``instruments.AAPL = false`` without it; below the first message, it is so from the next start on
    # session: CLIENT1.MarketMaker = Y       a key of sessions.cfg, in the section of that session

A time of day ``"+3 s"`` in the configuration is three seconds after the start; the time zone ``"noon"`` is one where it
is about noon then.

The runner adds the header and TransactTime(60) where they are absent; ``-60`` leaves it out.  ``432=today`` is the
trading date, ``126=soon`` a second from now.  Header and trailer are not shown in answers, and a value that no two runs
have in common is shown as ``...``.

Every message of the venue is checked against the stock FIX 4.4 dictionary.

How the runner knows that every answer is here: each session asks for the status of an order that does not exist.  The
venue answers in order, the question is not journaled and uses up no identifier of the venue's.
"""

import faulthandler
import multiprocessing
import os
import re
import socket
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from multiprocessing.connection import Connection
from pathlib import Path
from zoneinfo import ZoneInfo

from fixgw.admin.client import AdminClient, Refused
from fixgw.client.message import Field, Message, utc_timestamp
from fixgw.client.protocol import Direction
from fixgw.client.session import DisconnectedError, Session
from fixgw.config.load import SESSION_FILE, VENUE_FILE, default_text, load
from tests import stock_dictionary

SESSIONS = {"A": "CLIENT1", "B": "CLIENT2", "C": "CLIENT3", "D": "CLIENT4"}
TIMEOUT_S = 30.0

_TRANSACT_TIME_TYPES = frozenset("DFGKq")
_HEADER_AND_TRAILER = frozenset((8, 9, 34, 49, 52, 56, 10))
_ANY_TWO_RUNS_DIFFER = frozenset((7, 16, 36, 60, 122))
"""Times, and sequence numbers, which count the runner's own questions as well."""
_IN_TEXTS = (re.compile(r"\d{8}-\d\d:\d\d:\d\d(\.\d+)?"), re.compile(r"\d{4}-\d\d-\d\d"), re.compile(r"\d+(?= s ago)"))
_HOUSEKEEPING = frozenset("0A1245")
_QUESTION = "~"

_CONFIG_LINE = re.compile(r"# config: (\S+) = (.+)")
_SESSION_LINE = re.compile(r"# session: (\w+)\.(\w+) = (.+)")
_SENT_LINE = re.compile(r"([A-D])>(>?) (.+)")
_RECEIVED_LINE = re.compile(r"[A-D]< .*")
_OPERATOR = re.compile(
    r"! operator (refused )?"
    r"(halt|resume|suspend|add|change|delist|kill|release|cancel|cancel-all|end-day|phase|bust|correct|reset|trip) "
    r"(\S+(?: \w+=\S+)*): (.+)"
)
_REQUESTS = {
    "halt": ("halt", "symbol"),
    "resume": ("resume", "symbol"),
    "suspend": ("suspend", "symbol"),
    "add": ("add-instrument", "symbol"),
    "change": ("change-instrument", "symbol"),
    "delist": ("delist-instrument", "symbol"),
    "kill": ("kill", "scope"),
    "release": ("release", "scope"),
    "cancel": ("cancel-order", "order_id"),
    "cancel-all": ("cancel-all", "scope"),
    "end-day": ("end-day", "date"),
    "phase": ("set-phase", "symbol"),
    "bust": ("bust-trade", "trade"),
    "correct": ("correct-trade", "trade"),
    "reset": ("reset-protection", "protection"),
    "trip": ("trip-breaker", "level"),
}
"""What the admin socket calls it, and whom it is about."""
_WHOLE_NUMBERS = ("multiplier", "price_decimals", "qty_decimals", "static_band_ticks", "dynamic_band_ticks")
_DIRECTIVE = re.compile(r"! (restart|kill|([A-D]) (logon|logout|connect|drop))")
_HALTS = re.compile(r"! until (halted|resumed)")
_HEARS = re.compile(r"! until ([A-D]) hears")
_SOON_S = 1.0
_FROM_NOW = re.compile(r"([+-]\d+) s")

# One process imports the venue once; each venue is a fork of it and starts in milliseconds.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["__main__", "fixgw.app", "tests.scenario_runner"])


class ScenarioError(Exception):
    """What is wrong with a scenario file, or with how the venue behaved as a whole; names the line."""


@dataclass(frozen=True)
class Outcome:
    """What a scenario came to: its text with the answers of this run, and the messages themselves."""

    text: str
    sent: tuple[tuple[str, Message], ...]
    received: tuple[tuple[str, Message], ...]
    """With the letter of the session, in the order of the text."""


def play(text: str, folder: Path) -> Outcome:
    """Play a scenario with its data in ``folder``, which is empty.  Raises ScenarioError."""
    lines = [line for line in text.splitlines() if not _RECEIVED_LINE.fullmatch(line)]
    venue = Venue(folder)
    venue.configure(_leading_comments(lines))
    clients = {letter: Client(SESSIONS[letter], venue.port) for letter in _letters(lines)}
    player = _Player(venue, clients)
    try:
        venue.start()
        player.log_on(_letters_at_start(lines))
        for number, line in enumerate(lines, start=1):
            try:
                player.play(line)
            except Exception as error:
                raise ScenarioError(f"input line {number}: {line}: {error}") from error
    finally:
        for client in clients.values():
            client.session.close()
        venue.kill()
    return Outcome("\n".join(player.lines) + "\n", tuple(player.sent), tuple(player.received))


def _leading_comments(lines: list[str]) -> str:
    return "\n".join(takewhile(lambda line: line.startswith("#"), lines))


def _letters(lines: list[str]) -> list[str]:
    named = {match[1] for line in lines if (match := _SENT_LINE.fullmatch(line))}
    named |= {match[2] for line in lines if (match := _DIRECTIVE.fullmatch(line)) and match[2]}
    return sorted(named)


def _letters_at_start(lines: list[str]) -> list[str]:
    """Return the sessions that the runner logs on: not those that begin by connecting or logging on themselves."""
    itself = set()
    begun = set()
    for line in lines:
        if (match := _SENT_LINE.fullmatch(line)) and match[1] not in begun:
            begun.add(match[1])
        elif (match := _DIRECTIVE.fullmatch(line)) and match[2] and match[2] not in begun:
            begun.add(match[2])
            if match[3] in ("logon", "connect"):
                itself.add(match[2])
    return sorted(begun - itself)


class _Player:
    """Plays one line after the other and writes down what happens."""

    def __init__(self, venue: "Venue", clients: dict[str, "Client"]) -> None:
        self._venue = venue
        self._clients = clients
        self.lines: list[str] = []
        self.sent: list[tuple[str, Message]] = []
        self.received: list[tuple[str, Message]] = []

    def log_on(self, letters: list[str]) -> None:
        for letter in letters:
            self._clients[letter].log_on()
        for client in self._clients.values():
            client.take()

    def play(self, line: str) -> None:
        self.lines.append(line)
        if match := _SENT_LINE.fullmatch(line):
            self._send(match[1], match[3], wait=not match[2])
        elif match := _OPERATOR.fullmatch(line):
            self._operate(match[2], match[3], match[4], is_refused=match[1] is not None)
            self._collect(shown_housekeeping=False)
        elif match := _DIRECTIVE.fullmatch(line):
            self._direct(match[1], match[2], match[3])
        elif match := _HALTS.fullmatch(line):
            self._venue.wait_for_halt(is_halted=match[1] == "halted")
            self._collect(shown_housekeeping=False)
        elif match := _HEARS.fullmatch(line):
            self._clients[match[1]].hear()
            self._collect(shown_housekeeping=False)
        elif line and not line.startswith("#"):
            raise ScenarioError("this is no line of a scenario")

    def _operate(self, what: str, whom: str, reason: str, *, is_refused: bool) -> None:
        try:
            self._venue.operate(what, whom, reason)
        except Refused:
            if not is_refused:
                raise
        else:
            if is_refused:
                raise ScenarioError("the venue has done it")

    def _send(self, letter: str, text: str, wait: bool) -> None:
        client = self._clients[letter]
        fields = [(tag, client.meant(tag, value)) for tag, value in fields_of(text)]
        client.send(fields)
        self.sent.append((letter, Message(fields)))
        if wait:
            # The sender first: then the venue has read it before it reads what the others ask.
            client.settle()
            self._collect(shown_housekeeping=True)

    def _direct(self, directive: str, letter: str | None, what: str) -> None:
        if letter is None:
            self._restart(in_good_order=directive == "restart")
        else:
            client = self._clients[letter]
            match what:
                case "logon":
                    client.log_on()
                case "logout":
                    client.session.logout()
                case "connect":
                    client.connect()
                case "drop":
                    client.session.close()
        self._collect(shown_housekeeping=False)

    def _restart(self, in_good_order: bool) -> None:
        were_there = [client for client in self._clients.values() if client.session.logged_on]
        if in_good_order:
            for client in were_there:
                client.session.logout()
            self._venue.stop()
        else:
            self._venue.kill()
            for client in were_there:
                client.session.close()
        self._venue.configure("\n".join(self.lines))
        self._venue.start()
        for client in were_there:
            client.log_on()

    def _collect(self, shown_housekeeping: bool) -> None:
        for client in self._clients.values():
            client.settle()
        for letter, client in self._clients.items():
            for message in client.take():
                if shown_housekeeping or message.msg_type not in _HOUSEKEEPING:
                    self.lines.append(f"{letter}< {client.shown(message)}")
                    self.received.append((letter, message))


class Client:
    """One session, with all it has received."""

    def __init__(self, comp_id: str, port: int) -> None:
        self.session = Session(comp_id, port=port, reset=False, on_message=self._on_message)
        self._arrived: list[Message] = []
        self._questions = 0
        self._last_sent = 0
        self._asked_for_logon = False
        self._words: dict[Field, str] = {}
        self._changed = threading.Condition()

    def log_on(self) -> None:
        self.session.logon(timeout_s=TIMEOUT_S)

    def connect(self) -> None:
        self._asked_for_logon = False
        self.session.connect(timeout_s=TIMEOUT_S)

    def _on_message(self, direction: Direction, message: Message) -> None:
        if direction is Direction.IN:
            with self._changed:
                self._arrived.append(message)
                self._changed.notify_all()

    def send(self, fields: list[Field]) -> None:
        msg_type = next(value for tag, value in fields if tag == 35)
        left_out = {-tag for tag, _ in fields if tag < 0}
        fields = [(tag, value) for tag, value in fields if tag > 0]
        if msg_type in _TRANSACT_TIME_TYPES and 60 not in left_out | {tag for tag, _ in fields}:
            fields.append((60, utc_timestamp(time.time())))
        if msg_type == "A":
            self._asked_for_logon = True
            if (141, "Y") in fields:
                self.session.next_out = 1
        self._last_sent = self.session.send(fields)

    def meant(self, tag: int, value: str) -> str:
        """Return ``value``, or the time that it is a word for; answers show the word again."""
        if (tag, value) == (432, "today"):
            time_text = utc_timestamp(time.time())[:8]
        elif (tag, value) == (126, "soon"):
            time_text = utc_timestamp(time.time() + _SOON_S)
        else:
            return value
        self._words[tag, time_text] = value
        return time_text

    def hear(self) -> None:
        """Return when something has come that is no answer to the runner's own questions."""
        self._wait(lambda: any(not message.get(790).startswith(_QUESTION) for message in self._arrived))

    def settle(self) -> None:
        """Return when all that the venue has to say to what it was sent is here, or the connection has ended."""
        if not self.session.logged_on:
            self._wait_for_logon_or_end()
            return
        self._questions += 1
        question = f"{_QUESTION}{self._questions}"
        with suppress(DisconnectedError):
            self.session.send([(35, "H"), (11, _QUESTION), (790, question), (55, _QUESTION), (54, "1")])
        self._wait(lambda: any(message.get(790) == question for message in self._arrived))

    def _wait_for_logon_or_end(self) -> None:
        """A session that is not logged on, but connected, waits for the venue's answer to its first message."""
        if not self._asked_for_logon:
            return
        self._wait(lambda: self.session.logged_on)
        if self.session.logged_on:
            self.settle()

    def _wait(self, is_so: Callable[[], bool]) -> None:
        until = time.monotonic() + TIMEOUT_S
        with self._changed:
            while not is_so() and not self.session.closed:
                if time.monotonic() > until:
                    raise ScenarioError(f"{self.session.sender}: no answer within {TIMEOUT_S:g} s")
                self._changed.wait(0.05)

    def take(self) -> list[Message]:
        """Return what has arrived since the last time, but for the answers to the runner's own questions."""
        with self._changed:
            arrived, self._arrived = self._arrived, []
        for message in arrived:
            stock_dictionary.check(message.raw.decode("latin-1"))
        return [message for message in arrived if not message.get(790).startswith(_QUESTION)]

    def shown(self, message: Message) -> str:
        """Return ``message`` as it stands in the file."""
        shown = []
        for tag, value in message:
            if tag in _HEADER_AND_TRAILER:
                continue
            value = self._words.get((tag, value), value)
            if tag in _ANY_TWO_RUNS_DIFFER or (tag == 45 and value == str(self._last_sent)):
                value = "..."
            for pattern in _IN_TEXTS:
                value = pattern.sub("...", value)
            shown.append(f"{tag}={value}")
        return "|".join(shown)


class Venue:
    """A venue in a process of its own, with its data in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._process: multiprocessing.context.ForkServerProcess | None = None

    def configure(self, text: str) -> None:
        """Take the ``# config:`` and ``# session:`` lines of ``text`` at the next start."""
        (self._folder / VENUE_FILE).write_text(venue_toml(text), encoding="utf-8")
        (self._folder / SESSION_FILE).write_text(sessions_cfg(text), encoding="utf-8")

    def start(self) -> None:
        """Return when it is open.  Raises ScenarioError with its log."""
        self._control, theirs = _processes.Pipe()
        self._process = _processes.Process(target=_serve, args=(self._folder, self.port, theirs), daemon=True)
        self._process.start()
        theirs.close()
        try:
            self._control.recv()
        except EOFError:
            self._process.join()
            status, self._process = self._process.exitcode, None
            raise ScenarioError(f"the venue did not start, it ended with {status}: {self.log_text()}") from None

    def operate(self, what: str, whom: str, reason: str) -> None:
        """Ask for it as an operator; returns when it is done."""
        do, name = _REQUESTS[what]
        whom, *more = whom.split()
        terms = dict(map(_term, more))
        with AdminClient(self._folder / "var") as operator:
            if do == "end-day":
                whom = operator.ask("status")["trading_date"]
            operator.ask(do, **{name: int(whom) if name == "level" else whom}, **terms, reason=reason)
            until = time.monotonic() + TIMEOUT_S
            while operator.ask("status")["day_phase"] != "open":
                if time.monotonic() > until:
                    raise ScenarioError(f"the next trading day does not begin within {TIMEOUT_S:g} s")
                time.sleep(0.02)

    def wait_for_halt(self, *, is_halted: bool) -> None:
        until = time.monotonic() + TIMEOUT_S
        with AdminClient(self._folder / "var") as operator:
            while bool(operator.ask("status")["halted"]) is not is_halted:
                if time.monotonic() > until:
                    raise ScenarioError(f"nothing is halted or resumed within {TIMEOUT_S:g} s")
                time.sleep(0.02)

    def stop(self) -> None:
        assert self._process is not None
        self._control.send("stop")
        self._process.join(TIMEOUT_S)
        if self._process.exitcode != 0:
            raise ScenarioError(f"the venue stopped with {self._process.exitcode}: {self.log_text()}")
        self._process = None

    def kill(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            if not process.is_alive():
                raise ScenarioError(f"the venue ended by itself with {process.exitcode}: {self.log_text()}")
            process.kill()
            process.join()

    def log_text(self) -> str:
        log = self._folder / "log"
        return log.read_text(encoding="utf-8") if log.exists() else "no log, see its standard error"


def _term(text: str) -> tuple[str, object]:
    """Return ``tick=0.05`` as the admin socket takes it: whole numbers and ``yes`` are no texts.

    ``ticks=0.05@5+0.10@10`` are the ticks from 5 and from 10 on.
    """
    name, _, value = text.partition("=")
    if value == "yes":
        return name, True
    if name == "ticks":
        return name, [f"{tick} from {price}" for tick, _, price in (each.partition("@") for each in value.split("+"))]
    return name, int(value) if name in _WHOLE_NUMBERS else value


def _serve(folder: Path, port: int, control: Connection) -> None:
    """The venue's process: open the door, say so, and wait to be told to stop."""
    from fixgw.app import Gateway

    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    faulthandler.enable()
    gateway = Gateway(load(folder, {"FIXGW_ORDER_ENTRY_PORT": str(port)}), folder / "var")
    gateway.open()
    control.send("open")

    def wait_for_the_end() -> None:
        with suppress(EOFError):
            control.recv()
        gateway.stop()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    gateway.run()
    os._exit(0)  # at once, as the command does


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def fields_of(text: str) -> list[Field]:
    """Return the fields of ``35=D|11=a1``; ``-60`` becomes a negative tag."""
    fields = []
    for field in text.split("|"):
        tag, equals, value = field.partition("=")
        if not equals and not tag.startswith("-"):
            raise ScenarioError(f"{field} is not tag=value")
        fields.append((int(tag), value))
    return fields


# venue.toml.


def venue_toml(text: str) -> str:
    """Return the packaged venue.toml with the ``# config:`` lines of a scenario taken in."""
    config = tomllib.loads(default_text(VENUE_FILE), parse_float=str)
    for line in text.splitlines():
        if match := _CONFIG_LINE.fullmatch(line):
            _set(config, match[1].split("."), tomllib.loads(f"value = {match[2]}", parse_float=str)["value"])
    return "\n".join(_toml(config)) + "\n"


def sessions_cfg(text: str) -> str:
    """Return the packaged sessions.cfg with the ``# session:`` lines of a scenario taken in."""
    config = default_text(SESSION_FILE)
    for session, key, value in _SESSION_LINE.findall(text):
        line = f"TargetCompID={session}\n"
        assert line in config, session
        config = config.replace(line, f"{line}{key}={value}\n")
    return config


def _set(config: dict[str, object], path: list[str], value: object) -> None:
    if path[0] == "instruments" and value is False:
        listed = config["instruments"]
        assert isinstance(listed, list)
        config["instruments"] = [instrument for instrument in listed if instrument["symbol"] != path[1]]
        return
    table = config
    for index, name in enumerate(path[:-1]):
        if index == 1 and path[0] == "instruments":
            continue
        below = table.setdefault(name, {})
        if isinstance(below, list):
            symbol = path[index + 1]
            if not any(instrument["symbol"] == symbol for instrument in below):
                below.append({"symbol": symbol, "tick": "0.01", "lot": "1"})
            below = next(instrument for instrument in below if instrument["symbol"] == symbol)
        assert isinstance(below, dict), path
        table = below
    table[path[-1]] = value


def _toml(table: dict[str, object], path: str = "") -> Iterator[str]:
    """Yield the lines of ``table``: its values first, then the tables below it."""
    below = {name: value for name, value in table.items() if _has_tables(value)}
    for name, value in table.items():
        if name not in below:
            yield f"{name} = {_written(value)}"
    for name, value in below.items():
        here = f"{path}.{name}" if path else name
        for element in value if isinstance(value, list) else [value]:
            assert isinstance(element, dict), here
            yield f"[[{here}]]" if isinstance(value, list) else f"[{here}]"
            yield from _toml(element, here)


def _has_tables(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, dict) for each in value))


def _written(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return str(value).lower() if isinstance(value, bool | int) else _quoted(value)


def _quoted(value: object) -> str:
    assert isinstance(value, str), value
    if match := _FROM_NOW.fullmatch(value):
        return f'"{(datetime.now(_noon()) + timedelta(seconds=int(match[1]))):%H:%M:%S}"'
    return f'"{_noon().key}"' if value == "noon" else f'"{value}"'


def _noon() -> ZoneInfo:
    """Return a time zone in which no day begins or ends for hours."""
    behind = (time.gmtime().tm_hour - 12) % 24
    # The signs of these zones are the other way round: GMT+1 is an hour behind.
    return ZoneInfo(f"Etc/GMT+{behind}" if behind <= 12 else f"Etc/GMT-{24 - behind}")
