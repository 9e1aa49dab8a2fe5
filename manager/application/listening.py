"""Listening to a running box: to its ComfyUI for people and renders, to its guest attributes for its setup."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from manager.application import hearing, timeline
from manager.application.live import LiveBox
from manager.application.ports import Clock, Cloud, ComfyUi, Door, Store
from manager.application.registry import Registry
from manager.application.watch import Watch, heard, unheard
from manager.domain.errors import CloudError, ComfyUnreachable, StoreUnavailable
from manager.domain.power import Power, power_of

# Google allows a VM about ten reads and writes of guest attributes a minute, and the box writes too. The first
# moments count most: a person is waiting for the address.
_GUEST_EVERY_AT_FIRST = timedelta(seconds=4)
_AT_FIRST = timedelta(seconds=20)
_GUEST_EVERY_SETTING_UP = timedelta(seconds=10)
_GUEST_EVERY = timedelta(seconds=60)
# Whoever asked for another ComfyUI wants to see how it comes along.
_UPDATING = timedelta(minutes=15)
# While ComfyUI is coming up, a person waits for it.
_PULSE_EVERY_SETTING_UP = timedelta(seconds=1)


class Listening:
    """Asks a box that is on how it is."""

    def __init__(self, registry: Registry, cloud: Cloud, comfyui: ComfyUi, store: Store, clock: Clock) -> None:
        self._registry = registry
        self._cloud = cloud
        self._comfyui = comfyui
        self._store = store
        self._clock = clock

    async def listen(self, live: LiveBox, *, again: bool = False) -> None:
        """Take a pulse if it is time, or `again` at once; a box that is not on has none."""
        now = self._clock.now()
        if live.seen is None or power_of(live.seen.status) is not Power.ON:
            return
        if live.watch is None:
            live.watch = Watch(since=live.box.session_at or now)
        if not again and live.pulse_due is not None and now < live.pulse_due:
            return
        await self._read_guest(live, live.watch, now)
        door = live.entrance(self._registry.rules).door
        if door is None:
            live.watch = unheard(live.watch, now)
        else:
            await self._take_pulse(live, live.watch, door)
        every = timedelta(seconds=self._registry.rules.pulse_every)
        setting_up = live.watch.ready_at is None
        live.pulse_due = now + (min(every, _PULSE_EVERY_SETTING_UP) if setting_up else every)

    async def _take_pulse(self, live: LiveBox, watch: Watch, door: Door) -> None:
        try:
            pulse = await self._comfyui.pulse(door)
        except ComfyUnreachable:
            now = self._clock.now()
            live.watch = unheard(watch, now)
            if watch.ready_at is not None and watch.unknown_since is None:
                await self._registry.write(live, "comfyui_lost")
            return
        now = self._clock.now()
        live.watch = heard(watch, pulse, now)
        if watch.ready_at is None:
            await self._ready(live, now)
        elif watch.unknown_since is not None:
            await self._registry.write(live, "comfyui_back")

    async def _ready(self, live: LiveBox, now: datetime) -> None:
        if live.times is None or live.times.ready_at is not None:
            return
        live.times = timeline.ready(live.times, now)
        live.usual = timeline.learned(live.usual, live.times, live.setup)
        await self._registry.write(live, "ready", {"took_s": (now - live.times.asked_at).total_seconds()})
        try:
            await self._store.write_secret(timeline.key(live.name), json.dumps(live.usual))
        except StoreUnavailable:
            return

    async def _read_guest(self, live: LiveBox, watch: Watch, now: datetime) -> None:
        """What the box says of itself; a failure leaves what was known, for it means nothing."""
        if live.guest_at is not None and now < live.guest_at + _guest_every(live, watch, now):
            return
        live.guest_at = now
        try:
            guest = await self._cloud.guest_attributes(live.box.place)
        except CloudError:
            return
        before = live.setup
        live.told(await self._of_this_run(live, guest, now))
        if live.setup.moving and live.setup != before:
            # A box that installs itself is at work, whether or not anybody watches.
            live.watch = replace(watch, veto_at=now)
        problem = live.setup.problem
        if problem is not None and problem != before.problem:
            await self._registry.write(live, "fault", {**problem.data, "code": problem.code})

    async def _of_this_run(self, live: LiveBox, guest: Mapping[str, str], now: datetime) -> Mapping[str, str]:
        """Nothing, until the box says another boot than the one that was heard in an earlier run."""
        boot, started_at = hearing.boot_of(guest), live.seen.started_at if live.seen is not None else None
        if live.heard is not None and live.heard.is_over(boot, started_at, now):
            return {}
        heard = hearing.Heard(boot, started_at)
        if boot and heard != live.heard:
            live.heard = heard
            try:
                await self._store.write_secret(hearing.key(live.name), heard.as_text())
            except StoreUnavailable:
                return guest
        return guest


def _guest_every(live: LiveBox, watch: Watch, now: datetime) -> timedelta:
    told = live.update_told_at
    updating = live.setup.moving or (told is not None and now < told + _UPDATING)
    if watch.ready_at is not None:
        return _GUEST_EVERY_SETTING_UP if updating else _GUEST_EVERY
    return _GUEST_EVERY_AT_FIRST if now < watch.since + _AT_FIRST else _GUEST_EVERY_SETTING_UP
