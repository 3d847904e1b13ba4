"""The admin socket: one datagram a request, one line an answer, and nobody who can hold up the others."""

import json
import os
import pwd
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixgw.admin import server
from fixgw.admin.address import NAME, bind
from fixgw.admin.answers import Facts
from fixgw.admin.client import AdminClient, NoAnswer, NotRunning, Refused
from fixgw.admin.server import AdminServer
from fixgw.core import Core
from fixgw.spec.commands import Command, OperatorCommand
from fixgw.spec.inquiries import OperatorAnswer, OperatorInquiry, SessionConnection
from fixgw.spec.participant import Participant
from fixgw.spec.sequenced import Sequenced
from tests.orders import buy, configuration

USER = pwd.getpwuid(os.getuid()).pw_name
PATIENCE_S = 20.0


class Venue:
    """A core that works off what comes, on a thread of its own, as the gateway's does; in trouble, if need be."""

    def __init__(self) -> None:
        self.core = Core()
        self.sequence = 0
        self.decide(configuration())
        self.is_busy = False
        self.is_deaf = False
        self.is_at_fault = False
        self.commands: list[OperatorCommand] = []
        self.server: AdminServer
        self._questions: list[tuple[OperatorInquiry, Callable[[OperatorAnswer], None]]] = []
        self._offered: list[OperatorCommand] = []
        self._woken = threading.Event()
        self._is_over = False
        self._thread = threading.Thread(target=self._work)

    def decide(self, command: Command) -> Sequenced:
        self.sequence += 1
        return Sequenced(self.sequence, 1_763_682_000_123_456_789, command, self.core.decide(command))

    def offer(self, request: OperatorCommand) -> bool:
        self._offered.append(request)
        return not self.is_busy

    def ask(self, inquiry: OperatorInquiry, reply: Callable[[OperatorAnswer], None]) -> bool:
        if self.is_at_fault:
            raise RuntimeError("a fault of ours")
        self._questions.append((inquiry, reply))
        return not self.is_busy

    def facts(self) -> Facts:
        assert threading.current_thread() is self._thread
        return Facts(7, self.sequence, {"CLIENT1": SessionConnection(True, 5, 6)}, "2026-11-20")

    def wake(self) -> None:
        self._woken.set()

    def open(self, folder: Path, answer_max_s: float = PATIENCE_S) -> None:
        self.server = AdminServer(folder / NAME, self, self.facts, self.wake, answer_max_s, not_reading_max_s=0.1)
        self._thread.start()
        self.server.start()

    def close(self) -> None:
        self.server.stop()
        self._is_over = True
        self._woken.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._is_over:
            self._woken.wait()
            self._woken.clear()
            if not self.is_deaf:
                self.work_off()

    def work_off(self) -> None:
        while self._questions:
            inquiry, reply = self._questions.pop(0)
            reply(self.core.inspect(inquiry))
        while self._offered:
            command = self._offered.pop(0)
            self.commands.append(command)
            self.server.tell(self.decide(command))


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    venue = Venue()
    venue.open(tmp_path)
    yield venue
    venue.close()


@pytest.fixture
def client(venue: Venue, tmp_path: Path) -> Iterator[AdminClient]:  # noqa: ARG001 - it must run
    with AdminClient(tmp_path, PATIENCE_S) as client:
        yield client


def test_a_command_is_answered_with_its_sequence(venue: Venue, client: AdminClient) -> None:
    venue.decide(buy(10, at="1.00"))

    answer = client.ask("kill", scope="venue", reason="a drill")

    assert answer == {"ok": True, "sequence": 3, "time": "2025-11-20T23:40:00.123456Z", "canceled": 1, "left": 0}
    assert [(command.operator, command.reason) for command in venue.commands] == [(USER, "a drill")]


def test_limits_and_a_canceled_order_come_back(venue: Venue, client: AdminClient) -> None:
    venue.decide(buy(10, at="1.00"))

    limits = client.ask("set-limits", scope="venue", limits={"order_qty_max": "5"}, reason="x")["limits"]
    order = client.ask("cancel-order", order_id="1", reason="x")["order"]

    assert limits["order_qty_max"] == "5"
    assert limits["open_notional_max"] is None
    assert (order["order_id"], order["ord_status"], order["leaves_qty"]) == ("1", "canceled", "0")


def test_what_is_refused_is_told_and_the_next_request_served(client: AdminClient) -> None:
    with pytest.raises(Refused, match="there is no firm NONE"):
        client.ask("kill", scope="firm:NONE", reason="x")
    with pytest.raises(Refused, match="missing required field `reason`"):
        client.ask("kill", scope="venue")
    assert client.ask("status")["killed"] == []


