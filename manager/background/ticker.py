"""The one loop: a heartbeat for the reconciler, and housekeeping by the hour.

APScheduler keeps the times. A tick may overlap the one before it, because one box that waits for a slow cloud
must not keep the others waiting; the reconciler itself never works on one box twice at a time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Any

# APScheduler 3 tells no types.
from apscheduler.executors.asyncio import AsyncIOExecutor  # pyright: ignore[reportMissingTypeStubs]
from apscheduler.jobstores.memory import MemoryJobStore  # pyright: ignore[reportMissingTypeStubs]
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # pyright: ignore[reportMissingTypeStubs]

Work = Callable[[], Awaitable[object]]

_OVERLAPPING_TICKS = 64
_PATIENCE_S = 5.0


class Ticker:
    """Calls `tick` once a second and whenever it is woken, `minutely` and `hourly` by their names."""

    def __init__(self, tick: Work, minutely: Work, hourly: Work) -> None:
        self._tick = tick
        self._ticked_at = 0.0
        self._watching: asyncio.Task[None] | None = None
        self._woken: set[asyncio.Task[object]] = set()
        self._scheduler: Any = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()}, executors={"default": AsyncIOExecutor()}, timezone=UTC
        )
        job = self._scheduler.add_job(
            self._beat, "interval", seconds=1, max_instances=_OVERLAPPING_TICKS, coalesce=True, misfire_grace_time=None
        )
        self._jobs: list[tuple[Any, int]] = [(job, 1)]
        for work, seconds in ((minutely, 60), (hourly, 3600)):
            job = self._scheduler.add_job(work, "interval", seconds=seconds, coalesce=True, misfire_grace_time=None)
            self._jobs.append((job, seconds))

    @property
    def running(self) -> bool:
        """Whether the loop is going."""
        return self._scheduler.running

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._scheduler.start()
        self._watching = asyncio.ensure_future(self._watch())
        self.wake()

    def wake(self) -> None:
        """Tick now and not at the next second: somebody has asked for something."""
        if not self.running:
            return
        task = asyncio.ensure_future(self._tick())
        self._woken.add(task)
        task.add_done_callback(self._woken.discard)

    def stop(self) -> None:
        """No more ticks. What a tick has begun is left to the next process, which is made for that."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        for task in (*self._woken, *([] if self._watching is None else [self._watching])):
            task.cancel()

    async def _beat(self) -> None:
        self._ticked_at = time.monotonic()
        await self._tick()

    async def _watch(self) -> None:
        """APScheduler goes by the computer's clock: where that is set back, all its times lie far ahead."""
        while True:
            await asyncio.sleep(_PATIENCE_S)
            if time.monotonic() - self._ticked_at > _PATIENCE_S:
                for job, seconds in self._jobs:
                    job.reschedule("interval", seconds=seconds)
