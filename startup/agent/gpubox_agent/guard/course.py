"""Watching, announced, stopping: which of them follows from a verdict. The end never comes unannounced."""

from dataclasses import dataclass
from enum import Enum

from gpubox_agent.guard.verdict import Policy, Verdict


class State(str, Enum):
    """Where the guard stands; `OFF` is a guard that may not power this machine off."""

    WATCHING = "watching"
    ANNOUNCED = "announced"
    STOPPING = "stopping"
    OFF = "off"


@dataclass(frozen=True)
class Course:
    """Where the guard stands, and since when the end is announced."""

    state: State = State.WATCHING
    announced_at: float | None = None


def go_on(course: Course, verdict: Verdict, policy: Policy, now: float) -> Course:
    """The next course. A verdict that comes late, as after a change of the settings, still leaves the warning time."""
    if now < verdict.stops_at - policy.warning_s:
        return Course()
    announced_at = now if course.announced_at is None else course.announced_at
    due = now >= ends_at(Course(State.ANNOUNCED, announced_at), verdict, policy)
    return Course(State.STOPPING if due else State.ANNOUNCED, announced_at)


def ends_at(course: Course, verdict: Verdict, policy: Policy) -> float:
    """When the box powers off on this course."""
    if course.announced_at is None:
        return verdict.stops_at
    return max(verdict.stops_at, course.announced_at + policy.warning_s)
