"""A conversation over a socket in the file system: JSON, one document a line."""

import json
import socket
import time
from pathlib import Path
from typing import Any


class Line:
    """This end of it."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._heard = b""

    def write(self, what: Any) -> None:
        self._socket.sendall(json.dumps(what).encode() + b"\n")

    def read(self, timeout: float) -> Any:
        """The next document. TimeoutError where none comes within `timeout` seconds, EOFError where none will."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._heard:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            more = self._socket.recv(65536)
            if not more:
                raise EOFError
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        return json.loads(line)

    def close(self) -> None:
        self._socket.close()
