"""The help texts: whole, and in the same words for the same option."""

import click
import pytest
from click.testing import CliRunner

from fixgw.cli.main import COMMANDS, main
from tests.cli.command import command_of


def options_of(name: str) -> list[click.Option]:
    return [parameter for parameter in command_of(name).params if isinstance(parameter, click.Option)]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is_for(name: str) -> None:
    assert [option.name for option in options_of(name) if not option.help] == []


def test_summaries_are_not_cut_off() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output

    assert "..." not in shown.partition("Commands:")[2]


def test_the_same_option_has_the_same_words() -> None:
    """--json differs, since what is printed does."""
    told: dict[str, set[str | None]] = {}
    for name in COMMANDS:
        for option in options_of(name):
            told.setdefault(option.opts[0], set()).add(option.help)

    assert [name for name, words in told.items() if len(words) > 1] == ["--json"]


def test_a_command_that_is_not_there_is_guessed() -> None:
    told = CliRunner().invoke(main, ["statsu"])

    assert told.exit_code == 2
    assert "Did you mean status?" in told.stderr
