"""The set-up: it names what a machine lacks, works once, and never lets a quickfix without TLS through."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Complete Python, found as `python3`; it answers every check of tools/build_check.sh.
GOOD_PYTHON = """case "$2" in *print*) echo python3.11;; esac"""
# What pyenv leaves behind for a version that is not switched on: on PATH, and of no use.
DEAD_PYTHON = "exit 127"


class Machine:
    """A PATH with nothing on it but the programs we write into it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder

    def has(self, program: str, script: str) -> None:
        file = self.path / program
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def check(self, **environment: str) -> tuple[int, str, list[str]]:
        """Run the check here; return its status, the Python it chose and the lines of what is missing."""
        ran = subprocess.run(
            [ROOT / "tools" / "build_check.sh"],
            env={"PATH": str(self.path), **environment},
            capture_output=True,
            text=True,
        )
        return ran.returncode, ran.stdout.strip(), ran.stderr.splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine that lacks nothing."""
    complete = Machine(tmp_path)
    complete.has("python3", GOOD_PYTHON)
    complete.has("g++", "exit 0")
    return complete


def test_a_complete_machine_is_asked_for_nothing(machine: Machine) -> None:
    assert machine.check() == (0, "python3", [])


def test_missing_openssl_headers_are_named_with_the_command_that_installs_them(machine: Machine) -> None:
    machine.has("g++", 'case "$*" in *openssl/ssl.h*) exit 1;; esac')

    assert machine.check() == (
        1,
        "",
        ["missing: OpenSSL's headers (openssl/ssl.h): apt-get install libssl-dev"],
    )


def test_all_that_is_missing_is_named_at_once(machine: Machine) -> None:
    machine.has(
        "python3",
        """case "$2" in *print*) echo python3.12;; *ensurepip*|*Python.h*) exit 1;; esac""",
    )
    machine.has("g++", "exit 1")

    assert machine.check() == (
        1,
        "",
        [
            "missing: venv and ensurepip of python3: apt-get install python3.12-venv",
            "missing: Python.h of python3: apt-get install python3.12-dev",
            "missing: OpenSSL's headers (openssl/ssl.h): apt-get install libssl-dev",
        ],
    )


def test_missing_compiler_is_named(machine: Machine) -> None:
    (machine.path / "g++").unlink()

    status, _, lines = machine.check()

    assert status == 1
    assert lines[0] == "missing: the C++ compiler g++: apt-get install g++"


def test_a_python_that_does_not_run_is_passed_over(machine: Machine) -> None:
    machine.has("python3", DEAD_PYTHON)
    machine.has("python3.13", DEAD_PYTHON)
    machine.has("python3.12", GOOD_PYTHON)

    assert machine.check() == (0, "python3.12", [])


def test_the_python_asked_for_is_taken_or_refused_but_never_replaced(machine: Machine) -> None:
    machine.has("python3.12", DEAD_PYTHON)

    assert machine.check(PYTHON="python3") == (0, "python3", [])
    assert machine.check(PYTHON="python3.12") == (
        1,
        "",
        [
            "missing: Python 3.11 or newer (PYTHON=python3.12 is not): "
            "apt-get install python3 python3-venv python3-dev"
        ],
    )


def test_the_check_runs_on_the_real_interpreter() -> None:
    """The questions put to a fake Python above are real Python: the one that runs this test answers them."""
    ran = subprocess.run(
        [ROOT / "tools" / "build_check.sh"],
        env={"PATH": os.environ["PATH"], "PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )

    # Headers and compiler may have left the machine since the set-up (a wheel from the cache needs neither).
    assert "Python 3.11 or newer" not in ran.stderr
    assert "venv and ensurepip" not in ran.stderr


def check_tls(**environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "build_quickfix.py", "--check"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_the_installed_quickfix_speaks_tls() -> None:
    checked = check_tls()

    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    ("constructor", "start", "reason"),
    [
        ("raise ConfigError('HAVE_SSL not enabled')", "pass", "quickfix has no TLS: HAVE_SSL not enabled\n"),
        ("pass", "pass", "quickfix has no TLS: an acceptor without a certificate started\n"),
    ],
)
def test_a_quickfix_without_tls_is_found_out(
    tmp_path: Path, constructor: str, start: str, reason: str
) -> None:
    """The first is what swig/SSLStubs.h of quickfix does when it was built without HAVE_SSL."""
    (tmp_path / "quickfix.py").write_text(f"""
from unittest.mock import MagicMock
class ConfigError(Exception): ...
class RuntimeError(Exception): ...
SessionSettings = Dictionary = SessionID = NullApplication = MemoryStoreFactory = MagicMock
class SSLSocketAcceptor:
    def __init__(self, *_): {constructor}
    def start(self): {start}
""")

    checked = check_tls(PYTHONPATH=str(tmp_path))

    assert (checked.returncode, checked.stderr) == (1, reason)


class Checkout:
    """A copy of what the set-up consists of, with stamps of our making and no packages at all."""

    STEPS = (
        "tools/build_check.sh",
        "tools/build_parallel.py",
        "tools/build_quickfix.py",
        "pyproject.toml",
        ".venv/.made",
        ".venv/.quickfix",
        ".venv/.packages",
    )

    def __init__(self, folder: Path) -> None:
        self.path = folder
        for name in ("Makefile", *self.STEPS[:4]):
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        (folder / ".venv" / "bin").mkdir(parents=True)
        self.has_python(f'exec {sys.executable} "$@"')

    def has_python(self, script: str) -> None:
        Machine(self.path / ".venv" / "bin").has("python", script)

    def set_up(self) -> None:
        for second, name in enumerate(self.STEPS):
            (self.path / name).touch()
            os.utime(self.path / name, (second, second))

    def change(self, name: str) -> None:
        os.utime(self.path / name, (len(self.STEPS), len(self.STEPS)))

    def plan(self, *arguments: str) -> str:
        """What make would run, as `make -n` prints it."""
        # Neither the make that runs the tests nor its PYTHON= may speak to ours.
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PYTHON")
        }
        return subprocess.run(
            ["make", "-n", "run", *arguments],
            cwd=self.path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout whose set-up is done."""
    done = Checkout(tmp_path)
    done.set_up()
    return done


def test_after_the_set_up_make_runs_the_venue_and_nothing_else(checkout: Checkout) -> None:
    assert checkout.plan("ARGS=--data d") == "exec .venv/bin/fixgw run --data d\n"


def test_a_fresh_checkout_makes_everything_in_order(tmp_path: Path) -> None:
    plan = Checkout(tmp_path).plan()

    steps = ["build_check.sh", "-m venv", "build_quickfix.py", "pip install", "exec .venv/bin/fixgw run"]
    assert [plan.find(step) for step in steps] == sorted(plan.find(step) for step in steps)
    assert -1 not in [plan.find(step) for step in steps]


def test_changed_dependencies_are_installed_into_the_same_environment(checkout: Checkout) -> None:
    checkout.change("pyproject.toml")

    plan = checkout.plan()

    assert "pip install" in plan
    assert "-m venv" not in plan


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Checkout) -> None:
    """As after an upgrade of the machine: .venv/bin/python leads nowhere."""
    checkout.has_python(DEAD_PYTHON)

    assert "-m venv" in checkout.plan()


def test_another_python_makes_another_environment(checkout: Checkout) -> None:
    other = checkout.path / "other"
    other.mkdir()
    Machine(other).has("python3.99", "echo /usr '(3, 99, 0)'")

    assert "-m venv" in checkout.plan(f"PYTHON={other}/python3.99")
    assert "-m venv" not in checkout.plan(f"PYTHON={sys.executable}")
