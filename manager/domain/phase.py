"""The phase that a person sees, from what is wanted, what was seen, and whether ComfyUI answers."""

from datetime import datetime, timedelta
from enum import StrEnum

from manager.domain.box import Box, Intent, Observation, Phase
from manager.domain.power import Power, power_of

# How long the cloud or ComfyUI may be silent before that is trouble and not a hiccup.
HICCUP = timedelta(seconds=45)
# How long ComfyUI may take to come up where nothing moves.
SETUP_PATIENCE = timedelta(minutes=30)


class Comfy(StrEnum):
    """What is known of ComfyUI on a running box."""

    COMING = "coming"
    LATE = "late"
    ANSWERS = "answers"
    LOST = "lost"


def comfy_state(
    moving_since: datetime,
    ready_at: datetime | None,
    unknown_since: datetime | None,
    now: datetime,
    *,
    given_up: bool = False,
) -> Comfy:
    """Whether ComfyUI is still coming up, answers, or was lost; a hiccup is not a loss.

    `moving_since` is when the box came up, or its setup last moved; `given_up` is what the box itself says.
    """
    if ready_at is None:
        return Comfy.LATE if given_up or now >= moving_since + SETUP_PATIENCE else Comfy.COMING
    if unknown_since is not None and now >= unknown_since + HICCUP:
        return Comfy.LOST
    return Comfy.ANSWERS


def phase_of(box: Box, seen: Observation | None, comfy: Comfy, *, cloud_lost: bool) -> Phase:
    """The phase. What was never seen is not off: it reads as starting or stopping, never as done."""
    if cloud_lost:
        return Phase.TROUBLE
    if seen is None:
        return Phase.STARTING if box.intent is Intent.ON else Phase.STOPPING
    if box.intent is Intent.ON:
        return _wanted_on(box, power_of(seen.status), comfy)
    return _wanted_off(box, power_of(seen.status))


def _wanted_on(box: Box, power: Power, comfy: Comfy) -> Phase:
    if power is Power.ON:
        return _running(comfy)
    if power is Power.OTHER:
        return Phase.TROUBLE
    if box.start is not None and box.fault is not None and box.fault.code == "stockout":
        return Phase.QUEUED
    return Phase.STARTING


def _running(comfy: Comfy) -> Phase:
    if comfy is Comfy.ANSWERS:
        return Phase.READY
    return Phase.SETTING_UP if comfy is Comfy.COMING else Phase.TROUBLE


def _wanted_off(box: Box, power: Power) -> Phase:
    start_pending = box.start is not None and box.start.unresolved
    if power is Power.OFF and box.stop is None and not start_pending:
        return Phase.OFF if box.fault is None else Phase.TROUBLE
    return Phase.STOPPING if box.fault is None else Phase.TROUBLE
