"""Time passes here: a status is a pure function of recorded turns and of the moment that is asked about.

A timeline is a list of turns `[moment, status]`, oldest first, that reaches into the future: a start writes down
at once when the instance will be STAGING and RUNNING. Nobody has to poll, and nothing has to be awake, for time
to pass; whatever intervenes cuts the future off and writes another.

Moments are seconds since the epoch. `GONE` is no status of Google's: it ends a deleted instance's timeline.
"""

from collections.abc import Sequence
from dataclasses import dataclass

Turn = tuple[float, str]
Timeline = list[Turn]

GONE = "GONE"
_WORKING = frozenset({"RUNNING", "PENDING_STOP", "STOPPING", "REPAIRING"})
_STARTING = frozenset({"PROVISIONING", "STAGING"})


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the cloud takes. Seconds at speed 1; `speed` multiplies them, and 0 means at once."""

    speed: float = 0.2

    def of(self, seconds: float) -> float:
        """Answer how long a thing takes that lasts `seconds` in Google's cloud."""
        return seconds * self.speed


# Seconds in Google's cloud, as users of T4 machines report them.
PROVISIONING = 5.0
STAGING = 17.0
STOPPING = 17.0
PREEMPTING = 30.0
DELETING = 12.0
REPAIRING = 60.0
BRIEF = 2.0
REFUSING = 4.0


def loaded(turns: Sequence[Sequence[float | str]]) -> Timeline:
    """Read a timeline back from its JSON form."""
    return [(float(turn[0]), str(turn[1])) for turn in turns]


def status_at(timeline: Timeline, now: float) -> str:
    """Answer the status at `now`: that of the last turn not after it."""
    status = timeline[0][1]
    for at, turned in timeline:
        if at > now:
            break
        status = turned
    return status


def next_turn(timeline: Timeline, now: float) -> float | None:
    """Answer the moment of the first turn after `now`, or None where nothing is planned."""
    return next((at for at, _ in timeline if at > now), None)


def reached(timeline: Timeline, status: str) -> float | None:
    """Answer when the timeline last enters `status`, in the past or in the future; None if never."""
    return next((at for at, turned in reversed(timeline) if turned == status), None)


def past(timeline: Timeline, now: float) -> Timeline:
    """Cut the future off."""
    return [turn for turn in timeline if turn[0] <= now]


def starting(now: float, pace: Pace, *, delay: float | None = 0.0) -> Timeline:
    """Plan a start. `delay` is added before RUNNING, in seconds; None: it is never reached."""
    turns: Timeline = [(now, "PROVISIONING")]
    if delay is not None:
        staging = now + delay + pace.of(PROVISIONING)
        turns += [(staging, "STAGING"), (staging + pace.of(STAGING), "RUNNING")]
    return turns


def stopping(timeline: Timeline, now: float, until: float | None, final: str = "TERMINATED") -> Timeline:
    """Plan a stop that begins `now` and ends in `final` at `until`; None: it never ends."""
    turns = past(timeline, now)
    if not turns or turns[-1][1] != "STOPPING":
        turns = [*turns, (now, "STOPPING")]
    return turns if until is None else [*turns, (until, final)]


def billed(timeline: Timeline, now: float) -> list[tuple[float, float | None]]:
    """Answer the intervals in which the instance was billed, the open one ending in None.

    Billing begins with RUNNING and ends with TERMINATED (or the deletion): STOPPING still bills.
    """
    intervals: list[tuple[float, float | None]] = []
    for at, status in past(timeline, now):
        is_open = bool(intervals) and intervals[-1][1] is None
        if status == "RUNNING" and not is_open:
            intervals.append((at, None))
        elif is_open and status not in _WORKING | _STARTING:
            intervals[-1] = (intervals[-1][0], at)
    return intervals


def boots(timeline: Timeline, now: float) -> int:
    """Count how often RUNNING was entered until `now`."""
    return sum(1 for _, status in past(timeline, now) if status == "RUNNING")
