"""Messages for people: tag names, what values mean, colour by kind; and for programs: one JSON object a line."""

import json
import re
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fixgw.client.dictionary import Dictionary, load
from fixgw.client.message import Field, Message
from fixgw.client.orders import KnownOrder
from fixgw.client.protocol import Direction

ENVELOPE = frozenset({8, 9, 35, 49, 56, 52, 10})  # the same in every message of a session
HIDDEN_TYPES = frozenset("0124")  # session messages shown only on demand; Logon, Logout and Reject are always
SECRET = frozenset({554, 925})  # Password, NewPassword
SECRET_TEXT = re.compile(r"\b(554|925)=[^|\x01\s]+")
# Where a meaning helps.  Others, such as HandlInst(21), have names of a line's length that say nothing here.
EXPLAINED = frozenset({39, 40, 54, 59, 102, 103, 150, 373, 378, 380, 434, 530, 531, 532})
# What a trader looks for first; the venue sorts the body by tag.
FIRST = (11, 41, 150, 39, 55, 54, 38, 40, 44, 99, 59, 32, 31, 14, 151, 6, 102, 103, 434, 58, 37, 17, 1)
REORDERED_TYPES = frozenset("89DFG")

FILL_TYPES = frozenset("FGH")
INDENT = "   "
STYLES = {"fill": "green", "reject": "red", "admin": "dim", "out": "cyan", "in": "", "garbled": "bold red"}


class Printer:
    """Prints every message both ways on one line; quiet about heartbeats unless ``admin``."""

    def __init__(
        self,
        console: Console,
        *,
        admin: bool = False,
        as_json: bool = False,
        number_of: Callable[[Message], int | None] = lambda _: None,
        dictionary: Dictionary | None = None,
    ) -> None:
        """``number_of`` gives the client's own number of the order a message is about."""
        self.console = console
        self._admin = admin
        self._as_json = as_json
        self._number_of = number_of
        self._dictionary = dictionary or load()

    def message(self, direction: Direction, message: Message) -> None:
        if message.msg_type in HIDDEN_TYPES and not self._admin:
            return
        if self._as_json:
            self._line(Text(self.json(direction, message)))
        else:
            self._line(self.text(direction, message))

    def notice(self, text: str, style: str = "yellow") -> None:
        """Say something that is not a message; left out of JSON output."""
        if not self._as_json:
            # A terminal would break a long line in the middle of a word.
            self.console.print(Text(text, style=style), soft_wrap=not self.console.is_terminal)

    def orders(self, orders: Sequence[KnownOrder]) -> None:
        if not orders:
            self.notice("no orders yet")
        elif self._as_json:
            for order in orders:
                self._line(Text(json.dumps(order_object(order))))
        else:
            self.console.print(self.orders_table(orders))

    def received(self, message: Message) -> str:
        """Return a message of the venue's as one line of plain text."""
        return self.text(Direction.IN, message).plain

    def _line(self, line: Text) -> None:
        """Print one line; a terminal gets it wrapped between words and indented, anything else as it is."""
        if self.console.is_terminal and not self._as_json:
            line = Text("\n" + INDENT).join(line.wrap(self.console, max(20, self.console.width - len(INDENT))))
        self.console.print(line, soft_wrap=True)

    def text(self, direction: Direction, message: Message) -> Text:
        """Return ``-> D NewOrderSingle #1  ClOrdID(11)=... Side(54)=1 buy ...`` with its colours."""
        if direction is Direction.GARBLED:
            return Text(f"?? garbled, ignored ({message.get(58)}): {message.raw[:200]!r}", style=STYLES["garbled"])
        style = STYLES[kind(direction, message)]
        number = self._number_of(message)
        name = self._dictionary.messages.get(message.msg_type, "?")
        line = Text(f"{direction.value} {printable(message.msg_type)} {name}", style=f"bold {style}")
        line.append(f" #{number}" if number else "")
        for i, (tag, value) in enumerate(self.shown(message)):
            line.append(" " if i else "  ")
            line.append(f"{self._dictionary.name(tag)}=", style=f"not bold dim {style}")
            line.append(self.value(tag, value), style=f"not bold {style}")
        return line

    def shown(self, message: Message) -> list[Field]:
        """Return the fields worth showing, an order's most telling ones first."""
        left_out = ENVELOPE if self._admin else ENVELOPE | {34}
        fields = [(tag, value) for tag, value in message if tag not in left_out]
        tags = [tag for tag, _ in fields]
        if message.msg_type in REORDERED_TYPES and len(tags) == len(set(tags)):  # a repeating group keeps its order
            rank = {tag: i for i, tag in enumerate(FIRST)}
            fields.sort(key=lambda f: rank.get(f[0], len(rank)))
        return fields

    def value(self, tag: int, value: str) -> str:
        """Return a value as it may be shown: ``1 buy``; passwords hidden, control characters spelled out."""
        if tag in SECRET:
            return "***"
        meaning = self._dictionary.meaning(tag, value) if tag in EXPLAINED else ""
        return printable(value) + (f" {meaning}" if meaning else "")

    def json(self, direction: Direction, message: Message) -> str:
        """Return one object: direction, type, name, ``fields`` by tag, ``names`` by name; a group's tag has a list."""
        if direction is Direction.GARBLED:
            return json.dumps(
                {"direction": "garbled", "why": message.get(58), "raw": message.raw.decode("latin-1")}
            )
        fields = {str(tag): one_or_all(message.all(tag), tag) for tag, _ in message}
        names = {self._dictionary.names.get(int(tag), tag): value for tag, value in fields.items()}
        return json.dumps(
            {
                "direction": direction.name.lower(),
                "type": message.msg_type,
                "name": self._dictionary.messages.get(message.msg_type, ""),
                "order": self._number_of(message),
                "fields": fields,
                "names": names,
            }
        )

    def orders_table(self, orders: Sequence[KnownOrder]) -> Table:
        terminal = self.console.is_terminal
        table = Table(box=None, pad_edge=False, header_style="bold" if terminal else "", show_edge=False)
        for heading in ("N", "ClOrdID", "Side", "Qty", "Symbol", "Price", "Status", "Cum", "Leaves", "Avg"):
            right = heading in ("N", "Qty", "Price", "Cum", "Leaves", "Avg")
            table.add_column(heading, justify="right" if right else "left", no_wrap=True)
        for order in orders:
            row = order_object(order)
            side = self._dictionary.meaning(54, order.get(54)) or order.get(54)
            status = self._dictionary.meaning(39, order.ord_status) or order.ord_status or "no answer yet"
            cells = [row["n"], row["cl_ord_id"], side, row["order_qty"], row["symbol"], row["price"] or "mkt", status]
            cells += [row["cum_qty"], row["leaves_qty"], row["avg_px"]]
            table.add_row(*(Text(printable(str(cell))) for cell in cells), style="" if order.is_open else "dim")
        return table


