"""What operators read of the protection of market makers."""

from decimal import Decimal

from fixgw.admin.answers import Facts, of_inquiry
from fixgw.spec.inquiries import RiskInquiry, VenueInquiry
from fixgw.spec.maker_protection import MakerProtection
from tests.engine.test_maker_protection import OFFERS, protected
from tests.orders import buy

FACTS = Facts(1, 1, {}, "2026-11-20")
DESK = MakerProtection("desk", "session:CLIENT3", 1_000, ("AAPL", "MSFT"), 1, Decimal(500), None, frozen_s=5)


def test_protections_and_whose_quotes_are_pulled() -> None:
    venue = protected(DESK)
    venue.handle(OFFERS, 10**9)
    venue.handle(buy(1, at="101.00"), 10**9)

    told = of_inquiry(venue.core.inspect(RiskInquiry()), FACTS)

    assert told["protections"] == [
        {
            "protection": "desk", "session": "CLIENT3", "instruments": ["AAPL", "MSFT"], "fills_max": "1",
            "qty_max": "500", "delta_max": None, "window_ms": "1000", "frozen_s": "5", "by_operator": False,
        }
    ]  # fmt: skip
    text = "protection desk: 1 fills in 2 instruments within 1000 ms, fills_max 1"
    until = "1970-01-01T00:00:06.000000Z"
    frozen = [{"protection": "desk", "symbol": None, "text": text, "until": until}]
    assert told["frozen"] == frozen
    assert of_inquiry(venue.core.inspect(VenueInquiry()), FACTS)["frozen"] == frozen
