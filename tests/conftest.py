"""Options of the whole test run."""

import pytest


@pytest.fixture
def is_long(request: pytest.FixtureRequest) -> bool:
    """Whether tests that kill and break things at random go on for long."""
    return bool(request.config.getoption("--long"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="kill and break things at random for long: make test-long")
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what the venue answers into tests/scenarios/*.fix; then read the diff aloud",
    )
