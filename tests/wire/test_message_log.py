"""The message log on real processes: what a session said and was told, byte for byte; nobody waits for it."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixgw.client.protocol import Direction
from fixgw.logs.message_log import plain
from tests.wire.processes import House
from tests.wire.venue import RESET, WAIT_S, Trader, connection, logon, read_until, read_until_closed, wait_for


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path).start("message-log", "gateway") as house:
        yield house


def trader(house: House, sender: str = "CLIENT1") -> Trader:
    trader = Trader(sender, house.port("ORDER_ENTRY"), reset=True)
    trader.logon(WAIT_S)
    return trader


def file_of(house: House, session: str) -> Path:
    """Its newest; around midnight there may be two."""
    return max((house.data / "log" / "fix" / session).glob("*.log"))


def lines(house: House, session: str) -> list[str]:
    """The lines of a session, without their times; of all its days."""
    files = sorted((house.data / "log" / "fix" / session).glob("*.log"))
    return [line.partition(" ")[2] for file in files for line in file.read_text("ascii").splitlines()]


def messages(house: House, session: str) -> list[str]:
    return [line for line in lines(house, session) if line[0] in "<>"]


def wait_for_line(house: House, session: str, wanted: str) -> None:
    wait_for(lambda: any(wanted in line for line in lines(house, session)), WAIT_S, f"{wanted} in the log of {session}")


def seen_by(trader: Trader) -> list[str]:
    """What the client sent and got, as the log is to have it: its ``<`` is what it sent."""
    ways = {Direction.IN: ">", Direction.OUT: "<"}
    return [f"{ways[way]} {plain(message.raw)}" for way, message in trader.log if way in ways]


def test_a_conversation_is_there_byte_for_byte(house: House) -> None:
    """In the order in which it was had, the file named for the UTC day."""
    alice = trader(house)
    alice.expect({150: "0", 11: alice.sell("5", "10.00")})
    bob = trader(house, "CLIENT2")
    bob.expect({150: "0", 11: bob.buy("3", "10.00")})
    alice.expect({150: "F"})
    alice.send([(35, "D"), (11, "no side")])
    alice.expect({35: "3"})
    alice.logout()
    wait_for_line(house, "CLIENT1", "logout")

    assert messages(house, "CLIENT1") == seen_by(alice)
    today = datetime.datetime.now(datetime.UTC).date()
    assert file_of(house, "CLIENT1").stem in (str(today), str(today - datetime.timedelta(days=1)))
    assert file_of(house, "CLIENT1").stat().st_mode & 0o777 == 0o600
    assert (house.data / "log").stat().st_mode & 0o777 == 0o700


def test_copies_are_there_too(house: House) -> None:
    """Drop copy is an acceptor of its own, with the same log."""
    house.start("drop-copy")
    alice, reader = trader(house), Trader("DROPCOPY", house.port("DROP_COPY"))
    reader.logon(WAIT_S)
    alice.expect({150: "0", 11: alice.buy("1", "1.00")})
    reader.expect({35: "8", 797: "Y"}, WAIT_S)
    reader.logout()
    wait_for_line(house, "DROPCOPY", "logout response")

    assert messages(house, "DROPCOPY") == seen_by(reader)


def test_a_password_is_masked_at_logon(house: House) -> None:
    """Also in a logon that QuickFIX refuses: FIX 4.4 has no NewPassword(925) there."""
    with connection(house.port("ORDER_ENTRY")) as refused:
        refused.sendall(logon("CLIENT1", 1, RESET, (925, "hunter3")))
        read_until_closed(refused)
    with connection(house.port("ORDER_ENTRY")) as taken:
        taken.sendall(logon("CLIENT1", 1, RESET, (95, "7"), (96, "hunter4"), (554, "hunter2")))
        read_until(taken, b"35=A")
        wait_for_line(house, "CLIENT1", "> 8=FIX.4.4|")

    first, second, *_ = (line for line in messages(house, "CLIENT1") if line.startswith("<"))
    assert "|925=***|10=" in first
    assert "|95=7|96=***|554=***|10=" in second
    assert "hunter" not in file_of(house, "CLIENT1").read_text()


def test_trading_goes_on_without_it_and_it_goes_on_afterwards(house: House) -> None:
    """Killed under trading, nobody is kept waiting; what it missed is a number in the file."""
    alice = trader(house)
    alice.expect({150: "0", 11: alice.buy("1", "1.00")})
    house["message-log"].kill()
    for _ in range(300):
        alice.expect({150: "0", 11: alice.buy("1", "1.00")})
    house.start("message-log")
    placed: list[str] = []

    def an_order_is_logged_again() -> bool:
        placed.append(alice.buy("1", "1.00"))
        alice.expect({150: "0", 11: placed[-1]})
        text = "\n".join(messages(house, "CLIENT1"))
        return any(f"|11={order}|" in text for order in placed)

    wait_for(an_order_is_logged_again, WAIT_S, "an order in the log")

    (missing,) = [line for line in lines(house, "CLIENT1") if "not logged" in line]
    assert int(missing.split()[1]) >= 600
    alice.logout()
    assert alice.invalid == []
