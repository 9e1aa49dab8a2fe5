"""What a box answers to a statement (docs/box.md, "the report"), read with care.

A box is another program, perhaps of another version, and whoever broke into it writes what they like: whatever does
not fit is left out, and nothing here raises.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

_STATES = ("watching", "announced", "stopping", "off")
_SIGNS = ("person", "render", "keep_alive", "hold", "download", "upload", "login", "gpu", "start")
_DOWNLOADS = ("idle", "running", "done", "failed")
_FILES = ("waiting", "running", "checking", "done", "failed")
_CHARACTERS = 200
_MOST_FILES = 500
_MOST_SIGNS = 20
# What a box said longer ago than this says nothing about now.
_FRESH = timedelta(seconds=45)
# No guard announces anything so long before; a figure beyond is a slip of the box's.
_LONGEST_S = 86_400.0


@dataclass(frozen=True, slots=True)
class GuardSign:
    """A sign that the guard sees: how old it is and for how long it holds, in seconds."""

    sign: str
    age_s: float | None
    until_s: float | None


@dataclass(frozen=True, slots=True)
class Guard:
    """The box's own idle stop. `veto` is why it must not be stopped now, as a code."""

    state: str
    reason: str | None = None
    stops_in_s: float | None = None
    veto: str | None = None
    signs: tuple[GuardSign, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of the model list; sizes in bytes."""

    name: str
    folder: str
    state: str
    bytes: int | None = None
    size: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Models:
    """The model list's download."""

    state: str
    files: tuple[ModelFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """The box's own word that it turns itself off: when, and why, as a code. `under_way`: it is doing so now."""

    at: datetime
    reason: str | None
    under_way: bool


@dataclass(frozen=True, slots=True)
class Report:
    """The report and when it came. `address` is the manager's own, as the box sees it; `progress` is passed on raw."""

    at: datetime
    address: str | None = None
    guard: Guard | None = None
    models: Models | None = None
    progress: dict[str, Any] | None = None

    def veto(self, now: datetime) -> str | None:
        """The code of what keeps the box on, as long as that is news: the guard's word, or a download."""
        if not self._fresh(now):
            return None
        if self.guard is not None and self.guard.veto:
            return self.guard.veto
        return "download" if self.models is not None and self.models.state == "running" else None

    def ending(self, now: datetime) -> Ending | None:
        """What the guard announces, as long as that is news."""
        guard = self.guard
        if guard is None or guard.state not in ("announced", "stopping") or not self._fresh(now):
            return None
        left = timedelta(seconds=min(max(guard.stops_in_s or 0.0, 0.0), _LONGEST_S))
        return Ending(self.at + left, guard.reason, under_way=guard.state == "stopping")

    def downloads(self, now: datetime) -> Models | None:
        """The model list, if there is one; a download that nothing is heard of any more is not called one."""
        if self.models is None or self.models.state == "idle":
            return None
        return None if self.models.state == "running" and not self._fresh(now) else self.models

    def _fresh(self, now: datetime) -> bool:
        return now - self.at <= _FRESH


def read_report(raw: Any, at: datetime) -> Report:
    """Make a report of whatever came."""
    told = _object(raw)
    progress = told.get("progress")
    return Report(
        at,
        _text(told.get("address")),
        _guard(told.get("guard")),
        _models(told.get("models")),
        cast("dict[str, Any]", progress) if isinstance(progress, dict) else None,
    )


def _guard(raw: Any) -> Guard | None:
    told = _object(raw)
    if told.get("state") not in _STATES:
        return None
    return Guard(
        str(told["state"]),
        _text(told.get("reason")),
        _number(told.get("stops_in_s")),
        _text(told.get("veto")),
        tuple(
            GuardSign(str(each["sign"]), _number(each.get("age_s")), _number(each.get("until_s")))
            for each in _objects(told.get("signs"), _MOST_SIGNS)
            if each.get("sign") in _SIGNS
        ),
    )


def _models(raw: Any) -> Models | None:
    told = _object(raw)
    if told.get("state") not in _DOWNLOADS:
        return None
    files = (_file(each) for each in _objects(told.get("files"), _MOST_FILES))
    return Models(str(told["state"]), tuple(file for file in files if file is not None))


def _file(told: dict[str, Any]) -> ModelFile | None:
    name, folder, state = _text(told.get("name")), _text(told.get("folder")), told.get("state")
    if name is None or folder is None or state not in _FILES:
        return None
    return ModelFile(
        name, folder, str(state), _whole(told.get("bytes")), _whole(told.get("size")), _text(told.get("problem"))
    )


def _object(raw: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}


def _objects(raw: Any, most: int) -> list[dict[str, Any]]:
    items = cast("list[Any]", raw)[:most] if isinstance(raw, list) else []
    return [_object(item) for item in items]


def _text(value: Any) -> str | None:
    return value[:_CHARACTERS] if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _whole(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 2**63 else None
