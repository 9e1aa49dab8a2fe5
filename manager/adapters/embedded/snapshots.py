"""Snapshots: a copy of a disk's folder, from which new disks begin."""

import shutil
from dataclasses import replace
from pathlib import Path

from manager.adapters.embedded import operations
from manager.adapters.embedded.call import Call, Method
from manager.adapters.embedded.cloud import Cloud, fingerprint
from manager.adapters.embedded.content import copy_content, size_of
from manager.adapters.embedded.links import link
from manager.adapters.embedded.places import region_of
from manager.adapters.embedded.scoped import Kind
from manager.adapters.embedded.store import Json, part

_TAKING = 20.0


def _show(_cloud: Cloud, body: Json, now: float) -> Json:
    ready = body["ready"] is not None and body["ready"] <= now
    return body["resource"] | {"status": "READY" if ready else "CREATING"}


SNAPSHOT = Kind("snapshot", "snapshots", _show)


def create_snapshot(cloud: Cloud, call: Call, disk: Json, content: Path) -> Json:
    """Take a snapshot of `disk` (disks.createSnapshot, or snapshots.insert with a sourceDisk)."""
    outcome = operations.plan(cloud, call, _TAKING)
    labels = part(call.body, "labels")
    resource: Json = {
        "diskSizeGb": disk["resource"]["sizeGb"],
        "sourceDisk": link(disk["path"]),
        "sourceDiskId": disk["id"],
        "storageBytes": str(size_of(content)),
        "storageBytesStatus": "UP_TO_DATE",
        "storageLocations": [region_of(call.zone)],
        "labelFingerprint": fingerprint(labels),
    }
    resource |= {field: call.body[field] for field in ("description", "labels") if call.body.get(field)}
    abroad = replace(call, path={"project": call.project})  # snapshots are global
    body = SNAPSHOT.new(cloud, abroad, call.body.get("name") or "", resource)
    body["ready"] = outcome.ends
    if outcome.error is None:
        SNAPSHOT.save(cloud, body)
        if content.exists():
            copy_content(content, _folder(cloud, body["id"]))
    return operations.record(cloud, call, outcome, "createSnapshot", disk)


def _folder(cloud: Cloud, snapshot_id: str) -> Path:
    return cloud.state_dir / "snapshots" / snapshot_id


def _delete(cloud: Cloud, call: Call) -> Json:
    body = SNAPSHOT.find(cloud, call)
    answer = SNAPSHOT.delete(cloud, call)
    if "error" not in answer:
        shutil.rmtree(_folder(cloud, body["id"]), ignore_errors=True)
    return answer


METHODS = [
    Method("snapshots.list", "GET", "{project}/global/snapshots", SNAPSHOT.list),
    Method("snapshots.get", "GET", "{project}/global/snapshots/{snapshot}", SNAPSHOT.get),
    Method("snapshots.delete", "DELETE", "{project}/global/snapshots/{snapshot}", _delete),
]
