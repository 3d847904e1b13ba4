"""Loopback only (item 10): another host is refused by the kernel, while this one is served."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.wire.conftest import Traders
from tests.wire.venue import Venue

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make a network namespace"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="needs the ip command of iproute2"),
]

HERE, THERE = "10.203.17.1", "10.203.17.2"
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5).close()
    print("connected")
except OSError as error:
    print(type(error).__name__)
"""
LISTEN = """
import socket, sys, time
listener = socket.create_server((sys.argv[1], 0))
print(listener.getsockname()[1], flush=True)
time.sleep(60)
"""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=10)


@pytest.fixture
def other_host() -> Iterator[str]:
    """A network namespace with a cable to ours, as a host next to this one; its name."""
    name = f"fixgw{os.getpid()}"
    ours, theirs = f"fw{os.getpid()}a", f"fw{os.getpid()}b"
    try:
        try:
            ip("netns", "add", name)
            ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name)
            ip("address", "add", f"{HERE}/30", "dev", ours)
            ip("link", "set", ours, "up")
            ip("-netns", name, "address", "add", f"{THERE}/30", "dev", theirs)
            ip("-netns", name, "link", "set", theirs, "up")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces here: {error.stderr.decode().strip()}")
        yield name
    finally:
        for command in (["link", "delete", ours], ["netns", "delete", name]):
            subprocess.run(["ip", *command], check=False, capture_output=True, timeout=10)


def connect_from(host: str, address: str, port: int) -> str:
    command = ["ip", "netns", "exec", host, sys.executable, "-c", CONNECT, address, str(port)]
    return subprocess.run(command, check=True, capture_output=True, timeout=20, text=True).stdout.strip()


def test_another_host_is_refused(venue: Venue, traders: Traders, other_host: str) -> None:
    """Item 10: QuickFIX binds to all interfaces; the port must be closed to all but loopback."""
    alice = traders("CLIENT1")
    listener = subprocess.Popen([sys.executable, "-c", LISTEN, HERE], stdout=subprocess.PIPE, text=True)
    assert listener.stdout is not None
    try:
        reachable = int(listener.stdout.readline())
        assert connect_from(other_host, HERE, reachable) == "connected", "the cable works"
        assert connect_from(other_host, HERE, venue.port) == "ConnectionRefusedError"
    finally:
        listener.kill()
        listener.wait()
        listener.stdout.close()
    alice.round_trip_s()
    traders("CLIENT2").round_trip_s()
