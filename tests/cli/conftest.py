"""One venue for all tests that only trade on it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import TIMEOUT_S, running
from tests.ports import own_ports


@pytest.fixture(scope="session")
def venue_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The port of a running venue."""
    folder: Path = tmp_path_factory.mktemp("venue")
    with running(folder, "run", "--json", **own_ports()) as process:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["order_entry"]["port"])
        process.terminate()
        process.wait(TIMEOUT_S)
