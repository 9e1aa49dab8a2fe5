"""The keeper makes machines agree with statuses: one `tick`, which may come late and may come twice."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from manager.adapters.embedded import disks
from manager.adapters.embedded.cloud import Cloud, key
from manager.adapters.embedded.housekeeping import settle
from manager.adapters.embedded.instances.console import write_guest_attribute
from manager.adapters.embedded.links import name_of
from manager.adapters.embedded.machines.machine import Birth, Machine, MachineFactory
from manager.adapters.embedded.machines.serial import SerialPort
from manager.adapters.embedded.store import Json, parts
from manager.adapters.embedded.timeline import loaded, past, reached, status_at

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
            status = status_at(loaded(body["timeline"]), now)
            if status == "RUNNING":
                await self._running(instance_id, body, now)
            elif status == "STOPPING":
                self._stopping(instance_id)
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
        on = reached(past(loaded(body["timeline"]), now), "RUNNING")
        boot = f"{on}/{body['resets']}"
        kept = self._machines.get(instance_id)
        if kept is not None and kept.boot != boot:
            await self._halted(instance_id)
            kept = None
        condition = body["guest"]["condition"] if body["guest"]["since"] <= now else "ok"
        if kept is None:
            self._begin_serial(instance_id, boot)
            kept = self._machines[instance_id] = _Kept(boot, self.make(self._birth(body)))
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

    def _stopping(self, instance_id: str) -> None:
        kept = self._machines.get(instance_id)
        if kept is not None and kept.halting is None:
            kept.halting = asyncio.create_task(kept.machine.halt(_GRACE_SECONDS))

    async def _halted(self, instance_id: str) -> None:
        kept = self._machines.pop(instance_id, None)
        if kept is None:
            return
        if kept.halting is not None:
            kept.halting.cancel()
            await asyncio.gather(kept.halting, return_exceptions=True)
        await kept.machine.halt(0.5)

    def _birth(self, body: Json) -> Birth:
        def write(namespace: str, name: str, value: str) -> None:
            current = self.cloud.store.get("instance", key(body["project"], body["zone"], body["name"]))
            if current is not None and current["id"] == body["id"]:
                write_guest_attribute(self.cloud, current, namespace, name, value)

        items = parts(body["resource"]["metadata"], "items")
        return Birth(
            name=body["name"],
            instance_id=body["id"],
            address=_external_address(body),
            disk=self._data_disk(body),
            state_dir=self.cloud.state_dir,
            metadata={item["key"]: item["value"] for item in items},
            write_attribute=write,
        )

    def _data_disk(self, body: Json) -> Path:
        """Answer the folder of the first disk that is not the boot disk, else of the boot disk."""
        attached = sorted(body["resource"]["disks"], key=lambda disk: disk["boot"])
        name = name_of(attached[0]["source"])
        disk = self.cloud.store.get("disk", key(body["project"], f"zones/{body['zone']}", name))
        return disks.folder(self.cloud, body["id"] if disk is None else disk["id"])


def _external_address(body: Json) -> str | None:
    for nic in body["resource"]["networkInterfaces"]:
        for config in parts(nic, "accessConfigs"):
            return config.get("natIP") or body["address"]
    return None
