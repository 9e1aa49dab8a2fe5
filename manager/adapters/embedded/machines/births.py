"""What a machine is told when it is made, read off an instance's document."""

from collections.abc import Callable
from pathlib import Path

from manager.adapters.embedded import disks
from manager.adapters.embedded.cloud import Cloud, key
from manager.adapters.embedded.instances.console import enabled, write_guest_attribute
from manager.adapters.embedded.instances.document import machine_type
from manager.adapters.embedded.links import name_of
from manager.adapters.embedded.machines.machine import AttachedDisk, Birth, Told
from manager.adapters.embedded.store import Json, parts


def birth_of(cloud: Cloud, body: Json, powered_off: Callable[[], None]) -> Birth:
    """Answer what the machine of an instance is told."""

    def current() -> Json:
        """The instance as it is now; as it was, where it is gone."""
        found = cloud.store.get("instance", key(body["project"], body["zone"], body["name"]))
        return found if found is not None and found["id"] == body["id"] else body

    def told() -> Told:
        now = current()
        items = parts(now["resource"]["metadata"], "items")
        return Told(
            project=now["project"],
            zone=now["zone"],
            machine_type=machine_type(now),
            attributes={item["key"]: item["value"] for item in items},
            guest_attributes=(cloud.store.get("guest-attributes", now["id"]) or {}) if enabled(now) else None,
        )

    def write(namespace: str, name: str, value: str | None) -> None:
        write_guest_attribute(cloud, current(), namespace, name, value)

    # The boot disk is the last.
    attached = sorted(body["resource"]["disks"], key=lambda disk: disk["boot"])
    folders = [_folder(cloud, body, disk) for disk in attached]
    return Birth(
        name=body["name"],
        instance_id=body["id"],
        address=_external_address(body),
        disk=folders[0],
        state_dir=cloud.state_dir,
        boot_disk=folders[-1],
        disks=tuple(
            AttachedDisk(disk["deviceName"], folder, _size(cloud, body, disk), disk["mode"] == "READ_ONLY")
            for disk, folder in zip(attached, folders, strict=True)
            if not disk["boot"]
        ),
        told=told,
        write_attribute=write,
        powered_off=powered_off,
    )


def _document(cloud: Cloud, body: Json, attached: Json) -> Json | None:
    return cloud.store.get("disk", key(body["project"], f"zones/{body['zone']}", name_of(attached["source"])))


def _folder(cloud: Cloud, body: Json, attached: Json) -> Path:
    disk = _document(cloud, body, attached)
    return disks.folder(cloud, body["id"] if disk is None else disk["id"])


def _size(cloud: Cloud, body: Json, attached: Json) -> int:
    disk = _document(cloud, body, attached)
    return int(attached["diskSizeGb"] if disk is None else disk["resource"]["sizeGb"])


def _external_address(body: Json) -> str | None:
    for nic in body["resource"]["networkInterfaces"]:
        for config in parts(nic, "accessConfigs"):
            return config.get("natIP") or body["address"]
    return None
