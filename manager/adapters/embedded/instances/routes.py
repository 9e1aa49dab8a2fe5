"""The methods of instances."""

from manager.adapters.embedded.call import Call, Method
from manager.adapters.embedded.catalog import known_zone
from manager.adapters.embedded.cloud import Cloud, key
from manager.adapters.embedded.instances import attachments, console, power, settings
from manager.adapters.embedded.instances.document import find, status
from manager.adapters.embedded.instances.insert import insert
from manager.adapters.embedded.instances.view import render
from manager.adapters.embedded.listing import aggregated, listed
from manager.adapters.embedded.places import ZONES
from manager.adapters.embedded.store import Json
from manager.adapters.embedded.timeline import GONE


def _get(cloud: Cloud, call: Call) -> Json:
    return render(find(cloud, call), call.now)


def _in_zone(cloud: Cloud, call: Call, zone: str) -> list[Json]:
    bodies = cloud.store.all("instance", key(call.project, zone, ""))
    return [render(body, call.now) for body in bodies if status(body, call.now) != GONE]


def _list(cloud: Cloud, call: Call) -> Json:
    known_zone(call.project, call.zone)
    return listed(call, "compute#instanceList", _in_zone(cloud, call, call.zone))


def _everywhere(cloud: Cloud, call: Call) -> Json:
    found = {f"zones/{zone}": _in_zone(cloud, call, zone) for zone in ZONES}
    return aggregated(call, "compute#instanceAggregatedList", "instances", found)


_BASE = "{project}/zones/{zone}/instances"
_ONE = _BASE + "/{instance}"
METHODS = [
    Method("instances.list", "GET", _BASE, _list),
    Method("instances.aggregatedList", "GET", "{project}/aggregated/instances", _everywhere),
    Method("instances.insert", "POST", _BASE, insert),
    Method("instances.get", "GET", _ONE, _get),
    Method("instances.delete", "DELETE", _ONE, power.delete),
    Method("instances.start", "POST", f"{_ONE}/start", power.start),
    Method("instances.stop", "POST", f"{_ONE}/stop", power.stop),
    Method("instances.reset", "POST", f"{_ONE}/reset", power.reset),
    Method("instances.setMetadata", "POST", f"{_ONE}/setMetadata", settings.set_metadata),
    Method("instances.setScheduling", "POST", f"{_ONE}/setScheduling", settings.set_scheduling),
    Method("instances.setMachineType", "POST", f"{_ONE}/setMachineType", settings.set_machine_type),
    Method("instances.setMachineResources", "POST", f"{_ONE}/setMachineResources", settings.set_machine_resources),
    Method("instances.setServiceAccount", "POST", f"{_ONE}/setServiceAccount", settings.set_service_account),
    Method("instances.setTags", "POST", f"{_ONE}/setTags", settings.set_tags),
    Method("instances.setLabels", "POST", f"{_ONE}/setLabels", settings.set_labels),
    Method(
        "instances.setDeletionProtection", "POST", f"{_ONE}/setDeletionProtection", settings.set_deletion_protection
    ),
    Method("instances.attachDisk", "POST", f"{_ONE}/attachDisk", attachments.attach_disk),
    Method("instances.detachDisk", "POST", f"{_ONE}/detachDisk", attachments.detach_disk),
    Method("instances.setDiskAutoDelete", "POST", f"{_ONE}/setDiskAutoDelete", attachments.set_disk_auto_delete),
    Method("instances.getSerialPortOutput", "GET", f"{_ONE}/serialPort", console.get_serial_port_output),
    Method("instances.getGuestAttributes", "GET", f"{_ONE}/getGuestAttributes", console.get_guest_attributes),
]
