"""One tick: look at each box, listen to its ComfyUI, decide, act, save, tell.

The reconciler is the only one that acts on the cloud. It holds no plan of its own: each pass decides anew
from what is stored and what is seen, so that a process killed between any two lines is followed by one that
goes on.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from manager.application.actions import Actions
from manager.application.listening import Listening
from manager.application.live import LiveBox
from manager.application.looking import Looking
from manager.application.ports import Clock, Cloud, ComfyUi, Store
from manager.application.registry import Registry
from manager.application.speaking import Speaking
from manager.domain import transitions
from manager.domain.box import Cause
from manager.domain.errors import StoreUnavailable
from manager.domain.lifecycle import next_step
from manager.domain.power import Power, power_of

log: structlog.stdlib.BoundLogger = structlog.get_logger()

# More steps than any start or stop has: the rest waits for the next tick.
_STEPS_A_PASS = 8
_SAVED_EVERY = timedelta(minutes=1)
# Between two ticks a second lies; a clock that is kept well is moved by less.
_SLIP = timedelta(seconds=10)
_NAP = timedelta(minutes=10)


class Reconciler:
    """Brings what is so and what is wanted together, box by box."""

    def __init__(
        self,
        registry: Registry,
        cloud: Cloud,
        comfyui: ComfyUi,
        store: Store,
        clock: Clock,
        new_id: Callable[[], str],
        speaking: Speaking | None = None,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._speaking = speaking
        self._looking = Looking(registry, cloud, store, clock)
        self._listening = Listening(registry, cloud, comfyui, store, clock)
        self._actions = Actions(registry, cloud, clock, new_id)
        self._ticked_at: datetime | None = None

    async def tick(self) -> None:
        """One pass over every box whose turn it is; a box that is being worked on is left alone."""
        now = self._clock.now()
        self._mind_the_clock(now)
        due = [live for live in self._registry.all() if not live.busy and _is_due(live, now)]
        speaking = self._speaking
        told = [] if speaking is None else [live for live in self._registry.all() if speaking.is_due(live)]
        await asyncio.gather(*(self.reconcile(live) for live in due), *(self._speak(live) for live in told))

    def _mind_the_clock(self, now: datetime) -> None:
        """Where this computer has slept, or its clock was set ahead, nobody could be warned.

        Where its clock was set back, no moment of before comes for a long time: all is looked at and heard anew.
        """
        last, self._ticked_at = self._ticked_at, now
        if last is None or last - _SLIP <= now <= last + _NAP:
            return
        for live in self._registry.all():
            live.watched_since = now
            if now < last:
                self._registry.due(live)
                live.watch = live.guest_at = live.vetoed_at = live.statement_due = None
                live.panel_at = None if live.panel_at is None else min(live.panel_at, now)

    async def _speak(self, live: LiveBox) -> None:
        """Tell one box's gate what it has to know; whatever happens, the others are told too."""
        assert self._speaking is not None, "only asked of who speaks"  # noqa: S101
        try:
            await self._speaking.speak(live)
        except Exception:
            log.exception("the gate could not be told", box=live.name)

    async def reconcile(self, live: LiveBox) -> None:
        """One pass over one box."""
        live.busy = True
        try:
            await self._pass(live)
        except StoreUnavailable as error:
            log.warning("store unavailable", box=live.name, **error.data)
        except Exception:
            # One box's surprise must not keep the others from being stopped.
            log.exception("pass failed", box=live.name)
        finally:
            live.busy = False
            self._registry.publish(live)

    async def _pass(self, live: LiveBox) -> None:
        seen, left = await self._looking.look(live), _STEPS_A_PASS
        while seen is not None and left:
            step = next_step(live.box, seen, live.wanted(self._registry.rules), self._clock.now())
            acted = await self._actions.take(live, step)
            seen, left = await self._looking.look(live, again=True) if acted else None, left - 1
        await self._listening.listen(live)
        await self._judge(live)
        await self._remember(live)

    async def _remember(self, live: LiveBox) -> None:
        """The last word of a person at the panel is to outlive this process, too, and not to be saved at each word."""
        last, saved = live.panel_at, live.box.panel_at
        if last is not None and (saved is None or abs(last - saved) >= _SAVED_EVERY):
            await self._registry.change(live, lambda box: box, must=False)

    async def _judge(self, live: LiveBox) -> None:
        """Stop a box that is idle, silent or past its run limit; the queue is asked once more before."""
        rules, now = self._registry.rules, self._clock.now()
        verdict = live.verdict(rules, now)
        if verdict is None or live.unreachable_since is not None:
            # Where the cloud cannot be asked to stop it, a stop would be carried out later, on what is seen now.
            return
        if rules.max_run_s is not None and live.box.session_at is not None:
            limit = live.box.session_at + timedelta(seconds=rules.max_run_s)
            if now >= limit:
                await self._stop(live, Cause.RUN_LIMIT, "run_limit_stop", {"limit_s": rules.max_run_s})
                return
        if not verdict.idle:
            return
        await self._listening.listen(live, again=True)
        now = self._clock.now()
        verdict = live.verdict(rules, now)
        if verdict is None:
            return
        if not verdict.idle:
            await self._registry.write(live, "idle_stop_dropped")
        elif verdict.silent:
            since = live.watch.unknown_since if live.watch is not None else None
            await self._stop(live, Cause.SILENT, "silent_stop", {"since_at": since})
        else:
            await self._stop(live, Cause.IDLE, "idle_stop", {"idle_s": rules.policy.idle.total_seconds()})

    async def _stop(self, live: LiveBox, cause: Cause, code: str, data: dict[str, object]) -> None:
        now = self._clock.now()
        await self._registry.change(live, lambda box: transitions.ask_off(box, now, cause), must=False)
        await self._registry.write(live, code, data)
        live.cloud_due = None


def _is_due(live: LiveBox, now: datetime) -> bool:
    """Whether it is the box's turn with the cloud or, while it runs, with its ComfyUI."""
    if live.cloud_due is None or now >= live.cloud_due:
        return True
    running = live.seen is not None and power_of(live.seen.status) is Power.ON
    return running and (live.pulse_due is None or now >= live.pulse_due)
