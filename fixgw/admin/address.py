"""Where the admin socket is: a path in the data folder, however long that is."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "admin.sock"

_PATH_BYTES_MAX = 107
"""The kernel takes no longer path of a Unix socket."""


@contextmanager
def address_of(path: Path) -> Iterator[str]:
    """Yield what to bind or connect to for ``path``; raises OSError when its folder is not there.

    A path that is too long is named by way of its open folder, under a name that always fits.
    """
    if len(os.fsencode(path)) <= _PATH_BYTES_MAX:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def bind(path: Path) -> socket.socket:
    """Return a datagram socket on ``path``, which only its owner may write to; one left there makes way.

    Each datagram comes with who sent it.  It has another name until its permissions are right.  Raises OSError.
    """
    if path.exists() and not path.is_socket():
        raise FileExistsError(17, "is in the way of the admin socket; move it away", str(path))
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    new = path.with_name(f"{path.name}.new")
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        new.unlink(missing_ok=True)
        with address_of(new) as address:
            bound.bind(address)
        new.chmod(0o600)
        new.rename(path)
    except BaseException:
        bound.close()
        raise
    return bound


def connect(path: Path, timeout_s: float) -> socket.socket:
    """Return a datagram socket that hears from ``path`` alone.  Raises OSError."""
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        connected.settimeout(timeout_s)
        connected.bind("")  # the kernel chooses a name, for the answer to find us
        with address_of(path) as address:
            connected.connect(address)
    except BaseException:
        connected.close()
        raise
    return connected
