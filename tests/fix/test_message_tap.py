"""The tap hands lines over or counts them, and waits for nobody."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import quickfix as fix

from fixgw.fix.message_tap import LINES_MAX, PACKET_BYTES_MAX, RECONNECT_INTERVAL_S, WAIT_S, MessageTap

SESSION_ID = fix.SessionID("FIX.4.4", "FIXGW", "CLIENT1")


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """Where the message log would listen."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.settimeout(5)
        listener.bind(str(tmp_path / "messages.sock"))
        listener.listen()
        yield listener


@pytest.fixture
def tap(tmp_path: Path) -> Iterator[MessageTap]:
    tap = MessageTap(tmp_path / "messages.sock")
    yield tap
    tap.close()


@pytest.fixture
def log(tap: MessageTap) -> fix.Log:
    """What QuickFIX calls."""
    return tap.create(SESSION_ID)


def packets(connected: socket.socket) -> list[Any]:
    """All that have come."""
    connected.setblocking(False)
    came: list[Any] = []
    while True:
        try:
            packet = connected.recv(2 * PACKET_BYTES_MAX)
        except BlockingIOError:
            return came
        came.append(msgspec.msgpack.decode(packet))


def texts(packet: Any) -> list[Any]:
    return [text for _, _, _, text in packet[1]]


def test_lines_come_in_order_with_session_and_direction(tap: MessageTap, log: fix.Log, listener: socket.socket) -> None:
    log.onIncoming("in")
    log.onEvent("event")
    log.onOutgoing("out")
    tap.send(0.0)

    with closing(listener.accept()[0]) as connected:
        ((lost, lines),) = packets(connected)
    assert lost == 0
    assert [(session, way, text) for session, _, way, text in lines] == [
        ("CLIENT1", "<", "in"),
        ("CLIENT1", "#", "event"),
        ("CLIENT1", ">", "out"),
    ]


def test_it_sends_a_packet_or_what_has_waited(tap: MessageTap, log: fix.Log, listener: socket.socket) -> None:
    log.onIncoming("first")
    tap.send_if_due(1.0)
    with closing(listener.accept()[0]) as connected:
        assert len(packets(connected)) == 1
        log.onIncoming("second")
        tap.send_if_due(1.0 + WAIT_S / 2)
        assert packets(connected) == []
        tap.send_if_due(1.0 + WAIT_S)
        assert [texts(packet) for packet in packets(connected)] == [["second"]]
        for _ in range(LINES_MAX):
            log.onIncoming("many")
        tap.send_if_due(1.0 + WAIT_S)
        assert [len(texts(packet)) for packet in packets(connected)] == [LINES_MAX]


def test_what_nobody_takes_is_counted_and_said_once(tap: MessageTap, log: fix.Log, tmp_path: Path) -> None:
    """The message log comes late, goes, and comes again."""
    for now in range(3):
        log.onIncoming("lost")
        tap.send(float(now))
    assert tap.lost == 3
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(tmp_path / "messages.sock"))
        listener.listen()
        log.onIncoming("told")
        tap.send(3.0)
        log.onIncoming("told, too")
        tap.send(3.0)
        connected, _ = listener.accept()
        assert [(packet[0], texts(packet)) for packet in packets(connected)] == [(3, ["told"]), (0, ["told, too"])]
        connected.close()
        for _ in range(2):
            log.onIncoming("lost")
            tap.send(3.0)
        assert tap.lost == 2
        log.onIncoming("told again")
        tap.send(3.0 + RECONNECT_INTERVAL_S)
        with closing(listener.accept()[0]) as connected:
            assert [(packet[0], texts(packet)) for packet in packets(connected)] == [(2, ["told again"])]


def test_a_reader_that_is_late_keeps_nobody_waiting(tap: MessageTap, log: fix.Log, listener: socket.socket) -> None:
    """The buffer fills up; what follows is lost, and what was taken is whole."""
    count = 100_000
    for number in range(count):
        log.onOutgoing(f"{number:0500d}")
        tap.send_if_due(0.0)
    tap.send(0.0)

    assert 0 < tap.lost < count
    with closing(listener.accept()[0]) as connected:
        taken = [text for packet in packets(connected) for text in texts(packet)]
    assert taken == [f"{number:0500d}" for number in range(count - tap.lost)]


def test_long_messages_go_in_packets_of_their_own(tap: MessageTap, log: fix.Log, listener: socket.socket) -> None:
    """One that is longer than any packet is lost."""
    lengths = [PACKET_BYTES_MAX - 200, 1, PACKET_BYTES_MAX + 1, 60_000, 50_000, 40_000]
    for length in lengths:
        log.onIncoming("x" * length)
    tap.send(0.0)
    log.onIncoming("last")
    tap.send(0.0)

    with closing(listener.accept()[0]) as connected:
        came = packets(connected)
    assert [len(text) for packet in came for text in texts(packet)] == [
        length for length in (*lengths, 4) if length <= PACKET_BYTES_MAX
    ]
    assert sum(packet[0] for packet in came) == 1


def test_bytes_that_are_no_text_are_handed_over_as_they_came(
    tap: MessageTap, log: fix.Log, listener: socket.socket
) -> None:
    log.onIncoming(b"58=\xe9\xff\x00\n\x01".decode("utf-8", "surrogateescape"))
    log.onIncoming("58=é\x01")
    tap.send(0.0)

    with closing(listener.accept()[0]) as connected:
        (packet,) = packets(connected)
    assert texts(packet) == [b"58=\xe9\xff\x00\n\x01", "58=é\x01".encode()]


def test_the_path_of_the_socket_may_be_long(tmp_path: Path) -> None:
    """Longer than the kernel takes."""
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(tmp_path / "short"))
        (tmp_path / "short").rename(folder / "messages.sock")
        listener.listen()
        tap = MessageTap(folder / "messages.sock")
        tap.create(SESSION_ID).onIncoming("in")
        tap.close()
        with closing(listener.accept()[0]) as connected:
            assert texts(msgspec.msgpack.decode(connected.recv(1000))) == ["in"]
