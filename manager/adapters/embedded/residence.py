"""A state folder is lived in by one process at a time, and remembers at which port it was served."""

import contextlib
import errno
import fcntl
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_PATIENCE_SECONDS = 3.0
_BACKLOG = 128


class StateInUseError(Exception):
    """Another process serves this state folder; `state_dir` names it."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(f"another embedded cloud serves {state_dir}")
        self.state_dir = state_dir


class Residence:
    """A lock on a state folder, which the system releases whatever the process dies of.

    A process whose manager was killed takes a moment to end, so a locked door is tried for three seconds.
    """

    def __init__(self, state_dir: Path, patience: float = _PATIENCE_SECONDS) -> None:
        """Prepare to live in `state_dir`; entering the context moves in."""
        self._state_dir, self._patience = state_dir, patience
        self._port_file = state_dir / "port"

    def __enter__(self) -> Self:
        self._state_dir.mkdir(parents=True, exist_ok=True)
        self._lock = (self._state_dir / "lock").open("a")
        until = time.monotonic() + self._patience
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() >= until:
                    self._lock.close()
                    raise StateInUseError(self._state_dir) from error
                time.sleep(0.05)
            else:
                return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.close()

    def listener(self, port: int | None) -> socket.socket:
        """Answer a listening socket on 127.0.0.1 and remember its port; OSError if an asked one is not free."""
        for candidate in [self._remembered(), 0] if port is None else [port]:
            # asyncio turns Nagle's delay (40 ms an answer) off only where the protocol is named.
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", candidate))
                listener.listen(_BACKLOG)
            except OSError as error:
                listener.close()
                if error.errno != errno.EADDRINUSE or port is not None:
                    raise
                continue
            self._port_file.write_text(str(listener.getsockname()[1]))
            return listener
        raise OSError(errno.EADDRINUSE, "no free port on loopback")

    def _remembered(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            return int(self._port_file.read_text())
        return 0
