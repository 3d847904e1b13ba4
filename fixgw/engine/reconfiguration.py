"""What a new configuration must leave as it is, in the words that an operator reads."""

from collections.abc import Iterator

from fixgw.engine.exchange import Exchange
from fixgw.spec.commands import ConfigureVenue

_OPEN = "has open orders in the journal; keep it until they are canceled"


def conflicts(exchange: Exchange, command: ConfigureVenue) -> list[str]:
    """Return why ``command`` cannot follow what has happened so far, one sentence each; empty if it can."""
    return [*_of_instruments(exchange, command), *_of_participants(exchange, command)]


def _of_instruments(exchange: Exchange, command: ConfigureVenue) -> Iterator[str]:
    instruments = exchange.market.listing.after(command.instruments)
    for symbol, old in exchange.market.ever_listed.items():
        new = instruments.get(symbol, old)
        if (new.price_scale, new.qty_scale) != (old.price_scale, old.qty_scale):
            decimals = f"price {old.price_scale}, quantity {old.qty_scale}"
            yield f"instrument {symbol}: its decimals ({decimals}) are those of the journal"
    for symbol in sorted({order.symbol for order in exchange.market.orders}):
        old = exchange.market.ever_listed[symbol]
        if symbol not in exchange.market.instruments:
            continue  # an operator has delisted it, and its orders are being canceled
        if symbol not in instruments:
            yield f"instrument {symbol}: {_OPEN}"
        elif instruments[symbol].multiplier != old.multiplier:
            # What the open orders reserve was counted with it.
            yield f"instrument {symbol} with multiplier {old.multiplier}: {_OPEN}"


def _of_participants(exchange: Exchange, command: ConfigureVenue) -> Iterator[str]:
    firms = {(participant.session, participant.firm) for participant in command.participants}
    accounts = {(each.firm, account) for each in command.participants for account in each.accounts}
    trading = {(order.session, order.firm) for order in exchange.market.orders}
    for session, firm in sorted(trading - firms):
        yield f"session {session} of firm {firm}: {_OPEN}"
    # Those of a session that left are told with it.
    staying = {(order.firm, order.account) for order in exchange.market.orders if (order.session, order.firm) in firms}
    for firm, account in sorted(staying - accounts):
        yield f"account {account} of firm {firm}: {_OPEN}"