def test_status_has_what_the_gateway_knows_besides(client: AdminClient) -> None:
    answer = client.ask("status")

    assert (answer["pid"], answer["sequence"], answer["logged_on"]) == (7, 1, ["CLIENT1"])
    alice, bob, _ = client.ask("sessions")["sessions"]
    assert (alice["logged_on"], alice["next_msg_seq_num"], alice["expected_msg_seq_num"]) == (True, 5, 6)
    assert (bob["logged_on"], bob["next_msg_seq_num"]) == (False, None)


def test_only_its_owner_may_use_the_socket(venue: Venue, tmp_path: Path) -> None:  # noqa: ARG001 - it must run
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_the_socket_is_gone_after(venue: Venue, client: AdminClient, tmp_path: Path) -> None:
    venue.server.stop()

    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NoAnswer):
        client.ask("status")
    with pytest.raises(NotRunning, match="no venue is running"):
        AdminClient(tmp_path)


def test_a_socket_left_by_a_venue_that_was_killed_makes_way(tmp_path: Path) -> None:
    bind(tmp_path / NAME).close()
    with pytest.raises(NotRunning):
        AdminClient(tmp_path)

    anew = bind(tmp_path / NAME)

    with AdminClient(tmp_path) as client:
        client._socket.send(b"hello")
    assert anew.recv(100) == b"hello"
    anew.close()


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("precious")

    with pytest.raises(FileExistsError, match="in the way of the admin socket"):
        bind(tmp_path / NAME)

    assert (tmp_path / NAME).read_text() == "precious"


def test_a_path_longer_than_the_kernel_takes_is_no_matter(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 120) / ("e" * 120)
    folder.mkdir(parents=True)
    venue = Venue()
    venue.open(folder)

    with AdminClient(folder, PATIENCE_S) as client:
        assert client.ask("status")["sequence"] == 1

    venue.close()


def test_a_long_answer_comes_whole(venue: Venue, client: AdminClient) -> None:
    accounts = tuple(f"ACCOUNT{number}" for number in range(2_000))
    venue.decide(configuration(participants=[Participant("CLIENT1", "ALPHA", accounts)]))

    answer = client.ask("risk")

    assert len(json.dumps(answer)) > 2 * server.PIECE_BYTES
    assert {each["account"] for each in answer["exposure"]} == set(accounts)


def test_a_client_that_takes_no_answers_does_not_hold_up_the_others_for_long(venue: Venue, client: AdminClient) -> None:
    rude = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    rude.bind("")
    rude.connect(str(venue.server._path))
    rude.settimeout(PATIENCE_S)
    for _ in range(20):  # the kernel keeps some ten answers for who does not take them
        rude.send(b'{"do":"status"}')

    assert client.ask("status")["ok"]
    rude.close()


@pytest.mark.parametrize("line", [b"", b"\n", b"\xff\xfe", b"x" * 60_000])
def test_garbage_is_refused_and_the_next_request_served(client: AdminClient, line: bytes) -> None:
    client._socket.send(line)
    if line:
        assert not json.loads(client._receive())["ok"]

    assert client.ask("status")["ok"]


def test_who_has_no_name_to_be_answered_at_is_passed_over(venue: Venue, client: AdminClient) -> None:
    nameless = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    nameless.sendto(b'{"do":"kill","scope":"venue","reason":"x"}', str(venue.server._path))
    nameless.close()

    assert client.ask("status")["killed"] == []


def test_a_busy_venue_takes_nothing(venue: Venue, client: AdminClient) -> None:
    venue.is_busy = True
    for do in ("status", "kill"):
        with pytest.raises(Refused, match="too many requests are waiting"):
            client.ask(do, **({} if do == "status" else {"scope": "venue", "reason": "x"}))


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next(tmp_path: Path) -> None:
    venue = Venue()
    venue.is_deaf = True
    venue.open(tmp_path, answer_max_s=2.0)
    with AdminClient(tmp_path, PATIENCE_S) as client:
        for do in ("risk", "instruments"):
            with pytest.raises(Refused, match="no answer within 2 s; what was asked for may still be done"):
                client.ask(do)
        venue.is_deaf = False

        assert client.ask("status")["sequence"] == 1

    venue.close()


def test_requests_of_many_clients_are_each_answered(venue: Venue, tmp_path: Path) -> None:  # noqa: ARG001 - it must run
    answered: list[bool] = []

    def ask() -> None:
        with AdminClient(tmp_path, PATIENCE_S) as client:
            for _ in range(10):
                answered.append(client.ask("status")["ok"])

    clients = [threading.Thread(target=ask) for _ in range(8)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()

    assert answered == [True] * 80


def test_a_fault_of_ours_is_logged_and_the_next_request_served(
    venue: Venue, client: AdminClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    venue.is_at_fault = True
    with AdminClient(tmp_path, timeout_s=0.5) as unlucky, pytest.raises(NoAnswer, match="has not answered in time"):
        unlucky.ask("status")
    venue.is_at_fault = False

    assert client.ask("status")["ok"]
    assert "a fault of ours" in caplog.text
