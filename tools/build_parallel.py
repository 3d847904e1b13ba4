"""Runs the setup.py of the current folder with all cores, the biggest source first.

One source of quickfix, the wrapper that SWIG wrote, is a third of the work: whoever starts it last waits for it
alone.  pybind11 (in the throw-away environment of tools/build_quickfix.py, nowhere else) brings the parallel loop.
"""

import os
import runpy
from collections.abc import Callable
from typing import Any

from pybind11.setup_helpers import ParallelCompile  # type: ignore[import-not-found, unused-ignore]


class BiggestFirst(ParallelCompile):  # type: ignore[misc, unused-ignore]  # untyped where pybind11 is not installed
    """ParallelCompile takes the sources in the order of setup.py, which is the order of the file system."""

    def function(self) -> Callable[..., Any]:
        compile_in_order = super().function()

        def compile_biggest_first(compiler: Any, sources: list[str], *args: Any, **options: Any) -> Any:
            return compile_in_order(compiler, sorted(sources, key=os.path.getsize, reverse=True), *args, **options)

        return compile_biggest_first


if __name__ == "__main__":
    BiggestFirst(default=len(os.sched_getaffinity(0))).install()
    runpy.run_path("setup.py", run_name="__main__")
