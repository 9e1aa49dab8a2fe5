"""What a box says of its own setup: the guest attributes `progress`, `problem` and `boot` (docs/box.md).

A box is another program, perhaps of another version, and anybody who broke into it can write these: whatever does
not fit is left out, and nothing here raises.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from manager.domain.errors import Fault
from manager.messages import is_box_problem, is_box_step

# Steps whose work the next start finds done.
_INSTALLED = ("driver", "packages", "agent", "comfyui", "python", "requirements")
_STATES = ("done", "now", "todo", "failed", "skipped")
_LOG_CHARACTERS = 8_000
_DETAIL_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One step on the box: how it stands, the seconds it took, and how far it is, from 0 to 1."""

    code: str
    state: str
    took_s: float | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """The steps in their order, the last lines of the log, and what is wrong. `failed`: the box has given up."""

    steps: tuple[SetupStep, ...] = ()
    log: str = ""
    problem: Fault | None = None
    failed: bool = False

    @property
    def moving(self) -> bool:
        """Whether something is being done."""
        return any(step.state == "now" for step in self.steps)

    @property
    def installing(self) -> bool:
        """Whether something is being put on the box that stays there."""
        return any(step.state == "now" and step.code in _INSTALLED for step in self.steps)


def setup_of(guest: Mapping[str, str]) -> Setup:
    """Read the guest attributes."""
    told = _object(guest.get("progress", ""))
    items = told.get("steps")
    steps = [_step(item) for item in cast("list[Any]", items)] if isinstance(items, list) else []
    return Setup(
        tuple(step for step in steps if step is not None),
        str(told.get("log") or "")[-_LOG_CHARACTERS:],
        _problem(guest.get("problem", "")),
        guest.get("boot") == "failed",
    )


def _problem(text: str) -> Fault | None:
    """`code: detail`; of a code that is not known, the whole text is shown."""
    if not text.strip():
        return None
    code, _, detail = text.partition(":")
    code = code.strip()
    if not is_box_problem(code):
        return Fault("box.other", {"detail": text.strip()[:_DETAIL_CHARACTERS]})
    return Fault(f"box.{code}", {"detail": detail.strip()[:_DETAIL_CHARACTERS]})


def _step(item: Any) -> SetupStep | None:
    if not isinstance(item, dict):
        return None
    told = cast("dict[str, Any]", item)
    code, state = told.get("code"), told.get("state")
    if not isinstance(code, str) or not is_box_step(code) or state not in _STATES:
        return None
    return SetupStep(code, state, _number(told.get("took_s")), _number(told.get("share"), most=1.0))


def _number(value: Any, most: float = 1e6) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        return None
    return float(value)


def _object(text: str) -> dict[str, Any]:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
