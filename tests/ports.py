"""Ports and groups that no other venue of this test run has, as the environment of a venue names them."""

import itertools
import os
import socket

_groups = itertools.count(1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def own_ports() -> dict[str, str]:
    """Return FIXGW_ variables for all that a venue listens on or sends to."""
    names = ("ORDER_ENTRY_PORT", "DROP_COPY_PORT", "MARKET_DATA_PORT", "METRICS_PORT", "MULTICAST_RETRANSMISSION_PORT")
    with_ports = {f"FIXGW_{name}": str(free_port()) for name in names}
    # Administratively scoped, like the default ones; two test runs on one host are kept apart as well.
    of_run, number = os.getpid() % 250, next(_groups) % 250
    groups = {f"FIXGW_MULTICAST_{name}": f"239.193.{of_run}.{number}:{port}" for name, port in _FEEDS.items()}
    return with_ports | groups


_FEEDS = {"A": 21001, "B": 21002, "SNAPSHOTS": 21003}
