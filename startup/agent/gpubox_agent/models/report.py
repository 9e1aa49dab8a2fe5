"""models.json: what the download of the list is at. The shape is that of docs/box.md."""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpubox_agent.files import MODELS, run_directory, write_json

_EVERY_S = 2.0
_log = logging.getLogger(__name__)


def report_file() -> Path:
    """In the program's own folder below /run/gpubox, from where systemd's unit links it to its place."""
    own = os.environ.get("RUNTIME_DIRECTORY")
    return (Path(own.split(":", 1)[0]) if own else run_directory()) / MODELS


@dataclass
class FileReport:
    """One file. `state` is waiting, running, checking, done or failed; `size` is None where nobody knows it yet."""

    name: str
    folder: str
    state: str = "waiting"
    bytes: int = 0
    size: int | None = None
    problem: str | None = None


class Report:
    """All files in the list's order. `at` moves with the work: a download that hangs looks like one that hangs."""

    def __init__(self, file: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.files: list[FileReport] = []
        self._file = file
        self._clock = clock
        self._written_at = float("-inf")

    def state(self) -> str:
        """Of them all: idle without any, running until each has ended, then failed if one has."""
        if not self.files:
            return "idle"
        states = {file.state for file in self.files}
        if states & {"waiting", "running", "checking"}:
            return "running"
        return "failed" if "failed" in states else "done"

    def went_on(self) -> None:
        """Some bytes: written every two seconds at most."""
        if self._clock() - self._written_at >= _EVERY_S:
            self.write()

    def write(self) -> None:
        """Now. A folder that cannot be written stops no download."""
        self._written_at = self._clock()
        body: dict[str, Any] = {"at": round(self._written_at, 3), "state": self.state()}
        try:
            write_json(self._file, {**body, "files": [dict(vars(file)) for file in self.files]})
        except OSError as cause:
            _log.warning("%s cannot be written: %s", self._file.name, cause)
