"""The client's orders: their numbers, their chains of ClOrdIDs, and the requests written from them."""

import pytest

from fixgw.client.message import Field, Message
from fixgw.client.orders import Orders, id_prefix
from fixgw.client.shorthand import LineError, Raw, parse
from tests.client.fake_venue import report

NOW = 1_795_166_400.0
AT = "20261120-09:20:00.000"


class Desk:
    """Orders as a session would use them: what is sent is seen, with a number."""

    def __init__(self) -> None:
        self.orders = Orders("x")
        self.seq = 1

    def send(self, line: str) -> Message:
        request = parse(line)
        assert request is not None
        fields = self.orders.fields(request, NOW)  # type: ignore[arg-type]
        self.seq += 1
        message = Message([*fields, (34, str(self.seq))])
        self.orders.sent(message)
        return message

    def receive(self, fields: list[Field]) -> None:
        self.orders.received(Message(fields))

    def row(self, number: int) -> tuple[str, ...]:
        order = self.orders.order(number)
        return order.cl_ord_id, order.get(38), order.get(44), order.ord_status, order.cum_qty, order.leaves_qty


def fields(line: str) -> list[Field]:
    return list(Desk().send(line).fields[:-1])


def test_limit_order() -> None:
    assert fields("buy 100 AAPL 10.050 gtc acct A1 111=10") == [
        (35, "D"), (11, "x-1"), (1, "A1"), (21, "1"), (55, "AAPL"), (54, "1"), (60, AT), (38, "100"), (40, "2"),
        (44, "10.050"), (59, "1"), (111, "10"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "terms"),
    [
        ("buy 1 AAPL mkt stop 10.10", [(40, "3"), (99, "10.10")]),
        ("sell 1 AAPL 9.90 stop 10", [(40, "4"), (44, "9.90"), (99, "10")]),
        ("sell 1 AAPL peg last 0.05 44=9.90", [(40, "P"), (44, "9.90")]),
    ],
)
def test_stop_and_pegged_orders(line: str, terms: list[Field]) -> None:
    assert [(tag, value) for tag, value in fields(line) if tag in (40, 44, 99)] == terms


def test_a_trigger_that_has_moved_and_a_limit_that_is_new_are_restated() -> None:
    desk = Desk()
    desk.send("sell 5 AAPL mkt stop 10.00 40=P 18=a 211=1")
    desk.send("buy 5 AAPL mkt 40=K")
    for cl_ord_id, moved in (("x-1", (99, "10.50")), ("x-2", (44, "11.00"))):
        desk.receive([(35, "8"), (11, cl_ord_id), (150, "D"), (39, "0"), (38, "5"), moved, (151, "5"), (14, "0")])

    assert desk.send("replace 1 4").get(99) == "10.50"
    assert desk.send("replace 2 4").get(44) == "11.00"


def test_market_order_has_no_price_and_a_field_given_by_hand_replaces_ours() -> None:
    assert fields("sell 50 AAPL mkt 40=3 99=9.50 59=6") == [
        (35, "D"), (11, "x-1"), (21, "1"), (55, "AAPL"), (54, "2"), (60, AT), (38, "50"), (40, "3"), (59, "6"),
        (99, "9.50"),
    ]  # fmt: skip


def test_cancel_names_the_order_before_it_is_acknowledged() -> None:
    """E10: a cancel may overtake the acknowledgement."""
    desk = Desk()
    desk.send("buy 100 AAPL 10 acct A1")

    assert desk.send("cancel 1").fields[:-1] == (
        (35, "F"), (41, "x-1"), (11, "x-2"), (1, "A1"), (55, "AAPL"), (54, "1"), (60, AT), (38, "100"),
    )  # fmt: skip


def test_replace_restates_the_order() -> None:
    """E17: fields absent from G are absent afterwards, so all of D's are there."""
    desk = Desk()
    desk.send("buy 100 AAPL 10 gtc acct A1 111=10")

    assert desk.send("replace 1 80 10.06").fields[:-1] == (
        (35, "G"), (41, "x-1"), (11, "x-2"), (60, AT), (1, "A1"), (21, "1"), (55, "AAPL"), (54, "1"), (38, "80"),
        (40, "2"), (44, "10.06"), (59, "1"), (111, "10"),
    )  # fmt: skip


def test_chain_goes_on_from_the_last_accepted_id() -> None:
    """E11, E12: an accepted replace moves the chain, a refused one does not."""
    desk = Desk()
    new = desk.send("buy 100 AAPL 10")
    desk.receive(report(new, "0", "0"))
    replace = desk.send("replace 1 80 10.06")
    desk.receive(report(replace, "5", "0", (41, "x-1"), (44, "10.0600")))
    assert desk.row(1) == ("x-2", "80", "10.0600", "0", "0", "80")

    refused = desk.send("replace 1 70")
    desk.receive([(35, "9"), (11, refused[11]), (41, "x-2"), (39, "0"), (102, "0"), (434, "2")])
    assert desk.row(1) == ("x-2", "80", "10.0600", "0", "0", "80")

    assert desk.send("cancel 1")[41] == "x-2"


