"""What Google refuses in an instance: unknown types, impossible scheduling, oversized metadata."""

import re

from manager.adapters.embedded import catalog
from manager.adapters.embedded.call import Call
from manager.adapters.embedded.cloud import fingerprint
from manager.adapters.embedded.errors import ApiError, invalid, not_found, required
from manager.adapters.embedded.links import link, name_of
from manager.adapters.embedded.store import Json, part, parts

NAME = re.compile(r"(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)")
_METADATA_KEY = re.compile(r"[a-zA-Z0-9-_]{1,128}")
_VALUE_BYTES = 256 * 1024
_TOTAL_BYTES = 512 * 1024
_SHORTEST_RUN, _LONGEST_RUN = 30, 120 * 24 * 3600
_SCHEDULING = (
    "automaticRestart",
    "onHostMaintenance",
    "preemptible",
    "provisioningModel",
    "instanceTerminationAction",
    "maxRunDuration",
    "terminationTime",
    "hostErrorTimeoutSeconds",
    "localSsdRecoveryTimeout",
    "minNodeCpus",
    "nodeAffinities",
    "onInstanceStopAction",
)


def checked_machine_type(call: Call, reference: str) -> str:
    """Answer the machine type's name; 404 where the zone has none of that name."""
    if not reference:
        raise required("resource.machineType")
    name = name_of(reference)
    if not catalog.has_machine_type(call.zone, name):
        raise not_found(f"projects/{call.project}/zones/{call.zone}/machineTypes/{name}")
    return name


def checked_accelerators(call: Call, asked: list[Json]) -> list[Json]:
    """Answer guestAccelerators with stored links; 404 where the zone has no such GPU."""
    shown: list[Json] = []
    for gpu in asked:
        name = name_of(gpu.get("acceleratorType") or "")
        if not catalog.has_accelerator(call.zone, name):
            raise not_found(f"projects/{call.project}/zones/{call.zone}/acceleratorTypes/{name}")
        address = link("projects", call.project, "zones", call.zone, "acceleratorTypes", name)
        shown.append({"acceleratorType": address, "acceleratorCount": int(gpu.get("acceleratorCount") or 1)})
    return shown


def checked_scheduling(asked: Json, *, has_gpu: bool) -> Json:
    """Answer the scheduling with Google's defaults; 400 for what contradicts itself."""
    spot = asked.get("provisioningModel") == "SPOT" or bool(asked.get("preemptible"))
    shown: Json = {
        "automaticRestart": not spot,
        "onHostMaintenance": "TERMINATE" if spot else "MIGRATE",
        "preemptible": spot,
        "provisioningModel": "SPOT" if spot else "STANDARD",
    }
    shown |= {name: asked[name] for name in _SCHEDULING if name in asked}
    if has_gpu and shown["onHostMaintenance"] != "TERMINATE":
        raise ApiError(400, "badRequest", "Instances with guest accelerators do not support live migration.")
    if spot and shown["automaticRestart"]:
        raise invalid("resource.scheduling.automaticRestart", "true", "Spot instances cannot restart by themselves.")
    if "maxRunDuration" in shown:
        _check_run_limit(shown)
    return shown


def _check_run_limit(scheduling: Json) -> None:
    limit = part(scheduling, "maxRunDuration")
    try:
        seconds = int(limit.get("seconds") or 0)
    except (TypeError, ValueError):
        seconds = 0
    if not _SHORTEST_RUN <= seconds <= _LONGEST_RUN:
        why = f"The value must be between {_SHORTEST_RUN} seconds and {_LONGEST_RUN} seconds."
        raise invalid("scheduling.maxRunDuration", seconds, why)
    if scheduling.get("instanceTerminationAction") not in {"STOP", "DELETE"}:
        raise invalid(
            "scheduling.instanceTerminationAction",
            scheduling.get("instanceTerminationAction", ""),
            "It must be set where maxRunDuration is.",
        )
    # Durations are a string of seconds and nanos, as int64 is written in JSON.
    scheduling["maxRunDuration"] = {"seconds": str(seconds)} | ({"nanos": limit["nanos"]} if limit.get("nanos") else {})


def checked_metadata(asked: Json) -> Json:
    """Answer metadata with its fingerprint; 400 for a key, a value or a whole that is not allowed."""
    items: list[Json] = [{"key": item.get("key"), "value": item.get("value", "")} for item in parts(asked, "items")]
    seen: set[str] = set()
    for item in items:
        name, value = str(item["key"]), str(item["value"])
        if not _METADATA_KEY.fullmatch(name):
            raise invalid("metadata.items.key", name, f"Must be a match of regex '{_METADATA_KEY.pattern}'")
        if name in seen:
            raise ApiError(400, "invalid", f"Metadata has duplicate key: {name}")
        if len(value.encode()) > _VALUE_BYTES:
            raise ApiError(400, "invalid", f"Value for metadata key '{name}' is too large: maximum size {_VALUE_BYTES}")
        seen.add(name)
    if sum(len(str(part).encode()) for item in items for part in item.values()) > _TOTAL_BYTES:
        raise ApiError(400, "invalid", f"Metadata is too large: maximum size {_TOTAL_BYTES}")
    shown: Json = {"kind": "compute#metadata", "fingerprint": fingerprint(items)}
    return shown | {"items": items} if items else shown
