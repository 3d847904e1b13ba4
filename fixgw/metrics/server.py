"""The metrics process: follows the journal, and answers over HTTP on the loopback interface."""

import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from fixgw.journal.follower import Follower
from fixgw.journal.position import Position
from fixgw.journal.reader import JournalDamaged
from fixgw.metrics.exposition import CONTENT_TYPE, Exposition
from fixgw.metrics.health import Health, diagnose
from fixgw.metrics.observation import NAME, Observation, Watch, observe
from fixgw.metrics.tally import Beginning, Tally

HOST = "127.0.0.1"
CONNECTIONS_MAX = 16  # at a time; who comes beyond them is hung up on
REQUEST_MAX_S = 5.0  # from the connection to the end of the answer, however slowly the client writes or reads

FRAMES_MAX = 500  # counted while the others wait, some milliseconds
GATHER_S = 0.1  # before each look at a busy journal: it is read in few pieces
WAIT_S = 0.2  # the longest, before we look whether to stop

log = logging.getLogger("fixgw.metrics")


def run(
    data_dir: Path,
    port: int,
    watch: Watch,
    begin: Beginning | None,
    should_stop: Callable[[], bool],
    ready: Callable[[], None],
) -> None:
    """Serve until told to stop; raises OSError when the port cannot be used.

    ``begin`` is where counting begins when it is not with the first frame.
    """
    site = Site(data_dir, watch, begin)
    with Server(port, site) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.5}, daemon=True).start()
        ready()
        while not should_stop():
            if not site.read_on():
                time.sleep(GATHER_S)
                site.wait(WAIT_S)
        server.shutdown()
    site.close()


class Site:
    """What is served: the pages, and the tally behind them."""

    def __init__(self, data_dir: Path, watch: Watch, begin: Beginning | None = None) -> None:
        self._data_dir = data_dir
        self._watch = watch
        self._tally = Tally(begin)
        self._follower = Follower(data_dir / "journal", self._tally.sequence + 1)
        self._position = Position(data_dir / "positions", NAME)
        if (data_dir / "positions").is_dir():
            # We may read again what we had read before: until then nothing of it may be removed.
            self._save_position()
        self._lock = threading.Lock()
        self._is_caught_up = False
        self._damage: str | None = None
        self._exposition = Exposition(self._tally, self._lock, self._look)

    def read_on(self) -> bool:
        """Count what is new in the journal, a part of it at a time; return whether there may be more."""
        try:
            frames = self._follower.read(FRAMES_MAX)
        except JournalDamaged as damage:
            self._note_damage(str(damage))
            return False
        self._damage = None
        with self._lock:
            for frame in frames:
                self._tally.apply(frame)
        if frames:
            self._save_position()
        has_more = len(frames) == FRAMES_MAX
        self._is_caught_up |= not has_more
        return has_more

    def _save_position(self) -> None:
        # On a full disk there is more to tell than ever.
        with suppress(OSError):
            self._position.save(self._follower.next_sequence - 1)

    def wait(self, timeout_s: float) -> None:
        """Sleep until the journal goes on, or the time is up."""
        if self._damage is not None:
            time.sleep(timeout_s)
        else:
            self._follower.wait(timeout_s)

    def close(self) -> None:
        self._follower.close()

    def _note_damage(self, damage: str) -> None:
        if self._damage is None:
            log.error("the journal cannot be read on: %s", damage)
        self._damage = damage

    def page(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """Return status, content type and content."""
        match path:
            case "/metrics":
                return HTTPStatus.OK, CONTENT_TYPE, self._exposition.render()
            case "/health/live":
                return _json(HTTPStatus.OK, {"status": "ok", "pid": os.getpid()})
            case "/health/ready":
                _, health = self._look()
                return _json(_status(health), _summary(health))
            case "/health":
                observation, health = self._look()
                return _json(_status(health), _summary(health) | self._details(observation, health))
            case _:
                paths = ["/metrics", "/health", "/health/live", "/health/ready"]
                return _json(HTTPStatus.NOT_FOUND, {"error": f"there is no {path[:100]} here", "paths": paths})

    def _look(self) -> tuple[Observation, Health]:
        observation = observe(self._data_dir, self._watch)
        with self._lock:
            health = diagnose(observation, self._tally, self._damage, is_caught_up=self._is_caught_up)
        return observation, health

    def _details(self, observation: Observation, health: Health) -> dict[str, Any]:
        processes = observation.processes or ()
        with self._lock:
            tally = self._tally
            return {
                "sequence": tally.sequence,
                "sessions": [] if observation.notice is None else sorted(observation.notice.sessions),
                "open_orders": sum(tally.open_orders.values()),
                "halted": sorted(tally.halted),
                "killed": sorted(tally.killed),
                "disabled": sorted(tally.disabled),
                "followers": health.lags,
                "processes": [
                    {"name": each.name, "pid": each.pid, "state": each.state, "restarts": each.restarts}
                    for each in processes
                ],
                "journal_bytes": observation.journal_bytes,
                "disk_free_bytes": observation.disk_free_bytes,
            }


def _status(health: Health) -> HTTPStatus:
    return HTTPStatus.OK if health.is_ready else HTTPStatus.SERVICE_UNAVAILABLE


def _summary(health: Health) -> dict[str, Any]:
    checks = {check.name: check.reason or "ok" for check in health.checks}
    return {"status": "ready" if health.is_ready else "not ready", "checks": checks}


def _json(status: HTTPStatus, content: dict[str, Any]) -> tuple[HTTPStatus, str, bytes]:
    return status, "application/json", json.dumps(content, indent=2).encode() + b"\n"


class Server(ThreadingHTTPServer):
    """Answers ``CONNECTIONS_MAX`` clients at a time, each for ``REQUEST_MAX_S``."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = CONNECTIONS_MAX

    def __init__(self, port: int, site: Site, request_max_s: float = REQUEST_MAX_S) -> None:
        """Listen; raises OSError."""
        self.site = site
        self._request_max_s = request_max_s
        self._open: dict[socket.socket, float] = {}
        """When each connection is cut off, by the monotonic clock."""
        super().__init__((HOST, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if len(self._open) >= CONNECTIONS_MAX:
            self.shutdown_request(request)
            return
        self._open[request] = time.monotonic() + self._request_max_s
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Cut off who takes too long; called about twice a second."""
        now = time.monotonic()
        for request, until in list(self._open.items()):
            if now > until:
                _cut_off(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver names them
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client that has hung up is no news
            log.warning("a request was not answered", exc_info=True)


def _cut_off(request: socket.socket) -> None:
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:  # its thread has closed it meanwhile
        return


class _Handler(BaseHTTPRequestHandler):
    server_version = "fixgw"
    sys_version = ""
    server: Server

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def _answer(self, *, with_content: bool) -> None:
        status, content_type, content = self.server.site.page(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if with_content:
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a scrape every few seconds is no news."""
