"""The session over a real socket: blocking calls, their timeouts, and how a connection ends."""

import queue
import socket
import threading
from pathlib import Path

import pytest

from fixgw.client.framing import Framer
from fixgw.client.message import Field, Message
from fixgw.client.protocol import Direction, State
from fixgw.client.session import (
    ConnectError,
    DisconnectedError,
    ExpectationError,
    LogonError,
    Session,
)
from tests.client.fake_venue import GIVE_UP_S, FakeVenue, from_venue, report

SOON_S = 0.05


def order(cl_ord_id: str, *more: Field) -> list[Field]:
    return [(35, "D"), (11, cl_ord_id), (55, "AAPL"), (54, "1"), (38, "100"), *more]


def test_an_order_and_its_report() -> None:
    with FakeVenue() as venue, Session("CLIENT1", port=venue.port) as session:
        session.logon()

        seq = session.send(order("a1"))
        answer = session.expect({35: "8", 150: "0", 11: "a1"})

        assert (seq, answer[34], session.next_out, session.next_in) == (2, "2", 3, 3)
        assert answer.raw.startswith(b"8=FIX.4.4\x019=")
        assert session.logout()
        assert [m.msg_type for m in venue.received] == ["A", "D", "5"]
        assert [(d, m.msg_type) for d, m in session.log] == [
            (Direction.OUT, "A"), (Direction.IN, "A"), (Direction.OUT, "D"), (Direction.IN, "8"),
            (Direction.OUT, "5"), (Direction.IN, "5"),
        ]  # fmt: skip


def test_context_manager_logs_out() -> None:
    with FakeVenue() as venue:
        with Session("CLIENT1", port=venue.port) as session:
            session.logon()
        assert venue.received[-1].msg_type == "5"
        assert (session.state, session.closed_because) == (State.CLOSED, "logged out")


def test_receive_gives_none_in_time_and_expect_says_what_came() -> None:
    with FakeVenue() as venue, Session("CLIENT1", port=venue.port) as session:
        session.logon()
        assert session.receive(SOON_S) is None
        session.expect_none(SOON_S)
        with pytest.raises(ExpectationError, match=r"expected 150=F, came nothing within 0.05 s"):
            session.expect({150: "F"}, SOON_S)

        session.send(order("a1"))
        with pytest.raises(ExpectationError, match=r"(?s)expected 150=F, came.*11=a1"):
            session.expect({150: "F"})

        session.send(order("a2"))
        with pytest.raises(ExpectationError, match=r"nothing expected, but came .*11=a2"):
            session.expect_none(GIVE_UP_S)


def test_expect_with_skip_passes_over_others() -> None:
    with FakeVenue() as venue, Session("CLIENT1", port=venue.port) as session:
        session.logon()
        session.send(order("a1"))
        session.send(order("a2"))

        assert session.expect({11: "a2"}, skip=True)[34] == "3"


def test_admin_messages_are_apart() -> None:
    with FakeVenue() as venue, Session("CLIENT1", port=venue.port) as session:
        session.logon()
        session.send([(35, "1"), (112, "ping")])

        assert session.expect_admin({35: "0", 112: "ping"})[34] == "2"
        assert session.receive_admin(0) is None
        assert session.receive(0) is None


def test_nobody_listens() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    listener.close()

    with pytest.raises(ConnectError, match=f"cannot connect to 127.0.0.1:{port}"):
        Session("CLIENT1", port=port).logon()


def test_logon_refused_gives_the_venues_reason() -> None:
    with FakeVenue(logon=[[(35, "5"), (58, "no such session")]]) as venue:
        session = Session("CLIENT1", port=venue.port)
        with pytest.raises(LogonError, match="FIXGW logged us out: no such session"):
            session.logon()
        assert session.closed


def test_logon_answered_by_closing() -> None:
    with FakeVenue(logon=None) as venue, pytest.raises(LogonError, match="FIXGW closed the connection"):
        Session("CLIENT1", port=venue.port).logon()


def test_logon_not_answered_in_time() -> None:
    with FakeVenue(logon=()) as venue, pytest.raises(LogonError, match=r"no answer to Logon\(A\) within 0.05 s"):
        Session("CLIENT1", port=venue.port).logon(SOON_S)


def test_logon_on_a_connection_that_is_closed_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closing = threading.Thread(target=lambda: listener.accept()[0].close())
        closing.start()
        with pytest.raises(LogonError, match="FIXGW closed the connection"):
            Session("CLIENT1", port=listener.getsockname()[1]).logon()
        closing.join(GIVE_UP_S)


def test_logon_answered_with_something_else() -> None:
    with FakeVenue(logon=[[(35, "0")]]) as venue, pytest.raises(LogonError, match="Logon is answered with 0"):
        Session("CLIENT1", port=venue.port).logon()


def test_a_venue_that_goes_away_ends_every_wait() -> None:
    ours, theirs = socket.socketpair()
    reasons: queue.SimpleQueue[str] = queue.SimpleQueue()
    session = Session("CLIENT1", on_close=reasons.put)
    session.attach(ours)
    theirs.close()

    assert session.wait_closed(GIVE_UP_S) == "FIXGW closed the connection"
    assert session.receive(GIVE_UP_S) is None
    with pytest.raises(DisconnectedError, match="FIXGW closed the connection"):
        session.send(order("a1"))
    assert reasons.get(timeout=GIVE_UP_S) == "FIXGW closed the connection"


