"""One process serves a hundred sessions and more (item 7)."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.venue import WAIT_S, Trader, Venue, new_id

SESSIONS = 120


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Venue]:
    """A venue with 120 sessions of 40 firms."""
    sections = ["[DEFAULT]", "Role=order-entry"]
    for number in range(SESSIONS):
        sections += ["[SESSION]", f"TargetCompID=C{number}", f"Firm=F{number % 40}", f"Accounts=A{number}"]
    config = tmp_path / "config"
    config.mkdir()
    (config / "sessions.cfg").write_text("\n".join(sections) + "\n")
    venue = Venue(tmp_path / "data", config).start()
    yield venue
    venue.stop()


def test_a_hundred_and_twenty_sessions(crowd: Venue) -> None:
    """Item 7: all log on, and each gets the reports of its own orders and of no others."""
    traders = [Trader(f"C{number}", crowd.port) for number in range(SESSIONS)]
    logged_on = [threading.Thread(target=trader.logon, args=(30.0,)) for trader in traders]
    for thread in logged_on:
        thread.start()
    for thread in logged_on:
        thread.join()
    assert all(trader.logged_on for trader in traders)

    orders = {trader.sender: [new_id() for _ in range(5)] for trader in traders}
    for number in range(5):
        for index, trader in enumerate(traders):
            side, price = ("1", "10.00") if index % 2 else ("2", "20.00")
            trader.order(orders[trader.sender][number], side, "1", price if index else "19.00")
    for trader in traders:
        for order in orders[trader.sender]:
            trader.expect({35: "8", 150: "0", 11: order}, WAIT_S)
    buyer, seller = traders[1], traders[0]
    for order in orders[seller.sender]:
        taken = buyer.buy("1", "19.00")
        buyer.expect({150: "0", 11: taken})
        buyer.expect({150: "F", 11: taken})
        seller.expect({150: "F", 11: order})

    assert [trader.drain() for trader in traders] == [[] for _ in traders]
    for trader in traders:
        trader.close()
    assert [reason for trader in traders for reason in trader.invalid] == []
