"""Who trades here: a session, the firm it acts for and the accounts it may name."""

import msgspec


class Participant(msgspec.Struct, frozen=True, array_like=True):
    """One order-entry session, by the CompID it logs on with."""

    session: str
    firm: str
    accounts: tuple[str, ...]
    """Never empty; an order without Account(1) goes to the first."""
