"""The timeline of a start: which steps are done, which is under way, and how long each usually takes."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from manager import messages
from manager.application.live import StartTimes
from manager.domain.box import Observation
from manager.domain.power import Power, power_of

_STEPS = ("capacity", "booted", "comfyui")


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


def as_json(times: StartTimes, usual: dict[str, float], zone: str) -> dict[str, Any]:
    """`{steps: [{code, text, values, state, began_at, took_s, usual_s}], eta_at}` for the panel."""
    marks = _marks(times)
    done = took(times)
    steps: list[dict[str, Any]] = []
    state = "done"
    for step, begin in zip(_STEPS, marks, strict=False):
        state = "done" if step in done else ("now" if state == "done" else "todo")
        steps.append(
            messages.step(step, done=step in done, zone=zone).as_json()
            | {
                "state": state,
                "began_at": messages.plain(begin),
                "took_s": done.get(step),
                "usual_s": usual.get(step),
            }
        )
    ready = times.ready_at is not None
    last = messages.step("ready", done=ready).as_json()
    steps.append(last | {"state": "done" if ready else "todo", "began_at": None, "took_s": None, "usual_s": None})
    return {"steps": steps, "eta_at": messages.plain(_eta(times, usual))}


def _eta(times: StartTimes, usual: dict[str, float]) -> datetime | None:
    if times.ready_at is not None or not all(step in usual for step in _STEPS):
        return None
    marks, done = _marks(times), took(times)
    left = sum(seconds for step, seconds in usual.items() if step in _STEPS and step not in done)
    began = [mark for mark in marks if mark is not None][-1]
    return began + timedelta(seconds=left)


def _marks(times: StartTimes) -> tuple[datetime | None, ...]:
    return (times.asked_at, times.capacity_at, times.booted_at, times.ready_at)


def ready(times: StartTimes, now: datetime) -> StartTimes:
    """ComfyUI answers: the start is over."""
    return replace(times, ready_at=now)


def learned(usual: dict[str, float], times: StartTimes) -> dict[str, float]:
    """How long each step usually takes, leaning towards the latest start."""
    return usual | {step: round((usual.get(step, now) + now) / 2, 1) for step, now in took(times).items()}


def key(box: str) -> str:
    """Under which name the usual times of a box are kept."""
    return f"usual:{box}"
