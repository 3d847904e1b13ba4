"""What a ladder tells, applied to what was told before, is what the book has now; hypothesis invents the books."""

from hypothesis import given
from hypothesis import strategies as st

from fixgw.fix.ladder import ALL_LEVELS, DELETE, NEW, Ladder, Place, Rung, rungs
from fixgw.marketdata.book import Book
from fixgw.marketdata.messages import InstrumentListed, OrderAdded, OrderDeleted, OrderReduced
from fixgw.spec.values import Price, Qty, Side

PLACES = st.tuples(st.sampled_from([Side.BUY, Side.SELL]), st.integers(-3, 3))
STEPS = st.lists(st.lists(PLACES | st.integers(0, 20), min_size=1, max_size=6), max_size=8)
"""In each batch orders are added at a place, or the n-th oldest is reduced or deleted."""


@given(STEPS, st.sampled_from([ALL_LEVELS, 1, 2, 3]))
def test_who_follows_has_the_book(batches: list[list[tuple[Side, int] | int]], depth: int) -> None:
    book = Book(InstrumentListed(1, 0, 2, 0, Price(1), Qty(1), 1, "AAPL"))
    ladder, seen, there = Ladder(book, depth), dict[Place, Rung](), list[int]()
    for number, batch in enumerate(batches):
        touched = {act(book, there, what, 100 * number + count) for count, what in enumerate(batch)}

        follow(seen, ladder, touched - {None})  # type: ignore[arg-type]

        assert seen == dict(rungs(book, depth))
        assert ladder.follow(touched - {None}) == []  # type: ignore[arg-type]


def act(book: Book, there: list[int], what: tuple[Side, int] | int, order_id: int) -> Place | None:
    """Change the book and return where."""
    if isinstance(what, tuple):
        there.append(order_id)
        book.apply(OrderAdded(1, 0, order_id, what[0], Price(what[1]), Qty(2)))
        return Place(what[0], Price(what[1]))
    if not there:
        return None
    order = book.order(there[what % len(there)])
    assert order is not None
    place = Place(order.side, order.price)
    if order.qty == 2 and what % 2:
        book.apply(OrderReduced(1, 0, order.order_id, Qty(1)))
    else:
        there.remove(order.order_id)
        book.apply(OrderDeleted(1, 0, order.order_id))
    return place


def follow(seen: dict[Place, Rung], ladder: Ladder, touched: set[Place]) -> None:
    """Do what a client does; each change makes sense to it."""
    for action, place, rung in ladder.follow(touched):
        assert (place in seen) is (action != NEW)
        assert (rung is None) is (action == DELETE)
        if rung is None:
            del seen[place]
        else:
            seen[place] = rung


def test_deletions_come_first_and_the_best_before_the_others() -> None:
    book = Book(InstrumentListed(1, 0, 2, 0, Price(1), Qty(1), 1, "AAPL"))
    places = [
        Place(Side.BUY, Price(5)),
        Place(Side.BUY, Price(4)),
        Place(Side.SELL, Price(6)),
        Place(Side.SELL, Price(7)),
    ]
    book.apply(OrderAdded(1, 0, 1, Side.BUY, Price(3), Qty(1)))
    ladder = Ladder(book, ALL_LEVELS)
    for order_id, place in enumerate(places, start=2):
        book.apply(OrderAdded(1, 0, order_id, place.side, place.price, Qty(1)))
    book.apply(OrderDeleted(1, 0, 1))

    told = [(change.action, change.place) for change in ladder.follow({*places, Place(Side.BUY, Price(3))})]

    assert told == [(DELETE, Place(Side.BUY, Price(3))), *((NEW, place) for place in places)]
