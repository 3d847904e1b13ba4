"""The command that is printed is one that can be typed where we are."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.command import environment

SCRIPT = f"""#!{sys.executable}
from fixgw.cli.program import command
print(command("check", "--config", "my conf"))
"""
"""What pip makes of an entry point, but that it prints."""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    script = tmp_path / "checkout" / ".venv" / "bin" / "fixgw"
    script.parent.mkdir(parents=True)
    script.write_text(SCRIPT)
    script.chmod(0o755)
    return script


def started(command: Sequence[str | Path], folder: Path, **variables: str) -> str:
    return subprocess.run(
        command, cwd=folder, env=environment(**variables), capture_output=True, text=True, check=True
    ).stdout.rstrip("\n")


def test_below_this_folder(script: Path) -> None:
    """As `make run` starts it."""
    assert started([".venv/bin/fixgw"], script.parents[2]) == ".venv/bin/fixgw check --config 'my conf'"


def test_in_this_folder(script: Path) -> None:
    """A shell looks for a bare name on PATH only."""
    assert started(["./fixgw"], script.parent) == "./fixgw check --config 'my conf'"


def test_in_another_folder(script: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()

    assert started([script], other) == f"{script} check --config 'my conf'"


def test_on_path(script: Path, tmp_path: Path) -> None:
    """In a virtual environment that is switched on."""
    path = f"{script.parent}{os.pathsep}{os.environ['PATH']}"

    assert started(["fixgw"], tmp_path, PATH=path) == "fixgw check --config 'my conf'"


def test_another_fixgw_on_path_is_not_meant(script: Path, tmp_path: Path) -> None:
    other = tmp_path / "fixgw"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"

    assert started([".venv/bin/fixgw"], script.parents[2], PATH=path).startswith(".venv/bin/fixgw ")


def test_python_m_fixgw(tmp_path: Path) -> None:
    """With the Python that we run on, by its name where the shell would find the same."""
    python = Path(sys.executable)
    init: list[str | Path] = [python, "-m", "fixgw", "init", "conf"]
    elsewhere, on_path = tmp_path / "1", tmp_path / "2"
    elsewhere.mkdir()
    on_path.mkdir()

    assert f"then {python} -m fixgw check --config conf and" in started(init, elsewhere, PATH="/nowhere")
    assert f"then {python.name} -m fixgw check --config conf and" in started(init, on_path, PATH=str(python.parent))
