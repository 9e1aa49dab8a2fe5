"""Carrying out the one next step of a box, so that being killed at any line leaves nothing to guess."""

from collections.abc import Callable
from datetime import timedelta

import structlog

from manager.application.causes import cause_of
from manager.application.live import LiveBox
from manager.application.ports import Clock, Cloud
from manager.application.registry import Registry
from manager.domain import metadata, transitions
from manager.domain.box import COMFYUI_REF, Box, Call, Intent, Operation, Wanted
from manager.domain.errors import CloudError, CloudUnreachable
from manager.domain.lifecycle import (
    Adopt,
    Follow,
    Rest,
    Send,
    SetScheduling,
    Step,
    TellVersion,
    Wait,
    WriteMetadata,
)

log: structlog.stdlib.BoundLogger = structlog.get_logger()

# How far back an operation may lie that explains what was found.
_LOOK_BACK = timedelta(minutes=30)


class Actions:
    """Takes steps. Each method answers whether it is worth looking again at once."""

    def __init__(self, registry: Registry, cloud: Cloud, clock: Clock, new_id: Callable[[], str]) -> None:
        self._registry = registry
        self._cloud = cloud
        self._clock = clock
        self._new_id = new_id

    async def take(self, live: LiveBox, step: Step) -> bool:
        """Carry out one step; True if the cloud may already look different."""
        match step:
            case Rest() | Wait():
                return False
            case Adopt(intent):
                return await self._adopt(live, intent)
            case TellVersion():
                return await self._tell_version(live)
            case WriteMetadata() | SetScheduling():
                return await self._prepare(live, step)
            case Send(intent, anew):
                return await self._send(live, intent, anew=anew)
            case Follow(intent):
                return await self._follow(live, intent)
            case _:
                return await self._finish(live, step.intent)

    async def _adopt(self, live: LiveBox, intent: Intent) -> bool:
        now = self._clock.now()
        try:
            operations = await self._cloud.recent_operations(live.box.place, now - _LOOK_BACK)
        except CloudError:
            operations = ()
        cause, by = cause_of(intent, operations)
        await self._registry.change(live, lambda box: transitions.adopt(box, intent, now, cause), must=False)
        code = f"adopted_{intent}.{cause}"
        await self._registry.write(live, code, {"by": f" by {by}" if by else ""})
        if intent is Intent.ON:
            await self._equip(live)
        return False

    async def _equip(self, live: LiveBox) -> None:
        """A box that somebody else started lacks what our own start gives it; what can still be given, is."""
        wanted = live.wanted(self._registry.rules)
        due = _metadata_due(live, wanted)
        if due:
            try:
                await self._cloud.write_metadata(live.box.place, due)
            except CloudError as error:
                log.warning("metadata cannot be written", box=live.name, code=error.code)
        await self._verify_backstop(live)

    async def _tell_version(self, live: LiveBox) -> bool:
        """Write just this key: everything else is for the next start."""
        values = {COMFYUI_REF: str(live.box.comfyui_ref)}
        try:
            await self._cloud.write_metadata(live.box.place, values)
        except CloudError as error:
            # Not the box's trouble: it goes on with the version it has, and is told at the next look.
            live.notices[COMFYUI_REF] = error.fault
            return False
        live.notices.pop(COMFYUI_REF, None)
        live.update_told_at = self._clock.now()
        return True

    async def _prepare(self, live: LiveBox, step: WriteMetadata | SetScheduling) -> bool:
        place, wanted = live.box.place, live.wanted(self._registry.rules)
        try:
            if isinstance(step, WriteMetadata):
                await self._cloud.write_metadata(place, _metadata_due(live, wanted))
            else:
                await self._cloud.set_scheduling(place, wanted.scheduling)
        except CloudError as error:
            await self._refused(live, Intent.ON, None, error)
            return False
        return True

    async def _send(self, live: LiveBox, intent: Intent, *, anew: bool) -> bool:
        now = self._clock.now()
        if anew:
            request_id = self._new_id()
            known_start = live.seen.started_at if live.seen is not None else None
            # A start must be remembered before it is made; a stop is made even where it cannot be remembered.
            await self._registry.change(
                live,
                lambda box: transitions.sending(box, intent, request_id, known_start, now),
                must=intent is Intent.ON,
            )
        call = call_of(live.box, intent)
        if call is None or call.request_id is None or live.box.intent is not intent:
            return True
        send = self._cloud.start if intent is Intent.ON else self._cloud.stop
        try:
            operation = await send(live.box.place, call.request_id)
        except CloudError as error:
            await self._refused(live, intent, call.request_id, error)
            return False
        await self._answered(live, intent, call.request_id, operation)
        return operation.done

    async def _follow(self, live: LiveBox, intent: Intent) -> bool:
        call = call_of(live.box, intent)
        if call is None or call.request_id is None:
            return False
        place, now = live.box.place, self._clock.now()
        try:
            if call.operation is not None:
                operation = await self._cloud.operation(place, call.operation)
            else:
                operation = await self._cloud.find_operation(place, call.request_id)
        except CloudError as error:
            log.info("operation cannot be read", box=live.name, code=error.code)
            return False
        if operation is None:
            await self._change(live, intent, call.request_id, lambda box: transitions.unanswered(box, intent, now))
            return False
        await self._answered(live, intent, call.request_id, operation)
        return operation.done

    async def _answered(self, live: LiveBox, intent: Intent, request_id: str, operation: Operation) -> None:
        now = self._clock.now()
        if operation.done and operation.fault is not None:
            await self._registry.write(live, "fault", {"code": operation.fault.code} | dict(operation.fault.data))
        await self._change(live, intent, request_id, lambda box: transitions.answered(box, intent, operation, now))

    async def _refused(self, live: LiveBox, intent: Intent, request_id: str | None, error: CloudError) -> None:
        now = self._clock.now()
        if live.box.fault is None or live.box.fault.code != error.code:
            await self._registry.write(live, "fault", {"code": error.code} | error.data)
        # Without an answer the call may have been carried out: it keeps its id, and is asked for again by it.
        how = transitions.unsure if isinstance(error, CloudUnreachable) and request_id else transitions.failed
        await self._change(live, intent, request_id, lambda box: how(box, intent, error.fault, now))

    async def _change(self, live: LiveBox, intent: Intent, request_id: str | None, how: Callable[[Box], Box]) -> None:
        """Apply what became of a call, unless meanwhile another call took its place."""

        def guarded(box: Box) -> Box:
            call = call_of(box, intent)
            if call is None or (request_id is not None and call.request_id != request_id):
                return box
            return how(box)

        await self._registry.change(live, guarded, must=False)

    async def _finish(self, live: LiveBox, intent: Intent) -> bool:
        ours = live.box.start is not None and live.box.start.request_id is not None
        await self._registry.change(live, transitions.finished, must=False)
        if intent is Intent.ON and ours:
            asked = live.times.asked_at if live.times is not None else live.box.since
            await self._registry.write(live, "started", {"took_s": (self._clock.now() - asked).total_seconds()})
            await self._verify_backstop(live)
        return False

    async def _verify_backstop(self, live: LiveBox) -> None:
        """Google's own run limit must show after a start; where it does not, the panel stops the box itself."""
        limit = live.wanted(self._registry.rules).scheduling.max_run
        if limit is None or live.seen is None or live.seen.run_limit_at is not None:
            return
        await self._registry.write(
            live, "backstop_missing", {"limit_at": (live.box.session_at or self._clock.now()) + limit}
        )


def call_of(box: Box, intent: Intent) -> Call | None:
    """The box's start or stop that is on its way."""
    return box.start if intent is Intent.ON else box.stop


def _metadata_due(live: LiveBox, wanted: Wanted) -> dict[str, str]:
    return {} if live.seen is None else metadata.due(live.seen.metadata, wanted.metadata)