def test_fill_while_a_replace_is_pending_belongs_to_the_old_version() -> None:
    """E6: the fill carries the old ClOrdID, and the pending version is not lost."""
    desk = Desk()
    new = desk.send("buy 100 AAPL 10")
    replace = desk.send("replace 1 80 10.06")
    filled = dict(report(new, "F", "1")) | {14: "30", 151: "70", 6: "10"}
    desk.receive(list(filled.items()))
    assert desk.row(1) == ("x-1", "100", "10", "1", "30", "70")

    desk.receive(report(replace, "5", "1", (41, "x-1")))
    assert desk.row(1)[:3] == ("x-2", "80", "10.06")


def test_numbers_stay_and_raw_orders_have_one_too() -> None:
    desk = Desk()
    desk.send("buy 1 AAPL 1")
    desk.send("raw 35=D|11=mine|55=MSFT|54=2|38=5|40=1")
    desk.send("sell 1 AAPL 2")
    resent = Message([(35, "D"), (11, "x-1"), (43, "Y")])
    desk.orders.sent(resent)

    assert [(o.number, o.cl_ord_id) for o in desk.orders.known] == [(1, "x-1"), (2, "mine"), (3, "x-2")]
    assert desk.orders.number_of(Message([(35, "8"), (11, "zz"), (41, "mine")])) == 2
    assert desk.orders.number_of(Message([(35, "8"), (11, "zz")])) is None


def test_unknown_order_reports_do_not_change_an_order() -> None:
    """E8: 9 with 102=1 comes with 39=8; E22: so does the status of an unknown order."""
    desk = Desk()
    new = desk.send("buy 100 AAPL 10")
    desk.receive(report(new, "0", "0"))
    cancel = desk.send("cancel 1")
    desk.receive([(35, "9"), (11, cancel[11]), (41, "x-1"), (39, "8"), (102, "1"), (434, "1")])
    desk.receive(report(new, "I", "8", (103, "5")))
    assert desk.orders.order(1).ord_status == "0"

    desk.receive([(35, "9"), (11, cancel[11]), (41, "x-1"), (39, "2"), (102, "0"), (434, "1")])
    assert not desk.orders.order(1).is_open


def test_order_rejected_by_the_session_or_the_business_layer() -> None:
    desk = Desk()
    for line in ("buy 1 AAPL 1", "buy 2 AAPL 1"):
        desk.send(line)
    desk.receive([(35, "3"), (45, "2"), (373, "1")])
    desk.receive([(35, "j"), (45, "3"), (380, "5")])

    assert [o.ord_status for o in desk.orders.known] == ["8", "8"]


def test_status_and_cancel_all() -> None:
    desk = Desk()
    desk.send("buy 100 AAPL 10 acct A1")

    assert desk.send("status 1").fields[:-1] == (
        (35, "H"), (11, "x-1"), (1, "A1"), (55, "AAPL"), (54, "1"), (790, "x-2"),
    )  # fmt: skip
    assert desk.send("status").fields[:-1] == ((35, "AF"), (584, "x-3"), (585, "7"))
    assert desk.send("cancel-all").fields[:-1] == ((35, "q"), (11, "x-4"), (530, "7"), (60, AT))
    assert desk.send("cancel-all AAPL sell").fields[:-1] == (
        (35, "q"), (11, "x-5"), (530, "1"), (55, "AAPL"), (54, "2"), (60, AT),
    )  # fmt: skip


def test_references_to_orders_and_their_last_report() -> None:
    desk = Desk()
    new = desk.send("buy 100 AAPL 10")
    with pytest.raises(LineError, match="no report on order 1 had tag 37"):
        desk.orders.resolve([(37, "$1.37")])
    desk.receive(report(new, "0", "0"))

    assert desk.orders.resolve([(11, "$1"), (37, "$1.37"), (58, "a$")]) == [(11, "x-1"), (37, "1"), (58, "a$")]
    assert desk.orders.fields(Raw(((35, "H"), (11, "$1"))), NOW) == [(35, "H"), (11, "x-1")]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("cancel 2", "there is no order 2, the last is 1; see: orders"),
        ("replace 1 5 10", r"order 1 has no Price\(44\) to replace; usage: replace 1 QTY"),
    ],
)
def test_request_that_cannot_be_written(line: str, told: str) -> None:
    desk = Desk()
    desk.send("buy 1 AAPL mkt")

    with pytest.raises(LineError, match=told):
        desk.send(line)


def test_no_order_yet() -> None:
    request = parse("cancel 1")
    with pytest.raises(LineError, match="there is no order 1, none was sent yet"):
        Orders("x").fields(request, NOW)  # type: ignore[arg-type]


def test_prefixes_differ_by_the_millisecond_and_are_short() -> None:
    assert id_prefix(NOW) != id_prefix(NOW + 0.001)
    assert len(id_prefix(NOW)) <= 8
    assert id_prefix(0) == "0"
