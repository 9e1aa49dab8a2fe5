"""Where the box's programs find each other's files, and how those are read and written.

All paths are those of docs/box.md. Each may be moved by the environment: `GPUBOX_RUN`, `GPUBOX_DATA`, `GPUBOX_CONFIG`,
and systemd's own `STATE_DIRECTORY`. They are looked up at each call.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

MANAGER = "manager.json"
GUARD = "guard.json"
MODELS = "models.json"
PROGRESS = "progress.json"
# Written by the guard before it powers off: from then on no new prompt is let in.
CLOSING = "closing"


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
    """The object in this file; None where there is none, or where it cannot be read or is no JSON object."""
    try:
        body: object = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", body) if isinstance(body, dict) else None


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
