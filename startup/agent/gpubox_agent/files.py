"""Where the box's programs find each other's files, and how those are read and written.

All paths are those of docs/box.md. Each may be moved by the environment: `GPUBOX_RUN`, `GPUBOX_DATA`, `GPUBOX_CONFIG`,
and systemd's own `STATE_DIRECTORY`. They are looked up at each call.
"""

import contextlib
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

MANAGER = "manager.json"
GUARD = "guard.json"
MODELS = "models.json"
PROGRESS = "progress.json"
# Written by the guard before it powers off: from then on no new prompt is let in.
CLOSING = "closing"

_MOST_BYTES = 4 << 20


def run_directory() -> Path:
    """Sockets and small JSON files between the programs; gone at the next boot."""
    return Path(os.environ.get("GPUBOX_RUN", "/run/gpubox"))


def state_directory(name: str) -> Path:
    """What the program `name` keeps on the boot disk: systemd's StateDirectory, else the same path by hand."""
    given = os.environ.get("STATE_DIRECTORY")
    return Path(given.split(":", 1)[0]) if given else Path("/var/lib/gpubox") / name


def data_directory() -> Path:
    """Where the data disk is mounted."""
    return Path(os.environ.get("GPUBOX_DATA", "/mnt/comfyui"))


def box_file() -> Path:
    """The last metadata that was read."""
    return Path(os.environ.get("GPUBOX_CONFIG", "/etc/gpubox/box.json"))


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in this file; None where there is none, or where it cannot be read or is no JSON object.

    Not every writer is trusted by every reader: what is no plain file, or is longer than 4 MiB, is not read.
    """
    try:
        with _opened(path) as file:
            raw = file.read(_MOST_BYTES + 1)
        body: object = json.loads(raw) if len(raw) <= _MOST_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", body) if isinstance(body, dict) else None


def _opened(path: Path) -> BinaryIO:
    """Without waiting for the other end of a pipe. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileNotFoundError(path)
    return os.fdopen(handle, "rb")


def write_json(path: Path, body: Mapping[str, Any], mode: int = 0o644) -> None:
    """Put `body` into the file as a whole: a reader sees the old one or the new one. Raises OSError."""
    write_text(path, json.dumps(body, separators=(",", ":")), mode)


def write_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Like `write_json`, for any text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
        os.replace(name, path)  # noqa: PTH105 - the same, without another Path
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - likewise
        raise
