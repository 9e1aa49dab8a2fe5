"""What the other programs of the box have written down: the manager's last statement, downloads, the provisioning."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from gpubox_agent.files import MANAGER, MODELS, PROGRESS, read_json
from gpubox_agent.guard.look import seconds
from gpubox_agent.guard.verdict import Sign

# A download's report is at most a few seconds old while its program lives; a silent program downloads nothing.
_REPORT_LIFE_S = 120.0


def statement(folder: Path, clock: Callable[[], float]) -> Mapping[str, Any] | None:
    """The manager's last word, None where there is none. One of the future would be of now at every look: none."""
    told = read_json(folder / MANAGER)
    at = None if told is None else seconds(told.get("at"))
    return told if at is not None and at <= clock() else None


def keep_alive_at(told: Mapping[str, Any]) -> float | None:
    """When the manager last knew of a person at work."""
    return _moment(told, "keep_alive_age_s", -1)


def hold_until(told: Mapping[str, Any]) -> float | None:
    """Until when somebody asked the box to stay on. It holds after the manager's death too."""
    return _moment(told, "hold_s", 1)


def _moment(told: Mapping[str, Any], key: str, direction: int) -> float | None:
    at, distance = seconds(told.get("at")), seconds(told.get(key))
    return None if at is None or distance is None else at + direction * distance


def model_download(folder: Path, now: float) -> Mapping[Sign, float]:
    """The model list, while it is being fetched."""
    report = read_json(folder / MODELS)
    at = None if report is None or report.get("state") != "running" else seconds(report.get("at"))
    return {} if at is None or abs(now - at) > _REPORT_LIFE_S else {Sign.DOWNLOAD: at}


class Provisioning:
    """A sign where its report changes while a step is under way: one that hangs says the same for ever."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / PROGRESS
        self._last: str | None = None

    def __call__(self, now: float) -> Mapping[Sign, float]:
        """Look once."""
        report = read_json(self._file)
        if report is None:
            return {}
        under_way = any(_is_now(step) for step in cast("list[Any]", report.get("steps") or []))
        digest = _digest(report)
        moved, self._last = digest != self._last, digest
        return {Sign.START: now} if moved and under_way else {}


def _is_now(step: object) -> bool:
    if not isinstance(step, dict):
        return False
    known = cast("dict[str, Any]", step)
    return known.get("state") == "now" and known.get("code") != "models"


def _digest(report: Mapping[str, Any]) -> str:
    """Of everything but the moment: writing the same again is no progress."""
    without = {key: value for key, value in report.items() if key != "at"}
    return hashlib.sha256(json.dumps(without, sort_keys=True).encode()).hexdigest()
