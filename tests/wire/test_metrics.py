"""Metrics and health with the real processes: counters are what the journal says, and a still gateway is noticed."""

import json
import os
import signal
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fixgw.cli.run import FOLLOWERS
from fixgw.journal.reader import read
from fixgw.spec.events import OrderAccepted, OrderCanceled, OrderRejected, Trade
from tests.cli.command import running
from tests.ports import own_ports
from tests.wire.processes import House
from tests.wire.venue import WAIT_S, Trader, new_id, wait_for

Sample = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path).start("gateway", "metrics") as house:
        yield house


def get(house: House | int, path: str) -> tuple[int, bytes]:
    """Return status and content of a page, of a house or of who serves on a port."""
    port = house if isinstance(house, int) else house.port("METRICS")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=WAIT_S) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def scrape(house: House | int) -> dict[Sample, float]:
    status, text = get(house, "/metrics")
    assert status == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(samples: dict[Sample, float], name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def readiness(house: House | int) -> tuple[int, dict[str, Any]]:
    status, content = get(house, "/health/ready")
    return status, json.loads(content)


def trader(house: House, sender: str) -> Trader:
    trader = Trader(sender, house.port("ORDER_ENTRY"))
    trader.logon(WAIT_S)
    return trader


def sequence(house: House) -> int:
    return sum(1 for _ in read(house.data / "journal"))


def counted(house: House) -> dict[Sample, float]:
    """The metrics once all that is in the journal is counted."""
    wait_for(lambda: value(scrape(house), "fixgw_journal_frames_total") == sequence(house), WAIT_S, "all counted")
    return scrape(house)


def test_counters_are_what_the_journal_says(house: House) -> None:
    alice, bob = trader(house, "CLIENT1"), trader(house, "CLIENT2")
    alice.sell("5", "10.00")
    alice.sell("5", "11.00")
    bob.expect({150: "F", 11: bob.buy("3", "10.00")}, WAIT_S, skip=True)
    bob.expect({150: "4", 11: bob.buy("3", "9.00", t59="3")}, WAIT_S, skip=True)
    bob.expect({150: "8", 11: bob.order(new_id(), "1", "1", "1.00", "NOSUCH")}, WAIT_S, skip=True)
    bob.send([(35, "B"), (148, "news"), (33, "1"), (58, "x")])
    bob.expect({35: "j"}, WAIT_S, skip=True)
    samples = counted(house)
    happened = Counter(type(event) for frame in read(house.data / "journal") for event in frame.events)

    orders = {"ord_type": "limit", "symbol": "AAPL"}
    assert value(samples, "fixgw_orders_total", result="accepted", **orders) == happened[OrderAccepted] == 4
    assert value(samples, "fixgw_orders_total", ord_type="limit", symbol="unlisted", result="rejected") == 1
    assert value(samples, "fixgw_order_rejects_total", reason="unknown_symbol") == happened[OrderRejected] == 1
    assert value(samples, "fixgw_trades_total", symbol="AAPL") == happened[Trade] == 1
    assert value(samples, "fixgw_cancels_total", symbol="AAPL", by="venue") == happened[OrderCanceled] == 1
    assert value(samples, "fixgw_open_orders", symbol="AAPL") == 2
    assert value(samples, "fixgw_traded_notional_total", symbol="AAPL") == 30.0
    assert value(samples, "fixgw_session_logons_total", session="CLIENT1") == 1
    assert value(samples, "fixgw_session_messages_total", msg_type="business_message_reject") == 1


def test_what_only_the_gateway_knows(house: House) -> None:
    """Sessions that are logged on, and how long each stage took each request."""
    alice = trader(house, "CLIENT1")
    alice.expect({150: "0", 11: alice.buy("1", "1.00")}, WAIT_S, skip=True)

    def is_told() -> bool:
        return scrape(house).get(("fixgw_stage_seconds_count", frozenset({("stage", "whole")})), 0) >= 1

    wait_for(is_told, WAIT_S, "the board to be written")
    samples = scrape(house)

    assert value(samples, "fixgw_session_logged_on", session="CLIENT1") == 1
    for stage in ("wait", "decide", "write", "send", "whole"):
        assert value(samples, "fixgw_stage_seconds_count", stage=stage) >= 1
        assert 0 < value(samples, "fixgw_stage_seconds_sum", stage=stage) < 5


def test_a_gateway_that_stands_still_is_not_ready(house: House) -> None:
    wait_for(lambda: readiness(house)[0] == 200, WAIT_S, "the venue to be ready")
    gateway = house["gateway"].process
    assert gateway is not None
    os.kill(gateway.pid, signal.SIGSTOP)
    try:
        wait_for(lambda: readiness(house)[0] == 503, WAIT_S, "the venue not to be ready")
        reason = readiness(house)[1]["checks"]["gateway"]
        assert get(house, "/health/live")[0] == 200
        assert value(scrape(house), "fixgw_ready") == 0
    finally:
        os.kill(gateway.pid, signal.SIGCONT)

    assert "told nothing of itself for" in reason
    wait_for(lambda: readiness(house)[0] == 200, WAIT_S, "the venue to be ready again")


def test_counts_go_on_over_restarts(house: House) -> None:
    """Of the gateway and of the metrics process: they are of the venue's life."""
    alice = trader(house, "CLIENT1")
    alice.expect({150: "0", 11: alice.buy("1", "1.00")}, WAIT_S, skip=True)
    before = value(counted(house), "fixgw_orders_total", ord_type="limit", symbol="AAPL", result="accepted")
    house["gateway"].kill()
    house["metrics"].kill()
    house.start("gateway", "metrics")
    alice = trader(house, "CLIENT1")
    alice.expect({150: "0", 11: alice.buy("1", "1.00")}, WAIT_S, skip=True)

    samples = counted(house)

    assert value(samples, "fixgw_orders_total", ord_type="limit", symbol="AAPL", result="accepted") == before + 1
    assert value(samples, "fixgw_open_orders", symbol="AAPL") == 2


def test_a_killed_gateway_is_not_ready(house: House) -> None:
    house["gateway"].kill()

    wait_for(lambda: readiness(house)[0] == 503, WAIT_S, "the venue not to be ready")
    assert not any(name.startswith("fixgw_stage") for name, _ in scrape(house))


def test_a_venue_whose_gateway_dies_is_ready_again(tmp_path: Path) -> None:
    """As ``fixgw run`` starts it: the supervisor starts the gateway again, and the restart is counted."""
    ports = own_ports()
    port = int(ports["FIXGW_METRICS_PORT"])
    with running(tmp_path, "run", "--json", **ports) as process:
        assert process.stdout is not None
        assert "commands_recovered" in process.stdout.readline()
        wait_for(lambda: is_ready(port), WAIT_S, "the venue to be ready")
        processes = json.loads(get(port, "/health")[1])["processes"]
        pid = next(each["pid"] for each in processes if each["name"] == "gateway")

        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: restarts(port) == 1 and is_ready(port), WAIT_S, "the venue to be ready again")

        samples = scrape(port)
        names = {*FOLLOWERS, "gateway", "redis"}
        assert {dict(labels)["process"] for name, labels in samples if name == "fixgw_process_up"} == names
        assert value(samples, "fixgw_process_resident_bytes", process="gateway") > 2**20
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0


def is_ready(port: int) -> bool:
    """False as long as nobody listens, too."""
    try:
        return readiness(port)[0] == 200
    except OSError:
        return False


def restarts(port: int) -> float:
    return value(scrape(port), "fixgw_process_restarts_total", process="gateway")
