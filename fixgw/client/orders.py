"""The orders this client knows, numbered from 1, followed from the messages both ways."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from fixgw.client.message import Field, Message, utc_timestamp
from fixgw.client.shorthand import Cancel, CancelAll, LineError, Order, Raw, Replace, Request, Status

BASE_36 = "0123456789abcdefghijklmnopqrstuvwxyz"
IDS_BEGIN_MS = 1_735_689_600_000  # 2025-01-01: nothing was sent before, and ids are a character shorter
REFERENCE = re.compile(r"\$(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)
ABOUT_ONE_ORDER = frozenset("DFGH89")
ENDED = frozenset("2348C")  # OrdStatus(39) of an order that cannot be canceled any more
OF_A_VERSION = frozenset({11, 41, 60})  # not restated by a replace: each request has its own


@dataclass
class KnownOrder:
    number: int
    cl_ord_id: str  # the last that was accepted, or the first while none is: OrigClOrdID(41) of the next request
    body: list[Field]  # what the accepted version said, to be restated by a replace
    ord_status: str = ""  # empty until the first answer
    cum_qty: str = ""
    leaves_qty: str = ""
    avg_px: str = ""
    last_report: Message | None = None
    asked: dict[str, list[Field]] = field(default_factory=dict)  # replaces not yet answered, by ClOrdID

    @property
    def is_open(self) -> bool:
        return self.ord_status not in ENDED

    def get(self, tag: int) -> str:
        return next((value for t, value in self.body if t == tag), "")


class Orders:
    """Follows the session's messages, and writes requests that need what it knows."""

    def __init__(self, prefix: str) -> None:
        """``prefix`` begins every ClOrdID(11) and must not have been used before by this session."""
        self._prefix = prefix
        self._ids = 0
        self.known: list[KnownOrder] = []
        self._by_id: dict[str, KnownOrder] = {}
        self._by_seq: dict[str, str] = {}  # MsgSeqNum(34) of a request -> its ClOrdID

    # From the short form to fields.

    def fields(self, request: Request, now_s: float) -> list[Field]:
        """Return the message, MsgType(35) first, without the rest of the header.  Raises LineError."""
        match request:
            case Order():
                return self._new(request, now_s)
            case Cancel():
                return self._cancel(request, now_s)
            case Replace():
                return self._replace(request, now_s)
            case Status():
                return self._status(request)
            case CancelAll():
                return self._cancel_all(request, now_s)
            case Raw():
                return self.resolve(request.fields)

    def resolve(self, fields: Sequence[Field]) -> list[Field]:
        """Put the ClOrdID of order N for a value ``$N``, and its last report's tag T for ``$N.T``."""
        return [(tag, REFERENCE.sub(self._referred, value)) for tag, value in fields]

    def order(self, number: int) -> KnownOrder:
        """Return order N.  Raises LineError."""
        if not 1 <= number <= len(self.known):
            known = f"the last is {len(self.known)}" if self.known else "none was sent yet"
            raise LineError(f"there is no order {number}, {known}; see: orders")
        return self.known[number - 1]

    def number_of(self, message: Message) -> int | None:
        """Return the number of the order a message is about, None when it is about none of ours, or about many."""
        if message.msg_type not in ABOUT_ONE_ORDER:
            return None
        order = self._by_id.get(message.get(11)) or self._by_id.get(message.get(41))
        return order.number if order else None

    def _new(self, order: Order, now_s: float) -> list[Field]:
        body = [
            (11, self._next_id()),
            *([(1, order.account)] if order.account else []),
            (21, "1"),
            (55, order.symbol),
            (54, order.side),
            (60, utc_timestamp(now_s)),
            (38, order.order_qty),
            (40, ord_type(order)),
            *([] if order.price is None else [(44, order.price)]),
            *([] if order.stop_px is None else [(99, order.stop_px)]),
            (59, order.time_in_force),
        ]
        return [(35, "D"), *changed(body, self.resolve(order.extra))]

    def _cancel(self, cancel: Cancel, now_s: float) -> list[Field]:
        order = self.order(cancel.number)
        body = [
            (41, order.cl_ord_id),
            (11, self._next_id()),
            *same(order, 1, 55, 54),
            (60, utc_timestamp(now_s)),
            *same(order, 38),
        ]
        return [(35, "F"), *changed(body, self.resolve(cancel.extra))]

    def _replace(self, replace: Replace, now_s: float) -> list[Field]:
        order = self.order(replace.number)
        if replace.price is not None and not order.get(44):
            raise LineError(f"order {order.number} has no Price(44) to replace; usage: replace {order.number} QTY")
        body = changed(order.body, [(38, replace.order_qty)])
        if replace.price is not None:
            body = changed(body, [(44, replace.price)])
        head = [(41, order.cl_ord_id), (11, self._next_id()), (60, utc_timestamp(now_s))]
        return [(35, "G"), *changed([*head, *body], self.resolve(replace.extra))]

    def _status(self, status: Status) -> list[Field]:
        if status.number is None:
            return [(35, "AF"), (584, self._next_id()), (585, "7")]
        order = self.order(status.number)
        return [(35, "H"), (11, order.cl_ord_id), *same(order, 1, 55, 54), (790, self._next_id())]

    def _cancel_all(self, cancel: CancelAll, now_s: float) -> list[Field]:
        return [
            (35, "q"),
            (11, self._next_id()),
            (530, "1" if cancel.symbol else "7"),
            *([(55, cancel.symbol)] if cancel.symbol else []),
            *([(54, cancel.side)] if cancel.side else []),
            (60, utc_timestamp(now_s)),
        ]

    def _next_id(self) -> str:
        self._ids += 1
        return f"{self._prefix}-{self._ids}"

    def _referred(self, reference: re.Match[str]) -> str:
        order = self.order(int(reference[1]))
        if reference[2] is None:
            return order.cl_ord_id
        value = order.last_report.get(int(reference[2])) if order.last_report else ""
        if not value:
            raise LineError(f"no report on order {order.number} had tag {reference[2]}")
        return value

    # From messages to what is known.

    def sent(self, message: Message) -> None:
        """Note a message of ours; one sent again is no news."""
        if message.is_poss_dup:
            return
        cl_ord_id = message.get(11)
        if message.msg_type in ("D", "F", "G", "H") and cl_ord_id:
            self._by_seq[message.get(34)] = cl_ord_id
        if message.msg_type == "D" and cl_ord_id and cl_ord_id not in self._by_id:
            order = KnownOrder(len(self.known) + 1, cl_ord_id, restated(message))
            self.known.append(order)
            self._by_id[cl_ord_id] = order
        elif message.msg_type in ("F", "G") and message.get(41) in self._by_id:
            order = self._by_id.setdefault(cl_ord_id, self._by_id[message.get(41)])
            if message.msg_type == "G":
                order.asked[cl_ord_id] = restated(message)

    def received(self, message: Message) -> None:
        """Note a message of the venue's."""
        match message.msg_type:
            case "8":
                self._report(message)
            case "9":
                self._cancel_reject(message)
            case "3" | "j":
                self._request_rejected(message)

    def _report(self, report: Message) -> None:
        order = self._by_id.get(report.get(11)) or self._by_id.get(report.get(41))
        # A status report that the order is unknown says nothing about an order that we sent.
        if order is None or (report.get(150) == "I" and report.get(103) == "5"):
            return
        order.last_report = report
        if report.get(150) == "5":
            order.cl_ord_id = report.get(11)
            order.body = order.asked.pop(report.get(11), order.body)
        order.ord_status = report.get(39)
        order.cum_qty, order.leaves_qty, order.avg_px = report.get(14), report.get(151), report.get(6)
        if report.get(150) in ("5", "D"):
            # A price may be news: that of the rest of a market order with OrdType(40)=K.
            news = [(t, report[t]) for t in (38, 44, 99) if t in report and (order.get(t) or t == 44)]
            order.body = changed(order.body, news)

    def _cancel_reject(self, reject: Message) -> None:
        order = self._by_id.get(reject.get(11)) or self._by_id.get(reject.get(41))
        if order is not None:
            order.asked.pop(reject.get(11), None)
            if reject.get(39) and reject.get(102) != "1":  # 1, unknown order, comes with 39=8
                order.ord_status = reject.get(39)

    def _request_rejected(self, reject: Message) -> None:
        cl_ord_id = self._by_seq.get(reject.get(45), "")
        order = self._by_id.get(cl_ord_id)
        if order is not None and order.cl_ord_id == cl_ord_id and not order.ord_status:
            order.ord_status = "8"
        elif order is not None:
            order.asked.pop(cl_ord_id, None)


