"""The TCP ports of a venue: all of them are tried before anything starts, so that one refusal names each."""

import socket

from fixgw.config import VenueConfig
from fixgw.config.environment import variable
from fixgw.config.schema import TCP_PORTS


def ports(config: VenueConfig) -> dict[tuple[str, str], int]:
    """Return each port by its key in venue.toml."""
    numbers = (
        config.port,
        config.drop_copy_port,
        config.market_data_port,
        config.metrics_port,
        config.multicast.retransmission_port,
    )
    return dict(zip(TCP_PORTS, numbers, strict=True))


def why_not_usable(config: VenueConfig) -> list[str]:
    """Return a line for each port that cannot be used, with what to do."""
    return [
        f"127.0.0.1:{port} ({'.'.join(key)}) cannot be used: {reason}. Stop the process that listens there, or choose "
        f"another with {'.'.join(key)} in venue.toml or {variable(*key)}"
        for key, port in ports(config).items()
        if (reason := _why_not(port))
    ]


def _why_not(port: int) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            return error.strerror or str(error)
    return None
