"""The command to type: fixgw as this process was started, so that what we print works when it is copied."""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path


def command(*arguments: str) -> str:
    """Return ``fixgw`` with these arguments, quoted for a shell: ``.venv/bin/fixgw check --config conf``."""
    return shlex.join([*_program(sys.argv[0]), *arguments])


def _program(started_as: str) -> Sequence[str]:
    path = Path(started_as)
    if path.name == "__main__.py" and path.parent.name == "fixgw":
        return (_as_typed(Path(sys.executable)), "-m", "fixgw")
    return (_as_typed(path),) if path.name == "fixgw" else ("fixgw",)


def _as_typed(path: Path) -> str:
    """Return the shortest name that a shell in this folder finds the program by."""
    # abspath, not resolve: a virtual environment's python is a link, and what it links to is another Python.
    full = os.path.abspath(path)
    on_path = shutil.which(path.name)
    if on_path and os.path.abspath(on_path) == full:
        return path.name
    if Path(full).is_relative_to(Path.cwd()):
        below = os.path.relpath(full)
        return below if "/" in below else f"./{below}"
    return full