def kind(direction: Direction, message: Message) -> str:
    """Return which of STYLES a message has."""
    if is_refusal(message):
        return "reject"
    if message.is_admin:
        return "admin"
    if message.msg_type == "8" and message.get(150) in FILL_TYPES:
        return "fill"
    return "out" if direction is Direction.OUT else "in"


def is_refusal(message: Message) -> bool:
    """Tell whether a message says no: Reject, business reject, a rejected order, cancel, mass cancel or request."""
    match message.msg_type:
        case "3" | "j" | "9" | "Y":
            return True
        case "8":
            return message.get(150) == "8"
        case "r":
            return message.get(531) == "0"
    return False


def order_object(order: KnownOrder) -> dict[str, str | int]:
    return {
        "n": order.number,
        "cl_ord_id": order.cl_ord_id,
        "side": order.get(54),
        "order_qty": order.get(38),
        "symbol": order.get(55),
        "price": order.get(44),
        "ord_status": order.ord_status,
        "cum_qty": order.cum_qty,
        "leaves_qty": order.leaves_qty,
        "avg_px": order.avg_px,
    }


def one_or_all(values: Sequence[str], tag: int) -> str | list[str]:
    if tag in SECRET:
        return "***"
    return values[0] if len(values) == 1 else list(values)


def printable(text: str) -> str:
    """Spell out what is not printable ASCII: what the venue sends must not drive the terminal."""
    return "".join(c if c.isascii() and c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def without_secrets(line: str) -> str:
    """Return a line of input as it may be shown."""
    return SECRET_TEXT.sub(r"\1=***", line)
