"""Drop copy on real sockets: every execution once, in order, whatever happens to whom."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixgw.admin.client import AdminClient
from fixgw.client.message import Message
from fixgw.client.protocol import Direction
from fixgw.fix.outbound import Encoder
from fixgw.journal.reader import read
from tests.wire.processes import House
from tests.wire.venue import RESET, WAIT_S, Trader, connection, logon, new_id, raw, read_until_closed, wait_for

KILLS = 6
NOW = (60, "20260101-00:00:00")
AMOUNTS = (37, 17, 11, 60, 150, 39, 55, 54, 38, 44, 14, 151, 6, 31, 32, 1)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path).start("gateway", "drop-copy") as house:
        yield house


def trader(house: House, sender: str, *, reset: bool = True) -> Trader:
    trader = Trader(sender, house.port("ORDER_ENTRY"), reset=reset)
    trader.logon(WAIT_S)
    return trader


def reader(house: House, sender: str, *, reset: bool = False) -> Trader:
    reader = Trader(sender, house.port("DROP_COPY"), reset=reset)
    reader.logon(WAIT_S)
    return reader


def copies(reader: Trader) -> list[Message]:
    """All copies that came, by MsgSeqNum(34), each once."""
    came = [m for direction, m in reader.log if direction is Direction.IN and m.msg_type == "8"]
    return [message for _, message in sorted({int(message[34]): message for message in came}.items())]


def exec_ids(house: House, firm: str | None = None) -> list[str]:
    """The ExecIDs of all reports that the journal's events bring about, in order."""
    encoder = Encoder()
    firm_of = {"CLIENT1": "ALPHA", "CLIENT2": "BETA", "CLIENT3": "GAMMA", "CLIENT4": "ALPHA"}
    return [
        report.body.partition("17=")[2].partition("\x01")[0]
        for frame in read(house.data / "journal")
        for event in frame.events
        for report in encoder.reports(event, frame.time_ns)
        if report.msg_type == "8" and firm in (None, firm_of[report.session])
    ]


def wait_for_all(house: House, reader: Trader, firm: str | None = None) -> None:
    wanted = exec_ids(house, firm)
    wait_for(lambda: len(copies(reader)) >= len(wanted), WAIT_S * 3, f"{len(wanted)} copies")


def test_a_copy_is_the_report_and_says_whose_it_was(house: House) -> None:
    """E40: 37, 17, 11, 60 and all amounts; 797=Y; 115 is the CompID that the report went to."""
    alice, bob, everything = trader(house, "CLIENT1"), trader(house, "CLIENT2"), reader(house, "DROPCOPY")
    alice.sell("5", "10.00")
    offered = alice.expect({150: "0"})
    bob.buy("3", "10.00")
    bought = [bob.expect({150: "0"}), bob.expect({150: "F"})]
    sold = alice.expect({150: "F"})

    for original, owner in ((offered, "CLIENT1"), (bought[0], "CLIENT2"), (sold, "CLIENT1"), (bought[1], "CLIENT2")):
        copy = everything.expect({35: "8", 797: "Y", 115: owner}, WAIT_S)
        assert [copy.get(tag) for tag in AMOUNTS] == [original.get(tag) for tag in AMOUNTS]
    assert everything.invalid == []


def test_a_firm_sees_its_own_reports_only(house: House) -> None:
    """DROPALPHA: CLIENT1 and CLIENT4."""
    alice, bob, ally = (trader(house, f"CLIENT{number}") for number in (1, 2, 4))
    alphas = reader(house, "DROPALPHA")
    for each in (alice, bob, ally):
        each.expect({150: "0", 11: each.buy("1", "1.00")})
    wait_for_all(house, alphas, "ALPHA")

    assert [copy[115] for copy in copies(alphas)] == ["CLIENT1", "CLIENT4"]
    assert [copy[17] for copy in copies(alphas)] == exec_ids(house, "ALPHA")


def test_busts_and_corrections_are_copied_to_both_firms(house: House) -> None:
    """E30: a copy has the ExecID(17) and the ExecRefID(19) of the report."""
    alice, bob, alphas = trader(house, "CLIENT1"), trader(house, "CLIENT2"), reader(house, "DROPALPHA")
    everything = reader(house, "DROPCOPY")
    alice.sell("5", "10.00")
    bob.buy("3", "10.00")
    sold = alice.expect({150: "F"}, WAIT_S, skip=True)

    with AdminClient(house.data) as operator:
        operator.ask("correct-trade", trade=sold[17], qty="2", reason="a mistake")
        operator.ask("bust-trade", trade=sold[17], reason="a mistake")
    originals = [alice.expect({150: "G"}), alice.expect({150: "H"})]
    originals += [bob.expect({150: "G"}, WAIT_S, skip=True), bob.expect({150: "4"}), bob.expect({150: "H"})]

    for original, owner in zip(originals, ("CLIENT1",) * 2 + ("CLIENT2",) * 3, strict=True):
        copied = {each[17]: each for each in wait_for_copies(everything, 9)}[original[17]]
        assert copied[115] == owner
        assert [copied.get(tag) for tag in (*AMOUNTS, 19)] == [original.get(tag) for tag in (*AMOUNTS, 19)]
    assert [copy[150] for copy in wait_for_copies(alphas, 4)] == ["0", "F", "G", "H"]
    assert everything.invalid == alphas.invalid == []


def wait_for_copies(reader: Trader, count: int) -> list[Message]:
    wait_for(lambda: len(copies(reader)) >= count, WAIT_S, f"{count} copies")
    return copies(reader)


