"""Looking at the cloud: what it says of a box, what that changes in the books, and when to look again."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from manager.application import timeline
from manager.application.live import LiveBox, StartTimes
from manager.application.ports import Clock, Cloud, Store
from manager.application.registry import Registry
from manager.domain import cost
from manager.domain.box import Intent, Observation
from manager.domain.errors import CloudError, NoSuchResource, StoreUnavailable
from manager.domain.lifecycle import is_stale, poll_interval
from manager.domain.power import Power, power_of

# How soon a cloud that did not answer is asked again.
_AGAIN = timedelta(seconds=5)
# How long after a word from a page somebody counts as looking on.
_WATCHING = timedelta(minutes=2)


class Looking:
    """Observes boxes and keeps the book of billed sessions."""

    def __init__(self, registry: Registry, cloud: Cloud, store: Store, clock: Clock) -> None:
        self._registry = registry
        self._cloud = cloud
        self._store = store
        self._clock = clock

    async def look(self, live: LiveBox, *, again: bool = False) -> Observation | None:
        """A fresh observation to decide on, if it is the box's turn or `again` says so; None without one."""
        now = self._clock.now()
        if not again and live.cloud_due is not None and now < live.cloud_due:
            return None
        try:
            seen = await self._cloud.observe(live.box.place)
        except CloudError as error:
            live.cloud_due = now + _AGAIN
            await self._unreachable(live, error)
            return None
        await self._reachable(live)
        if is_stale(seen, live.seen):
            live.cloud_due = now + timedelta(seconds=1)
            return None
        first = live.seen is None
        await self._note(live, seen)
        live.seen = seen
        if first:
            await self._registry.write(live, "manager_started", {"status": seen.status})
        live.cloud_due = self._clock.now() + poll_interval(live.box, seen, self._watched(live))
        return seen

    def _watched(self, live: LiveBox) -> bool:
        recently = live.panel_at is not None and self._clock.now() < live.panel_at + _WATCHING
        return live.channel.watchers > 0 or recently

    async def _unreachable(self, live: LiveBox, error: CloudError) -> None:
        now = self._clock.now()
        if live.unreachable_since is None:
            live.unreachable_since = now
        live.unreachable = error.fault
        if isinstance(error, NoSuchResource) and error.data["kind"] == "instance" and live.seen is not None:
            # Somebody has deleted it: that bills no more, and nothing will ever say that it has stopped.
            await self._end_session(live, live.seen)
        if live.cloud_lost(now) and not live.unreachable_told:
            live.unreachable_told = True
            await self._registry.write(live, "unreachable")

    async def _reachable(self, live: LiveBox) -> None:
        live.unreachable = live.unreachable_since = None
        if live.unreachable_told:
            live.unreachable_told = False
            # What the box did meanwhile is still to be heard, and nobody could be warned.
            live.watched_since = self._clock.now()
            await self._registry.write(live, "reachable")

    async def _note(self, live: LiveBox, seen: Observation) -> None:
        power = power_of(seen.status)
        before = live.seen
        if power is Power.OFF:
            await self._close_session(live, seen)
            live.went_off()
        elif power is not Power.RISING:
            if _runs_anew(live.box.session_at, seen):
                await self._close_session(live, seen)
                live.went_off()
            if live.box.session_at is None:
                await self._open_session(live, seen)
        if live.times is None and live.box.start is not None:
            live.times = StartTimes(asked_at=live.box.start.asked_at)
        if live.times is not None:
            live.times = timeline.seen(live.times, seen, self._clock.now())
        moved = before is not None and before.external_ip not in (None, seen.external_ip)
        if moved and seen.external_ip is not None:
            live.guest_at = None
            live.told({})
            await self._registry.write(live, "new_address", {"ip": seen.external_ip})

    async def _open_session(self, live: LiveBox, seen: Observation) -> None:
        """The VM bills, by Google's own moment of its start where that belongs to this run."""
        began = seen.started_at
        if began is None or (seen.stopped_at is not None and seen.stopped_at >= began):
            began = self._clock.now()
        live.sessions = [known for known in live.sessions if known.started_at != began]
        await self._registry.change(live, lambda box: replace(box, session_at=began), must=False)
        await self._save_session(cost.Session(live.name, began, None, self._hourly(seen)))

    async def _close_session(self, live: LiveBox, seen: Observation) -> None:
        session = await self._end_session(live, seen)
        if session is None or session.ended_at is None:
            return
        spent = cost.session_cost(session, session.ended_at)
        on_s = (session.ended_at - session.started_at).total_seconds()
        if spent is None:
            await self._registry.write(live, "stopped.short")
        else:
            await self._registry.write(live, "stopped", {"on_s": on_s, "session_money": round(spent, 2)})
        if live.box.intent is Intent.OFF:
            live.times = None

    async def _end_session(self, live: LiveBox, seen: Observation) -> cost.Session | None:
        """The session that was going on, now in the book; None where none was."""
        began = live.box.session_at
        if began is None:
            return None
        ended = seen.stopped_at
        if ended is None or ended < began:
            ended = self._clock.now()
        session = cost.Session(live.name, began, ended, self._hourly(seen))
        live.sessions = [known for known in live.sessions if known.started_at != began] + [session]
        # In this order: whoever dies in between finds the session once more, and closes it again.
        await self._save_session(session)
        await self._registry.change(live, lambda box: replace(box, session_at=None), must=False)
        return session

    async def _save_session(self, session: cost.Session) -> None:
        try:
            await self._store.save_session(session)
        except StoreUnavailable:
            # The month's sum goes on in memory; the box itself matters more than its book.
            return

    def _hourly(self, seen: Observation) -> Decimal | None:
        return cost.hourly(seen.machine, self._registry.rules.rates)


def _runs_anew(began: datetime | None, seen: Observation) -> bool:
    """Whether the run that began then has ended, and another one begun, while nobody looked."""
    if began is None or seen.started_at is None or seen.stopped_at is None:
        return False
    return began < seen.stopped_at <= seen.started_at
