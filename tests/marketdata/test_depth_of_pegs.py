"""Pegged orders in the public books: they move with what they follow, and a follower sees each move."""

from random import Random

import pytest

from fixgw.marketdata.messages import OrderMoved
from tests.engine.test_peg_histories import histories
from tests.marketdata.test_depth import play


@pytest.mark.parametrize("seed", range(4))
def test_histories_with_many_pegs_give_the_books_of_the_engine(seed: int) -> None:
    _, updates = play(histories(Random(seed), 1_000))

    assert sum(isinstance(update, OrderMoved) for update in updates) > 20
