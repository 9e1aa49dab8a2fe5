"""Attaching and detaching disks."""

from manager.adapters.embedded import disks, operations
from manager.adapters.embedded.call import Call
from manager.adapters.embedded.cloud import Cloud
from manager.adapters.embedded.errors import ApiError, invalid, required
from manager.adapters.embedded.instances.document import find, save, status
from manager.adapters.embedded.store import Json
from manager.adapters.embedded.timeline import BRIEF


def attach_disk(cloud: Cloud, call: Call) -> Json:
    """instances.attachDisk; 400 where the disk is attached elsewhere for writing."""
    body = find(cloud, call)
    if not call.body.get("source"):
        raise required("resource.source")
    attached = disks.attachment(cloud, call, body["name"], call.body, len(body["resource"]["disks"]))
    outcome = operations.plan(cloud, call, BRIEF)
    if outcome.error is None:
        body["resource"]["disks"].append(attached)
        save(cloud, body)
    return operations.record(cloud, call, outcome, "attachDisk", body)


def detach_disk(cloud: Cloud, call: Call) -> Json:
    """instances.detachDisk by device name; the boot disk only while the instance is stopped."""
    body = find(cloud, call)
    device = call.query.get("deviceName") or ""
    attached = next((disk for disk in body["resource"]["disks"] if disk["deviceName"] == device), None)
    if attached is None:
        raise invalid("deviceName", device, "No attached disk found with device name.")
    if attached["boot"] and status(body, call.now) != "TERMINATED":
        raise ApiError(400, "badRequest", "Cannot detach a boot disk from a running instance.")
    outcome = operations.plan(cloud, call, BRIEF)
    if outcome.error is None:
        body["resource"]["disks"].remove(attached)
        save(cloud, body)
    return operations.record(cloud, call, outcome, "detachDisk", body)


def set_disk_auto_delete(cloud: Cloud, call: Call) -> Json:
    """instances.setDiskAutoDelete by device name."""
    body = find(cloud, call)
    device = call.query.get("deviceName") or ""
    attached = next((disk for disk in body["resource"]["disks"] if disk["deviceName"] == device), None)
    if attached is None:
        raise invalid("deviceName", device, "No attached disk found with device name.")
    outcome = operations.plan(cloud, call, BRIEF)
    if outcome.error is None:
        attached["autoDelete"] = call.query.get("autoDelete", "false").lower() == "true"
        save(cloud, body)
    return operations.record(cloud, call, outcome, "setDiskAutoDelete", body)
