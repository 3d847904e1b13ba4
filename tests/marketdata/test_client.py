"""The client on real sockets: it hears, asks for what is missing, and gives up only what nobody has."""

import socket
from collections.abc import Iterator

import pytest

from fixgw.marketdata.arbitration import Numbered
from fixgw.marketdata.client import (
    ANSWER_PATIENCE_S,
    GAP_PATIENCE_S,
    READ_MAX,
    UNREACHABLE_PATIENCE_S,
    MarketDataClient,
)
from fixgw.marketdata.messages import InstrumentListed, StateChanged, TradingState, Update, encode
from fixgw.marketdata.multicaster import Groups, Sender
from fixgw.marketdata.packets import Packet, heartbeat
from fixgw.marketdata.retransmission import History, RetransmissionServer
from fixgw.spec.values import Price, Qty
from tests.ports import own_ports

VENUE = b"venue--1"
CHANNEL = 1
POLLS_MAX = 200
LISTED: Update = InstrumentListed(1, 1, 2, 0, Price(1), Qty(1), 1, "STOCK")
OPEN: Update = StateChanged(1, 1, TradingState.TRADING)
STATES: list[Update] = [StateChanged(1, time_ns, TradingState.HALTED) for time_ns in range(2, 100)]
MESSAGES = [encode(update) for update in (LISTED, OPEN, *STATES)]


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Venue:
    """What sends, and what answers."""

    def __init__(self) -> None:
        ports = own_ports()

        def group(name: str) -> tuple[str, int]:
            address, _, port = ports[f"FIXGW_MULTICAST_{name}"].partition(":")
            return address, int(port)

        port = int(ports["FIXGW_MULTICAST_RETRANSMISSION_PORT"])
        self.groups = Groups("127.0.0.1", 0, group("A"), group("B"), group("SNAPSHOTS"), port)
        self.sender = Sender(self.groups)
        self.history = History(10)
        self.history.begin_anew(VENUE)
        self.server: RetransmissionServer | None = None

    def serve(self) -> None:
        self.server = RetransmissionServer(self.groups.retransmission_port, CHANNEL, self.history)
        self.server.start()

    def send(self, first: int, last: int) -> None:
        self.sender.send(Packet(VENUE, CHANNEL, 0, first, tuple(MESSAGES[first - 1 : last])))

    def close(self) -> None:
        self.sender.close()
        if self.server is not None:
            self.server.close()


@pytest.fixture
def venue() -> Iterator[Venue]:
    venue = Venue()
    yield venue
    venue.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(venue: Venue, clock: Clock) -> Iterator[MarketDataClient]:
    """One that has heard messages 1 to 3."""
    with MarketDataClient(venue.groups, clock) as client:
        venue.send(1, 3)
        assert numbers(hear(client, 3)) == [1, 2, 3]
        yield client


def hear(client: MarketDataClient, number: int) -> list[Numbered]:
    """Poll until all up to ``number`` was delivered or given up."""
    came: list[Numbered] = []
    for _ in range(POLLS_MAX):
        came += client.poll(0.05)
        if (client.feed.next_number or 0) > number:
            return came
    raise AssertionError((number, client.feed.next_number, client.feed.missing()))


def notice(client: MarketDataClient) -> None:
    """Poll until it knows that something is missing."""
    for _ in range(POLLS_MAX):
        assert list(client.poll(0.05)) == []
        if client.feed.missing():
            return
    raise AssertionError("nothing is missing")


def numbers(came: list[Numbered]) -> list[int]:
    return [numbered.number for numbered in came]


def keep(venue: Venue, first: int, last: int) -> None:
    for number in range(first, last + 1):
        venue.history.add(number, MESSAGES[number - 1])


def test_both_feeds_are_heard(client: MarketDataClient) -> None:
    """Each message once."""
    for _ in range(POLLS_MAX):
        assert list(client.poll(0.05)) == []
        if client.feed.statistics.packets == 2:
            break
    assert client.feed.statistics.duplicates == 1


def test_what_both_feeds_lost_is_asked_for(venue: Venue, client: MarketDataClient, clock: Clock) -> None:
    keep(venue, 1, 6)
    venue.serve()
    venue.send(6, 6)
    notice(client)
    clock.now_s += GAP_PATIENCE_S

    assert numbers(hear(client, 6)) == [4, 5, 6]
    assert client.feed.statistics.given_up == 0


