"""Keeps what was seen, and makes signs of it: a sign counts where a counter moved, not where one merely stands."""

from dataclasses import dataclass, field, replace
from typing import Any, cast

from gpubox_agent.guard.look import Look, count, seconds
from gpubox_agent.guard.verdict import Sign, Signs


@dataclass
class Ledger:
    """All of it in seconds of CLOCK_MONOTONIC; a later sighting never takes an earlier one's place back."""

    booted_at: float
    watched_since: float
    seen: dict[Sign, float] = field(default_factory=dict[Sign, float])
    hold_until: float | None = None
    ready: bool = False
    unknown: bool = True
    last: Look | None = None
    """The last answer, kept through a silence."""

    def saw(self, sign: Sign, at: float, now: float) -> None:
        """A sighting. One that claims to be of the future is of now."""
        at = min(at, now)
        self.seen[sign] = max(self.seen.get(sign, at), at)

    def silent(self) -> None:
        """ComfyUI does not answer: nothing is learnt, and what was known of its render stays known."""
        self.unknown = True

    def answered(self, look: Look, now: float) -> None:
        """ComfyUI answers."""
        if not self.ready:
            self.saw(Sign.START, now, now)
        before = self.last if self.last is not None and self.last.boot_id == look.boot_id else None
        self._person(look, before, now)
        self._render(look, before, now)
        self.ready, self.unknown, self.last = True, False, look

    def _person(self, look: Look, before: Look | None, now: float) -> None:
        known = (before.persons if before is not None else None) or 0
        if look.persons is not None and look.persons > known:
            self.saw(Sign.PERSON, now - (look.person_age_s or 0.0), now)

    def _render(self, look: Look, before: Look | None, now: float) -> None:
        """A queue that fills or ends is work. In between, only progress is: a node that hangs would stay for ever."""
        had = before.queue if before is not None else 0
        if (look.queue > 0) != (had > 0):
            self.saw(Sign.RENDER, now, now)
        if look.progress is None:
            # Blind: a queue that gets shorter is the only progress there is.
            if 0 < look.queue < had:
                self.saw(Sign.RENDER, now, now)
            return
        known = (before.progress if before is not None else None) or 0
        if look.progress > known:
            self.saw(Sign.RENDER, now - (look.progress_age_s or 0.0), now)

    def signs(self) -> Signs:
        """What a verdict is made of."""
        return Signs(
            booted_at=self.booted_at,
            watched_since=self.watched_since,
            seen=dict(self.seen),
            ready=self.ready,
            unknown=self.unknown,
            rendering=self.last is not None and self.last.queue > 0,
            progress_visible=self.last is None or self.last.progress is not None,
            hold_until=self.hold_until,
        )

    def to_json(self) -> dict[str, Any]:
        """What a restarted guard goes on from."""
        return {
            "booted_at": self.booted_at,
            "watched_since": self.watched_since,
            "seen": {sign.value: at for sign, at in self.seen.items()},
            "hold_until": self.hold_until,
            "ready": self.ready,
            "last": None if self.last is None else dict(vars(self.last)),
        }


def restored(written: object, fresh: Ledger, now: float) -> Ledger:
    """The ledger of a guard that ended in this boot; `fresh` where there is none, or where it makes no sense."""
    if not isinstance(written, dict):
        return fresh
    body = cast("dict[str, Any]", written)
    booted_at, watched_since = seconds(body.get("booted_at")), seconds(body.get("watched_since"))
    if booted_at is None or watched_since is None or not booted_at <= watched_since <= now:
        return fresh
    seen = body.get("seen")
    moments = cast("dict[str, Any]", seen) if isinstance(seen, dict) else {}
    known = {sign: at for sign in Sign if (at := seconds(moments.get(sign.value))) is not None and at <= now}
    return replace(
        fresh,
        booted_at=booted_at,
        watched_since=watched_since,
        seen=known,
        hold_until=seconds(body.get("hold_until")),
        ready=body.get("ready") is True,
        last=_look(body.get("last")),
    )


def _look(body: object) -> Look | None:
    if not isinstance(body, dict):
        return None
    known = cast("dict[str, Any]", body)
    queue, boot_id = count(known.get("queue")), known.get("boot_id")
    if queue is None or not isinstance(boot_id, (str, type(None))):
        return None
    return Look(queue, boot_id, count(known.get("persons")), None, count(known.get("progress")), None)
