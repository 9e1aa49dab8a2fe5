"""Persistent disks: a document each, and a folder that holds what the machine wrote.

What a disk was made from (an image, a snapshot) decides what its folder begins with. Copies are made in the
request, which is quick for the demo's small folders.
"""

import shutil
from pathlib import Path

from manager.adapters.embedded import operations
from manager.adapters.embedded.call import Call, Method
from manager.adapters.embedded.catalog import known_zone
from manager.adapters.embedded.cloud import Cloud, fingerprint, key
from manager.adapters.embedded.content import copy_content
from manager.adapters.embedded.errors import ApiError, in_use, invalid, not_found, required
from manager.adapters.embedded.links import link, name_of, part_of
from manager.adapters.embedded.listing import aggregated
from manager.adapters.embedded.places import DISK_TYPES, IMAGES, ZONES
from manager.adapters.embedded.scoped import Kind
from manager.adapters.embedded.snapshots import SNAPSHOT, create_snapshot
from manager.adapters.embedded.store import Json, part
from manager.adapters.embedded.timeline import GONE, loaded, status_at

_CREATING = 4.0


def folder(cloud: Cloud, disk_id: str) -> Path:
    """Answer the folder with a disk's content."""
    return cloud.state_dir / "disks" / disk_id


def _users(cloud: Cloud, body: Json, now: float) -> list[str]:
    return [
        link(instance["path"])
        for instance in cloud.store.all("instance", key(body["project"], body["scope"].partition("/")[2], ""))
        if status_at(loaded(instance["timeline"]), now) != GONE
        and any(name_of(held["source"]) == body["name"] for held in instance["resource"]["disks"])
    ]


def _show(cloud: Cloud, body: Json, now: float) -> Json:
    users = _users(cloud, body, now)
    return body["resource"] | {"users": users} if users else body["resource"]


DISK = Kind("disk", "disks", _show)


def create(cloud: Cloud, call: Call, name: str, asked: Json) -> Json:
    """Create and save a disk from `{sizeGb, type, sourceImage | sourceSnapshot, …}`."""
    zone = known_zone(call.project, call.zone)
    kind = name_of(asked.get("type") or "pd-standard")
    if kind not in DISK_TYPES:
        raise not_found(f"projects/{call.project}/zones/{zone}/diskTypes/{kind}")
    source, smallest, content = _source(cloud, call, asked)
    size = int(asked.get("sizeGb") or smallest or DISK_TYPES[kind][0])
    if size < max(smallest, 1):
        why = f"Requested disk size cannot be smaller than the source size ({smallest} GB)"
        raise invalid("resource.sizeGb", size, why)
    labels = part(asked, "labels")
    resource: Json = {
        "sizeGb": str(size),
        "status": "READY",
        "type": link("projects", call.project, "zones", zone, "diskTypes", kind),
        "zone": link("projects", call.project, "zones", zone),
        "physicalBlockSizeBytes": "4096",
        "labelFingerprint": fingerprint(labels),
        **source,
    }
    resource |= {field: asked[field] for field in ("description", "labels") if asked.get(field)}
    body = DISK.new(cloud, call, name, resource)
    DISK.save(cloud, body)
    if content is not None and content.exists():
        copy_content(content, folder(cloud, body["id"]))
    return body


def _source(cloud: Cloud, call: Call, asked: Json) -> tuple[Json, int, Path | None]:
    """Answer what a disk is made from: its fields, its size in GB, and the folder to copy."""
    if reference := asked.get("sourceSnapshot"):
        path = key(part_of(reference, "projects") or call.project, "global", name_of(reference))
        snapshot = cloud.store.get(SNAPSHOT.name, path)
        if snapshot is None:
            raise not_found(f"projects/{call.project}/global/snapshots/{name_of(reference)}")
        size = int(snapshot["resource"]["diskSizeGb"])
        fields: Json = {"sourceSnapshot": link(snapshot["path"]), "sourceSnapshotId": snapshot["id"]}
        return fields, size, cloud.state_dir / "snapshots" / snapshot["id"]
    if reference := asked.get("sourceImage"):
        project = part_of(reference, "projects") or call.project
        wanted = name_of(reference)
        for family, name, size in IMAGES.get(project, ()):
            if wanted in {family, name}:
                return {"sourceImage": link("projects", project, "global", "images", name)}, size, None
        raise not_found(f"projects/{project}/global/images/{wanted}")
    return {}, 0, None


