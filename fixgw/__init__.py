"""fixgw: an exchange you speak FIX 4.4 to."""

__version__ = "0.1.0"
