"""What `pip install .` installs: a fixgw that runs without the checkout."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from fixgw import __version__

ROOT = Path(__file__).resolve().parent.parent
FIXGW = ROOT / "fixgw"
DATA = (
    "fixgw/config/defaults/sessions.cfg",
    "fixgw/config/defaults/venue.toml",
    "fixgw/py.typed",
    "fixgw/spec/FIX44.NOTICE",
    "fixgw/spec/FIX44.xml",
)
"""All that is installed and is not Python."""


def data_on_disk() -> list[str]:
    files = [path for path in FIXGW.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return sorted(str(path.relative_to(ROOT)) for path in files if path.suffix != ".py")


def test_every_data_file_is_in_the_package() -> None:
    """The patterns of pyproject.toml, each relative to its package, find all of them."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        patterns: dict[str, list[str]] = tomllib.load(file)["tool"]["setuptools"]["package-data"]
    packages = {ROOT.joinpath(*package.split(".")): globs for package, globs in patterns.items()}
    found = [path for package, globs in packages.items() for pattern in globs for path in package.glob(pattern)]

    assert data_on_disk() == list(DATA)
    assert sorted(str(path.relative_to(ROOT)) for path in found) == list(DATA)


def test_every_folder_of_python_is_a_package() -> None:
    folders = {path.parent for path in FIXGW.rglob("*.py")}

    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_the_notice_of_the_dictionary_has_the_whole_licence() -> None:
    """The licence of QuickFIX wants its conditions to go wherever the dictionaries go."""
    files = metadata.files("quickfix") or []
    licence = next(file for file in files if file.name == "LICENSE").read_text("utf-8")

    notice = (FIXGW / "spec" / "FIX44.NOTICE").read_text("utf-8")

    assert " ".join(licence.split()) in " ".join(notice.split())


def run_installed(folder: Path, *arguments: str) -> str:
    """Run the fixgw in ``folder``, seen from a folder where there is no other."""
    ran = subprocess.run(
        [sys.executable, "-m", "fixgw", *arguments],
        cwd=folder.parent,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of a copy of the checkout, so that nothing is built into the checkout; without network."""
    version = metadata.version("setuptools") if importlib.util.find_spec("setuptools") else "0"
    if int(version.split(".")[0]) < 77:
        pytest.skip(f"building a wheel needs setuptools 77, here is {version}")
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(FIXGW, copy / "fixgw", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-index", "--no-deps"]
    built = subprocess.run(
        [*pip, "--no-build-isolation", "--wheel-dir", copy / "wheel", copy], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    return next((copy / "wheel").glob("fixgw-*.whl"))


def test_the_wheel_has_all_files(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    python = {str(path.relative_to(ROOT)) for path in FIXGW.rglob("*.py")}
    assert {name for name in names if name.startswith("fixgw/")} == python | set(DATA)
    assert wheel.name.split("-")[1] == __version__


def test_fixgw_runs_from_the_wheel_alone(wheel: Path) -> None:
    installed = wheel.parent / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)

    assert run_installed(installed, "--version") == f"fixgw, version {__version__}\n"
    assert run_installed(installed, "check").endswith("4 instruments, 4 sessions (packaged defaults)\n")


def test_the_version_is_told_without_an_installed_package() -> None:
    """As in a checkout that nobody has installed: python -m fixgw --version."""
    ran = subprocess.run(
        [sys.executable, "-m", "fixgw", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert ran.stdout == f"fixgw, version {__version__}\n"
