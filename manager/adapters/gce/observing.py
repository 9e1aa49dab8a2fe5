"""From an instance, as `instances.get` describes it, to an Observation. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from manager.domain.box import Disk, Machine, Observation, Scheduling

Json = Mapping[str, Any]


def observation(instance: Json, disk_kinds: Mapping[str, str], at: datetime) -> Observation:
    """What an instance says of itself; `disk_kinds` maps a disk's link to its type, where that is known."""
    resource_status: Json = instance.get("resourceStatus", {})
    return Observation(
        at=at,
        status=str(instance.get("status", "")),
        machine=machine(instance, disk_kinds),
        scheduling=scheduling(instance.get("scheduling", {})),
        metadata=metadata(instance),
        external_ip=external_ip(instance),
        external_ipv6=external_ipv6(instance),
        tags=tuple(str(tag) for tag in instance.get("tags", {}).get("items", [])),
        created_at=moment(instance.get("creationTimestamp")),
        started_at=moment(instance.get("lastStartTimestamp")),
        stopped_at=moment(instance.get("lastStopTimestamp")),
        run_limit_at=moment(resource_status.get("scheduling", {}).get("terminationTimestamp")),
    )


def machine(instance: Json, disk_kinds: Mapping[str, str]) -> Machine:
    """What the VM is made of. An attached disk tells its size, but not its type."""
    gpus: list[Json] = instance.get("guestAccelerators", [])
    setting: Json = instance.get("scheduling", {})
    return Machine(
        machine_type=last_part(instance.get("machineType", "")),
        gpu=last_part(gpus[0].get("acceleratorType", "")) if gpus else None,
        gpu_count=sum(int(gpu.get("acceleratorCount", 0)) for gpu in gpus),
        spot=setting.get("provisioningModel") == "SPOT" or bool(setting.get("preemptible", False)),
        disks=tuple(
            Disk(disk_kinds.get(disk["source"], ""), int(disk.get("diskSizeGb", 0)))
            for disk in instance.get("disks", [])
            if "source" in disk
        ),
    )


def scheduling(setting: Json) -> Scheduling:
    """Google's backstop as it stands; what is left out has Google's defaults, which are not ours."""
    limit: Json | None = setting.get("maxRunDuration")
    seconds = int(limit.get("seconds", 0)) if limit else 0
    return Scheduling(
        max_run=timedelta(seconds=seconds) if seconds else None,
        termination_action=str(setting.get("instanceTerminationAction", "STOP")),
        automatic_restart=bool(setting.get("automaticRestart", True)),
        on_host_maintenance=str(setting.get("onHostMaintenance", "MIGRATE")),
    )


def metadata(instance: Json) -> dict[str, str]:
    """The instance's own metadata, without the project's."""
    items: list[Json] = instance.get("metadata", {}).get("items", [])
    return {str(item["key"]): str(item.get("value", "")) for item in items}


def external_ip(instance: Json) -> str | None:
    """The first external address; a stopped VM keeps none unless it is reserved."""
    for interface in instance.get("networkInterfaces", []):
        for access in interface.get("accessConfigs", []):
            if address := access.get("natIP"):
                return str(address)
    return None


def external_ipv6(instance: Json) -> str | None:
    """The first external IPv6 address; most networks have none."""
    for interface in instance.get("networkInterfaces", []):
        for access in interface.get("ipv6AccessConfigs", []):
            if address := access.get("externalIpv6"):
                return str(address)
    return None


def moment(text: str | None) -> datetime | None:
    """An RFC 3339 moment in UTC; None where there is none, or none that can be read."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def last_part(link: str) -> str:
    """The short name at the end of a resource's link."""
    return link.rpartition("/")[2]
