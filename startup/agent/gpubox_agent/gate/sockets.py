"""The two sockets: systemd's where it holds them, so that nginx may connect at once and the gate may restart."""

import os
import socket
from pathlib import Path

_FIRST = 3  # SD_LISTEN_FDS_START
_BACKLOG = 512


def listening(path: Path) -> socket.socket:
    """The socket that systemd holds at this path, else a new one that only this user may connect to."""
    held = _held().get(str(path))
    return held if held is not None else _new(path)


def _held() -> dict[str, socket.socket]:
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return {}
    found: dict[str, socket.socket] = {}
    for number in range(_FIRST, _FIRST + int(os.environ.get("LISTEN_FDS", "0"))):
        held = socket.socket(fileno=os.dup(number))
        held.settimeout(0)
        found[str(held.getsockname())] = held
    return found


def _new(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(_BACKLOG)
    listener.settimeout(0)
    return listener
