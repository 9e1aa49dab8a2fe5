"""What the guard tells: guard.json for the gate, and the guest attribute `guard`. Shapes as in docs/box.md."""

import json
from typing import Any

from gpubox_agent.guard.course import Course, State, ends_at
from gpubox_agent.guard.verdict import Lasting, Policy, Sign, Signs, Verdict

# Work that the manager cannot see for itself, the most telling first.
_VETOES = (Sign.DOWNLOAD, Sign.UPLOAD, Sign.LOGIN, Sign.GPU)
# A source is looked at once in half a minute at least.
_UNDER_WAY_S = 60.0


def report(course: Course, verdict: Verdict, signs: Signs, policy: Policy, now: float) -> dict[str, Any]:
    """The body of guard.json."""
    reason = None if course.state is State.WATCHING else verdict.reason.value
    return {
        "at": round(now, 3),
        "state": course.state.value,
        "reason": reason,
        "stops_in_s": None if course.state is State.OFF else _left(course, verdict, policy, now),
        "signs": [_sign(each, now) for each in verdict.lasting],
        "veto": _veto(signs, now),
    }


def attribute(course: Course, verdict: Verdict, policy: Policy, now: float) -> str:
    """The value of the guest attribute."""
    reason = None if course.state is State.WATCHING else verdict.reason.value
    left = _left(course, verdict, policy, now)
    return json.dumps({"state": course.state.value, "reason": reason, "stops_in_s": left}, separators=(",", ":"))


def sentence(course: Course, verdict: Verdict, policy: Policy, now: float) -> str:
    """For people at a terminal."""
    left = _left(course, verdict, policy, now)
    when = f"in {left / 60:.0f} minutes" if left >= 90 else f"in {left:.0f} seconds"  # noqa: PLR2004 - as people say it
    return f"gpubox: this machine powers off {when} ({WHY[verdict.reason.value]})."


WHY = {
    "idle": "nobody and nothing is at work; a key pressed here keeps it on",
    "silent": "ComfyUI does not answer, and nobody is at work; a key pressed here keeps it on",
    "never_ready": "ComfyUI has not come up; a key pressed here keeps it on",
    "max_run": "its longest time is over",
}


def _left(course: Course, verdict: Verdict, policy: Policy, now: float) -> float:
    return round(max(0.0, ends_at(course, verdict, policy) - now), 1)


def _sign(each: Lasting, now: float) -> dict[str, Any]:
    age_s = None if each.at is None else round(max(0.0, now - each.at), 1)
    return {"sign": each.sign.value, "age_s": age_s, "until_s": round(max(0.0, each.until - now), 1)}


def _veto(signs: Signs, now: float) -> str | None:
    """What goes on right now."""
    for sign in _VETOES:
        at = signs.seen.get(sign)
        if at is not None and now - at <= _UNDER_WAY_S:
            return sign.value
    return None
