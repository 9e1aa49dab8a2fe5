"""The one loop: a heartbeat for the reconciler, and housekeeping by the hour.

APScheduler keeps the times. A tick may overlap the one before it, because one box that waits for a slow cloud
must not keep the others waiting; the reconciler itself never works on one box twice at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Any

# APScheduler 3 tells no types.
from apscheduler.executors.asyncio import AsyncIOExecutor  # pyright: ignore[reportMissingTypeStubs]
from apscheduler.jobstores.memory import MemoryJobStore  # pyright: ignore[reportMissingTypeStubs]
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # pyright: ignore[reportMissingTypeStubs]

Work = Callable[[], Awaitable[object]]

_OVERLAPPING_TICKS = 64


class Ticker:
    """Calls `tick` once a second and whenever it is woken, `minutely` and `hourly` by their names."""

    def __init__(self, tick: Work, minutely: Work, hourly: Work) -> None:
        self._tick = tick
        self._woken: set[asyncio.Task[object]] = set()
        self._scheduler: Any = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()}, executors={"default": AsyncIOExecutor()}, timezone=UTC
        )
        self._scheduler.add_job(
            tick, "interval", seconds=1, max_instances=_OVERLAPPING_TICKS, coalesce=True, misfire_grace_time=None
        )
        for work, seconds in ((minutely, 60), (hourly, 3600)):
            self._scheduler.add_job(work, "interval", seconds=seconds, coalesce=True, misfire_grace_time=None)

    @property
    def running(self) -> bool:
        """Whether the loop is going."""
        return self._scheduler.running

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._scheduler.start()
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
        for task in self._woken:
            task.cancel()
