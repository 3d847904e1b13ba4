"""Retransmission on real sockets: what was asked for, refused or cut off."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from fixgw.marketdata.packets import PAYLOAD_MAX, Flag, Packet
from fixgw.marketdata.retransmission import (
    CONNECTIONS_MAX,
    COUNT_MAX,
    LENGTH,
    REQUEST,
    SEND_TIMEOUT_S,
    History,
    RetransmissionServer,
)
from tests.ports import free_port
from tests.wire.venue import read_until_closed

VENUE = b"venue--1"
CHANNEL = 1
WAIT_S = 10.0
LENGTH_MAX = 5_000


def message(number: int) -> bytes:
    return b"message %d" % number


@pytest.fixture
def history() -> History:
    history = History(LENGTH_MAX)
    history.begin_anew(VENUE)
    return history


@pytest.fixture
def port(history: History) -> Iterator[int]:
    """Of a server of the history."""
    port = free_port()
    server = RetransmissionServer(port, CHANNEL, history)
    server.start()
    yield port
    server.close()


def keep(history: History, first: int, last: int) -> None:
    for number in range(first, last + 1):
        history.add(number, message(number))


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)


def read_exactly(connection: socket.socket, size: int) -> bytes:
    came = b""
    while len(came) < size:
        piece = connection.recv(size - len(came))
        assert piece, f"closed after {came!r}"
        came += piece
    return came


def answer(connection: socket.socket) -> list[Packet]:
    """Return the packets up to the one with LAST."""
    packets: list[Packet] = []
    while not packets or not packets[-1].flags & Flag.LAST:
        (length,) = LENGTH.unpack(read_exactly(connection, LENGTH.size))
        assert length <= PAYLOAD_MAX
        packets.append(Packet.from_bytes(read_exactly(connection, length)))
    return packets


def numbered(packets: list[Packet]) -> list[tuple[int, bytes]]:
    return [(packet.number + at, each) for packet in packets for at, each in enumerate(packet.messages)]


def last(number: int) -> Packet:
    return Packet(VENUE, CHANNEL, Flag.LAST, number, ())


def test_what_is_asked_for_is_answered(history: History, port: int) -> None:
    keep(history, 1, 1_000)
    with connect(port) as reader:
        reader.sendall(REQUEST.pack(11, 500))
        packets = answer(reader)

    assert numbered(packets) == [(number, message(number)) for number in range(11, 511)]
    assert packets[-1] == last(511)
    assert {packet.venue for packet in packets} == {VENUE}


def test_a_large_request_is_answered_so_far(history: History, port: int) -> None:
    keep(history, 1, COUNT_MAX + 100)
    with connect(port) as reader:
        reader.sendall(REQUEST.pack(1, 65_535))
        packets = answer(reader)

    assert len(numbered(packets)) == COUNT_MAX
    assert packets[-1] == last(COUNT_MAX + 1)


@pytest.mark.parametrize("number", [11, 1_000_000])
def test_what_does_not_exist_yet_is_not_waited_for(history: History, port: int, number: int) -> None:
    keep(history, 1, 10)
    with connect(port) as reader:
        reader.sendall(REQUEST.pack(number, 5))
        assert answer(reader) == [last(number)]


def test_what_is_too_old_is_refused(history: History, port: int) -> None:
    """With the number of the oldest that there is."""
    keep(history, 1, 2 * LENGTH_MAX)
    with connect(port) as reader:
        reader.sendall(REQUEST.pack(LENGTH_MAX, 1))
        assert answer(reader) == [Packet(VENUE, CHANNEL, Flag.REFUSED | Flag.LAST, LENGTH_MAX + 1, ())]
        reader.sendall(REQUEST.pack(LENGTH_MAX + 1, 1))
        assert numbered(answer(reader)) == [(LENGTH_MAX + 1, message(LENGTH_MAX + 1))]


def test_requests_may_follow_one_another_and_come_in_pieces(history: History, port: int) -> None:
    keep(history, 1, 10)
    requests = REQUEST.pack(1, 1) + REQUEST.pack(4, 1) + REQUEST.pack(9, 1)
    with connect(port) as reader:
        reader.sendall(requests[:13])
        assert numbered(answer(reader)) == [(1, message(1))]
        reader.sendall(requests[13:])
        assert numbered(answer(reader)) == [(4, message(4))]
        assert numbered(answer(reader)) == [(9, message(9))]


def test_messages_that_do_not_follow_begin_anew(history: History) -> None:
    keep(history, 1, 10)
    keep(history, 20, 22)

    assert history.get(19, 1) == (VENUE, 20, ())
    assert history.get(20, 9) == (VENUE, 20, [message(20), message(21), message(22)])


def answer_when_there_is_room(port: int) -> list[Packet]:
    """Ask for message 2 again and again, until the server has noticed that a reader has left."""
    give_up_at = time.monotonic() + WAIT_S
    while True:
        try:
            with connect(port) as reader:
                reader.sendall(REQUEST.pack(2, 1))
                return answer(reader)
        except (ConnectionError, AssertionError):
            assert time.monotonic() < give_up_at
            time.sleep(0.01)


def test_there_is_a_limit_to_readers(history: History, port: int) -> None:
    keep(history, 1, 10)
    with ExitStack() as stack:
        readers = [stack.enter_context(connect(port)) for _ in range(CONNECTIONS_MAX)]
        for reader in readers:
            reader.sendall(REQUEST.pack(1, 1))
            assert numbered(answer(reader)) == [(1, message(1))]
        with connect(port) as turned_away:
            assert turned_away.recv(1) == b""
        readers[0].close()
        assert numbered(answer_when_there_is_room(port)) == [(2, message(2))]


def test_who_does_not_read_is_cut_off(history: History, port: int) -> None:
    """And holds others up no longer than it may."""
    keep(history, 1, COUNT_MAX)
    with connect(port) as deaf, connect(port) as reader:
        deaf.sendall(REQUEST.pack(1, COUNT_MAX) * 2_000)
        reader.settimeout(SEND_TIMEOUT_S + WAIT_S)
        reader.sendall(REQUEST.pack(1, 1))
        assert numbered(answer(reader)) == [(1, message(1))]
        assert len(read_until_closed(deaf)) < 2_000 * COUNT_MAX * len(message(1))


def test_a_port_in_use_is_told(history: History, port: int) -> None:
    with pytest.raises(OSError, match="in use"):
        RetransmissionServer(port, CHANNEL, history)
