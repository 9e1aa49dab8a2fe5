"""Idleness, told truthfully: from the signs of people and of work to a verdict that carries its reasons.

Signs are a person in the panel, a person inside ComfyUI, a render, work that the box itself cannot name (the
guard's veto), a hold, and a start. A forgotten tab is no sign. Silence is neither busy nor idle: a box that
cannot be asked is *unknown*, and gets a grace on top of the idle time before it is stopped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# ComfyUI's page reports a person once a minute at most, and the guard looks twice a minute; a trial's short idle time
# must not fall in between.
_NEWS_LIFE = timedelta(seconds=75)


class Sign(StrEnum):
    """What keeps a box on."""

    PANEL = "panel"
    COMFYUI = "comfyui"
    RENDER = "render"
    VETO = "veto"
    HOLD = "hold"
    START = "start"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Policy:
    """When a quiet box is stopped.

    `stall` is how long a render may go without progress; `blind_stall` where progress cannot be seen because
    the presence node is missing, so that a long video is not killed for being quiet.
    """

    idle: timedelta
    grace: timedelta = timedelta(minutes=10)
    stall: timedelta = timedelta(minutes=30)
    blind_stall: timedelta = timedelta(hours=3)

    @property
    def warning(self) -> timedelta:
        """How long before the stop a person is warned: five minutes, or a third of a shorter idle time."""
        return min(timedelta(minutes=5), self.idle / 3)


@dataclass(frozen=True, slots=True)
class Signs:
    """When each sign was last seen. `unknown_since` is None while ComfyUI answers. `veto` is what the box says it does.

    `watched_since` is when this manager began to watch: before that it could warn nobody.
    """

    started_at: datetime
    watched_since: datetime
    panel_at: datetime | None = None
    comfyui_at: datetime | None = None
    render_at: datetime | None = None
    rendering: bool = False
    progress_seen: bool = True
    veto_at: datetime | None = None
    veto: str | None = None
    hold_until: datetime | None = None
    unknown_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One sign: when it was last seen, and until when it keeps the box on by itself."""

    sign: Sign
    at: datetime | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from the signs: `stops_at` is when the box stops if no further sign comes.

    `reasons` are sorted by how long they hold, the strongest first. `busy` says that work is going on now.
    """

    stops_at: datetime
    warns_at: datetime
    idle: bool
    busy: bool
    silent: bool
    reasons: tuple[Reason, ...]


def judge(signs: Signs, policy: Policy, now: datetime) -> Verdict:
    """The verdict on a box that is on."""
    reasons = tuple(sorted(_reasons(signs, policy), key=lambda reason: reason.until, reverse=True))
    stops_at = max(reasons[0].until, signs.watched_since + policy.warning)
    return Verdict(
        stops_at=stops_at,
        warns_at=stops_at - policy.warning,
        idle=now >= stops_at,
        busy=_busy(signs, policy, now),
        silent=reasons[0].sign is Sign.UNKNOWN,
        reasons=reasons,
    )


def _busy(signs: Signs, policy: Policy, now: datetime) -> bool:
    """Work is going on: a render that has not stalled, or something that the guard vouches for."""
    if signs.rendering and signs.render_at is not None and now < signs.render_at + _render_life(signs, policy):
        return True
    return signs.veto is not None and signs.veto_at is not None and now < signs.veto_at + _NEWS_LIFE


def _reasons(signs: Signs, policy: Policy) -> Iterator[Reason]:
    yield Reason(Sign.START, signs.started_at, signs.started_at + policy.idle)
    if signs.panel_at is not None:
        yield Reason(Sign.PANEL, signs.panel_at, signs.panel_at + policy.idle)
    if signs.comfyui_at is not None:
        yield Reason(Sign.COMFYUI, signs.comfyui_at, signs.comfyui_at + max(policy.idle, _NEWS_LIFE))
    if signs.render_at is not None:
        yield Reason(Sign.RENDER, signs.render_at, signs.render_at + _render_life(signs, policy))
    if signs.veto_at is not None:
        yield Reason(Sign.VETO, signs.veto_at, signs.veto_at + max(policy.idle, _NEWS_LIFE))
    if signs.hold_until is not None:
        yield Reason(Sign.HOLD, None, signs.hold_until)
    if signs.unknown_since is not None:
        yield Reason(Sign.UNKNOWN, signs.unknown_since, signs.unknown_since + policy.idle + policy.grace)


def _render_life(signs: Signs, policy: Policy) -> timedelta:
    """A render that goes on counts until it stalls; one that has ended is a sign like any other."""
    if not signs.rendering:
        return policy.idle
    return max(policy.idle, policy.stall if signs.progress_seen else policy.blind_stall)
