"""From one change to all who watch: each watcher wakes once and reads the newest state, however many it missed."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """A box's status, encoded once for all who read it. `id` changes whenever something a person cares for does."""

    id: str
    body: bytes


class Channel:
    """The newest published status of one box, and a way to wait for the next one."""

    def __init__(self) -> None:
        self._newest: Published | None = None
        self._changed = asyncio.Event()
        self.watchers = 0

    @property
    def newest(self) -> Published | None:
        """The newest status, or None before the first one."""
        return self._newest

    def publish(self, published: Published) -> None:
        """Replace the status and wake everybody who waits."""
        self._newest = published
        woken, self._changed = self._changed, asyncio.Event()
        woken.set()

    async def changes(self, last_id: str | None) -> AsyncGenerator[Published]:
        """The newest status unless `last_id` names it, then each later one that is still the newest when read."""
        self.watchers += 1
        try:
            while True:
                changed = self._changed
                newest = self._newest
                if newest is not None and newest.id != last_id:
                    last_id = newest.id
                    yield newest
                else:
                    await changed.wait()
        finally:
            self.watchers -= 1
