"""Heartbeats (item 6): answered, sent in time whatever others do, and a silent client is not waited for."""

import threading
import time

from fixgw.client.framing import Framer
from tests.wire.conftest import Traders
from tests.wire.venue import RESET, WAIT_S, Trader, Venue, connection, logon, read_until, read_until_closed


def test_test_request_is_answered(traders: Traders) -> None:
    """Item 6: Heartbeat(0) with the TestReqID(112) of the TestRequest(1)."""
    alice = traders("CLIENT1")
    alice.send([(35, "1"), (112, "are you there?")])
    alice.expect_admin({35: "0", 112: "are you there?"})


def test_heartbeats_come(traders: Traders) -> None:
    """Item 6: HeartBtInt(108)=1: without any traffic a Heartbeat about every second."""
    alice = traders("CLIENT1", heartbeat_s=1)
    began = time.monotonic()
    for _ in range(2):
        alice.expect_admin({35: "0"})
    assert time.monotonic() - began < 20


def test_an_idle_session_beside_a_busy_one(venue: Venue, traders: Traders) -> None:
    """Item 6: QuickFIX looks at the time only when nothing is to be read: a busy client must not starve the others.

    The idle client says nothing at all, so that nothing but the venue's own clock makes it look.
    """
    bob = traders("CLIENT2")
    stop = threading.Event()
    busy = threading.Thread(target=flood, args=(bob, stop))
    busy.start()
    try:
        with connection(venue.port) as idle:
            idle.sendall(logon("CLIENT1", 1, RESET, heartbeat_s="1"))
            began = time.monotonic()
            came = read_until_closed(idle)
            took_s = time.monotonic() - began
    finally:
        stop.set()
        busy.join()

    framer = Framer()
    framer.feed(came)
    types = []
    while (message := framer.next_message()) is not None:
        types.append(message.msg_type)
    assert types[0] == "A"
    assert set(types[1:]) == {"0", "1"}, "a Heartbeat and a TestRequest before the end"
    assert 2 < took_s < 20, "a client that stays silent is disconnected after 2.4 heartbeat intervals"


def flood(trader: Trader, stop: threading.Event) -> None:
    """Keep some orders under way all the time, so that the venue always has something to read."""
    window = 0
    while not stop.is_set():
        trader.send([(35, "H"), (11, "barrier"), (55, "AAPL"), (54, "1")])
        window += 1
        if window >= 20:
            trader.expect({35: "8", 150: "I"}, WAIT_S)
            window -= 1
    for _ in range(window):
        trader.expect({35: "8", 150: "I"}, WAIT_S)


def test_a_silent_client_is_asked_and_then_disconnected(venue: Venue, traders: Traders) -> None:
    """Item 6: a TestRequest after 1.2 heartbeat intervals of silence, the end after 2.4; then it may come back."""
    with connection(venue.port) as silent:
        silent.sendall(logon("CLIENT1", 1, RESET, heartbeat_s="1"))
        began = time.monotonic()
        came = read_until(silent, b"35=1\x01")
        read_until_closed(silent)
        assert time.monotonic() - began < 20
    assert b"35=A" in came
    traders("CLIENT1").round_trip_s()
