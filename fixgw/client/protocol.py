"""The FIX 4.4 session protocol of an initiator, without a socket, a thread or a clock.

Bytes and the time go in; ``traffic`` (every message, both ways, in order) and ``delivered`` come out.  Times are
seconds since the epoch.  Where numbers are: ``next_out`` is the MsgSeqNum(34) of the next message sent,
``next_in`` the one expected next.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from fixgw.client.framing import Framer, GarbledError
from fixgw.client.message import (
    BEGIN_STRING,
    Field,
    Message,
    encode,
    has_tag,
    in_order,
    utc_timestamp,
)

SENT_KEPT_MAX = 10_000  # application messages kept for a ResendRequest; older ones are gap-filled
SILENCE_FACTOR = 1.2  # of the heartbeat interval: then we ask with a TestRequest; twice that, and the peer is gone


class State(Enum):
    IDLE = "not logged on"
    LOGON_SENT = "waiting for the answer to Logon"
    ACTIVE = "logged on"
    LOGOUT_SENT = "waiting for the answer to Logout"
    CLOSED = "closed"


class Direction(Enum):
    OUT = "->"
    IN = "<-"
    GARBLED = "??"  # bytes received that are no message: in raw only


@dataclass
class Protocol:
    sender: str
    target: str
    heartbeat_s: int = 30
    next_out: int = 1
    next_in: int = 1

    state: State = State.IDLE
    closed_because: str = ""
    traffic: list[tuple[Direction, Message]] = field(default_factory=list)
    delivered: list[Message] = field(default_factory=list)

    _framer: Framer = field(default_factory=Framer)
    _sent: dict[int, Message] = field(default_factory=dict)
    _held: dict[int, Message] = field(default_factory=dict)
    _resend_asked_to: int = 0
    _last_out_s: float = 0.0
    _last_in_s: float = 0.0
    _test_pending: bool = False

    # What the owner does.

    def open(self) -> None:
        """Begin with a new connection, on which nobody has logged on yet.

        Until a Logon(A) arrives messages are delivered as they come and nothing is answered: a test may talk by
        hand.
        """
        self._framer = Framer()
        self._held.clear()
        self._resend_asked_to = 0
        self._test_pending = False
        self.state = State.IDLE
        self.closed_because = ""

    def logon(self, now_s: float, *, reset: bool, extra: Sequence[Field] = ()) -> None:
        """Begin a session with Logon(A); ``reset`` starts both numbers at 1 and sends ResetSeqNumFlag(141)=Y."""
        if reset:
            self.next_out = self.next_in = 1
            self._sent.clear()
        self.state = State.LOGON_SENT
        self._last_in_s = now_s
        body = [(98, "0"), (108, str(self.heartbeat_s)), *([(141, "Y")] if reset else []), *extra]
        self.send([(35, "A"), *body], now_s)

    def send(self, fields: Sequence[Field], now_s: float) -> int:
        """Send one message and return its MsgSeqNum(34); header fields that are absent are added.

        A MsgSeqNum given by hand is used as it is, and moves ``next_out`` only when it was the next.
        """
        seq = next((value for tag, value in fields if tag == 34), str(self.next_out))
        header = [(49, self.sender), (56, self.target), (34, seq), (52, utc_timestamp(now_s))]
        fields = [*((t, v) for t, v in header if not has_tag(fields, t)), *fields]
        message = self._transmit(fields, now_s)
        if seq == str(self.next_out):
            self.next_out += 1
            if not message.is_admin or message.msg_type == "3":
                self._keep(int(seq), message)
        return int(seq) if seq.isdecimal() else 0

    def logout(self, now_s: float, text: str = "") -> None:
        """Begin the Logout handshake."""
        self.send([(35, "5"), *([(58, text)] if text else [])], now_s)
        self.state = State.LOGOUT_SENT

    def receive(self, data: bytes, now_s: float) -> None:
        """Take bytes from the peer; garbled ones appear in ``traffic`` and are otherwise ignored."""
        self._last_in_s = now_s
        self._test_pending = False
        self._framer.feed(data)
        while self.state is not State.CLOSED:
            try:
                message = self._framer.next_message()
            except GarbledError as error:
                self.traffic.append((Direction.GARBLED, Message([(58, str(error))], error.raw)))
                continue
            if message is None:
                return
            self.traffic.append((Direction.IN, message))
            self._arrived(message, now_s)

    def tick(self, now_s: float) -> None:
        """Do what the time asks for: Heartbeat, TestRequest, or give the peer up.  Call it at ``deadline_s``."""
        if self.state is not State.ACTIVE or not self.heartbeat_s:
            return
        silence_s = now_s - self._last_in_s
        if silence_s >= 2 * SILENCE_FACTOR * self.heartbeat_s:
            self.close(f"no word from {self.target} for {silence_s:.0f} s, and no answer to TestRequest(1)")
        elif silence_s >= SILENCE_FACTOR * self.heartbeat_s and not self._test_pending:
            self._test_pending = True
            self.send([(35, "1"), (112, f"T{self.next_out}")], now_s)
        elif now_s - self._last_out_s >= self.heartbeat_s:
            self.send([(35, "0")], now_s)

    def deadline_s(self) -> float | None:
        """Return when ``tick`` is next due, None when nothing depends on the time."""
        if self.state is not State.ACTIVE or not self.heartbeat_s:
            return None
        silences = 2 if self._test_pending else 1
        return min(
            self._last_out_s + self.heartbeat_s, self._last_in_s + silences * SILENCE_FACTOR * self.heartbeat_s
        )

    def expect_next(self, seq: int) -> None:
        """Expect this MsgSeqNum(34) next, whatever was asked for before."""
        self.next_in = seq
        self._resend_asked_to = 0

    def close(self, because: str) -> None:
        """End the connection; the first reason stays."""
        if self.state is not State.CLOSED:
            self.state = State.CLOSED
            self.closed_because = because

    def take_traffic(self) -> list[tuple[Direction, Message]]:
        taken, self.traffic = self.traffic, []
        return taken

    def take_delivered(self) -> list[Message]:
        taken, self.delivered = self.delivered, []
        return taken

    # A message arrives: is it ours, is it next?

    def _arrived(self, message: Message, now_s: float) -> None:
        wrong = self._wrong_header(message)
        if self.state is State.IDLE and message.msg_type != "A":
            self._arrived_before_logon(message)
        elif wrong:
            self._give_up(wrong, now_s)
        elif self.state is State.LOGON_SENT and message.msg_type not in ("A", "5"):
            self._give_up(f"Logon is answered with {message.msg_type}: {message.get(58)}", now_s)
        elif message.msg_type == "A":
            self._logon_arrived(message, now_s)
        elif message.msg_type == "4" and message.get(123) != "Y":
            self._sequence_reset(message, now_s)
        else:
            self._numbered(message, now_s)

    def _arrived_before_logon(self, message: Message) -> None:
        if message.msg_type == "5":
            self._logout_arrived(message, self._last_in_s)
        elif not message.is_admin or message.msg_type == "3":
            self.delivered.append(message)

    def _wrong_header(self, message: Message) -> str:
        """Return what makes the session impossible to go on with, empty when nothing does."""
        for tag, name, right in ((8, "BeginString", BEGIN_STRING), (49, "SenderCompID", self.target),
                                 (56, "TargetCompID", self.sender)):
            if message.get(tag) != right:
                return f"{name}({tag}) is {message.get(tag) or 'missing'}, expecting {right}"
        if not is_seq_num(message.get(34)):
            return "MsgSeqNum(34) missing or not a number"
        return ""

    def _logon_arrived(self, message: Message, now_s: float) -> None:
        if message.get(141) == "Y":
            self.next_in = int(message[34])
            self._held.clear()
        if self.state in (State.IDLE, State.LOGON_SENT):
            self.state = State.ACTIVE
            if message.get(108).isdecimal() and len(message.get(108)) < 6:
                self.heartbeat_s = int(message.get(108))
        self._numbered(message, now_s)

    def _numbered(self, message: Message, now_s: float) -> None:
        seq = int(message[34])
        if seq < self.next_in:
            if not message.is_poss_dup:
                self._give_up(f"MsgSeqNum(34) too low, expecting {self.next_in} but received {seq}", now_s)
        elif seq > self.next_in:
            self._too_high(message, seq, now_s)
        else:
            self._in_sequence(message, now_s)
            self._drain_held(now_s)

    def _too_high(self, message: Message, seq: int, now_s: float) -> None:
        """Hold the message until the gap before it is filled.

        A ResendRequest is answered and a Logout believed at once (FIX 4.4 Vol. 2): both sides may be missing
        something, and each would wait for the other.
        """
        if message.msg_type == "2":
            self._resend(message, now_s)
        if message.msg_type == "5":
            self._logout_arrived(message, now_s)
            return
        self._held[seq] = message
        self._ask_resend(now_s)

    def _drain_held(self, now_s: float) -> None:
        while self._held and min(self._held) <= self.next_in:
            seq = min(self._held)
            message = self._held.pop(seq)
            if seq == self.next_in:
                self._in_sequence(message, now_s, held=True)
        if self._held and self.state in (State.ACTIVE, State.LOGOUT_SENT):
            self._ask_resend(now_s)

    def _ask_resend(self, now_s: float) -> None:
        """Ask for the gap before the first message held, once for each gap."""
        if self.next_in <= self._resend_asked_to:
            return
        self._resend_asked_to = min(self._held) - 1
        self.send([(35, "2"), (7, str(self.next_in)), (16, str(self._resend_asked_to))], now_s)

    # A message in its turn.

    def _in_sequence(self, message: Message, now_s: float, held: bool = False) -> None:
        self.next_in += 1
        match message.msg_type:
            case "0" | "A":
                pass
            case "1":
                self.send([(35, "0"), (112, message.get(112) or "?")], now_s)
            case "2":
                if not held:  # one that came too early was answered when it came
                    self._resend(message, now_s)
            case "4":
                self._sequence_reset(message, now_s)
            case "5":
                self._logout_arrived(message, now_s)
            case _:
                self.delivered.append(message)

    def _logout_arrived(self, message: Message, now_s: float) -> None:
        if self.state is State.LOGOUT_SENT:
            self.close("logged out")
            return
        if self.state is State.ACTIVE:
            self.send([(35, "5")], now_s)
        self.close(f"{self.target} logged us out: {message.get(58) or 'no reason given'}")

    def _sequence_reset(self, message: Message, now_s: float) -> None:
        """Move ``next_in`` up to NewSeqNo(36); a number that would move it down is rejected."""
        new = message.get(36)
        if not is_seq_num(new) or int(new) < self.next_in:
            text = f"NewSeqNo(36) is {new or 'missing'}, at least {self.next_in} expected"
            self.send([(35, "3"), (45, message[34]), (371, "36"), (372, "4"), (373, "5"), (58, text)], now_s)
            return
        self.next_in = int(new)
        self._drain_held(now_s)

    # Sending again.

    def _resend(self, request: Message, now_s: float) -> None:
        """Answer ResendRequest(2): application messages again as possible duplicates, gaps for the rest."""
        if not (is_seq_num(request.get(7)) and is_seq_num(request.get(16))):
            text = "BeginSeqNo(7) and EndSeqNo(16) are needed"
            self.send([(35, "3"), (45, request[34]), (372, "2"), (373, "1"), (58, text)], now_s)
            return
        end = min(int(request[16]) or self.next_out, self.next_out - 1)  # 0 is infinity
        gap_from = int(request[7])
        for seq in sorted(self._sent):
            if gap_from <= seq <= end:
                self._fill_gap(gap_from, seq, now_s)
                self._send_again(self._sent[seq], now_s)
                gap_from = seq + 1
        self._fill_gap(gap_from, end + 1, now_s)

    def _fill_gap(self, begin: int, new: int, now_s: float) -> None:
        """Say that the messages from ``begin`` up to, not including, ``new`` will not come again."""
        if begin < new:
            when = utc_timestamp(now_s)
            header = [(49, self.sender), (56, self.target), (34, str(begin)), (52, when), (43, "Y"), (122, when)]
            self._transmit([(35, "4"), *header, (123, "Y"), (36, str(new))], now_s)

    def _send_again(self, message: Message, now_s: float) -> None:
        fields = [(t, v) for t, v in message if t not in (8, 9, 10, 43, 52, 122)]
        self._transmit([*fields, (52, utc_timestamp(now_s)), (43, "Y"), (122, message.get(52))], now_s)

    def _transmit(self, fields: Sequence[Field], now_s: float) -> Message:
        raw = encode(fields)
        message = Message(in_order(fields), raw)
        self.traffic.append((Direction.OUT, message))
        self._last_out_s = now_s
        return message

    def _keep(self, seq: int, message: Message) -> None:
        self._sent[seq] = message
        if len(self._sent) > SENT_KEPT_MAX:
            del self._sent[next(iter(self._sent))]

    def _give_up(self, because: str, now_s: float) -> None:
        """The session cannot go on: say why in a Logout and close."""
        self.send([(35, "5"), (58, because)], now_s)
        self.close(because)

def is_seq_num(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18
