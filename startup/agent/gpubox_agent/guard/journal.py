"""Says what the guard does where it can be read later: the journal, the serial console, and a file on the boot disk."""

import contextlib
import logging
import os
from pathlib import Path
from typing import Any, cast

from gpubox_agent.files import read_json, write_json
from gpubox_agent.guard.terminals import write_line

LAST_END = "last-end.json"

_log = logging.getLogger(__name__)


class Journal:
    """`note` never raises. `boot_id` tells the ends of different boots apart."""

    def __init__(self, state: Path, boot_id: str, console: Path = Path("/dev/console")) -> None:
        self._file = state / LAST_END
        self._boot_id = boot_id
        self._console = console
        self._steps: list[dict[str, object]] = []

    def note(self, step: str, now: float) -> None:
        """A step of the end: written down before it is done, and kept through a loss of power."""
        _log.warning("%s", step)
        self.on_console(step)
        self._steps.append({"step": step, "at": round(now, 1)})
        with contextlib.suppress(OSError):
            write_json(self._file, {"boot": self._boot_id, "steps": self._steps})
            _sync(self._file)

    def on_console(self, sentence: str) -> None:
        """One line to the serial port, which can be read from outside when nothing else can."""
        with contextlib.suppress(OSError):
            write_line(self._console, f"gpubox-guard: {sentence.removeprefix('gpubox: ')}")

    def last_end(self) -> str | None:
        """How an earlier boot was ended by the guard, in words; None where it was not."""
        body = read_json(self._file)
        if body is None or body.get("boot") == self._boot_id:
            return None
        steps = cast("list[dict[str, Any]]", body.get("steps") or [])
        return ", ".join(str(step.get("step")) for step in steps)


def _sync(file: Path) -> None:
    for path in (file, file.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
