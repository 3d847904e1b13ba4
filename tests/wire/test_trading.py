"""Trading over the wire (item 1): two clients meet, and both are told the same story."""

from decimal import Decimal

from fixgw.client.message import Message
from tests.wire.conftest import Traders
from tests.wire.venue import Trader


def fill(trader: Trader, cl_ord_id: str) -> Message:
    return trader.expect({35: "8", 150: "F", 11: cl_ord_id})


def test_two_clients_trade(traders: Traders) -> None:
    """Item 1, E31: New before the fill, one report per match, each side with its own OrderID and ExecID."""
    alice, bob = traders("CLIENT1"), traders("CLIENT2")

    resting = alice.sell("40", "100.25")
    accepted = alice.expect({35: "8", 150: "0", 39: "0", 11: resting, 151: "40", 14: "0", 6: "0"})
    crossing = bob.buy("100", "100.30")
    taken = bob.expect({35: "8", 150: "0", 39: "0", 11: crossing, 151: "100", 14: "0"})
    bought = bob.expect({35: "8", 150: "F", 39: "1", 11: crossing, 31: "100.25", 32: "40", 151: "60", 14: "40"})
    sold = alice.expect({35: "8", 150: "F", 39: "2", 11: resting, 31: "100.25", 32: "40", 151: "0", 14: "40"})

    assert sold[37] == accepted[37] != taken[37] == bought[37]
    assert len({report[17] for report in (accepted, taken, bought, sold)}) == 4
    assert (alice.drain(), bob.drain()) == ([], [])


def test_both_sides_have_one_transact_time(traders: Traders) -> None:
    """Item 1, E39: TransactTime(60) is the time of the trade, equal on both sides of each match."""
    alice, bob = traders("CLIENT1"), traders("CLIENT2")
    first, second = alice.sell("1", "50.00", "MSFT"), alice.sell("2", "50.01", "MSFT")
    sweep = bob.buy("3", "50.01", "MSFT")

    for cl_ord_id in (first, second):
        assert fill_after_new(alice, cl_ord_id)[60] == fill_after_new(bob, sweep)[60]


def fill_after_new(trader: Trader, cl_ord_id: str) -> Message:
    return trader.expect({35: "8", 150: "F", 11: cl_ord_id}, skip=True)


def test_a_sweep_meets_best_price_then_oldest(traders: Traders) -> None:
    """Item 1, E31: one report per match, never an average; AvgPx(6) runs over all of them (E2)."""
    alice, bob, carol = traders("CLIENT1"), traders("CLIENT2"), traders("CLIENT3")
    late_but_better = {}
    late_but_better["alice"] = alice.sell("10", "20.02")
    alice.expect({150: "0"})
    late_but_better["carol"] = carol.sell("10", "20.02")
    carol.expect({150: "0"})
    best = carol.sell("10", "20.01")
    carol.expect({150: "0"})

    sweep = bob.buy("25", "20.02")
    bob.expect({150: "0", 11: sweep})
    fills = [fill(bob, sweep) for _ in range(3)]

    assert [(f[31], f[32], f[39]) for f in fills] == [("20.01", "10", "1"), ("20.02", "10", "1"), ("20.02", "5", "2")]
    assert Decimal(fills[-1][6]) == Decimal("20.016")
    assert fill(carol, best)[39] == "2"
    assert fill(alice, late_but_better["alice"])[39] == "2"
    assert fill(carol, late_but_better["carol"]).has({39: "1", 151: "5"})


def test_cancel_and_replace_over_the_wire(traders: Traders) -> None:
    """Item 1, E3: OrderID(37) is one for the chain; 41 names the accepted version; ids are never reused."""
    alice = traders("CLIENT1")
    order = alice.buy("10", "9.00")
    new = alice.expect({150: "0", 11: order})
    replace = {35: "G", 41: order, 11: order + "r", 55: "AAPL", 54: "1", 60: "20260101-00:00:00"}
    alice.send([*replace.items(), (38, "20"), (40, "2"), (44, "9.50")])
    replaced = alice.expect({35: "8", 150: "5", 39: "0", 11: order + "r", 41: order, 38: "20", 44: "9.50", 151: "20"})
    cancel = {35: "F", 41: order + "r", 11: order + "c", 55: "AAPL", 54: "1", 38: "20", 60: "20260101-00:00:00"}
    alice.send([*cancel.items()])
    canceled = alice.expect({35: "8", 150: "4", 39: "4", 11: order + "c", 41: order + "r", 151: "0"})
    alice.send([*{**cancel, 11: order + "d"}.items()])
    alice.expect({35: "9", 434: "1", 11: order + "d", 39: "4"})

    assert new[37] == replaced[37] == canceled[37]
    assert len({new[17], replaced[17], canceled[17]}) == 3
