"""What a pass tells one client: the first at once, the rest in few packets when it is over."""

import socket
import struct
from collections.abc import Iterator

import pytest

from fixgw.fix.corks import CORKED_FROM, Corks

REPORT = b"a report"
AT_ONCE = CORKED_FROM - 1
"""So many reports leave as they are told."""


class Client:
    """Both ends of a connection, the venue's with SocketNodelay as QuickFIX has it."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._socket = socket.create_connection(listener.getsockname())
            self.venue, _ = listener.accept()
        self.venue.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(0.05)

    def reports(self) -> int:
        """Return how many reports have come that were not counted yet."""
        received = b""
        try:
            while piece := self._socket.recv(1 << 16):
                received += piece
        except TimeoutError:
            pass
        return len(received) // len(REPORT)

    def packets(self) -> int:
        """Return how many packets with data have come so far (tcpi_data_segs_in)."""
        info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        count: int = struct.unpack_from("=I", info, 152)[0]
        return count

    def close(self) -> None:
        self._socket.close()
        self.venue.close()


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.close()


@pytest.fixture
def other() -> Iterator[Client]:
    client = Client()
    yield client
    client.close()


def tell(corks: Corks, session: str, client: Client, count: int) -> None:
    for _ in range(count):
        corks.note(session)
        client.venue.send(REPORT)


def test_the_first_leave_at_once_and_the_rest_in_one_packet(client: Client) -> None:
    corks = Corks()
    corks.connected("CLIENT1", client.venue.fileno())

    corks.gather()
    tell(corks, "CLIENT1", client, AT_ONCE + 50)
    assert client.reports() == AT_ONCE
    corks.release()

    assert client.reports() == 50
    assert client.packets() == AT_ONCE + 1


def test_each_pass_begins_anew(client: Client) -> None:
    corks = Corks()
    corks.connected("CLIENT1", client.venue.fileno())

    for _ in range(2):
        corks.gather()
        tell(corks, "CLIENT1", client, AT_ONCE)
        assert client.reports() == AT_ONCE
        corks.release()


def test_what_many_are_told_leaves_at_once(client: Client, other: Client) -> None:
    """A cork for each would cost more than it saves."""
    corks = Corks()
    corks.connected("CLIENT1", client.venue.fileno())
    corks.connected("CLIENT2", other.venue.fileno())

    corks.gather()
    tell(corks, "CLIENT1", client, AT_ONCE)
    tell(corks, "CLIENT2", other, AT_ONCE)

    assert (client.reports(), other.reports()) == (AT_ONCE, AT_ONCE)


def test_what_is_kept_for_a_client_that_goes_is_let_go(client: Client) -> None:
    """Its Logout(35=5) has the same way."""
    corks = Corks()
    corks.connected("CLIENT1", client.venue.fileno())

    corks.gather()
    tell(corks, "CLIENT1", client, AT_ONCE + 1)
    corks.gone("CLIENT1")

    assert client.reports() == AT_ONCE + 1
    corks.release()


def test_a_client_that_comes_again_has_its_new_connection_corked(client: Client, other: Client) -> None:
    corks = Corks()
    corks.connected("CLIENT1", client.venue.fileno())
    corks.connected("CLIENT1", other.venue.fileno())

    corks.gather()
    tell(corks, "CLIENT1", other, AT_ONCE + 1)
    assert other.reports() == AT_ONCE
    corks.release()

    assert other.reports() == 1


def test_a_connection_that_is_closed_or_not_known_is_no_matter(client: Client) -> None:
    corks = Corks()
    corks.connected("CLIENT1", client.venue.fileno())
    client.venue.close()

    corks.gather()
    for _ in range(CORKED_FROM):
        corks.note("CLIENT1")
        corks.note("CLIENT2")
    corks.release()
    corks.gone("CLIENT1")
    corks.gone("CLIENT2")


def test_a_connection_stays_quickfixs_to_close(client: Client) -> None:
    corks = Corks()
    corks.connected("CLIENT1", client.venue.fileno())

    corks.gone("CLIENT1")
    del corks

    client.venue.send(REPORT)
    assert client.reports() == 1
