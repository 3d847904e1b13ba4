"""A backup taken while clients trade: a venue that starts on it has their open orders, in their places."""

import json
import threading
from pathlib import Path

from tests.cli.command import fixgw
from tests.wire.venue import WAIT_S, Trader, Venue, new_id


def test_a_backup_under_trading(own_venue: Venue, tmp_path: Path) -> None:
    """Every order acknowledged before the backup began is in it; the restored venue trades them, oldest first."""
    own_venue.start()
    backup, data = tmp_path / "monday.backup", tmp_path / "restored"
    with Trader("CLIENT1", own_venue.port) as alice, Trader("CLIENT2", own_venue.port) as bob:
        alice.logon(WAIT_S)
        bob.logon(WAIT_S)
        first, second = alice.sell("10", "100.00"), alice.sell("5", "100.00")
        for cl_ord_id in (first, second):
            alice.expect({150: "0", 11: cl_ord_id}, WAIT_S)

        is_over = threading.Event()
        trading = threading.Thread(target=_trade, args=(bob, is_over))
        trading.start()
        wrote = fixgw(tmp_path, "backup", str(backup), "--data", str(own_venue.data), "--json")
        is_over.set()
        trading.join()
        entered = len(bob.log)

        taken = alice.ask_status(first, "2")
        assert taken.has({39: "0", 151: "10"})
        assert alice.invalid + bob.invalid == []
    own_venue.stop()
    assert (wrote.returncode, wrote.stderr) == (0, "")
    last_sequence = json.loads(wrote.stdout)["last_sequence"]
    assert last_sequence > 0
    assert entered > 2

    restored = fixgw(tmp_path, "restore", str(backup), "--data", str(data), "--verify", "--json")
    assert (restored.returncode, restored.stderr) == (0, "")
    assert json.loads(restored.stdout)["verified"]["frames"] == last_sequence

    again = Venue(data).start()
    assert again.facts["commands_recovered"] == last_sequence
    with Trader("CLIENT1", again.port) as alice, Trader("CLIENT2", again.port) as bob:
        alice.logon(WAIT_S)
        bob.logon(WAIT_S)
        assert alice.ask_status(first, "2").has({39: "0", 151: "10"})
        taker = bob.buy("12", "100.00", t59="3")
        bob.expect({150: "0", 11: taker}, WAIT_S, skip=True)
        alice.expect({150: "F", 11: first, 32: "10", 39: "2"}, WAIT_S, skip=True)
        alice.expect({150: "F", 11: second, 32: "2", 151: "3"}, WAIT_S)
        assert alice.invalid + bob.invalid == []
    again.stop()


def _trade(trader: Trader, is_over: threading.Event) -> None:
    """Enter orders that rest, one after the other, until it is over."""
    while not is_over.is_set():
        cl_ord_id = trader.order(new_id(), "1", "1", "50.00")
        trader.expect({150: "0", 11: cl_ord_id}, WAIT_S)