def test_what_was_missed_comes_at_the_next_logon(house: House) -> None:
    alice, everything = trader(house, "CLIENT1"), reader(house, "DROPCOPY")
    everything.logout()
    placed = [alice.buy("1", "1.00") for _ in range(20)]
    alice.expect({150: "0", 11: placed[-1]}, WAIT_S, skip=True)

    everything.logon(WAIT_S)
    wait_for_all(house, everything)

    assert [copy[11] for copy in copies(everything)] == placed


def test_all_but_execution_reports_stay_between_two(house: House) -> None:
    """A cancel reject and a status answer are no executions."""
    alice, everything = trader(house, "CLIENT1"), reader(house, "DROPCOPY")
    alice.send(
        [(35, "F"), (11, new_id()), (41, "nothing"), (55, "AAPL"), (54, "1"), (38, "1"), (60, "20260101-00:00:00")]
    )
    alice.expect({35: "9"})
    alice.ask_status("nothing")
    alice.expect({150: "0", 11: alice.buy("1", "1.00")})
    wait_for_all(house, everything)

    assert [copy[150] for copy in copies(everything)] == ["0"]


BUSINESS = {
    "D": [(11, "x"), (55, "AAPL"), (54, "1"), (38, "1"), (40, "1"), NOW],
    "F": [(11, "x"), (41, "y"), (55, "AAPL"), (54, "1"), (38, "1"), NOW],
    "G": [(11, "x"), (41, "y"), (55, "AAPL"), (54, "1"), (38, "1"), (40, "1"), NOW],
    "H": [(11, "x"), (55, "AAPL"), (54, "1")],
    "AF": [(584, "x"), (585, "7")],
    "q": [(11, "x"), (530, "7"), NOW],
    "V": [(262, "x"), (263, "0"), (264, "0"), (267, "1"), (269, "0"), (146, "1"), (55, "AAPL")],
    "B": [(148, "news"), (33, "1"), (58, "x")],
    "8": [(37, "1"), (17, "1"), (150, "0"), (39, "0"), (55, "AAPL"), (54, "1"), (151, "1"), (14, "0"), (6, "0")],
}


def test_business_messages_are_refused(house: House) -> None:
    """35=j 380=6: not authorized."""
    everything = reader(house, "DROPCOPY")
    for msg_type, body in BUSINESS.items():
        number = everything.next_out
        everything.send([(35, msg_type), *body])

        refused = everything.expect({35: "j", 380: "6", 372: msg_type})

        assert refused[45] == str(number)
        assert "may send no business message" in refused[58]
    assert everything.invalid == []


def test_others_cannot_log_on_here(house: House) -> None:
    for sender in ("CLIENT1", "MDATA1", "NOBODY"):
        with connection(house.port("DROP_COPY")) as plain:
            plain.sendall(logon(sender, 1, RESET))
            assert b"35=A" not in read_until_closed(plain)


def test_bytes_that_are_not_ascii_disturb_nobody(house: House) -> None:
    everything = reader(house, "DROPCOPY")
    with connection(house.port("DROP_COPY")) as plain:
        plain.sendall(b"\xff\x00garbage\x018=FIX.4.4\x01")
        plain.sendall(logon("DROPALPHA", 1, RESET))
        plain.sendall(raw([(35, "B"), (148, "n\xe9ws"), (33, "1"), (58, "\xff")], "DROPALPHA", 2))

    alice = trader(house, "CLIENT1")
    alice.expect({150: "0", 11: alice.buy("1", "1.00")})
    everything.expect({35: "8", 797: "Y"}, WAIT_S)


def test_a_reader_that_begins_anew_gets_nothing_twice(house: House) -> None:
    """ResetSeqNumFlag(141)=Y empties its store; the place in the journal is kept."""
    alice, everything = trader(house, "CLIENT1"), reader(house, "DROPCOPY")
    alice.expect({150: "0", 11: alice.buy("1", "1.00")})
    everything.expect({35: "8", 797: "Y"}, WAIT_S)
    everything.close()

    with Trader("DROPCOPY", house.port("DROP_COPY"), reset=True) as again:
        again.logon(WAIT_S)
        house["drop-copy"].kill()
        house.start("drop-copy")
        again.close()
        again.logon(WAIT_S, reset=False)
        second = alice.buy("1", "1.00")
        assert again.expect({35: "8", 797: "Y"}, WAIT_S)[11] == second


def test_killed_at_random_moments_it_misses_and_doubles_nothing(house: House) -> None:
    """Also in the middle of a write; the clients notice nothing."""
    dice = random.Random(40)
    traders = [trader(house, "CLIENT1"), trader(house, "CLIENT2")]
    everything, alphas = reader(house, "DROPCOPY"), reader(house, "DROPALPHA")
    for _ in range(KILLS):
        for number in range(dice.randint(20, 200)):
            price = f"{50 + dice.randint(-1, 1)}.00"
            dice.choice(traders).order(new_id(), dice.choice("12"), str(dice.randint(1, 9)), price)
            if number % 25 == 24:
                time.sleep(dice.random() / 50)
        house["drop-copy"].kill()
        house.start("drop-copy")
        for each in (everything, alphas):
            each.wait_closed(WAIT_S)
            each.close()
            each.logon(WAIT_S)
    for each in traders:
        each.drain()
    wait_for_all(house, everything)
    wait_for_all(house, alphas, "ALPHA")

    assert [copy[17] for copy in copies(everything)] == exec_ids(house)
    assert [copy[17] for copy in copies(alphas)] == exec_ids(house, "ALPHA")
    assert [each.invalid for each in (*traders, everything, alphas)] == [[]] * 4
