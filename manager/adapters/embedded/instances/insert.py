"""instances.insert: from a request body to an instance's document."""

from manager.adapters.embedded import catalog, disks, operations
from manager.adapters.embedded.call import Call
from manager.adapters.embedded.clock import rfc3339
from manager.adapters.embedded.cloud import Cloud, fingerprint, key
from manager.adapters.embedded.errors import already_exists, invalid, required
from manager.adapters.embedded.instances.document import accelerator
from manager.adapters.embedded.instances.power import switch_on
from manager.adapters.embedded.instances.rules import (
    NAME,
    checked_accelerators,
    checked_machine_type,
    checked_metadata,
    checked_scheduling,
)
from manager.adapters.embedded.links import link
from manager.adapters.embedded.store import Json, part, parts
from manager.adapters.embedded.timeline import PROVISIONING, STAGING

_KEPT = ("description", "labels", "hostname", "canIpForward", "deletionProtection", "serviceAccounts")
_KEPT_TOO = ("shieldedInstanceConfig", "confidentialInstanceConfig", "displayDevice", "minCpuPlatform")


def insert(cloud: Cloud, call: Call) -> Json:
    """Create an instance and start it; 400 for what cannot be, 409 where the name is taken."""
    asked = call.body
    name = asked.get("name") or ""
    if not name:
        raise required("resource.name")
    if not NAME.fullmatch(name):
        raise invalid("resource.name", name, f"Must be a match of regex '{NAME.pattern}'")
    path = f"projects/{call.project}/zones/{call.zone}/instances/{name}"
    catalog.known_zone(call.project, call.zone)
    if cloud.store.get("instance", key(call.project, call.zone, name)):
        raise already_exists(path)
    body: Json = {
        "path": path,
        "project": call.project,
        "zone": call.zone,
        "name": name,
        "id": cloud.new_id(),
        "timeline": [],
        "address": None,
        "resets": 0,
        "terminates": None,
        "guest": {"condition": "ok", "since": call.now},
    }
    body["resource"] = _resource(cloud, call, asked)
    outcome = operations.plan(cloud, call, PROVISIONING + STAGING, accelerator(body["resource"]))
    if not outcome.error:
        body["resource"]["disks"] = disks.for_new_instance(cloud, call, name, parts(asked, "disks"))
    switch_on(cloud, call, body, outcome)
    return operations.record(cloud, call, outcome, "insert", body)


def _resource(cloud: Cloud, call: Call, asked: Json) -> Json:
    gpus = checked_accelerators(call, parts(asked, "guestAccelerators"))
    machine = checked_machine_type(call, asked.get("machineType") or "")
    gpus = gpus or catalog.built_in_accelerators(call.project, call.zone, machine)
    labels = part(asked, "labels")
    resource: Json = {name: asked[name] for name in (*_KEPT, *_KEPT_TOO) if name in asked}
    resource |= {
        "creationTimestamp": rfc3339(call.now),
        "machineType": link("projects", call.project, "zones", call.zone, "machineTypes", machine),
        "cpuPlatform": "Intel Broadwell" if machine.startswith("n1") else "Intel Cascade Lake",
        "metadata": checked_metadata(part(asked, "metadata")),
        "scheduling": checked_scheduling(part(asked, "scheduling"), has_gpu=bool(gpus)),
        "tags": _tags(part(asked, "tags")),
        "networkInterfaces": _interfaces(cloud, call, parts(asked, "networkInterfaces")),
        "labelFingerprint": fingerprint(labels),
        "fingerprint": fingerprint(call.now),
        "deletionProtection": bool(asked.get("deletionProtection")),
        "startRestricted": False,
        "disks": [],
    }
    if gpus:
        resource["guestAccelerators"] = gpus
    return resource


def _tags(asked: Json) -> Json:
    items = list(parts(asked, "items"))
    shown: Json = {"fingerprint": fingerprint(items)}
    return shown | {"items": items} if items else shown


def _interfaces(cloud: Cloud, call: Call, asked: list[Json]) -> list[Json]:
    """An instance has a network interface; without accessConfigs it has no external address."""
    region = catalog.region_of(call.zone)
    shown: list[Json] = []
    for number, nic in enumerate(asked or [{}]):
        interface: Json = {
            "kind": "compute#networkInterface",
            "name": f"nic{number}",
            "network": link("projects", call.project, "global", "networks", "default"),
            "subnetwork": link("projects", call.project, "regions", region, "subnetworks", "default"),
            "networkIP": nic.get("networkIP") or cloud.new_internal_address(),
            "stackType": "IPV4_ONLY",
            "fingerprint": fingerprint((call.now, number)),
        }
        if configs := nic.get("accessConfigs"):
            interface["accessConfigs"] = [_access(config) for config in configs]
        shown.append(interface)
    return shown


def _access(asked: Json) -> Json:
    shown: Json = {
        "kind": "compute#accessConfig",
        "type": "ONE_TO_ONE_NAT",
        "name": asked.get("name") or "External NAT",
        "networkTier": asked.get("networkTier") or "PREMIUM",
    }
    return shown | {"natIP": asked["natIP"]} if asked.get("natIP") else shown
