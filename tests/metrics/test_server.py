"""The pages, when the venue is ready and when it is not, and clients that misbehave."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from fixgw.journal.frame import HEADER_SIZE
from fixgw.metrics.health import FOLLOWER_LAG_MAX
from fixgw.metrics.server import CONNECTIONS_MAX, FRAMES_MAX, Server, Site
from fixgw.spec.commands import Kill, OpenSession
from tests.metrics.venue import Files, Process
from tests.orders import buy, configuration
from tests.ports import free_port

WAIT_S = 10.0


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Files]:
    """A venue with one open order, whose gateway has just told of itself."""
    with Files(tmp_path, configuration(), buy(1, at="1.00")) as files:
        files.tell("CLIENT1")
        yield files


def readiness(site: Site) -> tuple[int, dict[str, str]]:
    status, _, content = site.page("/health/ready")
    return status, json.loads(content)["checks"]


def metrics(site: Site) -> str:
    return site.page("/metrics")[2].decode()


def test_a_venue_that_trades_is_ready(venue: Files) -> None:
    site = venue.site()

    assert readiness(site) == (200, dict.fromkeys(("process", "gateway", "journal", "followers"), "ok"))
    assert 'fixgw_orders_total{ord_type="limit",result="accepted",symbol="AAPL"} 1.0' in metrics(site)
    assert 'fixgw_session_logged_on{session="CLIENT1"} 1.0' in metrics(site)
    assert 'fixgw_stage_seconds_bucket{le="8.19e-06",stage="decide"} 3.0' in metrics(site)


def test_health_tells_all(venue: Files) -> None:
    venue.handle(Kill("olivia", "news", "firm:ALPHA"))
    venue.put("drop-copy", 1)

    status, content_type, content = venue.site([Process("gateway", 7, restarts=2)]).page("/health")
    told: dict[str, Any] = json.loads(content)

    assert (status, content_type) == (200, "application/json")
    assert (told["status"], told["sequence"], told["open_orders"]) == ("ready", 3, 0)
    assert told["sessions"] == ["CLIENT1"]
    assert told["killed"] == ["firm:ALPHA"]
    assert told["processes"] == [{"name": "gateway", "pid": 7, "state": "running", "restarts": 2}]
    assert told["journal_bytes"] > 0


@pytest.mark.parametrize("path", ["/", "/metric", "/health/", "/health/unknown", "/metrics/../health", ""])
def test_other_paths_name_the_right_ones(venue: Files, path: str) -> None:
    status, _, content = venue.site().page(path)

    assert status == 404
    assert json.loads(content)["paths"] == ["/metrics", "/health", "/health/live", "/health/ready"]


@pytest.mark.parametrize(
    ("age_s", "reason"), [(2.5, "has told nothing of itself for 2.5 s"), (-1000.0, "since the machine was booted")]
)
def test_a_gateway_that_says_nothing_is_not_ready(venue: Files, age_s: float, reason: str) -> None:
    """And what it said last is told no more."""
    venue.tell("CLIENT1", age_s=age_s)
    site = venue.site()

    status, checks = readiness(site)

    assert status == 503
    assert reason in checks["gateway"]
    assert "fixgw_ready 0.0" in metrics(site)
    assert "fixgw_session_logged_on{" not in metrics(site)
    assert site.page("/health")[0] == 503
    assert site.page("/health/live")[0] == 200


@pytest.mark.parametrize("state", ["starting", "backing-off", "stopped"])
def test_a_gateway_that_is_not_running_is_not_ready(venue: Files, state: str) -> None:
    """By its supervisor, though the board is fresh still."""
    status, checks = readiness(venue.site([Process("gateway", None, state)]))

    assert (status, checks["process"]) == (503, f"the gateway is {state}; its log says why")


def test_a_follower_that_is_far_behind_is_named(venue: Files) -> None:
    venue.tell(sequence=FOLLOWER_LAG_MAX + 2)
    venue.put("drop-copy", 1)
    venue.put("publisher", 2)
    site = venue.site()

    assert readiness(site)[1]["followers"] == f"drop-copy is {FOLLOWER_LAG_MAX + 1} frames behind"
    assert f'fixgw_follower_lag_frames{{follower="publisher"}} {float(FOLLOWER_LAG_MAX)}' in metrics(site)


def test_who_follows_market_data_is_not_behind_what_is_none(venue: Files) -> None:
    """The multicaster sees what changes books only; its other position counts messages, not frames."""
    venue.handle(*(OpenSession("CLIENT1", number, number) for number in range(5)))
    venue.put("multicaster", 2)
    venue.put("multicaster.0f0f", 1)

    assert 'fixgw_follower_lag_frames{follower="multicaster"} 0.0' in metrics(venue.site())
    assert "0f0f" not in metrics(venue.site())


def test_a_follower_that_is_configured_no_longer_is_not_behind(venue: Files) -> None:
    """Its position stays where it was for ever."""
    venue.put("drop-copy", 1)

    assert 'follower="drop-copy"' not in metrics(venue.site([Process("gateway")]))
    assert 'follower="drop-copy"' in metrics(venue.site([Process("gateway"), Process("drop-copy")]))


def test_a_position_that_is_no_number_is_passed_over(venue: Files) -> None:
    venue.put("drop-copy", 1)
    (venue.folder / "positions" / "publisher").write_text("?")

    assert 'follower="publisher"' not in metrics(venue.site())
    assert 'follower="drop-copy"' in metrics(venue.site())


def test_a_damaged_journal_is_told_with_its_place(venue: Files) -> None:
    """The server goes on: somebody must tell it."""
    segment = next((venue.folder / "journal").glob("*.journal"))
    content = bytearray(segment.read_bytes())
    content[HEADER_SIZE + 30] ^= 0xFF  # in the first frame: at the end it would look as if it were being written
    segment.write_bytes(content)
    venue.tell()
    site = venue.site()

    status, checks = readiness(site)

    assert status == 503
    assert segment.name in checks["journal"]
    assert site.page("/metrics")[0] == 200


def test_counts_are_told_when_the_journal_is_read_to_its_end_once(venue: Files) -> None:
    """Half of them would look like a venue that began anew."""
    venue.handle(*(buy(1, at="1.00") for _ in range(FRAMES_MAX - 1)))
    site = venue.site_that_has_read_nothing()

    assert site.read_on()
    assert "fixgw_orders_total" not in metrics(site)
    assert 'fixgw_follower_lag_frames{follower="metrics"}' in metrics(site)
    assert not site.read_on()
    assert f'symbol="AAPL"}} {FRAMES_MAX}.0' in metrics(site)
    venue.handle(*(buy(1, at="1.00") for _ in range(FRAMES_MAX)))
    assert site.read_on()
    assert f'symbol="AAPL"}} {2 * FRAMES_MAX}.0' in metrics(site)


def test_without_anything_it_serves(tmp_path: Path) -> None:
    """It may be started before the gateway has made the data folder."""
    site = Site(tmp_path / "later" / "var", lambda: None)
    try:
        assert not site.read_on()
        assert readiness(site)[1]["gateway"] == "the gateway has told nothing of itself yet"
        assert "fixgw_journal_frames_total 0.0" in metrics(site)
    finally:
        site.close()


# Over HTTP.


@pytest.fixture
def port(venue: Files) -> Iterator[int]:
    """Where the venue's pages are served; a client may take a second."""
    port = free_port()
    with Server(port, venue.site(), request_max_s=1.0) as http_server:
        thread = threading.Thread(target=http_server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield port
        http_server.shutdown()
        thread.join()


def get(port: int, path: str, method: str = "GET") -> tuple[int, str | None, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    connection.request(method, path)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers["Content-Type"], content


def test_pages_over_http(port: int) -> None:
    status, content_type, content = get(port, "/metrics?name=x")

    assert (status, content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert content.startswith(b"# HELP fixgw_")
    assert get(port, "/health/live")[0] == 200
    assert get(port, "/nothing")[0] == 404
    assert get(port, "/metrics", "HEAD") == (200, content_type, b"")
    assert get(port, "/metrics", "POST")[0] == HTTPStatus.NOT_IMPLEMENTED


def test_it_listens_on_the_loopback_interface_only(port: int) -> None:
    listening = f"0100007F:{port:04X}"
    assert listening in Path("/proc/net/tcp").read_text(encoding="ascii")
    assert f"00000000:{port:04X}" not in Path("/proc/net/tcp").read_text(encoding="ascii")


def test_who_never_finishes_a_request_is_cut_off(port: int) -> None:
    """A byte now and then does not help."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as slow, pytest.raises(ConnectionError):
        write_slowly(slow)

    assert time.monotonic() - began < WAIT_S / 2


def write_slowly(client: socket.socket) -> None:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        client.sendall(b"G")
        time.sleep(0.05)


def test_idle_connections_keep_nobody_out_for_long(port: int) -> None:
    idle = [socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) for _ in range(CONNECTIONS_MAX)]
    try:
        beyond = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        with beyond:
            assert beyond.recv(1) == b""
        assert all(connection.recv(1) == b"" for connection in idle)
        assert get(port, "/health/live")[0] == 200
    finally:
        for connection in idle:
            connection.close()
