"""Reads files so that the kernel keeps them, as long as there is memory that nobody needs."""

import logging
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

# For ComfyUI, which starts meanwhile, and for everybody else.
RESERVE_BYTES = 2 << 30
_CHUNK = 8 << 20

_log = logging.getLogger(__name__)


def available_bytes(meminfo: Path = Path("/proc/meminfo")) -> int:
    """The kernel's estimate of what may be taken without swapping; cached files count as available. 0: not known."""
    try:
        for line in meminfo.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        _log.warning("how much memory there is cannot be seen")
    return 0


def warm(
    files: Iterable[Path],
    available: Callable[[], int] = available_bytes,
    reserve: int = RESERVE_BYTES,
    done: Callable[[], bool] = lambda: False,
) -> int:
    """Read these, in their order, until memory is short or `done`; gives the bytes read.

    What was read is cached, and so still counts as available: it has to fit beside the reserve as often as one looks.
    A model that does not fit as a whole is not begun: half of it would drive out another.
    """
    total = 0
    for file in files:
        try:
            size = file.stat().st_size
            if total + size > available() - reserve:
                _log.info("no memory to spare for %s", file.name)
                continue
            began = time.monotonic()
            read = _read(file, lambda more, before=total: done() or before + more > available() - reserve)
        except OSError as cause:
            _log.warning("%s: %s", file.name, cause.strerror)
            continue
        total += read
        _log.info("%s: %.1f GB in %.1f s%s", file.name, read / 1e9, time.monotonic() - began, _end(read, size))
        if read < size:
            break
    return total


def _end(read: int, size: int) -> str:
    return "" if read >= size else ", and then memory was needed elsewhere"


def _read(file: Path, enough: Callable[[int], bool]) -> int:
    """Chunk by chunk into one buffer; the kernel reads ahead by itself."""
    buffer = bytearray(_CHUNK)
    read = 0
    with file.open("rb", buffering=0) as opened:
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while not enough(read + _CHUNK) and (count := opened.readinto(buffer)):
            read += count
    return read
