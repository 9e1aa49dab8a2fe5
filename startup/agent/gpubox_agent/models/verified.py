"""Remembers which files were found to be right, so that a boot does not read 60 GB again.

A file is known by its size and its time of modification; whoever changes either has it read again.
"""

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from gpubox_agent.files import read_json, write_json

_CHUNK = 1 << 20


class Verified:
    """The memory, in one JSON file: path relative to models/ → `[size, mtime_ns, sha256]`."""

    def __init__(self, file: Path, models: Path) -> None:
        self._file = file
        self._models = models
        known = (read_json(file) or {}).get("files")
        self._known: dict[str, Any] = cast("dict[str, Any]", known) if isinstance(known, dict) else {}

    def find(self, folder: str, sha256: str) -> Path | None:
        """A file of this folder that is known to have this hash, and has not changed since."""
        for path in self._known:
            parent, _, name = path.rpartition("/")
            if parent == folder and self.sha256_of(self._models / folder / name) == sha256:
                return self._models / path
        return None

    def sha256_of(self, file: Path) -> str | None:
        """The hash that was found; None where this file is not known as it is now."""
        key = self._key(file)
        try:
            found = file.stat()
        except OSError:
            return None
        entry = cast("object", self._known.get(key))
        if not isinstance(entry, list) or entry[:2] != [found.st_size, found.st_mtime_ns]:
            return None
        return str(cast("list[Any]", entry)[2])

    def remember(self, file: Path, sha256: str) -> None:
        """This file, as it is now, has this hash. What has gone from the disk is forgotten."""
        found = file.stat()
        self._known[self._key(file)] = [found.st_size, found.st_mtime_ns, sha256]
        self._known = {path: entry for path, entry in self._known.items() if (self._models / path).exists()}
        with contextlib.suppress(OSError):
            write_json(self._file, {"files": self._known})

    def _key(self, file: Path) -> str:
        return file.relative_to(self._models).as_posix()


def hash_file(file: Path, went_on: Callable[[int], None]) -> "tuple[hashlib._Hash, int]":  # pyright: ignore[reportPrivateUsage]
    """The hash so far and the bytes read; `went_on` hears of them. Raises OSError."""
    digest = hashlib.sha256()
    size = 0
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            went_on(size)
    return digest, size
