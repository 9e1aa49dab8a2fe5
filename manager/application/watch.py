"""What is known of the ComfyUI on a running box: from one pulse after the other to the signs that idleness asks for.

A sign counts when one of ComfyUI's counters has moved, not by its age alone: a clock that jumps, here or
there, makes nobody present and nobody absent.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from manager.application.ports import Pulse
from manager.domain.box import Box
from manager.domain.idle import Signs


@dataclass(frozen=True, slots=True)
class Watch:
    """The last pulse and when each sign was last seen. `since` is when the box was first seen to run."""

    since: datetime
    pulse: Pulse | None = None
    pulse_at: datetime | None = None
    ready_at: datetime | None = None
    unknown_since: datetime | None = None
    comfyui_at: datetime | None = None
    render_at: datetime | None = None
    veto_at: datetime | None = None


def heard(watch: Watch, pulse: Pulse, now: datetime) -> Watch:
    """ComfyUI answered."""
    return replace(
        watch,
        pulse=pulse,
        pulse_at=now,
        ready_at=watch.ready_at or now,
        unknown_since=None,
        comfyui_at=_person_at(watch, pulse, now),
        render_at=_render_at(watch, pulse, now),
        veto_at=now if pulse.veto else watch.veto_at,
    )


def unheard(watch: Watch, now: datetime) -> Watch:
    """ComfyUI could not be asked: that is neither busy nor idle."""
    return replace(watch, unknown_since=watch.unknown_since or now)


def signs(
    watch: Watch,
    box: Box,
    panel_at: datetime | None,
    watched_since: datetime,
    *,
    vetoed_at: datetime | None = None,
    veto: str | None = None,
) -> Signs:
    """What idleness asks for. `vetoed_at` is when the box's guard last said that it must not be stopped, `veto` why."""
    pulse = watch.pulse
    return Signs(
        started_at=watch.since,
        watched_since=watched_since,
        panel_at=panel_at,
        comfyui_at=watch.comfyui_at,
        render_at=watch.render_at,
        rendering=pulse is not None and pulse.running + pulse.pending > 0,
        progress_seen=pulse is not None and pulse.progress_count is not None,
        veto_at=watch.veto_at if vetoed_at is None else _latest(watch.veto_at, vetoed_at),
        veto=veto,
        hold_until=box.hold_until,
        unknown_since=watch.unknown_since,
    )


def _person_at(watch: Watch, pulse: Pulse, now: datetime) -> datetime | None:
    last = watch.pulse
    moved = last is None or (last.boot_id, last.person_count) != (pulse.boot_id, pulse.person_count)
    if not pulse.person_count or pulse.person_age is None or not moved:
        return watch.comfyui_at
    return _latest(watch.comfyui_at, now - timedelta(seconds=pulse.person_age))


def _render_at(watch: Watch, pulse: Pulse, now: datetime) -> datetime | None:
    last = watch.pulse
    if last is None or last.boot_id != pulse.boot_id:
        # The first word of this ComfyUI: work that is there now was put there by somebody.
        if pulse.running + pulse.pending > 0:
            return now
        if pulse.progress_count and pulse.progress_age is not None:
            return _latest(watch.render_at, now - timedelta(seconds=pulse.progress_age))
        return watch.render_at
    if (last.running, last.pending) != (pulse.running, pulse.pending):
        return now
    if pulse.progress_count != last.progress_count and pulse.progress_age is not None:
        return _latest(watch.render_at, now - timedelta(seconds=pulse.progress_age))
    return watch.render_at


def _latest(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)
