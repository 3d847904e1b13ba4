"""Who is said to be told of an event is who the encoder writes to, and no other."""

from collections.abc import Iterator
from random import Random

from fixgw.core import Core
from fixgw.fix.outbound import Encoder
from fixgw.spec.audience import audience
from fixgw.spec.events import Event
from tests.engine.histories import BYTES_A_COMMAND, commands, with_sweeps


def events() -> Iterator[Event]:
    random, core = Random(0), Core(2)
    script = (random.randbytes(BYTES_A_COMMAND) for _ in range(3_000))
    for command in with_sweeps(commands(script), core):
        yield from core.decide(command)


def test_every_report_has_its_reader_and_every_reader_a_report() -> None:
    encoder, kinds = Encoder(), set()
    for event in events():
        kinds.add(type(event))
        assert audience(event) == tuple(report.session for report in encoder.reports(event, 0))
    assert len(kinds) >= 15
