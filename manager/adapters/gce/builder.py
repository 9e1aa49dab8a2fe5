"""Google's Compute Engine as the port `BoxBuilder`: boxes are made and deleted here, and nowhere else."""

from collections.abc import Sequence

from manager.adapters.gce import blueprint
from manager.adapters.gce.api import Json
from manager.adapters.gce.calls import Calls, Deadline
from manager.adapters.gce.observing import last_part
from manager.application.ports import BoxSpec
from manager.domain.box import Place
from manager.domain.errors import CloudError, CloudUnreachable, NoSuchResource, NotReadyYet

# What the program asks of a VM. Rights on other things (operations, disks) cannot be asked for here.
_PERMISSIONS = tuple(
    f"compute.instances.{verb}"
    for verb in ("get", "getGuestAttributes", "getSerialPortOutput", "setMetadata", "setScheduling", "start", "stop")
)


class GceBuilder:
    """Makes and deletes boxes through the same calls as a `GceCloud`: `GceBuilder(cloud.calls)`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def create_box(self, place: Place, spec: BoxSpec) -> None:
        """Make the data disk where it is missing, then the VM; up to 5 minutes.

        Raises Conflict where the VM is there already. Where the VM could not be made, e.g. for want of capacity, a
        data disk that was made for it is removed again: it is empty, and it would bill.
        """
        deadline = await self._calls.within(self._calls.limits.build)
        made = await self._ensure_disk(place, spec, deadline)
        try:
            await self._change("instances.insert", place, deadline, instanceResource=blueprint.instance(place, spec))
        except (CloudUnreachable, NotReadyYet):
            # The VM may be coming into being: its disk has to stay.
            raise
        except CloudError:
            if made:
                await self._change("disks.delete", place, deadline, disk=spec.data_disk)
            raise
        if not spec.running:
            await self._change("instances.stop", place, deadline, instance=place.instance)

    async def delete_box(self, place: Place, delete_data_disk: bool = False) -> Sequence[str]:
        """Delete the VM with its boot disk, up to 5 minutes; answers the names of the data disks that stay."""
        deadline = await self._calls.within(self._calls.limits.build)
        request = _zonal(place) | {"instance": place.instance}
        instance = await self._calls.read("instances.get", request, place, deadline)
        disks: list[Json] = [disk for disk in instance.get("disks", []) if "source" in disk and not disk.get("boot")]
        for disk in disks:
            if disk.get("autoDelete"):
                await self._change(
                    "instances.setDiskAutoDelete",
                    place,
                    deadline,
                    instance=place.instance,
                    deviceName=disk["deviceName"],
                    autoDelete=False,
                )
        if instance.get("deletionProtection"):
            await self._change(
                "instances.setDeletionProtection",
                place,
                deadline,
                resource=place.instance,
                deletionProtection=False,
            )
        await self._change("instances.delete", place, deadline, instance=place.instance)
        names = [last_part(disk["source"]) for disk in disks]
        if not delete_data_disk:
            return names
        for name in names:
            await self._change("disks.delete", place, deadline, disk=name)
        return []

    async def zones_with(self, project: str, gpu: str) -> Sequence[str]:
        """The zones that offer a GPU type, sorted."""
        deadline = await self._calls.within(self._calls.limits.read)
        request: Json = {"project": project, "filter": f'name = "{gpu}"'}
        zones: set[str] = set()
        while True:
            page = await self._calls.read("acceleratorTypes.aggregatedList", request, None, deadline)
            scopes: dict[str, Json] = page.get("items", {})
            zones |= {
                last_part(scope)
                for scope, listed in scopes.items()
                if any(each.get("name") == gpu for each in listed.get("acceleratorTypes", []))
            }
            if not (token := page.get("nextPageToken")):
                return sorted(zones)
            request["pageToken"] = token

    async def missing_permissions(self, place: Place) -> Sequence[str]:
        """What of the program's rights on the VM the caller lacks."""
        deadline = await self._calls.within(self._calls.limits.read)
        request = _zonal(place) | {
            "resource": place.instance,
            "testPermissionsRequestResource": {"permissions": list(_PERMISSIONS)},
        }
        answer = await self._calls.read("instances.testIamPermissions", request, place, deadline)
        return [each for each in _PERMISSIONS if each not in answer.get("permissions", [])]

    async def _ensure_disk(self, place: Place, spec: BoxSpec, deadline: Deadline) -> bool:
        """Whether the data disk had to be made."""
        try:
            await self._calls.read("disks.get", _zonal(place) | {"disk": spec.data_disk}, place, deadline)
        except NoSuchResource as error:
            if error.data["kind"] in ("project", "zone"):
                raise
        else:
            return False
        await self._change("disks.insert", place, deadline, diskResource=blueprint.data_disk(place, spec))
        return True

    async def _change(self, method: str, place: Place, deadline: Deadline, **request: object) -> None:
        operation = await self._calls.write(method, _zonal(place) | request, place, deadline)
        await self._calls.see_through(operation, place, deadline)


def _zonal(place: Place) -> Json:
    return {"project": place.project, "zone": place.zone}
