"""Processes at work: transfers whose bytes move, packages being installed, and uploads that have no name yet.

nginx and aiohttp write an upload into a file that is deleted as soon as it is open, so no folder shows it; among the
open files of those processes it does. A transfer counts by its bytes: one that hangs, or waits for a key, does not.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Generic, TypeVar

from gpubox_agent.guard.verdict import Sign

_INSTALLING = frozenset({"apt", "apt-get", "aptitude", "dpkg", "unattended-upgr", "nvidia-installer", "cuda_installer"})
_DOWNLOADING = frozenset(
    {"wget", "curl", "aria2c", "git", "git-remote-http", "pip", "pip3", "uv", "hf", "huggingface-cli", "gsutil"}
    | {"gcloud", "rclone"}
)
_UPLOADING = frozenset({"scp", "sftp-server", "rsync"})
_SIGNS = {
    **dict.fromkeys(_INSTALLING, Sign.START),
    **dict.fromkeys(_DOWNLOADING, Sign.DOWNLOAD),
    **dict.fromkeys(_UPLOADING, Sign.UPLOAD),
}
# Within a minute, because a slow line brings less between two looks. Starting a program reads more than nothing.
_LEAST_BYTES = 256 * 1024
_WITHIN_S = 60.0
_TAKING_UPLOADS = ("/comfyui.service", "/nginx.service")
# Where nginx keeps answers for slow browsers, in the same way.
_ANSWERS = ("/proxy/", "proxy_temp", "/fastcgi", "/uwsgi", "/scgi")


_Key = TypeVar("_Key")


class _Moves(Generic[_Key]):
    """Figures that grow, each with the figure that it is compared with and when that was seen."""

    def __init__(self) -> None:
        self._before: dict[_Key, tuple[int, float]] = {}

    def look(self, figures: Mapping[_Key, int], now: float, new_from: "int | None" = None) -> set[_Key]:
        """Those that have grown by _LEAST_BYTES within _WITHIN_S; a new one is compared with `new_from`, or itself."""
        before = {
            key: self._before.get(key, (figure if new_from is None else new_from, now))
            for key, figure in figures.items()
        }
        moved = {key for key, figure in figures.items() if figure - before[key][0] >= _LEAST_BYTES}
        self._before = {
            key: (figures[key], now) if key in moved or now - at >= _WITHIN_S else (figure, at)
            for key, (figure, at) in before.items()
        }
        return moved


class Transfers:
    """Programs that install, download or upload, and whose input and output moved since the last look."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._moves = _Moves[str]()

    def __call__(self, now: float) -> Mapping[Sign, float]:
        """Look once. A program that has just come is compared with itself."""
        signs: dict[str, Sign] = {}
        moved: dict[str, int] = {}
        for process in processes(self._proc):
            sign = _SIGNS.get(_read(process / "comm").strip())
            if sign is None:
                continue
            signs[process.name], moved[process.name] = sign, _bytes_moved(_read(process / "io"))
        return {signs[name]: now for name in self._moves.look(moved, now)}


class NamelessUploads:
    """Deleted files that grow in the hands of nginx or ComfyUI."""

    def __init__(self, proc: Path = Path("/proc"), units: Iterable[str] = _TAKING_UPLOADS) -> None:
        self._proc = proc
        self._units = tuple(units)
        self._moves: _Moves[tuple[int, int]] | None = None

    def __call__(self, now: float) -> Mapping[Sign, float]:
        """Look once. The first look is the baseline; later, what has begun counts as well as what grows."""
        sizes = dict(self._deleted())
        if self._moves is None:
            self._moves = _Moves()
            self._moves.look(sizes, now)
            return {}
        return {Sign.UPLOAD: now} if self._moves.look(sizes, now, new_from=0) else {}

    def _deleted(self) -> Iterator[tuple[tuple[int, int], int]]:
        for process in processes_of(self._units, self._proc):
            for link in _listed(process / "fd"):
                try:
                    name = str(link.readlink())
                    if not name.endswith(" (deleted)") or any(part in name for part in _ANSWERS):
                        continue
                    found = link.stat()
                except OSError:
                    continue
                yield (found.st_dev, found.st_ino), found.st_size


def processes(proc: Path = Path("/proc")) -> Iterator[Path]:
    """The folders of all processes."""
    return (folder for folder in _listed(proc) if folder.name.isdecimal())


def processes_of(units: Iterable[str], proc: Path = Path("/proc")) -> Iterator[Path]:
    """The folders of the processes of these systemd units, each written `/name.service`."""
    wanted = tuple(units)
    for folder in processes(proc):
        if any(line.endswith(wanted) for line in _read(folder / "cgroup").splitlines()):
            yield folder


def _bytes_moved(io: str) -> int:
    """Of `/proc/PID/io`: everything read and written, sockets included."""
    figures = dict(line.split(": ", 1) for line in io.splitlines() if ": " in line)
    return sum(int(figures.get(key, 0)) for key in ("rchar", "wchar"))


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _read(path: Path) -> str:
    """Empty where the process has ended meanwhile."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
