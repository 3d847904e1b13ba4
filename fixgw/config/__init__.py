"""The configuration: two files and the environment become one checked value, or a list of every mistake."""

from fixgw.config.load import DaySettings, Journal, Multicast, VenueConfig, load
from fixgw.config.mistakes import ConfigError, Mistake
from fixgw.config.session_file import DropCopySession, MarketDataSession, OrderEntrySession

__all__ = [
    "ConfigError",
    "DaySettings",
    "DropCopySession",
    "Journal",
    "MarketDataSession",
    "Mistake",
    "Multicast",
    "OrderEntrySession",
    "VenueConfig",
    "load",
]
