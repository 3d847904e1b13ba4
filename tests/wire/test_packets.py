"""A burst of orders is answered in few packets, whichever connection a client comes by."""

from tests.packets import packets
from tests.wire.venue import RESET, Venue, connection, logon, new_id, new_order, raw, read_until, read_until_closed

ORDERS = 200


def test_a_burst_is_answered_in_few_packets(venue: Venue) -> None:
    """Whose connection is whose is found among strangers: one is silent, one was refused."""
    for sender in ("CLIENT1", "CLIENT2", "CLIENT1"):
        with connection(venue.port), connection(venue.port) as refused, connection(venue.port) as plain:
            refused.sendall(logon("NOBODY", 1, RESET))
            read_until_closed(refused)
            plain.sendall(logon(sender, 1, RESET))
            read_until(plain, b"\x0135=A\x01")
            before = packets(plain)

            names = [new_id() for _ in range(ORDERS)]
            orders = [new_order(name, "1", "1", "10.00") for name in names]
            plain.sendall(b"".join(raw(order, sender, seq) for seq, order in enumerate(orders, start=2)))
            came = read_until(plain, f"\x0111={names[-1]}\x01".encode())

            assert came.count(b"\x01150=0\x01") == ORDERS
            assert [f"\x0111={name}\x01".encode() in came for name in names] == [True] * ORDERS
            assert packets(plain) - before < ORDERS / 3
