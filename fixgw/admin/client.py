"""A client of the admin socket: one request, one answer."""

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fixgw.admin.address import NAME, connect

TIMEOUT_S = 10.0
_PIECE_BYTES_MAX = 1 << 18

Json = dict[str, Any]


class NotRunning(Exception):
    """No venue is running on this data folder, or it is another user's."""


class Refused(Exception):
    """The venue does not do what was asked for; says why."""


class NoAnswer(Exception):
    """The venue has not answered: what was asked for may have been done or not."""


class AdminClient:
    """Connected until it is closed, or left."""

    def __init__(self, data_dir: Path, timeout_s: float = TIMEOUT_S) -> None:
        """Raises NotRunning."""
        path = data_dir / NAME
        try:
            self._socket = connect(path, timeout_s)
        except PermissionError:
            raise NotRunning(f"{path} is another user's: only who started the venue may operate it") from None
        except OSError:
            raise NotRunning(f"no venue is running on {data_dir}") from None

    def ask(self, do: str, **fields: Any) -> Json:
        """Send a request and return its answer; what is None is left out.  Raises Refused or NoAnswer."""
        request = {name: value for name, value in fields.items() if value is not None}
        try:
            self._socket.send(json.dumps({"do": do, **request}).encode())
            line = self._receive()
        except TimeoutError:
            raise NoAnswer("the venue has not answered in time") from None
        except OSError as error:
            raise NoAnswer(f"the venue has ended without an answer ({error.strerror})") from None
        answer: Json = json.loads(line)
        if not answer["ok"]:
            raise Refused(str(answer["error"]))
        return answer

    def _receive(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            line += self._socket.recv(_PIECE_BYTES_MAX)
        return line

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
