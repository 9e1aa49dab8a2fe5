"""Idleness as the box itself sees it: from signs of people and of work to the moment at which it powers off.

A function of moments in seconds of CLOCK_MONOTONIC, in which a jump of the wall clock does not show and a suspended
machine's time does not pass. A ComfyUI that cannot be asked is *unknown*: its silence is no sign of anything, and the
box gets a grace on top, in case the work that was seen last still goes on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

# ComfyUI's page reports a person once a minute at most; a trial's short idle time must not fall in between.
_PRESENCE_LIFE_S = 75.0


class Sign(str, Enum):
    """What keeps the box on."""

    PERSON = "person"
    RENDER = "render"
    KEEP_ALIVE = "keep_alive"
    HOLD = "hold"
    DOWNLOAD = "download"
    UPLOAD = "upload"
    LOGIN = "login"
    GPU = "gpu"
    START = "start"


class Reason(str, Enum):
    """Why the box powers off."""

    IDLE = "idle"
    SILENT = "silent"
    NEVER_READY = "never_ready"
    MAX_RUN = "max_run"


@dataclass(frozen=True)
class Policy:
    """How long what lasts, in seconds.

    `stall_s` is how long a render may go without progress, `blind_stall_s` where progress cannot be seen. `setup_s` is
    how long ComfyUI may take to answer for the first time while nothing moves, `setup_longest_s` whatever moves.
    `gpu_s` is how long a strange process on the GPU counts: a veto, not a person. No `max_run_s`: no hard end.
    """

    idle_s: float = 35 * 60
    max_run_s: float | None = 12 * 3600
    grace_s: float = 600
    stall_s: float = 1800
    blind_stall_s: float = 3 * 3600
    setup_s: float = 3600
    setup_longest_s: float = 3 * 3600
    gpu_s: float = 600

    @property
    def warning_s(self) -> float:
        """How long before the end it is announced: five minutes, or a third of a shorter idle time."""
        return min(300.0, self.idle_s / 3)


@dataclass(frozen=True)
class Signs:
    """What was seen, and when. A sign that was never seen is not in `seen`.

    `ready`: ComfyUI has answered since the boot. `unknown`: it does not answer now. `rendering`: its queue was not
    empty when it answered last; then `seen[RENDER]` is when that work last moved. `watched_since` is when the guard
    began to watch: before that it could warn nobody.
    """

    booted_at: float
    watched_since: float
    seen: Mapping[Sign, float] = field(default_factory=dict[Sign, float])
    ready: bool = False
    unknown: bool = False
    rendering: bool = False
    progress_visible: bool = True
    hold_until: float | None = None


@dataclass(frozen=True)
class Lasting:
    """One sign: when it was last seen, and until when it keeps the box on by itself."""

    sign: Sign
    at: float | None
    until: float


@dataclass(frozen=True)
class Verdict:
    """`stops_at` is when the box powers off if no further sign comes, and `reason` why. The strongest sign is first."""

    stops_at: float
    reason: Reason
    lasting: tuple[Lasting, ...]


def judge(signs: Signs, policy: Policy) -> Verdict:
    """The verdict on these signs."""
    lasting = tuple(sorted(_lasting(signs, policy), key=lambda each: each.until, reverse=True))
    warned_at = signs.watched_since + policy.warning_s
    quiet_at = max(lasting[0].until, warned_at)
    hard_at = None if policy.max_run_s is None else max(signs.booted_at + policy.max_run_s, warned_at)
    if hard_at is not None and hard_at <= quiet_at:
        return Verdict(hard_at, Reason.MAX_RUN, lasting)
    return Verdict(quiet_at, _reason(signs, lasting[0]), lasting)


def _reason(signs: Signs, strongest: Lasting) -> Reason:
    if not signs.ready and strongest.sign is Sign.START:
        return Reason.NEVER_READY
    return Reason.SILENT if signs.unknown and signs.ready else Reason.IDLE


def _lasting(signs: Signs, policy: Policy) -> Iterator[Lasting]:
    # Before ComfyUI's first answer nothing of it can be under way: that is no time for a grace.
    grace_s = policy.grace_s if signs.unknown and signs.ready else 0.0
    yield _start(signs, policy, grace_s)
    for sign, at in signs.seen.items():
        if sign is not Sign.START:
            yield Lasting(sign, at, at + _life(sign, signs, policy) + grace_s)
    if signs.hold_until is not None:
        yield Lasting(Sign.HOLD, None, signs.hold_until)


def _start(signs: Signs, policy: Policy, grace_s: float) -> Lasting:
    """A box that has just become ready is given its idle time; one that has not, an hour from what moved last."""
    at = max(signs.booted_at, signs.seen.get(Sign.START, signs.booted_at))
    if signs.ready:
        return Lasting(Sign.START, at, at + policy.idle_s + grace_s)
    return Lasting(Sign.START, at, min(at + policy.setup_s, signs.booted_at + policy.setup_longest_s))


def _life(sign: Sign, signs: Signs, policy: Policy) -> float:
    if sign is Sign.PERSON:
        return max(policy.idle_s, _PRESENCE_LIFE_S)
    if sign is Sign.GPU:
        return min(policy.idle_s, policy.gpu_s)
    if sign is Sign.RENDER and signs.rendering:
        return max(policy.idle_s, policy.stall_s if signs.progress_visible else policy.blind_stall_s)
    return policy.idle_s
