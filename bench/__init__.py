"""Benchmarks: how fast the venue is, against what, and on which machine.  ``python -m bench --help``."""
