"""Hostile connections (item 9): nobody holds the door for long, and a slow reader does not slow the others."""

import contextlib
import os
import socket
import struct
import time
from pathlib import Path

import pytest

from tests.wire.conftest import Bystander, Traders
from tests.wire.venue import (
    RESET,
    WAIT_S,
    Venue,
    connection,
    logon,
    new_id,
    new_order,
    raw,
    read_until,
    read_until_closed,
)

HALF = logon("CLIENT1", 1, RESET)[:40]
UNFINISHED = {
    "half a header": HALF,
    "no checksum": logon("CLIENT1", 1, RESET)[:-7],
    "one byte": b"8",
    "garbage": b"GET / HTTP/1.1\r\nHost: fixgw\r\n\r\n",
    "a huge length": b"8=FIX.4.4\x019=99999999\x0135=A\x01",
    "too long": b"8=FIX.4.4\x019=20000\x0135=A\x01" + b"58=x\x01" * 3_000,
}


@pytest.mark.parametrize("begun", UNFINISHED.values(), ids=UNFINISHED.keys())
def test_a_first_message_that_does_not_become_whole(venue: Venue, bystander: Bystander, begun: bytes) -> None:
    """Item 9: QuickFIX waits for the rest while all others stand still; it must not be long."""
    with connection(venue.port) as plain:
        plain.sendall(begun)
        began = time.monotonic()
        assert read_until_closed(plain) == b""
        assert time.monotonic() - began < 3
    bystander.finish()
    assert bystander.longest_wait_s < 2


def test_a_first_message_that_trickles(venue: Venue, bystander: Bystander) -> None:
    """Item 9: byte by byte, each within the second that QuickFIX waits: it must not stall the others for long."""
    with connection(venue.port) as plain:
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            for byte in logon("CLIENT1", 1, RESET):
                plain.sendall(bytes([byte]))
                time.sleep(0.1)
        assert time.monotonic() - began < 5, "still welcome after so long"
    bystander.finish()
    assert bystander.longest_wait_s < 2


def test_two_hundred_connections_at_once(venue: Venue, bystander: Bystander) -> None:
    """Item 9: silent, unfinished and garbage ones; a good client still logs on while they are there."""
    pieces = [b"", HALF, b"", b"\xff\x00garbage", b""]
    with contextlib.ExitStack() as crowd:
        for number in range(200):
            plain = crowd.enter_context(connection(venue.port))
            plain.sendall(pieces[number % len(pieces)])
        began = time.monotonic()
        with connection(venue.port) as good:
            good.sendall(logon("CLIENT1", 1, RESET))
            read_until(good, b"35=A", 2 * WAIT_S)
        assert time.monotonic() - began < 2 * WAIT_S
        assert bystander.trader.logged_on


def test_a_storm_of_connections(venue: Venue, bystander: Bystander, traders: Traders) -> None:
    """Item 9: connect and close, some with a reset, some with half a message, as fast as one process can."""
    reset_at_close = struct.pack("ii", 1, 0)
    for number in range(1_000):
        with contextlib.suppress(ConnectionError), connection(venue.port) as plain:
            if number % 3 == 0:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset_at_close)
            if number % 5 == 0:
                plain.sendall(HALF)
    traders("CLIENT1").round_trip_s()
    assert bystander.trader.logged_on


def test_a_client_that_leaves_does_not_take_the_next_one_along(venue: Venue, traders: Traders) -> None:
    """Item 9: QuickFIX closed a new connection that had got the number of one that had just ended."""
    for _ in range(100):
        with connection(venue.port) as plain:
            plain.sendall(logon("CLIENT3", 1, RESET))
            read_until(plain, b"35=A")
            plain.sendall(raw([(35, "5")], "CLIENT3", 2))
            with connection(venue.port) as next_one:
                next_one.sendall(logon("CLIENT4", 1, RESET))
                read_until(next_one, b"35=A")
    traders("CLIENT3").round_trip_s()


def test_a_client_that_does_not_read(venue: Venue, bystander: Bystander, traders: Traders) -> None:
    """Item 9: what it does not take is kept in memory, without bound, so it is cut off after some seconds."""
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.settimeout(0.5)
        plain.connect(("127.0.0.1", venue.port))
        plain.sendall(logon("CLIENT1", 1, RESET))
        began = time.monotonic()
        seq = 1
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < 30:
                seq += 1
                # Each order is refused, so that the book stays empty: its report is as long as any.
                plain.sendall(raw(new_order(new_id(), "1", "1", "1.00", "NOPE" * 15), "CLIENT1", seq))
                time.sleep(0.01 if seq > 12_000 else 0)
        assert time.monotonic() - began < 30, "it was not cut off"
    assert "it has taken nothing for" in venue.stderr.read_text()
    bystander.finish()
    traders("CLIENT1").round_trip_s()


def test_connections_have_numbers_above_the_listener(venue: Venue, traders: Traders) -> None:
    """Item 9: so that QuickFIX, which takes sockets by number, accepts before it closes in each turn.

    Else it would close an innocent connection that got the number of one just closed (docs/decisions/0004).
    """
    traders("CLIENT1")
    sockets = {}
    for line in Path(f"/proc/{venue.pid}/net/tcp").read_text().splitlines()[1:]:
        columns = line.split()
        if columns[1].endswith(f":{venue.port:04X}"):
            sockets[f"socket:[{columns[9]}]"] = columns[3]
    states = {}
    for fd in Path(f"/proc/{venue.pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            states[int(fd.name)] = sockets.get(os.readlink(fd))
    listening = [fd for fd, state in states.items() if state == "0A"]
    connected = [fd for fd, state in states.items() if state == "01"]
    assert len(listening) == 1
    assert min(connected) > listening[0]
    assert set(range(listening[0])) <= set(states), "a number below the listener's is free for a connection"
