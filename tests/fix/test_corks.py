"""What one batch tells one client: the first reports at once, the rest in few packets when it is told."""

import socket
from collections.abc import Iterator

import pytest

from fixgw.fix.corks import CORKED_FROM, Corks
from tests.packets import packets

REPORT = b"a report"
WAIT_S = 30.0
AT_ONCE = CORKED_FROM - 1
"""So many reports leave as they are told."""


class Client:
    """Both ends of a connection, the venue's with SocketNodelay as QuickFIX has it."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._socket = socket.create_connection(listener.getsockname())
            self.venue, _ = listener.accept()
        self.venue.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(WAIT_S)

    @property
    def is_corked(self) -> bool:
        return bool(self.venue.getsockopt(socket.IPPROTO_TCP, socket.TCP_CORK))

    @property
    def packets(self) -> int:
        return packets(self._socket)

    def receive(self, reports: int) -> None:
        """Wait until so many more have come; raises TimeoutError if they do not."""
        left = reports * len(REPORT)
        while left:
            left -= len(self._socket.recv(left))

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


def test_the_first_leave_at_once_and_the_rest_in_few_packets(client: Client) -> None:
    corks = Corks()
    corks.connected("CLIENT1", client.venue.fileno())

    with corks:
        tell(corks, "CLIENT1", client, AT_ONCE)
        assert not client.is_corked
        client.receive(AT_ONCE)
        tell(corks, "CLIENT1", client, 500)
        assert client.is_corked
    assert not client.is_corked

    client.receive(500)
    assert client.packets < AT_ONCE + 100  # one, or more of them on a machine that stands still for long


def test_each_batch_begins_anew(client: Client) -> None:
    corks = Corks()
    corks.connected("CLIENT1", client.venue.fileno())

    for _ in range(2):
        with corks:
            tell(corks, "CLIENT1", client, AT_ONCE)
            assert not client.is_corked


def test_each_client_is_counted_alone(client: Client, other: Client) -> None:
    """Many with some reports each: a cork for each would cost more than it saves."""
    corks = Corks()
    corks.connected("CLIENT1", client.venue.fileno())
    corks.connected("CLIENT2", other.venue.fileno())

    with corks:
        tell(corks, "CLIENT1", client, AT_ONCE)
        tell(corks, "CLIENT2", other, AT_ONCE)
        assert (client.is_corked, other.is_corked) == (False, False)
        tell(corks, "CLIENT2", other, 1)
        assert (client.is_corked, other.is_corked) == (False, True)


def test_nothing_is_kept_while_something_takes_long(client: Client) -> None:
    corks = Corks()
    corks.connected("CLIENT1", client.venue.fileno())

    with corks:
        tell(corks, "CLIENT1", client, AT_ONCE + 1)
        corks.let_go()
        assert not client.is_corked


def test_nothing_is_kept_from_a_client_that_goes(client: Client) -> None:
    """Its Logout(35=5) has the same way."""
    corks = Corks()
    corks.connected("CLIENT1", client.venue.fileno())

    with corks:
        tell(corks, "CLIENT1", client, AT_ONCE + 1)
        corks.gone("CLIENT1")
        assert not client.is_corked


def test_a_client_that_comes_again_has_its_new_connection_corked(client: Client, other: Client) -> None:
    corks = Corks()
    corks.connected("CLIENT1", client.venue.fileno())
    corks.connected("CLIENT1", other.venue.fileno())

    with corks:
        tell(corks, "CLIENT1", other, AT_ONCE + 1)
        assert (client.is_corked, other.is_corked) == (False, True)


def test_a_connection_that_is_closed_or_not_known_is_no_matter(client: Client) -> None:
    corks = Corks()
    corks.connected("CLIENT1", client.venue.fileno())
    client.venue.close()

    with corks:
        for _ in range(CORKED_FROM):
            corks.note("CLIENT1")
            corks.note("CLIENT2")
    corks.gone("CLIENT1")
    corks.gone("CLIENT2")
