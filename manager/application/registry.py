"""The boxes in memory, the one way to change them, and the one way to tell about it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from manager.application import hearing, timeline
from manager.application.channel import Published
from manager.application.live import LiveBox, Rules
from manager.application.ports import Clock, Store
from manager.application.status import view
from manager.domain.box import Box
from manager.domain.errors import Conflict, StoreUnavailable, UnknownBox
from manager.domain.journal import Entry
from manager.messages import plain


class Registry:
    """All boxes. Changes are saved before they count; what a person can see is published at every change."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, new_id: Callable[[], str]) -> None:
        self.rules = rules
        self._store = store
        self._clock = clock
        # Ids of an earlier process must not look like ours, or a page would take old for new.
        self._epoch = new_id()[:8]
        self._revision = 0
        self._shown: dict[str, bytes] = {}
        self._boxes: dict[str, LiveBox] = {}

    async def load(self) -> None:
        """Bring what is stored into memory; boxes that are known already stay as they are."""
        now = self._clock.now()
        stored = {box.name: box for box in await self._store.boxes()}
        for name in self._boxes.keys() - stored.keys():
            del self._boxes[name]
        for name, box in stored.items():
            if name not in self._boxes:
                panel_at = None if box.panel_at is None else min(box.panel_at, now)
                live = LiveBox(box=box, watched_since=now, panel_at=panel_at)
                live.journal.extend(await self._store.journal(name, 8))
                live.usual = json.loads(await self._store.read_secret(timeline.key(name)) or "{}")
                live.heard = hearing.heard_from(await self._store.read_secret(hearing.key(name)))
                # One that goes on is told by the box's own `session_at`, and would be counted twice.
                kept = await self._store.sessions(name, _month_before(now))
                live.sessions = [session for session in kept if session.ended_at is not None]
                self._boxes[name] = live
                self.publish(live)

    def names(self) -> list[str]:
        """The boxes' names, the first one first."""
        return list(self._boxes)

    def all(self) -> list[LiveBox]:
        """The boxes."""
        return list(self._boxes.values())

    def get(self, name: str) -> LiveBox:
        """One box; raises UnknownBox."""
        try:
            return self._boxes[name]
        except KeyError:
            raise UnknownBox(name=name) from None

    async def change(self, live: LiveBox, how: Callable[[Box], Box], *, must: bool = True) -> None:
        """Save a change of the newest state, then let it count.

        Where the store fails nothing has changed and StoreUnavailable is raised; with `must=False` the change
        counts in memory all the same, because stopping what bills is worth more than remembering it.
        """
        async with live.saving:
            changed = replace(how(live.box), panel_at=live.panel_at)
            if changed == live.box:
                return
            try:
                live.box = await self._save(live, changed)
            except StoreUnavailable:
                if must:
                    raise
                live.box = changed
        self.publish(live)

    async def _save(self, live: LiveBox, changed: Box) -> Box:
        try:
            return await self._store.save_box(changed)
        except Conflict:
            # Somebody else wrote this box, which only a second manager can; ours is the newer word.
            stored = next((box for box in await self._store.boxes() if box.name == live.name), None)
            if stored is None:
                raise UnknownBox(name=live.name) from None
            return await self._store.save_box(replace(changed, version=stored.version))

    def due(self, live: LiveBox) -> None:
        """Let the next tick look at the box, whatever its turn."""
        live.cloud_due = live.pulse_due = None

    async def write(self, live: LiveBox, code: str, data: Mapping[str, Any] | None = None) -> None:
        """Write a line into the box's journal; a store that fails loses the line and nothing else."""
        values = {key: plain(value) for key, value in (data or {}).items()}
        entry = Entry(self._clock.now(), live.name, code, values)
        live.journal.appendleft(entry)
        try:
            await self._store.write_journal(entry)
        except StoreUnavailable:
            return

    def publish(self, live: LiveBox) -> None:
        """Encode the status and wake those who watch, if anything that they can see has changed."""
        body = json.dumps(view(live, self.rules, self._clock.now()), separators=(",", ":")).encode()
        if body == self._shown.get(live.name):
            return
        self._shown[live.name] = body
        self._revision += 1
        live.channel.publish(Published(f"{self._epoch}-{self._revision}", self._dated(body)))

    def newest(self, live: LiveBox) -> Published:
        """The status as last published, dated now, so that a page can tell the server's clock from its own."""
        published = live.channel.newest
        assert published is not None, "load() publishes every box"  # noqa: S101
        return Published(published.id, self._dated(self._shown[live.name]))

    def _dated(self, body: bytes) -> bytes:
        now = self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return b'%s,"now":"%s"}' % (body[:-1], now.encode())


def _month_before(now: datetime) -> datetime:
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