def attachment(cloud: Cloud, call: Call, instance: str, asked: Json, index: int) -> Json:
    """Answer an attached disk for an instance, of a disk that exists; 400 where another writes to it."""
    name = name_of(asked["source"])
    body = DISK.find(cloud, call, name)
    mode = asked.get("mode") or "READ_WRITE"
    users = _users(cloud, body, call.now)
    if users and (mode == "READ_WRITE" or any(name_of(user) == instance for user in users)):
        raise in_use(f"disk '{body['path']}'", users[0][1:])
    return {
        "kind": "compute#attachedDisk",
        "type": "PERSISTENT",
        "mode": mode,
        "source": link(body["path"]),
        "deviceName": asked.get("deviceName") or f"persistent-disk-{index}",
        "index": index,
        "boot": bool(asked.get("boot")),
        "autoDelete": bool(asked.get("autoDelete")),
        "interface": asked.get("interface") or "SCSI",
        "diskSizeGb": body["resource"]["sizeGb"],
    }


def for_new_instance(cloud: Cloud, call: Call, instance: str, asked: list[Json]) -> list[Json]:
    """Answer the attached disks of a new instance, creating those that initializeParams describe."""
    if not any(disk.get("boot") for disk in asked):
        raise invalid("resource.disks", "", "Boot disk must be specified.")
    shown: list[Json] = []
    for index, disk in enumerate(asked):
        source = disk.get("source")
        if not source:
            parameters = part(disk, "initializeParams")
            wished: Json = {field: parameters[field] for field in parameters if field.startswith("source")}
            wished |= {"sizeGb": parameters.get("diskSizeGb") or disk.get("diskSizeGb")}
            wished |= {"type": parameters.get("diskType"), "labels": parameters.get("labels")}
            name = parameters.get("diskName") or (instance if disk.get("boot") else f"{instance}-{index}")
            source = create(cloud, call, name, wished)["path"]
        shown.append(attachment(cloud, call, instance, disk | {"source": source}, index))
    return shown


def _insert(cloud: Cloud, call: Call) -> Json:
    outcome = operations.plan(cloud, call, _CREATING)
    asked = call.body | {"sourceImage": call.query.get("sourceImage") or call.body.get("sourceImage")}
    body = create(cloud, call, call.body.get("name") or "", asked)
    if outcome.error:
        _remove(cloud, body)
    return operations.record(cloud, call, outcome, "insert", body)


def _remove(cloud: Cloud, body: Json) -> None:
    cloud.store.delete(DISK.name, key(body["project"], body["scope"], body["name"]))
    shutil.rmtree(folder(cloud, body["id"]), ignore_errors=True)


def _delete(cloud: Cloud, call: Call) -> Json:
    body = DISK.find(cloud, call)
    if users := _users(cloud, body, call.now):
        raise in_use(f"disk '{body['path']}'", users[0][1:])
    outcome = operations.plan(cloud, call, _CREATING)
    if outcome.error is None:
        _remove(cloud, body)
    return operations.record(cloud, call, outcome, "delete", body)


def _resize(cloud: Cloud, call: Call) -> Json:
    body = DISK.find(cloud, call)
    if not call.body.get("sizeGb"):
        raise required("sizeGb")
    if int(call.body["sizeGb"]) <= int(body["resource"]["sizeGb"]):
        size = body["resource"]["sizeGb"]
        why = f"Requested size must be larger than the current size ({size} GB)."
        raise ApiError(400, "invalid", f"Invalid value for field 'sizeGb': '{call.body['sizeGb']}'. {why}")
    outcome = operations.plan(cloud, call, _CREATING)
    if outcome.error is None:
        body["resource"]["sizeGb"] = str(int(call.body["sizeGb"]))
        DISK.save(cloud, body)
    return operations.record(cloud, call, outcome, "resizeDisk", body)


def _create_snapshot(cloud: Cloud, call: Call) -> Json:
    body = DISK.find(cloud, call)
    return create_snapshot(cloud, call, body, folder(cloud, body["id"]))


def _everywhere(cloud: Cloud, call: Call) -> Json:
    found = {f"zones/{zone}": DISK.all(cloud, call.project, f"zones/{zone}", call.now) for zone in ZONES}
    return aggregated(call, "compute#diskAggregatedList", "disks", found)


_BASE = "{project}/zones/{zone}/disks"
METHODS = [
    Method("disks.list", "GET", _BASE, DISK.list),
    Method("disks.insert", "POST", _BASE, _insert),
    Method("disks.get", "GET", f"{_BASE}/{{disk}}", DISK.get),
    Method("disks.delete", "DELETE", f"{_BASE}/{{disk}}", _delete),
    Method("disks.resize", "POST", f"{_BASE}/{{disk}}/resize", _resize),
    Method("disks.createSnapshot", "POST", f"{_BASE}/{{disk}}/createSnapshot", _create_snapshot),
    Method("disks.aggregatedList", "GET", "{project}/aggregated/disks", _everywhere),
]
