"""What people and programs ask of a box. Everything here records an intent and answers at once.

The reconciler acts; `wake` is how it hears that there is something to do.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from manager.application import status
from manager.application.channel import Published
from manager.application.live import LiveBox, StartTimes
from manager.application.ports import Clock, Cloud
from manager.application.registry import Registry
from manager.domain import transitions
from manager.domain.box import Box, Cause, Intent, Place
from manager.domain.errors import InvalidInput

# Signs that follow each other faster than this tell nothing new.
_NOTICEABLE = timedelta(seconds=1)
# The longest that one hold may keep a box on; a longer one is a forgotten one.
_LONGEST_HOLD = timedelta(days=7)


class Boxes:
    """The service behind the panel, the API and the command line."""

    def __init__(self, registry: Registry, cloud: Cloud, clock: Clock, wake: Callable[[], None]) -> None:
        self._registry = registry
        self._cloud = cloud
        self._clock = clock
        self._wake = wake

    def names(self) -> list[str]:
        """The boxes' names, the first one first."""
        return self._registry.names()

    def status(self, name: str) -> Published:
        """The status, from memory; raises UnknownBox."""
        return self._registry.newest(self._registry.get(name))

    async def start(self, name: str) -> Published:
        """Want the box on. Asking again is harmless; during a stop it is remembered."""
        live, now = self._registry.get(name), self._clock.now()
        live.panel_at = now
        before = live.box
        await self._registry.change(live, lambda box: transitions.ask_on(box, now, Cause.PERSON))
        if before.intent is Intent.OFF and live.box.intent is Intent.ON:
            live.times = StartTimes(asked_at=now)
            await self._registry.write(live, "start_asked")
        return self._woken(live)

    async def stop(self, name: str) -> Published:
        """Want the box off. Asking again is harmless; a start under way is called off."""
        live, now = self._registry.get(name), self._clock.now()
        before = live.box
        await self._registry.change(live, lambda box: transitions.ask_off(box, now, Cause.PERSON))
        if before.intent is Intent.ON and live.box.intent is Intent.OFF:
            await self._registry.write(live, "start_cancelled" if before.start is not None else "stop_asked")
        return self._woken(live)

    def keep_alive(self, name: str, active: bool) -> tuple[datetime | None, datetime | None]:
        """A word from an open panel: `active` says that a person is at work there. Last activity, and stops at."""
        live, now = self._registry.get(name), self._clock.now()
        if active and (live.panel_at is None or now >= live.panel_at + _NOTICEABLE):
            live.panel_at = now
            if live.ending(now) is not None:
                # The box is about to go off by itself: it has to hear of this person at once.
                live.statement_due = None
                self._wake()
            self._registry.publish(live)
        verdict = live.verdict(self._registry.rules, now)
        return status.last_activity(verdict), status.stops_at(live, verdict, now)

    async def hold(self, name: str, until: datetime | None) -> Published:
        """Keep the box on until then, or no longer; raises InvalidInput for a moment that cannot be."""
        live, now = self._registry.get(name), self._clock.now()
        if until is not None and not now < until <= now + _LONGEST_HOLD:
            raise InvalidInput(field="until", problem="a hold ends in the future, and within 7 days")
        live.panel_at = now
        await self._registry.change(live, lambda box: replace(box, hold_until=until))
        await self._registry.write(live, "hold_ended" if until is None else "hold", {"hold_until": until})
        return self._woken(live)

    async def update(self, name: str, comfyui_ref: str | None) -> Published:
        """Want this version of ComfyUI on the box, from now on; None is what the settings say.

        A box that is on is told at once and updates by itself, one that is off at its next start.
        """
        live = self._registry.get(name)
        live.panel_at = self._clock.now()
        await self._registry.change(live, lambda box: replace(box, comfyui_ref=comfyui_ref))
        code = "update_asked.setting" if comfyui_ref is None else "update_asked"
        await self._registry.write(live, code, {"ref": comfyui_ref})
        return self._woken(live)

    def activity(self, name: str) -> dict[str, Any]:
        """Every signal that keeps the box on, its age, and the verdict in words."""
        return status.activity(self._registry.get(name), self._registry.rules, self._clock.now())

    async def logs(self, name: str, start: int) -> dict[str, Any]:
        """Serial output from an offset on, and what the box says of its own setup; raises CloudError."""
        live = self._registry.get(name)
        serial = await self._cloud.serial_output(live.box.place, start)
        return {
            "serial": {"text": serial.text, "start": serial.start, "next": serial.next},
            "setup": {"boot": live.guest.get("boot", ""), "log": live.setup.log} if live.guest else {},
        }

    def changes(self, name: str, last_id: str | None) -> AsyncGenerator[Published]:
        """The status now, unless `last_id` names it, then at each change, for ever; raises UnknownBox."""
        return self._registry.get(name).channel.changes(last_id)

    def frame_source(self, name: str, page: str | None = None) -> str | None:
        """Origins of the box's ComfyUI, the only ones that the panel may frame, with blanks between them."""
        return " ".join(self._registry.get(name).entrance(self._registry.rules, page).origins) or None

    def relay(self, name: str, page: str | None = None) -> str | None:
        """Where a browser finds this box's relay; `page` is scheme and host of the panel's page as it has it."""
        return self._registry.rules.relay(self._registry.get(name).name, page)

    def _woken(self, live: LiveBox) -> Published:
        self._registry.due(live)
        self._registry.publish(live)
        self._wake()
        return self._registry.newest(live)


def new_box(name: str, place: Place, now: datetime) -> Box:
    """A box that nobody has looked at yet: wanted off, until what is seen says otherwise."""
    return Box(name=name, place=place, intent=Intent.OFF, cause=Cause.UNKNOWN, since=now)
