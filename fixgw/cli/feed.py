"""What the commands that listen to market data share: where it is, and what to say when it is silent."""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from fixgw.cli.failure import exit_with_mistakes, tell
from fixgw.cli.program import command
from fixgw.config import ConfigError, load
from fixgw.marketdata.arbitration import Numbered
from fixgw.marketdata.book import Book
from fixgw.marketdata.client import MarketDataClient
from fixgw.marketdata.multicaster import Groups

SILENCE_MAX_S = 5.0
"""Heartbeats come each second, and all books in some: who hears nothing for so long is told why that may be."""

EXIT_SILENT = 1


def join(config_dir: Path, as_json: bool) -> MarketDataClient:
    """Return a client of the feed that the configuration names; exits when there is none."""
    try:
        config = load(config_dir, os.environ)
    except ConfigError as error:
        exit_with_mistakes(error, as_json)
    groups = Groups(**asdict(config.multicast))
    try:
        return MarketDataClient(groups)
    except OSError as error:
        tell([f"cannot join the feed on {groups.interface} (multicast.interface): {error.strerror}"], as_json)
        sys.exit(EXIT_SILENT)


def heard(client: MarketDataClient, as_json: bool) -> Iterator[list[Numbered]]:
    """Yield what comes, every half second at least; exits with the reason when nothing does."""
    silent_since = time.monotonic()
    packets = 0
    while True:
        came = list(client.poll(0.5))
        if client.feed.statistics.packets != packets:
            packets, silent_since = client.feed.statistics.packets, time.monotonic()
        elif time.monotonic() - silent_since > SILENCE_MAX_S:
            tell(
                [
                    f"nothing heard for {SILENCE_MAX_S:g} s. Is the venue running, and does it send to the groups of "
                    f"this configuration? See {command('status')}"
                ],
                as_json,
            )
            sys.exit(EXIT_SILENT)
        yield came


def book_of(client: MarketDataClient, symbol: str) -> Book | None:
    return client.feed.books.by_symbol.get(symbol)
