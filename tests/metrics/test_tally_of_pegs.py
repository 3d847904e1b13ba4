"""Pegged orders in the counters: a move of one is no order of its own, and changes the book."""

from collections import Counter
from random import Random

import pytest

from fixgw.core import Core
from fixgw.marketdata.depth import Depth
from fixgw.metrics.tally import Tally
from fixgw.spec.events import OrderAccepted
from fixgw.spec.sequenced import Sequenced
from tests.engine.histories import with_sweeps
from tests.engine.test_peg_histories import histories


@pytest.mark.parametrize("seed", range(3))
def test_histories_with_many_pegs_agree_with_the_engine(seed: int) -> None:
    core, tally, depth, last_public, entered = Core(), Tally(), Depth(), 0, 0
    for sequence, command in enumerate(with_sweeps(histories(Random(seed), 700), core), start=1):
        frame = Sequenced(sequence, 1_000, command, core.decide(command))
        tally.apply(frame)
        last_public = sequence if depth.apply(frame) else last_public
        entered += sum(isinstance(each, OrderAccepted) and not each.order.is_quoted for each in frame.events)

        live = Counter(order.symbol for order in core.exchange.market.orders)
        assert {symbol: count for symbol, count in tally.open_orders.items() if count} == live
        assert tally.public_sequence <= last_public
    assert entered == sum(count for (_, _, result), count in tally.orders.items() if result == "accepted")
