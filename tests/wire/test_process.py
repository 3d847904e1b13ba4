"""Starting and stopping (item 11): each refusal says what is wrong and has its exit status."""

import re
import time
from pathlib import Path

import pytest

from fixgw.client.message import SOH
from tests.wire.venue import (
    RESET,
    START_TIMEOUT_S,
    STOP_TIMEOUT_S,
    WAIT_S,
    Trader,
    Venue,
    connection,
    logon,
    read_until,
    read_until_closed,
)


def refused(venue: Venue) -> tuple[int, str]:
    """Launch ``venue``, which must end by itself; return its exit status and what it says."""
    process = venue.launch()
    said, _ = process.communicate(timeout=START_TIMEOUT_S)
    return process.returncode, said.decode() + venue.stderr.read_text()


def test_a_port_in_use(venue: Venue, tmp_path: Path) -> None:
    """Item 11: exit status 1, naming the port."""
    status, said = refused(Venue(tmp_path / "data", port=venue.port))
    assert status == 1
    assert f"{venue.port}" in said
    assert "Traceback" not in said


def test_a_second_venue_on_the_same_data(venue: Venue) -> None:
    """Item 11: exit status 1, naming the folder and the pid of who has it."""
    second = Venue(venue.data)
    second.stderr = venue.data.parent / "second.stderr"
    status, said = refused(second)
    assert status == 1
    assert str(venue.data) in said
    assert str(venue.pid) in said
    assert "Traceback" not in said


def test_a_broken_configuration(tmp_path: Path) -> None:
    """Item 11: exit status 2, with all mistakes of both files at once."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "venue.toml").write_text('[venue]\ncomp_id = 5\n[order_entry]\nport = "many"\n[nonsense]\nx = 1\n')
    (config / "sessions.cfg").write_text("[SESSION]\nTargetCompID=C1\nFirm=F1\nAccounts=A1\nNonsense=Y\n")
    venue = Venue(tmp_path / "data", config)
    status, said = refused(venue)
    assert status == 2
    for mistake in ("comp_id", "port", "nonsense", "Nonsense"):
        assert mistake in said
    assert "Traceback" not in said
    assert not venue.data.exists()


def test_that_it_serves_is_said_in_json(venue: Venue) -> None:
    """Item 11: one line of JSON, for the supervisor."""
    assert venue.facts == {"process": "gateway", "pid": venue.pid, "commands_recovered": 0}


def test_sigterm_logs_everybody_out(own_venue: Venue) -> None:
    """Item 11: exit status 0 in time, every client gets a Logout, and orders are there after the next start."""
    own_venue.start()
    clients = [Trader(f"CLIENT{number}", own_venue.port) for number in (1, 2, 3)]
    for client in clients:
        client.logon(WAIT_S)
    order = clients[0].buy("1", "1.00")
    clients[0].expect({150: "0", 11: order})

    assert own_venue.stop() < STOP_TIMEOUT_S

    for client in clients:
        assert (client.wait_closed(WAIT_S) or "").startswith("FIXGW logged us out")
        client.close()
    own_venue.start()
    clients[0].logon(WAIT_S, reset=False)
    assert clients[0].ask_status(order).has({39: "0", 151: "1"})
    assert clients[0].logout()
    own_venue.stop()


@pytest.mark.parametrize("heart_bt_int", ["30", "0"])
def test_sigterm_does_not_wait_for_who_does_not_answer(own_venue: Venue, heart_bt_int: str) -> None:
    """Item 11: a client that ignores the Logout, or asked for no heartbeats, does not hold the venue."""
    own_venue.start()
    with connection(own_venue.port) as plain:
        plain.sendall(logon("CLIENT1", 1, RESET, heartbeat_s=heart_bt_int))
        read_until(plain, b"35=A")
        took_s = own_venue.stop()
        came = read_until_closed(plain)
    assert took_s < STOP_TIMEOUT_S
    assert f"{SOH}35=5{SOH}".encode() in came


def test_stopping_under_fire(own_venue: Venue) -> None:
    """Item 11: orders that come while the venue stops are answered or not taken, and it ends in order."""
    own_venue.start()
    with Trader("CLIENT1", own_venue.port) as alice:
        alice.logon(WAIT_S)
        for _ in range(300):
            alice.buy("1", "1.00")
        own_venue.stop()
    assert re.search("Traceback|Error", own_venue.stderr.read_text()) is None


def test_starting_and_stopping_again_and_again(own_venue: Venue) -> None:
    """Item 11: QuickFIX's own stop, on another thread than its acceptor's, was a segmentation fault in one of four."""
    for _ in range(3):
        own_venue.start()
        with connection(own_venue.port) as plain:
            plain.sendall(logon("CLIENT1", 1, RESET))
            read_until(plain, b"35=A")
        time.sleep(0.02)
        own_venue.stop()
