"""The keeper makes machines agree with statuses: one `tick`, which may come late and may come twice."""

import asyncio
from dataclasses import dataclass, field

from manager.adapters.embedded.cloud import Cloud
from manager.adapters.embedded.housekeeping import settle
from manager.adapters.embedded.instances import power
from manager.adapters.embedded.instances.document import save, status
from manager.adapters.embedded.machines.births import birth_of
from manager.adapters.embedded.machines.machine import Machine, MachineFactory
from manager.adapters.embedded.machines.serial import SerialPort
from manager.adapters.embedded.store import Json
from manager.adapters.embedded.timeline import loaded, next_turn, past, reached

_GRACE_SECONDS = 5.0


@dataclass(slots=True)
class _Kept:
    boot: str
    machine: Machine
    halting: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Keeper:
    """Looks after the machines of one cloud."""

    cloud: Cloud
    make: MachineFactory
    _machines: dict[str, _Kept] = field(default_factory=dict[str, _Kept])

    async def tick(self) -> None:
        """Boot what runs and has no machine, halt what has one and does not run."""
        now = self.cloud.now()
        settle(self.cloud, now)
        instances = {body["id"]: body for body in self.cloud.store.all("instance")}
        for instance_id in [known for known in self._machines if known not in instances]:
            await self._halted(instance_id)
        for instance_id, body in instances.items():
            turned = status(body, now)
            if turned == "RUNNING":
                await self._running(instance_id, body, now)
            elif turned == "STOPPING":
                self._stopping(instance_id, next_turn(loaded(body["timeline"]), now), now)
            else:
                await self._halted(instance_id)

    async def close(self) -> None:
        """Halt all machines."""
        await asyncio.gather(*(self._halted(instance_id) for instance_id in list(self._machines)))

    def machine(self, instance_id: str) -> Machine | None:
        """Answer the machine of an instance, if it has one."""
        kept = self._machines.get(instance_id)
        return None if kept is None else kept.machine

    async def _running(self, instance_id: str, body: Json, now: float) -> None:
        boot = _boot_of(body, now)
        kept = self._machines.get(instance_id)
        if kept is not None and kept.boot != boot:
            await self._halted(instance_id)
            kept = None
        condition = body["guest"]["condition"] if body["guest"]["since"] <= now else "ok"
        if kept is None:
            self._begin_serial(instance_id, boot)
            birth = birth_of(self.cloud, body, lambda: self._powered_off(instance_id, boot))
            kept = self._machines[instance_id] = _Kept(boot, self.make(birth))
            kept.machine.suffer(condition)
            await kept.machine.boot()
        kept.machine.suffer(condition)

    def _begin_serial(self, instance_id: str, boot: str) -> None:
        """A new run begins with an empty serial port; the same one after a restart of the cloud goes on."""
        with self.cloud.store.transaction():
            known = self.cloud.store.get("machine", instance_id)
            if known is None or known["boot"] != boot:
                SerialPort(self.cloud.state_dir, instance_id).clear()
                self.cloud.store.put("machine", instance_id, {"boot": boot})

    def _stopping(self, instance_id: str, until: float | None, now: float) -> None:
        """The guest has until the instance is TERMINATED, and a few seconds at least, to end by itself."""
        kept = self._machines.get(instance_id)
        if kept is not None and kept.halting is None:
            grace = max(_GRACE_SECONDS, (now if until is None else until) - now)
            kept.halting = asyncio.create_task(kept.machine.halt(grace))

    async def _halted(self, instance_id: str) -> None:
        kept = self._machines.pop(instance_id, None)
        if kept is None:
            return
        if kept.halting is not None:
            kept.halting.cancel()
            await asyncio.gather(kept.halting, return_exceptions=True)
        await kept.machine.halt(0.5)

    def _powered_off(self, instance_id: str, boot: str) -> None:
        """The guest switched itself off; nothing of it where the cloud has stopped or restarted it meanwhile."""
        now = self.cloud.now()
        with self.cloud.store.transaction():
            body = next((body for body in self.cloud.store.all("instance") if body["id"] == instance_id), None)
            if body is not None and status(body, now) == "RUNNING" and _boot_of(body, now) == boot:
                power.power_off(self.cloud, body, now, now)
                save(self.cloud, body)


def _boot_of(body: Json, now: float) -> str:
    """Answer what names a boot: when it entered RUNNING, and how often it was reset since."""
    return f"{reached(past(loaded(body['timeline']), now), 'RUNNING')}/{body['resets']}"
