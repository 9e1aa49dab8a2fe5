"""Terminals of people: who types in them, and a word to them before the end.

Linux moves a terminal's time of access where something is read from it, that is, where somebody types (to within eight
seconds); output moves its time of modification. So a session that is open but silent, or one in which a program
prints, is no sign. The two moments are compared with those of the last look and never with a clock.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil

from gpubox_agent.guard.verdict import Sign


class Typing:
    """Gives a sign where somebody typed since the last look, or opened a terminal. The first look is the baseline."""

    def __init__(self, devices: Path = Path("/dev"), logged_in: Callable[[], list[str]] | None = None) -> None:
        self._devices = devices
        self._logged_in = logged_in or terminals_of_users
        self._last: dict[str, int] | None = None

    def __call__(self, now: float) -> Mapping[Sign, float]:
        """Look once."""
        read_at = dict(self._read_at())
        last, self._last = self._last, read_at
        if last is None:
            return {}
        return {Sign.LOGIN: now} if any(last.get(name) != at for name, at in read_at.items()) else {}

    def _read_at(self) -> Iterator[tuple[str, int]]:
        """All pseudo-terminals, because not every system keeps a list of sessions; of others, those in the list."""
        names = {f"pts/{name}" for name in _names(self._devices / "pts") if name.isdecimal()}
        for name in names.union(self._logged_in()):
            with contextlib.suppress(OSError, ValueError):
                yield name, (self._devices / name).stat().st_atime_ns


def terminals_of_users() -> list[str]:
    """The terminals, such as `pts/0`, of those who are logged in, as far as the system keeps a list."""
    return [user.terminal for user in psutil.users() if user.terminal and user.terminal not in (":0", "~")]


def tell(sentence: str, devices: Path = Path("/dev"), terminals: Callable[[], list[str]] = terminals_of_users) -> None:
    """Write a line to everybody who is logged in; whoever cannot be written to is left out."""
    for name in terminals():
        with contextlib.suppress(OSError, ValueError):
            write_line(devices / name, sentence)


def write_line(device: Path, sentence: str) -> None:
    """One line to a device that may be slow, or that nobody reads: it is not waited for. Raises OSError."""
    handle = os.open(device, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        os.write(handle, f"\r\n{sentence}\r\n".encode())
    finally:
        os.close(handle)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are enough
    except OSError:
        return []
