"""The timeline of a start: which steps are done, which is under way, and how long each usually takes."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from manager import messages
from manager.application.live import StartTimes
from manager.application.setup import Setup, SetupStep
from manager.domain.box import Observation
from manager.domain.power import Power, power_of

_STEPS = ("capacity", "booted", "comfyui")
# A step of the setup that takes less is not worth a line.
_WORTH_S = 2.0
# ComfyUI's start has a line anyway, and models are not waited for.
_NO_LINE = ("start", "models")
# Under which name the usual times of the box's own steps are kept.
_BOX = "box."


def seen(times: StartTimes, observation: Observation, now: datetime) -> StartTimes:
    """The moments after one more look at the cloud."""
    power = power_of(observation.status)
    if times.capacity_at is None and power in (Power.RISING, Power.ON):
        times = replace(times, capacity_at=now)
    if times.booted_at is None and power is Power.ON:
        times = replace(times, booted_at=now)
    return times


def took(times: StartTimes) -> dict[str, float]:
    """Seconds that each finished step took."""
    marks = _marks(times)
    return {
        step: (end - begin).total_seconds()
        for step, begin, end in zip(_STEPS, marks, marks[1:], strict=False)
        if begin is not None and end is not None
    }


def as_json(times: StartTimes, usual: dict[str, float], zone: str, setup: Setup) -> dict[str, Any]:
    """`{steps: [{code, text, values, state, began_at, took_s, usual_s, share}], eta_at}` for the panel."""
    marks = _marks(times)
    done = took(times)
    installing = timedelta(seconds=_installing(setup))
    if "comfyui" in done:
        done["comfyui"] = max(done["comfyui"] - installing.total_seconds(), 0)
    steps: list[dict[str, Any]] = []
    state = "done"
    for step, begin in zip(_STEPS, marks, strict=False):
        state = "done" if step in done else ("now" if state == "done" else "todo")
        began = begin
        if step == "comfyui":
            steps += [_box_line(part, usual) for part in _shown(setup, usual)]
            if state == "now" and not _at_the_end(setup):
                state = "todo"
            began = begin and begin + installing
        text = messages.step(step, done=step in done, zone=zone)
        line = _line(text, state, done.get(step), usual.get(step))
        steps.append(line | {"began_at": messages.plain(began) if state != "todo" else None})
    ready = times.ready_at is not None
    steps.append(_line(messages.step("ready", done=ready), "done" if ready else "todo", None, None))
    return {"steps": steps, "eta_at": messages.plain(_eta(times, usual, setup))}


def _line(text: messages.Message, state: str, took_s: float | None, usual_s: float | None) -> dict[str, Any]:
    return text.as_json() | {"state": state, "began_at": None, "took_s": took_s, "usual_s": usual_s, "share": None}


def _box_line(part: SetupStep, usual: dict[str, float]) -> dict[str, Any]:
    text = messages.box_step(part.code, done=part.state == "done")
    return _line(text, part.state, part.took_s, usual.get(_BOX + part.code)) | {"share": part.share}


def _shown(setup: Setup, usual: dict[str, float]) -> list[SetupStep]:
    """The steps worth a line: what is under way or failed, what took its time, and at a first setup what comes."""
    first = not any(key.startswith(_BOX) for key in usual)
    return [
        part
        for part in setup.steps
        if part.state == "failed" or (part.code not in _NO_LINE and _is_worth_a_line(part, first))
    ]


def _is_worth_a_line(part: SetupStep, first: bool) -> bool:
    match part.state:
        case "now":
            return True
        case "done":
            return (part.took_s or 0) >= _WORTH_S
        case state:
            return first and state == "todo"


def _at_the_end(setup: Setup) -> bool:
    """Whether nothing is left on the box but ComfyUI's own start."""
    return not any(part.state in ("now", "failed", "todo") and part.code not in _NO_LINE for part in setup.steps)


def _installing(setup: Setup) -> float:
    """Seconds that the box spent on all but ComfyUI's own start."""
    return sum(part.took_s or 0 for part in setup.steps if part.code not in _NO_LINE)


def _eta(times: StartTimes, usual: dict[str, float], setup: Setup) -> datetime | None:
    """When it will be ready, by what the steps took before; None where some step has never been seen."""
    if times.ready_at is not None or not all(step in usual for step in _STEPS):
        return None
    marks, done = _marks(times), took(times)
    steps = [step for step in _STEPS if step not in done]
    parts = [_BOX + part.code for part in setup.steps if part.state == "now" and part.code != "models"]
    began = [mark for mark in marks if mark is not None][-1]
    return began + timedelta(seconds=sum(usual.get(step, 0) for step in steps + parts))


def _marks(times: StartTimes) -> tuple[datetime | None, ...]:
    return (times.asked_at, times.capacity_at, times.booted_at, times.ready_at)


def ready(times: StartTimes, now: datetime) -> StartTimes:
    """ComfyUI answers: the start is over."""
    return replace(times, ready_at=now)


def learned(usual: dict[str, float], times: StartTimes, setup: Setup) -> dict[str, float]:
    """How long each step usually takes, leaning towards the latest start.

    What the box installed at this start is counted by itself, since the next start will not do it again.
    """
    parts = {_BOX + part.code: part.took_s or 0 for part in setup.steps if (part.took_s or 0) >= _WORTH_S}
    own = {
        step: max(seconds - _installing(setup), 0) if step == "comfyui" else seconds
        for step, seconds in took(times).items()
    }
    return usual | {step: round((usual.get(step, now) + now) / 2, 1) for step, now in (own | parts).items()}


def key(box: str) -> str:
    """Under which name the usual times of a box are kept."""
    return f"usual:{box}"