def test_last_words_are_read_before_the_end_is_noticed() -> None:
    """A Logout and the end of the stream may come together; the reason must not be lost."""
    ours, theirs = socket.socketpair()
    session = Session("CLIENT1")
    session.attach(ours)
    theirs.sendall(from_venue(1, "5", (58, "bye")))
    theirs.close()

    assert session.wait_closed(GIVE_UP_S) == "FIXGW logged us out: bye"
    session.close()


def test_bytes_are_sent_as_they_are_and_garbled_ones_noted() -> None:
    ours, theirs = socket.socketpair()
    noted: list[tuple[Direction, Message]] = []
    seen = threading.Event()

    def note(direction: Direction, message: Message) -> None:
        noted.append((direction, message))
        seen.set()

    session = Session("CLIENT1", on_message=note)
    session.attach(ours)
    session.send_bytes(b"8=FIX.4.4\x01nonsense")
    theirs.sendall(b"8=FIX.4.4\x01nonsense\x01")

    assert theirs.recv(100) == b"8=FIX.4.4\x01nonsense"
    assert seen.wait(GIVE_UP_S)
    assert [(d, m.raw) for d, m in noted] == [(Direction.GARBLED, b"8=FIX.4.4\x01nonsense\x01")]
    session.close()
    theirs.close()


def test_heartbeat_goes_out_by_itself() -> None:
    with FakeVenue() as venue, Session("CLIENT1", port=venue.port, heartbeat_s=1) as session:
        session.logon()

        assert [venue.arrivals.get(timeout=GIVE_UP_S).msg_type for _ in range(2)] == ["A", "0"]


def test_numbers_go_on_after_a_crash_and_what_was_missed_comes_again() -> None:
    """Close without Logout, log on without reset: the venue's next number shows the gap, we ask."""
    ours, theirs = socket.socketpair()
    venue = Peer(theirs)
    with FakeVenue() as first, Session("CLIENT1", port=first.port) as session:
        session.logon()
        session.close()
        assert (session.next_out, session.next_in) == (2, 2)

        session.attach(ours)
        logging_on = threading.Thread(target=session.logon, kwargs={"reset": False})
        logging_on.start()
        assert venue.next()[34] == "2"
        theirs.sendall(from_venue(4, "A", (108, "30")))
        logging_on.join(GIVE_UP_S)
        assert [venue.next().get(t) for t in (7,)] == ["2"]
        missed = Message([(11, "a1"), (55, "AAPL"), (54, "1"), (38, "1")])
        for seq in (2, 3):
            theirs.sendall(from_venue(seq, "8", (43, "Y"), *report(missed, "0", "0")[1:]))

        assert [session.expect({35: "8"})[34] for _ in range(2)] == ["2", "3"]
        assert session.next_in == 5
        session.close()
    theirs.close()


def test_settable_numbers_make_a_gap() -> None:
    with FakeVenue() as venue, Session("CLIENT1", port=venue.port) as session:
        session.logon()
        session.next_out = 10
        assert session.send(order("a1")) == 10
        session.next_in = 2
        session.expect({11: "a1"})


def test_store_keeps_the_numbers_between_runs(tmp_path: Path) -> None:
    with FakeVenue() as venue, Session("CLIENT1", port=venue.port, store=tmp_path) as session:
        session.logon()
        session.send(order("a1"))
        session.expect({11: "a1"})

    with Session("CLIENT1", store=tmp_path) as session:
        assert (session.next_out, session.next_in) == (4, 4)  # Logon, order or report, Logout


def test_store_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "CLIENT1-FIXGW.seq").write_text("what")

    with pytest.raises(ValueError, match="does not hold two sequence numbers"):
        Session("CLIENT1", store=tmp_path)


def test_listener_that_fails_ends_the_connection_rather_than_hang(recwarn: pytest.WarningsRecorder) -> None:
    ours, theirs = socket.socketpair()
    failed = threading.Event()
    threading_hook, threading.excepthook = threading.excepthook, lambda _: failed.set()
    try:
        session = Session("CLIENT1", on_message=lambda *_: 1 / 0)  # type: ignore[arg-type]
        session.attach(ours)
        theirs.sendall(from_venue(1, "8"))

        assert session.wait_closed(GIVE_UP_S) == "the reader failed"
        assert failed.wait(GIVE_UP_S)
        session.close()
    finally:
        threading.excepthook = threading_hook
        theirs.close()
    assert not recwarn.list


def test_sending_more_than_fits_while_the_venue_waits_for_us_to_read() -> None:
    """A venue that writes its answers before it reads on fills both directions; reading must go on."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    count, long_text = 200, "x" * 500
    with FakeVenue(lambda m: [report(m, "0", "0", (58, long_text))]) as venue, Session("CLIENT1") as session:
        talk = threading.Thread(target=venue.talk, args=(theirs,))
        talk.start()
        session.attach(ours)
        session.logon()
        for i in range(count):
            session.send(order(f"a{i}", (58, long_text)))

        assert [session.expect({35: "8"})[11] for _ in range(count)] == [f"a{i}" for i in range(count)]
        session.logout()
        talk.join(GIVE_UP_S)
        theirs.close()


def test_many_sessions_cost_nothing_when_idle() -> None:
    sockets = [socket.socketpair() for _ in range(50)]
    sessions = [Session(f"C{i}") for i in range(50)]
    for session, (ours, _) in zip(sessions, sockets, strict=True):
        session.attach(ours)
    for session, (_, theirs) in zip(sessions, sockets, strict=True):
        session.close()
        theirs.close()


class Peer:
    """The other end of a socket pair, read message by message."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(GIVE_UP_S)
        self._connection = connection
        self._framer = Framer()

    def next(self) -> Message:
        while (message := self._framer.next_message()) is None:
            self._framer.feed(self._connection.recv(65536))
        return message
