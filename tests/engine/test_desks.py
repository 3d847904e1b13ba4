"""Who takes which command is a table; no command may be missing in it."""

from typing import get_args

import pytest

from fixgw.engine.exchange import Exchange
from fixgw.spec.commands import TradingCommand


@pytest.mark.parametrize("kind", get_args(TradingCommand))
def test_every_command_that_trades_has_its_desk(kind: type[TradingCommand]) -> None:
    assert callable(Exchange()._desks[kind])
    assert len(Exchange()._desks) == len(get_args(TradingCommand))
