"""Files that grow: downloads by ComfyUI's Manager or by hand, and uploads. Snapshots are compared, never clocks."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gpubox_agent.guard.verdict import Sign

# Notes, caches and databases that some node touches now and then are no download; those are big or end otherwise.
_LEAST_BYTES = 1 << 20
_UNDER_WAY = (".part", ".partial", ".download", ".incomplete", ".aria2", ".crdownload", ".tmp")
_NEVER = (".json", ".txt", ".yaml", ".yml", ".log", ".db", ".db-wal", ".db-shm", ".sqlite", ".py", ".pyc", ".lock")
_MOST_FILES = 20_000

Snapshot = Mapping[str, tuple[int, int]]
"""A file's path → its bytes and its time of modification, in nanoseconds. The latter moves where a file was allocated
beforehand, as aria2 does."""


class GrowingFiles:
    """Gives `sign` where a file in these folders grew or came since the last look. The first look is the baseline."""

    def __init__(self, folders: Iterable[Path], sign: Sign) -> None:
        self._folders = tuple(folders)
        self._sign = sign
        self._last: Snapshot | None = None

    def __call__(self, now: float) -> Mapping[Sign, float]:
        """Look once."""
        snapshot = dict(_files(self._folders))
        last, self._last = self._last, snapshot
        return {self._sign: now} if last is not None and grew(last, snapshot) else {}


def grew(last: Snapshot, snapshot: Snapshot) -> bool:
    """Whether any file is there anew, or has changed."""
    return any(last.get(path) != described for path, described in snapshot.items())


def _files(folders: Iterable[Path]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Links to files are followed, links to folders are not: no circle, and no other disk."""
    waiting = [str(folder) for folder in folders]
    seen = 0
    while waiting:
        for entry in _entries(waiting.pop()):
            seen += 1
            if seen > _MOST_FILES:
                return
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif (described := _described(entry)) is not None:
                yield entry.path, described


def _entries(folder: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _described(entry: "os.DirEntry[str]") -> tuple[int, int] | None:
    name = entry.name.lower()
    if name.endswith(_NEVER):
        return None
    try:
        found = entry.stat()
    except OSError:
        return None
    if found.st_size < _LEAST_BYTES and not name.endswith(_UNDER_WAY):
        return None
    return found.st_size, found.st_mtime_ns
