"""Who trades here: a session, the firm it acts for and the accounts it may name."""

import msgspec


class MarketMaker(msgspec.Struct, frozen=True, array_like=True):
    """That a session may quote."""


class Participant(msgspec.Struct, frozen=True, array_like=True):
    """One order-entry session, by the CompID it logs on with."""

    session: str
    firm: str
    accounts: tuple[str, ...]
    """Never empty; an order without Account(1) goes to the first."""
    market_maker: MarketMaker | None = None
    """None for a session that may not quote."""
