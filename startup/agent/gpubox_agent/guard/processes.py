"""Processes at work: transfers whose bytes move, packages being installed, and uploads that have no name yet.

nginx and aiohttp write an upload into a file that is deleted as soon as it is open, so no folder shows it; among the
open files of those processes it does. A transfer counts by its bytes: one that hangs, or waits for a key, does not.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

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
# Between two looks. Starting a program reads more than nothing.
_LEAST_BYTES = 256 * 1024
_TAKING_UPLOADS = ("/comfyui.service", "/nginx.service")
# Where nginx keeps answers for slow browsers, in the same way.
_ANSWERS = ("/proxy/", "proxy_temp", "/fastcgi", "/uwsgi", "/scgi")


class Transfers:
    """Programs that install, download or upload, and whose input and output moved since the last look."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._last: dict[str, int] = {}

    def __call__(self, now: float) -> Mapping[Sign, float]:
        """Look once."""
        found: dict[Sign, float] = {}
        moved: dict[str, int] = {}
        for process in processes(self._proc):
            sign = _SIGNS.get(_read(process / "comm").strip())
            if sign is None:
                continue
            moved[process.name] = _bytes_moved(_read(process / "io"))
            if moved[process.name] - self._last.get(process.name, moved[process.name]) >= _LEAST_BYTES:
                found[sign] = now
        self._last = moved
        return found


class NamelessUploads:
    """Deleted files that grow in the hands of nginx or ComfyUI."""

    def __init__(self, proc: Path = Path("/proc"), units: Iterable[str] = _TAKING_UPLOADS) -> None:
        self._proc = proc
        self._units = tuple(units)
        self._last: dict[tuple[int, int], int] | None = None

    def __call__(self, now: float) -> Mapping[Sign, float]:
        """Look once. The first look is the baseline; later, what has begun counts as well as what grows."""
        sizes = dict(self._deleted())
        last, self._last = self._last, sizes
        if last is None:
            return {}
        grows = any(size - last.get(file, 0) >= _LEAST_BYTES for file, size in sizes.items())
        return {Sign.UPLOAD: now} if grows else {}

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