def ord_type(order: Order) -> str:
    """Return OrdType(40): market, limit, stop or stop limit."""
    if order.stop_px is None:
        return "1" if order.price is None else "2"
    return "3" if order.price is None else "4"


def id_prefix(now_s: float) -> str:
    """Return a short text that no earlier run has used: milliseconds in base 36."""
    rest, text = int(now_s * 1000) - IDS_BEGIN_MS, ""
    while rest > 0:
        rest, digit = divmod(rest, 36)
        text = BASE_36[digit] + text
    return text or "0"


def same(order: KnownOrder, *tags: int) -> list[Field]:
    """Return these fields of the order, where it has them."""
    return [(tag, order.get(tag)) for tag in tags if order.get(tag)]


def changed(body: Sequence[Field], news: Sequence[Field]) -> list[Field]:
    """Return ``body`` with each of ``news`` in the place of the field it replaces, or at the end."""
    fields = list(body)
    for tag, value in news:
        where = [i for i, (t, _) in enumerate(fields) if t == tag]
        if where:
            fields[where[0]] = (tag, value)
        else:
            fields.append((tag, value))
    return fields


def restated(message: Message) -> list[Field]:
    """Return the body fields of a D or G that a replace must repeat, since absent fields are absent afterwards."""
    header = {8, 9, 35, 49, 56, 34, 52, 43, 97, 122, 10}
    return [(tag, value) for tag, value in message if tag not in header and tag not in OF_A_VERSION]
