"""Every inbound application message is answered, whatever is in it (item 12; the last invariant of the rules)."""

import random
import time

import pytest

from fixgw.client.message import SOH, Field, to_bytes, utc_timestamp, with_checksum
from tests.wire.conftest import Bystander, Traders
from tests.wire.venue import Trader, new_id, new_order

MESSAGES = 300
ANSWERS = frozenset({"8", "9", "3", "j", "r"})
VALUES = [
    *("", "0", "1", "2", "-1", "7", "Y", "N", "AAPL", "MSFT", "NOPE", "A1", "B1", "1e9", "0.00000001", "9" * 20),
    *("100.00", "1.005", "20260101-00:00:00", "x" * 100, "\xff", "caf\xe9", "a b", "=", "==", "&", "%s", "\t", "NaN"),
]
TAGS = [
    *(1, 11, 15, 18, 21, 22, 37, 38, 40, 41, 44, 48, 54, 55, 58, 59, 60, 97, 99, 109, 110, 111, 126, 207, 354, 355),
    *(432, 447, 448, 452, 453, 530, 584, 585, 790, 5000, 20001, 99999),
]


def seeds(dice: random.Random, known: list[str]) -> list[Field]:
    """Return a valid message of each kind that the venue takes, some about orders that exist."""
    order = dice.choice(known) if known and dice.random() < 0.7 else "nothing"
    side = dice.choice("12")
    about: list[Field] = [(11, new_id("f")), (55, "AAPL"), (54, side), (60, utc_timestamp(time.time()))]
    price = dice.choice(["10.00", "10.01", "9.99", None])
    match dice.choice("DDDFGHAq"):
        case "D":
            return new_order(new_id("f"), side, "5", price, t59=dice.choice("0134"))
        case "F":
            return [(35, "F"), (41, order), *about, (38, "5")]
        case "G":
            return [(35, "G"), (41, order), *about, (38, dice.choice(["1", "5", "9"])), (40, "2"), (44, "10.00")]
        case "H":
            return [(35, "H"), *about[1:3], (11, order), (790, new_id("q"))]
        case "A":
            return [(35, "AF"), (584, new_id("m")), (585, dice.choice("17")), (55, "AAPL")]
        case _:
            return [(35, "q"), (11, new_id("f")), (530, dice.choice("17")), (55, "AAPL"), (60, "20260101-00:00:00")]


def mutated(fields: list[Field], dice: random.Random) -> list[Field]:
    """Return ``fields`` with a few changes behind MsgType(35): values, fields gone, twice, new or elsewhere."""
    body = fields[1:]
    for _ in range(dice.choice([0, 1, 1, 1, 2, 3, 6])):
        index = dice.randrange(len(body)) if body else 0
        change = dice.choice(["value", "value", "value", "remove", "twice", "new", "new", "move", "tag"])
        if change == "new" or not body:
            body.insert(index, (dice.choice(TAGS), dice.choice(VALUES)))
        elif change == "value":
            body[index] = (body[index][0], dice.choice(VALUES))
        elif change == "tag":
            body[index] = (dice.choice(TAGS), body[index][1])
        elif change == "remove":
            del body[index]
        elif change == "twice":
            body.insert(index, body[index])
        else:
            body.insert(dice.randrange(len(body)), body.pop(index))
    return [fields[0], *body]


def as_it_is(fields: list[Field], sender: str, seq: int) -> bytes:
    """Return the message with a right header, length and checksum, and its body in the order given."""
    header = f"35={fields[0][1]}|49={sender}|56=FIXGW|34={seq}|52={utc_timestamp(time.time())}|".replace("|", SOH)
    body = header.encode() + b"".join(b"%d=%s\x01" % (tag, to_bytes(value)) for tag, value in fields[1:])
    return with_checksum(b"8=FIX.4.4\x019=%d\x01%s" % (len(body), body))


def answers(trader: Trader, fields: list[Field]) -> list[str]:
    """Send one message and return the types of what comes before the answer to a barrier."""
    trader.send_bytes(as_it_is(fields, trader.sender, trader.next_out))
    trader.next_out += 1
    return [message.msg_type for message in trader.drain()]


@pytest.mark.parametrize("seed", [1, 2])
def test_every_message_is_answered(traders: Traders, bystander: Bystander, seed: int) -> None:
    """Item 12: at least one of 8, 9, 3, j, r for each, before what was asked after it is answered."""
    dice = random.Random(seed)
    alice = traders("CLIENT1")
    known: list[str] = []
    for _ in range(MESSAGES // 2):
        message = mutated(seeds(dice, known), dice)
        came = answers(alice, message)
        assert ANSWERS & set(came), f"no answer to {message}; came {came}"
        known += [value for tag, value in message if tag == 11 and value.isascii() and value.startswith("f")]
    assert bystander.trader.logged_on
