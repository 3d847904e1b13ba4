"""Puts a quickfix that really speaks TLS into the environment of this script: from our own wheels, else built here.

The package on PyPI is a source archive that builds without TLS, on one core, in silence (docs/decisions/0001).  Only
the standard library is used: this runs before anything is installed.

    .venv/bin/python tools/build_quickfix.py           install it, building it when no wheel of ours fits
    .venv/bin/python tools/build_quickfix.py --check   say whether the installed one speaks TLS
"""

import fcntl
import hashlib
import importlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
WORK = BUILD / "quickfix"
LOG = BUILD / "quickfix.log"
STAMP = Path(sys.prefix) / ".quickfix"  # the Makefile's name for "done"; says what was installed

# CPPFLAGS, since setuptools adds these to Python's own flags: CXXFLAGS, and by now CFLAGS, would replace them.  -O3,
# since Debian's Python says -O2.  -g0 undoes Python's -g: debug information is nine tenths of the file.
FLAGS = {
    "CPPFLAGS": "-DHAVE_SSL=1 -O3 -g0",
    "LDFLAGS": "-Wl,--no-as-needed -lssl -lcrypto",
}
# Bounded, because pybind11 reaches into setuptools' compile loop.
BUILD_TOOLS = ("setuptools>=77,<85", "pybind11>=2.13,<4")

PROGRESS_INTERVAL_S = 1 if sys.stdout.isatty() else 20
LOG_LINES_SHOWN = 20


def main(arguments: Sequence[str]) -> int:
    if arguments == ["--check"]:
        return check_tls()
    # Makes the `finally` that ends the compilers run when make is terminated.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with one_at_a_time():
            install_quickfix()
    except KeyboardInterrupt:
        print("\nstopped; quickfix is not installed", file=sys.stderr)
        return 130
    return 0


def check_tls() -> int:
    """Return 0 when quickfix makes an OpenSSL context; 1, with the reason on stderr, when it does not.

    Built without TLS, SSLSocketAcceptor is a stub whose constructor raises "HAVE_SSL not enabled".  The real one, when
    started, first makes its context and only then looks for the certificate, which we do not give.
    """
    fix = importlib.import_module("quickfix")
    settings, session = fix.SessionSettings(), fix.Dictionary()
    session.setString("ConnectionType", "acceptor")
    session.setString("StartTime", "00:00:00")
    session.setString("EndTime", "00:00:00")
    session.setString("UseDataDictionary", "N")
    session.setString("SocketAcceptPort", "0")
    settings.set(fix.SessionID("FIX.4.4", "US", "THEM"), session)
    try:
        fix.SSLSocketAcceptor(fix.NullApplication(), fix.MemoryStoreFactory(), settings).start()
    except (fix.ConfigError, fix.RuntimeError) as error:
        if "ServerCertificateFile parameter not found" in str(error):
            return 0
        print(f"quickfix has no TLS: {error}", file=sys.stderr)
        return 1
    print("quickfix has no TLS: an acceptor without a certificate started", file=sys.stderr)
    return 1


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the checkout's lock: a second terminal waits for the first build instead of spoiling it."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "quickfix.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for the set-up that already runs in this checkout", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install_quickfix() -> None:
    requirement = quickfix_requirement()
    wanted = f"{requirement}\n{FLAGS}\n"
    if not (STAMP.is_file() and STAMP.read_text() == wanted and speaks_tls()):
        STAMP.unlink(missing_ok=True)
        if not (install_from_wheels(requirement) and speaks_tls()):
            keep(build_wheel(requirement))
            if not (install_from_wheels(requirement) and speaks_tls()):
                fail("the quickfix just built does not install, or has no TLS")
    STAMP.write_text(wanted)


def quickfix_requirement() -> str:
    with (ROOT / "pyproject.toml").open("rb") as file:
        dependencies: list[str] = tomllib.load(file)["project"]["dependencies"]
    return next(text for text in dependencies if text.startswith("quickfix"))


def speaks_tls() -> bool:
    """In a process of its own: one that had imported an earlier quickfix would go on seeing that."""
    return logged([sys.executable, __file__, "--check"]) == 0


def install_from_wheels(requirement: str) -> bool:
    """Install from our own wheels only; pip judges which of them fits this Python and machine.

    pip's settings are hidden from it: a package folder named there, or pip's cache, may hold a wheel without TLS.
    """
    folders = [str(folder) for folder in wheel_folders() if folder.is_dir()]
    if not folders:
        return False
    print("quickfix: installing from our own wheels", flush=True)
    find_links = [option for folder in folders for option in ("--find-links", folder)]
    pip = [sys.executable, "-m", "pip", "install", "--no-index", *find_links]
    pip += ["--only-binary", "quickfix", "--no-deps", "--no-cache-dir", "--force-reinstall", requirement]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment["PIP_CONFIG_FILE"] = os.devnull
    return logged(pip, environment) == 0


