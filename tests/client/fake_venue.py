"""A venue of a few lines, written by hand on simplefix's framing, so that nothing of QuickFIX is needed here."""

import queue
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from fixgw.client.framing import Framer, GarbledError
from fixgw.client.message import Field, Message, encode

WHEN = "20261120-09:30:00.000"
GIVE_UP_S = 5.0

Answer = Callable[[Message], list[list[Field]]]


def from_venue(seq: int, msg_type: str, *fields: Field, sender: str = "CLIENT1") -> bytes:
    """Return the bytes of a message of the venue's."""
    return encode([(35, msg_type), (49, "FIXGW"), (56, sender), (34, str(seq)), (52, WHEN), *fields])


def report(order: Message, exec_type: str, ord_status: str, *more: Field) -> list[Field]:
    """Return an ExecutionReport on an order, as far as a client looks at it."""
    return [
        (35, "8"),
        (37, "1"),
        (17, f"{order.get(11)}.{exec_type}"),
        (150, exec_type),
        (39, ord_status),
        (11, order.get(11)),
        (55, order.get(55)),
        (54, order.get(54)),
        (38, order.get(38)),
        (14, "0"),
        (151, "0" if ord_status in "248" else order.get(38)),
        (6, "0"),
        *more,
    ]


def takes_all(message: Message) -> list[list[Field]]:
    """Answer as a venue where orders rest: D new, G replaced, F canceled; Symbol(55)=BAD is refused."""
    match message.msg_type:
        case "D" if message.get(55) == "BAD":
            return [report(message, "8", "8", (103, "1"), (58, "Symbol(55) unknown"))]
        case "D" if message.get(59) == "3":
            return [report(message, "0", "0"), report(message, "4", "4")]
        case "D":
            return [report(message, "0", "0")]
        case "G":
            return [report(message, "5", "0", (41, message.get(41)))]
        case "F":
            return [report(message, "4", "4", (41, message.get(41)))]
    return [[(35, "j"), (45, message.get(34)), (372, message.msg_type), (380, "3")]]


class FakeVenue:
    """Listens on a loopback port, logs one client on at a time and gives ``answer`` to its application messages."""

    def __init__(
        self, answer: Answer = takes_all, *, logon: Sequence[Sequence[Field]] | None = (((35, "A"),),)
    ) -> None:
        """``logon`` is the answer to Logon(A); None closes the connection instead."""
        self._answer, self._logon = answer, logon
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(GIVE_UP_S)
        self.port: int = self._listener.getsockname()[1]
        self.received: list[Message] = []
        self.arrivals: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(GIVE_UP_S)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(GIVE_UP_S)
                self.talk(connection)

    def talk(self, connection: socket.socket) -> None:
        """Serve one connection until its end."""
        framer, seq = Framer(), 0
        while True:
            try:
                message = framer.next_message()
            except GarbledError:
                continue
            if message is None:
                data = connection.recv(65536)
                if not data:
                    return
                framer.feed(data)
                continue
            self.received.append(message)
            self.arrivals.put(message)
            answers = self._answers(message)
            if answers is None:
                return
            for fields in answers:
                seq += 1
                connection.sendall(from_venue(seq, fields[0][1], *fields[1:], sender=message.get(49)))

    def _answers(self, message: Message) -> Sequence[Sequence[Field]] | None:
        match message.msg_type:
            case "A":
                return self._logon
            case "1":
                return [[(35, "0"), (112, message.get(112))]]
            case "5":
                return [[(35, "5")]]
            case _ if message.is_admin:
                return []
        return self._answer(message)