def test_the_last_messages_are_asked_for_at_a_heartbeat(venue: Venue, client: MarketDataClient, clock: Clock) -> None:
    keep(venue, 1, 5)
    venue.serve()
    venue.sender.send(heartbeat(VENUE, CHANNEL, 6))
    notice(client)
    clock.now_s += GAP_PATIENCE_S

    assert numbers(hear(client, 5)) == [4, 5]


def test_what_is_refused_is_given_up(venue: Venue, client: MarketDataClient, clock: Clock) -> None:
    keep(venue, 6, 7)
    venue.serve()
    venue.send(7, 7)
    notice(client)
    clock.now_s += GAP_PATIENCE_S

    assert [(each.number, each.book) for each in hear(client, 7)] == [(7, None)]
    assert client.feed.statistics.given_up == 1
    assert len(client.feed.books) == 0


def test_who_answers_may_be_away_for_a_while(venue: Venue, client: MarketDataClient, clock: Clock) -> None:
    """A multicaster that was killed is there again in seconds, and has what was lost."""
    keep(venue, 1, 6)
    venue.send(6, 6)
    notice(client)
    clock.now_s += UNREACHABLE_PATIENCE_S - 1
    for _ in range(3):
        assert list(client.poll(0.01)) == []

    venue.serve()

    assert numbers(hear(client, 6)) == [4, 5, 6]
    assert client.feed.statistics.given_up == 0


def test_who_is_away_for_long_has_nothing_any_more(venue: Venue, client: MarketDataClient, clock: Clock) -> None:
    venue.send(6, 6)
    notice(client)
    clock.now_s += GAP_PATIENCE_S
    assert list(client.poll(0.01)) == []
    clock.now_s += UNREACHABLE_PATIENCE_S

    assert numbers(hear(client, 6)) == [6]
    assert client.feed.statistics.given_up == 1


def test_a_history_that_is_still_being_read_is_asked_again(
    venue: Venue, client: MarketDataClient, clock: Clock
) -> None:
    """Right after its start a multicaster has nothing; an empty answer is no refusal."""
    venue.serve()
    venue.send(6, 6)
    notice(client)
    for _ in range(5):
        clock.now_s += 2 * GAP_PATIENCE_S
        assert list(client.poll(0.05)) == []
    assert client.feed.missing() == (4, 2)

    keep(venue, 1, 6)
    came: list[Numbered] = []
    for _ in range(POLLS_MAX):
        clock.now_s += GAP_PATIENCE_S
        came += client.poll(0.05)
        if len(came) == 3:
            break
    assert numbers(came) == [4, 5, 6]
    assert client.feed.statistics.given_up == 0


def test_a_flood_leaves_time_for_the_rest(venue: Venue, client: MarketDataClient) -> None:
    """One poll reads a part of what is there; nothing of it is lost."""
    list(client.poll(0.05))
    before = client.feed.statistics.packets
    for _ in range(READ_MAX + 20):
        venue.sender.send(heartbeat(VENUE, CHANNEL, 4))

    list(client.poll(0.05))
    assert before < client.feed.statistics.packets <= before + 2 * READ_MAX
    list(client.poll(0.05))
    assert client.feed.statistics.packets == before + 2 * (READ_MAX + 20)


def test_what_is_no_packet_is_counted(venue: Venue, client: MarketDataClient) -> None:
    """Anybody may send to a group."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        stranger.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
        stranger.sendto(b"garbage", venue.groups.a)
    venue.send(4, 4)

    assert numbers(hear(client, 4)) == [4]
    assert client.feed.statistics.refused == 1


def test_a_deaf_answer_is_given_up(venue: Venue, client: MarketDataClient, clock: Clock) -> None:
    """Who takes the question and does not answer has nothing for us."""
    with socket.create_server(("127.0.0.1", venue.groups.retransmission_port)):
        venue.send(6, 6)
        notice(client)
        clock.now_s += GAP_PATIENCE_S
        assert list(client.poll(0.01)) == []
        clock.now_s += ANSWER_PATIENCE_S + 0.1

        assert numbers(hear(client, 6)) == [6]
    assert client.feed.statistics.given_up == 1