def wheel_folders() -> list[Path]:
    """Where our wheels are kept: in the checkout, and for the next checkout in the user's cache.

    Version, Python and machine are in a wheel's name; what is not, the flags and the C library, names the folder.
    """
    key = hashlib.sha256(repr((FLAGS, platform.libc_ver())).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return [BUILD / "wheels" / key, cache / "fixgw" / "wheels" / key]


def keep(wheel: Path) -> None:
    in_checkout, in_cache = wheel_folders()
    copy_whole(wheel, in_checkout)
    try:
        copy_whole(wheel, in_cache)
    except OSError as error:
        # Costs the next checkout its wait, and this one nothing.
        print(f"the wheel is not kept for other checkouts: {error}", file=sys.stderr)
    shutil.rmtree(WORK)


def copy_whole(wheel: Path, folder: Path) -> None:
    """Copy so that nobody ever sees half a wheel under its name."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{wheel.name}.{os.getpid()}"
    shutil.copyfile(wheel, part)
    part.replace(folder / wheel.name)


def build_wheel(requirement: str) -> Path:
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    LOG.write_text("")
    print("quickfix: fetching the sources and the build tools", flush=True)
    python = build_environment()
    compile_wheel(python, fetch_source(requirement))
    return next((WORK / "wheel").glob("*.whl"))


def build_environment() -> str:
    """Make the throw-away environment of the build and return its Python."""
    python = str(WORK / "env" / "bin" / "python")
    run([sys.executable, "-m", "venv", str(WORK / "env")])
    run([python, "-m", "pip", "install", *BUILD_TOOLS])
    return python


def fetch_source(requirement: str) -> Path:
    sdist = WORK / "sdist"
    pip = [sys.executable, "-m", "pip", "download", "--no-binary", "quickfix", "--no-deps"]
    run([*pip, "--dest", str(sdist), requirement])
    shutil.unpack_archive(next(sdist.glob("quickfix-*.tar.gz")), WORK / "source")
    return next((WORK / "source").iterdir())


def run(command: Sequence[str]) -> None:
    if logged(command) != 0:
        fail(f"{' '.join(command)} failed")


def logged(command: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Run a command with all it says going to the log, and return its status."""
    with LOG.open("a") as log:
        return subprocess.run(command, env=environment, stdout=log, stderr=subprocess.STDOUT).returncode


def compile_wheel(python: str, source: Path) -> None:
    """Build the wheel with all cores, telling how far it is.  About 3 GB of memory for the largest source."""
    setup = [python, str(ROOT / "tools" / "build_parallel.py"), "bdist_wheel", "--dist-dir", str(WORK / "wheel")]
    environment = {name: value for name, value in os.environ.items() if name not in ("CFLAGS", "CXXFLAGS")}
    with LOG.open("a") as log:
        # A session of its own, so that the compilers can be ended together with it.
        compilation = subprocess.Popen(
            setup,
            cwd=source,
            env=environment | FLAGS,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        watch(compilation, source)
    finally:
        # Also when it failed: setup.py goes at the first error, and leaves the other compilers running.
        with suppress(ProcessLookupError):
            os.killpg(compilation.pid, signal.SIGTERM)
    if compilation.returncode != 0:
        fail("quickfix did not compile")


def watch(compilation: subprocess.Popen[bytes], source: Path) -> None:
    """Report until the compilation ends: in place on a terminal, a line now and then elsewhere."""
    started_s = time.monotonic()
    total = len(list(source.glob("C++/*.cpp")))
    start, end = ("\r\x1b[K", "") if sys.stdout.isatty() else ("", "\n")
    while compilation.poll() is None:
        done = len(list(source.glob("build/temp*/C++/*.o")))
        elapsed_s = time.monotonic() - started_s
        progress = f"building quickfix with TLS: {done} of {total} files, {elapsed_s:.0f} s"
        print(start + progress, end=end, flush=True)
        try:
            compilation.wait(PROGRESS_INTERVAL_S)
        except subprocess.TimeoutExpired:
            continue
    outcome = "built" if compilation.returncode == 0 else "failed"
    print(f"{start}quickfix: {outcome} after {time.monotonic() - started_s:.0f} s", flush=True)


def fail(what: str) -> NoReturn:
    """End with the last lines of the log and its path."""
    lines = LOG.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
    print("\n".join([*lines, f"{what}; all of it is in {LOG}"]), file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
