"""The journal's commands beside a venue that trades: they need no lock, and see what it has told its clients."""

import json
import threading
from pathlib import Path

from tests.cli.command import fixgw, running
from tests.wire.venue import WAIT_S, Trader, Venue, new_id


def test_beside_a_venue_that_trades(own_venue: Venue, tmp_path: Path) -> None:
    """A verification during trading, and a book that has every order, once the clients have been told of them."""
    own_venue.start()
    data = ("--data", str(own_venue.data))
    with Trader("CLIENT1", own_venue.port) as alice, Trader("CLIENT2", own_venue.port) as bob:
        alice.logon(WAIT_S)
        bob.logon(WAIT_S)
        is_over = threading.Event()
        entered: list[str] = []
        trading = threading.Thread(target=_trade, args=(bob, entered, is_over))
        trading.start()
        verified = fixgw(tmp_path, "journal", "verify", *data, "--json")
        is_over.set()
        trading.join()
        offered = alice.sell("7", "60.00")
        alice.expect({150: "0", 11: offered}, WAIT_S)

        replayed = fixgw(tmp_path, "journal", "replay", *data, "--symbol", "AAPL", "--json")
        assert alice.invalid + bob.invalid == []

    assert (verified.returncode, verified.stderr) == (0, "")
    assert json.loads(verified.stdout)["right"] is True
    assert (replayed.returncode, replayed.stderr) == (0, "")
    (book,) = json.loads(replayed.stdout)["books"]
    assert book["bids"] == [["50.00", str(len(entered)), len(entered)]]
    assert book["asks"] == [["60.00", "7", 1]]
    own_venue.stop()


def test_tail_shows_orders_as_they_come(own_venue: Venue, tmp_path: Path) -> None:
    own_venue.start()
    options = ("--follow", "-n", "0", "--json", "--data", own_venue.data)
    with (
        Trader("CLIENT1", own_venue.port) as alice,
        running(tmp_path, "journal", "tail", *options, PYTHONUNBUFFERED="1") as tail,
    ):
        assert tail.stdout is not None
        alice.logon(WAIT_S)
        is_over = threading.Event()
        entered: list[str] = []
        # More and more, since nothing tells when the command has begun to follow.
        trading = threading.Thread(target=_trade, args=(alice, entered, is_over))
        trading.start()
        while "cl_ord_id" not in (frame := json.loads(tail.stdout.readline()))["command"]:
            pass
        is_over.set()
        trading.join()

    assert frame["command"]["cl_ord_id"] in entered
    assert [event["kind"] for event in frame["events"]] == ["accepted"]
    own_venue.stop()


def _trade(trader: Trader, entered: list[str], is_over: threading.Event) -> None:
    """Enter orders that rest, one after the other, until it is over."""
    while not is_over.is_set():
        cl_ord_id = trader.order(new_id(), "1", "1", "50.00")
        trader.expect({150: "0", 11: cl_ord_id}, WAIT_S)
        entered.append(cl_ord_id)
