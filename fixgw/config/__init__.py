"""The configuration: two files and the environment become one checked value, or a list of every mistake."""

from fixgw.config.load import VenueConfig, load
from fixgw.config.mistakes import ConfigError, Mistake
from fixgw.config.session_file import OrderEntrySession

__all__ = ["ConfigError", "Mistake", "OrderEntrySession", "VenueConfig", "load"]
