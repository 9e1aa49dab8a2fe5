"""The lifecycle: what is wanted, what was seen, and now, to the one next step.

Two rules carry everything. A box counts as stopped when the cloud is *seen* to say TERMINATED (or STOPPED);
whatever else it says, bills. And a call to the cloud is not over before its operation is: a box that reads
TERMINATED while a start of ours is still on its way may be running a moment later.

`next_step` decides; `transitions` says how the box is remembered afterwards; the reconciler carries the step
out. Every step can be decided again after a crash, from what is stored and what is seen.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from manager.domain import metadata
from manager.domain.box import COMFYUI_REF, Box, Call, Intent, Observation, Wanted
from manager.domain.power import Power, power_of

# How long a call whose answer never came may still be under way between us and the cloud.
IN_FLIGHT = timedelta(seconds=30)
# How long the cloud is relied on to know a request id again; Google says an hour.
REQUEST_ID_LIFE = timedelta(minutes=30)
# How long an ended operation may take to show in what the cloud says of the VM.
SETTLING = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing moves and nothing is to be done."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Something moves, or may not be tried again yet; look again soon."""


@dataclass(frozen=True, slots=True)
class Adopt:
    """The box was turned on or off by somebody else: want what is so."""

    intent: Intent


@dataclass(frozen=True, slots=True)
class WriteMetadata:
    """Merge what the VM's scripts need into its metadata."""


@dataclass(frozen=True, slots=True)
class TellVersion:
    """Tell a box that is on which version of ComfyUI was asked for; it updates by itself."""


@dataclass(frozen=True, slots=True)
class SetScheduling:
    """Set Google's own run limit, while the VM is off and it can be set."""


@dataclass(frozen=True, slots=True)
class Send:
    """Ask the cloud for a start or a stop; `anew` with a fresh request id, else with the one that is stored."""

    intent: Intent
    anew: bool


@dataclass(frozen=True, slots=True)
class Follow:
    """Read what became of a call: by its operation, or by its request id where no answer came."""

    intent: Intent


@dataclass(frozen=True, slots=True)
class Finish:
    """What was wanted is so: the start or the stop is seen through."""

    intent: Intent


Step = Rest | Wait | Adopt | WriteMetadata | TellVersion | SetScheduling | Send | Follow | Finish


def next_step(box: Box, seen: Observation, wanted: Wanted, now: datetime) -> Step:
    """The one next step towards what is wanted of the box."""
    if box.intent is Intent.ON:
        return _towards_on(box, seen, wanted, now)
    return _towards_off(box, seen, now)


def is_stale(seen: Observation, last: Observation | None) -> bool:
    """Whether a reading is older than the one before it: the cloud's replicas may answer with the past."""
    if last is None:
        return False
    return _before(seen.started_at, last.started_at) or _before(seen.stopped_at, last.stopped_at)


def _before(moment: datetime | None, other: datetime | None) -> bool:
    return other is not None and (moment is None or moment < other)


def _towards_on(box: Box, seen: Observation, wanted: Wanted, now: datetime) -> Step:
    power = power_of(seen.status)
    call = box.start
    if call is None:
        # It was on. A stop that is not ours (console, run limit, preemption) is accepted, never undone.
        if power in (Power.OFF, Power.FALLING):
            return Adopt(Intent.OFF)
        return TellVersion() if power is Power.ON and _has_other_version(box, seen) else Rest()
    if box.stop is not None and box.stop.unresolved:
        # Our own stop is still on its way: a start now would be overtaken by it.
        return Follow(Intent.OFF)
    if power is Power.ON:
        return Wait() if call.request_id is None and _settling(box.stop, now) else Finish(Intent.ON)
    if power is Power.OFF:
        return _start_from_off(call, seen, wanted, now)
    return Follow(Intent.ON) if call.unresolved else Wait()


def _start_from_off(call: Call, seen: Observation, wanted: Wanted, now: datetime) -> Step:
    if call.unresolved:
        return _ask_or_follow(call, Intent.ON, now)
    came_and_went = call.done_at is not None and _has_acted(call, seen)
    if came_and_went and not call.asked_again:
        # It came up and went down again at somebody else's word.
        return Adopt(Intent.OFF)
    if _pausing(call, now) or (_settling(call, now) and not came_and_went):
        return Wait()
    if metadata.due(seen.metadata, wanted.metadata):
        return WriteMetadata()
    if seen.scheduling != wanted.scheduling:
        return SetScheduling()
    return Send(Intent.ON, anew=True)


def _towards_off(box: Box, seen: Observation, now: datetime) -> Step:
    power = power_of(seen.status)
    if power is Power.OFF:
        if box.start is not None and not _over(box.start, seen, now):
            return _outlast(box.start, box.stop)
        return Rest() if box.stop is None else Finish(Intent.OFF)
    if box.stop is None:
        return Adopt(Intent.ON) if power in (Power.ON, Power.RISING) else Wait()
    return _stop_from_on(box.stop, power, now)


def _over(start: Call, seen: Observation, now: datetime) -> bool:
    """Whether a start that was called off can do nothing more to a box that reads as off."""
    return not start.unresolved and (_has_acted(start, seen) or not _settling(start, now))


def _outlast(start: Call, stop: Call | None) -> Step:
    """See both calls to their ends: a stop that ended after the start ended has the last word."""
    if start.unresolved:
        return Follow(Intent.ON)
    if stop is None:
        return Wait()
    if stop.unresolved:
        return Follow(Intent.OFF)
    return Finish(Intent.OFF) if stop.done_at is not None else Wait()


def _stop_from_on(call: Call, power: Power, now: datetime) -> Step:
    if call.unresolved:
        return _ask_or_follow(call, Intent.OFF, now)
    # Where somebody's stop is at work already, asking again would not hurry it.
    if power is Power.FALLING or _settling(call, now) or _pausing(call, now):
        return Wait()
    return Send(Intent.OFF, anew=True)


def _ask_or_follow(call: Call, intent: Intent, now: datetime) -> Step:
    """Ask again with the stored id where no answer came; the cloud does not act twice on one id."""
    if _pausing(call, now):
        return Wait()
    fresh = call.called_at is not None and now < call.called_at + REQUEST_ID_LIFE
    return Send(intent, anew=False) if call.operation is None and fresh else Follow(intent)


def _pausing(call: Call, now: datetime) -> bool:
    return call.retry_at is not None and now < call.retry_at


def _settling(call: Call | None, now: datetime) -> bool:
    return call is not None and call.done_at is not None and now < call.done_at + SETTLING


def _has_acted(call: Call, seen: Observation) -> bool:
    return seen.started_at is not None and seen.started_at != call.known_start


def _has_other_version(box: Box, seen: Observation) -> bool:
    """Whether somebody asked for a version of ComfyUI that the box has not been told of."""
    return box.comfyui_ref is not None and seen.metadata.get(COMFYUI_REF) != box.comfyui_ref


def poll_interval(box: Box, seen: Observation | None, watched: bool) -> timedelta:
    """How long until the cloud is asked again: often while something moves, seldom while off and unwatched."""
    if seen is None or box.start is not None or box.stop is not None:
        return timedelta(seconds=1.5)
    power = power_of(seen.status)
    if power in (Power.RISING, Power.FALLING):
        return timedelta(seconds=1.5)
    if power is Power.OFF and not watched:
        return timedelta(seconds=60)
    return timedelta(seconds=15)
